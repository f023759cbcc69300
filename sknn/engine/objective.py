"""The objective: mean loss plus penalty, its gradient, and the vector of all parameters."""

from operator import attrgetter
from typing import Any

import numpy as np
from scipy.sparse import issparse

from sknn.engine._execution import TrainingPass, Workspace, are_same
from sknn.engine._linalg import add_scaled, chunks, constant
from sknn.engine._typing import Array, Rng
from sknn.engine.losses import Loss
from sknn.engine.modules import Module, Sequential


class ParameterVector:
    """One contiguous vector of all parameters of a network, and one of their gradient.

    The modules are made to hold views of `vector`, which copies and pickles of a module lose. If
    this object is copied together with the network, the copied modules hold views again, and the
    gradient is 0.

    Parameters
    ----------
    network : Sequential
        Its parameters must share one floating dtype.

    Attributes
    ----------
    vector : array of shape (n_parameters,)
        First the weights of all modules, then their offsets.
    gradient : array of shape (n_parameters,)
        The gradient, in the same order.
    weights, weights_gradient : arrays of shape (n_weights,)
        Views of the penalised part of both.
    gradients : list of lists of arrays
        For each module, the views of `gradient` that `Sequential.backpropagate` writes to.
    members : tuple of int
        The member axis of the parameters, (g,), or ().
    """

    def __init__(self, network: Sequential) -> None:
        self.network = network
        slots: dict[tuple[int, str], tuple[Module, list[Array]]] = {}
        arrays: list[Array] = []
        self.gradients: list[list[Array]] = []
        for _ in network.modules:
            self.gradients.append([])
        n_weights = 0
        for kind in ("weights", "offsets"):
            n_weights = sum(map(np.size, arrays))
            for module, gradients in zip(network.modules, self.gradients, strict=True):
                for name in getattr(module, kind):
                    slots[id(module), name] = module, gradients
                    arrays.append(getattr(module, name))
        if not arrays:
            raise ValueError("There is nothing to train: no module of the network has weights.")
        if len(slots) < len(arrays):
            raise ValueError(
                "A module with weights is in the network twice. Weights cannot be shared: use a "
                "module for each place."
            )
        dtypes = sorted(set(map(str, map(attrgetter("dtype"), arrays))))
        if len(dtypes) > 1 or arrays[0].dtype.kind != "f":
            raise ValueError(f"Parameters must share one floating dtype, got {', '.join(dtypes)}.")
        self.vector = np.concatenate(list(map(np.ravel, arrays)))
        self.gradient = np.zeros_like(self.vector)
        self.weights = self.vector[:n_weights]
        self.weights_gradient = self.gradient[:n_weights]
        self.members = arrays[0].shape[:-2]
        stop = 0
        for ((_, name), (module, gradients)), array in zip(slots.items(), arrays, strict=True):
            start, stop = stop, stop + array.size
            setattr(module, name, self.vector[start:stop].reshape(array.shape))
            gradients.append(self.gradient[start:stop].reshape(array.shape))

    def __reduce__(self) -> tuple[type, tuple[Sequential]]:
        """Rebuild the vector from the network, so that the copied modules hold views of it."""
        return type(self), (self.network,)

    def gradients_by_member(self) -> list[list[Array]]:
        """Return for each member a list of the gradients of all its parameters."""
        if not self.members:
            return [[self.gradient]]
        arrays = [array for of_module in self.gradients for array in of_module]
        return [list(of_member) for of_member in zip(*arrays, strict=True)]


