"""Neural networks that feel native to scikit-learn, with no deep-learning framework."""

from importlib.metadata import version

from sknn.estimators import (
    MLPClassifier,
    MLPRegressor,
    TabularMLPClassifier,
    TabularMLPRegressor,
)
from sknn.features import TableEncoder

__version__ = version("sknn")

__all__ = [
    "MLPClassifier",
    "MLPRegressor",
    "TableEncoder",
    "TabularMLPClassifier",
    "TabularMLPRegressor",
    "__version__",
]
