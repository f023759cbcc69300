"""Modules: the steps that a network is a sequence of.

Every module maps an input ``u`` to an output ``v`` and knows three verbs: run forward, pass the
blame backward, and (if it has weights) compute their gradient. A module holds parameters only;
what ``backward`` needs is passed in, so that a network never carries a batch of data and may be
used by many threads at once.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from sknn.engine.products import (
    add_to_rows,
    add_to_rows_calls,
    column_sums,
    column_sums_call,
    product,
    product_call,
)
from sknn.engine.settings import Part
from sknn.engine.types import Array, Rng

#: What is called in a step, in order; all arguments are bound.
Calls: TypeAlias = list[Callable[[], Any]]

#: What a module may say of itself, and how its verbs are bound: subclasses do not inherit it.
PROMISES = "takes_out", "in_place", "reads_output"
BOUND = "bound_forward", "bound_backward", "bound_weight_grad"


class Module(Part, ABC):
    """One step of a network, ``v = f(u)``.

    Attributes
    ----------
    weights : tuple of str
        Names of the attributes that are trained and penalised.
    offsets : tuple of str
        Names of the attributes that are trained but not penalised.
    takes_out : bool
        Whether `forward` and `backward` take a last argument, `out`: an array of the right shape
        to write the answer to, or None. Training hands them the arrays of an earlier step.
    in_place : bool
        Whether `bound_forward` may get one array for both `u` and `v`, and `bound_backward` one
        for `dv` and `du`, `v` to be written over and nothing of use in `u`.
    reads_output : bool
        Whether `backward` looks at `v`.

    A subclass that makes these promises has to say so for itself, and how its verbs are bound.
    """

    weights: tuple[str, ...] = ()
    offsets: tuple[str, ...] = ()
    takes_out: bool = False
    in_place: bool = False
    reads_output: bool = True

    def __init_subclass__(cls) -> None:
        """Begin without promises: a verb, or what it uses, may be another here."""
        super().__init_subclass__()
        for name in (*PROMISES, *BOUND):
            if name not in vars(cls):
                setattr(cls, name, getattr(Module, name))

    @abstractmethod
    def forward(self, u: Array) -> Array:
        """Compute the output.

        Parameters
        ----------
        u : array of shape (n, m)
            The inputs, one sample a row.

        Returns
        -------
        v : array of shape (n, k)
            The outputs; `u` is never written over.
        """

    @abstractmethod
    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Pass the blame back: from dL/dv to dL/du.

        Parameters
        ----------
        u : array of shape (n, m)
            The inputs that `forward` saw.
        v : array of shape (n, k)
            The outputs that `forward` gave for them.
        dv : array of shape (n, k)
            The derivative of the loss with respect to `v`.

        Returns
        -------
        du : array of shape (n, m)
            The derivative of the loss with respect to `u`.
        """

    def weight_grad(
        self, u: Array, dv: Array, out: Sequence[Array] | None = None
    ) -> Sequence[Array]:
        """Compute the derivative of the loss with respect to each parameter.

        Parameters
        ----------
        u : array of shape (n, m)
            The inputs that `forward` saw.
        dv : array of shape (n, k)
            The derivative of the loss with respect to the outputs.
        out : sequence of arrays, optional
            Where to write the gradients, one array a parameter; allocated if left out.

        Returns
        -------
        grads : sequence of arrays
            One gradient a parameter, in the order of `parameters`, summed over the samples.
        """
        return ()

    def bound_forward(self, u: Array, v: Array) -> Calls:
        """Return what `forward` does, again and again, with arrays that stay the same ones.

        A module may return calls that need less time than its verb; these here suit all.

        Parameters
        ----------
        u, v : arrays
            What is read, and what is written over.

        Returns
        -------
        calls : list of callables
            To be called in order, without arguments.
        """
        if self.takes_out:
            return [partial(_written, v, self.forward, u, v)]
        return [partial(_written, v, self.forward, u)]

    def bound_backward(self, u: Array, v: Array, dv: Array, du: Array) -> Calls:
        """Return what `backward` does with these arrays; `du` is written over.

        Parameters
        ----------
        u, v, dv, du : arrays
            As those of `backward`.

        Returns
        -------
        calls : list of callables
            As those of `bound_forward`.
        """
        if self.takes_out:
            return [partial(_written, du, self.backward, u, v, dv, du)]
        return [partial(_written, du, self.backward, u, v, dv)]

    def bound_weight_grad(self, u: Array, dv: Array, out: Sequence[Array]) -> Calls:
        """Return what `weight_grad` does with these arrays; those of `out` are written over.

        Parameters
        ----------
        u, dv : arrays
            As those of `weight_grad`.
        out : sequence of arrays
            One array a parameter.

        Returns
        -------
        calls : list of callables
            As those of `bound_forward`.
        """
        return [partial(self.weight_grad, u, dv, out)]

    def drawn(self, shape: tuple[int, ...], rng: Rng) -> "Module":
        """Return what stands for this module in one training step; itself if it is not random.

        Parameters
        ----------
        shape : tuple of int
            The number of samples in the batch, after that of the members if there are any.
        rng : RandomState or Generator
            Draws what is random.
        """
        return self

    @property
    def is_random(self) -> bool:
        """Whether `drawn` gives anything but the module itself."""
        return type(self).drawn is not Module.drawn

    @property
    def parameters(self) -> list[Array]:
        """The trained arrays themselves, weights first."""
        return [getattr(self, name) for name in (*self.weights, *self.offsets)]


