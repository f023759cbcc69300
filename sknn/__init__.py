"""Neural networks that feel native to scikit-learn, with no deep-learning framework."""

from sknn.estimators import (
    MLPClassifier,
    MLPRegressor,
    TabularMLPClassifier,
    TabularMLPRegressor,
)
from sknn.features import TableEncoder
from sknn.persistence import Checkpoint, load
from sknn.stamp import ModelFileError, __version__

__all__ = [
    "Checkpoint",
    "MLPClassifier",
    "MLPRegressor",
    "ModelFileError",
    "TableEncoder",
    "TabularMLPClassifier",
    "TabularMLPRegressor",
    "__version__",
    "load",
]
