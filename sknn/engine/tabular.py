"""Modules that encode the columns of a table: bins, one-hot columns and embeddings.

A table is kept as a compact matrix, one number per cell, and each batch is encoded when it is used:
the encoded matrix may be fifty times as wide.
"""

from itertools import accumulate, pairwise

import numpy as np
from scipy import sparse

from sknn.engine._linalg import product
from sknn.engine._typing import Array, Arrays
from sknn.engine.modules import Module

#: Numeric features are clipped to this many times `max_absolute_value`: no square overflows.
MAX_CLIP_RATIO = 1e6


class TabularEncoding(Module):
    """Encode numeric and categorical columns; it has no trained parameters.

    The input consists of numeric features, standardised and NaN where missing; the codes of
    categorical features to be one-hot encoded; and columns that are passed through. The output is

    - the numeric features, 0 where missing, as ``x / sqrt(1 + (x / c)**2)`` with
      ``c = max_absolute_value``, which is close to x near 0 and bounded by c: the smooth clipping
      of Holzmüller, Grinsztajn and Steinwart (2024), "Better by Default: Strong Pre-Tuned MLPs and
      Boosted Trees on Tabular Data";
    - the bins ``bin_scale * clip((x - bin_start) / (bin_stop - bin_start), 0, 1)``: the
      piecewise-linear encoding of Gorishniy, Rubachev and Babenko (2022), "On Embeddings for
      Numerical Features in Tabular Deep Learning", section 3.1, except that the outermost bins of a
      feature are clipped, too;
    - the missing indicators, 1 or 0;
    - the one-hot columns of each categorical feature, all 0 for a code that is out of range;
    - the columns that are passed through.

    Parameters
    ----------
    n_numeric : int
        The number of numeric features.
    bin_feature : array of int of shape (n_bins,)
        The numeric feature of each bin.
    bin_start, bin_stop : arrays of shape (n_bins,)
        The edges of each bin, ``bin_start < bin_stop``. `forward` is fastest if they have the dtype
        of the input.
    missing_indicator_features : array of int
        The numeric features with a missing indicator.
    n_categories : array of int of shape (n_one_hot_features,)
        The number of one-hot columns of each categorical feature.
    n_passthrough : int, default=0
        The number of columns that are passed through.
    bin_scale : float, default=1.0
        The largest value of a bin.
    max_absolute_value : float, default=inf
        The bound of the numeric features in the output. The bins are not affected.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.engine import TabularEncoding
    >>> bins = {"bin_feature": [0, 0], "bin_start": [-2.0, 0.0], "bin_stop": [0.0, 2.0]}
    >>> encoding = TabularEncoding(1, **bins, missing_indicator_features=[0], n_categories=[3])
    >>> encoding.forward(np.array([[1.0, 2.0], [np.nan, 0.0]]))
    array([[1. , 1. , 0.5, 0. , 0. , 0. , 1. ],
           [0. , 1. , 0. , 1. , 1. , 0. , 0. ]])
    """

    def __init__(
        self,
        n_numeric: int,
        bin_feature: Array,
        bin_start: Array,
        bin_stop: Array,
        missing_indicator_features: Array,
        n_categories: Array,
        n_passthrough: int = 0,
        bin_scale: float = 1.0,
        max_absolute_value: float = np.inf,
    ) -> None:
        self.n_numeric = int(n_numeric)
        self.bin_feature = np.asarray(bin_feature, dtype=np.intp)
        self.bin_start = np.asarray(bin_start)[:, None]
        self.bin_stop = np.asarray(bin_stop)[:, None]
        self.bin_scale = float(bin_scale)
        self.max_absolute_value = float(max_absolute_value)
        self.bin_width = (self.bin_stop - self.bin_start) / self.bin_scale
        self.missing_indicator_features = np.asarray(missing_indicator_features, dtype=np.intp)
        self.n_categories = np.asarray(n_categories, dtype=np.intp)
        self.n_passthrough = int(n_passthrough)
        low, high = np.zeros((2, self.n_numeric, 1), self.bin_start.dtype)
        np.minimum.at(low[:, 0], self.bin_feature, self.bin_start[:, 0])
        np.maximum.at(high[:, 0], self.bin_feature, self.bin_stop[:, 0])
        self.bin_limits = low, high  # of the first and of the last bin of each feature
        first = np.cumsum(self.n_categories) - self.n_categories
        codes = np.arange(self.n_categories.sum()) - np.repeat(first, self.n_categories)
        self.one_hot_codes = codes.astype(self.bin_start.dtype)[:, None]
        n_before = self.n_numeric + len(self.n_categories)
        sources = [
            np.arange(self.n_numeric),
            self.bin_feature,
            self.missing_indicator_features,
            np.repeat(np.arange(self.n_numeric, n_before), self.n_categories),
            np.arange(n_before, n_before + self.n_passthrough),
        ]
        self.source_columns = np.concatenate(sources)  # the input column of each output column

    def __repr__(self) -> str:
        """Return the numbers of columns of the input and of the output."""
        n_inputs = self.n_numeric + len(self.n_categories) + self.n_passthrough
        return f"TabularEncoding({n_inputs} -> {len(self.source_columns)})"

    def _split(self, wide: Array) -> list[Array]:
        """Return the rows of the numeric features, bins, indicators and one-hot columns."""
        n_bins, n_indicators = len(self.bin_start), len(self.missing_indicator_features)
        sizes = [self.n_numeric, n_bins, n_indicators, len(self.one_hot_codes)]
        ends = accumulate(sizes, initial=0)
        return [wide[..., start:stop, :] for start, stop in pairwise(ends)]  # faster than `split`

    def _cut_off(self, x: Array, out: Array | None = None) -> Array:
        """Return numeric features within limits, so that no square overflows."""
        limit = MAX_CLIP_RATIO * self.max_absolute_value
        cut: Array = np.clip(x, -limit, limit, out=out)
        return cut

    def _squared_clip_norm(self, x: Array) -> Array:
        """Return ``1 + (x / c)**2``."""
        ratio: Array = x / self.max_absolute_value
        ratio *= ratio
        ratio += 1
        return ratio

    def forward(self, u: Array, out: Array | None = None) -> Array:
        """Return the encoded columns, each of them contiguous, which is by far the fastest."""
        *members, n, _ = u.shape
        if out is None:
            out = np.empty((*members, len(self.source_columns), n), u.dtype).swapaxes(-1, -2)
        wide, narrow = out.swapaxes(-1, -2), u.swapaxes(-1, -2).copy()
        x = narrow[..., : self.n_numeric, :]
        missing = np.isnan(x)
        x[missing] = 0
        numeric, bins, indicators, one_hot = self._split(wide)
        unclipped = x.copy()
        np.clip(x, *self.bin_limits, out=x)  # so that no bin overflows
        np.take(narrow, self.source_columns, axis=-2, out=wide, mode="clip")  # unbuffered
        self._cut_off(unclipped, out=unclipped)
        np.divide(unclipped, np.sqrt(self._squared_clip_norm(unclipped)), out=numeric)
        np.subtract(bins, self.bin_start, out=bins)
        np.divide(bins, self.bin_width, out=bins)
        np.clip(bins, 0, self.bin_scale, out=bins)
        indicators[...] = missing[..., self.missing_indicator_features, :]
        np.equal(one_hot, self.one_hot_codes, out=one_hot)
        return out

    def backward(self, u: Array, v: Array, dv: Array, out: Array | None = None) -> Array:
        """Return the gradient for known numeric values and columns passed through, else 0.

        At `bin_start` and `bin_stop` the derivative of a bin is the one from the right.
        """
        du = np.empty((*dv.shape[:-1], u.shape[-1]), u.dtype) if out is None else out
        du[...] = 0
        x = np.take(u.swapaxes(-1, -2), self.bin_feature, axis=-2)
        d_numeric, d_bins, *_ = self._split(dv.swapaxes(-1, -2))
        slopes = np.equal.outer(np.arange(self.n_numeric), self.bin_feature) / self.bin_width[:, 0]
        inside = (x >= self.bin_start) & (x < self.bin_stop)  # False for NaN
        known = ~np.isnan(u[..., : self.n_numeric].swapaxes(-1, -2))
        numbers = self._cut_off(u[..., : self.n_numeric].swapaxes(-1, -2))
        numbers[~known] = 0
        dx = d_numeric * self._squared_clip_norm(numbers) ** -1.5
        dx += slopes.astype(u.dtype, copy=False) @ (d_bins * inside)
        np.multiply(dx, known, out=du[..., : self.n_numeric].swapaxes(-1, -2))
        n_encoded = u.shape[-1] - self.n_passthrough
        du[..., n_encoded:] = dv[..., dv.shape[-1] - self.n_passthrough :]
        return du


