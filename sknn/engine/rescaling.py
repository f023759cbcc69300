"""Conversion of raw outputs between targets in different units."""

import numpy as np

from sknn.engine._typing import Array
from sknn.engine.losses import Quantile
from sknn.engine.modules import Module


class QuantileRescaling(Module):
    """Raw outputs of `Quantile` for quantiles in other units, ``ratio * quantile + shift``.

    No `Linear` layer could do it, as the distances of quantiles are the softplus of raw outputs.

    Parameters
    ----------
    loss : Quantile
        The loss of the raw outputs.
    ratio, shift : arrays of shape (k,) or (g, 1, k)
        Factor, above 0, and offset of each raw output; the same for all quantiles of an output.
    """

    def __init__(self, loss: Quantile, ratio: Array, shift: Array) -> None:
        self.loss = loss
        self.ratio = ratio
        self.shift = shift

    def __repr__(self) -> str:
        """Return the loss."""
        return f"QuantileRescaling({self.loss!r})"

    def forward(self, u: Array) -> Array:
        """Return ``link(ratio * inverse_link(u) + shift)``."""
        return self.loss.link(self.loss.inverse_link(u) * self.ratio + self.shift)

    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Return the gradient, by the chain rule through the quantiles."""
        q = self.loss.units_per_output
        slopes = self.loss.inverse_link_backward(v, _last_of_groups(v, q))
        sums = (dv / slopes).reshape(*dv.shape[:-1], -1, q)
        dA = sums.copy()
        dA[..., :-1] -= sums[..., 1:]
        return self.loss.inverse_link_backward(u, dA.reshape(dv.shape) * self.ratio)


def _last_of_groups(v: Array, q: int) -> Array:
    """Return 1 for the last quantile of each output, else 0."""
    return np.broadcast_to(np.arange(v.shape[-1]) % q == q - 1, v.shape).astype(v.dtype)
