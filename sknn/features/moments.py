"""Mean, standard deviation and range of the numbers of a column, block by block."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np

from sknn.engine._typing import Array


@dataclass(frozen=True)
class Moments:
    """The moments of some rows; infinite if they overflow."""

    weight: float  # total weight of the rows
    mean: float
    std: float  # weighted, not corrected for bias
    low: float  # the smallest and the largest number
    high: float

    def merge(self, other: "Moments") -> "Moments":
        """Return the moments of the rows of both, without cancellation.

        These are the formulas of Chan, Golub and LeVeque (1983), "Algorithms for Computing the
        Sample Variance", written for standard deviations, whose squares may overflow.
        """
        weight = self.weight + other.weight
        part, rest = other.weight / weight, self.weight / weight
        with np.errstate(over="ignore", invalid="ignore"):
            difference = np.float64(other.mean) - self.mean
            mean = self.mean + part * difference
            spread = np.sqrt(part * rest) * difference
            std = np.hypot(np.hypot(np.sqrt(rest) * self.std, np.sqrt(part) * other.std), spread)
        low, high = min(self.low, other.low), max(self.high, other.high)
        return Moments(weight, float(mean), float(std), low, high)


def moments_of(numbers: Array, w: Array | None) -> Moments:
    """Return the moments of some rows, one or more, with weights w."""
    weight = float(len(numbers)) if w is None else float(w.sum())
    fractions = np.full(len(numbers), 1 / weight) if w is None else w / weight
    mean, std = mean_and_std(numbers, fractions)
    return Moments(weight, mean, std, float(numbers.min()), float(numbers.max()))


def merge_moments(blocks: Iterable[Moments]) -> Moments:
    """Return the moments of the rows of all blocks, in their order."""
    return reduce(Moments.merge, blocks)


def mean_and_std(values: Array, fractions: Array) -> tuple[float, float]:
    """Return the weighted mean and standard deviation, computed without overflow of squares.

    The sums are those of NumPy, which do not depend on the number of BLAS threads.
    """
    largest = np.abs(values).max() or 1.0
    with np.errstate(over="ignore", invalid="ignore"):  # the caller checks for overflow
        center = np.sum(fractions * (values / largest)) * largest
        errors = values - center
        furthest = np.abs(errors).max()
        scale = furthest and np.sqrt(np.sum(fractions * (errors / furthest) ** 2)) * furthest
    return float(center), float(scale)
