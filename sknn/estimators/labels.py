"""Labels as users give them: in y, and as the classes of a stream."""

from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from sknn.engine.types import Array
from sknn.targets import ClassTarget, MultilabelTarget, MultioutputTarget, label_target


def read_target(y: Array) -> ClassTarget:
    """Learn from y whether it is binary, multiclass or multilabel, and its classes.

    Raises
    ------
    ValueError, TypeError
        If y is nothing of that.
    """
    try:
        check_classification_targets(y)
    except TypeError as error:
        raise TypeError(f"Labels must be all strings or all numbers: {error}.") from error
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
    try:
        labels: Any = classes if hasattr(classes, "__array__") else sorted(classes)
        return np.unique(labels)
    except TypeError as error:
        raise TypeError(f"Labels must be all strings or all numbers: {error}.") from error
