"""`from_sklearn`: convert scikit-learn's fitted MLP to an estimator of this package."""

import math
import warnings
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sknn.estimators import MLPClassifier, MLPRegressor
from sknn.estimators._inputs import Numbers
from sknn.estimators.publishing import published
from sknn.persistence.scikit_learn.common_parameters import common_parameters, penalty_divisor
from sknn.targets import MultilabelTarget, RealTarget, Target, label_target


def from_sklearn(mlp: Any) -> Any:
    """Convert a fitted MLP of scikit-learn to a fitted estimator of this package.

    Parameters
    ----------
    mlp : sklearn.neural_network.MLPClassifier or MLPRegressor
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
        If `mlp` is of another class.

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
        if isinstance(mlp, getattr(peers, ours.__name__)):
            check_is_fitted(mlp)
            return _convert(mlp, ours)
    raise TypeError(
        "from_sklearn needs a fitted MLPClassifier or MLPRegressor of sklearn.neural_network, got "
        f"{type(mlp).__module__}.{type(mlp).__name__}. Of a pipeline or a search pass the network "
        "inside."
    )


def _convert(mlp: Any, cls: Any) -> Any:
    target, dtype = _target(mlp), mlp.coefs_[0].dtype.name
    ours = _with_parameters(mlp, cls)
    spec = ours._new_spec(target, dtype, Numbers(mlp.n_features_in_))
    coefs, intercepts = (
        [array.astype(dtype) for array in arrays] for arrays in (mlp.coefs_, mlp.intercepts_)
    )
    ours = published(ours, spec.network(coefs, intercepts, None), spec)
    _record(mlp, ours)
    ours._training_state = _training_state(mlp)
    return ours


def _with_parameters(mlp: Any, cls: Any) -> Any:
    """Return an estimator with the common parameters, and the names of the features."""
    ours = cls(**common_parameters(mlp, cls))
    divisor = penalty_divisor(mlp)
    if divisor is not None:
        ours.alpha = float(mlp.alpha) / divisor
    elif mlp.alpha:
        _warn_of_alpha(mlp.alpha)
    for name in ("n_features_in_", "feature_names_in_"):
        if hasattr(mlp, name):
            setattr(ours, name, getattr(mlp, name))
    return ours


def _target(mlp: Any) -> Target:
    """Derive the target from the output layer."""
    if not hasattr(mlp, "classes_"):
        return RealTarget(mlp.n_outputs_)
    if len(mlp.classes_) == 1:
        raise ValueError(
            "from_sklearn cannot convert a classifier with a single class: scikit-learn has a "
            "sigmoid for it, sknn a softmax. Fit an estimator of sknn."
        )
    if mlp.out_activation_ == "logistic" and mlp.n_outputs_ > 1:
        return MultilabelTarget(np.arange(mlp.n_outputs_))
    return label_target(mlp.classes_)


def _warn_of_alpha(alpha: float) -> None:
    warnings.warn(
        f"alpha={alpha:g} cannot be converted: scikit-learn's lbfgs divides it by the number of "
        "samples n, which the model does not store. Before further training, call "
        "set_params(alpha=alpha / n).",
        UserWarning,
        stacklevel=5,
    )


def _record(mlp: Any, ours: Any) -> None:
    """Set the attributes of the training history."""
    curve = [float(loss) for loss in getattr(mlp, "loss_curve_", [])]
    scores = getattr(mlp, "validation_scores_", None)
    ours.loss_curve_, ours.loss_ = curve, mlp.loss_
    ours.learning_rates_ = [np.nan] * len(curve)  # unknown
    ours.best_loss_ = min(curve, default=mlp.loss_)
    ours.t_, ours.n_iter_ = int(mlp.t_), len(curve) or mlp.n_iter_
    ours.validation_scores_ = [float(score) for score in scores] if scores else None
    ours.validation_loss_curve_ = None
    ours.best_validation_score_ = max(scores) if scores else None
    ours.best_iteration_ = int(np.argmax(scores)) + 1 if scores else ours.n_iter_


def _training_state(mlp: Any) -> dict[str, Any]:
    """Return the training state: the step of the schedule, with a fresh optimizer."""
    return {"solver_state": {} if mlp.solver == "lbfgs" else {"steps": _steps(mlp)}}


def _steps(mlp: Any) -> int:
    """Return the number of steps, if all epochs had the same number of samples."""
    epochs = len(mlp.loss_curve_)
    batch = penalty_divisor(mlp)
    return epochs * math.ceil(mlp.t_ / epochs / batch) if epochs and batch else 0
