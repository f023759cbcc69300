"""`AttributionsDisplay`: the contributions of features, as bars or as points."""

from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal, Self

import numpy as np

from sknn.engine._typing import Array
from sknn.inspection.attributions import Attributions, attributions
from sknn.inspection.displays._drawing import BLUE, DIVERGING, GREY, Display, truncate

#: Height of a feature in inches.
ROW_HEIGHT = 0.35

#: Points of a feature are spread over this part of its height, by how many are at about the same
#: place; number of places.
SPREAD, N_PLACES = 0.7, 40


@dataclass(eq=False, repr=False)
class AttributionsDisplay(Display):
    """The features with the largest contributions, as bars or as points.

    Use `from_estimator` to create one, or pass the result of `attributions` and call `plot`.

    Parameters
    ----------
    attributions : Attributions
        The result of `attributions`.
    kind : {"points", "bar"}, default="points"
        "bar" draws the mean absolute contribution of each feature. "points" draws the contribution
        to each sample, coloured by the rank of the feature's value (grey for text).
    max_features : int, default=12
        Number of features that are drawn, from the largest mean absolute contribution on.

    Attributes
    ----------
    ax_, figure_ : Axes and Figure
        The axes and the figure.
    features_ : array of int
        The numbers of the features that are drawn, from top to bottom.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sknn import TabularMLPRegressor
    >>> from sknn.inspection import AttributionsDisplay
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> model = TabularMLPRegressor(cv=None, max_iter=5, random_state=0).fit(X, y)
    >>> display = AttributionsDisplay.from_estimator(model, X)  # doctest: +SKIP
    """

    attributions: Attributions
    _: KW_ONLY
    kind: Literal["points", "bar"] = "points"
    max_features: int = 12

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        background: Any = None,
        *,
        target: Any = None,
        kind: Literal["points", "bar"] = "points",
        max_features: int = 12,
        ax: Any = None,
    ) -> Self:
        """Compute attributions, and draw them.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, TabularMLPClassifier or TabularMLPRegressor
            A fitted estimator.
        X, background, target
            As in `attributions`.
        kind, max_features
            As in the class.
        ax : Axes, default=None
            Axes to draw on; None creates a figure.

        Returns
        -------
        display : AttributionsDisplay
        """
        network = cls._network(estimator)
        found = attributions(network, X, background, target=target)
        return cls(found, kind=kind, max_features=max_features).plot(ax)

    def _draw(self, ax: Any) -> None:
        if self.kind not in ("points", "bar"):
            raise ValueError(f"kind must be 'points' or 'bar', got {self.kind!r}.")
        if self.max_features < 1:
            raise ValueError(f"max_features must be at least 1, got {self.max_features!r}.")
        importances = self.attributions.importances
        self.features_ = np.argsort(-importances, kind="stable")[: self.max_features]
        ax = self._axes(ax, (6.4, 1 + ROW_HEIGHT * len(self.features_)))
        if self.kind == "bar":
            ax.barh(np.arange(len(self.features_)), importances[self.features_], color=BLUE)
            ax.set_xlabel("mean absolute contribution")
        else:
            self._draw_points(ax)
        names = [truncate(str(one)) for one in self.attributions.feature_names[self.features_]]
        ax.set_yticks(np.arange(len(names)), names)
        ax.invert_yaxis()

    def _draw_points(self, ax: Any) -> None:
        points = None
        for i, j in enumerate(self.features_):
            x = self.attributions.values[:, j]
            ranks = _ranks(self.attributions.column(j))
            known = ~np.isnan(ranks)
            y = i + _spread(x)
            ax.scatter(x[~known], y[~known], s=8, color=GREY, linewidths=0)
            style = {"s": 8, "cmap": DIVERGING + "_r", "vmin": 0, "vmax": 1, "linewidths": 0.2}
            drawn = ax.scatter(x[known], y[known], c=ranks[known], edgecolors=GREY, **style)
            points = drawn if known.any() else points
        ax.axvline(0, color=GREY, linewidth=0.8, zorder=0)
        ax.set_xlabel("contribution")
        if points is not None:
            bar = ax.figure.colorbar(points, ax=ax, ticks=[0, 1], label="value of the feature")
            bar.ax.set_yticklabels(["lowest", "highest"])


def _ranks(column: Array) -> Array:
    """Return ranks from 0 to 1 of numbers; NaN where a value is missing or no number."""
    try:
        numbers = np.asarray(column, dtype=np.float64)
    except (TypeError, ValueError):
        return np.full(len(column), np.nan)
    known = ~np.isnan(numbers)
    ranks = np.full(len(numbers), np.nan)
    values, places = np.unique(numbers[known], return_inverse=True)
    ranks[known] = places / max(len(values) - 1, 1)
    return ranks


def _spread(x: Array) -> Array:
    """Return offsets that keep apart points that are at about the same place."""
    width = np.ptp(x) or 1.0
    places = np.round(N_PLACES * (x - x.min()) / width)
    offsets = np.zeros(len(x))
    counts = np.unique(places, return_counts=True)[1]
    for place in np.unique(places):
        same = np.flatnonzero(places == place)
        offsets[same] = (np.arange(len(same)) - (len(same) - 1) / 2) / counts.max()
    return SPREAD * offsets
