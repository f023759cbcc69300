"""Plot of the time ratios of training."""

from typing import Any

import numpy as np


def plot_ratios(rows: list[dict[str, Any]], path: str) -> None:
    """Draw a bar for each case and peer, with the spread over the repeats, on a log scale."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("note: the plot is left out, matplotlib is not installed")
        return
    names = list(dict.fromkeys(name for row in rows for name in row["ratios"]))
    figure = Figure(figsize=(11, 5), layout="constrained")
    axes = figure.subplots()
    width = 0.8 / max(1, len(names))
    for i, name in enumerate(names):
        there = [(at, row["ratios"][name]) for at, row in enumerate(rows) if name in row["ratios"]]
        at, ratios = zip(*there, strict=True)
        heights = np.array([ratio.median for ratio in ratios])
        spread = [
            heights - [ratio.least for ratio in ratios],
            [ratio.greatest for ratio in ratios] - heights,
        ]
        places = np.array(at) + (i - (len(names) - 1) / 2) * width
        axes.bar(places, heights, width, yerr=spread, label=name, error_kw={"lw": 0.8})
    axes.axhline(1, color="black", lw=1)
    axes.set_yscale("log")
    axes.set_xticks(range(len(rows)), [row["case"] for row in rows])
    axes.set_ylabel("time of a fit / that of sknn")
    axes.legend(ncols=len(names))
    figure.savefig(path)
    print(f"wrote {path}")
