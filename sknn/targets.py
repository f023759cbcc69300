"""Targets: y as people write it <-> the float matrix that losses compare with; which loss fits.

A target is described by plain values (its kind, its classes), so that a fitted estimator can hold
those and make the target anew whenever it predicts.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence, Set
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_softmax, logsumexp, softmax

from sknn.engine import (
    NLL,
    NLLM,
    AbsoluteError,
    Brier,
    CrammerSinger,
    Gamma,
    Hinge,
    Huber,
    Loss,
    Poisson,
    Quantile,
    SideBySide,
    SquaredError,
    SquaredHinge,
)
from sknn.engine.losses.base import mean_of_known
from sknn.engine.losses.composed import parted
from sknn.engine.types import Array

#: The smallest and the largest unit of a loss.
UNITS = (1e-290, 1e290)


class Target(ABC):
    """What y means: how to write it as numbers, and how to read raw outputs back.

    Attributes
    ----------
    kind : str
        Its name in `TARGETS`.
    losses : mapping of str to Loss class
        Which loss a name stands for here.
    more_losses : tuple of Loss classes
        Others that can be asked for as objects.
    default_loss : str
        What "auto" stands for.
    n_outputs : int
        Units that the last layer needs.
    """

    kind: ClassVar[str]
    losses: ClassVar[Mapping[str, type[Loss]]]
    more_losses: ClassVar[tuple[type[Loss], ...]] = ()
    default_loss: ClassVar[str] = "log_loss"
    n_outputs: int

    @abstractmethod
    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Write y as a matrix of shape (n, n_outputs).

        Parameters
        ----------
        y : array of shape (n,) or (n, n_outputs)
            Labels, 0/1 indicators or real numbers.
        codes : (float, float)
            How the loss writes "no" and "yes".

        Raises
        ------
        ValueError
            If y has other classes or another number of columns than this target.
        """

    @abstractmethod
    def decode(self, z: Array, loss: Loss) -> Array:
        """Read the predictions from the raw outputs that this loss was trained on."""

    def attributes(self) -> dict[str, Any]:
        """Return what a fitted estimator publishes of it."""
        return {}

    def settings(self) -> dict[str, Any]:
        """Return what else makes the same target again."""
        return {}

    def smoothed(self, Y: Array, share: float) -> Array:
        """Spread a share of each row evenly over the possible answers; only labels can."""
        return Y

    def decision(self, z: Array) -> Array:
        """Return the raw outputs in the shape that scikit-learn gives to decision functions."""
        return z

    def units(self, loss: Loss) -> Sequence[float]:
        """Return for each column what a loss of the network's numbers is for y's, times over."""
        return [1.0] * self.n_outputs

    def joined(self, z: Array, loss: Loss) -> Array:
        """Return raw outputs, shape (n, k), that say what members, (g, n, k), say on average."""
        return loss.joined(z)

    def joined_backward(self, z: Array, dv: Array, loss: Loss) -> Array:
        """Pass the blame back through `joined`, from (n, k) to (g, n, k)."""
        return loss.joined_backward(z, dv)

    def loss_name(self, setting: str | Loss) -> str | Loss:
        """Return the name of a loss, resolving "auto"."""
        return self.default_loss if isinstance(setting, str) and setting == "auto" else setting

    def loss(self, name: str | Loss, settings: Mapping[str, Any] | None = None) -> Loss:
        """Make the loss of this name that suits this kind of target, or pass one on.

        Raises
        ------
        ValueError
            If it is one of the engine's that is for another kind of target.
        """
        if not isinstance(name, Loss):
            return self.losses[name](**(settings or {}))
        fitting = {*self.losses.values(), *self.more_losses}
        if type(name) in EVERY_LOSS - fitting:
            names = ", ".join(sorted(loss.__name__ for loss in fitting))
            raise ValueError(
                f"{type(name).__name__} loss is not for a {self.kind} target; for it there are "
                f"{names}, or a Loss of your own."
            )
        return name


