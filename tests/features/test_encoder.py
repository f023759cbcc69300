"""TableEncoder: invariances, output and the conventions of scikit-learn."""

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
from tests.features.tables import cells, frame, state

CONFIGURATIONS = [
    TableEncoder(),
    TableEncoder(n_bins=0, dtype="float32"),
    TableEncoder(categorical_features=[0], min_frequency=1),
    TableEncoder(sparse_output=True, max_cat_to_onehot=4),
]
STRICT = (
    {"xfail_strict": True} if parse_version(sklearn.__version__) >= parse_version("1.8") else {}
)


@pytest.mark.parametrize("max_cat_to_onehot", [None, 3])
def test_sample_weight_equals_repeated_rows(max_cat_to_onehot, rng):
    """Weight 2 equals the row twice and weight 0 the row absent, exactly."""
    X = frame(rng)
    w = rng.integers(0, 4, size=len(X))
    encoder = TableEncoder(max_cat_to_onehot=max_cat_to_onehot)
    weighted = clone(encoder).fit(X, sample_weight=w)
    repeated = clone(encoder).fit(X.iloc[np.repeat(np.arange(len(X)), w)])
    assert state(weighted) == state(repeated)
    assert weighted.transform(X).tobytes() == repeated.transform(X).tobytes()


def test_uniform_sample_weight_equals_none(rng):
    """Weights of 1 exactly; weights with a mean below 1 after division by it."""
    X = frame(rng)
    expected = state(TableEncoder().fit(X))
    assert state(TableEncoder().fit(X, sample_weight=np.ones(len(X)))) == expected
    fractions = TableEncoder().fit(X, sample_weight=np.full(len(X), 1 / len(X)))
    for edges, others in zip(fractions.bin_edges_, expected["bin_edges_"], strict=True):
        assert edges.tolist() == others[1]
    assert [list(kept) for kept in fractions.categories_] == [["Oslo", "Paris", "Rome"], [0.0, 1.0]]
    assert_allclose(fractions.center_, expected["center_"][1], rtol=1e-12)
    assert_allclose(fractions.scale_, expected["scale_"][1], rtol=1e-12)


@pytest.mark.parametrize("largest", [1e-300, 1e300])
def test_scaled_sample_weight_gives_same_bins(largest, rng):
    """Only ratios of weights matter to numeric columns, and nothing overflows."""
    X = frame(rng)[["age"]]
    w = rng.uniform(0.1, 1, size=len(X))
    expected = TableEncoder(n_bins=48).fit(X, sample_weight=w)
    found = TableEncoder(n_bins=48).fit(X, sample_weight=w * largest)
    assert_allclose(found.transform(X), expected.transform(X), rtol=1e-9, atol=1e-12)


def test_fit_is_independent_of_row_order(rng):
    """The fitted attributes and the encoding of a row are the same."""
    X = frame(rng)
    order = rng.permutation(len(X))
    encoder, permuted = TableEncoder().fit(X), TableEncoder().fit(X.iloc[order])
    assert state(encoder) == state(permuted)
    assert_array_equal(encoder.transform(X)[order], permuted.transform(X.iloc[order]))


@pytest.mark.parametrize(("shift", "factor"), [(1e6, 1.0), (0.0, 1e-9), (-3e4, 1e5)])
def test_transform_is_invariant_to_units(shift, factor, rng):
    """Shifted and scaled numbers give the same matrix."""
    X = rng.normal(size=(300, 2))
    found = TableEncoder().fit_transform(X * factor + shift)
    assert_allclose(found, TableEncoder().fit_transform(X), rtol=0, atol=1e-6)


def test_fit_ignores_y(rng):
    """Any object may be passed as y."""
    X = frame(rng)
    assert state(TableEncoder().fit(X)) == state(TableEncoder().fit(X, "nothing of use"))


def test_all_containers_give_same_encoding(rng):
    """pandas, polars, an object array and a list of rows, with several dtypes for each column."""
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


def test_all_number_types_give_same_encoding():
    """Integers, floats, decimals, and object columns of numbers."""
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


