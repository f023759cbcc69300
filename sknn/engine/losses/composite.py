"""Losses composed of other losses."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sknn.engine._typing import Array
from sknn.engine.losses.base import Loss


class MaskedLoss(Loss):
    """A loss in which unknown targets, NaN in y, have loss and gradient 0.

    Parameters
    ----------
    loss : Loss
        The loss of the known targets; its outputs must be independent.
    """

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self.out_activation = loss.out_activation
        self.interval_y_true = loss.interval_y_true
        self.homogeneity_degree = loss.homogeneity_degree

    @property
    def units_per_output(self) -> int:  # type: ignore[override]
        """The number of raw outputs per column of targets of `loss`."""
        return self.loss.units_per_output

    def value(self, z: Array, y: Array) -> Array:
        """Return the loss, summed over the known targets."""
        unknown, filled = self._fill(y)
        units = self.units_per_output
        total: Array = np.zeros(np.broadcast_shapes(z.shape, y.shape)[:-1], z.dtype)
        for first in range(0, z.shape[-1], units):
            outputs = slice(first, first + units)
            losses = self.loss.select_outputs(outputs).value(z[..., outputs], filled[..., outputs])
            total += np.where(unknown[..., first], 0, losses)
        return total

    def gradient(self, z: Array, y: Array) -> Array:
        """Return the gradient, 0 for the unknown targets."""
        unknown, filled = self._fill(y)
        return np.where(unknown, 0, self.loss.gradient(z, filled))

    def inverse_link(self, z: Array) -> Array:
        """Return ``loss.inverse_link(z)``."""
        return self.loss.inverse_link(z)

    def inverse_link_backward(self, z: Array, dA: Array) -> Array:
        """Return ``loss.inverse_link_backward(z, dA)``."""
        return self.loss.inverse_link_backward(z, dA)

    def link(self, a: Array) -> Array:
        """Return ``loss.link(a)``."""
        return self.loss.link(a)

    def average_members(self, z: Array) -> Array:
        """Return ``loss.average_members(z)``."""
        return self.loss.average_members(z)

    def average_members_backward(self, z: Array, dv: Array) -> Array:
        """Return ``loss.average_members_backward(z, dv)``."""
        return self.loss.average_members_backward(z, dv)

    def fit_intercept_only(self, y: Array, w: Array | None = None) -> Array:
        """Return ``loss.fit_intercept_only(y, w)``."""
        return self.loss.fit_intercept_only(y, w)

    def _fill(self, y: Array) -> tuple[Array, Array]:
        """Return the mask of unknown targets, and y with a valid number in their place."""
        unknown = np.isnan(y)
        filled = np.where(unknown, max(self.interval_y_true[0], 0) + 1, y)
        return unknown, filled.astype(y.dtype, copy=False)


class MultiOutputLoss(Loss):
    """The sum of the losses of groups of outputs.

    Parameters
    ----------
    losses : sequence of Loss
        The loss of each group.
    widths : sequence of int
        The number of raw outputs of each group.
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
        return np.sum([loss.value(u, v) for loss, u, v in self._groups(z, y)], axis=0)

    def gradient(self, z: Array, y: Array) -> Array:
        """Return the gradients of all groups, concatenated."""
        return self._concatenate("gradient", z, y)

    def value_and_gradient(self, z: Array, y: Array) -> tuple[Array, Array]:
        """Return both, by one call for each group."""
        both = [loss.value_and_gradient(u, v) for loss, u, v in self._groups(z, y)]
        values, gradients = zip(*both, strict=True)
        return np.sum(values, axis=0), np.concatenate(gradients, axis=-1)

    def inverse_link(self, z: Array) -> Array:
        """Return the output activations of all groups, concatenated."""
        return self._concatenate("inverse_link", z)

    def inverse_link_backward(self, z: Array, dA: Array) -> Array:
        """Return the gradients of all groups, concatenated."""
        return self._concatenate("inverse_link_backward", z, dA)

    def log_inverse_link(self, z: Array) -> Array:
        """Return the logarithms of the probabilities of all groups, concatenated."""
        return self._concatenate("log_inverse_link", z)

    def link(self, a: Array) -> Array:
        """Return the raw outputs of all groups, concatenated."""
        return self._concatenate("link", a)

    def average_members(self, z: Array) -> Array:
        """Return the raw outputs of the mean predictions of all groups, concatenated."""
        return self._concatenate("average_members", z)

    def average_members_backward(self, z: Array, dv: Array) -> Array:
        """Return the gradients of all groups, concatenated."""
        return self._concatenate("average_members_backward", z, dv)

    def fit_intercept_only(self, y: Array, w: Array | None = None) -> Array:
        """Return the raw outputs of all groups, concatenated."""
        results = [loss.fit_intercept_only(v, w) for loss, v in self._groups(y)]
        return np.concatenate(results, axis=-1)

    def _concatenate(self, method: str, *arrays: Array) -> Array:
        """Call a method of the loss of each group on its columns; concatenate the results."""
        results = [getattr(loss, method)(*columns) for loss, *columns in self._groups(*arrays)]
        return np.concatenate(results, axis=-1)

    def _groups(self, *arrays: Array) -> list[Any]:
        """Return for each group its loss and its columns of the arrays."""
        columns = [split_outputs(array, self.widths) for array in arrays]
        return list(zip(self.losses, *columns, strict=True))


def split_outputs(array: Array, widths: Sequence[int]) -> list[Array]:
    """Split the last axis into groups of these widths."""
    return np.split(array, np.cumsum(widths)[:-1], axis=-1)
