"""`SearchDisplay`: scores of the candidates of a search, by parameter and by rung."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from math import ceil
from numbers import Real
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn._optional import import_optional
from sknn.engine._typing import Array
from sknn.inspection.displays._drawing import BLUE, ORANGE, Display, truncate

#: What `cv_results_` calls the rung of a candidate: in sknn, and in scikit-learn's halving.
RUNG_KEYS = ("rung", "iter")

#: What it says of the resources of a rung, and what the x-label calls them.
RESOURCES = {"rung": ("mean_best_iteration", "epochs, at most"), "iter": ("n_resources",) * 2}

#: Numeric parameters from this ratio of the largest to the smallest on have a logarithmic axis.
LOG_RATIO = 100

#: Colour of the candidates of the first rung, between white (0) and that of the last rung (1).
LIGHTEST = 0.3

#: Longer categories are truncated; together with more characters than that they are rotated.
MAX_CATEGORY_LENGTH, MAX_LABELS_LENGTH = 18, 24

#: Width of a category that its candidates are spread over. Steps of the golden ratio, modulo 1,
#: spread any number of them evenly, and not in their order, which would look like a trend.
CATEGORY_WIDTH, GOLDEN_RATIO = 0.5, 0.618034

#: Longer names of scores have a line of their own in the y-label.
MAX_ON_LINE = 18

#: Size of a panel in a new figure, and of an entry of the legend above several, in inches.
PANEL_SIZE, ENTRY_SIZE = (3.6, 3.2), (2.0, 0.25)

#: Style of the points and error bars, and of the best candidate.
POINTS: Mapping[str, Any] = {"fmt": "o", "markersize": 5, "elinewidth": 0.8}
BEST: Mapping[str, Any] = {
    "marker": "*",
    "markersize": 13,
    "color": ORANGE,
    "markeredgecolor": "black",
    "zorder": 5,
}


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
        results = _cv_results(search, cls.__name__)
        if scoring is None and isinstance(search.refit, str):
            scoring = search.refit
        return cls(results, params=params, scoring=scoring, n_cols=n_cols).plot(ax)

    def _draw(self, ax: Any) -> None:
        if self.n_cols < 1:
            raise ValueError(f"n_cols must be at least 1, got {self.n_cols!r}.")
        scoring = _check_scoring(self.cv_results, self.scoring)
        self.params_ = _check_params(self.cv_results["params"], self.params)
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
            self.axes_, above = _panels(ax, n_panels, n_cols, n_labels)
        self.points_ = [
            _plot_parameter(panel, name, candidates)
            for panel, name in zip(self.axes_, self.params_, strict=False)
        ]
        self.lines_: list[Any] = []
        if candidates.n_rungs > 1:
            self.lines_ = _plot_rungs(self.axes_[-1], candidates)
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
            place = {"loc": "center", "ncols": _legend_shape(self.ax_, len(handles))[1]}
        self.legend_ = (above or self.ax_).legend(handles=handles, frameon=False, **place)


class Candidates:
    """What `cv_results_` has of each candidate with a score, at the last rung that it reached.

    `index` are the positions in `cv_results_`, `params` the settings, `score` and `spread` the mean
    and the standard deviation over the splits, `rung` the last rungs, `histories` the rungs and the
    scores of each; `best` is the position of the best candidate in all of these. `n_unknown` have
    no finite score.
    """

    def __init__(self, results: Mapping[str, Any], scoring: str) -> None:
        params = list(results["params"])
        score = np.asarray(results[f"mean_test_{scoring}"], dtype=np.float64)
        self.key = next((key for key in RUNG_KEYS if key in results), RUNG_KEYS[0])
        rung = np.asarray(results.get(self.key, np.zeros(len(params))), dtype=np.intp)
        rows = [[i] for i in range(len(params))]
        if self.key == "iter":  # an entry for each rung of a candidate, told by its settings
            rows = _rows_of_equal(params, rung)
        known = sorted((r for r in rows if np.isfinite(score[r[-1]])), key=lambda r: r[-1])
        self.n_unknown = len(rows) - len(known)
        if not known:
            raise ValueError(f"No candidate has a finite mean_test_{scoring}.")
        self.index: NDArray[np.intp] = np.array([entries[-1] for entries in known])
        self.params = [params[i] for i in self.index]
        self.score: Array = score[self.index]
        self.spread = np.asarray(results[f"std_test_{scoring}"], dtype=np.float64)[self.index]
        self.rung: NDArray[np.intp] = rung[self.index]
        self.n_rungs = len(np.unique(self.rung))
        last = np.flatnonzero(self.rung == self.rung.max())
        self.best = int(last[self.score[last].argmax()])
        if self.key == "iter":
            self.histories = [(rung[entries], score[entries]) for entries in known]
        else:
            first = rung.min()
            self.histories = [
                (np.unique([first, r]), np.full(1 + (r > first), s))
                for r, s in zip(self.rung, self.score, strict=True)
            ]
        self.resources = _resources(results, self.key, rung)

    def color(self, rung: int) -> Any:
        """Return the colour of the candidates that left after a rung."""
        from matplotlib.colors import to_rgb

        share = 1.0
        if self.n_rungs > 1:
            first, last = self.rung.min(), self.rung.max()
            share = LIGHTEST + (1 - LIGHTEST) * (rung - first) / (last - first)
        return tuple(1 - share * (1 - np.array(to_rgb(BLUE))))

    def label(self, rung: int) -> str:
        """Return the text of the legend for the candidates that left after a rung."""
        n = int(np.sum(self.rung == rung))
        if self.n_rungs == 1:
            return f"{n} candidates (mean ± std)"
        return f"{self.key} {rung}: {n} {'stayed' if rung == self.rung.max() else 'left'}"


def _cv_results(search: Any, caller: str) -> Mapping[str, Any]:
    """Return the `cv_results_` of a fitted search."""
    results = getattr(search, "cv_results_", None)
    if isinstance(results, Mapping) and "params" in results and not isinstance(search, type):
        return results
    is_search = not isinstance(search, type) and hasattr(search, "estimator")
    if is_search and hasattr(search, "refit") and results is None:
        check_is_fitted(search, "cv_results_")
    hint = " Pass its last step, pipeline[-1]." if isinstance(search, Pipeline) else ""
    name = f"the class {search.__name__}" if isinstance(search, type) else type(search).__name__
    raise TypeError(
        f"{caller} needs a fitted search, such as GridSearchCV or BatchedGridSearchCV, got "
        f"{name}.{hint}"
    )


def _check_scoring(results: Mapping[str, Any], scoring: str | None) -> str:
    """Return the name of the score to draw."""
    start = "mean_test_"
    known = [key.removeprefix(start) for key in results if key.startswith(start)]
    if scoring is None and len(known) == 1:
        return known[0]
    if scoring is None or scoring not in known:
        names = " or ".join(map(repr, known))
        raise ValueError(f"scoring must be {names}, got {scoring!r}.")
    return scoring


def _check_params(
    candidates: Sequence[Mapping[str, Any]], wanted: str | Sequence[str] | None
) -> list[str]:
    """Return the names of the parameters to draw."""
    known = list(dict.fromkeys(name for params in candidates for name in params))
    if wanted is None:
        varied = [name for name in known if _n_values(candidates, name) > 1]
        if not varied:
            raise ValueError(
                "No parameter takes more than one value. Name those to draw in params, out of "
                f"{known}."
            )
        return varied
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        raise ValueError(f"params must be out of {known}, got {unknown or names}.")
    return names


def _n_values(candidates: Sequence[Mapping[str, Any]], name: str) -> int:
    """Return the number of different values of a parameter."""
    values = [params[name] for params in candidates if name in params]
    return len(set(map(float, values)) if _are_numeric(values) else set(map(_text, values)))


def _are_numeric(values: Sequence[Any]) -> bool:
    """Return whether all values are finite numbers; bool is none."""
    return all(
        isinstance(value, Real) and not isinstance(value, bool) and np.isfinite(float(value))
        for value in values
    )


def _text(value: Any) -> str:
    """Return what tells a value from others, on one line."""
    is_plain = isinstance(value, str | np.generic)
    return " ".join((str(value) if is_plain else repr(value)).split())


def _rows_of_equal(
    candidates: Sequence[Mapping[str, Any]], rung: NDArray[np.intp]
) -> list[list[int]]:
    """Return the rows of each candidate in the order of the rungs."""
    found: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for i in np.argsort(rung, kind="stable").tolist():
        key = tuple((name, _text(value)) for name, value in sorted(candidates[i].items()))
        found.setdefault(key, []).append(i)
    return list(found.values())


def _resources(results: Mapping[str, Any], key: str, rung: NDArray[np.intp]) -> dict[int, int]:
    """Return the number of epochs or samples of each rung, if it is known."""
    used, _ = RESOURCES[key]
    if used not in results:
        return {}
    n = np.asarray(results[used])
    return {r: round(float(n[rung == r].max())) for r in np.unique(rung).tolist()}


def _legend_shape(ax: Any, n_labels: int) -> tuple[int, int]:
    """Return the numbers of rows and columns of a legend that is as wide as some axes."""
    width = ax.get_window_extent().width / ax.figure.dpi
    n_cols = max(1, min(n_labels, int(width / ENTRY_SIZE[0])))
    return ceil(n_labels / n_cols), n_cols


def _short_names(names: Sequence[str]) -> list[str]:
    """Return the names without those of pipeline steps, where they stay different."""
    last = [name.rpartition("__")[2] for name in names]
    pairs = zip(names, last, strict=True)
    return [truncate(short if last.count(short) == 1 else name) for name, short in pairs]


def _panels(ax: Any, n_panels: int, n_cols: int, n_labels: int) -> tuple[list[Any], Any]:
    """Return axes in the place of `ax`, in rows, with a shared y-axis, and those of the legend."""
    ax.axis("off")
    n_rows, figure = ceil(n_panels / n_cols), ax.figure
    height = ax.get_window_extent().height / figure.dpi
    of_legend = _legend_shape(ax, n_labels)[0] * ENTRY_SIZE[1] / height
    shape: dict[str, Any] = {
        "nrows": 1 + n_rows,
        "ncols": n_cols,
        "height_ratios": [of_legend, *[(1 - min(of_legend, 0.5)) / n_rows] * n_rows],
    }
    place = ax.get_subplotspec()
    if place is None:
        box = ax.get_position()
        ends = {"left": box.x0, "right": box.x1, "bottom": box.y0, "top": box.y1}
        grid = figure.add_gridspec(**shape, **ends)
    else:
        grid = place.subgridspec(**shape)
    above = figure.add_subplot(grid[0, :])
    above.axis("off")
    axes: list[Any] = []
    for i in range(n_panels):
        cell = grid[1 + i // n_cols, i % n_cols]
        axes.append(figure.add_subplot(cell, sharey=axes[0] if axes else None))
        axes[-1].tick_params(labelleft=i % n_cols == 0)
    return axes, above


def _plot_parameter(ax: Any, name: str, candidates: Candidates) -> dict[int, Any]:
    """Draw scores over the values of a parameter; return the points of each rung."""
    having = np.array([i for i, params in enumerate(candidates.params) if name in params])
    values = [candidates.params[i][name] for i in having]
    if _are_numeric(values):
        x = np.array(values, dtype=np.float64)
        _scale_axis(ax, x)
    else:
        x = _plot_categories(ax, values)
    drawn = {}
    for rung in np.unique(candidates.rung[having]).tolist():
        chosen = candidates.rung[having] == rung
        rows = having[chosen]
        drawn[rung] = ax.errorbar(
            x[chosen],
            candidates.score[rows],
            candidates.spread[rows],
            color=candidates.color(rung),
            ecolor=(*candidates.color(rung), 0.6),
            label=candidates.label(rung),
            zorder=2 + rung / (1 + candidates.rung.max()),
            **POINTS,
        )
    ax.plot(
        x[having == candidates.best], candidates.score[having[having == candidates.best]], **BEST
    )
    ax.grid(axis="y", alpha=0.3)
    return drawn


def _scale_axis(ax: Any, x: Array) -> None:
    """Make the x-axis logarithmic, or set whole ticks for whole numbers, where that fits."""
    from matplotlib.ticker import MaxNLocator

    if x.size and x.min() > 0 and x.max() >= LOG_RATIO * x.min() * (1 - 1e-9):
        ax.set_xscale("log")
    elif (x == np.round(x)).all():
        ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True))


def _plot_categories(ax: Any, values: Sequence[Any]) -> Array:
    """Label the x-axis with categories; return positions, side by side in each of them."""
    texts = [_text(value) for value in values]
    names = {
        text: getattr(value, "__name__", text) for text, value in zip(texts, values, strict=True)
    }
    labels = [truncate(name, MAX_CATEGORY_LENGTH) for name in names.values()]
    x = np.empty(len(values))
    for k, text in enumerate(names):
        rows = np.flatnonzero(np.array(texts) == text)
        places = (0.5 + GOLDEN_RATIO * np.arange(len(rows))) % 1
        x[rows] = k + CATEGORY_WIDTH * (places - 0.5)
    are_long = sum(map(len, labels)) > MAX_LABELS_LENGTH
    turned = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if are_long else {}
    ax.set_xticks(range(len(labels)), labels, **turned)
    ax.set_xlim(-0.5, len(labels) - 0.5)
    return x


def _plot_rungs(ax: Any, candidates: Candidates) -> list[Any]:
    """Draw a line from rung to rung for each candidate; return the lines."""
    lines = []
    for (rungs, scores), last in zip(candidates.histories, candidates.rung.tolist(), strict=True):
        style = {"color": candidates.color(last), "zorder": 2 + last / (1 + candidates.rung.max())}
        lines += ax.plot(
            rungs, scores, linewidth=1, marker="o", markersize=4, markevery=[-1], **style
        )
    ax.plot(candidates.rung[candidates.best], candidates.score[candidates.best], **BEST)
    ticks = np.unique(np.concatenate([rungs for rungs, _ in candidates.histories])).tolist()
    known = [r for r in ticks if r in candidates.resources]
    ax.set_xticks(ticks, [f"{r}\n{candidates.resources[r]}" if r in known else r for r in ticks])
    ax.set_xlabel(f"{candidates.key}\n{RESOURCES[candidates.key][1]}" if known else candidates.key)
    ax.grid(axis="y", alpha=0.3)
    return lines
