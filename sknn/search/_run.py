"""SearchRun: evaluates fits in chunks, one after the other or in several processes."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from sknn.estimators.many_fits import FitTask, size_of
from sknn.search._checkpoint import SearchCheckpoint
from sknn.search._evaluation import (
    Evaluation,
    Fit,
    SearchData,
    TransformerCache,
    evaluate,
    group_of,
    is_batched,
    network_of,
)
from sknn.search._network_size import bytes_of_network

#: Number of networks that are trained together. Of small ones 20 to 40 are the fastest: beyond,
#: their arrays no longer fit into the caches.
MAX_CHUNK = 32


@dataclass(frozen=True)
class Deadline:
    """A time of the system's clock, which all processes share."""

    time: float

    @property
    def is_over(self) -> bool:
        """Whether it has passed."""
        return time.time() > self.time

    def __call__(self) -> bool:
        """Return whether it has passed."""
        return self.is_over


@dataclass
class SearchRun:
    """Fits and scores candidates until all are done, the time is over, or the user interrupts."""

    data: SearchData
    n_jobs: int | None
    deadline: Deadline
    verbose: int
    max_memory: float = np.inf  # bytes
    checkpoint: SearchCheckpoint | None = None
    is_interrupted: bool = False  # by the user
    cache: TransformerCache = field(default_factory=TransformerCache)

    @property
    def has_ended(self) -> bool:
        """Whether no further fit is begun."""
        return self.is_interrupted or self.deadline.is_over

    def evaluate(self, fits: Sequence[Fit], max_epochs: int | None = None) -> list[Evaluation]:
        """Return the evaluations of the fits that were completed, in any order."""
        done: list[Evaluation] = []
        left: list[list[Fit]] = []
        for chunk in self._chunks(fits):
            known = self.checkpoint.load(chunk, max_epochs) if self.checkpoint else None
            if known is None:
                left.append(chunk)
            else:
                done += known
        try:
            for chunk, evaluations in self._in_chunks(left, max_epochs):
                finished = [one for one in evaluations if not one.is_interrupted]
                if self.checkpoint and len(finished) == len(evaluations):
                    self.checkpoint.save(chunk, max_epochs, evaluations)
                done += finished
                self.is_interrupted |= any(one.by_user for one in evaluations)
                if self.verbose:
                    print(f"{len(done)} of {len(fits)} fits")
                if self.is_interrupted:
                    break
        except KeyboardInterrupt:
            self.is_interrupted = True
        return done

    def _chunks(self, fits: Sequence[Fit]) -> Iterator[list[Fit]]:
        """Divide fits into chunks of networks that can be trained together."""
        jobs = effective_n_jobs(self.n_jobs)
        evenly = -(-len(fits) // jobs)
        ordered = sorted(fits, key=lambda fit: (*group_of(fit), fit.candidate, fit.split))
        for _, group in groupby(ordered, key=group_of):
            same = list(group)
            size = max(1, min(MAX_CHUNK, evenly, self._n_in_memory(same[0]) // jobs))
            for start in range(0, len(same), size):
                yield same[start : start + size]

    def _n_in_memory(self, fit: Fit) -> int:
        """Return how many fits like this one may be trained at once."""
        if self.max_memory == np.inf or not is_batched(fit, self.data):
            return MAX_CHUNK * effective_n_jobs(self.n_jobs)
        try:
            X, y = self.data.rows(fit.estimator, fit.split)
            if isinstance(fit.estimator, Pipeline):
                X = clone(fit.estimator[:-1]).fit_transform(X, y)
            size = size_of(FitTask(clone(network_of(fit.estimator)), X, y))
        except Exception:  # the fit will tell
            return 1
        each = bytes_of_network(size.layers, size.batch_size, size.dtype)
        return int(self.max_memory // (each * size.n_networks))

    def _in_chunks(
        self, parts: Sequence[list[Fit]], max_epochs: int | None
    ) -> Iterator[tuple[list[Fit], list[Evaluation]]]:
        """Yield each chunk as it is finished, and its evaluations."""
        if effective_n_jobs(self.n_jobs) == 1:
            for part in parts:
                if self.deadline.is_over:
                    return
                yield part, evaluate(self.data, part, max_epochs, self.deadline, self.cache)
            return
        parallel = Parallel(n_jobs=self.n_jobs, return_as="generator_unordered")
        work = (
            delayed(_numbered)(i, self.data, part, max_epochs, self.deadline)
            for i, part in enumerate(parts)
        )
        for i, evaluations in parallel(work):
            yield parts[i], evaluations


def _numbered(i: int, *arguments: Any) -> tuple[int, list[Evaluation]]:
    """Evaluate a chunk, and return its number, too."""
    return i, evaluate(*arguments)
