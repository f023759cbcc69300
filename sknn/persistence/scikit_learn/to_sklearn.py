"""From here to scikit-learn: a fitted MLP of theirs that predicts what ours does."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sknn.engine import Poisson
from sknn.engine._typing import Array
from sknn.engine.network import ACTIVATIONS
from sknn.estimators import MLPClassifier, MLPRegressor
from sknn.estimators._model import ModelSpec
from sknn.estimators._sklearn_compat import complete_mlp
from sknn.persistence.scikit_learn import parameters
from sknn.persistence.scikit_learn.limits import (
    THEIR_SETTINGS,
    is_known,
    name_of,
    refuse,
    warn_of_training,
)
from sknn.targets import MultilabelTarget, RealTarget, Target


def to_sklearn(mlp: Any) -> Any:
    """Return a fitted MLP of scikit-learn's that gives the same predictions.

    Parameters
    ----------
    mlp : MLPClassifier or MLPRegressor
        A fitted estimator of this package: a single network whose hidden layers have all the same
        activation, "identity", "logistic", "tanh" or "relu"; with log loss, or in regression with
        a squared error or the Poisson deviance.

    Returns
    -------
    theirs : sklearn.neural_network.MLPClassifier or MLPRegressor
        With all attributes of a fit, so that predict, score and partial_fit work. `partial_fit`
        trains on from these weights with a fresh optimizer: its moments are not converted. `alpha`
        is multiplied by the batch size, which it is divided by there. The units of `standardize_y`
        go into the last layer.

    Raises
    ------
    ValueError
        If there is something in the model that scikit-learn's MLP cannot express; all of it is
        said at once.
    TypeError
        If `mlp` is no such estimator.

    Warns
    -----
    UserWarning
        If it predicts the same, but would train differently from here on.

    Examples
    --------
    >>> from sknn import MLPRegressor, to_sklearn
    >>> mlp = MLPRegressor((4,), max_iter=500, random_state=0).fit([[0.0], [1.0]], [0, 1])
    >>> theirs = to_sklearn(mlp)
    >>> bool(abs(theirs.predict([[0.5]]) - mlp.predict([[0.5]])) < 1e-12)
    True
    """
    import sklearn.neural_network as peers  # here, as it takes long

    if not isinstance(mlp, MLPClassifier | MLPRegressor):
        raise TypeError(
            "to_sklearn takes a fitted MLPClassifier or MLPRegressor of sknn (of a pipeline or a "
            f"search that one inside), got {type(mlp).__name__}."
        )
    check_is_fitted(mlp)
    spec = ModelSpec.of_fitted(vars(mlp))
    refuse(mlp, spec)
    peer = peers.MLPClassifier if isinstance(mlp, MLPClassifier) else peers.MLPRegressor
    theirs = peer(**_parameters(mlp, peer, spec))
    warn_of_training(mlp, peer)
    _publish(mlp, theirs, spec)
    return theirs


def _parameters(mlp: Any, peer: type, spec: ModelSpec) -> dict[str, Any]:
    """Return the constructor parameters of scikit-learn's MLP."""
    values = parameters.common(mlp, peer)
    defaults = parameters.defaults(peer)
    for name in THEIR_SETTINGS:
        values[name] = values[name] if is_known(name, values[name]) else defaults[name]
    values["hidden_layer_sizes"] = tuple(spec.hidden_sizes)
    modules = [ACTIVATIONS[a]() if isinstance(a, str) else a for a in spec.activations]
    values["activation"] = name_of(modules[0]) if modules else "relu"
    if "loss" in values:
        values["loss"] = "poisson" if type(spec.loss) is Poisson else "squared_error"
    divisor = parameters.penalty_divisor(mlp)
    values["alpha"] = float(mlp.alpha) * (1 if divisor is None else divisor)
    return values


def _publish(mlp: Any, theirs: Any, spec: ModelSpec) -> None:
    """Set the attributes of a fit."""
    for name in ("n_features_in_", "feature_names_in_", "n_layers_", "n_outputs_", "t_", "n_iter_"):
        if hasattr(mlp, name):
            setattr(theirs, name, getattr(mlp, name))
    theirs.out_activation_ = mlp.out_activation_
    theirs.coefs_, theirs.intercepts_ = _in_units_of_y(mlp, spec)
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
    """Return what turns labels into the columns of the output layer."""
    from sklearn.preprocessing import LabelBinarizer

    several = isinstance(target, MultilabelTarget)
    return LabelBinarizer().fit(np.eye(target.n_outputs, dtype=int) if several else target.classes)


def _scale(target: Target) -> Array | None:
    """Return the units in which the network sees y; None if it sees y itself."""
    return target.scale if isinstance(target, RealTarget) else None


def _in_units_of_y(mlp: Any, spec: ModelSpec) -> tuple[list[Array], list[Array]]:
    """Return copies of the weights, the last ones so that they answer in the units of y."""
    coefs = [W.copy() for W in mlp.coefs_]
    intercepts = [W0.copy() for W0 in mlp.intercepts_]
    target: Any = spec.target
    scale = _scale(target)
    if scale is None:
        return coefs, intercepts
    if isinstance(spec.loss, Poisson):  # exp(z) times the scale
        intercepts[-1] += np.log(scale).astype(spec.dtype)
        return coefs, intercepts
    coefs[-1] = coefs[-1] * scale
    intercepts[-1] = intercepts[-1] * scale + target.center
    return coefs, intercepts
