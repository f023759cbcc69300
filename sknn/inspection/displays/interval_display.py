"""`IntervalDisplay`: prediction intervals over a feature, or row by row."""

from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.utils.validation import check_consistent_length

from sknn.engine._typing import Array
from sknn.estimators._validation.targets import targets_to_score
from sknn.estimators.base import BaseMLP
from sknn.features.columns import Table
from sknn.features.containers import as_array, as_frame
from sknn.inspection.displays._drawing import BLUE, GREY, ORANGE, RED, Display

#: Area of a point, in points squared.
POINT_SIZE = 12


@dataclass(eq=False, repr=False)
class IntervalDisplay(Display):
    """Plot of prediction intervals, with observed values inside and outside of them.

    With a single feature the intervals are a band over it. With several features each row has a
    vertical line: at the value of one of the features, or at the position of the row in the order
    of the predictions.

    Use `from_estimator` to create one.

    Parameters
    ----------
    ends : array-like of shape (n_samples, 2)
        Lower and upper ends of the intervals.
    y : array-like of shape (n_samples,), default=None
        Observed values. NaN is not drawn, and does not count.
    y_pred : array-like of shape (n_samples,), default=None
        Predictions. None draws none, and sorts by the middles of the intervals.
    x : array-like of shape (n_samples,), default=None
        Values of a feature. None numbers the rows in the order of the predictions.
    xlabel : str, default=None
        Name of the feature.
    coverage : float, default=None
        The wanted coverage, for the legend.
    kind : {"lines", "band"}, default="lines"
        Whether to draw a line for each interval, or a band between the ends, joined in the order
        of x.

    Attributes
    ----------
    ax_, figure_ : Axes and Figure
        The axes and the figure.
    intervals_ : LineCollection or PolyCollection
        The lines, or the band.
    covered_ : ndarray of bool of shape (n_samples,) or None
        Whether y is in the interval, for each row; None without y.
    coverage_ : float or None
        Fraction of the known y that are in their intervals; None without y.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn import MLPRegressor
    >>> from sknn.inspection import IntervalDisplay
    >>> rng = np.random.RandomState(0)
    >>> X = rng.uniform(-1, 1, (200, 1))
    >>> y = np.sin(3 * X[:, 0]) + rng.normal(0, 0.1, 200)
    >>> model = MLPRegressor((16,), solver="lbfgs", alpha=0.01, cv=5, random_state=0)
    >>> model = model.fit(X[:150], y[:150])
    >>> display = IntervalDisplay.from_estimator(model, X[150:], y[150:])  # doctest: +SKIP
    """

    ends: ArrayLike
    _: KW_ONLY
    y: ArrayLike | None = None
    y_pred: ArrayLike | None = None
    x: ArrayLike | None = None
    xlabel: str | None = None
    coverage: float | None = None
    kind: Literal["lines", "band"] = "lines"

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any = None,
        *,
        coverage: float = 0.9,
        feature: int | str | None = None,
        output: int | None = None,
        ax: Any = None,
    ) -> Self:
        """Draw the prediction intervals of a regressor that was fitted with `cv`.

        Parameters
        ----------
        estimator : MLPRegressor or TabularMLPRegressor
            A regressor that was fitted with `cv`.
        X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
            The inputs. Rows of the training set are in their intervals more often than new ones.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Observed values.
        coverage : float, default=0.9
            The wanted coverage, in (0, 1).
        feature : int or str, default=None
            Index or name of the feature on the x-axis. None is the only feature if it is numeric;
            else the rows are in the order of the predictions.
        output : int, default=None
            Which output. Needed if there are several.
        ax : Axes, default=None
            Axes to draw on; None creates a figure.

        Returns
        -------
        display : IntervalDisplay

        Raises
        ------
        TypeError
            If the estimator is a classifier, which has sets of classes instead, or the feature is
            not numeric.
        ValueError
            If the estimator was fitted without `cv`, or the coverage is too high for the number of
            training rows; if there are several outputs and `output` is None, or there is no such
            output or feature; if X and y differ in length.
        """
        mlp = cls._network(estimator)
        if not hasattr(mlp, "predict_interval"):
            raise TypeError(
                f"{cls.__name__} needs an MLPRegressor or TabularMLPRegressor, got "
                f"{type(mlp).__name__}. Classifiers have predict_set."
            )
        ends = mlp.predict_interval(X, coverage=coverage)
        ends = ends.reshape(len(ends), -1, 2)
        j = _output_index(output, ends.shape[1])
        y_pred = mlp.predict(X).reshape(len(ends), ends.shape[1], -1)[:, j]
        x, xlabel = _feature_values(mlp, X, feature)
        display = cls(
            ends[:, j],
            y=None if y is None else _observed(y, ends.shape[:2], j),
            y_pred=y_pred[:, 0] if y_pred.shape[1] == 1 else None,
            x=x,
            xlabel=xlabel,
            coverage=coverage,
            kind="lines" if x is None or mlp.n_features_in_ > 1 else "band",
        )
        return display.plot(ax)

    def _draw(self, ax: Any) -> None:
        if self.kind not in ("lines", "band"):
            raise ValueError(f"kind must be 'lines' or 'band', got {self.kind!r}.")
        low, high = np.asarray(self.ends, dtype=np.float64).T
        y = None if self.y is None else np.asarray(self.y, dtype=np.float64)
        y_pred = None if self.y_pred is None else np.asarray(self.y_pred, dtype=np.float64)
        x, order = self._positions((low + high) / 2 if y_pred is None else y_pred)
        ax = self._axes(ax)
        wanted = "" if self.coverage is None else f", coverage {self.coverage:g}"
        style: dict[str, Any] = {"color": GREY, "label": f"prediction interval{wanted}"}
        if self.kind == "band":
            ends = x[order], low[order], high[order]
            self.intervals_ = ax.fill_between(*ends, alpha=0.25, linewidth=0, **style)
        else:
            self.intervals_ = ax.vlines(x, low, high, alpha=0.4, linewidth=1, **style)
        if y_pred is not None:
            style = {"color": ORANGE, "label": "prediction"}
            if self.kind == "lines":
                style |= {"linestyle": "none", "marker": "_", "zorder": 3}
            ax.plot(x[order], y_pred[order], **style)
        self.covered_: NDArray[np.bool_] | None = None
        self.coverage_: float | None = None
        if y is not None:
            self._plot_observed(x, y, (low <= y) & (y <= high))
        ax.set(xlabel="row, in the order of the predictions" if self.x is None else self.xlabel)
        ax.set_ylabel("y")
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)

    def _positions(self, y_pred: Array) -> tuple[Array, NDArray[np.intp]]:
        """Return the x of each row, and the order of the rows from left to right."""
        if self.x is not None:
            x = np.asarray(self.x, dtype=np.float64)
            return x, np.argsort(x, kind="stable")
        order = np.argsort(y_pred, kind="stable")
        x = np.empty(len(order))
        x[order] = np.arange(1, len(order) + 1)
        return x, order

    def _plot_observed(self, x: Array, y: Array, covered: NDArray[np.bool_]) -> None:
        """Draw the known y, with the shares inside and outside in the legend."""
        known = ~np.isnan(y)
        inside = float(covered[known].mean()) if known.any() else np.nan
        self.covered_, self.coverage_ = covered, inside
        for rows, color, marker, name, share in (
            (covered, BLUE, "o", "inside", inside),
            (known & ~covered, RED, "x", "outside", 1 - inside),
        ):
            style = {"s": POINT_SIZE, "linewidths": 1, "zorder": 3}
            label = f"y {name}: {share:.1%}"
            self.ax_.scatter(x[rows], y[rows], color=color, marker=marker, label=label, **style)


