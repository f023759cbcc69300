"""SearchEnsemble: a weighted average of the estimators that a search has fitted to its folds.

The weights come from greedy selection by out-of-fold predictions: Caruana, Niculescu-Mizil, Crew
and Ksikes (2004), "Ensemble Selection from Libraries of Models".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknn.engine._typing import Array
from sknn.estimators._sklearn_compat import BaseEstimator, ClassifierMixin, RegressorMixin
from sknn.targets.conformal import check_coverage, interval_ends

#: Number of rounds of the selection.
N_ROUNDS = 40

#: The loss of an average of predictions, for all rows.
LossOf = Callable[[Array], float]


def greedy_weights(predictions: Array, loss: LossOf, n_rounds: int = N_ROUNDS) -> Array:
    """Return weights of candidates whose average has a low loss.

    In each round the candidate is added to the average that lowers its loss most, also one that is
    already in it. The weights are those of the round with the lowest loss.

    Parameters
    ----------
    predictions : array of shape (n_candidates, n, ...)
        Out-of-fold predictions of each candidate.
    loss : callable
        ``loss(average)`` of predictions for the same rows; NaN is the worst.
    n_rounds : int
        Number of rounds.

    Returns
    -------
    weights : array of shape (n_candidates,)
        They sum to 1.
    """
    total, counts = np.zeros_like(predictions[0]), np.zeros(len(predictions))
    best, lowest = counts, np.inf
    for n in range(1, n_rounds + 1):
        losses = np.array([loss((total + one) / n) for one in predictions])
        losses[np.isnan(losses)] = np.inf
        chosen = int(losses.argmin())
        total += predictions[chosen]
        counts[chosen] += 1
        if losses[chosen] < lowest or n == 1:
            best, lowest = counts.copy(), losses[chosen]
    weights: Array = best / best.sum()
    return weights


@dataclass(frozen=True)
class Member:
    """A candidate in an ensemble."""

    params: Mapping[str, Any]  # those of the candidate; {"estimator": ...} for one of `others`
    weight: float
    estimators: Sequence[Any]  # fitted to the training rows of each fold


class SearchEnsemble:
    """Weighted average of the estimators that were fitted to the folds of a search.

    Each candidate contributes one estimator a fold: nothing is trained again.

    Attributes
    ----------
    members_ : list of Member
        The candidates with a positive weight, from large to small: `params`, `weight`, and the
        fitted `estimators`, one for each fold.
    classes_ : array
        Class labels; only for classifiers.
    """

    def __init__(
        self,
        members: Sequence[Member],
        classes: Array | None,
        residuals: Array | None,
        fold: NDArray[np.intp] | None,
    ) -> None:
        self.members_ = list(members)
        self._is_classifier = classes is not None
        self._residuals = residuals
        self._fold = fold
        if classes is not None:
            self.classes_ = classes

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
        average = self.raw(X)
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
        return self.raw(X)

    def predict_interval(self, X: Any, *, coverage: float = 0.9) -> Array:
        """Return intervals by CV+, see :meth:`sknn.MLPRegressor.predict_interval`.

        The same rows have chosen the candidates and their weights, so that the coverage is
        approximate.

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
        predictions = self._averages(X)
        n_folds, n = predictions.shape[:2]
        columns = predictions.reshape(n_folds, n, -1)
        residuals = self._residuals.reshape(len(self._residuals), -1)
        ends = [
            interval_ends(columns[..., j], columns[..., j], residuals[:, j], self._fold, coverage)
            for j in range(columns.shape[-1])
        ]
        result = np.stack(ends, axis=1)
        return result[:, 0] if predictions.ndim == 2 else result

    def raw(self, X: Any) -> Array:
        """Return average probabilities, or average predictions of regressors."""
        average: Array = self._averages(X).mean(axis=0)
        return average

    def _averages(self, X: Any) -> Array:
        """Return the averages over the candidates for each fold, shape (n_folds, n, ...)."""
        folds = zip(*(member.estimators for member in self.members_), strict=True)
        return np.stack([self._average(estimators, X) for estimators in folds])

    def _average(self, estimators: Sequence[Any], X: Any) -> Array:
        classes = self.classes_ if self._is_classifier else None
        parts = zip(self.members_, estimators, strict=True)
        predictions = [member.weight * response(one, X, classes) for member, one in parts]
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
        return np.asarray(estimator.predict(X), dtype=np.float64)
    if not hasattr(estimator, "predict_proba"):
        raise ValueError(
            f"ensemble=True averages probabilities, but {estimator} has no predict_proba: choose "
            "another loss, or ensemble=False."
        )
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


