"""What a loss is: how wrong raw outputs are, and the output activation that suits it."""

import math
from abc import ABC, abstractmethod

import numpy as np

from sknn.engine._repr import Part
from sknn.engine._typing import Array


class Loss(Part, ABC):
    """How wrong the raw outputs are.

    Attributes
    ----------
    out_activation : {"identity", "logistic", "softmax", "exp"}
        What `inverse_link` computes, in scikit-learn's words.
    codes : (float, float)
        How class membership is written in `y`: the number for "no", the number for "yes".
    has_probabilities : bool
        Whether `inverse_link` gives probabilities, and `log_inverse_link` exists.
    interval_y_true : (float, bool)
        The lower bound of y, and whether y may be equal to it.
    estimates_mean : bool
        Whether its answers are meant to be close to y on average, which R2 measures.
    homogeneity_degree : int
        With y and the answers in a unit that is s times smaller, the loss is s^homogeneity_degree as large.
    """

    out_activation: str = "identity"
    codes: tuple[float, float] = (0.0, 1.0)
    has_probabilities: bool = False
    interval_y_true: tuple[float, bool] = (-math.inf, False)
    estimates_mean: bool = True
    homogeneity_degree: int = 0

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
        """Return `value` and `gradient` at once.

        A loss whose two share their work may save it here.

        Parameters
        ----------
        z : array of shape (n, k)
            Raw outputs.
        y : array of shape (n, k)
            What they should have said.

        Returns
        -------
        loss : array of shape (n,)
            One number a sample.
        dZ : array of shape (n, k)
            The derivatives.
        """
        return self.value(z, y), self.gradient(z, y)

    def inverse_link(self, z: Array) -> Array:
        """Return the output activation.

        Parameters
        ----------
        z : array of shape (n, k)
            Raw outputs; left as they are.

        Returns
        -------
        a : array of shape (n, k)
            The answers.
        """
        return z

    def inverse_link_backward(self, z: Array, dA: Array) -> Array:
        """Pass the blame back through `inverse_link`.

        Parameters
        ----------
        z : array of shape (n, k)
            Raw outputs.
        dA : array of shape (n, k)
            The derivative of anything with respect to ``inverse_link(z)``.

        Returns
        -------
        dZ : array of shape (n, k)
            Its derivative with respect to `z`. Training needs none of this.
        """
        self._need_identity("inverse_link_backward")
        return dA

    def link(self, a: Array) -> Array:
        """Return the inverse of `inverse_link`, always finite.

        Parameters
        ----------
        a : array of shape (n, k)
            Answers.

        Returns
        -------
        z : array of shape (n, k)
            Raw outputs whose output activation is `a`.
        """
        return a

    def average_members(self, z: Array) -> Array:
        """Return the raw outputs that say what several members say on average.

        Parameters
        ----------
        z : array of shape (g, n, k)
            Raw outputs of g members.

        Returns
        -------
        z : array of shape (n, k)
            Their output activation is the mean of the members' output activations.
        """
        return self.link(self.inverse_link(z).mean(axis=0))

    def average_members_backward(self, z: Array, dv: Array) -> Array:
        """Pass the blame back through `joined`; losses for labels have it.

        Parameters
        ----------
        z : array of shape (g, n, k)
            Raw outputs of g members.
        dv : array of shape (n, k)
            The derivative of anything with respect to ``joined(z)``.

        Returns
        -------
        dz : array of shape (g, n, k)
            Its derivative with respect to `z`.
        """
        self._need_identity("average_members_backward")
        return np.broadcast_to(dv / len(z), z.shape)

    def fit_intercept_only(self, y: Array, w: Array | None = None) -> Array:
        """Return raw outputs that suit y on average, to begin with.

        Parameters
        ----------
        y : array of shape (n, k)
            What the raw outputs should say; NaN is not known.
        w : array of shape (n,), optional
            Weights of the samples; 1 each if left out.

        Returns
        -------
        z : array of shape (k,)
            Their output activation is the mean of y.
        """
        return self.link(weighted_nanmean(y, w))

    def only(self, outputs: slice) -> "Loss":
        """Return the loss of some of the raw outputs, alone; by default all have the same.

        Parameters
        ----------
        outputs : slice
            Which of them.
        """
        return self

    def log_inverse_link(self, z: Array) -> Array:
        """Return the logarithm of `inverse_link`; ours are exact where that rounds to 0.

        Parameters
        ----------
        z : array of shape (n, k)
            Raw outputs.

        Returns
        -------
        log_a : array of shape (n, k)
            Logarithms of probabilities.

        Raises
        ------
        NotImplementedError
            If the answers are no probabilities.
        """
        if not self.has_probabilities:
            raise NotImplementedError(f"{type(self).__name__} gives no probabilities.")
        with np.errstate(divide="ignore"):
            return np.log(self.inverse_link(z))

    def _need_identity(self, missing: str) -> None:
        """Refuse to pass blame through an output activation whose derivative is not known."""
        if type(self).inverse_link is not Loss.inverse_link:
            raise NotImplementedError(
                f"{type(self).__name__} has an output activation of its own: define "
                f"{missing} to look at derivatives of what it answers."
            )


def weighted_nanmean(y: Array, w: Array | None) -> Array:
    """Return the weighted mean of each column of y, shape (k,), where it is known; else 0."""
    known = ~np.isnan(y)
    w = np.ones(len(y)) if w is None else w / w.max()  # so that no sum of them overflows
    weights = known * w[:, None]
    total = weights.sum(axis=0)
    mean = np.where(known, y, 0).astype(np.float64)
    mean = (mean * (weights / np.where(total > 0, total, 1))).sum(axis=0)
    return mean.astype(y.dtype)