def _output_index(output: int | None, n_outputs: int) -> int:
    """Return the number of the output to draw."""
    if output is None and n_outputs == 1:
        return 0
    if output not in range(n_outputs):
        raise ValueError(
            f"output must be from 0 to {n_outputs - 1}, got {output!r}: the model has {n_outputs} "
            "outputs."
        )
    assert output is not None
    return output


def _observed(y: Any, shape: tuple[int, int], output: int) -> Array:
    """Return one column of y, whose shape must be that of the predictions."""
    y = targets_to_score(y, numeric=True)
    check_consistent_length(np.empty(shape), y)
    if np.size(y) != np.prod(shape):
        raise ValueError(f"y must have {shape[1]} columns, got shape {np.shape(y)}.")
    column: Array = np.reshape(y, shape)[:, output]
    return column


def _feature_values(
    mlp: BaseMLP, X: Any, feature: int | str | None
) -> tuple[Array | None, str | None]:
    """Return the values of the feature on the x-axis, and its name; None without one."""
    if feature is None and mlp.n_features_in_ > 1:
        return None, None
    names = list(getattr(mlp, "feature_names_in_", []))
    indices = range(mlp.n_features_in_)
    j = names.index(feature) if feature in names else 0 if feature is None else feature
    if j not in indices:
        known = f"from 0 to {indices[-1]}" + (" or the name of a column" if names else "")
        raise ValueError(f"feature must be {known}, got {feature!r}.")
    if sparse.issparse(X):
        X = X.tocsc()[:, [j]].toarray()
        column = Table(X).column(0)
    else:
        column = Table(X if as_frame(X) is not None else np.asarray(as_array(X))).column(int(j))
    if column.kind == "string":
        if feature is None:
            return None, None
        raise TypeError(f"feature must be numeric, but {feature!r} holds text. Choose another one.")
    return np.asarray(column.cells), str(names[int(j)]) if names else f"x{j}"
