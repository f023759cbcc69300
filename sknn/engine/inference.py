"""Raw outputs of many rows: in pieces, so that memory is bounded and arrays stay in the cache."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import DTypeLike

from sknn.engine._execution import Forward
from sknn.engine._typing import Array
from sknn.engine.linear import Linear
from sknn.engine.sequential import Sequential

#: Numbers in the widest array of a piece.
NUMBERS = 2**20


def raw_predict(
    network: Sequential,
    X: Array,
    dtype: DTypeLike,
    check: Callable[[Array], None] | None = None,
) -> Array:
    """Run a network forward on any number of rows of any type.

    Parameters
    ----------
    network : Sequential
        What to run.
    X : array or CSR matrix of shape (n, m)
        The inputs; converted piece by piece, so that they are never copied whole.
    dtype : dtype
        The type of the network's parameters.
    check : callable, optional
        ``check(piece)`` is called with each converted piece, and may raise.

    Returns
    -------
    z : array of shape (n, k), or (g, n, k) of a network with members
        The raw outputs.
    """
    rows, forward, answers = rows_of_a_piece(network, X), Forward(network), []
    for u in iter_batches(network, X, dtype, check):
        if u.shape[0] == rows < X.shape[0]:  # one of several of this size
            answers.append(forward.forward(u).copy())
            if forward.is_first:
                forward.keep()
        else:
            answers.append(network.forward(u))
    return answers[0] if len(answers) == 1 else np.concatenate(answers, axis=-2)


def iter_batches(
    network: Sequential,
    X: Array,
    dtype: DTypeLike,
    check: Callable[[Array], None] | None = None,
) -> Iterator[Array]:
    """Yield the rows in pieces as a network takes them.

    Parameters
    ----------
    network : Sequential
        Whose widest layer decides how large a piece may be.
    X : array or CSR matrix of shape (n, m)
        The inputs.
    dtype : dtype
        The type of the network's parameters.
    check : callable, optional
        ``check(piece)`` is called with each converted piece, and may raise.

    Yields
    ------
    piece : array or CSR matrix of shape (b, m)
        Some rows in that type; one without rows if there are none.
    """
    dense = isinstance(X, np.ndarray)
    rows = rows_of_a_piece(network, X)
    for start in range(0, max(X.shape[0], 1), rows):
        piece = X[start : start + rows]
        with np.errstate(over="ignore"):  # `check` is there to see it
            piece = np.ascontiguousarray(piece, dtype) if dense else piece.astype(dtype, copy=False)
        if check:
            check(piece)
        yield piece


def rows_of_a_piece(network: Sequential, X: Array) -> int:
    """Return how many rows are in a piece; a CSR matrix is as narrow as what is made of it."""
    return max(1, NUMBERS // _widest(network, X.shape[-1] if isinstance(X, np.ndarray) else 1))


def _widest(network: Sequential, m: int) -> int:
    """Return how many numbers the widest array of one sample has, its m inputs included."""
    layers = [module for module in network.modules if isinstance(module, Linear)]
    widths = [layer.W0.size for layer in layers]
    if layers and layers[0] is not network.modules[0]:  # its inputs are made of X
        m = max(m, layers[0].W.shape[-2])
    return max([1, m, *widths])
