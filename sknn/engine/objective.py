"""The objective: mean loss plus penalty, its gradient, and the vector of all parameters."""

import math
from collections.abc import Sequence
from itertools import chain
from operator import attrgetter
from typing import Any

import numpy as np
from scipy.sparse import issparse

from sknn.engine._execution import TrainingPass, Workspace, are_same
from sknn.engine._linalg import add_scaled, add_scaled_calls, chunks, constant
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
        slots: dict[tuple[int, str], tuple[Module, list[Array]]] = {}
        arrays: list[Array] = []
        self.gradients: list[list[Array]] = []
        for _ in network.modules:
            self.gradients.append([])
        for kind in ("weights", "offsets"):
            n_weight_arrays = len(arrays)  # in the end those before the offsets
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
        _check_dtypes(arrays)
        self.members = _member_axis(arrays)
        axes = len(self.members)
        self.shapes = [array.shape[axes:] for array in arrays]
        if first_of is None:
            rows = [array.reshape(*self.members, -1) for array in arrays]
            self.vector = np.concatenate(rows, axis=-1)
            self.gradient = np.zeros_like(self.vector)
        else:
            g = self.members[0]
            self.vector, self.gradient = first_of.vector[:g], first_of.gradient[:g]
        stop = 0
        self.weights, self.weights_gradient = self.vector[..., :0], self.gradient[..., :0]
        for i, ((_, name), (module, gradients)) in enumerate(slots.items()):
            start, stop = stop, stop + math.prod(self.shapes[i])
            shape = arrays[i].shape
            setattr(module, name, self.vector[..., start:stop].reshape(shape))
            gradients.append(self.gradient[..., start:stop].reshape(shape))
            if i < n_weight_arrays:
                self.weights = self.vector[..., :stop]
                self.weights_gradient = self.gradient[..., :stop]

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


class Objective:
    """``J(W) = 1/n sum_i w_i loss(z_i, y_i) + alpha/2 sum_l |W_l|^2`` of a network.

    On a mini-batch the mean is that of the batch, an estimate of J. Offsets are not penalised. The
    penalty depends neither on the number of samples nor on the batch size. With members, each has
    its own J.

    Parameters
    ----------
    network : Sequential
        Its modules are made to hold views of one parameter vector. From then on change weights in
        place (``layer.W -= ...``): after ``layer.W = ...`` they would no longer be trained.
    loss : Loss
        The loss of the raw outputs.
    alpha : float or sequence of g floats, default=0.0
        The strength of the penalty, of all members or of each.
    first_of : Objective, optional
        That of more members; the new one is that of its first members, see `ParameterVector`.

    Attributes
    ----------
    parameters : ParameterVector
        The parameters of the network and their gradient.
    members : tuple of int
        The member axis of the parameters, (g,), or ().
    """

    def __init__(
        self,
        network: Sequential,
        loss: Loss,
        alpha: float | Sequence[float] = 0.0,
        first_of: "Objective | None" = None,
    ) -> None:
        whole: ParameterVector | None = first_of.parameters if first_of else None
        self.parameters: ParameterVector = ParameterVector(network, whole)
        self.members = self.parameters.members
        alphas = np.broadcast_to(np.asarray(alpha, np.float64), self.members or (1,)).tolist()
        if not all(one >= 0 for one in alphas):
            raise ValueError(f"alpha must be 0 or more, got {alpha}.")
        self.network = network
        self.loss = loss
        self.alpha = alphas if self.members else alphas[0]
        self._workspace = Workspace()
        if self.members:
            self._bind_penalty()

    def value(self, X: Array, Y: Array, w: Array | None = None) -> Any:
        """Return J, the mean loss plus the penalty; with members an array of shape (g,).

        Parameters
        ----------
        X : array or CSR matrix of shape (n, m)
            Inputs; (g, n, m) gives each member its own.
        Y : array of shape (n, k)
            Targets, or (g, n, k).
        w : array of shape (n,), optional
            Sample weights, 1 if left out, or (g, n). They are used as given: divide by their mean
            over all samples first if only their ratios should count.

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
        self,
        X: Array,
        Y: Array,
        w: Array | None = None,
        *,
        rng: Rng | None = None,
        counts: Sequence[int] | None = None,
    ) -> Any:
        """Return J, as `value` does, and write its gradient to ``parameters.gradient``.

        A batch of the same shape as an earlier one overwrites its arrays.

        Parameters
        ----------
        X, Y, w : arrays
            As in `value`.
        rng : RandomState or Generator, optional
            Draws the dropout masks; without it no unit is dropped.
        counts : sequence of g integers, optional
            The number of samples of each member, if not n: its other rows are ignored.
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
        # before z is overwritten: losses may be a view
        mean, weights = self._mean(z, losses, w, counts)
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

    def _mean(
        self, z: Array, losses: Array, w: Array | None, counts: Sequence[int] | None = None
    ) -> tuple[Any, Array]:
        """Return the mean loss, of each member, and the weight of each sample in it.

        The weights have shape () or (..., n, 1).
        """
        if np.shape(losses) != z.shape[:-1]:
            raise ValueError(
                f"{self.loss!r} must give a number for each sample, shape {z.shape[:-1]}; got "
                f"shape {np.shape(losses)}."
            )
        n = z.shape[-2]
        if self.members:
            return _member_means(losses, z.dtype, w, counts)
        weights = constant(n, 1 / n, z.dtype) if w is None else w / n
        return float(losses.dot(weights)), weights[0, ...] if w is None else weights[..., None]

    def _penalty(self, gradient: Array | None = None) -> Any:
        """Return the penalty, and add its derivative to `gradient` if given."""
        if not self.members:
            return _penalty(self.alpha, self.parameters.weights, gradient)
        if gradient is not None:
            for add_derivative in self._penalty_calls:
                add_derivative()
        squares = [alpha / 2 * float(w.dot(w)) if alpha else 0.0 for alpha, w in self._penalised]
        return np.array(squares)

    def _bind_penalty(self) -> None:
        """Bind the calls of the penalty to the rows of the members."""
        weights, gradient = self.parameters.weights, self.parameters.weights_gradient
        self._penalised = list(zip(self.alpha, weights, strict=True))
        rows = zip(gradient, weights, self.alpha, strict=True)
        calls = [add_scaled_calls(dw, w, alpha) for dw, w, alpha in rows if alpha]
        self._penalty_calls = list(chain.from_iterable(calls))


