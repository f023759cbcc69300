"""The network: modules one after the other."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from sknn.engine._typing import Array, Rng
from sknn.engine.modules import Module


class Sequential(Module):
    """Modules one after the other; a network is one of these.

    Parameters
    ----------
    modules : iterable of Module
        In the order in which they run. A `Sequential` among them is unrolled.

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
        """Run forward and keep every array: the input, then each module's output.

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
        """Run every module in turn; the last output."""
        for module in self.modules:
            u = module.forward(u)
        return u

    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Pass the blame through every module, last first."""
        return self.gradients(self.trace(u), dv)[0]

    def gradients(self, values: Sequence[Array], dv: Array) -> list[Array]:
        """Pass the blame all the way back, and keep it for every array, the input included.

        `backpropagate` is for training: it does not go beyond the first layer.

        Parameters
        ----------
        values : list of arrays
            What `trace` gave.
        dv : array of shape (n, k)
            The derivative of the loss with respect to the last of `values`.

        Returns
        -------
        gradients : list of arrays
            For each of `values` the derivative with respect to it; with a member axis in front of
            the first parameters too, as each member has a blame of its own for what they share.
        """
        gradients = [dv]
        for i in reversed(range(len(self.modules))):
            gradients.append(self.modules[i].backward(values[i], values[i + 1], gradients[-1]))
        return gradients[::-1]

    def weight_grad(
        self, u: Array, dv: Array, out: Sequence[Array] | None = None
    ) -> Sequence[Array]:
        """Return the gradients of all parameters, in the order of `parameters`."""
        grads = list(out) if out else [np.empty_like(p) for p in self.parameters]
        remaining = iter(grads)
        by_module = [[next(remaining) for _ in module.parameters] for module in self.modules]
        self.backpropagate(self.trace(u), dv, by_module)
        return grads

    @property
    def is_stochastic(self) -> bool:
        """Whether a training step draws anything."""
        return any(module.is_stochastic for module in self.modules)

    def sample(self, shape: tuple[int, ...], rng: Rng) -> "Sequential":
        """Return the network of one training step: the same layers, with units dropped at random.

        Parameters
        ----------
        shape : tuple of int
            The number of samples in the batch, after that of the members if there are any; each
            sample of each member drops units of its own.
        rng : RandomState or Generator
            Draws them.
        """
        return Sequential(module.sample(shape, rng) for module in self.modules)

    def backpropagate(
        self, values: Sequence[Array], dv: Array, out: Sequence[Sequence[Array]]
    ) -> list[Array | None]:
        """Walk from the last module to the first and write each weight gradient on the way.

        Parameters
        ----------
        values : list of arrays
            What `trace` gave.
        dv : array of shape (n, k)
            The derivative of the loss with respect to the last of `values`.
        out : list of lists of arrays
            For each module, the arrays to write its weight gradients to.

        Returns
        -------
        gradients : list of arrays or None
            For the output of each module, the derivative of the loss with respect to it; None
            before the first module with parameters, where nobody asks for it.
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

    @property
    def parameters(self) -> list[Array]:
        """The trained arrays of all modules, module by module."""
        return [array for module in self.modules for array in module.parameters]
