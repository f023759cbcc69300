"""Networks from sizes and the names of activations and initializers."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from sknn.engine import activations as functions
from sknn.engine import initializers
from sknn.engine._typing import Array, Rng
from sknn.engine.dropout import Dropout
from sknn.engine.initializers import Initializer
from sknn.engine.linear import Linear
from sknn.engine.modules import Module, Sequential

ACTIVATIONS: Mapping[str, type[Module]] = {
    "identity": functions.Identity,
    "logistic": functions.Sigmoid,
    "tanh": functions.Tanh,
    "relu": functions.ReLU,
    "leaky_relu": functions.LeakyReLU,
    "elu": functions.ELU,
    "selu": functions.SELU,
    "gelu": functions.GELU,
    "silu": functions.SiLU,
    "mish": functions.Mish,
    "softplus": functions.Softplus,
    "exp": functions.Exp,
}

#: Activations f with ``f(x) - f(-x) = x``: pairs of their units let numbers through unchanged.
SPLITTING_ACTIVATIONS = frozenset({"relu", "gelu", "silu", "softplus"})

#: The initializers of weights, by name; offsets are then zero.
INITIALIZATIONS: Mapping[str, Initializer] = {
    "glorot_uniform": initializers.glorot_uniform,
    "glorot_normal": initializers.glorot_normal,
    "he_uniform": initializers.he_uniform,
    "he_normal": initializers.he_normal,
    "lecun_normal": initializers.lecun_normal,
}

#: scikit-learn's rule "auto": of weights and offsets before any activation, and before logistic.
AUTO_INITIALIZERS = initializers.glorot_uniform, initializers.glorot_uniform_sigmoid


def hidden_sizes(hidden_layer_sizes: Any) -> list[int]:
    """Return `hidden_layer_sizes`, an integer or a sequence, as a list of positive integers."""
    single = np.ndim(hidden_layer_sizes) == 0
    sizes = [hidden_layer_sizes] if single else list(hidden_layer_sizes)
    for size in sizes:
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(
                "hidden_layer_sizes must be > 0: a positive integer for each hidden layer, () for "
                f"a network without hidden layers; got {hidden_layer_sizes!r}."
            )
    return list(map(int, sizes))


def hidden_activations(activation: Any, n_hidden: int) -> list[str | Module]:
    """Return `activation`, for all hidden layers or a sequence of one per layer, as a list."""
    single = isinstance(activation, str | Module)
    names = [activation] * n_hidden if single else list(activation)
    for one in names:
        is_module = isinstance(one, Module) and not one.parameters
        if not is_module and not (isinstance(one, str) and one in ACTIVATIONS):
            raise ValueError(
                f"Unknown activation {one!r}; the known ones are {sorted(ACTIVATIONS)}."
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
) -> Sequential:
    """Build a network with fresh weights.

    `sizes` are the numbers of units from the inputs to the outputs, `activations` those of the
    hidden layers. `initialization` is "auto", a name in `INITIALIZATIONS`, or
    ``f(rng, shape, dtype)`` that returns a weight matrix of shape (m, k); the offsets are then
    zero. `rng` draws layer by layer, each matrix before its offsets.
    """
    arrays: list[Array] = []
    for i, fans in enumerate(pairwise(sizes)):
        draw_weights: Any = initialization
        draw_offsets: Initializer = initializers.zeros
        if initialization == "auto":
            following = activations[min(i, len(activations) - 1)] if activations else None
            logistic = isinstance(following, str) and following == "logistic"
            draw_weights = draw_offsets = AUTO_INITIALIZERS[logistic]
        elif isinstance(initialization, str):
            draw_weights = INITIALIZATIONS[initialization]
        W = np.array(draw_weights(rng, fans, dtype), dtype)
        if W.shape != fans or not np.isfinite(W).all():
            raise ValueError(
                f"initialization must give finite weights of shape {fans}; got shape {W.shape}"
                f"{'' if np.isfinite(W).all() else ' with values that are not finite'}."
            )
        arrays += W, draw_offsets(rng, fans[1:], dtype, fans=fans)
    return restore(arrays[::2], arrays[1::2], activations)


def restore(
    coefs: Sequence[Array], intercepts: Sequence[Array], activations: Sequence[str | Module]
) -> Sequential:
    """Build a network of given weights and offsets; the arrays are not copied."""
    modules: list[Module] = [Linear(coefs[0], intercepts[0])]
    for activation, W, W0 in zip(activations, coefs[1:], intercepts[1:], strict=True):
        module = ACTIVATIONS[activation]() if isinstance(activation, str) else activation
        modules += [module, Linear(W, W0)]
    return Sequential(modules)


def can_be_linear(
    hidden_sizes: Sequence[int], activations: Sequence[str | Module], n_outputs: int
) -> bool:
    """Return whether some weights of a network make it any linear function."""
    splits = all(isinstance(one, str) and one in SPLITTING_ACTIVATIONS for one in activations)
    return splits and all(size >= 2 * n_outputs for size in hidden_sizes)


def set_linear(network: Sequential, W: Array, W0: Array) -> None:
    """Set the weights of a network so that it computes ``u W + W0``, up to rounding.

    Each hidden layer computes ``z = u W + W0`` and -z; the next one subtracts their activations,
    whose difference is z. The other hidden units keep their weights, but are not used by these, so
    that further training may use them.

    Parameters
    ----------
    network : Sequential
        A network of which `can_be_linear` is true.
    W, W0 : arrays of shape (m, k) and (k,)
        The linear function of the inputs of the first `Linear`.
    """
    layers = [module for module in network.modules if isinstance(module, Linear)]
    k = len(W0)
    difference = np.concatenate([np.eye(k), -np.eye(k)])
    for i, layer in enumerate(layers):
        signs = (1.0,) if layer is layers[-1] else (1.0, -1.0)
        for j, sign in enumerate(signs):
            columns = slice(j * k, (j + 1) * k)
            layer.W[:, columns] = 0
            layer.W[: len(difference) if i else len(W), columns] = sign * (difference if i else W)
            layer.W0[columns] = 0 if i else sign * W0


def with_dropout(network: Sequential, rates: Sequence[float]) -> Sequential:
    """Return a network of the same modules with `Dropout` after each hidden activation.

    `rates` has one for each hidden layer; for a rate of 0 nothing is inserted.
    """
    modules = network.modules[:1]
    remaining = iter(rates)
    for layer, activation in pairwise(network.modules):
        modules.append(activation)
        if isinstance(layer, Linear) and (rate := next(remaining)):
            modules.append(Dropout(rate, layer.W.shape[-1]))
    return Sequential(modules)
