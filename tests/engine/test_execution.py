"""Steps and predictions on arrays that are used again, against networks that have no past."""

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sknn.engine import (
    NLLM,
    Dropout,
    DropoutMask,
    Identity,
    Linear,
    Loss,
    Module,
    Objective,
    ReLU,
    Sequential,
    Step,
    Tanh,
    _kernels,
    raw_predict,
)
from sknn.engine import inference as inference_module
from sknn.engine._kernels import KERNELS, Kernel
from tests.engine.gradients import concrete_classes, recipes

INPUTS = 4
OUTPUTS = 3

#: One cannot be trained, the other is for a single size of batch.
LEFT_OUT = {Step, DropoutMask}
MODULES = [
    pytest.param(make, id=f"{cls.__name__}{i}")
    for cls in concrete_classes(Module)
    if cls not in LEFT_OUT
    for i, make in enumerate(recipes(cls))
]
WEIGHTLESS = [
    param for param in MODULES if not param.values[0](np.random.RandomState(0), INPUTS).parameters
]


def chain(*makes, members=(), dtype=np.float64):
    """Return a network of modules that are made for what they get, and a last layer."""
    rng = np.random.RandomState(0)
    modules, u = [], np.ones((*members, 1, INPUTS))
    for make in (*makes, partial(layer, k=OUTPUTS, members=members)):
        modules.append(make(rng, u.shape[-1]))
        u = modules[-1].forward(u)
    network = Sequential(modules)
    for module in network.modules:
        for name in (*module.weights, *module.offsets):
            setattr(module, name, getattr(module, name).astype(dtype))
    return network


def layer(rng, m, k=5, members=()):
    """Return a layer of small random weights."""
    return Linear(0.2 * rng.normal(size=(*members, m, k)), 0.2 * rng.normal(size=(*members, k)))


def of(cls, *settings):
    """Return how to make a module that fits everywhere."""
    return lambda rng, m: cls(*settings)


