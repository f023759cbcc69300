"""What optimizers remember, on both sides: sums here, averages in scikit-learn."""

from typing import Any

import numpy as np

from sknn.engine.types import Array
from sknn.estimators.sklearn_private import give_optimizer, mlp_optimizer


def hand_over(state: dict[str, Any], mlp: Any) -> None:
    """Give scikit-learn's MLP the moments that one of ours has learned.

    Parameters
    ----------
    state : dict
        Of our optimizer: Adam's or SGD's.
    mlp : sklearn.neural_network.MLPClassifier or MLPRegressor
        With solver "adam" or "sgd" and its fitted attributes.
    """
    optimizer = give_optimizer(mlp)
    like = mlp.coefs_ + mlp.intercepts_
    if mlp.solver == "adam":
        optimizer.t = state["t"]
        optimizer.ms = _arrays((1 - mlp.beta_1) * state["first"], like)
        optimizer.vs = _arrays((1 - mlp.beta_2) * state["second"], like)
    else:
        optimizer.velocities = _arrays(state["velocity"], like)


def taken_over(mlp: Any) -> dict[str, Any]:
    """Return what scikit-learn's MLP remembers as the memory of one of ours.

    Parameters
    ----------
    mlp : sklearn.neural_network.MLPClassifier or MLPRegressor
        Fitted.

    Returns
    -------
    memory : dict
        Empty if it remembers nothing.
    """
    optimizer = mlp_optimizer(mlp)
    if optimizer is None:
        return {}
    if mlp.solver == "adam":
        state = {
            "t": optimizer.t,
            "first": _vector(optimizer.ms) / (1 - mlp.beta_1),
            "second": _vector(optimizer.vs) / (1 - mlp.beta_2),
        }
    else:
        state = {"velocity": _vector(optimizer.velocities)}
    dtype = mlp.coefs_[0].dtype
    return {name: v.astype(dtype) if isinstance(v, np.ndarray) else v for name, v in state.items()}


def _vector(arrays: list[Array]) -> Array:
    """Return all numbers one after the other: first those of the weights, then the offsets'."""
    return np.concatenate([array.ravel() for array in arrays])


def _arrays(vector: Array, like: list[Array]) -> list[Array]:
    """Cut a vector into arrays of the shapes of others."""
    pieces = np.split(vector, np.cumsum([array.size for array in like])[:-1])
    return [piece.reshape(array.shape) for piece, array in zip(pieces, like, strict=True)]
