"""Inputs: numbers, dense or sparse, or tables; with what of y can only be checked beside them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, is_regressor
from sklearn.utils import assert_all_finite, check_X_y
from sklearn.utils.validation import validate_data

from sknn.estimators._validation.dtypes import refuse_dates
from sknn.estimators.reach import ignore_overflow
from sknn.features.compact import checked_columns


def checked_numbers(estimator: BaseEstimator, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
    """Check X that must be numbers: an array, a frame or a sparse matrix of them; and y."""
    with ignore_overflow():
        X, y = validate_data(
            estimator,
            X,
            y,
            accept_sparse="csr",
            dtype="numeric",
            multi_output=True,
            y_numeric=is_regressor(estimator),
            reset=reset,
        )
    refuse_dates(X, "X")
    return X, y


def checked_table(estimator: BaseEstimator, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
    """Check that X may be a table, whose columns are read later; and y."""
    X = checked_columns(estimator, X, reset=reset)
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y "
            "is None."
        )
    rows = np.zeros((X.shape[0], 1))
    with ignore_overflow():
        _, y = check_X_y(rows, y, multi_output=True, y_numeric=is_regressor(estimator))
    return X, y


def prediction_rows(
    estimator: BaseEstimator, X: Any, dtype: str
) -> tuple[Any, Callable[[Any], None] | None]:
    """Check what `predict` was given.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : object
        What the user passed.
    dtype : {"float32", "float64"}
        The type of the network, which X is converted to piece by piece.

    Returns
    -------
    X : array or CSR matrix of shape (n, m)
        The rows.
    check : callable or None
        What refuses a converted piece of them that is not finite, where that is not yet known.
    """

    def check(piece: Any) -> None:
        with ignore_overflow():
            assert_all_finite(piece, estimator_name=type(estimator).__name__, input_name="X")

    if _is_plain(estimator, X):
        return X, check
    with ignore_overflow():
        X = validate_data(estimator, X, accept_sparse="csr", dtype="numeric", reset=False)
    refuse_dates(X, "X")
    return X, check if np.dtype(dtype).itemsize < X.dtype.itemsize else None


def _is_plain(estimator: Any, X: Any) -> bool:
    """Tell whether X is a matrix of floats of the right width, without names to compare.

    Then all that scikit-learn's validation would do is to look for numbers that are not finite; for
    a few rows it would take longer than the network.
    """
    return (
        type(X) is np.ndarray
        and X.dtype in (np.float32, np.float64)
        and X.ndim == 2
        and len(X) > 0
        and X.shape[1] == estimator.n_features_in_
        and not hasattr(estimator, "feature_names_in_")
    )
