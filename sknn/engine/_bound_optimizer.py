"""The steps of an optimizer on the same arrays."""

from functools import partial
from typing import Any

from sknn.engine._typing import Array
from sknn.engine.optimizers import BoundStep, Optimizer, State


def bind_optimizer(optimizer: Optimizer, params: Array, grads: Array, state: State) -> BoundStep:
    """Return a function of the rate that makes a step: that of the optimizer's own class, if any.

    Parameters
    ----------
    optimizer, params, grads, state : object
        As in `Optimizer.bind`.
    """
    if "bind" in vars(type(optimizer)):
        return optimizer.bind(params, grads, state)
    return partial(_make_step, optimizer, params, grads, state)


def is_elementwise(optimizer: Optimizer) -> bool:
    """Return whether one step of the optimizer may update several networks."""
    return bool(vars(type(optimizer)).get("is_elementwise", False))


def _make_step(optimizer: Optimizer, *arguments: Any) -> None:
    """Make a step of an optimizer, which must return None."""
    if optimizer.step(*arguments) is not None:
        raise TypeError(
            f"{type(optimizer).__name__}.step must change params in place (params -= ...) and "
            "return None."
        )
