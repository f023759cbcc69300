"""Saving: an estimator as the contents of an archive, and back."""

import os
import platform
from typing import Any

import numpy as np
import sklearn
from sklearn.utils.validation import check_is_fitted

from sknn._version import __version__
from sknn.archives import Contents, replacing, write
from sknn.estimators._training_state import Memory, numbers_only, recalled_generator

#: What every fitted estimator has, and what some have. Nothing else is a part of the model: not who
#: is told of its training, what is routed to it, or what a user has put beside it.
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
SOMETIMES = {"feature_names_in_", "classes_", "learning_rates_"}


def save(estimator: Any, file: Any, *, training_state: bool) -> None:
    """Write a fitted estimator to a path or a binary file; see `BaseMLP.save`."""
    contents = contents_of(estimator)
    if "classes_" in contents.state:
        contents.state["classes_"] = _fixed_width(contents.state["classes_"])
    if not training_state:
        contents.state["_training_state"] = _without_training(estimator)
    if not isinstance(file, str | os.PathLike):
        write(file, contents)
        return
    with replacing(file) as part:
        write(part, contents)


def contents_of(estimator: Any, progress: dict[str, Any] | None = None) -> Contents:
    """Return what an archive of a fitted estimator holds, its training state included.

    Parameters
    ----------
    estimator : BaseMLP
        What is to be saved.
    progress : dict, optional
        If its fit is under way: plain data that tells how far it has come.

    Raises
    ------
    NotFittedError, TypeError
        If it is not fitted, or of a class that is not from this package.
    """
    check_is_fitted(estimator)
    need_own_class(estimator)
    estimator._validate_params()
    known = {*ALWAYS, *SOMETIMES}
    fitted = fitted_attributes(estimator)
    state = {name: value for name, value in fitted.items() if name in known}
    parameters = estimator.get_params(deep=False)
    return Contents(type(estimator).__name__, versions(), parameters, state, progress)


def need_own_class(estimator: Any) -> None:
    """Refuse an estimator of a class that is not from this package.

    Raises
    ------
    TypeError
        Naming it.
    """
    kind = type(estimator)
    if kind.__module__.partition(".")[0] != "sknn":
        raise TypeError(
            f"{kind.__qualname__} is a class of your own; files without code know those of sknn "
            "only. Use joblib to save it."
        )


def fitted_attributes(estimator: Any) -> dict[str, Any]:
    """Return all that `fit` has set, by name."""
    fitted = vars(estimator)
    return {name: fitted[name] for name in fitted if name.endswith("_") or name in ALWAYS}


def _without_training(estimator: Any) -> Memory:
    """Return what a plain fit leaves in the memory."""
    memory: Memory = estimator._training_state
    if "solver" not in memory:  # nothing else is left
        return memory
    return numbers_only(memory, recalled_generator(memory, estimator.random_state))


def versions() -> dict[str, str]:
    """Return the versions of what computes here."""
    return {
        "sknn": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
    }


def _fixed_width(classes: Any) -> Any:
    """Return labels of type object as text, for one column or a list of columns."""
    if isinstance(classes, list):
        return [_fixed_width(column) for column in classes]
    is_text = classes.dtype == object and all(isinstance(label, str) for label in classes)
    return classes.astype(str) if is_text else classes
