"""Norms: how the size of a change is measured, and kept within a bound."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from sknn.engine._typing import Array


class Norm(NamedTuple):
    """How the size of a change is measured.

    Attributes
    ----------
    step : callable
        The change of size 1 that follows each sample's gradient the furthest.
    within : callable
        ``within(r, epsilon)`` is the change nearest to r that is no larger than epsilon.
    """

    step: Callable[[Array], Array]
    within: Callable[[Array, float], Array]


def _lengths(r: Array) -> Array:
    """Return the Euclidean length of each row, as a column; 1 for 0."""
    largest = np.abs(r).max(axis=1, keepdims=True)
    largest[largest == 0] = 1
    return largest * np.maximum(np.linalg.norm(r / largest, axis=1, keepdims=True), 1)


def _shortened(r: Array, epsilon: float) -> Array:
    """Return rows no longer than epsilon."""
    return r * np.minimum(1, epsilon / _lengths(r))


NORMS: Mapping[str, Norm] = {
    "inf": Norm(np.sign, lambda r, epsilon: np.clip(r, -epsilon, epsilon)),
    "2": Norm(lambda g: g / _lengths(g), _shortened),
}
