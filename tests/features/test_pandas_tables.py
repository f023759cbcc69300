"""Frames of pandas that are read by blocks: the same codes and errors as by the general path."""

import datetime
from contextlib import suppress

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal

from sknn import TableEncoder
from sknn.estimators._validation.data import ValidatedData
from sknn.features import categorical, compact, pandas_table
from sknn.features.pandas_table import PandasTable, has_known_columns, is_pandas_frame

rng = np.random.default_rng(0)
N = 40
FRAME = pd.DataFrame(
    {
        "real": rng.normal(size=N),
        "single": rng.normal(size=N).astype(np.float32),
        "whole": rng.integers(0, 50, N),
        "truth": rng.random(N) < 0.5,
        "text": rng.choice(["x", "y", "z"], N),
        "object": pd.Series(rng.choice(["x", "y", None], N), dtype=object),
        "level": pd.Categorical(rng.choice(["u", "v", "w"], N), categories=["w", "v", "u", "t"]),
        "grade": pd.Categorical(rng.choice([1, 2, 3], N)),
        "cut": pd.cut(rng.normal(size=N), [-9, 0, 1, 9]),
        "nullable": pd.array(rng.choice([1, 2, pd.NA], N), dtype="Int64"),
    }
)
MANY = pd.DataFrame(rng.normal(size=(N, 20)), columns=[f"c{i}" for i in range(20)])


def general(monkeypatch):
    """Read all frames with narwhals from now on."""
    monkeypatch.setattr(pandas_table, "is_pandas_frame", lambda X: False)
    monkeypatch.setattr(compact, "has_known_columns", lambda X, fitted: False)


def outcome(encoder, X):
    """Return the compact matrix, or the error."""
    try:
        return encoder.encode_compact(X)
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def learned(X):
    """Return what an encoder learns from a frame, with the matrix of validated rows; or the error.

    Text stands for both, as NaN equals itself there.
    """
    try:
        encoder = TableEncoder(min_frequency=1).fit(X)
        data = ValidatedData(X, np.zeros(len(X)), row_numbers=np.arange(0, len(X), 2))
        ((table, _),) = data.iter_tables()
        codes = encoder._encode_validated(table).tolist()
        return repr({name: value for name, value in vars(encoder).items() if name[-1] == "_"}), str(
            codes
        )
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def later():
    """Return tables with the columns of `FRAME`."""
    swapped = FRAME["level"].cat.reorder_categories(["t", "u", "v", "w"])
    yield "same", FRAME
    yield "row", FRAME.iloc[[7]]
    yield "rows", FRAME.iloc[::-3]
    yield "gaps", FRAME.mask(rng.random(FRAME.shape) < 0.3)
    yield "missing", FRAME.assign(level=pd.Categorical([None] * N), text=None, real=np.nan)
    yield "swapped", FRAME.assign(level=swapped)
    yield "unknown", FRAME.assign(level=pd.Categorical(["v", "new"] * 20))
    yield "objects", FRAME.astype(object)
    yield "text", FRAME.assign(level=FRAME["level"].astype(str))
    yield "categories", FRAME.assign(text=FRAME["text"].astype("category"))
    yield "infinite", FRAME.assign(real=np.inf)
    yield "infinite-row", FRAME.assign(single=np.float32(-np.inf)).iloc[[0]]
    yield "dates", FRAME.assign(whole=pd.Timestamp(0))
    yield "date", FRAME.assign(text=datetime.date(2000, 1, 1))
    yield "period", FRAME.assign(level=pd.Categorical([pd.Period("2000")] * N))
    times = pd.Categorical([pd.NaT, pd.Timestamp(0)] * 20)
    yield "time", FRAME.assign(level=times).iloc[[0]]
    yield "no-time", FRAME.assign(text=pd.NaT).iloc[[0]]
    yield "no-number", FRAME.assign(text=np.nan, level=pd.NA).iloc[[0]]
    yield "letters", FRAME.assign(grade=pd.Categorical(["a", "b"] * 20))
    yield "letter", FRAME.assign(grade="a").iloc[[0]]
    yield "numbers", FRAME.assign(level=1.5)
    yield "numbered", FRAME.assign(level=pd.Categorical([1, 2] * 20))
    yield "large", FRAME.assign(whole=2**60 + np.arange(N))
    yield "mixed", FRAME.assign(object=[1, "x"] * 20)
    yield "complex", FRAME.assign(real=1j)
    with suppress(ImportError):  # older versions of pyarrow do not take the oldest NumPy
        yield "arrow", FRAME.assign(text=FRAME["text"].astype("string[pyarrow]"))
    yield "order", FRAME[FRAME.columns[::-1]]
    yield "names", FRAME.rename(columns={"real": "unreal"})
    yield "fewer", FRAME.iloc[:, 1:]
    yield "empty", FRAME.iloc[:0]
    yield "numbered-columns", FRAME.set_axis(range(FRAME.shape[1]), axis=1)
    yield (
        "numpy-names",
        FRAME.set_axis(pd.Index([*map(np.str_, FRAME.columns)], dtype=object), axis=1),
    )


