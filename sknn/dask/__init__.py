"""Estimators that train on the partitions of Dask collections, on one machine or several."""

from sknn._optional import import_optional

import_optional("distributed", "sknn.dask")

from sknn.dask.classifiers import DaskMLPClassifier, DaskTabularMLPClassifier  # noqa: E402
from sknn.dask.regressors import DaskMLPRegressor, DaskTabularMLPRegressor  # noqa: E402

__all__ = [
    "DaskMLPClassifier",
    "DaskMLPRegressor",
    "DaskTabularMLPClassifier",
    "DaskTabularMLPRegressor",
]
