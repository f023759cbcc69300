"""Errors and warnings about tables, parameters and weights."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse

from sknn import TableEncoder

NAN = np.nan


DAY = datetime.date(2020, 1, 1)
UNSUPPORTED = {
    "dates": ([DAY, DAY], pl.Date, "dates or times"),
    "moments": ([datetime.datetime(2020, 1, 1)] * 2, pl.Datetime, "dates or times"),
    "durations": ([datetime.timedelta(1)] * 2, pl.Duration, "dates or times"),
    "times": ([datetime.time(1)] * 2, pl.Time, "dates or times"),
    "lists": ([[1], [2]], pl.List(pl.Int64), "List"),
    "structs": ([{"a": 1}, {"a": 2}], pl.Struct({"a": pl.Int64}), "Struct"),
    "bytes": ([b"a", b"b"], pl.Binary, "bytes"),
    "objects": ([object(), None], pl.Object, "object"),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_unsupported_column_error_names_column(name):
    """And the dtype, and what to do, for every container."""
    values, dtype, what = UNSUPPORTED[name]
    with pytest.raises(TypeError, match=f"Column '{name}' holds .*{what}.*Convert"):
        TableEncoder().fit(pl.DataFrame({"a": [1, 2], name: pl.Series(values, dtype=dtype)}))
    objects = pd.DataFrame({"a": [1, 2], name: pd.Series(values, dtype=object)})
    what = what if what == "dates or times" else ""
    with pytest.raises(TypeError, match=f"Column '{name}' holds {what}.*Convert"):
        TableEncoder().fit(objects)
    with pytest.raises(TypeError, match=f"Column 1 holds {what}.*Convert"):
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
        (pd.IntervalIndex.from_breaks([1.0, 2, 3]), "Interval"),
        ([1j, 2j], "complex"),
        (pd.Series([1j, 2], dtype=object), "complex"),
    ],
    ids=str,
)
def test_unsupported_pandas_dtype_error_names_dtype(values, what):
    """Dates, intervals, complex numbers and more."""
    with pytest.raises(TypeError, match=f"Column 'bad' holds .*{what}.*Convert"):
        TableEncoder().fit(pd.DataFrame({"a": [1, 2], "bad": values}))


@pytest.mark.parametrize(
    "values", [["a", 1.5], [True, "a"], [True, 2], ["a", NAN, 3], [1, None, "x"]], ids=str
)
def test_mixed_types_error_names_column(values):
    """Whether 1 and "1" are equal is ambiguous."""
    with pytest.raises(TypeError, match="Column 'bad' mixes values of types"):
        TableEncoder().fit(pd.DataFrame({"bad": pd.Series(values, dtype=object)}))


@pytest.mark.parametrize("infinity", [np.inf, -np.inf])
@pytest.mark.parametrize("chosen", ["from_dtype", ["bad"]])
def test_infinity_error_names_column(infinity, chosen):
    """In fit and in transform, for numeric and categorical columns."""
    X = pd.DataFrame({"a": [1, 2], "bad": [1.0, 2.0]})
    encoder = TableEncoder(chosen).fit(X)
    X.loc[0, "bad"] = infinity
    for fails in [encoder.transform, TableEncoder(chosen).fit]:
        with pytest.raises(ValueError, match="Column 'bad' holds an infinity"):
            fails(X)


def test_overflow_error_names_column():
    """For float64, for standardization, or for float32 after it."""
    with pytest.raises(ValueError, match="Column 0 holds an infinity, or a number too large"):
        TableEncoder().fit([[10**400], [1]])
    with pytest.raises(ValueError, match="Column 0 holds numbers too large to be standardized"):
        TableEncoder().fit([[1.7e308], [-1.7e308]])
    encoder = TableEncoder(dtype="float32").fit([[1.0], [2.0]])
    with pytest.raises(
        ValueError, match="Column 0 holds a number too large for float32: got 1e\\+300"
    ):
        encoder.transform([[1e300]])


def test_changed_column_type_error_names_column():
    """Text for numbers or the reverse; missing values and booleans are accepted."""
    X = pd.DataFrame({"x": [1.0, 2.0], "c": ["a", "b"]})
    encoder = TableEncoder().fit(X)
    with pytest.raises(TypeError, match="Column 'x' holds text, but held numbers in fit"):
        encoder.transform(X.assign(x=["1", "2"]))
    with pytest.raises(TypeError, match="Column 'c' holds numbers, but held text in fit"):
        encoder.transform(X.assign(c=[1, 2]))
    assert_array_equal(encoder.encode_compact(X.assign(c=NAN, x=[True, None])), [[-1, 1], [NAN, 1]])


def test_text_outside_categorical_features_is_an_error():
    """With None, every column must be numeric."""
    with pytest.raises(
        TypeError, match="Column 'c' holds text, but is not in categorical_features"
    ):
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
def test_invalid_categorical_features(chosen, message):
    """With the messages of `HistGradientBoostingClassifier`."""
    with pytest.raises(ValueError, match=message):
        TableEncoder(chosen).fit(pd.DataFrame({"x": [1, 2], "y": [2, 1]}))


def test_categorical_feature_names_need_named_columns():
    """An array has no names."""
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
def test_invalid_parameter_error_names_parameter(name, value):
    """The message says what it must be."""
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
def test_invalid_sample_weight(w, message):
    """With scikit-learn's messages."""
    with pytest.raises(ValueError, match=message):
        TableEncoder().fit([[1], [2]], sample_weight=w)