def out_of_fold(
    predictions: Sequence[Array], splits: Sequence[tuple[Any, Any]], n: int
) -> tuple[Array, NDArray[np.bool_]]:
    """Return the mean prediction for each row by the folds that hold it out, and which have one.

    Parameters
    ----------
    predictions : sequence of arrays of shape (n_test, ...)
        Those for the test rows of each split.
    splits : sequence of (train, test)
        Row numbers.
    n : int
        Number of rows.
    """
    total, counts = np.zeros((n, *predictions[0].shape[1:])), np.zeros(n)
    for one, (_, test) in zip(predictions, splits, strict=True):
        np.add.at(total, test, one)
        np.add.at(counts, test, 1)
    known = counts > 0
    total[known] /= counts[known].reshape(-1, *[1] * (total.ndim - 1))
    return total, known


def loss_of(y: Array, classes: Array | None, w: Array | None) -> Callable[[Array, Any], float]:
    """Return the log loss, or the squared error of regressors, as a function of predictions.

    Parameters
    ----------
    y : array of shape (n,) or (n, n_outputs)
        The targets.
    classes : array of shape (n_classes,) or None
        The classes; None for a regressor.
    w : array of shape (n,) or None
        Sample weights.

    Returns
    -------
    loss : callable
        ``loss(predictions, rows)``, the weighted mean for some rows.
    """
    if classes is None:
        y = np.asarray(y, dtype=np.float64)
        scale = np.nanstd(y, axis=0) ** 2
        scale = np.where(scale > 0, scale, 1.0)
    else:
        numbers = np.searchsorted(classes, y)
    smallest = np.finfo(np.float64).eps

    def loss(predictions: Array, rows: Any) -> float:
        if classes is None:
            losses = (predictions - y[rows]) ** 2 / scale
            losses = np.nanmean(losses.reshape(len(losses), -1), axis=1)
        else:
            p = predictions[np.arange(len(predictions)), numbers[rows]]
            losses = -np.log(np.clip(p, smallest, 1))
        return float(np.average(losses, weights=None if w is None else w[rows]))

    return loss


def select(
    predictions: Array,
    known: NDArray[np.bool_],
    folds: Sequence[Any],
    loss: Callable[[Array, Any], float],
) -> tuple[Array, list[Array]]:
    """Return the weights of the candidates, and those that are chosen without each fold.

    The latter tell what the selection is worth on rows that had no part in it.

    Parameters
    ----------
    predictions : array of shape (n_candidates, n, ...)
        Out-of-fold predictions.
    known : array of bool of shape (n,)
        Which rows have any.
    folds : sequence of arrays of int
        The test rows of each fold.
    loss : callable
        As from `loss_of`.
    """

    def weights(rows: NDArray[np.intp]) -> Array:
        return greedy_weights(predictions[:, rows], lambda average: loss(average, rows))

    all_rows = np.flatnonzero(known)
    without = [weights(np.setdiff1d(all_rows, test)) for test in folds]
    return weights(all_rows), without


class PredictedClassifier(ClassifierMixin, BaseEstimator):
    """A classifier that returns given probabilities, for scorers."""

    def __init__(self, proba: Any = None, classes: Any = None) -> None:
        self.proba = proba
        self.classes = classes

    @property
    def classes_(self) -> Array:
        """The classes."""
        return np.asarray(self.classes)

    def fit(self, X: Any, y: Any = None) -> "PredictedClassifier":
        """Do nothing."""
        return self

    def predict_proba(self, X: Any) -> Array:
        """Return the given probabilities."""
        return np.asarray(self.proba)

    def predict(self, X: Any) -> Array:
        """Return the class with the largest probability."""
        return decode(np.asarray(self.proba), self.classes_)

    def __sklearn_is_fitted__(self) -> bool:
        """Return True."""
        return True


class PredictedRegressor(RegressorMixin, BaseEstimator):
    """A regressor that returns given predictions, for scorers."""

    def __init__(self, prediction: Any = None) -> None:
        self.prediction = prediction

    def fit(self, X: Any, y: Any = None) -> "PredictedRegressor":
        """Do nothing."""
        return self

    def predict(self, X: Any) -> Array:
        """Return the given predictions."""
        return np.asarray(self.prediction)

    def __sklearn_is_fitted__(self) -> bool:
        """Return True."""
        return True


def as_estimator(prediction: Array, classes: Array | None) -> Any:
    """Return an estimator that returns predictions, or probabilities of classes, for scorers."""
    if classes is None:
        return PredictedRegressor(prediction)
    return PredictedClassifier(prediction, classes)
