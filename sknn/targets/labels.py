"""Labels that exclude each other: two need a single unit, more of them one each."""

import numpy as np
from scipy.special import log_softmax, logsumexp, softmax

from sknn.engine import NLL, Hinge, Loss
from sknn.engine._typing import Array
from sknn.targets.classes import ClassTarget, class_numbers
from sknn.targets.losses import BINARY, MULTICLASS


class BinaryTarget(ClassTarget):
    """One of two classes: a single unit that says how much it speaks for the second.

    Parameters
    ----------
    classes : array of shape (2,)
        The labels, sorted.
    """

    kind = "binary"
    losses = BINARY

    def __init__(self, classes: Array) -> None:
        self.classes = classes
        self.n_outputs = 1

    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Return "yes" for the second class, "no" for the first."""
        return np.array(codes)[class_numbers(self.classes, y)][:, None]

    def decode(self, z: Array, loss: Loss) -> Array:
        """Return the second class where the raw output is above 0."""
        return self.classes[(z[:, 0] > 0).astype(int)]

    def decision(self, z: Array) -> Array:
        """Return the raw outputs, flat."""
        return z[:, 0]

    def proba(self, loss: Loss, z: Array) -> Array:
        """Return both probabilities, which rise and fall with the raw output."""
        return loss.inverse_link(np.hstack([-z, z]))

    def log_proba(self, loss: Loss, z: Array) -> Array:
        """Return both logarithms; that of the first class uses ``1 - sigmoid(z) = sigmoid(-z)``."""
        return loss.log_inverse_link(np.hstack([-z, z]))


class MulticlassTarget(ClassTarget):
    """One of K classes, K other than 2: a unit each. A single class is always right.

    Parameters
    ----------
    classes : array of shape (K,)
        The labels, sorted.
    """

    kind = "multiclass"
    losses = MULTICLASS
    more_losses = (NLL, Hinge)  # one class against the rest

    def __init__(self, classes: Array) -> None:
        self.classes = classes
        self.n_outputs = len(classes)

    def encode(self, y: Array, codes: tuple[float, float]) -> Array:
        """Return "yes" in the column of each sample's class, "no" elsewhere."""
        no, yes = codes
        Y = np.full((len(y), self.n_outputs), no)
        Y[np.arange(len(y)), class_numbers(self.classes, y)] = yes
        return Y

    def smoothed(self, Y: Array, share: float) -> Array:
        """Spread a share of each row evenly over the classes."""
        return (1 - share) * Y + share / self.n_outputs

    def decode(self, z: Array, loss: Loss) -> Array:
        """Return the class with the largest raw output."""
        return self.classes[z.argmax(axis=1)]

    def log_proba(self, loss: Loss, z: Array) -> Array:
        """Return the output activations' logarithms, normalised over the classes."""
        log_p: Array = log_softmax(loss.log_inverse_link(z), axis=-1)
        return log_p

    def average_members(self, z: Array, loss: Loss) -> Array:
        """Average probabilities, which of sigmoids are normalised member by member."""
        if loss.out_activation != "logistic" or self.n_outputs == 1:
            return super().average_members(z, loss)
        log_p = logsumexp(self.log_proba(loss, z), axis=0) - np.log(len(z))
        answer: Array = log_p - logsumexp(self._others(log_p), axis=-1)
        return answer.astype(z.dtype, copy=False)

    def average_members_backward(self, z: Array, dv: Array, loss: Loss) -> Array:
        """Pass the blame back through the logarithms of all members' normalised probabilities."""
        if loss.out_activation != "logistic" or self.n_outputs == 1:
            return super().average_members_backward(z, dv, loss)
        log_p = self.log_proba(loss, z)
        of_rivals = softmax(self._others(logsumexp(log_p, axis=0)), axis=-1)
        d_log_p = (dv - np.einsum("nk,nkj->nj", dv, of_rivals)) * softmax(log_p, axis=0)
        d_log_a = d_log_p - np.exp(log_p) * d_log_p.sum(axis=-1, keepdims=True)
        dz: Array = d_log_a * loss.inverse_link(-z)
        return dz

    def _others(self, log_p: Array) -> Array:
        """Return for each class the row without it, shape (n, k, k)."""
        return np.where(np.eye(self.n_outputs, dtype=bool), -np.inf, log_p[:, None, :])


def label_target(classes: Array) -> ClassTarget:
    """Make the target of labels that exclude each other: two of them need one unit only."""
    return BinaryTarget(classes) if len(classes) == 2 else MulticlassTarget(classes)
