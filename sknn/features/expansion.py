"""Matrices: compact columns written wide, for users who want to see them so."""

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from sknn.engine import TabularEncoding
from sknn.engine._typing import Array

#: Numbers that are written at a time, so that what is needed besides the answer is bounded.
NUMBERS = 2**20


def dense(expand: TabularEncoding, compact: Array, width: int) -> Array:
    """Return what an expansion gives, as an array whose rows are contiguous."""
    wide = np.empty((len(compact), width), compact.dtype)
    for rows in _pieces(len(compact), width):
        wide[rows] = expand.forward(compact[rows])
    return wide


def csr(expand: TabularEncoding, compact: Array, places: Array, width: int) -> sparse.csr_matrix:
    """Return what an expansion gives, as a CSR matrix.

    Parameters
    ----------
    expand : Expand
        An expansion of the numbers alone, into `width` columns.
    compact : array of shape (n, p + q + e)
        The numbers, the codes of categories, and what is passed on.
    places : array of int of shape (q,)
        How many places each category has.
    width : int
        How wide the numbers become.
    """
    p, q = expand.n_numeric, len(places)
    rows = _pieces(len(compact), width)
    wide = sparse.vstack([sparse.csr_matrix(expand.forward(compact[r, :p])) for r in rows])
    columns = compact[:, p : p + q].astype(np.intp) + (np.cumsum(places) - places)
    starts = np.arange(0, columns.size + 1, q) if q else np.zeros(len(compact) + 1, dtype=np.intp)
    entries = (np.ones(columns.size, compact.dtype), columns.ravel(), starts)
    one_hot = sparse.csr_matrix(entries, shape=(len(compact), places.sum()))
    passed_on = sparse.csr_matrix(compact[:, p + q :])
    return sparse.hstack([wide, one_hot, passed_on], format="csr")


def _pieces(n: int, width: int) -> Iterator[slice]:
    """Yield slices that part n rows."""
    rows = max(1, NUMBERS // max(1, width))
    yield from (slice(start, start + rows) for start in range(0, n, rows))
