"""BatchedSearchCV: base of the searches whose candidates and folds are trained together."""

import os
import time
import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv
from sklearn.utils import indexable

from sknn.engine._typing import Array
from sknn.estimators._sklearn_compat import Interval, fit_context
from sknn.estimators.base import BaseMLP
from sknn.search._callbacks import SearchCallbacks
from sknn.search._checkpoint import SearchCheckpoint
from sknn.search._ensemble_checks import check_ensemble, classes_of, quantile_of
from sknn.search._evaluation import (
    Evaluation,
    Fit,
    SearchData,
    is_batched,
    n_epochs_of,
    network_of,
)
from sknn.search._halving import evaluate_in_rungs, evaluate_rung, rank, rung_epochs
from sknn.search._messages import show_warnings, warn_of_failures
from sknn.search._network_size import DEFAULT_FRACTION, free_memory
from sknn.search._prediction import PredictingSearch
from sknn.search._refit import for_all_rows, refit_members
from sknn.search._run import Deadline, SearchRun
from sknn.search._selection import Candidate, build_ensemble
from sknn.search._sklearn_compat import (
    BaseSearchCV,
    check_method_params,
    insert_error_scores,
    scorers_by_name,
    warn_or_raise_about_fit_failures,
)

Params = dict[str, Any]

#: Attributes of a fitted search.
FITTED = frozenset(
    {
        *("cv_results_", "best_index_", "best_score_", "best_params_", "best_estimator_"),
        *("refit_time_", "feature_names_in_", "ensemble_", "oof_score_"),
    }
)

#: Fraction of `max_time` that is for the candidates; the rest is for the final fit.
SEARCH_FRACTION = 0.8


@dataclass(frozen=True)
class Found:
    """What the evaluation of all candidates has come to."""

    results: dict[str, Any]  # `cv_results_`
    refit_metric: str
    is_multimetric: bool
    candidates: Sequence[Candidate] = ()  # also those of `others`


