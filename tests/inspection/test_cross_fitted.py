"""Inspection of estimators with networks of several folds."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sknn import TabularMLPClassifier, TabularMLPRegressor
from sknn.estimators._fitted_model import fold_networks
from sknn.estimators._model import ModelSpec
from sknn.inspection import (
    HiddenFeatures,
    LossCurveDisplay,
    NetworkDisplay,
    WeightsDisplay,
    adversarial,
    gradient_flow,
    input_gradient,
    layer_outputs,
)
from sknn.inspection._unit_names import column_titles, input_names, member_weights
from tests.estimators.data import TABLES, TASKS, fitted
from tests.inspection.test_gradients import (
    BRIEF,
    check,
    numeric_table,
    table_differences,
)
from tests.inspection.test_layers import said

EVERY = {**TASKS, **TABLES}


def cross_fitted(task, members=1, **settings):
    """Return an estimator with networks of three folds, and its data."""
    cls, make = EVERY[task]
    X, y = make()
    model = cls(**{**BRIEF, "n_members": members, "cv": 3, **settings})
    return fitted(model, X, y), X, y


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel", "real", "multioutput"])
def test_input_gradient_of_numbers(task, members):
    """That of the average over all networks."""
    model, X, _ = cross_fitted(task, members)
    check(model, X, 1 if task.startswith("multi") else None)


@pytest.mark.parametrize("loss", [{}, {"loss": "brier"}, {"loss": "hinge"}])
def test_input_gradient_of_classes_of_a_table(loss):
    """The average over networks with encodings of their own."""
    frame, new = numeric_table(0), numeric_table(1)
    new["rooms"] += 0.3  # away from the ends of bins
    y = np.digitize(frame["metres"] + 3000 * frame["share"].fillna(0), [5500, 6500])
    model = TabularMLPClassifier((8,), n_bins=4, cv=3, max_iter=5, random_state=0, **loss)
    expected = table_differences(fitted(model, frame, y), new, 2)
    found = input_gradient(model, new, 2)
    assert_allclose(found, expected, rtol=0, atol=1e-6 * max(1, np.nanmax(np.abs(expected))))
    assert_array_equal(np.isnan(found).any(axis=0), np.array(frame.columns) == "town")


@pytest.mark.parametrize("members", [1, 2])
def test_input_gradient_of_a_regression_of_a_table(members):
    """In the units of y."""
    frame, new = numeric_table(0), numeric_table(1)
    new["rooms"] += 0.3
    y = frame["metres"] + 3000 * frame["share"].fillna(0)
    settings = {"n_bins": 4, "cv": 3, "n_members": members, "max_iter": 5, "random_state": 0}
    model = fitted(TabularMLPRegressor((8,), **settings), frame, y)
    expected = table_differences(model, new)
    found = input_gradient(model, new)
    assert_allclose(found, expected, rtol=0, atol=1e-6 * np.nanmax(np.abs(expected)))


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("task", EVERY)
def test_layer_outputs_have_a_member_axis(task, members):
    """The mean of the last activations is the prediction."""
    model, X, _ = cross_fitted(task, members)
    layers = layer_outputs(model, X)
    assert [layer.Z.shape for layer in layers[:2]] == [(3 * members, 60, k) for k in (6, 5)]
    expected = layers[0].A @ model.coefs_[1] + model.intercepts_[1][:, None]
    assert_allclose(layers[1].Z, expected, rtol=1e-10, atol=1e-12)
    assert_allclose(layers[-1].A.mean(axis=0), said(model, X), rtol=1e-9, atol=1e-12)
    features = HiddenFeatures(model, prefit=True).transform(X)
    assert_array_equal(features, np.concatenate(list(layers[1].A), axis=1))


@pytest.mark.parametrize("task", EVERY)
def test_gradient_flow_is_over_all_networks(task):
    """Root mean squares over those of estimators with one network each."""
    model, X, y = cross_fitted(task, 1, activation="tanh")
    spec, fitted_model = ModelSpec.of_fitted(vars(model)), vars(model)
    singles = []
    for k, (part, network) in enumerate(fold_networks(spec, fitted_model)):
        coefs, intercepts = ([W[k] for W in model.coefs_], [W0[k] for W0 in model.intercepts_])
        coefs[0] = coefs[0][: part.n_inputs]
        embedding = next((m.E for m in network.modules if hasattr(m, "E")), None)
        own = {"coefs_": coefs, "intercepts_": intercepts, "_model_spec": part.to_plain(embedding)}
        singles.append(gradient_flow(model._with_attributes({**fitted_model, **own}), X, y))
    for layer, *one in zip(gradient_flow(model, X, y), *singles, strict=True):
        sizes = np.array([single[1:] for single in one])
        n_weights = np.array([W.size for W in member_layer_weights(model, layer.name)])
        squares = [np.average(sizes[:, 0] ** 2, weights=n_weights), np.mean(sizes[:, 1] ** 2)]
        assert_allclose(layer[1:3], np.sqrt(squares), rtol=1e-9)
        assert_allclose(layer[3:], sizes[:, 2:].mean(axis=0), rtol=1e-9)


def member_layer_weights(model, name):
    """Return the weights of a layer of every network."""
    index = {"hidden 1": 0, "hidden 2": 1, "output": 2}[name]
    return [member_weights(model, j)[index] for j in range(3)]


def test_names_and_weights_of_a_member_are_those_of_its_fold():
    """Without the padding of narrower encodings."""
    _, make = TABLES["real of a table"]
    X, y = make()
    X["town"] = [f"town {i // 4}" for i in range(60)]  # in some folds a town is unknown
    cv = [(np.arange(60) // 20 != k, np.arange(60) // 20 == k) for k in range(3)]
    cv[0] = (np.arange(60) >= 24, np.arange(60) < 24)
    settings = {**BRIEF, "min_frequency": 1, "cv": cv, "n_members": 2}
    model = fitted(TabularMLPRegressor(**settings), X, y)
    widths = [len(member_weights(model, j)[0]) for j in range(6)]
    assert len(set(widths)) > 1
    for j, width in enumerate(widths):
        assert widths[j // 2 * 2] == width
        assert len(input_names(model, j)) == width
        assert column_titles(model, j)[0].split("\n")[1] == str(width)
        assert not model.coefs_[0][j, width:].any()
    assert "town_town 0" not in input_names(model, 0)
    assert "town_town 0" in input_names(model, 2)


@pytest.mark.parametrize("task", ["binary", "real of a table"])
def test_displays(task):
    """Of any member; each network has a best epoch of its own."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    model, *_ = cross_fitted(task, early_stopping="cv")
    assert NetworkDisplay.from_estimator(model, member=2).figure_
    assert WeightsDisplay.from_estimator(model, member=2).figure_
    display = LossCurveDisplay.from_estimator(model)
    np.testing.assert_array_equal(display.best_iteration, model.best_iteration_)
    with pytest.raises(ValueError, match="member must be from 0 to 2, got 3"):
        WeightsDisplay.from_estimator(model, member=3)
    pyplot.close("all")


def test_adversarial_increases_the_loss_of_the_average():
    """Estimators of numbers have one input for all folds."""
    model, X, y = cross_fitted("multiclass", max_iter=20)
    assert model.score(adversarial(model, X, y, epsilon=0.5), y) < model.score(X, y)


def test_refit_has_one_network():
    """All that is inspected is the refitted network."""
    model, X, _ = cross_fitted("real of a table", refit=True)
    assert layer_outputs(model, X)[0].Z.shape == (60, 6)
    assert len(input_names(model)) == model.coefs_[0].shape[0]
