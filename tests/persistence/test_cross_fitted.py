"""Files, pickles, graphs and conversions of estimators with networks of several folds."""

import io
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import VotingClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknn
from sknn import (
    MLPClassifier,
    MLPRegressor,
    ModelFileError,
    TabularMLPClassifier,
    TabularMLPRegressor,
    to_sklearn,
)
from sknn.persistence.describe import describe
from tests.estimators.data import TABLES, TASKS, binary, fitted, multiclass, real, table
from tests.persistence.test_archives import assert_alike, loaded, rewritten, saved

FEW = {"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 0}
TEXTS = np.array(["no", "perhaps", "yes"])
PARTLY = [(np.arange(30), np.arange(30, 45)), (np.arange(25), np.arange(25, 40))]

pytestmark = pytest.mark.filterwarnings("ignore:The coverage of predict_")


def houses(y):
    """Return a frame with a column of more than 256 categories, and y to fit."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=900), "id": [f"n{i}" for i in range(300)] * 3})
    return frame, y(frame["x"].to_numpy())


def columns_of_labels():
    """Return X and two columns of labels."""
    X, y = multiclass()
    return X, np.column_stack([TEXTS[y], TEXTS[(X[:, 0] > 0).astype(int)]])


def unknown_targets():
    """Return X and two columns of numbers, some of them unknown."""
    X, Y = TASKS["multioutput"][1]()
    Y[::5, 0] = np.nan
    return X, Y


def as_text(dtype, make=multiclass):
    """Return X and string labels."""
    X, y = make()
    return X, TEXTS[y].astype(dtype)


#: Estimators by name: the class, its parameters and its data.
CASES = {
    "binary": (MLPClassifier, {}, binary),
    "text": (MLPClassifier, {"n_members": 2}, lambda: as_text("U")),
    "objects": (MLPClassifier, {"refit": True}, lambda: as_text(object)),
    "partly": (MLPClassifier, {"cv": PARTLY}, lambda: as_text(object)),
    "one split": (MLPClassifier, {"cv": PARTLY[:1]}, lambda: as_text("U")),
    "partly truths": (MLPClassifier, {"cv": PARTLY}, lambda: (binary()[0], binary()[1] > 0)),
    "hinge": (MLPClassifier, {"loss": "hinge"}, multiclass),
    "multilabel": (MLPClassifier, {}, TASKS["multilabel"][1]),
    "columns": (MLPClassifier, {}, columns_of_labels),
    "columns partly": (MLPClassifier, {"cv": PARTLY, "loss": "hinge"}, columns_of_labels),
    "by score": (MLPClassifier, {"early_stopping": "cv", "n_members": 2, "refit": True}, binary),
    "real": (MLPRegressor, {"standardize_y": True, "n_members": 2}, real),
    "lbfgs": (MLPRegressor, {"solver": "lbfgs"}, real),
    "unknown": (MLPRegressor, {"early_stopping": True}, unknown_targets),
    "quantiles": (MLPRegressor, {"loss": "quantile", "quantile": [0.1, 0.9], "cv": 5}, real),
    "float32": (MLPRegressor, {"dtype": "float32", "cv": PARTLY}, TASKS["multioutput"][1]),
    "table": (TabularMLPRegressor, {}, TABLES["real of a table"][1]),
    "tables": (TabularMLPRegressor, {"n_members": 2}, TABLES["multioutput of a table"][1]),
    "refit of a table": (TabularMLPRegressor, {"refit": True}, TABLES["real of a table"][1]),
    "labels": (TabularMLPClassifier, {"n_members": 2}, TABLES["multiclass of a table"][1]),
    "houses": (
        TabularMLPClassifier,
        {"min_frequency": 1, "n_members": 2},
        lambda: houses(lambda x: x > 0),
    ),
    "prices": (
        TabularMLPRegressor,
        {"min_frequency": 1, "refit": True},
        lambda: houses(lambda x: x),
    ),
}

#: What is predicted, and with which arguments.
PREDICTIONS = [
    *(("predict", {}), ("predict_proba", {}), ("decision_function", {}), ("predict_members", {})),
    *(("predict_interval", {"coverage": 0.5}), ("predict_set", {"coverage": 0.5})),
]


@pytest.fixture(scope="module", params=CASES)
def case(request):
    """Return a fitted estimator and its X."""
    cls, settings, make = CASES[request.param]
    X, y = make()
    return fitted(cls(**{**FEW, "cv": 3, **settings}), X, y), X


def answers(model, X):
    """Return all that a model predicts, or the errors."""
    told = {}
    for name, settings in PREDICTIONS:
        if hasattr(model, name):
            try:
                told[name] = getattr(model, name)(X, **settings)
            except ValueError as error:
                told[name] = str(error)
    return told


def as_strings(value):
    """Convert arrays of dtype object, which files hold as strings of fixed width if they can."""
    if isinstance(value, dict):
        return {name: as_strings(one) for name, one in value.items()}
    if isinstance(value, list):
        return [as_strings(one) for one in value]
    is_text = isinstance(value, np.ndarray) and value.dtype.kind in "OU"
    return value.astype("U9") if is_text else value


def by_skops(model):
    """Return a model, written and read by skops."""
    skops = pytest.importorskip("skops.io")
    data = skops.dumps(model)
    return skops.loads(data, trusted=skops.get_untrusted_types(data=data))


def by_joblib(model):
    """Return a model, written and read by joblib."""
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


@pytest.mark.parametrize("training_state", [False, True])
def test_model_file_round_trip(case, training_state):
    """All attributes and predictions; a file of the loaded model is the same file."""
    model, X = case
    data = saved(model, training_state=training_state)
    again = loaded(data)
    assert_alike(as_strings(answers(again, X)), as_strings(answers(model, X)))
    attributes = {name: v for name, v in vars(model).items() if name != "_training_state"}
    read = {name: v for name, v in vars(again).items() if name != "_training_state"}
    assert_alike(as_strings(read), as_strings(attributes))
    assert saved(again, training_state=training_state) == data
    assert "trained  " in describe(io.BytesIO(data))


@pytest.mark.parametrize(
    "copied", [lambda one: pickle.loads(pickle.dumps(one)), by_joblib, by_skops]
)
def test_pickles_round_trip(case, copied):
    """All attributes and predictions."""
    model, X = case
    again = copied(model)
    assert_alike(vars(again), vars(model))
    assert_alike(answers(again, X), answers(model, X))


def test_missing_predictions_are_nan_after_loading():
    """Beside labels that are strings, which a numeric array cannot hold."""
    model = fitted(MLPClassifier(**FEW, cv=PARTLY), *as_text("U"))
    known = np.isin(np.arange(60), np.arange(25, 45))
    again = loaded(saved(model)).oof_prediction_
    assert [type(one) for one in again[[0, 30]]] == [float, str]
    assert_array_equal(pd.isna(again), ~known)
    assert_array_equal(again[known], model.oof_prediction_[known])


def test_describe_names_folds_and_score():
    """And the epochs of each fold."""
    X, y = TABLES["real of a table"][1]()
    model = fitted(TabularMLPRegressor(**FEW, cv=3, early_stopping=True), X, y)
    page = describe(io.BytesIO(saved(model)))
    assert f"trained  {', '.join(map(str, model.n_iter_))} epochs" in page
    assert f"cv       3 folds, score {model.oof_score_}" in page
    assert "types    2 string, 1 numeric, 1 boolean" in page


# Checks


@pytest.fixture(scope="module")
def files():
    """Return the files of some estimators by name."""
    names = ["text", "refit of a table", "table", "houses", "unknown", "columns", "real"]
    models = {}
    for name in names:
        cls, settings, make = CASES[name]
        models[name] = fitted(cls(**{**FEW, "cv": 3, **settings}), *make())
    return {name: saved(model, training_state=True) for name, model in models.items()}


def put(name, value):
    """Return a function that replaces an attribute by a function of it."""
    return lambda c: c.state.update({name: value(c.state[name])})


def spec(**changes):
    """Return a function that changes the model specification."""
    return lambda c: c.state["_model_spec"].update(changes)


def calibration(name, value):
    """Return a function that replaces an entry of the calibration by a function of it."""
    return lambda c: c.state["_calibration"].update({name: value(c.state["_calibration"][name])})


CHANGES = [
    ("text", spec(n_folds=4), "n_folds does not divide n_members"),
    ("text", spec(n_folds=0), "n_folds must be an integer >= 1"),
    ("text", spec(n_folds=6), "n_iter_ has shape"),
    ("text", spec(n_folds=1), "n_iter_ must be an integer"),
    ("text", spec(n_folds=2.0), "n_folds must be an integer"),
    ("text", spec(n_members=9), "coefs_.0. has shape"),
    ("text", spec(input_encoding=[4, 4, 4]), "does not fit MLPClassifier"),
    ("table", lambda c: c.state["_model_spec"]["input_encoding"].pop(), "does not fit Tabular"),
    ("table", spec(input_encoding=[]), "does not fit Tabular"),
    ("table", spec(n_folds=1), "does not fit Tabular"),
    ("text", put("n_iter_", lambda v: v[:2]), "n_iter_ has shape"),
    ("text", put("t_", lambda v: -v), "t_ must be 0 or more"),
    ("text", put("t_", lambda v: v * 0.5), "t_ must be an array of kind iu"),
    ("text", put("best_iteration_", lambda v: v.ravel()), "best_iteration_ has shape"),
    ("text", put("best_iteration_", lambda v: 3), "best_iteration_ must be an array"),
    ("text", put("member_loss_curves_", lambda v: v[:, 1:]), "member_loss_curves_ has shape"),
    ("text", put("member_loss_curves_", lambda v: v[1:]), "member_loss_curves_ has shape"),
    ("text", put("cv_scores_", lambda v: v[1:]), "cv_scores_ has shape"),
    ("text", put("oof_score_", lambda v: None), "oof_score_ must be a number"),
    ("text", lambda c: c.state.pop("oof_score_"), "there are only"),
    ("text", lambda c: c.state.pop("oof_proba_"), "there must be .*oof_proba_"),
    ("real", put("oof_prediction_", lambda v: v[:, None]), "oof_prediction_ has shape"),
    ("real", put("oof_prediction_", lambda v: v * np.inf), "oof_prediction_ has infinity"),
    ("real", put("oof_prediction_", lambda v: v.astype(str)), "must be an array of kind f"),
    ("text", put("oof_proba_", lambda v: v[:, 1:]), "oof_proba_ has shape"),
    ("text", put("oof_proba_", lambda v: v[1:]), "oof_proba_ has shape"),
    ("text", put("oof_prediction_", lambda v: np.full(60, "other")), "labels that are no classes"),
    ("columns", put("oof_proba_", lambda v: v[:1]), "oof_proba_ must be a list of 2 arrays"),
    ("text", calibration("fold", lambda v: v - 1), "fold must be from 0 to 2"),
    ("text", calibration("fold", lambda v: v + 1), "fold must be from 0 to 2"),
    ("text", calibration("fold", lambda v: v[1:]), "fold has shape"),
    ("text", calibration("scores", lambda v: v[1:]), "has shape"),
    ("text", calibration("scores", lambda v: v * np.nan), "NaN or infinity"),
    ("unknown", calibration("scores", lambda v: v[:, :1]), "scores has shape"),
    ("unknown", calibration("scores", lambda v: None), "scores do not fit the target"),
    ("text", calibration("labels", lambda v: v + 1), "labels must be from 0 to 2"),
    ("text", lambda c: c.state["_calibration"].pop("labels"), "labels of the calibration"),
    ("real", lambda c: c.state["_calibration"].update(labels=None, more=1), "unknown keys"),
    ("text", calibration("is_approximate", lambda v: 1), "is_approximate must be true"),
    (
        "text",
        lambda c: c.state["_calibration"].update(
            scores=np.ones(61), fold=np.zeros(61, int), labels=np.zeros(61, int)
        ),
        "61 rows of 60",
    ),
    ("houses", lambda c: c.state["_model_spec"].update(embedding=None), "embedding do not fit"),
    ("refit of a table", lambda c: c.state["_fold_models"].pop("coefs_"), "_fold_models lacks"),
    (
        "refit of a table",
        lambda c: c.state["_fold_models"]["intercepts_"].pop(),
        "number of layers differs",
    ),
    (
        "refit of a table",
        lambda c: c.state.update(c.state["_fold_models"]),
        "only _fold_models can have several folds",
    ),
    ("text", lambda c: c.state["_training_state"].update(members=[{}]), "states of 6 networks"),
    (
        "text",
        lambda c: c.state["_training_state"].update(members=[{"solver_state": {}, "x": 1}] * 6),
        "unknown keys: 'x'",
    ),
    (
        "text",
        lambda c: c.state["_training_state"].update(solver_state={"steps": 1}),
        "that of one network",
    ),
]


@pytest.mark.parametrize(("name", "change", "says"), CHANGES)
def test_load_names_the_invalid_part(files, name, change, says):
    """Otherwise prediction or calibration would fail."""
    with pytest.raises(ModelFileError, match=says):
        loaded(rewritten(files[name], change))


def test_load_refuses_weights_of_inputs_that_a_fold_has_not():
    """They are 0, whatever the rows."""
    X, y = TABLES["real of a table"][1]()
    X["town"] = [f"town {i // 4}" for i in range(60)]
    model = fitted(TabularMLPRegressor(**FEW, min_frequency=1, cv=PARTLY), X, y)
    widths = [len(one["unused_outputs_"]) for one in model._model_spec["input_encoding"]]
    narrow = int(np.argmin(widths))
    assert widths[narrow] < model.coefs_[0].shape[1]
    data = saved(model)
    with pytest.raises(
        ModelFileError, match=f"fold {narrow} has weights of inputs that it has not"
    ):
        loaded(rewritten(data, lambda c: c.state["coefs_"][0][narrow].__setitem__(-1, 1.0)))


# ONNX and scikit-learn


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("name", ["binary", "text", "hinge", "multilabel", "columns", "real"])
def test_graph_averages_all_networks(name, members):
    """Of numbers."""
    agree = pytest.importorskip("tests.persistence.test_onnx").agree
    cls, settings, make = CASES[name]
    X, y = make()
    model = cls(**{**FEW, **settings, "cv": 3, "n_members": members, "max_iter": 20})
    agree(fitted(model, X, y), X)


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("task", TABLES)
def test_graph_of_a_table_has_an_encoder_for_each_fold(task, members):
    """Their outputs are averaged."""
    agree = pytest.importorskip("tests.persistence.test_onnx").agree
    cls, make = TABLES[task]
    X, y = make()
    X.loc[X.index[:20], "town"] = None  # a fold has learned "town" as always missing
    settings = {**FEW, "min_frequency": 1, "n_members": members, "max_iter": 20}
    folds = [(np.arange(60) >= 20, np.arange(60) < 20), (np.arange(60) < 20, np.arange(60) >= 20)]
    for cv in (3, folds):
        agree(fitted(cls(**settings, cv=cv), X, y), X)


def test_graphs_of_embeddings():
    """Of each fold, and of the refitted network."""
    agree = pytest.importorskip("tests.persistence.test_onnx").agree
    X, y = houses(lambda x: x)
    for refit in (False, True):
        model = TabularMLPRegressor(**FEW, min_frequency=1, cv=2, refit=refit)
        agree(fitted(model, X, y), X)


def test_graphs_of_pipelines_and_meta_estimators():
    """By the converters for skl2onnx."""
    pytest.importorskip("skl2onnx")
    onnx = pytest.importorskip("tests.persistence.test_onnx")
    X, y = binary()
    X = X.astype(np.float32)
    mlp = MLPClassifier(**FEW, cv=3)
    for model in [
        make_pipeline(StandardScaler(), mlp),
        GridSearchCV(make_pipeline(StandardScaler(), mlp), {"mlpclassifier__alpha": [1e-3]}, cv=2),
        VotingClassifier([("a", mlp), ("b", MLPClassifier(**FEW))], voting="soft"),
    ]:
        found = onnx.run(sknn.to_onnx(fitted(model, X, y), X[:1]), X)
        assert_allclose(found["probabilities"], model.predict_proba(X), rtol=1e-4, atol=1e-5)
    frame = table(binary()[0])
    pipeline = make_pipeline(TabularMLPClassifier(**FEW, cv=3))
    found = onnx.run(sknn.to_onnx(fitted(pipeline, frame, y), frame[:1]), frame)
    assert_allclose(found["probabilities"], pipeline.predict_proba(frame), rtol=1e-4, atol=1e-5)


def test_to_sklearn_refuses_networks_of_several_folds():
    """A refitted network is one."""
    X, y = real()
    model = fitted(MLPRegressor(**FEW, cv=3), X, y)
    with pytest.raises(ValueError, match=r"networks of 3 folds of cv .*set refit=True"):
        to_sklearn(model)
    model = fitted(model.set_params(refit=True), X, y)
    with pytest.warns(UserWarning, match="it has no"):
        theirs = to_sklearn(model)
    assert_allclose(theirs.predict(X), model.predict(X), rtol=1e-12)
