"""Loss kernels: how a training step computes the most frequent losses on preallocated arrays.

`LOSS_KERNELS` maps the exact type of a loss to calls that compute `value_and_gradient` with the
same operations, in less time. Any other loss is computed by that method.
"""

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from scipy.special import expit

from sknn.engine import _compiled
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
    return kernel(z, y, scale, losses, dZ)


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


def _bind_nll(z: Array, y: Array, scale: Array, losses: Array, dZ: Array) -> Calls:
    """Bind ``log(1 + exp(z)) - y z`` and ``sigmoid(z) - y``."""
    total = losses[..., None] if z.shape[-1] == 1 else np.empty_like(z)
    minus, zero = scalars(z.dtype, -1, 0)
    start: Calls = [
        partial(np.copysign, z, minus, total),
        partial(np.exp, total, total),
        partial(np.log1p, total, total),
        partial(expit, z, dZ),
    ]
    if compiled := _compiled.bind("nll", z, y, total, dZ, scale):
        return [*start, compiled, *_row_sum_calls(total, losses)]
    positive, yz = np.empty_like(z), np.empty_like(z)
    return [
        *start,
        partial(np.maximum, z, zero, out=positive),
        partial(np.multiply, y, z, yz),
        partial(np.subtract, positive, yz, positive),
        partial(np.add, total, positive, total),
        *_row_sum_calls(total, losses),
        partial(np.subtract, dZ, y, dZ),
        partial(np.multiply, dZ, scale, dZ),
    ]


def _bind_nllm(z: Array, y: Array, scale: Array, losses: Array, dZ: Array) -> Calls:
    """Bind ``log sum exp(z) - sum y z``, shifted by the largest z, and ``softmax(z) - y``."""
    product, yz, total = np.empty_like(z), np.empty_like(losses), np.empty_like(losses)
    lowest = float(np.finfo(z.dtype).min)
    shift = _compiled.bind("nllm_shift", z, y, dZ, product, constants=(lowest,))
    end = _compiled.bind("nllm", dZ, y, total, yz, losses, scale)
    return [
        *([shift] if shift else _shift_calls(z, y, lowest, dZ, product)),
        *_row_sum_calls(product, yz),
        partial(np.exp, dZ, dZ),
        *_row_sum_calls(dZ, total),
        partial(np.log, total, losses),
        *([end] if end else _softmax_calls(dZ, y, total, yz, losses, scale)),
    ]


def _shift_calls(z: Array, y: Array, lowest: float, dZ: Array, product: Array) -> Calls:
    """Bind ``dZ = z - max z``, not below a number, and ``product = dZ y``."""
    by_class = np.empty(z.swapaxes(-1, -2).shape, z.dtype)  # along its rows a maximum is faster
    largest, (least,) = np.empty((*z.shape[:-1], 1), z.dtype), scalars(z.dtype, lowest)
    return [
        partial(np.copyto, by_class, z.swapaxes(-1, -2)),
        partial(np.maximum.reduce, by_class, -2, None, largest[..., 0]),
        partial(np.subtract, z, largest, dZ),
        partial(np.maximum, dZ, least, out=dZ),
        partial(np.multiply, dZ, y, product),
    ]


def _softmax_calls(
    dZ: Array, y: Array, total: Array, yz: Array, losses: Array, scale: Array
) -> Calls:
    """Bind ``losses - yz`` and ``(dZ / total - y) scale``."""
    return [
        partial(np.subtract, losses, yz, losses),
        partial(np.divide, dZ, total[..., None], dZ),
        partial(np.subtract, dZ, y, dZ),
        partial(np.multiply, dZ, scale, dZ),
    ]


def _bind_squared_error(z: Array, y: Array, scale: Array, losses: Array, dZ: Array) -> Calls:
    """Bind ``1/2 sum (z - y)^2`` and ``z - y``."""
    squares = losses[..., None] if z.shape[-1] == 1 else np.empty_like(z)
    (half,) = scalars(z.dtype, 0.5)
    end: Calls = [*_row_sum_calls(squares, losses), partial(np.multiply, half, losses, losses)]
    if compiled := _compiled.bind("squared_error", z, y, dZ, squares, scale):
        return [compiled, *end]
    return [
        partial(np.subtract, z, y, dZ),
        partial(np.multiply, dZ, dZ, squares),
        partial(np.multiply, dZ, scale, dZ),
        *end,
    ]


def _row_sum_calls(a: Array, sums: Array) -> Calls:
    """Return the calls that write the sums of the rows of `a`; none if both share their memory."""
    if a.shape[-1] > 1:
        return [product_call(a, constant(a.shape[-1], 1, a.dtype), sums)]
    return [] if np.may_share_memory(a, sums) else [partial(np.copyto, sums, a[..., 0])]


#: The kernels by exact type, as a subclass may compute something else. Each binds the calls that
#: write the losses and their scaled gradient to the last two arrays.
LOSS_KERNELS: Mapping[type[Loss], Callable[[Array, Array, Array, Array, Array], Calls]] = {
    NLL: _bind_nll,
    NLLM: _bind_nllm,
    SquaredError: _bind_squared_error,
}
