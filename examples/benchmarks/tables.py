"""Tables: sknn, gradient boosting and other networks on a folder of real data, at their defaults.

    python examples/benchmarks/tables.py --data DIR
    python examples/benchmarks/tables.py --data DIR --quick --learners sknn,mlp,hgb
    python examples/benchmarks/tables.py --data DIR --seeds 0,1 --intervals --json figures.json
    python examples/benchmarks/tables.py --data DIR --recorded others.json --plot dots.png

What DIR holds, what is measured and how to read the figures is in the README beside this file.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when libraries are imported

import argparse
import json
import platform
import sys
import warnings
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from dots import plot_dots
from sklearn.exceptions import ConvergenceWarning
from table_learners import LEARNERS, OPTIONAL, Build, Problem, installed_learners
from table_report import print_report
from table_sets import TASKS, Entry, TableSet, read_entries
from table_trials import Trial, recorded_trials, scored, try_intervals, try_learner
from threadpoolctl import threadpool_limits

#: How many sets `--quick` takes.
FEW = 5


def main() -> None:
    """Try all learners on all sets, and write what was asked for after each set."""
    options = read_options()
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.filterwarnings("ignore", "Found unknown categories")  # they are as good as rare ones
    warnings.filterwarnings("ignore", ".*all of them infrequent")  # data are as they are
    entries = chosen_entries(options)
    learners, recorded = chosen_learners(options)
    trials: list[Trial] = []
    intervals: list[Trial] = []
    with threadpool_limits(1):
        for entry in entries:
            table = entry.load()
            for seed in options.seeds:
                trials += try_all(learners, recorded, table, seed, options.members)
                if options.intervals and table.is_regression:
                    intervals.append(try_intervals(table, seed))
            if options.json:
                write_json(options.json, trials, intervals)
    print_report(trials, intervals)
    if options.plot:
        plot_dots(trials, options.plot)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Compare learners on tables, at their defaults.")
    parser.add_argument("--data", metavar="DIR", required=True, help="with meta.json and the sets")
    parser.add_argument("--sets", type=listed, default=[], help="separated by commas (all)")
    parser.add_argument(
        "--learners",
        type=listed,
        default=[],
        help=f"of {', '.join(LEARNERS)} and those recorded (all but {' and '.join(OPTIONAL)})",
    )
    parser.add_argument("--seeds", type=numbers, default=[0, 1], help="of the splits (0,1)")
    parser.add_argument("--members", type=int, default=8, help="of sknn-members (8)")
    parser.add_argument("--intervals", action="store_true", help="see if learnt bounds hold")
    parser.add_argument("--recorded", metavar="FILE", help="trials of learners run elsewhere")
    parser.add_argument("--json", metavar="FILE", help="write all trials")
    parser.add_argument("--plot", metavar="FILE", help="draw the errors")
    parser.add_argument("--quick", action="store_true", help="the five smallest sets, seed 0")
    options = parser.parse_args()
    if options.quick:
        options.seeds = [0]
    return options


def listed(text: str) -> list[str]:
    """Return words that commas separate."""
    return text.split(",")


def numbers(text: str) -> list[int]:
    """Return whole numbers that commas separate."""
    return [int(word) for word in listed(text)]


def chosen_entries(options: argparse.Namespace) -> list[Entry]:
    """Return the sets to run, the smallest first; say which cannot be."""
    try:
        entries = read_entries(options.data)
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"--data needs a folder with a meta.json, as in the README: {error!r}")
    refuse_strangers("sets", options.sets, [entry.name for entry in entries])
    chosen = []
    for entry in entries:
        if options.sets and entry.name not in options.sets:
            continue
        if entry.task in TASKS:
            chosen.append(entry)
        else:
            print(f"note: {entry.name} is left out, its task is {entry.task}")
    return chosen[:FEW] if options.quick else chosen


def chosen_learners(options: argparse.Namespace) -> tuple[dict[str, Build], list[Trial]]:
    """Return the learners to run, and the trials of those that were run elsewhere."""
    default = [name for name in LEARNERS if name not in OPTIONAL]
    wanted = options.learners or default
    learners = installed_learners(name for name in wanted if name in LEARNERS)
    recorded = recorded_trials(options.recorded, learners) if options.recorded else []
    elsewhere = {trial.learner for trial in recorded}
    refuse_strangers("learners", options.learners, [*LEARNERS, *elsewhere])
    chosen = elsewhere & set(options.learners or elsewhere)
    if chosen:
        print(f"note: measured elsewhere, the seconds too: {', '.join(sorted(chosen))}")
    return learners, [trial for trial in recorded if trial.learner in chosen]


def refuse_strangers(kind: str, names: list[str], known: list[str]) -> None:
    """Leave the program if a name is not known."""
    if strangers := [name for name in names if name not in known]:
        sys.exit(f"no such {kind}: {', '.join(strangers)}; there are {', '.join(known)}")


def try_all(
    learners: dict[str, Build], recorded: list[Trial], table: TableSet, seed: int, members: int
) -> list[Trial]:
    """Try each learner on a split of a set, printing as it goes; add what others did there."""
    outputs = 1 if table.y.ndim == 1 else table.y.shape[1]
    problem = Problem(table.is_regression, outputs, seed, members)
    print(f"{table.name}, seed {seed}:", end="", flush=True)
    trials = []
    for name, build in learners.items():
        trials.append(try_learner(name, partial(build, problem), table, seed))
        print(f"  {outcome(trials[-1])}", end="", flush=True)
    print()
    there = [trial for trial in recorded if trial.place == (table.name, seed)]
    return trials + [scored(trial, table) for trial in there]


def outcome(trial: Trial) -> str:
    """Return the error and the seconds in short."""
    if trial.failure:
        return f"{trial.learner} failed"
    return f"{trial.learner} {trial.error:.3f} in {trial.fit_s:.1f} s"


def write_json(path: str, trials: list[Trial], intervals: list[Trial]) -> None:
    """Write what has been tried so far, and where."""
    figures: dict[str, Any] = {"versions": versions()}
    for name, some in {"trials": trials, "intervals": intervals}.items():
        figures[name] = [asdict(trial) for trial in some]
    with open(path, "w") as file:
        json.dump(figures, file, indent=1)


def versions() -> dict[str, str]:
    """Return the versions of all that figures depend on."""
    found = {"python": platform.python_version()}
    for name in ("sknn", "numpy", "pandas", "scikit-learn", "xgboost", "lightgbm", "pytabkit"):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


if __name__ == "__main__":
    main()
