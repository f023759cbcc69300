"""Saved models: the same predictions, and not much more than the weights."""

import pickle

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier, MLPRegressor
from tests.estimators.data import TABLES, TASKS, fitted


@pytest.mark.parametrize("task", TASKS | TABLES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pickles_predict_bit_for_bit(task, dtype):
    """What comes back predicts what went in."""
    estimator, make = (TASKS | TABLES)[task]
    X, y = make()
    model = fitted(estimator((6,), dtype=dtype, max_iter=3), X, y)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_pickle_is_hardly_larger_than_the_weights(solver, dtype):
    """After `fit` there is no optimizer state; after `partial_fit` there is, for it continues."""
    X, y = load_digits(return_X_y=True)
    model = fitted(MLPClassifier(solver=solver, dtype=dtype, max_iter=100), X, y)
    weights = sum(array.nbytes for array in model.coefs_ + model.intercepts_)
    assert len(pickle.dumps(model)) < 1.2 * weights
    model.partial_fit(X, y)
    assert len(pickle.dumps(model)) > 1.9 * weights
    assert len(pickle.dumps(fitted(model, X, y))) < 1.2 * weights


def test_state_is_plain_data():
    """Attributes are arrays, numbers, strings, lists and dicts of these: no objects of ours."""
    for estimator, make in (TASKS | TABLES).values():
        X, y = make()
        model = estimator((6,), random_state=0)
        model.partial_fit(
            X, y, **({"classes": np.unique(y)} if y.ndim == 1 and y.dtype == int else {})
        )
        assert_plain(vars(model))


@pytest.mark.slow
def test_the_main_job(tmp_path):
    """A grid search over a pipeline in two processes, saved and loaded, predicts the same."""
    X, y = load_digits(return_X_y=True)
    settings = {"random_state": 0, "tol": 1e9, "n_iter_no_change": 9}
    model = make_pipeline(StandardScaler(), MLPClassifier(**settings))
    grid = {
        "mlpclassifier__hidden_layer_sizes": [(64,), (64, 32)],
        "mlpclassifier__alpha": [1e-5, 1e-3],
    }
    search = GridSearchCV(model, grid, n_jobs=2, cv=2).fit(X, y)
    assert search.best_score_ > 0.8
    joblib.dump(search, tmp_path / "model.joblib")
    for mmap_mode in (None, "r"):
        loaded = joblib.load(tmp_path / "model.joblib", mmap_mode=mmap_mode)
        assert_array_equal(loaded.predict_proba(X), search.predict_proba(X))


def test_regressors_in_a_search():
    """Scores of the regressor are R2, as everywhere."""
    X = np.linspace(-2, 2, 100)[:, None]
    settings = {"learning_rate_init": 0.01, "max_iter": 1000, "random_state": 0}
    settings["n_iter_no_change"] = 50
    grid = {"activation": ["identity", "tanh"]}
    search = GridSearchCV(MLPRegressor((20,), **settings), grid, cv=3, error_score="raise")
    rows = np.random.RandomState(0).permutation(100)
    fitted(search, X[rows], X[rows, 0] ** 2)
    assert search.best_params_ == {"activation": "tanh"}
    assert search.best_score_ > 0.9


def assert_plain(value):
    """Fail on anything that is not plain data."""
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple):
        for item in value:
            assert_plain(item)
    else:
        assert type(value) in (np.ndarray, np.float64, float, int, str, bool, type(None)), value


class Annotated(MLPRegressor):
    """A subclass with an attribute that stays out of pickles."""

    def __getstate__(self):
        """Leave it out."""
        return {name: v for name, v in super().__getstate__().items() if name != "connection"}


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_what_a_subclass_leaves_out_of_pickles_survives_training(method):
    """Training makes no detour through a pickle."""
    X, y = TASKS["real"][1]()
    model = Annotated((3,), max_iter=2)
    model.connection = connection = object()
    for _ in range(2):
        assert getattr(fitted_by(model, method, X, y), "connection", None) is connection
    assert not hasattr(pickle.loads(pickle.dumps(model)), "connection")


def fitted_by(model, method, X, y):
    """Train by one of the two methods."""
    return fitted(model, X, y) if method == "fit" else model.partial_fit(X, y)
