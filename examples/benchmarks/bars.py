"""Plot of ratios of times, on a log scale: bars begin at 1, where both are equally fast."""

from collections.abc import Mapping
from itertools import cycle
from typing import Any

from stopwatch import Ratio

#: Colours that colour-blind people can tell apart (Okabe and Ito).
COLORS = ["#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]

#: Ratios of one or several peers, by their names, for each row of a panel.
Panel = Mapping[str, Mapping[str, Ratio]]


def plot_ratios(panels: Mapping[str, Panel], path: str) -> None:
    """Draw a panel for each title, a row for each case, a bar for each peer, with its spread.

    The first panel is on the left, the others are on the right.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("note: the plot is left out, matplotlib is not installed")
        return
    colors = peer_colors(panels)
    figure = Figure(figsize=(11 if len(panels) > 1 else 6, 6.5), layout="constrained")
    for axes, (title, panel) in zip(places(figure, panels), panels.items(), strict=True):
        draw_panel(axes, panel, colors)
        axes.set_title(title, loc="left", fontsize="medium")
        mark_ratios(axes)
    figure.supxlabel("time / that of sknn; right of 1 sknn is faster", fontsize="medium")
    handles = {
        label: handle
        for axes in figure.axes
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        list(handles.values()), list(handles), loc="outside upper center", ncols=len(handles)
    )
    figure.savefig(path, dpi=110)
    print(f"wrote {path}")


def places(figure: Any, panels: Mapping[str, Panel]) -> list[Any]:
    """Return axes for the panels, as high as they have rows."""
    heights = [1.5 + len(panel) for panel in panels.values()][1:]
    columns = figure.add_gridspec(1, 2 if heights else 1)
    axes = [figure.add_subplot(columns[0])]
    if heights:
        right = columns[1].subgridspec(len(heights), 1, height_ratios=heights)
        for number in range(len(heights)):
            axes.append(figure.add_subplot(right[number], sharex=axes[1] if number else None))
    return axes


def peer_colors(panels: Mapping[str, Panel]) -> dict[str, str]:
    """Return a colour for each peer, the same in all panels."""
    names = dict.fromkeys(name for one in panels.values() for row in one.values() for name in row)
    return dict(zip(names, cycle(COLORS), strict=False))


def draw_panel(axes: Any, panel: Panel, colors: Mapping[str, str]) -> None:
    """Draw the bars of the rows, from above."""
    at, ticks, labelled = 0.0, [], set()
    for row in panel.values():
        places = [at + number for number in range(len(row))]
        for place, (name, ratio) in zip(places, row.items(), strict=True):
            axes.barh(
                place,
                ratio.median - 1,
                left=1,
                color=colors[name],
                label=None if name in labelled else name,
            )
            axes.plot([ratio.least, ratio.greatest], [place, place], color="black", lw=0.8)
            labelled.add(name)
        ticks.append(at + (len(row) - 1) / 2)
        at += len(row) + 0.8
    axes.axvline(1, color="black", lw=1)
    axes.grid(axis="x", color="#dddddd", lw=0.6)
    axes.set_axisbelow(True)
    axes.set(xscale="log", ylim=(at - 0.4, -1.0))
    axes.set_yticks(ticks, panel)


def mark_ratios(axes: Any) -> None:
    """Write the ratios as plain numbers, some on either side of 1."""
    from matplotlib.ticker import LogLocator, StrMethodFormatter

    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter("")
    left, right = axes.get_xlim()
    axes.set_xlim(min(left, 0.5), max(right, 5))
    axes.tick_params(labelsize="small")
