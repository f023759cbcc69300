"""AdversarialDisplay."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np

from sknn.engine._typing import Array
from sknn.estimators._model import FittedModel
from sknn.inspection.adversarial import adversarial
from sknn.inspection.displays.drawing import DIVERGING, IMAGES, Display, cut
from sknn.inspection.displays.weights import need_shape

#: Letters of a prediction below an image.
LONGEST = 12


class AdversarialDisplay(Display):
    """Images, the signals that are added to them, and the sums, with what a model says of both.

    It is recommended to use `from_estimator`, which draws at once.

    Parameters
    ----------
    X, X_adversarial : arrays of shape (n_samples, n_features)
        The images before and after.
    before, after : sequences of str
        What the model says of them.
    image_shape : (int, int)
        Their height and width.

    Attributes
    ----------
    ax_ : Axes
        The axes; each sample is a row.
    figure_ : Figure
        The figure.

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

    def __init__(
        self,
        X: Array,
        X_adversarial: Array,
        *,
        before: Sequence[str],
        after: Sequence[str],
        image_shape: tuple[int, int],
    ) -> None:
        self.X = X
        self.X_adversarial = X_adversarial
        self.before = before
        self.after = after
        self.image_shape = image_shape

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
        """Draw what `adversarial` makes of some images.

        Parameters
        ----------
        estimator : MLPClassifier or MLPRegressor
            Fitted.
        X : array-like of shape (n_samples, n_features)
            A few images.
        y : array-like of shape (n_samples,), default=None
            What is right; None: what the model predicts.
        image_shape : (int, int)
            Height and width of the images.
        ax : Axes, default=None
            Where to draw; new ones if left out.
        **settings : dict
            Of `adversarial`: `epsilon` and others.

        Returns
        -------
        display : AdversarialDisplay
        """
        mlp = cls._network(estimator)
        moved = adversarial(mlp, X, y, **settings)
        fitted = mlp._fitted_model(X)
        said = {"before": _said(fitted), "after": _said(replace(fitted, X=moved))}
        return cls(fitted.X, moved, **said, image_shape=image_shape).plot(ax)

    def plot(self, ax: Any = None) -> Self:
        """Draw.

        Parameters
        ----------
        ax : Axes, default=None
            Where to draw; new ones if left out.

        Returns
        -------
        display : AdversarialDisplay

        Raises
        ------
        ValueError
            If the samples are no images of this shape.
        """
        need_shape(self.X.shape[1], self.image_shape)
        ax = self._axes(ax, (6.4, 2.3 * len(self.X) + 0.6))
        signal = self.X_adversarial - self.X
        largest = float(np.abs(signal).max()) or 1.0
        grey = {"vmin": self.X.min(), "vmax": self.X.max(), "cmap": IMAGES}
        signed = {"vmin": -largest, "vmax": largest, "cmap": DIVERGING}
        no_texts = [""] * len(signal)
        self._plot_column(ax, 0, "image", self.X, self.before, grey)
        image = self._plot_column(ax, 1, "signal", signal, no_texts, signed)
        self._plot_column(ax, 2, "sum", self.X_adversarial, self.after, grey)
        for row in range(len(self.X)):
            for place, sign in enumerate("+="):
                ax.text(*self._at(place + 0.885, row + 0.37), sign, ha="center", va="center")
        self.figure_.colorbar(image, ax=ax, label="signal", shrink=0.8)
        ax.set(xlim=(0, self._at(2, 0)[0] + self.image_shape[1]), aspect="equal")
        ax.set_ylim(self._at(0, len(self.X))[1], 0)
        ax.axis("off")
        return self

    def _at(self, column: float, row: float) -> tuple[float, float]:
        """Return where a column begins on the left, and a row at the top."""
        height, width = self.image_shape
        return column * 1.3 * width, -row * 1.35 * height

    def _plot_column(
        self, ax: Any, column: int, title: str, X: Array, texts: Sequence[str], style: Any
    ) -> Any:
        """Draw images below each other, with texts below them; return the last."""
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


def _said(fitted: FittedModel) -> list[str]:
    """Return what a model predicts, and how sure it is of a class."""
    z, spec = fitted.outputs(), fitted.spec
    predictions = spec.decode(z)
    said = [f"predicted: {_text(answer)}" for answer in predictions]
    if predictions.ndim > 1 or not spec.loss.has_probabilities:
        return said
    target: Any = spec.target
    sure = target.proba(spec.loss, z).max(axis=1)
    return [f"{text}\nprobability {share:.0%}" for text, share in zip(said, sure, strict=True)]


def _text(answer: Any) -> str:
    """Return a prediction in a few letters."""
    if isinstance(answer, np.ndarray):
        return cut(", ".join(map(_text, answer)), LONGEST)
    number = isinstance(answer, float | np.floating)
    return f"{answer:.3g}" if number else cut(str(answer), LONGEST)
