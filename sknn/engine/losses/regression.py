"""Losses of regression."""

from collections.abc import Sequence

import numpy as np
from scipy.special import expit, logsumexp, xlogy

from sknn.engine._linalg import row_sums
from sknn.engine._typing import Array
from sknn.engine.losses.base import Loss, weighted_nanmean

#: Initial mean of a loss with logarithmic link whose targets are all 0.
MIN_MEAN = 1e-4


class SquaredError(Loss):
    """Half the squared error, ``1/2 sum (z - y)^2``, on linear outputs."""

    codes = (-1.0, 1.0)
    homogeneity_degree = 2

    def value(self, z: Array, y: Array) -> Array:
        """Return ``1/2 sum (z - y)^2``."""
        error = z - y
        return 0.5 * row_sums(error * error)

    def gradient(self, z: Array, y: Array) -> Array:
        """Return ``z - y``."""
        return z - y


class AbsoluteError(Loss):
    """The absolute error, ``sum |z - y|``, on linear outputs; it estimates the median.

    The sub-gradient at 0 is 0.
    """

    homogeneity_degree = 1

    def value(self, z: Array, y: Array) -> Array:
        """Return ``sum |z - y|``."""
        return np.abs(z - y).sum(axis=-1)

    def gradient(self, z: Array, y: Array) -> Array:
        """Return ``sign(z - y)``."""
        return np.sign(z - y)


class Huber(Loss):
    """Half the squared error up to `delta`, linear beyond, on linear outputs.

    Huber (1964), "Robust Estimation of a Location Parameter".

    Parameters
    ----------
    delta : float or sequence of float, default=1.0
        The error, in the units of y, where the loss becomes linear: for all outputs or one each.
    """

    homogeneity_degree = 2

    def __init__(self, delta: float | Sequence[float] = 1.0) -> None:
        self.delta = tuple(delta) if isinstance(delta, Sequence) else float(delta)

    def select_outputs(self, outputs: slice) -> Loss:
        """Return the loss with the deltas of these outputs."""
        return Huber(self.delta[outputs]) if isinstance(self.delta, tuple) else self

    def value(self, z: Array, y: Array) -> Array:
        """Return ``sum (e^2 / 2 if |e| <= delta else delta (|e| - delta / 2))``, e = z - y."""
        size = np.abs(z - y)
        near = np.minimum(size, np.array(self.delta, z.dtype))
        return (near * (size - 0.5 * near)).sum(axis=-1)

    def gradient(self, z: Array, y: Array) -> Array:
        """Return ``z - y``, clipped to ``[-delta, delta]``."""
        delta = np.array(self.delta, z.dtype)
        return np.clip(z - y, -delta, delta)


