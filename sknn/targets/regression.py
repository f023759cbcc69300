"""RealTarget: numbers, which may be scaled before the network sees them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sknn.engine import Loss
from sknn.engine._typing import Array
from sknn.engine.losses.base import weighted_nanmean
from sknn.targets.base import Target, check_columns
from sknn.targets.losses import REAL


class RealTarget(Target):
    """Real numbers; one column is read back as a flat array.

    Parameters
    ----------
    n_outputs : int
        Columns of y.
    center, scale : array of shape (n_outputs,), optional
        The network sees ``(y - center) / scale``; if left out, y as it is.
    """

    kind = "real"
    losses = REAL
    default_loss = "squared_error"

    def __init__(
        self, n_outputs: int, center: Array | None = None, scale: Array | None = None
    ) -> None:
        self.n_outputs = n_outputs
        self.center = center
        self.scale = scale

    def settings(self) -> dict[str, Any]:
        """Return what y is measured by."""
        return {"center": self.center, "scale": self.scale}

    def standardized(self, y: Array, w: Array | None, loss: Loss) -> "RealTarget":
        """Return the target whose numbers have about the size of 1, as a loss likes them.

        Parameters
        ----------
        y : array of shape (n,) or (n, n_outputs)
            What to learn the size from; NaN is not known.
        w : array of shape (n,) or None
            Weights of the samples.
        loss : Loss
            With a linear output they get mean 0 and standard deviation 1; with an exponential one,
            which needs them positive, mean 1. With another they stay as they are.
        """
        Y = y.reshape(len(y), -1).astype(np.float64)
        largest = np.nanmax(np.abs(Y), axis=0, initial=0)
        unit = np.where(largest > 0, largest, 1)  # no square can overflow
        mean = weighted_nanmean(Y / unit, w)
        center = np.zeros(self.n_outputs)
        if loss.out_activation == "exp":
            scale = mean
        elif loss.out_activation == "identity" and loss.interval_y_true[0] == -np.inf:
            center = mean * unit
            scale = np.sqrt(weighted_nanmean((Y / unit - mean) ** 2, w))
            scale = np.where(scale > 10 * np.finfo(np.float64).eps, scale, 0)  # else it is constant
        else:
            return self
        return RealTarget(self.n_outputs, center, np.where(scale > 0, scale * unit, 1))

    def loss_scales(self, loss: Loss) -> Sequence[float]:
        """Return for each column what a loss of the network's numbers is for y's, times over.

        Raises
        ------
        ValueError
            If one overflows.
        """
        if self.scale is None:
            return super().loss_scales(loss)
        with np.errstate(over="ignore"):
            units = self.scale**loss.homogeneity_degree
        if not np.isfinite(units).all():
            raise ValueError(f"y is too large for this loss, {loss!r}. Divide y by a constant.")
        return list(map(float, units))

    def loss(self, name: str | Loss, settings: Mapping[str, Any] | None = None) -> Loss:
        """Make the loss of this name, its settings in the units that the network sees."""
        if name == "huber" and self.scale is not None and settings:
            with np.errstate(over="ignore"):  # a delta without bounds is that of squared errors
                settings = {"delta": (settings["delta"] / self.scale).tolist()}
        return super().loss(name, settings)

    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Return y as a matrix.

        Raises
        ------
        ValueError
            If a number overflows when it is standardized.
        """
        Y = y.reshape(len(y), -1)
        check_columns(Y, self.n_outputs)
        if self.scale is None or self.center is None:
            return Y
        with np.errstate(over="ignore"):
            scaled = (Y - self.center) / self.scale
        if np.isinf(scaled).any():
            raise ValueError("y is too large to be standardized. Divide y by a constant.")
        return scaled

    def decode(self, z: Array, loss: Loss) -> Array:
        """Return the output activations, flat if there is one; several for each come last."""
        answers = loss.inverse_link(z).reshape(len(z), self.n_outputs, -1)
        if self.scale is not None and self.center is not None:
            answers = answers * self.scale[:, None] + self.center[:, None]
        if answers.shape[2] == 1:
            answers = answers[:, :, 0]
        return answers[:, 0] if self.n_outputs == 1 else answers
