"""SearchRun: evaluates fits in chunks, one after the other or in several processes."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from sknn.engine.members import MAX_STACKED_PRODUCTS
from sknn.estimators.many_fits import FitSize
from sknn.search._callbacks import SearchCallbacks
from sknn.search._checkpoint import SearchCheckpoint
from sknn.search._evaluation import (
    Evaluation,
    Fit,
    SearchData,
    SplitCache,
    evaluate,
    is_batched,
    size_of_fit,
)
from sknn.search._network_size import bytes_of_network

#: Number of networks that are trained together. Of small ones 20 to 40 are the fastest: beyond,
#: their arrays no longer fit into the caches.
MAX_CHUNK = 32

#: With a deadline, a chunk has as many networks as take this fraction of the time, but those of one
#: candidate in any case; seconds of a step and of a product in it, roughly.
CHUNK_FRACTION = 0.05
STEP_TIME, PRODUCT_TIME = 5e-5, 6e-10

#: Estimators beside the candidates that take less than this fraction of the time come first.
QUICK_FRACTION = 0.4


@dataclass(frozen=True)
class Deadline:
    """A time of the system's clock, which all processes share."""

    time: float
    seconds: float = np.inf  # from the start of the search

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
    callbacks: SearchCallbacks
    max_memory: float = np.inf  # bytes
    checkpoint: SearchCheckpoint | None = None
    is_interrupted: bool = False  # by the user
    cache: SplitCache = field(init=False)
    # number of networks in a chunk, by the group and the number of epochs
    sizes: dict[tuple[tuple[str, ...], int | None], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cache = SplitCache(self.data)

    @property
    def has_ended(self) -> bool:
        """Whether no further fit starts."""
        return self.is_interrupted or self.callbacks.asks_to_end or self.deadline.is_over

    def evaluate(self, fits: Sequence[Fit], max_epochs: int | None = None) -> list[Evaluation]:
        """Return the evaluations of the fits that were completed, in any order."""
        chunks = list(self._chunks(fits, max_epochs))
        done: list[Evaluation] = []
        try:
            with self.callbacks.evaluating(len(chunks)):
                for evaluations in self._in_chunks(chunks, max_epochs):
                    done += [one for one in evaluations if not one.is_interrupted]
                    self.is_interrupted |= any(one.by_user for one in evaluations)
                    if self.verbose:
                        print(f"{len(done)} of {len(fits)} fits")
                    if self.is_interrupted or self.callbacks.asks_to_end:
                        break
        except KeyboardInterrupt:
            self.is_interrupted = True
        return done

    def _chunks(self, fits: Sequence[Fit], max_epochs: int | None) -> Iterator[list[Fit]]:
        """Divide fits into chunks of networks that are trained together.

        With a deadline, those of the first candidates come first, and chunks take a small part of
        the time, so that candidates are finished.
        """
        jobs = effective_n_jobs(self.n_jobs)
        evenly = -(-len(fits) // jobs)
        left = sorted(fits, key=lambda fit: (fit.candidate, fit.split))
        while left:
            at_once = len(fits)
            if self.deadline.time < np.inf:
                at_once = jobs * self._n_together(left[0], max_epochs)
            part, left = sorted(left[:at_once], key=lambda fit: fit.group), left[at_once:]
            for _, group in groupby(part, key=lambda fit: fit.group):
                same = list(group)
                size = max(1, min(self._n_together(same[0], max_epochs), evenly))
                for start in range(0, len(same), size):
                    yield same[start : start + size]

    def _n_together(self, fit: Fit, max_epochs: int | None) -> int:
        """Return how many fits like this one are trained together."""
        key = fit.group, max_epochs
        if key not in self.sizes:
            size = self._size_of(fit)
            self.cache.discard_others([fit])
            self.sizes[key] = self._largest_chunk(size, max_epochs)
        return self.sizes[key]

    def _size_of(self, fit: Fit) -> FitSize | None:
        """Return the size of the training of a fit; None if it is not batched, or will fail."""
        return size_of_fit(fit, self.cache) if is_batched(fit, self.data) else None

    def _largest_chunk(self, size: FitSize | None, max_epochs: int | None) -> int:
        """Return how many networks make a chunk: as many as are faster together, and as fit.

        It does not depend on the clock, or a checkpoint would not find the chunks again.
        """
        if size is None or size.n_products > MAX_STACKED_PRODUCTS:
            return 1
        n_in_time: float = MAX_CHUNK
        if self.deadline.time < np.inf:
            seconds = self._seconds(size, max_epochs)
            n_in_time = CHUNK_FRACTION * self.deadline.seconds / max(seconds, 1e-9)
            n_in_time = max(len(self.data.splits), n_in_time)
        each = size.n_networks * bytes_of_network(size.layers, size.batch_size, size.dtype)
        n_in_memory = self.max_memory / (each * effective_n_jobs(self.n_jobs))
        return max(1, int(min(MAX_CHUNK, n_in_time, n_in_memory)))

    def _seconds(self, size: FitSize, max_epochs: int | None) -> float:
        """Return how long a fit takes, roughly."""
        n_epochs = min(size.n_epochs, max_epochs or size.n_epochs)
        n_steps = n_epochs * -(-len(self.data.splits[0][0]) // size.batch_size)
        return n_steps * size.n_networks * (STEP_TIME + PRODUCT_TIME * size.n_products)

    @contextmanager
    def limited(self, fraction: float) -> Iterator[None]:
        """End evaluations when a fraction of the time is over; running fits are finished."""
        whole = self.deadline
        seconds = fraction * whole.seconds
        self.deadline = Deadline(min(whole.time, time.time() + seconds), whole.seconds)
        try:
            yield
        finally:
            self.deadline = whole

    def is_quick(self, estimator: Any) -> bool:
        """Return whether the fits of an estimator to all splits take a small part of the time."""
        size = self._size_of(Fit(-1, 0, estimator))
        if size is None:
            return False
        seconds = len(self.data.splits) * self._seconds(size, None)
        return seconds / effective_n_jobs(self.n_jobs) < QUICK_FRACTION * self.deadline.seconds

    def _in_chunks(
        self, chunks: Sequence[Sequence[Fit]], max_epochs: int | None
    ) -> Iterator[list[Evaluation]]:
        """Yield the evaluations of each chunk, those of the checkpoint first."""
        left: list[Sequence[Fit]] = []
        for chunk in chunks:
            known = self.checkpoint.load(chunk, max_epochs) if self.checkpoint else None
            if known is None:
                left.append(chunk)
                continue
            with self.callbacks.training():
                yield known
        by_number = self._alone if effective_n_jobs(self.n_jobs) == 1 else self._in_processes
        for i, evaluations in by_number(left, max_epochs):
            is_finished = not any(one.is_interrupted for one in evaluations)
            if self.checkpoint and is_finished:
                self.checkpoint.save(left[i], max_epochs, evaluations)
            yield evaluations

    def _alone(
        self, chunks: Sequence[Sequence[Fit]], max_epochs: int | None
    ) -> Iterator[tuple[int, list[Evaluation]]]:
        """Yield the number of each chunk and its evaluations, one after the other."""

        def should_stop() -> bool:
            return self.callbacks.after_epoch() or self.deadline.is_over

        for i, chunk in enumerate(chunks):
            if self.has_ended:
                return
            with self.callbacks.training():
                found = evaluate(self.data, chunk, max_epochs, should_stop, self.cache)
            yield i, found

    def _in_processes(
        self, chunks: Sequence[Sequence[Fit]], max_epochs: int | None
    ) -> Iterator[tuple[int, list[Evaluation]]]:
        """Yield the number of each chunk and its evaluations, in order."""
        parallel = Parallel(n_jobs=self.n_jobs, return_as="generator")
        work = (
            delayed(_numbered)(i, self.data, chunk, max_epochs, self.deadline)
            for i, chunk in enumerate(chunks)
        )
        for one in parallel(work):
            with self.callbacks.training():
                yield one


def _numbered(i: int, *arguments: Any) -> tuple[int, list[Evaluation]]:
    """Evaluate a chunk, unless the time is over, and return its number, too."""
    _, fits, _, deadline = arguments
    if deadline.is_over:
        return i, [Evaluation(fit, {}, 0, is_interrupted=True) for fit in fits]
    return i, evaluate(*arguments)
