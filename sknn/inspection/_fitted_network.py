"""The check that an object is a fitted estimator of this package."""

from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn.estimators.base import BaseMLP


def check_network(estimator: Any, caller: str) -> Any:
    """Return the estimator if it is a fitted one of this package, for a public `caller`.

    Raises
    ------
    TypeError
        If it is another object; for a pipeline or a search the message says what to pass.
    NotFittedError
        If it is not fitted.
    """
    if isinstance(estimator, type):
        raise TypeError(f"{caller} needs a fitted estimator, got the class {estimator.__name__}.")
    if not isinstance(estimator, BaseMLP):
        hint = ""
        if isinstance(estimator, Pipeline):
            hint = " Pass the last step, pipeline[-1], and pipeline[:-1].transform(X)."
        elif hasattr(estimator, "best_estimator_"):
            hint = " Pass its best_estimator_."
        raise TypeError(
            f"{caller} needs an MLPClassifier, MLPRegressor, TabularMLPClassifier or "
            f"TabularMLPRegressor, got {type(estimator).__name__}.{hint}"
        )
    check_is_fitted(estimator)
    return estimator
