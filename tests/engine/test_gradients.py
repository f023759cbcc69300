"""What all modules and losses have in common, checked for every class that the engine defines."""

import importlib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sknn.engine import (
    ELU,
    NLL,
    SGD,
    Adaptive,
    Exp,
    Huber,
    LeakyReLU,
    Linear,
    Loss,
    MaskedLoss,
    Module,
    ReLU,
    Sequential,
    SiLU,
    Step,
    TabularEncoding,
    Tanh,
)
from tests.engine import gradients
from tests.engine.gradients import (
    VALID_Y,
    check_backward,
    check_loss,
    check_weight_grad,
    concrete_classes,
    inputs,
    lacks_recipe,
    linear,
    raw_predict,
    rebuilt,
    recipes,
    slope,
)
from tests.generators import OwnGenerator

SHAPES = [(1, 1), (5, 3), (2, 7)]
FORWARD_ONLY = {Step}
OVERFLOWING = {Exp}


def every_way(classes):
    """Return the recipes of all classes as parameters of a test."""
    return [
        pytest.param(make, id=f"{cls.__name__}{i}")
        for cls in classes
        for i, make in enumerate(recipes(cls))
    ]


def modules_but(excluded):
    """Return every way to make a module, but for some classes."""
    return every_way(cls for cls in concrete_classes(Module) if cls not in excluded)


ALL_MODULES = modules_but(set())
MODULES = modules_but(FORWARD_ONLY)
LOSSES = every_way(concrete_classes(Loss))


@pytest.fixture
def rng():
    """Return a generator; every test has the same."""
    return OwnGenerator()


def points(loss, rng, shape):
    """Return raw outputs and a valid y for a loss."""
    return raw_predict(rng, shape), VALID_Y[type(loss)](rng, shape)


def frozen(*arrays):
    """Return arrays that raise when something writes to them."""
    for array in arrays:
        array.flags.writeable = False
    return arrays


# Nothing is forgotten


@pytest.mark.parametrize("base", [Module, Loss])
def test_every_class_has_a_recipe(base):
    """A class with settings has a recipe, which may set them to what is not the default."""
    for cls in concrete_classes(base):
        assert not lacks_recipe(cls), (
            f"{cls.__name__} has settings: add ways to make it to RECIPES in {gradients.__name__}."
        )


def test_every_loss_has_valid_targets():
    """Each loss says in the table which y it is made for."""
    for cls in concrete_classes(Loss):
        assert cls in VALID_Y, (
            f"{cls.__name__} is new: add how to draw a valid y to VALID_Y in {gradients.__name__}."
        )


