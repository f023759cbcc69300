"""From scikit-learn to here: a fitted estimator of ours around the network of theirs."""

import math
import warnings
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sknn.estimators import MLPClassifier, MLPRegressor
from sknn.persistence.scikit_learn import parameters
from sknn.targets import MultilabelTarget, RealTarget, Target, label_target


def from_sklearn(mlp: Any) -> Any:
    """Return a fitted estimator of this package around the network of scikit-learn's MLP.

    Parameters
    ----------
    mlp : sklearn.neural_network.MLPClassifier or MLPRegressor
        Fitted.

    Returns
    -------
    ours : MLPClassifier or MLPRegressor
        With the same parameters and predictions. `partial_fit`, or `fit` with `warm_start`, trains
        on from these weights with a fresh optimizer: its moments are not converted. `alpha` is
        divided by the batch size, as it was there.

    Raises
    ------
    ValueError
        If it was fitted to a single class, for which the two packages have different networks.
    TypeError
        If `mlp` is no such estimator.

    Warns
    -----
    UserWarning
        If `alpha` could not be converted: with "lbfgs" it was divided by the number of samples,
        which the model does not tell.

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
    import sklearn.neural_network as peers  # here, as it takes long

    for ours in (MLPClassifier, MLPRegressor):
        if isinstance(mlp, getattr(peers, ours.__name__)):
            check_is_fitted(mlp)
            return _arrived(mlp, ours)
    raise TypeError(
        "from_sklearn takes a fitted MLPClassifier or MLPRegressor of sklearn.neural_network (of a "
        f"pipeline or a search that one inside), got {type(mlp).__module__}.{type(mlp).__name__}."
    )


def _arrived(mlp: Any, cls: Any) -> Any:
    target, dtype = _target(mlp), mlp.coefs_[0].dtype.name
    ours = _with_parameters(mlp, cls)
    spec = ours._spec(target, dtype, mlp.n_features_in_)
    coefs, intercepts = (
        [array.astype(dtype) for array in arrays] for arrays in (mlp.coefs_, mlp.intercepts_)
    )
    network = spec.network(coefs, intercepts, None)
    ours._assign(
        {
            **_features(mlp),
            **spec.fitted_attributes(network),
            **_record(mlp),
            "_training_state": _training_state(mlp),
        }
    )
    return ours


def _with_parameters(mlp: Any, cls: Any) -> Any:
    """Return an estimator with the parameters that were set there, and with the columns seen."""
    ours = cls(**parameters.common(mlp, cls))
    divisor = parameters.penalty_divisor(mlp)
    if divisor is not None:
        ours.alpha = float(mlp.alpha) / divisor
    elif mlp.alpha:
        _warn_of_alpha(mlp.alpha)
    return ours


def _features(mlp: Any) -> dict[str, Any]:
    """Return the number and the names of the features."""
    names = ("n_features_in_", "feature_names_in_")
    return {name: getattr(mlp, name) for name in names if hasattr(mlp, name)}


def _target(mlp: Any) -> Target:
    """Read from the output layer what y meant."""
    if not hasattr(mlp, "classes_"):
        return RealTarget(mlp.n_outputs_)
    if len(mlp.classes_) == 1:
        raise ValueError(
            "from_sklearn cannot take a classifier of a single class: there it has a sigmoid, here "
            "a softmax of one. Fit an estimator of sknn anew."
        )
    if mlp.out_activation_ == "logistic" and mlp.n_outputs_ > 1:
        return MultilabelTarget(np.arange(mlp.n_outputs_))
    return label_target(mlp.classes_)


def _warn_of_alpha(alpha: float) -> None:
    warnings.warn(
        f"alpha={alpha:g} was divided by the number of samples, as scikit-learn's lbfgs does, and "
        "the model does not tell how many there were: divide it yourself before training on, with "
        "set_params(alpha=alpha / n).",
        UserWarning,
        stacklevel=5,
    )


def _record(mlp: Any) -> dict[str, Any]:
    """Return the attributes that describe the course of training."""
    curve = [float(loss) for loss in getattr(mlp, "loss_curve_", [])]
    scores = [float(score) for score in getattr(mlp, "validation_scores_", None) or []]
    n_iter = len(curve) or mlp.n_iter_
    return {
        "loss_curve_": curve,
        "loss_": mlp.loss_,
        "learning_rates_": [np.nan] * len(curve),  # unknown
        "best_loss_": min(curve, default=mlp.loss_),
        "t_": int(mlp.t_),
        "n_iter_": n_iter,
        "validation_scores_": scores or None,
        "validation_loss_curve_": None,
        "best_validation_score_": max(scores) if scores else None,
        "best_iteration_": int(np.argmax(scores)) + 1 if scores else n_iter,
    }


def _training_state(mlp: Any) -> dict[str, Any]:
    """Return how many steps a learning rate schedule has done; the optimizer begins afresh."""
    return {"solver_state": {} if mlp.solver == "lbfgs" else {"steps": _steps(mlp)}}


def _steps(mlp: Any) -> int:
    """Return how many mini-batches there were, if all epochs had equally many samples."""
    epochs = len(mlp.loss_curve_)
    batch = parameters.penalty_divisor(mlp)
    return epochs * math.ceil(mlp.t_ / epochs / batch) if epochs and batch else 0
