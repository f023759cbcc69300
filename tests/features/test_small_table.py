"""Small tables: columns that are read once give what reading some of the rows gives."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal

from sknn import TabularMLPClassifier
from sknn.features import small_table
from sknn.features.columns import Table
from sknn.features.small_table import SmallTable, read_if_small

#: Rows of which two columns have no value, in no order, and rows of which they have some.
SELECTIONS = ([7, 2, 5], [0, 1, 4, 3], [])


def columns():
    """Return columns of all types, as lists."""
    numbers = [0.5, 1.0, np.nan, 3.0, -2.0, np.nan, 0.1, np.nan]
    text = ["b", "a", None, "", "b", None, "c", None]
    return numbers, text, [True, False, True, True, False, False, True, False]


def pandas_frame():
    """Return them in pandas' types, also narrow, nullable and categorical ones."""
    numbers, text, booleans = columns()
    frame = pd.DataFrame({"x": numbers, "t": pd.array(text, dtype="string"), "b": booleans})
    frame["f"] = frame["x"].astype(np.float32)
    frame["i"] = pd.array([None if x != x else int(x) for x in numbers], dtype="Int64")
    frame["c"] = pd.Categorical(text)
    frame["o"] = np.array([True, None, None, False, True, None, True, None], dtype=object)
    frame["cut"] = pd.cut(frame["x"], [-3, 0, 3])
    frame["u"] = np.arange(8, dtype=np.uint8)
    return frame


def polars_frame():
    """Return them in the types of polars."""
    numbers, text, booleans = columns()
    frame = {"x": [None if x != x else x for x in numbers], "t": text, "b": booleans}
    schema = {"x": pl.Float32, "t": pl.Categorical, "b": pl.Boolean}
    return pl.DataFrame(frame, schema=schema).with_columns(i=pl.col("x").cast(pl.Int16))


TABLES = {
    "pandas": pandas_frame,
    "polars": polars_frame,
    "array": lambda: np.array(columns()[0], np.float32)[:, None] * [1, 2],
    "objects": lambda: np.array(columns(), dtype=object).T,
}


@pytest.mark.parametrize("rows", SELECTIONS)
@pytest.mark.parametrize("kind", TABLES)
def test_rows_are_as_if_read_alone(kind, rows):
    """Types, labels and cells of each column."""
    X, rows = TABLES[kind](), np.array(rows, dtype=np.intp)
    table = read_if_small(Table(X))
    assert isinstance(table, SmallTable)
    alone = Table(X.iloc[rows] if kind == "pandas" else X[rows])
    some = table.take(rows)
    assert some.shape == alone.shape
    for found, expected in zip(some.columns(), alone.columns(), strict=True):
        assert type(found.cells) is type(expected.cells)
        assert_array_equal(found.cells, expected.cells)
        for name in ("label", "kind", "has_categorical_dtype", "float_type", "is_rounded"):
            assert getattr(found, name) == getattr(expected, name), (found.label, name)


def test_only_small_tables_are_kept(monkeypatch):
    """Larger ones are not, and none with integers that cannot be told apart."""
    monkeypatch.setattr(small_table, "MAX_CELLS", 6)
    for n, kind in ((3, SmallTable), (4, Table)):
        assert type(read_if_small(Table(np.zeros((n, 2))))) is kind
    rounded = np.array([[1], [2**53 + 1]])
    assert type(read_if_small(Table(rounded))) is Table


@pytest.mark.parametrize("kind", ["pandas", "polars", "objects"])
def test_fits_are_those_of_larger_tables(kind, monkeypatch):
    """Bit for bit, with the encodings of folds and the predictions out of fold."""
    X = TABLES[kind]()
    X = X.iloc[np.arange(48) % 8] if kind == "pandas" else X[np.arange(48) % 8]
    w = np.where(np.arange(48) % 5, 1.0, 2.0)
    w[3] = 0

    def fit():
        mlp = TabularMLPClassifier((4,), cv=3, max_iter=2, refit=True, random_state=0)
        return mlp.fit(X, np.arange(48) % 3 == 0, w)

    small = fit()
    monkeypatch.setattr(small_table, "MAX_CELLS", 0)
    large = fit()
    assert_array_equal(small.oof_proba_, large.oof_proba_)
    assert_array_equal(small.coefs_[0], large.coefs_[0])


def test_small_tables_are_read_once(monkeypatch):
    """However many folds there are."""
    read = []
    column = Table.column
    monkeypatch.setattr(Table, "column", lambda *given: read.append(given[1]) or column(*given))
    X = pandas_frame().iloc[np.arange(48) % 8]
    TabularMLPClassifier((4,), cv=3, max_iter=1, random_state=0).fit(X, np.arange(48) % 2)
    assert sorted(read) == list(range(X.shape[1]))