class RealTarget(Target):
    """Real numbers; one column is read back as a flat array.

    Parameters
    ----------
    n_outputs : int
        Columns of y.
    center, scale : array of shape (n_outputs,), optional
        The network sees ``(y - center) / scale``; if left out, y as it is.
    """

    kind = "real"
    losses: ClassVar[Mapping[str, type[Loss]]] = {
        "squared_error": SquaredError,
        "absolute_error": AbsoluteError,
        "huber": Huber,
        "quantile": Quantile,
        "poisson": Poisson,
        "gamma": Gamma,
    }
    default_loss = "squared_error"

    def __init__(
        self, n_outputs: int, center: Array | None = None, scale: Array | None = None
    ) -> None:
        self.n_outputs = n_outputs
        self.center = center
        self.scale = scale

    def settings(self) -> dict[str, Any]:
        """Return what y is measured by."""
        return {"center": self.center, "scale": self.scale}

    def standardized(self, y: Array, w: Array | None, loss: Loss) -> "RealTarget":
        """Return the target whose numbers have about the size of 1, as a loss likes them.

        Parameters
        ----------
        y : array of shape (n,) or (n, n_outputs)
            What to learn the size from; NaN is not known.
        w : array of shape (n,) or None
            Weights of the samples.
        loss : Loss
            With a linear output they get mean 0 and standard deviation 1; with an exponential one,
            which needs them positive, mean 1. With another they stay as they are.
        """
        Y = y.reshape(len(y), -1).astype(np.float64)
        largest = np.nanmax(np.abs(Y), axis=0, initial=0)
        unit = np.where(largest > 0, largest, 1)  # no square can overflow
        mean = mean_of_known(Y / unit, w)
        center = np.zeros(self.n_outputs)
        if loss.out_activation == "exp":
            scale = mean
        elif loss.out_activation == "identity" and loss.domain[0] == -np.inf:
            center = mean * unit
            scale = np.sqrt(mean_of_known((Y / unit - mean) ** 2, w))
            scale = np.where(scale > 10 * np.finfo(np.float64).eps, scale, 0)  # else it is constant
        else:
            return self
        return RealTarget(self.n_outputs, center, np.where(scale > 0, scale * unit, 1))

    def units(self, loss: Loss) -> Sequence[float]:
        """Return for each column what a loss of the network's numbers is for y's, times over.

        What is too large or too small to be written is as large or small as can be multiplied.
        """
        if self.scale is None:
            return super().units(loss)
        with np.errstate(over="ignore", under="ignore"):
            units: list[float] = np.clip(self.scale**loss.degree, *UNITS).tolist()
        return units

    def loss(self, name: str | Loss, settings: Mapping[str, Any] | None = None) -> Loss:
        """Make the loss of this name, its settings in the units that the network sees."""
        if name == "huber" and self.scale is not None and settings:
            with np.errstate(over="ignore"):  # a delta without bounds is that of squared errors
                settings = {"delta": (settings["delta"] / self.scale).tolist()}
        return super().loss(name, settings)

    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Return y as a matrix."""
        Y = y.reshape(len(y), -1)
        _check_columns(Y, self.n_outputs)
        if self.scale is None or self.center is None:
            return Y
        with np.errstate(over="ignore"):
            scaled = (Y - self.center) / self.scale
            return np.where(np.isinf(scaled), Y / self.scale - self.center / self.scale, scaled)

    def decode(self, z: Array, loss: Loss) -> Array:
        """Return the output activations, flat if there is one; several for each come last."""
        answers = loss.activate(z).reshape(len(z), self.n_outputs, -1)
        if self.scale is not None and self.center is not None:
            answers = answers * self.scale[:, None] + self.center[:, None]
        if answers.shape[2] == 1:
            answers = answers[:, :, 0]
        return answers[:, 0] if self.n_outputs == 1 else answers


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


class BinaryTarget(ClassTarget):
    """One of two classes: a single unit that says how much it speaks for the second.

    Parameters
    ----------
    classes : array of shape (2,)
        The labels, sorted.
    """

    kind = "binary"
    losses: ClassVar[Mapping[str, type[Loss]]] = {
        "log_loss": NLL,
        "hinge": Hinge,
        "squared_hinge": SquaredHinge,
        "squared_error": SquaredError,
        "brier": Brier,
    }

    def __init__(self, classes: Array) -> None:
        self.classes = classes
        self.n_outputs = 1

    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Return "yes" for the second class, "no" for the first."""
        return np.array(codes)[class_numbers(self.classes, y)][:, None]

    def decode(self, z: Array, loss: Loss) -> Array:
        """Return the second class where the raw output is above 0."""
        return self.classes[(z[:, 0] > 0).astype(int)]

    def decision(self, z: Array) -> Array:
        """Return the raw outputs, flat."""
        return z[:, 0]

    def proba(self, loss: Loss, z: Array) -> Array:
        """Return both probabilities, which rise and fall with the raw output."""
        return loss.activate(np.hstack([-z, z]))

    def log_proba(self, loss: Loss, z: Array) -> Array:
        """Return both logarithms; that of the first class uses ``1 - sigmoid(z) = sigmoid(-z)``."""
        return loss.log_activate(np.hstack([-z, z]))


