"""The base class of displays, and their colours."""

from abc import ABC, abstractmethod
from typing import Any, Self

from sknn._optional import import_optional
from sknn.inspection._fitted_network import check_network

#: Colours that colour-blind readers can distinguish, from Okabe and Ito (2008), "Color Universal
#: Design".
BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"

#: Colour maps of signed numbers, with white for 0, and of images.
DIVERGING, IMAGES = "RdBu", "gray_r"

#: Longer names are truncated.
MAX_NAME_LENGTH = 26


def truncate(text: str, length: int = MAX_NAME_LENGTH) -> str:
    """Return the text, cut and with dots if it is longer than `length`."""
    return text if len(text) <= length else f"{text[: length - 3]}..."


class Display(ABC):
    """Base class of displays."""

    def plot(self, ax: Any = None) -> Self:
        """Draw, also again.

        Parameters
        ----------
        ax : Axes, default=None
            Axes to draw on; None creates a figure.

        Returns
        -------
        display : Display
            Itself, with the attributes `ax_` and `figure_`.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If a parameter of the display is invalid.
        """
        self._draw(ax)
        return self

    @abstractmethod
    def _draw(self, ax: Any) -> None:
        """Draw on `_axes(ax)`."""

    @classmethod
    def _network(cls, estimator: Any) -> Any:
        """Check matplotlib and the estimator, before anything is computed."""
        import_optional("matplotlib", cls.__name__)
        return check_network(estimator, cls.__name__)

    def _axes(self, ax: Any, size: tuple[float, float] | None = None) -> Any:
        """Return the given axes, or those of a new figure (size in inches), and store them."""
        if ax is None:
            pyplot = import_optional("matplotlib.pyplot", type(self).__name__)
            _, ax = pyplot.subplots(figsize=size, layout="constrained")
        self.ax_: Any = ax
        self.figure_: Any = ax.figure
        return ax
