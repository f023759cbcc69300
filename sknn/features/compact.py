"""The compact matrix of a table, one number a cell, and its expansion to dense or CSR output."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from sknn.engine import TabularEncoding
from sknn.engine._typing import Array
from sknn.features.categorical import EXTRA_CODES, CategoryCodes
from sknn.features.columns import KINDS, TO_NUMBERS, Column, MixedTypesError
from sknn.features.containers import as_array, as_frame
from sknn.features.encoder_settings import float_dtype_name
from sknn.features.numeric import standardize, standardized_bins
from sknn.features.pandas_table import PandasTable, has_known_columns, table_of
from sknn.features.small_table import AnyTable

#: Elements expanded at a time, which bounds the memory needed beside the result.
CHUNK_SIZE = 2**20


class CompactEncoderMixin:
    """The methods of a fitted `TableEncoder` that make compact matrices and expand them."""

    dtype: Any
    bin_scale: float
    max_absolute_value: float | None
    column_types_: list[str]
    numeric_features_: NDArray[np.intp]
    center_: Array
    scale_: Array
    bin_edges_: list[Array]
    missing_indicator_features_: NDArray[np.intp]
    categorical_features_: NDArray[np.intp]
    categories_: list[Any]
    n_embedded_features_: int

    def encode_compact(self, X: Any, dtype: Any = None) -> Array:
        """Encode a table as a compact matrix, the input of `expansion_layer`.

        Parameters
        ----------
        X : frame, array or list of rows, shape (n, n_features)
            The table.
        dtype : {"float32", "float64"}, optional
            The type of the matrix; the parameter `dtype` if left out.

        Returns
        -------
        compact : array of shape (n, p + q + e)
            The p numeric columns, standardized (in float64, then cast) and NaN where missing; the
            codes of the q one-hot columns; the codes of the e embedded columns, each offset by
            the number of codes of those before it.

        Raises
        ------
        TypeError
            If a column holds text but held numbers in fit, or the other way round.
        ValueError
            If the columns differ from those of fit, or a number is too large.
        """
        check_is_fitted(self)
        return self._encode_validated(checked_columns(self, X, reset=False), dtype)

    def _category_codes(self) -> list[CategoryCodes]:
        """Return the codes of each categorical column, which further calls may use again."""
        return list(map(CategoryCodes, self.categories_))

    def _encode_validated(
        self, X: Any, dtype: Any = None, codes: Sequence[CategoryCodes] | None = None
    ) -> Array:
        """Encode a table whose column names and shape are validated; see `encode_compact`.

        `codes` is the result of `_category_codes`.
        """
        table = self._table(X)
        p = len(self.numeric_features_)
        name = float_dtype_name(self.dtype if dtype is None else dtype)
        compact = np.empty((table.shape[0], p + len(self.categorical_features_)), name)
        width = max(1, CHUNK_SIZE // table.shape[0])
        for some in (slice(start, start + width) for start in range(0, p, width)):
            columns, (center, scale) = self.numeric_features_[some], (self.center_, self.scale_)
            cells = self._numbers(table, columns)
            labels = (table.label(j) for j in columns)
            compact[:, :p][:, some] = standardize(cells, center[some], scale[some], name, labels)
        n_codes = self._n_codes()
        n_codes[: self._n_one_hot()] = 0
        offsets = np.cumsum(n_codes) - n_codes
        codes = self._category_codes() if codes is None else codes
        categorical = zip(self.categorical_features_.tolist(), codes, offsets, strict=True)
        for i, (j, one, offset) in enumerate(categorical, start=p):
            compact[:, i] = self._codes_of(table, j, one) + offset
        return compact

    def _codes_of(self, table: AnyTable, j: int, codes: CategoryCodes) -> Array | int:
        """Return the codes of the cells of a categorical column, or the code of all of them."""
        found: Array | int | None = None
        if isinstance(table, PandasTable):
            if table.shape[0] == 1:
                found = codes.of_cell(table.cell(j))
            if found is None and (dictionary := table.dictionary(j)) is not None:
                found = codes.of_dictionary(*dictionary)
        return codes.of_column(self._column(table, j)) if found is None else found

    def expansion_layer(self, dtype: Any = None) -> TabularEncoding:
        """Return the module that expands the output of `encode_compact` to that of `transform`.

        Parameters
        ----------
        dtype : {"float32", "float64"}, optional
            The type given to `encode_compact`.
        """
        check_is_fitted(self)
        n_codes = self._n_codes()[: self._n_one_hot()]
        return self._expansion(dtype, n_codes, self.n_embedded_features_)

    def _expansion(self, dtype: Any, n_codes: Array, n_embedded: int) -> TabularEncoding:
        """Return the expansion of the numeric columns, one-hot columns and embedded columns."""
        name = float_dtype_name(self.dtype if dtype is None else dtype)
        return TabularEncoding(
            len(self.numeric_features_),
            *standardized_bins(self.center_, self.scale_, self.bin_edges_, name),
            self.missing_indicator_features_,
            n_codes,
            n_embedded,
            self.bin_scale,
            np.inf if self.max_absolute_value is None else self.max_absolute_value,
        )

    def _expand_dense(self, compact: Array, width: int) -> Array:
        """Expand a compact matrix to a dense C-contiguous array with `width` columns."""
        layer = self.expansion_layer()
        expanded = np.empty((len(compact), width), compact.dtype)
        for rows in _chunks(len(compact), width):
            expanded[rows] = layer.forward(compact[rows])
        return expanded

    def _expand_csr(self, compact: Array, width: int) -> sparse.csr_matrix:
        """Expand a compact matrix to CSR with `width` columns; one-hot columns are never dense."""
        n, p, q = len(compact), len(self.numeric_features_), self._n_one_hot()
        n_codes = self._n_codes()[:q]
        layer = self._expansion(None, n_codes[:0], 0)
        chunks = _chunks(n, width - n_codes.sum() - self.n_embedded_features_)
        numeric = [sparse.csr_matrix(layer.forward(compact[rows, :p])) for rows in chunks]
        columns = compact[:, p : p + q].astype(np.intp) + (np.cumsum(n_codes) - n_codes)
        indptr = np.arange(0, columns.size + 1, q) if q else np.zeros(n + 1, dtype=np.intp)
        entries = (np.ones(columns.size, compact.dtype), columns.ravel(), indptr)
        one_hot = sparse.csr_matrix(entries, shape=(n, n_codes.sum()))
        embedded = sparse.csr_matrix(compact[:, p + q :])
        return sparse.hstack([sparse.vstack(numeric), one_hot, embedded], format="csr")

    def _table(self, X: Any) -> AnyTable:
        """Return the columns of a table whose names and shape are validated."""
        if isinstance(X, AnyTable):
            return X
        return table_of(X, getattr(self, "feature_names_in_", None))

    def _numbers(self, table: AnyTable, columns: NDArray[np.intp]) -> Array:
        """Return the cells of numeric columns, shape (n, len(columns)): plain ones at once."""
        plain = table.is_plain[columns]
        if plain.all():
            return table.numbers(columns)
        cells = np.empty((table.shape[0], len(columns)))
        if plain.any():
            cells[:, plain] = table.numbers(columns[plain])
        for i in np.flatnonzero(~plain):
            cells[:, i] = self._column(table, columns[i]).cells
        return cells

    def _column(self, table: AnyTable, j: int) -> Column:
        """Read a column; raise a TypeError if its type differs from that in fit."""
        fitted = self.column_types_[j]
        advice = f", but held {KINDS[fitted]} in fit. Convert it to {KINDS[fitted]}"
        advice += f": {TO_NUMBERS}." if fitted == "numeric" else "."
        try:
            column = table.column(int(j))
        except MixedTypesError as error:
            raise TypeError(f"{error.finding}{advice}") from None
        if not column.agrees_with(fitted):
            raise TypeError(f"{column.label} holds {KINDS[column.kind]}{advice}")
        return column

    def _bin_columns(self) -> slice:
        """Return the slice of the output columns that are bins."""
        n_bins = sum(max(len(edges) - 1, 0) for edges in self.bin_edges_)
        return slice(len(self.numeric_features_), len(self.numeric_features_) + n_bins)

    def _n_one_hot(self) -> int:
        """Return q, the number of one-hot encoded columns."""
        return len(self.categories_) - self.n_embedded_features_

    def _n_codes(self) -> NDArray[np.intp]:
        """Return the number of codes of each categorical column."""
        return np.array([len(kept) + len(EXTRA_CODES) for kept in self.categories_], dtype=np.intp)


def checked_columns(estimator: BaseEstimator, X: Any, *, reset: bool) -> Any:
    """Validate the column names and the shape of a frame, an array or a list of rows."""
    if not reset and has_known_columns(X, vars(estimator)):
        return X
    frame = as_frame(X)
    if frame is None:
        if sparse.issparse(X):
            raise TypeError(
                f"X is a sparse matrix, but {type(estimator).__name__} takes dense tables only. "
                "MLPClassifier and MLPRegressor take sparse matrices; or pass X.toarray()."
            )
        X = as_array(X)
        X = np.asarray(X, dtype=object) if isinstance(X, list | tuple) else X  # without conversion
        return validate_data(estimator, X, dtype=None, ensure_all_finite=False, reset=reset)
    X = frame.to_native()
    validate_data(estimator, X, reset=reset, skip_check_array=True)
    for size, what in zip(frame.shape, ["sample(s)", "feature(s)"], strict=True):
        if not size:
            raise ValueError(
                f"Found array with 0 {what} (shape={frame.shape}) while a minimum of 1 is required "
                f"by {type(estimator).__name__}."
            )
    return X


def _chunks(n: int, width: int) -> Iterator[slice]:
    """Yield slices of n rows, with about `CHUNK_SIZE` elements in each."""
    n_rows = max(1, CHUNK_SIZE // max(1, width))
    return (slice(start, start + n_rows) for start in range(0, n, n_rows))
