"""Flow: how large gradients are layer by layer, and which units let none through."""

from typing import Any, NamedTuple

import numpy as np

from sknn.engine import Linear, Module, Sequential, Sigmoid, Tanh
from sknn.engine._typing import Array
from sknn.estimators._model import ModelSpec, fitted_network
from sknn.estimators._validation.data import validate_training_data
from sknn.inspection.models import need_network
from sknn.inspection.names import layer_names

#: Activations that are flat at both ends, and the share of their steepest slope that is flat.
SATURATING, FLAT = (Sigmoid, Tanh), 0.05


class LayerGradients(NamedTuple):
    """What reaches a layer.

    Attributes
    ----------
    name : str
        "hidden 1", "hidden 2", ... or "output".
    dW : float
        The root mean square of the derivatives of the mean loss by the layer's weights.
    dZ : float
        The root mean square, over samples and units, of the derivatives of each sample's loss
        (times its weight) by the layer's weighted sums.
    dead : float
        The share of units whose slope is 0 for every sample, so that nothing before them learns:
        those of ReLU that are never on. NaN for the output.
    saturated : float
        The share of pairs of a sample and a sigmoid or tanh unit whose slope is less than 5 % of
        the steepest; NaN for all other activations.
    """

    name: str
    dW: float
    dZ: float
    dead: float
    saturated: float


def gradient_flow(
    estimator: Any, X: Any, y: Any, sample_weight: Any = None
) -> list[LayerGradients]:
    """Return how large the gradients of a fitted network are, layer by layer.

    If they shrink from layer to layer towards the input, they vanish; if they grow, they explode.

    Parameters
    ----------
    estimator : MLPClassifier, MLPRegressor, TabularMLPClassifier or TabularMLPRegressor
        Fitted.
    X : {array-like, sparse matrix, frame} of shape (n_samples, n_features)
        The inputs; a few thousand samples are enough, and all are used at once.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        The targets.
    sample_weight : array-like of shape (n_samples,), default=None
        How much each sample counts; only ratios matter.

    Returns
    -------
    flow : list of LayerGradients
        From the first hidden layer to the output layer, tuples ``(name, dW, dZ, dead, saturated)``.
        The loss is the mean over the samples, in the units that the network sees, without penalty,
        dropout, smoothing and weights of classes. Several members are taken together.

    Raises
    ------
    TypeError
        If the estimator is none of these.
    NotFittedError
        If it is not fitted.
    ValueError
        If X or y cannot be used.

    Notes
    -----
    A fitted network has small gradients: that is what training is for. To see where a network
    begins, fit it with ``max_iter=1`` and a tiny `learning_rate_init`, as below.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sknn import MLPClassifier
    >>> from sknn.inspection import gradient_flow
    >>> X, y = load_iris(return_X_y=True)
    >>> begin = {"max_iter": 1, "learning_rate": "one_cycle", "learning_rate_init": 1e-9}
    >>> model = MLPClassifier((8, 8, 8), "logistic", random_state=0, **begin).fit(X, y)
    >>> first, *_, last = gradient_flow(model, X, y)
    >>> bool(first.dZ < last.dZ / 10)  # sigmoids: gradients vanish
    True
    """
    mlp = need_network(estimator, "gradient_flow")
    rows = validate_training_data(mlp, X, y, sample_weight, reset=False)
    spec = ModelSpec.of_fitted(vars(mlp))
    network: Sequential = fitted_network(spec, vars(mlp))
    u, Y, w = spec.dataset(rows, "y", relative_weights=True)[:]
    values = network.trace(u)
    dz = spec.loss_for(Y).gradient(values[-1], Y)
    dz = dz if w is None else dz * w[:, None]
    grads = [[np.empty_like(array) for array in module.parameters] for module in network.modules]
    blames = network.backpropagate(values, dz, grads)
    layers = [i for i, module in enumerate(network.modules) if isinstance(module, Linear)]
    sizes = [(_rms(grads[i][0]) / len(Y), _rms(blames[i])) for i in layers]
    passages = [_passage(network.modules[i + 1], *values[i + 1 : i + 3]) for i in layers[:-1]]
    parts = zip(layer_names(len(layers)), sizes, [*passages, (np.nan, np.nan)], strict=True)
    return [LayerGradients(name, *size, *shares) for name, size, shares in parts]


def _rms(array: Any) -> float:
    """Return the root of the mean square, which does not overflow."""
    largest = float(np.abs(array).max(initial=0))
    if not 0 < largest < np.inf:
        return largest
    return largest * float(np.sqrt(np.mean(np.square(array / largest), dtype=np.float64)))


def _passage(activation: Module, u: Array, v: Array) -> tuple[float, float]:
    """Return the shares of dead units and of saturated pairs."""
    slopes = np.abs(activation.backward(u, v, np.ones_like(v)))
    dead = float(np.mean(np.all(slopes == 0, axis=-2)))
    if not isinstance(activation, SATURATING):
        return dead, np.nan
    middle = np.zeros((1, 1), u.dtype)
    steepest = activation.backward(middle, activation.forward(middle), np.ones_like(middle))
    return dead, float(np.mean(slopes < FLAT * steepest))
