"""Targets of labels: binary, multiclass, multilabel and several columns of labels."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

from sknn.engine import NLL, Hinge, Loss, MultiOutputLoss
from sknn.engine._typing import Array
from sknn.engine.losses.classification import log_softmax
from sknn.targets.base import Target, check_columns
from sknn.targets.losses import BINARY, MULTICLASS

#: The start of errors about labels that cannot be sorted.
COMPARABLE_LABELS = "Labels must be all strings or all numbers"

#: The part of label smoothing by frequencies that is spread evenly in any case.
EVEN_FRACTION = 0.02


class ClassTarget(Target):
    """Labels, predicted from raw outputs that rise with the probability of a class.

    `classes` are the sorted labels, for several columns a list of those of each.
    """

    def __init__(self, classes: Any) -> None:
        self.classes = classes
        self.n_outputs = len(classes)

    def attributes(self) -> dict[str, Any]:
        """Return the classes."""
        return {"classes_": self.classes}

    def settings(self) -> dict[str, Any]:
        """Return nothing: the classes determine the target."""
        return {}

    @classmethod
    def restore(cls, n_outputs: int, settings: Mapping[str, Any], classes: Any) -> "ClassTarget":
        """Build the target from its classes; the other arguments are not used."""
        return cls(classes)

    def loss(self, name: str | Loss, settings: Mapping[str, Any] | None = None) -> Loss:
        """Make the loss of this name, which has no settings; a Loss is returned as it is."""
        return self.losses[name]() if isinstance(name, str) else super().loss(name)

    def smooth_labels(self, Y: Array, fraction: float, frequencies: Array | None = None) -> Array:
        """Move a fraction of each label to `frequencies` of shape (n_outputs,), or evenly."""
        towards = self.even_labels
        if frequencies is not None:
            towards = (1 - EVEN_FRACTION) * frequencies + EVEN_FRACTION * towards
        smoothed = (1 - fraction) * Y
        smoothed += fraction * towards
        return smoothed

    @property
    def even_labels(self) -> Array:
        """The label that is the same for all classes: 1/2 in each column of 0/1 labels."""
        return np.full(self.n_outputs, 0.5)

    @abstractmethod
    def log_proba(self, loss: Loss, z: Array) -> Any:
        """Return the logarithm of the probability of each class, shape (n, n_classes)."""

    def proba(self, loss: Loss, z: Array) -> Any:
        """Return the probability of each class, shape (n, n_classes)."""
        return np.exp(self.log_proba(loss, z))


class BinaryTarget(ClassTarget):
    """Two classes: a single raw output, positive for the second class."""

    kind = "binary"
    losses = BINARY

    def __init__(self, classes: Array) -> None:
        super().__init__(classes)
        self.n_outputs = 1

    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Return the positive code for the second class, the negative for the first."""
        return np.array(codes)[class_numbers(self.classes, y)][:, None]

    def decode(self, z: Array, loss: Loss) -> Array:
        """Return the second class where the raw output is above 0."""
        return self.classes[(z[:, 0] > 0).astype(int)]

    def decision(self, z: Array) -> Array:
        """Return the raw outputs, shape (n,)."""
        return z[:, 0]

    def proba(self, loss: Loss, z: Array) -> Array:
        """Return both probabilities, shape (n, 2)."""
        return loss.inverse_link(np.hstack([-z, z]))

    def log_proba(self, loss: Loss, z: Array) -> Array:
        """Return both log-probabilities, shape (n, 2); the first is ``log sigmoid(-z)``."""
        return loss.log_inverse_link(np.hstack([-z, z]))


