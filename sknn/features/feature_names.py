"""Names of the output columns of `TableEncoder`."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknn.engine._typing import Array
from sknn.features.categorical import EXTRA_CODES, Categories

#: Significant digits of a bin edge in a name; more where edges would be equal.
MIN_DIGITS = 4


def bin_names(name: str, edges: Array) -> list[str]:
    """Return names such as "age_bin[18,20)" and "age_bin[20,24]"; the last bin is closed."""
    texts: list[str] = []
    for digits in range(MIN_DIGITS, 18):
        texts = [_format_edge(edge, digits) for edge in edges]
        if len(set(texts)) == len(edges):
            break
    names = [f"{name}_bin[{start},{stop})" for start, stop in pairwise(texts)]
    return [*names[:-1], *(last[:-1] + "]" for last in names[-1:])]


def _format_edge(edge: float, digits: int) -> str:
    """Format an edge with some digits, in scientific notation if it is very large or small."""
    if edge == 0 or 1e-4 <= abs(edge) < 1e15:
        return np.format_float_positional(edge, precision=digits, fractional=False, trim="-")
    return f"{edge:.{digits}g}"


def one_hot_names(name: str, categories: Categories, kind: str) -> list[str]:
    """Return names such as "city_Paris", one for each code."""
    texts = [_format_category(category, kind) for category in categories]
    return [f"{name}_{text}" for text in [*texts, *EXTRA_CODES]]


def _format_category(category: str | float, kind: str) -> str:
    if kind == "boolean":
        return str(bool(category))
    return category if isinstance(category, str) else repr(float(category)).removesuffix(".0")


def make_unique(names: Iterable[str]) -> NDArray[Any]:
    """Append underscores to names that occurred before."""
    taken: set[str] = set()
    unique = []
    for name in names:
        while name in taken:
            name += "_"
        taken.add(name)
        unique.append(name)
    return np.array(unique, dtype=object)
