"""Execution: forward and backward passes on preallocated arrays, as lists of bound calls."""

from collections.abc import Sequence
from itertools import chain
from operator import is_
from typing import Any

import numpy as np

from sknn.engine._kernels import kernel_of
from sknn.engine._typing import Array, Arrays, Calls
from sknn.engine.modules import Module


class ForwardPass:
    """Forward pass of a network on arrays preallocated for one shape of batches.

    A batch is a list of calls with bound arguments: they overwrite the values of the batch before,
    and nothing is looked up or allocated.

    Parameters
    ----------
    modules : sequence of Module
        The modules of the network. The arrays of their parameters must stay the same, their
        elements may change.
    values : list of arrays
        The result of `Sequential.trace` for a batch of this shape; dense from the second array on.
        New arrays like the outputs are allocated: these may be the modules' or views of inputs.

    Attributes
    ----------
    values : list of arrays
        The inputs, then the output of each module.
    """

    def __init__(self, modules: Sequence[Module], values: Arrays) -> None:
        self.modules = modules
        self.values: list[Any] = [values[0], *map(np.empty_like, values[1:])]
        for i in range(1, len(modules)):
            if self._is_inplace(i):
                self.values[i + 1] = self.values[i]
        self._bound: list[Module] = []
        self._forward: list[Calls] = [[] for _ in modules]

    def _is_inplace(self, i: int) -> bool:
        """Return whether the output of module i may overwrite its input."""
        before, module = self.modules[i - 1 : i + 1]
        if not kernel_of(module).inplace or kernel_of(before).backward_needs_output:
            return False
        u, v = self.values[i : i + 2]
        alike = u.shape == v.shape and u.dtype == v.dtype and u.strides == v.strides
        return alike and not (before.is_stochastic or module.is_stochastic)

    def forward(self, X: Array, modules: Sequence[Module]) -> Array:
        """Return the raw outputs (n, k) for X (n, m), which the next batch overwrites.

        `modules` are those of the network, stochastic ones replaced by their samples.
        """
        if X is not self.values[0] or not are_same(modules, self._bound):
            bound, self._bound = self._bound, []  # empty until done: an error makes all bind again
            is_new, self.values[0] = X is not self.values[0], X
            for i, module in enumerate(modules):
                if not bound or module is not bound[i] or (i == 0 and is_new):
                    self._bind(i, module)
            self._bound = list(modules)
        for call in chain.from_iterable(self._forward):
            call()
        return self.values[-1]

    def _bind(self, i: int, module: Module) -> None:
        u, v = self.values[i : i + 2]
        self._forward[i] = kernel_of(module).forward(module, u, v)


class TrainingPass(ForwardPass):
    """Forward and backward pass of a network on arrays preallocated for one shape of batches.

    Parameters
    ----------
    modules, values
        As for `ForwardPass`.
    output_gradients : list of arrays or None
        The result of `Sequential.backpropagate` for the same batch.
    gradients : list of lists of arrays
        For each module, the arrays that the gradients of its parameters are written to.
    """

    def __init__(
        self,
        modules: Sequence[Module],
        values: Arrays,
        output_gradients: Sequence[Array | None],
        gradients: Sequence[Arrays],
    ) -> None:
        super().__init__(modules, values)
        self.gradients = gradients
        self.first = next(i for i, arrays in enumerate(gradients) if arrays)
        self.output_gradients: list[Any] = [
            None if dv is None else np.empty_like(dv) for dv in output_gradients
        ]
        for i in range(self.first + 1, len(modules)):
            if self.values[i + 1] is self.values[i]:
                self.output_gradients[i - 1] = self.output_gradients[i]
        self._backward: list[Calls] = [[] for _ in modules]

    def backward(self, dZ: Array, weights: Array) -> None:
        """Compute the gradients of all parameters.

        `dZ` (n, k) is the derivative of each sample's loss with respect to its raw outputs, and
        `weights`, of shape () or (n, 1), the weight of each sample in the mean loss.
        """
        np.multiply(dZ, weights, self.output_gradients[-1])
        for call in chain.from_iterable(self._backward):
            call()

    def _bind(self, i: int, module: Module) -> None:
        super()._bind(i, module)
        (u, v), dv = self.values[i : i + 2], self.output_gradients[i]
        kernel = kernel_of(module)
        calls: Calls = []
        if self.gradients[i]:
            calls += kernel.weight_grad(module, u, dv, self.gradients[i])
        if i > self.first:
            calls += kernel.backward(module, u, v, dv, self.output_gradients[i - 1])
        self._backward[-1 - i] = calls


def are_same(modules: Sequence[Module], others: Sequence[Module]) -> bool:
    """Return whether both have the same modules, compared by identity."""
    return len(modules) == len(others) and all(map(is_, modules, others))


class Workspace(dict[Any, Any]):
    """Passes and arrays to reuse for batches of the same size, by size; copies are empty.

    An epoch has batches of at most two sizes, as the last one may be smaller.
    """

    max_sizes = 2

    def __reduce__(self) -> tuple[type, tuple[()]]:
        """Leave the content out of copies and pickles."""
        return type(self), ()
