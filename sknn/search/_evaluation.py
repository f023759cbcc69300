"""Evaluations: fits of candidates to the training rows of splits, scored on their test rows."""

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from sknn.engine._typing import Array
from sknn.estimators.base import BaseMLP
from sknn.estimators.many_fits import FitOutcome, FitSize, FitTask, can_join, fit_many, size_of
from sknn.search._sklearn_compat import (
    check_method_params,
    error_scores,
    safe_split,
    score_estimator,
)
from sknn.search.ensemble import response

#: The error of a fit that diverged.
DIVERGED = "training diverged: {}"


@dataclass(frozen=True)
class SearchData:
    """The data and the settings of all evaluations of a search."""

    X: Any
    y: Any
    splits: Sequence[tuple[Any, Any]]  # row numbers for training and for testing
    fit_params: Mapping[str, Any]
    score_params: Mapping[str, Any]
    scorers: Any
    error_score: Any
    return_train_score: bool
    keep_estimators: bool
    classes: Any = None  # all classes; None in regression
    last_step: str = ""  # the name of the final step of a pipeline

    @property
    def sample_weight(self) -> Array | None:
        """The sample weights of the final step; None without any."""
        names = [name for name in self.fit_params if name == "sample_weight"]
        names += [f"{self.last_step}__sample_weight"] if self.last_step else []
        given = [one for name in names if (one := self.fit_params.get(name)) is not None]
        return np.asarray(given[0], dtype=np.float64) if given else None

    def rows(self, estimator: Any, k: int, *, test: bool = False) -> tuple[Any, Any]:
        """Return X and y of the training or test rows of a split."""
        train, held_out = self.splits[k]
        if test:
            return safe_split(estimator, self.X, self.y, held_out, train)
        return safe_split(estimator, self.X, self.y, train)

    def params_of(self, params: Mapping[str, Any], k: int, *, test: bool = False) -> dict[str, Any]:
        """Return the parameters of `fit` or `score`, of the rows of a split."""
        rows = np.asarray(self.splits[k][test])
        return check_method_params(self.X, params=params, indices=rows)


@dataclass(frozen=True)
class Fit:
    """A candidate to be fitted to the training rows of a split."""

    candidate: int
    split: int
    estimator: Any  # with the parameters of the candidate
    progress: Any = None  # where an earlier fit continues

    @cached_property
    def transformers(self) -> str:
        """A digest of the transformers of a pipeline; empty without any."""
        if not has_transformers(self.estimator):
            return ""
        try:
            digest: str = joblib.hash(self.estimator[:-1])
        except Exception:  # such as a lambda, which has no digest
            digest = f"candidate {self.candidate}"
        return digest

    @property
    def transform_key(self) -> tuple[str, int]:
        """The transformers and the split: fits that share both share transformed rows."""
        return self.transformers, self.split

    @cached_property
    def group(self) -> tuple[str, ...]:
        """What the networks of a batch have in common, as text, to sort by it."""
        mlp = network_of(self.estimator)
        names = ("hidden_layer_sizes", "activation", "loss", "solver", "batch_size", "n_members")
        layers = repr([getattr(mlp, name, None) for name in names])
        return self.transformers, type(mlp).__name__, layers


@dataclass(frozen=True)
class Evaluation:
    """The scores of a fit, and its estimator or its progress if they are used later."""

    fit: Fit
    scores: dict[str, Any]  # as scikit-learn's `_fit_and_score` returns them
    n_epochs: int  # number of epochs, the best one with early stopping; 0 if not known
    curve: Sequence[float] = ()  # scores of held-out rows by epoch, with early stopping
    is_partial: bool = False  # whether a number of epochs ended it early
    has_short_schedule: bool = False  # whether that was a whole schedule of so many epochs
    progress: Any = None  # where it continues
    warnings: Sequence[tuple[str, type[Warning]]] = ()
    is_interrupted: bool = False  # whether training was interrupted
    by_user: bool = False  # whether that was by Ctrl-C
    estimator: Any = None
    prediction: Any = None  # for the test rows: probabilities, or those of a regressor


