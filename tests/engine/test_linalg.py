"""Products and the constant vectors that sums are products with."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn.engine._linalg import (
    CHUNK_SIZE,
    MAX_BLAS_SIZE,
    MAX_CACHED_SIZE,
    add_row_calls,
    chunks,
    constant,
    merge_rows,
)


@pytest.mark.parametrize("n", [1, MAX_CACHED_SIZE, MAX_CACHED_SIZE + 1])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constant_has_equal_elements_and_dtype(n, dtype):
    """For cached and for longer vectors."""
    vector = constant(n, 0.25, np.dtype(dtype))
    assert vector.dtype == dtype
    assert_array_equal(vector, np.full(n, 0.25))


@pytest.mark.parametrize("n", [1, CHUNK_SIZE, CHUNK_SIZE + 1, 3 * CHUNK_SIZE])
def test_chunks_cover_a_vector_once(n):
    """No chunk has more than CHUNK_SIZE elements."""
    counts = np.zeros(n)
    for (piece,) in chunks(counts):
        piece += 1
        assert len(piece) <= CHUNK_SIZE
    assert_array_equal(counts, 1)


@pytest.mark.parametrize(
    "shape",
    [
        (1, 3),
        (5, 1),
        (300, 100),
        (2, MAX_BLAS_SIZE + 1),
        (9, MAX_BLAS_SIZE),
        (2, 7, 3),
        (3, 90, 100),
    ],
)
@pytest.mark.parametrize("dtype", ["f4", "f8", "f2", "g"])
def test_add_row_calls_equal_numpy(shape, dtype):
    """Bit for bit, in place, for all layouts and with members."""
    rng = np.random.default_rng(0)
    a = rng.normal(size=shape).astype(dtype)
    row = rng.normal(size=(*shape[:-2], shape[-1])).astype(dtype)
    expected = a + row[..., None, :]
    for given in (a.copy(), np.asfortranarray(a), np.repeat(a, 2, axis=-1)[..., ::2]):
        for added in (row, np.repeat(row, 2, axis=-1)[..., ::2]):
            found = given.copy(order="K")
            for call in add_row_calls(found, added):
                call()
            assert_array_equal(found, expected)


@pytest.mark.parametrize(("n", "rows"), [(1, 1), (7, 7), (200, 25), (640, 10)])
def test_merge_rows_returns_views_in_order(n, rows):
    """With members, too; other arrays are returned unchanged."""
    for shape in ((n, 3), (2, n, 3)):
        a = np.arange(np.prod(shape), dtype=float).reshape(shape)
        found, other = merge_rows(a, a.copy())
        assert found.shape == other.shape == (rows * a.size // (3 * n), 3 * n // rows)
        assert np.shares_memory(found, a)
        assert_array_equal(found.ravel(), a.ravel())
    a = np.asfortranarray(np.ones((4, 3)))
    assert merge_rows(a)[0] is a
