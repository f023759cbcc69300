"""The stamp on whatever is saved: which version wrote it, and in which format of the state."""

import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

__version__ = version("sknn")

#: The format of fitted attributes. It rises when older versions could not make sense of newer ones.
STATE_FORMAT = 1


class ModelFileError(ValueError):
    """A saved model that cannot be used: damaged, not a model, or from a version to come."""


class VersionedState:
    """A mixin for estimators: pickles and copies say who wrote them, and newer ones are refused."""

    def __getstate__(self) -> dict[str, Any]:
        """Return the state with its stamp."""
        state: Any = super().__getstate__()
        return {**state, "_sknn_version": __version__, "_sknn_format": STATE_FORMAT}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take a state and its stamp off; from before there were stamps, it is of format 0.

        Parameters that the writer did not know yet get their defaults, which do what it did.
        """
        state = {**_defaults(type(self)), **state}
        writer = state.pop("_sknn_version", "an early version")
        check_format(state.pop("_sknn_format", 0), writer, type(self).__name__)
        super().__setstate__(state)  # type: ignore[misc]


def _defaults(cls: type) -> dict[str, Any]:
    """Return the defaults of the parameters of a class."""
    parameters = inspect.signature(cls).parameters.values()
    return {one.name: one.default for one in parameters if one.default is not one.empty}


def check_format(number: Any, writer: Any, what: str) -> None:
    """Refuse a format that this version does not know.

    Raises
    ------
    ModelFileError
        Saying who wrote it, and what to do.
    """
    if type(number) is not int or number < 0:
        raise ModelFileError(f"{what}: the format of the saved state is {number!r}, no number.")
    if number > STATE_FORMAT:
        raise ModelFileError(
            f"{what} was saved by sknn {writer} in format {number}; this is sknn {__version__}, "
            f"which reads formats up to {STATE_FORMAT}. Install sknn {writer} or newer to load it."
        )


@contextmanager
def naming_file(file: Any, advice: str = "") -> Iterator[None]:
    """Let errors say which file cannot be used, if it is given by its path, and what to do."""
    try:
        yield
    except ModelFileError as error:
        if not isinstance(file, str | os.PathLike):
            raise
        raise ModelFileError(f"{os.fspath(file)}: {error}{advice}") from error


@contextmanager
def as_model_file_error(what: str) -> Iterator[None]:
    """Turn whatever reading a bad file runs into, of a dozen kinds, into the one kind for it."""
    try:
        yield
    except (ModelFileError, MemoryError):
        raise
    except Exception as error:
        raise ModelFileError(f"{what} ({type(error).__name__}: {error}).") from error
