"""Norms of perturbations: the steepest step, and the projection onto a ball."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from sknn.engine._typing import Array


class Norm(NamedTuple):
    """A norm of the rows of a matrix.

    Attributes
    ----------
    steepest : callable
        ``steepest(g)``: for each row of g the vector of norm 1 with the largest product with it.
    project : callable
        ``project(r, epsilon)``: the nearest rows of norm at most epsilon.
    """

    steepest: Callable[[Array], Array]
    project: Callable[[Array, float], Array]


def _lengths(r: Array) -> Array:
    """Return the Euclidean length of each row, without overflow, as a column; 1 for 0."""
    largest = np.abs(r).max(axis=1, keepdims=True)
    largest[largest == 0] = 1
    return largest * np.maximum(np.linalg.norm(r / largest, axis=1, keepdims=True), 1)


NORMS: Mapping[str, Norm] = {
    "inf": Norm(np.sign, lambda r, epsilon: np.clip(r, -epsilon, epsilon)),
    "2": Norm(
        lambda g: g / _lengths(g), lambda r, epsilon: r * np.minimum(1, epsilon / _lengths(r))
    ),
}
