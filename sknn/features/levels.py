"""Levels: the values of a categorical column, and the place of each.

Every column has a place for each of its levels, then one for levels that are rare or unseen, then
one for "missing".
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TypeAlias

import numpy as np

from sknn.engine._typing import Array
from sknn.features.columns import Column
from sknn.features.value_counts import ROUNDING, Distribution

#: The levels of a column in order: text, or numbers (True is 1 and False is 0).
Levels: TypeAlias = "Array | list[str]"

#: The places behind those of the levels.
OTHERS = ["rare", "missing"]

#: If a column has more levels than this and all are rare, something is amiss.
MANY = 20

#: Columns that are named.
SHOWN = 5


@dataclass(frozen=True)
class Category:
    """What is learned of a categorical column.

    Attributes
    ----------
    levels : array of float64 or list of str
        Those that are kept.
    unseen : list of bool
        For each place, whether training had nothing for it.
    says_nothing : bool
        Whether there are many levels and all of them are rare.
    """

    levels: Levels
    unseen: list[bool]
    says_nothing: bool


def learn(of: Distribution, min_frequency: int) -> Category:
    """Return the levels that have weight enough, in order; all others are rare."""
    keep = of.weights >= min_frequency * (1 - ROUNDING)
    kept = np.flatnonzero(keep)
    some_rare = len(kept) < len(keep)
    values = of.values
    levels = values[kept] if isinstance(values, np.ndarray) else [values[i] for i in kept]
    unseen = [False] * len(kept) + [not some_rare, not of.missing]
    return Category(levels, unseen, not len(kept) and len(keep) > MANY)


def warn_of_rare(columns: Sequence[str], min_frequency: int, *, stacklevel: int) -> None:
    """Warn of columns that say nothing, naming them.

    Parameters
    ----------
    columns : sequence of str
        What messages call them.
    min_frequency : int
        Below which levels are rare.
    stacklevel : int
        Frames between here and the line to blame, this function's own not counted.
    """
    if columns:
        more = f" and {len(columns) - SHOWN} more" if len(columns) > SHOWN else ""
        warnings.warn(
            f"{', '.join(columns[:SHOWN])}{more}: each has more than {MANY} levels, all of them "
            f"rare (below min_frequency={min_frequency}), and so tells nothing. If they are "
            "numbers or dates stored as text, turn them into numbers; if they are names of single "
            "rows, drop them; else lower min_frequency.",
            UserWarning,
            stacklevel=stacklevel + 1,
        )


def codes(column: Column, levels: Levels) -> Array:
    """Return the place of each cell, shape (n,)."""
    if column.kind == "empty":
        return np.full(len(column.cells), len(levels) + OTHERS.index("missing"))
    if isinstance(levels, np.ndarray):
        return _codes_of_numbers(np.asarray(column.cells), levels)
    place: dict[str | None, int] = {level: i for i, level in enumerate(levels)}
    place[None] = len(levels) + OTHERS.index("missing")
    rare = repeat(len(levels) + OTHERS.index("rare"))
    return np.fromiter(map(place.get, column.cells, rare), np.intp, len(column.cells))


def _codes_of_numbers(cells: Array, levels: Array) -> Array:
    rare, missing = (len(levels) + OTHERS.index(other) for other in ("rare", "missing"))
    places = np.searchsorted(levels, cells)
    known = np.append(levels, np.nan)[places] == cells
    return np.where(np.isnan(cells), missing, np.where(known, places, rare))
