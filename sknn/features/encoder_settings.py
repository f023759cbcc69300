"""Validation of the parameters and sample weights of `TableEncoder`."""

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import check_array

from sknn.engine._typing import Array
from sknn.features.containers import as_array

#: The smallest value of each integer parameter.
SMALLEST = {"n_bins": 0, "min_frequency": 1, "max_cat_to_onehot": 0}

#: Other allowed values.
SPECIAL = {"n_bins": ("auto",), "max_cat_to_onehot": (None,)}


def check_settings(encoder: Any) -> None:
    """Raise a ValueError if a parameter is invalid."""
    for name, smallest in SMALLEST.items():
        value = getattr(encoder, name)
        special = SPECIAL.get(name, ())
        if any(value is one or (isinstance(value, str) and value == one) for one in special):
            continue
        if not isinstance(value, Integral) or isinstance(value, bool) or value < smallest:
            others = "".join(f" or {one!r}" for one in special)
            raise ValueError(
                f"{name} must be an integer of at least {smallest}{others}, got {value!r}."
            )
    _require_positive("bin_scale", encoder.bin_scale)
    if encoder.max_absolute_value is not None:
        _require_positive("max_absolute_value", encoder.max_absolute_value)
    if not isinstance(encoder.sparse_output, bool | np.bool_):
        raise ValueError(f"sparse_output must be True or False, got {encoder.sparse_output!r}.")
    float_dtype_name(encoder.dtype)


def _require_positive(name: str, value: Any) -> None:
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 < float(value) < np.inf:
        raise ValueError(f"{name} must be a finite number above 0, got {value!r}.")


def float_dtype_name(dtype: Any) -> str:
    """Return "float32" or "float64"; raise a ValueError for any other dtype."""
    try:
        name = np.dtype(dtype).name if dtype is not None else ""
    except TypeError:
        name = ""
    if name not in ("float32", "float64"):
        raise ValueError(f"dtype must be 'float32' or 'float64', got {dtype!r}.")
    return name


def row_weights(sample_weight: ArrayLike | None, n: int) -> Array | None:
    """Validate n sample weights: finite, 0 or more."""
    if sample_weight is None:
        return None
    w: Array = check_array(
        as_array(sample_weight), dtype=np.float64, ensure_2d=False, input_name="sample_weight"
    )
    if w.shape != (n,):
        raise ValueError(f"sample_weight.shape == {w.shape}, expected {(n,)}!")
    if (w < 0).any():
        raise ValueError("Negative values in data passed to `sample_weight`.")
    return w
