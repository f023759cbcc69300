"""`attributions`: how much each feature of a sample contributes to an output."""

from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from sknn.engine._typing import Array
from sknn.estimators._fitted_model import FittedModel
from sknn.estimators._prediction import fitted_model
from sknn.features.containers import as_frame
from sknn.features.pandas_table import table_of
from sknn.inspection._expected_gradients import (
    N_POINTS,
    TOLERANCE,
    Ways,
    mean_contributions,
    numbers_of_points,
    refined,
)
from sknn.inspection._fitted_network import check_network
from sknn.inspection._output_selection import select_output
from sknn.targets import MulticlassTarget, RealTarget


@dataclass(frozen=True, eq=False)
class Attributions:
    """Contributions of features to outputs; see `attributions`.

    Parameters
    ----------
    values : array of shape (n_samples, n_features)
        The contribution of each feature. Those of a sample sum to its output minus its base value,
        nearly.
    base_values : array of shape (n_samples,)
        The mean output of the background rows.
    outputs : array of shape (n_samples,)
        The output of each sample.
    data : array or frame of shape (n_samples, n_features)
        The samples.
    feature_names : array of str of shape (n_features,)
        Names of the features.

    Attributes
    ----------
    importances : array of shape (n_features,)
        The mean absolute contribution of each feature.
    """

    values: Array
    base_values: Array
    outputs: Array
    data: Any
    feature_names: NDArray[Any]

    @property
    def importances(self) -> Array:
        """The mean absolute contribution of each feature, shape (n_features,)."""
        means: Array = np.abs(self.values).mean(axis=0)
        return means

    def column(self, j: int) -> Array:
        """Return the values of a feature.

        Parameters
        ----------
        j : int
            The number of the feature.
        """
        if issparse(self.data):
            column: Array = self.data[:, [j]].toarray()[:, 0]
            return column
        frame = as_frame(self.data)
        return table_of(np.asarray(self.data) if frame is None else frame.to_native()).values(j)[0]

    def to_shap(self) -> Any:
        """Return a `shap.Explanation`, for the plots of the package shap.

        Raises
        ------
        ImportError
            If shap is not installed.
        """
        try:
            shap = import_module("shap")
        except ImportError as error:
            raise ImportError("to_shap needs the package shap: pip install shap.") from error
        columns = range(self.values.shape[1])
        data = np.array([self.column(j) for j in columns], dtype=object).T
        names = list(self.feature_names)
        return shap.Explanation(self.values, self.base_values, data, feature_names=names)


