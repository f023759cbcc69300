"""Requirements on values from a file: each raises `ModelFileError` if it is not met."""

import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from sknn.exceptions import ModelFileError

#: Integers in a saved state are smaller than this.
INTEGER_LIMIT = 2**63


def require(condition: bool, problem: str) -> None:
    """Raise a `ModelFileError` that names the problem unless the condition holds."""
    if not condition:
        raise ModelFileError(f"The parts of the model do not fit together: {problem}.")


def require_keys(
    name: str, value: Any, required: Collection[str], optional: Collection[str] = ()
) -> None:
    """Require a dictionary with these keys, and no others."""
    require(isinstance(value, Mapping), f"{name} must be a dictionary")
    missing = sorted(set(required) - set(value))
    unknown = sorted(map(repr, set(value) - {*required, *optional}))
    require(not missing, f"{name} lacks {', '.join(missing[:5])}")
    require(not unknown, f"{name} has unknown keys: {', '.join(unknown[:5])}")


def require_count(name: str, value: Any, smallest: int) -> None:
    """Require an integer from `smallest` up to 2**63 - 1."""
    fits = type(value) is int and smallest <= value < INTEGER_LIMIT
    require(fits, f"{name} must be an integer >= {smallest} and below 2**63")


def require_number(name: str, value: Any) -> None:
    """Require a float, infinite or NaN included, or an integer in its range."""
    fits = type(value) is float or (type(value) is int and abs(value) < INTEGER_LIMIT)
    require(fits, f"{name} must be a number in the range of a float")


def require_array(
    name: str,
    value: Any,
    kinds: str,
    shape: tuple[int | None, ...] | None = None,
    *,
    finite: bool = True,
) -> None:
    """Require an array of some dtype kinds and shape (None: any size), with finite floats."""
    is_array = isinstance(value, np.ndarray) and value.dtype.kind in kinds
    require(is_array, f"{name} must be an array of kind {kinds}")
    if shape is not None:
        fits = len(shape) == value.ndim and all(
            size in (None, actual) for size, actual in zip(shape, value.shape, strict=True)
        )
        require(fits, f"{name} has shape {value.shape}, not {shape}")
    if finite and value.dtype.kind == "f":
        require(bool(np.isfinite(value).all()), f"{name} has NaN or infinity")


def require_finite(name: str, value: Any) -> None:
    """Require finite numbers: one, an array, or a dictionary of both."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            require_finite(f"{name}.{key}", item)
    elif isinstance(value, np.ndarray):
        require_array(name, value, "biuf")
    else:
        finite = type(value) in (bool, int, float) and math.isfinite(value)
        require(finite, f"{name} must be a finite number")
