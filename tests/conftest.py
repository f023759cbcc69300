"""What holds for every test."""

import re
import zlib
from importlib import import_module
from itertools import compress

import numpy as np
import pytest


def pytest_addoption(parser):
    """Add --slice, which leaves out all but a part of the tests."""
    parser.addoption(
        "--slice",
        metavar="K/N",
        type=slice_of,
        help="run the K-th of N parts of the tests (K = 0, ..., N - 1)",
    )


def slice_of(text):
    """Return K and N of the text K/N."""
    match = re.fullmatch(r"(\d+)/(\d+)", text)
    if not match or not int(match[1]) < int(match[2]):
        raise ValueError(f"--slice must be K/N with 0 <= K < N, got {text!r}")
    return int(match[1]), int(match[2])


def pytest_collection_modifyitems(config, items):
    """Leave out tests of other slices: a test's slice is decided by its name alone.

    Examples with Dask frames need pyarrow.
    """
    if any(is_dask := [item.nodeid.startswith("sknn/dask/") for item in items]):
        try:
            import_module("dask.dataframe")
        except ImportError:
            for item in compress(items, is_dask):
                item.add_marker(pytest.mark.skip(reason="no frames of Dask"))
    if config.getoption("slice") is None:
        return
    part, parts = config.getoption("slice")

    def is_other(item):
        return zlib.crc32(item.nodeid.encode()) % parts != part

    config.hook.pytest_deselected(items=[item for item in items if is_other(item)])
    items[:] = [item for item in items if not is_other(item)]


@pytest.fixture(autouse=True)
def _same_global_generator():
    """Give every test NumPy's global generator in one state, whatever ran before it.

    Who leaves `random_state` out draws from it; a test must not depend on the order of tests.
    """
    np.random.seed(0)  # noqa: NPY002 (it is the very generator that is meant)
