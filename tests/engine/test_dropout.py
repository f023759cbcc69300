"""Dropout: random in training, absent in prediction, the same in the mean."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sknn.engine import Dropout, DropoutMask, Linear, Objective, Sequential, SquaredError, Tanh
from tests.engine.gradients import linear


def network(share=0.4):
    """Return a network with dropout after its hidden layer."""
    rng = np.random.default_rng(0)
    return Sequential([linear(rng, 3, 50), Tanh(), Dropout(share, 50), linear(rng, 50, 2)])


def test_dropout_is_identity_in_prediction():
    """Forward is the network without dropout."""
    u = np.random.default_rng(1).normal(size=(5, 3))
    plain = Sequential([module for module in network().modules if not isinstance(module, Dropout)])
    assert_array_equal(network().forward(u), plain.forward(u))
    assert network().is_stochastic
    assert not plain.is_stochastic


@pytest.mark.parametrize("share", [0.0, 0.25, 0.9])
def test_dropout_scales_kept_units(share):
    """A share is 0, the rest is scaled up, and the mean stays."""
    mask = Dropout(share, 500).sample((400,), np.random.RandomState(0))
    v = mask.forward(np.ones((400, 500)))
    assert_allclose(np.mean(v == 0), share, atol=0.01)
    assert_allclose(np.unique(v[v > 0]), 1 / (1 - share), rtol=1e-4)  # 1/65536 is the unit
    assert_allclose(v.mean(), 1, atol=0.02)


def test_sample_shares_layers_with_network():
    """The weights are the same arrays, so that training it trains the network."""
    whole = network()
    thin = whole.sample((7,), np.random.RandomState(0))
    assert isinstance(thin.modules[2], DropoutMask)
    for a, b in zip(whole.modules, thin.modules, strict=True):
        assert isinstance(a, Dropout) or a is b


def test_gradient_uses_the_drawn_dropout_mask():
    """With the same draws, central differences agree."""
    rng = np.random.default_rng(2)
    X, Y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    objective = Objective(network(), SquaredError(), 0.1)
    vector = objective.parameters.vector
    objective.value_and_gradient(X, Y, rng=np.random.RandomState(3))
    direction = rng.normal(size=vector.shape)
    slope = objective.parameters.gradient @ direction
    ends = []
    for step in (1e-5, -1e-5):
        vector += step * direction
        ends.append(objective.value_and_gradient(X, Y, rng=np.random.RandomState(3)))
        vector -= step * direction
    assert_allclose((ends[0] - ends[1]) / 2e-5, slope, rtol=1e-7)


def test_value_and_gradient_without_rng_drops_nothing():
    """The gradient is that of the value."""
    X, Y = np.ones((4, 3)), np.ones((4, 2))
    objective = Objective(network(), SquaredError())
    assert objective.value_and_gradient(X, Y) == objective.value(X, Y)


@pytest.mark.parametrize("share", [-0.1, 1.0, np.nan])
def test_invalid_dropout_rates_are_errors(share):
    """Everything cannot be dropped."""
    with pytest.raises(ValueError, match=r"dropout must be in \[0, 1\)"):
        Dropout(share, 3)


def test_dropout_keeps_float32():
    """A mask does not widen."""
    mask = Dropout(0.5, 3).sample((4,), np.random.RandomState(0))
    u = np.ones((4, 3), "float32")
    assert mask.forward(u).dtype == mask.backward(u, u, u).dtype == np.float32
    assert Linear(np.ones((3, 1), "f4"), np.ones(1, "f4")).forward(mask.forward(u)).dtype == "f4"
