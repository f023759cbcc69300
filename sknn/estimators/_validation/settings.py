"""Validation of parameters that are a number or a list of numbers."""

from typing import Any

import numpy as np


def as_floats(setting: Any) -> list[float]:
    """Convert a number or numbers to a list of floats; NaN if one is not a number."""
    try:
        return [float(value) for value in np.ravel(setting)]
    except (TypeError, ValueError):
        return [np.nan]
