"""Added: estimators of an ensemble that are no candidates, evaluated before them or after."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from sknn.search._evaluation import Evaluation
from sknn.search._halving import evaluate_rung
from sknn.search._run import QUICK_FRACTION, SearchRun


class Added:
    """The estimator of the search itself, which is always evaluated, and `others`.

    Parameters
    ----------
    run : SearchRun
        Evaluates fits.
    estimators : sequence of estimator
        All estimators, candidates too.
    numbers : sequence of int
        Those that are no candidates, that of the search itself first; may be empty.

    Attributes
    ----------
    evaluations : dict
        The evaluations of each, by its number, if all of its splits were evaluated.
    """

    def __init__(self, run: SearchRun, estimators: Sequence[Any], numbers: Sequence[int]) -> None:
        self.run = run
        self.estimators = estimators
        self.numbers = list(numbers)
        self.evaluations: dict[int, list[Evaluation]] = {}

    def evaluate_first(self) -> None:
        """Evaluate those that take a small part of the time, or may do: it is not known of all."""
        own, others = self.numbers[:1], self.numbers[1:]
        self._evaluate([c for c in own if self.run.is_quick(self.estimators[c])])
        with self.run.limited(QUICK_FRACTION):
            for c in others:
                self._evaluate([c])

    def evaluate_others(self) -> None:
        """Evaluate those that are left."""
        left = [c for c in self.numbers if c not in self.evaluations]
        for numbers in (left[:1], left[1:]):
            self._evaluate(numbers)

    def _evaluate(self, numbers: Sequence[int]) -> None:
        if numbers and not self.run.has_ended:
            with self._without_errors(self.numbers[0] in numbers):
                found = evaluate_rung(self.run, self.estimators, numbers, {}, None)
            self.evaluations |= found

    @contextmanager
    def _without_errors(self, is_own: bool) -> Iterator[None]:
        """Let fits of the estimator itself fail, whatever `error_score` is."""
        data = self.run.data
        if is_own:
            self.run.data = replace(data, error_score=np.nan)
        try:
            yield
        finally:
            self.run.data = data
