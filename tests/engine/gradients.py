"""Check gradients against central differences, and find everything that must be checked.

A check draws random directions, so that one number tells of a whole Jacobian J: for a direction
``t`` of the inputs and ``s`` of the outputs, ``s'(J t)`` comes from running forward twice, and
``(J's)'t`` from the code under test.

Central differences say nothing at a kink (ReLU at 0, a hinge where the margin is 1, rivals that
tie): there each side has its own slope, and the code may follow either. The points drawn here
are therefore 0.05 or more away from all kinks, thousands of times the step.
"""

import copy
import importlib
import inspect
import pkgutil
from types import ModuleType

import numpy as np
from numpy.testing import assert_allclose

import sknn.engine
from sknn.engine import (
    ELU,
    NLL,
    NLLM,
    AbsoluteError,
    Brier,
    Dropout,
    DropoutMask,
    Embedding,
    Gamma,
    Hinge,
    Huber,
    LeakyReLU,
    Linear,
    MaskedLoss,
    MulticlassHinge,
    MultiOutputLoss,
    Poisson,
    Quantile,
    Sequential,
    Sigmoid,
    SquaredError,
    SquaredHinge,
    Step,
    TabularEncoding,
    Tanh,
)

TOLERANCE = 1e-7
STEP = 1e-5
DIRECTIONS = 3

# Discovery


def concrete_classes(base: type, package: ModuleType = sknn.engine) -> list[type]:
    """Return all classes under `base` that a package defines, exported or not.

    Those of stacked networks need a member axis, and those that rescale outputs a loss:
    test_stacking.py and test_rescaling.py have their tests.
    """
    found = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    modules = [package, *(importlib.import_module(info.name) for info in found)]
    classes = {cls for module in modules for _, cls in inspect.getmembers(module, inspect.isclass)}
    ours = [cls for cls in classes if f"{cls.__module__}.".startswith(f"{package.__name__}.")]
    concrete = [cls for cls in ours if issubclass(cls, base) and not inspect.isabstract(cls)]
    elsewhere = {"sknn.engine.stacking", "sknn.engine.rescaling"}
    concrete = [cls for cls in concrete if cls.__module__ not in elsewhere]
    return sorted(concrete, key=lambda cls: cls.__name__)


def with_settings(cls, **settings):
    """Return a recipe that needs neither randomness nor the number of inputs."""
    return lambda rng, m: cls(**settings)


def linear(rng, m, k=4):
    """Return a layer with random weights and offsets."""
    return Linear(rng.normal(size=(m, k)), rng.normal(size=k))


def deep(rng, m):
    """Return a smooth network: nobody can keep the inner values of a rough one off its kinks."""
    return Sequential([linear(rng, m, 4), Tanh(), Sequential([linear(rng, 4, 2), Sigmoid(2.0)])])


def expand(rng, m, **settings):
    """Return an expansion of as many kinds of columns as there are; it has its kinks at 0."""
    categories = [3] if m > 1 else []
    n_passthrough = int(m > 2)
    numbers = m - len(categories) - n_passthrough
    bin_feature = np.repeat(np.arange(numbers), 2)
    start, stop = np.tile([-50.0, 0.0], numbers), np.tile([0.0, 50.0], numbers)
    return TabularEncoding(
        numbers,
        bin_feature,
        start,
        stop,
        np.arange(numbers),
        categories,
        n_passthrough,
        **settings,
    )


def embed(rng, m, rows=1):
    """Return a table for the last half of the columns; its one row stands for every number."""
    return Embedding(rng.normal(size=(rows, 2)), (m + 1) // 2)


def side_by_side(rng, m):
    """Return two losses side by side, or one where there is a single output."""
    widths = [m - m // 2, m // 2] if m > 1 else [1]
    return MultiOutputLoss([NLL(), Brier()][: len(widths)], widths)


#: How to make the modules and losses that have settings: functions of (rng, inputs).
RECIPES = {
    Dropout: [lambda rng, m: Dropout(0.5, m)],
    DropoutMask: [lambda rng, m: DropoutMask(np.arange(m) % 2 == 0, 2.0)],
    ELU: [with_settings(ELU), with_settings(ELU, alpha=0.7)],
    Embedding: [embed],
    TabularEncoding: [expand, lambda rng, m: expand(rng, m, max_absolute_value=2.0)],
    Huber: [with_settings(Huber), with_settings(Huber, delta=0.4)],
    MaskedLoss: [
        lambda rng, m: MaskedLoss(Huber()),
        lambda rng, m: MaskedLoss(Huber([0.5 + i for i in range(m)])),
        lambda rng, m: MaskedLoss(Quantile([0.7])),
    ],
    LeakyReLU: [with_settings(LeakyReLU), with_settings(LeakyReLU, slope=0.3)],
    Linear: [linear],
    Quantile: [with_settings(Quantile), with_settings(Quantile, quantiles=(0.8,))],
    Sequential: [deep],
    MultiOutputLoss: [side_by_side],
    Sigmoid: [with_settings(Sigmoid), with_settings(Sigmoid, slope=2.5)],
    Step: [with_settings(Step), with_settings(Step, threshold=0.5)],
}


def recipes(cls):
    """Return every way to make a class; without settings there is one."""
    return RECIPES.get(cls, [with_settings(cls)])


def lacks_recipe(cls):
    """Return whether a class has settings that no recipe sets."""
    return cls not in RECIPES and bool(inspect.signature(cls).parameters)


# Points


def inputs(rng, shape):
    """Draw inputs at least 0.1 away from 0, where activations have their kinks."""
    u = rng.normal(size=shape)
    return u + np.copysign(0.1, u)


def raw_predict(rng, shape):
    """Draw distinct multiples of 0.3 for each row, so that no margin is within 0.1 of 1."""
    multiples = np.broadcast_to(np.arange(-10, 11), (*shape[:-1], 21))
    return 0.3 * rng.permuted(multiples, axis=-1)[..., : shape[-1]]


def reals(rng, shape):
    """Draw numbers halfway between raw outputs: no error is within 0.05 of 0 or 1."""
    return 0.3 * rng.integers(-10, 11, size=shape) + 0.15


def signs(rng, shape):
    """Draw -1 and +1."""
    return rng.choice([-1.0, 1.0], size=shape)


def shares(rng, shape):
    """Draw numbers in [0, 1]."""
    return rng.uniform(size=shape)


def distributions(rng, shape):
    """Draw rows that sum to 1."""
    return rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])


