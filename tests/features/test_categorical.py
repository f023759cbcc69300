"""Categorical columns: categories, codes and `categorical_features`."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sknn import TableEncoder
from sknn.engine import Embedding
from tests.features.tables import frame

NAN = np.nan


def test_infrequent_categories_share_a_code():
    """The codes are those of the sorted categories, then infrequent or unknown, then missing."""
    X = pd.DataFrame({"c": ["b"] * 3 + ["a"] * 2 + ["z", "y"]})
    encoder = TableEncoder(min_frequency=2).fit(X)
    assert encoder.get_feature_names_out().tolist() == ["c_a", "c_b", "c_infrequent", "c_missing"]
    codes = encoder.encode_compact(pd.DataFrame({"c": ["a", "b", "z", "new", None]}))
    assert_array_equal(codes[:, 0], [0, 1, 2, 2, 3])
    assert encoder.unused_outputs_.tolist() == [False, False, False, True]
    weighted = TableEncoder(min_frequency=2).fit(X, sample_weight=[1, 1, 1, 1, 0, 2, 1])
    assert weighted.categories_ == [["b", "z"]]


def test_dtype_categories_absent_from_fit_are_unknown():
    """A categorical dtype may list more categories than occur."""
    X = pd.DataFrame({"c": pd.Categorical(["a", "b"], categories=["a", "b", "c"])})
    encoder = TableEncoder(min_frequency=1).fit(X)
    assert encoder.categories_ == [["a", "b"]]
    assert encoder.unused_outputs_.tolist() == [False, False, True, True]


def test_numbers_and_booleans_as_categories():
    """They are compared as numbers, and formatted without decimals in names."""
    X = pd.DataFrame({"n": [10, 2, -1, 2], "t": [True, False, None, True], "x": [0.5, 1, 2, 3]})
    encoder = TableEncoder(["n", "t"], min_frequency=1, n_bins=0).fit(X)
    assert encoder.get_feature_names_out().tolist() == [
        "x",
        *["n_-1", "n_2", "n_10", "n_infrequent", "n_missing"],
        *["t_False", "t_True", "t_infrequent", "t_missing"],
    ]
    later = pd.DataFrame({"n": [2.0, 2.5, NAN], "t": [1, 0, 3], "x": [1, 1, 1]})
    assert_array_equal(encoder.encode_compact(later)[:, 1:], [[1, 1], [3, 0], [4, 2]])
    assert encoder.column_types_ == ["numeric", "boolean", "numeric"]


@pytest.mark.parametrize("chosen", [["b"], [1], [False, True], np.array([1], dtype=np.uint8)])
def test_categorical_features_by_name_index_and_mask(chosen):
    """As in `HistGradientBoostingClassifier`."""
    X = pd.DataFrame({"a": [1, 2], "b": [1, 2]})
    encoder = TableEncoder(chosen).fit(X)
    assert encoder.is_categorical_.tolist() == [False, True]
    assert encoder.categorical_features_.tolist() == [1]


@pytest.mark.parametrize("setting", [None, [], [False, False, False]])
def test_no_categorical_features(setting):
    """Booleans are numeric then, and so are numbers of a categorical dtype."""
    X = pd.DataFrame({"t": [True, False], "c": pd.Categorical([5, 3]), "x": [1, 2]})
    assert_array_equal(TableEncoder(setting).fit_transform(X), [[1, 1, -1], [-1, -1, 1]])
    assert TableEncoder().fit(X).is_categorical_.tolist() == [True, True, False]


def test_100_000_categories(rng):
    """As codes for an embedding, or one-hot in a sparse matrix."""
    X = pd.DataFrame({"c": rng.permutation([f"name {i}" for i in range(100_000)] * 2)})
    encoder = TableEncoder(min_frequency=2, max_cat_to_onehot=1000).fit(X)
    assert (encoder.n_embedded_features_, encoder.n_embeddings_) == (1, 100_002)
    assert encoder.transform(X).shape == (200_000, 1)
    encoder = TableEncoder(min_frequency=2, sparse_output=True).fit(X)
    matrix = encoder.transform(X)
    assert matrix.shape == (200_000, 100_002)
    assert_array_equal(matrix.sum(axis=0)[0, [0, 99_999, 100_000]], [[2, 2, 0]])


def test_one_long_category_does_not_pad_the_others():
    """The categories of a column are not a fixed-width array."""
    X = [["x" * 10**6], *([f"c{i}"] for i in range(2000))]
    encoder = TableEncoder(min_frequency=1, max_cat_to_onehot=0).fit(X)
    assert len(pickle.dumps(encoder)) < 2 * 10**6


def test_max_cat_to_onehot_gives_codes_for_an_embedding(rng):
    """The codes of the columns do not overlap, and unused ones are known."""
    X = pd.DataFrame({"a": list("xyzxyz"), "b": list("mnopqr"), "c": list("uuuvvv")})
    encoder = TableEncoder(min_frequency=1, max_cat_to_onehot=4).fit(X)
    assert encoder.categorical_features_.tolist() == [2, 0, 1]
    assert (encoder.n_embedded_features_, encoder.n_embeddings_) == (2, 5 + 8)
    codes = encoder.encode_compact(
        pd.DataFrame({"a": ["x", "?", None], "b": ["m", "?", None], "c": None})
    )
    assert_array_equal(codes, [[3, 0, 5], [3, 3, 11], [3, 4, 12]])
    assert np.flatnonzero(encoder.unused_embeddings_).tolist() == [3, 4, 11, 12]
    assert encoder.get_feature_names_out().tolist()[-2:] == ["a_code", "b_code"]
    wide = encoder.transform(X)
    assert_array_equal(wide[:, 4:], encoder.encode_compact(X)[:, 1:])
    embedded = Embedding(np.arange(13.0)[:, None], columns=2).forward(wide)
    assert_array_equal(embedded, wide)


def test_unused_outputs_are_the_zero_columns_of_fit(rng):
    """Exactly those columns of the output that are 0 in every row."""
    X = frame(rng).drop(columns="owner")
    X["flat"] = np.where(rng.random(len(X)) < 0.5, 3, NAN)
    X["owner"] = rng.random(len(X)) < 0.5
    for encoder in [TableEncoder(), TableEncoder(max_cat_to_onehot=4)]:
        wide = encoder.fit_transform(X)
        assert_array_equal(encoder.unused_outputs_, ~wide.any(axis=0))
        assert 0 < encoder.unused_outputs_.sum() < 5