class Objective:
    """``J(W) = 1/n sum_i w_i loss(z_i, y_i) + alpha/2 sum_l |W_l|^2`` of a network.

    On a mini-batch the mean is that of the batch, an estimate of J. Offsets are not penalised. The
    penalty depends neither on the number of samples nor on the batch size.

    Parameters
    ----------
    network : Sequential
        Its modules are made to hold views of one parameter vector. From then on change weights in
        place (``layer.W -= ...``): after ``layer.W = ...`` they would no longer be trained.
    loss : Loss
        The loss of the raw outputs.
    alpha : float, default=0.0
        The strength of the penalty.

    Attributes
    ----------
    parameters : ParameterVector
        The parameters of the network and their gradient.
    members : tuple of int
        The member axis of the parameters, (g,), or (). J is summed over the members.
    """

    def __init__(self, network: Sequential, loss: Loss, alpha: float = 0.0) -> None:
        if not alpha >= 0:
            raise ValueError(f"alpha must be 0 or more, got {alpha}.")
        self.network = network
        self.loss = loss
        self.alpha = float(alpha)
        self.parameters = ParameterVector(network)
        self.members = self.parameters.members
        self._workspace = Workspace()

    def value(self, X: Array, Y: Array, w: Array | None = None) -> float:
        """Return J, the mean loss plus the penalty.

        Parameters
        ----------
        X : array or CSR matrix of shape (n, m)
            Inputs.
        Y : array of shape (n, k)
            Targets.
        w : array of shape (n,), optional
            Sample weights, 1 if left out. They are used as given: divide by their mean over all
            samples first if only their ratios should count.

        Raises
        ------
        ValueError
            If the shape of Y is not that of the raw outputs, or that of w not (n,).
        """
        z = self.network.forward(X)
        _check_shapes(z, Y, w)
        mean, _ = self._mean(z, self.loss.value(z, Y), w)
        return mean + self._penalty()

    def value_and_gradient(
        self, X: Array, Y: Array, w: Array | None = None, *, rng: Rng | None = None
    ) -> float:
        """Return J and write its gradient to ``parameters.gradient``.

        A batch of the same shape as an earlier one overwrites its arrays.

        Parameters
        ----------
        X, Y, w : arrays
            As in `value`.
        rng : RandomState or Generator, optional
            Draws the dropout masks; without it no unit is dropped.
        """
        network, workspace = self.network, self._workspace
        if rng is not None:
            network = network.sample((*self.members, *Y.shape[-2:-1]), rng)
        size = type(X), X.shape, X.dtype, Y.shape
        step: Any = workspace.get(size)
        if isinstance(step, tuple):  # the second batch of this size
            step = workspace[size] = TrainingPass(*step)
        is_first = step is None or not are_same(step.modules, self.network.modules)
        values = network.trace(X) if is_first else [step.forward(X, network.modules)]
        z = values[-1]
        if is_first or w is not None:
            _check_shapes(z, Y, w)
        losses, dZ = self.loss.value_and_gradient(z, Y)
        mean, weights = self._mean(z, losses, w)  # before z is overwritten: losses may be a view
        weights = weights[0, ...] if w is None else weights[..., None]
        if not is_first:
            step.backward(dZ, weights)
            return mean + self._penalty(self.parameters.weights_gradient)
        if np.shape(dZ) != z.shape:
            raise ValueError(
                f"{self.loss!r} gives a gradient of shape {np.shape(dZ)}, but z has {z.shape}."
            )
        dv = np.multiply(dZ, weights, np.empty_like(dZ, z.dtype))  # dZ may have another dtype
        gradients = network.backpropagate(values, dv, self.parameters.gradients)
        if len(workspace) == Workspace.max_sizes:
            workspace.clear()
        if not any(map(issparse, values[1:])):
            modules = list(self.network.modules)
            workspace[size] = modules, values, gradients, self.parameters.gradients
        return mean + self._penalty(self.parameters.weights_gradient)

    def _mean(self, z: Array, losses: Array, w: Array | None) -> tuple[float, Array]:
        """Return the mean loss, summed over the members, and the weight of each sample in it."""
        if np.shape(losses) != z.shape[:-1]:
            raise ValueError(
                f"{self.loss!r} must give a number for each sample, shape {z.shape[:-1]}; got "
                f"shape {np.shape(losses)}."
            )
        n = z.shape[-2]
        weights = constant(n, 1 / n, z.dtype) if w is None else w / n
        mean = losses.dot(weights) if losses.ndim == 1 else (losses * weights).sum()
        return float(mean), weights

    def _penalty(self, gradient: Array | None = None) -> float:
        """Return the penalty, and add its derivative to `gradient` if given."""
        if not self.alpha:  # without it, squares of weights that overflow do no harm
            return 0.0
        weights, square = self.parameters.weights, 0.0
        for w, dw in chunks(weights, weights if gradient is None else gradient):
            if gradient is not None:
                add_scaled(dw, w, self.alpha)
            square += float(w.dot(w))
        return self.alpha / 2 * square


def _check_shapes(z: Array, Y: Array, w: Array | None) -> None:
    """Raise ValueError for targets or weights that NumPy would broadcast."""
    if Y.shape[-2:] != z.shape[-2:]:
        raise ValueError(f"Y must have the shape of the raw outputs, {z.shape}; got {Y.shape}.")
    if w is not None and w.shape[-1] != z.shape[-2]:
        raise ValueError(f"w must have one weight per sample, {z.shape[-2]}; got shape {w.shape}.")
