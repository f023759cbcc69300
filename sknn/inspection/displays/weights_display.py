"""`WeightsDisplay`: histograms of weights, or first-layer weights as images."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np

from sknn.engine._typing import Array
from sknn.inspection._unit_names import layer_names, member_weights
from sknn.inspection.displays._drawing import BLUE, DIVERGING, GREY, Display

#: Style of histograms.
FILLED = {"fill": True, "facecolor": BLUE, "edgecolor": BLUE, "alpha": 0.75}


@dataclass(eq=False, repr=False)
class WeightsDisplay(Display):
    """Histograms of the weights of all layers, or images of the weights of first-layer units.

    Use `from_estimator` to create one.

    Parameters
    ----------
    weights : sequence of arrays of shape (m, k)
        The weights of each layer.
    image_shape : (int, int), default=None
        Height and width of input images; None draws histograms.
    max_units : int, default=16
        Number of units that are drawn as images, from the first one.

    Attributes
    ----------
    ax_, figure_ : Axes and Figure
        What it is drawn on.
    image_ : AxesImage or None
        The mosaic of images.

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

    weights: Sequence[Array]
    _: KW_ONLY
    image_shape: tuple[int, int] | None = None
    max_units: int = 16

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
            A fitted estimator.
        image_shape, max_units
            As in the class.
        member : int, default=0
            Which member.
        ax : Axes, default=None
            Axes to draw on; None creates a figure.

        Returns
        -------
        display : WeightsDisplay
        """
        weights = member_weights(cls._network(estimator), member)
        return cls(weights, image_shape=image_shape, max_units=max_units).plot(ax)

    def _draw(self, ax: Any) -> None:
        self.image_: Any = None
        if self.image_shape is None:
            self._plot_histograms(self._axes(ax, (6.4, 0.75 * len(self.weights) + 1.2)))
        else:
            check_image_shape(len(self.weights[0]), self.image_shape)
            side = 0.6 * _n_columns(min(self.max_units, self.weights[0].shape[1]))
            ax = self._axes(ax, (max(6.4, side + 1.4), max(4.8, side)))
            self._plot_images(ax, self.image_shape)

    def _plot_histograms(self, ax: Any) -> None:
        """Draw a histogram for each layer, all with the same height and bins."""
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
        ax.set_title("distribution of weights by layer", fontsize="medium")

    def _plot_images(self, ax: Any, image_shape: tuple[int, int]) -> None:
        W = self.weights[0][:, : self.max_units]
        images = W.T.reshape(-1, *image_shape)
        margin = max(2, round(0.25 * image_shape[0]))  # has room for the unit's index
        mosaic, corners = _mosaic(images, _n_columns(len(images)), margin)
        largest = float(np.abs(W).max()) or 1.0
        self.image_ = image = ax.imshow(mosaic, cmap=DIVERGING, vmin=-largest, vmax=largest)
        image.set_cmap(image.cmap.with_extremes(bad="0.88"))
        for unit, (top, left) in enumerate(corners):
            x, y = left + (image_shape[1] - 1) / 2, top - margin / 2 - 0.5
            ax.text(x, y, f"{unit}", fontsize="x-small", ha="center", va="center")
        self.figure_.colorbar(image, ax=ax, label="weight")
        shown, total = W.shape[1], self.weights[0].shape[1]
        ax.set_title(f"hidden 1: {shown} of {total} units" if shown < total else "hidden 1")
        ax.axis("off")


def check_image_shape(m: int, image_shape: Any) -> None:
    """Raise a ValueError unless m inputs form an image of this shape."""
    if int(np.prod(image_shape)) != m:
        raise ValueError(f"image_shape must have {m} pixels, got {image_shape!r}.")


def _n_columns(n: int) -> int:
    """Return the number of columns of a mosaic of n images."""
    return int(np.ceil(np.sqrt(n)))


def _mosaic(images: Array, n_columns: int, margin: int) -> tuple[Array, list[tuple[int, int]]]:
    """Return images in a grid with NaN margins, and the top left corner of each."""
    n, height, width = images.shape
    tall, wide = height + margin, width + margin
    mosaic = np.full((-(-n // n_columns) * tall + margin, n_columns * wide + margin), np.nan)
    cells = [divmod(i, n_columns) for i in range(n)]
    corners = [(row * tall + margin, column * wide + margin) for row, column in cells]
    for image, (top, left) in zip(images, corners, strict=True):
        mosaic[top : top + height, left : left + width] = image
    return mosaic, corners
