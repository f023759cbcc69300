"""Trials: one learner on one data set, measured here or elsewhere."""

import json
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from stopwatch import geometric_mean
from table_scores import classification_metrics, error_of, interval_metrics, regression_metrics
from table_sets import Parts, TableSet

from sknn import TabularMLPRegressor

#: The bounds that `try_intervals` learns.
BOUNDS = (0.05, 0.95)


@dataclass(frozen=True)
class Trial:
    """What came of it.

    Parameters
    ----------
    name : str
        Of the set.
    seed : int
        Of the split and of the learner.
    learner : str
        Its name.
    metrics : dict
        Empty if it failed.
    error : float, optional
        What is compared by ratio.
    fit_s, predict_s : float, optional
        Seconds of the processor, which other programs on the machine hardly change.
    failure : str, optional
        Why it failed.
    alone : dict
        If it has several members, the means of what each of them comes to by itself: "error", the
        geometric one, and "log_loss".
    """

    name: str
    seed: int
    learner: str
    metrics: dict[str, float] = field(default_factory=dict)
    error: float | None = None
    fit_s: float | None = None
    predict_s: float | None = None
    failure: str | None = None
    alone: dict[str, float] = field(default_factory=dict)

    @property
    def place(self) -> tuple[str, int]:
        """What other learners must share to be compared: the set and the seed."""
        return self.name, self.seed


def try_learner(learner: str, build: Callable[[], Any], table: TableSet, seed: int) -> Trial:
    """Fit a learner to the training rows and see how well it does on the test rows."""

    def measure(model: Any, X: Any, y: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
        proba = None if table.is_regression else model.predict_proba(X)
        several = getattr(model, "n_members", 1) > 1
        return {
            "metrics": metrics_of(model, y, predicted, proba),
            "alone": alone(model, X, y) if several else {},
        }

    trial = Trial(table.name, seed, learner)
    return scored(tried(trial, build, measure, table.parts(seed)), table)


def metrics_of(
    model: Any, y: np.ndarray, predicted: np.ndarray, proba: np.ndarray | None
) -> dict[str, float]:
    """Return the metrics of predictions; without probabilities y is numbers."""
    if proba is None:
        return regression_metrics(y, predicted)
    return classification_metrics(y, predicted, proba, model.classes_)


def alone(model: Any, X: Any, y: np.ndarray) -> dict[str, float]:
    """Return the mean error, and log loss, of the members of a model, each by itself."""
    predictions = model.predict_members(X)
    if hasattr(model, "classes_"):
        answers = [(model.classes_[proba.argmax(axis=1)], proba) for proba in predictions]
    else:
        answers = [(predicted, None) for predicted in predictions]
    metrics = [metrics_of(model, y, *answer) for answer in answers]
    means = {"error": geometric_mean(np.array([error_of(one, y) for one in metrics]))}
    if "log_loss" in metrics[0]:
        means["log_loss"] = float(np.mean([one["log_loss"] for one in metrics]))
    return means


def try_intervals(table: TableSet, seed: int) -> Trial:
    """Learn the bounds of nine tenths of y and see how many test rows are between them."""

    def build() -> Any:
        return TabularMLPRegressor(loss="quantile", quantile=list(BOUNDS), random_state=seed)

    def measure(model: Any, X: Any, y: np.ndarray, bounds: np.ndarray) -> dict[str, Any]:
        return {"metrics": interval_metrics(y, bounds)}

    trial = Trial(table.name, seed, "intervals of sknn")
    return tried(trial, build, measure, table.parts(seed))


def tried(
    trial: Trial, build: Callable[[], Any], measure: Callable[..., dict[str, Any]], parts: Parts
) -> Trial:
    """Fill a trial in with what `measure` gives; what a learner raises is its failure."""
    X, X_test, y, y_test = parts
    try:
        model = build()
        begun = time.process_time()
        model.fit(X, y)
        fitted = time.process_time()
        predicted = model.predict(X_test)
        done = time.process_time()
        found = measure(model, X_test, y_test, predicted)
    except Exception as error:
        return replace(trial, failure=f"{type(error).__name__}: {error}")
    return replace(trial, **found, fit_s=fitted - begun, predict_s=done - fitted)


def recorded_trials(path: str, besides: Collection[str]) -> list[Trial]:
    """Read the trials of other learners; those who are measured here need none of elsewhere.

    The file is a list of objects with name, seed, learner, metrics and fit_s, or has one under
    "trials", as `--json` writes it.
    """
    content = json.loads(Path(path).read_text())
    rows = content["trials"] if isinstance(content, dict) else content
    known = [field.name for field in fields(Trial)]
    trials = [Trial(**{name: row[name] for name in known if name in row}) for row in rows]
    if twice := {trial.learner for trial in trials} & set(besides):
        print(f"note: {', '.join(sorted(twice))} of {path} left out, measured here")
    return [trial for trial in trials if trial.learner not in besides]


def scored(trial: Trial, table: TableSet) -> Trial:
    """Add the error, by which learners are compared."""
    if not trial.metrics:
        return trial
    return replace(trial, error=error_of(trial.metrics, table.parts(trial.seed)[3]))
