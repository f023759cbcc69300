"""The one private function of SciPy that is used: its sparse product, written where it belongs.

What is not promised to stay is tried when it is imported, and done without if it does not do as it
did.
"""

from typing import Any

import numpy as np
from scipy import sparse

from sknn.engine.types import Array


def add_product(a: Any, b: Array, out: Array) -> None:
    """Add ``a b`` to `out`, for a CSR or CSC matrix and contiguous arrays of its type."""
    from scipy.sparse import _sparsetools

    add = getattr(_sparsetools, f"{a.format}_matvecs")
    add(*a.shape, b.shape[1], a.indptr, a.indices, a.data, b.ravel(), out.ravel())


def _works() -> bool:
    """Tell whether it does what it did."""
    dense = np.array([[0.0, 2.0, 0.0], [3.0, 0.0, 0.0]])
    b = np.arange(6.0).reshape(3, 2)
    try:
        for a in (sparse.csr_matrix(dense), sparse.csc_matrix(dense)):
            out = np.ones((2, 2))
            add_product(a, b, out)
            if not np.array_equal(out, 1 + dense @ b):
                return False
    except Exception:  # whatever a changed function raises
        return False
    return True


#: Whether `add_product` can be used.
WORKS = _works()
