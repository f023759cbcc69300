"""Successive halving: all candidates train a little, the best ones continue.

Jamieson and Talwalkar (2016), "Non-stochastic Best Arm Identification and Hyperparameter
Optimization", with epochs as the resource, as in Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar
(2018), "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization".
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sklearn.base import clone

from sknn.engine._typing import Array
from sknn.search._evaluation import Evaluation, Fit, is_batched, n_epochs_of, network_of
from sknn.search._run import SearchRun

#: The logarithm to the base `factor` of the candidates in a bracket.
BRACKET_RUNGS = 3


def rung_epochs(
    n_candidates: int, factor: float, min_epochs: int | None, max_epochs: int
) -> list[int | None]:
    """Return the number of epochs at the end of each rung; None, without a limit, is the last.

    Parameters
    ----------
    n_candidates : int
        Number of candidates in the first rung.
    factor : float
        In each further rung there are so many times fewer candidates, with so many times more
        epochs.
    min_epochs : int or None
        Number of epochs of the first rung. With None there are as many rungs as leave one candidate
        or more.
    max_epochs : int
        Number of epochs of an uninterrupted fit.
    """
    limits: list[float] = []
    if min_epochs is None:
        epochs, n = max_epochs / factor, n_candidates / factor
        while epochs >= 1 and n >= 1:
            limits.append(epochs)
            epochs, n = epochs / factor, n / factor
    else:
        epochs = float(min_epochs)
        while epochs < max_epochs:
            limits.append(epochs)
            epochs *= factor
    rising = sorted({one for one in map(round, limits) if 1 <= one < max_epochs})
    return [*rising, None]


def best_candidates(scores: Array, factor: float) -> list[int]:
    """Return the numbers of the candidates that continue: those with the highest scores, in order.

    Parameters
    ----------
    scores : array of shape (n_candidates,)
        Their mean scores; NaN is the lowest.
    factor : float
        One in `factor` continues, at least one.
    """
    n = max(1, math.ceil(len(scores) / factor))
    order = np.argsort(-np.nan_to_num(scores, nan=-np.inf, neginf=-np.inf), kind="stable")
    return sorted(order[:n].tolist())


def rank(scores: Array, rungs: Sequence[int]) -> Array:
    """Return ranks from 1 on, by the last rung and then by the score; NaN comes last.

    Parameters
    ----------
    scores : array of shape (n_candidates,)
        Their mean scores; NaN is the lowest.
    rungs : sequence of int
        The last rung of each.
    """
    known = ~np.isnan(scores)
    keys = list(zip(known, rungs, np.where(known, scores, -np.inf), strict=True))
    ordered = sorted(keys, reverse=True)
    return np.array([1 + ordered.index(key) for key in keys], dtype=np.int32)


def evaluate_in_brackets(
    run: SearchRun,
    estimators: Sequence[Any],
    factor: float | None,
    min_epochs: int | None,
    mean_score: Callable[[Sequence[Evaluation]], float],
    *,
    divide: bool,
) -> tuple[dict[int, list[Evaluation]], dict[int, int]]:
    """Evaluate all candidates in the rungs of one bracket or several, one after the other.

    Parameters
    ----------
    run, estimators, mean_score : object
        As for `evaluate_in_rungs`.
    factor : float or None
        As for `rung_epochs`; with None there is a single rung, and all candidates train to the end.
    min_epochs : int or None
        As for `rung_epochs`.
    divide : bool
        Whether there are several brackets, so that some candidates are trained to their end before
        time is over.

    Returns
    -------
    latest, rung_of : dict
        As for `evaluate_in_rungs`.
    """
    size = len(estimators)
    if factor is not None and divide:
        size = min(size, round(factor**BRACKET_RUNGS))
    limits: list[int | None] = [None]
    if factor is not None:
        limits = rung_epochs(size, factor, min_epochs, longest_fit(run, estimators))
    latest: dict[int, list[Evaluation]] = {}
    rung_of: dict[int, int] = {}
    for start in range(0, len(estimators), size):
        numbers = list(range(start, min(start + size, len(estimators))))
        found = evaluate_in_rungs(run, estimators, numbers, limits, factor or 1, mean_score)
        latest |= found[0]
        rung_of |= found[1]
        if run.has_ended:
            break
    return latest, rung_of


def longest_fit(run: SearchRun, estimators: Sequence[Any]) -> int:
    """Return the largest number of epochs of an uninterrupted fit; 0 if none is batched."""
    known: dict[Any, int] = {}
    for c, estimator in enumerate(estimators):
        fit = Fit(c, 0, estimator)
        key = network_of(estimator).max_iter, fit.group
        if key not in known and is_batched(fit, run.data):
            known[key] = n_epochs_of(fit, run.cache)
    return max(known.values(), default=0)


def evaluate_in_rungs(
    run: SearchRun,
    estimators: Sequence[Any],
    numbers: Sequence[int],
    limits: Sequence[int | None],
    factor: float,
    mean_score: Callable[[Sequence[Evaluation]], float],
) -> tuple[dict[int, list[Evaluation]], dict[int, int]]:
    """Evaluate candidates, of which the best ones continue in the next rung.

    Parameters
    ----------
    run : SearchRun
        Evaluates fits.
    estimators : sequence of estimator
        All candidates.
    numbers : sequence of int
        Those that are evaluated.
    limits : sequence of int or None
        The numbers of epochs at the end of the rungs.
    factor : float
        As for `best_candidates`.
    mean_score : callable
        The score of the evaluations of a candidate.

    Returns
    -------
    latest : dict
        The latest evaluations of each candidate all of whose splits were evaluated, by its number.
    rung_of : dict
        The last rung of each that was finished: if time ends one, its candidates are compared with
        those that it has not reached.
    """
    latest: dict[int, list[Evaluation]] = {}
    alive, rung_of = list(numbers), dict[int, int]()
    for rung, limit in enumerate(limits):
        found = evaluate_rung(run, estimators, alive, latest, limit)
        latest |= found
        if len(found) == len(alive) or not rung_of:  # a rung that time has ended has no ranks
            rung_of |= dict.fromkeys(found, rung)
        if run.has_ended or limit is None:
            break
        scores = np.array([mean_score(found[c]) for c in alive])
        leaving, alive = alive, [alive[i] for i in best_candidates(scores, factor)]
        for c in set(leaving) - set(alive):  # nothing continues from there
            latest[c] = [replace(one, progress=None) for one in latest[c]]
    return latest, rung_of


def evaluate_rung(
    run: SearchRun,
    estimators: Sequence[Any],
    alive: Sequence[int],
    known: Mapping[int, Sequence[Evaluation]],
    limit: int | None,
) -> dict[int, list[Evaluation]]:
    """Return the evaluations of the candidates all of whose fits were completed in a rung."""
    n_splits = len(run.data.splits)
    done: dict[tuple[int, int], Evaluation] = {}
    fits = []
    for c in alive:
        before = known.get(c, [None] * n_splits)
        for k, earlier in enumerate(before):
            if earlier is not None and not earlier.is_partial:
                done[c, k] = earlier
            else:
                progress = earlier.progress if earlier else None
                fits.append(Fit(c, k, clone(estimators[c]), progress))
    for one in run.evaluate(fits, limit):
        c, k = one.fit.candidate, one.fit.split
        seconds = one.scores["fit_time"]
        if c in known:  # that of earlier rungs, too
            seconds += known[c][k].scores["fit_time"]
        done[c, k] = replace(one, scores={**one.scores, "fit_time": seconds})
    complete = [c for c in alive if all((c, k) in done for k in range(n_splits))]
    return {c: [done[c, k] for k in range(n_splits)] for c in complete}
