"""Weights of samples: of some only the ratios count."""

from typing import Any

import numpy as np

from sknn.engine._typing import Array
from sknn.estimators._sklearn_compat import check_sample_weight
from sknn.estimators._validation.dtypes import as_type


def weights(w: Array | None, dtype: str, *, relative: bool) -> Array | None:
    """Return the weights of samples in a floating type.

    Parameters
    ----------
    w : array of shape (n,) or None
        Positive weights; None stays None.
    dtype : {"float32", "float64"}
        The type to convert to.
    relative : bool
        Whether only their ratios count: they are divided by their mean then.

    Raises
    ------
    ValueError
        If one is too large for the type, or all are too small.
    """
    if w is None:
        return None
    if relative:
        w = w / w.max()  # first, so that the sum cannot overflow
        w = w / w.mean()
    w = as_type(w, dtype, "sample_weight")
    need_weight(w)
    return w


def scoring_weights(sample_weight: Any, y: Array) -> Array | None:
    """Check the weights of rows that are scored; only their ratios count."""
    if sample_weight is None:
        return None
    w = check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
    need_weight(w)
    return weights(w, "float64", relative=True)


def need_weight(w: Array) -> None:
    """Refuse rows that are all absent."""
    if not w.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
