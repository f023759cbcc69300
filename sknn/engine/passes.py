"""Through a network again and again, on the same arrays."""

from collections.abc import Sequence
from itertools import chain
from operator import is_
from typing import Any

import numpy as np

from sknn.engine.modules import Module
from sknn.engine.sequential import Sequential
from sknn.engine.types import Array, Calls


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
            if self._in_place(i):
                self.values[i + 1] = self.values[i]
        self._bound, self._forward = [], [[] for _ in values]
        self.is_first = False

    def _in_place(self, i: int) -> bool:
        """Tell whether a module may write over what it is given."""
        before, module = self._modules[i - 1 : i + 1]
        u, v = self.values[i : i + 2]
        fixed = not (before.is_random or module.is_random)
        alike = u.shape == v.shape and u.dtype == v.dtype and u.strides == v.strides
        return module.in_place and not before.reads_output and fixed and alike

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
        self._forward[i] = module.bound_forward(self.values[i], self.values[i + 1])


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
        self.blames: list[Any] = []
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
            self.blames = Sequential(self._bound).backpropagate(self.values, dv, self.gradients)
            self.keep()
        else:
            np.multiply(dZ, shares, self.blames[-1])
            for call in chain.from_iterable(self._backward):
                call()

    def keep(self) -> None:
        """Have arrays of our own for the blames, too."""
        self.blames = [None if dv is None else np.empty_like(dv) for dv in self.blames]
        super().keep()
        for i in range(self.first + 1, len(self.blames)):
            if self.values[i + 1] is self.values[i]:
                self.blames[i - 1] = self.blames[i]

    def _bind_one(self, i: int, module: Module) -> None:
        super()._bind_one(i, module)
        (u, v), dv = self.values[i : i + 2], self.blames[i]
        calls: Calls = []
        if self.gradients[i]:
            calls += module.bound_weight_grad(u, dv, self.gradients[i])
        if i > self.first:
            calls += module.bound_backward(u, v, dv, self.blames[i - 1])
        self._backward[-1 - i] = calls


def _same(modules: Sequence[Module], others: Sequence[Module]) -> bool:
    """Tell whether they are the very same ones; what is equal may still be another."""
    return len(modules) == len(others) and all(map(is_, modules, others))
