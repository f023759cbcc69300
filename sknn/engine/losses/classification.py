"""Losses of classification, with targets of two values: negative and positive class."""

import numpy as np
from scipy.special import expit, log_expit, logit, logsumexp, softmax

from sknn.engine._linalg import row_sums
from sknn.engine._typing import Array
from sknn.engine.losses.base import Loss

#: `link` clips probabilities to at least this, and for sigmoids to at most 1 minus this.
MIN_PROBABILITY = 1e-4


class Hinge(Loss):
    """The binary hinge, ``sum max(0, 1 - y z)`` with y in {-1, +1}, on linear outputs.

    Outputs are summed: one column is the loss of a linear SVM, several are independent labels
    (multilabel). At the kink ``y z = 1`` the sub-gradient is taken as 0.
    """

    codes = (-1.0, 1.0)

    def value(self, z: Array, y: Array) -> Array:
        """Return ``sum max(0, 1 - y z)``."""
        return np.maximum(1 - y * z, 0).sum(axis=-1)

    def gradient(self, z: Array, y: Array) -> Array:
        """Return ``-y`` where the margin ``y z`` is below 1, else 0."""
        return -y * (y * z < 1)


class SquaredHinge(Loss):
    """The squared hinge, ``sum max(0, 1 - y z)^2`` with y in {-1, +1}, on linear outputs.

    Outputs are summed, so that several classes are one-vs-rest, as in
    :class:`sklearn.svm.LinearSVC`.
    """

    codes = (-1.0, 1.0)

    def value(self, z: Array, y: Array) -> Array:
        """Return ``sum max(0, 1 - y z)^2``."""
        short = np.maximum(1 - y * z, 0)
        return np.einsum("...k,...k->...", short, short)

    def gradient(self, z: Array, y: Array) -> Array:
        """Return ``-2 y max(0, 1 - y z)``."""
        return -2 * y * np.maximum(1 - y * z, 0)


class MulticlassHinge(Loss):
    """The multiclass hinge, ``max(0, 1 - (z_y - max_{r != y} z_r))``, on linear outputs.

    Crammer and Singer (2001), "On the Algorithmic Implementation of Multiclass Kernel-based
    Vector Machines"; the same as :func:`sklearn.metrics.hinge_loss`. With a single class the
    loss is 0. Of several classes r with the largest z_r, the first has the gradient.
    """

    codes = (-1.0, 1.0)

    def value(self, z: Array, y: Array) -> Array:
        """Return ``max(0, 1 - margin)``."""
        margin, _ = self._margin_and_rival(z, y)
        return np.maximum(1 - margin, 0)

    def gradient(self, z: Array, y: Array) -> Array:
        """Return -1 for the true and +1 for the largest other class if the margin is below 1."""
        margin, rival = self._margin_and_rival(z, y)
        active = (margin < 1).astype(z.dtype)[..., None]
        return active * (rival - (y > 0))

    @staticmethod
    def _margin_and_rival(z: Array, y: Array) -> tuple[Array, Array]:
        """Return the margins (n,), and the other class with the largest z, one-hot (n, k)."""
        others = np.where(y > 0, -np.inf, z)
        rival = np.arange(z.shape[-1]) == others.argmax(axis=-1)[..., None]
        right = np.where(y > 0, z, 0).sum(axis=-1)
        return right - others.max(axis=-1), rival.astype(z.dtype)


class _SigmoidLoss(Loss):
    """Base class of losses with sigmoid output activation."""

    out_activation = "logistic"
    has_probabilities = True

    def inverse_link(self, z: Array) -> Array:
        """Return ``sigmoid(z)``."""
        return expit(z)

    def inverse_link_backward(self, z: Array, dA: Array) -> Array:
        """Return ``a (1 - a) dA``; 1 - a is ``sigmoid(-z)``."""
        return dA * self.inverse_link(z) * self.inverse_link(-z)

    def log_inverse_link(self, z: Array) -> Array:
        """Return ``log sigmoid(z)``."""
        return log_expit(z)

    def link(self, a: Array) -> Array:
        """Return ``log(a / (1 - a))``, with a clipped away from 0 and 1."""
        return logit(np.clip(a, MIN_PROBABILITY, 1 - MIN_PROBABILITY))

    def average_members(self, z: Array) -> Array:
        """Return ``log(sum sigmoid(z) / sum sigmoid(-z))``, exact where these round to 0."""
        return logsumexp(log_expit(z), axis=0) - logsumexp(log_expit(-z), axis=0)

    def average_members_backward(self, z: Array, dv: Array) -> Array:
        """Return ``dv (p sigmoid(-z) + q sigmoid(z))``, p and q the fractions in both sums."""
        p, q = softmax(log_expit(z), axis=0), softmax(log_expit(-z), axis=0)
        return dv * (p * expit(-z) + q * expit(z))


