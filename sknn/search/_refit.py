"""Final fits: the best candidate, and those of an ensemble, are fitted to all rows."""

import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sknn.search._evaluation import SearchData, network_of
from sknn.search.ensemble import Member

#: A fit to all rows takes so many times as long as one to a fold, at most.
ALL_ROWS = 1.3


def for_all_rows(estimator: Any, n_epochs: float | None) -> Any:
    """Return an unfitted copy of a candidate, with a number of epochs instead of early stopping."""
    estimator = clone(estimator)
    if n_epochs is not None:
        network_of(estimator).set_params(early_stopping=False, max_iter=max(1, round(n_epochs)))
    return estimator


def refit_members(
    members: Sequence[Member],
    estimators: Sequence[Any],
    data: SearchData,
    *,
    n_jobs: int | None,
    deadline: float,
) -> list[Member]:
    """Return the members with `refitted`, as far as there is time; the first come first.

    Parameters
    ----------
    members : sequence of Member
        From large weights to small.
    estimators : sequence of estimators
        Those to be fitted, one for each member; members with `refitted` stay as they are.
    data : SearchData
        The rows, and the parameters of `fit`.
    n_jobs : int or None
        Number of processes.
    deadline : float
        No fit begins that would last longer, by the system's clock, judging by those of the folds.
    """
    left = [i for i, member in enumerate(members) if member.refitted is None]
    results = Parallel(n_jobs=n_jobs)(
        delayed(_fit)(estimators[i], data, deadline - ALL_ROWS * members[i].fit_time) for i in left
    )
    refitted = list(members)
    for i, result in zip(left, results, strict=True):
        refitted[i] = replace(members[i], refitted=result)
    return refitted


def _fit(estimator: Any, data: SearchData, latest_start: float) -> Any:
    """Return the fitted estimator, or None if it is too late."""
    if time.time() > latest_start:
        return None
    with warnings.catch_warnings():  # the number of epochs was chosen
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(data.X, data.y, **data.fit_params)
