"""The mean loss of a batch and its gradient, on arrays that are used again, in shards if large."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import issparse

from sknn.engine._execution import TrainingPass, Workspace, are_same
from sknn.engine._linalg import constant
from sknn.engine._loss_kernels import check_losses
from sknn.engine._threads import run_parallel
from sknn.engine._typing import Array, Arrays, Rng
from sknn.engine.linear import layer_sizes
from sknn.engine.losses import Loss
from sknn.engine.modules import Sequential
from sknn.engine.parameters import ParameterVector

#: The least number of multiplications of a shard in the forward pass. Two cores compute smaller
#: ones no faster than one computes both: the threads wait for Python's lock between short calls.
MIN_SHARD_PRODUCTS = 2**25

#: More than two shards have at least so many rows; there are at most `MAX_SHARDS`. With four of 128
#: rows instead of two of 256, a step of two threads takes 9 % longer.
MIN_SHARD_ROWS, MAX_SHARDS = 256, 8


class BatchGradient:
    """Mean loss of a network on batches, and the gradient of this mean.

    The rows of a large batch are divided into shards, which threads compute at the same time. Their
    number depends only on the sizes of the batch and of the network, and their gradients are added
    in a fixed order, so the result does not depend on the number of threads. Batches that are
    sparse matrices, and those of networks with a member axis, are not divided.

    Parameters
    ----------
    network : Sequential
        The network.
    loss : Loss
        The loss of its raw outputs.
    parameters : ParameterVector
        Its parameters; their gradient is written to ``parameters.gradient``.
    """

    def __init__(self, network: Sequential, loss: Loss, parameters: ParameterVector) -> None:
        self.network = network
        self.loss = loss
        self.parameters = parameters
        self._vectors = [parameters.gradient]  # the gradient of each shard
        self._shards = [ShardGradient(network, loss, parameters.members, parameters.gradients)]
        self._views = _RowViews()
        self._n_products = 0 if parameters.members else sum(layer_sizes(network.modules))

    def compute(
        self,
        X: Array,
        Y: Array,
        w: Array | None,
        *,
        rng: Rng | None,
        counts: Sequence[int] | None,
    ) -> tuple[Any, Arrays]:
        """Return the mean loss and the gradients that are yet to be added to ``gradient``.

        Parameters
        ----------
        X, Y, w, rng, counts : object
            As in `Objective.value_and_gradient`.
        """
        n = X.shape[-2]
        n_shards = self._n_shards(X, Y, w)
        if n_shards == 1:
            network = self._sample(n, rng)
            return self._shards[0].compute(network, X, Y, w, n, counts), ()
        for _ in range(n_shards - len(self._shards)):
            self._add_shard()
        stops = [n * i // n_shards for i in range(n_shards + 1)]
        networks = [self._sample(stop - start, rng) for start, stop in pairwise(stops)]
        views = self._views.of(X, Y, stops)
        means = [0.0] * n_shards

        def compute_shard(i: int) -> None:
            w_i = None if w is None else w[stops[i] : stops[i + 1]]
            means[i] = self._shards[i].compute(networks[i], *views[i], w_i, n)

        run_parallel([partial(compute_shard, i) for i in range(n_shards)])
        return sum(means), self._vectors[1:n_shards]

    def _n_shards(self, X: Array, Y: Array, w: Array | None) -> int:
        """Return the number of shards of a batch; 1 if its shapes do not fit each other."""
        n = X.shape[-2]
        n_shards = min(n * self._n_products // MIN_SHARD_PRODUCTS, MAX_SHARDS)
        n_shards = min(n_shards, max(2, n // MIN_SHARD_ROWS), n)
        if n_shards < 2 or issparse(X):
            return 1
        return n_shards if len(Y) == n and (w is None or len(w) == n) else 1

    def _add_shard(self) -> None:
        """Make the arrays of another shard."""
        vector = np.zeros_like(self.parameters.gradient)
        gradients = self.parameters.by_module(vector)
        self._vectors.append(vector)
        self._shards.append(ShardGradient(self.network, self.loss, (), gradients))

    def _sample(self, n: int, rng: Rng | None) -> Sequential:
        """Return the network of a step on n samples."""
        if rng is None:
            return self.network
        return self.network.sample((*self.parameters.members, n), rng)


class _RowViews:
    """Parts of the rows of a batch: the same views as long as the batch has the same arrays."""

    def __init__(self) -> None:
        self.X: Array | None = None
        self.Y: Array | None = None
        self.views: list[tuple[Array, Array]] = []

    def of(self, X: Array, Y: Array, stops: Sequence[int]) -> list[tuple[Array, Array]]:
        """Return the rows of both arrays between each stop and the next."""
        if X is not self.X or Y is not self.Y:
            self.X = self.Y = None  # in case of an error below
            self.views = [(X[start:stop], Y[start:stop]) for start, stop in pairwise(stops)]
            self.X, self.Y = X, Y
        return self.views


class ShardGradient:
    """Mean loss and gradient of a shard, or of a batch that is not divided.

    Parameters
    ----------
    network, loss : Sequential and Loss
        As for `BatchGradient`.
    members : tuple of int
        The member axis of the parameters, (g,), or ().
    gradients : list of lists of arrays
        For each module, the arrays that the gradients of its parameters are written to.
    """

    def __init__(
        self,
        network: Sequential,
        loss: Loss,
        members: tuple[int, ...],
        gradients: Sequence[Arrays],
    ) -> None:
        self.network = network
        self.loss = loss
        self.members = members
        self.gradients = gradients
        self.workspace = Workspace()
        self._last: tuple[Any, Any, Any] = None, None, None  # X, Y and the step of the last batch

    def compute(
        self,
        network: Sequential,
        X: Array,
        Y: Array,
        w: Array | None,
        n: int,
        counts: Sequence[int] | None = None,
    ) -> Any:
        """Write the gradients, and return the sum of the losses divided by n.

        Parameters
        ----------
        network : Sequential
            The network, stochastic modules replaced by their samples.
        X, Y, w, counts : object
            As in `Objective.value_and_gradient`, of the rows of the shard.
        n : int
            The number of rows of the batch.
        """
        step = self._step(X, Y)
        values = network.trace(X) if step is None else step.values
        z = values[-1]
        if step is None or w is not None:
            check_shapes(z, Y, w)
        weights = sample_weights(z.shape[:-1], z.dtype, w, n, counts)
        if step is None:
            losses = self._compute_first(network, values, Y, weights)
        else:
            are_constant = w is None and counts is None
            losses = step.compute(X, Y, weights, network.modules, are_constant=are_constant)
        return weighted_sums(losses, weights, counts)

    def _step(self, X: Array, Y: Array) -> TrainingPass | None:
        """Return the arrays of a batch, if it is not the first of its size."""
        last_X, last_Y, step = self._last
        if X is not last_X or Y is not last_Y:
            size = _size(X, Y)
            step = self.workspace.get(size)
            if isinstance(step, tuple):  # the second batch of this size
                step = self.workspace[size] = TrainingPass(*step)
            self._last = X, Y, step
        return step if step and are_same(step.modules, self.network.modules) else None

    def _compute_first(
        self, network: Sequential, values: Arrays, Y: Array, weights: Array
    ) -> Array:
        """Write the gradients of the first batch of a size, and return its losses.

        Its arrays are kept: a `TrainingPass` has arrays of their shapes. `values` is the result of
        `network.trace`.
        """
        X, z = values[0], values[-1]
        losses, dZ = self.loss.value_and_gradient(z, Y)
        check_losses(self.loss, losses, dZ, z)
        losses = np.array(losses)  # they may be a view of z, which is overwritten
        # dZ may have another dtype
        dv = np.multiply(dZ, weights[..., None], np.empty_like(dZ, z.dtype))
        gradients = network.backpropagate(values, dv, self.gradients)
        self._last = None, None, None
        if len(self.workspace) == Workspace.max_sizes:
            self.workspace.clear()
        if not any(map(issparse, values[1:])):
            modules = list(self.network.modules)
            kept = modules, values, self.loss, losses, gradients, self.gradients
            self.workspace[_size(X, Y)] = kept
        return losses


def _size(X: Array, Y: Array) -> tuple[Any, ...]:
    """Return what batches that use the same arrays have in common."""
    return type(X), X.shape, X.dtype, Y.shape, Y.dtype


def weighted_sums(losses: Array, weights: Array, counts: Sequence[int] | None = None) -> Any:
    """Return the weighted sum of the losses of a batch: a number, or one for each member.

    Parameters
    ----------
    losses, weights : arrays of shape (n,) or (g, n)
        The losses, and the result of `sample_weights`.
    counts : sequence of g integers, optional
        The number of samples of each member, if not n.
    """
    if losses.ndim == 1:
        return float(losses.dot(weights))
    weights = np.broadcast_to(weights, losses.shape)
    stops = [losses.shape[-1]] * len(losses) if counts is None else counts
    rows = zip(losses, weights, stops, strict=True)
    return np.array([float(own[:stop].dot(w[:stop])) for own, w, stop in rows])


def sample_weights(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    w: Array | None,
    n: int,
    counts: Sequence[int] | None = None,
) -> Array:
    """Return the weight of each sample in a mean over n, shape (n,) or (g, n).

    Parameters
    ----------
    shape : tuple of int
        The samples, (n,) or with members (g, n).
    dtype : dtype
        The type of the weights if `w` is left out.
    w, counts : object
        As in `Objective.value_and_gradient`. The mean of a member is that over its own number.
    """
    if counts is None:
        return constant(shape[-1], 1 / n, dtype) if w is None else w / n
    weights = np.zeros(shape, dtype if w is None else (w[:0] / 1).dtype)
    w = None if w is None else np.broadcast_to(w, shape)
    for i, count in enumerate(counts):
        if w is None:
            weights[i, :count] = constant(count, 1 / count, dtype)
        else:
            weights[i, :count] = w[i, :count] / count
    return weights


def check_shapes(z: Array, Y: Array, w: Array | None) -> None:
    """Raise ValueError for targets or weights that NumPy would broadcast."""
    if Y.shape[-2:] != z.shape[-2:]:
        raise ValueError(f"Y must have the shape of the raw outputs, {z.shape}; got {Y.shape}.")
    if w is not None and w.shape[-1] != z.shape[-2]:
        raise ValueError(f"w must have one weight per sample, {z.shape[-2]}; got shape {w.shape}.")
