"""Features: what a table becomes, whatever it is made of, and what no table may do."""

import datetime
import decimal
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks
from sklearn.utils.fixes import parse_version

from sknn import TableEncoder
from sknn.engine import Embedding
from tests.generators import OwnGenerator

NAN = np.nan
CONFIGURATIONS = [
    TableEncoder(),
    TableEncoder(n_bins=0, dtype="float32"),
    TableEncoder(categorical_features=[0], min_frequency=1),
    TableEncoder(sparse_output=True, max_cat_to_onehot=4),
]
STRICT = (
    {"xfail_strict": True} if parse_version(sklearn.__version__) >= parse_version("1.8") else {}
)


@pytest.fixture
def rng():
    """Return a generator; every test has the same."""
    return OwnGenerator()


def cells(rng, n=200):
    """Draw a table as a dict of lists: numbers, text and both truth values, all with gaps."""
    table = {
        "age": np.round(rng.normal(40, 12, size=n), 1).tolist(),
        "rooms": rng.integers(1, 5, size=n).tolist(),
        "city": rng.choice(["Oslo", "Paris", "Rome", "Ulm"], size=n, p=[0.5, 0.3, 0.19, 0.01]),
        "owner": rng.random(n) < 0.5,
    }
    table = {name: list(map(_plain, values)) for name, values in table.items()}
    for name in ["age", "city", "owner"]:
        for row in rng.choice(n, size=n // 10, replace=False):
            table[name][row] = None
    return table


def _plain(value):
    return value.item() if isinstance(value, np.generic) else value


def frame(rng, n=200):
    """Return such a table as a pandas frame."""
    return pd.DataFrame(cells(rng, n))


def state(encoder):
    """Return what an encoder learned, as something that can be compared exactly."""
    fitted = {name: value for name, value in vars(encoder).items() if name.endswith("_")}
    return {name: _comparable(value) for name, value in fitted.items()}


def _comparable(value):
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.tolist()
    return [_comparable(one) for one in value] if isinstance(value, list) else value


# Laws


@pytest.mark.parametrize("max_cat_to_onehot", [None, 3])
def test_a_weight_is_a_number_of_rows(max_cat_to_onehot, rng):
    """Weight 2 is a row that stands twice, and weight 0 a row that is absent: exactly."""
    X = frame(rng)
    w = rng.integers(0, 4, size=len(X))
    encoder = TableEncoder(max_cat_to_onehot=max_cat_to_onehot)
    weighted = clone(encoder).fit(X, sample_weight=w)
    repeated = clone(encoder).fit(X.iloc[np.repeat(np.arange(len(X)), w)])
    assert state(weighted) == state(repeated)
    assert weighted.transform(X).tobytes() == repeated.transform(X).tobytes()


def test_weights_of_one_are_no_weights(rng):
    """As are weights that are shares: these are divided by their mean."""
    X = frame(rng)
    expected = state(TableEncoder().fit(X))
    assert state(TableEncoder().fit(X, sample_weight=np.ones(len(X)))) == expected
    shares = TableEncoder().fit(X, sample_weight=np.full(len(X), 1 / len(X)))
    for edges, others in zip(shares.bin_edges_, expected["bin_edges_"], strict=True):
        assert edges.tolist() == others[1]
    assert [list(kept) for kept in shares.categories_] == [["Oslo", "Paris", "Rome"], [0.0, 1.0]]
    assert_allclose(shares.center_, expected["center_"][1], rtol=1e-12)
    assert_allclose(shares.scale_, expected["scale_"][1], rtol=1e-12)


@pytest.mark.parametrize("largest", [1e-300, 1e300])
def test_weights_of_any_size(largest, rng):
    """Only their ratios count for numbers, and nothing overflows."""
    X = frame(rng)[["age"]]
    w = rng.uniform(0.1, 1, size=len(X))
    expected = TableEncoder(n_bins=48).fit(X, sample_weight=w)
    found = TableEncoder(n_bins=48).fit(X, sample_weight=w * largest)
    assert_allclose(found.transform(X), expected.transform(X), rtol=1e-9, atol=1e-12)


def test_the_order_of_rows_does_not_matter(rng):
    """Neither for what is learned nor for what a row becomes."""
    X = frame(rng)
    order = rng.permutation(len(X))
    encoder, permuted = TableEncoder().fit(X), TableEncoder().fit(X.iloc[order])
    assert state(encoder) == state(permuted)
    assert_array_equal(encoder.transform(X)[order], permuted.transform(X.iloc[order]))


@pytest.mark.parametrize(("shift", "factor"), [(1e6, 1.0), (0.0, 1e-9), (-3e4, 1e5)])
def test_units_do_not_matter(shift, factor, rng):
    """Degrees of one kind or another make the same matrix."""
    X = rng.normal(size=(300, 2))
    found = TableEncoder().fit_transform(X * factor + shift)
    assert_allclose(found, TableEncoder().fit_transform(X), rtol=0, atol=1e-6)


def test_the_target_has_no_part_in_it(rng):
    """It is not even looked at."""
    X = frame(rng)
    assert state(TableEncoder().fit(X)) == state(TableEncoder().fit(X, "nothing of use"))


def test_every_kind_of_table_is_the_same(rng):
    """pandas, polars, an object array and a list of rows, in any of the types for each column."""
    table = cells(rng)
    rows = [list(row) for row in zip(*table.values(), strict=True)]
    plain = pd.DataFrame(table)
    nullable = plain.astype({"city": "category", "owner": "boolean", "age": "Float64"})
    strings = plain.astype({"city": "string", "rooms": "Int8"})
    labels = pl.DataFrame(table, schema_overrides={"city": pl.Categorical})
    enum = pl.DataFrame(table, schema_overrides={"city": pl.Enum(["Ulm", "Rome", "Paris", "Oslo"])})
    objects = np.array(rows, dtype=object)
    expected = TableEncoder().fit(plain)
    for X in [plain, plain.astype(object), nullable, strings, labels, enum, objects, rows]:
        encoder = TableEncoder().fit(X)
        assert_array_equal(encoder.transform(X), expected.transform(plain))
        if hasattr(X, "columns"):
            assert state(encoder) == state(expected)
            assert_array_equal(encoder.transform(pl.DataFrame(table)), expected.transform(plain))


def test_numbers_of_every_type_are_the_same():
    """Integers, floats, decimals, and numbers in object columns, with gaps or without."""
    numbers = [3, 1, 4, 1, 5, 9, 2, 6]
    expected = TableEncoder().fit_transform(np.array(numbers, dtype=float)[:, None])
    for dtype in ["int8", "uint64", "float32", "Int64", object]:
        X = pd.DataFrame({"x": numbers}).astype(dtype)
        assert_array_equal(TableEncoder().fit_transform(X), expected)
    for X in [
        pl.DataFrame({"x": [decimal.Decimal(x) for x in numbers]}),
        [[x] for x in numbers],
        np.asfortranarray(np.array(numbers, dtype=">i4")[:, None]),
    ]:
        assert_array_equal(TableEncoder().fit_transform(X), expected)


def test_float32_is_float64_closely(rng):
    """Also where numbers differ much less from each other than from 0: seconds of an era."""
    X = frame(rng)
    X["time"] = 1.7e9 + rng.uniform(0, 60, size=len(X))
    wide = TableEncoder().fit_transform(X)
    narrow = TableEncoder(dtype="float32").fit_transform(X)
    assert narrow.dtype == np.float32
    assert_allclose(narrow, wide, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("max_cat_to_onehot", [None, 4, 0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_transform_is_the_expansion_of_what_is_read(dtype, max_cat_to_onehot, rng):
    """Bit for bit, for sparse output too."""
    X = frame(rng)
    encoder = TableEncoder(dtype=dtype, max_cat_to_onehot=max_cat_to_onehot).fit(X)
    expected = encoder.expansion_layer().forward(encoder.encode_compact(X))
    assert_array_equal(encoder.transform(X), expected)
    matrix = encoder.set_params(sparse_output=True).transform(X)
    assert isinstance(matrix, sparse.csr_matrix)
    assert matrix.dtype == dtype
    assert_array_equal(matrix.toarray(), expected)
    other = {"float32": "float64", "float64": "float32"}[dtype]
    compact = encoder.encode_compact(X, other)
    assert compact.dtype == encoder.expansion_layer(other).forward(compact).dtype == other


@pytest.mark.parametrize("sparse_output", [False, True])
def test_the_height_of_pieces_is_all_that_it_changes(sparse_output, rng):
    """What is learned and all other columns are the same."""
    X = frame(rng)
    high, low = TableEncoder(), TableEncoder(bin_scale=0.25, sparse_output=sparse_output)
    wide, lower = high.fit_transform(X), low.fit_transform(X)
    assert state(low) == state(high)
    of_pieces = np.array([".." in name for name in high.get_feature_names_out()])
    assert of_pieces.any()
    lower = lower.toarray() if sparse_output else lower
    assert_allclose(lower, np.where(of_pieces, 0.25, 1) * wide, rtol=1e-12)


def test_long_tables_are_written_in_pieces(rng):
    """More rows than are written at a time."""
    X = rng.normal(size=(50_000, 1))
    encoder = TableEncoder().fit(X)
    assert_array_equal(
        encoder.transform(X), encoder.expansion_layer().forward(encoder.encode_compact(X))
    )


# Numbers


def test_numbers_are_standardised_and_cut_at_quantiles():
    """By their weights; what is missing is at the centre and has a place of its own."""
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
    assert encoder.get_feature_names_out().tolist() == ["x0", "x0_0..3", "x0_3..7", "x0_missing"]


@pytest.mark.parametrize("n_bins", [1, 5, 48])
def test_quantiles_are_those_of_numpy(n_bins, rng):
    """The inverted distribution function, of weighted values."""
    x = rng.normal(size=500).round(1)
    w = rng.integers(1, 4, size=500)
    encoder = TableEncoder(n_bins=n_bins).fit(x[:, None], sample_weight=w)
    quantiles = np.linspace(0, 1, n_bins + 1)
    expected = np.quantile(np.repeat(x, w), quantiles, method="inverted_cdf")
    assert len(encoder.bin_edges_[0]) <= n_bins + 1
    assert_array_equal(encoder.bin_edges_[0], np.unique(expected))


def test_few_different_numbers_are_all_edges():
    """As long as there are no more of them than edges; up to four make no pieces at all."""
    encoder = TableEncoder(n_bins=4).fit([[0, 0], [1, 1], [5, 5], [9, 9], [9, 20]])
    assert [edges.tolist() for edges in encoder.bin_edges_] == [[], [0, 1, 5, 9, 20]]


def test_very_wide_tables_have_no_pieces(rng):
    """A hundred columns are cut, one more is too many."""
    X = rng.normal(size=(10, 101))
    assert TableEncoder(n_bins=48).fit(X[:, :100]).transform(X[:, :100]).shape == (10, 1000)
    assert TableEncoder(n_bins=48).fit(X).transform(X).shape == (10, 101)


@pytest.mark.parametrize(("columns", "pieces"), [(1, 48), (5, 48), (6, 42), (20, 12), (100, 2)])
def test_by_default_all_columns_have_few_pieces_together(columns, pieces, rng):
    """They keep their ends, and what is left out is left out evenly."""
    X = rng.normal(size=(48 * 64, columns))
    encoder, fine = TableEncoder().fit(X), TableEncoder(n_bins=48).fit(X)
    for edges, all_edges in zip(encoder.bin_edges_, fine.bin_edges_, strict=True):
        assert len(edges) == pieces + 1
        assert np.isin(edges, all_edges).all()
        assert_array_equal(edges[[0, -1]], all_edges[[0, -1]])


@pytest.mark.parametrize(("n", "pieces"), [(64 * 9, 9), (64 * 9 - 1, 8), (20, 4), (5, 4)])
def test_by_default_a_piece_has_rows_enough(n, pieces, rng):
    """Counted by weight; of few rows there are four pieces all the same."""
    X = rng.normal(size=(n, 2))
    assert [len(edges) for edges in TableEncoder().fit(X).bin_edges_] == [pieces + 1] * 2
    twice = TableEncoder().fit(X, sample_weight=np.full(n, 2.0))
    assert [edges.tolist() for edges in twice.bin_edges_] == [
        edges.tolist() for edges in TableEncoder().fit(np.vstack([X, X])).bin_edges_
    ]


def test_a_column_that_says_nothing_is_left_out_and_not_looked_at_again():
    """Constant numbers, and no value at all: later they may hold anything."""
    X = pd.DataFrame({"a": [1.0, 2], "one": [7, 7], "none": [NAN, NAN], "null": [None, None]})
    encoder = TableEncoder().fit(X)
    assert encoder.get_feature_names_out().tolist() == ["a"]
    assert encoder.column_types_ == ["numeric", "numeric", "empty", "empty"]
    X = X.astype(object)
    X.loc[0, "none"], X.loc[1, "null"], X.loc[0, "one"] = "text", 5, np.inf
    assert_allclose(encoder.transform(X), [[-1], [1]])


def test_a_constant_that_is_sometimes_missing_says_that():
    """Its number is 0 in all of training, which the network is told."""
    encoder = TableEncoder().fit([[7.0], [NAN], [7.0]])
    assert_array_equal(encoder.transform([[7], [None], [8]]), [[0, 0], [0, 1], [1, 0]])
    assert encoder.unused_outputs_.tolist() == [True, False]


def test_missing_values_that_training_did_not_have_are_the_centre():
    """There is no place for them, and no error."""
    encoder = TableEncoder().fit([[1.0], [2.0], [6.0]])
    assert_array_equal(encoder.transform([[NAN], [3.0]]), [[0], [0]])


def test_one_row_and_two_rows():
    """A single row has no spread, so that only categories are left of it."""
    rows = [[1.0, "a"], [3.0, "b"]]
    one = TableEncoder(min_frequency=1).fit(rows[:1])
    assert_array_equal(one.transform(rows), [[1, 0, 0], [0, 1, 0]])
    two = TableEncoder(min_frequency=1).fit(rows)
    assert_array_equal(two.transform(rows), [[-1, 1, 0, 0, 0], [1, 0, 1, 0, 0]])
    assert TableEncoder().fit_transform([[5.0]]).shape == (1, 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("unit", [1e300, 1e150, 1e-150, 1e-300])
def test_numbers_of_any_size(unit, dtype, rng):
    """Sums and squares of them do not overflow, nor vanish."""
    X = rng.normal(size=(40, 2))
    found = TableEncoder(dtype=dtype).fit_transform(X * unit)
    assert_allclose(found, TableEncoder(dtype=dtype).fit_transform(X), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numbers_closer_than_the_type_can_tell_make_steps(dtype):
    """A piece never has length 0."""
    x = np.array([0.0, 1e-20, 2e-20, 3e-20, 1, 2, 3])[:, None]
    encoder = TableEncoder(n_bins=48, dtype=dtype).fit(x)
    v = encoder.transform(x)
    assert np.isfinite(v).all()
    assert_array_equal(v[-1, 1:], np.ones(6))
    u = encoder.encode_compact(x)
    assert np.isfinite(encoder.expansion_layer().backward(u, v, np.ones_like(v))).all()


# Categories


def test_levels_that_are_rare_share_a_place():
    """Each level has its place, in order; then those that are rare or unseen; then missing."""
    X = pd.DataFrame({"c": ["b"] * 3 + ["a"] * 2 + ["z", "y"]})
    encoder = TableEncoder(min_frequency=2).fit(X)
    assert encoder.get_feature_names_out().tolist() == ["c_a", "c_b", "c_rare", "c_missing"]
    codes = encoder.encode_compact(pd.DataFrame({"c": ["a", "b", "z", "new", None]}))
    assert_array_equal(codes[:, 0], [0, 1, 2, 2, 3])
    assert encoder.unused_outputs_.tolist() == [False, False, False, True]
    weighted = TableEncoder(min_frequency=2).fit(X, sample_weight=[1, 1, 1, 1, 0, 2, 1])
    assert weighted.categories_ == [["b", "z"]]


def test_categories_that_never_occur_are_unseen():
    """A type may know more levels than training saw."""
    X = pd.DataFrame({"c": pd.Categorical(["a", "b"], categories=["a", "b", "c"])})
    encoder = TableEncoder(min_frequency=1).fit(X)
    assert encoder.categories_ == [["a", "b"]]
    assert encoder.unused_outputs_.tolist() == [False, False, True, True]


def test_numbers_and_truth_values_as_levels():
    """They are compared as numbers, and named as they are written."""
    X = pd.DataFrame({"n": [10, 2, -1, 2], "t": [True, False, None, True], "x": [0.5, 1, 2, 3]})
    encoder = TableEncoder(["n", "t"], min_frequency=1, n_bins=0).fit(X)
    assert encoder.get_feature_names_out().tolist() == [
        "x",
        *["n_-1", "n_2", "n_10", "n_rare", "n_missing"],
        *["t_False", "t_True", "t_rare", "t_missing"],
    ]
    later = pd.DataFrame({"n": [2.0, 2.5, NAN], "t": [1, 0, 3], "x": [1, 1, 1]})
    assert_array_equal(encoder.encode_compact(later)[:, 1:], [[1, 1], [3, 0], [4, 2]])
    assert encoder.column_types_ == ["numeric", "boolean", "numeric"]


@pytest.mark.parametrize("chosen", [["b"], [1], [False, True], np.array([1], dtype=np.uint8)])
def test_categorical_features_are_named_numbered_or_masked(chosen):
    """As in scikit-learn's histogram gradient boosting."""
    X = pd.DataFrame({"a": [1, 2], "b": [1, 2]})
    encoder = TableEncoder(chosen).fit(X)
    assert encoder.is_categorical_.tolist() == [False, True]
    assert encoder.categorical_features_.tolist() == [1]


@pytest.mark.parametrize("nothing", [None, [], [False, False, False]])
def test_no_column_need_be_categorical(nothing):
    """Truth values are numbers then, and so are numbers of a categorical type."""
    X = pd.DataFrame({"t": [True, False], "c": pd.Categorical([5, 3]), "x": [1, 2]})
    assert_array_equal(TableEncoder(nothing).fit_transform(X), [[1, 1, -1], [-1, -1, 1]])
    assert TableEncoder().fit(X).is_categorical_.tolist() == [True, True, False]


def test_a_hundred_thousand_levels(rng):
    """Rows for an embedding, or places in a sparse matrix."""
    X = pd.DataFrame({"c": rng.permutation([f"name {i}" for i in range(100_000)] * 2)})
    encoder = TableEncoder(min_frequency=2, max_cat_to_onehot=1000).fit(X)
    assert (encoder.n_embedded_features_, encoder.n_embeddings_) == (1, 100_002)
    assert encoder.transform(X).shape == (200_000, 1)
    encoder = TableEncoder(min_frequency=2, sparse_output=True).fit(X)
    matrix = encoder.transform(X)
    assert matrix.shape == (200_000, 100_002)
    assert_array_equal(matrix.sum(axis=0)[0, [0, 99_999, 100_000]], [[2, 2, 0]])


def test_long_texts_need_no_more_memory_than_they_have():
    """One long level does not make all others as long."""
    X = [["x" * 10**6], *([f"{i}"] for i in range(2000))]
    encoder = TableEncoder(min_frequency=1, max_cat_to_onehot=0).fit(X)
    assert len(pickle.dumps(encoder)) < 2 * 10**6


def test_columns_with_many_places_are_codes_for_an_embedding(rng):
    """Each has rows of its own, and those that training never used are known."""
    X = pd.DataFrame({"a": list("xyzxyz"), "b": list("mnopqr"), "c": list("uuuvvv")})
    encoder = TableEncoder(min_frequency=1, max_cat_to_onehot=4).fit(X)
    assert encoder.categorical_features_.tolist() == [2, 0, 1]
    assert (encoder.n_embedded_features_, encoder.n_embeddings_) == (2, 5 + 8)
    codes = encoder.encode_compact(
        pd.DataFrame({"a": ["x", "?", None], "b": ["m", "?", None], "c": None})
    )
    assert_array_equal(codes, [[3, 0, 5], [3, 3, 11], [3, 4, 12]])
    assert np.flatnonzero(encoder.unused_embeddings_).tolist() == [3, 4, 11, 12]
    assert encoder.get_feature_names_out().tolist()[-2:] == ["a_place", "b_place"]
    wide = encoder.transform(X)
    assert_array_equal(wide[:, 4:], encoder.encode_compact(X)[:, 1:])
    embedded = Embedding(np.arange(13.0)[:, None], columns=2).forward(wide)
    assert_array_equal(embedded, wide)


def test_columns_that_are_0_in_all_of_training_are_known(rng):
    """And no others: their weights have nothing to learn from."""
    X = frame(rng).drop(columns="owner")
    X["flat"] = np.where(rng.random(len(X)) < 0.5, 3, NAN)
    X["owner"] = rng.random(len(X)) < 0.5
    for encoder in [TableEncoder(), TableEncoder(max_cat_to_onehot=4)]:
        wide = encoder.fit_transform(X)
        assert_array_equal(encoder.unused_outputs_, ~wide.any(axis=0))
        assert 0 < encoder.unused_outputs_.sum() < 5


# Names


def test_names_are_short_unique_and_as_many_as_columns(rng):
    """Digits only as far as needed, underscores where two would be alike."""
    x = [0, 0.25, 0.5, 1000, 1234.2]
    X = pd.DataFrame({"a": x, "a_b": [*"ccccc"], "a_b_c": x[::-1]})
    encoder = TableEncoder(min_frequency=1).fit(X)
    names = encoder.get_feature_names_out()
    assert names.tolist() == [
        *["a", "a_b_c"],
        *["a_0..0.25", "a_0.25..0.5", "a_0.5..1000", "a_1000..1234"],
        *["a_b_c_0..0.25", "a_b_c_0.25..0.5", "a_b_c_0.5..1000", "a_b_c_1000..1234"],
        *["a_b_c_", "a_b_rare", "a_b_missing"],
    ]
    assert len(names) == encoder.transform(X).shape[1] == len(encoder.unused_outputs_)
    assert encoder.get_feature_names_out(["a", "a_b", "a_b_c"]).tolist() == names.tolist()
    with pytest.raises(ValueError, match="input_features"):
        encoder.get_feature_names_out(["b", "a", "c"])


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_the_output_may_be_a_frame(container, rng):
    """With set_output, as for every transformer."""
    X = frame(rng)
    encoder = TableEncoder().set_output(transform=container)
    wide = encoder.fit_transform(X)
    assert list(wide.columns) == encoder.get_feature_names_out().tolist()
    assert_array_equal(wide.to_numpy(), TableEncoder().fit_transform(X))


def test_other_columns_are_refused_in_scikit_learns_words(rng):
    """Their names, their order, their number."""
    X = frame(rng)
    encoder = TableEncoder().fit(X)
    with pytest.raises(ValueError, match="unseen at fit time:\n- alter"):
        encoder.transform(X.rename(columns={"age": "alter"}))
    with pytest.raises(ValueError, match="same order"):
        encoder.transform(X[X.columns[::-1]])
    with pytest.raises(ValueError, match="missing"):
        encoder.transform(pl.from_dicts(X[["age", "city"]].to_dict("records")))
    with pytest.warns(UserWarning, match="valid feature names"):
        encoder.transform(X.to_numpy())
    with pytest.raises(ValueError, match="X has 1 features, but TableEncoder is expecting 2"):
        TableEncoder().fit([[1, 2], [2, 3]]).transform([[1]])


def test_columns_with_numbers_for_names_are_nameless():
    """As everywhere in scikit-learn."""
    encoder = TableEncoder().fit(pd.DataFrame([[1, 2], [2, 1]]))
    assert not hasattr(encoder, "feature_names_in_")
    assert encoder.get_feature_names_out().tolist() == ["x0", "x1"]


# Errors

DAY = datetime.date(2020, 1, 1)
NOT_FOR_US = {
    "dates": ([DAY, DAY], pl.Date, "dates or times"),
    "moments": ([datetime.datetime(2020, 1, 1)] * 2, pl.Datetime, "dates or times"),
    "durations": ([datetime.timedelta(1)] * 2, pl.Duration, "dates or times"),
    "times": ([datetime.time(1)] * 2, pl.Time, "dates or times"),
    "lists": ([[1], [2]], pl.List(pl.Int64), "List"),
    "structs": ([{"a": 1}, {"a": 2}], pl.Struct({"a": pl.Int64}), "Struct"),
    "bytes": ([b"a", b"b"], pl.Binary, "bytes"),
    "objects": ([object(), None], pl.Object, "object"),
}


@pytest.mark.parametrize("name", NOT_FOR_US)
def test_a_column_of_neither_numbers_nor_text_is_named(name):
    """With its type, and what to do about it, in every kind of table."""
    values, dtype, what = NOT_FOR_US[name]
    with pytest.raises(TypeError, match=f"Column '{name}' holds .*{what}.*Turn"):
        TableEncoder().fit(pl.DataFrame({"a": [1, 2], name: pl.Series(values, dtype=dtype)}))
    objects = pd.DataFrame({"a": [1, 2], name: pd.Series(values, dtype=object)})
    what = what if what == "dates or times" else ""
    with pytest.raises(TypeError, match=f"Column '{name}' holds {what}.*Turn"):
        TableEncoder().fit(objects)
    with pytest.raises(TypeError, match=f"Column 1 holds {what}.*Turn"):
        TableEncoder().fit(objects.to_numpy())


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (pd.to_datetime(["2020", None]), "dates or times"),
        (pd.to_datetime(["2020", "2021"]).tz_localize("UTC"), "dates or times"),
        (pd.to_timedelta([1, 2]), "dates or times"),
        (pd.Categorical(pd.to_datetime(["2020", "2021"])), "dates or times"),
        (pd.period_range("2020", periods=2), r"dates or times \(Period"),
        ([DAY, pd.NaT], "dates or times"),
        ([DAY, None], "dates or times"),
        ([DAY, ...], "values of type date, ellipsis"),
        (pd.cut([1.0, 2.0], 2), "Interval"),
        ([1j, 2j], "complex"),
        (pd.Series([1j, 2], dtype=object), "complex"),
    ],
    ids=str,
)
def test_types_of_pandas_that_are_of_no_use(values, what):
    """Each is named."""
    with pytest.raises(TypeError, match=f"Column 'bad' holds .*{what}.*Turn"):
        TableEncoder().fit(pd.DataFrame({"a": [1, 2], "bad": values}))


@pytest.mark.parametrize(
    "values", [["a", 1.5], [True, "a"], [True, 2], ["a", NAN, 3], [1, None, "x"]], ids=str
)
def test_mixed_types_are_named(values):
    """Nobody can tell whether 1 and "1" are the same."""
    with pytest.raises(TypeError, match="Column 'bad' mixes values of types"):
        TableEncoder().fit(pd.DataFrame({"bad": pd.Series(values, dtype=object)}))


@pytest.mark.parametrize("infinity", [np.inf, -np.inf])
@pytest.mark.parametrize("chosen", ["from_dtype", ["bad"]])
def test_infinities_are_named(infinity, chosen):
    """In training and later, as number and as level."""
    X = pd.DataFrame({"a": [1, 2], "bad": [1.0, 2.0]})
    encoder = TableEncoder(chosen).fit(X)
    X.loc[0, "bad"] = infinity
    for fails in [encoder.transform, TableEncoder(chosen).fit]:
        with pytest.raises(ValueError, match="Column 'bad' holds an infinity"):
            fails(X)


def test_numbers_that_are_too_large_are_named():
    """Too large for float64, to be scaled, or for float32 once they are."""
    with pytest.raises(ValueError, match="Column 0 holds an infinity, or a number too large"):
        TableEncoder().fit([[10**400], [1]])
    with pytest.raises(ValueError, match="Column 0 holds numbers too large to be scaled"):
        TableEncoder().fit([[1.7e308], [-1.7e308]])
    encoder = TableEncoder(dtype="float32").fit([[1.0], [2.0]])
    with pytest.raises(ValueError, match="Column 0 holds a number too large for float32: 1e\\+300"):
        encoder.transform([[1e300]])


def test_text_where_numbers_were_is_named():
    """And the other way round; missing values and truth values are welcome."""
    X = pd.DataFrame({"x": [1.0, 2.0], "c": ["a", "b"]})
    encoder = TableEncoder().fit(X)
    with pytest.raises(TypeError, match="Column 'x' holds text, but held numbers in fit"):
        encoder.transform(X.assign(x=["1", "2"]))
    with pytest.raises(TypeError, match="Column 'c' holds numbers, but held text in fit"):
        encoder.transform(X.assign(c=[1, 2]))
    assert_array_equal(encoder.encode_compact(X.assign(c=NAN, x=[True, None])), [[-1, 1], [NAN, 1]])


def test_text_that_is_not_called_categorical_is_named():
    """None means that all columns are numbers."""
    with pytest.raises(TypeError, match="Column 'c' holds text, but categorical_features"):
        TableEncoder(None).fit(pd.DataFrame({"x": [1, 2], "c": ["a", "b"]}))


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (["z"], "item value 'z' which is not a valid feature name"),
        ([2], r"must be in \[0, n_features - 1\]"),
        ([-1], r"must be in \[0, n_features - 1\]"),
        ([True], "boolean mask must have shape"),
        ([0.5], "array-like of bool, int or str"),
        (["x", 1], "not a valid feature name|array-like of bool, int or str"),
        ("x", "array-like of bool, int or str"),
    ],
    ids=str,
)
def test_wrong_categorical_features_are_explained(chosen, message):
    """As in scikit-learn's histogram gradient boosting."""
    with pytest.raises(ValueError, match=message):
        TableEncoder(chosen).fit(pd.DataFrame({"x": [1, 2], "y": [2, 1]}))


def test_names_need_a_table_with_names():
    """An array has none."""
    with pytest.raises(ValueError, match="without feature names"):
        TableEncoder(["x"]).fit([[1], [2]])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_bins", -1),
        ("n_bins", 2.5),
        ("min_frequency", 0),
        ("min_frequency", 0.1),
        ("bin_scale", 0),
        ("bin_scale", np.inf),
        ("bin_scale", "high"),
        ("bin_scale", True),
        ("max_cat_to_onehot", -1),
        ("max_cat_to_onehot", True),
        ("sparse_output", "yes"),
        ("dtype", "int64"),
        ("dtype", None),
    ],
)
def test_wrong_parameters_are_named(name, value):
    """With what they may be."""
    with pytest.raises(ValueError, match=f"{name} must be "):
        TableEncoder(**{name: value}).fit([[1], [2]])


