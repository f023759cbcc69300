"""Conformal prediction from cross-validation (CV+): intervals and sets with a stated coverage.

K folds split the n calibration rows; row i has a score from the networks that were not trained on
its fold, and each new row has K predictions. All functions are functions of arrays. Rows count
equally, and all numbers are finite.

With ``alpha = 1 - coverage``, a new row is covered with a probability of at least

    1 - 2 alpha - min(2 (1 - 1/K) / (n/K + 1), (1 - K/n) / (K + 1)) >= 1 - 2 alpha - sqrt(2/n)

([1]_, theorem 4; [2]_ for sets of classes; [3]_ for other scores), and in practice of about
``1 - alpha``: only unstable training, whose predictions change much from fold to fold, comes near
the bound. By class, n counts the rows of that class. The probability is over the training data and
the new row together; it is not that of each x. It holds if

- the n rows and the new one are exchangeable (independent draws of one distribution are), and
  training does not depend on their order, except by random shuffling;
- the folds have n/K rows each, and do not depend on X and y. With stratified folds, or folds of
  nearly equal size, the statement is an approximation;
- nothing was chosen on the rows that calibrate: no epoch, no candidate of a search, no temperature,
  no amount of smoothing. What is chosen for fold k is chosen on the other folds.

References
----------
.. [1] Barber, Candes, Ramdas and Tibshirani (2021), "Predictive inference with the jackknife+".
.. [2] Romano, Sesia and Candes (2020), "Classification with valid and adaptive coverage".
.. [3] Gupta, Kuchibhotla and Ramdas (2022), "Nested conformal prediction and quantile out-of-bag
   ensemble methods".
.. [4] Romano, Patterson and Candes (2019), "Conformalized quantile regression".
.. [5] Sadinle, Lei and Wasserman (2019), "Least ambiguous set-valued classifiers with bounded
   error levels".
.. [6] Vovk (2012), "Conditional validity of inductive conformal predictors".
"""

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np

from sknn.engine._typing import Array

#: Coverages are compared with multiples of 1 / (n + 1) up to this: 0.9 of 10 ranks is rank 9.
TOLERANCE = 1e-9


def absolute_residuals(y: Array, prediction: Array) -> Array:
    """Return the scores ``|y - prediction|``."""
    return np.abs(y - prediction)


def quantile_scores(y: Array, low: Array, high: Array) -> Array:
    """Return ``max(low - y, y - high)`` [4]_: negative between low and high, else positive."""
    return np.maximum(low - y, y - high)


def class_scores(proba: Array) -> Array:
    """Return the score of each class, ``1 - p`` [5]_, in the shape of the probabilities."""
    return 1 - proba


def max_coverage(n: int) -> float:
    """Return the highest coverage that n calibration rows can give, ``n / (n + 1)``."""
    return n / (n + 1)


def check_coverage(coverage: float, n: int, label: Any = None) -> None:
    """Raise an error unless n calibration rows, those of a class if it is named, can give it.

    Raises
    ------
    ValueError
        If coverage is not in (0, 1), or above ``max_coverage(n)``.
    """
    if not isinstance(coverage, Real):
        raise TypeError(f"coverage must be a number in (0, 1), got {coverage!r}.")
    if not 0 < coverage < 1:
        raise ValueError(f"coverage must be in (0, 1), got {coverage}.")
    if _rank(coverage, n) > n:
        lowest = coverage - TOLERANCE
        needed = math.ceil(lowest / (1 - lowest))
        rows = "rows" if label is None else f"rows of class {label!r}"
        highest = 10**4 * n // (n + 1) / 10**4  # rounded down, so that it can be passed
        advice = f"Lower it to at most {highest}, or train" if highest else "Train"
        raise ValueError(
            f"coverage={coverage} needs at least {needed} calibration {rows}, got {n}. {advice} on "
            f"more {rows}."
        )


def check_class_coverage(coverage: float, labels: Array, classes: Iterable[Any]) -> None:
    """Raise an error unless each class has enough calibration rows; labels are their indices.

    Raises
    ------
    ValueError
        If coverage is not in (0, 1), or above ``max_coverage`` of the rows of a class.
    """
    for index, label in enumerate(classes):
        check_coverage(coverage, int(np.count_nonzero(labels == index)), label)


