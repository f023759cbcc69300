"""TabularInputs: encoding of the columns of a table into inputs of the first layer."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sknn.engine import Embedding, Module, Sequential
from sknn.engine._typing import Array, Rng
from sknn.features import TableEncoder
from sknn.features.categorical import CategoryCodes
from sknn.features.columns import without_missing


class TabularInputs:
    """Encoding of the columns of a table, each by its type, for the first layer."""

    #: Width of the embedding of a categorical column with too many categories for one-hot columns.
    embedding_width = 8

    def __init__(self, encoder: TableEncoder) -> None:
        self.encoder = encoder
        embedded = encoder.n_embedded_features_
        self.width = len(encoder.unused_outputs_) + embedded * (self.embedding_width - 1)
        self._codes: list[CategoryCodes] | None = None  # tables of categories; built when used

    def __reduce__(self) -> tuple[type, tuple[TableEncoder]]:
        """Leave the tables of categories, built on first use, out of copies and pickles."""
        return type(self), (self.encoder,)

    def encode(self, X: Any, dtype: str) -> Array:
        """Encode a validated table, or its columns, as the compact matrix, one number per cell."""
        if self._codes is None:
            self._codes = self.encoder._category_codes()
        return self.encoder._encode_validated(X, dtype, self._codes)

    def prepend(self, layers: Sequential, embedding: Array | None) -> Sequential:
        """Put the expansion of the compact matrix, and the embedding, before the layers."""
        [W, *_] = layers.parameters
        modules: list[Module] = [self.encoder.expansion_layer(W.dtype)]
        if embedding is not None:
            modules.append(Embedding(embedding, self.encoder.n_embedded_features_))
        return Sequential([*modules, layers])

    def initial(self, layers: Sequential, rng: Rng, dtype: str) -> Sequential:
        """Initialise embeddings from N(0, 1), and zero the weights of inputs unused in training.

        Such weights would keep random values, which add noise to predictions. Those of bins are
        divided by `bin_scale`, so that it changes learning speed only, not the initial outputs.
        """
        [W, *_] = layers.parameters
        W[..., self.encoder._bin_columns(), :] /= self.encoder.bin_scale
        W[..., np.flatnonzero(self.encoder.unused_outputs_), :] = 0
        embedding = None
        if self.encoder.n_embedded_features_:
            shape = (self.encoder.n_embeddings_, self.embedding_width)
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

    def columns_of_inputs(self) -> Array:
        """Return the column of the table of which each input of the first layer is a part."""
        encoder, numeric = self.encoder, self.encoder.numeric_features_
        n_bins = [max(len(edges) - 1, 0) for edges in encoder.bin_edges_]
        q = encoder._n_one_hot()
        one_hot, embedded = np.split(encoder.categorical_features_, [q])
        return np.concatenate(
            [
                numeric,
                np.repeat(numeric, n_bins),
                numeric[encoder.missing_indicator_features_],
                np.repeat(one_hot, encoder._n_codes()[:q]),
                np.repeat(embedded, self.embedding_width),
            ]
        ).astype(np.intp)

    def unlearned_columns(self, X: Any, compact: Array) -> tuple[list[str], list[str]]:
        """Return the columns of a later batch whose values the encoding cannot tell apart.

        Parameters
        ----------
        X : frame or array of shape (n, n_features)
            The validated batch.
        compact : array
            The result of `encode`.

        Returns
        -------
        unseen : list of str
            Categorical columns with `min_frequency` values or more, none of a known category.
        ignored : list of str
            Columns that are not encoded, though they vary in this batch.
        """
        encoder, unseen = self.encoder, []
        table, p = encoder._table(X), len(encoder.numeric_features_)
        offset, q = 0, encoder._n_one_hot()
        for i, (j, n_codes) in enumerate(
            zip(encoder.categorical_features_, encoder._n_codes(), strict=True)
        ):
            codes = compact[:, p + i] - (offset if i >= q else 0)
            offset += n_codes if i >= q else 0
            values = codes[codes != n_codes - 1]  # the last code is "missing"
            if n_codes > 2 and len(values) >= encoder.min_frequency and min(values) == n_codes - 2:
                unseen.append(table.column(j).label)
        encoded = {*encoder.numeric_features_, *encoder.categorical_features_}
        ignored = []
        for j in set(range(encoder.n_features_in_)) - encoded:
            column = table.column(j)
            was_empty = encoder.column_types_[j] == "empty"
            values = set(without_missing(list(column.cells))) - {None}
            if len(values) > (not was_empty):
                ignored.append(column.label)
        return unseen, ignored

    def to_plain(self) -> dict[str, Any]:
        """Return the attributes of the encoder; see `from_plain`."""
        return dict(vars(self.encoder))

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "TabularInputs":
        """Restore the inputs from the result of `to_plain`."""
        encoder = TableEncoder()
        encoder.__dict__.update(plain)
        return cls(encoder)
