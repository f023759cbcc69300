"""What all displays draw with: axes, and colours that everybody can tell apart."""

from typing import Any

#: Okabe and Ito's colours, which are told apart by colour-blind people too: "Color Universal
#: Design" (2008).
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"

#: Numbers around 0, from red over white to blue; and images.
DIVERGING, IMAGES = "RdBu", "gray_r"

#: Letters of a name that stands beside something.
LONGEST_NAME = 26


def cut(text: str, longest: int = LONGEST_NAME) -> str:
    """Return a text, or its beginning with dots."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


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


class Display:
    """What all displays have in common.

    Attributes
    ----------
    ax_ : Axes
        Where it was drawn.
    figure_ : Figure
        The figure around it.
    """

    ax_: Any
    figure_: Any

    def _axes(self, ax: Any, size: tuple[float, float] | None = None) -> Any:
        """Return the axes to draw on, and keep them.

        Parameters
        ----------
        ax : Axes or None
            What the user gave; None makes a new figure.
        size : (float, float), optional
            Its width and height in inches.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        need_matplotlib(type(self).__name__)
        if ax is None:
            from matplotlib import pyplot

            _, ax = pyplot.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        return ax
