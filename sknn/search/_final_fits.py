"""FinalFits: the best candidate, and those of an ensemble, are fitted to all rows."""

import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from joblib import Parallel, delayed, effective_n_jobs
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning

from sknn.estimators.base import BaseMLP
from sknn.search._calibration import with_temperature
from sknn.search._evaluation import SearchData, network_of
from sknn.search._run import SearchRun
from sknn.search._selection import Candidate
from sknn.search.ensemble import Member, SearchEnsemble

#: Assumed least ratio of the time of a fit to all rows to that of one to the rows of a fold.
REFIT_TIME_RATIO = 1.3

#: Least and largest number of networks of all rows: fewer are no better than those of the folds,
#: and more are hardly better.
MIN_NETWORKS, MAX_NETWORKS = 2, 10

#: Words in the warnings of a fit whose network is not used.
DIVERGED, INTERRUPTED = "diverged", "interrupted"


@dataclass
class FinalFits:
    """Fits of candidates to all rows.

    Candidates whose training ended early in a rung are trained for as many epochs. In a search in
    rungs, early stopping is replaced by the number of epochs that was best for all folds together.
    """

    run: SearchRun
    n_epochs: bool  # whether epochs replace early stopping, as in a search in rungs
    deadline: float  # of the ensemble, by the system's clock
    time_ratio: float = REFIT_TIME_RATIO

    def fit_best(self, best: Candidate) -> tuple[Any, float]:
        """Return the best candidate, fitted, or None on Ctrl-C, and the seconds that it took.

        One whose training ended early, because time was over, is trained to its end; with a
        schedule that has a horizon, it is the schedule of the rung that was scored.
        """
        start = time.perf_counter()
        data = self.run.data
        estimator, params = self._prepare(
            best, None if best.can_continue else self._epochs_of(best)
        )
        arguments = (data.X,) if data.y is None else (data.X, data.y)
        with warnings.catch_warnings(record=True) as caught, self.run.callbacks.fitting(estimator):
            warnings.simplefilter("always")
            try:
                estimator.fit(*arguments, **params)
            except KeyboardInterrupt:
                estimator, self.run.is_interrupted = None, True
        for one in caught:
            self.run.is_interrupted |= is_about(one, INTERRUPTED)
            warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
        seconds = time.perf_counter() - start
        self.time_ratio = max(REFIT_TIME_RATIO, seconds / max(best.fit_time, 1e-9))
        return estimator, seconds

    def fit_members(
        self, ensemble: SearchEnsemble, candidates: Sequence[Candidate]
    ) -> SearchEnsemble:
        """Return the ensemble with members that are fitted to all rows.

        In the place of a network a fold there are as many networks of all rows, `n_members`, unless
        the candidate has members of its own, or fewer if there is little time. Members for which
        there is no time, or whose fit fails or diverges, stay as they are, and predict by the
        estimators of the folds. There is a warning about those that fail.

        Parameters
        ----------
        ensemble : SearchEnsemble
            That of the folds.
        candidates : sequence of Candidate
            Those that its members refer to.
        """
        run, members = self.run, list[Member]()
        results: list[tuple[Any, str]] = []
        if not (run.is_interrupted or run.callbacks.asks_to_end):
            times = [self._time_of(candidates[one.number]) for one in ensemble.members_]
            available = (self.deadline - time.time()) * effective_n_jobs(run.n_jobs)
            n_networks = min(len(run.data.splits), MAX_NETWORKS)
            n_networks, numbers = fits_in_time(times, n_networks, available)
            members = [ensemble.members_[i] for i in numbers]
            work = (delayed(_fit)(*self._work(candidates[m.number], n_networks)) for m in members)
            with suppress(KeyboardInterrupt):
                for result in Parallel(n_jobs=run.n_jobs, return_as="generator")(work):
                    if run.is_interrupted:
                        break
                    run.is_interrupted = INTERRUPTED in result[1]
                    results.append(result)
        failures = [error for _, error in results if error and INTERRUPTED not in error]
        if failures:
            warnings.warn(
                f"{len(failures)} of {len(ensemble.members_)} members of the ensemble could not be "
                "fitted to all rows, and predict by the estimators of the folds. The first "
                f"reason: {failures[0]}",
                FitFailedWarning,
                stacklevel=4,
            )
        fitted = {
            member.number: with_temperature(estimator, member.temperature)
            for member, (estimator, _) in zip(members, results, strict=False)
            if estimator is not None
        }
        return ensemble.with_refitted(fitted)

    def _time_of(self, candidate: Candidate) -> tuple[float, bool]:
        """Return the seconds of a fit to all rows, and whether it can have several networks."""
        mlp = network_of(candidate.estimator)
        is_single = isinstance(mlp, BaseMLP) and mlp.cv is None and mlp.n_members in (1, "auto")
        return self.time_ratio * candidate.fit_time, is_single

    def _work(
        self, candidate: Candidate, n_networks: int
    ) -> tuple[Any, SearchData, dict[str, Any], float]:
        """Return the arguments of `_fit` for a candidate."""
        estimator, params = self._prepare(candidate, self._epochs_of(candidate))
        seconds, is_single = self._time_of(candidate)
        if is_single:
            network_of(estimator).set_params(n_members=n_networks)
            seconds *= n_networks
        return estimator, self.run.data, params, self.deadline - seconds

    def _epochs_of(self, candidate: Candidate) -> int | None:
        """Return the number of epochs for all rows; None if it is that of the parameters."""
        if candidate.is_partial or (self.n_epochs and candidate.stops_by_score):
            return candidate.n_epochs
        return None

    def _prepare(self, candidate: Candidate, n_epochs: int | None) -> tuple[Any, dict[str, Any]]:
        """Return an unfitted copy of a candidate, and the parameters of its `fit`."""
        estimator, params = clone(candidate.estimator), dict(self.run.data.fit_params)
        if n_epochs is not None:
            mlp = network_of(estimator)
            mlp.set_params(early_stopping=False, max_iter=n_epochs)
            params.pop("groups", None)  # of the rows that early stopping would hold back
        return estimator, params


