"""Settings: parameters that are a number or several."""

from typing import Any

import numpy as np


def as_floats(setting: Any) -> list[float]:
    """Return a parameter that is a number or several as a list; what is no number becomes NaN."""
    try:
        return [float(value) for value in np.ravel(setting)]
    except (TypeError, ValueError):
        return [np.nan]
