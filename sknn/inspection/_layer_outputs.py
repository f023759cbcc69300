"""`layer_outputs`: pre-activations and activations of all layers."""

from typing import Any, NamedTuple

import numpy as np

from sknn.engine import Linear
from sknn.engine._typing import Array
from sknn.estimators._fitted_model import ModelPart
from sknn.estimators._model import ModelSpec
from sknn.estimators._prediction import fitted_model
from sknn.inspection._fitted_network import check_network
from sknn.inspection._unit_names import layer_names
from sknn.targets import RealTarget


class LayerOutput(NamedTuple):
    """Pre-activations and activations of one layer for some samples.

    Attributes
    ----------
    name : str
        "hidden 1", "hidden 2", ... or "output".
    Z : array of shape (n_samples, n_units) or (n_members, n_samples, n_units)
        Pre-activations ``U W + W0``; with a member axis if there are several members.
    A : array of the same shape
        Activations.
    """

    name: str
    Z: Array
    A: Array


def layer_outputs(estimator: Any, X: Any) -> list[LayerOutput]:
    """Return the pre-activations and the activations of all layers.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, TabularMLPClassifier or TabularMLPRegressor
        A fitted estimator.
    X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
        The inputs, as for `predict`.

    Returns
    -------
    layers : list of LayerOutput
        From the first hidden layer to the output layer, tuples ``(name, Z, A)``. The last `Z` is
        the raw output, the last `A` its output activation. Classifiers: the probabilities (of the
        second of two classes; not normalised over the classes for "brier"), or the raw output if
        the loss has no probabilities. Regressors: the predictions, in the units of y. With several
        members, the estimator's prediction is the mean of theirs.

    Raises
    ------
    TypeError
        If the estimator is of another class.
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
    fitted = fitted_model(check_network(estimator, "layer_outputs"), X)
    traces = [_trace(part) for part in fitted.parts]
    arrays = traces[0]
    if len(traces) > 1:
        arrays = [
            np.concatenate([v.reshape(-1, *v.shape[-2:]) for v in values])
            for values in zip(*traces, strict=True)
        ]
    arrays.append(_output_activation(fitted.spec, arrays[-1]))
    names = layer_names(len(arrays) // 2)
    return list(map(LayerOutput, names, arrays[::2], arrays[1::2]))


def _trace(part: ModelPart) -> list[Array]:
    """Return pre-activation and activation of each layer in turn, but the last activation."""
    modules = part.network.modules
    linear = [i for i, module in enumerate(modules) if isinstance(module, Linear)]
    kept = [i + after for i in linear for after in (1, 2)][:-1]
    batches = map(part.network.trace, part.iter_batches())
    traces = [[values[i] for i in kept] for values in batches]
    return [
        values[0] if len(values) == 1 else np.concatenate(values, axis=-2)
        for values in zip(*traces, strict=True)
    ]


def _output_activation(spec: ModelSpec, z: Array) -> Array:
    """Return the output activation, in the units of y for regressors."""
    a, y = spec.loss.inverse_link(z), spec.target
    if not isinstance(y, RealTarget) or y.scale is None or y.center is None:
        return a
    per_output = spec.loss.units_per_output
    return a * np.repeat(y.scale, per_output) + np.repeat(y.center, per_output)