def _member_means(
    losses: Array, dtype: np.dtype[Any], w: Array | None, counts: Sequence[int] | None
) -> tuple[Array, Array]:
    """Return the mean of the first losses of each member, and the weights as in `_mean`."""
    dtype = dtype if w is None else (w[:0] / 1).dtype
    g, n = losses.shape
    if w is None and counts is None:
        of_samples = constant(n, 1 / n, dtype)
        return np.array([float(own.dot(of_samples)) for own in losses]), of_samples[0, ...]
    means, weights = [], np.zeros((g, n, 1), dtype)
    for i, count in enumerate([n] * g if counts is None else counts):
        if w is None:
            of_samples = constant(count, 1 / count, dtype)
        else:
            of_samples = (w if w.ndim == 1 else w[i])[:count] / count
        means.append(float(losses[i, :count].dot(of_samples)))
        weights[i, :count, 0] = of_samples
    return np.array(means), weights


def _penalty(alpha: float, weights: Array, gradient: Array | None) -> float:
    """Return the penalty of one network, and add its derivative to `gradient` if given."""
    if not alpha:  # without it, squares of weights that overflow do no harm
        return 0.0
    square = 0.0
    for w, dw in chunks(weights, weights if gradient is None else gradient):
        if gradient is not None:
            add_scaled(dw, w, alpha)
        square += float(w.dot(w))
    return alpha / 2 * square


def _check_shapes(z: Array, Y: Array, w: Array | None) -> None:
    """Raise ValueError for targets or weights that NumPy would broadcast."""
    if Y.shape[-2:] != z.shape[-2:]:
        raise ValueError(f"Y must have the shape of the raw outputs, {z.shape}; got {Y.shape}.")
    if w is not None and w.shape[-1] != z.shape[-2]:
        raise ValueError(f"w must have one weight per sample, {z.shape[-2]}; got shape {w.shape}.")
