"""Modules: the steps that a network is a sequence of.

Every module maps an input ``u`` to an output ``v`` and knows three verbs: run forward, pass the
blame backward, and (if it has weights) compute their gradient. A module holds parameters only;
what ``backward`` needs is passed in, so that a network never carries a batch of data and may be
used by many threads at once.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from sknn.engine.settings import Part
from sknn.engine.types import Array, Calls, Rng

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


def _written(out: Array, verb: Callable[..., Array], *arguments: Array) -> None:
    """Call a verb, and have its answer in `out` even if it is another array."""
    answer = verb(*arguments)
    if answer is not out:
        np.copyto(out, answer)
