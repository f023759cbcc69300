"""A column of units in the diagram of a network."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sknn.inspection.displays._drawing import truncate

#: Sizes of a unit, of a dot of the ellipsis and of text, in points.
UNIT_SIZE, DOT_SIZE, FONT_SIZE = 11.0, 2.5, 9.0


class UnitColumn:
    """Units in a column; if there are too many, the first and the last with an ellipsis between.

    Parameters
    ----------
    x : float
        Horizontal position.
    size : int
        Number of units.
    max_units : int
        Largest number of drawn units.

    Attributes
    ----------
    units : array of int
        Indices of the drawn units.
    heights : array of float
        Vertical position of each drawn unit; the column is centred at 0.
    slots : array of float
        The same, with the position of the ellipsis, if there is one.
    """

    def __init__(self, x: float, size: int, max_units: int) -> None:
        first = (max_units + 1) // 2
        self.x = x
        abridged = size > max_units
        units = [*range(first), *range(size - (max_units - first), size)]
        self.units = np.array(units) if abridged else np.arange(size)
        n = len(self.units) + abridged
        self.slots = (n - 1) / 2 - np.arange(n)
        self.gap = first if abridged else None
        self.heights = np.delete(self.slots, first) if abridged else self.slots

    def draw(self, ax: Any, title: str, top: float, scale: float) -> None:
        """Draw the units, the ellipsis, and a title above them."""
        x, size = np.full(len(self.heights), self.x), (scale * UNIT_SIZE) ** 2
        ax.scatter(x, self.heights, s=size, facecolor="white", edgecolor="black", zorder=3)
        if self.gap is not None:
            dots = self.slots[self.gap] + np.array([-0.2, 0, 0.2])
            ax.scatter(np.full(3, self.x), dots, s=(scale * DOT_SIZE) ** 2, color="black", zorder=3)
        fontsize = scale * FONT_SIZE
        ax.text(self.x, top, title, ha="center", va="bottom", fontsize=fontsize)

    def label(self, ax: Any, names: Sequence[str] | None, scale: float, *, before: bool) -> None:
        """Write names beside the units; on the left if `before`."""
        if names is None:
            return
        x, align = (self.x - 0.5, "right") if before else (self.x + 0.5, "left")
        for unit, height in zip(self.units, self.heights, strict=True):
            style = {"ha": align, "va": "center", "fontsize": 0.9 * scale * FONT_SIZE}
            ax.text(x, height, truncate(names[unit]), **style)