@pytest.mark.parametrize("X", [pytest.param(X, id=name) for name, X in later()])
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_both_paths_agree(X, monkeypatch):
    """About codes, numbers and errors; also of tables that were seen before."""
    encoder = TableEncoder(min_frequency=1, categorical_features=["truth", "grade", "text"])
    encoder.fit(FRAME)
    found = [outcome(encoder, X) for _ in range(2)]
    general(monkeypatch)
    expected = outcome(encoder, X)
    for one in found:
        assert type(one) is type(expected)
        assert_array_equal(one, expected)


@pytest.mark.parametrize("X", [pytest.param(X, id=name) for name, X in later()])
def test_both_paths_learn_the_same(X, monkeypatch):
    """Encodings of any frame, or errors; also the rows of a small table in memory."""
    found = learned(X)
    general(monkeypatch)
    assert found == learned(X)


def test_a_row_is_read_without_narwhals(monkeypatch):
    """Neither its names nor its cells: so this is the fast path."""
    X = FRAME.drop(columns=["grade", "cut", "nullable"])
    encoder = TableEncoder(min_frequency=1).fit(X)
    wide = TableEncoder().fit(MANY)
    expected = encoder.encode_compact(X)[:1], wide.encode_compact(MANY)[:1]

    def refuse(X, name="X"):
        raise AssertionError

    for module in ("compact", "columns", "pandas_table"):
        monkeypatch.setattr(f"sknn.features.{module}.as_frame", refuse)
    assert_array_equal(encoder.encode_compact(X[:1]), expected[0])
    assert_array_equal(wide.encode_compact(MANY[:1]), expected[1])


@pytest.mark.parametrize("columns", [[3], [0, 5, 2], list(range(9, 0, -1)), list(range(20))])
def test_numbers_of_any_columns(columns):
    """Few are read one by one, many at once; whatever the types."""
    X = MANY.assign(c3=rng.integers(0, 9, N), c5=True, c8=np.float32(1) / 3, text="x")
    found = PandasTable(X).numbers(np.array(columns))
    assert found.dtype == np.float64
    assert_array_equal(found, X.iloc[:, columns].astype(np.float64))


def test_dictionaries_with_equal_types_are_told_apart():
    """Categories in another order compare equal in pandas, as types that are not ordered."""
    X = pd.DataFrame({"c": pd.Categorical(["a", "b", "c"] * 9, categories=["a", "b", "c"])})
    other = X.assign(c=X["c"].cat.reorder_categories(["c", "a", "b"]))
    assert X["c"].dtype == other["c"].dtype
    encoder = TableEncoder(min_frequency=1).fit(X)
    codes = encoder._category_codes()
    for frame in (X, other, X, other[:1]):
        assert_array_equal(
            encoder._encode_validated(frame, None, codes)[:, 0],
            [0, 1, 2] * 9 if len(frame) > 1 else 0,
        )


def test_long_dictionaries_are_not_encoded_for_a_row(monkeypatch):
    """That would take longer than to look up its category."""
    X = pd.DataFrame({"c": pd.Categorical(["a", "b", "c"] * 9)})
    codes = categorical.CategoryCodes(["a", "b"])
    monkeypatch.setattr(categorical, "MAX_EAGER_ENTRIES", 2)
    positions, entries = PandasTable(X[:1]).dictionary(0)
    assert codes.of_dictionary(positions, entries) is None
    positions, entries = PandasTable(X).dictionary(0)
    assert_array_equal(codes.of_dictionary(positions, entries), [0, 1, 2] * 9)
    assert_array_equal(codes.of_dictionary(positions[:1], entries), [0])  # it is known by now


def test_has_known_columns():
    """Only frames that `checked_columns` would accept in silence."""
    names = {"feature_names_in_": np.array(["a", "b"], dtype=object), "n_features_in_": 2}
    numbered = {"n_features_in_": 2}
    X = pd.DataFrame([[1, 2]], columns=["a", "b"])
    plain = pd.DataFrame([[1, 2]])
    assert has_known_columns(X, names)
    assert has_known_columns(pl.from_pandas(X), names)
    assert has_known_columns(plain, numbered)

    class Frame(pd.DataFrame):
        """May do anything."""

    refused = [
        (X, numbered),
        (plain, names),
        (plain.assign(c=1), numbered),
        (pl.from_pandas(X), numbered),
        (X[:0], names),
        (X[["b", "a"]], names),
        (X.assign(c=1), names),
        (X.set_axis(["a", pd.NA], axis=1), names),
        (X.set_axis(pd.Index(["a", np.str_("b")], dtype=object), axis=1), names),
        (plain.set_axis([0, True], axis=1), numbered),
        (Frame(X), names),
        (X.to_numpy(), names),
        ([[1, 2]], numbered),
    ]
    assert [has_known_columns(*one) for one in refused] == [False] * len(refused)
    assert not is_pandas_frame(Frame(X))
