"""`to_sklearn`: convert a fitted estimator to scikit-learn's MLP."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sknn.engine import Poisson
from sknn.engine._typing import Array
from sknn.engine.network import ACTIVATIONS
from sknn.estimators import MLPClassifier, MLPRegressor
from sknn.estimators._model import ModelSpec
from sknn.estimators._sklearn_compat import complete_mlp
from sknn.estimators.base import BaseMLP
from sknn.persistence.scikit_learn.common_parameters import (
    common_parameters,
    defaults,
    penalty_divisor,
)
from sknn.persistence.scikit_learn.compatibility import (
    THEIR_SETTINGS,
    activation_name,
    check_supported,
    is_supported,
    warn_of_training,
)
from sknn.targets import MultilabelTarget, RealTarget


def to_sklearn(mlp: BaseMLP) -> Any:
    """Convert a fitted estimator to a fitted MLP of scikit-learn with the same predictions.

    Parameters
    ----------
    mlp : MLPClassifier or MLPRegressor
        A fitted estimator of this package: a single network, one of the activations "identity",
        "logistic", "tanh" and "relu" for all hidden layers, and log loss, squared error or Poisson
        deviance. A subclass is converted as the class of this package that it inherits from.

    Returns
    -------
    theirs : sklearn.neural_network.MLPClassifier or MLPRegressor
        With all fitted attributes, so that predict, score and partial_fit work. `partial_fit`
        continues from these weights with a fresh optimizer: its moments are not converted. `alpha`
        is multiplied by the batch size, as scikit-learn divides by it. The standardisation of y is
        folded into the last layer.

    Raises
    ------
    ValueError
        If scikit-learn's MLP cannot represent the model; the error lists all reasons.
    TypeError
        If `mlp` is of another class.

    Warns
    -----
    UserWarning
        If further training would differ.

    Examples
    --------
    >>> from sknn import MLPRegressor, to_sklearn
    >>> mlp = MLPRegressor((4,), max_iter=500, random_state=0).fit([[0.0], [1.0]], [0, 1])
    >>> theirs = to_sklearn(mlp)
    >>> bool(abs(theirs.predict([[0.5]]) - mlp.predict([[0.5]])) < 1e-12)
    True
    """
    import sklearn.neural_network as peers  # slow to import

    if not isinstance(mlp, MLPClassifier | MLPRegressor):
        raise TypeError(
            "to_sklearn needs a fitted MLPClassifier or MLPRegressor of sknn, got "
            f"{type(mlp).__name__}. Of a pipeline or a search pass the network inside."
        )
    check_is_fitted(mlp)
    spec = ModelSpec.of_fitted(vars(mlp))
    check_supported(mlp, spec)
    peer = peers.MLPClassifier if isinstance(mlp, MLPClassifier) else peers.MLPRegressor
    theirs = peer(**_parameters(mlp, peer, spec))
    warn_of_training(mlp, peer)
    _set_fitted_attributes(mlp, theirs, spec)
    return theirs


def _parameters(mlp: BaseMLP, peer: type, spec: ModelSpec) -> dict[str, Any]:
    """Return the parameters of scikit-learn's MLP."""
    values = common_parameters(mlp, peer)
    their_defaults = defaults(peer)
    for name in THEIR_SETTINGS:
        values[name] = values[name] if is_supported(name, values[name]) else their_defaults[name]
    values["hidden_layer_sizes"] = tuple(spec.hidden_sizes)
    modules = [ACTIVATIONS[a]() if isinstance(a, str) else a for a in spec.activations]
    values["activation"] = activation_name(modules[0]) if modules else "relu"
    if "loss" in values:
        values["loss"] = "poisson" if type(spec.loss) is Poisson else "squared_error"
    divisor = penalty_divisor(mlp)
    values["alpha"] = float(mlp.alpha) * (1 if divisor is None else divisor)
    return values


def _set_fitted_attributes(mlp: BaseMLP, theirs: Any, spec: ModelSpec) -> None:
    """Set the fitted attributes of scikit-learn's MLP."""
    for name in ("n_features_in_", "feature_names_in_", "n_layers_", "n_outputs_", "t_", "n_iter_"):
        if hasattr(mlp, name):
            setattr(theirs, name, getattr(mlp, name))
    theirs.out_activation_ = mlp.out_activation_
    theirs.coefs_, theirs.intercepts_ = _rescaled_weights(mlp, spec)
    theirs.loss_, theirs.loss_curve_ = mlp.loss_, list(mlp.loss_curve_)
    theirs.best_loss_ = mlp.best_loss_
    theirs.validation_scores_ = theirs.best_validation_score_ = None
    if theirs.early_stopping:
        theirs.best_loss_, theirs.validation_scores_ = None, list(mlp.validation_scores_ or [])
        theirs.best_validation_score_ = max(theirs.validation_scores_, default=-np.inf)
    labels = None
    if not isinstance(spec.target, RealTarget):
        labels = _label_binarizer(spec.target)
        theirs.classes_ = labels.classes_
    complete_mlp(theirs, labels)


def _label_binarizer(target: Any) -> Any:
    """Return the binarizer of the labels."""
    from sklearn.preprocessing import LabelBinarizer

    several = isinstance(target, MultilabelTarget)
    return LabelBinarizer().fit(np.eye(target.n_outputs, dtype=int) if several else target.classes)


def _rescaled_weights(mlp: BaseMLP, spec: ModelSpec) -> tuple[list[Array], list[Array]]:
    """Return copies of the weights, the last layer rescaled to the units of y."""
    coefs = [W.copy() for W in mlp.coefs_]
    intercepts = [W0.copy() for W0 in mlp.intercepts_]
    target: Any = spec.target
    scale = target.scale if isinstance(target, RealTarget) else None
    if scale is None:
        return coefs, intercepts
    if isinstance(spec.loss, Poisson):  # exp(z) times the scale
        intercepts[-1] += np.log(scale).astype(spec.dtype)
        return coefs, intercepts
    coefs[-1] = coefs[-1] * scale
    intercepts[-1] = intercepts[-1] * scale + target.center
    return coefs, intercepts
