"""The scores of a search against those on test rows: `oof_score_`, `best_score_`.

    python examples/benchmarks/search_optimism.py
    python examples/benchmarks/search_optimism.py --data DIR --out search_optimism.jsonl

`BatchedRandomizedSearchCV` searches `TabularMLP*` in five folds, with ``ensemble=True``. At most
half of the rows of a set are for training, and `--rows` of them; all others are test rows. The loss
is the log loss or the RMSE, whose test rows are divided into parts as large as a fold, so that its
mean is one of the same kind. Ratios are geometric means over the seeds of a set and then over the
sets, with the standard error of the sets; below 1 a score is optimistic.

- `oof_score_` is divided by the loss of the ensemble and `best_score_` by that of the best
  candidate, both trained again on all rows (`users`). Both predict better than the networks of a
  single fold.
- Both are divided by the mean test loss of the networks of each fold, too (`folds`): what is left
  is the choice, and the chance that some training rows are easier than others.
- That chance is about the same for the default candidate, which nothing has chosen: `paired` is
  `folds` / the same ratio of this one.

DIR is that of tables.py; without it the sets are those of scikit-learn.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when libraries are imported

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from statistics import mean
from typing import Any

import numpy as np
from cross_fitting import (
    Trial,
    add_run_options,
    chosen_entries,
    ignore_warnings,
    listed,
    numbers,
    read_table,
    refuse_strangers,
    run_trials,
)
from sklearn import datasets
from sklearn.base import clone
from sklearn.metrics import log_loss, root_mean_squared_error
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from table_sets import TableSet

from sknn import TabularMLPClassifier, TabularMLPRegressor
from sknn.search import BatchedRandomizedSearchCV

#: What scikit-learn ships.
SHIPPED: Mapping[str, tuple[str, Callable[..., Any]]] = {
    "breast_cancer": ("binary", datasets.load_breast_cancer),
    "diabetes": ("regression", datasets.load_diabetes),
    "digits": ("multiclass", datasets.load_digits),
}

#: Number of folds.
N_FOLDS = 5

#: Ratios: losses whose product is divided by that of others.
RATIOS: Mapping[str, tuple[list[str], list[str]]] = {
    "oof: users": (["oof"], ["ensemble"]),
    "oof: folds": (["oof"], ["ensemble_folds"]),
    "oof: paired": (["oof", "default_folds"], ["ensemble_folds", "default"]),
    "best: users": (["best"], ["refitted"]),
    "best: folds": (["best"], ["best_folds"]),
    "best: paired": (["best", "default_folds"], ["best_folds", "default"]),
}


def main() -> None:
    """Search all sets, and print the ratios."""
    parser = argparse.ArgumentParser(description="Compare scores of searches with test scores.")
    parser.add_argument("--data", metavar="DIR", help="with meta.json, as for tables.py")
    parser.add_argument("--sets", type=listed, default=[], help="separated by commas (all)")
    parser.add_argument("--seeds", type=numbers, default=[0, 1], help="of splits and searches")
    parser.add_argument("--rows", type=int, default=300, help="for training, at most (300)")
    parser.add_argument("--candidates", type=int, default=12, help="of a search (12)")
    add_run_options(parser)
    options = parser.parse_args()
    ignore_warnings()
    trials = [
        {
            "set": name,
            "seed": seed,
            "learner": "search",
            "rows": options.rows,
            "candidates": options.candidates,
        }
        for name in chosen_sets(options)
        for seed in options.seeds
    ]
    shared = ["rows", "candidates"]
    results = run_trials(trials, partial(search_table, options.data), options, shared, outcome)
    wanted = {(one["set"], one["seed"]) for one in trials}
    print_report([one for one in results if (one["set"], one["seed"]) in wanted])


def chosen_sets(options: argparse.Namespace) -> list[str]:
    """Return the names of the sets to search; those of time series are left out."""
    if options.data is None:
        refuse_strangers("sets", options.sets, SHIPPED)
        return options.sets or list(SHIPPED)
    entries = chosen_entries([options.data], options.sets)
    if not (names := [one.name for one in entries if not one.stream]):
        sys.exit("none of the sets can be split at random")
    return names


def load(folder: str | None, name: str) -> TableSet:
    """Read a set of the folder, or of scikit-learn without one."""
    if folder is not None:
        return read_table(folder, name)
    task, read = SHIPPED[name]
    X, y = read(return_X_y=True, as_frame=True)
    return TableSet(name, task, X, y.to_numpy(), None)


def search_table(folder: str | None, trial: Trial) -> Trial:
    """Search on the training rows of a set, and return the losses."""
    table, seed = load(folder, trial["set"]), trial["seed"]
    n_train = min(trial["rows"], len(table.y) // 2)
    X, X_test, y, y_test = train_test_split(
        table.X,
        table.y,
        train_size=n_train,
        random_state=seed,
        stratify=None if table.is_regression else table.y,
    )
    kind = TabularMLPRegressor if table.is_regression else TabularMLPClassifier
    folds = KFold if table.is_regression else StratifiedKFold
    splits = list(folds(N_FOLDS, shuffle=True, random_state=seed).split(X, y))
    network = kind(random_state=seed)
    search = BatchedRandomizedSearchCV(
        network,
        network.search_space(),
        n_iter=trial["candidates"],
        cv=splits,
        scoring="neg_root_mean_squared_error" if table.is_regression else "neg_log_loss",
        ensemble=True,
        random_state=seed,
    )
    start = time.process_time()
    search.fit(X, y)
    seconds = time.process_time() - start
    members = search.ensemble_.members_
    of_best, of_default, *of_members = (
        [
            clone(network).set_params(**params, cv=None).fit(X.iloc[rows], y[rows])
            for rows, _ in splits
        ]
        for params in (search.best_params_, {}, *(one.params for one in members))
    )
    weights = [one.weight for one in members]
    averages = [
        np.tensordot(
            weights,
            [
                at_temperature(predictions_of(one, X_test), member.temperature)
                for one, member in zip(fold, members, strict=True)
            ],
            axes=1,
        )
        for fold in zip(*of_members, strict=True)
    ]
    loss = partial(mean_loss, None if table.is_regression else search.classes_)
    size = n_train // N_FOLDS
    on_test = partial(loss, y_test, size=size)
    own = [
        loss(y[rows], predictions_of(one, X.iloc[rows]), size=size)
        for one, (_, rows) in zip(of_default, splits, strict=True)
    ]
    return {
        "is_regression": table.is_regression,
        "n_test": len(y_test),
        "oof": -float(search.oof_score_),
        "best": -float(search.best_score_),
        "default": mean(own),
        "ensemble": on_test(predictions_of(search, X_test)),
        "ensemble_folds": mean(map(on_test, averages)),
        "refitted": on_test(predictions_of(search.best_estimator_, X_test)),
        "best_folds": mean(on_test(predictions_of(one, X_test)) for one in of_best),
        "default_folds": mean(on_test(predictions_of(one, X_test)) for one in of_default),
        "seconds": seconds,
    }


def predictions_of(estimator: Any, X: Any) -> np.ndarray:
    """Return probabilities, or predictions of a regressor."""
    return getattr(estimator, "predict_proba", estimator.predict)(X)


def at_temperature(predictions: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities whose logarithms are divided; at a temperature of 1 the predictions."""
    if temperature == 1:
        return predictions
    powers = predictions ** (1 / temperature)
    return powers / powers.sum(axis=1, keepdims=True)