class MulticlassTarget(ClassTarget):
    """One of K classes, K other than 2: a unit each. A single class is always right.

    Parameters
    ----------
    classes : array of shape (K,)
        The labels, sorted.
    """

    kind = "multiclass"
    losses: ClassVar[Mapping[str, type[Loss]]] = {
        **BinaryTarget.losses,
        "log_loss": NLLM,
        "hinge": CrammerSinger,
    }
    more_losses = (NLL, Hinge)  # one class against the rest

    def __init__(self, classes: Array) -> None:
        self.classes = classes
        self.n_outputs = len(classes)

    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Return "yes" in the column of each sample's class, "no" elsewhere."""
        no, yes = codes
        Y = np.full((len(y), self.n_outputs), no)
        Y[np.arange(len(y)), class_numbers(self.classes, y)] = yes
        return Y

    def smoothed(self, Y: Array, share: float) -> Array:
        """Spread a share of each row evenly over the classes."""
        return (1 - share) * Y + share / self.n_outputs

    def decode(self, z: Array, loss: Loss) -> Array:
        """Return the class with the largest raw output."""
        return self.classes[z.argmax(axis=1)]

    def log_proba(self, loss: Loss, z: Array) -> Array:
        """Return the output activations' logarithms, normalised over the classes."""
        log_p: Array = log_softmax(loss.log_activate(z), axis=-1)
        return log_p

    def joined(self, z: Array, loss: Loss) -> Array:
        """Average probabilities, which of sigmoids are normalised member by member."""
        if loss.out_activation != "logistic" or self.n_outputs == 1:
            return super().joined(z, loss)
        log_p = logsumexp(self.log_proba(loss, z), axis=0) - np.log(len(z))
        answer: Array = log_p - logsumexp(self._others(log_p), axis=-1)
        return answer.astype(z.dtype, copy=False)

    def joined_backward(self, z: Array, dv: Array, loss: Loss) -> Array:
        """Pass the blame back through the logarithms of all members' normalised probabilities."""
        if loss.out_activation != "logistic" or self.n_outputs == 1:
            return super().joined_backward(z, dv, loss)
        log_p = self.log_proba(loss, z)
        of_rivals = softmax(self._others(logsumexp(log_p, axis=0)), axis=-1)
        d_log_p = (dv - np.einsum("nk,nkj->nj", dv, of_rivals)) * softmax(log_p, axis=0)
        d_log_a = d_log_p - np.exp(log_p) * d_log_p.sum(axis=-1, keepdims=True)
        dz: Array = d_log_a * loss.activate(-z)
        return dz

    def _others(self, log_p: Array) -> Array:
        """Return for each class the row without it, shape (n, k, k)."""
        return np.where(np.eye(self.n_outputs, dtype=bool), -np.inf, log_p[:, None, :])


class MultilabelTarget(ClassTarget):
    """Any number of labels at once: independent yes/no questions, a unit each.

    Parameters
    ----------
    classes : array of shape (n_labels,)
        The numbers of the columns of y.
    """

    kind = "multilabel"
    losses = BinaryTarget.losses

    def __init__(self, classes: Array) -> None:
        self.classes = classes
        self.n_outputs = len(classes)

    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Return "yes" where the indicator is 1, "no" where it is 0."""
        _check_columns(y, self.n_outputs)
        if not np.isin(y, (0, 1)).all():
            raise ValueError("A multilabel y must hold only 0 and 1: is the label there or not.")
        return np.array(codes)[y.astype(int)]

    def decode(self, z: Array, loss: Loss) -> Array:
        """Return 1 where the raw output is above 0, else 0."""
        return (z > 0).astype(int)

    def proba(self, loss: Loss, z: Array) -> Array:
        """Return each label's probability, which rises and falls with its raw output."""
        return loss.activate(z)

    def log_proba(self, loss: Loss, z: Array) -> Array:
        """Return the logarithm of each label's probability."""
        return loss.log_activate(z)


