"""Neural networks that feel native to scikit-learn, with no deep-learning framework."""

import typing as _typing

# imported first: its imports inspect the call stack, and a deeper one takes a tenth longer
import sklearn.base as _sklearn_base  # noqa: F401

from sknn._version import __version__
from sknn.estimators import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from sknn.exceptions import ModelFileError
from sknn.features import TableEncoder
from sknn.persistence import Checkpoint, load

if _typing.TYPE_CHECKING:
    from sknn import callbacks, engine, inspection, search
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
    "callbacks",
    "engine",
    "from_sklearn",
    "inspection",
    "load",
    "search",
    "to_onnx",
    "to_sklearn",
]

#: Modules of the names that are imported on first use, since few programs need them.
_LAZY = {
    "from_sklearn": "sknn.persistence.scikit_learn",
    "to_onnx": "sknn.persistence.onnx",
    "to_sklearn": "sknn.persistence.scikit_learn",
}


def __getattr__(name: str) -> _typing.Any:
    """Import a name of `_LAZY`, or a module such as `inspection`, on first use."""
    from importlib import import_module

    if name in ("callbacks", "inspection", "search"):
        return import_module(f"sknn.{name}")
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
