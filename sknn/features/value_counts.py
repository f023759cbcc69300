"""Value counts: each distinct value of a column, and the total weight of its rows.

Everything learned from a column is a function of its value counts, so neither the order of the rows
matters nor whether a row is repeated or has twice the weight.
"""

from copy import copy
from dataclasses import dataclass

import numpy as np

from sknn.engine._typing import Array
from sknn.features.columns import Cells

#: Relative difference below which two sums of weights count as equal.
ROUNDING_ERROR = 1e-9

#: Numbers are counted again when at least so many distinct ones have been added.
MIN_ADDED = 2**16


@dataclass(frozen=True)
class ValueCounts:
    """The distinct values of a column and their weights."""

    values: Array | list[str]  # sorted, without missing ones
    weights: Array  # total weight of the rows with each value; their number without weights
    missing: float  # total weight of the rows where the value is missing

    def scaled(self, factor: float) -> "ValueCounts":
        """Return the counts with all weights multiplied by a factor."""
        return ValueCounts(self.values, self.weights * factor, self.missing * factor)


def value_counts(cells: Cells, w: Array | None) -> ValueCounts:
    """Count the values of a column, with sample weights w, all above 0."""
    return _count_numbers(cells, w) if isinstance(cells, np.ndarray) else _count_strings(cells, w)


def _count_numbers(cells: Array, w: Array | None) -> ValueCounts:
    missing = np.isnan(cells)
    known = cells[~missing]
    if w is None:
        values, counts = np.unique(known, return_counts=True)
        return ValueCounts(values, counts.astype(np.float64), float(missing.sum()))
    values, codes = np.unique(known, return_inverse=True)
    weights = np.bincount(codes, w[~missing], len(values))
    return ValueCounts(values, weights, float(w[missing].sum()))


def _count_strings(cells: list[str | None], w: Array | None) -> ValueCounts:
    values = sorted(str(value) for value in set(cells) if value is not None)
    code_of: dict[str | None, int] = {value: i for i, value in enumerate(values)}
    code_of[None] = len(values)
    codes = np.fromiter(map(code_of.__getitem__, cells), np.intp, len(cells))
    weights = np.bincount(codes, w, len(code_of)).astype(np.float64)
    return ValueCounts(values, weights[:-1], float(weights[-1]))


class ValueCounter:
    """Sum of the value counts of blocks of rows; weights are added in the order of the blocks."""

    def __init__(self) -> None:
        self._numbers = np.empty(0)
        self._weights = np.empty(0)
        self._added: list[tuple[Array, Array]] = []
        self._strings: dict[str, float] = {}

    def copy(self) -> "ValueCounter":
        """Return a counter that changes independently."""
        other = copy(self)
        other._added = list(self._added)
        other._strings = dict(self._strings)
        return other

    def add(self, values: Array | list[str], weights: Array) -> None:
        """Add the distinct values of a block and their weights."""
        if isinstance(values, list):
            known = self._strings
            for value, weight in zip(values, weights.tolist(), strict=True):
                known[value] = known.get(value, 0.0) + weight
            return
        self._added.append((values, weights))
        if sum(len(added) for added, _ in self._added) > max(len(self._numbers), MIN_ADDED):
            self._numbers, self._weights = self._sum()
            self._added = []

    @property
    def n_numbers(self) -> int:
        """The number of distinct numbers, without those of the last blocks."""
        return len(self._numbers)

    def total(self) -> tuple[Array | list[str], Array]:
        """Return the distinct values of all blocks, sorted, and their weights."""
        if self._strings:
            values = sorted(self._strings)
            return values, np.array([self._strings[value] for value in values])
        return self._sum()

    def _sum(self) -> tuple[Array, Array]:
        parts = [(self._numbers, self._weights), *self._added]
        parts = [part for part in parts if len(part[0])]
        if len(parts) < 2:
            return parts[0] if parts else (np.empty(0), np.empty(0))
        numbers, weights = map(np.concatenate, zip(*parts, strict=True))
        values, codes = np.unique(numbers, return_inverse=True)
        return values, np.bincount(codes, weights, len(values))
