"""Arrays that are used again: every step is as it would be with fresh ones."""

import pickle
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from sknn.engine import (
    NLLM,
    Dataset,
    Dropout,
    Identity,
    Linear,
    Mish,
    Module,
    Objective,
    ReLU,
    Sequential,
    Sigmoid,
    TabularEncoding,
    Tanh,
    _kernels,
    raw_predict,
)
from sknn.engine import inference as inference_module
from sknn.engine._execution import Workspace
from sknn.engine._kernels import KERNELS, OutKernel


class Handing(Module):
    """An activation of the user's that hands on the very arrays that it gets."""

    def forward(self, u):
        """Return `u` itself."""
        return u

    def backward(self, u, v, dv):
        """Return `dv` itself."""
        return dv


def network(activation, dtype=np.float64, members=()):
    """Return a network with two hidden layers."""
    rng = np.random.RandomState(0)
    sizes = [(4, 6), (6, 5), (5, 3)]
    draw = [(rng.normal(size=(*members, *s)), rng.normal(size=(*members, s[1]))) for s in sizes]
    layers = [Linear(W.astype(dtype), W0.astype(dtype)) for W, W0 in draw]
    return Sequential([layers[0], activation, layers[1], activation, layers[2]])


def batch(n, seed, dtype=np.float64):
    """Return inputs and one-hot targets."""
    rng = np.random.RandomState(seed)
    return rng.normal(size=(n, 4)).astype(dtype), np.eye(3, dtype=dtype)[rng.randint(3, size=n)]


def value_and_gradient(objective, X, Y):
    """Return J and a copy of its gradient."""
    return objective.value_and_gradient(X, Y), objective.parameters.gradient.copy()


ACTIVATIONS = [ReLU(), Tanh(), Sigmoid(), Sigmoid(2.0), Mish(), Identity(), Handing()]


@pytest.mark.parametrize("members", [(), (2,)])
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_steps_are_independent_of_earlier_steps(activation, members):
    """Batches of three sizes in turn: more than are kept."""
    used = Objective(network(activation, members=members), NLLM(), alpha=0.1)
    for seed, n in enumerate([8, 8, 3, 8, 5, 3, 8, 8, 1, 1]):
        fresh = Objective(network(activation, members=members), NLLM(), alpha=0.1)
        J, gradient = value_and_gradient(used, *batch(n, seed))
        expected_J, expected = value_and_gradient(fresh, *batch(n, seed))
        assert_array_equal(J, expected_J)
        assert_array_equal(gradient, expected)


def test_sparse_and_dropout_steps_are_independent_of_earlier_steps():
    """Where arrays cannot be written over, fresh ones are made."""
    modules = network(ReLU()).modules
    thinned = Sequential([*modules[:2], Dropout(0.5, 6), *modules[2:]])
    used = Objective(thinned, NLLM())
    for seed in range(4):
        X, Y = batch(6, seed)
        given = sparse.csr_matrix(X) if seed % 2 else X
        used.value_and_gradient(given, Y, rng=np.random.RandomState(seed))
        gradient = used.parameters.gradient.copy()
        modules = network(ReLU()).modules
        fresh = Objective(Sequential([*modules[:2], Dropout(0.5, 6), *modules[2:]]), NLLM())
        fresh.value_and_gradient(given, Y, rng=np.random.RandomState(seed))
        assert_array_equal(gradient, fresh.parameters.gradient)


def test_forward_results_are_not_overwritten():
    """Neither inputs, nor a trace of the same network; from the second step on arrays stay."""
    objective = Objective(network(ReLU()), NLLM())
    first, second = batch(6, 0), batch(6, 1)
    trace = objective.network.trace(first[0])
    kept = [array.copy() for array in (*trace, *second)]
    for _ in range(3):
        objective.value_and_gradient(*first)
        objective.value_and_gradient(*second)
    for array, expected in zip((*trace, *second), kept, strict=True):
        assert_array_equal(array, expected)


def test_relu_is_inplace_after_linear_only():
    """After a layer, not after what reads its own output, and never over the inputs."""
    step = step_of([ReLU(), *network(ReLU()).modules, Tanh(), ReLU()])
    same = [v is u for u, v in pairwise(step.values)]
    assert same == [False, False, True, False, True, False, False, False]
    assert [v is u for u, v in pairwise(step.output_gradients[1:])] == same[2:]


def step_of(modules):
    """Return what is kept of two steps."""
    objective = Objective(Sequential(modules), NLLM())
    for seed in range(2):
        objective.value_and_gradient(*batch(6, seed))
    (step,) = objective._gradient._shards[0].workspace.values()
    return step


