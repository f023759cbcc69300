"""CV+ intervals and sets of classes, against their definitions and in simulations."""

import math
import re
import tracemalloc
from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sknn.targets.conformal import (
    absolute_residuals,
    check_class_coverage,
    check_coverage,
    class_scores,
    class_sets,
    interval_ends,
    max_coverage,
    quantile_scores,
)

COVERAGES = ["0.05", "0.2", "0.5", "0.6", "0.75", "0.8", "0.9", "0.95", "0.98", "0.99"]


def exact_rank(coverage, n):
    """Return ceil(coverage (n + 1)) of a decimal in exact arithmetic."""
    return math.ceil(Fraction(coverage) * (n + 1))


def possible(n):
    """Return the coverages that n rows can give."""
    return [coverage for coverage in COVERAGES if exact_rank(coverage, n) <= n]


def draw_folds(rng, n_folds, n, kind):
    """Return the fold of each row: equal, unequal, of one row each, or some without rows."""
    if kind == "equal":
        return rng.permutation(np.arange(n) % n_folds)
    if kind == "one row":
        return rng.permutation(n)
    share = rng.dirichlet(np.full(n_folds, 0.3 if kind == "some empty" else 3))
    return rng.choice(n_folds, n, p=share)


def draw(seed, kind, dtype=np.float64, *, ties=False):
    """Return predictions of two quantiles, scores of both signs and the fold of each row."""
    rng = np.random.default_rng(seed)
    n_folds, n, n_new = rng.integers(1, 9), rng.integers(19, 80), rng.integers(1, 12)
    if kind == "one row":
        n_folds = n
    fold = draw_folds(rng, n_folds, n, kind)
    lower = rng.normal(size=(n_folds, n_new))
    upper = lower + rng.exponential(size=lower.shape)
    scores = rng.normal(0.5, size=n)
    if ties:
        lower, upper, scores = np.round(lower), np.round(upper), np.round(scores)
    return *(array.astype(dtype) for array in (lower, upper, scores)), fold


def defined_ends(lower, upper, scores, fold, coverage):
    """Return the interval from all n x n_new values, by its definition in exact ranks."""
    n, rank = len(scores), exact_rank(coverage, len(scores))
    low = np.sort(lower[fold] - scores[:, None], axis=0)[n - rank]
    high = np.sort(upper[fold] + scores[:, None], axis=0)[rank - 1]
    return np.column_stack([np.where(low > high, (low + high) / 2, end) for end in (low, high)])


def defined_sets(scores_new, scores, fold, coverage, labels=None):
    """Return the sets by counting, one row and class after the other."""
    sets = np.empty(scores_new.shape[1:], bool)
    for row, label in np.ndindex(sets.shape):
        counted = [i for i in range(len(scores)) if labels is None or labels[i] == label]
        below = sum(scores[i] < scores_new[fold[i], row, label] for i in counted)
        sets[row, label] = below < Fraction(coverage) * (len(counted) + 1)
    return sets


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("kind", ["equal", "unequal", "one row", "some empty"])
def test_interval_ends_follow_their_definition(kind, ties, dtype, seed):
    """To the last bit, whatever the folds."""
    case = draw(seed, kind, dtype, ties=ties)
    for coverage in possible(len(case[2])):
        ends = interval_ends(*case, float(coverage))
        assert ends.dtype == dtype
        assert_allclose(ends, defined_ends(*case, coverage), rtol=2 * np.finfo(dtype).eps)
        is_empty = ends[:, 0] == ends[:, 1]
        assert_array_equal(ends[~is_empty], defined_ends(*case, coverage)[~is_empty])


def test_sums_are_exact_where_rounding_makes_ties():
    """Scores that vanish beside the predictions, and neighbours of one rounding."""
    rng = np.random.default_rng(0)
    prediction = 1e8 + rng.integers(-2, 3, (4, 50)).astype(float)
    scores, fold = np.abs(rng.normal(scale=1e-8, size=60)), rng.integers(0, 4, 60)
    ends = interval_ends(prediction, prediction, scores, fold, 0.9)
    assert_array_equal(ends, defined_ends(prediction, prediction, scores, fold, "0.9"))