class MultioutputTarget(ClassTarget):
    """Several columns of labels, each with classes of its own: targets side by side.

    Parameters
    ----------
    classes : list of arrays
        The labels of each column, sorted.
    """

    kind = "multioutput"
    losses = BinaryTarget.losses

    def __init__(self, classes: Sequence[Array]) -> None:
        self.classes = list(classes)
        self.columns = [label_target(labels) for labels in self.classes]
        self.widths = [column.n_outputs for column in self.columns]
        self.n_outputs = sum(self.widths)

    def loss(self, name: str | Loss, settings: Mapping[str, Any] | None = None) -> Loss:
        """Make the losses of this name that suit the columns, side by side."""
        return SideBySide([column.loss(name, settings) for column in self.columns], self.widths)

    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Return what each column's target makes of it, side by side."""
        _check_columns(y, len(self.columns))
        parts = [column.encode(y[:, i], codes) for i, column in enumerate(self.columns)]
        return np.hstack(parts)

    def decode(self, z: Array, loss: Loss) -> Array:
        """Return a column of labels for each target."""
        answers = [column.decode(part, own) for column, part, own in self._answering(loss, z)]
        return np.column_stack(answers)

    def decision(self, z: Array) -> Any:
        """Return a list with the raw outputs of each column."""
        return [column.decision(part) for column, part in self._parts(z)]

    def joined(self, z: Array, loss: Loss) -> Array:
        """Return what each column's target makes of the members, side by side."""
        answering = self._answering(loss, z)
        return np.hstack([column.joined(part, own) for column, part, own in answering])

    def joined_backward(self, z: Array, dv: Array, loss: Loss) -> Array:
        """Return what reaches the members of each column's target, side by side."""
        answering = zip(self._answering(loss, z), parted(dv, self.widths), strict=True)
        passed = [column.joined_backward(part, dw, own) for (column, part, own), dw in answering]
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
        return list(zip(self.columns, parted(z, self.widths), loss.losses, strict=True))

    def _parts(self, array: Array) -> list[tuple[ClassTarget, Array]]:
        """Return each column's target with its part of the outputs."""
        return list(zip(self.columns, parted(array, self.widths), strict=True))


def label_target(classes: Array) -> ClassTarget:
    """Make the target of labels that exclude each other: two of them need one unit only."""
    return BinaryTarget(classes) if len(classes) == 2 else MulticlassTarget(classes)


def class_numbers(classes: Array, y: Array) -> NDArray[np.intp]:
    """Return the position of each label of y, shape (n,), among the classes.

    Raises
    ------
    ValueError
        If y has a label that is no class, or more than one column.
    """
    if y.ndim != 1:
        raise ValueError(f"y should be a 1d array of labels, got an array of shape {y.shape}.")
    try:
        labels, positions = np.unique(y, return_inverse=True)
    except TypeError as error:
        raise TypeError(f"Labels must be all strings or all numbers: {error}.") from error
    numbers = {label: number for number, label in enumerate(classes.tolist())}
    if not numbers.keys() >= set(labels.tolist()):
        raise ValueError(
            f"`y` has classes not in `self.classes_`. `self.classes_` has {classes}. "
            f"'y' has {labels}."
        )
    return np.array([numbers[label] for label in labels.tolist()], dtype=np.intp)[positions]


def _check_columns(Y: Array, n_outputs: int) -> None:
    if Y.ndim != 2 or Y.shape[1] != n_outputs:
        raise ValueError(
            f"y should have as many columns as when training began, {n_outputs}; it has "
            f"{1 if Y.ndim == 1 else Y.shape[1]}."
        )


#: The kinds of target by name.
TARGETS: Mapping[str, Any] = {
    target.kind: target
    for target in (RealTarget, BinaryTarget, MulticlassTarget, MultilabelTarget, MultioutputTarget)
}

#: The losses that the engine has for one kind of target or another.
EVERY_LOSS: Set[type[Loss]] = {
    loss for target in TARGETS.values() for loss in target.losses.values()
}
