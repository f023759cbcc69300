"""Dropout: units that are left out of a training step at random, and of no prediction."""

import numpy as np
from numpy.typing import NDArray

from sknn.engine._typing import Array, Rng
from sknn.engine.modules import Module

#: Units are kept by a number of 16 random bits, which cost a third of a random float.
LEVELS = 2**16


class Dropout(Module):
    """The identity in prediction; in training a fresh `DropoutMask` for every step.

    Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), "Dropout: A Simple Way to
    Prevent Neural Networks from Overfitting", in the inverted form: what is kept is scaled up in
    training, so that nothing has to be scaled in prediction.

    Parameters
    ----------
    rate : float
        The probability of each unit to be dropped, in [0, 1); rounded to multiples of 1/65536, but
        never to 1.
    units : int
        How many units there are.
    """

    def __init__(self, rate: float, units: int) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"dropout must be in [0, 1), got {rate}.")
        self.rate = float(rate)
        self.units = units

    def forward(self, u: Array) -> Array:
        """Return `u` as it is."""
        return u

    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Return `dv` as it is."""
        return dv

    def sample(self, shape: tuple[int, ...], rng: Rng) -> "DropoutMask":
        """Draw which units of each sample are kept."""
        shape = (*shape, self.units)
        dropped = min(round(self.rate * LEVELS), LEVELS - 1)
        drawn = np.frombuffer(rng.bytes(2 * int(np.prod(shape))), np.uint16).reshape(shape)
        return DropoutMask(drawn >= dropped, LEVELS / (LEVELS - dropped))


class DropoutMask(Module):
    """Multiplies each unit of each sample by 0 or by a number above 1.

    Parameters
    ----------
    keep : array of bool of shape (..., n, k)
        Which units are kept.
    scale : float
        What those are multiplied by.
    """

    def __init__(self, keep: NDArray[np.bool_], scale: float) -> None:
        self.keep = keep
        self.scale = float(scale)

    def forward(self, u: Array, out: Array | None = None) -> Array:
        """Return ``scale u`` where kept, else 0."""
        v = np.multiply(u, self.keep, out=out)
        return np.multiply(v, self.scale, out=v)

    def backward(self, u: Array, v: Array, dv: Array, out: Array | None = None) -> Array:
        """Return ``scale dv`` where kept, else 0."""
        du = np.multiply(dv, self.keep, out=out)
        return np.multiply(du, self.scale, out=du)
