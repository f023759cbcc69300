"""Initial weights: pure functions of a generator, a shape and a type.

The variance that keeps signals from growing or fading depends on the layer's fans: ``m`` inputs
and ``k`` outputs, read from the last two axes of the shape unless given (as they must be for
offsets, whose shape does not tell).
"""

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from sknn.engine._typing import Array, Rng

Fans: TypeAlias = tuple[int, int]
Initializer: TypeAlias = Callable[..., Array]

One = TypeVar("One", bound=Initializer)

#: What the docstrings of all initializers end with, since they take and give the same.
ENTRIES = """
Parameters
----------
rng : RandomState or Generator
    Draws the numbers.
shape : tuple of int
    That of the weights, (m, k), after that of the members if there are any.
dtype : dtype
    The type of the weights; they are drawn in float64 first.
fans : (int, int), optional
    The numbers m of inputs and k of outputs, where the shape does not tell them.

Returns
-------
weights : array of that shape and type
    The initial weights.
"""


def _with_entries(initializer: One) -> One:
    """Add to a docstring what it shares with the others."""
    initializer.__doc__ = f"{inspect.cleandoc(initializer.__doc__ or '')}\n{ENTRIES}"
    return initializer


@_with_entries
def zeros(rng: Rng, shape: tuple[int, ...], dtype: DTypeLike, *, fans: Fans | None = None) -> Array:
    """Return zeros: right for offsets, fatal for the weights of a hidden layer."""
    return np.zeros(shape, dtype)


@_with_entries
def lecun_normal(
    rng: Rng, shape: tuple[int, ...], dtype: DTypeLike, *, fans: Fans | None = None
) -> Array:
    """Draw from N(0, 1/m), the textbook's choice: the spread of Z does not depend on m.

    LeCun, Bottou, Orr and Müller (1998), "Efficient BackProp", section 4.6.
    """
    m, _ = _fans(shape, fans)
    return _normal(rng, shape, dtype, 1 / m)


@_with_entries
def he_normal(
    rng: Rng, shape: tuple[int, ...], dtype: DTypeLike, *, fans: Fans | None = None
) -> Array:
    """Draw from N(0, 2/m), which makes up for the half that ReLU switches off.

    He, Zhang, Ren and Sun (2015), "Delving Deep into Rectifiers", equation 10.
    """
    m, _ = _fans(shape, fans)
    return _normal(rng, shape, dtype, 2 / m)


@_with_entries
def he_uniform(
    rng: Rng, shape: tuple[int, ...], dtype: DTypeLike, *, fans: Fans | None = None
) -> Array:
    """Draw evenly from the interval around 0 with variance 2/m; the source is `he_normal`'s."""
    m, _ = _fans(shape, fans)
    return _uniform(rng, shape, dtype, 6 / m)


@_with_entries
def glorot_normal(
    rng: Rng, shape: tuple[int, ...], dtype: DTypeLike, *, fans: Fans | None = None
) -> Array:
    """Draw from N(0, 2/(m + k)), a compromise between the forward and the backward pass.

    Glorot and Bengio (2010), "Understanding the Difficulty of Training Deep Feedforward Neural
    Networks", equation 12.
    """
    m, k = _fans(shape, fans)
    return _normal(rng, shape, dtype, 2 / (m + k))


@_with_entries
def glorot_uniform(
    rng: Rng, shape: tuple[int, ...], dtype: DTypeLike, *, fans: Fans | None = None
) -> Array:
    """Draw evenly from within ±sqrt(6/(m + k)): Glorot and Bengio (2010), equation 16."""
    m, k = _fans(shape, fans)
    return _uniform(rng, shape, dtype, 6 / (m + k))


@_with_entries
def glorot_uniform_sigmoid(
    rng: Rng, shape: tuple[int, ...], dtype: DTypeLike, *, fans: Fans | None = None
) -> Array:
    """Draw evenly from within ±sqrt(2/(m + k)), scikit-learn's choice for logistic units."""
    m, k = _fans(shape, fans)
    return _uniform(rng, shape, dtype, 2 / (m + k))


def _fans(shape: tuple[int, ...], fans: Fans | None) -> Fans:
    """Return how many inputs and outputs there are, one of them at least."""
    m, k = fans or (shape[-2], shape[-1])
    return max(1, m), max(1, k)


def _normal(rng: Rng, shape: tuple[int, ...], dtype: DTypeLike, variance: float) -> Array:
    drawn: Any = rng.normal(0.0, np.sqrt(variance), shape)
    return np.asarray(drawn, dtype)


def _uniform(rng: Rng, shape: tuple[int, ...], dtype: DTypeLike, squared_bound: float) -> Array:
    bound = np.sqrt(squared_bound)
    return np.asarray(rng.uniform(-bound, bound, shape), dtype)
