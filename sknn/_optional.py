"""Extras: packages that only some functions need, and what installs them."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

#: Which extra of this package brings a package.
EXTRAS: Mapping[str, str] = {"matplotlib": "plot", "onnx": "onnx", "skl2onnx": "onnx"}


def import_optional(module: str, purpose: str) -> Any:
    """Import a module of a package in `EXTRAS`.

    Parameters
    ----------
    module : str
        Its name, with dots.
    purpose : str
        What needs it, for the message.

    Returns
    -------
    module : module

    Raises
    ------
    ImportError
        If the package is not installed; the message says how to.
    """
    try:
        return import_module(module)
    except ImportError as error:
        package = module.split(".")[0]
        raise ImportError(
            f'{purpose} needs the package {package}: pip install "sknn[{EXTRAS[package]}]".'
        ) from error
