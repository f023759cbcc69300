"""Statistics of tables: they depend on the rows, not on the batches, and can be merged."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

from sknn import TableEncoder
from sknn.features import column_statistics, row_sample, statistics
from sknn.features.compact import checked_columns
from tests.features.tables import frame, state


@pytest.fixture(params=["exact", "sampled"])
def small_limits(request, monkeypatch):
    """Let blocks be small, and, if sampled, columns with few values be sampled."""
    monkeypatch.setattr(statistics, "BLOCK_ROWS", 64)
    if request.param == "sampled":
        monkeypatch.setattr("sknn.features.value_counts.MIN_ADDED", 8)
        monkeypatch.setattr(column_statistics, "MAX_COUNTED_VALUES", 30)
        monkeypatch.setattr(statistics, "MAX_COUNTED_VALUES", 30)
        monkeypatch.setattr(row_sample, "MAX_SAMPLE_ROWS", 64)
    return request.param


def with_weights(rng, n=500):
    """Return a table with text, booleans and missing values, and weights, some of them 0."""
    X = frame(rng, n)
    X["income"] = rng.normal(size=n)
    X.loc[:150, "owner"] = None  # a column that begins empty
    w = rng.random(n) * 3
    w[rng.random(n) < 0.1] = 0
    return X, w


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("cuts", [[250], [1, 2, 3], [64, 128], [100, 101, 230, 420]])
def test_partial_fit_equals_fit_of_all_rows(cuts, weighted, small_limits, rng):
    """Bit for bit, after each call and whatever the batches are."""
    X, w = with_weights(rng)
    w = w if weighted else None
    encoder = TableEncoder(categorical_features=["rooms", "city", "owner"])
    for start, stop in zip([0, *cuts], [*cuts, len(X)], strict=True):
        part = None if w is None else w[start:stop]
        if start == 0 and weighted and not part.any():
            continue
        encoder = pickle.loads(pickle.dumps(encoder))
        encoder.partial_fit(X[start:stop], sample_weight=part)
        whole = TableEncoder(categorical_features=["rooms", "city", "owner"])
        whole.fit(X[:stop], sample_weight=None if w is None else w[:stop])
        assert state(encoder) == state(whole)


def test_partial_fit_goes_on_in_batches_of_other_libraries(rng):
    """Frames of polars after those of pandas."""
    pytest.importorskip("pyarrow")  # for pl.from_pandas
    X = frame(rng, 200)
    encoder = TableEncoder().partial_fit(X[:120]).partial_fit(pl.from_pandas(X[120:]))
    assert state(encoder) == state(TableEncoder().fit(X))


def test_rows_of_weight_zero_are_absent_from_blocks_and_samples(small_limits, rng):
    """Exactly."""
    X, w = with_weights(rng)
    found = TableEncoder().fit(X, sample_weight=w)
    kept = TableEncoder().fit(X[w > 0], sample_weight=w[w > 0])
    assert state(found) == state(kept)


def statistics_of(X, w, first_row):
    """Return the statistics of a part of a table."""
    encoder = TableEncoder()
    X = checked_columns(encoder, X, reset=True)
    part = encoder._new_statistics(first_row=first_row)
    part.add(encoder._table(X), w)
    return part


@pytest.mark.parametrize("cuts", [[64, 256], [100, 333]])
def test_merged_parts_are_as_the_whole(cuts, small_limits, rng):
    """Bit for bit without weights; with the row numbers of a source."""
    X, _ = with_weights(rng)
    starts = [0, *cuts]
    parts = [statistics_of(X[a:b], None, a) for a, b in zip(starts, [*cuts, len(X)], strict=True)]
    before = pickle.dumps(parts[1])
    merged = parts[0].copy()
    for part in parts[1:]:
        merged.merge(part)
    assert pickle.dumps(parts[1]) == before
    encoder, whole = TableEncoder(), TableEncoder().fit(X)
    encoder._learn_statistics(merged)
    if small_limits == "exact" or cuts[0] == 64:
        assert state(encoder) == state(whole)
    for name in ("center_", "scale_"):
        assert_allclose(getattr(encoder, name), getattr(whole, name), rtol=1e-13)
    for found, edges in zip(encoder.bin_edges_, whole.bin_edges_, strict=True):
        assert_allclose(found, edges)


def test_merge_refuses_other_columns(rng):
    """By name."""
    X = frame(rng, 20)
    with pytest.raises(ValueError, match="columns of parts of the table differ"):
        statistics_of(X, None, 0).merge(statistics_of(X[["age", "rooms"]], None, 20))


def test_many_numbers_are_sampled_close_to_their_quantiles(rng):
    """The rank of an edge is off by four standard errors at most; the ends are exact."""
    n = 2**19
    x = np.exp(rng.normal(size=n))
    x[: n // 5] = 0.0
    encoder = TableEncoder(n_bins=16).fit(x[:, None])
    [edges] = encoder.bin_edges_
    assert edges[[0, -1]].tolist() == [0, x.max()]
    ranks = np.searchsorted(np.sort(x[x > 0]), edges[edges > 0][1:]) / (x > 0).sum()
    wanted = np.arange(1, 17) / 16
    assert np.abs(ranks - wanted).max() < 4 * np.sqrt(0.25 / 2**17)
    assert_allclose([encoder.center_[0], encoder.scale_[0]], [x.mean(), x.std()], rtol=1e-12)


def test_moments_of_shifted_blocks_do_not_cancel(small_limits, rng):
    """A mean of 1e9 costs no digit of the deviation beyond that of the numbers."""
    x = rng.normal(size=1000) + 1e9
    encoder = TableEncoder().fit(x[:, None])
    assert_allclose(encoder.scale_[0], (x - 1e9).std(), rtol=1e-7)


def test_partial_fit_that_raises_changes_nothing(rng):
    """Neither the attributes nor the statistics for later calls."""
    X = frame(rng, 100)
    encoder = TableEncoder().partial_fit(X[:50])
    before = state(encoder)
    with pytest.raises(TypeError, match=r"'rooms' mixes numbers and text"):
        encoder.partial_fit(X[50:].assign(rooms="many"))
    with pytest.raises(ValueError, match="feature names should match"):
        encoder.partial_fit(X[50:][["age", "rooms"]])
    assert state(encoder) == before
    assert state(encoder.partial_fit(X[50:])) == state(TableEncoder().fit(X))


def test_partial_fit_after_fit_begins_anew_with_a_warning(rng):
    """As the rows of `fit` are forgotten; another parameter is refused."""
    X = frame(rng, 30)
    with pytest.warns(UserWarning, match="its rows are forgotten"):
        encoder = TableEncoder().fit(X[:10]).partial_fit(X[10:])
    assert state(encoder) == state(TableEncoder().fit(X[10:]))
    encoder = TableEncoder().partial_fit(X).set_params(categorical_features=["rooms"])
    with pytest.raises(ValueError, match="categorical_features was"):
        encoder.partial_fit(X)


def test_fit_begins_anew(rng):
    """And leaves no statistics behind."""
    X = frame(rng, 60)
    encoder = TableEncoder().partial_fit(X[:30]).fit(X[30:])
    assert "_statistics" not in vars(encoder)
    assert state(encoder) == state(TableEncoder().fit(X[30:]))


def test_huge_and_tiny_weights_of_a_stream(rng):
    """Only ratios matter below a mean of 1; an overflow of sums is an error."""
    X = frame(rng, 80)
    tiny = TableEncoder().partial_fit(X[:40], sample_weight=np.full(40, 2.0**-1000))
    tiny.partial_fit(X[40:], sample_weight=np.full(40, 2.0**-1000))
    assert state(tiny) == state(TableEncoder().fit(X))
    with pytest.raises(ValueError, match="sum overflows"):
        TableEncoder().partial_fit(X, sample_weight=np.full(80, 1e308))


def test_types_of_columns_are_merged():
    """float32 only if all batches are; an empty batch has no say."""
    narrow, wide = (pd.DataFrame({"x": np.array([0.1, 0.2], t)}) for t in ("f4", "f8"))
    empty = pd.DataFrame({"x": [None, None]})
    settings = {"categorical_features": ["x"], "min_frequency": 1}
    for batches, dtype in [
        ([narrow, empty, narrow], np.float32),
        ([empty, narrow], np.float32),
        ([narrow, wide], np.float64),
    ]:
        encoder = TableEncoder(**settings)
        for batch in batches:
            encoder.partial_fit(batch)
        assert encoder.categories_[0].dtype == dtype