class BatchedSearchCV(PredictingSearch):
    """Base of the searches: all but the choice of candidates."""

    factor: float | None
    min_epochs: int | None
    others: Sequence[Any] | None
    max_memory: float | None
    max_time: float | None
    checkpoint: Any
    cv_results_: dict[str, Any]
    best_score_: float
    best_params_: dict[str, Any]
    best_index_: int
    oof_score_: Any
    n_splits_: int
    refit_time_: float
    feature_names_in_: Array

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **{k: v for k, v in BaseSearchCV._parameter_constraints.items() if k != "pre_dispatch"},
        "factor": [Interval(Real, 1.1, None, closed="left"), None],
        "min_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "ensemble": ["boolean"],
        "others": ["array-like", None],
        "max_memory": [Interval(Real, 0, None, closed="right"), None],
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
        self._check_combination()
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
            classes=classes_of(self.estimator, y) if self.ensemble else None,
        )
        if self.ensemble:
            check_ensemble(self.estimator, self.others or (), len(data.splits))
        limit = np.inf if self.max_time is None else start + SEARCH_FRACTION * self.max_time
        run = SearchRun(
            data,
            self.n_jobs,
            Deadline(limit),
            int(self.verbose),
            SearchCallbacks(self, X, y, params),
            self._memory_limit(),
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
                found.candidates,
                data,
                is_default_score=self.scoring is None,
                quantile=quantile_of(self.estimator),
            )
            if hasattr(one := fitted["ensemble_"].members_[0].estimators[0], "feature_names_in_"):
                fitted["feature_names_in_"] = one.feature_names_in_
        if self.refit:
            best = found.candidates[fitted["best_index_"]]
            fitted |= self._fit_best(best, data, run.callbacks)
            if self.ensemble:
                end = np.inf if self.max_time is None else start + self.max_time
                self._fit_members(fitted, found, data, end)
        for name in FITTED - fitted.keys():
            vars(self).pop(name, None)
        vars(self).update(fitted)
        run.callbacks.end()
        return self

    # The search

    def _check_combination(self) -> None:
        """Raise ValueError for parameters that exclude each other."""
        if self.others is not None and not self.ensemble:
            raise ValueError(
                "others are members of an ensemble: set ensemble=True, or others=None."
            )
        if self.min_epochs is not None and self.factor is None:
            raise ValueError(
                "min_epochs is the number of epochs of the first rung: set factor=3, or "
                "min_epochs=None."
            )

    def _memory_limit(self) -> float:
        """Return the number of bytes for networks in training.

        With a checkpoint it must not depend on what is free, so that chunks stay the same.
        """
        if self.max_memory is not None:
            return self.max_memory
        return np.inf if self.checkpoint is not None else DEFAULT_FRACTION * free_memory()

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
        others = [self._estimator_of({}, one) for one in self.others or ()]
        score = partial(self._mean_score, refit_metric=refit_metric)
        limits = self._rungs(estimators, run)
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
        last = known[max(known, key=rung_of.__getitem__)]
        is_cut = any(one.is_partial for one in last)
        if len(known) < len(candidates) or is_cut:
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
        warn_of_failures(added, others)
        params = [*candidates, *({"estimator": one} for one in others)]
        rows = {c: known[c] for c in order} | added
        given = [*estimators, *others]
        evaluated = [Candidate(params[c], given[c], row) for c, row in rows.items()]
        return replace(found, candidates=evaluated)

    def _estimator_of(self, candidate: Mapping[str, Any], estimator: Any = None) -> Any:
        """Return the estimator with the parameters of a candidate; cv="auto" becomes None."""
        estimator = clone(self.estimator if estimator is None else estimator)
        estimator.set_params(**clone(candidate, safe=False))
        mlp = network_of(estimator)
        name = "cv" if mlp is estimator else f"{estimator.steps[-1][0]}__cv"
        if isinstance(mlp, BaseMLP) and isinstance(mlp.cv, str) and name not in candidate:
            mlp.set_params(cv=None)
        return estimator

    def _rungs(self, estimators: Sequence[Any], run: SearchRun) -> list[int | None]:
        """Return the number of epochs at the end of each rung."""
        if self.factor is None:
            return [None]
        n_epochs = 0
        for c, estimator in enumerate(estimators):
            fit = Fit(c, 0, estimator)
            if is_batched(fit, run.data):
                n_epochs = max(n_epochs, n_epochs_of(fit, run.cache))
                if isinstance(network_of(estimator).max_iter, str) and n_epochs:
                    break  # "auto" is the same for all
        return rung_epochs(len(estimators), self.factor, self.min_epochs, n_epochs)

    def _mean_score(self, evaluations: Sequence[Evaluation], refit_metric: str) -> float:
        """Return the mean test score of a candidate."""
        scores = []
        for one in evaluations:
            score = one.scores["test_scores"]
            if isinstance(score, dict):
                name = self.refit if isinstance(self.refit, str) else refit_metric
                if name not in score:
                    raise ValueError(
                        "factor compares candidates by one score: set refit to the name of one of "
                        f"{sorted(score)}, got refit={self.refit!r}."
                    )
                score = score[name]
            scores.append(score)
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
        show_warnings(flat)
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
        return Found(results, refit_metric, is_multimetric)

    def _best(self, found: Found) -> dict[str, Any]:
        """Return the attributes about the best candidate."""
        if not self.refit and found.is_multimetric:
            return {}
        index = self._select_best_index(self.refit, found.refit_metric, found.results)
        best = {"best_index_": index, "best_params_": found.results["params"][index]}
        if not callable(self.refit):
            best["best_score_"] = found.results[f"mean_test_{found.refit_metric}"][index]
        return best

    def _fit_best(
        self, best: Candidate, data: SearchData, callbacks: SearchCallbacks
    ) -> dict[str, Any]:
        """Return the best estimator, fitted to all rows, and the attributes about it.

        After a search in rungs, early stopping is replaced by the best number of epochs of a
        candidate that was trained to its end.
        """
        start = time.perf_counter()
        stops = self._stops_by_folds(best) and not best.is_partial
        estimator = for_all_rows(best.estimator, best.n_epochs if stops else None)
        arguments = (data.X,) if data.y is None else (data.X, data.y)
        with callbacks.fitting(estimator):
            estimator.fit(*arguments, **data.fit_params)
        seconds = time.perf_counter() - start
        fitted = {"best_estimator_": estimator, "refit_time_": seconds}
        if hasattr(estimator, "feature_names_in_"):
            fitted["feature_names_in_"] = estimator.feature_names_in_
        return fitted

    def _fit_members(
        self, fitted: Mapping[str, Any], found: Found, data: SearchData, deadline: float
    ) -> None:
        """Fit the members of the ensemble to all rows; the best estimator is fitted already.

        Those that were cut short are trained for as many epochs.
        """
        ensemble = fitted["ensemble_"]
        by_params = {id(one.params): one for one in found.candidates}
        best = found.candidates[fitted["best_index_"]]
        members, estimators = [], []
        for member in ensemble.members_:
            candidate = by_params[id(member.params)]
            has_epochs = candidate.is_partial or self._stops_by_folds(candidate)
            n_epochs = candidate.n_epochs if has_epochs else None
            estimators.append(for_all_rows(candidate.estimator, n_epochs))
            is_known = candidate is best and not candidate.is_partial
            known = fitted["best_estimator_"] if is_known else None
            members.append(replace(member, refitted=known))
        ensemble.members_ = refit_members(
            members, estimators, data, n_jobs=self.n_jobs, deadline=deadline
        )

    def _stops_by_folds(self, candidate: Candidate) -> bool:
        """Return whether the folds tell the number of epochs instead of early stopping."""
        mlp = network_of(candidate.estimator)
        return bool(self.factor) and isinstance(mlp, BaseMLP) and mlp.early_stopping is True
