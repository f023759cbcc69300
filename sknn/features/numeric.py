"""Numbers: where a column of them has its centre, how far it spreads, and where it is cut."""

from dataclasses import dataclass

import numpy as np

from sknn.engine._typing import Array
from sknn.features.columns import Column
from sknn.features.value_counts import ROUNDING, Distribution

#: A column of more different numbers than this is cut into pieces.
FEW = 4

#: If more columns than this would be cut into pieces, none is: the table is wide enough.
WIDE = 100


#: n_bins="auto" is this, or less where all columns would have more pieces than that together.
BINS, MOST_PIECES = 48, 256

#: It is also less where a piece would have fewer rows than this, but not for that less than FEW.
FEWEST_ROWS = 64


@dataclass(frozen=True)
class Number:
    """What is learned of a column of numbers.

    Attributes
    ----------
    center, scale : float
        Its weighted mean and standard deviation; the scale is 1 where that is 0.
    edges : array of float64
        Where its pieces begin and end; empty if it has none.
    varies : bool
        Whether there are two different numbers.
    missing : bool
        Whether some were missing.
    """

    center: float
    scale: float
    edges: Array
    varies: bool
    missing: bool


def learn(column: Column, of: Distribution, n_bins: int | str) -> Number | None:
    """Return what there is to learn of a column; None if it always says the same.

    Raises
    ------
    ValueError
        If its numbers are too large to tell how far they spread.
    """
    values = np.asarray(of.values)
    if len(values) + (of.missing > 0) < 2:
        return None
    center, scale = _center_and_scale(values, of.weights / of.weights.sum())
    with np.errstate(over="ignore"):
        spread = values[-1] - values[0]
    if not np.isfinite([center, scale, spread]).all():
        raise ValueError(f"{column.label} holds numbers too large to be scaled. Divide them first.")
    most = BINS if isinstance(n_bins, str) else n_bins
    bins = _edges(of, most) if most and len(values) > FEW else np.empty(0)
    return Number(center, scale, bins, len(values) > 1, of.missing > 0)


def _center_and_scale(values: Array, share: Array) -> tuple[float, float]:
    """Return mean and standard deviation; numbers are made small first, as squares overflow."""
    largest = np.abs(values).max() or 1.0
    with np.errstate(over="ignore", invalid="ignore"):  # who calls looks at the spread
        center = share @ (values / largest) * largest
        errors = values - center
        furthest = np.abs(errors).max()
        scale = np.sqrt(share @ (errors / furthest) ** 2) * furthest if len(values) > 1 else 0.0
    return float(center), float(scale) or 1.0


def _edges(of: Distribution, n_bins: int) -> Array:
    """Return where the pieces begin and end: quantiles that are values of the column.

    A quantile is the smallest value that at least this share of the weight does not exceed. If
    there are no more values than edges, every value is an edge.
    """
    values = np.asarray(of.values)
    if len(values) <= n_bins + 1:
        return values
    reached = np.cumsum(of.weights)
    # n_bins times both sides, so that whole weights are compared exactly
    wanted = np.arange(n_bins + 1) * (reached[-1] * (1 - ROUNDING))
    places: Array = np.unique(np.searchsorted(reached * n_bins, wanted))
    return values[places]


def thinned(edges: list[Array], rows: float) -> list[Array]:
    """Return fewer edges of each column, evenly left out, where there would be too many pieces.

    Parameters
    ----------
    edges : list of arrays
        Of each column.
    rows : float
        The weight of all rows.
    """
    together = MOST_PIECES // max(1, sum(len(one) > 0 for one in edges))
    filled = int(min(rows / FEWEST_ROWS, BINS))
    most = max(2, min(together, max(FEW, filled)))
    return [_every(one, most) if len(one) > most + 1 else one for one in edges]


def _every(edges: Array, pieces: int) -> Array:
    """Return the edges of this many pieces."""
    return edges[np.round(np.linspace(0, len(edges) - 1, pieces + 1)).astype(np.intp)]


def standardised(column: Column, center: float, scale: float, dtype: str) -> Array:
    """Return the numbers of a column in units of its spread around its centre.

    Done in float64: what differs in the seventh digit would be equal in float32 before, not after.

    Raises
    ------
    ValueError
        If one is too large for the type.
    """
    cells = np.asarray(column.cells)
    with np.errstate(over="ignore"):
        scaled = ((cells - center) / scale).astype(dtype)
    if np.isinf(scaled).any():
        raise ValueError(
            f"{column.label} holds a number too large for {dtype}: {np.nanmax(np.abs(cells)):g}, "
            f"where the numbers in fit were about {center:g}, give or take {scale:g}."
        )
    return scaled


def pieces(
    center: Array, scale: Array, edges: list[Array], dtype: str
) -> tuple[Array, Array, Array]:
    """Return the number that each piece is of, its start and its stop, in units of the spread.

    Parameters
    ----------
    center, scale : arrays of shape (p,)
        Of each number.
    edges : list of p arrays
        In units of the table.
    dtype : {"float32", "float64"}
        The type of what is returned. A piece that is too short for it becomes a step.
    """
    scaled = [(e - c) / s for e, c, s in zip(edges, center, scale, strict=True)]
    piece_of = np.repeat(np.arange(len(edges)), [max(len(e) - 1, 0) for e in edges])
    start = np.concatenate([[], *(e[:-1] for e in scaled)]).astype(dtype)
    stop = np.concatenate([[], *(e[1:] for e in scaled)]).astype(dtype)
    shortest = np.finfo(dtype).eps * (1 + np.abs(start))
    return piece_of, start, np.maximum(stop, start + shortest)
