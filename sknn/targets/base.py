"""Target: what all kinds of targets can do."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from sknn.engine import Loss
from sknn.engine._typing import Array
from sknn.targets.losses import need_suited


class Target(ABC):
    """What y means: how to write it as numbers, and how to read raw outputs back.

    Attributes
    ----------
    kind : str
        Its name in `TARGETS`.
    losses : mapping of str to Loss class
        Which loss a name stands for here.
    more_losses : tuple of Loss classes
        Others that can be asked for as objects.
    default_loss : str
        What "auto" stands for.
    n_outputs : int
        Units that the last layer needs.
    """

    kind: ClassVar[str]
    losses: ClassVar[Mapping[str, type[Loss]]]
    more_losses: ClassVar[tuple[type[Loss], ...]] = ()
    default_loss: ClassVar[str] = "log_loss"
    n_outputs: int

    @abstractmethod
    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Write y as a matrix of shape (n, n_outputs).

        Parameters
        ----------
        y : array of shape (n,) or (n, n_outputs)
            Labels, 0/1 indicators or real numbers.
        codes : (float, float)
            How the loss writes "no" and "yes".

        Raises
        ------
        ValueError
            If y has other classes or another number of columns than this target.
        """

    @abstractmethod
    def decode(self, z: Array, loss: Loss) -> Array:
        """Read the predictions from the raw outputs that this loss was trained on."""

    def attributes(self) -> dict[str, Any]:
        """Return what a fitted estimator publishes of it."""
        return {}

    def settings(self) -> dict[str, Any]:
        """Return what else makes the same target again."""
        return {}

    def smoothed(self, Y: Array, share: float) -> Array:
        """Spread a share of each row evenly over the possible answers; only labels can."""
        return Y

    def decision(self, z: Array) -> Array:
        """Return the raw outputs in the shape that scikit-learn gives to decision functions."""
        return z

    def loss_scales(self, loss: Loss) -> Sequence[float]:
        """Return for each column what a loss of the network's numbers is for y's, times over."""
        return [1.0] * self.n_outputs

    def average_members(self, z: Array, loss: Loss) -> Array:
        """Return raw outputs, shape (n, k), that say what members, (g, n, k), say on average."""
        return loss.average_members(z)

    def average_members_backward(self, z: Array, dv: Array, loss: Loss) -> Array:
        """Pass the blame back through `joined`, from (n, k) to (g, n, k)."""
        return loss.average_members_backward(z, dv)

    def loss_name(self, setting: str | Loss) -> str | Loss:
        """Return the name of a loss, resolving "auto"."""
        return self.default_loss if isinstance(setting, str) and setting == "auto" else setting

    def loss(self, name: str | Loss, settings: Mapping[str, Any] | None = None) -> Loss:
        """Make the loss of this name that suits this kind of target, or pass one on.

        Raises
        ------
        ValueError
            If it is one of the engine's that is for another kind of target.
        """
        if not isinstance(name, Loss):
            return self.losses[name](**(settings or {}))
        need_suited(name, {*self.losses.values(), *self.more_losses}, self.kind)
        return name


def check_columns(Y: Array, n_outputs: int) -> None:
    """Refuse another number of columns than when training began.

    Raises
    ------
    ValueError
        Saying both numbers.
    """
    if Y.ndim != 2 or Y.shape[1] != n_outputs:
        raise ValueError(
            f"y should have as many columns as when training began, {n_outputs}; it has "
            f"{1 if Y.ndim == 1 else Y.shape[1]}."
        )
