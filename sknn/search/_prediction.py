"""PredictingSearch: predictions of a fitted search, by its ensemble or by its best estimator."""

from collections.abc import Callable
from copy import copy
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.metrics import check_scoring
from sklearn.utils.validation import check_is_fitted

from sknn.engine._typing import Array
from sknn.estimators._absent import NOT_FITTED, ExplainsAbsent
from sknn.estimators._sklearn_compat import CallbackSupportMixin, available_if
from sknn.search._predicted import as_estimator
from sknn.search._sklearn_compat import BaseSearchCV
from sknn.search.ensemble import SearchEnsemble


def _check_refit(search: "PredictingSearch", method: str) -> None:
    """Raise AttributeError if there is no best estimator."""
    if not search.refit:
        raise AttributeError(
            f"{method} needs refit=True (or ensemble=True), got refit={search.refit!r}. Fit an "
            "estimator with best_params_."
        )


def _can_predict(search: "PredictingSearch") -> bool:
    """Return whether `predict` is available."""
    return search.ensemble or _estimator_has(search, "predict")


def _has_probabilities(method: str) -> Callable[["PredictingSearch"], bool]:
    """Return a function that tells whether a method for probabilities is available."""

    def check(search: "PredictingSearch") -> bool:
        if search.ensemble:
            return is_classifier(search.estimator)
        return _estimator_has(search, method)

    return check


def _has_intervals(search: "PredictingSearch") -> bool:
    """Return whether `predict_interval` is available: for an ensemble of regressors.

    Raises
    ------
    AttributeError
        If it is not; the message says which setting makes it available.
    """
    if is_classifier(search.estimator):
        raise AttributeError("predict_interval is for regressors.")
    if not search.ensemble:
        raise AttributeError(
            "predict_interval needs the predictions of the folds: set ensemble=True, or "
            "cv=5 in the estimator, fitted alone."
        )
    return True


def _estimator_has(search: "PredictingSearch", method: str) -> bool:
    """Return whether the best estimator, or the one to be fitted, has a method."""
    _check_refit(search, method)
    getattr(getattr(search, "best_estimator_", search.estimator), method)
    return True


def _of_best_estimator(method: str) -> Any:
    """Return a method that calls that of the best estimator.

    An ensemble has none of them, since it averages probabilities or predictions.
    """

    def check(search: "PredictingSearch") -> bool:
        return not search.ensemble and _estimator_has(search, method)

    def call(self: "PredictingSearch", X: Any) -> Any:
        return getattr(self._predictor(method), method)(X)

    call.__name__ = method
    call.__doc__ = f"""Return what `{method}` of the best estimator returns.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_features)
            The inputs, as for the estimator.

        Returns
        -------
        result : array
            As from the estimator's `{method}`.
        """
    return available_if(check)(call)


class PredictingSearch(ExplainsAbsent, CallbackSupportMixin, BaseSearchCV):
    """Base of the searches: predictions and scores."""

    ensemble: bool
    best_estimator_: Any
    scorer_: Any
    multimetric_: bool
    ensemble_: SearchEnsemble
    oof_score_: Any

    def _why_absent(self, name: str) -> str:
        if name == "predict_set":
            return "a search has none. Fit an estimator with cv=5 and best_params_."
        if name not in ("ensemble_", "oof_score_", "best_estimator_"):
            return ""
        if "cv_results_" not in vars(self):
            return NOT_FITTED
        if name == "best_estimator_":
            why = "its fit was interrupted" if self.refit else f"refit={self.refit!r} trains none"
            return f"{why}. Fit an estimator with best_params_."
        return (
            "only an ensemble has out-of-fold predictions. Set ensemble=True and fit again; the "
            "score of the best candidate is best_score_."
        )

    @available_if(_can_predict)
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

    @available_if(_has_probabilities("predict_proba"))
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

    @available_if(_has_probabilities("predict_log_proba"))
    def predict_log_proba(self, X: Any) -> Array:
        """Return the logarithms of `predict_proba`.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_features)
            The inputs, as for the estimator.

        Returns
        -------
        log_proba : array
            As from the estimator's `predict_log_proba`.
        """
        predictor = self._predictor("predict_log_proba")
        if self.ensemble:
            with np.errstate(divide="ignore"):
                log_proba: Array = np.log(predictor.predict_proba(X))
            return log_proba
        return predictor.predict_log_proba(X)

    decision_function = _of_best_estimator("decision_function")
    transform = _of_best_estimator("transform")
    inverse_transform = _of_best_estimator("inverse_transform")
    score_samples = _of_best_estimator("score_samples")

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
        if self.multimetric_ and not isinstance(self.refit, str):
            raise ValueError(
                f"score needs the name of a score in refit, of {sorted(self.scorer_)}; got "
                f"refit={self.refit!r}."
            )
        other = copy(self)
        other.best_estimator_ = as_estimator(ensemble.average(X), classes)
        other.refit = self.refit or True
        if self.scoring is None:
            other.scorer_ = check_scoring(other.best_estimator_)
        return super(PredictingSearch, other).score(X, y, **params)

    @property
    def classes_(self) -> Array:
        """Class labels; only for classifiers."""
        try:
            classes: Array = self._predictor("classes_").classes_
        except NotFittedError as error:
            raise AttributeError(str(error)) from error
        return classes

    @property
    def n_features_in_(self) -> int:
        """Number of columns of X in `fit`."""
        if self.ensemble and hasattr(self, "ensemble_"):
            return int(self.ensemble_.members_[0].predictors[0].n_features_in_)
        return int(self._predictor("n_features_in_").n_features_in_)

    def _predictor(self, method: str) -> Any:
        """Return the ensemble, or the best estimator."""
        if not self.ensemble:
            _check_refit(self, method)
        check_is_fitted(self, "ensemble_" if self.ensemble else "best_estimator_")
        return self.ensemble_ if self.ensemble else self.best_estimator_
