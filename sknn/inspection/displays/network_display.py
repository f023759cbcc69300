"""`NetworkDisplay`: diagram of units and weights."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np

from sknn.engine._typing import Array
from sknn.inspection._unit_names import column_titles, input_names, member_weights, output_names
from sknn.inspection.displays._drawing import BLUE, RED, Display, truncate

#: Distance of layers; neighbouring units have distance 1.
LAYER_DISTANCE = 3.0

#: Space for a layer and for a unit in a new figure, in inches.
LAYER_WIDTH, UNIT_HEIGHT = 1.6, 0.35

#: Line width of a layer's largest weight, sizes of a unit, an ellipsis dot and text, in points.
MAX_LINE_WIDTH, UNIT_SIZE, DOT_SIZE, FONT_SIZE = 2.5, 11.0, 2.5, 9.0


@dataclass(eq=False, repr=False)
class NetworkDisplay(Display):
    """Diagram of a network: units in columns, weights as lines between them.

    Positive weights are blue, negative ones orange and dashed; width and opacity grow with the size
    of the weight relative to the largest of its layer. Of large layers only the first and the last
    units are drawn.

    Use `from_estimator` to create one.

    Parameters
    ----------
    weights : sequence of arrays of shape (m, k)
        The weights of each layer.
    titles : sequence of str
        Titles of the columns, the inputs first.
    input_names, output_names : sequences of str, default=None
        Names of the units in the first and in the last column.
    max_units : int, default=10
        Largest number of drawn units of a layer, at least 2.

    Attributes
    ----------
    ax_, figure_ : Axes and Figure
        The axes and the figure.
    lines_ : list of LineCollection
        The weights of each layer.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import NetworkDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((6,), solver="lbfgs", max_iter=1000, random_state=0).fit(X, y)
    >>> display = NetworkDisplay.from_estimator(model)  # doctest: +SKIP
    """

    weights: Sequence[Array]
    titles: Sequence[str]
    _: KW_ONLY
    input_names: Sequence[str] | None = None
    output_names: Sequence[str] | None = None
    max_units: int = 10

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, max_units: int = 10, member: int = 0, ax: Any = None
    ) -> Self:
        """Draw a fitted network.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, TabularMLPClassifier or TabularMLPRegressor
            A fitted estimator.
        max_units : int, default=10
            Largest number of drawn units of a layer, at least 2.
        member : int, default=0
            Which member.
        ax : Axes, default=None
            Axes to draw on; None creates a figure.

        Returns
        -------
        display : NetworkDisplay
        """
        mlp = cls._network(estimator)
        display = cls(
            member_weights(mlp, member),
            column_titles(mlp, member),
            input_names=input_names(mlp, member),
            output_names=output_names(mlp),
            max_units=max_units,
        )
        return display.plot(ax)

    def _draw(self, ax: Any) -> None:
        if self.max_units < 2:
            raise ValueError(f"max_units must be at least 2, got {self.max_units!r}.")
        sizes = [len(self.weights[0]), *(W.shape[1] for W in self.weights)]
        columns = [
            UnitColumn(x * LAYER_DISTANCE, size, self.max_units) for x, size in enumerate(sizes)
        ]
        tallest = max(len(column.slots) for column in columns)
        ax = self._axes(ax, (len(sizes) * LAYER_WIDTH + 1, tallest * UNIT_HEIGHT + 1.2))
        scale = _scale(ax, len(sizes), tallest)
        pairs = zip(pairwise(columns), self.weights, strict=True)
        self.lines_ = [_draw_weights(ax, before, after, W) for (before, after), W in pairs]
        for column, title in zip(columns, self.titles, strict=True):
            column.draw(ax, title, tallest / 2 + 0.3, scale)
        columns[0].label(ax, self.input_names, scale, before=True)
        columns[-1].label(ax, self.output_names, scale, before=False)
        _draw_legend(ax)
        ax.set(xlim=(-1, columns[-1].x + 1), ylim=(-tallest / 2 - 0.3, tallest / 2 + 0.3))
        ax.set_aspect("equal")
        ax.axis("off")


class UnitColumn:
    """Units in a column; if there are too many, the first and the last with an ellipsis between.

    `units` are the indices of the drawn units, `heights` their positions, centred at 0; `slots` are
    the positions with that of the ellipsis.
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
        ax.text(self.x, top, title, ha="center", va="bottom", fontsize=scale * FONT_SIZE)

    def label(self, ax: Any, names: Sequence[str] | None, scale: float, *, before: bool) -> None:
        """Write names beside the units; on the left if `before`."""
        if names is None:
            return
        x, align = (self.x - 0.5, "right") if before else (self.x + 0.5, "left")
        for unit, height in zip(self.units, self.heights, strict=True):
            style = {"ha": align, "va": "center", "fontsize": 0.9 * scale * FONT_SIZE}
            ax.text(x, height, truncate(names[unit]), **style)


def _scale(ax: Any, n_columns: int, tallest: int) -> float:
    """Return the factor of all sizes that fits small axes."""
    extent, dpi = ax.get_window_extent(), ax.figure.dpi
    across = extent.width / dpi / n_columns / LAYER_WIDTH
    return float(np.clip(min(across, extent.height / dpi / tallest / UNIT_HEIGHT) * 1.4, 0.3, 1))


def _draw_weights(ax: Any, before: UnitColumn, after: UnitColumn, W: Array) -> Any:
    """Draw the weights between the drawn units of two columns, the largest last."""
    from matplotlib.collections import LineCollection

    shown = W[np.ix_(before.units, after.units)].astype(np.float64)
    size = np.abs(shown).ravel() / (np.abs(W).max() or 1)
    order = np.argsort(size)
    ends = [[(before.x, low), (after.x, high)] for low in before.heights for high in after.heights]
    positive = shown.ravel()[order] > 0
    lines = LineCollection(
        [ends[i] for i in order],
        linewidths=MAX_LINE_WIDTH * size[order],
        colors=np.where(positive, BLUE, RED),
        linestyles=["-" if one else "--" for one in positive],
        alpha=0.15 + 0.85 * size[order],
        zorder=1,
    )
    ax.add_collection(lines)
    return lines


def _draw_legend(ax: Any) -> None:
    """Explain the line styles."""
    from matplotlib.lines import Line2D

    styles = [(BLUE, "-", "weight above 0"), (RED, "--", "weight below 0")]
    handles = [Line2D([], [], color=c, ls=style, lw=2, label=text) for c, style, text in styles]
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "frameon": False}
    ax.legend(handles=handles, ncols=2, **below)
