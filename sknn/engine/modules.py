"""Modules: the steps that a network is a sequence of.

Every module maps an input ``u`` to an output ``v`` and knows three verbs: run forward, pass the
blame backward, and (if it has weights) compute their gradient. A module holds parameters only;
what ``backward`` needs is passed in, so that a network never carries a batch of data and may be
used by many threads at once.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from sknn.engine._repr import Part
from sknn.engine._typing import Array, Rng


class Module(Part, ABC):
    """One step of a network, ``v = f(u)``.

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

    def sample(self, shape: tuple[int, ...], rng: Rng) -> "Module":
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
    def is_stochastic(self) -> bool:
        """Whether `drawn` gives anything but the module itself."""
        return type(self).sample is not Module.sample

    @property
    def parameters(self) -> list[Array]:
        """The trained arrays themselves, weights first."""
        return [getattr(self, name) for name in (*self.weights, *self.offsets)]
