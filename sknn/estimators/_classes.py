"""The classes of y: learned from it, or given to partial_fit."""

from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from sknn.engine._typing import Array
from sknn.estimators._validation.targets import as_labels, typed_labels
from sknn.targets import (
    ClassTarget,
    MultilabelTarget,
    MultioutputTarget,
    label_codes,
    label_target,
    sorting_labels,
)


def learn_classes(y: Array, classes: Any = None, *, stream: bool = False) -> ClassTarget:
    """Learn the classes from y; in `partial_fit`, from `classes` unless y is multilabel."""
    if not stream and y.ndim == 2 and y.dtype == object:
        columns = [typed_labels(column) for column in y.T]
        for column in columns:
            check_classification_targets(column)
        return MultioutputTarget([np.unique(column) for column in columns])
    if not stream:
        if y.ndim == 1 and y.dtype == object:  # text, which scikit-learn would sort
            labels = label_codes(y)[0]
            if 2 * len(labels) <= len(y):  # else it warns
                return label_target(labels)
        with sorting_labels():
            check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind == "multiclass-multioutput":
            return MultioutputTarget([np.unique(column) for column in y.T])
        if kind == "multilabel-indicator":
            return MultilabelTarget(np.arange(y.shape[1]))
        return label_target(np.unique(y))
    if y.ndim == 1:
        if classes is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return label_target(_given_labels(classes))
    if _has_columns(classes):
        return MultioutputTarget([_given_labels(column) for column in classes])
    target = learn_classes(y)
    if isinstance(target, MultioutputTarget):
        raise ValueError(
            "classes must be passed on the first call to partial_fit: for several columns of "
            "labels a list with the labels of each."
        )
    if classes is not None and _as_lists(classes) != _as_lists(target.classes):
        raise ValueError(
            f"classes must be the numbers of the {y.shape[1]} columns of a multilabel y, or "
            f"left out; got {classes!r}."
        )
    return target


def check_same_classes(known: Any, classes: Any) -> None:
    """Check that `classes`, if given, are those known from the first call, if there was one."""
    if classes is None or known is None:
        return
    if _as_lists(known) != _as_lists(classes):
        raise ValueError(
            f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {known!r}"
        )


def _as_lists(classes: Any) -> list[Any]:
    """Return classes as a sorted list; for several columns, a list of these."""
    if _has_columns(classes):
        return [_given_labels(column).tolist() for column in classes]
    return _given_labels(classes).tolist()


def _has_columns(classes: Any) -> bool:
    """Return whether `classes` is a list with the classes of each column."""
    is_list = isinstance(classes, list | tuple | np.ndarray)
    return is_list and np.iterable(classes) and np.ndim(next(iter(classes), 0)) == 1


def _given_labels(classes: Any) -> Array:
    """Return the argument `classes` of `partial_fit` as a sorted array."""
    if not np.iterable(classes) or isinstance(classes, str):
        raise ValueError(f"classes must be a list of labels, got {classes!r}.")
    with sorting_labels():
        return np.unique(as_labels(classes if hasattr(classes, "__array__") else list(classes)))