@pytest.mark.parametrize(
    ("w", "message"),
    [
        ([1, -1], "Negative values"),
        ([0, 0], "non-zero"),
        ([1, NAN], "NaN"),
        ([1], "expected"),
        ([[1], [1]], "expected"),
    ],
)
def test_wrong_weights_are_explained(w, message):
    """In scikit-learn's words."""
    with pytest.raises(ValueError, match=message):
        TableEncoder().fit([[1], [2]], sample_weight=w)


def test_columns_of_one_name_are_named():
    """Whatever their names are; with an error that is not somebody else's."""
    for twins in (["a", "b", "a"], [1, 2, 1]):
        with pytest.raises(ValueError, match=f"same name: {twins[0]!r}.*rename") as caught:
            TableEncoder().fit(pd.DataFrame(np.ones((4, 3)), columns=twins))
        assert caught.type is ValueError


def test_columns_of_rare_levels_are_named():
    """Ids, dates and numbers stored as text say nothing; few rare levels may be a small table."""
    ids = [f"id{i}" for i in range(21)]
    table = pd.DataFrame({"number": range(21), "id": ids, "few": ["a", *ids[:10], *["b"] * 10]})
    with pytest.warns(UserWarning, match=r"^Column 'id': .*min_frequency=5.*stored as text") as one:
        TableEncoder().fit(table)
    assert one[0].filename == __file__
    for ignore_overflow in (table[:20], pd.concat([table] * 5), table.drop(columns="id")):
        TableEncoder().fit(ignore_overflow)  # warnings are errors here
    TableEncoder(min_frequency=1).fit(table)


