"""Raw outputs of many rows, batch by batch, so that memory is bounded and arrays fit the cache."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import DTypeLike
from scipy.sparse import issparse

from sknn.engine._execution import ForwardPass
from sknn.engine._typing import Array
from sknn.engine.linear import Linear
from sknn.engine.modules import Sequential

#: Elements of the widest array of a batch. Larger arrays leave the cache: 10 000 rows of 30 inputs
#: take (256, 256) units in float32 on one thread 13 to 21 ms with 2^16 to 2^18, 31 ms with 2^20.
MAX_BATCH_ELEMENTS = 2**17


def raw_predict(
    network: Sequential,
    X: Array,
    dtype: DTypeLike,
    check: Callable[[Array], None] | None = None,
) -> Array:
    """Compute the raw outputs of a network, shape (n, k), with members (g, n, k).

    Parameters
    ----------
    network : Sequential
        The network.
    X : array, CSR matrix or RowSelection of shape (n, m)
        The inputs, of any dtype; converted batch by batch, never copied as a whole.
    dtype : dtype
        The dtype of the network's parameters.
    check : callable, optional
        ``check(u)`` is called with each converted batch, and may raise.
    """
    if X.shape[0] <= rows_per_batch(network, X):
        return network.forward(next(iter_batches(network, X, dtype, check)))
    outputs: list[Array] = []
    values: list[Array] = []
    step = None
    for u in iter_batches(network, X, dtype, check):
        if not values:
            values = network.trace(u)
            outputs.append(values[-1])
        elif u.shape[0] < values[0].shape[0] or any(map(issparse, values[1:])):  # the last batch
            outputs.append(network.forward(u))
        else:
            step = step or ForwardPass(network.modules, values)
            outputs.append(step.forward(u, network.modules).copy())
    return np.concatenate(outputs, axis=-2)


def iter_batches(
    network: Sequential,
    X: Array,
    dtype: DTypeLike,
    check: Callable[[Array], None] | None = None,
) -> Iterator[Array]:
    """Yield consecutive rows in batches of shape (b, m); a single one of 0 rows if X has none.

    Parameters
    ----------
    network, X, dtype, check : object
        As in `raw_predict`; the widest layer of the network determines b.

    Yields
    ------
    u : array or CSR matrix of shape (b, m)
        Some rows, in that dtype.
    """
    step = rows_per_batch(network, X)
    for start in range(0, max(X.shape[0], 1), step):
        yield _convert(X[start : start + step], dtype, check)


def _convert(u: Array, dtype: DTypeLike, check: Callable[[Array], None] | None) -> Array:
    """Return a batch in the dtype of the network, checked."""
    with np.errstate(over="ignore", invalid="ignore"):  # overflow is for `check` to find
        dense = isinstance(u, np.ndarray)
        u = np.ascontiguousarray(u, dtype) if dense else u.astype(dtype, copy=False)
        if check:
            check(u)
    return u


def rows_per_batch(network: Sequential, X: Array) -> int:
    """Return how many rows have `MAX_BATCH_ELEMENTS` in the widest array of a forward pass."""
    width = 1 if issparse(X) else X.shape[-1]  # a CSR matrix needs little memory
    for i, module in enumerate(network.modules):
        if isinstance(module, Linear):
            width = max(width, module.W0.size, module.W.shape[-2] if i else 0)
    return max(1, MAX_BATCH_ELEMENTS // max(1, width))
