"""Dropout: random units are set to 0 in each training step."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknn.engine._typing import Array, Rng
from sknn.engine.modules import Module

#: Number of values of the 16 random bits drawn per unit; they cost a third of a random float.
N_LEVELS = 2**16


class Dropout(Module):
    """The identity in prediction; in training a fresh `DropoutMask` for every step.

    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), "Dropout: A Simple Way to
    Prevent Neural Networks from Overfitting", in the inverted form: the kept units are scaled up in
    training, so that predictions need no scaling.

    Parameters
    ----------
    rate : float
        The probability that a unit is dropped, in [0, 1); rounded to multiples of 1/65536, but
        never to 1.
    units : int
        The number of units.
    """

    def __init__(self, rate: float, units: int) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"dropout must be in [0, 1), got {rate}.")
        self.rate = float(rate)
        self.units = units

    def forward(self, u: Array) -> Array:
        """Return `u`."""
        return u

    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Return `dv`."""
        return dv

    def sample(self, shape: tuple[int, ...], rng: Rng) -> "DropoutMask":
        """Draw the units of each sample that are kept."""
        return DropoutMask(self.draw(shape, rng), self.scale)

    def draw(self, shape: tuple[int, ...], rng: Rng) -> NDArray[np.bool_]:
        """Draw which units of each sample are kept, an array of shape ``(*shape, units)``.

        Parameters
        ----------
        shape : tuple of int
            As in `sample`.
        rng : RandomState or Generator
            Draws the units.
        """
        shape = (*shape, self.units)
        bits = np.frombuffer(rng.bytes(2 * math.prod(shape)), np.uint16).reshape(shape)
        return bits >= self._n_dropped

    @property
    def scale(self) -> float:
        """The factor of the kept units."""
        return N_LEVELS / (N_LEVELS - self._n_dropped)

    @property
    def _n_dropped(self) -> int:
        """The number of levels that mean "dropped"."""
        return min(round(self.rate * N_LEVELS), N_LEVELS - 1)


class DropoutMask(Module):
    """Multiply each unit of each sample by 0 or by `scale`.

    Parameters
    ----------
    keep : array of bool of shape (..., n, k)
        Which units are kept.
    scale : float
        The factor of the kept units, 1 / (1 - rate).
    """

    def __init__(self, keep: NDArray[np.bool_], scale: float) -> None:
        self.keep = keep
        self.scale = float(scale)
        self._factors = np.empty(0)

    def factors(self, dtype: np.dtype[Any]) -> Array:
        """Return the factor of each unit, 0 or `scale`, in a floating type.

        Parameters
        ----------
        dtype : dtype
            The type of the units.
        """
        if self._factors.dtype != dtype or self._factors.shape != self.keep.shape:
            self._factors = self.keep.astype(dtype)
            self._factors *= self.scale
        return self._factors

    def forward(self, u: Array, out: Array | None = None) -> Array:
        """Return ``scale u`` where kept, else 0."""
        v = np.multiply(u, self.keep, out=out)
        return np.multiply(v, self.scale, out=v)

    def backward(self, u: Array, v: Array, dv: Array, out: Array | None = None) -> Array:
        """Return ``scale dv`` where kept, else 0."""
        du = np.multiply(dv, self.keep, out=out)
        return np.multiply(du, self.scale, out=du)
