"""Activation functions: modules without weights, applied to each element.

`backward` uses the input ``u`` or the output ``v``, whichever makes the derivative cheaper.
"""

import math

import numpy as np
from scipy.special import expit, ndtr

from sknn.engine._typing import Array
from sknn.engine.modules import Module


class Identity(Module):
    """``f(u) = u``; two linear layers with it between them equal one linear layer."""

    def forward(self, u: Array) -> Array:
        """Return `u`."""
        return u

    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Return `dv`."""
        return dv


class Sigmoid(Module):
    """The logistic function, ``f(u) = 1 / (1 + exp(-slope u))``.

    Parameters
    ----------
    slope : float, default=1.0
        The steepness; as it grows the function tends to `Step` at 0.
    """

    def __init__(self, slope: float = 1.0) -> None:
        self.slope = float(slope)

    def forward(self, u: Array, out: Array | None = None) -> Array:
        """Return ``1 / (1 + exp(-slope u))``."""
        return expit(u if self.slope == 1 else self.slope * u, out=out)

    def backward(self, u: Array, v: Array, dv: Array, out: Array | None = None) -> Array:
        """Return ``slope v (1 - v) dv``."""
        slopes = np.subtract(1, v, out=out)
        slopes *= v if self.slope == 1 else self.slope * v
        return np.multiply(slopes, dv, out=slopes)


class Tanh(Module):
    """The hyperbolic tangent, ``f(u) = tanh(u)``."""

    def forward(self, u: Array, out: Array | None = None) -> Array:
        """Return ``tanh(u)``."""
        return np.tanh(u, out=out)

    def backward(self, u: Array, v: Array, dv: Array, out: Array | None = None) -> Array:
        """Return ``(1 - v^2) dv``."""
        slopes = np.multiply(v, v, out=out)
        np.subtract(1, slopes, out=slopes)
        return np.multiply(slopes, dv, out=slopes)


class ReLU(Module):
    """The rectified linear unit, ``f(u) = max(0, u)``; its derivative at 0 is taken as 0."""

    def forward(self, u: Array) -> Array:
        """Return ``max(0, u)``."""
        return np.maximum(u, 0)

    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Return `dv` where ``v > 0``, else 0."""
        return dv * (v > 0)


class LeakyReLU(Module):
    """``f(u) = u`` above 0 and ``slope u`` below; its derivative at 0 is taken as `slope`.

    Parameters
    ----------
    slope : float, default=0.01
        The slope below 0, as in Maas, Hannun and Ng (2013), "Rectifier Nonlinearities Improve
        Neural Network Acoustic Models".
    """

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = float(slope)

    def forward(self, u: Array) -> Array:
        """Return `u` above 0, ``slope u`` below."""
        return np.where(u > 0, u, self.slope * u)

    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Return `dv` above 0, ``slope dv`` below."""
        return np.where(u > 0, dv, self.slope * dv)


class ELU(Module):
    """The exponential linear unit: ``u`` above 0, ``alpha (exp(u) - 1)`` below.

    Parameters
    ----------
    alpha : float, default=1.0
        Minus the limit on the left, as in Clevert, Unterthiner and Hochreiter
        (2016), "Fast and Accurate Deep Network Learning by Exponential Linear Units". The
        derivative at 0 is taken from the left: `alpha`.
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = float(alpha)

    def forward(self, u: Array) -> Array:
        """Return `u` above 0, ``alpha (exp(u) - 1)`` below."""
        return np.where(u > 0, u, self.alpha * np.expm1(np.minimum(u, 0)))

    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Return `dv` above 0, ``(v + alpha) dv`` below."""
        return np.where(u > 0, dv, (v + self.alpha) * dv)


class Softplus(Module):
    """The smooth ReLU, ``f(u) = log(1 + exp(u))``; its derivative is the sigmoid."""

    def forward(self, u: Array) -> Array:
        """Return ``log(1 + exp(u))``, without overflow."""
        return np.logaddexp(u, 0)

    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Return ``dv / (1 + exp(-u))``."""
        return dv * expit(u)


