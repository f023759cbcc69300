"""Products of matrices, and the constant vectors that sums and means are products with."""

import math
from functools import lru_cache, partial
from typing import Any

import numpy as np
from scipy.linalg.blas import dger, sger

from sknn.engine._typing import Array, Call, Calls
from sknn.engine.vectors import CALL

#: Fewer rows, and members with fewer numbers each, are added to by NumPy, which begins sooner.
FEW, MANY = 4, 2**12

_GER = {np.dtype(np.float32): sger, np.dtype(np.float64): dger}


def product(a: Any, b: Array, out: Array | None = None) -> Array:
    """Return ``a b``, member by member if there is a member axis.

    Parameters
    ----------
    a, b : arrays of shape (..., n, m) and (..., m, k)
        The factors; `a` may be a sparse matrix, whose members are the blocks of its diagonal unless
        all of them share it.
    out : array of shape (..., n, k), optional
        Where to write the product.
    """
    if out is not None:
        product_call(a, b, out)()
        return out
    if not isinstance(a, np.ndarray):
        return _of_sparse(a, b)
    return np.dot(a, b) if a.ndim <= 2 >= b.ndim else np.matmul(a, b)


def product_call(a: Any, b: Array, out: Array) -> Call:
    """Return the call that writes ``a b`` to `out`, with as little ado as these arrays allow.

    Parameters
    ----------
    a, b, out : arrays
        As those of `product`.
    """
    if not isinstance(a, np.ndarray):
        return partial(_of_sparse, a, b, out)
    if out.dtype == a.dtype == b.dtype and out.flags.c_contiguous and a.ndim <= 2 >= b.ndim:
        return partial(a.dot, b, out)
    return partial(np.matmul, a, b, out)


def add_to_rows(a: Array, row: Array) -> None:
    """Add a row to every row of `a` in place, member by member if there is a member axis.

    Parameters
    ----------
    a : array of shape (..., n, k)
        Changed in place.
    row : array of shape (..., k)
        What is added.
    """
    for call in add_to_rows_calls(a, row):
        call()


def add_to_rows_calls(a: Array, row: Array) -> Calls:
    """Return the calls that add a row to every row of `a`; BLAS needs half the time of NumPy.

    Parameters
    ----------
    a, row : arrays
        As those of `add_to_rows`.
    """
    (*members, n, k), ger = a.shape, _GER.get(a.dtype)
    plain = a.flags.c_contiguous and row.flags.c_contiguous and row.shape == (*members, k)
    few = n < FEW or (members and n * k < MANY)
    if ger is None or not plain or row.dtype != a.dtype or few or not 0 < k <= CALL:
        return [partial(np.add, a, row if row.ndim == 1 else row[..., None, :], a)]
    rows = CALL // k
    ones, whole, starts = constant(rows, 1, a.dtype), a.reshape(-1, n, k), range(0, n, rows)
    row = row.reshape(-1, k)
    pieces = [(row[i], member[j : j + rows]) for i, member in enumerate(whole) for j in starts]
    return [partial(ger, 1, b, ones[: len(piece)], 1, 1, piece.T, 1, 1, 1) for b, piece in pieces]


def column_sums_call(a: Array, out: Array) -> Call:
    """Return the call that writes the sum of each column, as a product with ones: faster.

    Parameters
    ----------
    a : array of shape (..., n, k)
        What is summed.
    out : array of shape (..., k)
        Where to write the sums.
    """
    return product_call(constant(a.shape[-2], 1, a.dtype), a, out)


def row_sums(a: Array) -> Array:
    """Return the sum of each row, shape (..., n), as a product with ones."""
    if a.shape[-1] == 1:
        return a[..., 0]
    return product(a, constant(a.shape[-1], 1, a.dtype))


def _of_sparse(a: Any, b: Array, out: Array | None = None) -> Array:
    """Multiply a sparse matrix with an array, or with one for each member."""
    if out is not None:
        out[...] = _of_sparse(a, b)
        return out
    if b.ndim == 2:
        answer: Array = a @ b
        return answer
    members, m, k = b.shape
    if a.shape[1] == m:  # shared by all
        return np.stack([a @ one for one in b])
    blocks: Array = a @ b.reshape(members * m, k)
    return blocks.reshape(members, -1, k)


def block_diagonal(rows: Any, members: int) -> Any:
    """Put the rows of each member into columns of their own.

    Parameters
    ----------
    rows : CSR matrix of shape (g n, m)
        n rows for each of g members, one member after the other.
    members : int
        g.

    Returns
    -------
    blocks : CSR matrix of shape (g n, g m)
    """
    total, m = rows.shape
    stored = np.diff(rows.indptr[:: total // members])
    columns = rows.indices + np.repeat(np.arange(members) * m, stored)
    return type(rows)((rows.data, columns, rows.indptr), shape=(total, members * m))


#: How many rows become one, at most.
TOGETHER = 64


def with_long_rows(*arrays: Array) -> tuple[Array, ...]:
    """Return views in which several rows are one, as NumPy begins anew at each row.

    Parameters
    ----------
    *arrays : arrays of shape (..., n, k)
        If one of them is not C-contiguous, they are returned as they are.

    Returns
    -------
    views : tuple of arrays of shape (n / r, k r)
        Of all numbers, in order.
    """
    if not all(array.flags.c_contiguous and array.ndim > 1 for array in arrays):
        return arrays
    n, k = arrays[0].shape[-2:]
    return tuple(array.reshape(-1, k * math.gcd(n, TOGETHER)) for array in arrays)


#: Numbers in the longest constant vector that is kept.
LONGEST = 2**14


def constant(n: int, value: float, dtype: np.dtype[Any]) -> Array:
    """Return a read-only vector of n equal numbers."""
    return _kept(n, value, dtype) if n <= LONGEST else np.full(n, value, dtype)


@lru_cache(maxsize=16)
def _kept(n: int, value: float, dtype: np.dtype[Any]) -> Array:
    vector = np.full(n, value, dtype)
    vector.flags.writeable = False
    return vector
