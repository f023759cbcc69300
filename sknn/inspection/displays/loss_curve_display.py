"""`LossCurveDisplay`: losses, scores and learning rates by epoch."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Self

import numpy as np

from sknn.engine._typing import Array
from sknn.estimators._builders import is_stochastic
from sknn.estimators._training_record import MEMBER_CURVES
from sknn.estimators.base import BaseMLP
from sknn.inspection.displays._drawing import BLUE, GREEN, GREY, ORANGE, RED, Display

#: For more networks than this, bands leave out the outermost tenths.
MAX_FULL_RANGE = 10

#: The y-axis of the learning rate is so far to the right of that of the score, in points.
RATE_AXIS_OFFSET = 52


@dataclass(eq=False, repr=False)
class LossCurveDisplay(Display):
    """Plot of losses, validation scores and learning rates by epoch.

    Of several networks (`n_members`, `cv`) the mean over those that trained in the epoch is drawn,
    and a band from the lowest to the highest of them; of more than 10 networks from their 10 % to
    their 90 % quantile.

    Use `from_estimator` to create one.

    Parameters
    ----------
    loss : array-like of shape (n_epochs,) or (n_epochs, n_networks)
        The training objective: mean loss and penalty. NaN after the last epoch of a network.
    validation_loss : array-like of shape (n_epochs,) or (n_epochs, n_networks), default=None
        Mean loss on the validation data.
    validation_score : array-like of shape (n_epochs,) or (n_epochs, n_networks), default=None
        Score on the validation data.
    best_iteration : int or array-like of int, default=None
        The epoch whose weights were kept, counted from 1; of each network if there are several.
    learning_rate : str, default=None
        Description of the learning rate in the x-label.
    learning_rates : sequence of float, default=None
        Learning rate of each epoch; drawn if it changes.

    Attributes
    ----------
    ax_, figure_ : Axes and Figure
        The axes of the losses, and the figure.
    score_ax_, rate_ax_ : Axes or None
        Axes of the score and of the learning rate, from 0, each with a y-axis on the right; that of
        the learning rate is further out if there are both.
    lines_ : list of Line2D
        The curves; of several networks their means.
    bands_ : list of PolyCollection
        The bands of several networks, in the order of the curves.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import LossCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier(solver="lbfgs", max_iter=1000, random_state=0).fit(X, y)
    >>> display = LossCurveDisplay.from_estimator(model)  # doctest: +SKIP
    """

    loss: Sequence[float] | Array
    _: KW_ONLY
    validation_loss: Sequence[float] | Array | None = None
    validation_score: Sequence[float] | Array | None = None
    best_iteration: int | Sequence[int] | Array | None = None
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
            _curves(mlp, "loss_curve_"),
            validation_loss=_curves(mlp, "validation_loss_curve_"),
            validation_score=_curves(mlp, "validation_scores_"),
            best_iteration=mlp.best_iteration_ if validated else None,
            learning_rate=_describe_rate(mlp),
            learning_rates=getattr(mlp, "learning_rates_", None),
        )
        return display.plot(ax)

    def _draw(self, ax: Any) -> None:
        ax = self._axes(ax)
        self.lines_: list[Any] = []
        self.bands_: list[Any] = []
        self._plot_curve(ax, self.loss, BLUE, "-", "training loss and penalty")
        if self.validation_loss is not None:
            self._plot_curve(ax, self.validation_loss, ORANGE, "--", "validation loss")
        self.score_ax_ = self._plot_score(ax)
        self.rate_ax_ = self._plot_rates(ax)
        rate = "" if self.learning_rate is None else f" (learning rate: {self.learning_rate})"
        ax.set(xlabel=f"epoch{rate}", ylabel="loss")
        ax.xaxis.get_major_locator().set_params(integer=True)
        bands = {band.get_label(): band for band in reversed(self.bands_)}
        handles = [*self.lines_, *reversed(bands.values()), *self._plot_best(ax)]
        above = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "frameon": False}
        ax.legend(handles=handles, ncols=2, **above)

    def _plot_curve(self, ax: Any, values: Any, color: str, style: Any, label: str) -> None:
        """Draw one value per epoch, or the mean and the band of several."""
        table = np.asarray(values, dtype=np.float64)
        if table.ndim == 2:
            known = np.ma.masked_invalid(table)
            self.bands_.append(_band(ax, known, color))
            table = known.mean(axis=1).filled(np.nan)
        self.lines_.append(_line(ax, table, color, style, label))

    def _plot_best(self, ax: Any) -> list[Any]:
        """Mark the best epoch, or the range of the best epochs and their median."""
        if self.best_iteration is None:
            return []
        best = np.ravel(self.best_iteration)
        first, last = int(best.min()), int(best.max())
        middle = float(np.median(best))
        label = f"best epoch: {first}"
        if first < last:
            ax.axvspan(first, last, color=GREY, alpha=0.12, linewidth=0)
            label = f"best epochs: {first} to {last}, median {middle:g}"
        return [ax.axvline(middle, color=GREY, linestyle=":", label=label)]

    def _plot_score(self, ax: Any) -> Any:
        """Draw the score on axes of its own, and return them."""
        if self.validation_score is None:
            return None
        score_ax = _right_axes(ax, "score", GREEN)
        self._plot_curve(score_ax, self.validation_score, GREEN, "-.", "validation score (right)")
        return score_ax

    def _plot_rates(self, ax: Any) -> Any:
        """Draw the learning rate if it changes, and return its axes."""
        rates = np.asarray([] if self.learning_rates is None else self.learning_rates)
        known = rates[np.isfinite(rates)]
        if len(known) < 2 or np.isclose(known.min(), known.max(), rtol=1e-9, atol=0):
            return None
        rate_ax = _right_axes(ax, "learning rate", RED)
        self.lines_.append(_line(rate_ax, rates, RED, (0, (1, 2)), "learning rate (right)"))
        rate_ax.set(ylim=(0, 1.05 * known.max()))
        rate_ax.locator_params(axis="y", nbins=5)
        if self.score_ax_ is not None:
            rate_ax.spines["right"].set_position(("outward", RATE_AXIS_OFFSET))
        return rate_ax


def _describe_rate(mlp: BaseMLP) -> str | None:
    """Return a description of the learning rate, if the solver has one."""
    if not is_stochastic(mlp):
        return None
    if callable(mlp.learning_rate):
        return getattr(mlp.learning_rate, "__name__", type(mlp.learning_rate).__name__)
    return f"{mlp.learning_rate}, {mlp.learning_rate_init:g}"


def _curves(mlp: BaseMLP, name: str) -> Any:
    """Return the curves of all networks if there are several, else the one curve, or None."""
    return getattr(mlp, MEMBER_CURVES[name], getattr(mlp, name))


def _right_axes(ax: Any, label: str, color: str) -> Any:
    """Return axes that share the epochs, with a y-axis in a colour on the right."""
    right_ax = ax.twinx()
    right_ax.set_ylabel(label, color=color)
    right_ax.tick_params(axis="y", colors=color)
    return right_ax


def _line(ax: Any, values: Any, color: str, style: Any, label: str) -> Any:
    """Plot one value per epoch as a line; a single epoch as a dot."""
    epochs = np.arange(1, len(values) + 1)
    marker = "o" if len(epochs) == 1 else None
    [line] = ax.plot(epochs, values, linestyle=style, color=color, marker=marker, label=label)
    return line


def _band(ax: Any, known: Any, color: str) -> Any:
    """Fill the range of the known values of each epoch."""
    n_networks = known.shape[1]
    is_full = n_networks <= MAX_FULL_RANGE
    ends = np.full((2, len(known)), np.nan)
    for epoch, row in enumerate(known):
        if row.count():
            ends[:, epoch] = np.quantile(row.compressed(), (0, 1) if is_full else (0.1, 0.9))
    share = "lowest to highest" if is_full else "10 % to 90 %"
    style = {"color": color, "alpha": 0.2, "linewidth": 0}
    epochs = np.arange(1, len(known) + 1)
    return ax.fill_between(epochs, *ends, label=f"{share} of {n_networks} networks", **style)
