"""Pipelines with a network as one ONNX graph, by skl2onnx."""

import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import StackingRegressor, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import sknn
from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor, to_onnx
from sknn.persistence.onnx import register
from sknn.persistence.onnx.converters import ESTIMATORS
from tests.estimators.data import TASKS, binary, fitted, multiclass, real
from tests.persistence.runtime import run

skl2onnx = pytest.importorskip("skl2onnx")

#: What makes training short.
SHORT = {"hidden_layer_sizes": (6,), "max_iter": 3, "random_state": 0}


def agree(model, X, graph=None):
    """Compare what a graph says with what its model says."""
    answers = run(to_onnx(model, X) if graph is None else graph, X)
    predictions = answers["predictions" if "predictions" in answers else "label"]
    expected = model.predict(X)
    assert predictions.shape == expected.shape
    if "predictions" in answers:
        assert_allclose(predictions, expected, rtol=1e-5, atol=1e-5)
        return
    assert (predictions == expected).mean() > 0.98
    if hasattr(model, "predict_proba"):
        assert_allclose(answers["probabilities"], model.predict_proba(X), rtol=1e-5, atol=1e-5)
    else:
        assert_allclose(answers["scores"], model.decision_function(X), rtol=1e-5, atol=1e-5)


def people(n=80):
    """Return a frame of numbers and text, and labels of text."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.uniform(20, 70, n).astype(np.float32),  # imputers are for float32 there
            "income": rng.gamma(3, 1000.0, n).astype(np.float32),
            "town": rng.choice(["Bonn", "Köln", "Ulm"], n),
        }
    )
    return frame, np.where(frame["age"] > 45, "old", "young")


def encoded():
    """Return a transformer of that frame."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    return ColumnTransformer(
        [("numbers", numbers, ["age", "income"]), ("town", OneHotEncoder(), ["town"])]
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("task", TASKS)
def test_scaler_and_network(task, members, dtype):
    """Every kind of target; the input has the dtype of X."""
    estimator, make = TASKS[task]
    X, y = make()
    model = make_pipeline(StandardScaler(), estimator(n_members=members, **SHORT))
    agree(fitted(model, X, y), X.astype(dtype))


def test_scores_without_probabilities():
    """Of hinge losses."""
    X, y = multiclass()
    model = make_pipeline(StandardScaler(), MLPClassifier(loss="hinge", **SHORT))
    agree(fitted(model, X, y), X)


def test_frames():
    """An input for each column, strings included."""
    X, y = people()
    for last, target in ((MLPClassifier(**SHORT), y), (MLPRegressor(**SHORT), X["age"] / 50)):
        model = fitted(make_pipeline(encoded(), last), X, target)
        graph = to_onnx(model, X)
        assert [one.name for one in graph.graph.input] == list(X)
        agree(model, X, graph)


@pytest.mark.parametrize("estimator", [TabularMLPClassifier, TabularMLPRegressor])
def test_tabular_estimators_in_pipelines(estimator):
    """On the columns of a frame, or on the matrix of the previous step."""
    X, y = people()
    y = y if estimator is TabularMLPClassifier else X["age"] / 50
    agree(fitted(make_pipeline(estimator(**SHORT)), X, y), X)
    model = make_pipeline(StandardScaler(), estimator(**SHORT))
    X = X[["age", "income"]].to_numpy()
    agree(fitted(model, X, y), X)


def test_search_over_nested_pipelines():
    """The best one is exported."""
    X, y = binary()
    model = make_pipeline(make_pipeline(StandardScaler()), make_pipeline(MLPClassifier(**SHORT)))
    grid = {"pipeline-2__mlpclassifier__alpha": [0.1, 1.0]}
    search = fitted(GridSearchCV(model, grid, cv=2), X, y)
    agree(search.best_estimator_, X, to_onnx(search, X))


def test_meta_estimators():
    """With networks among other estimators."""
    X, y = binary()
    some = [("mlp", MLPClassifier(**SHORT)), ("line", LogisticRegression())]
    voting = fitted(VotingClassifier(some, voting="soft", flatten_transform=False), X, y)
    answers = run(skl2onnx_of(voting, X, zipmap=False), X)
    assert_allclose(answers["probabilities"], voting.predict_proba(X), rtol=1e-5, atol=1e-5)
    X, y = real()
    some = [("mlp", MLPRegressor(**SHORT)), ("line", LinearRegression())]
    stack = fitted(StackingRegressor(some, cv=2), X, y)
    [answer] = run(to_onnx(stack, X.astype(np.float32)), X).values()
    assert_allclose(answer.ravel(), stack.predict(X), rtol=1e-4, atol=1e-4)


def skl2onnx_of(model, X, **options):
    """Convert with skl2onnx itself."""
    register()
    return skl2onnx.to_onnx(model, X[:1].astype(np.float32), options=options or None)


def test_register():
    """After it, skl2onnx knows every estimator of this package."""
    known = {cls for name in sknn.__all__ if is_mlp(cls := getattr(sknn, name))}
    assert set(ESTIMATORS) == known
    X, y = real()
    model = fitted(make_pipeline(StandardScaler(), MLPRegressor(**SHORT)), X, y)
    answers = run(skl2onnx_of(model, X), X)
    assert answers["predictions"].shape == (len(X), 1)
    assert_allclose(answers["predictions"].ravel(), model.predict(X), rtol=1e-5, atol=1e-5)


def is_mlp(thing):
    """Tell whether a public name is one of the estimators with a network."""
    return isinstance(thing, type) and hasattr(thing, "predict_members")


@pytest.mark.parametrize("opset", [15, 18, 21])
def test_opset_of_the_whole_graph(opset):
    """It is the requested one."""
    X, y = binary()
    model = fitted(make_pipeline(StandardScaler(), MLPClassifier(**SHORT)), X, y)
    graph = to_onnx(model, X, opset=opset)
    assert {one.version for one in graph.opset_import if not one.domain} == {opset}
    agree(model, X, graph)


def test_missing_rows_columns_and_packages():
    """Each has its error."""
    X, y = people()
    model = fitted(make_pipeline(encoded(), MLPClassifier(**SHORT)), X, y)
    with pytest.raises(ValueError, match=r"a few rows X for the input types of Pipeline"):
        to_onnx(model)
    table = fitted(make_pipeline(TabularMLPClassifier(**SHORT)), X, y)
    with pytest.raises(ValueError, match=r"one input for each of age, income, town"):
        to_onnx(table, X[["age", "income"]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "skl2onnx", None)
        with pytest.raises(ImportError, match="needs the package skl2onnx"):
            to_onnx(model, X)
