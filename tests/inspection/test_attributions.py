"""Attributions: contributions sum to the output, and are those of the features."""

import sys
from itertools import combinations
from math import factorial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from sknn.inspection import AttributionsDisplay, attributions
from tests.estimators.data import TABLES, binary, fitted, multiclass, real, table
from tests.inspection.test_gradients import LABELS, answer

LONG = {"hidden_layer_sizes": (12, 8), "max_iter": 30, "learning_rate_init": 0.02}
SETTINGS = {**LONG, "random_state": 0}

#: Sums of contributions differ by this fraction of the output's standard deviation at most, in
#: the root mean square.
TOLERANCE = 0.05


def check_sums(model, X, background, target=None, of=None):
    """Assert that contributions sum to the output minus the mean output of the background."""
    found = attributions(model, X, background, target=target)
    outputs = answer(model, X, target if of is None else of)
    base = answer(model, background, target if of is None else of).mean()
    assert_allclose(found.outputs, outputs, rtol=1e-5, atol=1e-6 * np.abs(outputs).max())
    spread = outputs.std()
    assert spread > 0
    assert_allclose(found.base_values, base, rtol=0, atol=TOLERANCE * spread)
    errors = found.base_values + found.values.sum(axis=1) - outputs
    assert np.sqrt(np.mean(errors**2)) < TOLERANCE * spread


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("kind", LABELS)
def test_sums_of_raw_outputs(kind, members):
    """Of classifiers, for each kind of labels."""
    make, targets = LABELS[kind]
    X, y = make()
    model = fitted(MLPClassifier(**SETTINGS, activation="tanh", n_members=members), X, y)
    for target in targets:
        check_sums(model, X, X[:40], target)


@pytest.mark.parametrize("settings", [{}, {"standardize_y": True}, {"cv": 3}, {"dtype": "float32"}])
@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
def test_sums_of_predictions(loss, settings):
    """Of regressors, in the units of y."""
    X, y = real()
    model = fitted(MLPRegressor(**SETTINGS, activation="tanh", loss=loss, **settings), X, y)
    check_sums(model, X, X[:40])


@pytest.mark.parametrize("settings", [{}, {"n_members": 2}, {"cv": 3}], ids=str)
@pytest.mark.parametrize("task", TABLES)
def test_sums_of_tables(task, settings):
    """All encoded columns of a column are one feature; each fold has an encoding of its own."""
    make_model, make = TABLES[task]
    X, y = make()
    model = fitted(make_model(random_state=0).set_params(**settings), X, y)
    target = 1 if np.ndim(y) == 2 else None
    of = target
    if hasattr(model, "classes_") and np.ndim(y) == 1 and len(model.classes_) > 2:
        target = of = model.classes_[1]
    check_sums(model, X, X[:40], target, of)


def test_many_categories():
    """Embedded columns contribute, too."""
    rng = np.random.RandomState(0)
    codes = rng.randint(300, size=3000)
    X = pd.DataFrame({"code": [f"c{one}" for one in codes], "x": rng.randn(3000)})
    y = rng.randn(300)[codes] + X["x"]
    model = TabularMLPRegressor((16,), cv=None, max_iter=3, min_frequency=1, random_state=0)
    model.fit(X, y)
    assert model.encoder_.n_embedded_features_ == 1
    check_sums(model, X[:100], X)
    assert (attributions(model, X[:100], X).importances > 0).all()


def test_a_linear_model():
    """Contributions are those of the terms, exactly."""
    X, y = real()
    model = fitted(MLPRegressor((), solver="lbfgs", alpha=0, random_state=0), X, y)
    found = attributions(model, X, X[:30])
    slopes = LinearRegression().fit(X, y).coef_
    assert_allclose(found.values, (X - X[:30].mean(axis=0)) * slopes, atol=1e-3)


@pytest.fixture
def rules(monkeypatch):
    """Numbers of points of the quadrature rules that are used, in order."""
    used, leggauss = [], np.polynomial.legendre.leggauss

    def counted(n):
        used.append(n)
        return leggauss(n)

    monkeypatch.setattr(np.polynomial.legendre, "leggauss", counted)
    return used


def test_more_points_for_gradients_that_jump(rules):
    """So that the sum of each sample is near to its output."""
    X, y = real()
    model = fitted(MLPRegressor(**SETTINGS), X, np.sin(3 * X[:, 0]) + y)
    found = attributions(model, X, X[:40])
    assert rules[:2] == [2, 4]
    errors = found.base_values + found.values.sum(axis=1) - found.outputs
    assert np.abs(errors).max() < TOLERANCE * found.outputs.std()


@pytest.mark.parametrize("y_unit", [1.0, 1e-3])
def test_one_background_row(y_unit, rules):
    """There are more points on the only way to each sample; sums are near their differences."""
    X, y = real()
    model = MLPRegressor(**SETTINGS, standardize_y=True)
    fitted(model, X, y_unit * (np.sin(3 * X[:, 0]) + y))
    found = attributions(model, X, X[:1])
    assert max(rules) <= 128
    differences = found.outputs - found.base_values
    errors = np.abs(found.values.sum(axis=1) - differences)
    assert (errors <= TOLERANCE * np.abs(differences).max()).all()
    assert (found.values[0] == 0).all()
    rules.clear()
    attributions(model, X[:3], X[:1], n_samples=8)
    assert max(rules) <= 8


