"""Validation of numeric inputs: arrays, frames and sparse matrices."""

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.utils import (
    assert_all_finite,
)
from sklearn.utils.validation import validate_data

from sknn.engine._linalg import has_finite_sum
from sknn.estimators._validation.floats import ignore_overflow
from sknn.features.columns import Table, decoded, refuse_temporal
from sknn.features.containers import as_array, as_frame

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP


def validated_inputs(estimator: "BaseMLP", X: Any, *y: Any, reset: bool, **options: Any) -> Any:
    """Validate numeric inputs, and y if it is given, with `validate_data` of scikit-learn.

    Raises
    ------
    TypeError
        If a column holds dates or times.
    ValueError
        If X holds text or missing values, or something that scikit-learn refuses.
    """
    X = _examined(X)
    try:
        with ignore_overflow():
            checked = validate_data(
                estimator, X, *y, accept_sparse="csr", dtype="numeric", reset=reset, **options
            )
            numbers = checked[0] if y else checked
            if numbers.dtype.kind == "O":  # scikit-learn leaves those of polars as they are
                numbers = numbers.astype(np.float64)
                assert_all_finite(numbers, input_name="X")
    except (TypeError, ValueError) as error:
        is_missing = "contains NaN" in str(error) or "NAType" in str(error)
        is_text = "string" in str(error) or "Cannot cast" in str(error)  # of categories
        if (is_missing or is_text) and (text := _text_of(X)) is not None:
            raise ValueError(
                f"{text}. TabularMLPClassifier and TabularMLPRegressor encode text, as "
                "TableEncoder does in a pipeline."
            ) from error
        if is_missing and "y contains" not in str(error):
            raise _missing_values(type(estimator).__name__) from error
        raise
    if numbers.dtype.kind in "mM":
        refuse_temporal(numbers, "X")
    return (numbers, checked[1]) if y else numbers


def check_finite(X: Any, estimator_name: str) -> None:
    """Raise a ValueError if numeric inputs have infinities or NaN."""
    if isinstance(X, np.ndarray) and has_finite_sum(X):
        return
    try:
        assert_all_finite(X, input_name="X")
    except ValueError as error:
        if "contains NaN" in str(error):
            raise _missing_values(estimator_name) from error
        raise


def _missing_values(estimator_name: str) -> ValueError:
    """Return the error for missing values in numeric inputs."""
    return ValueError(
        f"Input X contains NaN. {estimator_name} does not accept missing values; "
        "TabularMLPClassifier and TabularMLPRegressor do. Use these, or impute in a pipeline "
        "(SimpleImputer)."
    )


def _examined(X: Any) -> Any:
    """Return X as scikit-learn can read it without mistakes; refuse columns of dates and times."""
    if sparse.issparse(X) or (type(X) is np.ndarray and X.dtype.kind in "fiub"):
        return X
    frame = as_frame(X)
    X = as_array(X) if frame is None else frame.to_native()
    if isinstance(X, list | tuple):
        X = np.asarray(X)
    if frame is None:
        if isinstance(X, np.ndarray) and X.dtype.kind == "O" and X.ndim == 2:
            table = Table(X)
            for j in range(X.shape[1]):
                refuse_temporal(X[:, j], table.label(j))
        return X
    table = Table(frame)
    others = {j: table.values(j)[0] for j in np.flatnonzero(~table.is_plain).tolist()}
    for j, values in others.items():
        refuse_temporal(values, table.label(j))
    if hasattr(X, "iloc") or not others:
        return X
    return frame.with_columns(*(decoded(frame[:, j]) for j in others)).to_native()


def _text_of(X: Any) -> str | None:
    """Say which column is the first with text that is no number, or that X is an array of text."""
    frame = as_frame(X)
    if frame is None and not (isinstance(X, np.ndarray) and X.dtype.kind in "OUST" and X.ndim == 2):
        return None
    table = Table(X if frame is None else frame)
    for j in np.flatnonzero(~table.is_plain).tolist():
        text = next(filter(_is_text, table.values(j)[0]), None)
        if text is not None:
            shown = text.item() if isinstance(text, np.generic) else text
            return f"{table.label(j)} holds text: could not convert string to float: {shown!r}"
    if frame is None and X.dtype.kind in "US":
        return (
            f"X is an array of text ({X.dtype}), convert it with X.astype(float) if it is numbers"
        )
    return None


def _is_text(cell: Any) -> bool:
    """Return whether a cell is text that is no number."""
    if not isinstance(cell, str | bytes):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False