class MulticlassTarget(ClassTarget):
    """K exclusive classes, K != 2: a raw output for each. With K = 1 the class is certain."""

    kind = "multiclass"
    losses = MULTICLASS
    more_losses = (NLL, Hinge)  # one-vs-rest

    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Return the positive code in the column of each sample's class, else the negative."""
        negative, positive = codes
        Y = np.full((len(y), self.n_outputs), negative)
        Y[np.arange(len(y)), class_numbers(self.classes, y)] = positive
        return Y

    @property
    def even_labels(self) -> Array:
        """The label that is the same for all classes."""
        return np.full(self.n_outputs, 1 / self.n_outputs)

    def decode(self, z: Array, loss: Loss) -> Array:
        """Return the class with the largest raw output."""
        return self.classes[z.argmax(axis=1)]

    def log_proba(self, loss: Loss, z: Array) -> Array:
        """Return the logarithms of the output activations, normalized over the classes."""
        log_p: Array = log_softmax(loss.log_inverse_link(z))
        return log_p

    def average_members(self, z: Array, loss: Loss) -> Array:
        """Return raw outputs of the members' mean probabilities (sigmoids: normalized first)."""
        if loss.out_activation != "logistic" or self.n_outputs == 1:
            return super().average_members(z, loss)
        log_p = logsumexp(self.log_proba(loss, z), axis=0) - np.log(len(z))
        logits: Array = log_p - _log_complements(log_p)
        return logits.astype(z.dtype, copy=False)

    def average_members_backward(self, z: Array, dv: Array, loss: Loss) -> Array:
        """Return the gradient with respect to the members' raw outputs."""
        if loss.out_activation != "logistic" or self.n_outputs == 1:
            return super().average_members_backward(z, dv, loss)
        log_p = self.log_proba(loss, z)
        d_mean = dv + _log_complements_backward(logsumexp(log_p, axis=0) - np.log(len(z)), -dv)
        d_log_p = d_mean * softmax(log_p, axis=0)
        d_log_a = d_log_p - np.exp(log_p) * d_log_p.sum(axis=-1, keepdims=True)
        dz: Array = d_log_a * loss.inverse_link(-z)
        return dz.astype(z.dtype, copy=False)


def _log_complements(log_p: Array) -> Array:
    """Return ``log(1 - p)`` of probabilities, shape (n, k), whose rows have sum 1.

    Only the largest p of a row can be near 1: its complement is the sum of the others.
    """
    largest, others = _split_largest(log_p)
    complements = np.log1p(-np.exp(others))
    np.put_along_axis(complements, largest, logsumexp(others, axis=-1, keepdims=True), axis=-1)
    return complements


def _log_complements_backward(log_p: Array, dv: Array) -> Array:
    """Return the gradient of `_log_complements`: ``sum_i dv_i p_j / (1 - p_i)`` over i != j."""
    largest, others = _split_largest(log_p)
    d_others = dv / (1 - np.exp(others))
    np.put_along_axis(d_others, largest, 0, axis=-1)
    d_log_p = np.exp(log_p) * (d_others.sum(axis=-1, keepdims=True) - d_others)
    return d_log_p + np.take_along_axis(dv, largest, axis=-1) * softmax(others, axis=-1)


def _split_largest(log_p: Array) -> tuple[NDArray[np.intp], Array]:
    """Return the index of the largest element of each row, and a copy with -inf there."""
    largest, others = log_p.argmax(axis=-1, keepdims=True), log_p.copy()
    np.put_along_axis(others, largest, -np.inf, axis=-1)
    return largest, others


