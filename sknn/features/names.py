"""Names: what the columns of the output are called."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknn.engine.types import Array
from sknn.features.levels import OTHERS, Levels


def of_pieces(name: str, edges: Array) -> list[str]:
    """Return names such as "age_20..24", with as few digits as tell the edges apart."""
    texts = [repr(float(edge)) for edge in edges]
    for digits in range(3, 17):
        shorter = [f"{edge:.{digits}g}" for edge in edges]
        if len(set(shorter)) == len(edges):
            texts = shorter
            break
    return [f"{name}_{start}..{stop}" for start, stop in pairwise(texts)]


def of_places(name: str, levels: Levels, kind: str) -> list[str]:
    """Return names such as "city_Paris", one for each place."""
    texts = [_text(level, kind) for level in levels]
    return [f"{name}_{text}" for text in [*texts, *OTHERS]]


def _text(level: str | float, kind: str) -> str:
    if kind == "truth":
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
