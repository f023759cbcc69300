"""Neural networks that feel native to scikit-learn, with no deep-learning framework."""

from importlib import import_module
from typing import Any

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


def __getattr__(name: str) -> Any:
    """Import `sknn.inspection` when it is first asked for, so that nobody else waits for it."""
    if name == "inspection":
        return import_module("sknn.inspection")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name what is imported later, too."""
    return [*globals(), "inspection"]