def attributions(
    estimator: Any,
    X: Any,
    background: Any = None,
    *,
    target: Any = None,
    n_samples: int = 400,
) -> Attributions:
    """Return the contribution of each feature to one output, sample by sample.

    They are expected gradients (Erion, Janizek, Sturmfels, Lundberg and Lee, 2021, "Improving
    Performance of Deep Learning Models with Axiomatic Attribution Priors and Expected Gradients"):
    the gradient times the difference of the inputs, averaged over the ways from background rows to
    the sample. For tables the ways are those of the encoded columns, and the contributions of all
    encoded columns of a column are summed, categories and missing values included.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, TabularMLPClassifier or TabularMLPRegressor
        A fitted estimator.
    X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
        The samples, as for `predict`.
    background : {array-like, sparse matrix, frame} of shape (n_rows, n_features), default=None
        What samples are compared with, such as training rows; None is X itself.
    target : label, int, tuple or array-like of shape (n_samples,), default=None
        Which output, as in `input_gradient`. For regressors, a column of `predict`, in the units of
        y. For classifiers, the label of a column of `decision_function`: with a log loss and two
        classes the log-odds of that class (None is the second one), so that a contribution v
        multiplies the odds by exp(v). With more classes the difference of the values for two labels
        is that of the log-odds between these; None is the predicted class of each sample.
    n_samples : int, default=400
        Number of gradients of a pass, at most: at two, four or eight points on the way from each of
        ``n_samples / 8`` background rows, evenly spaced by their output if there are more. Passes
        with more points follow for those samples only whose contributions do not sum to the output.
        With fewer rows there are more points, up to 128, if those samples need them.

    Returns
    -------
    result : Attributions
        `values`, `base_values` and more.

    Raises
    ------
    TypeError
        If the estimator is of another class.
    NotFittedError
        If it is not fitted.
    ValueError
        If there is no such target, or `n_samples` is below 8.

    Notes
    -----
    The contributions of a sample sum to the output minus the base value up to the error of the
    quadrature: at most two per cent of the standard deviation of the background's outputs, or with
    one background row of their difference, unless the points are too few, as eight may be for steep
    networks with ReLU. Expected gradients are not Shapley values, which average over sets of
    features: the two differ by 6 to 12 per cent.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn import MLPRegressor
    >>> from sknn.inspection import attributions
    >>> X = np.random.default_rng(0).normal(size=(50, 2))
    >>> line = MLPRegressor((), solver="lbfgs", alpha=0, random_state=0).fit(X, X @ [3.0, -1.0])
    >>> found = attributions(line, X)
    >>> bool(np.allclose(found.values, (X - X.mean(axis=0)) * [3.0, -1.0], atol=1e-3))
    True
    """
    mlp = check_network(estimator, "attributions")
    if n_samples < N_POINTS[-1]:
        raise ValueError(f"n_samples must be at least {N_POINTS[-1]}, got {n_samples}.")
    samples, rows = (fitted_model(mlp, one) for one in (X, X if background is None else background))
    n, spec = samples.parts[0].X.shape[0], samples.spec
    outputs, of_rows = _outputs(samples), _outputs(rows)
    if target is None and spec.target.kind == MulticlassTarget.kind:  # the same all of the way
        target = spec.decode(outputs)
    selection = select_output(spec.target, spec.loss, target, n)
    coefficients = np.broadcast_to(selection.of_rows(outputs), outputs.shape)
    scale = np.ones((n, 1)) if selection.scale is None else selection.scale
    values, base_values = np.empty((n, mlp.n_features_in_)), np.empty(n)
    ways = [Ways(*parts) for parts in zip(samples.parts, rows.parts, strict=True)]
    for one in np.unique(coefficients, axis=0):
        chosen = np.flatnonzero((coefficients == one).all(axis=1))
        of_background = of_rows @ one
        drawn = _evenly_spaced(of_background, n_samples // N_POINTS[-1])
        base_values[chosen] = of_background[drawn].mean()
        sums = (outputs[chosen] @ one - base_values[chosen])[:, None] / scale[chosen]
        # outputs of background rows that do not differ, as of a single one, have no scale
        spread = of_background.std() / scale[chosen]
        tolerance = TOLERANCE * np.where(spread > 0, spread, np.abs(sums))
        contributions = partial(mean_contributions, spec, ways, drawn, one)
        numbers = numbers_of_points(n_samples // len(drawn))
        found = refined(contributions, chosen, sums, tolerance, numbers)
        values[chosen] = found * scale[chosen]
    names = getattr(mlp, "feature_names_in_", None)
    if names is None:
        names = np.array([f"x{j}" for j in range(mlp.n_features_in_)], dtype=object)
    return Attributions(values, base_values, (coefficients * outputs).sum(axis=1), X, names)


def _outputs(fitted: FittedModel) -> Array:
    """Return the outputs that are explained: raw ones of classes, predictions of numbers."""
    z = fitted.outputs()
    if not isinstance(fitted.spec.target, RealTarget):
        return z
    return fitted.spec.decode(z).reshape(len(z), -1)


def _evenly_spaced(values: Array, n: int) -> NDArray[np.intp]:
    """Return the numbers of at most n rows, in the middle of as many quantiles of the values."""
    order = np.argsort(values, kind="stable")
    if len(values) <= n:
        return order
    middles = (np.arange(n) + 0.5) / n
    return order[(middles * len(values)).astype(np.intp)]
