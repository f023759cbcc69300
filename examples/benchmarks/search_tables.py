"""Searches of tables in a minute: sknn's ensemble, and boosted trees with random settings.

    python examples/benchmarks/search_tables.py --data DIR --out search_tables.jsonl
    python examples/benchmarks/search_tables.py --data DIR --seconds 60 --learners sknn,search

`sknn` is the default fit; `search` is `BatchedRandomizedSearchCV` over its `search_space` with
``factor=3``, ``max_time`` and ``ensemble=True``; `catboost` and `xgboost` (left out if they are not
installed) try random settings by the same five folds for the same time, and are then fitted with
the best ones to all rows. All may use `--jobs` processors.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when libraries are imported

import argparse
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from cross_fitting import (
    add_run_options,
    chosen_entries,
    ignore_warnings,
    listed,
    numbers,
    read_table,
    run_trials,
)
from scipy.stats import loguniform, randint, uniform
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, clone
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import KFold, ParameterSampler, StratifiedKFold
from table_learners import Problem, catboost, installed_learners, sknn, xgboost
from table_trials import Trial, outcome, try_learner

from sknn.search import BatchedRandomizedSearchCV

#: Sets of different kinds: many and few rows, numbers and categories, noise and none.
SETS = [
    *("vehicle", "segment", "german_credit", "satimage"),
    *("concrete", "airfoil", "california_housing", "abalone"),
]

#: What is searched in boosted trees.
SPACES: Mapping[str, Mapping[str, Any]] = {
    "xgboost": {
        "learning_rate": loguniform(0.01, 0.3),
        "max_depth": randint(3, 11),
        "min_child_weight": loguniform(1, 100),
        "subsample": uniform(0.5, 0.5),
        "colsample_bytree": uniform(0.5, 0.5),
        "reg_lambda": loguniform(0.1, 100),
        "n_estimators": randint(50, 1001),
    },
    "catboost": {
        "learning_rate": loguniform(0.01, 0.3),
        "depth": randint(4, 9),
        "l2_leaf_reg": loguniform(1, 30),
        "random_strength": uniform(0, 5),
        "iterations": randint(50, 1001),
    },
}


def main() -> None:
    """Try all learners on all sets, and print their ratios to the default fit."""
    parser = argparse.ArgumentParser(description="Compare searches of tables.")
    parser.add_argument("--data", metavar="DIR", required=True, help="with meta.json and the sets")
    parser.add_argument("--sets", type=listed, default=SETS, help="separated by commas")
    parser.add_argument("--learners", type=listed, default=list(LEARNERS))
    parser.add_argument("--seeds", type=numbers, default=[0], help="of the splits (0)")
    parser.add_argument("--seconds", type=float, default=60, help="for a search (60)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    add_run_options(parser)
    options = parser.parse_args()
    ignore_warnings()
    entries = chosen_entries([options.data], options.sets)
    learners = [name for name in options.learners if name in ("sknn", "search")]
    learners += installed_learners([name for name in options.learners if name in SPACES])
    planned = [
        {"set": entry.name, "seed": seed, "learner": name, "seconds": options.seconds}
        for entry in entries
        for seed in options.seeds
        for name in learners
    ]
    work = partial(try_one, options.data, options.jobs)
    rows = run_trials(planned, work, options, ["seconds"], outcome)
    print_ratios([Trial.of(row) for row in rows], learners)


def try_one(folder: str, jobs: int, planned: dict[str, Any]) -> dict[str, Any]:
    """Fit a learner to the training rows, and score it on the test rows."""
    table = read_table(folder, planned["set"])
    outputs = 1 if table.y.ndim == 1 else table.y.shape[1]
    problem = Problem(table.is_regression, outputs, planned["seed"])
    build = partial(LEARNERS[planned["learner"]], problem, planned["seconds"], jobs)
    start = time.perf_counter()
    row = try_learner(planned["learner"], build, table, planned["seed"]).row()
    return {**row, "wall_s": time.perf_counter() - start}


def search(problem: Problem, seconds: float, jobs: int) -> Any:
    """Build a search of the network for tables."""
    network = sknn(problem)
    return BatchedRandomizedSearchCV(
        network,
        network.search_space(),
        n_iter=1000,
        factor=3,
        cv=folds(problem),
        n_jobs=jobs,
        scoring="neg_root_mean_squared_error" if problem.is_regression else "neg_log_loss",
        ensemble=True,
        max_time=seconds,
        random_state=problem.seed,
    )


def folds(problem: Problem) -> Any:
    """Return five folds."""
    kind = KFold if problem.is_regression else StratifiedKFold
    return kind(5, shuffle=True, random_state=problem.seed)


class TreeSearch(BaseEstimator):
    """Random settings of boosted trees, compared by five folds as long as there is time.

    Parameters
    ----------
    name : str
        Which trees.
    problem : Problem
        What they are built for.
    seconds : float
        How long to search.
    jobs : int
        Threads of a fit.
    """

    def __init__(self, name: str, problem: Problem, seconds: float, jobs: int) -> None:
        self.name = name
        self.problem = problem
        self.seconds = seconds
        self.jobs = jobs

    def fit(self, X: Any, y: np.ndarray) -> "TreeSearch":
        """Search, and fit the best settings to all rows."""
        end = time.time() + self.seconds
        space = SPACES[self.name]
        best, lowest, slowest = None, np.inf, 0.0
        for settings in ParameterSampler(space, 10_000, random_state=self.problem.seed):
            start = time.time()
            if start + 1.3 * slowest > end and best is not None:
                break
            model = self._build(settings)
            losses = [
                self._loss(clone(model).fit(X.iloc[train], y[train]), X.iloc[test], y[test])
                for train, test in folds(self.problem).split(X, y)
            ]
            slowest = max(slowest, time.time() - start)
            if np.mean(losses) < lowest:
                best, lowest = model, float(np.mean(losses))
        self.model_ = best.fit(X, y)
        if not self.problem.is_regression:
            self.classes_ = self.model_.classes_
        return self

    def _build(self, settings: Mapping[str, Any]) -> Any:
        model = {"xgboost": xgboost, "catboost": catboost}[self.name](self.problem)
        threads = {"xgboost": "n_jobs", "catboost": "thread_count"}[self.name]
        for part in [model, *model.get_params().values()]:
            known = part.get_params() if hasattr(part, "get_params") else {}
            if threads in known or "learning_rate" in known:
                part.set_params(**settings, **{threads: self.jobs})
        return model

    def _loss(self, model: Any, X: Any, y: np.ndarray) -> float:
        if self.problem.is_regression:
            return float(mean_squared_error(y, model.predict(X)))
        return float(log_loss(y, model.predict_proba(X), labels=model.classes_))

    def predict(self, X: Any) -> np.ndarray:
        """Predict by the best settings."""
        return self.model_.predict(X)


class TreeSearchClassifier(ClassifierMixin, TreeSearch):
    """The same for classes."""

    def predict_proba(self, X: Any) -> np.ndarray:
        """Predict by the best settings."""
        return self.model_.predict_proba(X)


class TreeSearchRegressor(RegressorMixin, TreeSearch):
    """The same for numbers."""


def trees(name: str, problem: Problem, seconds: float, jobs: int) -> Any:
    """Build a search of boosted trees."""
    kind = TreeSearchRegressor if problem.is_regression else TreeSearchClassifier
    return kind(name, problem, seconds, jobs)


#: Builds each learner from the problem, the seconds and the number of processes.
LEARNERS: Mapping[str, Callable[[Problem, float, int], Any]] = {
    "sknn": lambda problem, seconds, jobs: sknn(problem),
    "search": search,
    "catboost": partial(trees, "catboost"),
    "xgboost": partial(trees, "xgboost"),
}


def print_ratios(trials: list[Trial], learners: list[str]) -> None:
    """Print the geometric means of the ratios to the default fit."""
    print(f"\n{'learner':<12}{'error':>16}{'log loss':>16}{'sets and seeds':>16}")
    by_learner = {
        name: {(one.name, one.seed): one for one in trials if one.learner == name}
        for name in learners
    }
    base = by_learner.get("sknn", {})
    for name, of_learner in by_learner.items():
        pairs = [(one, base[key]) for key, one in of_learner.items() if key in base]
        pairs = [(a, b) for a, b in pairs if a.metrics and b.metrics]
        errors = [a.error / b.error for a, b in pairs]
        losses = [
            a.metrics["log_loss"] / b.metrics["log_loss"]
            for a, b in pairs
            if "log_loss" in a.metrics
        ]
        columns = [f"{np.exp(np.mean(np.log(one))):.3f}" if one else "" for one in (errors, losses)]
        print(f"{name:<12}{columns[0]:>16}{columns[1]:>16}{len(pairs):>16}")


if __name__ == "__main__":
    main()
