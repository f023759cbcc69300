"""Names: what the columns of the output are called."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknn.engine._typing import Array
from sknn.features.levels import OTHERS, Levels

#: The digits that are shown of an edge if those tell it from the others.
FEWEST_DIGITS = 4


def of_pieces(name: str, edges: Array) -> list[str]:
    """Return names such as "age_20..24", with as few digits as tell the edges apart."""
    texts: list[str] = []
    for digits in range(FEWEST_DIGITS, 18):
        texts = [_shortened(edge, digits) for edge in edges]
        if len(set(texts)) == len(edges):
            break
    return [f"{name}_{start}..{stop}" for start, stop in pairwise(texts)]


def _shortened(number: float, digits: int) -> str:
    """Return a number with a few digits, and without an exponent unless it would be long."""
    if number == 0 or 1e-4 <= abs(number) < 1e15:
        return np.format_float_positional(number, precision=digits, fractional=False, trim="-")
    return f"{number:.{digits}g}"


def of_places(name: str, levels: Levels, kind: str) -> list[str]:
    """Return names such as "city_Paris", one for each place."""
    texts = [_text(level, kind) for level in levels]
    return [f"{name}_{text}" for text in [*texts, *OTHERS]]


def _text(level: str | float, kind: str) -> str:
    if kind == "boolean":
        return str(bool(level))
    return level if isinstance(level, str) else repr(float(level)).removesuffix(".0")


def unique(names: Iterable[str]) -> NDArray[Any]:
    """Return the names, with underscores added to those that stood before."""
    taken: set[str] = set()
    result = []
    for name in names:
        while name in taken:
            name += "_"
        taken.add(name)
        result.append(name)
    return np.array(result, dtype=object)
