"""Initial weights: pure functions of a generator, a shape and a type.

The variance depends on the fans of the layer, ``m`` inputs and ``k`` outputs. They are the last
two axes of the shape, unless they are given, as they must be for offsets.
"""

import inspect
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from sknn.engine._typing import Array, Rng

Shape: TypeAlias = tuple[int, ...]
Fans: TypeAlias = tuple[int, int] | None
Initializer: TypeAlias = Callable[..., Array]

F = TypeVar("F", bound=Initializer)

#: The end of the docstrings of all initializers.
_SECTIONS = """
Parameters
----------
rng : RandomState or Generator
    Draws the weights.
shape : tuple of int
    The shape of the weights, (m, k), with members (g, m, k).
dtype : dtype
    The type of the weights; they are drawn in float64 and converted.
fans : (int, int), optional
    The numbers m of inputs and k of outputs; the last two axes of `shape` if left out.

Returns
-------
weights : array of that shape and type
    The initial weights.
"""


def _add_sections(initializer: F) -> F:
    """Append `_SECTIONS` to the docstring."""
    initializer.__doc__ = f"{inspect.cleandoc(initializer.__doc__ or '')}\n{_SECTIONS}"
    return initializer


@_add_sections
def zeros(rng: Rng, shape: Shape, dtype: DTypeLike, *, fans: Fans = None) -> Array:
    """Return zeros: for offsets only, as equal hidden units would stay equal."""
    return np.zeros(shape, dtype)


@_add_sections
def lecun_normal(rng: Rng, shape: Shape, dtype: DTypeLike, *, fans: Fans = None) -> Array:
    """Draw from N(0, 1/m), so that the variance of Z does not depend on m.

    LeCun, Bottou, Orr and Müller (1998), "Efficient BackProp", section 4.6.
    """
    return _normal(rng, shape, dtype, 1, (fans or shape)[-2:-1])


@_add_sections
def he_normal(rng: Rng, shape: Shape, dtype: DTypeLike, *, fans: Fans = None) -> Array:
    """Draw from N(0, 2/m), for ReLU, which halves the second moment of its inputs.

    He, Zhang, Ren and Sun (2015), "Delving Deep into Rectifiers", equation 10.
    """
    return _normal(rng, shape, dtype, 2, (fans or shape)[-2:-1])


@_add_sections
def he_uniform(rng: Rng, shape: Shape, dtype: DTypeLike, *, fans: Fans = None) -> Array:
    """Draw uniformly from ±sqrt(6/m), with variance 2/m; see `he_normal` for the source."""
    return _uniform(rng, shape, dtype, 6, (fans or shape)[-2:-1])


@_add_sections
def glorot_normal(rng: Rng, shape: Shape, dtype: DTypeLike, *, fans: Fans = None) -> Array:
    """Draw from N(0, 2/(m + k)), a compromise between the forward and the backward pass.

    Glorot and Bengio (2010), "Understanding the Difficulty of Training Deep Feedforward Neural
    Networks", equation 12.
    """
    return _normal(rng, shape, dtype, 2, (fans or shape)[-2:])


@_add_sections
def glorot_uniform(rng: Rng, shape: Shape, dtype: DTypeLike, *, fans: Fans = None) -> Array:
    """Draw uniformly from ±sqrt(6/(m + k)): Glorot and Bengio (2010), equation 16."""
    return _uniform(rng, shape, dtype, 6, (fans or shape)[-2:])


@_add_sections
def glorot_uniform_sigmoid(rng: Rng, shape: Shape, dtype: DTypeLike, *, fans: Fans = None) -> Array:
    """Draw uniformly from ±sqrt(2/(m + k)), scikit-learn's choice for logistic units."""
    return _uniform(rng, shape, dtype, 2, (fans or shape)[-2:])


def _normal(rng: Rng, shape: Shape, dtype: DTypeLike, factor: int, fans: Shape) -> Array:
    """Draw with variance ``factor / sum(fans)``, each at least 1."""
    W: Any = rng.normal(0.0, np.sqrt(factor / np.maximum(fans, 1).sum()), shape)
    return np.asarray(W, dtype)


def _uniform(rng: Rng, shape: Shape, dtype: DTypeLike, factor: int, fans: Shape) -> Array:
    """Draw between plus and minus ``sqrt(factor / sum(fans))``, each at least 1."""
    bound = np.sqrt(factor / np.maximum(fans, 1).sum())
    return np.asarray(rng.uniform(-bound, bound, shape), dtype)