def fits_in_time(
    times: Sequence[tuple[float, bool]], n_networks: int, available: float
) -> tuple[int, list[int]]:
    """Return the number of networks of each fit, and the fits that are made, long ones first.

    If there is little time, each has fewer networks, down to `MIN_NETWORKS`, and then the last fits
    are left out.

    Parameters
    ----------
    times : sequence of (float, bool)
        For each fit, those with the largest weights first, the seconds with a single network, and
        whether it can have several.
    n_networks : int
        The largest number of networks.
    available : float
        Seconds, of all processors together.
    """

    def seconds(i: int, n: int) -> float:
        return times[i][0] * (n if times[i][1] else 1)

    numbers = range(len(times))
    least = min(n_networks, MIN_NETWORKS)
    n = n_networks
    while n > least and sum(seconds(i, n) for i in numbers) > available:
        n -= 1
    made, total = list[int](), 0.0
    for i in numbers:
        if total + seconds(i, n) <= available:
            total += seconds(i, n)
            made.append(i)
    return n, sorted(made, key=lambda i: -seconds(i, n))


def _fit(
    estimator: Any, data: SearchData, params: dict[str, Any], latest_start: float
) -> tuple[Any, str]:
    """Return the fitted estimator, or None and why there is none; "" if it is too late."""
    if time.time() > latest_start:
        return None, ""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            estimator.fit(data.X, data.y, **params)
        except Exception as error:
            return None, f"{type(error).__name__}: {error}"
    for one in caught:
        if is_about(one, DIVERGED) or is_about(one, INTERRUPTED):
            return None, str(one.message)
    return estimator, ""


def is_about(warning: warnings.WarningMessage, word: str) -> bool:
    """Return whether the training of a network ended in such a way."""
    return issubclass(warning.category, ConvergenceWarning) and word in str(warning.message)