def test_concrete_classes_finds_unexported_classes(tmp_path, monkeypatch):
    """Discovery reads every file of a package, and leaves out what is abstract or imported."""
    package = tmp_path / "made_up"
    (package / "inner").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "inner" / "__init__.py").touch()
    (package / "inner" / "file.py").write_text(
        "from sknn.engine import Module, Tanh\n"
        "class Hidden(Tanh):\n"
        "    def __init__(self, required): pass\n"
        "class Abstract(Module): pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = concrete_classes(Module, importlib.import_module("made_up"))
    assert [cls.__name__ for cls in found] == ["Hidden"]
    assert lacks_recipe(found[0])


# Central differences


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("make", MODULES)
def test_backward_agrees_with_central_differences(make, shape, rng):
    """Backward returns the derivative with respect to the input."""
    check_backward(make(rng, shape[-1]), inputs(rng, shape), rng)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("make", MODULES)
def test_weight_grad_agrees_with_central_differences(make, shape, rng):
    """Every parameter has its derivative, and a module without parameters has none."""
    check_weight_grad(make(rng, shape[-1]), inputs(rng, shape), rng)


@pytest.mark.parametrize("shape", [*SHAPES, (2, 5, 3)], ids=str)
@pytest.mark.parametrize("make", LOSSES)
def test_loss_gradient_agrees_with_central_differences(make, shape, rng):
    """The gradient belongs to the value, sample by sample."""
    loss = make(rng, shape[-1])
    check_loss(loss, *points(loss, rng, shape), rng)


def test_step_backward_raises_with_alternatives():
    """The one module that only runs forward names those that can learn."""
    u = np.ones((1, 1))
    with pytest.raises(NotImplementedError, match="derivative is zero") as error:
        Step().backward(u, u, u)
    for name in ["Sigmoid", "Tanh", "ReLU", "LeakyReLU", "ELU", "Softplus"]:
        assert name in str(error.value)


@pytest.mark.parametrize(
    ("module", "derivative"),
    [(ReLU(), 0), (LeakyReLU(0.3), 0.3), (ELU(0.7), 0.7)],
    ids=["ReLU", "LeakyReLU", "ELU"],
)
def test_derivative_at_kink_is_from_the_left(module, derivative):
    """Where central differences cannot tell, the docstrings do."""
    u, dv = np.zeros((1, 1)), np.ones((1, 1))
    assert module.backward(u, module.forward(u), dv) == derivative


def test_silu_derivative_at_0_is_one_half():
    """Where its output over its input is 0/0."""
    u, dv = np.zeros((1, 2)), np.ones((1, 2))
    assert_array_equal(SiLU().backward(u, SiLU().forward(u), dv), [[0.5, 0.5]])


def test_step_is_1_at_threshold():
    """And 0 just below."""
    assert Step(0.5).forward(np.array([0.5, np.nextafter(0.5, 0)])).tolist() == [1, 0]


# The checker rejects what is wrong


class TooSteep(Tanh):
    """Passes back a millionth too much."""

    def backward(self, u, v, dv):
        """Return a wrong derivative."""
        return super().backward(u, v, dv) * (1 + 1e-6)


class Undefined(Tanh):
    """Passes back NaN."""

    def backward(self, u, v, dv):
        """Return no derivative."""
        return np.full_like(u, np.nan)


class Mixed(Tanh):
    """Return the gradient of one input for another."""

    def backward(self, u, v, dv):
        """Return a wrong derivative."""
        return np.roll(super().backward(u, v, dv), 1, axis=-1)


class TooSteepWeights(Linear):
    """Has a weight gradient that is a millionth too large."""

    def weight_grad(self, u, dv, out=None):
        """Return a wrong derivative of the weights."""
        dW, dW0 = super().weight_grad(u, dv, out)
        return dW * (1 + 1e-6), dW0


class MeanOffsets(Linear):
    """Averages where it should sum."""

    def weight_grad(self, u, dv, out=None):
        """Return a wrong derivative of the offsets."""
        dW, dW0 = super().weight_grad(u, dv, out)
        return dW, dW0 / len(u)


class Forgetful(Linear):
    """Has no gradient for its offsets."""

    def weight_grad(self, u, dv, out=None):
        """Return too few derivatives."""
        return super().weight_grad(u, dv, out)[:1]


class TooSteepLoss(NLL):
    """Has a gradient that is a millionth too large."""

    def gradient(self, z, y):
        """Return a wrong derivative."""
        return super().gradient(z, y) * (1 + 1e-6)


class MeanLoss(NLL):
    """Has the gradient of the batch's mean, not of each sample."""

    def gradient(self, z, y):
        """Return a wrong derivative."""
        return super().gradient(z, y) / len(z)


@pytest.mark.parametrize("wrong", [TooSteep, Undefined, Mixed])
def test_a_wrong_backward_is_rejected(wrong, rng):
    """The checker finds errors of 1e-6, NaN and gradients of the wrong input."""
    with pytest.raises(AssertionError):
        check_backward(wrong(), inputs(rng, (5, 3)), rng)


@pytest.mark.parametrize("wrong", [TooSteepWeights, MeanOffsets, Forgetful])
def test_a_wrong_weight_grad_is_rejected(wrong, rng):
    """The checker looks at every parameter."""
    layer = linear(rng, 3)
    with pytest.raises(AssertionError):
        check_weight_grad(wrong(layer.W, layer.W0), inputs(rng, (5, 3)), rng)


@pytest.mark.parametrize("wrong", [TooSteepLoss, MeanLoss])
def test_a_wrong_loss_gradient_is_rejected(wrong, rng):
    """The checker compares the gradient with the value, not with itself."""
    with pytest.raises(AssertionError):
        check_loss(wrong(), *points(NLL(), rng, (5, 3)), rng)


# Size


@pytest.mark.parametrize(("dtype", "largest"), [("float32", 1e37), ("float64", 1e300)])
@pytest.mark.parametrize("make", modules_but(OVERFLOWING))
def test_activations_are_finite_for_large_inputs(make, dtype, largest, rng):
    """Nothing overflows or warns (warnings are errors here) that grows no faster than a line."""
    module = rebuilt([make(rng, 3)], lambda arrays: arrays[0].astype(dtype))
    u = np.array([[0, 1, -1], [1e3, -1e3, 1e10], [largest, -largest, 0]], dtype)
    v = module.forward(u)
    assert np.isfinite(v).all()
    if type(module) not in FORWARD_ONLY:
        assert np.isfinite(module.backward(u, v, np.ones_like(v))).all()


# Sequences


def test_nested_sequential_is_flattened(rng):
    """Modules inside modules would hide their parameters from the trainer."""
    first, second, third = linear(rng, 3), Tanh(), linear(rng, 4)
    network = Sequential([Sequential([first, Sequential([second])]), third])
    assert network.modules == [first, second, third]


def test_trace_returns_input_and_all_outputs(rng):
    """The last of them is what the network gives, bit for bit."""
    modules = [linear(rng, 3), Tanh(), linear(rng, 4)]
    u = inputs(rng, (5, 3))
    values = Sequential(modules).trace(u)
    assert values[0] is u
    for module, before, after in zip(modules, values, values[1:], strict=False):
        assert_array_equal(module.forward(before), after)
    assert_array_equal(Sequential(modules).forward(u), values[-1])
    assert len(values) == 4


def test_backpropagate_ends_at_first_module_with_parameters(rng):
    """Nobody asks for that of the inputs; what was handed in comes back last."""
    network = Sequential([Tanh(), linear(rng, 3), Tanh(), linear(rng, 4)])
    values = network.trace(inputs(rng, (5, 3)))
    dv = rng.normal(size=values[-1].shape)
    grads = [[np.empty_like(p) for p in module.parameters] for module in network.modules]
    gradients_ = network.backpropagate(values, dv, grads)
    assert gradients_[0] is None
    assert [one.shape for one in gradients_[1:]] == [value.shape for value in values[2:]]
    assert gradients_[-1] is dv
    start_at_once = Sequential(network.modules[1:])
    assert start_at_once.backpropagate(values[1:], dv, grads[1:])[-1] is dv


# Members


@pytest.mark.parametrize("make", MODULES)
def test_module_with_members_equals_separate_modules(make, rng):
    """A leading axis of u and of the parameters equals the loop over it."""
    members = [make(rng, 3) for _ in range(2)]
    joint = rebuilt(members, np.stack)
    u = inputs(rng, (2, 5, 3))
    v = joint.forward(u)
    dv = rng.normal(size=v.shape)
    du, grads = joint.backward(u, v, dv), joint.weight_grad(u, dv)
    for g, one in enumerate(members):
        assert_allclose(v[g], one.forward(u[g]), rtol=1e-12)
        assert_allclose(du[g], one.backward(u[g], v[g], dv[g]), rtol=1e-12, atol=1e-14)
        for joint_grad, grad in zip(grads, one.weight_grad(u[g], dv[g]), strict=True):
            assert_allclose(joint_grad[g], grad, rtol=1e-12, atol=1e-14)


def test_linear_members_accept_shared_input(rng):
    """One u without a member axis is the input of every member."""
    layer = rebuilt([linear(rng, 3) for _ in range(2)], np.stack)
    u = inputs(rng, (5, 3))
    twice = np.stack([u, u])
    dv = rng.normal(size=(2, 5, 4))
    assert_allclose(layer.forward(u), layer.forward(twice), rtol=1e-12)
    for grad, expected in zip(layer.weight_grad(u, dv), layer.weight_grad(twice, dv), strict=True):
        assert_allclose(grad, expected, rtol=1e-12)


@pytest.mark.parametrize("shared_y", [True, False])
@pytest.mark.parametrize("make", LOSSES)
def test_loss_with_members_equals_separate_losses(make, shared_y, rng):
    """A leading axis of z equals the loop over it, whether or not y has it too."""
    loss = make(rng, 3)
    z, y = points(loss, rng, (2, 5, 3))
    y = np.broadcast_to(y[0], y.shape) if shared_y else y
    given = y[0] if shared_y else y
    assert loss.value(z, given).shape == (2, 5)
    for method in [loss.value, loss.gradient]:
        loop = np.stack([method(z[g], y[g]) for g in range(2)])
        assert_allclose(method(z, given), loop, rtol=1e-12, atol=1e-15)
    assert_allclose(
        loss.inverse_link(z), np.stack([loss.inverse_link(one) for one in z]), rtol=1e-12
    )


@pytest.mark.parametrize("make", LOSSES)
def test_average_members_gives_mean_prediction(make, rng):
    """The output activation is the mean of theirs; equal members change nothing."""
    loss = make(rng, 3)
    z = raw_predict(rng, (4, 5, 3))
    joined = loss.average_members(z)
    assert joined.shape == (5, 3)
    assert_allclose(loss.inverse_link(joined), loss.inverse_link(z).mean(axis=0), rtol=1e-12)
    same = loss.average_members(np.stack([z[0]] * 3))
    assert_allclose(loss.inverse_link(same), loss.inverse_link(z[0]), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("make", LOSSES)
def test_average_members_is_finite_for_large_outputs(make, dtype, rng):
    """Sure members stay sure, in their own type."""
    z = (raw_predict(rng, (4, 5, 3)) * 1e3).astype(dtype)
    with np.errstate(over="ignore"):
        joined = make(rng, 3).average_members(z)
    assert joined.dtype == dtype
    assert np.isfinite(joined).all()


@pytest.mark.parametrize("make", LOSSES)
def test_fit_intercept_only_predicts_mean_target(make, rng):
    """A weight of 2 is the row twice, a target that is not known is left out."""
    loss = make(rng, 3)
    _, y = points(loss, rng, (40, 3))
    w = rng.integers(1, 4, size=40).astype(float)
    start = loss.fit_intercept_only(y, w)
    assert start.shape == (3,)
    assert_allclose(
        start, loss.fit_intercept_only(np.repeat(y, w.astype(int), axis=0)), rtol=1e-12, atol=1e-14
    )
    if not isinstance(loss, MaskedLoss) and loss.estimates_mean:
        assert_allclose(
            loss.inverse_link(start[None])[0], np.average(y, axis=0, weights=w), rtol=1e-7
        )
    unknown = np.vstack([y, np.full((2, 3), np.nan)])
    assert_allclose(
        loss.fit_intercept_only(unknown), loss.fit_intercept_only(y), rtol=1e-12, atol=1e-14
    )


# Types


@pytest.mark.parametrize("make", ALL_MODULES)
def test_modules_keep_float32(make, rng):
    """Nothing widens the type of the data on its way through a module."""
    module = rebuilt([make(rng, 3)], lambda arrays: arrays[0].astype(np.float32))
    u = inputs(rng, (5, 3)).astype(np.float32)
    v = module.forward(u)
    arrays = [v, *module.weight_grad(u, v)]
    if type(module) not in FORWARD_ONLY:
        arrays.append(module.backward(u, v, v))
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


@pytest.mark.parametrize("make", LOSSES)
def test_losses_keep_float32(make, rng):
    """Nothing widens the type of the data on its way through a loss."""
    loss = make(rng, 3)
    z, y = (array.astype(np.float32) for array in points(loss, rng, (5, 3)))
    arrays = [loss.value(z, y), loss.gradient(z, y), loss.inverse_link(z)]
    if loss.has_probabilities:
        arrays.append(loss.log_inverse_link(z))
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


# Inputs


@pytest.mark.parametrize("make", ALL_MODULES)
def test_modules_do_not_change_inputs_or_parameters(make, rng):
    """Every verb runs on arrays that cannot be written to."""
    module = make(rng, 3)
    frozen(*module.parameters)
    u, v = frozen(inputs(rng, (5, 3)), module.forward(inputs(rng, (5, 3))))
    module.forward(u)
    module.weight_grad(u, v)
    if type(module) not in FORWARD_ONLY:
        module.backward(u, v, v)


@pytest.mark.parametrize("make", LOSSES)
def test_losses_do_not_change_inputs(make, rng):
    """Every method runs on arrays that cannot be written to."""
    loss = make(rng, 3)
    z, y = frozen(*points(loss, rng, (5, 3)))
    loss.value(z, y)
    loss.gradient(z, y)
    loss.inverse_link(z)
    if loss.has_probabilities:
        loss.log_inverse_link(z)


@pytest.mark.parametrize("make", LOSSES)
def test_loss_gradient_is_a_new_array(make, rng):
    """A gradient is an array of its own, as the objective scales it in place."""
    loss = make(rng, 3)
    z, y = points(loss, rng, (5, 3))
    dZ = loss.gradient(z, y)
    assert dZ.flags.writeable
    assert not np.shares_memory(dZ, z)
    assert not np.shares_memory(dZ, y)


@pytest.mark.parametrize("make", MODULES)
def test_weight_grad_writes_to_out(make, rng):
    """The gradients are the same as without `out`."""
    module = make(rng, 3)
    u = inputs(rng, (5, 3))
    dv = rng.normal(size=module.forward(u).shape)
    out = [np.full_like(parameter, np.nan) for parameter in module.parameters]
    module.weight_grad(u, dv, out)
    for written, expected in zip(out, module.weight_grad(u, dv), strict=True):
        assert_array_equal(written, expected)


@pytest.mark.parametrize("convert", [sparse.csr_array, sparse.csr_matrix])
def test_sparse_inputs_equal_dense_inputs(convert, rng):
    """A layer gives plain arrays, and the same ones, for CSR."""
    layer = linear(rng, 6)
    u = inputs(rng, (5, 6)) * (rng.uniform(size=(5, 6)) < 0.3)
    dv = rng.normal(size=(5, 4))
    for found, expected in [
        (layer.forward(convert(u)), layer.forward(u)),
        *zip(layer.weight_grad(convert(u), dv), layer.weight_grad(u, dv), strict=True),
    ]:
        assert type(found) is np.ndarray
        assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def test_repr_shows_settings(rng):
    """The same text in every process, so that an estimator that holds them can be read."""
    assert repr(LeakyReLU(0.2)) == "LeakyReLU(slope=0.2)"
    assert repr(linear(rng, 3)) == "Linear(3 -> 4)"
    assert repr(Sequential([linear(rng, 3), Tanh()])) == "Sequential([Linear(3 -> 4), Tanh()])"
    assert repr(SGD(0.5)) == "SGD(momentum=0.5, nesterov=False)"
    assert repr(Huber(2)) == "Huber(delta=2.0)"
    assert repr(Adaptive(0.1)) == "Adaptive(rate=0.1, min_rate=1e-06)"


# Gradients that training does not use: of inputs and of predictions


@pytest.mark.parametrize("make", LOSSES)
def test_inverse_link_backward_agrees_with_central_differences(make, rng):
    """The derivative of what a loss answers."""
    loss = make(rng, 3)
    z, t, dA = raw_predict(rng, (5, 3)), *rng.normal(size=(2, 5, 3))
    expected = np.sum(dA * slope(loss.inverse_link, z, t), axis=-1)
    assert_allclose(np.sum(loss.inverse_link_backward(z, dA) * t, axis=-1), expected, atol=1e-7)


@pytest.mark.parametrize("make", LOSSES)
def test_average_members_backward_agrees_with_central_differences(make, rng):
    """The derivative of what members say together; losses that have none say so."""
    loss = make(rng, 3)
    z, t, dv = raw_predict(rng, (4, 5, 3)), rng.normal(size=(4, 5, 3)), rng.normal(size=(5, 3))
    if not (loss.has_probabilities or loss.inverse_link(z) is z):
        with pytest.raises(NotImplementedError, match="average_members_backward"):
            loss.average_members_backward(z, dv)
        return
    expected = np.sum(dv * slope(loss.average_members, z, t), axis=-1)
    assert_allclose(
        np.sum(loss.average_members_backward(z, dv) * t, axis=(0, -1)), expected, atol=1e-7
    )


@pytest.mark.parametrize("make", LOSSES)
def test_average_members_backward_is_finite_for_large_outputs(make, rng):
    """Sure members have a derivative, where probabilities round to 0 or 1."""
    loss = make(rng, 3)
    if loss.has_probabilities:
        z = raw_predict(rng, (4, 5, 3)) * 1e3
        assert np.isfinite(loss.average_members_backward(z, np.ones((5, 3)))).all()


def test_missing_inverse_link_backward_is_an_error():
    """Nobody can guess its derivative."""

    class Doubled(NLL):
        inverse_link_backward = Loss.inverse_link_backward

    with pytest.raises(NotImplementedError, match="Doubled overrides inverse_link"):
        Doubled().inverse_link_backward(np.ones((1, 1)), np.ones((1, 1)))


@pytest.mark.parametrize("shared", [True, False])
def test_gradients_include_the_input_of_members(shared, rng):
    """Three members behind an encoding each have their own gradient of the shared input."""
    make, *_ = recipes(TabularEncoding)
    u = inputs(rng, (5, 3) if shared else (3, 5, 3))
    first = make(rng, 3)
    layer = Linear(rng.normal(size=(3, first.forward(u).shape[-1], 2)), rng.normal(size=(3, 2)))
    dv = rng.normal(size=(3, 5, 2))
    network = Sequential([first, layer])
    gradients_ = network.gradients(network.trace(u), dv)
    assert [one.shape[0] for one in gradients_] == [3, 3, 3]
    for g in range(3):
        alone = Sequential([first, Linear(layer.W[g], layer.W0[g])])
        expected = alone.backward(u if shared else u[g], None, dv[g])
        assert_allclose(gradients_[0][g], expected, rtol=1e-12, atol=1e-12)