@dataclass
class SplitCache:
    """Rows of splits, and transformers fitted to them, which several fits share."""

    data: SearchData
    selected: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    params: dict[int, dict[str, Any]] = field(default_factory=dict)
    transformed: dict[tuple[str, int], Any] = field(default_factory=dict)

    def rows(self, fit: Fit) -> tuple[Any, Any]:
        """Return X and y of the training rows of a fit: its own, or of all networks of the split.

        Transformers and other estimators may change X in place.
        """
        if not isinstance(fit.estimator, BaseMLP):
            return self.data.rows(fit.estimator, fit.split)
        if fit.split not in self.selected:
            self.selected[fit.split] = self.data.rows(fit.estimator, fit.split)
        return self.selected[fit.split]

    def fit_params(self, fit: Fit) -> dict[str, Any]:
        """Return the parameters of `fit`, of the training rows of the split of a fit."""
        if fit.split not in self.params:
            self.params[fit.split] = self.data.params_of(self.data.fit_params, fit.split)
        return self.params[fit.split]

    def transform(self, fit: Fit, transformers: Pipeline) -> tuple[Pipeline, Any, Any]:
        """Return the transformers of a fit, fitted to its training rows, transformed X, and y."""
        key = fit.transform_key
        if key not in self.transformed:
            X, y = self.rows(fit)
            try:
                found: Any = transformers, transformers.fit_transform(X, y), y
            except Exception as error:
                found = error
            self.transformed[key] = found
        if isinstance(found := self.transformed[key], Exception):
            raise found
        transformed: tuple[Pipeline, Any, Any] = found
        return transformed

    def discard_others(self, fits: Sequence[Fit]) -> None:
        """Forget what none of these fits needs."""
        keys, splits = {fit.transform_key for fit in fits}, {fit.split for fit in fits}
        self.transformed = {key: one for key, one in self.transformed.items() if key in keys}
        self.selected = {key: one for key, one in self.selected.items() if key in splits}
        self.params = {key: one for key, one in self.params.items() if key in splits}


def network_of(estimator: Any) -> Any:
    """Return the final step of a pipeline; any other estimator itself."""
    return estimator.steps[-1][1] if type(estimator) is Pipeline else estimator


def has_transformers(estimator: Any) -> bool:
    """Return whether an estimator is a pipeline with steps before the last one."""
    return type(estimator) is Pipeline and len(estimator.steps) > 1


def is_batched(fit: Fit, data: SearchData) -> bool:
    """Return whether the networks of a fit are trained together with those of others.

    The final estimator is one of this package that can join others, and does not cross-fit. In
    pipelines, no parameters of `fit` have to be routed to the steps.
    """
    mlp = network_of(fit.estimator)
    if not can_join(mlp) or mlp.cv is not None:
        return False
    return mlp is fit.estimator or not data.fit_params


def size_of_fit(fit: Fit, cache: SplitCache) -> FitSize | None:
    """Return the size of the training of a batched fit; None if the fit will fail."""
    try:
        if has_transformers(fit.estimator):
            _, X, y = cache.transform(fit, clone(fit.estimator[:-1]))
        else:
            X, y = cache.rows(fit)
        return size_of(FitTask(clone(network_of(fit.estimator)), X, y))
    except Exception:  # the fit raises it, too
        return None


def n_epochs_of(fit: Fit, cache: SplitCache) -> int:
    """Return the largest number of epochs of a fit that is batched; 0 if it will fail."""
    max_iter = network_of(fit.estimator).max_iter
    if not isinstance(max_iter, str):
        return max(0, int(max_iter)) if isinstance(max_iter, int | np.integer) else 0
    size = size_of_fit(fit, cache)
    return 0 if size is None else size.n_epochs


def evaluate(
    data: SearchData,
    fits: Sequence[Fit],
    max_epochs: int | None = None,
    should_stop: Callable[[], bool] | None = None,
    cache: SplitCache | None = None,
) -> list[Evaluation]:
    """Fit candidates to the training rows of splits, together where that is possible."""
    cache = cache or SplitCache(data)
    cache.discard_others(fits)
    prepared = [_Prepared(data, fit, cache) for fit in fits]
    tasks = [one.task for one in prepared if one.task is not None]
    outcomes = iter(fit_many(tasks, max_epochs=max_epochs, should_stop=should_stop))
    return [one.evaluation(next(outcomes) if one.task else None) for one in prepared]


