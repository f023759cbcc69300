"""Plot of the error ratios of the learners, by data set."""

from itertools import cycle
from typing import Any

import numpy as np
from stopwatch import geometric_mean
from table_report import OURS, matched, ratio
from table_trials import Trial

#: The learner whose error is 1.
UNIT = "hgb"

#: What is drawn in a panel of its own, by the measure that tells them apart.
KINDS = {"accuracy": "classification", "rmse": "regression"}

#: What learners are called in the key and on the axis, if not by their names.
CALLED = {
    "sknn-none": "sknn, cv=None",
    "mlp": "scikit-learn's MLP",
    "sk_mlp": "scikit-learn's MLP",
    "linear": "linear model",
    "hgb": "HistGradientBoosting",
    "xgboost": "XGBoost",
    "lightgbm": "LightGBM",
    "catboost": "CatBoost",
    "realmlp_tds": "RealMLP-TD-S",
    "realmlp_td": "RealMLP-TD",
}

#: Colours that colour-blind people can tell apart (Okabe and Ito), and shapes, one more of them,
#: so that no pair comes again soon.
COLORS = ["#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#777777"]
MARKERS = "os^DvPX*h"

#: Error ratios by the set, by the learner.
Ratios = dict[str, dict[str, float]]


def plot_dots(trials: list[Trial], path: str) -> None:
    """Draw a panel for each kind of task, a row for each set and a dot for each learner."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("note: the plot is left out, matplotlib is not installed")
        return
    ratios = ratios_by_learner(trials)
    kinds = {kind: names_of(trials, ratios, metric) for metric, kind in KINDS.items()}
    kinds = {kind: names for kind, names in kinds.items() if names}
    if not kinds:
        print(f"note: the plot is left out, no set has both {UNIT} and another learner")
        return
    rows = [len(names) for names in kinds.values()]
    figure = Figure(figsize=(8, 1.8 + 0.36 * sum(rows)), layout="constrained")
    panels: Any = figure.subplots(len(kinds), sharex=True, squeeze=False, height_ratios=rows)
    for axes, (kind, names) in zip(panels[:, 0], kinds.items(), strict=True):
        draw_panel(axes, kind, names, ratios)
    for axes in panels[:, 0]:  # once the limits, which they share, are known
        mark_ratios(axes)
    panels[-1, 0].set_xlabel(f"error / that of {CALLED[UNIT]}, which is the line at 1")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    key = {"loc": "outside upper center", "ncols": 5, "markerscale": 1.3, "frameon": False}
    figure.legend(handles, [CALLED.get(label, label) for label in labels], **key)
    figure.savefig(path, dpi=150)
    print(f"wrote {path}")


def ratios_by_learner(trials: list[Trial]) -> Ratios:
    """Divide the errors of each learner by those of the unit; geometric means over the seeds."""
    ratios: Ratios = {}
    for learner in dict.fromkeys(trial.learner for trial in trials):
        by_name: dict[str, list[float]] = {}
        for one, unit in matched(trials, learner, UNIT):
            by_name.setdefault(one.name, []).append(ratio(one, unit))
        ratios[learner] = {name: geometric_mean(several) for name, several in by_name.items()}
    ratios.pop(UNIT, None)
    return ratios


def names_of(trials: list[Trial], ratios: Ratios, metric: str) -> list[str]:
    """Return the sets of a kind, those where sknn does worst first (at the bottom)."""
    names = dict.fromkeys(trial.name for trial in trials if metric in trial.metrics)
    drawn = [name for name in names if any(name in by_name for by_name in ratios.values())]
    return sorted(drawn, key=lambda name: -ratios.get(OURS, {}).get(name, 0.0))


def draw_panel(axes: Any, kind: str, names: list[str], ratios: Ratios) -> None:
    """Draw the dots of some sets, those of a set a little below one another."""
    axes.axvline(1, color="black", lw=1, zorder=1)
    for row in range(0, len(names), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#f3f3f3", lw=0, zorder=0)
    styles = zip(cycle(COLORS), cycle(MARKERS), np.linspace(0.33, -0.33, len(ratios)), strict=False)
    for (learner, by_name), (color, marker, shift) in zip(ratios.items(), styles, strict=True):
        there = [(by_name[name], row + shift) for row, name in enumerate(names) if name in by_name]
        x, y = zip(*there, strict=True) if there else ((), ())
        size = 56 if learner == OURS else 26
        axes.scatter(x, y, s=size, c=color, marker=marker, lw=0, label=learner, zorder=2)
    axes.set(title=kind, ylim=(-0.5, len(names) - 0.5), xscale="log")
    axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
    axes.tick_params(axis="y", length=0)


def mark_ratios(axes: Any) -> None:
    """Write the ratios as plain numbers below each panel, some on either side of 1, with lines."""
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(axis="x", labelbottom=True)
    axes.grid(axis="x", color="#cccccc", lw=0.7, zorder=0)
    axes.set_axisbelow(True)
    left, right = axes.get_xlim()
    axes.set_xlim(min(left, 0.5), max(right, 2))
    axes.text(0.99, 1.01, "worse", transform=axes.transAxes, ha="right", va="bottom")
    axes.text(0.01, 1.01, "better", transform=axes.transAxes, ha="left", va="bottom")
