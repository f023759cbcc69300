"""Without hidden layers the networks are scikit-learn's linear models."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import (
    GammaRegressor,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    QuantileRegressor,
    Ridge,
)
from sklearn.metrics import hinge_loss, mean_pinball_loss
from sklearn.preprocessing import scale
from sklearn.svm import LinearSVC

from sknn import MLPClassifier, MLPRegressor
from tests.estimators.data import fitted, parameters

#: Full-batch descent with momentum, long enough to arrive at the minimum of a convex objective.
TO_THE_MINIMUM = {
    "hidden_layer_sizes": (),
    "solver": "sgd",
    "batch_size": 10**6,
    "max_iter": 4000,
    "n_iter_no_change": np.inf,
    "random_state": 0,
}


def test_squared_error_is_linear_regression():
    """Without a penalty: least squares."""
    X, y = scaled_diabetes()
    ours = fitted(MLPRegressor(alpha=0, learning_rate_init=0.2, **TO_THE_MINIMUM), X, y)
    theirs = LinearRegression().fit(X, y)
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6, atol=1e-8)


def test_squared_error_with_a_penalty_is_ridge():
    """Ridge sums over the samples where we take the mean."""
    X, y = scaled_diabetes()
    ours = fitted(MLPRegressor(alpha=0.1, learning_rate_init=0.1, **TO_THE_MINIMUM), X, y)
    theirs = Ridge(alpha=0.1 * len(X)).fit(X, y)
    assert_allclose(ours.coefs_[0][:, 0], theirs.coef_, rtol=1e-6, atol=1e-9)
    assert_allclose(ours.intercepts_[0], theirs.intercept_, atol=1e-9)


def test_identity_activations_are_linear_regression():
    """A network of identities has the same minimum, whatever its layers."""
    X, y = scaled_diabetes()
    settings = {**TO_THE_MINIMUM, "hidden_layer_sizes": (7, 6), "activation": "identity"}
    ours = fitted(MLPRegressor(alpha=0, learning_rate_init=0.02, **settings), X, y)
    assert_allclose(ours.predict(X), LinearRegression().fit(X, y).predict(X), atol=1e-4)


@pytest.mark.parametrize("classes", [2, 3])
def test_log_loss_is_logistic_regression(classes):
    """Sigmoid for two classes, softmax for three; C is 1 / (n alpha)."""
    X, y = load_iris(return_X_y=True)
    X, y = scale(X[y < classes]), y[y < classes]
    alpha = 0.01
    ours = fitted(MLPClassifier(alpha=alpha, learning_rate_init=0.5, **TO_THE_MINIMUM), X, y)
    theirs = LogisticRegression(C=1 / (len(X) * alpha), tol=1e-10, max_iter=10**4).fit(X, y)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)


def test_hinge_is_the_linear_svm():
    """The objective that is followed is the SVM's, and it gets as low as LinearSVC's."""
    X, y = load_iris(return_X_y=True)
    X, y = scale(X[y > 0]), y[y > 0]
    alpha = 0.01

    def svm_objective(model, W):
        return hinge_loss(y, model.decision_function(X)) + alpha / 2 * np.sum(W**2)

    settings = {**TO_THE_MINIMUM, "momentum": 0, "learning_rate": lambda t: 0.5 / (1 + t / 20)}
    ours = fitted(MLPClassifier(alpha=alpha, loss="hinge", **settings), X, y)
    C = 1 / (len(X) * alpha)
    theirs = LinearSVC(
        C=C, loss="hinge", intercept_scaling=100, tol=1e-3, max_iter=10**6, random_state=0
    ).fit(X, y)
    lowest = svm_objective(theirs, theirs.coef_)
    assert svm_objective(ours, ours.coefs_[0]) == pytest.approx(lowest, rel=1e-2)
    assert ours.loss_curve_[-1] == pytest.approx(svm_objective(ours, ours.coefs_[0]), rel=1e-2)


#: Quasi-Newton, until SciPy sees no gain beyond the ninth digit of the objective.
QUASI_NEWTON = {"solver": "lbfgs", "hidden_layer_sizes": (), "max_iter": 10**4, "tol": 1e-10}
QUASI_NEWTON |= {"random_state": 0}


@pytest.mark.parametrize(
    ("loss", "linear"), [("poisson", PoissonRegressor), ("gamma", GammaRegressor)]
)
def test_deviances_are_generalised_linear_models(loss, linear):
    """With the logarithm as link; both take the mean over the samples."""
    X, _ = scaled_diabetes()
    y = np.random.RandomState(0).poisson(np.exp(X @ [0.3, -0.2, 0.1, 0.4])) + (loss == "gamma")
    ours = MLPRegressor(loss=loss, alpha=0.1, **QUASI_NEWTON).fit(X, y)
    theirs = linear(alpha=0.1, tol=1e-10, max_iter=10**4).fit(X, y)
    assert_allclose(ours.coefs_[0][:, 0], theirs.coef_, rtol=1e-3)
    assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-3)
    assert ours.out_activation_ == "exp"


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_the_pinball_loss_is_quantile_regression(quantile):
    """As low an objective as linear programming reaches, and as many targets below."""
    X, y = scaled_diabetes()
    settings = {**TO_THE_MINIMUM, "momentum": 0, "learning_rate": lambda t: 0.5 / (1 + t / 50)}
    ours = MLPRegressor(loss="quantile", quantile=quantile, alpha=0, **settings)
    ours = fitted(ours, X, y)
    theirs = QuantileRegressor(quantile=quantile, alpha=0, solver="highs").fit(X, y)
    pinball = [mean_pinball_loss(y, model.predict(X), alpha=quantile) for model in (ours, theirs)]
    assert pinball[0] == pytest.approx(pinball[1], rel=1e-3)
    assert np.mean(y < ours.predict(X)) == pytest.approx(quantile, abs=0.02)
    assert ours.best_loss_ == pytest.approx(pinball[0], rel=1e-3)


def test_the_squared_hinge_is_the_linear_svm_one_against_the_rest():
    """LinearSVC's objective, whose offsets are hardly penalised at a large intercept scaling."""
    X, y = load_iris(return_X_y=True)
    X, alpha = scale(X), 0.01
    ours = MLPClassifier(loss="squared_hinge", alpha=alpha, warm_start=True, **QUASI_NEWTON)
    for _ in range(3):  # each begins where the last saw no gain any more
        ours.fit(X, y)
    C = 1 / (len(X) * alpha)
    theirs = LinearSVC(
        C=C, intercept_scaling=1e3, dual=False, tol=1e-10, max_iter=10**5, random_state=0
    ).fit(X, y)
    assert_allclose(ours.coefs_[0].T, theirs.coef_, rtol=1e-3, atol=1e-4)
    assert_allclose(ours.decision_function(X), theirs.decision_function(X), rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("classes", [2, 3])
def test_lbfgs_is_logistic_regressions_own_solver(classes):
    """The same objective to many digits."""
    X, y = load_iris(return_X_y=True)
    X, y = scale(X[y < classes]), y[y < classes]
    ours = MLPClassifier(alpha=0.01, **QUASI_NEWTON).fit(X, y)
    theirs = LogisticRegression(C=1 / (len(X) * 0.01), tol=1e-10, max_iter=10**4).fit(X, y)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-4)


