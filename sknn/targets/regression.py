"""RealTarget: real numbers, optionally standardized for the network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn.engine import Loss
from sknn.engine._typing import Array
from sknn.engine.losses.base import weighted_nanmean
from sknn.targets.base import Target, check_columns
from sknn.targets.losses import REAL


@dataclass(frozen=True)
class TargetMoments:
    """Mean and standard deviation of each column of y, of known targets; those of parts can merge.

    Both are in units of `unit`, the largest absolute target, so that no square overflows.
    """

    weight: Array  # total weight of the known targets
    largest: Array  # the largest absolute target, 0 if none is known
    mean: Array
    deviation: Array
    lowest: Array  # NaN if no target is known
    highest: Array

    @classmethod
    def of(cls, y: Array, w: Array | None) -> "TargetMoments":
        """Return the moments of targets, with sample weights w; NaN is unknown."""
        Y = y.reshape(len(y), -1).astype(np.float64)
        largest = np.nanmax(np.abs(Y), axis=0, initial=0)
        unit = _as_unit(largest)
        mean = weighted_nanmean(Y / unit, w)
        deviation = np.sqrt(weighted_nanmean((Y / unit - mean) ** 2, w))
        known = ~np.isnan(Y)
        with np.errstate(over="ignore"):
            weight = known.sum(axis=0).astype(np.float64) if w is None else w @ known
        return cls(weight, largest, mean, deviation, np.fmin.reduce(Y), np.fmax.reduce(Y))

    @property
    def unit(self) -> Array:
        """The unit of the mean and of the deviation."""
        return _as_unit(self.largest)

    def merge(self, other: "TargetMoments") -> "TargetMoments":
        """Return the moments of both parts (Chan, Golub and LeVeque, 1983)."""
        largest = np.maximum(self.largest, other.largest)
        unit = _as_unit(largest)
        total = self.weight + other.weight
        fractions = np.array([self.weight, other.weight]) / np.where(total > 0, total, 1)
        parts = [self, other]
        means = np.array([part.mean * (part.largest / unit) for part in parts])
        squares = np.array([(part.deviation * (part.largest / unit)) ** 2 for part in parts])
        mean = (fractions * means).sum(axis=0)
        between = fractions.prod(axis=0) * (means[0] - means[1]) ** 2
        within = (fractions * squares).sum(axis=0)
        return TargetMoments(
            total,
            largest,
            mean,
            np.sqrt(within + between),
            np.fmin(self.lowest, other.lowest),
            np.fmax(self.highest, other.highest),
        )


def _as_unit(largest: Array) -> Array:
    """Return the largest absolute targets, and 1 where all targets are 0."""
    return np.where(largest > 0, largest, 1)


class RealTarget(Target):
    """Real targets; predictions of one column have shape (n,).

    The network is trained on ``(y - center) / scale``, both of shape (n_outputs,), or on y if None.
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

    @classmethod
    def restore(cls, n_outputs: int, settings: Mapping[str, Any], classes: Any) -> "RealTarget":
        """Build the target from its number of outputs and its settings."""
        return cls(n_outputs, **settings)

    def settings(self) -> dict[str, Any]:
        """Return `center` and `scale`, None without standardization."""
        return {"center": self.center, "scale": self.scale}

    @staticmethod
    def can_standardize(loss: Loss) -> bool:
        """Return whether `standardized` has an effect for this loss."""
        is_linear = loss.out_activation == "identity" and loss.interval_y_true[0] == -np.inf
        return is_linear or loss.out_activation == "exp"

    def standardized(self, moments: TargetMoments, loss: Loss) -> "RealTarget":
        """Return a target whose center and scale are those of y, as it suits the loss.

        With a linear output and unbounded y, targets get mean 0 and standard deviation 1; with an
        exponential one, mean 1; else they are not standardized.
        """
        if not self.can_standardize(loss):
            return self
        lowest, unit, mean = moments.lowest, moments.unit, moments.mean
        constant = lowest == moments.highest
        center = np.zeros(self.n_outputs)
        if loss.out_activation == "exp":
            scale = np.where(constant, lowest / unit, mean)
        else:
            center = np.where(constant, lowest, mean * unit)
            deviation = moments.deviation
            scale = np.where(deviation > 10 * np.finfo(np.float64).eps, deviation, 0)  # constant
        return RealTarget(self.n_outputs, center, np.where(scale > 0, scale * unit, 1))

    def convert_layer(self, W: Array, W0: Array, other: Target, loss: Loss) -> tuple[Array, Array]:
        """Return the layer for targets that are centered and scaled as those of `other`."""
        scale = self._relative_scale(other)
        if scale is None or loss.units_per_output > 1:
            return W, W0
        ratio, shift = scale
        if loss.out_activation == "exp":
            return W, (W0 + np.log(ratio)).astype(W0.dtype)
        return (W * ratio).astype(W.dtype), (W0 * ratio + shift).astype(W0.dtype)

    def relative_scale(self, other: Target, loss: Loss) -> Array | None:
        """Return ratio and shift of each output, (2, n_outputs), for several quantiles."""
        return self._relative_scale(other) if loss.units_per_output > 1 else None

    def _relative_scale(self, other: Target) -> Array | None:
        """Return the ratio and the shift from standardized y of this target to that of another."""
        if not isinstance(other, RealTarget) or self.scale is None or other.scale is None:
            return None
        assert self.center is not None
        assert other.center is not None
        return np.array([self.scale, self.center - other.center]) / other.scale

    def loss_scales(self, loss: Loss) -> Sequence[float]:
        """Return ``scale**d`` for each output, where d is the homogeneity degree of the loss."""
        if self.scale is None:
            return super().loss_scales(loss)
        with np.errstate(over="ignore"):
            scales = self.scale**loss.homogeneity_degree
        if not np.isfinite(scales).all():
            raise ValueError(f"y is too large for this loss, {loss!r}. Divide y by a constant.")
        return list(map(float, scales))

    def loss(self, name: str | Loss, settings: Mapping[str, Any] | None = None) -> Loss:
        """Make the loss of this name; the delta of "huber" is divided by the scale."""
        if name == "huber" and self.scale is not None and settings:
            with np.errstate(over="ignore"):  # an infinite delta is squared_error
                settings = {"delta": (settings["delta"] / self.scale).tolist()}
        return super().loss(name, settings)

    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Return y as a matrix, standardized."""
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
        """Return predictions of shape (n,) or (n, n_outputs); quantiles add a last axis."""
        y = loss.inverse_link(z).reshape(len(z), self.n_outputs, -1)
        if self.scale is not None and self.center is not None:
            y = y * self.scale[:, None] + self.center[:, None]
        if y.shape[2] == 1:
            y = y[:, :, 0]
        return y[:, 0] if self.n_outputs == 1 else y
