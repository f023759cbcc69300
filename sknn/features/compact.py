"""The reader: what a fitted encoder makes of tables, and the module that spreads it out."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from sknn.engine import TabularEncoding
from sknn.engine._typing import Array
from sknn.features import levels, numeric
from sknn.features.columns import KINDS, Column, Table, as_array, as_frame, need_cells
from sknn.features.encoder_settings import floating


class TableReader:
    """Read tables as compact matrices, by what an encoder has learned; see `TableEncoder`."""

    dtype: Any
    bin_scale: float
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
        """Read a table as a compact matrix, a number a cell: what `expansion` takes.

        Parameters
        ----------
        X : frame, array or list of rows, shape (n, n_features)
            The table.
        dtype : {"float32", "float64"}, optional
            The type of the matrix; the parameter `dtype` if left out.

        Returns
        -------
        compact : array of shape (n, p + q + e)
            The columns of numbers, standardised (in float64, so that nothing is lost) and NaN
            where missing; then for each categorical column the number of the cell's place, first
            for those that are spread out. Those that are not count through all of them.

        Raises
        ------
        TypeError
            If a column holds text that held numbers in fit, or the other way round.
        ValueError
            If the columns are others than in fit, or a number is too large.
        """
        check_is_fitted(self)
        return self._compact(self._table(X, reset=False), dtype)

    def _encode_validated(self, X: Any, dtype: Any = None) -> Array:
        """Do what `encode_compact` does with a table whose names and width were compared with those of fit.

        Parameters
        ----------
        X : frame or array of shape (n, n_features)
            The table.
        dtype : {"float32", "float64"}, optional
            As for `encode_compact`.
        """
        return self._compact(self._checked_table(X), dtype)

    def expansion_layer(self, dtype: Any = None) -> TabularEncoding:
        """Return the module that writes what `encode_compact` gives as what `transform` gives.

        Parameters
        ----------
        dtype : {"float32", "float64"}, optional
            The type that `encode_compact` was given.
        """
        check_is_fitted(self)
        places = self._n_places()[: len(self.categories_) - self.n_embedded_features_]
        return self._expand(dtype, places, self.n_embedded_features_)

    def _bin_columns(self) -> slice:
        """Return where the pieces of numbers stand in the output."""
        n_pieces = sum(max(len(edges) - 1, 0) for edges in self.bin_edges_)
        return slice(len(self.numeric_features_), len(self.numeric_features_) + n_pieces)

    def _expand(self, dtype: Any, places: Array, passed_on: int) -> TabularEncoding:
        """Return an expansion of the numbers and these."""
        kind = floating(self.dtype if dtype is None else dtype)
        pieces = numeric.pieces(self.center_, self.scale_, self.bin_edges_, kind)
        others = (self.missing_indicator_features_, places, passed_on)
        return TabularEncoding(len(self.numeric_features_), *pieces, *others, bin_scale=self.bin_scale)

    def _table(self, X: Any, *, reset: bool) -> Table:
        """Check names and shape, in scikit-learn's words; the columns are read later."""
        return self._checked_table(checked_columns(self, X, reset=reset))

    def _checked_table(self, X: Any) -> Table:
        """Return the columns of a table whose names and shape were checked."""
        frame = as_frame(X)
        columns = list(X.T) if frame is None else list(frame.iter_columns())
        return Table(columns, getattr(self, "feature_names_in_", None))

    def _compact(self, table: Table, dtype: Any) -> Array:
        p = len(self.numeric_features_)
        kind = floating(self.dtype if dtype is None else dtype)
        compact = np.empty((table.n_rows, p + len(self.categorical_features_)), kind)
        for i, (j, center, scale) in enumerate(
            zip(self.numeric_features_, self.center_, self.scale_, strict=True)
        ):
            column = self._column(table, j)
            compact[:, i] = numeric.standardised(column, center, scale, kind)
        places = zip(self.categorical_features_, self.categories_, self._first_rows(), strict=True)
        for i, (j, kept, first) in enumerate(places):
            compact[:, p + i] = levels.codes(self._column(table, j), kept) + first
        return compact

    def _column(self, table: Table, j: int) -> Column:
        """Read a column that was of some kind in fit."""
        column = table.column(j)
        if not column.agrees_with(self.column_types_[j]):
            raise TypeError(
                f"{column.label} holds {KINDS[column.kind]}, but held {KINDS[self.column_types_[j]]} in "
                "fit. Turn it into what it was."
            )
        return column

    def _n_places(self) -> NDArray[np.intp]:
        """Return how many places each categorical column has."""
        return np.array(
            [len(kept) + len(levels.OTHERS) for kept in self.categories_], dtype=np.intp
        )

    def _first_rows(self) -> NDArray[np.intp]:
        """Return for each categorical column what is added to its places."""
        one_hot = len(self.categories_) - self.n_embedded_features_
        places = self._n_places()
        places[:one_hot] = 0
        return np.cumsum(places) - places


def checked_columns(estimator: BaseEstimator, X: Any, *, reset: bool) -> Any:
    """Check the names and shape of what may be a table: a frame, or rows of anything."""
    if (frame := as_frame(X)) is not None:
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        need_cells(frame.shape, estimator)
        return X
    return validate_data(estimator, as_array(X), dtype=None, ensure_all_finite=False, reset=reset)
