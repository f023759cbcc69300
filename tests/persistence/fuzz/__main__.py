"""``python -m tests.persistence.fuzz``: try many mutants, and tell what became of them."""

import argparse
import collections
import multiprocessing
import sys
import time
import traceback
from pathlib import Path

from tests.persistence.fuzz import judge, mutants

#: Makers whose mutants are always measured; of the others one in so many is.
HUNGRY, ONE_IN = {"bomb", "crowd", "odd_zip", "lying_manifest"}, 10


def trial(seed, numbers):
    """Try mutants of these numbers; return the counts, the largest memory and the failures."""
    counts, failures, largest = collections.Counter(), [], 0.0
    for number in numbers:
        name, maker, data, sealed = mutants.mutant(seed, number)
        try:
            verdict = judge.judged(data, sealed=sealed)
            if maker in HUNGRY or number % ONE_IN == 0:
                largest = max(largest, judge.hunger(data, name))
        except (Exception, judge.Hangs):
            verdict = "FAILED"
            failures.append((number, name, maker, data, traceback.format_exc()))
        counts[maker, verdict] += 1
    return counts, largest, failures


def main(arguments=None):
    """Run, print a table, and return 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.persistence.fuzz")
    parser.add_argument("--tries", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first try")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for files that broke a promise")
    chosen = parser.parse_args(arguments)
    numbers = range(chosen.first, chosen.first + chosen.tries)
    shares = [(chosen.seed, numbers[i :: chosen.processes]) for i in range(chosen.processes)]
    began = time.perf_counter()
    if chosen.processes == 1:
        results = [trial(*shares[0])]
    else:
        with multiprocessing.get_context("spawn").Pool(chosen.processes) as pool:
            results = pool.starmap(trial, shares)
    seconds = time.perf_counter() - began
    failures = [failure for result in results for failure in result[2]]
    report(sum((result[0] for result in results), collections.Counter()))
    print(f"{chosen.tries} tries, {chosen.tries / seconds:.0f} a second")
    print(f"memory: at most {max(result[1] for result in results):.1f} times the honest file's")
    for failure in failures:
        tell(failure, chosen.keep)
    return 1 if failures else 0


def report(counts):
    """Print how often each maker's mutants had each verdict."""
    verdicts = ["refused", "equal", "other", "FAILED"]
    print(f"{'':16}" + "".join(f"{verdict:>9}" for verdict in verdicts))
    for maker in sorted({maker for maker, _ in counts}):
        print(f"{maker:16}" + "".join(f"{counts[maker, verdict]:9}" for verdict in verdicts))


def tell(failure, folder):
    """Print a failure, and keep its file."""
    number, name, maker, data, trace = failure
    print(f"\ntry {number}, {maker} of {name!r}, {len(data)} bytes\n{trace}", file=sys.stderr)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.sknn").write_bytes(data)


if __name__ == "__main__":
    sys.exit(main())
