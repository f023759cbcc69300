"""Statistics of the columns of a table, from which its encoding is learned: they can be merged.

They are those of blocks of rows, which begin at fixed row numbers. So they do not depend on the
batches in which the rows of a table are added, not even by rounding errors.
"""

from collections.abc import Mapping
from copy import copy
from itertools import compress
from typing import Any

import numpy as np

from sknn.engine._typing import Array
from sknn.features.categorical import categorical_mask
from sknn.features.column_statistics import MAX_COUNTED_VALUES, Block, ColumnStatistics
from sknn.features.columns import Cells
from sknn.features.small_table import AnyTable

#: Number of rows of a block.
BLOCK_ROWS = 2**16

#: Binary exponents of scales of weights are at most so large.
MAX_EXPONENT = 1000


class TableStatistics:
    """What `TableEncoder` learns from a table: types, value counts and moments of its columns.

    Parameters
    ----------
    features : mapping
        `n_features_in_`, and `feature_names_in_` if the columns have names.
    categorical_features : object
        The parameter of the encoder.
    first_row : int, default=0
        The number of the first row. Rows of weight 0 have no number.
    n_rows : int, optional
        The number of all rows, if it is known.
    weight_scale : float, default=1.0
        A power of two that multiplies sample weights, see `weight_scale`.

    Attributes
    ----------
    columns : list of ColumnStatistics
        The statistics of each column.
    n_rows : int
        The number of rows of positive weight.
    """

    def __init__(
        self,
        features: Mapping[str, Any],
        categorical_features: Any = "from_dtype",
        *,
        first_row: int = 0,
        n_rows: int | None = None,
        weight_scale: float = 1.0,
    ) -> None:
        n_columns, names = features["n_features_in_"], features.get("feature_names_in_")
        mask = categorical_mask(categorical_features, names, n_columns)
        may_have_many_rows = n_rows is None or n_rows > MAX_COUNTED_VALUES
        self.features = features
        self.categorical_features = categorical_features
        self.columns = [
            ColumnStatistics(j, mask, categorical_features, may_have_many_rows)
            for j in range(n_columns)
        ]
        self.n_rows = 0
        self._next_row = first_row
        self._pending_w: list[tuple[int, Array | None]] = []
        self._weight_scale = weight_scale
        self._total_weight = 0.0

    def copy(self) -> "TableStatistics":
        """Return statistics that change independently."""
        other = copy(self)
        other.columns = [column.copy() for column in self.columns]
        other._pending_w = list(self._pending_w)
        return other

    def check_setting(self, categorical_features: Any) -> None:
        """Raise a ValueError if the parameter of the encoder has changed."""
        old, new = self.categorical_features, categorical_features
        if not np.array_equal(np.asarray(old, dtype=object), np.asarray(new, dtype=object)):
            raise ValueError(
                f"categorical_features was {old!r} for earlier rows, and is {new!r} now. Keep it, "
                "or fit a new encoder to all rows."
            )

    def add(self, table: AnyTable, w: Array | None = None) -> None:
        """Add rows with sample weights w, 1 if left out; rows of weight 0 are absent.

        Raises
        ------
        TypeError, ValueError
            If a column cannot be read, or its type differs from that of earlier rows; or if the
            sum of the weights overflows.
        """
        present = None if w is None or w.all() else w > 0
        if w is not None:
            w = (w if present is None else w[present]) * self._weight_scale
        parts = self._cut(table.shape[0] if w is None else len(w), w)
        for statistics, column in zip(self.columns, table.columns(), strict=True):
            cells = column.cells if present is None else _selected(column.cells, present)
            if len(cells):
                statistics.add_type(column)
            for rows, block in parts:
                statistics.add_cells(cells[rows])
                if block is not None:
                    statistics.close(block)

    def _cut(self, n: int, w: Array | None) -> list[tuple[slice, Block | None]]:
        """Return the slices of n rows that belong to one block, and the block if it is complete."""
        parts: list[tuple[slice, Block | None]] = []
        start = 0
        while start < n:
            stop = min(n, start + BLOCK_ROWS - self._next_row % BLOCK_ROWS)
            self._pending_w.append((stop - start, None if w is None else w[start:stop]))
            self._next_row += stop - start
            complete = self._next_row % BLOCK_ROWS == 0
            parts.append((slice(start, stop), self._end_block() if complete else None))
            start = stop
        return parts

    def _end_block(self) -> Block:
        """Return the current block, and begin another."""
        n, w = sum(n for n, _ in self._pending_w), None
        if any(w is not None for _, w in self._pending_w):
            filled = [self._ones(n) if w is None else w for n, w in self._pending_w]
            w = np.concatenate(filled)
        self._pending_w = []
        self.n_rows += n
        with np.errstate(over="ignore"):
            self._total_weight += n * self._weight_scale if w is None else float(w.sum())
        if not np.isfinite(self._total_weight):
            raise ValueError("Sample weights are too large: their sum overflows. Scale them down.")
        return Block(self._next_row - n, n, w)

    def _ones(self, n: int) -> Array:
        return np.full(n, self._weight_scale)

    def close(self) -> None:
        """End the current block, though it may have fewer rows."""
        if self._pending_w:
            block = self._end_block()
            for column in self.columns:
                column.close(block)

    def merge(self, other: "TableStatistics") -> None:
        """Add the statistics of the rows that follow.

        Raises
        ------
        TypeError, ValueError
            If the columns, or their types, differ.
        """
        names, others = (_labels(one.features) for one in (self, other))
        if names != others:
            raise ValueError(
                f"The columns of parts of the table differ: {names} and {others}. Select the same "
                "columns in the same order."
            )
        other = other.copy()
        other.close()
        self.close()
        for column, added in zip(self.columns, other.columns, strict=True):
            column.merge(added)
        self.n_rows += other.n_rows
        self._total_weight += other._total_weight
        self._next_row = other._next_row

    def weighting(self) -> tuple[float, float]:
        """Return the factor of all weights, and the total weight multiplied by it.

        If the mean weight is below 1, weights are divided by it.

        Raises
        ------
        ValueError
            If no row has a positive weight.
        """
        if not self.n_rows:
            raise ValueError("Sample weights must contain at least one non-zero number.")
        mean = self._total_weight / self.n_rows
        with np.errstate(over="ignore"):
            total = float(np.float64(self._total_weight) / self._weight_scale)
        if mean < self._weight_scale or not np.isfinite(total):
            return 1 / mean, float(self.n_rows)
        return 1 / self._weight_scale, total


def weight_scale(w: Array | None) -> float:
    """Return the power of two that makes the largest sample weight about 1; 1 without weights."""
    if w is None or not w.any():
        return 1.0
    exponent = int(np.frexp(w.max())[1])
    return float(np.ldexp(1.0, -max(-MAX_EXPONENT, min(exponent, MAX_EXPONENT))))


def _selected(cells: Cells, mask: Array) -> Cells:
    return cells[mask] if isinstance(cells, np.ndarray) else list(compress(cells, mask))


def _labels(features: Mapping[str, Any]) -> Any:
    names = features.get("feature_names_in_")
    return features["n_features_in_"] if names is None else list(names)
