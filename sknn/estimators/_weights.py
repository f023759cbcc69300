"""Weights: copies of the weights, offsets and embedding of a network."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from sknn.engine import Embedding, Linear, Sequential
from sknn.engine._typing import Array

#: Copies of the weights and offsets of all layers of a network, and of the embedding, if any.
Weights: TypeAlias = tuple[list[Array], list[Array], Array | None]


def copy_weights(trained: Sequential) -> Weights:
    """Copy the current weights, offsets and embedding of one network."""
    coefs: list[Array] = []
    intercepts: list[Array] = []
    embedding = None
    for module in trained.modules:
        if isinstance(module, Linear):
            coefs.append(module.W.copy())
            intercepts.append(module.W0.copy())
        elif isinstance(module, Embedding):
            embedding = module.E.copy()
    return coefs, intercepts, embedding


def stack_members(arrays: Sequence[Array]) -> Array:
    """Stack arrays along a member axis, unless there is one; shorter ones are padded by zeros."""
    if len(arrays) == 1:
        return arrays[0]
    shape = (len(arrays), *np.max([array.shape for array in arrays], axis=0))
    stacked = np.zeros(shape, np.result_type(*arrays))
    for member, array in zip(stacked, arrays, strict=True):
        member[tuple(map(slice, array.shape))] = array
    return stacked
