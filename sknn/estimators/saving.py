"""Saving: an estimator as the contents of an archive, and back."""

import os
import platform
from typing import Any

import numpy as np
import sklearn
from sklearn.utils.validation import check_is_fitted

from sknn.archives import Contents, replacing, write
from sknn.estimators.memory import numbers_only, recalled_generator
from sknn.stamp import __version__

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
    "_plan",
    "_memory",
}
SOMETIMES = {"feature_names_in_", "classes_"}


def save(estimator: Any, file: Any, *, training_state: bool) -> None:
    """Write a fitted estimator to a path or a binary file; see `BaseMLP.save`."""
    contents = contents_of(estimator, training_state=training_state)
    if not isinstance(file, str | os.PathLike):
        write(file, contents)
        return
    with replacing(file) as part:
        write(part, contents)


def contents_of(estimator: Any, *, training_state: bool) -> Contents:
    """Return what an archive of a fitted estimator holds.

    Raises
    ------
    NotFittedError, TypeError
        If it is not fitted, or of a class that is not from this package.
    """
    check_is_fitted(estimator)
    kind = type(estimator)
    if kind.__module__.partition(".")[0] != "sknn":
        raise TypeError(
            f"{kind.__qualname__} is a class of your own; save and load know those of sknn only. "
            "Use joblib for it."
        )
    estimator._validate_params()
    parameters = estimator.get_params(deep=False)
    state = {name: v for name, v in vars(estimator).items() if name in ALWAYS | SOMETIMES}
    memory = state["_memory"]
    if "solver" in memory and not training_state:
        rng = recalled_generator(memory, estimator.random_state)
        state["_memory"] = numbers_only(memory, rng)
    if "classes_" in state:
        state["classes_"] = _fixed_width(state["classes_"])
    return Contents(kind.__name__, versions(), parameters, state)


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