def test_module_may_return_sparse_inputs():
    """Every step is a first one then."""
    used = Objective(Sequential([Handing(), *network(Tanh()).modules]), NLLM())
    for seed in range(3):
        X, Y = batch(6, seed)
        J, gradient = value_and_gradient(used, sparse.csr_matrix(X), Y)
        expected_J, expected = value_and_gradient(Objective(network(Tanh()), NLLM()), X, Y)
        np.testing.assert_allclose(J, expected_J, rtol=1e-12)
        np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-14)


class Noting(Module):
    """The identity, which notes where it is told to write."""

    def __init__(self):
        self.told = []

    def forward(self, u, out=None):
        """Return a copy."""
        self.told.append(out)
        return u.copy()

    def backward(self, u, v, dv, out=None):
        """Return a copy."""
        self.told.append(out)
        return dv.copy()


def test_second_step_of_a_size_gets_out_arrays(monkeypatch):
    """Forward and backward; the first has none."""
    monkeypatch.setattr(_kernels, "KERNELS", {**KERNELS, Noting: OutKernel()})
    noting = Noting()
    objective = Objective(
        Sequential([network(Tanh()), noting, Linear(np.eye(3), np.ones(3))]), NLLM()
    )
    for seed in range(2):
        objective.value_and_gradient(*batch(6, seed))
    assert [out is None for out in noting.told] == [True, True, False, False]
    assert [out.shape for out in noting.told[2:]] == [(6, 3), (6, 3)]


def test_batch_buffers_are_reused():
    """With and without conversion; a slice is a view of the data."""
    X, Y = batch(20, 0)
    for dtype in (np.float64, np.float32):
        samples = Dataset(X, Y, dtype=dtype)
        first = samples.batch(np.arange(5))
        second = samples.batch(np.arange(5, 10))
        assert first[0] is second[0]
        assert first[1] is second[1]
        assert_array_equal(second[0], X[5:10].astype(dtype))
        assert first[0] is not samples.batch(np.arange(4))[0]


def test_wide_encodings_get_smaller_batches(monkeypatch):
    """What counts is how wide the network makes them, and nothing changes."""
    layers = Sequential(
        [
            TabularEncoding(1, [0] * 7, np.arange(7.0), np.arange(1.0, 8.0), [], []),
            *network(Tanh()).modules,
        ]
    )
    layers.modules[1].W = np.ones((8, 6))
    monkeypatch.setattr(inference_module, "MAX_BATCH_ELEMENTS", 24)
    seen, X = [], np.arange(5.0)[:, None]
    found = raw_predict(layers, X, float, seen.append)
    np.testing.assert_allclose(found, layers.forward(X), rtol=1e-10)
    assert [len(piece) for piece in seen] == [3, 2]


def test_raw_predict_concatenates_batches_of_members(monkeypatch):
    """The rows are the last axis but one."""
    layers, (X, _) = network(Tanh(), members=(2,)), batch(7, 0)
    expected = layers.forward(X)
    monkeypatch.setattr(inference_module, "MAX_BATCH_ELEMENTS", 24)
    np.testing.assert_allclose(raw_predict(layers, X, float), expected, rtol=1e-10)


def test_check_sees_overflow_of_conversion():
    """NumPy does not warn before."""
    seen = []
    layer = Linear(np.ones((1, 1), "f4"), np.ones(1, "f4"))
    raw_predict(Sequential([layer]), np.array([[1e300]]), np.float32, seen.append)
    assert np.isinf(seen[0]).all()


def test_workspaces_keep_two_sizes():
    """The number of sizes is bounded; copies and pickles are empty."""
    objective, dataset = Objective(network(Tanh()), NLLM()), Dataset(*batch(9, 0))
    for n in (*range(1, 10), 1, 1, 2, 2, 3, 3):
        objective.value_and_gradient(*dataset.batch(np.arange(n)))
        for workspace in (objective._gradient._shards[0].workspace, dataset._workspace):
            assert 0 < len(workspace) <= Workspace.max_sizes
            assert not pickle.loads(pickle.dumps(workspace))


@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_raw_predict_in_batches_equals_forward(convert, dtype, monkeypatch):
    """Every piece is converted and looked at once; a single row is a piece, too."""
    layers = network(Tanh(), dtype)
    X, _ = batch(50, 0)
    expected = layers.forward(X.astype(dtype))
    monkeypatch.setattr(inference_module, "MAX_BATCH_ELEMENTS", 6 * 8)
    seen = []
    z = raw_predict(layers, convert(X), dtype, seen.append)
    assert z.dtype == dtype
    np.testing.assert_allclose(z, expected, rtol=1e-5)
    assert [piece.shape[0] for piece in seen] == [8] * 6 + [2]
    assert all(piece.dtype == dtype for piece in seen)
    assert_array_equal(raw_predict(layers, X[:1], dtype), layers.forward(X[:1].astype(dtype)))