def mean_loss(classes: Any, y: np.ndarray, predictions: np.ndarray, *, size: int) -> float:
    """Return the log loss, or the mean RMSE of parts of about so many rows."""
    if classes is not None:
        return float(log_loss(y, predictions, labels=classes))
    parts = np.array_split(np.arange(len(y)), max(1, round(len(y) / size)))
    return mean(root_mean_squared_error(y[one], predictions[one]) for one in parts)


def outcome(trial: Trial) -> str:
    """Return what is printed of a search."""
    return ", ".join(f"{name} {np.exp(log_ratio(trial, name)):.3f}" for name in RATIOS)


def log_ratio(trial: Trial, name: str) -> float:
    """Return the logarithm of a ratio of losses."""
    above, below = RATIOS[name]
    return float(
        sum(np.log(trial[one]) for one in above) - sum(np.log(trial[one]) for one in below)
    )


def print_report(results: list[Trial]) -> None:
    """Print the ratios of each set, and their means."""
    print(f"\n{'set':<24}{'test rows':>10}", *(f"{name:>17}" for name in RATIOS))
    for is_regression, title in ((False, "log loss"), (True, "RMSE")):
        some = [one for one in results if one["is_regression"] == is_regression]
        rows = []
        for name in sorted({one["set"] for one in some}):
            of_set = [one for one in some if one["set"] == name]
            rows.append([mean(log_ratio(one, ratio) for one in of_set) for ratio in RATIOS])
            cells = [f"{np.exp(value):>17.3f}" for value in rows[-1]]
            print(f"{name:<24}{of_set[0]['n_test']:>10}", *cells)
        if rows:
            print(f"{f'{title}, {len(rows)} sets':<34}", *map(summary, zip(*rows, strict=True)))


def summary(logarithms: tuple[float, ...]) -> str:
    """Return the geometric mean of ratios and its standard error, if there are several."""
    n, centre = len(logarithms), np.exp(np.mean(logarithms))
    error = f" +- {centre * np.std(logarithms, ddof=1) / np.sqrt(n):.3f}" if n > 1 else ""
    return f"{f'{centre:.3f}{error}':>17}"


if __name__ == "__main__":
    main()
