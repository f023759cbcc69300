"""Products and the constant vectors that sums are products with."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn.engine.products import LONGEST, constant
from sknn.engine.vectors import PIECE, pieces


@pytest.mark.parametrize("n", [1, LONGEST, LONGEST + 1])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constants_are_equal_numbers_of_a_type(n, dtype):
    """Those that are kept and those that are too long for it."""
    vector = constant(n, 0.25, np.dtype(dtype))
    assert vector.dtype == dtype
    assert_array_equal(vector, np.full(n, 0.25))


@pytest.mark.parametrize("n", [1, PIECE, PIECE + 1, 3 * PIECE])
def test_pieces_cover_a_vector_once(n):
    """None of them is longer than it may be."""
    counts = np.zeros(n)
    for (piece,) in pieces(counts):
        piece += 1
        assert len(piece) <= PIECE
    assert_array_equal(counts, 1)
