"""Trials: mutants of some numbers before the judge."""

import collections
import traceback
from typing import NamedTuple

from tests.persistence.fuzz import judge, mutants

#: Makers whose mutants are always measured; of the others one in so many is.
HUNGRY, ONE_IN = {"bomb", "crowd"}, 20


class Failure(NamedTuple):
    """A mutant that broke a promise."""

    number: int
    name: str
    maker: str
    data: bytes
    trace: str


class Results(NamedTuple):
    """How often each maker's mutants had each verdict, what broke a promise, the most memory."""

    counts: collections.Counter
    failures: list[Failure]
    hunger: float


def tried(seed, numbers):
    """Return the results of the mutants of these numbers."""
    counts, failures, hunger = collections.Counter(), [], 0.0
    for number in numbers:
        name, maker, data, sealed = mutants.mutant(seed, number)
        try:
            verdict = judge.judged(data, sealed=sealed)
            if maker in HUNGRY or number % ONE_IN == 0:
                hunger = max(hunger, judge.hunger(data, name))
        except (Exception, judge.Hangs):
            verdict = "FAILED"
            failures.append(Failure(number, name, maker, data, traceback.format_exc()))
        counts[maker, verdict] += 1
    return Results(counts, failures, hunger)
