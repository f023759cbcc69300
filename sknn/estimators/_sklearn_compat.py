"""Every private name of scikit-learn that this package uses, and nothing else."""

from collections.abc import Sequence
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.base import _fit_context as fit_context
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions
from sklearn.utils.validation import _check_sample_weight as check_sample_weight

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Stands in where scikit-learn has no callbacks."""


def callbacks_of(estimator: BaseEstimator) -> Sequence[Any]:
    """Return scikit-learn's callbacks of an estimator."""
    return getattr(estimator, "_skl_callbacks", [])


def callback_context(estimator: BaseEstimator, max_subtasks: int | None) -> Any:
    """Return the root task of a fit for scikit-learn's callbacks; None if there are none."""
    if not callbacks_of(estimator):
        return None
    return estimator._init_callback_context(max_subtasks=max_subtasks)


def complete_mlp(mlp: Any, labels: Any) -> None:
    """Set what scikit-learn's MLP keeps to itself after a fit, as if it had just begun.

    Parameters
    ----------
    mlp : sklearn.neural_network.MLPClassifier or MLPRegressor
        With all public attributes of a fit.
    labels : sklearn.preprocessing.LabelBinarizer or None
        Fitted to the classes; None for a regressor.
    """
    if labels is not None:
        mlp._label_binarizer = labels
    mlp._random_state = check_random_state(mlp.random_state)
    mlp._no_improvement_count = 0
    mlp._best_coefs = [W.copy() for W in mlp.coefs_]
    mlp._best_intercepts = [W0.copy() for W0 in mlp.intercepts_]


__all__ = [
    "CallbackSupportMixin",
    "HasMethods",
    "Interval",
    "Options",
    "StrOptions",
    "callback_context",
    "callbacks_of",
    "check_sample_weight",
    "complete_mlp",
    "fit_context",
    "safe_indexing",
]
