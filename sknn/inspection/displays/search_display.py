"""`SearchDisplay`: scores of the candidates of a search, by parameter and by rung."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from math import ceil
from typing import Any, Self

from sknn._optional import import_optional
from sknn.inspection.displays._drawing import Display, truncate
from sknn.inspection.displays._search_candidates import (
    Candidates,
    check_params,
    check_scoring,
    results_of,
)
from sknn.inspection.displays._search_panels import (
    BEST,
    PANEL_SIZE,
    legend_shape,
    make_panels,
    plot_parameter,
    plot_rungs,
)

#: Longer names of scores have a line of their own in the y-label.
MAX_ON_LINE = 18


@dataclass(eq=False, repr=False)
class SearchDisplay(Display):
    """Plot of the scores of the candidates of a search, in a panel for each parameter.

    Points are mean test scores, with the standard deviation over the splits as error bars; a star
    marks the best candidate. Numeric parameters have a logarithmic axis if all values are positive
    and span two decades or more, else a linear one. Others are categories in the order of their
    first appearance, in each of which the candidates are spread out.

    After successive halving (`factor` of sknn's searches, or
    :class:`~sklearn.model_selection.HalvingGridSearchCV`) the score is the one of the last rung
    that a candidate reached; the earlier it left, the lighter it is. Scores of different rungs come
    from different numbers of epochs or samples. A last panel has a line for each candidate, up to
    its last rung. For scikit-learn's searches the line joins the scores of all rungs; sknn's keep
    only the last one, and the line is level.

    Candidates whose score is not finite are not drawn; the legend has their number.

    Use `from_estimator` to create one.

    Parameters
    ----------
    cv_results : dict
        The `cv_results_` of a search.
    params : str or sequence of str, default=None
        Names of the parameters to draw. None draws all that take more than one value.
    scoring : str, default=None
        Name of the score. Needed if there are several and `refit` of the search names none.
    n_cols : int, default=3
        Largest number of panels in a row.

    Attributes
    ----------
    ax_, figure_ : Axes and Figure
        The axes that the panels share, and the figure.
    axes_ : list of Axes
        The panels: the parameters, then the rungs if there are several. They share the y-axis. A
        single panel is `ax_`.
    params_ : list of str
        The parameters that are drawn, in the order of `axes_`.
    legend_ : Legend
        The legend above the panels.
    points_ : list of dict
        The points of each parameter's panel: an ErrorbarContainer for each rung.
    lines_ : list of Line2D
        The line of each candidate in the panel of the rungs; empty without it.
    best_index_ : int
        Index in `cv_results` of the marked candidate: of those in the last rung the one with the
        highest score. It is that of the search if `refit` is not a function and `scoring` is the
        score by which it chooses.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import SearchDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8,), solver="lbfgs", random_state=0)
    >>> search = GridSearchCV(model, {"alpha": [1e-4, 1e-2, 1], "activation": ["relu", "tanh"]})
    >>> display = SearchDisplay.from_estimator(search.fit(X, y))  # doctest: +SKIP
    """

    cv_results: Mapping[str, Any]
    _: KW_ONLY
    params: str | Sequence[str] | None = None
    scoring: str | None = None
    n_cols: int = 3

    @classmethod
    def from_estimator(
        cls,
        search: Any,
        *,
        params: str | Sequence[str] | None = None,
        scoring: str | None = None,
        n_cols: int = 3,
        ax: Any = None,
    ) -> Self:
        """Draw the scores of a fitted search.

        Parameters
        ----------
        search : GridSearchCV, RandomizedSearchCV, BatchedGridSearchCV or another search
            A fitted search of scikit-learn or sknn, or any object with their `cv_results_`.
        params, scoring, n_cols
            As in the class.
        ax : Axes, default=None
            Axes whose place the panels take; None creates a figure.

        Returns
        -------
        display : SearchDisplay

        Raises
        ------
        TypeError
            If the object is not a search.
        NotFittedError
            If it is not fitted.
        ValueError
            If no parameter takes more than one value, or one of `params` was not searched; if there
            are several scores and neither `scoring` nor `refit` names one, or there is no such
            score; if no score is finite.
        """
        import_optional("matplotlib", cls.__name__)
        results = results_of(search, cls.__name__)
        if scoring is None and isinstance(search.refit, str):
            scoring = search.refit
        return cls(results, params=params, scoring=scoring, n_cols=n_cols).plot(ax)

    def _draw(self, ax: Any) -> None:
        if self.n_cols < 1:
            raise ValueError(f"n_cols must be at least 1, got {self.n_cols!r}.")
        scoring = check_scoring(self.cv_results, self.scoring)
        self.params_ = check_params(self.cv_results["params"], self.params)
        candidates = Candidates(self.cv_results, scoring)
        self.best_index_ = int(candidates.index[candidates.best])
        n_panels = len(self.params_) + (candidates.n_rungs > 1)
        n_rows = ceil(n_panels / self.n_cols)
        n_cols = ceil(n_panels / n_rows)
        if n_panels == 1:
            self.axes_, above = [self._axes(ax)], None
        else:
            ax = self._axes(ax, (n_cols * PANEL_SIZE[0], n_rows * PANEL_SIZE[1]))
            n_labels = candidates.n_rungs + 1 + (candidates.n_unknown > 0)
            self.axes_, above = make_panels(ax, n_panels, n_cols, n_labels)
        self.points_ = [
            plot_parameter(panel, name, candidates)
            for panel, name in zip(self.axes_, self.params_, strict=False)
        ]
        self.lines_: list[Any] = []
        if candidates.n_rungs > 1:
            self.lines_ = plot_rungs(self.axes_[-1], candidates)
        for panel, label in zip(self.axes_, _short_names(self.params_), strict=False):
            panel.set_xlabel(label)
        for panel in self.axes_[::n_cols]:
            panel.set_ylabel("mean test" + ("\n" if len(scoring) > MAX_ON_LINE else " ") + scoring)
        self._plot_legend(above, candidates)

    def _plot_legend(self, above: Any, candidates: "Candidates") -> None:
        """Explain points, star and what is missing, on the axes above several panels."""
        from matplotlib.lines import Line2D

        by_rung = {rung: drawn for panel in self.points_ for rung, drawn in panel.items()}
        handles = [by_rung[rung] for rung in sorted(by_rung)]
        best = f"best: {candidates.score[candidates.best]:.4g}"
        handles.append(Line2D([], [], linestyle="none", label=best, **BEST))
        if candidates.n_unknown:
            missing = f"without a score: {candidates.n_unknown}"
            handles.append(Line2D([], [], linestyle="none", label=missing))
        if above is None:
            place: dict[str, Any] = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "ncols": 2}
        else:
            place = {"loc": "center", "ncols": legend_shape(self.ax_, len(handles))[1]}
        self.legend_ = (above or self.ax_).legend(handles=handles, frameon=False, **place)


def _short_names(names: Sequence[str]) -> list[str]:
    """Return the names without those of pipeline steps, where they stay different."""
    last = [name.rpartition("__")[2] for name in names]
    pairs = zip(names, last, strict=True)
    return [truncate(short if last.count(short) == 1 else name) for name, short in pairs]