class _Prepared:
    """A fit with its training rows and its transformers, ready to be trained."""

    def __init__(self, data: SearchData, fit: Fit, cache: SplitCache) -> None:
        self.data, self.fit, self.cache = data, fit, cache
        self.estimator = fit.estimator
        self.error = ""
        self.task: FitTask | None = None
        start = time.perf_counter()
        try:
            self.task = self._task()
        except Exception:
            if data.error_score == "raise":
                raise
            self.error = traceback.format_exc()
        self.seconds = time.perf_counter() - start

    def _task(self) -> FitTask:
        fit, cache = self.fit, self.cache
        params = cache.fit_params(fit)
        if has_transformers(self.estimator) and is_batched(fit, self.data):
            fitted, X, y = cache.transform(fit, self.estimator[:-1])
            last = self.estimator.steps[-1]
            self.estimator = copy(self.estimator)
            self.estimator.steps = [*fitted.steps, last]
            return FitTask(last[1], X, y, params, fit.progress)
        return FitTask(self.estimator, *cache.rows(fit), params, fit.progress)

    def evaluation(self, outcome: FitOutcome | None) -> Evaluation:
        """Score the fitted estimator."""
        data, fit = self.data, self.fit
        if outcome is not None:
            self.seconds += outcome.seconds
            self._note_failure(outcome)
        if outcome is not None and outcome.outcome in ("interrupted", "callback"):
            by_user = outcome.outcome == "interrupted"
            return Evaluation(fit, {}, 0, is_interrupted=True, by_user=by_user)
        start = time.perf_counter()
        test = data.rows(fit.estimator, fit.split, test=True)
        scores = {"fit_error": self.error or None, "fit_time": self.seconds}
        scores["n_test_samples"] = len(data.splits[fit.split][1])
        for name, is_test in (("test_scores", True), ("train_scores", False)):
            if not (is_test or data.return_train_score):
                continue
            if self.error:
                scores[name] = error_scores(data.scorers, data.error_score)
                continue
            rows = test if is_test else data.rows(fit.estimator, fit.split)
            params = data.params_of(data.score_params, fit.split, test=is_test)
            scores[name] = score_estimator(
                self.estimator, *rows, data.scorers, params, data.error_score
            )
            if is_test:
                scores["score_time"] = time.perf_counter() - start
        scores.setdefault("score_time", 0.0)
        found = Evaluation(
            replace(fit, estimator=None, progress=None),
            scores,
            self._n_epochs(),
            self._curve(),
        )
        if outcome is None:
            return found
        found = replace(
            found,
            is_partial=outcome.is_partial,
            has_short_schedule=outcome.is_partial and outcome.progress is None,
            progress=outcome.progress,
            warnings=outcome.warnings,
        )
        return self._with_prediction(found) if data.keep_estimators and not self.error else found

    def _with_prediction(self, found: Evaluation) -> Evaluation:
        """Return the evaluation with the estimator and its prediction; without, if that fails."""
        X, _ = self.data.rows(self.fit.estimator, self.fit.split, test=True)
        try:
            prediction = response(self.estimator, X, self.data.classes)
        except Exception:
            if self.data.error_score == "raise":
                raise
            return found
        return replace(found, estimator=self.estimator, prediction=prediction)

    def _note_failure(self, outcome: FitOutcome) -> None:
        """Record the error of a fit that failed or diverged."""
        if outcome.error is not None:
            if self.data.error_score == "raise":
                raise outcome.error
            self.error = "".join(traceback.format_exception(outcome.error))
        elif outcome.outcome == "diverged":
            texts = [
                str(text) for text, kind in outcome.warnings if issubclass(kind, ConvergenceWarning)
            ]
            text = " ".join(texts)
            if self.data.error_score == "raise":
                raise ValueError(DIVERGED.format(text))
            self.error = DIVERGED.format(text)

    def _curve(self) -> Sequence[float]:
        """Return the scores of held-out rows by epoch, with early stopping."""
        mlp = network_of(self.estimator)
        return (getattr(mlp, "validation_scores_", None) or ()) if isinstance(mlp, BaseMLP) else ()

    def _n_epochs(self) -> int:
        """Return the number of epochs, or of the best one; 0 if it is not known."""
        mlp = network_of(self.estimator)
        n: Any = getattr(mlp, "best_iteration_", getattr(mlp, "n_iter_", 0))
        return 0 if self.error or n is None else max(1, round(float(np.mean(n))))
