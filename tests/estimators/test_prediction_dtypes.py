"""The type of a prediction: X's type and the parameter `dtype`, never the size of the table."""

import json

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.metrics import log_loss

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from tests.estimators.data import binary, fitted, multiclass, multilabel, multioutput, real

SMALL, LARGE = (60, 4), (1001, 100)  # computed in float64 and in float32
SETTINGS = {"hidden_layer_sizes": (3,), "max_iter": 1, "batch_size": 1000, "random_state": 0}

METHODS = ["predict_proba", "predict_log_proba", "decision_function", "predict_members"]


def two_columns(n=60, m=4):
    """Return X and two columns of labels."""
    X, y = multiclass(n, m)
    return X, np.column_stack([y, y > 0])


def quantiles(cls):
    """Return a regressor class whose loss has two outputs."""
    return lambda **settings: cls(loss="quantile", quantile=[0.1, 0.9], **settings)


TASKS = {
    "binary": (MLPClassifier, binary),
    "multiclass": (MLPClassifier, multiclass),
    "multilabel": (MLPClassifier, multilabel),
    "columns": (MLPClassifier, two_columns),
    "real": (MLPRegressor, real),
    "multioutput": (MLPRegressor, multioutput),
    "quantiles": (quantiles(MLPRegressor), real),
    "binary, table": (TabularMLPClassifier, binary),
    "columns, table": (TabularMLPClassifier, two_columns),
    "real, table": (TabularMLPRegressor, real),
    "quantiles, table": (quantiles(TabularMLPRegressor), real),
}


def predictions(model, X):
    """Return all predictions but labels, by method."""
    found = {name: getattr(model, name)(X) for name in METHODS if hasattr(model, name)}
    if not hasattr(model, "classes_"):
        found["predict"] = model.predict(X)
        if model.n_members > 1:
            found["mean"], found["std"] = model.predict(X, return_std=True)
    return found


def dtypes(model, X):
    """Return the types of all predictions but labels."""
    found = predictions(model, X).values()
    return {a.dtype.name for one in found for a in (one if isinstance(one, list) else [one])}


def model_and_rows(task, shape, dtype_of_X="f8", **settings):
    """Return a fitted model, and some rows of the type that it was fitted on."""
    make, data = TASKS[task]
    X, y = data(*shape)
    X = X.astype(dtype_of_X)
    return fitted(make(**SETTINGS, **settings), X, y), X[:20]


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("shape", [SMALL, LARGE])
@pytest.mark.parametrize("task", TASKS)
def test_auto_follows_the_type_of_X(task, shape, members):
    """Whatever the network computes in; the standardized y of a regressor is float64."""
    model, X = model_and_rows(task, shape, n_members=members)
    assert model.coefs_[0].dtype == ("float64" if shape == SMALL else "float32")
    is_standardized = getattr(model, "standardize_y", False)
    narrow = "float64" if is_standardized else "float32"
    assert dtypes(model, X) == dtypes(model, X.tolist()) == {"float64"}
    assert dtypes(model, X.astype(int)) == {"float64"}
    assert dtypes(model, X.astype("f4")) == {narrow}
    assert dtypes(model, pd.DataFrame(X)) == {"float64"}
    if not model._takes_tables:
        assert dtypes(model, sparse.csr_array(X.astype("f4"))) == {narrow}
        assert dtypes(model, pd.DataFrame(X.astype("f4"))) == {narrow}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("task", TASKS)
def test_explicit_dtype_wins(task, dtype):
    """For every X, before and after a change of the parameter."""
    for dtype_of_X in ("f4", "f8"):
        model, X = model_and_rows(task, SMALL, dtype_of_X, dtype=dtype, n_members=2)
        assert dtypes(model, X) == dtypes(model, X.astype("f8")) == {dtype}
        other = {"float32": "float64", "float64": "float32"}[dtype]
        assert dtypes(model.set_params(dtype=other), X) == {other}


@pytest.mark.parametrize("task", ["multiclass", "columns", "binary, table"])
def test_probabilities_of_a_large_table_sum_to_1_in_float64(task):
    """They are normalized in their own type: the network alone computes in float32."""
    model, X = model_and_rows(task, LARGE)
    p = model.predict_proba(X)
    for one in p if isinstance(p, list) else [p]:
        assert_allclose(one.sum(axis=1), 1, rtol=1e-15)
        np.random.default_rng(0).choice(one.shape[1], p=one[0])
        log_loss(np.arange(20) % one.shape[1], one, labels=range(one.shape[1]))  # no warning
        json.dumps(dict(enumerate(one[0])))


@pytest.mark.parametrize("task", TASKS)
def test_values_agree_between_the_types(task):
    """A prediction in float32 is the one in float64, rounded."""
    model, X = model_and_rows(task, SMALL, "f4", n_members=2, dtype="float64")
    exact = predictions(model, X)
    for name, value in predictions(model.set_params(dtype="float32"), X).items():
        for a, b in zip(
            value if isinstance(value, list) else [value],
            exact[name] if isinstance(exact[name], list) else [exact[name]],
            strict=True,
        ):
            assert_array_equal(a, b.astype("f4"))


@pytest.mark.parametrize("cls", [MLPClassifier, TabularMLPClassifier])
def test_labels_keep_their_type(cls):
    """Also labels that are floats."""
    X, y = binary()
    for dtype in ("f4", "f8"):
        model = fitted(cls(dtype="float32", **SETTINGS), X, y.astype(dtype))
        assert model.predict(X.astype("f4")).dtype == dtype


def test_predictions_beyond_float32_are_refused():
    """With what to set instead."""
    X, y = real()
    model = MLPRegressor(standardize_y=True, dtype="float32", **SETTINGS)
    model = fitted(model, X, y * 1e60)
    with pytest.raises(ValueError, match=r"overflow float32.*dtype='float64'"):
        model.predict(X)
    assert model.set_params(dtype="float64").predict(X).dtype == np.float64
