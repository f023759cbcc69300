"""Successive halving: all candidates train a little, the best ones go on.

Jamieson and Talwalkar (2016), "Non-stochastic Best Arm Identification and Hyperparameter
Optimization", with epochs as the resource, as in Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar
(2018), "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization".
"""

import math
from collections.abc import Sequence

import numpy as np

from sknn.engine._typing import Array


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
    if min_epochs is None:
        n_rungs = 1 + int(math.log(n_candidates, factor) + 1e-9)
        limits = [round(max_epochs * factor ** (r + 1 - n_rungs)) for r in range(n_rungs - 1)]
    else:
        n_rungs = 1 + max(0, math.ceil(math.log(max_epochs / min_epochs, factor) - 1e-9))
        limits = [round(min_epochs * factor**r) for r in range(n_rungs - 1)]
    rising = sorted({epochs for epochs in limits if 1 <= epochs < max_epochs})
    return [*rising, None]


def best_candidates(scores: Array, factor: float) -> list[int]:
    """Return the numbers of the candidates that go on: those with the highest scores, in order.

    Parameters
    ----------
    scores : array of shape (n_candidates,)
        Their mean scores; NaN is the lowest.
    factor : float
        One in `factor` goes on, at least one.
    """
    n = max(1, math.ceil(len(scores) / factor))
    order = np.argsort(-np.nan_to_num(scores, nan=-np.inf, neginf=-np.inf), kind="stable")
    return sorted(order[:n].tolist())


def rank(scores: Array, rungs: Sequence[int]) -> Array:
    """Return ranks from 1 on: who came further comes first, then the higher score.

    Parameters
    ----------
    scores : array of shape (n_candidates,)
        Their mean scores; NaN is the lowest.
    rungs : sequence of int
        The last rung of each.
    """
    keys = list(zip(rungs, np.nan_to_num(scores, nan=-np.inf, neginf=-np.inf), strict=True))
    ordered = sorted(keys, reverse=True)
    return np.array([1 + ordered.index(key) for key in keys], dtype=np.int32)
