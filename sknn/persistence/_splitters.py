"""Splitters and checkpoints: the folds of a fit must be the same when it is resumed."""

from collections.abc import Iterator
from numbers import Integral
from typing import Any


def check_constant_folds(cv: Any) -> None:
    """Check that the parameter `cv` gives the same folds each time that the fit is planned.

    Raises
    ------
    ValueError
        If it is a splitter that draws other folds in each call, or an iterator.
    """
    if isinstance(cv, Iterator):
        raise ValueError(
            f"Checkpoint needs a cv that can be read again, got a {type(cv).__name__}: a resumed "
            "fit needs the same folds. Set cv=list(splits), or a splitter with an integer "
            "random_state."
        )
    if not hasattr(cv, "split") or not hasattr(cv, "random_state"):
        return
    is_drawn = getattr(cv, "shuffle", True)  # splitters without this parameter always draw
    if is_drawn and not isinstance(cv.random_state, Integral):
        got = "None" if cv.random_state is None else f"a {type(cv.random_state).__name__}"
        raise ValueError(
            f"Checkpoint needs a cv with constant folds, got {type(cv).__name__} with random_state "
            f"{got}: a resumed fit would have other folds. Set an integer random_state of the "
            "splitter."
        )
