"""Trials: one learner on one data set, measured here or elsewhere."""

import json
import time
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from cross_fitting import read_results
from stopwatch import geometric_mean
from table_scores import classification_metrics, error_of, interval_metrics, regression_metrics
from table_sets import TableSet

from sknn import TabularMLPRegressor

#: The name and the bounds of what `try_intervals` learns.
INTERVALS, BOUNDS = "intervals of sknn", (0.05, 0.95)


@dataclass(frozen=True)
class Trial:
    """What came of it.

    Parameters
    ----------
    name : str
        Of the set.
    seed : int
        Of the learner, and of the split unless there are folds.
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

    @classmethod
    def of(cls, row: dict[str, Any]) -> "Trial":
        """Take what is known from a row of a file, where names may differ and a seed may miss."""
        row = {"seed": 0, "name": row.get("set"), "fit_s": row.get("cpu_s"), **row}
        return cls(**{one.name: row[one.name] for one in fields(cls) if one.name in row})

    def row(self) -> dict[str, Any]:
        """Return what came of it as a row of a file, without what was known before."""
        row = asdict(self)
        return {key: row[key] for key in row if key not in ("name", "seed", "learner")}

    @property
    def place(self) -> tuple[str, int]:
        """What other learners must share to be compared: the set and the seed."""
        return self.name, self.seed


def try_learner(
    learner: str, build: Callable[[], Any], table: TableSet, seed: int, folds: int | None = None
) -> Trial:
    """Fit a learner to training rows and see how well it does on test rows.

    With folds the metrics are those of the out-of-fold predictions of all rows together, and
    seconds are sums.
    """
    trial = Trial(table.name, seed, learner)
    try:
        return scored(measured(trial, build, table, folds), table, folds)
    except Exception as error:
        return replace(trial, failure=f"{type(error).__name__}: {error}")


def measured(
    trial: Trial, build: Callable[[], Any], table: TableSet, folds: int | None = None
) -> Trial:
    """Fill a trial in with metrics and seconds of one split, or summed over folds."""
    classes = None if table.is_regression else np.unique(table.y)
    tested, predictions, probabilities, seconds = [], [], [], []
    for train, test in table.splits(trial.seed, folds):
        model, X_test = build(), table.X.iloc[test]
        predicted, *timed = timed_predictions(model, table.X.iloc[train], table.y[train], X_test)
        tested.append(table.y[test])
        predictions.append(predicted)
        seconds.append(timed)
        if classes is not None:
            probabilities.append(of_all_classes(model.predict_proba(X_test), model, classes))
    y, predicted = np.concatenate(tested), np.concatenate(predictions)
    proba = np.concatenate(probabilities) if probabilities else None
    fit_s, predict_s = np.sum(seconds, axis=0).tolist()
    several = trial.learner == "sknn-members" and folds is None
    return replace(
        trial,
        metrics=metrics_of(y, predicted, proba, classes),
        fit_s=fit_s,
        predict_s=predict_s,
        alone=alone(model, X_test, y) if several else {},
    )


def timed_predictions(
    model: Any, X: Any, y: np.ndarray, X_test: Any
) -> tuple[np.ndarray, float, float]:
    """Fit and predict; return predictions, and processor seconds of both."""
    begun = time.process_time()
    model.fit(X, y)
    fitted = time.process_time()
    predicted = model.predict(X_test)
    return predicted, fitted - begun, time.process_time() - fitted


def of_all_classes(proba: np.ndarray, model: Any, classes: np.ndarray) -> np.ndarray:
    """Return a column for each class, zero for those that the model does not know."""
    found = np.zeros((len(proba), len(classes)))
    found[:, np.searchsorted(classes, model.classes_)] = proba
    return found


def metrics_of(
    y: np.ndarray, predicted: np.ndarray, proba: np.ndarray | None, classes: np.ndarray | None
) -> dict[str, float]:
    """Return the metrics of predictions; without probabilities y is numbers."""
    if proba is None or classes is None:
        return regression_metrics(y, predicted)
    return classification_metrics(y, predicted, proba, classes)


def alone(model: Any, X: Any, y: np.ndarray) -> dict[str, float]:
    """Return the mean error, and log loss, of the members of a model, each by itself."""
    predictions, classes = model.predict_members(X), getattr(model, "classes_", None)
    if classes is not None:
        answers = [(classes[proba.argmax(axis=1)], proba) for proba in predictions]
    else:
        answers = [(predicted, None) for predicted in predictions]
    metrics = [metrics_of(y, *answer, classes) for answer in answers]
    means = {"error": geometric_mean(np.array([error_of(one, y) for one in metrics]))}
    if "log_loss" in metrics[0]:
        means["log_loss"] = float(np.mean([one["log_loss"] for one in metrics]))
    return means


def try_intervals(table: TableSet, seed: int) -> Trial:
    """Learn the bounds of nine tenths of y and see how many test rows are between them."""
    trial = Trial(table.name, seed, INTERVALS)
    X, X_test, y, y_test = table.parts(seed)
    model = TabularMLPRegressor(loss="quantile", quantile=list(BOUNDS), random_state=seed)
    try:
        bounds, fit_s, predict_s = timed_predictions(model, X, y, X_test)
        metrics = interval_metrics(y_test, bounds)
    except Exception as error:
        return replace(trial, failure=f"{type(error).__name__}: {error}")
    return replace(trial, metrics=metrics, fit_s=fit_s, predict_s=predict_s)


def outcome(row: dict[str, Any]) -> str:
    """Return the error and the seconds in short."""
    if row["failure"]:
        return "failed"
    error = "" if row["error"] is None else f"{row['error']:.3f} in "
    return f"{error}{row['fit_s']:.1f} s"


def recorded_trials(path: str, besides: Collection[str], folds: int | None = None) -> list[Trial]:
    """Read the trials of other learners; those who are measured here need none of elsewhere.

    The file is a list of objects with name, seed (0), learner, metrics and fit_s (or cpu_s), has
    one under "trials", as `--json` writes it, or is JSON lines, as `--out` writes them. Rows that
    tell of other folds are left out.
    """
    trials = [Trial.of(row) for row in recorded_rows(path) if row.get("folds", folds) == folds]
    if twice := {trial.learner for trial in trials} & set(besides):
        print(f"note: {', '.join(sorted(twice))} of {path} left out, measured here")
    return [trial for trial in trials if trial.learner not in besides]


def recorded_rows(path: str) -> list[dict[str, Any]]:
    """Return the rows of one of these files."""
    try:
        content = json.loads(Path(path).read_text())
    except json.JSONDecodeError:
        return read_results(path)
    return content if isinstance(content, list) else content.get("trials", [content])


def scored(trial: Trial, table: TableSet, folds: int | None = None) -> Trial:
    """Add the error, by which learners are compared."""
    if not trial.metrics:
        return trial
    y = np.concatenate([table.y[test] for _, test in table.splits(trial.seed, folds)])
    return replace(trial, error=error_of(trial.metrics, y))
