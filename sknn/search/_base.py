"""BatchedSearchCV: base of the searches whose candidates and folds are trained together."""

import os
import time
import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import indexable
from sklearn.utils.validation import check_is_fitted

from sknn.engine._typing import Array
from sknn.estimators._sklearn_compat import Interval, available_if, fit_context
from sknn.estimators.base import BaseMLP
from sknn.estimators.many_fits import FitTask, size_of
from sknn.search._callbacks import SearchCallbacks
from sknn.search._checkpoint import SearchCheckpoint
from sknn.search._evaluation import Evaluation, Fit, SearchData, is_batched, network_of
from sknn.search._halving import evaluate_in_rungs, evaluate_rung, rank, rung_epochs
from sknn.search._network_size import DEFAULT_PART, free_memory
from sknn.search._predicted import as_estimator
from sknn.search._run import Deadline, SearchRun
from sknn.search._selection import build_ensemble
from sknn.search._sklearn_compat import (
    BaseSearchCV,
    check_method_params,
    insert_error_scores,
    scorers_by_name,
    warn_or_raise_about_fit_failures,
)
from sknn.search.ensemble import SearchEnsemble

Params = dict[str, Any]

#: Part of `max_time` that is for the candidates; the rest is for the final fit.
SEARCH_FRACTION = 0.8


@dataclass(frozen=True)
class Found:
    """What the evaluation of all candidates has come to."""

    evaluations: Sequence[Sequence[Evaluation]]  # of each candidate, for all splits
    results: dict[str, Any]  # `cv_results_`
    refit_metric: str
    is_multimetric: bool
    # parameters and evaluations of the candidates that were trained to their end, and of others
    finished: Sequence[tuple[Params, Sequence[Evaluation]]] = ()


def _check_refit(search: "BatchedSearchCV", method: str) -> None:
    """Raise AttributeError if there is no best estimator."""
    if not search.refit:
        raise AttributeError(
            f"{method} needs refit=True (or ensemble=True), got refit={search.refit!r}. Fit an "
            "estimator with best_params_."
        )


def _has_probabilities(search: "BatchedSearchCV") -> bool:
    """Return whether `predict_proba` is available."""
    if search.ensemble:
        return is_classifier(search.estimator)
    return _estimator_has(search, "predict_proba")


def _has_intervals(search: "BatchedSearchCV") -> bool:
    """Return whether `predict_interval` is available: for an ensemble of regressors."""
    return search.ensemble and not is_classifier(search.estimator)


def _estimator_has(search: "BatchedSearchCV", method: str) -> bool:
    """Return whether the best estimator, or the one to be fitted, has a method."""
    _check_refit(search, method)
    getattr(getattr(search, "best_estimator_", search.estimator), method)
    return True


