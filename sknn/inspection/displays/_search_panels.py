"""The panels of SearchDisplay: a parameter, or the rungs."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

import numpy as np

from sknn.engine._typing import Array
from sknn.inspection.displays._drawing import ORANGE, truncate
from sknn.inspection.displays._search_candidates import RESOURCES, Candidates, are_numeric, text_of

#: Numeric parameters from this ratio of the largest to the smallest on have a logarithmic axis.
LOG_RATIO = 100

#: Longer categories are truncated; together with more characters than that they are rotated.
MAX_CATEGORY_LENGTH, MAX_LABELS_LENGTH = 18, 24

#: Width of a category that its candidates are spread over. Steps of the golden ratio, modulo 1,
#: spread any number of them evenly, and not in their order, which would look like a trend.
CATEGORY_WIDTH, GOLDEN_RATIO = 0.5, 0.618034

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


def legend_shape(ax: Any, n_labels: int) -> tuple[int, int]:
    """Return the numbers of rows and columns of a legend that is as wide as some axes."""
    width = ax.get_window_extent().width / ax.figure.dpi
    n_cols = max(1, min(n_labels, int(width / ENTRY_SIZE[0])))
    return ceil(n_labels / n_cols), n_cols


def make_panels(ax: Any, n_panels: int, n_cols: int, n_labels: int) -> tuple[list[Any], Any]:
    """Return axes in the place of `ax`, in rows, with a shared y-axis, and those of the legend."""
    ax.axis("off")
    n_rows, figure = ceil(n_panels / n_cols), ax.figure
    height = ax.get_window_extent().height / figure.dpi
    of_legend = legend_shape(ax, n_labels)[0] * ENTRY_SIZE[1] / height
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


def plot_parameter(ax: Any, name: str, candidates: Candidates) -> dict[int, Any]:
    """Draw scores over the values of a parameter; return the points of each rung."""
    having = np.array([i for i, params in enumerate(candidates.params) if name in params])
    values = [candidates.params[i][name] for i in having]
    if are_numeric(values):
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
    texts = [text_of(value) for value in values]
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


def plot_rungs(ax: Any, candidates: Candidates) -> list[Any]:
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
