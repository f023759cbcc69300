"""SearchEnsemble: a weighted average of candidates of a search."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import VotingClassifier, VotingRegressor
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import Bunch

from sknn.engine._typing import Array
from sknn.targets.conformal import check_coverage, interval_ends

#: Error for classifiers without probabilities.
NO_PROBABILITIES = (
    "ensemble=True averages probabilities, but {} has no predict_proba: choose another loss, or "
    "ensemble=False."
)


@dataclass(frozen=True)
class Member:
    """A candidate in an ensemble."""

    # those of the candidate; {} for the estimator itself, {"estimator": ...} for one of `others`
    params: Mapping[str, Any]
    weight: float
    # fitted to the training rows of each fold; none if a classifier is fitted to all rows
    estimators: Sequence[Any]
    number: int  # of the candidate, in the order of `cv_results_`; then come those of `others`
    temperature: float = 1.0  # by which networks of a log loss divide their raw outputs
    refitted: Any = None  # fitted to all rows; None without `refit`, or if time was over

    @property
    def predictors(self) -> Sequence[Any]:
        """The estimators whose mean is the prediction of the candidate."""
        return self.estimators if self.refitted is None else [self.refitted]


class SearchEnsemble:
    """Weighted average of candidates of a search.

    Each is fitted to all rows. With ``refit=False``, or if `max_time` is over, nothing is trained
    again, and the candidate predicts by the mean of the estimators that were fitted to the folds.

    Parameters
    ----------
    members : sequence of Member
        The candidates.
    classes : array or None
        Class labels; None for regressors.
    residuals : array of shape (n,) or (n, n_outputs), or None
        Absolute residuals of out-of-fold predictions, for intervals.
    fold : array of int of shape (n,) or None
        The fold of each row.
    n_outputs : int, default=1
        The number of columns of y.

    Attributes
    ----------
    members_ : list of Member
        The candidates with a positive weight, from large to small: `params`, `weight`,
        `temperature` (by which networks divide the raw outputs of a log loss, chosen by out-of-fold
        predictions), the fitted `estimators` of each fold (none if a classifier is fitted to all
        rows: only intervals need them), and the one that is fitted to all rows, `refitted`, or
        None.
    classes_ : array
        Class labels; only for classifiers.
    """

    def __init__(
        self,
        members: Sequence[Member],
        classes: Array | None,
        residuals: Array | None,
        fold: NDArray[np.intp] | None,
        n_outputs: int = 1,
    ) -> None:
        self.members_ = list(members)
        self._n_outputs = n_outputs
        self._is_classifier = classes is not None
        self._residuals = residuals
        self._fold = fold
        if classes is not None:
            self.classes_ = classes

    def __repr__(self) -> str:
        """Return a line for each member: its weight, and its parameters."""
        lines = [f"{one.weight:6.1%}  {one.params or 'own parameters'}" for one in self.members_]
        return "\n".join([f"SearchEnsemble of {len(self.members_)} members:", *lines])

    def with_refitted(self, fitted: Mapping[int, Any]) -> "SearchEnsemble":
        """Return the ensemble with members that are fitted to all rows.

        Parameters
        ----------
        fitted : dict
            The fitted estimators, by the `number` of the member.

        Returns
        -------
        ensemble : SearchEnsemble
            Another ensemble; members that are not in `fitted` are the same.
        """
        other = copy(self)
        other.members_ = [
            replace(
                one,
                refitted=fitted[one.number],
                estimators=[] if self._is_classifier else one.estimators,
            )
            if one.number in fitted
            else one
            for one in self.members_
        ]
        return other

    def predict(self, X: Any) -> Array:
        """Predict the targets: the average, or the class with the largest average probability.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_features)
            The inputs, as for the estimators.

        Returns
        -------
        y : array of shape (n_samples,) or (n_samples, n_outputs)
            The predictions.
        """
        average = self.average(X)
        return decode(average, self.classes_) if self._is_classifier else average

    def predict_proba(self, X: Any) -> Array:
        """Return average probabilities; only for classifiers.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_features)
            The inputs, as for the estimators.

        Returns
        -------
        proba : array of shape (n_samples, n_classes)
            One column for each of `classes_`.
        """
        if not self._is_classifier:
            raise AttributeError("predict_proba is not available for regressors.")
        return self.average(X)

    def predict_interval(self, X: Any, *, coverage: float = 0.9) -> Array:
        """Return intervals by CV+, see :meth:`sknn.MLPRegressor.predict_interval`.

        They are those of the estimators of the folds, which are kept for them. The same rows have
        chosen the candidates and their weights, so that the coverage is approximate.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_features)
            The inputs, as for the estimators.
        coverage : float, default=0.9
            The wanted probability, in (0, 1), of each output.

        Returns
        -------
        ends : array of shape (n_samples, 2) or (n_samples, n_outputs, 2)
            Lower and upper ends.
        """
        if self._residuals is None or self._fold is None:
            raise ValueError(
                "predict_interval needs a regressor, and a splitter that holds out each row once."
            )
        check_coverage(coverage, len(self._residuals))
        folds = zip(*(member.estimators for member in self.members_), strict=True)
        predictions = np.stack([self._average(((one,) for one in fold), X) for fold in folds])
        n_folds, n = predictions.shape[:2]
        columns = predictions.reshape(n_folds, n, -1)
        residuals = self._residuals.reshape(len(self._residuals), -1)
        ends = [
            interval_ends(columns[..., j], columns[..., j], residuals[:, j], self._fold, coverage)
            for j in range(columns.shape[-1])
        ]
        result = np.stack(ends, axis=1)
        return result[:, 0] if predictions.ndim == 2 else result

    def to_voting(self) -> Any:
        """Return scikit-learn's voting estimator with the same predictions.

        It needs no sknn.search: `sknn.to_onnx` converts it to one graph, and skops and joblib save
        it. Its estimators are those that predict, fitted.

        Returns
        -------
        voting : VotingClassifier or VotingRegressor
            A fitted one, with soft voting.

        Raises
        ------
        ValueError
            If there are several outputs, or an estimator does not know all classes.
        """
        fitted = [one for member in self.members_ for one in member.predictors]
        weights = [
            member.weight / len(member.predictors)
            for member in self.members_
            for _ in member.predictors
        ]
        named = [(f"estimator_{i}", one) for i, one in enumerate(fitted)]
        if not self._is_classifier:
            if self._n_outputs > 1:
                raise ValueError(f"VotingRegressor has one output, the ensemble {self._n_outputs}.")
            voting: Any = VotingRegressor(named, weights=weights)
        else:
            if any(len(one.classes_) < len(self.classes_) for one in fitted):
                raise ValueError(
                    "An estimator was trained on a fold without one of the classes, which "
                    "VotingClassifier cannot average: use stratified folds."
                )
            voting = VotingClassifier(named, voting="soft", weights=weights)
            voting.le_ = LabelEncoder().fit(self.classes_)
            voting.classes_ = self.classes_
        voting.estimators_ = fitted
        voting.named_estimators_ = Bunch(**dict(named))
        return voting

    def average(self, X: Any) -> Array:
        """Return average probabilities, or average predictions of regressors.

        Parameters
        ----------
        X : array-like or frame of shape (n_samples, n_features)
            The inputs, as for the estimators.
        """
        return self._average([member.predictors for member in self.members_], X)

    def _average(self, estimators: Iterable[Sequence[Any]], X: Any) -> Array:
        """Return the weighted average of the mean predictions of each member's estimators."""
        classes = self.classes_ if self._is_classifier else None
        predictions = [
            member.weight * np.mean([response(one, X, classes) for one in of_member], axis=0)
            for member, of_member in zip(self.members_, estimators, strict=True)
        ]
        average: Array = np.sum(predictions, axis=0)
        return average


