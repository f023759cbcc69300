"""What a loss is: how wrong raw outputs are, and the output activation that suits it."""

import math
from abc import ABC, abstractmethod

import numpy as np

from sknn.engine.settings import Part
from sknn.engine.types import Array


class Loss(Part, ABC):
    """How wrong the raw outputs are.

    Attributes
    ----------
    out_activation : {"identity", "logistic", "softmax", "exp"}
        What `activate` computes, in scikit-learn's words.
    codes : (float, float)
        How class membership is written in `y`: the number for "no", the number for "yes".
    has_probabilities : bool
        Whether `activate` gives probabilities, and `log_activate` exists.
    domain : (float, bool)
        The lower bound of y, and whether y may be equal to it.
    of_the_mean : bool
        Whether its answers are meant to be close to y on average, which R2 measures.
    """

    out_activation: str = "identity"
    codes: tuple[float, float] = (0.0, 1.0)
    has_probabilities: bool = False
    domain: tuple[float, bool] = (-math.inf, False)
    of_the_mean: bool = True

    @property
    def units_per_output(self) -> int:
        """How many raw outputs answer for one column of targets."""
        return 1

    @abstractmethod
    def value(self, z: Array, y: Array) -> Array:
        """Return the loss of each sample.

        Parameters
        ----------
        z : array of shape (n, k)
            Raw outputs.
        y : array of shape (n, k)
            What they should have said.

        Returns
        -------
        loss : array of shape (n,)
            One number a sample, summed over the outputs.
        """

    @abstractmethod
    def gradient(self, z: Array, y: Array) -> Array:
        """Return dL/dZ.

        Parameters
        ----------
        z : array of shape (n, k)
            Raw outputs.
        y : array of shape (n, k)
            What they should have said.

        Returns
        -------
        dZ : array of shape (n, k)
            The derivative of each sample's loss with respect to its raw outputs.
        """

    def value_and_gradient(self, z: Array, y: Array) -> tuple[Array, Array]:
        """Return both at once; a loss whose two share their work may save it here."""
        return self.value(z, y), self.gradient(z, y)

    def activate(self, z: Array) -> Array:
        """Return the output activation of `z`, an array of the same shape."""
        return z

    def log_activate(self, z: Array) -> Array:
        """Return the logarithm of `activate`; ours are exact where that rounds to 0."""
        if not self.has_probabilities:
            raise NotImplementedError(f"{type(self).__name__} gives no probabilities.")
        with np.errstate(divide="ignore"):
            return np.log(self.activate(z))
