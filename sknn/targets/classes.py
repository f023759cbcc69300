"""Classes: what all targets of labels share."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknn.engine import Loss
from sknn.engine._typing import Array
from sknn.targets.base import Target

#: What labels must be, for there to be an order of them.
COMPARABLE_LABELS = "Labels must be all strings or all numbers"


class ClassTarget(Target):
    """Classes, told apart by their raw outputs."""

    classes: Any

    def attributes(self) -> dict[str, Any]:
        """Return the classes."""
        return {"classes_": self.classes}

    def smoothed(self, Y: Array, share: float) -> Array:
        """Spread a share of each row evenly over the possible answers (0 and 1 stand for them)."""
        return (1 - share) * Y + share / 2

    @abstractmethod
    def log_proba(self, loss: Loss, z: Array) -> Any:
        """Return the logarithm of the probability of each class, shape (n, n_classes)."""

    def proba(self, loss: Loss, z: Array) -> Any:
        """Return the probability of each class, shape (n, n_classes)."""
        return np.exp(self.log_proba(loss, z))


def class_numbers(classes: Array, y: Array) -> NDArray[np.intp]:
    """Return the position of each label of y, shape (n,), among the classes.

    Raises
    ------
    ValueError
        If y has a label that is no class, or more than one column.
    TypeError
        If its labels cannot be sorted.
    """
    if y.ndim != 1:
        raise ValueError(f"y should be a 1d array of labels, got an array of shape {y.shape}.")
    with sorting_labels():
        labels, positions = np.unique(y, return_inverse=True)
    numbers = {label: number for number, label in enumerate(classes.tolist())}
    if not numbers.keys() >= set(labels.tolist()):
        raise ValueError(
            f"`y` has classes not in `self.classes_`. `self.classes_` has {classes}. "
            f"'y' has {labels}."
        )
    return np.array([numbers[label] for label in labels.tolist()], dtype=np.intp)[positions]


@contextmanager
def sorting_labels() -> Iterator[None]:
    """Say what labels must be where those in the block cannot be sorted.

    Raises
    ------
    TypeError
        If the block does.
    """
    try:
        yield
    except TypeError as error:
        raise TypeError(f"{COMPARABLE_LABELS}: {error}.") from error
