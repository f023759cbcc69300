"""Initial weights: how widely and in which form they are drawn."""

import inspect

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from sknn.engine import initializers

M, K = 500, 200


def normal(variance):
    """Return the normal distribution around 0."""
    return stats.norm(0, np.sqrt(variance))


def uniform(bound):
    """Return the even distribution between -bound and bound."""
    return stats.uniform(-bound, 2 * bound)


#: What each draws from, for m inputs and k outputs.
DISTRIBUTIONS = {
    "glorot_normal": lambda m, k: normal(2 / (m + k)),
    "glorot_uniform": lambda m, k: uniform(np.sqrt(6 / (m + k))),
    "glorot_uniform_sigmoid": lambda m, k: uniform(np.sqrt(2 / (m + k))),
    "he_normal": lambda m, k: normal(2 / m),
    "he_uniform": lambda m, k: uniform(np.sqrt(6 / m)),
    "lecun_normal": lambda m, k: normal(1 / m),
}

every_random_one = pytest.mark.parametrize("name", DISTRIBUTIONS)
with_both_generators = pytest.mark.parametrize(
    "generator", [np.random.RandomState, np.random.default_rng], ids=["RandomState", "Generator"]
)


def public_functions():
    """Return the names of what the module offers."""
    return {
        name
        for name, function in inspect.getmembers(initializers, inspect.isfunction)
        if function.__module__ == initializers.__name__ and not name.startswith("_")
    }


def drawn(name, shape, *, generator=np.random.RandomState, dtype="float64", seed=0, fans=None):
    """Draw initial weights."""
    return getattr(initializers, name)(generator(seed), shape, dtype, fans=fans)


def assert_drawn_from(distribution, W):
    """Assert that a big draw looks like a distribution, and stays within its bounds."""
    low, high = distribution.support()
    assert low <= W.min() <= W.max() <= high
    assert_allclose(W.var(), distribution.var(), rtol=0.02)
    assert stats.kstest(W.ravel(), distribution.cdf).pvalue > 0.01


def test_every_initializer_has_a_distribution():
    """A new one needs a row in the table above."""
    assert public_functions() == {*DISTRIBUTIONS, "zeros"}


@with_both_generators
@every_random_one
def test_weights_follow_the_distribution_of_their_paper(name, generator):
    """The fans are read from the shape: inputs first, outputs last."""
    W = drawn(name, (M, K), generator=generator)
    assert W.shape == (M, K)
    assert_drawn_from(DISTRIBUTIONS[name](M, K), W)


@every_random_one
def test_members_are_drawn_like_one_network(name):
    """A leading axis is no fan, and every member has weights of its own."""
    W = drawn(name, (20, M // 10, K // 2))
    assert W.shape == (20, M // 10, K // 2)
    assert_drawn_from(DISTRIBUTIONS[name](M // 10, K // 2), W)
    assert (W[0] != W[1]).any()


@every_random_one
def test_offsets_use_given_fans(name):
    """They may be drawn as widely as the weights of their layer."""
    W0 = drawn(name, (M * K,), fans=(50, 30))
    assert_drawn_from(DISTRIBUTIONS[name](50, 30), W0)


@with_both_generators
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [*DISTRIBUTIONS, "zeros"])
def test_weights_have_dtype_and_depend_on_seed_only(name, dtype, generator):
    """The single-precision draw is the double-precision one, rounded."""
    W = drawn(name, (4, 3), generator=generator, dtype=dtype)
    assert W.dtype == dtype
    assert W.flags.writeable
    assert_array_equal(W, drawn(name, (4, 3), generator=generator).astype(dtype))


@every_random_one
def test_different_seeds_give_different_weights(name):
    """The draw comes from the generator that is passed in."""
    assert (drawn(name, (4, 3)) != drawn(name, (4, 3), seed=1)).all()


def test_zeros_returns_zeros():
    """For offsets, with or without members."""
    assert_array_equal(drawn("zeros", (2, 3), fans=(5, 3)), np.zeros((2, 3)))


@pytest.mark.parametrize("draw", [initializers.he_normal, initializers.lecun_normal])
def test_a_layer_without_inputs_has_no_weights(draw):
    """A table whose columns never vary makes one."""
    assert draw(np.random.RandomState(0), (0, 3), "float32").shape == (0, 3)
