"""TabularInputs: encoding of the columns of a table into inputs of the first layer."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sknn.engine import Embedding, Module, Sequential
from sknn.engine._typing import Array, Rng
from sknn.features import TableEncoder


class TabularInputs:
    """Encoding of the columns of a table, each by its type, for the first layer."""

    #: Width of the embedding of a categorical column with too many categories for one-hot columns.
    embedding_width = 8

    def __init__(self, encoder: TableEncoder) -> None:
        self.encoder = encoder
        embedded = encoder.n_embedded_features_
        self.width = len(encoder.unused_outputs_) + embedded * (self.embedding_width - 1)

    def encode(self, X: Any, dtype: str) -> Array:
        """Encode a validated table as the compact matrix, one number per cell."""
        return self.encoder._encode_validated(X, dtype)

    def prepend(self, layers: Sequential, embedding: Array | None) -> Sequential:
        """Put the expansion of the compact matrix, and the embedding, before the layers."""
        [W, *_] = layers.parameters
        modules: list[Module] = [self.encoder.expansion_layer(W.dtype)]
        if embedding is not None:
            modules.append(Embedding(embedding, self.encoder.n_embedded_features_))
        return Sequential([*modules, layers])

    def initial(self, layers: Sequential, rng: Rng, dtype: str, members: int | None) -> Sequential:
        """Initialise embeddings from N(0, 1), and zero the weights of inputs unused in training.

        Such weights would keep random values, which add noise to predictions. Those of bins are
        divided by `bin_scale`, so that it changes learning speed only, not the initial outputs.
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
        """Convert an input gradient to table units; NaN for categories, 0 for unused columns."""
        encoder = self.encoder
        dX = np.zeros((len(du), encoder.n_features_in_))
        numeric = encoder.numeric_features_
        dX[:, numeric] = du[:, : len(numeric)] / encoder.scale_
        dX[:, encoder.categorical_features_] = np.nan
        return dX

    def to_plain(self) -> dict[str, Any]:
        """Return the attributes of the encoder; see `from_plain`."""
        return dict(vars(self.encoder))

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "TabularInputs":
        """Restore the inputs from the result of `to_plain`."""
        encoder = TableEncoder()
        encoder.__dict__.update(plain)
        return cls(encoder)
