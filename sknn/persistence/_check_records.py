"""Checks of the record of a fit in a file: its curves, scores and out-of-fold predictions."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sknn.engine._typing import Array
from sknn.estimators._model import ModelSpec
from sknn.estimators._training_record import MEMBER_CURVES
from sknn.persistence._requirements import (
    require,
    require_array,
    require_count,
    require_keys,
    require_number,
)
from sknn.targets import ClassTarget

#: Attributes that are a number for each epoch, or None.
CURVES = ("loss_curve_", "learning_rates_", "validation_scores_", "validation_loss_curve_")

#: Attributes that every estimator has that was fitted with folds, or none.
OUT_OF_FOLD = ("oof_prediction_", "oof_score_", "cv_scores_", "_calibration")


def check_records(state: Mapping[str, Any], spec: ModelSpec, searched: ModelSpec) -> None:
    """Raise a `ModelFileError` unless a fit can have this record.

    Parameters
    ----------
    state : mapping
        The fitted attributes.
    spec : ModelSpec
        That of the networks.
    searched : ModelSpec
        That of the networks of the folds, before `refit`.
    """
    for name in ("n_iter_", "t_"):
        _check_counts(name, state[name], (spec.n_folds,) if spec.n_folds > 1 else None)
    _check_best_iteration(state["best_iteration_"], searched)
    _check_curves(state, spec, searched)
    held = [name for name in OUT_OF_FOLD if name in state]
    require(len(held) in (0, len(OUT_OF_FOLD)), f"of {OUT_OF_FOLD} there are only {held}")
    if held:
        require_number("oof_score_", state["oof_score_"])
        shape = (searched.n_folds,)
        require_array("cv_scores_", state["cv_scores_"], "f", shape, finite=False)
        n = _check_predictions(state, searched)
        _check_calibration(state["_calibration"], searched, n)
    else:
        extra = {"oof_proba_", "oof_decision_function_", "_fold_models"} & set(state)
        require(not extra, f"{sorted(extra)} without out-of-fold predictions")
    _check_choice(state, spec)


def _check_choice(state: Mapping[str, Any], spec: ModelSpec) -> None:
    """Check the settings that cv="auto" has chosen, if it has."""
    if "temperature_" in state:
        is_known = "member_params_" in state and isinstance(spec.target, ClassTarget)
        require(is_known, "temperature_ without member_params_, or of a regressor")
        require_number("temperature_", state["temperature_"])
        require(0 < state["temperature_"] < np.inf, "temperature_ must be positive and finite")
    if "member_params_" in state:
        settings = state["member_params_"]
        fits = isinstance(settings, list) and all(isinstance(one, dict) for one in settings)
        require(fits and len(settings) == spec.n_members, "member_params_ must be a list of dicts")
        for one in settings:
            if "alpha" in one:
                require_keys("member_params_", one, ("hidden_layer_sizes", "alpha"), set())
                require(one["hidden_layer_sizes"] == (), "hidden_layer_sizes must be ()")
            else:
                require_keys("member_params_", one, ("max_iter",), {"weight_decay"})
                require_count("max_iter", one["max_iter"], 1)
            for name in ("alpha", "weight_decay"):
                require_number(name, one.get(name, 0.0))
                fits = 0 <= one.get(name, 0.0) < np.inf
                require(fits, f"{name} must be finite and 0 or more")


def _check_counts(name: str, value: Any, shape: tuple[int, ...] | None) -> None:
    """Check a count, or an array of counts."""
    if shape is None:
        require_count(name, value, 0)
        return
    require_array(name, value, "iu", shape)
    require(bool((value >= 0).all()), f"{name} must be 0 or more")


def _check_best_iteration(value: Any, searched: ModelSpec) -> None:
    """Check the best epoch: a number, or one for each network; older ensembles have one."""
    n, k = searched.n_members, searched.n_folds
    is_number = n == 1 or (k == 1 and not isinstance(value, np.ndarray))
    by_network = (n,) if k in (1, n) else (k, n // k)
    _check_counts("best_iteration_", value, None if is_number else by_network)


def _check_curves(state: Mapping[str, Any], spec: ModelSpec, searched: ModelSpec) -> None:
    """Check losses and scores by epoch."""
    for name in ("loss_", "best_loss_"):
        require_number(name, state[name])
    if state["best_validation_score_"] is not None:
        require_number("best_validation_score_", state["best_validation_score_"])
    for name in CURVES:
        curve = state.get(name)
        require(curve is None or isinstance(curve, list), f"{name} must be a list")
        for number in curve or []:
            require_number(name, number)
    require(isinstance(state["loss_curve_"], list), "loss_curve_ must be a list")
    rates = state.get("learning_rates_", [None] * len(state["loss_curve_"]))
    alike = isinstance(rates, list) and len(rates) == len(state["loss_curve_"])
    require(alike, "learning_rates_ must be a list as long as loss_curve_")
    for mean, name in MEMBER_CURVES.items():
        if name in state:
            n = (spec if mean == "loss_curve_" else searched).n_members
            curves, shape = state[name], (len(state[mean] or []), n)
            require(n > 1, f"{name} is for several networks")
            require_array(name, curves, "f", shape, finite=False)


def _check_predictions(state: Mapping[str, Any], spec: ModelSpec) -> int:
    """Check the out-of-fold predictions, and return the number of rows."""
    target, z = spec.target, np.zeros((1, spec.n_units))  # the outputs show shapes and types
    expected = {"oof_prediction_": target.decode(z, spec.loss)}
    if isinstance(target, ClassTarget) and spec.loss.has_probabilities:
        expected["oof_proba_"] = target.proba(spec.loss, z)
    elif isinstance(target, ClassTarget):
        expected["oof_decision_function_"] = target.decision(z)
    found = {"oof_prediction_", "oof_proba_", "oof_decision_function_"} & set(state)
    require(found == set(expected), f"there must be {sorted(expected)}, not {sorted(found)}")
    predictions = state["oof_prediction_"]
    require(isinstance(predictions, np.ndarray) and predictions.ndim > 0, "oof_prediction_ is none")
    n = len(predictions)
    for name, example in expected.items():
        several, held = isinstance(example, list), state[name]
        fits = isinstance(held, list) == several and (not several or len(held) == len(example))
        require(fits, f"{name} must be {f'a list of {len(example)} arrays' if several else 'one'}")
        pairs = zip(held, example, strict=True) if several else [(held, example)]
        for array, like in pairs:
            is_text = like.dtype.kind in "OU"
            kinds = "f" if like.dtype.kind == "f" else "OU" if is_text else "biuf"
            require_array(name, array, kinds, (n, *like.shape[1:]), finite=False)
            is_number = array.dtype.kind == "f"
            require(not (is_number and np.isinf(array).any()), f"{name} has infinity")
    if isinstance(target, ClassTarget):
        _check_labels(predictions, target)
    return n


def _check_labels(predictions: Array, target: Any) -> None:
    """Check that all predictions are labels, or NaN."""
    n_columns = 1 if predictions.ndim == 1 else predictions.shape[1]
    classes = target.classes if isinstance(target.classes, list) else [target.classes] * n_columns
    if target.kind == "multilabel":
        classes = [np.arange(2)] * n_columns
    kind = predictions.dtype.kind
    for column, labels in zip(predictions.reshape(-1, n_columns).T, classes, strict=True):
        known = labels.astype(predictions.dtype) if kind == "f" else labels  # rounds alike
        found = set(column[column == column].tolist())
        require(found <= set(known.tolist()), "oof_prediction_ has labels that are no classes")


def _check_calibration(calibration: Any, spec: ModelSpec, n: int) -> None:
    """Check the scores of the rows, and the fold of each."""
    require_keys("The calibration", calibration, ("fold", "is_approximate", "scores"), {"labels"})
    require(type(calibration["is_approximate"]) is bool, "is_approximate must be true or false")
    target: Any = spec.target
    scores, fold, labels = (calibration.get(name) for name in ("scores", "fold", "labels"))
    classifies, n_classes = isinstance(target, ClassTarget), len(getattr(target, "classes", ()))
    has_sets = target.kind in ("binary", "multiclass") and spec.loss.has_probabilities
    require((scores is not None) == (has_sets or not classifies), "scores do not fit the target")
    require((labels is not None) == has_sets, "the labels of the calibration do not fit the target")
    m = next((len(one) for one in (scores, fold) if isinstance(one, np.ndarray) and one.ndim), 0)
    require(m <= n, f"the calibration has {m} rows of {n}")
    if scores is not None:
        shape = (m,) if classifies else (m, target.n_outputs)
        require_array("scores", scores, "f", shape, finite=classifies)
        require(not np.isinf(scores).any(), "scores has infinity")
    for name, numbers, end in (("fold", fold, spec.n_folds), ("labels", labels, n_classes)):
        if numbers is not None:
            require_array(name, numbers, "iu", (m,))
            inside = bool(((numbers >= 0) & (numbers < end)).all())
            require(inside, f"{name} must be from 0 to {end - 1}")
