"""Numeric columns: standardization, bins and missing indicators."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sknn import TableEncoder

NAN = np.nan


def test_numeric_columns_are_standardized_and_binned():
    """Weighted; a missing value is encoded as the mean, with an indicator."""
    X = np.array([[0.0], [1], [2], [3], [4], [5], [6], [7], [NAN]])
    encoder = TableEncoder(n_bins=2).fit(X, sample_weight=[1, 1, 1, 1, 1, 1, 1, 1, 5])
    assert_array_equal(encoder.bin_edges_[0], [0, 3, 7])
    scale = np.std(np.arange(8))
    assert_allclose([encoder.center_[0], encoder.scale_[0]], [3.5, scale])
    assert_allclose(
        encoder.transform([[2], [5], [-9], [99], [None]]),
        [
            [-1.5 / scale, 2 / 3, 0, 0],
            [1.5 / scale, 1, 0.5, 0],
            [-12.5 / scale, 0, 0, 0],
            [95.5 / scale, 1, 1, 0],
            [0, 1, 0.125, 1],
        ],
        atol=1e-12,
    )
    assert encoder.get_feature_names_out().tolist() == [
        "x0",
        "x0_bin[0,3)",
        "x0_bin[3,7]",
        "x0_missing",
    ]


@pytest.mark.parametrize("n_bins", [1, 5, 48])
def test_bin_edges_equal_numpy_quantiles(n_bins, rng):
    """The weighted "inverted_cdf", without duplicates."""
    x = rng.normal(size=500).round(1)
    w = rng.integers(1, 4, size=500)
    encoder = TableEncoder(n_bins=n_bins).fit(x[:, None], sample_weight=w)
    quantiles = np.linspace(0, 1, n_bins + 1)
    expected = np.quantile(np.repeat(x, w), quantiles, method="inverted_cdf")
    assert len(encoder.bin_edges_[0]) <= n_bins + 1
    assert_array_equal(encoder.bin_edges_[0], np.unique(expected))


def test_distinct_values_up_to_n_bins_plus_one_are_all_edges():
    """Columns with up to four distinct values have no bins."""
    encoder = TableEncoder(n_bins=4).fit([[0, 0], [1, 1], [5, 5], [9, 9], [9, 20]])
    assert [edges.tolist() for edges in encoder.bin_edges_] == [[], [0, 1, 5, 9, 20]]


def spiky(rng, n=1000, value=0.0, fraction=0.5, center=10.0):
    """Draw normal numbers, some of them replaced by one value; shape (n, 1)."""
    X = rng.normal(center, size=(n, 1))
    X[: int(fraction * n)] = value
    return X


@pytest.mark.parametrize("value", [0.0, 10.0, 99.0])
@pytest.mark.parametrize("n_bins", [2, 8, 48, "auto"])
def test_spike_is_left_out_of_quantiles_and_edges_are_added(value, n_bins, rng):
    """The edges are those of the column without the spike, the spike, and the values next to it."""
    X = spiky(rng, value=value)
    (edges,) = TableEncoder(n_bins=n_bins).fit(X).bin_edges_
    values, spike = np.unique(X), np.searchsorted(np.unique(X), value)
    near = values[max(spike - 1, 0) : spike + 2]
    rest = np.repeat(X[value != X], 2)[:, None]  # the same number of rows
    (others,) = TableEncoder(n_bins=n_bins).fit(rest).bin_edges_
    assert_array_equal(edges, np.union1d(others, near))


def test_bins_at_spike_tell_it_from_all_other_values(rng):
    """Two bins differ from those of a neighbour by all of their range, the others hardly."""
    X = spiky(rng, value=10.0)
    encoder = TableEncoder(n_bins=8).fit(X)
    values = np.unique(X)
    i = np.searchsorted(values, 10.0)
    bins = encoder.transform(values[i - 1 : i + 2, None])[:, 1:]
    is_above, is_from = ((bins[k + 1] - bins[k] > 0.99).nonzero()[0] for k in (1, 0))
    assert len(is_above) == len(is_from) == 1
    assert is_above == is_from + 1
    name = encoder.get_feature_names_out()[1 + is_above[0]]
    assert name.startswith("x0_bin[10,")


def test_zero_of_others_positive_has_one_bin_of_its_own():
    """It is 0 for zero, 1 for all other numbers, and is named like that."""
    X = np.array([[0.0]] * 90 + [[100.0 + i] for i in range(10)])
    encoder = TableEncoder(n_bins=3).fit(X)
    assert_array_equal(encoder.bin_edges_[0], [0, 100, 103, 106, 109])
    assert encoder.get_feature_names_out()[1] == "x0_bin[0,100)"
    assert_array_equal(encoder.transform(X)[:, 1], (X > 0).ravel())


def test_several_spikes_have_edges(rng):
    """Each of them with its neighbours."""
    X = np.concatenate([spiky(rng, value=0.0), spiky(rng, value=-5.0), spiky(rng, fraction=0)])
    values = np.unique(X)
    (edges,) = TableEncoder(n_bins=2).fit(X).bin_edges_
    assert_array_equal(edges[:3], values[:3])
    assert_array_equal(values[:2], [-5, 0])
    assert len(edges) == 5


@pytest.mark.parametrize(("n_of_100", "is_spike"), [(10, False), (11, True)])
def test_spike_has_more_than_a_tenth_of_the_known_weight(n_of_100, is_spike):
    """The number of missing values does not matter, and rows are counted by weight."""
    x = np.concatenate([np.zeros(n_of_100), np.arange(1.0, 101 - n_of_100), [NAN] * 50])
    for X, w in [
        (x, None),
        (np.repeat(x, 2), None),
        (x, np.full(150, 0.3)),
        (np.unique(x[:100]), np.r_[n_of_100, np.ones(100 - n_of_100)]),
    ]:
        encoder = TableEncoder(n_bins=2).fit(X[:, None], sample_weight=w)
        assert (1.0 in encoder.bin_edges_[0]) == is_spike


@pytest.mark.parametrize("n", [5, 9, 15])
def test_equally_frequent_values_are_no_spikes(n):
    """However few they are."""
    X = np.repeat(np.arange(float(n)), 20)[:, None]
    assert len(TableEncoder(n_bins=3).fit(X).bin_edges_[0]) == 4


def test_columns_beside_a_spiky_one_are_encoded_as_without_the_spike(rng):
    """The limit of all bins counts columns, not the bins at spikes."""
    X = rng.normal(size=(4000, 20))
    with_spike = np.hstack([X[:, :-1], spiky(rng, 4000)])
    found, expected = TableEncoder().fit(with_spike), TableEncoder().fit(X)
    for edges, same in zip(found.bin_edges_[:-1], expected.bin_edges_, strict=False):
        assert_array_equal(edges, same)
    assert len(found.bin_edges_[-1]) == 13 + 1  # zero is the smallest number


def test_no_bins_at_spikes_without_bins(rng):
    """With n_bins=0, and with too many columns."""
    X = spiky(rng)
    assert not len(TableEncoder(n_bins=0).fit(X).bin_edges_[0])
    assert TableEncoder().fit(np.tile(X, 101)).transform(X.repeat(101, axis=1)).shape[1] == 101


def test_more_than_100_binned_columns_get_no_bins(rng):
    """100 columns are binned, 101 are not."""
    X = rng.normal(size=(10, 101))
    assert TableEncoder(n_bins=48).fit(X[:, :100]).transform(X[:, :100]).shape == (10, 1000)
    assert TableEncoder(n_bins=48).fit(X).transform(X).shape == (10, 101)


@pytest.mark.parametrize(("columns", "n_bins"), [(1, 48), (5, 48), (6, 42), (20, 12), (100, 2)])
def test_auto_n_bins_limits_total_number_of_bins(columns, n_bins, rng):
    """The first and last edge stay, and edges are dropped evenly."""
    X = rng.normal(size=(48 * 64, columns))
    encoder, fine = TableEncoder().fit(X), TableEncoder(n_bins=48).fit(X)
    for edges, all_edges in zip(encoder.bin_edges_, fine.bin_edges_, strict=True):
        assert len(edges) == n_bins + 1
        assert np.isin(edges, all_edges).all()
        assert_array_equal(edges[[0, -1]], all_edges[[0, -1]])


@pytest.mark.parametrize(("n", "n_bins"), [(64 * 9, 9), (64 * 9 - 1, 8), (20, 4), (5, 4)])
def test_auto_n_bins_limits_rows_per_bin(n, n_bins, rng):
    """Rows are counted by weight; with few rows there are still four bins."""
    X = rng.normal(size=(n, 2))
    assert [len(edges) for edges in TableEncoder().fit(X).bin_edges_] == [n_bins + 1] * 2
    twice = TableEncoder().fit(X, sample_weight=np.full(n, 2.0))
    assert [edges.tolist() for edges in twice.bin_edges_] == [
        edges.tolist() for edges in TableEncoder().fit(np.vstack([X, X])).bin_edges_
    ]


def test_constant_and_empty_columns_are_dropped():
    """Their cells are ignored in transform, whatever they hold."""
    X = pd.DataFrame({"a": [1.0, 2], "one": [7, 7], "none": [NAN, NAN], "null": [None, None]})
    encoder = TableEncoder().fit(X)
    assert encoder.get_feature_names_out().tolist() == ["a"]
    assert encoder.column_types_ == ["numeric", "numeric", "empty", "empty"]
    X = X.astype(object)
    X.loc[0, "none"], X.loc[1, "null"], X.loc[0, "one"] = "text", 5, np.inf
    assert_allclose(encoder.transform(X), [[-1], [1]])


def test_constant_with_missing_values_keeps_indicator():
    """The numeric column itself is 0 in all of fit, and so unused."""
    encoder = TableEncoder().fit([[7.0], [NAN], [7.0]])
    assert_array_equal(encoder.transform([[7], [None], [8]]), [[0, 0], [0, 1], [1, 0]])
    assert encoder.unused_outputs_.tolist() == [True, False]


def test_new_missing_values_are_encoded_as_mean():
    """There is no indicator for them, and no error."""
    encoder = TableEncoder().fit([[1.0], [2.0], [6.0]])
    assert_allclose(encoder.transform([[NAN], [3.0]]), [[0], [0]], atol=1e-15)


def test_fit_on_one_and_two_rows():
    """Numeric columns of a single row are constant and dropped."""
    rows = [[1.0, "a"], [3.0, "b"]]
    one = TableEncoder(min_frequency=1).fit(rows[:1])
    assert_array_equal(one.transform(rows), [[1, 0, 0], [0, 1, 0]])
    two = TableEncoder(min_frequency=1).fit(rows)
    assert_array_equal(two.transform(rows), [[-1, 1, 0, 0, 0], [1, 0, 1, 0, 0]])
    assert TableEncoder().fit_transform([[5.0]]).shape == (1, 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("unit", [1e300, 1e150, 1e-150, 1e-300])
def test_extreme_magnitudes_do_not_overflow(unit, dtype, rng):
    """Neither sums nor squares overflow or underflow."""
    X = rng.normal(size=(40, 2))
    found = TableEncoder(dtype=dtype).fit_transform(X * unit)
    assert_allclose(found, TableEncoder(dtype=dtype).fit_transform(X), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bins_shorter_than_dtype_resolution_become_steps(dtype):
    """No bin has length 0."""
    x = np.array([0.0, 1e-20, 2e-20, 3e-20, 1, 2, 3])[:, None]
    encoder = TableEncoder(n_bins=48, dtype=dtype).fit(x)
    v = encoder.transform(x)
    assert np.isfinite(v).all()
    assert_array_equal(v[-1, 1:], np.ones(6))
    u = encoder.encode_compact(x)
    assert np.isfinite(encoder.expansion_layer().backward(u, v, np.ones_like(v))).all()


@pytest.mark.parametrize("sparse_output", [False, True])
def test_max_absolute_value_bounds_numeric_columns_only(sparse_output, rng):
    """Bins and indicators are the same, and a number far outside of fit is almost at the bound."""
    X = np.vstack([rng.normal(size=(50, 2)), [[NAN, 0]]])
    free = TableEncoder().fit(X)
    bounded = TableEncoder(max_absolute_value=3.0, sparse_output=sparse_output).fit(X)
    rows = np.vstack([X, [[1e9, -1e9]]])
    found, expected = bounded.transform(rows), free.transform(rows)
    found = found.toarray() if sparse_output else found
    z = expected[:, :2]
    assert_allclose(found[:, :2], z / np.sqrt(1 + (z / 3) ** 2))
    assert_array_equal(found[:, 2:], expected[:, 2:])
    assert_allclose(found[-1, :2], [3, -3])


@pytest.mark.parametrize("value", [0, -1.0, np.inf, NAN, "3", True])
def test_invalid_max_absolute_value_is_refused(value):
    """None is no bound."""
    with pytest.raises(ValueError, match="max_absolute_value must be a finite number above 0"):
        TableEncoder(max_absolute_value=value).fit([[1.0], [2.0]])
