"""Packages that only some of this folder needs."""

from importlib import import_module
from typing import Any


def required(package: str, purpose: str) -> Any:
    """Import an optional package.

    Parameters
    ----------
    package : str
        Its name.
    purpose : str
        What needs it, for the message.

    Raises
    ------
    ImportError
        If it is not installed; the message says how to.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise ImportError(
            f'{purpose} needs the package {package}: pip install "sknn[onnx]".'
        ) from error
