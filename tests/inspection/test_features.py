"""HiddenFeatures: a transformer."""

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn import config_context
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from sknn.inspection import HiddenFeatures, layer_outputs
from tests.estimators.data import binary, fitted, multiclass, real, table

BRIEF = {"hidden_layer_sizes": (6, 5), "max_iter": 3, "learning_rate_init": 0.01, "random_state": 0}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(
    [
        HiddenFeatures(cls(**{**BRIEF, **settings}), **own)
        for cls, settings, own in [
            (MLPClassifier, {}, {}),
            (MLPRegressor, {"n_members": 2}, {"layer": 0}),
            (TabularMLPClassifier, {}, {}),
            (TabularMLPRegressor, {}, {}),
        ]
    ]
)
def test_sklearn_checks(estimator, check):
    """All checks of scikit-learn for transformers."""
    check(estimator)


@pytest.mark.parametrize("layer", [0, 1, -1, -2])
def test_transform_returns_layer_outputs(layer):
    """Those of `layer_outputs`."""
    X, y = multiclass()
    features = fitted(HiddenFeatures(MLPClassifier(**BRIEF), layer=layer), X, y)
    expected = layer_outputs(features.estimator_, X)[:-1][layer].A
    assert_array_equal(features.transform(X), expected)
    assert len(features.get_feature_names_out()) == expected.shape[1]


def test_fit_trains_a_clone_unless_prefit():
    """With `prefit` no fit is needed."""
    X, y = multiclass()
    network = MLPClassifier(**BRIEF)
    features = fitted(HiddenFeatures(network), X, y)
    assert not hasattr(network, "coefs_")
    network = features.estimator_
    ready = HiddenFeatures(network, prefit=True)
    assert_array_equal(ready.transform(X), features.transform(X))
    assert ready.n_features_in_ == 4
    assert ready.get_feature_names_out().tolist() == [f"hiddenfeatures{i}" for i in range(5)]
    before = [W.copy() for W in network.coefs_]
    assert ready.fit(X, y).estimator_ is network
    for W, kept in zip(network.coefs_, before, strict=True):
        assert_array_equal(W, kept)


def test_members_are_concatenated():
    """Two members have twice as many features."""
    X, y = real()
    features = fitted(HiddenFeatures(MLPRegressor(**BRIEF, n_members=2)), X, y)
    A = layer_outputs(features.estimator_, X)[1].A
    assert_array_equal(features.transform(X), np.hstack([A[0], A[1]]))
    assert len(features.get_feature_names_out()) == 10


def test_search_over_a_pipeline():
    """Its parameters and those of the network can be searched."""
    X, y = binary()
    model = make_pipeline(HiddenFeatures(MLPClassifier(**BRIEF)), LogisticRegression())
    grid = {"hiddenfeatures__layer": [0, 1], "hiddenfeatures__estimator__alpha": [0.1, 1]}
    search = fitted(GridSearchCV(model, grid, cv=2), X, y)
    assert search.best_score_ > 0.5


def test_pickle(tmp_path):
    """It gives the same features."""
    X, y = real()
    model = fitted(make_pipeline(HiddenFeatures(MLPRegressor(**BRIEF)), Ridge()), X, y)
    joblib.dump(model, tmp_path / "model.joblib")
    assert_array_equal(joblib.load(tmp_path / "model.joblib").predict(X), model.predict(X))


def test_frames_and_pandas_output():
    """Tabular networks too."""
    X, y = binary()
    frame = table(X)
    features = HiddenFeatures(TabularMLPClassifier(**BRIEF)).set_output(transform="pandas")
    out = fitted(features, frame, y).transform(frame)
    assert isinstance(out, pd.DataFrame)
    assert out.columns.tolist() == [f"hiddenfeatures{i}" for i in range(5)]
    assert features.feature_names_in_.tolist() == frame.columns.tolist()
    with config_context(transform_output="polars"):
        assert features.transform(frame).shape == (60, 5)


def test_fit_params_are_passed_on():
    """Sample weights and validation data."""
    X, y = binary()
    w = np.r_[np.ones(40), np.zeros(20)]
    features = fitted(HiddenFeatures(MLPClassifier(**BRIEF)), X, y, sample_weight=w)
    expected = fitted(MLPClassifier(**BRIEF), X[:40], y[:40])
    assert_array_equal(features.estimator_.coefs_[0], expected.coefs_[0])


def test_invalid_arguments_are_refused():
    """Other estimators, missing layers, networks that are not fitted."""
    X, y = binary()
    with pytest.raises(TypeError, match="got LogisticRegression"):
        HiddenFeatures(LogisticRegression()).fit(X, y)
    with pytest.raises(NotFittedError):
        HiddenFeatures(MLPClassifier(**BRIEF), prefit=True).transform(X)
    with pytest.raises(NotFittedError):
        HiddenFeatures(MLPClassifier(**BRIEF)).transform(X)
    for layer in (2, -3):
        with pytest.raises(ValueError, match=f"2 hidden layers; got {layer}"):
            fitted(HiddenFeatures(MLPClassifier(**BRIEF), layer=layer), X, y)
    linear = MLPClassifier((), max_iter=1)
    with pytest.raises(ValueError, match="has 0 hidden layers"):
        fitted(HiddenFeatures(linear), X, y)


def test_failed_fit_keeps_the_fitted_network():
    """The network of before is kept."""
    X, y = binary()
    features = fitted(HiddenFeatures(MLPClassifier(**BRIEF)), X, y)
    before = features.estimator_
    with pytest.raises(ValueError, match="got 7"):
        fitted(features.set_params(layer=7), X, y)
    assert features.estimator_ is before
