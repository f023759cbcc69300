"""Statistics of one column: its type, value counts, and of many numbers moments and a sample."""

from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknn.engine._typing import Array
from sknn.features.categorical import is_categorical
from sknn.features.columns import KINDS, Cells, Column, MixedTypesError
from sknn.features.moments import Moments, merge_moments, moments_of
from sknn.features.row_sample import Hashes, RowSample, row_hashes
from sknn.features.value_counts import ValueCounter, ValueCounts, value_counts

#: A numeric column with more distinct values is not counted, but sampled.
MAX_COUNTED_VALUES = 2**18


@dataclass(frozen=True)
class Block:
    """Consecutive rows."""

    first: int  # number of the first row
    n: int  # number of rows
    w: Array | None  # their sample weights, above 0

    @cached_property
    def hashes(self) -> Hashes:
        """The hashes of the row numbers."""
        return row_hashes(self.first, self.n)


class ColumnStatistics:
    """What is learned from a column, block by block.

    Parameters
    ----------
    j : int
        The index of the column.
    mask : array of bool or None
        The categorical columns, see `categorical_mask`.
    setting : object
        The parameter `categorical_features`.
    may_have_many_rows : bool
        Whether there may be more than `MAX_COUNTED_VALUES` rows.

    Attributes
    ----------
    column : Column or None
        The column without cells; None before rows are read.
    is_categorical : bool
        Whether it is categorical.
    """

    def __init__(
        self, j: int, mask: NDArray[np.bool_] | None, setting: Any, may_have_many_rows: bool
    ) -> None:
        self.column: Column | None = None
        self.is_categorical = False
        self._settings = (j, mask, setting)
        self._may_have_many_rows = may_have_many_rows
        self._pending: list[Cells] = []
        self._counter: ValueCounter | None = ValueCounter()
        self._missing = 0.0
        self._moments: list[Moments] = []
        self._sample = RowSample()

    def copy(self) -> "ColumnStatistics":
        """Return statistics that change independently."""
        other = copy(self)
        other._pending = list(self._pending)
        other._counter = None if self._counter is None else self._counter.copy()
        other._moments = list(self._moments)
        other._sample = self._sample.copy()
        return other

    def add_type(self, column: Column) -> None:
        """Learn the type of the column from more of its rows.

        Raises
        ------
        TypeError
            If it differs from that of earlier rows, or text is not categorical.
        """
        merged = _without_cells(column) if self.column is None else _merged(self.column, column)
        self.is_categorical = is_categorical(merged, *self._settings)
        self.column = merged

    def add_cells(self, cells: Cells) -> None:
        """Add cells of the rows of the current block: a copy, as arrays may be used again."""
        self._pending.append(cells.copy())

    def close(self, block: Block) -> None:
        """Learn from the cells of a block, all of which have been added."""
        cells, self._pending = _joined(self._pending), []
        if self._counter is not None:
            counts = value_counts(cells, block.w)
            self._missing += counts.missing
            self._counter.add(counts.values, counts.weights)
        if not self._may_be_sampled or not isinstance(cells, np.ndarray):
            return
        known = ~np.isnan(cells)
        w = None if block.w is None else block.w[known]
        if self._counter is None:
            n_missing = len(cells) - np.count_nonzero(known)
            self._missing += float(n_missing if block.w is None else block.w[~known].sum())
        if known.any():
            self._moments.append(moments_of(cells[known], w))
            self._sample.add(block.hashes[known], cells[known], w)
        if self._counter is not None and self._counter.n_numbers > MAX_COUNTED_VALUES:
            self._counter = None

    def merge(self, other: "ColumnStatistics") -> None:
        """Add the statistics of the rows that follow; all blocks are closed."""
        if other.column is not None:
            self.add_type(other.column)
        if self._counter is not None and other._counter is not None:
            self._counter.add(*other._counter.total())
        else:
            self._counter = None
        self._missing += other._missing
        self._moments += other._moments
        self._sample.merge(other._sample)

    def counts(self) -> tuple[ValueCounts, Moments | None]:
        """Return the value counts, or those of the sample and the moments of all rows."""
        if self._counter is not None:
            values, weights = self._counter.total()
            if not self._may_be_sampled or len(values) <= MAX_COUNTED_VALUES:
                return ValueCounts(values, weights, self._missing), None
        moments = merge_moments(self._moments)
        return self._sample.counts(moments.low, moments.high, self._missing), moments

    @property
    def is_categorical_by_text(self) -> bool:
        """Whether the column is categorical only because it holds text."""
        j, mask, _ = self._settings
        if self.column is None or (mask is not None and mask[j]):
            return False
        return self.column.kind == "string" and not self.column.has_categorical_dtype

    @property
    def _may_be_sampled(self) -> bool:
        return self._may_have_many_rows and not self.is_categorical


def _without_cells(column: Column) -> Column:
    return replace(column, cells=np.empty(0))


def _merged(first: Column, second: Column) -> Column:
    """Return the type of a column from those of two parts of its rows.

    Raises
    ------
    TypeError
        If they are different.
    """
    if "empty" in (first.kind, second.kind):
        known, other = (second, first) if first.kind == "empty" else (first, second)
        is_category = known.has_categorical_dtype or other.has_categorical_dtype
        return _without_cells(replace(known, has_categorical_dtype=is_category))
    if first.kind != second.kind:
        kinds = first.kind, second.kind
        finding = f"{first.label} mixes {KINDS[first.kind]} and {KINDS[second.kind]}"
        raise MixedTypesError.of(finding, kinds)
    return replace(
        first,
        has_categorical_dtype=first.has_categorical_dtype or second.has_categorical_dtype,
        float_type=max(first.float_type, second.float_type, key=lambda one: one.itemsize),
        is_rounded=first.is_rounded or second.is_rounded,
    )


def _joined(parts: list[Cells]) -> Cells:
    """Return the cells of consecutive rows as one array or list."""
    if len(parts) == 1:
        return parts[0]
    arrays = [part for part in parts if isinstance(part, np.ndarray)]
    if len(arrays) == len(parts):
        return np.concatenate(arrays)
    joined: list[str | None] = []
    for part in parts:  # an array among lists of text has missing cells only
        joined += [None] * len(part) if isinstance(part, np.ndarray) else part
    return joined
