"""`LossCurveDisplay`: losses, scores and learning rates by epoch."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np

from sknn.estimators._builders import is_stochastic
from sknn.estimators.base import BaseMLP
from sknn.inspection.displays._drawing import BLUE, GREEN, GREY, ORANGE, RED, Display


@dataclass(eq=False, repr=False)
class LossCurveDisplay(Display):
    """Plot of losses, validation scores and learning rates by epoch.

    Use `from_estimator` to create one.

    Parameters
    ----------
    loss : sequence of float
        The training objective: mean loss and penalty.
    validation_loss : sequence of float, default=None
        Mean loss on the validation data.
    validation_score : sequence of float, default=None
        Score on the validation data.
    best_iteration : int, default=None
        The epoch whose weights were kept, counted from 1; of several networks the largest.
    learning_rate : str, default=None
        Description of the learning rate in the x-label.
    learning_rates : sequence of float, default=None
        Learning rate of each epoch; drawn if it changes.

    Attributes
    ----------
    ax_, figure_ : Axes and Figure
        The axes of the losses, and the figure.
    score_ax_, rate_ax_ : Axes or None
        Axes of the score, with the y-axis on the right, and of the learning rate, from 0.
    lines_ : list of Line2D
        The curves.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import LossCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(solver="lbfgs", random_state=0).fit(X, y)
    >>> display = LossCurveDisplay.from_estimator(model)  # doctest: +SKIP
    """

    loss: Sequence[float]
    _: KW_ONLY
    validation_loss: Sequence[float] | None = None
    validation_score: Sequence[float] | None = None
    best_iteration: int | None = None
    learning_rate: str | None = None
    learning_rates: Sequence[float] | None = None

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> Self:
        """Draw the training history of a fitted network.

        Parameters
        ----------
        estimator : MLPClassifier, MLPRegressor, TabularMLPClassifier or TabularMLPRegressor
            A fitted estimator.
        ax : Axes, default=None
            Axes to draw on; None creates a figure.

        Returns
        -------
        display : LossCurveDisplay
        """
        mlp = cls._network(estimator)
        validated = mlp.validation_scores_ is not None
        display = cls(
            mlp.loss_curve_,
            validation_loss=mlp.validation_loss_curve_,
            validation_score=mlp.validation_scores_,
            best_iteration=int(np.max(mlp.best_iteration_)) if validated else None,
            learning_rate=_describe_rate(mlp),
            learning_rates=getattr(mlp, "learning_rates_", None),
        )
        return display.plot(ax)

    def _draw(self, ax: Any) -> None:
        ax = self._axes(ax)
        self.lines_ = [_curve(ax, self.loss, BLUE, "-", "training loss and penalty")]
        if self.validation_loss is not None:
            self.lines_.append(_curve(ax, self.validation_loss, ORANGE, "--", "validation loss"))
        self.score_ax_ = self._plot_score(ax)
        self.rate_ax_ = self._plot_rates(ax)
        rate = "" if self.learning_rate is None else f" (learning rate: {self.learning_rate})"
        ax.set(xlabel=f"epoch{rate}", ylabel="loss")
        ax.xaxis.get_major_locator().set_params(integer=True)
        handles = list(self.lines_)
        if self.best_iteration is not None:
            label = f"best epoch: {self.best_iteration}"
            style = {"color": GREY, "linestyle": ":", "label": label}
            handles.append(ax.axvline(self.best_iteration, **style))
        above = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "frameon": False}
        ax.legend(handles=handles, ncols=2, **above)

    def _plot_score(self, ax: Any) -> Any:
        """Draw the score on axes of its own, and return them."""
        if self.validation_score is None:
            return None
        score_ax = ax.twinx()
        line = _curve(score_ax, self.validation_score, GREEN, "-.", "validation score (right)")
        self.lines_.append(line)
        score_ax.set_ylabel("score", color=GREEN)
        score_ax.tick_params(axis="y", colors=GREEN)
        return score_ax

    def _plot_rates(self, ax: Any) -> Any:
        """Draw the learning rate if it changes, and return its axes."""
        rates = np.asarray([] if self.learning_rates is None else self.learning_rates)
        known = rates[np.isfinite(rates)]
        if len(known) < 2 or known.min() == known.max():
            return None
        rate_ax = ax.twinx()
        label = f"learning rate, up to {known.max():.2g}"
        self.lines_.append(_curve(rate_ax, rates, RED, (0, (1, 2)), label))
        rate_ax.set(ylim=(0, 1.05 * known.max()), yticks=[])
        return rate_ax


def _describe_rate(mlp: BaseMLP) -> str | None:
    """Return a description of the learning rate, if the solver has one."""
    if not is_stochastic(mlp):
        return None
    if callable(mlp.learning_rate):
        return getattr(mlp.learning_rate, "__name__", type(mlp.learning_rate).__name__)
    return f"{mlp.learning_rate}, {mlp.learning_rate_init:g}"


def _curve(ax: Any, values: Any, color: str, style: Any, label: str) -> Any:
    """Plot one value per epoch as a line; a single epoch as a dot."""
    epochs = np.arange(1, len(values) + 1)
    marker = "o" if len(epochs) == 1 else None
    [line] = ax.plot(epochs, values, linestyle=style, color=color, marker=marker, label=label)
    return line