def response(estimator: Any, X: Any, classes: Array | None) -> Array:
    """Return probabilities of all classes, or the predictions of a regressor.

    Parameters
    ----------
    estimator : estimator
        A fitted one; classes that it does not know have the probability 0.
    X : array-like or frame of shape (n_samples, n_features)
        The inputs.
    classes : array of shape (n_classes,) or None
        All classes; None for a regressor.

    Raises
    ------
    ValueError
        If the estimator has no probabilities.
    """
    if classes is None:
        prediction: Array = np.asarray(estimator.predict(X), dtype=np.float64)
        is_single = prediction.ndim == 2 and prediction.shape[1] == 1
        return prediction[:, 0] if is_single else prediction
    if not hasattr(estimator, "predict_proba"):
        raise ValueError(NO_PROBABILITIES.format(estimator))
    proba = np.asarray(estimator.predict_proba(X), dtype=np.float64)
    known = np.asarray(estimator.classes_)
    if len(known) == len(classes):
        return proba
    wide = np.zeros((len(proba), len(classes)))
    wide[:, np.searchsorted(classes, known)] = proba
    return wide


def decode(proba: Array, classes: Array) -> Array:
    """Return the class with the largest probability, the first one of several."""
    labels: Array = classes[proba.argmax(axis=1)]
    return labels
