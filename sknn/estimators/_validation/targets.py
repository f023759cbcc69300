"""Validation of y: class labels, real targets of which some may be unknown, and true targets."""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import check_array

from sknn.engine._typing import Array
from sknn.features.columns import without_missing
from sknn.targets import COMPARABLE_LABELS


def check_labels(y: Any) -> None:
    """Check that no labels are missing, and that no column mixes strings and numbers.

    Raises
    ------
    ValueError
        If labels are missing.
    TypeError
        If the labels of a column cannot be sorted.
    """
    if y is None or sparse.issparse(y):
        return
    array = np.asarray(y)
    if array.dtype.kind not in "OT":
        return
    for column in array.reshape(len(array), -1).T if array.ndim else ():
        labels = without_missing(column.tolist())
        types = set(map(type, labels))
        if missing := labels.count(None):
            raise ValueError(
                f"y holds missing labels, {missing} of {len(labels)}. Drop these rows, or give "
                "them a label of their own."
            )
        if len({issubclass(kind, str) for kind in types}) > 1:
            named = ", ".join(sorted(kind.__name__ for kind in types))
            raise TypeError(
                f"{COMPARABLE_LABELS}, but y mixes types: {named}. Convert all labels to one type."
            )


def as_numeric_targets(y: Any) -> Any:
    """Convert targets of dtype string or object to float64; return others unchanged.

    Raises
    ------
    ValueError
        If a target is not a number.
    """
    if y is None or sparse.issparse(y) or np.asarray(y).dtype.kind not in "OUST":
        return y
    try:
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
            f"y must be numbers: {error}. For labels there are MLPClassifier and "
            "TabularMLPClassifier."
        ) from error


def known_targets(y: Any) -> tuple[Any, Any]:
    """Return y with 0 for unknown targets, and the mask of unknown targets (None if all are known).

    Targets may be unknown only if y has several columns; with one, a missing target is an error.
    """
    shape = () if sparse.issparse(y) else np.asarray(y).shape
    if len(shape) != 2 or shape[1] < 2:
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
    y = as_numeric_targets(y) if numeric else y
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
