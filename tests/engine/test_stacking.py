"""Stacked networks: each member computes what its own network computes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sknn.engine import (
    NLL,
    Dropout,
    Embedding,
    Huber,
    Linear,
    Objective,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
)
from sknn.engine.stacking import (
    MemberDropoutMask,
    MemberLosses,
    MemberModules,
    first_members,
    layout_of,
    settings_of,
    stack_losses,
    stack_networks,
)
from tests.engine.gradients import check_backward, check_weight_grad

WIDTHS = [4, 6, 5]


@pytest.fixture
def rng():
    """Return a generator."""
    return np.random.RandomState(0)


def embeddings(rng):
    """Return embeddings of unequal sizes, and their widths; all codes are the same row."""
    modules = [Embedding(rng.normal(size=(1, d)), 2) for d in (2, 1, 2)]
    return MemberModules(
        modules, [(m, m - 2 + 2 * d) for m, d in zip(WIDTHS, (2, 1, 2), strict=True)]
    )


def bound(module):
    """Return it with parameters that are not 0."""
    rng = np.random.RandomState(1)
    for array in module.parameters:
        array[...] = rng.normal(size=array.shape)
    module.bind()
    return module


def weightless(rng):
    """Return activations that differ."""
    return MemberModules([Tanh(), Sigmoid(), Sigmoid(2.0)], [(m, m) for m in WIDTHS])


@pytest.mark.parametrize("make", [embeddings, weightless])
def test_modules_of_members_agree_with_central_differences(make, rng):
    """Inputs that a member does not have are without effect."""
    module = bound(make(rng))
    u = rng.normal(size=(3, 7, 6))
    if make is embeddings:
        u[..., :] = np.where(np.arange(6) < 2, u, 0)
        v, dv = module.forward(u), rng.normal(size=(3, 7, 7))
        (dE,) = module.weight_grad(u, dv)
        for i, one in enumerate(module.members):
            own = dv[i, :, : module.widths[i][1]]
            (expected,) = one.weight_grad(u[i, :, : WIDTHS[i]], own)
            assert_allclose(dE[i, :, : one.E.shape[1]], expected)
        assert v.shape == (3, 7, 7)
        return
    check_backward(module, u, rng)
    check_weight_grad(module, u, rng)


def test_dropout_masks_are_the_members_own(rng):
    """One without dropout multiplies by 1, one of fewer units leaves the rest."""
    u = np.ones((3, 5, 40))
    mask = MemberDropoutMask([Dropout(0.5, 40), None, Dropout(0.2, 30)], 5, u)
    for i in range(3):
        mask.draw(i, 5, np.random.RandomState(i))
    v = mask.forward(u)
    for i, one in enumerate([Dropout(0.5, 40), None, Dropout(0.2, 30)]):
        own = u[i] if one is None else u[i, :, : one.units]
        expected = own if one is None else one.sample((5,), np.random.RandomState(i)).forward(own)
        assert_array_equal(v[i, :, : expected.shape[1]], expected)
    check_backward(mask, rng.normal(size=u.shape), rng)
    assert_array_equal(mask.forward(u[:2, :3]), v[:2, :3])


def test_losses_of_members_are_their_own(rng):
    """In their order; a loss that is the same for all is computed at once."""
    z, y = rng.normal(size=(2, 5, 3)), rng.randint(2, size=(2, 5, 3)).astype(float)
    each = [Huber(0.1), NLL()]
    losses = MemberLosses(each)
    for name in ("value", "gradient"):
        expected = [getattr(one, name)(z[i], y[i]) for i, one in enumerate(each)]
        assert_allclose(getattr(losses, name)(z, y), expected, rtol=1e-15)
        assert_allclose(getattr(losses, name)(z[:1], y[:1]), expected[:1], rtol=1e-15)
    assert isinstance(stack_losses([NLL(), NLL()]), NLL)


def deep(rng, m, rate=0.0):
    """Return a network of m inputs."""
    modules = [Linear(rng.normal(size=(m, 5)), rng.normal(size=5)), ReLU()]
    modules += [Dropout(rate, 5)] if rate else []
    return Sequential([*modules, Linear(rng.normal(size=(5, 2)), rng.normal(size=2))])


def test_first_members_share_the_parameters(rng):
    """And the gradient; a step of fewer members leaves the others alone."""
    networks = [deep(rng, m) for m in WIDTHS]
    stacked = stack_networks(networks, [np.ones((1, m)) for m in WIDTHS], 7)
    whole = Objective(stacked, NLL(), [0.0, 0.1, 0.0])
    whole.parameters.vector[...] = rng.normal(size=whole.parameters.vector.shape)
    some = Objective(first_members(stacked, 2), NLL(), [0.0, 0.1], whole)
    X, Y = rng.normal(size=(3, 7, 6)), rng.randint(2, size=(3, 7, 2)).astype(float)
    J = whole.value_and_gradient(X, Y)
    expected = whole.parameters.gradient.copy()
    whole.parameters.gradient[...] = 0
    for _ in range(3):
        assert_allclose(some.value_and_gradient(X[:2], Y[:2]), J[:2])
    assert_allclose(whole.parameters.gradient[:2], expected[:2])
    assert not whole.parameters.gradient[2].any()


def test_rows_beyond_the_counts_are_ignored(rng):
    """Whatever they hold, with weights, too."""
    stacked = stack_networks([deep(rng, 4)] * 2, [np.ones((1, 4))] * 2, 6)
    objective = Objective(stacked, NLL())
    objective.parameters.vector[...] = rng.normal(size=objective.parameters.vector.shape)
    X, Y = rng.normal(size=(2, 6, 4)), rng.randint(2, size=(2, 6, 2)).astype(float)
    for w in (None, rng.uniform(1, 2, size=(2, 6))):
        J = objective.value_and_gradient(X, Y, w, counts=[6, 4])
        gradient = objective.parameters.gradient.copy()
        X[1, 4:] += 1
        assert_array_equal(objective.value_and_gradient(X, Y, w, counts=[6, 4]), J)
        assert_allclose(objective.parameters.gradient, gradient, rtol=1e-12, atol=1e-14)
        alone = objective.value(X[:, :4], Y[:, :4], None if w is None else w[:, :4])
        assert_allclose(J[1], alone[1])


class Thin(Dropout):
    """Dropout of somebody else."""


class Scale(Tanh):
    """A module of somebody else with a weight."""

    weights = ("a",)

    def __init__(self):
        self.a = np.ones(5)


def test_layouts_tell_which_networks_can_be_stacked(rng):
    """Dropout and the number of inputs may differ; unknown parameters and draws are not stacked."""
    assert layout_of(deep(rng, 4)) == layout_of(deep(rng, 6, 0.5))
    wide = Sequential([Linear(rng.normal(size=(4, 7)), np.zeros(7))])
    assert layout_of(wide) != layout_of(deep(rng, 4))
    for strange in (Scale(), Thin(0.5, 5)):
        assert layout_of(Sequential([*deep(rng, 4).modules[:2], strange])) is None
    assert layout_of(Sequential([Tanh()])) is None


def test_settings_of_equal_components_are_equal():
    """Types, numbers, arrays and what is composed of them."""
    assert settings_of(Sigmoid(2.0)) == settings_of(Sigmoid(2.0)) != settings_of(Sigmoid(1.0))
    assert settings_of(Tanh()) != settings_of(ReLU())
    assert settings_of([np.ones(2), {"a": 1}]) == settings_of([np.ones(2), {"a": 1}])
    assert settings_of(np.ones(2)) != settings_of(np.ones(2, "f4"))
    assert settings_of(object()) != settings_of(object())
