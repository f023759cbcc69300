"""Checks, before anything is trained, that the candidates of an ensemble can be averaged."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from sknn.search._evaluation import network_of
from sknn.search.ensemble import NO_PROBABILITIES


def classes_of(estimator: Any, y: Any) -> Any:
    """Return the classes of y; None if the estimator is a regressor.

    Raises
    ------
    ValueError
        If there are several columns of classes.
    """
    if not is_classifier(estimator):
        return None
    if np.ndim(y) != 1:
        raise ValueError("ensemble=True needs a single column of classes.")
    return np.unique(np.asarray(y))


def quantile_of(estimator: Any) -> float | None:
    """Return the quantile that an estimator predicts; None if it predicts the mean.

    Raises
    ------
    ValueError
        If it predicts several.
    """
    mlp = network_of(estimator)
    loss = getattr(mlp, "loss", None)
    if not isinstance(loss, str) or is_classifier(estimator):
        return None
    if loss == "quantile" and np.ndim(mlp.quantile):
        raise ValueError(
            "ensemble=True averages one prediction for each target, but quantile lists "
            f"{len(mlp.quantile)}."
        )
    return {"absolute_error": 0.5, "quantile": getattr(mlp, "quantile", None)}.get(loss)


def check_quantiles(estimators: Sequence[Any]) -> None:
    """Check that all candidates of an ensemble predict the mean, or the same quantile.

    Raises
    ------
    ValueError
        If they do not.
    """
    kinds = {quantile_of(one) for one in estimators}
    if len(kinds) > 1:
        named = ", ".join("the mean" if one is None else f"quantile {one}" for one in kinds)
        raise ValueError(
            f"ensemble=True averages predictions of one kind, but candidates predict {named}. "
            "Search one loss, and one quantile, at a time."
        )


def check_ensemble(estimator: Any, others: Sequence[Any], n_splits: int) -> None:
    """Check, before training, that predictions can be averaged, and scored by other folds.

    Raises
    ------
    ValueError
        If they cannot.
    """
    quantile_of(estimator)
    classify = is_classifier(estimator)
    for one in [estimator, *others]:
        if is_classifier(one) != classify:
            kind = "classifiers" if classify else "regressors"
            raise ValueError(f"An ensemble of {kind} cannot have {one!r}.")
        if classify and not hasattr(one, "predict_proba"):
            raise ValueError(NO_PROBABILITIES.format(one))
    if n_splits < 2:
        raise ValueError(
            "ensemble=True chooses weights by other splits than those that score them: cv must "
            f"give two splits or more, got {n_splits}."
        )