class Linear(Module):
    """A layer of weighted sums, ``Z = u W + W0``.

    Parameters
    ----------
    W : array of shape (m, k)
        The weights: column j holds those of unit j. A leading member axis, (g, m, k), makes g
        layers that run side by side.
    W0 : array of shape (k,)
        The offsets ((g, k) with members). A unit fires its step where ``u W >= -W0``, so the
        threshold is minus the offset.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.engine import Linear
    >>> layer = Linear(W=np.array([[1.0], [2.0]]), W0=np.array([0.5]))
    >>> layer.forward(np.array([[1.0, 1.0]]))
    array([[3.5]])
    """

    weights = ("W",)
    offsets = ("W0",)
    takes_out = True
    reads_output = False

    def __init__(self, W: Array, W0: Array) -> None:
        self.W = W
        self.W0 = W0

    def __repr__(self) -> str:
        """Return the numbers of inputs and outputs."""
        return f"Linear({self.W.shape[-2]} -> {self.W.shape[-1]})"

    def forward(self, u: Array, out: Array | None = None) -> Array:
        """Return ``u W + W0``; `u` may be a SciPy CSR matrix."""
        Z = product(u, self.W, out)
        add_to_rows(Z, self.W0)
        return Z

    def bound_forward(self, u: Array, v: Array) -> Calls:
        """Return the product and the sums."""
        return [product_call(u, self.W, v), *add_to_rows_calls(v, self.W0)]

    def backward(self, u: Array, v: Array, dv: Array, out: Array | None = None) -> Array:
        """Return ``dv W^T``."""
        return product(dv, self.W.swapaxes(-1, -2), out)

    def bound_backward(self, u: Array, v: Array, dv: Array, du: Array) -> Calls:
        """Return the product."""
        return [product_call(dv, self.W.swapaxes(-1, -2), du)]

    def weight_grad(
        self, u: Array, dv: Array, out: Sequence[Array] | None = None
    ) -> Sequence[Array]:
        """Return ``dW = u^T dv`` and ``dW0``, the column sums of `dv`."""
        dW, dW0 = out or (np.empty_like(self.W), np.empty_like(self.W0))
        product(_transposed(u), dv, dW)
        column_sums(dv, dW0)
        return dW, dW0

    def bound_weight_grad(self, u: Array, dv: Array, out: Sequence[Array]) -> Calls:
        """Return the product and the column sums."""
        dW, dW0 = out
        if not isinstance(u, np.ndarray):  # the numbers of a matrix may become another array
            return super().bound_weight_grad(u, dv, out)
        return [product_call(_transposed(u), dv, dW), column_sums_call(dv, dW0)]


def _transposed(u: Any) -> Any:
    """Return ``u^T``, of each member if there are any."""
    return u.swapaxes(-1, -2) if isinstance(u, np.ndarray) else u.T


def _written(out: Array, verb: Callable[..., Array], *arguments: Array) -> None:
    """Call a verb, and have its answer in `out` even if it is another array."""
    answer = verb(*arguments)
    if answer is not out:
        np.copyto(out, answer)


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
        return self.blames(self.trace(u), dv)[0]

    def blames(self, values: Sequence[Array], dv: Array) -> list[Array]:
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
        blames : list of arrays
            For each of `values` the derivative with respect to it; with a member axis in front of
            the first parameters too, as each member has a blame of its own for what they share.
        """
        blames = [dv]
        for i in reversed(range(len(self.modules))):
            blames.append(self.modules[i].backward(values[i], values[i + 1], blames[-1]))
        return blames[::-1]

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
    def is_random(self) -> bool:
        """Whether a training step draws anything."""
        return any(module.is_random for module in self.modules)

    def drawn(self, shape: tuple[int, ...], rng: Rng) -> "Sequential":
        """Return the network of one training step: the same layers, with units dropped at random.

        Parameters
        ----------
        shape : tuple of int
            The number of samples in the batch, after that of the members if there are any; each
            sample of each member drops units of its own.
        rng : RandomState or Generator
            Draws them.
        """
        return Sequential(module.drawn(shape, rng) for module in self.modules)

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
        blames : list of arrays or None
            For the output of each module, the derivative of the loss with respect to it; None
            before the first module with parameters, where nobody asks for it.
        """
        blames: list[Any] = [None] * (len(self.modules) - 1) + [dv]
        for i in range(len(self.modules) - 1, -1, -1):
            module, u = self.modules[i], values[i]
            if out[i]:
                module.weight_grad(u, dv, out[i])
            if not any(out[:i]):
                break
            blames[i - 1] = dv = module.backward(u, values[i + 1], dv)
        return blames

    @property
    def parameters(self) -> list[Array]:
        """The trained arrays of all modules, module by module."""
        return [array for module in self.modules for array in module.parameters]
