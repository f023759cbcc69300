"""What a value from a file must be: small demands, each with its words."""

import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from sknn._version import ModelFileError

#: No integer in a state is as large.
MANY = 2**63


def need(holds: bool, what: str) -> None:
    """Demand something of a file.

    Raises
    ------
    ModelFileError
        If it does not hold.
    """
    if not holds:
        raise ModelFileError(f"The parts of the model do not fit together: {what}.")


def need_names(
    what: str, held: Any, always: Collection[str], sometimes: Collection[str] = ()
) -> None:
    """Demand a dictionary with these keys, and no others."""
    need(isinstance(held, Mapping), f"{what} must be a dictionary")
    missing = sorted(set(always) - set(held))
    unknown = sorted(map(repr, set(held) - {*always, *sometimes}))
    need(not missing, f"{what} lacks {', '.join(missing[:5])}")
    need(not unknown, f"{what} has unknown parts: {', '.join(unknown[:5])}")


def need_count(name: str, value: Any, smallest: int) -> None:
    """Demand an integer that can be counted to."""
    fits = type(value) is int and smallest <= value < MANY
    need(fits, f"{name} must be an integer >= {smallest}, and below 2**63")


def need_number(name: str, value: Any) -> None:
    """Demand a number that a float can be; it may be infinite."""
    fits = type(value) is float or (type(value) is int and abs(value) < MANY)
    need(fits, f"{name} must be a number that a float can be")


def need_array(
    name: str, value: Any, kinds: str, shape: tuple[int | None, ...] | None = None
) -> None:
    """Demand an array of some kind and shape, where None is any size; floats must be finite."""
    is_array = isinstance(value, np.ndarray) and value.dtype.kind in kinds
    need(is_array, f"{name} must be an array of kind {kinds}")
    if shape is not None:
        fits = len(shape) == value.ndim and all(
            wanted in (None, found) for wanted, found in zip(shape, value.shape, strict=True)
        )
        need(fits, f"{name} has shape {value.shape}, not {shape}")
    if value.dtype.kind == "f":
        need(bool(np.isfinite(value).all()), f"{name} has numbers that are not finite")


def need_plain_numbers(name: str, value: Any) -> None:
    """Demand a number that is finite, an array of such, or a dictionary of these."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            need_plain_numbers(f"{name}.{key}", one)
    elif isinstance(value, np.ndarray):
        need_array(name, value, "biuf")
    else:
        need(type(value) in (bool, int, float) and math.isfinite(value), f"{name} is no number")
