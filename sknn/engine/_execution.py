"""Execution: forward and backward passes on preallocated arrays, as lists of bound calls."""

from collections.abc import Sequence
from itertools import chain
from operator import is_
from typing import Any

import numpy as np

from sknn.engine._kernels import kernel_of
from sknn.engine._typing import Array, Arrays, Calls
from sknn.engine.modules import Module, Sequential


class ForwardPass:
    """The forward pass of a network for batches of one shape.

    The first batch runs the modules' own `forward`, which shows the shape and dtype of each array.
    After `allocate`, a batch is a list of calls with bound arguments: they overwrite the values of
    the batch before, and nothing is looked up or allocated.

    Parameters
    ----------
    network : Sequential
        The arrays of its parameters must stay the same, their elements may change. If a module is
        replaced, the next batch is a first one again.

    Attributes
    ----------
    has_buffers : bool
        Whether the arrays are allocated.
    values : list of arrays
        The inputs, then the output of each module.
    """

    def __init__(self, network: Sequential) -> None:
        self.network = network
        self.has_buffers = False
        self.values: list[Any] = []
        self._modules: list[Module] = []
        self._bound: list[Module] = []
        self._forward: list[Calls] = []

    def forward(self, X: Array, modules: Sequence[Module] | None = None) -> Array:
        """Return the raw outputs (n, k) for X (n, m), which the next batch overwrites.

        `modules` replaces the network's modules for this batch, where these are stochastic.
        """
        modules = modules or self.network.modules
        if not (self.has_buffers and _are_same(self.network.modules, self._modules)):
            self.has_buffers = False
            self._modules, self._bound = list(self.network.modules), list(modules)
            self.values = Sequential(modules).trace(X)
        else:
            if X is not self.values[0] or not _are_same(modules, self._bound):
                self._bind(X, modules)
            for call in chain.from_iterable(self._forward):
                call()
        return self.values[-1]

    def allocate(self) -> None:
        """Allocate arrays like those of the first batch, which may be the modules' or views of X.

        With sparse outputs nothing is allocated, and every batch is a first one.
        """
        X, *values = self.values
        if not all(isinstance(v, np.ndarray) for v in values):
            return
        self.values = [X, *map(np.empty_like, values)]
        for i in range(1, len(values)):
            if self._is_inplace(i):
                self.values[i + 1] = self.values[i]
        self._bound, self._forward = [], [[] for _ in values]
        self.has_buffers = True

    def _is_inplace(self, i: int) -> bool:
        """Return whether the output of module i may overwrite its input."""
        before, module = self._modules[i - 1 : i + 1]
        if not kernel_of(module).inplace or kernel_of(before).backward_needs_output:
            return False
        u, v = self.values[i : i + 2]
        alike = u.shape == v.shape and u.dtype == v.dtype and u.strides == v.strides
        return alike and not (before.is_stochastic or module.is_stochastic)

    def _bind(self, X: Array, modules: Sequence[Module]) -> None:
        """Bind the calls of replaced modules, and those of the first one if X is another array."""
        bound, self._bound = self._bound, []  # empty until done: an error makes all bind again
        is_new, self.values[0] = X is not self.values[0], X
        for i, module in enumerate(modules):
            if not bound or module is not bound[i] or (i == 0 and is_new):
                self._bind_module(i, module)
        self._bound = list(modules)

    def _bind_module(self, i: int, module: Module) -> None:
        u, v = self.values[i : i + 2]
        self._forward[i] = kernel_of(module).forward(module, u, v)


class TrainingPass(ForwardPass):
    """Forward and backward pass of a network for batches of one shape.

    Parameters
    ----------
    network : Sequential
        As for `ForwardPass`.
    gradients : list of lists of arrays
        For each module, the arrays that the gradients of its parameters are written to.
    """

    def __init__(self, network: Sequential, gradients: Sequence[Arrays]) -> None:
        super().__init__(network)
        self.gradients = gradients
        self.first = next(i for i, arrays in enumerate(gradients) if arrays)
        self.output_gradients: list[Any] = []
        self._backward: list[Calls] = [[] for _ in gradients]

    def backward(self, dZ: Array, weights: Array) -> None:
        """Compute the gradients of all parameters.

        `dZ` (n, k) is the derivative of each sample's loss with respect to its raw outputs, and
        `weights`, of shape () or (n, 1), the weight of each sample in the mean loss.
        """
        if self.has_buffers:
            np.multiply(dZ, weights, self.output_gradients[-1])
            for call in chain.from_iterable(self._backward):
                call()
        else:
            dv = np.empty_like(dZ, self.values[-1].dtype)  # a custom loss may return another dtype
            np.multiply(dZ, weights, dv)
            self.output_gradients = Sequential(self._bound).backpropagate(
                self.values, dv, self.gradients
            )
            self.allocate()

    def allocate(self) -> None:
        """Allocate the gradients of all outputs, too."""
        self.output_gradients = [
            None if dv is None else np.empty_like(dv) for dv in self.output_gradients
        ]
        super().allocate()
        for i in range(self.first + 1, len(self.output_gradients)):
            if self.values[i + 1] is self.values[i]:
                self.output_gradients[i - 1] = self.output_gradients[i]

    def _bind_module(self, i: int, module: Module) -> None:
        super()._bind_module(i, module)
        (u, v), dv = self.values[i : i + 2], self.output_gradients[i]
        kernel = kernel_of(module)
        calls: Calls = []
        if self.gradients[i]:
            calls += kernel.weight_grad(module, u, dv, self.gradients[i])
        if i > self.first:
            calls += kernel.backward(module, u, v, dv, self.output_gradients[i - 1])
        self._backward[-1 - i] = calls


def _are_same(modules: Sequence[Module], others: Sequence[Module]) -> bool:
    """Return whether both hold the same objects; modules that compare equal may differ."""
    return len(modules) == len(others) and all(map(is_, modules, others))


class Workspace(dict[Any, Any]):
    """The buffers of the last steps, by the size of the batch; copies and pickles are empty.

    An epoch has batches of at most two sizes, as the last one may be smaller.
    """

    max_sizes = 2

    def __setitem__(self, size: Any, buffers: Any) -> None:
        """Store the buffers of a size; if there are `max_sizes` others, these are dropped."""
        if size not in self and len(self) == self.max_sizes:
            self.clear()
        super().__setitem__(size, buffers)

    def __reduce__(self) -> tuple[type, tuple[()]]:
        """Leave the buffers out."""
        return type(self), ()