def test_empty_and_lazy_tables_are_explained():
    """Frames without rows or columns, and those that are not there yet."""
    with pytest.raises(ValueError, match=r"0 sample\(s\) \(shape=\(0, 1\)\)"):
        TableEncoder().fit(pd.DataFrame({"a": []}))
    with pytest.raises(ValueError, match=r"0 feature\(s\)"):
        TableEncoder().fit(pd.DataFrame(index=range(3)))
    with pytest.raises(TypeError, match="Collect it first"):
        TableEncoder().fit(pl.LazyFrame({"a": [1]}))
    with pytest.raises(ValueError, match=r"2D array|2-dimensional"):
        TableEncoder().fit(pd.Series([1, 2]))
    with pytest.raises(TypeError, match=r"[Ss]parse"):
        TableEncoder().fit(sparse.csr_array([[1.0]]))


# An estimator like others


@parametrize_with_checks(CONFIGURATIONS, **STRICT)
def test_check_estimator(estimator, check):
    """Every check that scikit-learn has for such an estimator."""
    check(estimator)


def test_every_check_is_run():
    """Those on sample weights among them."""
    checks = {
        getattr(check, "func", check).__name__
        for _, check in estimator_checks_generator(TableEncoder())
    }
    assert {
        "check_sample_weight_equivalence_on_dense_data",
        "check_transformer_general",
        "check_dtype_object",
        "check_complex_data",
    } <= checks