class Sometimes(Tanh):
    """The identity in some steps, Tanh in others."""

    def __init__(self, *turns):
        self.turns = list(turns)

    def sample(self, n, rng):
        """Return what is next."""
        return Tanh() if self.turns.pop(0) else Identity()


@pytest.mark.parametrize("first", [True, False])
def test_arrays_returned_by_modules_are_not_overwritten(first):
    """A position that handed its input on may compute in the next step, and nothing is lost."""

    def objective(*turns):
        fresh = network(Sigmoid()).modules
        at = 0 if first else 2
        return Objective(Sequential([*fresh[:at], Sometimes(*turns), *fresh[at:]]), NLLM())

    used = objective(False, True, False)
    batches = [batch(6, seed) for seed in range(3)]
    given = [X.copy() for X, _ in batches]
    for (X, Y), turn in zip(batches, (False, True, False), strict=True):
        used.value_and_gradient(X, Y, rng=np.random.RandomState(0))
        fresh = objective(turn)
        fresh.value_and_gradient(X, Y, rng=np.random.RandomState(0))
        assert_array_equal(used.parameters.gradient, fresh.parameters.gradient)
    for (X, _), before in zip(batches, given, strict=True):
        assert_array_equal(X, before)


class Clipped(ReLU):
    """A subclass that does not take `out`."""

    def forward(self, u):
        """Return at most 6."""
        return np.minimum(super().forward(u), 6)

    def backward(self, u, v, dv):
        """Return `dv` between the bounds."""
        return dv * ((v > 0) & (v < 6))


class Widening(Module):
    """An activation that answers in float64 whatever it gets."""

    def forward(self, u):
        """Return u in float64."""
        return u.astype(np.float64)

    def backward(self, u, v, dv):
        """Return dv as it is."""
        return dv


@pytest.mark.parametrize("activation", [Clipped(), Widening()], ids=repr)
def test_custom_modules_need_no_out_parameter(activation):
    """Subclasses of ours, and those that change the type."""
    objective = Objective(network(activation, np.float32), NLLM())
    for seed in range(3):
        J, gradient = value_and_gradient(objective, *batch(6, seed, np.float32))
        fresh = Objective(network(activation, np.float32), NLLM())
        assert (J, gradient.tolist()) == (
            (expected := value_and_gradient(fresh, *batch(6, seed, np.float32)))[0],
            expected[1].tolist(),
        )


def test_steps_accept_other_dtypes_and_layouts():
    """float64 rows for float32 weights and the other way round, in turn; transposed weights."""
    for dtype in (np.float32, np.float64):
        objective = Objective(network(Tanh(), dtype), NLLM())
        for seed, given in enumerate([np.float64, np.float32, np.float64, np.float32]):
            fresh = Objective(network(Tanh(), dtype), NLLM())
            J, gradient = value_and_gradient(objective, *batch(6, seed, given))
            expected_J, expected = value_and_gradient(fresh, *batch(6, seed, given))
            assert expected_J == J
            assert_array_equal(gradient, expected)
    layer = Linear(np.asfortranarray(np.ones((4, 6))), np.zeros(6))
    dW, _ = layer.weight_grad(np.ones((3, 4)), np.ones((3, 6)))
    assert_array_equal(dW, np.full((4, 6), 3.0))


@pytest.mark.parametrize("n", [1, 3, 300])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_memory_order_of_inputs_does_not_matter(n, dtype):
    """C or Fortran: the same raw outputs, exactly, also with a single unit."""
    rng = np.random.RandomState(0)
    layers = Sequential([Linear(rng.normal(size=(4, 1)).astype(dtype), np.zeros(1, dtype))])
    X = rng.normal(size=(n, 4)).astype(dtype)
    assert_array_equal(
        raw_predict(layers, X, dtype), raw_predict(layers, np.asfortranarray(X), dtype)
    )


def test_wide_sparse_rows_are_predicted_in_batches():
    """No array is as wide as they are."""
    layers = Sequential([Linear(np.ones((2**20, 2), np.float32), np.zeros(2, np.float32))])
    seen = []
    entries = np.ones(50, np.float32), np.arange(50) * 2**14, np.arange(51)
    X = sparse.csr_matrix(entries, shape=(50, 2**20))
    raw_predict(layers, X, np.float32, seen.append)
    assert len(seen) == 1