def test_lbfgs_is_ridge():
    """The same minimum as in closed form."""
    X, y = scaled_diabetes()
    ours = MLPRegressor(alpha=0.1, **QUASI_NEWTON).fit(X, y)
    assert_allclose(ours.coefs_[0][:, 0], Ridge(alpha=0.1 * len(X)).fit(X, y).coef_, rtol=1e-3)


def test_huber_lies_between_the_mean_and_the_median():
    """A large delta is the squared error, a small one the absolute error (times delta)."""
    y = np.array([0.0, 0.0, 1.0, 10.0])
    X = np.zeros((4, 1))
    found = {}
    for delta in (1e-3, 1.0, 1e3):
        model = MLPRegressor(loss="huber", huber_delta=delta, alpha=0, **QUASI_NEWTON).fit(X, y)
        found[delta] = model.predict(X)[0]
    assert found[1e3] == pytest.approx(y.mean(), rel=1e-4)
    assert 0 <= found[1e-3] <= 1
    assert 0 < found[1.0] < found[1e3]


def test_several_quantiles_come_in_order():
    """A column each, never crossing; the score is minus their mean pinball loss."""
    X, y = scaled_diabetes()
    levels = [0.1, 0.5, 0.9]
    settings = {"learning_rate_init": 0.02, "max_iter": 300, "random_state": 0}
    model = MLPRegressor((), loss="quantile", quantile=levels, **settings)
    a = fitted(model, X, y).predict(X)
    assert a.shape == (len(X), 3)
    assert (np.diff(a, axis=1) > 0).all()
    assert_allclose(np.mean(y[:, None] < a, axis=0), levels, atol=0.06)
    pinball = [mean_pinball_loss(y, a[:, i], alpha=level) for i, level in enumerate(levels)]
    assert model.score(X, y) == pytest.approx(-np.mean(pinball))
    both = fitted(model, X, np.column_stack([y, -y])).predict(X)
    assert both.shape == (len(X), 2, 3)


def test_the_penalty_means_the_same_for_every_batch_and_sample_size():
    """At the minimum the slope balances ``alpha W``, however data are cut or repeated."""
    X, y = scaled_diabetes()
    settings = {**TO_THE_MINIMUM, "learning_rate_init": 0.1, "alpha": 0.5}
    whole = fitted(MLPRegressor(**settings), X, y)
    repeated = fitted(MLPRegressor(**settings), np.tile(X, (3, 1)), np.tile(y, 3))
    assert_allclose(parameters(whole), parameters(repeated), rtol=1e-6, atol=1e-9)
    settings.update(batch_size=40, momentum=0, learning_rate="invscaling", max_iter=400)
    cut = fitted(MLPRegressor(**settings), X, y)
    assert_allclose(parameters(whole), parameters(cut), atol=0.02)


def scaled_diabetes():
    """Return inputs and target with mean 0 and variance 1, the target moved off 0."""
    X, y = load_diabetes(return_X_y=True)
    X = scale(X[:, [1, 2, 3, 8]])
    return X, scale(y) + 0.5
