"""Numeric columns: mean, standard deviation and the edges of the bins."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from sknn.engine._typing import Array
from sknn.features.columns import Column
from sknn.features.value_counts import ROUNDING_ERROR, ValueCounts

#: Columns with at most this many distinct values have no bins.
MAX_UNBINNED_VALUES = 4

#: A range of large integers must have at least this many steps of float64.
MIN_STEPS = 2**10

#: If more columns than this would have bins, no column gets bins.
MAX_BINNED_COLUMNS = 100

#: With n_bins="auto": maximum number of bins of one column, and of all columns together.
AUTO_MAX_BINS, AUTO_MAX_TOTAL_BINS = 48, 256

#: With n_bins="auto": minimum number of rows per bin; a column may keep `AUTO_MIN_BINS` anyway.
AUTO_MIN_ROWS_PER_BIN, AUTO_MIN_BINS = 64, 4


@dataclass(frozen=True)
class NumericStats:
    """Statistics of a numeric column in training."""

    center: float  # weighted mean
    scale: float  # weighted standard deviation; 1 where that is 0
    edges: Array  # of its bins; empty if it has none
    is_constant: bool
    has_missing: bool


def learn_numbers(column: Column, counts: ValueCounts, n_bins: int | str) -> NumericStats | None:
    """Return the statistics of a numeric column; None if it is constant without missing values.

    Raises
    ------
    ValueError
        If the numbers are so large that their spread overflows, or that float64 cannot tell
        integers apart.
    """
    values = np.asarray(counts.values)
    if column.is_rounded and np.ptp(values) < MIN_STEPS * np.spacing(np.abs(values).max()):
        raise ValueError(
            f"{column.label} holds integers of which float64 cannot tell many apart, from "
            f"{values[0]:.0f} to {values[-1]:.0f}. Subtract a constant, or convert identifiers to "
            "text."
        )
    if len(values) + (counts.missing > 0) < 2:
        return None
    center, scale = _mean_and_std(values, counts.weights / counts.weights.sum())
    with np.errstate(over="ignore"):
        spread = values[-1] - values[0]
    if not np.isfinite([center, scale, spread]).all():
        raise ValueError(
            f"{column.label} holds numbers too large to be standardized: they are between "
            f"{values[0]:g} and {values[-1]:g}. Divide the column by a constant."
        )
    max_bins = AUTO_MAX_BINS if isinstance(n_bins, str) else n_bins
    has_bins = max_bins and len(values) > MAX_UNBINNED_VALUES
    edges = _quantile_edges(values, counts.weights, max_bins) if has_bins else np.empty(0)
    return NumericStats(center, scale, edges, len(values) == 1, counts.missing > 0)


def _mean_and_std(values: Array, fractions: Array) -> tuple[float, float]:
    """Return the weighted mean and standard deviation, computed without overflow of squares."""
    largest = np.abs(values).max() or 1.0
    with np.errstate(over="ignore", invalid="ignore"):  # the caller checks for overflow
        center = fractions @ (values / largest) * largest
        errors = values - center
        furthest = np.abs(errors).max()
        scale = np.sqrt(fractions @ (errors / furthest) ** 2) * furthest if len(values) > 1 else 0.0
    return float(center), float(scale) or 1.0


def _quantile_edges(values: Array, weights: Array, n_bins: int) -> Array:
    """Return weighted quantiles ("inverted_cdf" of `numpy.quantile`), without duplicates.

    If there are at most n_bins + 1 values, every value is an edge.
    """
    if len(values) <= n_bins + 1:
        return values
    cumulative = np.cumsum(weights)
    # both sides times n_bins, so that integer weights are compared exactly
    wanted = np.arange(n_bins + 1) * (cumulative[-1] * (1 - ROUNDING_ERROR))
    return values[np.unique(np.searchsorted(cumulative * n_bins, wanted))]


def limit_bins(edges: list[Array], total_weight: float) -> list[Array]:
    """Reduce the bins of each column to the limits of n_bins="auto", dropping edges evenly."""
    n_binned = sum(len(column) > 0 for column in edges)
    by_rows = int(min(total_weight / AUTO_MIN_ROWS_PER_BIN, AUTO_MAX_BINS))
    by_columns = AUTO_MAX_TOTAL_BINS // max(1, n_binned)
    max_bins = max(2, min(by_columns, max(AUTO_MIN_BINS, by_rows)))

    def thin(column: Array) -> Array:
        kept = np.linspace(0, len(column) - 1, max_bins + 1)
        return column[np.round(kept).astype(np.intp)]

    return [thin(column) if len(column) > max_bins + 1 else column for column in edges]


def standardize(
    cells: Array, center: Array, scale: Array, dtype: str, labels: Iterable[str]
) -> Array:
    """Return ``(x - center) / scale``, computed in float64 and then cast to `dtype`."""
    with np.errstate(over="ignore"):
        scaled = ((cells - center) / scale).astype(dtype)
    for i, label in enumerate(labels if np.isinf(scaled).any() else ()):
        if np.isinf(scaled[:, i]).any():
            raise ValueError(
                f"{label} holds a number too large for {dtype}: got "
                f"{np.nanmax(np.abs(cells[:, i])):g}, but the mean in fit was {center[i]:g} and "
                f"the standard deviation {scale[i]:g}. Correct the number, or set it to NaN."
            )
    return scaled


def standardized_bins(
    center: Array, scale: Array, edges: list[Array], dtype: str
) -> tuple[Array, Array, Array]:
    """Return the numeric column of each bin, and its start and stop in standardized units.

    The edges are in units of the table. A bin too short for the dtype becomes a step.
    """
    binned = [i for i, e in enumerate(edges) if len(e)]
    scaled = [(edges[i] - center[i]) / scale[i] for i in binned]
    column_of_bin = np.repeat(binned, [len(e) - 1 for e in scaled]).astype(np.intp)
    start = np.concatenate([[], *(e[:-1] for e in scaled)]).astype(dtype)
    stop = np.concatenate([[], *(e[1:] for e in scaled)]).astype(dtype)
    shortest = np.finfo(dtype).eps * (1 + np.abs(start))
    return column_of_bin, start, np.maximum(stop, start + shortest)
