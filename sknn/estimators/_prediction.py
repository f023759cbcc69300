"""Prediction: the fitted networks of an estimator with validated rows."""

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sknn.estimators._absent import why_no_folds
from sknn.estimators._fitted_model import FittedModel, ModelPart, prediction_dtype
from sknn.estimators._prediction_plan import plan_of
from sknn.estimators._validation.arguments import rows_to_predict
from sknn.estimators._validation.inputs import check_finite, validated_inputs

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP


def calibrated_model(mlp: "BaseMLP", X: Any, caller: str) -> tuple[FittedModel, dict[str, Any]]:
    """Return the networks of the folds with validated inputs, and their calibration."""
    check_is_fitted(mlp)
    fitted = vars(mlp)
    calibration = fitted.get("_calibration")
    if calibration is None:
        raise ValueError(f"{caller} needs the networks of several folds: {why_no_folds(mlp)}")
    if calibration["fold"] is None:
        raise ValueError(
            f"{caller} needs a finite prediction of each training row by the networks of "
            "exactly one split, in whose test part it is; the cv of the fit does not give it. "
            "Use KFold, StratifiedKFold or GroupKFold, for rows that are exchangeable: for a "
            "time series there is no such interval."
        )
    if calibration["is_approximate"]:
        warnings.warn(
            f"The coverage of {caller} is approximate: the rows that calibrate have also "
            "chosen the number of epochs. With cv=5 it is guaranteed, except with "
            "early_stopping='cv'.",
            UserWarning,
            stacklevel=3,
        )
    return fitted_model(mlp, X, folds_of=fitted), calibration


def fitted_model(
    mlp: "BaseMLP", X: Any, *, folds_of: Mapping[str, Any] | None = None
) -> FittedModel:
    """Return the fitted networks, or those of the folds, with validated inputs.

    All attributes are read from one dictionary, which a fit in another thread replaces.
    """
    fitted, parameter = folds_of or vars(mlp), mlp.dtype
    if "coefs_" not in fitted:
        check_is_fitted(mlp)
    X, check, dtype_of_X = mlp._validate_predict(X, fitted)
    plan = plan_of(mlp, fitted, of_folds=folds_of is not None)
    dtype = prediction_dtype(plan.spec, parameter, dtype_of_X)
    parts = [ModelPart.of_rows(one, X, check) for one in plan.networks]
    return FittedModel(plan.spec, parts, dtype)


def numeric_rows(
    mlp: "BaseMLP", X: Any, fitted: Mapping[str, Any]
) -> tuple[Any, Callable[[Any], None] | None, Any]:
    """Return validated rows, a function that checks converted batches, and the type of X.

    A float array of the right width without feature names is checked for infinities and NaN
    only: for a few rows, scikit-learn's full validation would take longer than the network.
    """
    check = partial(check_finite, estimator_name=type(mlp).__name__)
    if (
        type(X) is np.ndarray
        and X.dtype in (np.float32, np.float64)
        and X.ndim == 2
        and len(X) > 0
        and X.shape[1] == fitted["n_features_in_"]
        and "feature_names_in_" not in fitted
    ):
        return X, check, X.dtype
    estimator = mlp._with_attributes(fitted)
    X = validated_inputs(estimator, rows_to_predict(X, fitted), reset=False)
    needs_check = np.dtype(fitted["_model_spec"]["dtype"]).itemsize < X.dtype.itemsize
    return X, check if needs_check else None, X.dtype
