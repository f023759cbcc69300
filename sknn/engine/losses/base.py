"""The base class of all losses."""

import math
from abc import ABC, abstractmethod

import numpy as np

from sknn.engine._repr import ReprMixin
from sknn.engine._typing import Array


class Loss(ReprMixin, ABC):
    """A loss of raw outputs and the output activation that belongs to it.

    Attributes
    ----------
    out_activation : {"identity", "logistic", "softmax", "exp"}
        The name of `inverse_link`, as in `out_activation_` of scikit-learn's MLP.
    codes : (float, float)
        The values in `y` of the negative and of the positive class.
    has_probabilities : bool
        Whether `inverse_link` returns probabilities, so that `log_inverse_link` exists.
    interval_y_true : (float, bool)
        The lower bound of valid y, and whether it is included.
    estimates_mean : bool
        Whether predictions estimate the mean of y, so that R2 is a suitable score.
    homogeneity_degree : int
        Degree d: if y and the predictions are multiplied by s, the loss is multiplied by s^d.
    units_per_output : int
        The number of raw outputs per column of targets.
    """

    out_activation: str = "identity"
    codes: tuple[float, float] = (0.0, 1.0)
    has_probabilities: bool = False
    interval_y_true: tuple[float, bool] = (-math.inf, False)
    estimates_mean: bool = True
    homogeneity_degree: int = 0
    units_per_output: int = 1

    @abstractmethod
    def value(self, z: Array, y: Array) -> Array:
        """Return the loss of each sample, shape (n,), summed over the outputs.

        Parameters
        ----------
        z, y : arrays of shape (n, k)
            Raw outputs and targets.
        """

    @abstractmethod
    def gradient(self, z: Array, y: Array) -> Array:
        """Return dL/dZ, the derivative of each sample's loss with respect to its raw outputs.

        Parameters
        ----------
        z, y : arrays of shape (n, k)
            Raw outputs and targets.
        """

    def value_and_gradient(self, z: Array, y: Array) -> tuple[Array, Array]:
        """Return `value` and `gradient`; override it where they share work.

        Parameters
        ----------
        z, y : arrays of shape (n, k)
            Raw outputs and targets.
        """
        return self.value(z, y), self.gradient(z, y)

    def inverse_link(self, z: Array) -> Array:
        """Return the output activation, the predictions of shape (n, k).

        Parameters
        ----------
        z : array of shape (n, k)
            Raw outputs; not changed.
        """
        return z

    def inverse_link_backward(self, z: Array, dA: Array) -> Array:
        """Compute dL/dZ from dL/dA, by the chain rule through `inverse_link`.

        Training uses `gradient` instead.

        Parameters
        ----------
        z, dA : arrays of shape (n, k)
            Raw outputs, and the derivative of a scalar with respect to ``inverse_link(z)``.
        """
        self._require_identity_link("inverse_link_backward")
        return dA

    def link(self, a: Array) -> Array:
        """Return raw outputs with ``inverse_link(z) = a``, clipped to finite values.

        Parameters
        ----------
        a : array of shape (n, k)
            Predictions.
        """
        return a

    def average_members(self, z: Array) -> Array:
        """Return the raw outputs (n, k) whose prediction is the mean of those of several members.

        Parameters
        ----------
        z : array of shape (g, n, k)
            Raw outputs of g members.
        """
        return self.link(self.inverse_link(z).mean(axis=0))

    def average_members_backward(self, z: Array, dv: Array) -> Array:
        """Compute the gradient through `average_members`; classification losses define it.

        Parameters
        ----------
        z : array of shape (g, n, k)
            Raw outputs of g members.
        dv : array of shape (n, k)
            The derivative of a scalar with respect to ``average_members(z)``.
        """
        self._require_identity_link("average_members_backward")
        return np.broadcast_to(dv / len(z), z.shape)

    def fit_intercept_only(self, y: Array, w: Array | None = None) -> Array:
        """Return the raw outputs (k,) of the best constant prediction, by default the mean of y.

        Parameters
        ----------
        y : array of shape (n, k)
            Targets; NaN is unknown.
        w : array of shape (n,), optional
            Sample weights, 1 if left out.
        """
        return self.link(weighted_nanmean(y, w))

    def select_outputs(self, outputs: slice) -> "Loss":
        """Return the loss of some raw outputs, with their settings; by default the loss itself.

        Parameters
        ----------
        outputs : slice
            The raw outputs.
        """
        return self

    def log_inverse_link(self, z: Array) -> Array:
        """Return the logarithm of `inverse_link`; built-in losses are exact where that rounds to 0.

        Parameters
        ----------
        z : array of shape (n, k)
            Raw outputs.

        Raises
        ------
        NotImplementedError
            If the predictions are not probabilities.
        """
        if not self.has_probabilities:
            raise NotImplementedError(f"{type(self).__name__} gives no probabilities.")
        with np.errstate(divide="ignore"):
            return np.log(self.inverse_link(z))

    def _require_identity_link(self, missing: str) -> None:
        """Raise an error if `inverse_link` is overridden, but not its derivative."""
        if type(self).inverse_link is not Loss.inverse_link:
            raise NotImplementedError(
                f"{type(self).__name__} overrides inverse_link: define {missing}, too, for "
                "derivatives of predictions."
            )


def weighted_nanmean(y: Array, w: Array | None) -> Array:
    """Return the weighted mean of the known values of each column of y, shape (k,); 0 if none."""
    known = ~np.isnan(y)
    if w is None and len(y) and known.all():  # the same, with less memory
        return (y.astype(np.float64) * (1 / len(y))).sum(axis=0).astype(y.dtype)
    w = np.ones(len(y)) if w is None else w / w.max()  # so that their sum cannot overflow
    weights = known * w[:, None]
    total = weights.sum(axis=0)
    mean = np.where(known, y, 0).astype(np.float64)
    mean = (mean * (weights / np.where(total > 0, total, 1))).sum(axis=0)
    return mean.astype(y.dtype)
