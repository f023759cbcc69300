"""A fitted network that is laid open, with rows for it: what prediction and inspection run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sknn.engine import Sequential, iter_batches, raw_predict
from sknn.engine._typing import Array
from sknn.estimators._model import ModelSpec
from sknn.estimators.reach import checked_finite


@dataclass
class FittedModel:
    """A fitted network, and rows for it.

    Attributes
    ----------
    network : Sequential
        From inputs to raw outputs.
    blueprint : Blueprint
        What it is for.
    X : array or CSR matrix of shape (n, m)
        The rows, to be converted to its type piece by piece.
    check : callable or None
        What refuses a converted piece that cannot be used.
    """

    network: Sequential
    spec: ModelSpec
    X: Any
    check: Callable[[Any], None] | None

    def iter_batches(self) -> Iterator[Array]:
        """Yield the rows in pieces as the network takes them."""
        return iter_batches(self.network, self.X, self.spec.dtype, self.check)

    def member_outputs(self) -> Array:
        """Return the raw outputs, with a member axis if the network has one."""
        z: Array = checked_finite(raw_predict, self.network, self.X, self.spec.dtype, self.check)
        return z

    def outputs(self) -> Array:
        """Return the raw outputs of all members together, shape (n, k)."""
        z: Array = checked_finite(self.spec.average_members, self.member_outputs())
        return z
