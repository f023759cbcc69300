"""Conversion to floating types, with checks for overflow."""

from typing import Any

import numpy as np
from sklearn.utils import (
    assert_all_finite,
)

#: Arrays with more elements than this are converted batch by batch, not as a whole.
LARGEST_COPY = 2**26


def as_dtype(array: Any, dtype: str, name: str) -> Any:
    """Convert an array to a floating type, C-contiguous.

    NaN is allowed in y only. A large X is checked but not converted: each batch is, later.

    Raises
    ------
    ValueError
        If a number overflows the type.
    """
    narrower = np.dtype(dtype).itemsize < array.dtype.itemsize
    is_large = isinstance(array, np.ndarray) and array.size > LARGEST_COPY
    if name == "X" and is_large and array.flags.c_contiguous:
        if array.dtype.kind == "f":
            as_dtype(np.array([array.min(), array.max()]), dtype, "X")
        return array
    with np.errstate(over="ignore", invalid="ignore"):
        if isinstance(array, np.ndarray):
            array = np.ascontiguousarray(array, dtype)
        else:
            array = array.astype(dtype, copy=False)
        if narrower:
            assert_all_finite(array, allow_nan=name == "y", input_name=name)
    return array


def ignore_overflow() -> Any:
    """Return a context without NumPy's overflow warnings, for code that checks its results."""
    return np.errstate(over="ignore", invalid="ignore")
