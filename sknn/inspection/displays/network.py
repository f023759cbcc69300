"""NetworkDisplay."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Self

import numpy as np

from sknn.engine._typing import Array
from sknn.inspection.displays.columns import UnitColumn
from sknn.inspection.displays.drawing import BLUE, RED, Display
from sknn.inspection.names import column_titles, input_names, output_names, weights_of

#: How far the layers are apart, where neighbouring units are 1 apart.
GAP = 3.0

#: How much room a column and a unit have in a figure of their own, in inches.
WIDE, TALL = 1.6, 0.35

#: The width of the strongest weight's line, in points.
THICKEST = 2.5


class NetworkDisplay(Display):
    """A network as books draw it: units in columns, weights as lines between them.

    The line of a weight is blue where it is above 0, orange and dashed where it is below; it is as
    thick and as opaque as the weight is large, beside the largest of its layer. Of large layers the
    first and the last units are drawn, with dots between them.

    It is recommended to use `from_estimator`, which draws at once.

    Parameters
    ----------
    weights : sequence of arrays of shape (m, k)
        Those of each layer.
    titles : sequence of str
        What stands above each column, the inputs' first.
    input_names, output_names : sequences of str, default=None
        What stands beside the units of the first and the last column.
    max_units : int, default=10
        Columns of more units are abridged.

    Attributes
    ----------
    ax_ : Axes
        The axes.
    figure_ : Figure
        The figure.
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

    def __init__(
        self,
        weights: Sequence[Array],
        titles: Sequence[str],
        *,
        input_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
        max_units: int = 10,
    ) -> None:
        self.weights = weights
        self.titles = titles
        self.input_names = input_names
        self.output_names = output_names
        self.max_units = max_units

    @classmethod
    def from_estimator(
        cls, estimator: Any, *, max_units: int = 10, member: int = 0, ax: Any = None
    ) -> Self:
        """Draw a fitted network.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, TabularMLPClassifier or TabularMLPRegressor
            Fitted.
        max_units : int, default=10
            Columns of more units are abridged; 2 or more.
        member : int, default=0
            Which of several members.
        ax : Axes, default=None
            Where to draw; new ones if left out.

        Returns
        -------
        display : NetworkDisplay
        """
        mlp = cls._network(estimator)
        display = cls(
            weights_of(mlp, member),
            column_titles(mlp),
            input_names=input_names(mlp),
            output_names=output_names(mlp),
            max_units=max_units,
        )
        return display.plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; new ones if left out.

        Returns
        -------
        display : NetworkDisplay

        Raises
        ------
        ValueError
            If `max_units` is too small.
        """
        if self.max_units < 2:
            raise ValueError(f"max_units must be at least 2, got {self.max_units!r}.")
        sizes = [len(self.weights[0]), *(W.shape[1] for W in self.weights)]
        columns = [UnitColumn(x * GAP, size, self.max_units) for x, size in enumerate(sizes)]
        tallest = max(len(column.places) for column in columns)
        ax = self._axes(ax, (len(sizes) * WIDE + 1, tallest * TALL + 1.2))
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
        return self


def _scale(ax: Any, n_columns: int, tallest: int) -> float:
    """Return how much smaller than usual everything is to be, where there is little room."""
    extent, dpi = ax.get_window_extent(), ax.figure.dpi
    wide, tall = extent.width / dpi, extent.height / dpi
    return float(np.clip(min(wide / n_columns / WIDE, tall / tallest / TALL) * 1.4, 0.3, 1))


def _draw_weights(ax: Any, before: UnitColumn, after: UnitColumn, W: Array) -> Any:
    """Draw the weights between the units of two columns that are drawn; weak ones first."""
    from matplotlib.collections import LineCollection

    shown = W[np.ix_(before.units, after.units)].astype(np.float64)
    share = np.abs(shown).ravel() / (np.abs(W).max() or 1)
    order = np.argsort(share)
    ends = [[(before.x, low), (after.x, high)] for low in before.heights for high in after.heights]
    positive = shown.ravel()[order] > 0
    lines = LineCollection(
        [ends[i] for i in order],
        linewidths=THICKEST * share[order],
        colors=np.where(positive, BLUE, RED),
        linestyles=["-" if one else "--" for one in positive],
        alpha=0.15 + 0.85 * share[order],
        zorder=1,
    )
    ax.add_collection(lines)
    return lines


def _draw_legend(ax: Any) -> None:
    """Tell what the lines mean."""
    from matplotlib.lines import Line2D

    styles = [(BLUE, "-", "weight above 0"), (RED, "--", "weight below 0")]
    handles = [Line2D([], [], color=c, ls=style, lw=2, label=text) for c, style, text in styles]
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, 0), "frameon": False}
    ax.legend(handles=handles, ncols=2, **below)
