"""Arrays that are used again: every step is as it would be with fresh ones."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from sknn.engine import (
    NLLM,
    Dropout,
    Identity,
    Linear,
    Mish,
    Module,
    Objective,
    ReLU,
    Sequential,
    Sigmoid,
    Tanh,
    raw_outputs,
)
from sknn.engine import outputs as outputs_module
from sknn.engine.workspace import Workspace


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
def test_a_step_does_not_depend_on_those_before(activation, members):
    """Batches of three sizes in turn: more than are kept."""
    used = Objective(network(activation, members=members), NLLM(), alpha=0.1)
    for seed, n in enumerate([8, 8, 3, 8, 5, 3, 8, 8, 1, 1]):
        fresh = Objective(network(activation, members=members), NLLM(), alpha=0.1)
        J, gradient = value_and_gradient(used, *batch(n, seed))
        expected_J, expected = value_and_gradient(fresh, *batch(n, seed))
        assert expected_J == J
        assert_array_equal(gradient, expected)


def test_sparse_steps_and_dropped_units_do_not_depend_on_those_before():
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


def test_a_trace_is_written_over_only_where_it_is_told_to():
    """What a caller has stays as it is; what he hands over is used."""
    layers = network(ReLU())
    X, _ = batch(6, 0)
    first = layers.trace(X)
    kept = [array.copy() for array in first]
    second = layers.trace(batch(6, 1)[0], first)
    assert all(a is b for a, b in zip(first[1:], second[1:], strict=True))
    third = layers.trace(X)
    for array, expected in zip(third, kept, strict=True):
        assert_array_equal(array, expected)
        assert not any(array is other for other in second)


def test_a_workspace_keeps_two_sizes():
    """However many there are, memory is bounded."""
    workspace = Workspace()
    for n in range(1, 10):
        workspace.keep(n, [np.zeros(n)], [])
        assert workspace.of(n)[0] is not None
    assert sum(workspace.of(n)[0] is not None for n in range(1, 10)) <= Workspace.sizes


@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_raw_outputs_in_pieces_are_those_of_all_rows(convert, dtype, monkeypatch):
    """Every piece is converted and looked at once; a single row is a piece, too."""
    layers = network(Tanh(), dtype)
    X, _ = batch(50, 0)
    expected = layers.forward(X.astype(dtype))
    monkeypatch.setattr(outputs_module, "NUMBERS", 6 * 8)
    seen = []
    z = raw_outputs(layers, convert(X), dtype, seen.append)
    assert z.dtype == dtype
    np.testing.assert_allclose(z, expected, rtol=1e-5)
    assert [piece.shape[0] for piece in seen] == [8] * 6 + [2]
    assert all(piece.dtype == dtype for piece in seen)
    assert_array_equal(raw_outputs(layers, X[:1], dtype), layers.forward(X[:1].astype(dtype)))
