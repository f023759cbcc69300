"""BatchedSearchCV: base of the searches whose candidates and folds are trained together."""

import os
import time
import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import indexable

from sknn.engine._typing import Array
from sknn.estimators._sklearn_compat import Interval, fit_context
from sknn.estimators._validation.arguments import refuse_source
from sknn.estimators.base import BaseMLP
from sknn.search._added import Added
from sknn.search._callbacks import SearchCallbacks
from sknn.search._checkpoint import SearchCheckpoint
from sknn.search._ensemble_checks import check_ensemble, check_quantiles, classes_of, quantile_of
from sknn.search._evaluation import Evaluation, SearchData, network_of
from sknn.search._final_fits import FinalFits
from sknn.search._halving import evaluate_in_brackets
from sknn.search._messages import warn_of_failures
from sknn.search._network_size import DEFAULT_FRACTION, free_memory
from sknn.search._prediction import PredictingSearch
from sknn.search._results import SearchResults, best_attributes, format_results, mean_score
from sknn.search._run import Deadline, SearchRun
from sknn.search._selection import Candidate, build_ensemble
from sknn.search._sklearn_compat import (
    BaseSearchCV,
    check_method_params,
    num_samples,
    scorers_by_name,
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
SEARCH_FRACTION = 0.7


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
        "max_time": [Interval(Real, 0, None, closed="right"), None],
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
        TypeError
            If X is a source, which is for `fit` of the estimator itself.
        KeyboardInterrupt
            On Ctrl-C before a candidate is finished. Otherwise the finished ones are kept.
        """
        start = time.time()
        self._check_combination()
        refuse_source(
            X,
            "a search splits rows in memory: search on a sample, and give the source to fit of "
            "the estimator itself",
        )
        scorers, refit_metric = self._get_scorers()
        X, y = indexable(X, y)
        params = check_method_params(X, params=params)
        routed = self._get_routed_params_for_fit(params)
        cv = check_cv(self.cv, y, classifier=is_classifier(self.estimator))
        numbers = np.arange(num_samples(X))  # splits may be masks, or count from the end
        splits = cv.split(X, y, **routed.splitter.split)
        data = SearchData(
            X=X,
            y=y,
            splits=[(numbers[train], numbers[test]) for train, test in splits],
            fit_params=routed.estimator.fit,
            score_params=routed.scorer.score,
            scorers=scorers,
            error_score=self.error_score,
            return_train_score=self.return_train_score,
            keep_estimators=self.ensemble,
            classes=classes_of(self.estimator, y) if self.ensemble else None,
            last_step=self.estimator.steps[-1][0] if type(self.estimator) is Pipeline else "",
        )
        if self.ensemble:
            check_ensemble(self.estimator, self.others or (), len(data.splits))
        seconds = np.inf if self.max_time is None else SEARCH_FRACTION * self.max_time
        run = SearchRun(
            data,
            self.n_jobs,
            Deadline(start + seconds, seconds),
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
            **best_attributes(self, found),
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
            end = np.inf if self.max_time is None else start + self.max_time
            self._fit_to_all_rows(FinalFits(run, bool(self.factor), end), found, fitted)
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

    def _others(self) -> list[Any]:
        """Return the estimators for the ensemble that are no candidates: its own comes first."""
        return [self.estimator, *(self.others or ())] if self.ensemble else []

    def _memory_limit(self) -> float:
        """Return the number of bytes for networks in training.

        With a checkpoint it must not depend on what is free, so that chunks stay the same.
        """
        if self.max_memory is not None:
            return self.max_memory
        return np.inf if self.checkpoint is not None else DEFAULT_FRACTION * free_memory()

    def _search(self, run: SearchRun, refit_metric: str) -> SearchResults:
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
        if self.ensemble:
            check_quantiles(estimators)
        given = [*estimators, *(self._estimator_of({}, one) for one in self._others())]
        params = [*candidates, {}, *({"estimator": one} for one in given[len(candidates) + 1 :])]
        added = Added(run, given, list(range(len(candidates), len(given))))
        if self.max_time is not None:
            added.evaluate_first()
        score = partial(mean_score, refit=self.refit, refit_metric=refit_metric)
        known, rung_of = evaluate_in_brackets(
            run,
            estimators,
            self.factor,
            self.min_epochs,
            score,
            divide=self.max_time is not None,
        )
        added.evaluate_others()
        self._check_end(run, known, rung_of, len(candidates))
        order = sorted(known)
        evaluations = [known[c] for c in order]
        rungs = [rung_of[c] for c in order] if self.factor else None
        found = format_results(
            self, [candidates[c] for c in order], evaluations, rungs, refit_metric
        )
        own = len(candidates)  # the estimator of the search itself
        asked = {given[c]: added.evaluations.get(c) for c in range(own + 1, len(given))}
        warn_of_failures(asked)
        rows = {c: known[c] for c in order} | added.evaluations
        evaluated = [Candidate(params[c], given[c], row) for c, row in rows.items()]
        return replace(found, candidates=evaluated)

    def _check_end(
        self,
        run: SearchRun,
        known: Mapping[int, Sequence[Evaluation]],
        rung_of: Mapping[int, int],
        n_candidates: int,
    ) -> None:
        """Raise if no candidate was evaluated; warn if some were not, or not to their end."""
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
        last = max(rung_of.values())
        is_cut = any(one.is_partial for c in known if rung_of[c] == last for one in known[c])
        if len(known) < n_candidates or is_cut:
            reason = "max_time is over" if run.deadline.is_over else "the search was interrupted"
            warnings.warn(
                f"{reason}: {len(known)} of {n_candidates} candidates were evaluated.",
                UserWarning,
                stacklevel=5,
            )

    def _estimator_of(self, candidate: Mapping[str, Any], estimator: Any = None) -> Any:
        """Return the estimator with the parameters of a candidate; cv="auto" becomes None."""
        estimator = clone(self.estimator if estimator is None else estimator)
        estimator.set_params(**clone(candidate, safe=False))
        mlp = network_of(estimator)
        name = "cv" if mlp is estimator else f"{estimator.steps[-1][0]}__cv"
        if isinstance(mlp, BaseMLP) and isinstance(mlp.cv, str) and name not in candidate:
            mlp.set_params(cv=None)
        return estimator

    def _fit_to_all_rows(
        self, final: FinalFits, found: SearchResults, fitted: dict[str, Any]
    ) -> None:
        """Fit the best candidate, and the members of the ensemble; add their attributes."""
        index = fitted["best_index_"]
        best = found.candidates[index]
        estimator, seconds = final.fit_best(best)
        if estimator is None:
            warnings.warn(
                "The fit of the best candidate to all rows was interrupted: there is no "
                "best_estimator_. Fit an estimator with best_params_.",
                UserWarning,
                stacklevel=5,
            )
            return
        fitted |= {"best_estimator_": estimator, "refit_time_": seconds}
        if hasattr(estimator, "feature_names_in_"):
            fitted["feature_names_in_"] = estimator.feature_names_in_
        if self.ensemble:
            fitted["ensemble_"] = final.fit_members(fitted["ensemble_"], found.candidates)
