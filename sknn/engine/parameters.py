"""All parameters of a network in one contiguous vector, so that a step is a few calls."""

from collections.abc import Iterator

import numpy as np

from sknn.engine._typing import Array
from sknn.engine.sequential import Sequential


class ParameterVector:
    """One vector that holds every parameter of a network, and a gradient of the same layout.

    The network's modules are made to hold views of `vector`, so that changing it in place changes
    the network. The tie is for training only: copies and pickles of the modules lose it, those of
    this vector together with the network tie it anew, with a gradient of zeros.

    Parameters
    ----------
    network : Sequential
        Its parameters must share one floating type.

    Attributes
    ----------
    vector : array of shape (n_parameters,)
        First the weights of all modules, then their offsets.
    gradient : array of shape (n_parameters,)
        Laid out alike.
    weights, weights_gradient : arrays of shape (n_weights,)
        Views of the penalised part of both.
    gradients : list of lists of arrays
        For each module, the views of `gradient` that `Sequential.backpropagate` writes to.
    """

    def __init__(self, network: Sequential) -> None:
        self.network = network
        slots = [(i, name) for i, module in enumerate(network.modules) for name in module.weights]
        n_weight_slots = len(slots)
        slots += [(i, name) for i, module in enumerate(network.modules) for name in module.offsets]
        arrays = [getattr(network.modules[i], name) for i, name in slots]
        if not arrays:
            raise ValueError("There is nothing to train: no module of the network has weights.")
        if len({(id(network.modules[i]), name) for i, name in slots}) < len(slots):
            raise ValueError(
                "A module with weights stands in the network twice; weights cannot be shared."
            )
        if any(array.dtype != arrays[0].dtype or array.dtype.kind != "f" for array in arrays):
            found = sorted({str(array.dtype) for array in arrays})
            raise ValueError(f"Parameters must share one floating type, got {', '.join(found)}.")
        self.vector = np.concatenate([array.ravel() for array in arrays])
        self.gradient = np.zeros_like(self.vector)
        n_weights = sum(array.size for array in arrays[:n_weight_slots])
        self.weights = self.vector[:n_weights]
        self.weights_gradient = self.gradient[:n_weights]
        self.gradients: list[list[Array]] = [[] for _ in network.modules]
        views = zip(slots, _split(self.vector, arrays), _split(self.gradient, arrays), strict=True)
        for (i, name), view, gradient_view in views:
            setattr(network.modules[i], name, view)
            self.gradients[i].append(gradient_view)

    def __reduce__(self) -> tuple[type, tuple[Sequential]]:
        """Let a copy hold the parameters of the network's copy."""
        return type(self), (self.network,)

    def gradients_by_member(self, axes: int) -> list[list[Array]]:
        """Return the gradient of each member in parts; without member `axes` there is one.

        Parameters
        ----------
        axes : int
            How many member axes the parameters have: 0 or 1.

        Returns
        -------
        gradients : list of lists of arrays
            For each member its gradient in parts; without a member axis there is one, in one part.
        """
        if not axes:
            return [[self.gradient]]
        arrays = [array for of_module in self.gradients for array in of_module]
        return [list(parts) for parts in zip(*arrays, strict=True)]


def _split(vector: Array, like: list[Array]) -> Iterator[Array]:
    """Yield consecutive pieces of `vector`, shaped like each array."""
    start = 0
    for array in like:
        yield vector[start : start + array.size].reshape(array.shape)
        start += array.size
