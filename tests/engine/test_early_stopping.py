"""Stopping: how long a loss may stay without getting better."""

import math

import pytest

from sknn.engine import EarlyStopping


def epochs_until_stalled(stopping, values):
    """Return after how many epochs training stalls, or None."""
    return next((i for i, value in enumerate(values, 1) if stopping({"loss": value})), None)


@pytest.mark.parametrize("patience", [1, 3, 10])
def test_early_stopping_runs_at_least_one_plus_patience_epochs(patience):
    """The first epoch always improves; then as many stale ones as asked for."""
    assert epochs_until_stalled(EarlyStopping(patience, 0.0), range(1, 100)) == 1 + patience


def test_infinite_patience_never_stops():
    """Even if the loss increases in every epoch."""
    assert epochs_until_stalled(EarlyStopping(math.inf, 0.0), range(1000)) is None


def test_improvement_resets_bad_epochs():
    """Only stale epochs in a row count."""
    assert epochs_until_stalled(EarlyStopping(3, 0.0), [9, 9.5, 9.5, 8, 9, 9, 7, 8, 8, 8, 1]) == 10


@pytest.mark.parametrize(("gain", "stalls"), [(0.5, None), (0.25, None), (0.125, 4)])
def test_improvement_below_min_delta_does_not_count(gain, stalls):
    """One of exactly tol is enough."""
    values = [8 - gain * epoch for epoch in range(20)]
    assert epochs_until_stalled(EarlyStopping(3, min_delta=0.25), values) == stalls


def test_improvement_is_relative_to_best_value():
    """Coming down from a peak is no progress; a stale epoch may still set the mark."""
    stopping = EarlyStopping(3, min_delta=0.5)
    assert epochs_until_stalled(stopping, [5.0, 9.0, 4.75, 4.5]) == 4
    assert stopping.best == 4.5


@pytest.mark.parametrize(("gain", "stalls"), [(0.5, None), (0.25, None), (0.125, 4)])
def test_steady_improvement_is_the_same_if_cumulative(gain, stalls):
    """Of a loss without noise both rules say the same."""
    values = [8 - gain * epoch for epoch in range(20)]
    stopping = EarlyStopping(3, min_delta=0.25, cumulative=True)
    assert epochs_until_stalled(stopping, values) == stalls


@pytest.mark.parametrize(("cumulative", "stalls"), [(False, None), (True, 5)])
def test_cumulative_improvement_makes_up_for_earlier_epochs(cumulative, stalls):
    """One epoch in three that is better by `min_delta` is not enough; by three times it is."""
    stopping = EarlyStopping(4, min_delta=0.25, cumulative=cumulative)
    values = [8 - 0.25 * (epoch // 3) for epoch in range(20)]
    assert epochs_until_stalled(stopping, values) == stalls
    stopping = EarlyStopping(4, min_delta=0.25, cumulative=cumulative)
    values = [8 - 0.75 * (epoch // 3) for epoch in range(20)]
    assert epochs_until_stalled(stopping, values) is None


def test_restart_counts_from_the_best_value():
    """Not from the last improvement that was large enough."""
    stopping = EarlyStopping(2, min_delta=1.0, cumulative=True)
    assert epochs_until_stalled(stopping, [8.0, 7.5, 7.25]) == 3
    assert (stopping.best, stopping.reference) == (7.25, 8.0)
    stopping.restart()
    assert (stopping.best, stopping.reference, stopping.n_bad_epochs) == (7.25, 7.25, 0)


def test_higher_is_better_for_scores():
    """The watched number has a name and a direction; `improved` marks each new best."""
    stopping = EarlyStopping(2, 0.5, monitor="score", higher_is_better=True)
    rows = [{"loss": 1.0, "score": score} for score in (1.0, 1.25, 0.0)]
    assert [(stopping(row), stopping.improved) for row in rows] == [
        (False, True),
        (False, True),
        (True, False),
    ]
    assert stopping.best == 1.25


def test_nan_is_no_improvement():
    """Scores may be undefined; that is stale, and never the best."""
    stopping = EarlyStopping(2, 0.0, monitor="score", higher_is_better=True)
    assert [stopping({"score": score}) for score in (math.nan, 1.0, math.nan)] == [False] * 3
    assert stopping.best == 1.0
    assert stopping({"score": math.nan})
