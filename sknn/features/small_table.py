"""SmallTable: a table whose columns are read once, of which the folds of a fit select rows."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sknn.engine._typing import Array
from sknn.features.columns import Column, Table

#: Tables with more cells are not kept in memory beside X.
MAX_CELLS = 2**18


class SmallTable:
    """Columns that have been read, with the methods of `Table` that encoders need.

    Parameters
    ----------
    columns : sequence of Column
        The columns; none of them is rounded.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = list(columns)
        self.shape = len(self._columns[0].cells), len(self._columns)
        is_plain = [isinstance(column.cells, np.ndarray) for column in self._columns]
        self.is_plain = np.array(is_plain, dtype=bool)

    def take(self, rows: NDArray[np.intp]) -> "SmallTable":
        """Return some rows, in their order: equal to the table that they are read from."""
        return SmallTable([column.take(rows) for column in self._columns])

    def label(self, j: int) -> str:
        """Return what messages call a column."""
        return self._columns[j].label

    def column(self, j: int) -> Column:
        """Return a column."""
        return self._columns[j]

    def columns(self) -> Iterator[Column]:
        """Return all columns in order."""
        return iter(self._columns)

    def numbers(self, indices: NDArray[np.intp]) -> Array:
        """Return plain columns as one array."""
        return np.array([self._columns[j].cells for j in indices]).T


AnyTable: TypeAlias = Table | SmallTable


def read_if_small(table: Table) -> AnyTable:
    """Read all columns of a table at once if it is small.

    A table with integers that float64 cannot represent is returned as it is: of its rounded cells
    it would be unknown which rows have such integers.

    Raises
    ------
    TypeError, ValueError
        If a column does not hold finite numbers, booleans or strings.
    """
    n, n_columns = table.shape
    if n * n_columns > MAX_CELLS:
        return table
    columns = list(table.columns())
    return table if any(column.is_rounded for column in columns) else SmallTable(columns)
