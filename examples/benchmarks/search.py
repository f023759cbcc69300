"""Searches: batched against scikit-learn's, by halving, and their memory.

    python examples/benchmarks/search.py
    python examples/benchmarks/search.py --what grid --repeats 3 --jobs 2
    python examples/benchmarks/search.py --what halving --data DIR

`grid` searches 24 candidates in 5 folds by `BatchedGridSearchCV`, by `GridSearchCV` with the same
networks, and with scikit-learn's, each with `--jobs` processes, in turn; and compares the scores of
the first two. `halving` compares the candidate that halving chooses among 81 with that of all 81
trained to their end, and with scikit-learn's halving. `memory` searches 1000 candidates with a
bound. DIR is that of tables.py; search_tables.py searches tables for a given time.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when libraries are imported

import argparse
import time
import tracemalloc
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from cross_fitting import chosen_entries, listed, read_table
from sklearn import neural_network
from sklearn.datasets import load_digits, load_iris, make_classification
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    ParameterGrid,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from stopwatch import Ratio, take_turns

from sknn import MLPClassifier
from sknn.search import BatchedGridSearchCV

#: 24 candidates.
GRID = {
    "alpha": [1e-5, 1e-3, 1e-1],
    "learning_rate_init": [1e-3, 3e-3, 1e-2, 3e-2],
    "dropout": [0.0, 0.2],
}

#: The same number for scikit-learn's network, which has no dropout.
THEIR_GRID = {**GRID, "alpha": [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0]}
THEIR_GRID.pop("dropout")

Data = tuple[np.ndarray, np.ndarray]


def made(n: int) -> Data:
    """Make a table of 20 numbers and two classes."""
    X, y = make_classification(n, 20, n_informative=8, flip_y=0.05, random_state=0)
    return X.astype(np.float32), y


def scaled(data: Data) -> Data:
    """Scale the columns."""
    X, y = data
    return StandardScaler().fit_transform(X).astype(np.float32), y


#: Data, sizes, batch size, and how many times faster than sknn's and scikit-learn's networks in
#: `GridSearchCV` it should be.
CASES: Mapping[str, tuple[Callable[[], Data], tuple[int, ...], Any, tuple[float, float]]] = {
    "iris 32": (lambda: scaled(load_iris(return_X_y=True)), (32,), "auto", (4, 8)),
    "1000 rows 32": (lambda: made(1000), (32,), 32, (2, 5)),
    "1000 rows 32-32": (lambda: made(1000), (32, 32), 32, (2, 5)),
    "digits 64": (lambda: scaled(load_digits(return_X_y=True)), (64,), "auto", (1.3, 3)),
    "2000 rows 128-128": (lambda: made(2000), (128, 128), "auto", (0.95, 1.8)),
}


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description="Compare searches.")
    parser.add_argument("--what", choices=[*SUBJECTS, "all"], default="grid")
    parser.add_argument("--cases", type=listed, default=list(CASES), help="of grid")
    parser.add_argument("--data", metavar="DIR", help="with meta.json and the sets")
    parser.add_argument("--sets", type=listed, default=[], help="separated by commas")
    parser.add_argument("--seeds", type=int, default=3, help="of halving (3)")
    parser.add_argument("--repeats", type=int, default=3, help="of grid (3)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    parser.add_argument("--max-iter", type=int, default=30, help="epochs of grid (30)")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in SUBJECTS if options.what == "all" else [options.what]:
        SUBJECTS[name](options)


def compare_grids(options: argparse.Namespace) -> None:
    """Print how many times faster a batched search is."""
    print(f"\n24 candidates x 5 folds, {options.jobs} processes, {options.max_iter} epochs\n")
    print(
        f"{'case':<24}{'seconds':>9}{'sknn in GridSearchCV':>28}{'scikit-learn':>24}{'wanted':>12}"
    )
    for name in options.cases:
        make, sizes, batch, wanted = CASES[name]
        X, y = make()
        same = {"batch_size": batch, "max_iter": options.max_iter, "random_state": 0}
        ours = MLPClassifier(sizes, **same, n_iter_no_change=np.inf)
        theirs = neural_network.MLPClassifier(sizes, **same, n_iter_no_change=10**6)
        searches = {
            "batched": BatchedGridSearchCV(ours, GRID, n_jobs=options.jobs, refit=False),
            "grid": GridSearchCV(ours, GRID, n_jobs=options.jobs, refit=False),
            "theirs": GridSearchCV(theirs, THEIR_GRID, n_jobs=options.jobs, refit=False),
        }
        tasks = {key: partial(search.fit, X, y) for key, search in searches.items()}
        seconds, results = take_turns(tasks, options.repeats)
        ratios = [Ratio.of(seconds[key], seconds["batched"]) for key in ("grid", "theirs")]
        key = "mean_test_score"
        gap = np.abs(results["batched"].cv_results_[key] - results["grid"].cv_results_[key]).max()
        print(
            f"{name:<24}{np.median(seconds['batched']):>9.2f}{ratios[0]!s:>28}{ratios[1]!s:>24}"
            f"{f'{wanted[0]}, {wanted[1]}':>12}   largest difference of scores {gap:.1e}",
            flush=True,
        )


#: 81 candidates.
HALVING_GRID = {
    "mlpclassifier__alpha": [1e-5, 1e-3, 1e-1],
    "mlpclassifier__learning_rate_init": [1e-3, 3e-3, 1e-2],
    "mlpclassifier__dropout": [0.0, 0.2, 0.4],
    "mlpclassifier__hidden_layer_sizes": [(16,), (64,), (32, 32)],
}

#: Sets with fewer than 1500 rows.
HALVING_SETS = ["vehicle", "sonar", "ionosphere"]


def compare_halving(options: argparse.Namespace) -> None:
    """Print the test score of the choice by halving, and its time, beside those of others."""
    print(f"\n81 candidates, {options.jobs} processes: test accuracy, and wall seconds\n")
    print(f"{'set':<16}{'seed':>5}{'all':>16}{'halving':>16}{'HalvingGridSearchCV':>24}{'se':>8}")
    differences, ratios = [], []
    chosen_entries([options.data], options.sets or HALVING_SETS)
    for name in options.sets or HALVING_SETS:
        table = read_table(options.data, name)
        X = np.asarray(table.X, dtype=np.float64)
        for seed in range(options.seeds):
            parts = train_test_split(X, table.y, test_size=0.3, random_state=seed, stratify=table.y)
            row = halving_row(parts, seed, options.jobs)
            error = np.sqrt(row[0][0] * (1 - row[0][0]) / len(parts[3]))
            differences.append((row[1][0] - row[0][0]) / error)
            ratios.append((row[0][1] / row[1][1], row[2][1] / row[1][1]))
            text = [f"{score:.3f} {seconds:6.1f} s" for score, seconds in row]
            print(
                f"{name:<16}{seed:>5}{text[0]:>16}{text[1]:>16}{text[2]:>24}{error:>8.3f}",
                flush=True,
            )
    exhaustive, theirs = np.exp(np.log(ratios).mean(axis=0))
    print(
        f"\nhalving: {np.mean(differences):+.2f} standard errors of a test part from the choice of "
        f"all in the mean, {exhaustive:.1f} times faster than all, {theirs:.1f} times faster than "
        "HalvingGridSearchCV"
    )


def halving_row(parts: list[Any], seed: int, jobs: int) -> list[tuple[float, float]]:
    """Return the test score and the seconds of each search."""
    train, test, y_train, y_test = parts
    network = MLPClassifier(max_iter=108, batch_size=32, n_iter_no_change=np.inf, random_state=seed)
    model = make_pipeline(StandardScaler(), network)
    searches = [
        BatchedGridSearchCV(model, HALVING_GRID, n_jobs=jobs),
        BatchedGridSearchCV(model, HALVING_GRID, n_jobs=jobs, factor=3),
        HalvingGridSearchCV(
            model,
            HALVING_GRID,
            n_jobs=jobs,
            factor=3,
            resource="mlpclassifier__max_iter",
            max_resources=108,
            min_resources=4,
            random_state=seed,
        ),
    ]
    row = []
    for search in searches:
        start = time.perf_counter()
        search.fit(train, y_train)
        row.append((search.score(test, y_test), time.perf_counter() - start))
    return row


def compare_memory(options: argparse.Namespace) -> None:
    """Print how much memory a search of 1000 candidates takes, with a bound and without."""
    X, y = made(500)
    network = MLPClassifier((32,), batch_size=32, max_iter=2, random_state=0)
    grid = {"alpha": list(np.logspace(-6, 0, 1000))}
    print(f"\n{len(ParameterGrid(grid))} candidates x 5 folds: megabytes at most\n")
    for bound in (None, 5e6, 2e6):
        search = BatchedGridSearchCV(network, grid, refit=False, max_memory=bound)
        tracemalloc.start()
        search.fit(X, y)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        print(f"max_memory={bound}: {peak / 1e6:.1f}", flush=True)


SUBJECTS: Mapping[str, Callable[[argparse.Namespace], None]] = {
    "grid": compare_grids,
    "halving": compare_halving,
    "memory": compare_memory,
}


if __name__ == "__main__":
    main()
