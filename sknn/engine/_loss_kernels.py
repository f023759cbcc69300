"""Loss kernels: how a training step computes the most frequent losses on preallocated arrays.

`LOSS_KERNELS` maps the exact type of a loss to calls that compute `value_and_gradient` with the
same operations, in less time. Any other loss is computed by that method.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from scipy.special import expit

from sknn.engine._linalg import constant, product_call, scalars
from sknn.engine._typing import Array, Calls
from sknn.engine.losses import NLL, NLLM, Loss, SquaredError


def bind_loss(loss: Loss, z: Array, y: Array, scale: Array, losses: Array, dZ: Array) -> Calls:
    """Return the calls for the losses and the scaled gradient of the current values of z and y.

    Parameters
    ----------
    loss : Loss
        The loss.
    z, y : arrays of shape (..., n, k)
        Raw outputs and targets.
    scale : array of shape () or (..., n, 1)
        Factor of the gradient of each sample.
    losses : array of shape (..., n)
        Where the losses are written.
    dZ : array of shape (..., n, k)
        Where the scaled gradient is written.
    """
    kernel = LOSS_KERNELS.get(type(loss))
    alike = z.dtype == y.dtype == dZ.dtype == losses.dtype and z.shape == y.shape == dZ.shape
    if kernel is None or not alike:
        return [partial(_evaluate, loss, z, y, scale, losses, dZ)]
    return [*kernel(z, y, losses, dZ), partial(np.multiply, dZ, scale, dZ)]


def _evaluate(loss: Loss, z: Array, y: Array, scale: Array, losses: Array, dZ: Array) -> None:
    """Write the losses and the scaled gradient to arrays."""
    values, gradient = loss.value_and_gradient(z, y)
    check_losses(loss, values, gradient, z)
    np.copyto(losses, values)
    np.multiply(gradient, scale, dZ)


def check_losses(loss: Loss, losses: Array, gradient: Array | None, z: Array) -> None:
    """Raise ValueError unless there is a loss for each sample, and a gradient like z."""
    if np.shape(losses) != z.shape[:-1]:
        raise ValueError(
            f"{loss!r} must give a number for each sample, shape {z.shape[:-1]}; got shape "
            f"{np.shape(losses)}."
        )
    if gradient is not None and np.shape(gradient) != z.shape:
        raise ValueError(
            f"{loss!r} gives a gradient of shape {np.shape(gradient)}, but z has {z.shape}."
        )


def _bind_nll(z: Array, y: Array, losses: Array, dZ: Array) -> Calls:
    """Bind ``log(1 + exp(z)) - y z`` and ``sigmoid(z) - y``."""
    a, b, yz = (np.empty_like(z) for _ in range(3))
    minus, zero = scalars(z.dtype, -1, 0)
    total = losses[..., None] if z.shape[-1] == 1 else a
    return [
        partial(np.copysign, z, minus, a),
        partial(np.exp, a, a),
        partial(np.log1p, a, a),
        partial(np.maximum, z, zero, out=b),
        partial(np.multiply, y, z, yz),
        partial(np.subtract, b, yz, b),
        partial(np.add, a, b, total),
        *_row_sum_calls(total, losses),
        partial(expit, z, dZ),
        partial(np.subtract, dZ, y, dZ),
    ]


def _bind_nllm(z: Array, y: Array, losses: Array, dZ: Array) -> Calls:
    """Bind ``log sum exp(z) - sum y z``, shifted by the largest z, and ``softmax(z) - y``."""
    by_class = np.empty(z.swapaxes(-1, -2).shape, z.dtype)  # along its rows a maximum is faster
    largest, product = np.empty((*z.shape[:-1], 1), z.dtype), np.empty_like(z)
    yz, total = np.empty_like(losses), np.empty_like(losses)
    (lowest,) = scalars(z.dtype, np.finfo(z.dtype).min)
    return [
        partial(np.copyto, by_class, z.swapaxes(-1, -2)),
        partial(np.maximum.reduce, by_class, -2, None, largest[..., 0]),
        partial(np.subtract, z, largest, dZ),
        partial(np.maximum, dZ, lowest, out=dZ),
        partial(np.multiply, dZ, y, product),
        *_row_sum_calls(product, yz),
        partial(np.exp, dZ, dZ),
        *_row_sum_calls(dZ, total),
        partial(np.log, total, losses),
        partial(np.subtract, losses, yz, losses),
        partial(np.divide, dZ, total[..., None], dZ),
        partial(np.subtract, dZ, y, dZ),
    ]


def _bind_squared_error(z: Array, y: Array, losses: Array, dZ: Array) -> Calls:
    """Bind ``1/2 sum (z - y)^2`` and ``z - y``."""
    squares = losses[..., None] if z.shape[-1] == 1 else np.empty_like(z)
    (half,) = scalars(z.dtype, 0.5)
    return [
        partial(np.subtract, z, y, dZ),
        partial(np.multiply, dZ, dZ, squares),
        *_row_sum_calls(squares, losses),
        partial(np.multiply, half, losses, losses),
    ]


def _row_sum_calls(a: Array, sums: Array) -> Calls:
    """Return the calls that write the sums of the rows of `a`; none if both share their memory."""
    if a.shape[-1] > 1:
        return [product_call(a, constant(a.shape[-1], 1, a.dtype), sums)]
    return [] if np.may_share_memory(a, sums) else [partial(np.copyto, sums, a[..., 0])]


#: The kernels by exact type, as a subclass may compute something else. Each binds the calls that
#: write the losses and their gradient to the last two arrays.
LOSS_KERNELS: Mapping[type[Loss], Callable[[Array, Array, Array, Array], Calls]] = {
    NLL: _bind_nll,
    NLLM: _bind_nllm,
    SquaredError: _bind_squared_error,
}
