"""Saving a fitted estimator to an archive."""

import io
import os
import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn
from sklearn.utils.validation import check_is_fitted

from sknn._version import __version__
from sknn.archives import Contents, replacing, write
from sknn.estimators._encoder_parameter import encoder_to_plain
from sknn.estimators._splitters import cv_to_plain
from sknn.estimators._training_state import TrainingState, states_to_plain

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP

#: Attributes that every fitted estimator has, and those that some have. Nothing else is saved:
#: no callbacks, no metadata requests, and no attributes that the user has set.
ALWAYS = {
    "coefs_",
    "intercepts_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
    "n_features_in_",
    "loss_curve_",
    "loss_",
    "best_loss_",
    "n_iter_",
    "best_iteration_",
    "t_",
    "validation_scores_",
    "validation_loss_curve_",
    "best_validation_score_",
    "_model_spec",
    "_training_state",
}
SOMETIMES = {
    "feature_names_in_",
    "classes_",
    "learning_rates_",
    "member_loss_curves_",
    "member_validation_scores_",
    "member_validation_loss_curves_",
    "oof_prediction_",
    "oof_proba_",
    "oof_decision_function_",
    "oof_score_",
    "cv_scores_",
    "_calibration",
    "_fold_models",
    "member_params_",
    "temperature_",
    "_named_columns",
}

FITTED = ALWAYS | SOMETIMES


def save(estimator: "BaseMLP", file: Any, *, training_state: bool) -> None:
    """Write a fitted estimator to a path or a binary file; see `BaseMLP.save`."""
    contents = contents_of(estimator)
    for name in {"classes_", "oof_prediction_"} & set(contents.state):
        contents.state[name] = _fixed_width(contents.state[name])
    if not training_state:
        contents.state["_training_state"] = _compact_state(contents.state, estimator.random_state)
    if isinstance(file, str | os.PathLike):
        with replacing(file) as part:
            write(part, contents)
        return
    if not hasattr(file, "write") or isinstance(file, io.TextIOBase):
        raise TypeError(f"file must be a path or a binary file, got {file!r:.50}.")
    archive = io.BytesIO()  # a zip file needs to seek, which pipes and compressed files cannot
    write(archive, contents)
    _write_all(file, archive.getvalue())


def _write_all(file: Any, data: bytes) -> None:
    """Write all bytes, also to a raw file, whose method `write` may write a part of them."""
    if not isinstance(file, io.RawIOBase):
        file.write(data)
        return
    buffered = io.BufferedWriter(file)
    try:
        buffered.write(data)
    finally:
        buffered.detach()  # flushes; the file stays open


def contents_of(estimator: "BaseMLP", progress: dict[str, Any] | None = None) -> Contents:
    """Return the contents of an archive of a fitted estimator, its training state included.

    Raises
    ------
    NotFittedError, TypeError
        If the estimator is not fitted, or its class is not from this package.
    """
    check_is_fitted(estimator)
    check_own_class(estimator)
    estimator._validate_params()
    state = {name: value for name, value in vars(estimator).items() if name in FITTED}
    parameters = plain_parameters(estimator)
    return Contents(type(estimator).__name__, versions(), parameters, state, progress)


def plain_parameters(estimator: "BaseMLP") -> dict[str, Any]:
    """Return the parameters of an estimator, in which all but parts of networks are plain data.

    Raises
    ------
    TypeError, ValueError
        If `cv` cannot be saved.
    """
    parameters: dict[str, Any] = estimator.get_params(deep=False)
    for name, value in parameters.items():  # series and indices, such as categorical_features
        if hasattr(value, "to_numpy"):
            parameters[name] = value.to_numpy()
    parameters["cv"] = cv_to_plain(parameters["cv"])
    if "encoder" in parameters:
        parameters["encoder"] = encoder_to_plain(parameters["encoder"])
    return parameters


def check_own_class(estimator: "BaseMLP") -> None:
    """Check that the class of an estimator is from this package.

    Raises
    ------
    TypeError
        If it is not.
    """
    kind = type(estimator)
    if kind.__module__.partition(".")[0] != "sknn":
        raise TypeError(
            f"{kind.__qualname__} is a class of your own; files without code can hold classes of "
            "sknn only. Use joblib to save it."
        )


def _compact_state(fitted: Mapping[str, Any], random_state: Any) -> dict[str, Any]:
    """Return the training state in its compact form, see `TrainingState.to_plain`."""
    plain: dict[str, Any] = fitted["_training_state"]
    if "solver" not in plain:  # it is compact already
        return plain
    states = TrainingState.of_fitted(fitted, random_state)
    return states_to_plain(states, random_state, compact=True)


def versions() -> dict[str, str]:
    """Return the versions of sknn, Python, NumPy and scikit-learn."""
    return {
        "sknn": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
    }


def _fixed_width(classes: Any) -> Any:
    """Convert string labels of dtype object to fixed width, in an array or in a list of them."""
    if isinstance(classes, list):
        return [_fixed_width(column) for column in classes]
    is_text = classes.dtype == object and all(isinstance(label, str) for label in classes.flat)
    return classes.astype(str) if is_text else classes
