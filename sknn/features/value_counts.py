"""Distributions: each value of a column once, and the weight that it has.

All that is learned from a column is a function of these. So it cannot matter in which order the
rows stand, nor whether a row stands twice or has twice the weight.
"""

from dataclasses import dataclass
from itertools import compress

import numpy as np

from sknn.engine._typing import Array
from sknn.features.columns import Cells

#: Sums of weights that should be equal may differ by this share.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Distribution:
    """What a column holds.

    Attributes
    ----------
    values : array of float64 or list of str
        The values that are not missing, each once, in order.
    weights : array of float64
        The weight of the rows that hold each; the number of them if rows have no weights.
    missing : float
        That of the rows where nothing is known.
    """

    values: Array | list[str]
    weights: Array
    missing: float


def distribution(cells: Cells, w: Array | None) -> Distribution:
    """Return what a column holds.

    Parameters
    ----------
    cells : array of float64 or list of str of length n
        NaN or None where missing.
    w : array of shape (n,) or None
        Weights of the rows, 0 or more; a row of weight 0 is absent.
    """
    if w is not None and not w.all():
        present = w > 0
        cells = cells[present] if isinstance(cells, np.ndarray) else list(compress(cells, present))
        w = w[present]
    return _of_numbers(cells, w) if isinstance(cells, np.ndarray) else _of_text(cells, w)


def _of_numbers(cells: Array, w: Array | None) -> Distribution:
    missing = np.isnan(cells)
    known = cells[~missing]
    if w is None:
        values, counts = np.unique(known, return_counts=True)
        return Distribution(values, counts.astype(np.float64), float(missing.sum()))
    values, number = np.unique(known, return_inverse=True)
    weights = np.bincount(number, w[~missing], len(values))
    return Distribution(values, weights, float(w[missing].sum()))


def _of_text(cells: list[str | None], w: Array | None) -> Distribution:
    values = sorted(str(value) for value in set(cells) if value is not None)
    number: dict[str | None, int] = {value: i for i, value in enumerate(values)}
    number[None] = len(values)
    numbers = np.fromiter(map(number.__getitem__, cells), np.intp, len(cells))
    weights = np.bincount(numbers, w, len(number)).astype(np.float64)
    return Distribution(values, weights[:-1], float(weights[-1]))