class MultilabelTarget(ClassTarget):
    """Any number of labels at once, numbered by `classes`: a binary raw output for each."""

    kind = "multilabel"
    losses = BINARY

    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Return the positive code where y is 1, the negative where it is 0."""
        check_columns(y, self.n_outputs)
        if not np.isin(y, (0, 1)).all():
            others = np.setdiff1d(y, (0, 1))[:5].tolist()
            raise ValueError(
                f"A multilabel y must hold only 0 and 1, got also {others}. Encode the labels as a "
                "0/1 matrix, for example with MultiLabelBinarizer."
            )
        return np.array(codes)[y.astype(int)]

    def decode(self, z: Array, loss: Loss) -> Array:
        """Return 1 where the raw output is above 0, else 0."""
        return (z > 0).astype(int)

    def proba(self, loss: Loss, z: Array) -> Array:
        """Return the probability of each label, shape (n, n_labels)."""
        return loss.inverse_link(z)

    def log_proba(self, loss: Loss, z: Array) -> Array:
        """Return the logarithm of the probability of each label."""
        return loss.log_inverse_link(z)


class MultioutputTarget(ClassTarget):
    """Several columns of labels, each with its own classes: targets side by side."""

    kind = "multioutput"
    losses = BINARY

    def __init__(self, classes: Sequence[Array]) -> None:
        self.classes = list(classes)
        self.columns = [label_target(labels) for labels in self.classes]
        self.widths = [column.n_outputs for column in self.columns]
        self.n_outputs = sum(self.widths)

    def loss(self, name: str | Loss, settings: Mapping[str, Any] | None = None) -> Loss:
        """Make the loss of each column, as one `MultiOutputLoss`."""
        losses = [column.loss(name, settings) for column in self.columns]
        return MultiOutputLoss(losses, self.widths)

    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Encode each column, side by side."""
        check_columns(y, len(self.columns))
        return np.hstack([column.encode(y[:, i], codes) for i, column in enumerate(self.columns)])

    def decode(self, z: Array, loss: Loss) -> Array:
        """Return a column of labels for each target."""
        parts = self._parts(loss, z)
        labels = [column.decode(part, one) for column, one, part in parts]
        if len({column.dtype.kind in "OU" for column in labels}) > 1:  # text and numbers
            labels = [column.astype(object) for column in labels]
        return np.column_stack(labels)

    def decision(self, z: Array) -> Any:
        """Return a list with the raw outputs of each column."""
        return [column.decision(part) for column, part in self._split(z)]

    @property
    def even_labels(self) -> Array:
        """The labels that are the same for all classes of each column."""
        return np.concatenate([column.even_labels for column in self.columns])

    def average_members(self, z: Array, loss: Loss) -> Array:
        """Average the members for each column, side by side."""
        parts = self._parts(loss, z)
        return np.hstack([column.average_members(part, one) for column, one, part in parts])

    def average_members_backward(self, z: Array, dv: Array, loss: Loss) -> Array:
        """Return each column's gradient, side by side."""
        parts = zip(self._parts(loss, z), self._split(dv), strict=True)
        gradients = [
            column.average_members_backward(part, d_part, one)
            for (column, one, part), (_, d_part) in parts
        ]
        return np.concatenate(gradients, axis=-1)

    def log_proba(self, loss: Loss, z: Array) -> Any:
        """Return a list with the logarithms of each column's probabilities."""
        return [column.log_proba(one, part) for column, one, part in self._parts(loss, z)]

    def proba(self, loss: Loss, z: Array) -> Any:
        """Return a list with each column's probabilities."""
        return [column.proba(one, part) for column, one, part in self._parts(loss, z)]

    def _parts(self, loss: Any, z: Array) -> list[tuple[ClassTarget, Loss, Array]]:
        """Return each column's target, its loss and its part of the raw outputs."""
        parts = zip(self._split(z), loss.losses, strict=True)
        return [(column, one, part) for (column, part), one in parts]

    def _split(self, array: Array) -> list[tuple[ClassTarget, Array]]:
        """Return each column's target and its part of the last axis."""
        parts = np.split(array, np.cumsum(self.widths)[:-1], axis=-1)
        return list(zip(self.columns, parts, strict=True))


def label_target(classes: Array) -> ClassTarget:
    """Make the target of exclusive labels: binary if there are two, else multiclass."""
    return BinaryTarget(classes) if len(classes) == 2 else MulticlassTarget(classes)


def class_numbers(classes: Array, y: Array) -> NDArray[np.intp]:
    """Return the index of each label of y, shape (n,), in the classes.

    Raises
    ------
    ValueError, TypeError
        If y has an unknown label or more than one column, or labels that cannot be sorted.
    """
    if y.ndim != 1:
        raise ValueError(f"y should be a 1d array of labels, got an array of shape {y.shape}.")
    with sorting_labels():
        labels, codes = label_codes(y)
    numbers = {label: number for number, label in enumerate(classes.tolist())}
    if not numbers.keys() >= set(labels.tolist()):
        raise ValueError(
            f"`y` has classes not in `self.classes_`. `self.classes_` has {classes}. "
            f"'y' has {labels}."
        )
    order = np.array([numbers[label] for label in labels.tolist()], dtype=np.intp)
    is_sorted = (order == np.arange(len(order))).all()
    return codes if is_sorted else order[codes]


def label_codes(y: Array) -> tuple[Array, NDArray[np.intp]]:
    """Return the sorted labels of y, shape (n,), and the index of each row's label in them.

    It is `numpy.unique` with less memory; text is hashed, since to sort millions of Python strings
    takes minutes.
    """
    if y.dtype.kind != "O":
        labels = np.unique(y)
        return labels, np.searchsorted(labels, y)
    known = sorted(set(y))
    labels = np.empty(len(known), dtype=object)
    labels[:] = known
    number_of = {label: number for number, label in enumerate(known)}
    return labels, np.fromiter(map(number_of.__getitem__, y), np.intp, len(y))


@contextmanager
def sorting_labels() -> Iterator[None]:
    """Explain a TypeError of the block: labels of different types cannot be sorted."""
    try:
        yield
    except TypeError as error:
        raise TypeError(f"{COMPARABLE_LABELS}: {error}.") from error