class NLL(_SigmoidLoss):
    """Binary cross-entropy from raw outputs: the negative log likelihood on sigmoid outputs.

    ``-sum (y log a + (1 - y) log(1 - a))`` with ``a = sigmoid(z)`` and y in [0, 1]. Outputs are
    summed: one column for two classes, several for independent labels.
    """

    def value(self, z: Array, y: Array) -> Array:
        """Return ``sum (log(1 + exp(z)) - y z)``, without overflow or cancellation."""
        return row_sums(np.log1p(np.exp(np.copysign(z, -1))) + (np.maximum(z, 0) - y * z))

    def gradient(self, z: Array, y: Array) -> Array:
        """Return ``a - y``."""
        return expit(z) - y


class NLLM(Loss):
    """Multiclass cross-entropy from raw outputs: the negative log likelihood on softmax outputs.

    ``-sum y log a`` with ``a = softmax(z)`` and the rows of y summing to 1.
    """

    out_activation = "softmax"
    has_probabilities = True

    def value(self, z: Array, y: Array) -> Array:
        """Return ``log sum exp(z) - sum y z``, shifted by the largest z."""
        return self.value_and_gradient(z, y)[0]

    def gradient(self, z: Array, y: Array) -> Array:
        """Return ``a - y``."""
        return self.value_and_gradient(z, y)[1]

    def value_and_gradient(self, z: Array, y: Array) -> tuple[Array, Array]:
        """Return both, computing each exponential once."""
        a = np.maximum(z - _row_max(z), np.finfo(z.dtype).min)
        yz = row_sums(a * y)
        total = self._exp_inplace(a)
        a /= total[..., None]
        return np.log(total) - yz, np.subtract(a, y, out=a)

    def inverse_link(self, z: Array) -> Array:
        """Return ``softmax(z)`` of each row."""
        a: Array = z - _row_max(z)
        a /= self._exp_inplace(a)[..., None]
        return a

    def inverse_link_backward(self, z: Array, dA: Array) -> Array:
        """Return ``a (dA - sum a dA)``."""
        a = self.inverse_link(z)
        return a * (dA - np.sum(a * dA, axis=-1, keepdims=True))

    @staticmethod
    def _exp_inplace(a: Array) -> Array:
        """Replace `a` by its exponentials and return the sum of each row."""
        np.exp(a, out=a)
        return row_sums(a)

    def log_inverse_link(self, z: Array) -> Array:
        """Return ``log softmax(z)`` of each row."""
        return log_softmax(z)

    def link(self, a: Array) -> Array:
        """Return ``log a``, with a clipped away from 0."""
        return np.log(np.maximum(a, MIN_PROBABILITY))

    def average_members(self, z: Array) -> Array:
        """Return the logarithm of the mean probability, exact where that rounds to 0."""
        mean: Array = logsumexp(log_softmax(z), axis=0) - np.log(len(z))
        return mean.astype(z.dtype, copy=False)

    def average_members_backward(self, z: Array, dv: Array) -> Array:
        """Return the gradient through the logarithm of the mean probability."""
        log_a = log_softmax(z)
        d_log_a = dv * softmax(log_a, axis=0)
        return d_log_a - np.exp(log_a) * d_log_a.sum(axis=-1, keepdims=True)


def log_softmax(z: Array) -> Array:
    """Return ``log softmax(z)`` of each row: the bits of SciPy, but much faster."""
    highest = z.max(axis=-1, keepdims=True)
    highest[~np.isfinite(highest)] = 0
    shifted: Array = z - highest
    with np.errstate(divide="ignore"):
        shifted -= np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return shifted


def _row_max(z: Array) -> Array:
    """Return the maximum of each row, shape (..., n, 1); along contiguous columns it is faster."""
    return np.maximum.reduce(z.swapaxes(-1, -2).copy(), axis=-2)[..., None]


class Brier(_SigmoidLoss):
    """The textbook's quadratic cost, ``1/2 sum (a - y)^2`` with ``a = sigmoid(z)``.

    Its gradient ``(a - y) a (1 - a)`` vanishes for confident wrong predictions, so that `NLL`
    learns faster. Named after Brier (1950), "Verification of Forecasts Expressed in Terms of
    Probability".
    """

    def value(self, z: Array, y: Array) -> Array:
        """Return ``1/2 sum (a - y)^2``."""
        error = self.inverse_link(z) - y
        return 0.5 * np.einsum("...k,...k->...", error, error)

    def gradient(self, z: Array, y: Array) -> Array:
        """Return ``(a - y) a (1 - a)``; 1 - a is ``sigmoid(-z)``, which does not round to 0."""
        a = self.inverse_link(z)
        return (a - y) * a * self.inverse_link(-z)
