"""The vector of all parameters of a network, and that of their gradient."""

import math
from collections.abc import Sequence
from itertools import accumulate
from operator import attrgetter

import numpy as np

from sknn.engine._typing import Array
from sknn.engine.modules import Sequential


class ParameterVector:
    """One contiguous vector of all parameters of a network, and one of their gradient.

    The modules are made to hold views of `vector`, which copies and pickles of a module lose. If
    this object is copied together with the network, the copied modules hold views again, and the
    gradient is 0.

    Parameters
    ----------
    network : Sequential
        Its parameters must share one floating dtype.
    first_of : ParameterVector, optional
        That of more members: the parameters are those of its first ones, in the same memory, and
        the arrays of the network give the shapes only.

    Attributes
    ----------
    vector : array of shape (n_parameters,)
        First the weights of all modules, then their offsets; (g, n_parameters) with members, of
        which each has a row.
    gradient : array of the same shape
        The gradient, in the same order.
    weights, weights_gradient : arrays of shape (..., n_weights)
        Views of the penalised part of both.
    gradients : list of lists of arrays
        For each module, the views of `gradient` that `Sequential.backpropagate` writes to.
    shapes : list of tuples of int
        The shapes of the arrays in the vector, in its order.
    members : tuple of int
        The member axis of the parameters, (g,), or ().
    """

    def __init__(self, network: Sequential, first_of: "ParameterVector | None" = None) -> None:
        self.network = network
        self._slots: list[tuple[int, str]] = []  # the module and the name of each array
        arrays: list[Array] = []
        n_weight_arrays = 0
        for kind in ("weights", "offsets"):
            n_weight_arrays = len(arrays)  # after the loop: the number before the offsets
            for i, module in enumerate(network.modules):
                self._slots += [(i, name) for name in getattr(module, kind)]
                arrays += [getattr(module, name) for name in getattr(module, kind)]
        if not arrays:
            raise ValueError("There is nothing to train: no module of the network has weights.")
        if len({(id(network.modules[i]), name) for i, name in self._slots}) < len(arrays):
            raise ValueError(
                "A module with weights is in the network twice. Weights cannot be shared: use a "
                "module for each place."
            )
        _check_dtypes(arrays)
        self.members = _member_axis(arrays)
        self.shapes = [array.shape[len(self.members) :] for array in arrays]
        if first_of is None:
            rows = [array.reshape(*self.members, -1) for array in arrays]
            self.vector = np.concatenate(rows, axis=-1)
            self.gradient = np.zeros_like(self.vector)
        else:
            g = self.members[0]
            self.vector, self.gradient = first_of.vector[:g], first_of.gradient[:g]
        n_weights = sum(map(math.prod, self.shapes[:n_weight_arrays]))
        self.weights = self.vector[..., :n_weights]
        self.weights_gradient = self.gradient[..., :n_weights]
        for (i, name), view in zip(self._slots, self._views(self.vector), strict=True):
            setattr(network.modules[i], name, view)
        self.gradients = self.by_module(self.gradient)

    def _views(self, vector: Array) -> list[Array]:
        """Return views of a vector like the parameters, in the shapes of the arrays."""
        stops = list(accumulate(map(math.prod, self.shapes)))
        parts = np.split(vector, stops[:-1], axis=-1)
        return [
            part.reshape(*self.members, *shape)
            for part, shape in zip(parts, self.shapes, strict=True)
        ]

    def by_module(self, vector: Array) -> list[list[Array]]:
        """Return views of a vector like the gradient, as `gradients` has them.

        Parameters
        ----------
        vector : array of the shape of `gradient`
            A gradient.
        """
        views: list[list[Array]] = [[] for _ in self.network.modules]
        for (i, _), view in zip(self._slots, self._views(vector), strict=True):
            views[i].append(view)
        return views

    def __reduce__(self) -> tuple[type, tuple[Sequential]]:
        """Rebuild the vector from the network, so that the copied modules hold views of it."""
        return type(self), (self.network,)


def _check_dtypes(arrays: Sequence[Array]) -> None:
    """Raise ValueError if the parameters do not share one floating dtype."""
    dtypes = sorted(set(map(str, map(attrgetter("dtype"), arrays))))
    if len(dtypes) > 1 or arrays[0].dtype.kind != "f":
        raise ValueError(f"Parameters must share one floating dtype, got {', '.join(dtypes)}.")


def _member_axis(arrays: Sequence[Array]) -> tuple[int, ...]:
    """Return the first axis, (g,), if all arrays of a network have it besides their own, or ()."""
    g = arrays[0].shape[0]
    has_members = arrays[0].ndim == 3 and all(a.ndim > 1 and len(a) == g for a in arrays)
    return (g,) if has_members else ()
