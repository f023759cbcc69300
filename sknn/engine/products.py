"""Products of matrices, and the constant vectors that sums and means are products with."""

from functools import lru_cache

import numpy as np
from numpy.typing import DTypeLike

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
    if a.ndim == b.ndim == 2 and a.dtype == b.dtype:  # `dot` does the same with less ado
        return np.dot(a, b, out)
    return np.matmul(a, b, out=out)


@lru_cache(maxsize=16)
def constant(n: int, value: float, dtype: DTypeLike) -> Array:
    """Return a read-only vector of n equal numbers."""
    vector = np.full(n, value, dtype)
    vector.flags.writeable = False
    return vector
