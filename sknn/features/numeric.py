"""Numeric columns: mean, standard deviation and the edges of the bins.

A value that many rows have in common, a spike, takes no part in the quantiles, of which it would be
several: the column would have few bins for all its other values.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sknn.engine._typing import Array
from sknn.features.columns import Column
from sknn.features.moments import Moments, mean_and_std
from sknn.features.value_counts import ROUNDING_ERROR, ValueCounts

#: Columns with at most this many distinct values have no bins.
MAX_UNBINNED_VALUES = 4

#: A value is a spike if more than this fraction of the known values equal it, and more than
#: `MIN_RATIO` times as many as equal a value on average: few values are frequent anyway.
MIN_FRACTION, MIN_RATIO = 0.1, 2

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
    has_bins: bool
    quantiles: Array  # of the rows without a spike; edges of bins
    spike_edges: Array  # the spikes, and the values next to each: more edges of bins
    is_constant: bool
    has_missing: bool


def learn_numbers(
    column: Column, counts: ValueCounts, n_bins: int | str, moments: Moments | None = None
) -> NumericStats | None:
    """Return the statistics of a numeric column; None if it is constant without missing values.

    With `moments`, which are those of all rows, the counts are of a sample of the rows.

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
    if moments is not None:
        center, scale = moments.mean, moments.std
    else:
        center, scale = mean_and_std(values, counts.weights / counts.weights.sum())
    scale = scale if scale and len(values) > 1 else 1.0
    with np.errstate(over="ignore"):
        spread = values[-1] - values[0]
    if not np.isfinite([center, scale, spread]).all():
        raise ValueError(
            f"{column.label} holds numbers too large to be standardized: they are between "
            f"{values[0]:g} and {values[-1]:g}. Divide the column by a constant."
        )
    max_bins = AUTO_MAX_BINS if isinstance(n_bins, str) else n_bins
    has_bins = max_bins > 0 and len(values) > MAX_UNBINNED_VALUES
    is_spike = _are_spikes(counts.weights)
    return NumericStats(
        center,
        scale,
        has_bins,
        _quantiles(values[~is_spike], counts.weights[~is_spike], max_bins),
        values[_with_neighbours(is_spike)],
        len(values) == 1,
        counts.missing > 0,
    )


def _are_spikes(weights: Array) -> Array:
    """Return which values are spikes, by the total weights of all values."""
    fraction = max(MIN_FRACTION, MIN_RATIO / len(weights))
    is_spike: Array = weights > fraction * weights.sum() * (1 + ROUNDING_ERROR)
    return is_spike


def _with_neighbours(mask: Array) -> Array:
    """Return the mask of the marked values and of the values next to them."""
    near: Array = mask.copy()
    near[:-1] |= mask[1:]
    near[1:] |= mask[:-1]
    return near


def _quantiles(values: Array, weights: Array, n_bins: int) -> Array:
    """Return weighted quantiles ("inverted_cdf" of `numpy.quantile`), without duplicates.

    If there are at most n_bins + 1 values, these are all values.
    """
    if len(values) <= n_bins + 1:
        return values
    cumulative = np.cumsum(weights)
    # both sides times n_bins, so that integer weights are compared exactly
    wanted = np.arange(n_bins + 1) * (cumulative[-1] * (1 - ROUNDING_ERROR))
    is_quantile = np.zeros(len(values), dtype=bool)
    is_quantile[np.searchsorted(cumulative * n_bins, wanted)] = True
    return values[is_quantile]


def bin_edges(
    columns: Sequence[NumericStats], n_bins: int | str, total_weight: float
) -> list[Array]:
    """Return the edges of the bins of each column; empty for a column without bins.

    The limits hold for quantiles, which are dropped evenly. The edges at spikes are always kept.
    """
    n_binned = sum(stats.has_bins for stats in columns)
    if not 0 < n_binned <= MAX_BINNED_COLUMNS:
        return [np.empty(0) for _ in columns]
    max_bins = _auto_max_bins(n_binned, total_weight) if isinstance(n_bins, str) else n_bins
    return [
        np.union1d(_thinned(stats.quantiles, max_bins), stats.spike_edges)
        if stats.has_bins
        else np.empty(0)
        for stats in columns
    ]


def _auto_max_bins(n_binned: int, total_weight: float) -> int:
    """Return the maximum number of bins of a column with n_bins="auto"."""
    by_rows = int(min(total_weight / AUTO_MIN_ROWS_PER_BIN, AUTO_MAX_BINS))
    by_columns = AUTO_MAX_TOTAL_BINS // n_binned
    return max(2, min(by_columns, max(AUTO_MIN_BINS, by_rows)))


def _thinned(edges: Array, max_bins: int) -> Array:
    """Return the edges of at most `max_bins` bins, dropping edges evenly."""
    if len(edges) <= max_bins + 1:
        return edges
    kept = np.linspace(0, len(edges) - 1, max_bins + 1)
    return edges[np.round(kept).astype(np.intp)]


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