def interval_ends(lower: Array, upper: Array, scores: Array, fold: Array, coverage: float) -> Array:
    """Return the CV+ prediction intervals of one output.

    With ``alpha = 1 - coverage``, the ends are the ``floor(alpha (n + 1))``-th smallest of
    ``lower[fold[i]] - scores[i]`` and the ``ceil((1 - alpha) (n + 1))``-th smallest of
    ``upper[fold[i]] + scores[i]``, over i.

    Parameters
    ----------
    lower, upper : array of shape (n_folds, n_new)
        Predictions for the new rows by the networks of each fold: twice the same with
        `absolute_residuals`, a low and a high quantile with `quantile_scores`.
    scores : array of shape (n,)
        Scores of the calibration rows, by the networks that were not trained on them.
    fold : array of shape (n,) of int
        The fold that each calibration row is in.
    coverage : float
        In (0, 1), at most ``max_coverage(n)``.

    Returns
    -------
    array of shape (n_new, 2)
        Lower and upper ends.

    Raises
    ------
    ValueError
        If n rows cannot give this coverage.

    Notes
    -----
    The lower end can be above the upper one: if scores are negative, as those of quantiles can be,
    or where the folds disagree and the coverage is below 1/2. No y conforms then. Both ends become
    the midpoint, the interval whose ends are nearest in squared distance; it covers no less than
    the empty one, so the guarantee holds. All other intervals are nested: one of a higher coverage
    contains one of a lower.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.targets.conformal import interval_ends
    >>> prediction = np.array([[10.0], [20.0]])
    >>> interval_ends(prediction, prediction, np.array([1, 2, 3, 4]), np.array([0, 0, 1, 1]), 0.8)
    array([[ 8., 24.]])
    """
    check_coverage(coverage, len(scores))
    by_fold = _sorted_by_fold(-scores, fold, len(lower))
    rank = len(scores) + 1 - _rank(coverage, len(scores))
    low = _smallest(lower, by_fold, rank)
    high = -_smallest(-upper, by_fold, rank)
    middle = low / 2 + high / 2
    is_empty = low > high
    return np.column_stack([np.where(is_empty, middle, low), np.where(is_empty, middle, high)])


def class_sets(
    scores_new: Array, scores: Array, fold: Array, coverage: float, labels: Array | None = None
) -> Array:
    """Return the CV+ prediction sets of classes.

    Class y is in the set of x if fewer than ``coverage * (n + 1)`` calibration rows i have a score
    below that of (x, y) by the networks of the same fold, ``scores_new[fold[i]]``. With labels,
    only the n rows of class y count for class y, so that the coverage holds in each class [6]_.

    Parameters
    ----------
    scores_new : array of shape (n_folds, n_new, n_classes)
        Scores of each class for the new rows, by the networks of each fold.
    scores : array of shape (n,)
        Scores of the calibration rows and their own classes, by the networks that were not trained
        on them.
    fold : array of shape (n,) of int
        The fold that each calibration row is in.
    coverage : float
        In (0, 1), at most ``max_coverage(n)``.
    labels : array of shape (n,) of int, optional
        Indices of the classes of the calibration rows, for the same coverage in each class.

    Returns
    -------
    array of shape (n_new, n_classes) of bool
        Whether each class is in the set. A set can be empty; a higher coverage has larger sets.

    Raises
    ------
    ValueError
        If n rows, or those of a class, cannot give this coverage.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.targets.conformal import class_scores, class_sets
    >>> proba = np.array([[[0.7, 0.25, 0.05]]])  # one fold, one new row
    >>> scores = class_scores(np.array([0.9, 0.8, 0.5, 0.2]))
    >>> class_sets(class_scores(proba), scores, np.zeros(4, int), 0.8)
    array([[ True,  True, False]])
    """
    if labels is None:
        check_coverage(coverage, len(scores))
        return _is_conforming(scores_new, scores, fold, coverage)
    classes = range(scores_new.shape[2])
    check_class_coverage(coverage, labels, classes)
    of_class = [labels == label for label in classes]
    return np.column_stack(
        [
            _is_conforming(scores_new[:, :, label], scores[rows], fold[rows], coverage)
            for label, rows in enumerate(of_class)
        ]
    )


def _rank(coverage: float, n: int) -> int:
    """Return ``ceil(coverage * (n + 1))``, exact for decimals and fractions; at least 1."""
    return max(1, math.ceil((coverage - TOLERANCE) * (n + 1)))


def _is_conforming(scores_new: Array, scores: Array, fold: Array, coverage: float) -> Array:
    """Return whether fewer rows than the rank have a smaller score, shape scores_new.shape[1:]."""
    n_smaller = np.zeros(scores_new.shape[1:], int)
    for new, own in zip(scores_new, _sorted_by_fold(scores, fold, len(scores_new)), strict=True):
        n_smaller += np.searchsorted(own, new)
    return n_smaller < _rank(coverage, len(scores))


def _sorted_by_fold(scores: Array, fold: Array, n_folds: int) -> list[Array]:
    """Return the scores of each fold in ascending order."""
    return [np.sort(scores[fold == k]) for k in range(n_folds)]


def _smallest(shifts: Array, by_fold: list[Array], rank: int) -> Array:
    """Return for each column the rank-th smallest of ``shifts[k] + by_fold[k]`` over all k.

    Among the values at `step` places from the start of each fold's sorted list, the smallest has at
    most ``K (step - 1) + 1 <= rank`` values up to it: its whole step is among those sought, and is
    skipped. That takes about ``K log(rank)`` rounds of a few operations for each fold and column.
    """
    n_folds, longest = len(by_fold), max(map(len, by_fold))
    dtype = np.result_type(shifts, by_fold[0])
    values = np.full((n_folds, longest + 1), np.inf, dtype)
    for row, own in zip(values, by_fold, strict=True):
        row[: len(own)] = own
    folds, columns = np.arange(n_folds)[:, None], np.arange(shifts.shape[1])
    start = np.zeros(shifts.shape, int)
    while rank > 1:
        step = max(1, (rank - 1) // n_folds)
        ends = shifts + values[folds, np.minimum(start + step - 1, longest)]
        start[ends.argmin(axis=0), columns] += step
        rank -= step
    return (shifts + values[folds, start]).min(axis=0)
