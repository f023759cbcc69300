"""RowTotals: what the targets and weights of all training rows determine for each of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn.engine import Loss
from sknn.engine._typing import Array
from sknn.targets import ClassTarget, Target, TargetMoments


@dataclass(frozen=True)
class RowTotals:
    """Number, weights and targets of rows; those of parts of the rows are merged in their order."""

    n_rows: int
    weight: float  # the sum of the sample weights
    largest_weight: float
    mean_weight: float  # of the weights divided by the largest
    has_weights: bool  # whether there are sample weights
    has_unknown: bool  # whether some targets are unknown
    moments: TargetMoments | None = None  # of real targets
    frequencies: Array | None = None  # of classes: the weighted mean of the encoded targets

    @classmethod
    def of(cls, y: Array, w: Array | None, target: Target, loss: Loss) -> "RowTotals":
        """Return the totals of rows."""
        n, weight, largest, mean = len(y), float(len(y)), 1.0, 1.0
        if w is not None:
            weight, largest = total_weight(w), float(w.max())
            mean = float((w / largest).mean())
        if isinstance(target, ClassTarget):
            Y = target.encode(y, loss.codes)
            frequencies = class_frequencies(Y, w)
            return cls(n, weight, largest, mean, w is not None, False, frequencies=frequencies)
        has_unknown = bool(np.isnan(y).any())
        moments = TargetMoments.of(y, w)
        return cls(n, weight, largest, mean, w is not None, has_unknown, moments)

    def merge(self, other: "RowTotals") -> "RowTotals":
        """Return the totals of these rows and others.

        Raises
        ------
        ValueError
            If the sum of the weights overflows.
        """
        n, weight = self.n_rows + other.n_rows, self.weight + other.weight
        if not np.isfinite(weight):
            raise ValueError("Sample weights are too large: their sum overflows. Scale them down.")
        largest = max(self.largest_weight, other.largest_weight)
        mean = sum(
            one.n_rows / n * one.mean_weight * (one.largest_weight / largest)
            for one in (self, other)
        )
        moments: Any = None
        if self.moments is not None and other.moments is not None:
            moments = self.moments.merge(other.moments)
        frequencies: Any = None
        if self.frequencies is not None and other.frequencies is not None:
            fraction = other.weight / weight
            frequencies = self.frequencies + fraction * (other.frequencies - self.frequencies)
        has_weights = self.has_weights or other.has_weights
        has_unknown = self.has_unknown or other.has_unknown
        return RowTotals(n, weight, largest, mean, has_weights, has_unknown, moments, frequencies)


def total_weight(w: Array) -> float:
    """Return the sum of sample weights, which may be infinite."""
    with np.errstate(over="ignore"):
        return float(w.sum())


def class_frequencies(Y: Array, w: Array | None) -> Array:
    """Return the weighted mean of encoded labels, shape (n_outputs,)."""
    return np.average(Y, axis=0, weights=None if w is None else w / w.max())
