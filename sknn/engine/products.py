"""Products of matrices, and the constant vectors that sums and means are products with."""

from functools import lru_cache
from typing import Any

import numpy as np

from sknn.engine import scipy_private
from sknn.engine.types import Array


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
    if not isinstance(a, np.ndarray):
        return _of_sparse(a, b, out)
    fits = out is None or (out.dtype == a.dtype == b.dtype and out.flags.c_contiguous)
    if fits and a.ndim <= 2 >= b.ndim:
        return a.dot(b, out)  # the same with less ado
    return np.matmul(a, b, out=out)


def column_sums(a: Array, out: Array | None = None) -> Array:
    """Return the sum of each column, as a product with ones, which is faster.

    Parameters
    ----------
    a : array of shape (..., n, k)
        What is summed.
    out : array of shape (..., k), optional
        Where to write the sums.
    """
    return product(constant(a.shape[-2], 1, a.dtype), a, out)


def row_sums(a: Array) -> Array:
    """Return the sum of each row, shape (..., n), as a product with ones."""
    return product(a, constant(a.shape[-1], 1, a.dtype))


def _of_sparse(a: Any, b: Array, out: Array | None = None) -> Array:
    """Multiply a sparse matrix with an array, or with one for each member."""
    if out is not None:
        fits = a.dtype == b.dtype == out.dtype and out.flags.c_contiguous
        if scipy_private.WORKS and a.format in ("csr", "csc") and b.ndim == 2 and fits:
            out.fill(0)
            scipy_private.add_product(a, b, out)
        else:
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
