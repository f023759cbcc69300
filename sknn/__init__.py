"""Neural networks that feel native to scikit-learn, with no deep-learning framework."""

from importlib import import_module
from importlib.metadata import version
from typing import Any

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


def __getattr__(name: str) -> Any:
    """Import `sknn.inspection` when it is first asked for, so that nobody else waits for it."""
    if name == "inspection":
        return import_module("sknn.inspection")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name what is imported later, too."""
    return [*globals(), "inspection"]
