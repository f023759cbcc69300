"""What `partial_fit` says if the encoding or the learning rate no longer suits the stream."""

import warnings

import numpy as np
import pandas as pd
import pytest

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor

RNG = np.random.RandomState(0)
CONSTANT = {"learning_rate": "constant", "random_state": 0}


def batch(region, n=100, *, tax=None, rate=1.0):
    """Return rows of one region; `tax` has no values, and `rate` is constant, unless given."""
    regions = RNG.choice(region, n) if isinstance(region, list) else [region] * n
    return pd.DataFrame(
        {
            "region": regions,
            "size": RNG.normal(size=n),
            "tax": [tax] * n if tax is None else RNG.normal(size=n),
            "rate": rate * np.ones(n) if np.ndim(rate) == 0 else rate,
        }
    )


def messages(model, X):
    """Return the warnings of a call."""
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        classes = {"classes": [0, 1]} if hasattr(model, "class_weight") else {}
        model.partial_fit(X, (X["size"] > 0).astype(int), **classes)
    return [str(one.message) for one in record]


@pytest.mark.parametrize("estimator", [TabularMLPClassifier, TabularMLPRegressor])
@pytest.mark.parametrize("n_members", [1, 2])
def test_a_column_with_unseen_categories_only_is_named(estimator, n_members):
    """Also if it is embedded; not while some are known, values are few, or all are missing."""
    model = estimator((4,), n_members=n_members, **CONSTANT)
    assert messages(model, batch(["north", "east"])) == []
    assert messages(model, batch(["north", "west"])) == []
    [message] = messages(model, batch("west"))
    assert "Column 'region': no value of this batch was a frequent category" in message
    assert messages(model, batch("west", n=4)) == []
    assert messages(model, batch(None)) == []


def test_an_embedded_column_with_unseen_categories_only_is_named():
    """Its codes come after those of other columns."""
    many = [f"{i}" for i in range(300)]
    model = TabularMLPRegressor((4,), min_frequency=1, **CONSTANT)
    first, later = batch("north", n=900), batch("north")
    assert messages(model, first.assign(street=many * 3, town=many * 3)) == []
    assert messages(model, later.assign(street=many[:100], town=many[:100])) == []
    [message] = messages(model, later.assign(street=many[:100], town="elsewhere"))
    assert message.startswith("Column 'town': ")


def test_columns_that_are_ignored_since_the_first_call_are_named():
    """Without values or constant there, and varying now."""
    model = TabularMLPRegressor((4,), **CONSTANT)
    assert messages(model, batch("north")) == []
    assert messages(model, batch("north", rate=2.0)) == []
    [message] = messages(model, batch("north", tax=1, rate=RNG.normal(size=100)))
    assert "Column 'tax', Column 'rate': without values, or constant" in message


def test_an_encoding_of_few_rows_is_told():
    """At the first call, and not in `fit`."""
    model = TabularMLPRegressor((4,), **CONSTANT)
    [message] = messages(model, batch("north", n=99))
    assert "learned from 99 rows only" in message
    assert messages(model, batch("north", n=1)) == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        X = batch("north", n=20)
        TabularMLPRegressor((4,), max_iter=2).fit(X, X["size"])


@pytest.mark.parametrize("learning_rate", ["one_cycle", "cosine"])
@pytest.mark.parametrize(
    "estimator", [MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor]
)
def test_a_learning_rate_that_is_spent_is_told(estimator, learning_rate):
    """From the first call beyond max_iter epochs on, also after `fit`."""
    X = batch(["north", "east"])[["size"]]
    model = estimator((4,), learning_rate=learning_rate, max_iter=3, random_state=0)
    assert [len(messages(model, X)) for _ in range(5)] == [0, 0, 0, 1, 1]
    model.fit(X, X["size"] > 0)
    [message] = messages(model, X)
    assert f"learning_rate={learning_rate!r} has run its course" in message
    assert messages(model.set_params(learning_rate="constant"), X) == []


def test_the_default_of_tables_is_a_course():
    """One cycle: a long stream hears of its end, in one warning with one text."""
    model = TabularMLPRegressor((4,), max_iter=2, random_state=0)
    texts = {text for _ in range(6) for text in messages(model, batch("north"))}
    assert len(texts) == 1