def test_float32_output_is_close_to_float64(rng):
    """Also for large numbers with small differences, such as seconds since 1970."""
    X = frame(rng)
    X["time"] = 1.7e9 + rng.uniform(0, 60, size=len(X))
    wide = TableEncoder().fit_transform(X)
    narrow = TableEncoder(dtype="float32").fit_transform(X)
    assert narrow.dtype == np.float32
    assert_allclose(narrow, wide, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("max_cat_to_onehot", [None, 4, 0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_transform_equals_expansion_of_compact_matrix(dtype, max_cat_to_onehot, rng):
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
def test_bin_scale_scales_bin_columns_only(sparse_output, rng):
    """The fitted attributes and all other columns are the same."""
    X = frame(rng)
    high, low = TableEncoder(), TableEncoder(bin_scale=0.25, sparse_output=sparse_output)
    wide, lower = high.fit_transform(X), low.fit_transform(X)
    assert state(low) == state(high)
    is_bin = np.array(["_bin[" in name for name in high.get_feature_names_out()])
    assert is_bin.any()
    lower = lower.toarray() if sparse_output else lower
    assert_allclose(lower, np.where(is_bin, 0.25, 1) * wide, rtol=1e-12)


def test_transform_in_chunks_equals_one_pass(rng):
    """With more rows than are expanded at a time."""
    X = rng.normal(size=(50_000, 1))
    encoder = TableEncoder().fit(X)
    assert_array_equal(
        encoder.transform(X), encoder.expansion_layer().forward(encoder.encode_compact(X))
    )


# Names


def test_feature_names_out_are_unique(rng):
    """Edges have as few digits as distinguish them; duplicates get underscores."""
    x = [0, 0.25, 0.5, 1000, 1234.2]
    X = pd.DataFrame({"a": x, "a_b": [*"ccccc"], "a_b_c": x[::-1]})
    encoder = TableEncoder(min_frequency=1).fit(X)
    names = encoder.get_feature_names_out()
    assert names.tolist() == [
        *["a", "a_b_c"],
        *["a_bin[0,0.25)", "a_bin[0.25,0.5)", "a_bin[0.5,1000)", "a_bin[1000,1234]"],
        *["a_b_c_bin[0,0.25)", "a_b_c_bin[0.25,0.5)"],
        *["a_b_c_bin[0.5,1000)", "a_b_c_bin[1000,1234]"],
        *["a_b_c_", "a_b_infrequent", "a_b_missing"],
    ]
    assert len(names) == encoder.transform(X).shape[1] == len(encoder.unused_outputs_)
    assert encoder.get_feature_names_out(["a", "a_b", "a_b_c"]).tolist() == names.tolist()
    with pytest.raises(ValueError, match="input_features"):
        encoder.get_feature_names_out(["b", "a", "c"])


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output(container, rng):
    """As for every transformer."""
    X = frame(rng)
    encoder = TableEncoder().set_output(transform=container)
    wide = encoder.fit_transform(X)
    assert list(wide.columns) == encoder.get_feature_names_out().tolist()
    assert_array_equal(wide.to_numpy(), TableEncoder().fit_transform(X))


def test_transform_rejects_other_columns(rng):
    """Other names, another order, another number: with scikit-learn's messages."""
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


def test_integer_column_names_are_ignored():
    """As everywhere in scikit-learn."""
    encoder = TableEncoder().fit(pd.DataFrame([[1, 2], [2, 1]]))
    assert not hasattr(encoder, "feature_names_in_")
    assert encoder.get_feature_names_out().tolist() == ["x0", "x1"]


# Conventions of scikit-learn


@parametrize_with_checks(CONFIGURATIONS, **STRICT)
def test_check_estimator(estimator, check):
    """scikit-learn's checks."""
    check(estimator)


def test_check_estimator_includes_sample_weight_checks():
    """And those of transformers."""
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


def test_failed_fit_leaves_encoder_unchanged(rng):
    """Including the column names."""
    X = frame(rng)
    encoder = TableEncoder().fit(X)
    before = state(encoder)
    with pytest.raises(TypeError, match="bad"):
        encoder.fit(pd.DataFrame({"other": [1, 2], "bad": [1j, 2j]}))
    assert state(encoder) == before
    encoder.fit(X.to_numpy())
    assert not hasattr(encoder, "feature_names_in_")


def test_fitted_attributes_are_plain_data(rng):
    """Arrays of numbers, numbers, strings and lists, which files without code can hold."""
    encoder = TableEncoder(max_cat_to_onehot=4).fit(frame(rng))
    for name, value in vars(encoder).items():
        if name.endswith("_") and name != "feature_names_in_":
            for one in value if isinstance(value, list) else [value]:
                assert isinstance(one, np.ndarray | int | str | list), name
                assert not isinstance(one, np.ndarray) or one.dtype.kind in "biuf", name
                assert not isinstance(one, list) or all(type(text) is str for text in one), name


def test_pickle_and_clone(rng):
    """A pickle transforms equally; a clone is not fitted."""
    X = frame(rng)
    encoder = TableEncoder(min_frequency=2).fit(X)
    loaded = pickle.loads(pickle.dumps(encoder))
    assert_array_equal(loaded.transform(X), encoder.transform(X))
    assert state(clone(encoder)) == {}


def test_fit_and_transform_do_not_modify_table(rng):
    """Neither a frame nor an array."""
    X = frame(rng)
    for table in [X, X.to_numpy(), rng.normal(size=(10, 2))]:
        before = pickle.dumps(table)
        TableEncoder().fit(table).transform(table)
        assert pickle.dumps(table) == before


def test_pipeline_and_column_transformer(rng):
    """Before a linear model, with and without routed weights, and on some columns."""
    X = frame(rng)
    y = X["age"].fillna(60) > 45
    model = make_pipeline(TableEncoder(), LogisticRegression())
    assert model.fit(X, y).score(X, y) > 0.95
    w = np.arange(len(X))
    model.fit(X, y, tableencoder__sample_weight=w)
    some = make_column_transformer((TableEncoder(), ["age", "city"]), remainder="drop")
    assert some.fit_transform(X).shape[1] == len(some.get_feature_names_out())
