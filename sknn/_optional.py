"""Optional dependencies and the extras that install them."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

#: The extra of sknn that installs each package.
EXTRAS: Mapping[str, str] = {
    "distributed": "dask",
    "matplotlib": "plot",
    "onnx": "onnx",
    "pyarrow": "scale",
    "skl2onnx": "onnx",
}


def import_optional(module: str, purpose: str) -> Any:
    """Import a module of a package in `EXTRAS`.

    Parameters
    ----------
    module : str
        Its dotted name.
    purpose : str
        What needs it, for the message.

    Raises
    ------
    ImportError
        If the package is not installed; the message says how to install it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.split(".")[0]
        raise ImportError(
            f'{purpose} needs the package {package}: pip install "sknn[{EXTRAS[package]}]".'
        ) from error
