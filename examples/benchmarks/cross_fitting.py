"""Tables, splits and resumable trials, for all benchmarks on tables."""

import argparse
import json
import sys
import warnings
from collections.abc import Callable, Collection, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning
from table_sets import TASKS, Entry, Parts, TableSet, read_entries, thinned

#: Sets with fewer rows than this have `--splits` splits, larger ones `FEW_SPLITS` at most.
SMALL, FEW_SPLITS = 2000, 3

#: What was tried, and the results: a line of the file of results.
Trial = dict[str, Any]

#: What tells trials apart, where they have it.
KEYS = ("set", "seed", "learner", "rows", "folds", "members", "settings")


def option_parser(description: str, *, rows: int, splits: int) -> argparse.ArgumentParser:
    """Return a parser of the options of trials with so many rows and splits."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rows", type=int, default=rows, help=f"for training, at most ({rows})")
    parser.add_argument("--splits", type=int, default=splits, help=f"number of splits ({splits})")
    add_run_options(parser)
    return parser


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that `run_trials` needs."""
    parser.add_argument("--out", metavar="FILE", help="JSON lines; trials in it are not repeated")
    parser.add_argument("--processes", type=int, default=1, help="side by side (1)")


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


def numbers(text: str) -> list[int]:
    """Return whole numbers that commas separate."""
    return [int(word) for word in listed(text)]


def refuse_strangers(kind: str, names: Iterable[str], known: Collection[str]) -> None:
    """Leave the program if a name is not known."""
    if strangers := [name for name in names if name not in known]:
        sys.exit(f"no such {kind}: {', '.join(strangers)}; there are {', '.join(known)}")


def chosen_entries(folders: Iterable[str], names: Collection[str]) -> list[Entry]:
    """Return the named sets of folders, or all, the smallest first; say which cannot be run."""
    entries: list[Entry] = []
    try:
        for folder in folders:
            entries += read_entries(folder)
    except (OSError, ValueError, KeyError) as error:
        sys.exit(f"--data needs a folder with a meta.json, as in the README: {error!r}")
    refuse_strangers("sets", names, [entry.name for entry in entries])
    chosen = [entry for entry in entries if not names or entry.name in names]
    for entry in chosen:
        if entry.task not in TASKS:
            print(f"note: {entry.name} is left out, its task is {entry.task}")
    return sorted((one for one in chosen if one.task in TASKS), key=lambda one: one.size)


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
    entries = {entry.name: entry for entry in read_entries(folder)} if folder else {}
    if name == "diabetes" and name not in entries:
        X, y = load_diabetes(return_X_y=True, as_frame=True)
        return TableSet(name, "regression", X, y.to_numpy(), None)
    return entries[name].load()


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
    trials: list[Trial],
    work: Callable[[Trial], Trial],
    options: argparse.Namespace,
    shared: Collection[str] = ("rows",),
    outcome: Callable[[Trial], str] = lambda _: "done",
) -> list[Trial]:
    """Run the trials that the file has not, append their results to it, and return all it has.

    A trial that fails is printed and left out, so that the next run repeats it. One whose result
    has a "failure" is returned, and repeated likewise. Results of the file for other sets or
    learners are returned, too, if they agree with the options named by `shared`. `outcome` says
    what is printed of a result.
    """
    done = [
        one
        for one in known_results(options)
        if all(one.get(name) == getattr(options, name) for name in shared)
    ]
    finished = {key_of(one) for one in done}
    todo = [one for one in trials if key_of(one) not in finished]
    with ProcessPoolExecutor(options.processes, initializer=ignore_warnings) as pool:
        waiting = {pool.submit(work, trial): trial for trial in todo}
        for number, future in enumerate(as_completed(waiting), 1):
            trial = waiting[future]
            label = f"{trial['set']}, seed {trial['seed']}, {trial['learner']}"
            try:
                done.append({**trial, **future.result()})
            except Exception as error:
                print(f"note: {label} failed: {type(error).__name__}: {error}", flush=True)
                continue
            print(f"{label}: {outcome(done[-1])} ({number} of {len(todo)})", flush=True)
            if options.out:
                with open(options.out, "a") as file:
                    file.write(json.dumps(done[-1]) + "\n")
    return done


def known_results(options: argparse.Namespace) -> list[Trial]:
    """Return the results in the file of `--out`, if there is one, without failures."""
    with suppress(FileNotFoundError):
        results = read_results(options.out) if options.out else []
        return [one for one in results if not one.get("failure")]
    return []


def read_results(path: str) -> list[Trial]:
    """Return what a file of results has."""
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


def key_of(trial: Trial) -> tuple[Any, ...]:
    """Return what tells a trial from others."""
    return tuple(trial.get(key) for key in KEYS)


def ignore_warnings() -> None:
    """Ignore warnings about the data, which are as they are, and about unfinished training."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.filterwarnings("ignore", "Found unknown categories")
    warnings.filterwarnings("ignore", ".*all of them infrequent")
    warnings.filterwarnings("ignore", "The least populated class in y")


def mean_by_set(results: Iterable[Trial], learner: str, metric: str) -> dict[str, float]:
    """Return the mean of a metric over the splits of each set."""
    values: dict[str, list[float]] = {}
    for one in results:
        if one["learner"] == learner and one.get(metric) is not None:
            values.setdefault(one["set"], []).append(one[metric])
    return {name: float(np.mean(some)) for name, some in values.items()}
