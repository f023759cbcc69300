"""Fixtures of the tests of the encoder."""

import pytest

from tests.generators import OwnGenerator


@pytest.fixture
def rng():
    """Return a random generator, the same in every test."""
    return OwnGenerator()
