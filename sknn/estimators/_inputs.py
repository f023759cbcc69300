"""TabularInputs: how the columns of a table become inputs of the first layer."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sknn.engine import Embedding, Module, Sequential
from sknn.engine._typing import Array, Rng
from sknn.features import TableEncoder


class TabularInputs:
    """Columns of a table, each encoded by its type.

    Parameters
    ----------
    encoder : TableEncoder
        Fitted.

    Attributes
    ----------
    width : int
        Number of inputs of the first layer.
    """

    #: Width of the embedding of a categorical column with too many categories for one-hot columns.
    embedding_width = 8

    def __init__(self, encoder: TableEncoder) -> None:
        self.encoder = encoder
        embedded = encoder.n_embedded_features_
        self.width = len(encoder.unused_outputs_) + embedded * (self.embedding_width - 1)

    def encode(self, X: Any, dtype: str) -> Array:
        """Turn a validated table into the compact matrix, one number a cell.

        Parameters
        ----------
        X : frame or array of shape (n, n_features)
            The table.
        dtype : {"float32", "float64"}
            The type of the network.
        """
        return self.encoder._encode_validated(X, dtype)

    def prepend(self, layers: Sequential, embedding: Array | None) -> Sequential:
        """Expand each batch, and look up the embeddings."""
        [W, *_] = layers.parameters
        modules: list[Module] = [self.encoder.expansion_layer(W.dtype)]
        if embedding is not None:
            modules.append(Embedding(embedding, self.encoder.n_embedded_features_))
        return Sequential([*modules, layers])

    def initial(self, layers: Sequential, rng: Rng, dtype: str, members: int | None) -> Sequential:
        """Draw embeddings from N(0, 1); set to zero the weights of inputs that training never uses.

        Otherwise these would be noise in predictions. The weights of bins are divided by their
        scale, so that the scale does not change the initial outputs, only how fast weights learn.
        """
        [W, *_] = layers.parameters
        W[..., self.encoder._bin_columns(), :] /= self.encoder.bin_scale
        W[..., np.flatnonzero(self.encoder.unused_outputs_), :] = 0
        embedding = None
        if self.encoder.n_embedded_features_:
            axis = () if members is None else (members,)
            shape = (*axis, self.encoder.n_embeddings_, self.embedding_width)
            embedding = np.asarray(rng.normal(size=shape), dtype)
            embedding[..., self.encoder.unused_embeddings_, :] = 0
        return self.prepend(layers, embedding)

    def feature_gradient(self, du: Array) -> Array:
        """Return it in the units of the table: NaN for categories, 0 for columns left out."""
        encoder = self.encoder
        dX = np.zeros((len(du), encoder.n_features_in_))
        numeric = encoder.numeric_features_
        dX[:, numeric] = du[:, : len(numeric)] / encoder.scale_
        dX[:, encoder.categorical_features_] = np.nan
        return dX

    def to_plain(self) -> dict[str, Any]:
        """Return the attributes of the encoder, from which `from_plain` restores it."""
        return dict(vars(self.encoder))

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "TabularInputs":
        """Restore it from what `to_plain` gave."""
        encoder = TableEncoder()
        encoder.__dict__.update(plain)
        return cls(encoder)
