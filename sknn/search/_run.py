"""SearchRun: evaluates fits in chunks, one after the other or in several processes."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from joblib import Parallel, delayed, effective_n_jobs

from sknn.search._evaluation import (
    Evaluation,
    Fit,
    SearchData,
    TransformerCache,
    evaluate,
    group_of,
)

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
    is_interrupted: bool = False  # by the user
    cache: TransformerCache = field(default_factory=TransformerCache)

    @property
    def has_ended(self) -> bool:
        """Whether no further fit is begun."""
        return self.is_interrupted or self.deadline.is_over

    def evaluate(self, fits: Sequence[Fit], max_epochs: int | None = None) -> list[Evaluation]:
        """Return the evaluations of the fits that were completed, in any order."""
        jobs = effective_n_jobs(self.n_jobs)
        size = max(1, min(MAX_CHUNK, -(-len(fits) // jobs)))
        done: list[Evaluation] = []
        try:
            for evaluations in self._in_chunks(list(chunks(fits, size)), max_epochs):
                done += [one for one in evaluations if not one.is_interrupted]
                self.is_interrupted |= any(one.by_user for one in evaluations)
                if self.verbose:
                    print(f"{len(done)} of {len(fits)} fits")
                if self.is_interrupted:
                    break
        except KeyboardInterrupt:
            self.is_interrupted = True
        return done

    def _in_chunks(
        self, parts: Sequence[Sequence[Fit]], max_epochs: int | None
    ) -> Iterator[list[Evaluation]]:
        """Yield the evaluations of each chunk as it is finished."""
        if effective_n_jobs(self.n_jobs) == 1:
            for part in parts:
                if self.deadline.is_over:
                    return
                yield evaluate(
                    self.data,
                    part,
                    max_epochs=max_epochs,
                    should_stop=self.deadline,
                    cache=self.cache,
                )
            return
        parallel = Parallel(n_jobs=self.n_jobs, return_as="generator_unordered")
        yield from parallel(
            delayed(evaluate)(self.data, part, max_epochs=max_epochs, should_stop=self.deadline)
            for part in parts
        )


def chunks(fits: Sequence[Fit], size: int) -> Iterator[list[Fit]]:
    """Divide fits into chunks of networks that can be trained together."""
    ordered = sorted(fits, key=lambda fit: (*group_of(fit), fit.candidate, fit.split))
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]