def counts(rng, shape):
    """Draw 0 or more, never what a raw output of 0 expects: a slope of 0 has no relative error."""
    return 1.3 * rng.poisson(2, size=shape)


def amounts(rng, shape):
    """Draw numbers above 0."""
    return rng.gamma(2, size=shape) + 0.1


def one_class(rng, shape):
    """Draw rows with a single +1 among -1."""
    return 2 * np.eye(shape[-1])[rng.integers(shape[-1], size=shape[:-1])] - 1


#: What a loss may be asked to compare with: functions of (rng, shape).
VALID_Y = {
    AbsoluteError: reals,
    Brier: shares,
    MulticlassHinge: one_class,
    Gamma: amounts,
    Hinge: signs,
    Huber: reals,
    MaskedLoss: reals,
    NLL: shares,
    NLLM: distributions,
    Poisson: counts,
    Quantile: reals,
    MultiOutputLoss: shares,
    SquaredError: reals,
    SquaredHinge: signs,
}


# Copies


def rebuilt(modules, combine):
    """Return a module like the first, its parameters combined from those of all."""
    copied = copy.deepcopy(modules[0])
    for name in (*copied.weights, *copied.offsets):
        setattr(copied, name, combine([getattr(module, name) for module in modules]))
    for i in range(len(getattr(copied, "modules", ()))):
        copied.modules[i] = rebuilt([module.modules[i] for module in modules], combine)
    return copied


# The checks


def check_backward(module, u, rng):
    """Assert that `backward` is the derivative of `forward` with respect to its input."""
    v = module.forward(u)
    for _ in range(DIRECTIONS):
        s, t = rng.normal(size=v.shape), rng.normal(size=u.shape)
        du = module.backward(u, v, s)
        assert du.shape == u.shape
        _assert_agree(np.sum(du * t), np.sum(s * slope(module.forward, u, t)))


def check_weight_grad(module, u, rng):
    """Assert that `weight_grad` has the derivative with respect to every parameter."""
    module = copy.deepcopy(module)
    s = rng.normal(size=module.forward(u).shape)
    grads = module.weight_grad(u, s)
    assert len(grads) == len(module.parameters)
    for parameter, grad in zip(module.parameters, grads, strict=True):
        assert grad.shape == parameter.shape
        for _ in range(DIRECTIONS):
            t = rng.normal(size=parameter.shape)
            dv = slope(_output_of(module, u, parameter), parameter.copy(), t)
            _assert_agree(np.sum(grad * t), np.sum(s * dv))


def check_loss(loss, z, y, rng):
    """Assert that `gradient` is the derivative of `value`, sample by sample."""
    dZ = loss.gradient(z, y)
    assert dZ.shape == z.shape
    for _ in range(DIRECTIONS):
        t = rng.normal(size=z.shape)
        expected = slope(lambda z: loss.value(z, y), z, t)
        _assert_agree(np.sum(dZ * t, axis=-1), expected)


def slope(f, x, t):
    """Return the derivative of f at x in the direction t, by central differences."""
    return (f(x + STEP * t) - f(x - STEP * t)) / (2 * STEP)


def _output_of(module, u, parameter):
    """Return the output as a function of one parameter, which it leaves as it was."""

    def output(value):
        before = parameter.copy()
        parameter[...] = value
        v = module.forward(u)
        parameter[...] = before
        return v

    return output


def _assert_agree(found, expected):
    """Assert equality relative to the largest of the numbers."""
    largest = np.max(np.abs(expected))
    assert_allclose(found, expected, rtol=0, atol=TOLERANCE * largest, equal_nan=False)
