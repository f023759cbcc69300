"""Types: arrays become floats, and those that mean nothing as floats are refused."""

from typing import Any

import numpy as np
from sklearn.utils import assert_all_finite

from sknn.estimators.reach import ignore_overflow

#: More numbers than this in X, and it is not converted whole.
LARGE_TO_COPY = 2**26


def training_inputs(X: Any, dtype: str) -> Any:
    """Make X fit for training in a type, which large arrays are converted to batch by batch.

    Raises
    ------
    ValueError
        If a number is too large for the type.
    """
    if not isinstance(X, np.ndarray) or X.size <= LARGE_TO_COPY or not X.flags.c_contiguous:
        return as_type(X, dtype, "X")
    if X.dtype.kind == "f":
        as_type(np.array([X.min(), X.max()]), dtype, "X")
    return X


def as_type(array: Any, dtype: str, name: str) -> Any:
    """Convert to a floating type, rows contiguous; refuse what is too large for it.

    In y a NaN may be a target that is not known.
    """
    narrower = np.dtype(dtype).itemsize < array.dtype.itemsize
    with ignore_overflow():
        if isinstance(array, np.ndarray):
            array = np.ascontiguousarray(array, dtype)
        else:
            array = array.astype(dtype, copy=False)
        if narrower:
            assert_all_finite(array, allow_nan=name == "y", input_name=name)
    return array


def refuse_dates(array: Any, name: str) -> None:
    """Refuse what NumPy would convert to numbers that mean nothing.

    Raises
    ------
    TypeError
        Naming the type.
    """
    if array.dtype.kind in "mM":
        raise TypeError(
            f"{name} holds dates or durations ({array.dtype}). Turn them into numbers first, "
            "such as days since a fixed date."
        )
