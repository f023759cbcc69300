"""The same start and the same batches as scikit-learn's MLP give the same weights."""

import numpy as np
import pytest
import sklearn.neural_network
from numpy.testing import assert_allclose, assert_array_equal

from tests.estimators.data import TASKS, fitted, parameters

SETTINGS = {
    "sgd": {"solver": "sgd", "learning_rate_init": 0.01},
    "nesterov_off": {"solver": "sgd", "nesterovs_momentum": False},
    "plain_sgd": {"solver": "sgd", "momentum": 0.0},
    "adam": {"solver": "adam"},
    "adam_tanh": {"solver": "adam", "activation": "tanh"},
    "adam_logistic": {"solver": "adam", "activation": "logistic", "beta_1": 0.8},
}


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_same_weights_after_20_epochs(task, settings):
    """Three layers, 20 epochs of mini-batches, the penalty converted by the batch size."""
    ours, X, y = task_of(task)
    theirs = getattr(sklearn.neural_network, ours.__name__)
    common = {
        "hidden_layer_sizes": (8, 5),
        "batch_size": 20,
        "max_iter": 20,
        "shuffle": False,
        "n_iter_no_change": 100,
        "random_state": 3,
        **settings,
    }
    a = fitted(ours(alpha=0.05, **common), X, y)
    b = fitted(theirs(alpha=0.05 * 20, **common), X, y)
    assert_allclose(parameters(a), parameters(b), rtol=0, atol=1e-10)
    if task != "multioutput":  # there scikit-learn reports the loss divided by the outputs
        assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-10)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_same_initial_weights(task, activation):
    """A seed means the same initial weights as in scikit-learn."""
    ours, X, y = task_of(task)
    theirs = getattr(sklearn.neural_network, ours.__name__)
    settings = {
        "solver": "sgd",
        "activation": activation,
        "learning_rate_init": 1e-300,
        "max_iter": 1,
        "random_state": 7,
    }
    a, b = fitted(ours(**settings), X, y), fitted(theirs(**settings), X, y)
    assert_array_equal(parameters(a), parameters(b))


@pytest.mark.parametrize("task", TASKS)
def test_same_fitted_attributes(task):
    """What scikit-learn publishes and we have is of the same type, shape and meaning."""
    ours, X, y = task_of(task)
    theirs = getattr(sklearn.neural_network, ours.__name__)
    settings = {"max_iter": 3, "shuffle": False, "random_state": 0, "batch_size": 60}
    a, b = fitted(ours(**settings), X, y), fitted(theirs(**settings), X, y)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(a, name) == getattr(b, name), name
    assert len(a.loss_curve_) == len(b.loss_curve_)
    assert a.loss_ == a.loss_curve_[-1]
    assert a.best_loss_ == min(a.loss_curve_)
    assert [W.shape for W in a.coefs_] == [W.shape for W in b.coefs_]
    assert_array_equal(getattr(a, "classes_", 0), getattr(b, "classes_", 0))
    assert_array_equal(a.predict(X).shape, b.predict(X).shape)
    assert np.asarray(a.predict(X)).dtype == np.asarray(b.predict(X)).dtype


def task_of(name):
    """Return an estimator class and data for it."""
    estimator, make = TASKS[name]
    return estimator, *make()
