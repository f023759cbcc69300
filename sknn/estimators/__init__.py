"""The scikit-learn estimators: validate, build the network, train it, set the attributes."""

from sknn.estimators.classifier import MLPClassifier
from sknn.estimators.regressor import MLPRegressor
from sknn.estimators.tabular_classifier import TabularMLPClassifier
from sknn.estimators.tabular_regressor import TabularMLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor", "TabularMLPClassifier", "TabularMLPRegressor"]
