"""Check that predictions are finite."""

from collections.abc import Callable
from typing import Any

import numpy as np

from sknn.engine._linalg import has_finite_sum


def checked_finite(compute: Callable[..., Any], *args: Any, lowest: float | None = None) -> Any:
    """Return the array or list of arrays that a function computes, if all are finite.

    Raises
    ------
    ValueError
        If a number is neither finite nor `lowest`, such as minus infinity.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        results = compute(*args)
        arrays = results if isinstance(results, list) else [results]
        floats = [array for array in arrays if array.dtype.kind == "f"]
        suspect = [array for array in floats if not has_finite_sum(array)]
    for array in suspect:
        if np.isfinite(array).all():
            continue
        if lowest is None or not (np.isfinite(array) | (array == lowest)).all():
            raise ValueError(
                f"Predictions overflow {array.dtype}: the weights or the numbers in X are too "
                "large. Scale the inputs as in training (StandardScaler, in a pipeline)"
                + (", or set dtype='float64'." if array.dtype == np.float32 else ".")
            )
    return results
