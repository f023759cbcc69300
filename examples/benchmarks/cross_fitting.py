"""Tables, splits and resumable trials of the benchmarks of cross-fitting (`cv`)."""

import argparse
import json
import sys
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from table_sets import TASKS, Parts, TableSet, read_entries, thinned

#: Sets with fewer rows than this have `--splits` splits, larger ones `FEW_SPLITS` at most.
SMALL, FEW_SPLITS = 2000, 3

#: What was tried, and the results: a line of the file of results.
Trial = dict[str, Any]

#: What tells trials apart.
KEYS = ("set", "seed", "learner", "rows")


def option_parser(description: str, *, rows: int, splits: int) -> argparse.ArgumentParser:
    """Return a parser of the options that `run_trials` needs."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rows", type=int, default=rows, help=f"for training, at most ({rows})")
    parser.add_argument("--splits", type=int, default=splits, help=f"number of splits ({splits})")
    parser.add_argument("--out", metavar="FILE", help="JSON lines; trials in it are not repeated")
    parser.add_argument("--processes", type=int, default=1, help="side by side (1)")
    return parser


def table_parser(description: str, *, rows: int, splits: int) -> argparse.ArgumentParser:
    """Return a parser of these options, and of those that choose sets."""
    parser = option_parser(description, rows=rows, splits=splits)
    parser.add_argument("--data", metavar="DIR", help="with meta.json, as for tables.py")
    parser.add_argument("--sets", type=listed, default=[], help="separated by commas (all)")
    parser.epilog = f"Sets of {SMALL} rows and more have {FEW_SPLITS} splits at most."
    return parser


def listed(text: str) -> list[str]:
    """Return words that commas separate."""
    return text.split(",")


def wanted_sets(
    options: argparse.Namespace, is_wanted: Callable[[TableSet], bool]
) -> dict[str, TableSet]:
    """Read the chosen sets of the folder, and scikit-learn's diabetes."""
    entries = read_entries(options.data) if options.data else []
    names = [*(one.name for one in entries if one.task in TASKS), "diabetes"]
    if strangers := set(options.sets) - set(names):
        sys.exit(f"no such sets: {', '.join(sorted(strangers))}; there are {', '.join(names)}")
    chosen = [name for name in names if not options.sets or name in options.sets]
    tables = {name: read_table(options.data, name) for name in chosen}
    return {name: table for name, table in tables.items() if is_wanted(table)}


@cache
def read_table(folder: str | None, name: str) -> TableSet:
    """Read a set, once in each process; forked processes have those of their parent."""
    if name == "diabetes":
        X, y = load_diabetes(return_X_y=True, as_frame=True)
        return TableSet(name, "regression", X, y.to_numpy(), None)
    assert folder is not None
    return next(one for one in read_entries(folder) if one.name == name).load()


def trials_of(
    tables: dict[str, TableSet], learners: Iterable[str], options: argparse.Namespace
) -> list[Trial]:
    """Return what there is to try: each learner on each split of each set."""
    return [
        {"set": name, "seed": seed, "learner": learner, "rows": options.rows}
        for name, table in tables.items()
        for seed in range(n_splits(table, options.splits))
        for learner in learners
    ]


def n_splits(table: TableSet, splits: int) -> int:
    """Return how often a set is split."""
    return splits if len(table.y) < SMALL else min(splits, FEW_SPLITS)


def parts(table: TableSet, trial: Trial) -> Parts:
    """Return X_train, X_test, y_train and y_test of a split, with at most so many rows to train."""
    X, X_test, y, y_test = table.parts(trial["seed"])
    few = thinned(np.arange(len(y)), trial["rows"], np.random.default_rng(trial["seed"]))
    return X.iloc[few], X_test, y[few], y_test


def run_trials(
    trials: list[Trial], work: Callable[[Trial], Trial], options: argparse.Namespace
) -> list[Trial]:
    """Run the trials that the file has not, append their results to it, and return all it has.

    A trial that fails is printed and left out, so that the next run repeats it. Results of the file
    for other sets or learners are returned, too, if they have the same number of rows.
    """
    known = read_results(options.out) if options.out else []
    done = [one for one in known if one["rows"] == options.rows]
    finished = {key_of(one) for one in done}
    todo = [one for one in trials if key_of(one) not in finished]
    with ProcessPoolExecutor(options.processes, initializer=ignore_warnings) as pool:
        waiting = {pool.submit(work, trial): trial for trial in todo}
        for future in as_completed(waiting):
            trial = waiting[future]
            label = f"{trial['set']}, seed {trial['seed']}, {trial['learner']}"
            try:
                done.append({**trial, **future.result()})
            except Exception as error:
                print(f"note: {label} failed: {type(error).__name__}: {error}", flush=True)
                continue
            print(f"{label}: {len(done)} done", flush=True)
            if options.out:
                with open(options.out, "a") as file:
                    file.write(json.dumps(done[-1]) + "\n")
    return done


def read_results(path: str) -> list[Trial]:
    """Return what a file of results has, if there is one."""
    with suppress(FileNotFoundError):
        return [json.loads(line) for line in Path(path).read_text().splitlines()]
    return []


def key_of(trial: Trial) -> tuple[Any, ...]:
    """Return what tells a trial from others."""
    return tuple(trial[key] for key in KEYS)


def ignore_warnings() -> None:
    """Ignore warnings about the data, which are as they are, and about unfinished training."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.filterwarnings("ignore", "Found unknown categories")
    warnings.filterwarnings("ignore", ".*all of them infrequent")


def mean_by_set(results: Iterable[Trial], learner: str, metric: str) -> dict[str, float]:
    """Return the mean of a metric over the splits of each set."""
    values: dict[str, list[float]] = {}
    for one in results:
        if one["learner"] == learner and one.get(metric) is not None:
            values.setdefault(one["set"], []).append(one[metric])
    return {name: float(np.mean(some)) for name, some in values.items()}
