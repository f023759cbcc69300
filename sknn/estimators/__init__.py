"""The scikit-learn estimators: validate at the door, translate into parts, train, publish."""

from sknn.estimators.classifier import MLPClassifier
from sknn.estimators.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
