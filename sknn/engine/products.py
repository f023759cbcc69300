"""Products of matrices, and the constant vectors that sums and means are products with."""

from functools import lru_cache
from typing import Any

import numpy as np

from sknn.engine.types import Array


def product(a: Array, b: Array, out: Array | None = None) -> Array:
    """Return ``a b``, member by member if there is a member axis.

    Parameters
    ----------
    a, b : arrays of shape (..., n, m) and (..., m, k)
        The factors; `a` may be a SciPy CSR or CSC matrix.
    out : array of shape (..., n, k), optional
        Where to write the product.
    """
    if not isinstance(a, np.ndarray):
        if out is None:
            return a @ b
        out[...] = a @ b
        return out
    fits = out is None or (out.dtype == a.dtype and out.flags.c_contiguous)
    if a.ndim == b.ndim == 2 and a.dtype == b.dtype and fits:
        return np.dot(a, b, out)  # the same with less ado
    return np.matmul(a, b, out=out)


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
