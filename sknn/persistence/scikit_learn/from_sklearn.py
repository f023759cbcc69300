"""`from_sklearn`: convert scikit-learn's fitted MLP to an estimator of this package."""

import math
import warnings
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sknn.estimators import MLPClassifier, MLPRegressor
from sknn.estimators._initial_model import model_spec
from sknn.estimators._weights import copy_weights
from sknn.estimators.base import BaseMLP
from sknn.persistence.scikit_learn.common_parameters import common_parameters, penalty_divisor
from sknn.targets import MultilabelTarget, RealTarget, Target, label_target


def from_sklearn(theirs: Any) -> Any:
    """Convert a fitted MLP of scikit-learn to a fitted estimator of this package.

    Parameters
    ----------
    theirs : sklearn.neural_network.MLPClassifier or MLPRegressor
        Fitted.

    Returns
    -------
    ours : MLPClassifier or MLPRegressor
        With the same parameters and predictions. `partial_fit`, or `fit` with `warm_start`,
        continues from these weights with a fresh optimizer: its moments are not converted. `alpha`
        is divided by the batch size, as scikit-learn does in training.

    Raises
    ------
    ValueError
        If it was fitted to a single class, for which the two packages have different networks.
    TypeError
        If `theirs` is of another class.

    Warns
    -----
    UserWarning
        If `alpha` cannot be converted: "lbfgs" divides it by the number of samples, which the model
        does not store.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> import sklearn.neural_network
    >>> from sknn import from_sklearn
    >>> X, y = load_iris(return_X_y=True)
    >>> theirs = sklearn.neural_network.MLPClassifier(max_iter=500, random_state=0).fit(X, y)
    >>> ours = from_sklearn(theirs)
    >>> round(ours.partial_fit(X, y).score(X, y), 2)
    0.98
    """
    import sklearn.neural_network as peers  # slow to import

    for ours in (MLPClassifier, MLPRegressor):
        if isinstance(theirs, getattr(peers, ours.__name__)):
            check_is_fitted(theirs)
            mlp, message = _unfitted(theirs, ours)
            if message:
                warnings.warn(message, UserWarning, stacklevel=2)
            target, dtype = _target(theirs), theirs.coefs_[0].dtype.name
            spec = model_spec(mlp, target, dtype, theirs.n_features_in_)
            layers = (theirs.coefs_, theirs.intercepts_)
            coefs, intercepts = ([array.astype(dtype) for array in arrays] for arrays in layers)
            network = spec.network(coefs, intercepts, None)
            attributes = spec.fitted_attributes([copy_weights(network)])
            mlp._assign(attributes | _other_attributes(theirs))
            return mlp
    raise TypeError(
        "from_sklearn needs a fitted MLPClassifier or MLPRegressor of sklearn.neural_network, got "
        f"{type(theirs).__module__}.{type(theirs).__name__}. Of a pipeline or a search pass the "
        "network inside."
    )


def _unfitted(theirs: Any, cls: Any) -> tuple[BaseMLP, str]:
    """Return an estimator with the common parameters, and a warning if alpha is not converted."""
    mlp: BaseMLP = cls(**common_parameters(theirs, cls))
    divisor = penalty_divisor(theirs)
    if divisor is not None:
        mlp.alpha = float(theirs.alpha) / divisor
    elif theirs.alpha:
        return mlp, (
            f"alpha={theirs.alpha:g} cannot be converted: scikit-learn's lbfgs divides it by the "
            "number of samples n, which the model does not store. Before further training, call "
            "set_params(alpha=alpha / n)."
        )
    return mlp, ""


def _target(theirs: Any) -> Target:
    """Derive the target from the output layer."""
    if not hasattr(theirs, "classes_"):
        return RealTarget(theirs.n_outputs_)
    if len(theirs.classes_) == 1:
        raise ValueError(
            "from_sklearn cannot convert a classifier with a single class: scikit-learn has a "
            "sigmoid for it, sknn a softmax. Fit an estimator of sknn."
        )
    if theirs.out_activation_ == "logistic" and theirs.n_outputs_ > 1:
        return MultilabelTarget(np.arange(theirs.n_outputs_))
    return label_target(theirs.classes_)


def _other_attributes(theirs: Any) -> dict[str, Any]:
    """Return the attributes of features and training; the optimizer state starts afresh."""
    names = ("n_features_in_", "feature_names_in_")
    curve = [float(loss) for loss in getattr(theirs, "loss_curve_", [])]
    scores = [float(score) for score in getattr(theirs, "validation_scores_", None) or []]
    n_iter = len(curve) or theirs.n_iter_
    steps = {} if theirs.solver == "lbfgs" else {"steps": _steps(theirs)}
    return {
        **{name: getattr(theirs, name) for name in names if hasattr(theirs, name)},
        "loss_curve_": curve,
        "loss_": theirs.loss_,
        "learning_rates_": [np.nan] * len(curve),  # unknown
        "best_loss_": min(curve, default=theirs.loss_),
        "t_": int(theirs.t_),
        "n_iter_": n_iter,
        "validation_scores_": scores or None,
        "validation_loss_curve_": None,
        "best_validation_score_": max(scores) if scores else None,
        "best_iteration_": int(np.argmax(scores)) + 1 if scores else n_iter,
        "_training_state": {"solver_state": steps},
    }


def _steps(theirs: Any) -> int:
    """Return the number of steps, if all epochs had the same number of samples."""
    epochs = len(theirs.loss_curve_)
    batch = penalty_divisor(theirs)
    return epochs * math.ceil(theirs.t_ / epochs / batch) if epochs and batch else 0