class Exp(Module):
    """The exponential function, ``f(u) = exp(u)``."""

    def forward(self, u: Array) -> Array:
        """Return ``exp(u)``."""
        return np.exp(u)

    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Return ``v dv``."""
        return dv * v


class SELU(Module):
    """The scaled ELU, whose constants keep mean 0 and variance 1 from layer to layer.

    ``scale u`` above 0 and ``scale alpha (exp(u) - 1)`` below, with the constants of Klambauer,
    Unterthiner, Mayr and Hochreiter (2017), "Self-Normalizing Neural Networks", equation 14. The
    derivative at 0 is taken from the left: ``scale alpha``.
    """

    alpha = 1.6732632423543772
    scale = 1.0507009873554805

    def forward(self, u: Array) -> Array:
        """Return ``scale u`` above 0, ``scale alpha (exp(u) - 1)`` below."""
        return np.where(u > 0, self.scale * u, self.scale * self.alpha * np.expm1(np.minimum(u, 0)))

    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Return ``scale dv`` above 0, ``(v + scale alpha) dv`` below."""
        return np.where(u > 0, self.scale * dv, (v + self.scale * self.alpha) * dv)


class GELU(Module):
    """The Gaussian error linear unit, ``u Phi(u)`` with the normal distribution function Phi.

    Hendrycks and Gimpel (2016), "Gaussian Error Linear Units"; the exact form, not the
    approximation by tanh.
    """

    def forward(self, u: Array) -> Array:
        """Return ``u Phi(u)``."""
        return u * ndtr(u)

    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Return ``(Phi(u) + u phi(u)) dv`` with the normal density phi."""
        near = np.clip(u, -40, 40)  # phi is 0 beyond, and the square cannot overflow
        return dv * (ndtr(u) + near * np.exp(-0.5 * near * near) * (2 * math.pi) ** -0.5)


class SiLU(Module):
    """The sigmoid linear unit or swish, ``u sigmoid(u)``.

    Elfwing, Uchibe and Doya (2018), "Sigmoid-Weighted Linear Units for Neural Network Function
    Approximation in Reinforcement Learning".
    """

    def forward(self, u: Array, out: Array | None = None) -> Array:
        """Return ``u sigmoid(u)``, with ``sigmoid(u) = (1 + tanh(u / 2)) / 2``, which is faster."""
        v = np.multiply(u, 0.5, out=out)
        np.tanh(v, out=v)
        v += 1
        v *= 0.5
        v *= u
        return v

    def backward(self, u: Array, v: Array, dv: Array, out: Array | None = None) -> Array:
        """Return ``(s + v (1 - s)) dv`` with ``s = sigmoid(u) = v / u``, which is 1/2 at 0."""
        with np.errstate(invalid="ignore"):
            s = np.divide(v, u, out=out)
        s[u == 0] = 0.5
        slopes = 1 - s
        slopes *= v
        slopes += s
        return np.multiply(slopes, dv, out=s)


class Mish(Module):
    """The activation ``u tanh(softplus(u))``.

    Misra (2020), "Mish: A Self Regularized Non-Monotonic Activation Function".
    """

    def forward(self, u: Array) -> Array:
        """Return ``u tanh(log(1 + exp(u)))``."""
        return u * np.tanh(np.logaddexp(u, 0))

    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Return ``(t + u (1 - t^2) sigmoid(u)) dv`` with ``t = tanh(softplus(u))``."""
        t = np.tanh(np.logaddexp(u, 0))
        return dv * (t + u * (1 - t * t) * expit(u))


class Step(Module):
    """The perceptron's step function: 1 where ``u >= threshold``, else 0; without `backward`.

    At the threshold it is 1; another common convention is 0.

    Parameters
    ----------
    threshold : float, default=0.0
        Where the output changes from 0 to 1.
    """

    def __init__(self, threshold: float = 0.0) -> None:
        self.threshold = threshold

    def forward(self, u: Array) -> Array:
        """Return 1 where ``u >= threshold``, else 0, in the type of `u`."""
        return (u >= self.threshold).astype(u.dtype)

    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Raise an error: the derivative is 0 or undefined.

        Raises
        ------
        NotImplementedError
            Always.
        """
        raise NotImplementedError(
            "Step has no gradient: its derivative is zero, and undefined at the threshold, so the "
            "layers before it could not learn. Use another activation instead: Sigmoid (which "
            "tends to Step as its slope grows), Tanh, ReLU, LeakyReLU, ELU or Softplus."
        )
