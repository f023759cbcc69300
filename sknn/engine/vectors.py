"""Long vectors: sums in one pass, and pieces that bound what is needed beside them."""

from collections.abc import Iterable

import numpy as np
from scipy.linalg.blas import daxpy, saxpy

from sknn.engine._typing import Array

#: Numbers in a piece.
PIECE = 2**16

#: Numbers in a call of BLAS: OpenBLAS would wake a second thread for more than 10 000. It would be
#: one of SciPy's library, and wait for the processor that one of NumPy's still holds.
CALL = 2**13

_AXPY = {np.dtype(np.float32): saxpy, np.dtype(np.float64): daxpy}


def chunks(*vectors: Array) -> Iterable[tuple[Array, ...]]:
    """Return views of the same piece of each vector, for one piece after the other."""
    n = vectors[0].size
    if n <= PIECE:
        return (vectors,)
    return (
        tuple(vector[start : start + PIECE] for vector in vectors) for start in range(0, n, PIECE)
    )


def add_scaled(y: Array, x: Array, a: float) -> None:
    """Add ``a x`` to y in place, in one pass over both and with no array beside them.

    Parameters
    ----------
    y, x : arrays of the same shape
        Contiguous vectors of the same type, or else it takes a pass more.
    a : float
        The factor.
    """
    axpy = _AXPY.get(y.dtype)
    plain = y.ndim == 1 and y.flags.c_contiguous and x.flags.c_contiguous
    if axpy is None or not plain or x.dtype != y.dtype:
        y += a * x
        return
    n = y.size
    if 0 < n <= CALL:
        axpy(x, y, n, a)
        return
    for start in range(0, n, CALL):
        axpy(x, y, min(CALL, n - start), a, start, 1, start, 1)
