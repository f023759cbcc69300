"""What holds for every test."""

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _same_global_generator():
    """Give every test NumPy's global generator in one state, whatever ran before it.

    Who leaves `random_state` out draws from it; a test must not depend on the order of tests.
    """
    np.random.seed(0)  # noqa: NPY002 (it is the very generator that is meant)
