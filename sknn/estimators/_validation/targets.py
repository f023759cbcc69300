"""Validation of y: class labels, real targets of which some may be unknown, and true targets."""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import check_array

from sknn.engine._typing import Array
from sknn.features.columns import (
    MAX_EXACT,
    refuse_temporal,
    series_values,
    type_names,
    without_missing,
)
from sknn.features.containers import as_array, as_frame, as_series
from sknn.targets import COMPARABLE_LABELS


def as_labels(y: Any) -> Any:
    """Return labels as an array in which they are exact; each column of objects in its own type.

    Of dtype object only for strings, and for columns some of which are strings.

    Raises
    ------
    ValueError
        If labels are missing, or too large to be exact.
    TypeError
        If the labels of a column cannot be sorted.
    """
    y = as_target_array(y)
    if not isinstance(y, np.ndarray) or y.dtype.kind != "O" or y.ndim not in (1, 2) or not y.size:
        return y
    if any(isinstance(label, list | tuple | np.ndarray) for label in y.flat):
        return y  # scikit-learn refuses them
    if y.ndim == 1:
        return typed_labels(y)
    return _stacked([typed_labels(column) for column in y.T])


def typed_labels(column: Array) -> Array:
    """Return a column of objects in the type of its labels; strings remain objects."""
    labels = without_missing(column.tolist())
    types = set(map(type, labels))
    if missing := labels.count(None):
        raise ValueError(
            f"y holds missing labels, {missing} of {len(labels)}. Drop these rows, or give "
            "them a label of their own."
        )
    if len({issubclass(kind, str) for kind in types}) > 1:
        raise TypeError(
            f"{COMPARABLE_LABELS}, but y mixes types: {type_names(types)}. Convert all labels to "
            "one type."
        )
    if all(issubclass(kind, str) for kind in types):
        return column
    typed = np.array(labels)
    is_large = typed.dtype.kind == "f" and not (np.abs(typed) < MAX_EXACT).all()
    if is_large or (typed.dtype == object and types <= {int}):
        raise ValueError(
            "y holds labels that are too large to be exact: integers must fit in 64 bits together, "
            "with or without a sign, and beside fractions be below 2**53. Convert them to text."
        )
    if typed.dtype == object:
        raise TypeError(f"y holds labels of type {type_names(types)}. Convert them to text.")
    return typed


def as_target_array(y: Any, name: str = "y") -> Any:
    """Return targets or weights as an array; None, a sparse matrix or a scalar as it is.

    Parameters
    ----------
    y : object
        What the user passed: list, array, masked array, series or frame of any library.
    name : str, default="y"
        What messages call it.

    Returns
    -------
    y : array or object
        Missing and masked values are NaN, or None in an array of objects.

    Raises
    ------
    TypeError
        If one of several columns holds dates or times.
    """
    is_plain = type(y) is np.ndarray and y.dtype.kind in "biufU"
    if is_plain or y is None or sparse.issparse(y) or np.isscalar(y):
        return y
    frame = as_frame(y, name)
    if frame is not None:
        labels = [f"Column {column!r} of {name}" for column in frame.columns]
        columns = list(map(series_values, frame.iter_columns(), labels))
        for column, label in zip(columns, labels, strict=True):
            refuse_temporal(column, label)
        return _stacked(columns)
    y = as_array(y, name)
    if isinstance(y, list | tuple):
        y = _exact_array(y)
    elif not isinstance(y, np.ndarray) and (series := as_series(y)) is not None:
        is_date = series.dtype.is_temporal()
        y = series.to_numpy() if is_date else series_values(series, name)
    if isinstance(y, np.ndarray) and y.ndim > 1:
        refuse_temporal(y, name)
    return y


def _exact_array(y: Any) -> Array:
    """Return a list as an array; of objects if NumPy would change numbers or make them text."""
    array = np.asarray(y)
    if array.dtype.kind == "U" or (array.dtype.kind == "f" and (np.abs(array) >= MAX_EXACT).any()):
        objects = np.array(y, dtype=object)
        return array if {type(value) for value in objects.flat} <= {str, np.str_} else objects
    return array


def _stacked(columns: list[Array]) -> Array:
    """Return columns as a matrix; of objects if some are text, or numbers would change."""
    numbers = [column for column in columns if column.dtype.kind in "biuf"]
    if len(numbers) == len(columns):
        matrix = np.column_stack(columns)
        integers = [column for column in columns if column.dtype.kind in "iu"]
        if matrix.dtype.kind != "f" or not any((abs(c) >= MAX_EXACT).any() for c in integers):
            return matrix
    return np.column_stack([column.astype(object) for column in columns])


def as_numeric_targets(y: Any) -> Any:
    """Return targets as an array; those of dtype string or object are converted to float64.

    Raises
    ------
    ValueError
        If a target is not a number.
    """
    y = as_target_array(y)
    if y is None or sparse.issparse(y) or np.asarray(y).dtype.kind not in "OUS":
        return y
    try:
        refuse_temporal(np.asarray(y), "y")
        return check_array(
            y,
            dtype=np.float64,
            ensure_2d=False,
            ensure_all_finite=False,
            ensure_min_samples=0,
            input_name="y",
        )
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"y must be numbers: {str(error).rstrip('.')}. For labels there are MLPClassifier and "
            "TabularMLPClassifier."
        ) from error


def known_targets(y: Any) -> tuple[Any, Any]:
    """Return y with 0 for unknown targets, and the mask of unknown targets (None if all are known).

    Targets may be unknown only if y has several columns; with one, a missing target is an error.

    Raises
    ------
    ValueError
        If a target of a single column is missing.
    """
    shape = () if sparse.issparse(y) else np.asarray(y).shape
    if len(shape) != 2 or shape[1] < 2:
        if isinstance(y, np.ndarray) and y.dtype.kind == "f" and (gaps := np.isnan(y).sum()):
            raise ValueError(f"Input y contains NaN, {gaps} of {len(y)}. Drop these rows.")
        return y, None
    with np.errstate(over="ignore", invalid="ignore"):
        array = check_array(y, ensure_all_finite="allow-nan", ensure_min_samples=0, input_name="y")
    unknown = np.isnan(array)
    return (np.where(unknown, 0, array), unknown) if unknown.any() else (y, None)


def check_any_known(unknown: Array) -> None:
    """Check that some targets are known."""
    if unknown.all():
        raise ValueError("y holds no target that is known: all are NaN.")


def targets_to_score(y: Any, *, numeric: bool = False) -> Array:
    """Check the true targets for a score; a single column becomes one-dimensional.

    In several numeric columns, NaN marks an unknown target; at least one must be known.
    """
    y = y.toarray() if sparse.issparse(y) else y
    y = as_numeric_targets(y) if numeric else as_labels(y)
    several = numeric and np.asarray(y).ndim == 2 and np.asarray(y).shape[1] > 1
    with np.errstate(over="ignore", invalid="ignore"):
        array: Array = check_array(
            y,
            dtype="numeric" if numeric else None,
            ensure_2d=False,
            ensure_all_finite="allow-nan" if several else True,
            input_name="y",
        )
    if several:
        check_any_known(np.isnan(array))
    return array.ravel() if array.ndim == 2 and array.shape[1] == 1 else array
