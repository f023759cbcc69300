"""Tables that are encoded before training: the same networks, bit for bit."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sknn.engine import (
    LBFGS,
    NLL,
    Adam,
    Constant,
    Dataset,
    Embedding,
    EpochBatchSampler,
    Linear,
    MinibatchSolver,
    Objective,
    Sequential,
    TabularEncoding,
    Tanh,
    Trainer,
    encoded_table,
)
from sknn.engine.encoded_table import encode_if_small
from sknn.engine.training import TrainingRun, train_together


def new_run(seed, *, before, n_bins=60, dtype="float64", solver=None, n=70, embedded=1):
    """Return a run on a table of a number, a category, and perhaps a code for an embedding."""
    rng = np.random.RandomState(seed)
    edges = np.linspace(-2, 2, n_bins + 1).astype(dtype)
    encoding = TabularEncoding(1, np.zeros(n_bins, int), edges[:-1], edges[1:], [0], [3], embedded)
    X = np.column_stack([rng.normal(size=n), rng.randint(3, size=n), rng.randint(9, size=n)])
    X[::7, 0] = np.nan
    X = X[:, : 2 + embedded]
    widths = [len(encoding.source_columns) + embedded, 1, 1]  # sums whose order shows in their bits
    layers = [
        Linear(rng.normal(size=(m, k)).astype(dtype), np.zeros(k, dtype))
        for m, k in pairwise(widths)
    ]
    modules = [layers[0], Tanh(), layers[1]]
    if embedded:
        modules.insert(0, Embedding(rng.normal(size=(9, 2)).astype(dtype), 1))
    Y = rng.randint(2, size=(n, 1)).astype(dtype)
    dataset = Dataset(X.astype(dtype), Y, rng.uniform(1, 2, n).astype(dtype))
    if before:
        dataset = encode_if_small(encoding, dataset)
    network = Sequential(modules if before else [encoding, *modules])
    objective = Objective(network, NLL(), 0.01)
    solver = solver or MinibatchSolver(Adam(), Constant(0.01), EpochBatchSampler(16))
    state = solver.init(objective)
    return TrainingRun(Trainer(solver), objective, dataset, state, 4, np.random.RandomState(seed))


def assert_same(found, expected):
    """Check that the networks and their histories are equal."""
    vectors = (run.objective.parameters.vector for run in (found, expected))
    assert_array_equal(*vectors)
    assert found.history.rows == expected.history.rows
    assert len(found.history.rows) == 4


@pytest.mark.parametrize("embedded", [0, 1])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_is_the_same(dtype, embedded):
    """In mini-batches, of which the last is smaller, and on all rows."""
    for solver in (None, LBFGS(tol=0)):
        settings = {"dtype": dtype, "embedded": embedded, "solver": solver}
        encoded, plain = (new_run(0, before=one, **settings) for one in (True, False))
        for run in (encoded, plain):
            train_together([run])
        assert_same(encoded, plain)


@pytest.mark.parametrize("embedded", [0, 1])
def test_members_are_the_same(embedded):
    """Of unequal widths, and with unequal last batches."""
    settings = [(0, 60, 70), (1, 53, 75), (2, 60, 66)]
    runs = [
        [new_run(seed, before=before, n_bins=b, n=n, embedded=embedded) for seed, b, n in settings]
        for before in (True, False)
    ]
    for members in runs:
        train_together(members)
    for found, expected in zip(*runs, strict=True):
        assert_same(found, expected)


def test_large_tables_are_encoded_in_each_step(monkeypatch):
    """And inputs that are no table are what they are."""
    dataset = Dataset(np.zeros((3, 2)), np.zeros((3, 1)))
    encoding = TabularEncoding(1, [0, 0], [0.0, 1.0], [1.0, 2.0], [], [2])  # 5 columns
    for limit, is_encoded in ((15, True), (14, False)):
        monkeypatch.setattr(encoded_table, "MAX_ENCODED_SIZE", limit)
        assert (encode_if_small(encoding, dataset) is not None) == is_encoded
    assert encode_if_small(Tanh(), dataset) is None
