"""`gradient_flow`: sizes of gradients by layer, dead units and saturated units."""

from typing import Any, NamedTuple

import numpy as np

from sknn.engine import Linear, Module, Sequential, Sigmoid, Tanh
from sknn.engine._typing import Array
from sknn.estimators._fitted_model import fitted_networks
from sknn.estimators._model import ModelSpec
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.training_data import validate_training_data
from sknn.inspection._fitted_network import check_network
from sknn.inspection._unit_names import layer_names

#: Sigmoidal activations; a unit is saturated where its slope is below this fraction of the maximum.
SATURATING, SATURATION_THRESHOLD = (Sigmoid, Tanh), 0.05


class LayerGradients(NamedTuple):
    """Gradient sizes of one layer.

    Attributes
    ----------
    name : str
        "hidden 1", "hidden 2", ... or "output".
    weight_grad_rms : float
        Root mean square of the derivatives of the mean loss with respect to the layer's weights.
    pre_activation_grad_rms : float
        Root mean square, over samples and units, of the derivatives of each sample's loss (times
        its weight) with respect to the layer's pre-activations.
    dead_fraction : float
        Fraction of units whose slope is 0 for every sample, such as ReLU units that are never
        active: no gradient passes through them. NaN for the output layer.
    saturated_fraction : float
        Fraction of pairs of a sample and a sigmoid or tanh unit whose slope is below 5 % of the
        maximum; NaN for all other activations.
    """

    name: str
    weight_grad_rms: float
    pre_activation_grad_rms: float
    dead_fraction: float
    saturated_fraction: float


def gradient_flow(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None
) -> list[LayerGradients]:
    """Return the sizes of the gradients of a fitted network, layer by layer.

    Gradients that shrink from layer to layer towards the input vanish; gradients that grow explode.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, TabularMLPClassifier or TabularMLPRegressor
        A fitted estimator.
    X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
        The inputs. A few thousand samples suffice; all are used in one batch.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples; only ratios matter.

    Returns
    -------
    flow : list of LayerGradients
        From the first hidden layer to the output layer. The loss is the mean over the samples, of
        y as the network sees it, without penalty, dropout, label smoothing and class weights. The
        numbers are over all members together.

    Raises
    ------
    TypeError
        If the estimator is of another class.
    NotFittedError
        If it is not fitted.
    ValueError
        If X or y is invalid.

    Notes
    -----
    The gradients of a fitted network are small, as training minimises the loss. For those of the
    initial network, fit with ``max_iter=1`` and a tiny `learning_rate_init`, as below.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import gradient_flow
    >>> X, y = load_iris(return_X_y=True)
    >>> initial = {"max_iter": 1, "learning_rate": "one_cycle", "learning_rate_init": 1e-9}
    >>> model = MLPClassifier((8, 8, 8), "logistic", random_state=0, **initial).fit(X, y)
    >>> first, *_, last = gradient_flow(model, X, y)
    >>> vanishing = first.pre_activation_grad_rms < last.pre_activation_grad_rms / 10
    >>> bool(vanishing)  # as usual with sigmoids
    True
    """
    mlp = check_network(estimator, "gradient_flow")
    rows = validate_training_data(mlp, X, y, sample_weight, reset=False).positive()
    spec = ModelSpec.of_fitted(vars(mlp))
    parts = [_part_gradients(*part, rows) for part in fitted_networks(spec, vars(mlp))]
    flow = []
    for name, of_parts in zip(layer_names(len(parts[0])), zip(*parts, strict=True), strict=True):
        dW, dZ, fractions = zip(*of_parts, strict=True)
        dead, saturated = np.mean(fractions, axis=0).tolist()
        flow.append(LayerGradients(name, _rms(*dW), _rms(*dZ), dead, saturated))
    return flow


def _part_gradients(
    spec: ModelSpec, network: Sequential, rows: ValidatedData
) -> list[tuple[Array, Array, tuple[float, float]]]:
    """Return dL/dW, the samples' dL/dZ, and the dead and saturated fractions of each layer."""
    u, Y, w = spec.dataset(rows, "y", relative_weights=True)[:]
    values = network.trace(u)
    dz = spec.loss_for(Y).gradient(values[-1], Y)
    dz = dz if w is None else dz * w[:, None]
    grads = [[np.empty_like(array) for array in module.parameters] for module in network.modules]
    gradients: list[Any] = network.backpropagate(values, dz, grads)
    layers = [i for i, module in enumerate(network.modules) if isinstance(module, Linear)]
    fractions = [
        _dead_and_saturated(network.modules[i + 1], *values[i + 1 : i + 3]) for i in layers[:-1]
    ]
    each = zip(layers, [*fractions, (np.nan, np.nan)], strict=True)
    return [(grads[i][0] / len(Y), gradients[i], fraction) for i, fraction in each]


def _rms(*arrays: Array) -> float:
    """Return the root mean square of all elements, without overflow."""
    array = np.concatenate([one.ravel() for one in arrays])
    largest = float(np.abs(array).max(initial=0))
    if not 0 < largest < np.inf:
        return largest
    return largest * float(np.sqrt(np.mean(np.square(array / largest), dtype=np.float64)))


def _dead_and_saturated(activation: Module, u: Array, v: Array) -> tuple[float, float]:
    """Return the fraction of dead units, and of saturated pairs of a sample and a unit."""
    slopes = np.abs(activation.backward(u, v, np.ones_like(v)))
    dead = float(np.mean(np.all(slopes == 0, axis=-2)))
    if not isinstance(activation, SATURATING):
        return dead, np.nan
    zero = np.zeros((1, 1), u.dtype)
    maximum = activation.backward(zero, activation.forward(zero), np.ones_like(zero))
    return dead, float(np.mean(slopes < SATURATION_THRESHOLD * maximum))