def batch(n, seed, dtype=np.float64):
    """Return inputs and one-hot targets."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n, INPUTS))
    return X.astype(dtype), np.eye(OUTPUTS, dtype=dtype)[rng.randint(OUTPUTS, size=n)]


def assert_steps_have_no_past(build, batches, seed=None):
    """Compare every step with that of a new objective, exactly; weights are changed in place."""
    used = build()
    for X, Y in batches:
        fresh = build()
        fresh.parameters.vector[...] = used.parameters.vector
        kept = copy.deepcopy((X, Y))
        rngs = [None if seed is None else np.random.RandomState(seed) for _ in range(2)]
        J = used.value_and_gradient(X, Y, rng=rngs[0])
        assert_array_equal(fresh.value_and_gradient(*kept, rng=rngs[1]), J)
        assert_array_equal(used.parameters.gradient, fresh.parameters.gradient)
        used.parameters.vector -= 0.01 * np.sign(used.parameters.gradient)


def batches_of(sizes, dtype=np.float64):
    """Return a list of batches."""
    return [batch(n, seed, dtype) for seed, n in enumerate(sizes)]


def in_front_and_between(make, **settings):
    """Return a network with a module before, between and after two layers."""
    members = settings.get("members", ())
    between = partial(layer, members=members)
    return chain(make, between, make, of(ReLU), between, of(ReLU), make, **settings)


# Every module


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("make", MODULES)
def test_steps_with_buffers_equal_first_steps(make, dtype):
    """Whatever the size of the batch was, also with a single row."""
    assert_steps_have_no_past(
        lambda: Objective(in_front_and_between(make, dtype=dtype), NLLM(), 0.1),
        batches_of([8, 8, 1, 8, 1, 3, 8, 8], dtype),
    )


@pytest.mark.parametrize("make", WEIGHTLESS)
def test_member_steps_with_buffers_equal_first_steps(make):
    """Layers side by side; rows are shared or their own."""
    batches = batches_of([6, 6, 4, 6])
    own = [(np.stack([X, -X]), np.stack([Y, Y])) for X, Y in batches]
    for given in (batches, own):
        assert_steps_have_no_past(
            lambda: Objective(in_front_and_between(make, members=(2,)), NLLM(), 0.1), given
        )


@pytest.mark.parametrize("make", MODULES)
def test_buffered_steps_agree_with_central_differences(make):
    """The third step of a size, against the value, which uses no arrays again."""
    objective = Objective(in_front_and_between(make), NLLM(), 0.1)
    vector = objective.parameters.vector
    for seed in range(3):
        X, Y = batch(7, seed)
        objective.value_and_gradient(X, Y)
    direction = np.random.RandomState(9).normal(size=vector.shape)
    start, ends = vector.copy(), []
    for step in (1e-6, -1e-6):
        vector[...] = start + step * direction
        ends.append(objective.value(X, Y))
    slope = objective.parameters.gradient @ direction
    assert_allclose((ends[0] - ends[1]) / 2e-6, slope, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    ("make", "members"),
    [
        pytest.param(*param.values, members, id=f"{param.id}-{members}")
        for params, members in [(MODULES, ()), (WEIGHTLESS, (2,))]
        for param in params
    ],
)
def test_every_batch_of_raw_predict_equals_forward(make, members, monkeypatch):
    """Each is what the network says of these rows alone, and the inputs stay as they are."""
    network, (X, _) = in_front_and_between(make, members=members), batch(20, 0)
    monkeypatch.setattr(inference_module, "MAX_BATCH_ELEMENTS", 30)
    rows = inference_module.rows_per_batch(network, X)
    assert rows < 7
    kept = X.copy()
    found = raw_predict(network, X, float)
    alone = [network.forward(kept[i : i + rows]) for i in range(0, 20, rows)]
    assert_array_equal(found, np.concatenate(alone, axis=-2))
    assert_array_equal(X, kept)


def test_raw_predict_is_thread_safe(monkeypatch):
    """None of them sees what another writes."""
    monkeypatch.setattr(inference_module, "MAX_BATCH_ELEMENTS", 60)
    network = in_front_and_between(of(ReLU))
    Xs = [batch(50 + seed, seed)[0] for seed in range(8)]
    expected = [raw_predict(network, X, float) for X in Xs]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda X: raw_predict(network, X, float), 20 * Xs))
    for z, right in zip(found, 20 * expected, strict=True):
        assert_array_equal(z, right)


# Inputs


@pytest.mark.parametrize("first", [Identity, ReLU, Tanh])
@pytest.mark.parametrize(
    "convert",
    [
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=1)[:, ::2],
        lambda X: X[::-1],
        lambda X: X.astype(">f8"),
        lambda X: X.astype("f4"),
    ],
    ids=["fortran", "strided", "reversed", "swapped", "single"],
)
def test_steps_accept_any_memory_layout(convert, first):
    """Alternating with C-contiguous inputs; the inputs are not changed."""
    batches = batches_of([6] * 6)
    given = [(convert(X) if i % 2 else X, Y) for i, (X, Y) in enumerate(batches)]
    for X, _ in given:
        X.flags.writeable = False
    assert_steps_have_no_past(
        lambda: Objective(chain(of(first), layer, of(ReLU)), NLLM(), 0.1), given
    )


def test_steps_accept_memory_mapped_inputs(tmp_path):
    """Slices of it, as an epoch in order takes them."""
    X, Y = batch(20, 0)
    file = np.memmap(tmp_path / "X", X.dtype, "w+", shape=X.shape)
    file[...] = X
    slices = [(file[i : i + 6], Y[i : i + 6]) for i in range(0, 20, 6)]
    assert_steps_have_no_past(lambda: Objective(in_front_and_between(of(Identity)), NLLM()), slices)
    assert_array_equal(file, X)


@pytest.mark.parametrize("first", [[], [of(Identity)]], ids=["layer", "identity"])
def test_steps_alternate_sparse_and_dense_inputs(first):
    """Also if the first module returns its input."""
    given = [
        (sparse.csr_matrix(X) if i % 2 else X, Y) for i, (X, Y) in enumerate(batches_of([6] * 6))
    ]
    assert_steps_have_no_past(lambda: Objective(chain(*first, layer, of(ReLU)), NLLM(), 0.1), given)


def test_inputs_may_change_in_place():
    """In place, and a sparse matrix may get another data array."""
    X, Y = batch(6, 0)
    rows = sparse.csr_matrix(X)
    for given in (X, rows):
        used = Objective(chain(layer, of(ReLU)), NLLM())
        for seed in range(3):
            numbers, _ = batch(6, seed)
            if given is rows:
                rows.data = numbers.ravel()
            else:
                X[...] = numbers
            fresh = Objective(chain(layer, of(ReLU)), NLLM())
            assert fresh.value_and_gradient(given, Y) == used.value_and_gradient(given, Y)
            assert_array_equal(used.parameters.gradient, fresh.parameters.gradient)


@pytest.mark.parametrize("seed", [0, None])
@pytest.mark.parametrize("members", [(), (2,)])
def test_dropout_of_inputs_and_hidden_units(members, seed):
    """Anew in every step; without a generator all are used."""

    def dropout(rng, m):
        return Dropout(0.4, m)

    hidden = partial(layer, members=members)
    makes = dropout, hidden, of(ReLU), dropout, hidden, dropout, of(ReLU)
    assert_steps_have_no_past(
        lambda: Objective(chain(*makes, members=members), NLLM()), batches_of([6, 6, 4, 6]), seed
    )


class Perhaps(Identity):
    """In training `sample` replaces the module."""

    def sample(self, shape, rng):
        """Return an activation."""
        return Tanh()


@dataclass
class Factors(Module):
    """What is drawn, of a kind that compares its arrays."""

    factors: np.ndarray

    def forward(self, u):
        """Return each row multiplied by a factor."""
        return self.factors * u

    def backward(self, u, v, dv):
        """Return each row multiplied by a factor."""
        return self.factors * dv


class Noise(Identity):
    """Multiplies rows by random factors in training."""

    def sample(self, shape, rng):
        """Draw the factors."""
        return Factors(rng.uniform(size=(*shape, 1)))


@pytest.mark.parametrize("random", [lambda rng, m: Dropout(0.4, m), of(Perhaps), of(Noise)])
def test_steps_alternate_with_and_without_dropout(random):
    """With and without rng, on the same input array."""

    def build():
        return Objective(chain(layer, random, of(ReLU), layer, of(ReLU), random), NLLM())

    used, (X, Y) = build(), batch(6, 0)
    for seed in [None, 1, 2, None, None, 3]:
        X[...] = batch(6, seed)[0]
        rngs = [None if seed is None else np.random.RandomState(seed) for _ in range(2)]
        fresh = build()
        J = used.value_and_gradient(X, Y, rng=rngs[0])
        assert fresh.value_and_gradient(X, Y, rng=rngs[1]) == J
        assert_array_equal(used.parameters.gradient, fresh.parameters.gradient)


# Modules of the users'


class Reversing(Module):
    """Its answer is a view."""

    def forward(self, u):
        """Return the columns in reverse."""
        return u[..., ::-1]

    def backward(self, u, v, dv):
        """Return the columns in reverse."""
        return self.forward(dv)


class Constant(Module):
    """Answers with an array of its own, whatever it is asked."""

    def __init__(self):
        self.answer = np.linspace(-1, 1, 48).reshape(6, 8)

    def forward(self, u):
        """Return as much of the array as there is of `u`."""
        return self.answer[: u.shape[0], : u.shape[1]]

    def backward(self, u, v, dv):
        """Return zeros."""
        return np.zeros_like(u)


class Halved(Linear):
    """A layer whose weights are half of what is trained."""

    weights = ("V",)

    def __init__(self, V, W0):
        self.V = V
        self.W0 = W0

    @property
    def W(self):
        """The weights as they are now."""
        return self.V / 2

    def weight_grad(self, u, dv, out=None):
        """Return half of the derivative for the weights."""
        dV, dW0 = out
        dV[...] = u.T @ dv / 2
        dW0[...] = dv.sum(axis=0)
        return out


class UpToHalf:
    """What stands before `ReLU` in a class, and not in it."""

    def forward(self, u):
        """Return at most 1/2."""
        return np.minimum(super().forward(u), 0.5)

    def backward(self, u, v, dv):
        """Return `dv` between the bounds."""
        return dv * ((v > 0) & (v < 0.5))


class Bounded(UpToHalf, ReLU):
    """A subclass that has no verb in its own body."""


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("cls", [Reversing, Constant, Bounded])
def test_module_outputs_may_be_views_or_cached_arrays(cls, at):
    """Wherever they stand, nothing is written to them or to the data."""
    makes = [layer, of(ReLU), layer, of(ReLU), partial(layer, k=OUTPUTS)]
    makes.insert(at, of(cls))
    batches = batches_of([6, 6, 4, 6])
    whole = np.vstack([X for X, _ in batches])
    starts = np.cumsum([0, 6, 6, 4])
    slices = [
        (whole[start : start + len(Y)], Y) for start, (_, Y) in zip(starts, batches, strict=True)
    ]
    kept = whole.copy()
    assert_steps_have_no_past(lambda: Objective(chain(*makes), NLLM(), 0.1), slices)
    assert_array_equal(whole, kept)


def test_parameters_may_be_properties():
    """A subclass of a layer is not bound to the weights of the first step."""

    def halved(rng, m):
        linear = layer(rng, m)
        return Halved(linear.W, linear.W0)

    makes = halved, of(ReLU), halved
    assert_steps_have_no_past(lambda: Objective(chain(*makes), NLLM(), 0.1), batches_of([6] * 4))


def test_replaced_module_is_bound_again():
    """The next step is that of the network as it is now."""
    used = Objective(chain(layer, of(ReLU), layer, of(ReLU)), NLLM())
    for cls in (ReLU, Tanh, ReLU):
        for seed in range(2):
            used.network.modules[1] = cls()
            fresh = Objective(chain(layer, of(cls), layer, of(ReLU)), NLLM())
            used.value_and_gradient(*batch(6, seed))
            fresh.value_and_gradient(*batch(6, seed))
            assert_array_equal(used.parameters.gradient, fresh.parameters.gradient)


# Losses of the users'


class Handing(Loss):
    """Gives z and y themselves, and keeps them; it is the derivative of nothing."""

    def __init__(self):
        self.seen = []

    def value(self, z, y):
        """Return the last column itself."""
        self.seen.append((z, y))
        return z[:, -1]

    def gradient(self, z, y):
        """Return z or y itself."""
        return z if len(self.seen) % 2 else y


def test_loss_may_return_or_keep_its_inputs():
    """Where the last unit writes over its own output, too; targets stay as they are."""
    network = Sequential([*chain(layer, of(ReLU)).modules, ReLU()])
    network.modules[-2].W0 += 1  # so that it is on
    used, given = Objective(network, Handing()), batches_of([6] * 5)
    for i, (X, Y) in enumerate(given):
        trace = network.trace(X)
        assert used.value_and_gradient(X, Y) == pytest.approx(trace[-1][:, -1].mean())
        found = used.parameters.gradient.copy()
        dZ = (Y if i % 2 else trace[-1]) / len(Y)
        network.backpropagate(trace, dZ, used.parameters.gradients)
        assert_allclose(found, used.parameters.gradient, rtol=1e-12, atol=1e-15)
        assert_array_equal(Y, batch(6, i)[1])


# What breaks off a step, and what is made of an objective


class Breaking(Tanh):
    """Breaks off whatever is the n-th thing that it is asked for."""

    def __init__(self):
        self.left = np.inf

    def _asked(self):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt

    def forward(self, u):
        """Count, then be a Tanh."""
        self._asked()
        return super().forward(u)

    def backward(self, u, v, dv):
        """Count, then be a Tanh."""
        self._asked()
        return super().backward(u, v, dv)


class BreakingKernel(Kernel):
    """Counts what the module is asked for while it is bound, too."""

    def forward(self, module, u, v):
        """Count, then bind the method."""
        module._asked()
        return super().forward(module, u, v)

    def backward(self, module, u, v, dv, du):
        """Count, then bind the method."""
        module._asked()
        return super().backward(module, u, v, dv, du)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("asked", range(1, 10))
def test_interrupted_step_does_not_affect_later_steps(asked, first, monkeypatch):
    """Anywhere, in the first step or later, while arrays are bound or used."""
    monkeypatch.setattr(_kernels, "KERNELS", {**KERNELS, Breaking: BreakingKernel()})

    def build(cls):
        makes = [of(cls), layer, of(ReLU)] if first else [layer, of(ReLU), layer, of(cls), layer]
        return Objective(chain(*makes), NLLM())

    used = build(Breaking)
    used.network.modules[0 if first else 3].left = asked
    arrays, broken = [batch(6, 0) for _ in range(5)], 0
    for seed in range(10):
        X, Y = arrays[seed // 2]  # twice the same array, which need not be bound again
        X[...] = batch(6, seed)[0]
        try:
            used.value_and_gradient(X, Y)
        except KeyboardInterrupt:
            broken += 1
            continue
        fresh = build(Tanh)
        fresh.value_and_gradient(X, Y)
        assert_array_equal(used.parameters.gradient, fresh.parameters.gradient)
    assert broken == 1


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda objective: pickle.loads(pickle.dumps(objective))]
)
def test_copies_of_objective_are_independent(copied):
    """A vector of their own, tied to a network of their own."""
    build = partial(chain, layer, of(ReLU))
    first = Objective(build(), NLLM(), 0.1)
    for seed in range(2):
        first.value_and_gradient(*batch(6, seed))
    vector = first.parameters.vector.copy()
    second = copied(first)
    second.parameters.vector *= 2
    for objective, factor in [(second, 2), (first, 1), (second, 2)]:
        fresh = Objective(build(), NLLM(), 0.1)
        fresh.parameters.vector[...] = factor * vector
        expected = fresh.value_and_gradient(*batch(6, 5))
        assert objective.value_and_gradient(*batch(6, 5)) == expected
        assert_array_equal(objective.parameters.gradient, fresh.parameters.gradient)
