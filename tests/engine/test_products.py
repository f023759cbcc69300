"""Products and the constant vectors that sums are products with."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn.engine.products import LONGEST, constant


@pytest.mark.parametrize("n", [1, LONGEST, LONGEST + 1])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_constants_are_equal_numbers_of_a_type(n, dtype):
    """Those that are kept and those that are too long for it."""
    vector = constant(n, 0.25, np.dtype(dtype))
    assert vector.dtype == dtype
    assert_array_equal(vector, np.full(n, 0.25))
