"""Pipelines with a network as one ONNX graph, by skl2onnx."""

import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    BaggingRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

import sknn
from sknn import (
    MLPClassifier,
    MLPRegressor,
    TableEncoder,
    TabularMLPClassifier,
    TabularMLPRegressor,
    to_onnx,
)
from sknn.inspection import HiddenFeatures
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


def skl2onnx_of(model, X, opset=18, **options):
    """Convert with skl2onnx itself."""
    register()
    options = {id(model): options} if options else None
    return skl2onnx.to_onnx(model, X[:1].astype(np.float32), options=options, target_opset=opset)


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
    with pytest.raises(ValueError, match=r"a few rows X for the input types of the model"):
        to_onnx(model)
    table = fitted(make_pipeline(TabularMLPClassifier(**SHORT)), X, y)
    with pytest.raises(ValueError, match=r"one input for each of age, income, town"):
        to_onnx(table, X[["age", "income"]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "skl2onnx", None)
        with pytest.raises(ImportError, match="needs the package skl2onnx"):
            to_onnx(model, X)


# Meta-estimators


def around(classifier, **settings):
    """Return a network, and a pipeline with it."""
    mlp = classifier(**{**SHORT, "max_iter": 10, "learning_rate_init": 0.05, **settings})
    return {"network": mlp, "pipeline": make_pipeline(StandardScaler(), mlp)}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("place", ["network", "pipeline"])
@pytest.mark.parametrize("settings", [{}, {"n_members": 2}, {"loss": "hinge"}, {"loss": "brier"}])
@pytest.mark.parametrize("make", [binary, multiclass])
def test_calibrated(make, settings, place, dtype):
    """By `decision_function`, as in scikit-learn."""
    X, y = make()
    inner = around(MLPClassifier, **settings)[place]
    for ensemble in (True, False):
        model = fitted(CalibratedClassifierCV(inner, cv=2, ensemble=ensemble), X, y)
        agree(model, X, to_onnx(model, X.astype(dtype)))


@pytest.mark.parametrize("method", ["isotonic", "temperature"])
def test_other_calibrations_are_refused(method):
    """Their converters interpolate in another way, or do not exist."""
    X, y = binary()
    model = fitted(CalibratedClassifierCV(MLPClassifier(**SHORT), cv=2, method=method), X, y)
    with pytest.raises(ValueError, match=rf"CalibratedClassifierCV cannot .* got '{method}'"):
        to_onnx(model, X)


@pytest.mark.parametrize("scale", [1, 1000])
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("loss", ["log_loss", "brier", "hinge"])
@pytest.mark.parametrize("make", [binary, multiclass])
def test_raw_scores(make, loss, members, scale):
    """They are those of `decision_function`, far from 0 too; a column for each class."""
    X, y = make()
    mlp = fitted(MLPClassifier(loss=loss, n_members=members, **SHORT), X, y)
    mlp.coefs_[-1] *= scale
    for opset in (13, 18):
        graph = skl2onnx_of(mlp, X, opset, raw_scores=True)
        z = mlp.decision_function(X)
        z = z if z.ndim == 2 else np.column_stack([-z, z])
        assert_allclose(run(graph, X)["scores"], z, rtol=1e-4, atol=1e-5 * scale)


def test_skl2onnx_itself():
    """It refuses what `to_onnx` refuses, and scores the rest in the same way."""
    X, y = multiclass()
    pipe = make_pipeline(StandardScaler(), MLPClassifier(**SHORT))
    model = fitted(CalibratedClassifierCV(pipe, cv=2), X, y)
    answers = run(skl2onnx_of(model, X, zipmap=False), X)
    assert_allclose(answers["probabilities"], model.predict_proba(X), rtol=1e-5, atol=1e-5)
    model = fitted(model.set_params(method="isotonic"), X, y)
    with pytest.raises(ValueError, match=r"CalibratedClassifierCV cannot .* got 'isotonic'"):
        skl2onnx_of(model, X, zipmap=False)


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("loss", ["log_loss", "brier", "hinge"])
def test_stacked_scores(loss, members):
    """Of three classes; those of two have another shape there and are refused."""
    X, y = multiclass()
    mlp = MLPClassifier(loss=loss, n_members=members, **SHORT)
    parts = [("mlp", mlp), ("pipe", make_pipeline(StandardScaler(), mlp))]
    parts += [("line", LogisticRegression())]
    model = StackingClassifier(parts, cv=2, stack_method="decision_function", passthrough=True)
    agree(fitted(model, X, y), X, to_onnx(model, X.astype(np.float32)))
    with pytest.raises(ValueError, match=r"StackingClassifier cannot .* stack_method"):
        to_onnx(fitted(model, *binary()), X)


@pytest.mark.parametrize("make", [binary, multiclass])
def test_hinge_inside_others(make):
    """Hard votes and boosting count labels; others need probabilities and say so."""
    X, y = make()
    hinge = MLPClassifier(loss="hinge", **{**SHORT, "max_iter": 40, "learning_rate_init": 0.05})
    parts = [("a", hinge), ("b", make_pipeline(StandardScaler(), hinge))]
    for model in (
        VotingClassifier(parts, weights=[2, 1]),
        AdaBoostClassifier(hinge, n_estimators=2, random_state=0),
    ):
        answers = run(to_onnx(fitted(model, X, y), X.astype(np.float32)), X)
        assert (answers["label"] == model.predict(X)).mean() > 0.98
        assert ("probabilities" in answers) == hasattr(model, "predict_proba")
    for model in (
        OneVsRestClassifier(hinge),
        BaggingClassifier(hinge, 2),
        VotingClassifier(parts, voting="soft"),
        StackingClassifier([("line", LogisticRegression())], hinge, cv=2),
    ):
        name = type(model).__name__
        with pytest.raises(ValueError, match=rf"{name} cannot .* probabilities of MLPClassifier"):
            to_onnx(fitted(model, X, y), X)


def test_weights_of_votes():
    """As a list, and without those of what was dropped; the model does not change."""
    X, y = multiclass()
    lines = [(name, LogisticRegression(C=10.0**i)) for i, name in enumerate("ab")]
    model = VotingClassifier([*lines, ("mlp", MLPClassifier(**SHORT))], weights=[3, 1, 2])
    fitted(model.set_params(a="drop", voting="soft"), X, y)
    agree(model, X, to_onnx(model, X.astype(np.float32)))
    assert model.weights == [3, 1, 2]
    assert model.flatten_transform


def test_bagged_columns():
    """Each network has its own columns."""
    X, y = multiclass()
    model = BaggingClassifier(MLPClassifier(**SHORT), 3, max_features=2, random_state=0)
    agree(fitted(model, X, y), X)


def test_nested_meta_estimators():
    """At any depth, after other steps."""
    X, y = multiclass()
    mlp = MLPClassifier(**SHORT)
    calibrated = CalibratedClassifierCV(mlp, cv=2)
    search = GridSearchCV(mlp, {"alpha": [0.1, 1.0]}, cv=2)
    soft = VotingClassifier([("c", calibrated), ("g", search)], voting="soft")
    stack = StackingClassifier([("soft", soft), ("line", LogisticRegression())], mlp, cv=2)
    agree(fitted(make_pipeline(StandardScaler(), stack), X, y), X)


@pytest.mark.parametrize("loss", ["log_loss", "hinge"])
def test_searches_inside_others(loss):
    """As the last step of a pipeline, and calibrated."""
    X, y = multiclass()
    search = GridSearchCV(MLPClassifier(loss=loss, **SHORT), {"alpha": [0.1, 1.0]}, cv=2)
    inner = make_pipeline(StandardScaler(), search)
    agree(fitted(inner, X, y), X)
    agree(fitted(inner, X, y + 2**40), X)
    others = RandomizedSearchCV(inner, {"gridsearchcv__cv": [2]}, n_iter=1, cv=2)
    for one in (search, inner, others):
        model = fitted(CalibratedClassifierCV(one, cv=2), X, y)
        agree(model, X, to_onnx(model, X.astype(np.float32)))
        assert not isinstance(model.calibrated_classifiers_[0].estimator, MLPClassifier)
    model = fitted(CalibratedClassifierCV(search, cv=2), X, y)
    with pytest.raises(ValueError, match=r"GridSearchCV cannot .* best_estimator_"):
        skl2onnx_of(model, X, zipmap=False)
    for make in (real, TASKS["multioutput"][1]):
        X, y = make()
        search = GridSearchCV(MLPRegressor(**SHORT), {"alpha": [0.1, 1.0]}, cv=2)
        agree(fitted(make_pipeline(StandardScaler(), search), X, y), X)


@pytest.mark.parametrize("step", ["passthrough", None])
def test_steps_that_do_nothing_are_left_out(step):
    """As in a search over steps; the model itself does not change."""
    X, y = multiclass()
    model = Pipeline(
        [("scale", StandardScaler()), ("extra", step), ("mlp", MLPClassifier(**SHORT))]
    )
    agree(fitted(model, X, y), X)
    assert len(model.steps) == 3


def test_networks_in_the_middle_of_pipelines_are_refused():
    """As transformers."""
    X, y = multiclass()
    stack = StackingClassifier([("mlp", MLPClassifier(**SHORT))], cv=2)
    model = fitted(make_pipeline(stack, LogisticRegression()), X, y)
    with pytest.raises(ValueError, match=r"Pipeline cannot .* got StackingClassifier"):
        to_onnx(model, X)
    features = HiddenFeatures(fitted(MLPClassifier(**SHORT), X, y))
    model = fitted(make_pipeline(features, LogisticRegression()), X, y)
    with pytest.raises(ValueError, match=r"Pipeline cannot .* got HiddenFeatures"):
        to_onnx(model, X)


def refused():
    """Yield models that are refused, and the reason."""
    mlp, line = MLPClassifier(**SHORT), LogisticRegression()
    bagging = BaggingClassifier(make_pipeline(mlp), 2, max_samples=2, random_state=0)
    yield bagging, "BaggingClassifier cannot .* without rows of some class"
    bagging = BaggingClassifier(mlp, 2)
    yield CalibratedClassifierCV(bagging, cv=2), "CalibratedClassifierCV cannot .* only a network"
    stack = [("mlp", mlp), ("pipe", make_pipeline(StandardScaler(), line))]
    stack = StackingClassifier(stack, cv=2, stack_method="decision_function")
    yield stack, "StackingClassifier cannot .* decision_function of a pipeline"
    stack = StackingClassifier([("mlp", mlp)], cv=2, stack_method="predict")
    yield stack, "StackingClassifier cannot .* got predict"
    yield OneVsOneClassifier(mlp), "OneVsOneClassifier cannot .* supported are .*Bagging"
    columns = MultiOutputClassifier(make_pipeline(mlp))
    yield columns, "MultiOutputClassifier cannot .* is a pipeline"


@pytest.mark.parametrize(("model", "reason"), list(refused()))
def test_refusals_name_the_meta_estimator(model, reason):
    """And what to do where something can be done."""
    X, y = multiclass()
    if isinstance(model, MultiOutputClassifier):
        y = np.column_stack([y, y])
    with pytest.raises(ValueError, match=reason):
        to_onnx(fitted(model, X, y), X)


@pytest.mark.parametrize("threshold", [FixedThresholdClassifier, TunedThresholdClassifierCV])
def test_thresholds_are_refused_with_the_way_round(threshold):
    """A graph has the probabilities, whatever the threshold."""
    X, y = binary()
    model = fitted(threshold(MLPClassifier(**SHORT)), X, y)
    with pytest.raises(ValueError, match=rf"{threshold.__name__} cannot .* export .* estimator_"):
        to_onnx(model, X)
    agree(model.estimator_, X)


def test_several_outputs_inside_others_are_refused():
    """Bagging would answer too many rows."""
    X, y = TASKS["multioutput"][1]()
    for inner in (MLPRegressor(**SHORT), MLPRegressor(loss="quantile", quantile=[0.1], **SHORT)):
        model = fitted(BaggingRegressor(inner, 2), X, y)
        with pytest.raises(ValueError, match=r"MLPRegressor cannot .* one output only"):
            to_onnx(model, X)


@pytest.mark.parametrize(
    ("labels", "is_exact"),
    [
        ([-3.0, 7.0], True),
        ([2**24 - 1, 2**24], True),
        ([2**24, 2**24 + 1], False),
        ([2**40, 2**41], False),
        ([0.5, 1.5], False),
        ([False, True], True),
    ],
)
def test_labels_of_meta_estimators(labels, is_exact):
    """They pass through float32 there; what that cannot hold is refused."""
    X, y = binary()
    labels = np.array(labels)
    model = fitted(VotingClassifier([("mlp", MLPClassifier(**SHORT))]), X, y)
    if is_exact:
        fitted(model, X, labels[y])
        answers = run(to_onnx(model, X.astype(np.float32)), X)
        assert (answers["label"] == model.predict(X)).all()
        return
    model.classes_ = labels
    with pytest.raises(ValueError, match=r"VotingClassifier cannot .* up to 2\*\*24"):
        to_onnx(model, X)


def test_unsuitable_rows_are_refused():
    """Several inputs where one is needed, and a type that a converter of skl2onnx cannot take."""
    X, y = multiclass()
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = fitted(CalibratedClassifierCV(MLPClassifier(**SHORT), cv=2), frame, y)
    with pytest.raises(ValueError, match=r"CalibratedClassifierCV.*pass X as an array"):
        to_onnx(model, frame)
    mlp = MLPClassifier(**{**SHORT, "max_iter": 40, "learning_rate_init": 0.05})
    model = fitted(AdaBoostClassifier(mlp, n_estimators=2, random_state=0), X, y)
    with pytest.raises(ValueError, match=r"AdaBoostClassifier to an invalid graph.*float32"):
        to_onnx(model, X)


def days_since(table):
    """Return a table with a number in place of dates."""
    days = (table["since"] - pd.Timestamp("2025-01-01")) / pd.Timedelta(days=1)
    return table.drop(columns="since").assign(days=days)


def test_a_step_for_dates_is_refused_with_the_way_round():
    """Which does what the error says."""
    X, y = real()
    rows = pd.DataFrame({"size": X[:, 0], "since": pd.date_range("2025-01-01", periods=len(X))})
    network = TabularMLPRegressor(**SHORT, cv=None)
    model = fitted(make_pipeline(FunctionTransformer(days_since), network), rows, y)
    with pytest.raises(ValueError, match=r"no dates.*to_onnx\(model\[-1\], model\[:-1\]"):
        to_onnx(model, rows[:1])
    encoded = model[:-1].transform(rows)
    agree(model[-1], encoded, to_onnx(model[-1], encoded))


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("opset", [11, 12])
def test_old_opsets_are_refused(opset, members):
    """With skl2onnx itself, as by `to_onnx`."""
    register()
    X, y = binary()
    model = fitted(make_pipeline(StandardScaler(), MLPClassifier(n_members=members, **SHORT)), X, y)
    with pytest.raises(ValueError, match=f"opset must be 13 or more, got {opset}"):
        skl2onnx.to_onnx(model, X[:1].astype(np.float32), target_opset=opset)


# The encoder alone


@pytest.mark.parametrize("settings", [{}, {"dtype": "float32", "n_bins": 4}, {"min_frequency": 1}])
def test_encoder_in_pipelines(settings):
    """Before any other step; sparse output is the same."""
    X, y = people()
    X["member"] = X["age"] > 40
    X.loc[::9, "town"] = None
    X.loc[::11, "income"] = np.nan
    for encoder in (TableEncoder(**settings), TableEncoder(sparse_output=True, **settings)):
        for last in (MLPClassifier(**SHORT), LogisticRegression()):
            agree(fitted(make_pipeline(encoder, last), X, y), X)
        agree(fitted(make_pipeline(encoder, MLPRegressor(**SHORT)), X, X["age"] / 50), X)
        [encoded] = run(to_onnx(encoder.fit(X), X), X).values()
        expected = encoder.transform(X)
        expected = expected.toarray() if encoder.sparse_output else expected
        assert_allclose(encoded, expected, rtol=1e-6, atol=1e-6)


def test_tables_inside_meta_estimators():
    """A frame where skl2onnx passes all inputs on; frames of other libraries start a pipeline."""
    X, y = people()
    model = VotingClassifier([("table", TabularMLPClassifier(**SHORT))], voting="soft")
    agree(fitted(model, X, y), X)
    polars = pytest.importorskip("polars").from_pandas(X)
    model = fitted(make_pipeline(TableEncoder(), MLPClassifier(**SHORT)), polars, y)
    agree(model, X, to_onnx(model, polars))


def test_encoder_of_a_matrix():
    """One input, whose columns it encodes."""
    X, y = multiclass()
    agree(fitted(make_pipeline(TableEncoder(), MLPClassifier(**SHORT)), X, y), X)
