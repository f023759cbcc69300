"""Raw outputs of many rows, batch by batch, so that memory is bounded and arrays fit the cache."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from scipy.sparse import issparse

from sknn.engine._execution import ForwardPass
from sknn.engine._threads import MIN_PARALLEL_PRODUCTS, run_parallel
from sknn.engine._typing import Array
from sknn.engine.linear import Linear, layer_sizes
from sknn.engine.modules import Sequential

#: Elements of the widest array of a batch. Larger arrays leave the cache: 10 000 rows of 30 inputs
#: take (256, 256) units in float32 on one thread 13 to 21 ms with 2^16 to 2^18, 31 ms with 2^20. In
#: two threads 100 000 rows of 784-100-10 take 134 ms with 2^17 and 111 ms with 2^18.
MAX_BATCH_ELEMENTS = 2**18

#: How many sets of arrays a `RawPredictor` keeps for single rows.
MAX_KEPT_PASSES = 16


class RawPredictor:
    """Raw outputs of a network, for many calls from any number of threads.

    The arrays of a forward pass of a single row are kept from one call to the next, one set for
    each thread that computes at the same time; those of larger batches are not.

    Parameters
    ----------
    network : Sequential
        The network. The arrays of its parameters must stay the same, their elements may change.
    dtype : dtype
        The dtype of these parameters.
    """

    def __init__(self, network: Sequential, dtype: DTypeLike) -> None:
        self.network = network
        self.dtype = np.dtype(dtype)
        self._widest = _widest_output(network)
        self._products = layer_sizes(network.modules)  # multiplications for a row
        self._passes: list[ForwardPass] = []  # not in use; `pop` and `append` are atomic

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave the arrays of forward passes out of copies and pickles."""
        return type(self), (self.network, self.dtype)

    def __call__(self, X: Any, check: Callable[[Array], None] | None = None) -> Array:
        """Return the raw outputs (n, k), with members (g, n, k); see `raw_predict`."""
        n = X.shape[0]
        if n == 1 and isinstance(X, np.ndarray):
            return self._predict_row(X, check)
        size = _rows_per_batch(self._widest, X)
        if n <= size:
            return self.network.forward(_convert(X[0:n], self.dtype, check))
        first = self.network.forward(_convert(X[:size], self.dtype, check))
        out = np.empty((*first.shape[:-2], n, first.shape[-1]), first.dtype)
        out[..., :size, :] = first
        free: list[ForwardPass] = []
        batches = (slice(start, start + size) for start in range(size, n, size))
        parts = [partial(self._predict_batch, X, one, check, out, free) for one in batches]
        if size * sum(self._products) >= MIN_PARALLEL_PRODUCTS:
            run_parallel(parts)
        else:
            for part in parts:
                part()
        return out

    def product_size(self, X: Any) -> int:
        """Return the multiplications in the largest product of a batch."""
        n = min(X.shape[0], _rows_per_batch(self._widest, X))
        return n * max(self._products, default=0)

    def _predict_row(self, X: Array, check: Callable[[Array], None] | None) -> Array:
        """Return the raw outputs of a single row."""
        one = _pop(self._passes)
        if one is not None and one.values[0].shape != X.shape:
            one = None
        u = np.empty(X.shape, self.dtype) if one is None else one.values[0]
        _copy_converted(u, X, check)
        if one is None:
            z, one = self._trace(u)
        else:
            z = one.forward(u, self.network.modules)
        z = z.copy()
        if one is not None and len(self._passes) < MAX_KEPT_PASSES:
            self._passes.append(one)
        return z

    def _predict_batch(
        self,
        X: Any,
        rows: slice,
        check: Callable[[Array], None] | None,
        out: Array,
        free: list[ForwardPass],
    ) -> None:
        """Write the raw outputs of a batch; `free` are the passes that no thread uses."""
        u = _convert(X[rows], self.dtype, check)
        if rows.stop > X.shape[0]:  # the last batch is smaller
            out[..., rows, :] = self.network.forward(u)
            return
        one = _pop(free)
        if one is None:
            z, one = self._trace(u)
        else:
            z = one.forward(u, self.network.modules)
        out[..., rows, :] = z
        if one is not None:
            free.append(one)

    def _trace(self, u: Array) -> tuple[Array, ForwardPass | None]:
        """Return the raw outputs for u, perhaps u itself, and a pass for the next inputs like it.

        Networks with sparse outputs of modules have no pass.
        """
        values = self.network.trace(u)
        is_sparse = any(map(issparse, values[1:]))
        return values[-1], None if is_sparse else ForwardPass(self.network.modules, values)


def _pop(free: list[ForwardPass]) -> ForwardPass | None:
    """Remove and return one of the passes, None if there is none; other threads may do the same."""
    try:
        return free.pop()
    except IndexError:
        return None


def raw_predict(
    network: Sequential,
    X: Any,
    dtype: DTypeLike,
    check: Callable[[Array], None] | None = None,
) -> Array:
    """Compute the raw outputs of a network, shape (n, k), with members (g, n, k).

    Batches are shared by threads as far as these are allowed; they are the same without.

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
    return RawPredictor(network, dtype)(X, check)


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


def _copy_converted(u: Array, X: Array, check: Callable[[Array], None] | None) -> None:
    """Copy rows to an array in the dtype of the network, checked."""
    with np.errstate(over="ignore", invalid="ignore"):  # as in `_convert`
        np.copyto(u, X, casting="unsafe")
        if check:
            check(u)


def rows_per_batch(network: Sequential, X: Array) -> int:
    """Return how many rows have `MAX_BATCH_ELEMENTS` in the widest array of a forward pass."""
    return _rows_per_batch(_widest_output(network), X)


def _widest_output(network: Sequential) -> int:
    """Return the number of elements of a row in the widest array after the inputs."""
    layers = [(i, module) for i, module in enumerate(network.modules) if isinstance(module, Linear)]
    return max([max(one.W0.size, one.W.shape[-2] if i else 0) for i, one in layers], default=0)


def _rows_per_batch(widest: int, X: Array) -> int:
    """Return `rows_per_batch` from the result of `_widest_output`."""
    width = 1 if issparse(X) else X.shape[-1]  # a CSR matrix needs little memory
    return max(1, MAX_BATCH_ELEMENTS // max(1, width, widest))
