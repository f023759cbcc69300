"""Time tasks in turn, and compute the ratios of their times."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

#: What seconds are counted by. That of the processor counts those of this process only, all its
#: threads together, which is what a busy machine leaves to go by.
CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}

#: The greatest of the ratios is seldom so many times the least on a machine that is idle.
WIDE = 1.5


@dataclass(frozen=True)
class Ratio:
    """A ratio of times: the median over the repeats, the least and the greatest."""

    median: float
    least: float
    greatest: float

    @classmethod
    def of(cls, numerators: Sequence[float], denominators: Sequence[float]) -> "Ratio":
        """Divide times that were taken side by side."""
        ratios = np.divide(numerators, denominators)
        return cls(float(np.median(ratios)), float(ratios.min()), float(ratios.max()))

    @property
    def is_wide(self) -> bool:
        """Tell whether something else kept the machine busy in some of the repeats."""
        return self.greatest > WIDE * self.least

    def __str__(self) -> str:
        """Return it as "2.31 (2.05-2.60)"."""
        return f"{self.median:.2f} ({self.least:.2f}-{self.greatest:.2f})"


def take_turns(
    tasks: Mapping[str, Callable[[], Any]], repeats: int, clock: str = "wall"
) -> tuple[dict[str, list[float]], dict[str, Any]]:
    """Run each task once a round, the order reversed from round to round.

    So whatever disturbs the machine for a while disturbs them all, and none always comes first.

    Returns
    -------
    seconds : dict
        The time of each round, by task.
    results : dict
        What each task returned in the last round.
    """
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    results = {}
    order, now = list(tasks), CLOCKS[clock]
    for _ in range(repeats):
        for name in order:
            start = now()
            results[name] = tasks[name]()
            seconds[name].append(now() - start)
        order.reverse()
    return seconds, results


def geometric_mean(values: Sequence[float]) -> float:
    """Return the geometric mean."""
    return float(np.exp(np.mean(np.log(values))))
