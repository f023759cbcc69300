"""The parameter `encoder` of `TabularMLP*`: a fitted encoder is used as it is."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.preprocessing import MinMaxScaler

import sknn
from sknn import TableEncoder, TabularMLPClassifier, TabularMLPRegressor
from sknn.estimators.tabular import BIN_SCALE, MAX_ABSOLUTE_VALUE, MAX_CAT_TO_ONEHOT
from tests.features.tables import frame, state
from tests.generators import OwnGenerator

BRIEF = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}
ESTIMATORS = [TabularMLPClassifier, TabularMLPRegressor]


@pytest.fixture(scope="module")
def table():
    """Return a table with text and missing values, and targets."""
    X = frame(OwnGenerator(), 300)
    return X, (X["rooms"] > 2).astype(int)


def encoder_of(estimator, **settings):
    """Return an encoder with the settings of an estimator."""
    own = {"n_bins": estimator().n_bins, "bin_scale": BIN_SCALE}
    own |= {"max_cat_to_onehot": MAX_CAT_TO_ONEHOT, "max_absolute_value": MAX_ABSOLUTE_VALUE}
    return TableEncoder(**(own | settings))


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("settings", [{}, {"cv": 2}, {"early_stopping": True, "n_members": 2}])
def test_an_encoder_with_the_same_settings_gives_the_same_model(estimator, settings, table):
    """Not fitted: it is learned from the same rows, those of each fold."""
    X, y = table
    expected = estimator(**BRIEF, **settings).fit(X, y)
    encoder = encoder_of(estimator)
    model = estimator(**BRIEF, **settings, encoder=encoder).fit(X, y)
    for a, b in zip(model.coefs_, expected.coefs_, strict=True):
        assert_array_equal(a, b)
    assert not hasattr(encoder, "column_types_")


def learned(X):
    """Return encoders that are fitted in several ways."""
    stream = TableEncoder(n_bins=3).partial_fit(X[:99]).partial_fit(X[99:])
    return [TableEncoder(n_bins=3).fit(X), FrozenEstimator(TableEncoder(n_bins=3).fit(X)), stream]


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("which", range(3))
def test_a_fitted_encoder_is_used_as_it_is(estimator, which, table, tmp_path):
    """By `fit`, folds, clones, pickles and files, which train the same network again."""
    X, y = table
    encoder = learned(X)[which]
    expected = state(getattr(encoder, "estimator", encoder))
    model = estimator(**BRIEF, encoder=encoder).fit(X[:50], y[:50])
    assert state(model.encoder_) == expected
    model.save(tmp_path / "model.sknn")
    for other in (
        clone(model),
        pickle.loads(pickle.dumps(model)),
        sknn.load(tmp_path / "model.sknn"),
        sknn.load(tmp_path / "model.sknn").fit(X, y),
    ):
        other.fit(X[:50], y[:50])
        assert_array_equal(other.coefs_[0], model.coefs_[0])
    folds = estimator(**BRIEF, encoder=encoder, cv=2).fit(X, y).encoder_
    assert [state(one) for one in folds] == [expected] * 2
    assert "TableEncoder" in model._repr_html_()
    cross_val_predict(estimator(**BRIEF, encoder=encoder), X, y, cv=2)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_partial_fit_knows_all_categories_from_its_first_batch(estimator, table):
    """Without the warnings of a small batch; another encoding is refused later."""
    X, y = table
    order = np.argsort(X["city"].fillna(""), kind="stable")
    encoder = TableEncoder().fit(X)
    model = estimator(**BRIEF, encoder=encoder, learning_rate="constant")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for start in range(0, 300, 30):
            rows = order[start : start + 30]
            classes = {"classes": [0, 1]} if estimator is TabularMLPClassifier else {}
            model.partial_fit(X.iloc[rows], y.iloc[rows], **classes)
    assert state(model.encoder_) == state(encoder)
    with pytest.raises(ValueError, match="another encoding"):
        model.set_params(encoder=TableEncoder().fit(X[:100])).partial_fit(X, y)
    with pytest.raises(ValueError, match="another encoding"):
        model.set_params(encoder=TableEncoder(n_bins=3)).partial_fit(X, y)


BAD = {
    "order": ({"encoder": "reversed"}, "their order differs"),
    "columns": ({"encoder": "fewer"}, r"the encoder \['rooms'\]"),
    "number": ({"encoder": "array"}, "X has 5 columns, but encoder was fitted to 2"),
    "settings": ({"encoder": TableEncoder(), "min_frequency": 1}, "min_frequency has no effect"),
    "invalid": ({"encoder": TableEncoder(n_bins=-1)}, "n_bins must be"),
    "object": ({"encoder": FrozenEstimator(MinMaxScaler())}, "must be a TableEncoder"),
    "number as encoder": ({"encoder": 3}, "encoder"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_encoders_are_refused(case, table):
    """With what differs."""
    X, y = table
    settings, match = BAD[case]
    made = {
        "reversed": lambda: TableEncoder().fit(X[X.columns[::-1]]),
        "fewer": lambda: TableEncoder().fit(X.drop(columns="rooms")),
        "array": lambda: TableEncoder().fit(np.zeros((3, 2))),
    }
    if isinstance(settings["encoder"], str):
        settings = {"encoder": made[settings["encoder"]]()}
    with pytest.raises((TypeError, ValueError), match=match):
        TabularMLPRegressor(**BRIEF, **settings).fit(X, y)


def test_settings_of_an_encoder_can_be_searched(table):
    """As nested parameters."""
    X, y = table
    model = TabularMLPRegressor(**BRIEF, encoder=TableEncoder())
    search = GridSearchCV(model, {"encoder__n_bins": [0, 4]}, cv=2).fit(X, y)
    assert search.best_estimator_.encoder_.n_bins == search.best_params_["encoder__n_bins"]


def test_a_file_with_a_bad_encoder_is_refused(table, tmp_path):
    """Its parameter is checked like the encoder of the model."""
    X, y = table
    model = TabularMLPRegressor(**BRIEF, encoder=TableEncoder().fit(X)).fit(X, y)
    model.encoder.scale_ = -model.encoder.scale_
    model.save(tmp_path / "model.sknn")
    with pytest.raises(sknn.exceptions.ModelFileError, match="encoder"):
        sknn.load(tmp_path / "model.sknn")


def test_rows_of_pandas_with_other_targets_are_encoded_alike(table):
    """The encoding does not depend on y."""
    X, y = table
    encoder = TableEncoder().fit(X)
    both = [TabularMLPRegressor(**BRIEF, encoder=encoder).fit(X, one) for one in (y, -y)]
    first, second = (pd.Series(state(model.encoder_)) for model in both)
    assert first.equals(second)
