"""Meta-estimators around estimators of this package: which ones skl2onnx converts correctly."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import RANSACRegressor
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import Pipeline

from sknn.estimators._model import ModelSpec
from sknn.estimators.base import BaseMLP
from sknn.targets import MultilabelTarget, MultioutputTarget, RealTarget

#: skl2onnx's converters of meta-estimators compute labels in float32, which is exact up to here.
MAX_LABEL = 2**24

#: Fitted attributes that hold the estimators of which a meta-estimator consists.
PARTS = ("estimators_", "calibrated_classifiers_", "final_estimator_", "best_estimator_")


def is_search(model: Any) -> bool:
    """Return whether a model is a fitted search."""
    return hasattr(model, "best_estimator_") or hasattr(model, "ensemble_")


def predictor_of(search: Any) -> Any:
    """Return the estimator by which a search predicts: the best one, or that of its ensemble."""
    if hasattr(search, "ensemble_"):
        return search.ensemble_.to_voting()
    return search.best_estimator_


def last_step(model: Any) -> Any:
    """Return the last step of a pipeline and the estimator of a search, at any depth."""
    while isinstance(model, Pipeline) or is_search(model):
        model = model[-1] if isinstance(model, Pipeline) else predictor_of(model)
    return model


def holds(model: Any, found: Callable[[Any], bool]) -> bool:
    """Return whether a model is, or has somewhere inside, an object with this property."""
    if found(model):
        return True
    if isinstance(model, BaseMLP):
        return False
    if isinstance(model, Mapping):
        return any(holds(value, found) for value in model.values())
    if isinstance(model, list | tuple):
        return any(holds(value, found) for value in model)
    return has_parts(model) and holds(vars(model), found)


def has_parts(model: Any) -> bool:
    """Return whether the attributes of an object may hold estimators."""
    if isinstance(model, type):
        return False
    # a calibrated classifier is not an estimator
    return isinstance(model, BaseEstimator) or hasattr(model, "calibrators")


def holds_network(model: Any) -> bool:
    """Return whether a model is, or contains, an estimator of this package."""
    return holds(model, lambda one: isinstance(one, BaseMLP))


def is_meta_estimator(model: Any) -> bool:
    """Return whether a model combines others; pipelines and searches only pass them on."""
    return isinstance(model, BaseEstimator) and not isinstance(
        model, BaseMLP | Pipeline | GridSearchCV
    )


def check_meta_estimators(model: Any, *, nested: bool = False) -> None:
    """Raise a ValueError unless the conversion by skl2onnx gives the predictions of a model.

    Models without estimators of this package are not checked.
    """
    if not holds_network(model):
        return
    reason = _reason(model, nested)
    if reason:
        raise ValueError(f"{type(model).__name__} cannot be exported to ONNX: {reason}.")
    for part in _fitted_parts(model):
        check_meta_estimators(part, nested=nested or is_meta_estimator(model))


def _reason(model: Any, nested: bool) -> str | None:
    """Return why a model that contains a network cannot be exported, None if it can."""
    if isinstance(model, BaseMLP):
        return _network_reason(model) if nested else None
    if isinstance(model, Pipeline):
        steps = [type(step).__name__ for _, step in model.steps[:-1] if holds_network(step)]
        return (
            f"only its last step may contain a network, got {', '.join(steps)}" if steps else None
        )
    if isinstance(model, GridSearchCV):
        return "inside other models put its best_estimator_" if nested else None
    if isinstance(model, FixedThresholdClassifier | TunedThresholdClassifierCV):
        return (
            "export the network that it holds, estimator_, and apply the threshold to the "
            "probabilities of the graph"
        )
    if type(model) not in REASONS:
        return f"supported are {', '.join(sorted(one.__name__ for one in REASONS))}"
    return REASONS[type(model)](model) or _labels_reason(model)


def _fitted_parts(model: Any) -> Iterator[Any]:
    """Yield the fitted estimators of which a pipeline or meta-estimator consists."""
    if isinstance(model, Pipeline):
        yield model.steps[-1][1]
    names = PARTS if hasattr(model, "estimators_") else (*PARTS, "estimator_")
    for parts in (getattr(model, name, []) for name in names):
        for part in parts if isinstance(parts, list) else [parts]:
            yield getattr(part, "estimator", part) if hasattr(part, "calibrators") else part


def _network_reason(mlp: BaseMLP) -> str | None:
    """Return why a network cannot be a part of a meta-estimator."""
    target = ModelSpec.of_fitted(vars(mlp)).target
    if isinstance(target, MultilabelTarget | MultioutputTarget) or (
        isinstance(target, RealTarget) and mlp.coefs_[-1].shape[-1] > 1
    ):
        return "inside another model it may have one output only"
    return None


def _labels_reason(model: Any) -> str | None:
    """Return why the labels of a classifier cannot be exported."""
    classes = getattr(model, "classes_", None)
    for labels in classes if isinstance(classes, list) else [] if classes is None else [classes]:
        if {type(label) for label in labels.tolist()} == {str}:
            continue
        is_exact = labels.dtype.kind in "ifb" and (labels % 1 == 0).all()
        if not is_exact or np.abs(labels.astype(np.float64)).max() > MAX_LABEL:
            return f"labels must be strings, or integers up to 2**24, got {labels}"
    return None


def _calibration_reason(model: CalibratedClassifierCV) -> str | None:
    if model.method != "sigmoid":
        return f"only method='sigmoid' is supported, got {model.method!r}"
    needed = len(model.classes_) if len(model.classes_) > 2 else 1
    parts = model.calibrated_classifiers_
    if any(len(part.calibrators) != needed for part in parts):
        return "a fold of the calibration had no rows of some class"
    if any(is_meta_estimator(last_step(part.estimator)) for part in parts):
        return "only a network, alone or in a pipeline, can be calibrated"
    return None


def _stacking_reason(model: StackingClassifier) -> str | None:
    if isinstance(model.classes_, list):
        return "several columns of labels are not supported"
    for part, method in zip(model.estimators_, model.stack_method_, strict=True):
        if method == "predict_proba":
            continue
        if method == "predict" or len(model.classes_) == 2:
            return (
                f"with {len(model.classes_)} classes it needs the probabilities of "
                f"{type(last_step(part)).__name__}, got {method}. Use stack_method='predict_proba' "
                "and a loss with probabilities"
            )
        if isinstance(part, Pipeline) and not isinstance(last_step(part), BaseMLP):
            return "the decision_function of a pipeline needs a network as its last step"
    return _probabilities_reason(model.final_estimator_)


def _probabilities_reason(*parts: Any) -> str | None:
    """Return a reason if any of the classifiers has no probabilities."""
    for part in parts:
        if not hasattr(part, "predict_proba"):
            name = type(last_step(part)).__name__
            return f"it needs probabilities of {name}. Use loss='log_loss' or 'brier'"
    return None


def _ensemble_reason(model: Any) -> str | None:
    """Return why an ensemble of classifiers is not supported."""
    if any(len(part.classes_) != len(model.classes_) for part in model.estimators_):
        return "an estimator was trained without rows of some class"
    return None


def _columns_reason(model: MultiOutputClassifier) -> str | None:
    if any(isinstance(part, Pipeline) for part in model.estimators_):
        return "its estimator is a pipeline. Put the other steps before it, in an outer pipeline"
    return _probabilities_reason(*model.estimators_)


def _weights_reason(model: Any) -> str | None:
    if model.weights is not None and len(model.weights) != len(model.estimators_):
        return "weights of dropped estimators are not supported"
    return None


#: Why a meta-estimator is not supported, None if it is.
REASONS: Mapping[type, Callable[[Any], str | None]] = {
    AdaBoostClassifier: _ensemble_reason,
    AdaBoostRegressor: lambda model: None,
    BaggingClassifier: lambda model: (
        _ensemble_reason(model) or _probabilities_reason(*model.estimators_)
    ),
    BaggingRegressor: lambda model: None,
    CalibratedClassifierCV: _calibration_reason,
    MultiOutputClassifier: _columns_reason,
    MultiOutputRegressor: lambda model: None,
    OneVsRestClassifier: lambda model: _probabilities_reason(*model.estimators_),
    RANSACRegressor: lambda model: None,
    StackingClassifier: _stacking_reason,
    StackingRegressor: lambda model: None,
    VotingClassifier: lambda model: (
        _weights_reason(model)
        or (_probabilities_reason(*model.estimators_) if model.voting == "soft" else None)
    ),
    VotingRegressor: _weights_reason,
}