def test_interval_ends_by_hand():
    """Two folds of two rows: 1 < alpha 5 < 2, and values 9, 8, 17, 16 and 11, 12, 23, 24."""
    prediction = np.array([[10.0], [20.0]])
    case = prediction, prediction, np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, 0, 1, 1])
    assert_array_equal(interval_ends(*case, 0.8), [[8, 24]])
    assert_array_equal(interval_ends(*case, 0.61), [[8, 24]])
    assert_array_equal(interval_ends(*case, 0.6), [[9, 23]])
    assert_array_equal(interval_ends(*case, 0.4), [[14, 14]])  # 16 > 12


@pytest.mark.parametrize("n", [9, 19, 29, 49, 99, 199, 999, 99_999])
def test_ranks_at_exact_coverages(n):
    """0.9 of n + 1 = 100 ranks is rank 90; a little more is rank 91."""
    scores, zero = np.arange(1.0, n + 1), np.zeros((1, 1))
    for coverage in [*possible(n), str(1 - 0.1), str(1 - 0.2), str(0.1 + 0.2), str(1 - 0.7)]:
        rank = exact_rank(str(round(float(coverage), 12)), n)
        for near in (float(coverage), *np.nextafter(float(coverage), [0, 1])):
            ends = interval_ends(zero, zero, scores, np.zeros(n, int), near)[0]
            assert_array_equal(ends, [-rank, rank])
    beyond = interval_ends(zero, zero, scores, np.zeros(n, int), 0.6 + 1e-6)[0]
    assert beyond[1] == exact_rank("0.600001", n)


@pytest.mark.parametrize("n", [1, 2, 3, 6, 9, 48, 99, 4321, 100_000])
def test_max_coverage_is_possible_and_no_more(n):
    """The interval is that of the largest score."""
    assert max_coverage(n) == n / (n + 1)
    check_coverage(max_coverage(n), n)
    scores, zero = np.arange(1.0, n + 1), np.zeros((1, 1))
    ends = interval_ends(zero, zero, scores, np.zeros(n, int), max_coverage(n))
    assert_array_equal(ends, [[-n, n]])
    with pytest.raises(ValueError, match=f"needs at least .* calibration rows, got {n}"):
        check_coverage(max_coverage(n) + 1e-7, n)


@pytest.mark.parametrize("coverage", [0, 1, -0.1, 1.5, math.nan, math.inf])
def test_coverages_outside_0_and_1_are_refused(coverage):
    """By all that take one."""
    message = re.escape(f"coverage must be in (0, 1), got {coverage}.")
    case = np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(5), np.zeros(5, int)
    with pytest.raises(ValueError, match=message):
        check_coverage(coverage, 10)
    with pytest.raises(ValueError, match=message):
        interval_ends(*case, coverage)
    for labels in (None, np.zeros(5, int)):
        with pytest.raises(ValueError, match=message):
            class_sets(case[0][None], case[2], case[3], coverage, labels)


def test_the_error_says_how_many_rows_and_which_coverage():
    """What it advises works: that coverage with these rows, or this one with so many rows."""
    with pytest.raises(
        ValueError,
        match=r"^coverage=0.95 needs at least 19 calibration rows, got "
        r"12. Lower it to at most 0.923, or train on more rows.$",
    ):
        check_coverage(0.95, 12)
    for n in (1, 7, 12, 98):
        for coverage in (0.99, 0.995, 0.999, 1 - 1 / 777):
            with pytest.raises(ValueError, match="at least") as caught:
                check_coverage(coverage, n)
            needed, highest = re.findall(r"at least (\d+) .* at most ([\d.]+),", str(caught.value))[
                0
            ]
            check_coverage(float(highest), n)
            check_coverage(coverage, int(needed))
            with pytest.raises(ValueError, match="at least"):
                check_coverage(coverage, int(needed) - 1)


