"""A uniform sample of the rows of a column, which depends on their numbers only, not on batches."""

from copy import copy

import numpy as np
from numpy.typing import NDArray

from sknn.engine._typing import Array
from sknn.features.value_counts import ValueCounts, value_counts

#: Maximum number of rows in a sample; of more rows it has at least half as many.
MAX_SAMPLE_ROWS = 2**18

Hashes = NDArray[np.uint64]


def row_hashes(first: int, n: int) -> Hashes:
    """Return the SplitMix64 hash of n row numbers: distinct numbers have distinct hashes.

    The mixing function is that of Steele, Lea and Flood (2014), "Fast Splittable Pseudorandom
    Number Generators".
    """
    z = np.arange(first + 1, first + n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    hashes: Hashes = z ^ (z >> np.uint64(31))
    return hashes


class RowSample:
    """The known numbers of the rows whose hash is below a threshold.

    The threshold is halved whenever there are more than `MAX_SAMPLE_ROWS`. The rank q of a quantile
    of the sample has the standard error ``sqrt(q * (1 - q) / n)``, where n is the number of sampled
    rows: at most 0.0014.
    """

    def __init__(self) -> None:
        self._halvings = 0
        self._n = 0
        self._parts: list[tuple[Hashes, Array, Array | None]] = []

    def copy(self) -> "RowSample":
        """Return a sample that changes independently."""
        other = copy(self)
        other._parts = list(self._parts)
        return other

    def add(self, hashes: Hashes, numbers: Array, w: Array | None) -> None:
        """Add rows with known numbers and their weights; None is 1."""
        self._append(hashes, numbers, w)
        while self._n > MAX_SAMPLE_ROWS:
            self._halvings += 1
            parts, self._parts, self._n = self._parts, [], 0
            for part in parts:
                self._append(*part)

    def merge(self, other: "RowSample") -> None:
        """Add the rows of another sample."""
        self._halvings = max(self._halvings, other._halvings)
        parts, self._parts, self._n = [*self._parts, *other._parts], [], 0
        for part in parts:
            self.add(*part)

    def _append(self, hashes: Hashes, numbers: Array, w: Array | None) -> None:
        if self._halvings:
            kept = hashes >> np.uint64(64 - self._halvings) == 0
            hashes, numbers = hashes[kept], numbers[kept]
            w = None if w is None else w[kept]
        if len(numbers):
            self._parts.append((hashes, numbers, w))
            self._n += len(numbers)

    def counts(self, low: float, high: float, missing: float) -> ValueCounts:
        """Return the value counts of the sampled rows, and of the smallest and largest number."""
        hashes, numbers = (np.concatenate([part[i] for part in self._parts]) for i in range(2))
        w = None
        if any(part[2] is not None for part in self._parts):
            filled = [np.ones(len(h)) if w is None else w for h, _, w in self._parts]
            order = np.argsort(hashes)  # sums of weights shall not depend on the order of the parts
            numbers, w = numbers[order], np.concatenate(filled)[order]
        counts = value_counts(numbers, w)
        values, first = np.unique([*counts.values, low, high], return_index=True)
        mean_weight = counts.weights.sum() / len(numbers)
        weights = np.append(counts.weights, [mean_weight, mean_weight])[first]
        return ValueCounts(values, weights, missing)
