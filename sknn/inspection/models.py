"""Which models can be looked into."""

from typing import Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from sknn.estimators.base import BaseMLP


def need_network(estimator: Any, what: str) -> Any:
    """Return the estimator if it is one of ours and fitted.

    Parameters
    ----------
    estimator : object
        What the user passed.
    what : str
        Who asks, for the message.

    Raises
    ------
    TypeError
        If it is no network; of a pipeline the message tells how to get at its network.
    NotFittedError
        If it is not fitted.
    """
    if isinstance(estimator, type):
        raise TypeError(f"{what} needs a fitted estimator, got the class {estimator.__name__}.")
    if not isinstance(estimator, BaseMLP):
        raise TypeError(
            f"{what} looks into MLPClassifier, MLPRegressor and the Tabular ones, got "
            f"{type(estimator).__name__}.{_hint(estimator)}"
        )
    check_is_fitted(estimator)
    return estimator


def _hint(estimator: Any) -> str:
    """Tell how to take a network out of what holds one."""
    if isinstance(estimator, Pipeline):
        return (
            " Pass the network of a pipeline, pipeline[-1], and inputs as it sees them, "
            "pipeline[:-1].transform(X)."
        )
    if hasattr(estimator, "best_estimator_"):
        return " Pass its best_estimator_."
    return ""
