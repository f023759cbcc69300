"""The fully connected layer."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sknn.engine._linalg import add_row_calls, constant, product
from sknn.engine._typing import Array, Arrays
from sknn.engine.modules import Module


class Linear(Module):
    """A fully connected layer, ``Z = u W + W0``.

    Parameters
    ----------
    W : array of shape (m, k)
        The weights; column j holds those of unit j. (g, m, k) are the weights of g members.
    W0 : array of shape (k,)
        The offsets, (g, k) with members. As ``Z >= 0`` where ``u W >= -W0``, the threshold of a
        perceptron is minus its offset.

    Examples
    --------
    >>> import numpy as np
    >>> from sknn.engine import Linear
    >>> layer = Linear(W=np.array([[1.0], [2.0]]), W0=np.array([0.5]))
    >>> layer.forward(np.array([[1.0, 1.0]]))
    array([[3.5]])
    """

    weights = ("W",)
    offsets = ("W0",)

    def __init__(self, W: Array, W0: Array) -> None:
        self.W = W
        self.W0 = W0

    def __repr__(self) -> str:
        """Return the number of inputs and of outputs."""
        return f"Linear({self.W.shape[-2]} -> {self.W.shape[-1]})"

    def forward(self, u: Array) -> Array:
        """Return ``u W + W0``; `u` may be a SciPy CSR matrix."""
        Z = product(u, self.W)
        for add_row in add_row_calls(Z, self.W0):
            add_row()
        return Z

    def backward(self, u: Array, v: Array, dv: Array) -> Array:
        """Return ``dv W^T``."""
        return product(dv, self.W.swapaxes(-1, -2))

    def weight_grad(self, u: Array, dv: Array, out: Arrays | None = None) -> Arrays:
        """Return ``dW = u^T dv`` and ``dW0``, the column sums of `dv`."""
        dW, dW0 = out or (np.empty_like(self.W), np.empty_like(self.W0))
        uT: Any = u.swapaxes(-1, -2) if isinstance(u, np.ndarray) else u.T  # of a CSR matrix
        product(uT, dv, dW)
        product(constant(dv.shape[-2], 1, dv.dtype), dv, dW0)  # faster than `sum`
        return dW, dW0


def layer_sizes(modules: Sequence[Module]) -> list[int]:
    """Return the number of weights of each `Linear` module: multiplications for a sample."""
    return [module.W.size for module in modules if isinstance(module, Linear)]
