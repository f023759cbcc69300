"""The objective: mean loss plus penalty, and its gradient."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sknn.engine._linalg import add_scaled_calls, chunks
from sknn.engine._loss_kernels import check_losses
from sknn.engine._typing import Array, Arrays, Rng
from sknn.engine.gradients import BatchGradient, check_shapes, sample_weights, weighted_sums
from sknn.engine.losses import Loss
from sknn.engine.modules import Sequential
from sknn.engine.parameters import ParameterVector


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
        self._loss = loss
        self._alpha = alphas if self.members else alphas[0]
        self._gradient = BatchGradient(network, loss, self.parameters)
        self._parts = self._penalised_parts()

    @property
    def loss(self) -> Loss:
        """The loss of the raw outputs; the calls of a step are bound to it."""
        return self._loss

    @property
    def alpha(self) -> Any:
        """The strength of the penalty: a number, or a list of one for each member."""
        return self._alpha

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the arrays of a step out of copies and pickles."""
        return type(self), (self.network, self.loss, self.alpha)

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
        check_shapes(z, Y, w)
        losses = self.loss.value(z, Y)
        check_losses(self.loss, losses, None, z)
        weights = sample_weights(z.shape[:-1], z.dtype, w, z.shape[-2])
        mean = weighted_sums(losses, weights)
        return mean + self._sum([part.penalty() for part in self._parts])

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

        A batch of the same shape as an earlier one overwrites its arrays. A large batch is computed
        in shards, see `BatchGradient`.

        Parameters
        ----------
        X, Y, w : arrays
            As in `value`.
        rng : RandomState or Generator, optional
            Draws the dropout masks; without it no unit is dropped.
        counts : sequence of g integers, optional
            The number of samples of each member, if not n: its other rows are ignored.
        """
        mean, others = self._gradient.compute(X, Y, w, rng=rng, counts=counts)
        return mean + self._sum([part.complete(others) for part in self._parts])

    def _penalised_parts(self) -> "list[_PenalisedPart]":
        """Return the vectors of the network, or those of each member."""
        if not self.members:
            return [_PenalisedPart(self.parameters, ..., self.alpha)]
        return [_PenalisedPart(self.parameters, i, alpha) for i, alpha in enumerate(self.alpha)]

    def _sum(self, penalties: Sequence[float]) -> Any:
        """Return the penalty of each member, or of the network."""
        return np.array(penalties) if self.members else penalties[0]


class _PenalisedPart:
    """The parameters of one network and their gradient: a row of both, or all."""

    def __init__(self, parameters: ParameterVector, part: Any, alpha: float) -> None:
        self.alpha = alpha
        self.gradient = parameters.gradient[part]
        weights = parameters.weights[part]
        self.chunks = [chunk for (chunk,) in chunks(weights)]
        own = parameters.weights_gradient[part]
        self.calls = add_scaled_calls(own, weights, alpha) if alpha and own.size else []

    def complete(self, others: Arrays) -> float:
        """Add the gradients of other shards and that of the penalty; return the penalty."""
        for other in others:
            np.add(self.gradient, other, self.gradient)
        for call in self.calls:
            call()
        return self.penalty()

    def penalty(self) -> float:
        """Return the penalty of the weights, 0.0 without one, even if their squares overflow."""
        if not self.alpha:
            return 0.0
        square = 0.0
        for w in self.chunks:
            square += float(w.dot(w))
        return self.alpha / 2 * square
