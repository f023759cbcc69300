"""The parameter `target`: which output of a model is differentiated, sample by sample."""

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
class OutputSelection:
    """A linear combination of the k outputs for each sample."""

    #: Shape (n, k), each 0, 1 or -1. None: 1 for the class with the largest raw output.
    coefficients: Array | None
    #: Factors to the units of y, shape (n, 1).
    scale: Array | None = None

    def of_rows(self, z: Array) -> Array:
        """Return the coefficients of the samples with raw outputs z, in the dtype of z."""
        if self.coefficients is None:
            return np.eye(z.shape[-1], dtype=z.dtype)[z.argmax(axis=-1)]
        return self.coefficients.astype(z.dtype)


def select_output(y: Target, loss: Loss, target: Any, n: int) -> OutputSelection:
    """Translate the parameter `target` for n samples.

    A ValueError says if there is no such class or output, or several and `target` is None.
    """
    return SELECTORS[y.kind](y, loss, target, n)


def _binary(y: Any, loss: Loss, target: Any, n: int) -> OutputSelection:
    if target is None:
        return OutputSelection(np.ones((n, 1)))
    return OutputSelection(2.0 * _indices(y.classes, target, n)[:, None] - 1)


def _multiclass(y: Any, loss: Loss, target: Any, n: int) -> OutputSelection:
    if target is None:
        return OutputSelection(None)
    return OutputSelection(np.eye(y.n_outputs)[_indices(y.classes, target, n)])


def _multilabel(y: Any, loss: Loss, target: Any, n: int) -> OutputSelection:
    if target is None and y.n_outputs > 1:
        raise ValueError(f"target must be the index of one of {y.n_outputs} labels, got None.")
    return _multiclass(y, loss, 0 if target is None else target, n)


def _multioutput(y: Any, loss: Any, target: Any, n: int) -> OutputSelection:
    if not _is_pair(target) or target[0] not in range(len(y.columns)) or target[1] is None:
        raise ValueError(
            f"target must be a pair (column, label), with a column from 0 to {len(y.columns) - 1}; "
            f"got {target!r}."
        )
    column, label = target
    selected = select_output(y.columns[column], loss.losses[column], label, n).coefficients
    coefficients = np.zeros((n, y.n_outputs))
    first = sum(y.widths[:column])
    coefficients[:, first : first + y.widths[column]] = selected
    return OutputSelection(coefficients)


def _regression(y: Any, loss: Loss, target: Any, n: int) -> OutputSelection:
    n_outputs, per_output = y.n_outputs, loss.units_per_output
    k = n_outputs * per_output
    if target is None and k > 1:
        raise ValueError(
            f"The model has {n_outputs} outputs with {per_output} values each, got target=None: "
            "give the index of one, or (output, quantile)."
        )
    if n_outputs > 1 and per_output > 1:
        sizes = range(n_outputs), range(per_output)
        if not _is_pair(target) or target[0] not in sizes[0] or target[1] not in sizes[1]:
            raise ValueError(
                f"target must be a pair (output, quantile), below {n_outputs} and {per_output}; "
                f"got {target!r}."
            )
        index = target[0] * per_output + target[1]
    else:
        index = _indices(np.arange(k), 0 if target is None else target, n)
    units = np.broadcast_to(index, n)
    scale = None if y.scale is None else y.scale[units // per_output][:, None]
    return OutputSelection(np.eye(k)[units], scale)


def _is_pair(target: Any) -> bool:
    return isinstance(target, tuple) and len(target) == 2


def _indices(known: Array, target: Any, n: int) -> Array:
    """Return the index among the known labels of one label, or of one for each of n samples."""
    labels = np.asarray(target)
    if labels.shape not in ((), (n,)):
        raise ValueError(
            f"target must be one of {known.tolist()}, or an array of {n} of them; got shape "
            f"{labels.shape}."
        )
    position = {label: i for i, label in enumerate(known.tolist())}
    unknown = [label for label in np.unique(labels).tolist() if label not in position]
    if unknown:
        raise ValueError(f"target must be one of {known.tolist()}, got {unknown[0]!r}.")
    indices = [position[label] for label in labels.ravel().tolist()]
    return np.broadcast_to(np.array(indices, dtype=np.intp).reshape(labels.shape), n)


#: Selections by the kind of target.
SELECTORS: Mapping[str, Callable[[Any, Any, Any, int], OutputSelection]] = {
    BinaryTarget.kind: _binary,
    MulticlassTarget.kind: _multiclass,
    MultilabelTarget.kind: _multilabel,
    MultioutputTarget.kind: _multioutput,
    RealTarget.kind: _regression,
}
