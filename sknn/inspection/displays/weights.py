"""WeightsDisplay."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from sknn.engine._typing import Array
from sknn.inspection.displays.drawing import BLUE, DIVERGING, GREY, Display
from sknn.inspection.names import layer_names, weights_of

#: What is left free between the images of units, where their numbers stand, by their height.
MARGIN = 0.25

#: How histograms are drawn.
FILLED = {"fill": True, "facecolor": BLUE, "edgecolor": BLUE, "alpha": 0.75}


class WeightsDisplay(Display):
    """Weights: those of the first layer's units as images, or those of all layers as histograms.

    It is recommended to use `from_estimator`, which draws at once.

    Parameters
    ----------
    weights : sequence of arrays of shape (m, k)
        Those of each layer.
    image_shape : (int, int), default=None
        Height and width of the images that the inputs are. None: histograms are drawn.
    max_units : int, default=16
        How many units are drawn as images, the first ones.

    Attributes
    ----------
    ax_ : Axes
        The axes.
    figure_ : Figure
        The figure.
    image_ : AxesImage or None
        The images, side by side.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import WeightsDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> quick = {"learning_rate": "one_cycle", "learning_rate_init": 0.01, "max_iter": 10}
    >>> model = MLPClassifier((16,), random_state=0, **quick).fit(X, y)
    >>> display = WeightsDisplay.from_estimator(model, image_shape=(8, 8))  # doctest: +SKIP
    """

    def __init__(
        self,
        weights: Sequence[Array],
        *,
        image_shape: tuple[int, int] | None = None,
        max_units: int = 16,
    ) -> None:
        self.weights = weights
        self.image_shape = image_shape
        self.max_units = max_units

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        image_shape: tuple[int, int] | None = None,
        max_units: int = 16,
        member: int = 0,
        ax: Any = None,
    ) -> Self:
        """Draw the weights of a fitted network.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, TabularMLPClassifier or TabularMLPRegressor
            Fitted.
        image_shape : (int, int), default=None
            Height and width of the images that the inputs are. None: histograms are drawn.
        max_units : int, default=16
            How many units are drawn as images, the first ones.
        member : int, default=0
            Which of several members.
        ax : Axes, default=None
            Where to draw; new ones if left out.

        Returns
        -------
        display : WeightsDisplay
        """
        weights = weights_of(cls._network(estimator), member)
        return cls(weights, image_shape=image_shape, max_units=max_units).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; new ones if left out.

        Returns
        -------
        display : WeightsDisplay

        Raises
        ------
        ValueError
            If the inputs are no images of this shape.
        """
        self.image_: Any = None
        if self.image_shape is None:
            self._plot_histograms(self._axes(ax, (6.4, 0.75 * len(self.weights) + 1.2)))
        else:
            need_shape(len(self.weights[0]), self.image_shape)
            side = 0.6 * _per_row(min(self.max_units, self.weights[0].shape[1]))
            size = (max(6.4, side + 1.4), max(4.8, side))
            self._plot_images(self._axes(ax, size), self.image_shape)
        return self

    def _plot_histograms(self, ax: Any) -> None:
        """Draw a histogram for each layer below each other, all of one height and scale."""
        largest = max(np.abs(W).max() for W in self.weights) or 1.0
        n_bins = int(np.clip(np.sqrt(sum(W.size for W in self.weights)), 10, 60))
        edges = np.linspace(-largest, largest, n_bins + 1)
        floors = -np.arange(len(self.weights), dtype=float)
        for floor, W in zip(floors, self.weights, strict=True):
            counts = np.histogram(W, edges)[0]
            ax.stairs(floor + 0.85 * counts / counts.max(), edges, baseline=floor, **FILLED)
        names = zip(layer_names(len(self.weights)), self.weights, strict=True)
        ax.set_yticks(floors, [f"{name}\n{W.shape[0]} x {W.shape[1]}" for name, W in names])
        ax.axvline(0, color=GREY, linewidth=0.8, linestyle=":")
        ax.set(xlabel="weight", ylim=(floors[-1] - 0.1, 1))
        ax.set_title("how many weights, layer by layer", fontsize="medium")

    def _plot_images(self, ax: Any, image_shape: tuple[int, int]) -> None:
        W = self.weights[0][:, : self.max_units]
        images = W.T.reshape(-1, *image_shape)
        mosaic, corners = _mosaic(images, _per_row(len(images)), _margin(image_shape))
        largest = float(np.abs(W).max()) or 1.0
        self.image_ = image = ax.imshow(mosaic, cmap=DIVERGING, vmin=-largest, vmax=largest)
        image.set_cmap(image.cmap.with_extremes(bad="0.88"))
        for unit, (top, left) in enumerate(corners):
            x, y = left + (image_shape[1] - 1) / 2, top - _margin(image_shape) / 2 - 0.5
            ax.text(x, y, f"{unit}", fontsize="x-small", ha="center", va="center")
        self.figure_.colorbar(image, ax=ax, label="weight")
        shown, total = W.shape[1], self.weights[0].shape[1]
        ax.set_title(f"hidden 1: {shown} of {total} units" if shown < total else "hidden 1")
        ax.axis("off")


def need_shape(m: int, image_shape: Any) -> None:
    """Refuse a shape that m inputs do not have.

    Raises
    ------
    ValueError
        Naming both numbers.
    """
    if int(np.prod(image_shape)) != m:
        raise ValueError(f"image_shape={image_shape!r} does not make {m} inputs.")


def _per_row(n: int) -> int:
    """Return how many of n images stand side by side."""
    return int(np.ceil(np.sqrt(n)))


def _margin(image_shape: tuple[int, int]) -> int:
    """Return how many pixels are left free between images."""
    return max(2, round(MARGIN * image_shape[0]))


def _mosaic(images: Array, n_columns: int, margin: int) -> tuple[Array, list[tuple[int, int]]]:
    """Put images side by side, row by row, with NaN around them; return where each begins, too."""
    n, height, width = images.shape
    tall, wide = height + margin, width + margin
    mosaic = np.full((-(-n // n_columns) * tall + margin, n_columns * wide + margin), np.nan)
    places = [divmod(i, n_columns) for i in range(n)]
    corners = [(row * tall + margin, column * wide + margin) for row, column in places]
    for image, (top, left) in zip(images, corners, strict=True):
        mosaic[top : top + height, left : left + width] = image
    return mosaic, corners