class BatchedSearchCV(BaseSearchCV):
    """Base of the searches: all but the choice of candidates."""

    factor: float | None
    min_epochs: int | None
    ensemble: bool
    others: Sequence[Any] | None
    max_memory: float | None
    max_time: float | None
    checkpoint: Any
    ensemble_: SearchEnsemble
    oof_score_: Any

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **{k: v for k, v in BaseSearchCV._parameter_constraints.items() if k != "pre_dispatch"},
        "factor": [Interval(Real, 1, None, closed="neither"), None],
        "min_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "ensemble": ["boolean"],
        "others": ["array-like", None],
        "max_memory": [Interval(Real, 0, None, closed="neither"), None],
        "max_time": [Interval(Real, 0, None, closed="neither"), None],
        "checkpoint": [str, os.PathLike, None],
    }

    @abstractmethod
    def _candidates(self) -> list[Params]:
        """Return the parameters of each candidate."""

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:
        """Evaluate all candidates, and fit the best one to all rows.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n_samples, n_features)
            Training inputs, as the estimator takes them.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        **params : dict
            Parameters of the estimator's `fit`, of the scorer and of the splitter, as in
            :class:`~sklearn.model_selection.GridSearchCV`: those with a value for each row are
            split with X.

        Returns
        -------
        self : object
            The fitted search.

        Raises
        ------
        ValueError
            If all fits failed, or a parameter is invalid; the search is left unchanged.
        KeyboardInterrupt
            On Ctrl-C before a candidate is finished. Otherwise the finished ones are kept.
        """
        start = time.time()
        scorers, refit_metric = self._get_scorers()
        X, y = indexable(X, y)
        params = check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(params)
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        data = SearchData(
            X=X,
            y=y,
            splits=list(cv.split(X, y, **routed.splitter.split)),
            fit_params=routed.estimator.fit,
            score_params=routed.scorer.score,
            scorers=scorers,
            error_score=self.error_score,
            return_train_score=self.return_train_score,
            keep_estimators=self.ensemble,
            classes=self._classes(y) if self.ensemble else None,
        )
        limit = np.inf if self.max_time is None else start + SEARCH_FRACTION * self.max_time
        run = SearchRun(
            data,
            self.n_jobs,
            Deadline(limit),
            int(self.verbose),
            SearchCallbacks(self, X, y, params),
            DEFAULT_PART * free_memory() if self.max_memory is None else self.max_memory,
            None if self.checkpoint is None else SearchCheckpoint(self.checkpoint, data),
        )
        found = self._search(run, refit_metric)
        fitted: dict[str, Any] = {
            "_checked_cv_orig": cv,
            "n_splits_": len(data.splits),
            "scorer_": scorers_by_name(scorers),
            "multimetric_": found.is_multimetric,
            "cv_results_": found.results,
            **self._best(found),
        }
        if self.ensemble:
            fitted["ensemble_"], fitted["oof_score_"] = build_ensemble(
                found.finished, data, is_default_score=self.scoring is None
            )
        if self.refit:
            fitted |= self._fit_best(found, fitted["best_index_"], data, run.callbacks)
        for name in ("ensemble_", "oof_score_"):
            vars(self).pop(name, None)
        vars(self).update(fitted)
        run.callbacks.end()
        return self

    # Prediction

    def predict(self, X: Any) -> Array:
        """Predict by the ensemble, or by the best estimator.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_features)
            The inputs, as for the estimator.

        Returns
        -------
        y : array
            As from the estimator's `predict`.
        """
        return self._predictor("predict").predict(X)

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> Array:
        """Predict probabilities by the ensemble, or by the best estimator.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_features)
            The inputs, as for the estimator.

        Returns
        -------
        proba : array
            As from the estimator's `predict_proba`.
        """
        return self._predictor("predict_proba").predict_proba(X)

    @available_if(_has_intervals)
    def predict_interval(self, X: Any, *, coverage: float = 0.9) -> Array:
        """Return intervals by the ensemble, see :meth:`SearchEnsemble.predict_interval`.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_features)
            The inputs, as for the estimator.
        coverage : float, default=0.9
            The wanted probability, in (0, 1), of each output.

        Returns
        -------
        ends : array of shape (n_samples, 2) or (n_samples, n_outputs, 2)
            Lower and upper ends.
        """
        return self._predictor("predict_interval").predict_interval(X, coverage=coverage)

    def score(self, X: Any, y: Any = None, **params: Any) -> float:
        """Return the score of `predict` by `scoring`, or by the estimator's own score.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_features)
            The inputs, as for the estimator.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        **params : dict
            Parameters of the scorer, by metadata routing.

        Returns
        -------
        score : float
            The score.
        """
        if not self.ensemble:
            return super().score(X, y, **params)
        ensemble = self._predictor("score")
        classes = self.classes_ if is_classifier(self.estimator) else None
        other = copy(self)
        other.best_estimator_ = as_estimator(ensemble.average(X), classes)
        other.refit = self.refit or True
        if self.scoring is None:
            other.scorer_ = check_scoring(other.best_estimator_)
        return super(BatchedSearchCV, other).score(X, y, **params)

    @property
    def classes_(self) -> Array:
        """Class labels; only for classifiers."""
        classes: Array = self._predictor("classes_").classes_
        return classes

    def _predictor(self, method: str) -> Any:
        """Return the ensemble, or the best estimator."""
        if not self.ensemble:
            _check_refit(self, method)
        check_is_fitted(self)
        return self.ensemble_ if self.ensemble else self.best_estimator_

    # The search

    def _search(self, run: SearchRun, refit_metric: str) -> Found:
        """Evaluate the candidates, in rungs with `factor`.

        Raises
        ------
        ValueError
            If there are none, or all fits failed.
        KeyboardInterrupt
            On Ctrl-C before a candidate is finished.
        """
        candidates, n_splits = self._candidates(), len(run.data.splits)
        if not candidates or not n_splits:
            raise ValueError(
                "No fits were performed. Was the CV iterator empty? Were there no candidates?"
            )
        if self.verbose > 0:
            n_fits = len(candidates) * n_splits
            print(
                f"Fitting {n_splits} folds for each of {len(candidates)} candidates: {n_fits} fits"
            )
        estimators = [self._estimator_of(candidate) for candidate in candidates]
        others = [clone(one) for one in self.others or ()] if self.ensemble else []
        score = partial(self._mean_score, refit_metric=refit_metric)
        limits = self._rungs(estimators, run.data)
        known, rung_of = evaluate_in_rungs(run, estimators, limits, self.factor or 1, score)
        n = len(candidates)
        numbers = list(range(n, n + len(others)))
        added = evaluate_rung(run, [*estimators, *others], numbers, {}, None) if others else {}
        if not known:
            if run.is_interrupted:
                raise KeyboardInterrupt
            what = (
                f"max_time={self.max_time}" if run.deadline.is_over else "The search by a callback"
            )
            raise ValueError(
                f"{what} was over before all splits of a candidate were evaluated. Set a larger "
                "max_time, or factor=3."
            )
        if len(known) < len(candidates) or run.has_ended:
            reason = "max_time is over" if run.deadline.is_over else "the search was interrupted"
            warnings.warn(
                f"{reason}: {len(known)} of {len(candidates)} candidates were evaluated.",
                UserWarning,
                stacklevel=4,
            )
        order = sorted(known)
        evaluations = [known[c] for c in order]
        rungs = [rung_of[c] for c in order] if self.factor else None
        found = self._format([candidates[c] for c in order], evaluations, rungs, refit_metric)
        finished = {c: known[c] for c in order if not known[c][0].is_partial} | added
        params = [*candidates, *({"estimator": one} for one in others)]
        return replace(found, finished=[(params[c], row) for c, row in finished.items()])

    def _estimator_of(self, candidate: Mapping[str, Any]) -> Any:
        """Return the estimator with the parameters of a candidate; cv="auto" becomes None."""
        estimator = clone(self.estimator).set_params(**clone(candidate, safe=False))
        mlp = network_of(estimator)
        sets_cv = any(name.rpartition("__")[2] == "cv" for name in candidate)
        if isinstance(mlp, BaseMLP) and isinstance(mlp.cv, str) and not sets_cv:
            mlp.set_params(cv=None)
        return estimator

    def _rungs(self, estimators: Sequence[Any], data: SearchData) -> list[int | None]:
        """Return the number of epochs at the end of each rung."""
        if self.factor is None:
            return [None]
        batched = [Fit(c, 0, one) for c, one in enumerate(estimators)]
        batched = [fit for fit in batched if is_batched(fit, data)]
        if not batched:
            return [None]
        mlps = [network_of(fit.estimator) for fit in batched]
        known = [int(mlp.max_iter) for mlp in mlps if not isinstance(mlp.max_iter, str)]
        if not known:
            mlp = clone(mlps[0])
            X, y = data.rows(mlp, 0)
            known = [size_of(FitTask(mlp, X, y)).n_epochs]
        return rung_epochs(len(estimators), self.factor, self.min_epochs, max(known))

    def _mean_score(self, evaluations: Sequence[Evaluation], refit_metric: str) -> float:
        """Return the mean test score of a candidate."""
        scores = [one.scores["test_scores"] for one in evaluations]
        if isinstance(scores[0], dict):
            if refit_metric not in scores[0]:
                raise ValueError(
                    "factor compares candidates by one score: set refit to the name of one of "
                    f"those of scoring, got refit={self.refit!r}."
                )
            scores = [one[refit_metric] for one in scores]
        return float(np.mean(scores))

    def _format(
        self,
        candidates: Sequence[Params],
        evaluations: Sequence[Sequence[Evaluation]],
        rungs: Sequence[int] | None,
        refit_metric: str,
    ) -> Found:
        """Return `cv_results_` and what belongs to it; show warnings of the fits."""
        flat = [one for of_candidate in evaluations for one in of_candidate]
        _show_warnings(flat)
        out = [one.scores for one in flat]
        warn_or_raise_about_fit_failures(out, self.error_score)
        if callable(self.scoring):
            insert_error_scores(out, self.error_score)
        first = out[0]["test_scores"]
        is_multimetric = isinstance(first, dict)
        if callable(self.scoring) and is_multimetric:
            self._check_refit_for_multimetric(first)
            refit_metric = self.refit
        n_splits = len(evaluations[0])
        epochs = np.array([[one.n_epochs for one in row] for row in evaluations], dtype=float)
        more: dict[str, Any] = {f"split{k}_best_iteration": epochs[:, k] for k in range(n_splits)}
        more["mean_best_iteration"] = epochs.mean(axis=1)
        if rungs is not None:
            more["rung"] = np.array(rungs)
        results = self._format_results(list(candidates), n_splits, out, more)
        if rungs is not None:
            for name in [name for name in results if name.startswith("rank_test_")]:
                mean = results[name.replace("rank_", "mean_", 1)]
                results[name] = rank(mean, rungs)
        return Found(evaluations, results, refit_metric, is_multimetric)

    def _best(self, found: Found) -> dict[str, Any]:
        """Return the attributes about the best candidate."""
        if not self.refit and found.is_multimetric:
            return {}
        index = self._select_best_index(self.refit, found.refit_metric, found.results)
        best = {"best_index_": index, "best_params_": found.results["params"][index]}
        if not callable(self.refit):
            best["best_score_"] = found.results[f"mean_test_{found.refit_metric}"][index]
        return best

    # The ensemble

    def _classes(self, y: Any) -> Any:
        """Return the classes of y; None in regression."""
        if not is_classifier(self.estimator):
            return None
        if np.ndim(y) != 1:
            raise ValueError("ensemble=True needs a single column of classes.")
        return np.unique(np.asarray(y))

    def _fit_best(
        self, found: Found, index: int, data: SearchData, callbacks: SearchCallbacks
    ) -> dict[str, Any]:
        """Return the best estimator, fitted to all rows, and the attributes about it.

        After a search in rungs, early stopping is replaced by the best number of epochs.
        """
        start = time.perf_counter()
        estimator = self._estimator_of(found.results["params"][index])
        mlp = network_of(estimator)
        if self.factor and isinstance(mlp, BaseMLP) and mlp.early_stopping:
            epochs = found.results["mean_best_iteration"][index]
            mlp.set_params(early_stopping=False, max_iter=max(1, round(epochs)))
        arguments = (data.X,) if data.y is None else (data.X, data.y)
        with callbacks.fitting(estimator):
            estimator.fit(*arguments, **data.fit_params)
        seconds = time.perf_counter() - start
        fitted = {"best_estimator_": estimator, "refit_time_": seconds}
        if hasattr(estimator, "feature_names_in_"):
            fitted["feature_names_in_"] = estimator.feature_names_in_
        return fitted


def _show_warnings(evaluations: Sequence[Evaluation]) -> None:
    """Show each warning of the fits once, with the number of fits that it is about."""
    counts: dict[tuple[str, type[Warning]], int] = {}
    for one in evaluations:
        for message, category in one.warnings:
            counts[message, category] = counts.get((message, category), 0) + 1
    for (message, category), n in counts.items():
        text = f"{n} of {len(evaluations)} fits: {message}"
        warnings.warn(text, category, stacklevel=6)
