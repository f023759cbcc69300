"""Labels as users give them: in y, and as the classes of a stream."""

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from sknn.engine._typing import Array
from sknn.features.columns import without_missing
from sknn.targets import (
    COMPARABLE_LABELS,
    ClassTarget,
    MultilabelTarget,
    MultioutputTarget,
    label_target,
    sorting_labels,
)


def check_labels(y: Any) -> None:
    """Refuse labels that are missing, or that are text and numbers at once.

    Parameters
    ----------
    y : object
        What the user passed.

    Raises
    ------
    ValueError
        If labels are missing.
    TypeError
        If those of a column cannot be sorted.
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
                f"{COMPARABLE_LABELS}, but y mixes types: {named}. Turn all of them into one."
            )


def read_target(y: Array) -> ClassTarget:
    """Learn from y whether it is binary, multiclass or multilabel, and its classes.

    Raises
    ------
    ValueError, TypeError
        If y is nothing of that.
    """
    with sorting_labels():
        check_classification_targets(y)
    kind = type_of_target(y, input_name="y")
    if kind == "multiclass-multioutput":
        return MultioutputTarget([np.unique(column) for column in y.T])
    if kind == "multilabel-indicator":
        return MultilabelTarget(np.arange(y.shape[1]))
    return label_target(np.unique(y))


def as_lists(classes: Any) -> list[Any]:
    """Return classes as sorted lists, of one column or of several."""
    if has_columns(classes):
        return [given_labels(column).tolist() for column in classes]
    return given_labels(classes).tolist()


def has_columns(classes: Any) -> bool:
    """Tell whether there are classes for each of several columns of labels."""
    return bool(np.iterable(classes) and np.ndim(next(iter(classes), 0)) == 1)


def given_labels(classes: Any) -> Array:
    """Return the classes that were given to `partial_fit`, sorted."""
    if not np.iterable(classes) or isinstance(classes, str):
        raise ValueError(f"classes must be a list of labels, got {classes!r}.")
    with sorting_labels():
        labels: Any = classes if hasattr(classes, "__array__") else sorted(classes)
        return np.unique(labels)
