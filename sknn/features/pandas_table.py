"""table_of: the columns of a table. PandasTable: those of pandas, mostly read without narwhals."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from sknn.engine._typing import Array
from sknn.features.columns import Table
from sknn.features.containers import as_frame

#: Up to so many columns are read one by one, and up to so many cells of a single row: to select
#: columns takes as long as to read seven, or sixty cells.
MAX_SINGLE_COLUMNS, MAX_SINGLE_CELLS = 6, 50


def is_pandas_frame(X: Any) -> TypeGuard[Any]:
    """Return whether X is a frame of pandas itself, not of a subclass; pandas is not imported."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and type(X) is getattr(pandas, "DataFrame", None)


def has_known_columns(X: Any, fitted: Mapping[str, Any]) -> bool:
    """Return whether X is a frame with rows, and with the columns of fit.

    This is a fast path for frames that `checked_columns` would accept unchanged; any other X is for
    `checked_columns`.

    Parameters
    ----------
    X : object
        The table.
    fitted : mapping
        `n_features_in_`, and `feature_names_in_` if there were names.
    """
    known = fitted.get("feature_names_in_")
    if is_pandas_frame(X):
        columns = X.columns
        if known is None:  # numbered columns are no names
            is_range = type(columns).__name__ == "RangeIndex"
            return is_range and len(columns) == fitted["n_features_in_"] and len(X) > 0
        names = columns.tolist()
    elif _is_polars_frame(X):
        names = X.columns
    else:
        return False
    return known is not None and (
        len(X) > 0
        and set(map(type, names)) == {str}
        and names == list(known)
        and len(names) == fitted["n_features_in_"]
    )


def _is_polars_frame(X: Any) -> bool:
    polars = sys.modules.get("polars")
    return polars is not None and type(X) is getattr(polars, "DataFrame", None)


def table_of(X: Any, names: Sequence[str] | None = None) -> Table:
    """Return the columns of an array or of a frame whose names are known to be unique.

    Parameters
    ----------
    X : frame or array of shape (n, n_columns)
        The table.
    names : sequence of str, optional
        What messages call the columns; the names of a frame if left out.
    """
    return PandasTable(X, names) if is_pandas_frame(X) else Table(X, names)


class PandasTable(Table):
    """The columns of a frame of pandas whose names are known to be unique."""

    def __init__(self, X: Any, names: Sequence[str] | None = None) -> None:
        self._X = X
        self._lazy_frame: Any = None
        self._columns: list[Any] = X.columns.tolist()  # to index an Index of strings is slow
        self.names = self._columns if names is None else names
        self.is_plain = self._plain_columns()

    @property
    def _frame(self) -> Any:
        """The frame for narwhals, which takes longer than to read the columns of a row."""
        if self._lazy_frame is None:
            self._lazy_frame = as_frame(self._X)
        return self._lazy_frame

    def _series(self, j: int) -> Any:
        """Return a column, by its name if it has one, which is faster."""
        name = self._columns[j]
        return self._X[name] if type(name) is str else self._X.iloc[:, j]

    def values(self, j: int) -> tuple[Array, bool]:
        """Return the values of a column, and whether its dtype is categorical."""
        column = self._series(j)
        dtype = column.dtype
        is_numpy = isinstance(dtype, np.dtype) and dtype.kind in "fiubO"
        if is_numpy or str(dtype) == "str":
            return column.to_numpy(), False
        return super().values(j)

    def cell(self, j: int) -> Any:
        """Return the first cell of a column, a tenth of the time of reading the column."""
        return self._X.iat[0, j]

    def dictionary(self, j: int) -> tuple[NDArray[np.integer[Any]], Any] | None:
        """Return the codes of a column of a categorical dtype, -1 where missing, and its index.

        None for any other column.
        """
        column = self._series(j)
        if type(column.dtype).__name__ != "CategoricalDtype":
            return None
        values = column.array
        return values.codes, values.categories

    def numbers(self, indices: NDArray[np.intp]) -> Array:
        """Read plain columns at once; see `Table.numbers`."""
        if len(indices) == self.shape[1]:  # in their order
            cells = self._X.to_numpy(np.float64)
        elif len(self._X) == 1 and len(indices) <= MAX_SINGLE_CELLS:
            cells = np.array([[self.cell(j) for j in indices.tolist()]], np.float64)
        elif len(indices) <= MAX_SINGLE_COLUMNS:
            cells = np.empty((self.shape[0], len(indices)))
            for i, j in enumerate(indices.tolist()):
                cells[:, i] = self._series(j).to_numpy()
        else:
            cells = self._X.take(indices, axis=1).to_numpy(np.float64)
        self._refuse_infinities(cells, indices)
        return cells

    def _plain_columns(self) -> NDArray[np.bool_]:
        types = self._X.dtypes.tolist()
        first = types[0]
        if isinstance(first, np.dtype) and types.count(first) == len(types):
            return np.full(len(types), first.kind in "fiub")
        plain = [isinstance(one, np.dtype) and one.kind in "fiub" for one in types]
        return np.array(plain, dtype=bool)
