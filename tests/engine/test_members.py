"""Members: several networks trained at once, each as it would be alone."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from sknn.engine import (
    LBFGS,
    NLL,
    SGD,
    Adam,
    Constant,
    Dataset,
    Dropout,
    EpochBatchSampler,
    Linear,
    MinibatchSolver,
    Objective,
    Sequential,
    Tanh,
    Trainer,
    raw_predict,
)
from tests.engine.gradients import rebuilt

N, M, K, G = 23, 4, 2, 3


class OneOrder:
    """A generator whose permutations are those of one member out of several."""

    def __init__(self, member, seed=0):
        self.rng = np.random.RandomState(seed)
        self.member = member

    def permutation(self, n):
        """Draw for all members, and return this one's."""
        return [self.rng.permutation(n) for _ in range(G)][self.member]


def network(seed):
    """Return a small network."""
    rng = np.random.RandomState(seed)
    layers = [Linear(rng.normal(size=s), rng.normal(size=s[1])) for s in [(M, 5), (5, K)]]
    return Sequential([layers[0], Tanh(), layers[1]])


def joint_network():
    """Return the members in one."""
    return rebuilt([network(g) for g in range(G)], np.stack)


def samples(convert=np.asarray):
    """Return inputs, half of them 0, yes/no targets and weights."""
    rng = np.random.RandomState(9)
    X = rng.normal(size=(N, M)) * rng.randint(2, size=(N, M))
    Y = rng.randint(2, size=(N, K)).astype(float)
    return Dataset(convert(X), Y, rng.uniform(0.5, 2, size=N))


def train(objective, rng, convert, optimizer=None, norm=np.inf, members=None):
    """Run three epochs of batches of 5, which leave a short one."""
    batches = EpochBatchSampler(5, members=members)
    solver = MinibatchSolver(optimizer or SGD(0.9), Constant(0.1), batches, max_grad_norm=norm)
    state = solver.init(objective)
    return Trainer(solver).train(objective, samples(convert), state=state, epochs=3, rng=rng)


@pytest.mark.parametrize("norm", [np.inf, 0.5])
@pytest.mark.parametrize("optimizer", [SGD(0.9), Adam()], ids=["SGD", "Adam"])
@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_matrix, sparse.csr_array])
def test_members_train_like_separate_networks_by_minibatches(convert, optimizer, norm):
    """Each has its own weights, order of samples and gradient norm."""
    joint = Objective(joint_network(), NLL(), 0.01)
    history = train(joint, np.random.RandomState(0), convert, optimizer, norm, members=G)
    losses = []
    for g in range(G):
        alone = Objective(network(g), NLL(), 0.01)
        losses.append(train(alone, OneOrder(g), convert, optimizer, norm).column("loss"))
        for found, expected in zip(joint.network.parameters, alone.network.parameters, strict=True):
            assert_allclose(found[g], expected, rtol=1e-10)
    assert_allclose(history.column("loss"), np.mean(losses, axis=0), rtol=1e-10)


def test_each_member_has_its_own_order():
    """Each sees every row once an epoch."""
    batches = list(EpochBatchSampler(5, members=G)(N, np.random.RandomState(0)))
    assert [rows.shape for rows in batches] == [(G, 5)] * 4 + [(G, 3)]
    orders = np.concatenate(batches, axis=1)
    assert_array_equal(np.sort(orders, axis=1), np.tile(np.arange(N), (G, 1)))
    assert len({tuple(order) for order in orders}) == G


def test_each_member_has_its_own_dropout_mask():
    """The masks differ from member to member."""
    thin = Sequential([Dropout(0.5, 40)]).sample((G, 6), np.random.RandomState(0))
    kept = thin.modules[0].keep
    assert kept.shape == (G, 6, 40)
    assert len({one.tobytes() for one in kept}) == G


@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_matrix])
def test_members_predict_on_shared_rows(convert):
    """And each answers for itself."""
    X = samples().X
    z = raw_predict(joint_network(), convert(X), X.dtype)
    assert_allclose(z, np.stack([network(g).forward(X) for g in range(G)]), rtol=1e-12)


@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_matrix])
def test_lbfgs_minimises_objectives_of_all_members(convert):
    """The sum is smallest where each of them is; without a hidden layer that is one place."""
    solver, data = LBFGS(tol=1e-9), samples(convert)
    layers = [Sequential([Linear(np.full((M, K), g), np.zeros(K))]) for g in (-1.0, 0.0, 1.0)]
    objectives = [Objective(one, NLL(), 0.1) for one in [rebuilt(layers, np.stack), *layers]]
    losses = [
        Trainer(solver).train(one, data, state={}, epochs=3000, rng=None).column("loss")[-1]
        for one in objectives
    ]
    assert_allclose(losses[0], np.mean(losses[1:]), rtol=1e-5)
