"""What all displays draw with: axes, and colours that everybody can tell apart."""

from typing import Any

from sknn._optional import import_optional
from sknn.inspection.models import need_network

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

    @classmethod
    def _network(cls, estimator: Any) -> Any:
        """Return a fitted network that can be drawn, before anything is computed.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError, NotFittedError
            As in `need_network`.
        """
        import_optional("matplotlib", cls.__name__)
        return need_network(estimator, cls.__name__)

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
        if ax is None:
            pyplot = import_optional("matplotlib.pyplot", type(self).__name__)
            _, ax = pyplot.subplots(figsize=size, layout="constrained")
        self.ax_, self.figure_ = ax, ax.figure
        return ax
