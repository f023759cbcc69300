"""Matrix products, sums as products with ones, and in-place updates of long vectors by BLAS."""

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from scipy.linalg.blas import daxpy, dger, saxpy, sger

from sknn.engine import _compiled
from sknn.engine._typing import Array, Call, Calls

#: Elements per chunk of `chunks`.
CHUNK_SIZE = 2**16

#: Elements per BLAS call. Above 10 000 OpenBLAS starts a second thread. It belongs to SciPy's
#: OpenBLAS and would wait for the core on which a thread of NumPy's OpenBLAS still spins.
MAX_BLAS_SIZE = 2**13

#: BLAS adds a row to matrices of at least this many rows, and with members of at least this many
#: elements each; `np.add` has less overhead for smaller ones.
MIN_GER_ROWS, MIN_GER_MEMBER_SIZE = 4, 2**12

#: At most this many rows are joined by `merge_rows`.
MAX_MERGED_ROWS = 64

#: The number of constant vectors that are cached, and the elements of the longest.
MAX_CACHED, MAX_CACHED_SIZE = 16, 2**14
_CONSTANTS: dict[tuple[int, float, np.dtype[Any]], Array] = {}

_AXPY = {np.dtype(np.float32): saxpy, np.dtype(np.float64): daxpy}
_GER = {np.dtype(np.float32): sger, np.dtype(np.float64): dger}


def product(a: Any, b: Array, out: Array | None = None) -> Array:
    """Compute ``a b`` of shape (..., n, k) from a (..., n, m) and b (..., m, k), also to `out`.

    A sparse `a` is shared by all members.
    """
    if out is not None:
        product_call(a, b, out)()
        return out
    if not isinstance(a, np.ndarray):
        return _sparse_product(a, b)
    return np.dot(a, b) if a.ndim <= 2 >= b.ndim else np.matmul(a, b)


def product_call(a: Any, b: Array, out: Array) -> Call:
    """Return a call that writes ``a b`` to `out` by the fastest routine; arrays as in `product`."""
    if not isinstance(a, np.ndarray):
        return partial(_sparse_product, a, b, out)
    if out.dtype == a.dtype == b.dtype and out.flags.c_contiguous and a.ndim <= 2 >= b.ndim:
        return partial(a.dot, b, out)
    if a.ndim > 2 and a.shape[-1] == 1:  # outer products
        return partial(np.multiply, a, b, out)
    return partial(np.matmul, a, b, out)


def _sparse_product(a: Any, b: Array, out: Array | None = None) -> Array:
    """Multiply a sparse matrix with an array, or with the array of each member."""
    if out is not None:
        out[...] = _sparse_product(a, b)
        return out
    if b.ndim == 2:
        return a @ b
    return np.stack([a @ one for one in b])


def add_row_calls(a: Array, row: Array) -> Calls:
    """Return the calls that add `row` (..., k) to each row of `a` (..., n, k) in place.

    BLAS takes half the time of NumPy.
    """
    if compiled := _compiled.bind("add_rows", a, row):
        return [compiled]
    (*members, n, k), ger = a.shape, _GER.get(a.dtype)
    contiguous = a.flags.c_contiguous and row.strides[-1:] == (row.itemsize,)
    small = n < MIN_GER_ROWS or (members and n * k < MIN_GER_MEMBER_SIZE)
    alike = row.shape == (*members, k) and row.dtype == a.dtype and len(members) < 2
    if ger is None or not contiguous or not alike or small or not 0 < k <= MAX_BLAS_SIZE:
        return [partial(np.add, a, row if row.ndim == 1 else row[..., None, :], a)]
    step = MAX_BLAS_SIZE // k
    ones = constant(step, 1, a.dtype)
    calls: Calls = []
    for matrix, one in zip(a, row, strict=True) if members else [(a, row)]:
        for i in range(0, n, step):
            chunk = matrix[i : i + step]
            calls.append(partial(ger, 1, one, ones[: len(chunk)], 1, 1, chunk.T, 1, 1, 1))
    return calls


def row_sums(a: Array) -> Array:
    """Return the sums of the rows, shape (..., n), as a product with ones."""
    if a.shape[-1] == 1:
        return a[..., 0]
    return product(a, constant(a.shape[-1], 1, a.dtype))


def has_finite_sum(a: Array) -> bool:
    """Return whether the sum of real numbers is finite, so that each is; the sum may overflow.

    It is faster than `np.isfinite`, which decides if the sum is not finite.
    """
    return math.isfinite(np.add.reduce(a, None))


def merge_rows(*arrays: Array) -> tuple[Array, ...]:
    """Return views (-1, r k) of arrays (..., n, k): fewer, longer rows broadcast faster.

    If an array is not C-contiguous, all are returned unchanged.
    """
    if not all(array.flags.c_contiguous and array.ndim > 1 for array in arrays):
        return arrays
    n, k = arrays[0].shape[-2:]
    return tuple(array.reshape(-1, k * math.gcd(n, MAX_MERGED_ROWS)) for array in arrays)


def constant(n: int, value: float, dtype: np.dtype[Any]) -> Array:
    """Return a read-only vector of n equal elements, cached if it is short."""
    vector = _CONSTANTS.get((n, value, dtype))
    if vector is None:
        vector = np.full(n, value, dtype)
        vector.flags.writeable = False
        if n <= MAX_CACHED_SIZE:
            if len(_CONSTANTS) >= MAX_CACHED:
                _CONSTANTS.clear()
            _CONSTANTS[n, value, dtype] = vector
    return vector


def chunks(*vectors: Array) -> Iterable[tuple[Array, ...]]:
    """Return aligned chunks of several vectors, as views, so that temporary arrays stay small."""
    n = vectors[0].size
    if n <= CHUNK_SIZE:
        return (vectors,)
    starts = range(0, n, CHUNK_SIZE)
    return (tuple(vector[i : i + CHUNK_SIZE] for vector in vectors) for i in starts)


def add_scaled(y: Array, x: Array, a: float) -> None:
    """Compute ``y += a x`` in place, by BLAS without a temporary array if both are vectors."""
    bind_add_scaled(y, x)(a)


def bind_add_scaled(y: Array, x: Array) -> Callable[[float], Any]:
    """Return a function of a that computes ``y += a x`` in place, as `add_scaled` does."""
    axpy = _AXPY.get(y.dtype)
    contiguous = y.ndim == 1 and y.flags.c_contiguous and x.flags.c_contiguous
    if axpy is None or not contiguous or x.dtype != y.dtype or not y.size:
        return partial(_add_product, y, x)
    if y.size <= MAX_BLAS_SIZE:  # fewer arguments take less time
        return partial(axpy, x, y, y.size)
    return partial(_add_chunks, axpy, y, x)


def _add_product(y: Array, x: Array, a: float) -> None:
    y += a * x


def _add_chunks(axpy: Callable[..., Any], y: Array, x: Array, a: float) -> None:
    for start in range(0, y.size, MAX_BLAS_SIZE):
        axpy(x, y, min(MAX_BLAS_SIZE, y.size - start), a, start, 1, start, 1)


def add_scaled_calls(y: Array, x: Array, a: float) -> Calls:
    """Return the calls of `add_scaled`, with the arguments bound."""
    return [partial(bind_add_scaled(y, x), a)]


def scalars(dtype: DTypeLike, *values: float) -> list[Array]:
    """Return arrays of shape (): a Python number would be converted at each call."""
    return [np.array(value, dtype) for value in values]
