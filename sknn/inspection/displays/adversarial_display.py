"""`AdversarialDisplay`: images, perturbations and their sums."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Self

import numpy as np

from sknn.engine._typing import Array
from sknn.estimators._fitted_model import FittedModel
from sknn.estimators._prediction import fitted_model
from sknn.inspection.adversarial import adversarial
from sknn.inspection.displays._drawing import DIVERGING, IMAGES, Display, truncate
from sknn.inspection.displays.weights_display import check_image_shape

#: Longer predictions are truncated.
MAX_PREDICTION_LENGTH = 12


@dataclass(eq=False, repr=False)
class AdversarialDisplay(Display):
    """Plot of images, perturbations and adversarial images, with the predictions of a model.

    Use `from_estimator` to create one.

    Parameters
    ----------
    X, X_adversarial : arrays of shape (n_samples, n_features)
        The images before and after.
    before, after : sequences of str
        Predictions for them.
    image_shape : (int, int)
        Their height and width.

    Attributes
    ----------
    ax_, figure_ : Axes and Figure
        The axes, with a row for each sample, and the figure.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import AdversarialDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> quick = {"learning_rate": "one_cycle", "learning_rate_init": 0.01, "max_iter": 10}
    >>> model = MLPClassifier((32,), random_state=0, **quick).fit(X, y)
    >>> display = AdversarialDisplay.from_estimator(
    ...     model, X[:2], y[:2], epsilon=2, bounds=(0, 16), image_shape=(8, 8)
    ... )  # doctest: +SKIP
    """

    X: Array
    X_adversarial: Array
    _: KW_ONLY
    before: Sequence[str]
    after: Sequence[str]
    image_shape: tuple[int, int]

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        image_shape: tuple[int, int],
        ax: Any = None,
        **settings: Any,
    ) -> Self:
        """Draw the result of `adversarial` for some images.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            A fitted estimator.
        X : array-like of shape (n_samples, n_features)
            A few images.
        y : array-like of shape (n_samples,), default=None
            The true targets; None: the predictions.
        image_shape : (int, int)
            Height and width of the images.
        ax : Axes, default=None
            Axes to draw on; None creates a figure.
        **settings : dict
            Parameters of `adversarial`, such as `epsilon`.

        Returns
        -------
        display : AdversarialDisplay
        """
        mlp = cls._network(estimator)
        X_adversarial = adversarial(mlp, X, y, **settings)
        fitted = fitted_model(mlp, X)
        [part] = fitted.parts
        changed = replace(fitted, parts=[replace(part, X=X_adversarial)])
        before, after = _predictions(fitted), _predictions(changed)
        display = cls(part.X, X_adversarial, before=before, after=after, image_shape=image_shape)
        return display.plot(ax)

    def _draw(self, ax: Any) -> None:
        check_image_shape(self.X.shape[1], self.image_shape)
        ax = self._axes(ax, (6.4, 2.3 * len(self.X) + 0.6))
        perturbation = self.X_adversarial - self.X
        largest = float(np.abs(perturbation).max()) or 1.0
        grey = {"vmin": self.X.min(), "vmax": self.X.max(), "cmap": IMAGES}
        signed = {"vmin": -largest, "vmax": largest, "cmap": DIVERGING}
        no_texts = [""] * len(perturbation)
        self._plot_column(ax, 0, "image", self.X, self.before, grey)
        image = self._plot_column(ax, 1, "perturbation", perturbation, no_texts, signed)
        self._plot_column(ax, 2, "sum", self.X_adversarial, self.after, grey)
        for row in range(len(self.X)):
            for place, sign in enumerate("+="):
                ax.text(*self._at(place + 0.885, row + 0.37), sign, ha="center", va="center")
        self.figure_.colorbar(image, ax=ax, label="perturbation", shrink=0.8)
        ax.set(xlim=(0, self._at(2, 0)[0] + self.image_shape[1]), aspect="equal")
        ax.set_ylim(self._at(0, len(self.X))[1], 0)
        ax.axis("off")

    def _at(self, column: float, row: float) -> tuple[float, float]:
        """Return the top left corner of a cell."""
        height, width = self.image_shape
        return column * 1.3 * width, -row * 1.35 * height

    def _plot_column(
        self, ax: Any, column: int, title: str, X: Array, texts: Sequence[str], style: Any
    ) -> Any:
        """Draw a column of images with texts below them; return the last image."""
        height, width = self.image_shape
        for row, (x, text) in enumerate(zip(X, texts, strict=True)):
            left, top = self._at(column, row)
            extent = (left, left + width, top - height, top)
            image = ax.imshow(x.reshape(self.image_shape), extent=extent, **style)
            frame = [(left, top), (left + width, top), (left + width, top - height)]
            frame += [(left, top - height), (left, top)]
            ax.plot(*np.transpose(frame), color="0.6", linewidth=0.8, clip_on=False)
            ax.text(left + width / 2, top - 1.04 * height, text, ha="center", va="top")
        ax.text(self._at(column, 0)[0] + width / 2, 0.04 * height, title, ha="center", va="bottom")
        return image


def _predictions(fitted: FittedModel) -> list[str]:
    """Return the predictions, with the probability of the predicted class if there is one."""
    z, spec = fitted.outputs(), fitted.spec
    predictions = spec.decode(z)
    texts = [f"predicted: {_format(prediction)}" for prediction in predictions]
    if predictions.ndim > 1 or not spec.loss.has_probabilities:
        return texts
    target: Any = spec.target
    probabilities = target.proba(spec.loss, z).max(axis=1)
    return [f"{text}\nprobability {p:.0%}" for text, p in zip(texts, probabilities, strict=True)]


def _format(prediction: Any) -> str:
    """Return a prediction in a few characters."""
    if isinstance(prediction, np.ndarray):
        return truncate(", ".join(map(_format, prediction)), MAX_PREDICTION_LENGTH)
    if isinstance(prediction, float | np.floating):
        return f"{prediction:.3g}"
    return truncate(str(prediction), MAX_PREDICTION_LENGTH)
