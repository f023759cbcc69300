"""Estimators that return given predictions, for scorers."""

from typing import Any

import numpy as np
from sklearn.metrics import r2_score

from sknn.engine._typing import Array
from sknn.estimators._sklearn_compat import BaseEstimator, ClassifierMixin, RegressorMixin
from sknn.search.ensemble import decode


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

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the mean R2 of the columns of y, for rows whose target is known."""
        prediction = np.asarray(self.prediction, dtype=np.float64)
        targets = np.asarray(y, dtype=np.float64).reshape(len(prediction), -1)
        columns = zip(targets.T, prediction.reshape(targets.shape).T, strict=True)
        scores = []
        for target, predicted in columns:
            known = ~np.isnan(target)
            w = None if sample_weight is None else np.asarray(sample_weight)[known]
            scores.append(r2_score(target[known], predicted[known], sample_weight=w))
        return float(np.mean(scores))

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
