"""Tables: sknn, linear models, boosted trees and other networks on real data, at their defaults.

    python examples/benchmarks/tables.py --data DIR
    python examples/benchmarks/tables.py --data DIR --quick --learners sknn,mlp,hgb
    python examples/benchmarks/tables.py --data DIR --seeds 0,1 --intervals --out trials.jsonl
    python examples/benchmarks/tables.py --data DIR --recorded others.json --plot dots.png
    python examples/benchmarks/tables.py --data SMALL --folds 5 --recorded SMALL/peers.json

What DIR holds, what is measured and how to read the figures is in the README beside this file.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when libraries are imported

import argparse
import json
import platform
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from cross_fitting import (
    add_run_options,
    chosen_entries,
    ignore_warnings,
    known_results,
    listed,
    numbers,
    read_table,
    refuse_strangers,
    run_trials,
)
from dots import plot_dots
from table_learners import LEARNERS, OPTIONAL, Problem, installed_learners
from table_report import BEST_OF, print_report
from table_sets import Entry
from table_trials import (
    INTERVALS,
    Trial,
    outcome,
    recorded_trials,
    scored,
    try_intervals,
    try_learner,
)
from threadpoolctl import threadpool_limits

#: How many sets `--quick` takes.
FEW = 5


def main() -> None:
    """Try all learners on all sets, and report what they, and those recorded, came to."""
    options = read_options()
    ignore_warnings()
    entries = chosen_entries([options.data], options.sets)[: FEW if options.quick else None]
    learners, recorded = chosen_learners(options)
    planned = planned_trials(options, entries, learners)
    rows = run_trials(planned, partial(try_one, options.data), options, ["folds"], outcome)
    measured = wanted_trials(rows, options, entries) + scored_trials(recorded, options, entries)
    trials = [trial for trial in measured if trial.learner != INTERVALS]
    intervals = [trial for trial in measured if trial.learner == INTERVALS]
    if options.json:
        write_json(options.json, options.folds, trials, intervals)
    print_report(trials, intervals, options.best_of)
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
        help=f"of {', '.join(LEARNERS)} and those recorded (all but {', '.join(OPTIONAL)})",
    )
    parser.add_argument(
        "--seeds", type=numbers, help="of the splits and the learners (0,1; with --folds 0)"
    )
    parser.add_argument(
        "--folds", type=int, metavar="K", help="cross-validate, without a test part"
    )
    parser.add_argument(
        "--best-of",
        type=listed,
        metavar="LEARNERS",
        help=f"compare with the best of these on each set (with --folds {','.join(BEST_OF)})",
    )
    parser.add_argument("--members", type=int, default=8, help="of sknn-members (8)")
    parser.add_argument("--intervals", action="store_true", help="see if learnt bounds hold")
    parser.add_argument("--recorded", metavar="FILE", help="trials of learners run elsewhere")
    add_run_options(parser)
    parser.add_argument("--json", metavar="FILE", help="write all trials, and the versions")
    parser.add_argument("--plot", metavar="FILE", help="draw the errors")
    parser.add_argument("--quick", action="store_true", help="the five smallest sets, seed 0")
    options = parser.parse_args()
    if options.folds and options.intervals:
        parser.error("--intervals needs test rows, which --folds has not")
    if options.quick or (options.folds and options.seeds is None):
        options.seeds = [0]
    elif options.seeds is None:
        options.seeds = [0, 1]
    if options.best_of is None:
        options.best_of = list(BEST_OF) if options.folds else []
    return options


def chosen_learners(options: argparse.Namespace) -> tuple[list[str], list[Trial]]:
    """Return the learners to run, and the trials of those that were run elsewhere."""
    wanted = options.learners or [name for name in LEARNERS if name not in OPTIONAL]
    learners = installed_learners(name for name in wanted if name in LEARNERS)
    recorded = []
    if options.recorded:
        known = [row for row in known_results(options) if row.get("folds") == options.folds]
        here = {*learners, *(row["learner"] for row in known)}
        recorded = recorded_trials(options.recorded, here, options.folds)
    elsewhere = {trial.learner for trial in recorded}
    refuse_strangers("learners", [*options.learners, *options.best_of], [*LEARNERS, *elsewhere])
    chosen = elsewhere & set(options.learners or elsewhere)
    if chosen:
        print(f"note: measured elsewhere, the seconds too: {', '.join(sorted(chosen))}")
    return learners, [trial for trial in recorded if trial.learner in chosen]


def planned_trials(
    options: argparse.Namespace, entries: Iterable[Entry], learners: list[str]
) -> list[dict[str, Any]]:
    """Return what there is to try, set by set: each learner with each seed."""
    planned = []
    for entry in entries:
        intervals = [INTERVALS] if options.intervals and entry.task == "regression" else []
        for seed in options.seeds:
            for learner in [*learners, *intervals]:
                trial = {"set": entry.name, "seed": seed, "learner": learner}
                members = {"members": options.members} if learner == "sknn-members" else {}
                planned.append({**trial, "folds": options.folds, **members})
    return planned


def try_one(folder: str, planned: dict[str, Any]) -> dict[str, Any]:
    """Try a learner on a set, on one thread, and return what came of it."""
    table, seed = read_table(folder, planned["set"]), planned["seed"]
    with threadpool_limits(1):
        if planned["learner"] == INTERVALS:
            return try_intervals(table, seed).row()
        outputs = 1 if table.y.ndim == 1 else table.y.shape[1]
        problem = Problem(table.is_regression, outputs, seed, planned.get("members", 1))
        build = partial(LEARNERS[planned["learner"]], problem)
        return try_learner(planned["learner"], build, table, seed, planned["folds"]).row()


def wanted_trials(
    rows: list[dict[str, Any]], options: argparse.Namespace, entries: list[Entry]
) -> list[Trial]:
    """Return the trials of the report, in the order of sets and learners, of those that there are.

    A learner that was run before is in it, too, unless learners are chosen.
    """
    sets, learners = [entry.name for entry in entries], [*LEARNERS, INTERVALS]
    chosen = {*(options.learners or LEARNERS), *([INTERVALS] if options.intervals else [])}
    trials = [Trial.of(row) for row in rows if row.get("members") in (None, options.members)]
    wanted = [
        trial
        for trial in trials
        if trial.name in sets and trial.seed in options.seeds and trial.learner in chosen
    ]
    return sorted(
        wanted,
        key=lambda one: (sets.index(one.name), one.seed, learners.index(one.learner)),
    )


def scored_trials(
    recorded: list[Trial], options: argparse.Namespace, entries: list[Entry]
) -> list[Trial]:
    """Return the recorded trials of the chosen sets and seeds, with their errors."""
    names = [entry.name for entry in entries]
    return [
        scored(trial, read_table(options.data, trial.name), options.folds)
        for trial in recorded
        if trial.name in names and trial.seed in options.seeds
    ]


def write_json(path: str, folds: int | None, trials: list[Trial], intervals: list[Trial]) -> None:
    """Write what was tried, and where."""
    figures: dict[str, Any] = {"versions": versions()}
    for name, some in {"trials": trials, "intervals": intervals}.items():
        figures[name] = [{**asdict(trial), "folds": folds} for trial in some]
    with open(path, "w") as file:
        json.dump(figures, file, indent=1)


def versions() -> dict[str, str]:
    """Return the versions of all that figures depend on."""
    found = {"python": platform.python_version()}
    for name in (
        "sknn",
        "numpy",
        "pandas",
        "scikit-learn",
        "xgboost",
        "lightgbm",
        "catboost",
        "pytabkit",
    ):
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


if __name__ == "__main__":
    main()