def test_a_fit_that_fails_changes_nothing(rng):
    """Not even the names of the columns."""
    X = frame(rng)
    encoder = TableEncoder().fit(X)
    before = state(encoder)
    with pytest.raises(TypeError, match="bad"):
        encoder.fit(pd.DataFrame({"other": [1, 2], "bad": [DAY, DAY]}))
    assert state(encoder) == before
    encoder.fit(X.to_numpy())
    assert not hasattr(encoder, "feature_names_in_")


def test_what_is_learned_is_plain_data(rng):
    """Arrays of numbers, numbers, text and lists, so that it can be kept safely."""
    encoder = TableEncoder(max_cat_to_onehot=4).fit(frame(rng))
    for name, value in vars(encoder).items():
        if name.endswith("_") and name != "feature_names_in_":
            for one in value if isinstance(value, list) else [value]:
                assert isinstance(one, np.ndarray | int | str | list), name
                assert not isinstance(one, np.ndarray) or one.dtype.kind in "biuf", name
                assert not isinstance(one, list) or all(type(text) is str for text in one), name


def test_pickles_and_clones_are_as_good(rng):
    """A pickle transforms alike; a clone has learned nothing."""
    X = frame(rng)
    encoder = TableEncoder(min_frequency=2).fit(X)
    loaded = pickle.loads(pickle.dumps(encoder))
    assert_array_equal(loaded.transform(X), encoder.transform(X))
    assert state(clone(encoder)) == {}


def test_the_table_is_not_changed(rng):
    """Neither a frame nor an array, by fit or transform."""
    X = frame(rng)
    for table in [X, X.to_numpy(), rng.normal(size=(10, 2))]:
        before = pickle.dumps(table)
        TableEncoder().fit(table).transform(table)
        assert pickle.dumps(table) == before


def test_it_stands_in_pipelines(rng):
    """Before a linear model, with weights routed to it or not, and on some of the columns."""
    X = frame(rng)
    y = X["age"].fillna(60) > 45
    model = make_pipeline(TableEncoder(), LogisticRegression())
    assert model.fit(X, y).score(X, y) > 0.95
    w = np.arange(len(X))
    model.fit(X, y, tableencoder__sample_weight=w)
    some = make_column_transformer((TableEncoder(), ["age", "city"]), remainder="drop")
    assert some.fit_transform(X).shape[1] == len(some.get_feature_names_out())
