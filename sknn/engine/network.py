"""Networks from names and sizes: the one table of each concept, and what reads it."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from sknn.engine import (
    ELU,
    GELU,
    SELU,
    Dropout,
    Exp,
    Identity,
    LeakyReLU,
    Linear,
    Mish,
    Module,
    ReLU,
    Sequential,
    Sigmoid,
    SiLU,
    Softplus,
    Tanh,
    initializers,
)
from sknn.engine._typing import Array, Rng
from sknn.engine.initializers import Initializer

ACTIVATIONS: Mapping[str, type[Module]] = {
    "identity": Identity,
    "logistic": Sigmoid,
    "tanh": Tanh,
    "relu": ReLU,
    "leaky_relu": LeakyReLU,
    "elu": ELU,
    "selu": SELU,
    "gelu": GELU,
    "silu": SiLU,
    "mish": Mish,
    "softplus": Softplus,
    "exp": Exp,
}

#: How weights and offsets are drawn, by name.
INITIALIZATIONS: Mapping[str, tuple[Initializer, Initializer]] = {
    "glorot_uniform": (initializers.glorot_uniform, initializers.zeros),
    "glorot_normal": (initializers.glorot_normal, initializers.zeros),
    "he_uniform": (initializers.he_uniform, initializers.zeros),
    "he_normal": (initializers.he_normal, initializers.zeros),
    "lecun_normal": (initializers.lecun_normal, initializers.zeros),
}


def hidden_sizes(hidden_layer_sizes: Any) -> list[int]:
    """Read `hidden_layer_sizes`: one positive integer or any number of them.

    Raises
    ------
    ValueError
        If a size is not a positive integer.
    """
    single = np.ndim(hidden_layer_sizes) == 0
    sizes = [hidden_layer_sizes] if single else list(hidden_layer_sizes)
    if not all(_is_positive_integer(size) for size in sizes):
        raise ValueError(
            "hidden_layer_sizes must be > 0: a positive integer for each hidden layer, () for a "
            f"network without; got {hidden_layer_sizes!r}."
        )
    return [int(size) for size in sizes]


def hidden_activations(activation: Any, n_hidden: int) -> list[str | Module]:
    """Read `activation`: one name or module for all hidden layers, or one for each.

    Raises
    ------
    ValueError
        If a name is not known, or their number is not that of the hidden layers.
    """
    single = isinstance(activation, str | Module)
    names = [activation] * n_hidden if single else list(activation)
    unknown = [name for name in names if not _is_activation(name)]
    if unknown:
        raise ValueError(
            f"Unknown activation {unknown[0]!r}; the known ones are {sorted(ACTIVATIONS)}."
        )
    if len(names) != n_hidden:
        raise ValueError(
            f"activation lists {len(names)} for {n_hidden} hidden layers: give one name for all "
            "of them, or a list with one for each."
        )
    return names


def build(
    sizes: Sequence[int],
    activations: Sequence[str | Module],
    initialization: str | Callable[..., Array],
    *,
    rng: Rng,
    dtype: DTypeLike,
    members: int | None = None,
) -> Sequential:
    """Build a network with fresh weights.

    Parameters
    ----------
    sizes : sequence of int
        Units of every layer, from the inputs to the outputs.
    activations : sequence of str or Module
        The hidden layers' activations.
    initialization : str or callable
        "auto", a name of `INITIALIZATIONS`, or ``f(rng, shape, dtype)`` that gives a weight
        matrix of shape (m, k); offsets are then zero.
    rng : RandomState or Generator
        Draws the weights, layer by layer, each matrix before its offsets.
    dtype : dtype
        Of all parameters.
    members : int, optional
        How many networks to put side by side, drawn one after the other; if left out, there is one,
        without a member axis.
    """
    drawn = [_drawn(sizes, activations, initialization, rng, dtype) for _ in range(members or 1)]
    if members is None:
        return restore(*drawn[0], activations)
    coefs, intercepts = (
        [np.stack(layer) for layer in zip(*part, strict=True)] for part in zip(*drawn, strict=True)
    )
    return restore(coefs, intercepts, activations)


def _drawn(
    sizes: Sequence[int],
    activations: Sequence[str | Module],
    initialization: str | Callable[..., Array],
    rng: Rng,
    dtype: DTypeLike,
) -> tuple[list[Array], list[Array]]:
    """Draw the weights and the offsets of all layers."""
    coefs, intercepts = [], []
    for layer, fans in enumerate(pairwise(sizes)):
        nearest = activations[min(layer, len(activations) - 1)] if activations else "identity"
        draw_weights, draw_offsets = _initializers(initialization, nearest)
        coefs.append(_drawn_weights(draw_weights(rng, fans, dtype), fans, dtype))
        intercepts.append(draw_offsets(rng, fans[1:], dtype, fans=fans))
    return coefs, intercepts


def restore(
    coefs: Sequence[Array], intercepts: Sequence[Array], activations: Sequence[str | Module]
) -> Sequential:
    """Build a network around weights that exist."""
    modules: list[Module] = [Linear(coefs[0], intercepts[0])]
    for activation, W, W0 in zip(activations, coefs[1:], intercepts[1:], strict=True):
        module = ACTIVATIONS[activation]() if isinstance(activation, str) else activation
        modules += [module, Linear(W, W0)]
    return Sequential(modules)


def _is_activation(activation: Any) -> bool:
    if isinstance(activation, str):
        return activation in ACTIVATIONS
    return isinstance(activation, Module) and not activation.parameters


def _is_positive_integer(size: Any) -> bool:
    return isinstance(size, Integral) and not isinstance(size, bool) and int(size) > 0


def with_dropout(network: Sequential, shares: Sequence[float]) -> Sequential:
    """Build the network of training: the same modules, and dropout after each hidden layer.

    Parameters
    ----------
    network : Sequential
        What `build` or `restore` gave.
    shares : sequence of float
        How much of each hidden layer is dropped; where it is 0, nothing is added.
    """
    modules = network.modules[:1]
    remaining = iter(shares)
    for layer, activation in pairwise(network.modules):
        modules.append(activation)
        if isinstance(layer, Linear):
            share = next(remaining)
            modules += [Dropout(share, layer.W.shape[-1])] if share else []
    return Sequential(modules)


def _initializers(
    initialization: str | Callable[..., Array], activation: str | Module
) -> tuple[Initializer, Initializer]:
    """Look up how to draw the weights and the offsets of a layer.

    "auto" is scikit-learn's rule: Glorot's interval, narrower for logistic units, for both.
    """
    if initialization == "auto":
        logistic = isinstance(activation, str) and activation == "logistic"
        draw = initializers.glorot_uniform_sigmoid if logistic else initializers.glorot_uniform
        return draw, draw
    if isinstance(initialization, str):
        return INITIALIZATIONS[initialization]
    return initialization, initializers.zeros


def _drawn_weights(W: Any, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Check what a user's initializer gave."""
    W = np.array(W, dtype)
    if W.shape != shape or not np.isfinite(W).all():
        raise ValueError(
            f"initialization must give finite weights of shape {shape}; got shape {W.shape}"
            f"{'' if np.isfinite(W).all() else ' with values that are not finite'}."
        )
    return W
