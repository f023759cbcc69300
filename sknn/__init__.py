"""Neural networks that feel native to scikit-learn, with no deep-learning framework."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

# first, and not from deep within: what it imports looks through the calls it is imported by, and
# would take a tenth longer
import sklearn.base  # noqa: F401

from sknn._version import ModelFileError, __version__
from sknn.estimators import (
    MLPClassifier,
    MLPRegressor,
    TabularMLPClassifier,
    TabularMLPRegressor,
)
from sknn.features import TableEncoder
from sknn.persistence import Checkpoint, load

if TYPE_CHECKING:
    from sknn.persistence.onnx import to_onnx
    from sknn.persistence.scikit_learn import from_sklearn, to_sklearn

__all__ = [
    "Checkpoint",
    "MLPClassifier",
    "MLPRegressor",
    "ModelFileError",
    "TableEncoder",
    "TabularMLPClassifier",
    "TabularMLPRegressor",
    "__version__",
    "from_sklearn",
    "load",
    "to_onnx",
    "to_sklearn",
]

#: Names that are imported when they are first asked for, so that nobody else waits for them.
_LATER = {
    "from_sklearn": "sknn.persistence.scikit_learn",
    "to_onnx": "sknn.persistence.onnx",
    "to_sklearn": "sknn.persistence.scikit_learn",
}


def __getattr__(name: str) -> Any:
    """Import what few programs need."""
    if name == "inspection":
        return import_module("sknn.inspection")
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    """Name what is imported later, too."""
    return sorted({*globals(), *_LATER, "inspection"})
