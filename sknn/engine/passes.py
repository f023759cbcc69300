"""Steps of training, again and again on the same arrays."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from sknn.engine.modules import Calls, Module, Sequential
from sknn.engine.types import Array, Rng


class Pass:
    """Forward and backward through a network, for batches of one size.

    The first step runs the modules as they are, which shows how large all arrays are. From then on
    a step is a list of calls whose arguments are bound: they write over what the step before
    computed, and nothing is looked up or made on the way.

    Parameters
    ----------
    network : Sequential
        Its parameters must stay the same arrays; what is in them may change.
    gradients : list of lists of arrays
        For each module, where the gradients of its parameters are written to.
    """

    def __init__(self, network: Sequential, gradients: Sequence[Sequence[Array]]) -> None:
        self.modules = network.modules
        self.gradients = gradients
        self.first = next(i for i, arrays in enumerate(gradients) if arrays)
        self.random = [i for i, module in enumerate(self.modules) if module.is_random]
        self.is_first = True
        self.values: list[Any] = []
        self.blames: list[Any] = []
        self._bound: list[Module] = []
        self._forward: list[Calls] = []
        self._backward: list[Calls] = []

    def forward(self, X: Array, shape: tuple[int, ...], rng: Rng | None = None) -> Array:
        """Return the raw outputs, which the next step writes over.

        Parameters
        ----------
        X : array or CSR matrix of shape (n, m)
            Inputs.
        shape : tuple of int
            The number of samples, after that of the members if there are any.
        rng : RandomState or Generator, optional
            Draws units to be dropped; left out, all are used.
        """
        modules = self.modules
        if rng is not None:
            modules = [module.drawn(shape, rng) for module in modules]
        if self.is_first:
            self._bound = modules
            self.values = Sequential(modules).trace(X)
        else:
            if X is not self.values[0] or self.random or not self._bound:
                self._bind(X, modules)
            for call in chain.from_iterable(self._forward):
                call()
        return self.values[-1]

    def backward(self, dZ: Array, shares: Array | float) -> None:
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
            self._keep()
        else:
            np.multiply(dZ, shares, self.blames[-1])
            for call in chain.from_iterable(self._backward):
                call()

    def _keep(self) -> None:
        """Have arrays of our own in place of those that the first step made."""
        X, *values = self.values
        if not all(isinstance(v, np.ndarray) for v in values):
            return  # sparse inputs that are handed on: every step is a first one
        made = [module.takes_out for module in self._bound]
        self.values = [X, *_own(values, made, [X])]
        self.blames = _own(self.blames, [*made[1:], True], [])
        for i in range(1, len(self.modules)):
            if self._in_place(i):
                self.values[i + 1] = self.values[i]
                if i > self.first:
                    self.blames[i - 1] = self.blames[i]
        self._bound = []
        self.is_first = False

    def _in_place(self, i: int) -> bool:
        """Tell whether a module may write over what it is given."""
        before, module = self.modules[i - 1 : i + 1]
        u, v = self.values[i : i + 2]
        fixed = not (before.is_random or module.is_random)
        alike = u.shape == v.shape and u.dtype == v.dtype and u.strides == v.strides
        return module.in_place and not before.reads_output and fixed and alike

    def _bind(self, X: Array, modules: Sequence[Module]) -> None:
        """Bind the modules to the arrays, and again those that something is new for."""
        if not self._bound:
            self.values[0] = X
            self._bound = list(modules)
            calls = [self._calls(i, module) for i, module in enumerate(modules)]
            self._forward = [forward for forward, _ in calls]
            self._backward = [backward for _, backward in calls[::-1]]
            return
        changed = [i for i in self.random if modules[i] is not self._bound[i]]
        if X is not self.values[0]:
            self.values[0] = X
            changed.append(0)
        for i in changed:
            self._bound[i] = modules[i]
            self._forward[i], self._backward[-1 - i] = self._calls(i, modules[i])

    def _calls(self, i: int, module: Module) -> tuple[Calls, Calls]:
        """Return what one module does forward and backward."""
        u, v, dv = self.values[i], self.values[i + 1], self.blames[i]
        backward = []
        if self.gradients[i]:
            backward += module.bound_weight_grad(u, dv, self.gradients[i])
        if i > self.first:
            backward += module.bound_backward(u, v, dv, self.blames[i - 1])
        return module.bound_forward(u, v), backward


def _own(arrays: Sequence[Any], made: Sequence[bool], others: Sequence[Any]) -> list[Any]:
    """Return those arrays that a module made for us, and new ones like the rest.

    An array that is also another one was handed on by a module, and is not to be written over.
    """
    seen, own = {id(array) for array in others}, []
    for array, ours in zip(arrays, made, strict=True):
        keep = array is None or (ours and id(array) not in seen)
        own.append(array if keep else np.empty_like(array))
        seen.add(id(array))
    return own
