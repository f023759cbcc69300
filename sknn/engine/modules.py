"""Modules: the layers and activations of a network.

A module computes ``v = f(u)`` by `forward`, passes the gradient from ``v`` to ``u`` by `backward`
and, if it has weights, computes their gradient by `weight_grad`. A module holds parameters only:
`backward` is given the values that it needs, so a network never holds a batch and may be used by
many threads at once.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from sknn.engine._repr import ReprMixin
from sknn.engine._typing import Array, Arrays, Rng


class Module(ReprMixin, ABC):
    """A layer or activation of a network, ``v = f(u)``.

    Attributes
    ----------
    weights : tuple of str
        Names of the attributes that are trained and penalised.
    offsets : tuple of str
        Names of the attributes that are trained but not penalised.
    """

    weights: tuple[str, ...] = ()
    offsets: tuple[str, ...] = ()

    @abstractmethod
    def forward(self, u: Array) -> Array:
        """Compute the outputs `v` of shape (n, k).

        Parameters
        ----------
        u : array of shape (n, m)
            The inputs, one sample per row; never changed.
        """

    @abstractmethod
    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Compute the derivative of the loss with respect to `u`, of shape (n, m).

        Parameters
        ----------
        u, v : arrays of shape (n, m) and (n, k)
            The inputs and outputs of `forward`.
        dv : array of shape (n, k)
            The derivative of the loss with respect to `v`.
        """

    def weight_grad(self, u: Array, dv: Array, out: Arrays | None = None) -> Arrays:
        """Compute the derivative of the loss with respect to each parameter.

        Parameters
        ----------
        u, dv : arrays of shape (n, m) and (n, k)
            As in `backward`.
        out : sequence of arrays, optional
            Where to write the gradients, one array per parameter; allocated if left out.

        Returns
        -------
        grads : sequence of arrays
            One gradient per parameter, in the order of `parameters`, summed over the samples.
        """
        return ()

    def sample(self, shape: tuple[int, ...], rng: Rng) -> "Module":
        """Return the module that replaces this one in a training step; itself if deterministic.

        Parameters
        ----------
        shape : tuple of int
            The number of samples in the batch, with members (g, n).
        rng : RandomState or Generator
            Draws what is random.
        """
        return self

    @property
    def is_stochastic(self) -> bool:
        """Whether `sample` returns anything but the module itself."""
        return type(self).sample is not Module.sample

    @property
    def parameters(self) -> list[Array]:
        """The trained arrays themselves, weights first."""
        return [getattr(self, name) for name in (*self.weights, *self.offsets)]


class Sequential(Module):
    """Modules applied one after the other; a network is a `Sequential`.

    Parameters
    ----------
    modules : iterable of Module
        In the order of the forward pass. The modules of a `Sequential` among them are inserted in
        its place.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.engine import Linear, ReLU, Sequential
    >>> network = Sequential([Linear(np.eye(2), np.array([0.0, -3.0])), ReLU()])
    >>> for array in network.trace(np.array([[1.0, 2.0]])):
    ...     print(array)
    [[1. 2.]]
    [[ 1. -1.]]
    [[1. 0.]]
    """

    def __init__(self, modules: Iterable[Module]) -> None:
        self.modules: list[Module] = []
        for module in modules:
            self.modules.extend(module.modules if isinstance(module, Sequential) else [module])

    def __repr__(self) -> str:
        """Return the modules in order."""
        return f"Sequential({self.modules!r})"

    def trace(self, u: Array) -> list[Array]:
        """Run the forward pass and keep all arrays: the input, then the output of each module.

        Parameters
        ----------
        u : array of shape (n, m)
            The inputs.
        """
        values = [u]
        for module in self.modules:
            values.append(module.forward(values[-1]))
        return values

    def forward(self, u: Array) -> Array:
        """Return the output of the last module."""
        for module in self.modules:
            u = module.forward(u)
        return u

    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Return dL/du by the chain rule, from the last module to the first."""
        return self.gradients(self.trace(u), dv)[0]

    def gradients(self, values: Sequence[Array], dv: Array) -> list[Array]:
        """Return the gradients with respect to all arrays of a forward pass, the input included.

        With members, all have a member axis, also where the value itself is shared by the members.
        Training uses `backpropagate`, which ends at the first module with parameters.

        Parameters
        ----------
        values : list of arrays
            The result of `trace`.
        dv : array of shape (n, k)
            The derivative of the loss with respect to the last of `values`.
        """
        gradients = [dv]
        for i in reversed(range(len(self.modules))):
            gradients.append(self.modules[i].backward(values[i], values[i + 1], gradients[-1]))
        return gradients[::-1]

    def weight_grad(self, u: Array, dv: Array, out: Arrays | None = None) -> Arrays:
        """Return the gradients of all parameters, in the order of `parameters`."""
        grads = list(out) if out else [np.empty_like(p) for p in self.parameters]
        remaining = iter(grads)
        by_module = [[next(remaining) for _ in module.parameters] for module in self.modules]
        self.backpropagate(self.trace(u), dv, by_module)
        return grads

    def backpropagate(
        self, values: Sequence[Array], dv: Array, out: Sequence[Arrays]
    ) -> list[Array | None]:
        """Compute all weight gradients, from the last module to the first with parameters.

        Parameters
        ----------
        values, dv : list of arrays and array of shape (n, k)
            As in `gradients`.
        out : list of lists of arrays
            For each module, the arrays to write its weight gradients to.

        Returns
        -------
        gradients : list of arrays or None
            For the output of each module, the derivative of the loss with respect to it; None
            before the first module with parameters, where it is not needed.
        """
        gradients: list[Any] = [None] * (len(self.modules) - 1) + [dv]
        for i in range(len(self.modules) - 1, -1, -1):
            module, u = self.modules[i], values[i]
            if out[i]:
                module.weight_grad(u, dv, out[i])
            if not any(out[:i]):
                break
            gradients[i - 1] = dv = module.backward(u, values[i + 1], dv)
        return gradients

    def sample(self, shape: tuple[int, ...], rng: Rng) -> "Sequential":
        """Return the network of one training step; each sample of each member has its own masks."""
        return Sequential(module.sample(shape, rng) for module in self.modules)

    @property
    def is_stochastic(self) -> bool:
        """Whether a module is stochastic."""
        return any(map(attrgetter("is_stochastic"), self.modules))

    @property
    def parameters(self) -> list[Array]:
        """The trained arrays of all modules, module by module."""
        return [array for module in self.modules for array in module.parameters]
