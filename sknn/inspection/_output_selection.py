"""Aims: which of the numbers that a model answers with is looked at, sample by sample."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn.engine import Loss
from sknn.engine._typing import Array
from sknn.targets import (
    BinaryTarget,
    MulticlassTarget,
    MultilabelTarget,
    MultioutputTarget,
    RealTarget,
    Target,
)


@dataclass(frozen=True)
class Aim:
    """One number of each sample: of its raw outputs, or of what these are activated to.

    Attributes
    ----------
    directions : array of shape (n, k) or None
        How each output counts: 0, 1 or -1. None: the class that is predicted counts 1.
    units : array of shape (n, 1) or None
        What the number is multiplied by, for it to be in the units of y.
    """

    directions: Array | None
    units: Array | None = None

    def at(self, rows: slice, joined: Array) -> Array:
        """Return the directions of some rows, whose raw outputs are `joined`, in their type."""
        if self.directions is None:
            return one_hot(joined.argmax(axis=-1), joined.shape[-1]).astype(joined.dtype)
        return self.directions[rows].astype(joined.dtype)


def aim(y: Target, loss: Loss, asked: Any, n: int) -> Aim:
    """Read what users call `target`.

    Parameters
    ----------
    y : Target
        What y means.
    loss : Loss
        What was trained on.
    asked : object
        The parameter.
    n : int
        How many samples there are.

    Raises
    ------
    ValueError
        If there is no such class or output, or there are several and none is named.
    """
    return AIMS[y.kind](y, loss, asked, n)


def _of_two_classes(y: Any, loss: Loss, asked: Any, n: int) -> Aim:
    if asked is None:
        return Aim(np.ones((n, 1)))
    return Aim(2.0 * _numbers(y.classes, asked, n)[:, None] - 1)


def _of_classes(y: Any, loss: Loss, asked: Any, n: int) -> Aim:
    if asked is None:
        return Aim(None)
    return Aim(one_hot(_numbers(y.classes, asked, n), y.n_outputs))


def _of_labels(y: Any, loss: Loss, asked: Any, n: int) -> Aim:
    if asked is None and y.n_outputs > 1:
        raise ValueError(f"There are {y.n_outputs} labels: give the number of one as target.")
    return _of_classes(y, loss, 0 if asked is None else asked, n)


def _of_columns(y: Any, loss: Any, asked: Any, n: int) -> Aim:
    if not _is_pair(asked) or asked[0] not in range(len(y.columns)) or asked[1] is None:
        raise ValueError(
            f"There are {len(y.columns)} columns of labels: give target=(column, label); got "
            f"{asked!r}."
        )
    number, label = asked
    part = aim(y.columns[number], loss.losses[number], label, n).directions
    directions = np.zeros((n, y.n_outputs))
    first = sum(y.widths[:number])
    directions[:, first : first + y.widths[number]] = part
    return Aim(directions)


def _of_numbers(y: Any, loss: Loss, asked: Any, n: int) -> Aim:
    per_output = loss.units_per_output
    k = y.n_outputs * per_output
    if asked is None and k > 1:
        raise ValueError(
            f"There are {y.n_outputs} outputs of {per_output} numbers each: give the number of one "
            "as target, or (output, quantile)."
        )
    if y.n_outputs > 1 and per_output > 1:
        number = _pair(asked, y.n_outputs, per_output)
    else:
        number = _numbers(np.arange(k), 0 if asked is None else asked, n)
    columns = np.broadcast_to(number, n)
    units = None if y.scale is None else y.scale[columns // per_output][:, None]
    return Aim(one_hot(columns, k), units)


def _is_pair(asked: Any) -> bool:
    return isinstance(asked, tuple) and len(asked) == 2


def _pair(asked: Any, n_outputs: int, per_output: int) -> Any:
    """Return the column of one quantile of one output."""
    inside = _is_pair(asked) and asked[0] in range(n_outputs) and asked[1] in range(per_output)
    if not inside:
        raise ValueError(
            f"Give target=(output, quantile), below {n_outputs} and {per_output}; got {asked!r}."
        )
    return asked[0] * per_output + asked[1]


def _numbers(known: Array, asked: Any, n: int) -> Array:
    """Return the position of what is asked for among what is known, for each of n samples."""
    labels = np.asarray(asked)
    if labels.shape not in ((), (n,)):
        raise ValueError(
            f"target must be one of {known.tolist()}, or an array with one for each of the {n} "
            f"samples; got shape {labels.shape}."
        )
    position = {label: number for number, label in enumerate(known.tolist())}
    unknown = [label for label in np.unique(labels).tolist() if label not in position]
    if unknown:
        raise ValueError(f"target must be one of {known.tolist()}, got {unknown[0]!r}.")
    numbers = [position[label] for label in labels.ravel().tolist()]
    return np.broadcast_to(np.array(numbers, dtype=np.intp).reshape(labels.shape), n)


def one_hot(numbers: Array, k: int) -> Array:
    """Return rows of zeros with a single 1."""
    return np.eye(k)[numbers]


#: How `target` is read for each kind of y.
AIMS: Mapping[str, Callable[[Any, Any, Any, int], Aim]] = {
    BinaryTarget.kind: _of_two_classes,
    MulticlassTarget.kind: _of_classes,
    MultilabelTarget.kind: _of_labels,
    MultioutputTarget.kind: _of_columns,
    RealTarget.kind: _of_numbers,
}
