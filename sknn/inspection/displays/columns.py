"""Columns of units, as books draw the layers of a network."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sknn.inspection.displays.drawing import cut

#: The sizes of a circle, of a dot and of letters, in points.
CIRCLE, DOT, LETTERS = 11.0, 2.5, 9.0


class UnitColumn:
    """Units above each other; of too many the first and the last, with dots between them.

    Parameters
    ----------
    x : float
        Where it stands.
    size : int
        How many units there are.
    most : int
        How many of them are drawn at most.

    Attributes
    ----------
    units : array of int
        The numbers of those that are drawn.
    heights : array of float
        How high each of these is; the column's middle is at 0.
    places : array of float
        The same, with the place of the dots, if there are any.
    """

    def __init__(self, x: float, size: int, most: int) -> None:
        first = (most + 1) // 2
        self.x = x
        abridged = size > most
        units = [*range(first), *range(size - (most - first), size)]
        self.units = np.array(units) if abridged else np.arange(size)
        n = len(self.units) + abridged
        self.places = (n - 1) / 2 - np.arange(n)
        self.gap = first if abridged else None
        self.heights = np.delete(self.places, first) if abridged else self.places

    def draw(self, ax: Any, title: str, top: float, scale: float) -> None:
        """Draw the units, the dots, and a title above them."""
        x, size = np.full(len(self.heights), self.x), (scale * CIRCLE) ** 2
        ax.scatter(x, self.heights, s=size, facecolor="white", edgecolor="black", zorder=3)
        if self.gap is not None:
            dots = self.places[self.gap] + np.array([-0.2, 0, 0.2])
            ax.scatter(np.full(3, self.x), dots, s=(scale * DOT) ** 2, color="black", zorder=3)
        letters = scale * LETTERS
        ax.text(self.x, top, title, ha="center", va="bottom", fontsize=letters)

    def label(self, ax: Any, names: Sequence[str] | None, scale: float, *, before: bool) -> None:
        """Write names beside the units."""
        if names is None:
            return
        x, align = (self.x - 0.5, "right") if before else (self.x + 0.5, "left")
        for unit, height in zip(self.units, self.heights, strict=True):
            style = {"ha": align, "va": "center", "fontsize": 0.9 * scale * LETTERS}
            ax.text(x, height, cut(names[unit]), **style)
