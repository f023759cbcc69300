"""Optimizers: each finds a minimum, and follows the formulas that it is named after."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sknn.engine import SGD, Adam, Optimizer, RMSprop
from tests.engine.gradients import concrete_classes

#: For each class: settings to try, then the rate that suits them on the two test functions.
SETTINGS = {
    Adam: [({}, 0.02), ({"beta_1": 0.5, "beta_2": 0.99, "epsilon": 1e-6}, 0.005)],
    RMSprop: [({}, 0.001), ({"beta": 0.9, "epsilon": 1e-6}, 0.0005)],
    SGD: [
        ({}, 0.002),
        ({"momentum": 0.9}, 0.001),
        ({"momentum": 0.9, "nesterov": True}, 0.001),
    ],
}

every_optimizer = pytest.mark.parametrize(
    ("optimizer", "rate"),
    [
        pytest.param(cls(**settings), rate, id=f"{cls.__name__}{settings}")
        for cls, table in SETTINGS.items()
        for settings, rate in table
    ],
)


def parabola(x):
    """Return the gradient of ``1/2 sum c (x - 1)^2``, ten times as steep in one direction."""
    return np.array([1.0, 10.0]) * (x - 1)


def rosenbrock(x):
    """Return the gradient of ``(1 - a)^2 + 100 (b - a^2)^2``, a narrow bent valley."""
    a, b = x
    return np.array([2 * (a - 1) - 400 * a * (b - a * a), 200 * (b - a * a)])


def random_gradients(dtype="float64", steps=20):
    """Return starting parameters, and a gradient for each step."""
    rng = np.random.default_rng(0)
    return rng.normal(size=7).astype(dtype), rng.normal(size=(steps, 7)).astype(dtype)


def followed(optimizer, params, gradients, rate):
    """Return the parameters after each step."""
    params = params.copy()
    state = optimizer.init(params)
    path = []
    for gradient in gradients:
        optimizer.step(params, gradient, state, rate)
        path.append(params.copy())
    return np.array(path)


def test_every_optimizer_is_tested():
    """A new class needs settings and rates in the table above."""
    assert set(concrete_classes(Optimizer)) == set(SETTINGS)


@pytest.mark.parametrize("gradient", [parabola, rosenbrock])
@every_optimizer
def test_every_optimizer_finds_the_minimum(optimizer, rate, gradient):
    """Both functions are lowest at (1, 1); a rate that falls to 0 in the end stays there."""
    x = np.array([-1.2, 1.0])
    state = optimizer.init(x)
    for t in range(15_000):
        optimizer.step(x, gradient(x), state, rate * min(1, 3 - t / 5_000))
    assert_allclose(x, [1, 1], atol=1e-3)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_sgd_follows_the_formulas_of_scikit_learn(momentum, nesterov):
    """Velocity and position, number by number, without arrays."""
    rate = 0.1
    params, gradients = random_gradients()
    found = followed(SGD(momentum, nesterov), params, gradients, rate)
    for j in range(len(params)):
        x, velocity = params[j], 0.0
        for t, g in enumerate(gradients[:, j]):
            velocity = momentum * velocity - rate * g
            x += momentum * velocity - rate * g if nesterov else velocity
            assert_allclose(found[t, j], x, rtol=1e-12, atol=1e-14)


def test_adam_follows_the_formulas_of_its_paper():
    """The efficient form: both corrections in the rate, epsilon beside the plain root."""
    beta_1, beta_2, epsilon, rate = 0.8, 0.95, 0.01, 0.1
    params, gradients = random_gradients()
    found = followed(Adam(beta_1, beta_2, epsilon), params, gradients, rate)
    x, m, v = params, 0, 0
    for t, g in enumerate(gradients, start=1):
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g**2
        eta = rate * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)
        x = x - eta * m / (np.sqrt(v) + epsilon)
        assert_allclose(found[t - 1], x, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("name", "ours", "settings"),
    [
        ("AdamOptimizer", Adam(0.8, 0.95, 0.01), {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 0.01}),
        ("SGDOptimizer", SGD(0.7), {"momentum": 0.7, "nesterov": False}),
        ("SGDOptimizer", SGD(0.7, nesterov=True), {"momentum": 0.7, "nesterov": True}),
    ],
)
def test_optimizers_step_like_those_of_scikit_learn(name, ours, settings):
    """The same gradients lead along the same path."""
    module = pytest.importorskip("sklearn.neural_network._stochastic_optimizers")
    params, gradients = random_gradients()
    path = followed(ours, params, gradients, rate=0.1)
    theirs = getattr(module, name)([params], learning_rate_init=0.1, **settings)
    for expected, gradient in zip(path, gradients, strict=True):
        theirs.update_params([params], [gradient])
        assert_allclose(params, expected, rtol=1e-12, atol=1e-14)


@every_optimizer
def test_step_is_in_place_and_keeps_gradient(optimizer, rate):
    """The trainer's vector is the one that moves."""
    params, (gradient, *_) = random_gradients()
    gradient.flags.writeable = False
    before = params.copy()
    optimizer.step(params, gradient, optimizer.init(params), rate)
    assert (params != before).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_optimizer
def test_state_holds_arrays_of_parameter_dtype(optimizer, rate, dtype):
    """A dict of numbers and of arrays like the parameters, with the same keys at any time."""
    params, gradients = random_gradients(dtype)
    state = optimizer.init(params)
    for gradient in gradients:
        optimizer.step(params, gradient, state, rate)
        assert type(state) is dict
        assert state.keys() == optimizer.init(params).keys()
        for value in state.values():
            if isinstance(value, np.ndarray):
                assert (value.shape, value.dtype) == (params.shape, params.dtype)
            else:
                assert type(value) in (int, float)
    assert params.dtype == dtype


@every_optimizer
def test_optimizer_keeps_all_state_in_state(optimizer, rate):
    """With a copy of it, another optimizer of the same settings goes on as if nothing happened."""
    params, gradients = random_gradients()
    expected = followed(optimizer, params, gradients, rate)[-1]
    state = optimizer.init(params)
    for gradient in gradients:
        state = copy.deepcopy(state)
        copy.deepcopy(optimizer).step(params, gradient, state, rate)
    assert_array_equal(params, expected)


@every_optimizer
@pytest.mark.parametrize(
    ("shape", "dtype"), [((3, 4), float), ((1, 5), float), ((0,), float), ((6,), np.float16)]
)
def test_parameters_may_have_any_shape_and_type(optimizer, rate, shape, dtype):
    """A matrix moves as its numbers in a row do."""
    rng = np.random.default_rng(0)
    params, grads = (rng.normal(size=shape).astype(dtype) for _ in range(2))
    flat = params.ravel().copy()
    optimizer.step(flat, grads.ravel(), optimizer.init(flat), rate)
    optimizer.step(params, grads, optimizer.init(params), rate)
    assert_allclose(params.ravel(), flat, rtol=1e-12)
    strided = np.zeros(10)[::2]
    optimizer.step(strided, np.ones(5), optimizer.init(strided), rate)
    assert (strided < 0).all()


def test_optimizer_defaults():
    """And what an optimizer is made with, it keeps."""
    assert vars(RMSprop()) == {"beta": 0.99, "epsilon": 1e-8}
    assert vars(Adam()) == {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}
    assert vars(SGD()) == {"momentum": 0.0, "nesterov": False}
    for make in (RMSprop, Adam):
        with pytest.raises(ValueError, match="epsilon must be above 0"):
            make(epsilon=0.0)
