"""Answers that are too large to be written: an error, never infinity or NaN in silence."""

from collections.abc import Callable
from typing import Any

import numpy as np


def ignore_overflow() -> Any:
    """Return a context without NumPy's warnings, for what looks at the results itself."""
    return np.errstate(over="ignore", invalid="ignore")


def checked_finite(compute: Callable[..., Any], *given: Any, lowest: float | None = None) -> Any:
    """Return what a function computes, if its type can hold that.

    Parameters
    ----------
    compute : callable
        Returns an array, or a list of arrays.
    *given : objects
        What it is called with.
    lowest : float, optional
        A number that may be returned though it is not finite: the logarithm of 0, say.

    Raises
    ------
    ValueError
        If a number is not finite.
    """
    with ignore_overflow():
        answers = compute(*given)
    for array in answers if isinstance(answers, list) else [answers]:
        if not _is_written(array, lowest):
            raise ValueError(
                f"The network's answers are too large for {array.dtype}: its weights or numbers in "
                "X are. Scale the inputs as in training (StandardScaler, in a pipeline)"
                + ("; float64 reaches further." if array.dtype == np.float32 else ".")
            )
    return answers


def _is_written(array: Any, lowest: float | None) -> bool:
    """Tell whether every number is finite, or the one that need not be."""
    if array.dtype.kind != "f":
        return True
    finite = np.isfinite(array)
    return bool(finite.all() or (lowest is not None and (finite | (array == lowest)).all()))