def test_few_points_for_a_line(rules):
    """Whatever the units of y: their gradients are the same all of the way."""
    X, y = real()
    model = MLPRegressor((), solver="lbfgs", standardize_y=True, random_state=0)
    attributions(fitted(model, X, 1000 * y), X, X[:30])
    assert rules == [2]


def test_near_to_shapley_values():
    """Exact ones, of all sets of features."""
    X, y = real(80, 3)
    model = fitted(MLPRegressor(**SETTINGS), X, X[:, 0] * X[:, 1] + y)
    background, samples, m = X[:25], X[:30], X.shape[1]
    exact = np.zeros(samples.shape)

    def mean_output(subset, x):
        rows = background.copy()
        rows[:, list(subset)] = x[list(subset)]
        return model.predict(rows).mean()

    for i, x in enumerate(samples):
        for j in range(m):
            others = [one for one in range(m) if one != j]
            for size in range(m):
                weight = factorial(size) * factorial(m - size - 1) / factorial(m)
                for subset in combinations(others, size):
                    gain = mean_output((*subset, j), x) - mean_output(subset, x)
                    exact[i, j] += weight * gain
    found = attributions(model, samples, background).values
    assert np.corrcoef(found.ravel(), exact.ravel())[0, 1] > 0.95


def test_a_column_without_effect_contributes_nothing():
    """A constant one, for example."""
    X, y = binary()
    frame = table(X).assign(constant=1.0)
    model = fitted(TabularMLPClassifier(cv=None, max_iter=5, random_state=0), frame, y)
    found = attributions(model, frame)
    assert_array_equal(found.values[:, -1], 0)
    assert found.feature_names.tolist() == list(frame.columns)


def test_the_predicted_class_is_that_of_the_sample():
    """All of the way from the background, which has other classes."""
    X, y = multiclass()
    model = fitted(MLPClassifier(**SETTINGS), X, y)
    own, given = attributions(model, X), attributions(model, X, target=model.predict(X))
    assert_array_equal(own.values, given.values)
    of_one = attributions(model, X, target=model.classes_[0])
    chosen = model.predict(X) == model.classes_[0]
    assert_allclose(own.values[chosen], of_one.values[chosen])


def test_samples_do_not_depend_on_each_other():
    """Nor on how many are computed at a time, nor on their container."""
    X, y = real()
    model = fitted(MLPRegressor(**SETTINGS), X, y)
    whole = attributions(model, X, X[:30]).values
    parts = [attributions(model, X[i : i + 7], X[:30]).values for i in range(0, len(X), 7)]
    assert_allclose(np.concatenate(parts), whole, atol=1e-12)
    of_sparse = attributions(model, sparse.csr_matrix(X), sparse.csr_matrix(X[:30]))
    assert_allclose(of_sparse.values, whole, atol=1e-12)
    assert_allclose(of_sparse.column(1), X[:, 1])


def test_bad_input():
    """Errors say what is needed."""
    X, y = multiclass()
    model = MLPClassifier(**SETTINGS)
    with pytest.raises(NotFittedError):
        attributions(model, X)
    fitted(model, X, y)
    with pytest.raises(ValueError, match="target must be one of"):
        attributions(model, X, target=77)
    with pytest.raises(ValueError, match="n_samples must be at least"):
        attributions(model, X, n_samples=1)
    with pytest.raises(TypeError, match="attributions"):
        attributions(LinearRegression(), X)
    with pytest.raises(ValueError, match="features"):
        attributions(model, X, X[:, :2])


def test_to_shap(monkeypatch):
    """Its result has what the plots of shap read."""
    X, y = binary()
    model = fitted(TabularMLPClassifier(cv=None, max_iter=3, random_state=0), table(X), y)
    found = attributions(model, table(X))
    stub = SimpleNamespace(Explanation=lambda *args, **named: (args, named))
    monkeypatch.setitem(sys.modules, "shap", stub)
    (values, base, data), named = found.to_shap()
    assert values is found.values
    assert base is found.base_values
    assert data.shape == values.shape
    assert named == {"feature_names": list(table(X).columns)}
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(ImportError, match="pip install shap"):
        found.to_shap()


@pytest.mark.parametrize("kind", ["points", "bar"])
def test_display(kind):
    """The largest features are drawn, from the top."""
    pytest.importorskip("matplotlib")
    X, y = real()
    model = fitted(TabularMLPRegressor(cv=None, max_iter=5, random_state=0), table(X), y)
    display = AttributionsDisplay.from_estimator(model, table(X), kind=kind, max_features=3)
    order = np.argsort(-display.attributions.importances)[:3]
    assert_array_equal(display.features_, order)
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert names == list(table(X).columns[order])
    if kind == "bar":
        widths = [bar.get_width() for bar in display.ax_.patches]
        assert_allclose(widths, display.attributions.importances[order])
    else:
        drawn = np.concatenate([one.get_offsets()[:, 0] for one in display.ax_.collections])
        assert len(drawn) == 3 * len(X)
    for settings, message in (({"kind": "line"}, "kind"), ({"max_features": 0}, "max_features")):
        with pytest.raises(ValueError, match=message):
            AttributionsDisplay(display.attributions, **settings).plot()
