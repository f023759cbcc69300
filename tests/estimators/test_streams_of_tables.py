"""What `partial_fit` says if the encoding or the learning rate no longer suits the stream."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

import sknn
from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from tests.estimators.data import TABLES, fitted, parameters

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


def noisy_batches(n_batches, n=120):
    """Yield tables with four groups of texts and numbers, whose products are the signal."""
    rng = np.random.RandomState(0)
    for _ in range(n_batches):
        texts, numbers = rng.choice(list("abcd"), (n, 4)), rng.normal(size=(n, 4))
        X = pd.DataFrame(numbers, columns=list("pqrs"))
        X[list("tuvw")] = texts
        signal = (np.where(np.isin(texts, ["a", "b"]), 1, -1) * numbers).sum(axis=1) / 2
        yield X, signal + rng.normal(size=n)


@pytest.mark.parametrize("estimator", [TabularMLPClassifier, TabularMLPRegressor])
def test_a_stream_is_learned_with_the_defaults(estimator):
    """And nothing is said, also beyond the number of epochs of a fit of a batch."""
    *batches, (X_test, y_test) = noisy_batches(181)
    is_classifier = estimator is TabularMLPClassifier
    classes = {"classes": [False, True]} if is_classifier else {}
    model = estimator((32,), random_state=0)
    for X, y in batches:
        model.partial_fit(X, y > 0 if is_classifier else y, **classes)
    score = model.score(X_test, y_test > 0 if is_classifier else y_test)
    assert score > (0.65 if is_classifier else 0.25)  # at most 0.75 and 0.5
    assert np.ptp(model.learning_rates_) == 0
    assert model.learning_rates_[0] == 0.3 * model.learning_rate_init


@pytest.mark.parametrize("task", TABLES)
def test_n_calls_are_a_fit_of_n_epochs_with_a_schedule(task):
    """With explicit settings; those of a stream are for "auto" only."""
    make, data = TABLES[task]
    X, y = data()
    settings = {"learning_rate": "one_cycle", "max_iter": 4, "batch_size": 7, "random_state": 0}
    model = make((6,), **settings)
    whole = fitted(clone(model), X, y)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The encoding of the columns")
        for _ in range(4):
            is_first = model.n_iter_ == 0 if hasattr(model, "n_iter_") else True
            named = is_first and task.startswith(("binary", "multiclass"))
            model.partial_fit(X, y, **({"classes": np.unique(y)} if named else {}))
    assert_array_equal(parameters(model), parameters(whole))


@pytest.mark.parametrize("estimator", [TabularMLPClassifier, TabularMLPRegressor])
@pytest.mark.parametrize("n_members", [1, 2])
def test_a_stream_that_is_saved_remains_a_stream(estimator, n_members, tmp_path):
    """In a pickle and in a file, with and without the state of the optimizer."""
    model = estimator((4,), n_members=n_members, random_state=0)
    assert messages(model, batch("north")) == []
    revived = [pickle.loads(pickle.dumps(model))]
    for training_state in (True, False):
        model.save(tmp_path / "model.sknn", training_state=training_state)
        revived.append(sknn.load(tmp_path / "model.sknn"))
    for one in revived:
        messages(one, batch("north"))
        assert one.learning_rates_[-1] == 0.3 * one.learning_rate_init


@pytest.mark.parametrize("estimator", [TabularMLPClassifier, TabularMLPRegressor])
def test_after_a_fit_the_schedule_of_the_fit_has_ended(estimator):
    """The warning names all that is to be set."""
    X = batch(["north", "east"])
    model = estimator((4,), cv=None, random_state=0).fit(X, X["size"] > 0)
    [message] = messages(model, X)
    assert "weight_decay=0.05" in message
    assert model.learning_rates_[-1] < 1e-3 * model.learning_rate_init
