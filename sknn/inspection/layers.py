"""Layers: every number that a fitted network computes on its way."""

from typing import Any, NamedTuple

import numpy as np

from sknn.engine import Linear
from sknn.engine._typing import Array
from sknn.estimators._model import ModelSpec
from sknn.inspection.models import need_network
from sknn.inspection.names import layer_names
from sknn.targets import RealTarget


class Layer(NamedTuple):
    """What a layer computes for some samples.

    Attributes
    ----------
    name : str
        "hidden 1", "hidden 2", ... or "output".
    Z : array of shape (n_samples, n_units)
        Weighted sums; with several members (n_members, n_samples, n_units), A likewise.
    A : array of the same shape
        What the activation makes of them.
    """

    name: str
    Z: Array
    A: Array


def layer_outputs(estimator: Any, X: Any) -> list[Layer]:
    """Return the weighted sums and the activations of all layers.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, TabularMLPClassifier or TabularMLPRegressor
        Fitted.
    X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
        The inputs, as the estimator takes them.

    Returns
    -------
    layers : list of Layer
        From the first hidden layer to the output layer, tuples ``(name, Z, A)``. The last `Z` is
        the raw output; the last `A` is its output activation: of classifiers the probabilities (of
        the second of two classes; those of "brier" are not yet divided by their sum), for losses
        without them the raw output; of regressors the predictions, in the units of y. With several
        members the predictions are the means of theirs.

    Raises
    ------
    TypeError
        If the estimator is none of these.
    NotFittedError
        If it is not fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import layer_outputs
    >>> X, y = load_iris(return_X_y=True)
    >>> model = MLPClassifier((8, 4), learning_rate="cosine", max_iter=5).fit(X, y)
    >>> for name, Z, A in layer_outputs(model, X):
    ...     print(name, A.shape)
    hidden 1 (150, 8)
    hidden 2 (150, 4)
    output (150, 3)
    """
    fitted = need_network(estimator, "layer_outputs")._fitted_model(X)
    modules = fitted.network.modules
    linear = [i for i, module in enumerate(modules) if isinstance(module, Linear)]
    kept = sorted({i + after for i in linear for after in (1, 2)} - {len(modules) + 1})
    traces = [
        [values[i] for i in kept] for values in map(fitted.network.trace, fitted.iter_batches())
    ]
    outputs = dict(zip(kept, map(_stacked, zip(*traces, strict=True)), strict=True))
    outputs[len(modules) + 1] = _answers(fitted.spec, outputs[len(modules)])
    numbered = zip(layer_names(len(linear)), linear, strict=True)
    return [Layer(name, outputs[i + 1], outputs[i + 2]) for name, i in numbered]


def _stacked(parts: tuple[Array, ...]) -> Array:
    """Put the rows of all pieces below each other, behind a member axis if there is one."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-2)


def _answers(spec: ModelSpec, z: Array) -> Array:
    """Return the output activation, of numbers in the units of y."""
    answers, y = spec.loss.inverse_link(z), spec.target
    if not isinstance(y, RealTarget) or y.scale is None or y.center is None:
        return answers
    per_output = spec.loss.units_per_output
    return answers * np.repeat(y.scale, per_output) + np.repeat(y.center, per_output)
