"""What all displays draw with: axes, and colours that everybody can tell apart."""

from typing import Any

#: Okabe and Ito's colours, which are told apart by colour-blind people too: "Color Universal
#: Design" (2008).
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"

#: How to draw several curves: colour and style.
LINES = [(BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (RED, ":")]

#: Numbers around 0, from red over white to blue; and images.
DIVERGING, IMAGES = "RdBu", "gray_r"


def new_axes(ax: Any, display: Any, size: tuple[float, float] | None = None) -> Any:
    """Return the axes to draw on, new ones if there are none, and note them in the display.

    Parameters
    ----------
    ax : Axes or None
        What the user gave.
    display : object
        Who draws.
    size : (float, float), optional
        Width and height of a new figure in inches.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    need_matplotlib(type(display).__name__)
    if ax is None:
        from matplotlib import pyplot

        _, ax = pyplot.subplots(figsize=size, layout="constrained")
    display.ax_, display.figure_ = ax, ax.figure
    return ax


def need_matplotlib(what: str) -> None:
    """Say how to get matplotlib if it is not there.

    Raises
    ------
    ImportError
        Naming the extra that brings it.
    """
    try:
        import matplotlib  # noqa: F401 (only whether it is there)
    except ImportError as error:
        raise ImportError(
            f'{what} draws with matplotlib, which is not installed: pip install "sknn[plot]".'
        ) from error
