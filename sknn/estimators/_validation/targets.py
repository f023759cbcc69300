"""Targets as users give them: some of several columns may not be known."""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import check_array

from sknn.engine._typing import Array
from sknn.estimators.reach import ignore_overflow
from sknn.estimators.reals import as_numbers


def known_targets(y: Any) -> tuple[Any, Any]:
    """Part y into what is known, with 0 elsewhere, and where it is not known (None: everywhere).

    Only among several columns may targets be unknown; a missing single target is an error.
    """
    shape = () if sparse.issparse(y) else np.asarray(y).shape
    if len(shape) != 2 or shape[1] < 2:
        return y, None
    with ignore_overflow():
        array = check_array(y, ensure_all_finite="allow-nan", ensure_min_samples=0, input_name="y")
    unknown = np.isnan(array)
    return (np.where(unknown, 0, array), unknown) if unknown.any() else (y, None)


def scored(y: Any, *, numeric: bool = False) -> Array:
    """Check the targets that predictions are compared with; a column is flat.

    Among several columns of numbers NaN is a target that is not known, but some must be.
    """
    y = y.toarray() if sparse.issparse(y) else y
    y = as_numbers(y) if numeric else y
    several = numeric and np.asarray(y).ndim == 2 and np.asarray(y).shape[1] > 1
    with ignore_overflow():
        array: Array = check_array(
            y,
            dtype="numeric" if numeric else None,
            ensure_2d=False,
            ensure_all_finite="allow-nan" if several else True,
            input_name="y",
        )
    if several:
        need_known(np.isnan(array))
    return array.ravel() if array.ndim == 2 and array.shape[1] == 1 else array


def need_known(unknown: Array) -> None:
    """Refuse targets of which nothing is known."""
    if unknown.all():
        raise ValueError("y holds no target that is known: all are NaN.")