class Quantile(Loss):
    """The pinball loss of one or several quantiles, which never cross.

    ``sum_q max(q (y - a_q), (q - 1) (y - a_q))``. Each output has a unit per quantile: the first
    quantile is its first raw output, and each further one adds the softplus of the next raw output.
    Koenker and Bassett (1978), "Regression Quantiles".

    Parameters
    ----------
    quantiles : sequence of float, default=(0.5,)
        Increasing, inside (0, 1).
    """

    estimates_mean = False
    homogeneity_degree = 1

    #: `link` moves quantiles that are closer than this apart.
    min_gap = 1e-6

    def __init__(self, quantiles: Sequence[float] = (0.5,)) -> None:
        self.quantiles = tuple(float(q) for q in quantiles)
        inside = all(0 < q < 1 for q in self.quantiles)
        if not self.quantiles or not inside or sorted(set(self.quantiles)) != list(self.quantiles):
            raise ValueError(
                f"quantile must be inside (0, 1), several of them increasing; got {quantiles}."
            )

    @property
    def units_per_output(self) -> int:  # type: ignore[override]
        """One unit per quantile."""
        return len(self.quantiles)

    def value(self, z: Array, y: Array) -> Array:
        """Return the pinball losses, summed."""
        error = y - self.inverse_link(z)
        q = self._levels(z)
        return np.maximum(q * error, (q - 1) * error).sum(axis=-1)

    def gradient(self, z: Array, y: Array) -> Array:
        """Return the sub-gradient, which is 0 where a quantile equals y."""
        error = y - self.inverse_link(z)
        return self.inverse_link_backward(z, (error < 0) - self._levels(z) * (error != 0))

    def inverse_link(self, z: Array) -> Array:
        """Return the quantiles, in order within each output."""
        groups = self._groups(z)
        parts = np.concatenate([groups[..., :1], np.logaddexp(groups[..., 1:], 0)], axis=-1)
        return np.cumsum(parts, axis=-1).reshape(z.shape)

    def inverse_link_backward(self, z: Array, dA: Array) -> Array:
        """Return the gradient: a raw output moves its quantile and all above it."""
        from_above = np.flip(np.cumsum(np.flip(self._groups(dA), -1), axis=-1), -1)
        from_above[..., 1:] *= expit(self._groups(z)[..., 1:])
        return from_above.reshape(z.shape)

    def link(self, a: Array) -> Array:
        """Return the first quantile of each output, and the inverse softplus of the differences."""
        groups = self._groups(a)
        steps = np.maximum(np.diff(groups, axis=-1), self.min_gap)
        parts = [groups[..., :1], steps + np.log(-np.expm1(-steps))]
        return np.concatenate(parts, axis=-1).reshape(a.shape)

    def fit_intercept_only(self, y: Array, w: Array | None = None) -> Array:
        """Return the raw outputs of the weighted quantiles of y."""
        w = np.ones(len(y)) if w is None else w
        levels = zip(y.T, self._levels(y), strict=True)
        return self.link(np.array([_quantile(column, w, q) for column, q in levels], y.dtype))

    def _groups(self, array: Array) -> Array:
        """Split the last axis into outputs and quantiles."""
        return array.reshape(*array.shape[:-1], -1, len(self.quantiles))

    def _levels(self, z: Array) -> Array:
        """Return q for each column of z, in the type of z."""
        return np.tile(np.array(self.quantiles, z.dtype), z.shape[-1] // len(self.quantiles))


def _quantile(y: Array, w: Array, level: float) -> float:
    """Return the weighted quantile of the known y; 0 if there are none."""
    known = ~np.isnan(y)
    if not known.any():
        return 0.0
    y, w = y[known], w[known]
    order = np.argsort(y)
    total = np.cumsum(w[order], dtype=np.float64)
    return float(y[order[np.searchsorted(total, level * total[-1])]])


class _LogLinkLoss(Loss):
    """Base class of losses with logarithmic link."""

    out_activation = "exp"

    def inverse_link(self, z: Array) -> Array:
        """Return ``exp(z)``."""
        return np.exp(z)

    def inverse_link_backward(self, z: Array, dA: Array) -> Array:
        """Return ``a dA``."""
        return dA * np.exp(z)

    def link(self, a: Array) -> Array:
        """Return ``log a``, with a clipped to positive numbers."""
        return np.log(np.maximum(a, np.finfo(a.dtype).tiny))

    def fit_intercept_only(self, y: Array, w: Array | None = None) -> Array:
        """Return the logarithms of the means of y; a mean of 0 is replaced by `MIN_MEAN`."""
        mean = weighted_nanmean(y, w)
        mean[mean == 0] = MIN_MEAN
        mean[np.isnan(y).all(axis=0)] = 1
        return self.link(mean)

    def average_members(self, z: Array) -> Array:
        """Return the logarithm of the mean of ``exp(z)``, without overflow."""
        mean: Array = logsumexp(z, axis=0) - np.log(len(z))
        return mean.astype(z.dtype, copy=False)


class Poisson(_LogLinkLoss):
    """Half the Poisson deviance, ``sum (a - y + y log(y / a))`` with ``a = exp(z)`` and y >= 0."""

    homogeneity_degree = 1
    interval_y_true = (0.0, True)

    def value(self, z: Array, y: Array) -> Array:
        """Return ``sum (exp(z) - y - y z + y log y)``."""
        return (np.exp(z) - y + (xlogy(y, y) - y * z)).sum(axis=-1)

    def gradient(self, z: Array, y: Array) -> Array:
        """Return ``a - y``."""
        return np.exp(z) - y


class Gamma(_LogLinkLoss):
    """Half the gamma deviance, ``sum (log(a / y) + y / a - 1)`` with ``a = exp(z)`` and y > 0."""

    interval_y_true = (0.0, False)

    def value(self, z: Array, y: Array) -> Array:
        """Return ``sum (z - log y + y exp(-z) - 1)``."""
        return (z - np.log(y) + (y * np.exp(-z) - 1)).sum(axis=-1)

    def gradient(self, z: Array, y: Array) -> Array:
        """Return ``1 - y / a``."""
        return 1 - y * np.exp(-z)
