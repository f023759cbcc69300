"""Sample weights: validated, and divided by their mean."""

from typing import Any

import numpy as np

from sknn.engine._typing import Array
from sknn.estimators._sklearn_compat import ZERO_WEIGHTS, check_sample_weight
from sknn.estimators._validation.floats import as_dtype
from sknn.estimators._validation.row_totals import RowTotals
from sknn.estimators._validation.targets import as_target_array
from sknn.features.columns import refuse_temporal


def normalized_weights(
    w: Array | None, dtype: str, *, relative: bool, totals: RowTotals | None = None
) -> Array | None:
    """Convert sample weights to a floating type, divided by their mean if they are `relative`.

    Totals are those of all rows, if the weights are of a part of them.

    Raises
    ------
    ValueError
        If a weight overflows the type, or all underflow.
    """
    if w is None:
        return None
    if relative:
        w = w / (totals.largest_weight if totals else w.max())  # so that no sum overflows
        w = w / (totals.mean_weight if totals else w.mean())
    w = as_dtype(w, dtype, "sample_weight")
    check_any_weight(w)
    return w


def scoring_weights(sample_weight: Any, y: Array) -> Array | None:
    """Validate the sample weights of a score, and divide them by their mean."""
    if sample_weight is None:
        return None
    w = checked_weights(sample_weight, y)
    check_any_weight(w)
    return normalized_weights(w, "float64", relative=True)


def checked_weights(sample_weight: Any, y: Array) -> Array:
    """Return sample weights as float64: finite, 0 or more, one for each row of y."""
    w = as_target_array(sample_weight, "sample_weight")
    if isinstance(w, np.ndarray):
        refuse_temporal(w, "sample_weight")
    return check_sample_weight(w, y, dtype=np.float64, ensure_non_negative=True, **ZERO_WEIGHTS)


def check_any_weight(w: Array) -> None:
    """Check that not all weights are zero."""
    if not w.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
