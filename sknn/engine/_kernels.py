"""Kernels: how a training step computes each type of module on preallocated arrays.

`KERNELS` maps the exact type of a module to calls that compute the same as `forward`, `backward`
and `weight_grad` in less time. Any other module, such as a user's or any subclass, is computed by
its own methods, whose results are copied to the arrays.
"""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from sknn.engine import _compiled
from sknn.engine._linalg import add_row_calls, constant, merge_rows, product_call, scalars
from sknn.engine._typing import Array, Arrays, Calls
from sknn.engine.activations import ReLU, Sigmoid, SiLU, Tanh
from sknn.engine.dropout import DropoutMask
from sknn.engine.linear import Linear
from sknn.engine.modules import Module
from sknn.engine.stacking import MemberDropoutMask, MemberModules
from sknn.engine.tabular import Embedding, TabularEncoding

#: Arrays of at most this size are compared with an array of zeros of the same shape.
MAX_ZEROS_SIZE = 2**13


class Kernel:
    """Bind the methods of any module to preallocated arrays.

    Each method returns a list of callables without arguments, called in order in each step.

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

    def weight_grad(self, module: Module, u: Array, dv: Array, out: Arrays) -> Calls:
        """Return the calls that write ``module.weight_grad(u, dv)`` to the arrays of `out`."""
        return [partial(module.weight_grad, u, dv, out)]


class OutKernel(Kernel):
    """Bind modules whose `forward` and `backward` have a last parameter `out`, the result array."""

    def forward(self, module: Any, u: Array, v: Array) -> Calls:
        """Return the method itself."""
        return [partial(module.forward, u, v)]

    def backward(self, module: Any, u: Array, v: Array, dv: Array, du: Array) -> Calls:
        """Return the method itself."""
        return [partial(module.backward, u, v, dv, du)]


class LinearKernel(Kernel):
    """Bind the methods of `Linear`, with the BLAS routine chosen once, not in each step."""

    backward_needs_output = False

    def forward(self, module: Any, u: Array, v: Array) -> Calls:
        """Return the calls for ``v = u W + W0``."""
        return [product_call(u, module.W, v), *add_row_calls(v, module.W0)]

    def backward(self, module: Any, u: Array, v: Array, dv: Array, du: Array) -> Calls:
        """Return the call for ``du = dv W^T``."""
        return [product_call(dv, module.W.swapaxes(-1, -2), du)]

    def weight_grad(self, module: Any, u: Array, dv: Array, out: Arrays) -> Calls:
        """Return the calls for ``dW = u^T dv`` and ``dW0``, the column sums of `dv`."""
        if not isinstance(u, np.ndarray):  # sparse: `u.data` may be replaced before the next step
            return super().weight_grad(module, u, dv, out)
        dW, dW0 = out
        ones = constant(dv.shape[-2], 1, dv.dtype)
        return [product_call(u.swapaxes(-1, -2), dv, dW), product_call(ones, dv, dW0)]


class DropoutKernel(Kernel):
    """Bind the methods of `DropoutMask`, with the factor of each unit in the type of the units.

    A product with the mask itself takes five times as long: NumPy converts it chunk by chunk.
    """

    def forward(self, module: Any, u: Array, v: Array) -> Calls:
        """Return the call for ``v = scale u`` where kept, else 0."""
        return [partial(np.multiply, u, module.factors(v.dtype), v)]

    def backward(self, module: Any, u: Array, v: Array, dv: Array, du: Array) -> Calls:
        """Return the call for ``du = scale dv`` where kept, else 0."""
        return [partial(np.multiply, dv, module.factors(du.dtype), du)]


class ReLUKernel(Kernel):
    """Bind the methods of `ReLU`, with arrays of zeros: twice as fast as the scalar 0."""

    inplace = True

    def forward(self, module: Module, u: Array, v: Array) -> Calls:
        """Return the call for ``v = max(0, u)``."""
        if compiled := _compiled.bind("relu", u, v):
            return [compiled]
        if u.size <= MAX_ZEROS_SIZE:
            return [partial(np.maximum, u, _zeros(u), out=v)]
        u, v = merge_rows(u, v)
        return [partial(np.maximum, u, constant(u.shape[-1], 0, u.dtype), out=v)]

    def backward(self, module: Module, u: Array, v: Array, dv: Array, du: Array) -> Calls:
        """Return the calls for ``du = dv (v > 0)``; the mask overwrites `v`, in its dtype."""
        if compiled := _compiled.bind("relu_backward", v, dv, du):
            return [compiled]
        active = np.empty_like(v, dtype=np.bool_)
        return [
            partial(np.greater, v, _zeros(v), active),
            partial(np.copyto, v, active),
            partial(np.multiply, dv, v, du),
        ]


class SiLUKernel(OutKernel):
    """Bind the methods of `SiLU`, with compiled kernels for all but the hyperbolic tangent."""

    def forward(self, module: Any, u: Array, v: Array) -> Calls:
        """Return the calls for ``v = u sigmoid(u)``."""
        compiled = _compiled.bind("silu", u, v)
        if compiled is None:
            return super().forward(module, u, v)
        (half,) = scalars(u.dtype, 0.5)
        return [partial(np.multiply, u, half, v), partial(np.tanh, v, v), compiled]

    def backward(self, module: Any, u: Array, v: Array, dv: Array, du: Array) -> Calls:
        """Return the call for ``du = dv (s + v (1 - s))``, where s is the sigmoid of u."""
        compiled = _compiled.bind("silu_backward", u, v, dv, du)
        return [compiled] if compiled else super().backward(module, u, v, dv, du)


class MemberKernel(Kernel):
    """Bind the module of each member to the member's own columns; the others are 0."""

    def forward(self, module: Any, u: Array, v: Array) -> Calls:
        """Return the calls of all members."""
        v[...] = 0
        arrays = module.members, module.own_inputs(u), module.own_outputs(v)
        calls = [kernel_of(one).forward(one, *own) for one, *own in zip(*arrays, strict=True)]
        return list(chain.from_iterable(calls))

    def backward(self, module: Any, u: Array, v: Array, dv: Array, du: Array) -> Calls:
        """Return the calls of all members."""
        du[...] = 0
        inputs, outputs = map(module.own_inputs, (u, du)), map(module.own_outputs, (v, dv))
        arrays = zip(module.members, *inputs, *outputs, strict=True)
        calls = [kernel_of(one).backward(one, u, v, dv, du) for one, u, du, v, dv in arrays]
        return list(chain.from_iterable(calls))

    def weight_grad(self, module: Any, u: Array, dv: Array, out: Arrays) -> Calls:
        """Return the calls of all members."""
        own = module.own_inputs(u), module.own_outputs(dv), module.own_gradients(out)
        arrays = zip(module.members, *own, strict=True)
        calls = [kernel_of(one).weight_grad(one, *values) for one, *values in arrays]
        return list(chain.from_iterable(calls))


#: The kernels by exact type, as a subclass may compute something else.
KERNELS: Mapping[type[Module], Kernel] = {
    Linear: LinearKernel(),
    ReLU: ReLUKernel(),
    MemberModules: MemberKernel(),
    DropoutMask: DropoutKernel(),
    SiLU: SiLUKernel(),
    **dict.fromkeys((Sigmoid, Tanh, MemberDropoutMask), OutKernel()),
    **dict.fromkeys((TabularEncoding, Embedding), OutKernel()),
}

_DEFAULT = Kernel()


def kernel_of(module: Module) -> Kernel:
    """Return the kernel of the module's exact type, or the default that calls its methods."""
    return KERNELS.get(type(module), _DEFAULT)


def _zeros(u: Array) -> Array:
    """Return zeros of the shape of `u` if it is small, else a scalar zero."""
    return np.zeros(u.shape if u.size <= MAX_ZEROS_SIZE else (), u.dtype)


def _copy_result(out: Array, method: Callable[..., Array], *arguments: Array) -> None:
    """Call a method and copy its result to `out`, unless `out` is what it returned."""
    result = method(*arguments)
    if result is not out:
        np.copyto(out, result)
