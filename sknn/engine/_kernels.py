"""Kernels: how a training step computes each type of module on preallocated arrays.

A module's contract is `forward`, `backward` and `weight_grad`. `KERNELS` maps the exact type of a
module to calls that compute the same numbers in less time. Any other module, such as a user's or
any subclass of ours, is computed by its own methods, whose results are copied to the arrays.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from sknn.engine._typing import Array, Calls
from sknn.engine.activations import ReLU, Sigmoid, SiLU, Tanh
from sknn.engine.dropout import DropoutMask
from sknn.engine.linear import Linear
from sknn.engine.modules import Module
from sknn.engine.products import (
    add_to_rows_calls,
    column_sums_call,
    constant,
    product_call,
    with_long_rows,
)
from sknn.engine.tabular import Embedding, TabularEncoding

#: Arrays of at most this size are compared with an array of as many zeros.
MAX_ZEROS_SIZE = 2**13


class Kernel:
    """Bind the methods of a module to arrays that are used in every step; correct for all modules.

    Each method returns a list of callables without arguments, to be called in order in each step.

    Attributes
    ----------
    inplace : bool
        Whether `forward` accepts the same array as `u` and `v`, and `backward` the same array as
        `dv` and `du`. `backward` may then overwrite `v`, and `u` no longer holds the input.
    backward_needs_output : bool
        Whether `backward` reads `v`.
    """

    inplace = False
    backward_needs_output = True

    def forward(self, module: Module, u: Array, v: Array) -> Calls:
        """Return the calls that write ``module.forward(u)`` to `v`."""
        return [partial(_copy_result, v, module.forward, u)]

    def backward(self, module: Module, u: Array, v: Array, dv: Array, du: Array) -> Calls:
        """Return the calls that write ``module.backward(u, v, dv)`` to `du`."""
        return [partial(_copy_result, du, module.backward, u, v, dv)]

    def weight_grad(self, module: Module, u: Array, dv: Array, out: Sequence[Array]) -> Calls:
        """Return the calls that write ``module.weight_grad(u, dv)`` to the arrays of `out`."""
        return [partial(module.weight_grad, u, dv, out)]


class OutKernel(Kernel):
    """For modules whose `forward` and `backward` have a last parameter `out`, the result array."""

    def forward(self, module: Any, u: Array, v: Array) -> Calls:
        """Return the method itself."""
        return [partial(module.forward, u, v)]

    def backward(self, module: Any, u: Array, v: Array, dv: Array, du: Array) -> Calls:
        """Return the method itself."""
        return [partial(module.backward, u, v, dv, du)]


class LinearKernel(Kernel):
    """Call BLAS directly, without the checks that choose the routine."""

    backward_needs_output = False

    def forward(self, module: Any, u: Array, v: Array) -> Calls:
        """Return the product and the additions of the offsets."""
        return [product_call(u, module.W, v), *add_to_rows_calls(v, module.W0)]

    def backward(self, module: Any, u: Array, v: Array, dv: Array, du: Array) -> Calls:
        """Return the product."""
        return [product_call(dv, module.W.swapaxes(-1, -2), du)]

    def weight_grad(self, module: Any, u: Array, dv: Array, out: Sequence[Array]) -> Calls:
        """Return the product and the column sums."""
        if not isinstance(u, np.ndarray):  # `u.data` may be replaced before the next step
            return super().weight_grad(module, u, dv, out)
        dW, dW0 = out
        return [product_call(u.swapaxes(-1, -2), dv, dW), column_sums_call(dv, dW0)]


class ReLUKernel(Kernel):
    """Compare with arrays of zeros: with the number 0, NumPy takes twice as long."""

    inplace = True

    def forward(self, module: Module, u: Array, v: Array) -> Calls:
        """Return one call."""
        if u.size <= MAX_ZEROS_SIZE:
            return [partial(np.maximum, u, _zeros(u), out=v)]
        u, v = with_long_rows(u, v)
        return [partial(np.maximum, u, constant(u.shape[-1], 0, u.dtype), out=v)]

    def backward(self, module: Module, u: Array, v: Array, dv: Array, du: Array) -> Calls:
        """Return three calls; the mask of active units overwrites `v`, in the type of `v`."""
        active = np.empty_like(v, dtype=np.bool_)
        return [
            partial(np.greater, v, _zeros(v), active),
            partial(np.copyto, v, active),
            partial(np.multiply, dv, v, du),
        ]


#: The kernels by exact type: a subclass may compute something else.
KERNELS: Mapping[type[Module], Kernel] = {
    Linear: LinearKernel(),
    ReLU: ReLUKernel(),
    **dict.fromkeys((Sigmoid, Tanh, SiLU, DropoutMask, TabularEncoding, Embedding), OutKernel()),
}

_DEFAULT = Kernel()


def kernel_of(module: Module) -> Kernel:
    """Return the kernel of the module's exact type, or the default that calls its methods."""
    return KERNELS.get(type(module), _DEFAULT)


def _zeros(u: Array) -> Array:
    """Return zeros to compare `u` with: one per element if `u` is small, else a single one."""
    return np.zeros(u.shape if u.size <= MAX_ZEROS_SIZE else (), u.dtype)


def _copy_result(out: Array, method: Callable[..., Array], *arguments: Array) -> None:
    """Call a method and copy its result to `out`, unless `out` is what it returned."""
    result = method(*arguments)
    if result is not out:
        np.copyto(out, result)
