"""A word of warning when columns of numbers are on very different scales."""

import warnings
from typing import Any

import numpy as np

from sknn.engine._typing import Array

#: Standard deviations this far apart are worth a warning.
FACTOR = 1000

#: Rows that are looked at.
ROWS = 1000

#: A column in which fewer rows differ from the rest says nothing of its scale.
FEWEST = 0.01

#: Columns that are named of each kind.
SHOWN = 3


def warn_of_scales(X: Any, names: Array | None, *, stacklevel: int) -> None:
    """Warn once, naming the columns, if the scales of a dense X are far apart.

    Parameters
    ----------
    X : array or sparse matrix of shape (n, m)
        Validated inputs; sparse ones are left alone, since nothing should centre them.
    names : array of str of shape (m,) or None
        What the columns are called.
    stacklevel : int
        Frames between here and the line to blame, this function's own not counted.
    """
    if not isinstance(X, np.ndarray) or len(X) < 2:
        return
    rows = X[:: -(-len(X) // ROWS)].astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        spread = np.where(_varies(rows), rows.std(axis=0), 0)
    known = np.flatnonzero(np.isfinite(spread) & (spread > 0))
    if not known.size:
        return
    order = known[np.argsort(spread[known])]
    least, most = spread[order[0]], spread[order[-1]]
    if most < FACTOR * least:
        return
    small = _named(order[spread[order] * FACTOR <= most][:SHOWN], names)
    large = _named(order[spread[order] >= least * FACTOR][: -SHOWN - 1 : -1], names)
    warnings.warn(
        f"The inputs look unscaled: standard deviations reach from {least:.2g} ({small}) to "
        f"{most:.2g} ({large}). Networks learn badly from such inputs; scale them, for example "
        "with make_pipeline(StandardScaler(), ...).",
        UserWarning,
        stacklevel=stacklevel + 1,
    )


def _varies(rows: Array) -> Array:
    """Tell for each column whether enough rows differ, which two of them stand for."""
    differ = [np.count_nonzero(rows != rows[i], axis=0) for i in (0, len(rows) // 2)]
    return np.minimum(*differ) >= FEWEST * len(rows)


def _named(columns: Array, names: Array | None) -> str:
    """Return the columns by their names, or by their numbers."""
    if names is None:
        return "columns " + ", ".join(map(str, columns))
    return ", ".join(repr(str(names[j])) for j in columns)
