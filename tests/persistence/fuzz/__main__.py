"""``python -m tests.persistence.fuzz``: try many mutants, and tell what became of them."""

import argparse
import collections
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path

from tests.persistence.fuzz.trials import tried

#: Tries that a process is given at a time.
AT_ONCE = 500


def main(arguments=None):
    """Run, print a table, and return 1 if a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.persistence.fuzz")
    parser.add_argument("--tries", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="the number of the first try")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for files that broke a promise")
    chosen = parser.parse_args(arguments)
    stop = chosen.first + chosen.tries
    ranges = [range(i, min(i + AT_ONCE, stop)) for i in range(chosen.first, stop, AT_ONCE)]
    began = time.perf_counter()
    counts, hunger, broken = collections.Counter(), 0.0, False
    for results in _each(chosen.seed, ranges, chosen.processes):
        counts += results.counts
        hunger = max(hunger, results.hunger)
        broken = broken or bool(results.failures)
        for failure in results.failures:
            tell(failure, chosen.keep)
    report(counts)
    speed = chosen.tries / (time.perf_counter() - began)
    print(f"{chosen.tries} tries, {speed:.0f} a second")
    print(f"memory: at most {hunger:.1f} times the honest file's")
    return 1 if broken else 0


def _each(seed, ranges, processes):
    """Yield the results of each range of numbers, and tell how far it is."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context) as pool:
        for i, results in enumerate(pool.map(tried, repeat(seed), ranges), 1):
            print(f"\r{i} of {len(ranges)}", end="", file=sys.stderr, flush=True)
            yield results
    print(file=sys.stderr)


def report(counts):
    """Print how often each maker's mutants had each verdict."""
    verdicts = ["refused", "equal", "other", "FAILED"]
    print(f"{'':16}" + "".join(f"{verdict:>9}" for verdict in verdicts))
    for maker in sorted({maker for maker, _ in counts}):
        print(f"{maker:16}" + "".join(f"{counts[maker, verdict]:9}" for verdict in verdicts))


def tell(failure, folder):
    """Print a failure, and keep its file."""
    size = len(failure.data)
    print(f"\ntry {failure.number}, {failure.maker} of {failure.name!r}, {size} bytes")
    print(failure.trace, flush=True)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{failure.number}.sknn").write_bytes(failure.data)


if __name__ == "__main__":
    sys.exit(main())