def test_the_error_names_the_class():
    """By its label, or by its index where labels are not known; without a row, none will do."""
    labels = np.repeat([0, 1], [20, 4])
    check_class_coverage(0.8, labels, ["cat", "dog"])
    with pytest.raises(
        ValueError,
        match=r"needs at least 9 calibration rows of class 'dog', got 4"
        r". Lower it to at most 0.8, or train on more rows of class 'dog'.$",
    ):
        check_class_coverage(0.9, labels, ["cat", "dog"])
    with pytest.raises(
        ValueError, match=r"of class 'eel', got 0. Train on more rows of class 'eel"
    ):
        check_class_coverage(0.8, labels, ["cat", "dog", "eel"])
    with pytest.raises(ValueError, match="rows of class 1, got 4"):
        class_sets(np.zeros((1, 3, 2)), np.zeros(24), np.zeros(24, int), 0.9, labels)


def draw_classes(seed, kind, dtype, *, ties):
    """Return the scores of four classes, of calibration rows, their folds and classes."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(4), [19, 25, 30, 40]))
    n_folds = len(labels) if kind == "one row" else rng.integers(1, 6)
    fold = draw_folds(rng, n_folds, len(labels), kind)
    scores_new, scores = rng.random((n_folds, 5, 4)), rng.random(len(labels)) ** 2
    if ties:
        scores_new, scores = np.round(scores_new, 1), np.round(scores, 1)
    return scores_new.astype(dtype), scores.astype(dtype), fold, labels


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("kind", ["equal", "unequal", "one row", "some empty"])
def test_class_sets_follow_their_definition(kind, ties, dtype, seed):
    """Over all rows and in each class."""
    *case, labels = draw_classes(seed, kind, dtype, ties=ties)
    for coverage in ("0.2", "0.5", "0.8", "0.95"):
        for counted in (None, labels):
            sets = class_sets(*case, float(coverage), counted)
            assert sets.dtype == bool
            assert_array_equal(sets, defined_sets(*case, coverage, counted))


def test_class_sets_by_hand():
    """Of 4 rows, 3 or fewer may have a smaller score at 0.8; an equal score is not smaller."""
    scores, fold = np.array([0.125, 0.25, 0.5, 0.75]), np.array([0, 0, 1, 1])
    scores_new = np.array([[[0.0, 0.25, 0.5, 1.0]], [[0.5, 0.75, 1.0, 1.0]]])
    counts = np.array([0, 2, 4, 4])
    for coverage, limit in [(0.2, 1), (0.4, 2), (0.6, 3), (0.8, 4)]:
        assert_array_equal(class_sets(scores_new, scores, fold, coverage)[0], counts < limit)
    by_class = class_sets(scores_new[..., :2], scores, fold, 0.6, np.array([0, 1, 0, 1]))
    assert_array_equal(by_class, [[True, True]])  # 0 and 1 of 2 rows, rank 2
    by_class = class_sets(scores_new[..., :2], scores, fold, 0.3, np.array([0, 1, 0, 1]))
    assert_array_equal(by_class, [[True, True]])  # 0 < 0.9 for both: 0.25 is not below 0.25


def test_scores():
    """Absolute residuals, the distance from two quantiles, and 1 - p."""
    y = np.array([1.0, 2.0, 3.0, 5.0])
    assert_array_equal(absolute_residuals(y, np.array([2, 2, 2, 2])), [1, 0, 1, 3])
    assert_array_equal(quantile_scores(y, np.full(4, 1.5), np.full(4, 3.5)), [0.5, -0.5, -0.5, 1.5])
    assert_array_equal(class_scores(np.array([[0.25, 0.75]])), [[0.75, 0.25]])
    p = np.full((2, 2), 0.5, np.float32)
    assert class_scores(p).dtype == p.dtype


def test_interval_ends_agree_with_class_sets():
    """A y conforms in the sense of the sets only if it is in the interval."""
    lower, upper, scores, fold = draw(3, "unequal")
    grid = np.linspace(-6, 8, 301)
    for coverage in (0.05, 0.3, 0.6, 0.9):
        new = quantile_scores(grid, lower[:, :, None], upper[:, :, None])
        conforming = class_sets(new, scores, fold, coverage)
        low, high = interval_ends(lower, upper, scores, fold, coverage).T[:, :, None]
        assert not (conforming & ((grid < low) | (grid > high))).any()
        assert not conforming[(low == high)[:, 0]].any()


def test_a_higher_coverage_contains_a_lower_one():
    """Of intervals that are not empty, and of sets."""
    prediction, _, scores, fold = draw(1, "unequal")
    *case, labels = draw_classes(1, "unequal", float, ties=False)
    levels = np.linspace(0.5, 0.94, 23)
    ends = [interval_ends(prediction, prediction, np.abs(scores), fold, c) for c in levels]
    assert (np.diff(ends, axis=0)[..., 0] <= 0).all()
    assert (np.diff(ends, axis=0)[..., 1] >= 0).all()
    for counted in (None, labels):
        sets = np.array([class_sets(*case, c, counted) for c in levels])
        assert (sets[:-1] <= sets[1:]).all()


def test_the_order_of_rows_and_folds_changes_nothing():
    """Of calibration rows, of the new rows, and the names of the folds."""
    lower, upper, scores, fold = draw(2, "unequal")
    ends = interval_ends(lower, upper, scores, fold, 0.8)
    rng = np.random.default_rng(0)
    rows, names = rng.permutation(len(scores)), rng.permutation(len(lower))
    places = np.argsort(names)
    again = interval_ends(lower[names], upper[names], scores[rows], places[fold[rows]], 0.8)
    assert_array_equal(again, ends)
    assert_array_equal(interval_ends(lower[:, ::-1], upper[:, ::-1], scores, fold, 0.8), ends[::-1])
    *case, labels = draw_classes(2, "unequal", float, ties=True)
    scores_new, scores, fold = case
    rows = rng.permutation(len(scores))
    again = class_sets(scores_new, scores[rows], fold[rows], 0.8, labels[rows])
    assert_array_equal(again, class_sets(*case, 0.8, labels))


def test_a_constant_and_a_unit_of_y_carry_over():
    """Adding to y shifts the interval, and its unit scales it, with a negative one too."""
    lower, upper, scores, fold = draw(4, "equal")
    ends = interval_ends(lower, upper, scores, fold, 0.8)
    assert_allclose(interval_ends(lower + 7, upper + 7, scores, fold, 0.8), ends + 7)
    assert_allclose(interval_ends(3 * lower, 3 * upper, 3 * scores, fold, 0.8), 3 * ends)
    assert_array_equal(interval_ends(-upper, -lower, scores, fold, 0.8), -ends[:, ::-1])


def test_memory_does_not_hold_rows_times_new_rows():
    """20 000 x 20 000 floats would be 3.2 GB."""
    rng = np.random.default_rng(0)
    n, n_folds = 20_000, 5
    prediction, scores, fold = rng.normal(size=(n_folds, n)), rng.random(n), np.arange(n) % n_folds
    tracemalloc.start()
    try:
        interval_ends(prediction, prediction, scores, fold, 0.9)
        class_sets(prediction[:, :, None], scores, fold, 0.9)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100e6


def linear_folds(rng, n, n_new, n_folds=5, dim=4):
    """Return y of calibration rows and new rows, and predictions for them by least squares.

    The noise is skewed and grows with the first feature, and the model lacks a square.
    """
    X = rng.normal(size=(n + n_new, dim))
    y = X.sum(axis=1) + X[:, 1] ** 2 + (0.5 + np.abs(X[:, 0])) * rng.exponential(size=len(X))
    X = np.column_stack([X, np.ones(len(X))])
    fold = np.arange(n) % n_folds
    weights = np.array(
        [np.linalg.lstsq(X[:n][fold != k], y[:n][fold != k], rcond=None)[0] for k in range(n_folds)]
    )
    own = np.einsum("ij,ij->i", X[:n], weights[fold])
    return y, own, weights @ X[n:].T, fold


def test_intervals_cover():
    """Over 200 draws of 60 rows, with a mean and with two quantiles that are far too narrow."""
    rng = np.random.default_rng(0)
    covered, narrow = [], []
    for _ in range(200):
        y, own, new, fold = linear_folds(rng, 60, 40)
        y, y_new = y[:60], y[60:]
        ends = interval_ends(new, new, absolute_residuals(y, own), fold, 0.9)
        covered += [(ends[:, 0] <= y_new) & (y_new <= ends[:, 1])]
        scores = quantile_scores(y, own - 0.1, own + 0.5)
        ends = interval_ends(new - 0.1, new + 0.5, scores, fold, 0.9)
        narrow += [(ends[:, 0] <= y_new) & (y_new <= ends[:, 1])]
    assert 0.88 < np.mean(covered) < 0.93
    assert 0.88 < np.mean(narrow) < 0.93


def test_quantiles_that_are_too_wide_become_narrower():
    """Scores are negative then; the coverage is still that asked for."""
    rng = np.random.default_rng(1)
    covered = []
    for _ in range(100):
        y, own, new, fold = linear_folds(rng, 60, 40)
        scores = quantile_scores(y[:60], own - 50, own + 50)
        low, high = interval_ends(new - 50, new + 50, scores, fold, 0.9).T
        assert (high - low < 60).all()
        covered += [(low <= y[60:]) & (y[60:] <= high)]
    assert 0.88 < np.mean(covered) < 0.93


def centroid_folds(rng, counts, n_folds=5):
    """Return labels and probabilities by distances from the classes' means, for two samples.

    Classes overlap, and the last is rare and lies among the others.
    """
    labels = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    means = np.array([[0.0, 0.0], [2.0, 0.0], [1.0, 0.7]])
    X, X_new = (means[labels] + rng.normal(size=(len(labels), 2)) for _ in range(2))
    fold = np.arange(len(labels)) % n_folds
    own, new = np.empty((len(labels), len(counts))), []
    for k in range(n_folds):
        rows = fold != k
        of_class = [rows & (labels == label) for label in range(len(counts))]
        centers = np.array([X[which].mean(axis=0) for which in of_class])
        prior = np.array([which.sum() for which in of_class])
        for Z in (X, X_new):
            p = prior * np.exp(-0.5 * ((Z[:, None] - centers) ** 2).sum(axis=2))
            p /= p.sum(axis=1, keepdims=True)
            if Z is X:
                own[~rows] = p[~rows]
            else:
                new.append(p)
    return labels, class_scores(own), class_scores(np.array(new)), fold


def test_sets_cover_and_by_class_a_rare_class_too():
    """Without labels, the rare class is hardly ever in a set; with them, as often as others."""
    rng = np.random.default_rng(0)
    covered, rare, by_class = [], [], []
    for _ in range(150):
        labels, own, new, fold = centroid_folds(rng, [100, 80, 20])
        rows = np.arange(len(labels))
        scores = own[rows, labels]
        contains = class_sets(new, scores, fold, 0.9)[rows, labels]
        covered += [contains]
        rare += [contains[labels == 2]]
        contains = class_sets(new, scores, fold, 0.9, labels)[rows, labels]
        by_class += [[contains[labels == label].mean() for label in range(3)]]
    assert 0.88 < np.mean(covered) < 0.93
    assert np.mean(rare) < 0.6
    assert (np.abs(np.mean(by_class, axis=0) - 0.905) < 0.025).all()