class Embedding(Module):
    """Replace the last columns, which are indices of rows of E, by these rows.

    This equals a `Linear` without offsets on the one-hot encoded columns, which are never built:
    Guo and Berkhahn (2016), "Entity Embeddings of Categorical Variables".

    Parameters
    ----------
    E : array of shape (n_embeddings, d)
        The embeddings, (g, n_embeddings, d) with members. They are trained but not penalised: a
        category is so rare that decay would outweigh its gradients. Columns with embeddings of
        their own use different rows.
    columns : int
        The number of columns, the last ones of the input. Indices out of range are clipped.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.engine import Embedding
    >>> embedding = Embedding(np.array([[0.1, 0.2], [0.3, 0.4]]), columns=1)
    >>> embedding.forward(np.array([[5.0, 1.0], [6.0, 0.0]]))
    array([[5. , 0.3, 0.4],
           [6. , 0.1, 0.2]])
    """

    offsets = ("E",)

    def __init__(self, E: Array, columns: int) -> None:
        self.E = E
        self.columns = int(columns)

    def __repr__(self) -> str:
        """Return the numbers of columns before and after, and of embeddings."""
        rows, d = self.E.shape[-2:]
        return f"Embedding({self.columns} -> {self.columns * d}, {rows} rows)"

    def _row_indices(self, u: Array) -> Array:
        """Return the row of each cell, counted through the embeddings of all members."""
        *members, rows, _ = self.E.shape
        indices = np.clip(u[..., -self.columns :], 0, rows - 1).astype(np.intp)
        if members:
            indices = indices + np.arange(0, members[0] * rows, rows)[:, None, None]
        return indices

    def forward(self, u: Array, out: Array | None = None) -> Array:
        """Return the other columns unchanged, then the rows of E."""
        others, d = u.shape[-1] - self.columns, self.E.shape[-1]
        indices = self._row_indices(u)
        *shape, columns = indices.shape
        v = np.empty((*shape, others + columns * d), self.E.dtype) if out is None else out
        v[..., :others] = u[..., :others]
        v[..., others:] = self.E.reshape(-1, d)[indices].reshape(*shape, columns * d)
        return v

    def backward(self, u: Array, v: Array, dv: Array, out: Array | None = None) -> Array:
        """Return `dv` for the other columns and 0 for the indices."""
        others = u.shape[-1] - self.columns
        du = np.empty((*dv.shape[:-1], u.shape[-1]), dv.dtype) if out is None else out
        du[..., :others] = dv[..., :others]
        du[..., others:] = 0
        return du

    def weight_grad(self, u: Array, dv: Array, out: Arrays | None = None) -> Arrays:
        """Return ``dE``: for each row, the sum of the gradients of the cells with its index."""
        (dE,) = out or (np.empty_like(self.E),)
        d = self.E.shape[-1]
        indices = self._row_indices(u).ravel()
        d_rows = dv[..., u.shape[-1] - self.columns :].reshape(-1, d)
        entries = (np.ones(len(indices), dv.dtype), indices, np.arange(len(indices) + 1))
        one_hot = sparse.csr_matrix(entries, shape=(len(indices), self.E.size // d))
        product(one_hot.T, d_rows, dE.reshape(-1, d))
        return (dE,)
