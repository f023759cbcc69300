"""Target: the base class of all kinds of targets."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sknn.engine import Loss
from sknn.engine._typing import Array
from sknn.targets.losses import EVERY_LOSS


class Target(ABC):
    """How y is encoded as a matrix of floats, and how predictions are read from raw outputs.

    Attributes
    ----------
    kind : str
        Its key in `TARGETS`.
    losses : mapping of str to Loss class
        The losses by name.
    more_losses : tuple of Loss classes
        Losses that are supported only as objects.
    default_loss : str
        The loss for "auto".
    n_outputs : int
        The number of units of the last layer.
    """

    kind: ClassVar[str]
    losses: ClassVar[Mapping[str, type[Loss]]]
    more_losses: ClassVar[tuple[type[Loss], ...]] = ()
    default_loss: ClassVar[str] = "log_loss"
    n_outputs: int

    @abstractmethod
    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Encode y as a matrix of shape (n, n_outputs).

        Parameters
        ----------
        y : array of shape (n,) or (n, n_outputs)
            Labels, 0/1 indicators or real numbers.
        codes : (float, float)
            The numbers for "no" and "yes" that the loss needs.

        Raises
        ------
        ValueError
            If y has unknown labels or another number of columns than this target.
        """

    @abstractmethod
    def decode(self, z: Array, loss: Loss) -> Array:
        """Return the predictions for the raw outputs z of a network trained on this loss."""

    @abstractmethod
    def attributes(self) -> dict[str, Any]:
        """Return the fitted attributes that it adds to an estimator."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """Return what restores it besides `kind`, `n_outputs` and these attributes."""

    @classmethod
    @abstractmethod
    def restored(cls, n_outputs: int, settings: Mapping[str, Any], classes: Any) -> "Target":
        """Restore a target from `n_outputs`, `settings` and the classes, if it has any."""

    @abstractmethod
    def loss_scales(self, loss: Loss) -> Sequence[float]:
        """Return for each output the loss in units of y divided by the network's loss."""

    @abstractmethod
    def loss(self, name: str | Loss, settings: Mapping[str, Any] | None = None) -> Loss:
        """Make the loss of this name for this kind of target; a Loss is returned as it is.

        Raises
        ------
        ValueError
            If a Loss of `sknn.engine` is for other kinds of targets.
        """

    def smooth_labels(self, Y: Array, fraction: float) -> Array:
        """Spread a fraction of each row evenly over the classes; real numbers stay as they are."""
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


def suitable_loss(loss: Loss, target: Target) -> Loss:
    """Return the loss, or raise a ValueError if it is one of ours for other kinds of targets."""
    suitable = {*target.losses.values(), *target.more_losses}
    if type(loss) in EVERY_LOSS - suitable:
        names = ", ".join(sorted(cls.__name__ for cls in suitable))
        raise ValueError(
            f"{type(loss).__name__} loss is not for a {target.kind} target. Use {names}, or your "
            "own subclass of Loss."
        )
    return loss


def check_columns(Y: Array, n_outputs: int) -> None:
    """Raise a ValueError unless y has as many columns as when training began."""
    if Y.ndim != 2 or Y.shape[1] != n_outputs:
        raise ValueError(
            f"y must have as many columns as when training began, {n_outputs}, but it has "
            f"{1 if Y.ndim == 1 else Y.shape[1]}. Pass the same targets, or call fit again."
        )
