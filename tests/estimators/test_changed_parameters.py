"""A constructor parameter that is changed between two calls counts, or is refused by name."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

import sknn
from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from sknn.engine import initializers
from sknn.estimators._parameters import CHANGES
from tests.estimators.data import binary, fitted, parameters, real

#: For each parameter another value than in `BASE`, and what else makes it matter.
CHANGED = {
    "hidden_layer_sizes": ((5,), {}),
    "activation": ("tanh", {}),
    "initialization": ("lecun_normal", {}),
    "n_members": (2, {}),
    "dtype": ("float32", {}),
    "loss": (None, {}),
    "quantile": (0.2, {"loss": "quantile"}),
    "huber_delta": (0.1, {"loss": "huber"}),
    "standardize_y": (None, {}),
    "categorical_features": ([1], {}),
    "n_bins": (3, {}),
    "min_frequency": (2, {}),
    "encoder": (sknn.TableEncoder(n_bins=3), {}),
    "solver": ("rmsprop", {}),
    "momentum": (0.5, {"solver": "sgd"}),
    "nesterovs_momentum": (False, {"solver": "sgd"}),
    "beta_1": (0.5, {"solver": "adam"}),
    "beta_2": (0.5, {"solver": "adam"}),
    "epsilon": (0.1, {"solver": "adam"}),
    "learning_rate": ("invscaling", {"learning_rate": "constant"}),
    "learning_rate_init": (0.02, {}),
    "power_t": (0.1, {"learning_rate": "invscaling"}),
    "max_iter": (30, {"learning_rate": "cosine"}),
    "n_iter_no_change": (2, {"learning_rate": "adaptive", "tol": 1e9}),
    "tol": (1e9, {"learning_rate": "adaptive", "n_iter_no_change": 2}),
    "alpha": (1.0, {}),
    "weight_decay": (0.5, {"solver": "adamw"}),
    "weight_decay_loss_power": (0.0, {"solver": "adamw", "weight_decay": 0.5}),
    "dropout": (0.5, {}),
    "clip_gradient_norm": (1e-3, {"solver": "sgd"}),
    "class_weight": ({1: 5.0}, {}),
    "label_smoothing": (0.3, {}),
    "batch_size": (13, {}),
    "shuffle": (False, {"batch_size": 7}),
    "random_state": (1, {"batch_size": 7}),
}
ESTIMATORS = [MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor]
BASE = {"hidden_layer_sizes": (6,), "max_iter": 6, "random_state": 0, "dtype": "float64"}
#: What is about the course of `fit`: told apart by other attributes than the weights.
OTHERS = {"verbose", *CHANGES["counts in fit"]}
OF_TABLES = {"weight_decay_loss_power", *CHANGES["error"][-4:]}


def made(estimator, name):
    """Return an estimator, data, and the changed value of a parameter."""
    value, settings = CHANGED[name]
    X, y = (binary if "Classifier" in estimator.__name__ else real)(120)
    X[:, 1] = X[:, 1] > 0
    if issubclass(estimator, TabularMLPClassifier | TabularMLPRegressor):
        settings = {"learning_rate": "constant", "n_bins": 8} | settings
    model = estimator(**{**BASE, **settings})
    if name == "loss":
        value = "hinge" if "Classifier" in estimator.__name__ else "huber"
    return model, X, y, (not model.standardize_y) if name == "standardize_y" else value


CASES = [
    (estimator, name)
    for estimator in ESTIMATORS
    for name in CHANGED
    if name in estimator().get_params()
]


def test_every_parameter_is_in_the_table():
    """A new one cannot be forgotten."""
    known = [name for names in CHANGES.values() for name in names]
    assert len(known) == len(set(known))
    assert set(known) == {name for one in ESTIMATORS for name in one().get_params()}
    assert set(known) == {*CHANGED, *OTHERS}


@pytest.mark.parametrize("goes_on", ["partial_fit", "warm_start", "saved"])
@pytest.mark.parametrize(("estimator", "name"), CASES)
def test_a_change_counts_or_is_refused(estimator, name, goes_on, tmp_path):
    """Bit for bit another network than without the change, or an error that names it."""
    model, X, y, value = made(estimator, name)
    model.set_params(warm_start=True)
    classes = {"classes": [0, 1]} if hasattr(model, "class_weight") else {}

    def go_on(model):
        for _ in range(4):
            model.partial_fit(X, y) if goes_on != "warm_start" else fitted(model, X, y)
        return model

    model = model.partial_fit(X, y, **classes) if goes_on != "warm_start" else fitted(model, X, y)
    if goes_on == "saved":
        model.save(tmp_path / "model.sknn", training_state=True)
        model = sknn_load(tmp_path / "model.sknn")
    unchanged = go_on(copied(model))
    changed = model.set_params(**{name: value})
    before = parameters(changed)
    if name in CHANGES["error"]:
        with pytest.raises(ValueError, match=f"{name}=.*train a new network"):
            go_on(changed)
        assert_array_equal(parameters(changed), before)
        return
    if goes_on == "warm_start" and name in ("max_iter", "n_iter_no_change", "tol"):
        changed, unchanged = fitted(changed, X, y), fitted(copied(unchanged), X, y)
        return
    assert not np.array_equal(parameters(go_on(changed)), parameters(unchanged))


@pytest.mark.parametrize(("estimator", "name"), CASES)
def test_predictions_are_those_of_the_last_fit(estimator, name):
    """Parameters are read by `fit`: no change before `predict` alters what it says."""
    model, X, y, value = made(estimator, name)
    model = fitted(model, X, y)
    expected = model.predict(X)
    predictions = model.set_params(**{name: value}).predict(X)
    assert_allclose(predictions, expected, rtol=1e-6 if name == "dtype" else 0)  # of another type


def test_a_function_that_initialises_is_known_by_its_name():
    """Another one is refused; the same one goes on."""
    X, y = real()
    model = MLPRegressor((6,), initialization=initializers.he_normal).partial_fit(X, y)
    model.partial_fit(X, y)
    with pytest.raises(ValueError, match=r"initialization=.*he_normal.*he_uniform"):
        model.set_params(initialization=initializers.he_uniform).partial_fit(X, y)


@pytest.mark.parametrize("as_type", [list, tuple, np.array])
def test_equal_lists_of_categorical_features_are_no_change(as_type):
    """Whatever holds the names."""
    X, y = real(120)
    X[:, 1] = X[:, 1] > 0
    model = TabularMLPRegressor((6,), categorical_features=[1]).partial_fit(X, y)
    model.set_params(categorical_features=as_type([1])).partial_fit(X, y)


def copied(model):
    """Return a copy with the fitted attributes."""
    other = clone(model)
    vars(other).update(vars(model))
    return other


def sknn_load(path):
    """Load a file, whatever it warns of."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sknn.load(path)
