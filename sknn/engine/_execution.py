"""Execution: steps and predictions on preallocated arrays, as a list of bound calls."""

from collections.abc import Sequence
from itertools import chain
from operator import is_
from typing import Any

import numpy as np

from sknn.engine._kernels import kernel_of
from sknn.engine._typing import Array, Calls
from sknn.engine.modules import Module
from sknn.engine.sequential import Sequential


class Forward:
    """Forward through a network, for batches of one size.

    The first time the modules run as they are, which shows how large all arrays are. Once these
    are kept, a batch is a list of calls whose arguments are bound: they write over what was
    computed for the batch before, and nothing is looked up or made on the way.

    Parameters
    ----------
    network : Sequential
        Its parameters must stay the same arrays; what is in them may change. If a module is
        another one, everything begins anew.

    Attributes
    ----------
    is_first : bool
        Whether no arrays are kept.
    values : list of arrays
        The inputs, then each module's output.
    """

    def __init__(self, network: Sequential) -> None:
        self.network = network
        self.is_first = True
        self.values: list[Any] = []
        self._modules: list[Module] = []
        self._bound: list[Module] = []
        self._forward: list[Calls] = []

    def forward(self, X: Array, modules: Sequence[Module] | None = None) -> Array:
        """Return the raw outputs, which the next batch is written over.

        Parameters
        ----------
        X : array or CSR matrix of shape (n, m)
            Inputs.
        modules : list of Module, optional
            What stands for the network's modules this time, where they are random.
        """
        modules = modules or self.network.modules
        if self.is_first or not _same(self.network.modules, self._modules):
            self.is_first = True
            self._modules, self._bound = list(self.network.modules), list(modules)
            self.values = Sequential(modules).trace(X)
        else:
            if X is not self.values[0] or not _same(modules, self._bound):
                self._bind(X, modules)
            for call in chain.from_iterable(self._forward):
                call()
        return self.values[-1]

    def keep(self) -> None:
        """From now on write over arrays of our own, like those that the first time made.

        Those may be the modules' own, or views of the inputs.
        """
        X, *values = self.values
        if not all(isinstance(v, np.ndarray) for v in values):
            return  # sparse inputs that are handed on: every time is a first one
        self.values = [X, *map(np.empty_like, values)]
        for i in range(1, len(values)):
            if self._is_inplace(i):
                self.values[i + 1] = self.values[i]
        self._bound, self._forward = [], [[] for _ in values]
        self.is_first = False

    def _is_inplace(self, i: int) -> bool:
        """Return whether a module's output may overwrite its input."""
        before, module = self._modules[i - 1 : i + 1]
        u, v = self.values[i : i + 2]
        fixed = not (before.is_stochastic or module.is_stochastic)
        alike = u.shape == v.shape and u.dtype == v.dtype and u.strides == v.strides
        needed = kernel_of(before).backward_needs_output
        return kernel_of(module).inplace and not needed and fixed and alike

    def _bind(self, X: Array, modules: Sequence[Module]) -> None:
        """Bind the modules to the arrays, and again those that something is new for."""
        bound, self._bound = self._bound, []  # if an error breaks it off, all begins anew
        is_new, self.values[0] = X is not self.values[0], X
        for i, module in enumerate(modules):
            if not bound or module is not bound[i] or (i == 0 and is_new):
                self._bind_one(i, module)
        self._bound = list(modules)

    def _bind_one(self, i: int, module: Module) -> None:
        """Bind one module to the arrays."""
        u, v = self.values[i : i + 2]
        self._forward[i] = kernel_of(module).forward(module, u, v)


class Pass(Forward):
    """Forward and backward through a network: a step of training.

    Parameters
    ----------
    network : Sequential
        As for `Forward`.
    gradients : list of lists of arrays
        For each module, where the gradients of its parameters are written to.
    """

    def __init__(self, network: Sequential, gradients: Sequence[Sequence[Array]]) -> None:
        super().__init__(network)
        self.gradients = gradients
        self.first = next(i for i, arrays in enumerate(gradients) if arrays)
        self.output_gradients: list[Any] = []
        self._backward: list[Calls] = [[] for _ in gradients]

    def backward(self, dZ: Array, shares: Array) -> None:
        """Write the gradients.

        Parameters
        ----------
        dZ : array of shape (n, k)
            The derivative of each sample's loss with respect to the raw outputs.
        shares : array of no axis or of shape (n, 1)
            The share of each sample in the mean.
        """
        if self.is_first:
            dv = np.empty_like(dZ, self.values[-1].dtype)  # whatever a loss gave
            np.multiply(dZ, shares, dv)
            self.output_gradients = Sequential(self._bound).backpropagate(
                self.values, dv, self.gradients
            )
            self.keep()
        else:
            np.multiply(dZ, shares, self.output_gradients[-1])
            for call in chain.from_iterable(self._backward):
                call()

    def keep(self) -> None:
        """Have arrays of our own for the output_gradients, too."""
        self.output_gradients = [
            None if dv is None else np.empty_like(dv) for dv in self.output_gradients
        ]
        super().keep()
        for i in range(self.first + 1, len(self.output_gradients)):
            if self.values[i + 1] is self.values[i]:
                self.output_gradients[i - 1] = self.output_gradients[i]

    def _bind_one(self, i: int, module: Module) -> None:
        super()._bind_one(i, module)
        (u, v), dv = self.values[i : i + 2], self.output_gradients[i]
        kernel = kernel_of(module)
        calls: Calls = []
        if self.gradients[i]:
            calls += kernel.weight_grad(module, u, dv, self.gradients[i])
        if i > self.first:
            calls += kernel.backward(module, u, v, dv, self.output_gradients[i - 1])
        self._backward[-1 - i] = calls


def _same(modules: Sequence[Module], others: Sequence[Module]) -> bool:
    """Tell whether they are the very same ones; what is equal may still be another."""
    return len(modules) == len(others) and all(map(is_, modules, others))


class Workspace:
    """What the last steps computed, to be written over by those of the same size.

    Arrays that are used again stay in the cache and need no fresh memory. An epoch has batches of
    two sizes, the last one being shorter, so two sets are kept. Copies and pickles begin empty.
    """

    sizes = 2

    def __init__(self) -> None:
        self._sets: dict[Any, Any] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Leave the arrays out."""
        return {"_sets": {}}

    def get(self, size: Any) -> Any:
        """Return what an earlier step of this size left; None if there was none."""
        return self._sets.get(size)

    def keep(self, size: Any, arrays: Any) -> None:
        """Keep the arrays of a step."""
        if size not in self._sets and len(self._sets) == self.sizes:
            self._sets.clear()
        self._sets[size] = arrays
