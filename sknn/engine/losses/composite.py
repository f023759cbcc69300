"""Losses made of losses."""

from collections.abc import Sequence

import numpy as np

from sknn.engine._typing import Array
from sknn.engine.losses.base import Loss


class MaskedLoss(Loss):
    """Another loss, where some targets are not known (NaN): those cost nothing and teach nothing.

    Parameters
    ----------
    loss : Loss
        The loss of the known targets; its outputs must not depend on each other.
    """

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self.out_activation = loss.out_activation
        self.interval_y_true = loss.interval_y_true
        self.homogeneity_degree = loss.homogeneity_degree

    @property
    def units_per_output(self) -> int:
        """As many as the other loss has."""
        return self.loss.units_per_output

    def value(self, z: Array, y: Array) -> Array:
        """Return the loss, summed over the known targets."""
        unknown, filled = self._filled(y)
        units = self.units_per_output
        total: Array = np.zeros(np.broadcast_shapes(z.shape, y.shape)[:-1], z.dtype)
        for first in range(0, z.shape[-1], units):
            outputs = slice(first, first + units)
            losses = self.loss.only(outputs).value(z[..., outputs], filled[..., outputs])
            total += np.where(unknown[..., first], 0, losses)
        return total

    def gradient(self, z: Array, y: Array) -> Array:
        """Return the gradient, 0 for the unknown targets."""
        unknown, filled = self._filled(y)
        return np.where(unknown, 0, self.loss.gradient(z, filled))

    def inverse_link(self, z: Array) -> Array:
        """Return the output activation of the other loss."""
        return self.loss.inverse_link(z)

    def inverse_link_backward(self, z: Array, dA: Array) -> Array:
        """Return what the other loss says."""
        return self.loss.inverse_link_backward(z, dA)

    def link(self, a: Array) -> Array:
        """Return what the other loss says."""
        return self.loss.link(a)

    def average_members(self, z: Array) -> Array:
        """Return what the other loss says."""
        return self.loss.average_members(z)

    def average_members_backward(self, z: Array, dv: Array) -> Array:
        """Return what the other loss says."""
        return self.loss.average_members_backward(z, dv)

    def fit_intercept_only(self, y: Array, w: Array | None = None) -> Array:
        """Return what the other loss says."""
        return self.loss.fit_intercept_only(y, w)

    def _filled(self, y: Array) -> tuple[Array, Array]:
        """Return where targets are unknown, and y with any allowed number there."""
        unknown = np.isnan(y)
        return unknown, np.where(unknown, max(self.interval_y_true[0], 0) + 1, y).astype(
            y.dtype, copy=False
        )


class MultiOutputLoss(Loss):
    """Losses of different outputs, summed.

    Parameters
    ----------
    losses : sequence of Loss
        One for each group of outputs.
    widths : sequence of int
        How many raw outputs each group has.
    """

    def __init__(self, losses: Sequence[Loss], widths: Sequence[int]) -> None:
        self.losses = list(losses)
        self.widths = list(widths)
        self.codes = self.losses[0].codes
        self.has_probabilities = all(loss.has_probabilities for loss in self.losses)
        activations = {loss.out_activation for loss in self.losses}
        self.out_activation = "softmax" if "softmax" in activations else activations.pop()

    def value(self, z: Array, y: Array) -> Array:
        """Return the sum of the losses."""
        total: Array = np.sum([loss.value(u, v) for loss, u, v in self._groups(z, y)], axis=0)
        return total

    def gradient(self, z: Array, y: Array) -> Array:
        """Return the gradients side by side."""
        return np.concatenate([loss.gradient(u, v) for loss, u, v in self._groups(z, y)], axis=-1)

    def value_and_gradient(self, z: Array, y: Array) -> tuple[Array, Array]:
        """Return both at once, each loss its own."""
        both = [loss.value_and_gradient(u, v) for loss, u, v in self._groups(z, y)]
        values, gradients = zip(*both, strict=True)
        return np.sum(values, axis=0), np.concatenate(gradients, axis=-1)

    def inverse_link(self, z: Array) -> Array:
        """Return the output activations side by side."""
        return np.concatenate([loss.inverse_link(u) for loss, u, _ in self._groups(z, z)], axis=-1)

    def inverse_link_backward(self, z: Array, dA: Array) -> Array:
        """Return what reaches the raw outputs, side by side."""
        passed = [loss.inverse_link_backward(u, da) for loss, u, da in self._groups(z, dA)]
        return np.concatenate(passed, axis=-1)

    def log_inverse_link(self, z: Array) -> Array:
        """Return the logarithms of the output activations side by side."""
        return np.concatenate(
            [loss.log_inverse_link(u) for loss, u, _ in self._groups(z, z)], axis=-1
        )

    def link(self, a: Array) -> Array:
        """Return the raw outputs side by side."""
        return np.concatenate([loss.link(u) for loss, u, _ in self._groups(a, a)], axis=-1)

    def average_members(self, z: Array) -> Array:
        """Return the joined raw outputs side by side."""
        return np.concatenate(
            [loss.average_members(u) for loss, u, _ in self._groups(z, z)], axis=-1
        )

    def average_members_backward(self, z: Array, dv: Array) -> Array:
        """Return what reaches the members, side by side."""
        passed = [loss.average_members_backward(u, dw) for loss, u, dw in self._groups(z, dv)]
        return np.concatenate(passed, axis=-1)

    def fit_intercept_only(self, y: Array, w: Array | None = None) -> Array:
        """Return the raw outputs to begin with side by side."""
        return np.concatenate(
            [loss.fit_intercept_only(v, w) for loss, _, v in self._groups(y, y)], axis=-1
        )

    def _groups(self, z: Array, y: Array) -> list[tuple[Loss, Array, Array]]:
        parts = zip(self.losses, parted(z, self.widths), parted(y, self.widths), strict=True)
        return list(parts)


def parted(array: Array, widths: Sequence[int]) -> list[Array]:
    """Cut the last axis into pieces."""
    return np.split(array, np.cumsum(widths)[:-1], axis=-1)
