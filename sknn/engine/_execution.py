"""Execution: forward and backward passes on preallocated arrays, as lists of bound calls."""

from collections.abc import Sequence
from itertools import chain
from operator import is_
from typing import Any

import numpy as np

from sknn.engine._kernels import kernel_of
from sknn.engine._loss_kernels import bind_loss
from sknn.engine._typing import Array, Arrays, Calls
from sknn.engine.losses import Loss
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
            self._bind_all(X, modules)
        for call in chain.from_iterable(self._forward):
            call()
        return self.values[-1]

    def _bind_all(self, X: Array, modules: Sequence[Module]) -> None:
        """Bind the modules that are others than before, and the first to X."""
        bound, self._bound = self._bound, []  # after an error all are bound again
        is_new, self.values[0] = X is not self.values[0], X
        for i, module in enumerate(modules):
            if not bound or module is not bound[i] or (i == 0 and is_new):
                self._bind(i, module)
        self._bound = list(modules)

    def _bind(self, i: int, module: Module) -> None:
        u, v = self.values[i : i + 2]
        self._forward[i] = kernel_of(module).forward(module, u, v)


class TrainingPass(ForwardPass):
    """Losses and gradients of a network on arrays preallocated for one shape of batches.

    Parameters
    ----------
    modules, values
        As for `ForwardPass`.
    loss : Loss
        The loss of the raw outputs.
    losses : array of shape (..., n)
        The losses of the samples of such a batch.
    output_gradients : list of arrays or None
        The result of `Sequential.backpropagate` for the same batch.
    gradients : list of lists of arrays
        For each module, the arrays that the gradients of its parameters are written to.
    """

    def __init__(
        self,
        modules: Sequence[Module],
        values: Arrays,
        loss: Loss,
        losses: Array,
        output_gradients: Sequence[Array | None],
        gradients: Sequence[Arrays],
    ) -> None:
        super().__init__(modules, values)
        self.loss = loss
        self.losses = np.empty(losses.shape, np.result_type(losses, values[-1]))
        self.gradients = gradients
        self.first = next(i for i, arrays in enumerate(gradients) if arrays)
        self.output_gradients: list[Any] = [
            None if dv is None else np.empty_like(dv) for dv in output_gradients
        ]
        for i in range(self.first + 1, len(modules)):
            if self.values[i + 1] is self.values[i]:
                self.output_gradients[i - 1] = self.output_gradients[i]
        self._backward: list[Calls] = [[] for _ in modules]
        self._targets: tuple[Any, Any] = None, None  # the targets and weights that are bound
        self._own_weights: Array | None = None
        self._calls: Calls = []

    def compute(
        self,
        X: Array,
        Y: Array,
        weights: Array,
        modules: Sequence[Module],
        *,
        are_constant: bool,
    ) -> Array:
        """Compute all gradients, and return the losses (n,), which the next batch overwrites.

        `weights` (n,) or (g, n) has the weight of each sample in the mean loss; `are_constant`
        tells whether it is a read-only array with equal elements.
        """
        if not are_constant:
            if self._own_weights is None or self._own_weights.dtype != weights.dtype:
                self._own_weights = np.empty_like(weights)
            np.copyto(self._own_weights, weights)
            weights = self._own_weights
        bound_Y, bound_weights = self._targets
        is_bound = X is self.values[0] and Y is bound_Y and weights is bound_weights
        if not is_bound or not are_same(modules, self._bound):
            self._targets = None, None
            if X is not self.values[0] or not are_same(modules, self._bound):
                self._bind_all(X, modules)
            self._bind_calls(Y, weights[0, ...] if are_constant else weights[..., None])
            self._targets = Y, weights
        for call in self._calls:
            call()
        return self.losses

    def _bind_calls(self, Y: Array, scale: Array) -> None:
        """Put the calls of forward pass, loss and backward pass together."""
        dZ = self.output_gradients[-1]
        evaluate = bind_loss(self.loss, self.values[-1], Y, scale, self.losses, dZ)
        self._calls = [*chain(*self._forward), *evaluate, *chain(*self._backward)]

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


def are_same(objects: Sequence[Any], others: Sequence[Any]) -> bool:
    """Return whether both have the same objects in the same order, compared by identity."""
    return len(objects) == len(others) and all(map(is_, objects, others))


class Workspace(dict[Any, Any]):
    """Passes and arrays to reuse for batches of the same size, by size; copies are empty.

    An epoch has batches of at most two sizes, as the last one may be smaller.
    """

    max_sizes = 2

    def __reduce__(self) -> tuple[type, tuple[()]]:
        """Leave the content out of copies and pickles."""
        return type(self), ()
