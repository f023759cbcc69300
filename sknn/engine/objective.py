"""The objective: the one place where forward meets backward, and the one reduction."""

import numpy as np

from sknn.engine.losses import Loss
from sknn.engine.modules import Sequential
from sknn.engine.parameters import ParameterVector
from sknn.engine.types import Array, Rng


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
    """

    def __init__(self, network: Sequential, loss: Loss, alpha: float = 0.0) -> None:
        if not alpha >= 0:
            raise ValueError(f"alpha must be 0 or more, got {alpha}.")
        self.network = network
        self.loss = loss
        self.alpha = float(alpha)
        self.parameters = ParameterVector(network)

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

        Raises
        ------
        ValueError
            If Y is not of the shape of the raw outputs, or w not a number for each sample.
        """
        return self._reduce(self.network.forward(X), Y, w)[0]

    def value_and_gradient(
        self, X: Array, Y: Array, w: Array | None = None, *, rng: Rng | None = None
    ) -> float:
        """Return J and leave its derivative in ``parameters.gradient``; arguments as in `value`.

        With a generator, `rng`, units are dropped where the network has dropout.
        """
        network = self.network if rng is None else self.network.thinned(len(Y), rng)
        values = network.trace(X)
        J, share = self._reduce(values[-1], Y, w)
        dZ = self.loss.gradient(values[-1], Y)
        if np.shape(dZ) != values[-1].shape:
            raise ValueError(
                f"{self.loss!r} gives a gradient of shape {np.shape(dZ)}, not that of z."
            )
        dZ = np.multiply(dZ, share[..., None], dtype=share.dtype)
        network.backpropagate(values, dZ, self.parameters.gradients)
        self.parameters.weights_gradient += self.alpha * self.parameters.weights
        return J

    def _reduce(self, z: Array, Y: Array, w: Array | None) -> tuple[float, Array]:
        """Return J and the share that each sample has in it, shape (n,) or (1,)."""
        n = z.shape[-2]
        if Y.shape[-2:] != z.shape[-2:]:
            raise ValueError(f"Y has shape {Y.shape}, but the raw outputs have {z.shape}.")
        if w is not None and w.shape[-1] != n:
            raise ValueError(f"w has shape {w.shape}, but there are {n} samples.")
        share: Array = np.full(1, 1 / n, z.dtype) if w is None else w / n
        losses = self.loss.value(z, Y)
        if np.shape(losses) != z.shape[:-1]:
            raise ValueError(f"{self.loss!r} must give a number for each sample, shape ({n},).")
        return float(np.sum(losses * share)) + self._penalty(), share

    def _penalty(self) -> float:
        if not self.alpha:  # so that weights whose squares overflow do not matter
            return 0.0
        return self.alpha / 2 * float(np.dot(self.parameters.weights, self.parameters.weights))
