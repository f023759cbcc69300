"""Learning rate schedules: functions of the step, eta(t) with t = 0, 1, 2, ...

A schedule has settings only; the solver counts the steps and the plateaus, after which training
went on although the loss had stopped improving.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from sknn.engine._repr import ReprMixin


class Schedule(ReprMixin, ABC):
    """The learning rate of each step."""

    @abstractmethod
    def eta(self, t: int, n_plateaus: int) -> float:
        """Return the rate of step t = 0, 1, 2, ...

        Parameters
        ----------
        t : int
            The step, from 0.
        n_plateaus : int
            The number of plateaus so far.
        """

    def __call__(self, t: int, n_plateaus: int = 0) -> float:
        """Return ``eta(t, n_plateaus)`` as a Python float, which never changes an array's dtype.

        Raises
        ------
        ValueError, TypeError
            If the rate is negative, not finite, or not a number.
        """
        try:
            rate = float(self.eta(t, n_plateaus))
        except (TypeError, ValueError, OverflowError) as error:
            raise type(error)(
                f"The learning rate must be a number, at step {t}: {error}"
            ) from error
        if not 0 <= rate < math.inf:
            raise ValueError(
                f"The learning rate must be a finite number, 0 or more; at step {t} it is {rate}."
            )
        return rate

    def stops_at_plateau(self, n_plateaus: int) -> bool:
        """Return whether training should end at a plateau.

        Parameters
        ----------
        n_plateaus : int
            The number of plateaus before this one.
        """
        return True

    def is_complete(self, steps: int) -> bool:
        """Return whether the schedule has ended; one without a number of steps never does.

        Parameters
        ----------
        steps : int
            The number of steps made.
        """
        return False


@dataclass(repr=False, eq=False)
class Constant(Schedule):
    """A constant rate.

    Parameters
    ----------
    rate : float
        The rate of every step.
    """

    rate: float

    def eta(self, t: int, n_plateaus: int) -> float:
        """Return `rate`."""
        return self.rate


class InverseScaling(Schedule):
    """The rate ``rate / (t + 1)^power``.

    Parameters
    ----------
    rate : float
        The rate of the first step.
    power : float
        The exponent.
    """

    def __init__(self, rate: float, power: float) -> None:
        self.rate = rate
        self.power = power

    def eta(self, t: int, n_plateaus: int) -> float:
        """Return ``rate / (t + 1)^power``."""
        return self.rate / _power(t + 1, self.power)


class Adaptive(Schedule):
    """A constant rate that is divided by 5 at each plateau, as in scikit-learn.

    Parameters
    ----------
    rate : float
        The initial rate.
    min_rate : float, default=1e-6
        With a rate of at most this, a plateau ends training.
    """

    def __init__(self, rate: float, min_rate: float = 1e-6) -> None:
        self.rate = rate
        self.min_rate = min_rate

    def eta(self, t: int, n_plateaus: int) -> float:
        """Return ``rate / 5^n_plateaus``."""
        return self.rate / _power(5, n_plateaus)

    def stops_at_plateau(self, n_plateaus: int) -> bool:
        """Return whether the rate is at most `min_rate`."""
        return self.eta(0, n_plateaus) <= self.min_rate


class LambdaSchedule(Schedule):
    """The rate given by a function.

    Parameters
    ----------
    function : callable
        ``function(t)`` gives the rate of step t.
    """

    def __init__(self, function: Callable[[int], float]) -> None:
        self.function = function

    def eta(self, t: int, n_plateaus: int) -> float:
        """Return ``function(t)``."""
        return self.function(t)


class Cosine(Schedule):
    """Half a cosine from `peak` at t = 0 to 0 at t = steps; later steps keep the last rate.

    Loshchilov and Hutter (2017), "SGDR: Stochastic Gradient Descent with Warm Restarts",
    equation 5, without restarts.

    Parameters
    ----------
    peak : float
        The rate of the first step.
    steps : int
        The total number of steps.
    """

    def __init__(self, peak: float, steps: int) -> None:
        self.peak = peak
        self.steps = steps

    def eta(self, t: int, n_plateaus: int) -> float:
        """Return ``peak (1 + cos(pi t / steps)) / 2``."""
        return self.peak * _half_cosine(min(t, self.steps - 1) / self.steps)

    def is_complete(self, steps: int) -> bool:
        """Return whether all steps were made."""
        return steps >= self.steps


class OneCycle(Schedule):
    """Half a cosine from ``peak / 25`` up to `peak`, then one down to 0 at t = steps.

    Later steps keep the last rate. Smith and Topin (2018), "Super-Convergence: Very Fast Training
    of Neural Networks Using Large Learning Rates".

    Parameters
    ----------
    peak : float
        The highest rate.
    steps : int
        The total number of steps.
    pct_start : float, default=0.3
        The fraction of the steps with an increasing rate, in [0, 1).
    """

    def __init__(self, peak: float, steps: int, pct_start: float = 0.3) -> None:
        self.peak = peak
        self.steps = steps
        self.pct_start = pct_start

    def eta(self, t: int, n_plateaus: int) -> float:
        """Return the rate of the increasing or of the decreasing half cosine."""
        progress = min(t, self.steps - 1) / self.steps
        if progress < self.pct_start:
            return self.peak * (1 - 24 / 25 * _half_cosine(progress / self.pct_start))
        return self.peak * _half_cosine((progress - self.pct_start) / (1 - self.pct_start))

    def is_complete(self, steps: int) -> bool:
        """Return whether all steps were made."""
        return steps >= self.steps


def _power(base: float, exponent: float) -> float:
    """Return ``base ** exponent``, infinity if that overflows."""
    try:
        return float(base) ** exponent
    except OverflowError:
        return math.inf


def _half_cosine(progress: float) -> float:
    """Return ``(1 + cos(pi progress)) / 2``: 1 at 0 and 0 at 1."""
    return 0.5 * (1 + math.cos(math.pi * progress))


def as_schedule(rate: float | Callable[[int], float]) -> Schedule:
    """Turn a number or a function of the step into a `Schedule`.

    Parameters
    ----------
    rate : float, callable or Schedule
        A learning rate, a function ``eta(t)`` of the step t = 0, 1, ..., or a schedule, which is
        returned unchanged.
    """
    if isinstance(rate, Schedule):
        return rate
    return LambdaSchedule(rate) if callable(rate) else Constant(rate)
