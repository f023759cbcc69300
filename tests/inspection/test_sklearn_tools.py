"""scikit-learn's inspection tools work with these estimators."""

import numpy as np
import pytest
from sklearn.calibration import CalibrationDisplay
from sklearn.inspection import (
    DecisionBoundaryDisplay,
    PartialDependenceDisplay,
    partial_dependence,
    permutation_importance,
)

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from tests.estimators.data import binary, fitted, multiclass, real, table

pyplot = pytest.importorskip("matplotlib.pyplot")

BRIEF = {"hidden_layer_sizes": (8,), "max_iter": 20, "learning_rate_init": 0.02, "random_state": 0}
CLASSIFIERS = [MLPClassifier, TabularMLPClassifier]
REGRESSORS = [MLPRegressor, TabularMLPRegressor]


@pytest.fixture(autouse=True)
def _agg():
    """Draw without a screen, and leave no figure behind."""
    pyplot.switch_backend("Agg")
    yield
    pyplot.close("all")


def raw(cls, X):
    """Return X as this estimator's users have it."""
    return table(X) if cls.__name__.startswith("Tabular") else X


@pytest.mark.parametrize("cls", [*CLASSIFIERS, *REGRESSORS])
def test_permutation_importance(cls):
    """Informative features have a higher importance than noise."""
    X, y = binary() if cls in CLASSIFIERS else real()
    X = raw(cls, X)
    model = fitted(cls(**BRIEF), X, y)
    importances = permutation_importance(model, X, y, n_repeats=3, random_state=0)
    assert importances.importances_mean.max() > 0


@pytest.mark.parametrize("cls", [*CLASSIFIERS, *REGRESSORS])
def test_partial_dependence(cls):
    """Of numbers, pairs, and categories of a table."""
    X, y = binary() if cls in CLASSIFIERS else real()
    X = raw(cls, X)
    model = fitted(cls(**BRIEF), X, y)
    features, categories = [0, 2, (0, 2)], None
    if cls.__name__.startswith("Tabular"):
        X = X.assign(amount=X["amount"].fillna(0.0))
        features, categories = ["amount", "size"], ["size"]
    display = PartialDependenceDisplay.from_estimator(
        model, X, features, categorical_features=categories, grid_resolution=5
    )
    assert display.axes_.size >= len(features)


def test_partial_dependence_of_one_class():
    """Selected by `target`, for raw outputs and probabilities."""
    X, y = multiclass()
    model = fitted(MLPClassifier(**BRIEF), X, y)
    for method in ("predict_proba", "decision_function"):
        settings = {"response_method": method, "grid_resolution": 5}
        PartialDependenceDisplay.from_estimator(model, X, [0], target=2, **settings)
        found = partial_dependence(model, X, [0], **settings)
        assert found["average"].shape == (3, 5)


@pytest.mark.parametrize("method", ["predict", "predict_proba", "decision_function"])
@pytest.mark.parametrize("make", [binary, multiclass])
def test_decision_boundary(make, method):
    """Of two inputs, for each response method."""
    X, y = make()
    model = fitted(MLPClassifier(**BRIEF), X[:, :2], y)
    display = DecisionBoundaryDisplay.from_estimator(
        model, X[:, :2], response_method=method, grid_resolution=10
    )
    assert np.isfinite(display.response).all()


def test_decision_boundary_of_regressors_and_tables():
    """Of numeric columns."""
    X, y = real()
    for cls in REGRESSORS:
        model = fitted(cls(**BRIEF), X[:, :2], y)
        DecisionBoundaryDisplay.from_estimator(
            model, X[:, :2], response_method="predict", grid_resolution=10
        )


@pytest.mark.parametrize("cls", CLASSIFIERS)
def test_calibration(cls):
    """Of `predict_proba`."""
    X, y = binary()
    X = raw(cls, X)
    display = CalibrationDisplay.from_estimator(fitted(cls(**BRIEF), X, y), X, y, n_bins=3)
    assert np.isfinite(display.prob_true).all()
