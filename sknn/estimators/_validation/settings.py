"""Settings: parameters of estimators that must be read before they mean anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

#: More numbers than this in X, and dtype="auto" computes in float32.
LARGE = 10**5


def numbers(setting: Any) -> list[float]:
    """Read a parameter that is a number or several; what is none becomes NaN, to be refused."""
    try:
        return [float(value) for value in np.ravel(setting)]
    except (TypeError, ValueError):
        return [np.nan]


def choose_dtype(setting: str, shape: tuple[int, int], given: Any, large: int = LARGE) -> str:
    """Read the parameter `dtype`: "auto" is float32 if X is given so, or has more numbers."""
    if setting != "auto":
        return setting
    n, m = shape
    return "float32" if given == np.float32 or n * m > large else "float64"


@contextmanager
def restore_generator_on_error(random_state: Any) -> Iterator[None]:
    """Take back what was drawn from a user's generator if the block raises."""
    if not (random_state is None or isinstance(random_state, np.random.RandomState)):
        yield
        return
    rng = check_random_state(random_state)  # None is NumPy's own
    before = rng.get_state()
    try:
        yield
    except BaseException:
        rng.set_state(before)
        raise