def test_duplicate_column_names_are_an_error():
    """Of any type; the error is a plain ValueError."""
    for names in (["a", "b", "a"], [1, 2, 1]):
        with pytest.raises(ValueError, match=f"same name: {names[0]!r}.*rename") as caught:
            TableEncoder().fit(pd.DataFrame(np.ones((4, 3)), columns=names))
        assert caught.type is ValueError


def test_all_infrequent_column_warns():
    """Identifiers and numbers stored as text; not small tables with few categories."""
    ids = [f"id{i}" for i in range(21)]
    table = pd.DataFrame({"number": range(21), "id": ids, "few": ["a", *ids[:10], *["b"] * 10]})
    with pytest.warns(UserWarning, match=r"^Column 'id': .*min_frequency=5.*stored as text") as one:
        TableEncoder().fit(table)
    assert one[0].filename == __file__
    for informative in (table[:20], pd.concat([table] * 5), table.drop(columns="id")):
        TableEncoder().fit(informative)  # warnings are errors here
    TableEncoder(min_frequency=1).fit(table)


def test_uninformative_columns_are_named_in_good_english():
    """One, or several."""
    ids = [f"id{i}" for i in range(21)]
    with pytest.warns(UserWarning, match=r"^Column 'a': has more than 20 categories"):
        TableEncoder().fit(pd.DataFrame({"a": ids}))
    with pytest.warns(UserWarning, match=r"^Column 'a', Column 'b': each has more than 20"):
        TableEncoder().fit(pd.DataFrame({"a": ids, "b": ids}))


AGES = [f"{age}.5" for age in range(20)]


@pytest.mark.parametrize("other", ["?", "", "nan", "inf", "1_000"])
def test_text_that_is_mostly_numbers_is_named(other):
    """Once for all such columns; also by `partial_fit`, and where each of them is infrequent."""
    table = pd.DataFrame({"age": [*AGES, other], "size": [other, *AGES], "n": range(21)})
    for fit in (TableEncoder().fit, TableEncoder().partial_fit):
        with pytest.warns(UserWarning, match=r"^Column 'age', Column 'size': each hold") as caught:
            fit(table)
        assert len(caught) == 1
        assert "pd.to_numeric(column, errors='coerce')" in str(caught[0].message)
        assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match=r"^Column 1: holds text of which most values are numbers"):
        TableEncoder().fit([[1, age] for age in [*AGES, other]])


@pytest.mark.parametrize("dtype", [object, "category"])
def test_text_that_may_be_codes_is_not_named(dtype):
    """Only digits, named columns, a categorical dtype, or a tenth of other values."""
    settings = {"min_frequency": 1}
    codes = pd.DataFrame({"code": [*AGES, "?"]})
    if dtype == "category":
        TableEncoder(**settings).fit(codes.astype(dtype))
    TableEncoder(["code"], **settings).fit(codes.astype(dtype))
    for values in (AGES, [*AGES[:9], "?"], ["a", "?", *AGES[:18]]):
        TableEncoder(**settings).fit(pd.DataFrame({"code": pd.Series(values, dtype=dtype)}))


@pytest.mark.parametrize(
    "container", [pd.DataFrame, lambda X: X.to_numpy()], ids=["frame", "array"]
)
@pytest.mark.parametrize("chosen", ["from_dtype", [0]])
def test_text_in_a_column_of_numbers_says_what_fit_held(container, chosen):
    """All of it, or some; not as an advice for text that has become numbers."""
    X = pd.DataFrame({"a": [1.5, 2.5, 3.5], "b": ["x", "y", "z"], "c": [True, False, True]})
    X = X.astype(object)
    encoder = TableEncoder(chosen).fit(container(X))
    for values, found in ((["?", 2.5, 1], "mixes values of types"), (["?"] * 3, "holds text")):
        bad = container(X.assign(a=pd.Series(values, dtype=object)))
        wanted = f"{found}.*, but held numbers in fit. Convert it to numbers: pd.to_numeric"
        with pytest.raises(TypeError, match=wanted):
            encoder.transform(bad)
    for name, value, held in (("b", 1, "text"), ("c", "x", "True and False")):
        with pytest.raises(TypeError, match=f"but held {held} in fit. Convert it to {held}.$"):
            encoder.transform(container(X.assign(**{name: value})))


def test_numbers_and_text_in_fit_can_be_made_numbers():
    """In one table, or in tables that follow each other; no such advice without numbers."""
    stream = TableEncoder().partial_fit([[1.0]])
    for fit, table in ((TableEncoder().fit, [[1.0], ["?"]]), (stream.partial_fit, [["?"]])):
        with pytest.raises(TypeError, match=r"or all to numbers \(pd.to_numeric.*'coerce'"):
            fit(table)
    with pytest.raises(TypeError, match=r"or all to numbers\.$"):
        TableEncoder().fit([[True], ["?"]])


def test_empty_lazy_and_sparse_tables_are_an_error():
    """Frames without rows or columns, lazy frames, series and sparse matrices."""
    with pytest.raises(ValueError, match=r"0 sample\(s\) \(shape=\(0, 1\)\)"):
        TableEncoder().fit(pd.DataFrame({"a": []}))
    with pytest.raises(ValueError, match=r"0 feature\(s\)"):
        TableEncoder().fit(pd.DataFrame(index=range(3)))
    with pytest.raises(TypeError, match="Collect it first"):
        TableEncoder().fit(pl.LazyFrame({"a": [1]}))
    with pytest.raises(ValueError, match=r"2D array|2-dimensional"):
        TableEncoder().fit(pd.Series([1, 2]))
    with pytest.raises(TypeError, match=r"MLPRegressor take sparse matrices; or pass X.toarray"):
        TableEncoder().fit(sparse.csr_array([[1.0]]))
