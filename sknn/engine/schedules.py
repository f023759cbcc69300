"""Learning rates as functions of the step, eta(t) with t = 0, 1, 2, ...

A number or any function will do; `as_schedule` turns either into a `Schedule`. A schedule has
settings only: how many steps were made and how often training stalled is told to it.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable

from sknn.engine._repr import Part


class Schedule(Part, ABC):
    """A learning rate for each step."""

    @abstractmethod
    def eta(self, t: int, stalls: int) -> float:
        """Return the rate of step t = 0, 1, 2, ... after so many stalls.

        Parameters
        ----------
        t : int
            The step, from 0.
        stalls : int
            How often training stalled and went on.
        """

    def __call__(self, t: int, stalls: int = 0) -> float:
        """Return the rate of step `t` as a Python float, which never widens an array's type.

        Parameters
        ----------
        t : int
            The step, from 0.
        stalls : int, default=0
            How often training stalled and went on.

        Raises
        ------
        ValueError, TypeError
            If the rate is negative, not finite, or no number.
        """
        try:
            rate = float(self.eta(t, stalls))
        except (TypeError, ValueError, OverflowError) as error:
            raise type(error)(
                f"The learning rate must be a number, at step {t}: {error}"
            ) from error
        if not 0 <= rate < math.inf:
            raise ValueError(
                f"The learning rate must be a finite number, 0 or more; at step {t} it is {rate}."
            )
        return rate

    def ends(self, stalls: int) -> bool:
        """Return whether training that stalls should end.

        Parameters
        ----------
        stalls : int
            How often it stalled before, and went on.
        """
        return True

    def is_complete(self, steps: int) -> bool:
        """Return whether all is done that it was made for; without a horizon never.

        Parameters
        ----------
        steps : int
            How many steps were made.
        """
        return False


class Constant(Schedule):
    """Always the same rate.

    Parameters
    ----------
    rate : float
        That rate.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def eta(self, t: int, stalls: int) -> float:
        """Return the rate, whatever the step."""
        return self.rate


class InverseScaling(Schedule):
    """``rate / (t + 1)^power``.

    Parameters
    ----------
    rate : float
        The rate of the first step.
    power : float
        How fast it falls.
    """

    def __init__(self, rate: float, power: float) -> None:
        self.rate = rate
        self.power = power

    def eta(self, t: int, stalls: int) -> float:
        """Return ``rate / (t + 1)^power``."""
        return self.rate / _power(t + 1, self.power)


class Adaptive(Schedule):
    """A constant rate that is divided by 5 whenever training stalls (scikit-learn's rule).

    Parameters
    ----------
    rate : float
        The rate to begin with.
    smallest : float, default=1e-6
        At or below this rate a stall ends training.
    """

    def __init__(self, rate: float, smallest: float = 1e-6) -> None:
        self.rate = rate
        self.smallest = smallest

    def eta(self, t: int, stalls: int) -> float:
        """Return ``rate / 5^stalls``, whatever the step."""
        return self.rate / _power(5, stalls)

    def ends(self, stalls: int) -> bool:
        """Return whether there is nothing left to slow."""
        return self.eta(0, stalls) <= self.smallest


class LambdaSchedule(Schedule):
    """Whatever a function says.

    Parameters
    ----------
    function : callable
        ``function(t)`` gives the rate of step t.
    """

    def __init__(self, function: Callable[[int], float]) -> None:
        self.function = function

    def eta(self, t: int, stalls: int) -> float:
        """Return what the function says."""
        return self.function(t)


class Cosine(Schedule):
    """Half a cosine from `peak` at t = 0 down towards 0 at t = steps, where the last rate stays.

    Loshchilov and Hutter (2017), "SGDR: Stochastic Gradient Descent with Warm Restarts",
    equation 5, without restarts.

    Parameters
    ----------
    peak : float
        The rate of the first step.
    steps : int
        The horizon.
    """

    def __init__(self, peak: float, steps: int) -> None:
        self.peak = peak
        self.steps = steps

    def eta(self, t: int, stalls: int) -> float:
        """Return ``peak (1 + cos(pi t / steps)) / 2``."""
        return self.peak * _half_cosine(min(t, self.steps - 1) / self.steps)

    def is_complete(self, steps: int) -> bool:
        """Return whether the horizon is reached."""
        return steps >= self.steps


class OneCycle(Schedule):
    """Half a cosine up to `peak`, then a longer one down; the last rate stays.

    It begins at ``peak / 25`` and falls towards 0 at t = steps. Smith and Topin (2018),
    "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates".

    Parameters
    ----------
    peak : float
        The highest rate.
    steps : int
        The horizon.
    pct_start : float, default=0.3
        The share of the steps that goes up, in [0, 1).
    """

    def __init__(self, peak: float, steps: int, pct_start: float = 0.3) -> None:
        self.peak = peak
        self.steps = steps
        self.pct_start = pct_start

    def eta(self, t: int, stalls: int) -> float:
        """Return the rate on the way up, or on the way down."""
        progress = min(t, self.steps - 1) / self.steps
        if progress < self.pct_start:
            return self.peak * (1 - 24 / 25 * _half_cosine(progress / self.pct_start))
        return self.peak * _half_cosine((progress - self.pct_start) / (1 - self.pct_start))

    def is_complete(self, steps: int) -> bool:
        """Return whether the horizon is reached."""
        return steps >= self.steps


def _power(base: float, exponent: float) -> float:
    """Return ``base ** exponent``, infinity where that is too large to be written."""
    try:
        return float(base) ** exponent
    except OverflowError:
        return math.inf


def _half_cosine(progress: float) -> float:
    """Fall from 1 at 0 to 0 at 1."""
    return 0.5 * (1 + math.cos(math.pi * progress))


def as_schedule(rate: float | Callable[[int], float]) -> Schedule:
    """Turn a number or a function of the step into a `Schedule`.

    Parameters
    ----------
    rate : float, callable or Schedule
        The learning rate; a function ``eta(t)`` of the step t = 0, 1, ... gives it anew for each.

    Returns
    -------
    schedule : Schedule
        What gives the rate of each step; a schedule is returned as it is.
    """
    if isinstance(rate, Schedule):
        return rate
    return LambdaSchedule(rate) if callable(rate) else Constant(rate)
