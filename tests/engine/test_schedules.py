"""Learning rates: numbers, formulas, and what they do when training stalls."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sknn.engine import (
    Adaptive,
    Constant,
    Cosine,
    InverseScaling,
    LambdaSchedule,
    OneCycle,
    as_schedule,
)

every_maker = pytest.mark.parametrize(
    "make",
    [
        Constant,
        Adaptive,
        as_schedule,
        lambda rate: as_schedule(lambda t: rate),
        lambda rate: InverseScaling(rate, 0.5),
        lambda rate: Cosine(rate, 10),
        lambda rate: OneCycle(rate, 10),
    ],
    ids=["Constant", "Adaptive", "number", "function", "InverseScaling", "Cosine", "OneCycle"],
)


def rates(schedule, steps=5):
    """Return the rates of the first steps."""
    return [schedule(t) for t in range(steps)]


def test_a_constant_rate_is_the_same_at_every_step():
    """eta(t) = eta."""
    assert rates(Constant(0.3)) == [0.3] * 5


@pytest.mark.parametrize("power", [0.0, 0.5, 2.0])
def test_inverse_scaling_falls_as_a_power_of_the_step(power):
    """eta(t) = eta / (t + 1)^power, which begins at eta."""
    expected = [0.3 * (t + 1) ** -power for t in range(5)]
    assert_allclose(rates(InverseScaling(0.3, power)), expected)


def test_numbers_and_functions_become_schedules():
    """And a schedule stays the one it is."""
    assert rates(as_schedule(0.3)) == [0.3] * 5
    assert rates(as_schedule(lambda t: 1 / (1 + t)), 3) == [1, 1 / 2, 1 / 3]
    adaptive = Adaptive(0.3)
    assert as_schedule(adaptive) is adaptive


@every_maker
@pytest.mark.parametrize("number", [np.float32(0.5), np.float64(0.5), np.array(0.5), 1])
def test_rates_are_python_floats(make, number):
    """Any other number could widen the type of the parameters."""
    schedule = make(number)
    assert type(schedule(0)) is float
    assert type(schedule(1, n_plateaus=1)) is float


@every_maker
@pytest.mark.parametrize("rate", [-1e-9, math.nan, math.inf])
def test_invalid_rates_are_errors(make, rate):
    """For all schedules."""
    with pytest.raises(ValueError, match="The learning rate must be a finite number, 0 or more"):
        make(rate)(0)


def test_invalid_rate_error_names_step():
    """A user's function may go wrong at any step."""
    schedule = as_schedule(lambda t: 3 - t)
    assert rates(schedule, 4) == [3, 2, 1, 0]
    with pytest.raises(ValueError, match=r"finite number, 0 or more; at step 4 it is -1\.0"):
        schedule(4)


@pytest.mark.parametrize("schedule", [Constant(0.1), InverseScaling(0.1, 0.5), LambdaSchedule(abs)])
def test_schedules_stop_at_plateau(schedule):
    """A schedule that cannot adapt has nothing left to try."""
    assert schedule.stops_at_plateau(0)
    assert schedule(3, n_plateaus=2) == schedule(3)


def test_adaptive_divides_rate_at_plateau():
    """A fifth at each stall; the step itself does not matter."""
    schedule = Adaptive(0.1)
    assert rates(schedule) == [0.1] * 5
    assert not schedule.stops_at_plateau(0)
    assert_allclose([schedule(t, 1) for t in range(5)], [0.02] * 5)
    assert_allclose([schedule(t, 2) for t in range(5)], [0.004] * 5)


@pytest.mark.parametrize(("smallest", "stalls"), [(0.05, 1), (0.1, 0), (0.01, 2)])
def test_adaptive_stops_at_min_rate(smallest, stalls):
    """A stall at or below it is the last."""
    schedule = Adaptive(0.1, smallest)
    assert [schedule.stops_at_plateau(k) for k in range(stalls + 1)] == [False] * stalls + [True]


@pytest.mark.parametrize("rate", [0.1, 0.001, 1e-6])
def test_adaptive_equals_sklearn(rate):
    """The same rates after every stall, and the same end."""
    module = pytest.importorskip("sklearn.neural_network._stochastic_optimizers")
    ours, theirs = Adaptive(rate), module.SGDOptimizer([], rate, lr_schedule="adaptive")
    for stalls in range(20):
        assert ours(0, stalls) == pytest.approx(theirs.learning_rate)
        ended = theirs.trigger_stopping("", verbose=False)
        assert ours.stops_at_plateau(stalls) == ended
        if ended:
            break


@pytest.mark.parametrize("make", [Cosine, OneCycle])
def test_cosine_and_one_cycle_peak_and_complete(make):
    """They begin where they say, reach the peak, fall towards 0, and the last rate stays."""
    schedule = make(0.5, steps=100)
    found = np.array(rates(schedule, 200))
    top = found.argmax()
    assert_allclose(found[top], 0.5)
    assert (np.diff(found[: top + 1]) > 0).all()
    assert (np.diff(found[top:100]) < 0).all()
    assert found[99] < 0.5 * 0.01
    assert (found[100:] == found[99]).all()


def test_cosine_formula():
    """From the peak to half of it at half time."""
    assert_allclose(rates(Cosine(0.5, 4), 4), [0.5, 0.25 + 0.5**1.5 / 2, 0.25, 0.25 - 0.5**1.5 / 2])


def test_one_cycle_increases_first():
    """From 1/25 of the peak, through the middle at half of the warm-up, to the peak at its end."""
    schedule = OneCycle(1.0, 100, pct_start=0.4)
    assert_allclose([schedule(0), schedule(20), schedule(40)], [0.04, 0.52, 1.0])
    assert_allclose(schedule(70), 0.5)


@pytest.mark.parametrize(
    ("rate", "error"), [(["a"], TypeError), ("a", ValueError), (10**400, OverflowError)]
)
def test_non_numeric_rate_error_names_step(rate, error):
    """The type of the error is kept."""
    with pytest.raises(error, match="must be a number, at step 7: "):
        as_schedule(lambda t: rate)(7)
