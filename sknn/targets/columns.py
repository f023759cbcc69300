"""Columns of labels, which do not exclude each other."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sknn.engine import Loss, MultiOutputLoss
from sknn.engine._typing import Array
from sknn.engine.losses.composite import split_outputs
from sknn.targets.base import check_columns
from sknn.targets.classes import ClassTarget
from sknn.targets.labels import label_target
from sknn.targets.losses import BINARY


class MultilabelTarget(ClassTarget):
    """Any number of labels at once: independent yes/no questions, a unit each.

    Parameters
    ----------
    classes : array of shape (n_labels,)
        The numbers of the columns of y.
    """

    kind = "multilabel"
    losses = BINARY

    def __init__(self, classes: Array) -> None:
        self.classes = classes
        self.n_outputs = len(classes)

    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Return "yes" where the indicator is 1, "no" where it is 0."""
        check_columns(y, self.n_outputs)
        if not np.isin(y, (0, 1)).all():
            raise ValueError("A multilabel y must hold only 0 and 1: is the label there or not.")
        return np.array(codes)[y.astype(int)]

    def decode(self, z: Array, loss: Loss) -> Array:
        """Return 1 where the raw output is above 0, else 0."""
        return (z > 0).astype(int)

    def proba(self, loss: Loss, z: Array) -> Array:
        """Return each label's probability, which rises and falls with its raw output."""
        return loss.inverse_link(z)

    def log_proba(self, loss: Loss, z: Array) -> Array:
        """Return the logarithm of each label's probability."""
        return loss.log_inverse_link(z)


class MultioutputTarget(ClassTarget):
    """Several columns of labels, each with classes of its own: targets side by side.

    Parameters
    ----------
    classes : list of arrays
        The labels of each column, sorted.
    """

    kind = "multioutput"
    losses = BINARY

    def __init__(self, classes: Sequence[Array]) -> None:
        self.classes = list(classes)
        self.columns = [label_target(labels) for labels in self.classes]
        self.widths = [column.n_outputs for column in self.columns]
        self.n_outputs = sum(self.widths)

    def loss(self, name: str | Loss, settings: Mapping[str, Any] | None = None) -> Loss:
        """Make the losses of this name that suit the columns, side by side."""
        return MultiOutputLoss(
            [column.loss(name, settings) for column in self.columns], self.widths
        )

    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Return what each column's target makes of it, side by side."""
        check_columns(y, len(self.columns))
        parts = [column.encode(y[:, i], codes) for i, column in enumerate(self.columns)]
        return np.hstack(parts)

    def decode(self, z: Array, loss: Loss) -> Array:
        """Return a column of labels for each target."""
        answers = [column.decode(part, own) for column, part, own in self._answering(loss, z)]
        return np.column_stack(answers)

    def decision(self, z: Array) -> Any:
        """Return a list with the raw outputs of each column."""
        return [column.decision(part) for column, part in self._parts(z)]

    def average_members(self, z: Array, loss: Loss) -> Array:
        """Return what each column's target makes of the members, side by side."""
        answering = self._answering(loss, z)
        return np.hstack([column.average_members(part, own) for column, part, own in answering])

    def average_members_backward(self, z: Array, dv: Array, loss: Loss) -> Array:
        """Return what reaches the members of each column's target, side by side."""
        answering = zip(self._answering(loss, z), split_outputs(dv, self.widths), strict=True)
        passed = [
            column.average_members_backward(part, dw, own) for (column, part, own), dw in answering
        ]
        return np.concatenate(passed, axis=-1)

    def smoothed(self, Y: Array, share: float) -> Array:
        """Spread a share of each column's row evenly over its classes."""
        return np.hstack([column.smoothed(part, share) for column, part in self._parts(Y)])

    def log_proba(self, loss: Loss, z: Array) -> Any:
        """Return a list with the logarithms of each column's probabilities."""
        return [column.log_proba(own, part) for column, part, own in self._answering(loss, z)]

    def proba(self, loss: Loss, z: Array) -> Any:
        """Return a list with each column's probabilities."""
        return [column.proba(own, part) for column, part, own in self._answering(loss, z)]

    def _answering(self, loss: Any, z: Array) -> list[tuple[ClassTarget, Array, Loss]]:
        """Return each column's target with its part of the raw outputs and its loss."""
        return list(zip(self.columns, split_outputs(z, self.widths), loss.losses, strict=True))

    def _parts(self, array: Array) -> list[tuple[ClassTarget, Array]]:
        """Return each column's target with its part of the outputs."""
        return list(zip(self.columns, split_outputs(array, self.widths), strict=True))
