"""A fitted network that is laid open, with rows for it: what prediction and inspection run."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sknn.engine import Sequential, pieces, raw_outputs
from sknn.engine.types import Array
from sknn.estimators.blueprint import Blueprint
from sknn.estimators.reach import within_reach


@dataclass
class Opened:
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
    blueprint: Blueprint
    X: Any
    check: Callable[[Any], None] | None

    def pieces(self) -> Iterator[Array]:
        """Yield the rows in pieces as the network takes them."""
        return pieces(self.network, self.X, self.blueprint.dtype, self.check)

    def member_outputs(self) -> Array:
        """Return the raw outputs, with a member axis if the network has one."""
        z: Array = within_reach(raw_outputs, self.network, self.X, self.blueprint.dtype, self.check)
        return z

    def outputs(self) -> Array:
        """Return the raw outputs of all members together, shape (n, k)."""
        z: Array = within_reach(self.blueprint.joined, self.member_outputs())
        return z
