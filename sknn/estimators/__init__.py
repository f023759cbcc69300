"""The scikit-learn estimators: validate, build the network, train it, set the attributes."""

from sknn.estimators._many_fits import (
    FitOutcome,
    FitSize,
    FitTask,
    can_join,
    fit_many,
    size_of,
)
from sknn.estimators.classifier import MLPClassifier
from sknn.estimators.regressor import MLPRegressor
from sknn.estimators.tabular_classifier import TabularMLPClassifier
from sknn.estimators.tabular_regressor import TabularMLPRegressor

__all__ = [
    "FitOutcome",
    "FitSize",
    "FitTask",
    "MLPClassifier",
    "MLPRegressor",
    "TabularMLPClassifier",
    "TabularMLPRegressor",
    "can_join",
    "fit_many",
    "size_of",
]
