"""Batches: which rows come next."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from sknn.engine import Dataset, EpochBatchSampler, Linear, ReplacementSampler, Sequential
from sknn.engine.inference import raw_predict

with_both_generators = pytest.mark.parametrize(
    "generator", [np.random.RandomState, np.random.default_rng], ids=["RandomState", "Generator"]
)
SIZES = [(10, 1), (10, 3), (10, 5), (10, 10), (10, 99), (1, 1)]


def epoch(batches, n, rng):
    """Return the row numbers of each batch of one epoch."""
    return [np.arange(n)[rows] for rows in batches(n, rng)]


@with_both_generators
@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(("n", "batch_size"), SIZES)
def test_epoch_sampler_yields_each_row_once(n, batch_size, shuffle, generator):
    """All batches have batch_size rows, the last one the rest."""
    rng = generator(0)
    for _ in range(3):
        batches = epoch(EpochBatchSampler(batch_size, shuffle), n, rng)
        *full, last = map(len, batches)
        assert full == [batch_size] * ((n - 1) // batch_size)
        assert 1 <= last <= batch_size
        assert sorted(np.concatenate(batches)) == list(range(n))


@with_both_generators
def test_epoch_sampler_draws_a_new_permutation_per_epoch(generator):
    """Neither the order of the data nor that of the epoch before."""
    batches, rng, same = EpochBatchSampler(3), generator(0), generator(0)
    first, second = (np.concatenate(epoch(batches, 50, rng)) for _ in range(2))
    assert (first != second).any()
    assert (first != np.arange(50)).any()
    assert_array_equal(first, np.concatenate(epoch(batches, 50, same)))


def test_epoch_sampler_without_shuffle_keeps_order_and_draws_nothing():
    """The generator is not touched."""
    rng = np.random.RandomState(0)
    order = np.concatenate(epoch(EpochBatchSampler(3, shuffle=False), 10, rng))
    assert_array_equal(order, np.arange(10))
    assert rng.randint(2**31) == np.random.RandomState(0).randint(2**31)


@with_both_generators
def test_replacement_sampler_yields_single_rows(generator):
    """The number of draws does not depend on n; rows are repeated."""
    batches = epoch(ReplacementSampler(2000), 10, generator(0))
    assert [len(rows) for rows in batches] == [1] * 2000
    counts = np.bincount(np.concatenate(batches), minlength=10)
    assert (abs(counts - 200) < 5 * np.sqrt(200)).all()
    assert counts.std() > 0
    few = epoch(ReplacementSampler(10), 10, generator(0))
    assert len(few) == 10
    assert len(np.unique(few)) < 10


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("rows", [slice(1, 3), np.array([3, 0])], ids=["slice", "numbers"])
def test_dataset_indexing_returns_matching_rows(rows, convert, weighted):
    """Inputs, targets and weights stay together; without weights there are none."""
    X, Y, w = np.arange(8.0).reshape(4, 2), np.arange(4.0)[:, None], np.arange(4.0)
    samples = Dataset(convert(X), Y, w if weighted else None)
    batch_X, batch_Y, batch_w = samples[rows]
    assert len(samples) == 4
    assert_array_equal(batch_X.toarray() if sparse.issparse(batch_X) else batch_X, X[rows])
    assert_array_equal(batch_Y, Y[rows])
    if weighted:
        assert_array_equal(batch_w, w[rows])
    else:
        assert batch_w is None


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("dtype", [None, np.float32])
@pytest.mark.parametrize("given", [np.float64, np.uint8])
def test_dataset_batch_equals_indexing(kind, dtype, given):
    """For batches of alternating sizes, with and without conversion."""
    rng = np.random.default_rng(0)
    X, Y, w = rng.integers(0, 99, (20, 3)).astype(given), rng.normal(size=(20, 2)), np.ones(20)
    samples = Dataset(kind(X), Y, w, dtype)
    for rows in (np.array([3, 1]), np.array([5]), np.array([0, 19]), slice(2, 7), np.array([7])):
        batch = samples.batch(rows)
        for part, expected in zip(batch, samples[rows], strict=True):
            part, expected = (getattr(a, "toarray", lambda a=a: a)() for a in (part, expected))
            assert part.dtype == expected.dtype
            np.testing.assert_array_equal(part, expected)
        assert batch[0].dtype == (dtype or given)


@pytest.mark.parametrize("convert", [np.asarray, sparse.csr_matrix])
def test_datasets_share_inputs_by_their_rows(convert):
    """As if the rows had been copied."""
    rng = np.random.RandomState(0)
    X, rows = convert(rng.normal(size=(9, 3))), np.array([7, 1, 1, 4])
    Y, w = rng.normal(size=(4, 2)), rng.uniform(size=4)
    shared, copied = Dataset(X, Y, w, "float32", rows), Dataset(X[rows], Y, w, "float32")
    assert len(shared) == 4
    for take in (slice(1, 3), np.array([3, 0, 2])):
        for method in ("__getitem__", "batch"):
            found, expected = (getattr(one, method)(take) for one in (shared, copied))
            for array, other in zip(found, expected, strict=True):
                assert abs(array - other).max() == 0
    assert abs(shared.inputs() - copied.X).max() == 0
    with pytest.raises(ValueError, match="same number of rows"):
        Dataset(X, Y, w, rows=rows[1:])


@pytest.mark.parametrize("n_rows", [0, 3, 70_000])
def test_predictions_of_selected_rows_are_those_of_their_copy(n_rows):
    """Bit for bit; the selection copies one batch after the other."""
    rng = np.random.RandomState(0)
    X, rows = rng.normal(size=(100, 4)), rng.randint(100, size=n_rows)
    network = Sequential([Linear(rng.normal(size=(4, 2)), np.ones(2))])
    dataset = Dataset(X, np.zeros((n_rows, 1)), rows=rows)
    found = raw_predict(network, dataset.selection(), X.dtype)
    assert_array_equal(found, raw_predict(network, X[rows], X.dtype))
    assert Dataset(X, X).selection() is X
