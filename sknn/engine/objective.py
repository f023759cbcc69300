"""The objective: the one place where forward meets backward, and the one reduction."""

import numpy as np

from sknn.engine._execution import Pass, Workspace
from sknn.engine._typing import Array, Rng
from sknn.engine.losses import Loss
from sknn.engine.modules import Module
from sknn.engine.parameters import ParameterVector
from sknn.engine.products import constant
from sknn.engine.sequential import Sequential
from sknn.engine.vectors import add_scaled, chunks


class Objective:
    """``J(W) = 1/n sum_i w_i loss(z_i, y_i) + alpha/2 sum_l |W_l|^2`` of a network.

    On a mini-batch the mean runs over the batch, which estimates the same J. Offsets are not
    penalised. The penalty does not depend on the number of samples or on the batch size.

    Parameters
    ----------
    network : Sequential
        From here on its modules hold views of one parameter vector: change a weight in place
        (``layer.W -= ...``), since binding another array (``layer.W = ...``) would cut the tie.
    loss : Loss
        Compares the network's raw outputs with what they should say.
    alpha : float, default=0.0
        The strength of the penalty.

    Attributes
    ----------
    parameters : ParameterVector
        The network's parameters and their gradient.
    members : tuple of int
        The member axis of the parameters, (g,), or () without one. J is the sum of the members'.
    """

    def __init__(self, network: Sequential, loss: Loss, alpha: float = 0.0) -> None:
        if not alpha >= 0:
            raise ValueError(f"alpha must be 0 or more, got {alpha}.")
        self.network = network
        self.loss = loss
        self.alpha = float(alpha)
        self.parameters = ParameterVector(network)
        self.members = network.parameters[0].shape[:-2]
        self._workspace = Workspace()

    def value(self, X: Array, Y: Array, w: Array | None = None) -> float:
        """Return J.

        Parameters
        ----------
        X : array or CSR matrix of shape (n, m)
            Inputs.
        Y : array of shape (n, k)
            What the raw outputs should say.
        w : array of shape (n,), optional
            Weights of the samples; 1 each if left out. They are used as given: divide by their
            mean over all samples first if only their ratios should count.

        Returns
        -------
        J : float
            The mean loss, and the penalty.

        Raises
        ------
        ValueError
            If Y is not of the shape of the raw outputs, or w not a number for each sample.
        """
        z = self.network.forward(X)
        _check_samples(z, Y, w)
        losses = self.loss.value(z, Y)
        self._check_answers(z, losses)
        return _weighted(losses, _shares(z, w)) + self._penalty()

    def value_and_gradient(
        self, X: Array, Y: Array, w: Array | None = None, *, rng: Rng | None = None
    ) -> float:
        """Return J and leave its derivative in ``parameters.gradient``.

        Parameters
        ----------
        X : array or CSR matrix of shape (n, m)
            Inputs.
        Y : array of shape (n, k)
            What the raw outputs should say.
        w : array of shape (n,), optional
            Weights of the samples, as in `value`.
        rng : RandomState or Generator, optional
            Drops units where the network has dropout; left out, all units are used.

        Returns
        -------
        J : float
            The mean loss, and the penalty.
        """
        size = type(X), X.shape, X.dtype, Y.shape
        step = self._workspace.get(size)
        if step is None:
            step = Pass(self.network, self.parameters.gradients)
            self._workspace.keep(size, step)
        z = step.forward(X, self._drawn(Y, rng))
        if step.is_first or w is not None:
            _check_samples(z, Y, w)
        losses, dZ = self.loss.value_and_gradient(z, Y)
        if step.is_first:  # later ones of this size are alike
            self._check_answers(z, losses, dZ)
        shares = _shares(z, w)
        mean = _weighted(losses, shares)  # before z, which they may be a view of, is written over
        step.backward(dZ, shares[0, ...] if w is None else shares[..., None])
        return mean + self._penalty(self.parameters.weights_gradient)

    def _drawn(self, Y: Array, rng: Rng | None) -> list[Module] | None:
        """Return what stands for the modules in this step, if something is drawn."""
        if rng is None:
            return None
        return self.network.sample((*self.members, *Y.shape[-2:-1]), rng).modules

    def _check_answers(self, z: Array, losses: Array, dZ: Array | None = None) -> None:
        """Refuse what a user's loss says if it would be broadcast."""
        n = z.shape[-2]
        if np.shape(losses) != z.shape[:-1]:
            raise ValueError(f"{self.loss!r} must give a number for each sample, shape ({n},).")
        if dZ is not None and np.shape(dZ) != z.shape:
            raise ValueError(
                f"{self.loss!r} gives a gradient of shape {np.shape(dZ)}, not that of z."
            )

    def _penalty(self, gradient: Array | None = None) -> float:
        """Return the penalty; its derivative is added to `gradient`, if that is given."""
        if not self.alpha:  # so that weights whose squares overflow do not matter
            return 0.0
        weights, square = self.parameters.weights, 0.0
        for w, dw in chunks(weights, weights if gradient is None else gradient):
            if gradient is not None:
                add_scaled(dw, w, self.alpha)
            square += float(w.dot(w))
        return self.alpha / 2 * square


def _shares(z: Array, w: Array | None) -> Array:
    """Return the share that each sample has in the mean, shape (n,): the one reduction."""
    n = z.shape[-2]
    return constant(n, 1 / n, z.dtype) if w is None else w / n


def _weighted(losses: Array, shares: Array) -> float:
    """Return the mean loss, the sum of the members' if there are any."""
    if losses.ndim == 1:
        return float(losses.dot(shares))
    return float((losses * shares).sum())


def _check_samples(z: Array, Y: Array, w: Array | None) -> None:
    """Refuse targets or weights that would be broadcast."""
    if Y.shape[-2:] != z.shape[-2:]:
        raise ValueError(f"Y has shape {Y.shape}, but the raw outputs have {z.shape}.")
    if w is not None and w.shape[-1] != z.shape[-2]:
        raise ValueError(f"w has shape {w.shape}, but there are {z.shape[-2]} samples.")
