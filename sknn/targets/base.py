"""Target: the base class of all kinds of targets."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sknn.engine import Loss
from sknn.engine._typing import Array
from sknn.targets.losses import EVERY_LOSS


class Target(ABC):
    """How y is encoded as a matrix of floats, and how predictions are read from raw outputs."""

    kind: ClassVar[str]  # its key in TARGETS
    losses: ClassVar[Mapping[str, type[Loss]]]  # by name
    more_losses: ClassVar[tuple[type[Loss], ...]] = ()  # supported only as objects
    default_loss: ClassVar[str] = "log_loss"  # for "auto"
    n_outputs: int  # the last layer has `Loss.units_per_output` units for each

    @abstractmethod
    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Encode y as a matrix of shape (n, n_outputs); see `Loss.codes`.

        Raises
        ------
        ValueError
            If y has unknown labels or another number of columns than this target.
        """

    @abstractmethod
    def decode(self, z: Array, loss: Loss) -> Array:
        """Return the predictions for the raw outputs z of a network trained on this loss."""

    def attributes(self) -> dict[str, Any]:
        """Return the fitted attributes that this target adds to an estimator."""
        return {}

    def settings(self) -> dict[str, Any]:
        """Return the settings that `restored` needs besides `n_outputs` and the classes."""
        return {}

    @classmethod
    @abstractmethod
    def restore(cls, n_outputs: int, settings: Mapping[str, Any], classes: Any) -> "Target":
        """Build a target from its number of outputs, settings and classes (if it has any)."""

    def loss_scales(self, loss: Loss) -> Sequence[float]:
        """Return for each output the loss in units of y divided by the network's loss."""
        return [1.0] * self.n_outputs

    def loss(self, name: str | Loss, settings: Mapping[str, Any] | None = None) -> Loss:
        """Make the loss of this name for this kind of target; a Loss is returned as it is.

        Raises
        ------
        ValueError
            If a Loss of `sknn.engine` is for other kinds of targets.
        """
        if not isinstance(name, Loss):
            return self.losses[name](**(settings or {}))
        suitable = {*self.losses.values(), *self.more_losses}
        if type(name) in EVERY_LOSS - suitable:
            names = ", ".join(sorted(cls.__name__ for cls in suitable))
            raise ValueError(
                f"{type(name).__name__} loss is not for a {self.kind} target. Use {names}, or your "
                "own subclass of Loss."
            )
        return name

    def convert_layer(
        self, W: Array, W0: Array, other: "Target", loss: Loss
    ) -> tuple[Array, Array]:
        """Return an output layer whose raw outputs `other` decodes as this target decodes its own.

        `W` and `W0` are the weights and offsets of a network for this target.
        """
        return W, W0

    def relative_scale(self, other: "Target", loss: Loss) -> Array | None:
        """Return the conversion of outputs for `other` where no layer can do it; else None."""
        return None

    def smooth_labels(self, Y: Array, fraction: float, frequencies: Array | None = None) -> Array:
        """Spread a fraction of each row evenly over the classes, or by their frequencies.

        ``(1 - fraction) Y + fraction frequencies``; a fiftieth of the fraction is spread evenly in
        any case, or large class weights would end the smoothing. Real numbers stay as they are.
        """
        return Y

    def decision(self, z: Array) -> Any:
        """Return the raw outputs in the shape of scikit-learn's `decision_function`."""
        return z

    def average_members(self, z: Array, loss: Loss) -> Array:
        """Average members in the predicted quantity: raw outputs (g, n, k) -> (n, k)."""
        return loss.average_members(z)

    def average_members_backward(self, z: Array, dv: Array, loss: Loss) -> Array:
        """Return the gradient of `average_members`, from (n, k) to (g, n, k)."""
        return loss.average_members_backward(z, dv)


def check_columns(Y: Array, n_outputs: int) -> None:
    """Raise a ValueError unless y has as many columns as when training began."""
    if Y.ndim != 2 or Y.shape[1] != n_outputs:
        raise ValueError(
            f"y must have as many columns as when training began, {n_outputs}, but it has "
            f"{1 if Y.ndim == 1 else Y.shape[1]}. Pass those columns, or train a new estimator."
        )
