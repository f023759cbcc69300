"""Value counts: each distinct value of a column, and the total weight of its rows.

Everything learned from a column is a function of its value counts, so neither the order of the rows
matters nor whether a row is repeated or has twice the weight.
"""

from dataclasses import dataclass
from itertools import compress

import numpy as np

from sknn.engine._typing import Array
from sknn.features.columns import Cells

#: Relative difference below which two sums of weights count as equal.
ROUNDING_ERROR = 1e-9


@dataclass(frozen=True)
class ValueCounts:
    """The distinct values of a column and their weights."""

    values: Array | list[str]  # sorted, without missing ones
    weights: Array  # total weight of the rows with each value; their number without weights
    missing: float  # total weight of the rows where the value is missing


def value_counts(cells: Cells, w: Array | None) -> ValueCounts:
    """Count the values of a column, with sample weights w; rows of weight 0 are absent."""
    if w is not None and not w.all():
        present = w > 0
        cells = cells[present] if isinstance(cells, np.ndarray) else list(compress(cells, present))
        w = w[present]
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
