"""Why an estimator has no folds, or lacks a fitted attribute, and what to do about it."""

import inspect
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from sknn.estimators._auto_settings import (
    MAX_FOLD_ROWS,
    MIN_ROWS,
    N_FOLDS,
    disabling_parameter,
)
from sknn.estimators._refit import OF_SEARCH
from sknn.estimators._saving import FITTED
from sknn.estimators._training_record import MEMBER_CURVES

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP

#: Attributes that a fit with folds has.
OF_FOLDS = {name for name in OF_SEARCH if name.startswith(("oof_", "cv_"))}

#: Attributes of a fit in which cv="auto" has chosen settings.
OF_CHOICE = {"member_params_", "temperature_"}

#: What other estimators have, and what to use instead.
OF_OTHERS = {
    "predict_interval": "it is a method of regressors. Classifiers have predict_set.",
    "predict_set": "it is a method of classifiers. Regressors have predict_interval.",
    "feature_importances_": (
        "networks have none. Use sklearn.inspection.permutation_importance, or "
        "sknn.inspection.attributions."
    ),
}

#: For which rows cv="auto" chooses.
_CONDITIONS = (
    f"at least {MIN_ROWS} rows, {N_FOLDS} groups if there are groups, and rows of each class in "
    "all folds; partial_fit does not choose"
)


#: What to do about any fitted attribute of what is not fitted.
NOT_FITTED = "it is not fitted. Call fit first."


class ExplainsAbsent:
    """Mixin: the error of an attribute that does not exist says why, where that is known."""

    def _why_absent(self, name: str) -> str:
        """Return why there is no such attribute; "" if it is none or nothing is known."""
        return ""

    if not TYPE_CHECKING:  # a type checker would accept any name

        def __getattr__(self, name: str) -> Any:
            """Raise the usual error, with the reason."""
            reason = ""
            with suppress(Exception):  # parameters may have been set to anything since the fit
                reason = self._why_absent(name)
            if reason:
                message = f"{type(self).__name__!r} object has no attribute {name!r}: {reason}"
                raise AttributeError(message, name=name, obj=self)
            return object.__getattribute__(self, name)  # the error of a property is its own


def why_absent(mlp: "BaseMLP", name: str) -> str:
    """Return why the estimator lacks an attribute; "" if nothing is known."""
    if name in OF_OTHERS and not hasattr(type(mlp), name):
        return OF_OTHERS[name]
    if name not in _fitted_attributes(type(mlp)):
        return ""
    fitted = vars(mlp)
    if "coefs_" not in fitted:
        return NOT_FITTED
    if name in OF_FOLDS:
        return _why_no_prediction(fitted, name) if "cv_scores_" in fitted else why_no_folds(mlp)
    if name in OF_CHOICE:
        return _why_no_choice(mlp, fitted, name)
    if name in MEMBER_CURVES.values():
        return _why_no_member_curves(fitted, name)
    if name == "feature_names_in_":
        return "X had no column names in fit, or not all of them were strings."
    return ""


@cache
def _fitted_attributes(estimator: type[Any]) -> frozenset[str]:
    """Return the public fitted attributes that a class declares, once: they are read often."""
    declared = {name for one in estimator.__mro__ for name in inspect.get_annotations(one)}
    return frozenset(name for name in FITTED & declared if not name.startswith("_"))


def why_no_folds(mlp: "BaseMLP") -> str:
    """Return why a fit has trained no folds; ValueError if a parameter has become invalid since."""
    mlp._validate_params()
    parameter = disabling_parameter(mlp)
    given = f"{parameter}={getattr(mlp, parameter or 'cv')!r}"
    if parameter == "cv":
        return f"there are no folds with {given}. Set cv=5, for example, and fit again."
    if parameter == "warm_start":
        return f"{given} switches cv='auto' off. Set warm_start=False and fit again."
    if parameter:
        return (
            f"{given} switches cv='auto' off, so that no folds were trained. Set cv=5, which goes "
            f"with it, or leave {parameter} at its default, and fit again."
        )
    if _had_validation_rows(mlp):
        return "X_val was given, so that no folds were trained. Set cv=5 and fit without X_val."
    return (
        f"cv='auto' has trained no folds of these rows. It does so for at most {MAX_FOLD_ROWS} "
        f"rows, and needs {_CONDITIONS}. Set cv=5 and fit again."
    )


def _had_validation_rows(mlp: "BaseMLP") -> bool:
    """Return whether X_val was given, so that cv="auto" chose nothing."""
    fitted = vars(mlp)
    by_choice = bool(mlp.early_stopping) or "member_params_" in fitted
    return bool(fitted.get("validation_scores_")) and not by_choice


def _why_no_prediction(fitted: Mapping[str, Any], name: str) -> str:
    """Return why a fit with folds has predictions of another kind."""
    if name == "oof_proba_":
        return "its loss gives no probabilities. oof_decision_function_ has the raw outputs."
    if name == "oof_decision_function_" and "oof_proba_" in fitted:
        return "its loss gives probabilities, which are oof_proba_."
    return ""


def _why_no_choice(mlp: "BaseMLP", fitted: Mapping[str, Any], name: str) -> str:
    """Return why cv="auto" has chosen nothing, or has no temperature."""
    if name == "temperature_" and "classes_" not in fitted:
        return "only classifiers have a temperature."
    if not mlp._takes_tables:
        calibrate = " sklearn's CalibratedClassifierCV(method='temperature') fits a temperature."
        return (
            "only TabularMLPClassifier and TabularMLPRegressor choose settings, with cv='auto'."
            + calibrate * (name == "temperature_")
        )
    if "member_params_" in fitted:
        return "partial_fit has trained the networks further since it was chosen. Call fit."
    parameter = disabling_parameter(mlp)
    if parameter == "cv":
        return f"cv={mlp.cv!r} chooses no settings. Only cv='auto' does: set it and fit again."
    if parameter:
        given = f"{parameter}={getattr(mlp, parameter)!r}"
        return f"{given} switches cv='auto' off. Leave it at its default and fit again."
    if _had_validation_rows(mlp):
        return "X_val was given, so that cv='auto' has chosen nothing. Fit without X_val."
    return f"cv='auto' has chosen nothing of these rows. It needs {_CONDITIONS}."


def _why_no_member_curves(fitted: Mapping[str, Any], name: str) -> str:
    """Return why there are no curves of the members."""
    mean = next(mean for mean, curves in MEMBER_CURVES.items() if curves == name)
    if fitted[mean] is None:
        return "no rows were held out. Set early_stopping=True or cv=5, or pass X_val, and fit."
    return f"a single network was trained, whose curve is {mean}."
