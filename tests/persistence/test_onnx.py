"""ONNX graphs predict what the models predict: every activation, loss and kind of target."""

import io
import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

import sknn.engine.activations
from sknn import (
    MLPClassifier,
    MLPRegressor,
    TabularMLPClassifier,
    TabularMLPRegressor,
    load,
    to_onnx,
)
from sknn.engine import (
    ELU,
    LeakyReLU,
    Linear,
    Module,
    ReLU,
    Sequential,
    Sigmoid,
    SquaredError,
    Step,
)
from sknn.engine.network import ACTIVATIONS
from sknn.persistence.onnx.graph import Graph, Output
from sknn.persistence.onnx.network_nodes import WRITERS, forward
from sknn.persistence.onnx.output_activations import ACTIVATIONS as WRITTEN_ACTIVATIONS
from sknn.persistence.onnx.outputs import OUTPUTS
from sknn.targets import EVERY_LOSS, TARGETS
from tests.estimators.data import TABLES, TASKS, binary, fitted, multiclass, real, table
from tests.persistence.runtime import run


def positive(make):
    """Return a function that makes the same data with numbers above 0."""

    def make_positive(n=60, m=4):
        X, y = make(n, m)
        return X, np.exp(y)

    return make_positive


def columns_of_labels(n=60, m=4):
    """Return X and two columns of labels: three numbers, and two."""
    X, y = multiclass(n, m)
    return X, np.column_stack([y, (X[:, 0] > 0) + 5])


#: Every kind of target: its data, and its class.
DATA = {
    "binary": (binary, TARGETS["binary"]),
    "multiclass": (multiclass, TARGETS["multiclass"]),
    "multilabel": (TASKS["multilabel"][1], TARGETS["multilabel"]),
    "columns of labels": (columns_of_labels, TARGETS["multioutput"]),
    "real": (positive(real), TARGETS["real"]),
    "columns of numbers": (positive(TASKS["multioutput"][1]), TARGETS["real"]),
}

#: Every loss of every kind of target, as a parameter.
CASES = [
    (kind, loss)
    for kind, (_, target) in DATA.items()
    for loss in [*target.losses, *(cls() for cls in target.more_losses)]
]


def agree(mlp, X, graph=None, **tolerance):
    """Compare what a graph says with what its model says."""
    answers = run(graph or to_onnx(mlp), X)
    tolerance = {"rtol": 1e-5, "atol": 1e-5, **tolerance}
    if "predictions" in answers:
        expected = mlp.predict(X)
        assert answers["predictions"].shape == expected.shape
        assert answers["predictions"].dtype == np.float32
        assert_allclose(answers["predictions"], expected, **tolerance)
        return
    shown = "probabilities" if hasattr(mlp, "predict_proba") else "scores"
    outputs = mlp.predict_proba(X) if hasattr(mlp, "predict_proba") else mlp.decision_function(X)
    labels, decisions = mlp.predict(X), mlp.decision_function(X)
    if not isinstance(outputs, list):
        compare_labels(answers["label"], labels, decisions)
        compare(answers[shown], outputs, tolerance)
        return
    for i, output in enumerate(outputs):
        compare_labels(answers[f"label_{i}"], labels[:, i], decisions[i])
        compare(answers[f"{shown}_{i}"], output, tolerance)


def compare(answers, expected, tolerance):
    """Compare numbers and their form."""
    assert answers.shape == expected.shape
    assert answers.dtype == np.float32
    assert_allclose(answers, expected, **tolerance)


def compare_labels(answers, labels, decisions):
    """Compare labels where they are not a matter of the last digit."""
    if labels.ndim == decisions.ndim:
        clear = np.abs(decisions) > 1e-4
    else:
        two = np.sort(decisions, axis=1)[:, -2:]
        clear = np.diff(two, axis=1).ravel() > 1e-4 if two.shape[1] > 1 else np.array([True])
    assert answers.shape == labels.shape
    assert clear.mean() > 0.9
    assert ((answers == labels) | ~clear).all()


def model_for(kind, **settings):
    """Return a fitted model, and its data."""
    make, target = DATA[kind]
    X, y = make()
    X = (X - X.mean(axis=0)) / X.std(axis=0) / 4  # or exp of exp is beyond float32
    cls = MLPRegressor if target is TARGETS["real"] else MLPClassifier
    settings = {"hidden_layer_sizes": (5, 4), "max_iter": 2, "random_state": 0, **settings}
    return fitted(cls(learning_rate_init=0.02, **settings), X, y), X


def marked(case, activation):
    """Return a case of the matrix; cases that differ from the ordinary in both are slow."""
    ordinary = activation == "relu" or case == CASES[0]
    return pytest.param(*case, activation, marks=() if ordinary else pytest.mark.slow)


@pytest.mark.parametrize(
    ("kind", "loss", "activation"),
    [marked(case, activation) for case in CASES for activation in ACTIVATIONS],
)
def test_graph_and_model_agree(kind, loss, activation):
    """With and without members, in both dtypes."""
    for members in (1, 3):
        for dtype in ("float32", "float64"):
            settings = {"activation": activation, "loss": loss, "dtype": dtype}
            mlp, X = model_for(kind, n_members=members, **settings)
            agree(mlp, X)


@pytest.mark.parametrize("kind", ["real", "columns of numbers"])
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("loss", TARGETS["real"].losses)
def test_standardize_y(kind, members, loss):
    """It is undone in the graph, for several quantiles too."""
    settings = {"quantile": [0.1, 0.5, 0.9], "standardize_y": True}
    mlp, X = model_for(kind, n_members=members, loss=loss, **settings)
    agree(mlp, X)


@pytest.mark.parametrize("quantile", [0.3, [0.2], [0.1, 0.5, 0.9]])
@pytest.mark.parametrize("kind", ["real", "columns of numbers"])
def test_quantiles(kind, quantile):
    """With the shape of `predict`."""
    mlp, X = model_for(kind, loss="quantile", quantile=quantile)
    agree(mlp, X)


@pytest.mark.parametrize("kind", DATA)
def test_extreme_raw_outputs(kind):
    """No NaN, and the same labels."""
    for members in (1, 3):
        for loss in ("brier", "log_loss"):
            loss = "squared_error" if "numbers" in kind or kind == "real" else loss
            mlp, X = model_for(kind, n_members=members, loss=loss, random_state=5)  # few ties
            mlp.coefs_[-1] *= 1000
            agree(mlp, X, rtol=1e-4)


@pytest.mark.parametrize("labels", [["no", "yes"], [False, True], [-3.0, 7.0], ["a", "b", "c"]])
def test_label_types(labels):
    """Strings stay strings; numbers and booleans become int64."""
    X, y = multiclass() if len(labels) == 3 else binary()
    y = np.array(labels)[y]
    mlp = fitted(MLPClassifier((4,), max_iter=2, random_state=0), X, y)
    answers = run(to_onnx(mlp), X)
    assert answers["label"].dtype == (object if isinstance(labels[0], str) else np.int64)
    assert_array_equal(answers["label"], mlp.predict(X))


def test_single_class():
    """Its probability is 1."""
    X, y = binary()
    agree(fitted(MLPClassifier((4,), max_iter=2), X, np.zeros_like(y)), X)


def test_linear_network_and_single_row():
    """The number of rows is free."""
    mlp, X = model_for("multiclass", hidden_layer_sizes=())
    agree(mlp, X[:1])


@pytest.mark.parametrize("opset", [13, 15, 18, 21])
@pytest.mark.parametrize("kind", DATA)
def test_every_opset(kind, opset):
    """The same predictions."""
    mlp, X = model_for(kind, n_members=2, activation=["gelu", "mish"])
    graph = to_onnx(mlp, opset=opset)
    assert graph.opset_import[0].version == opset
    agree(mlp, X, graph)


def test_search_exports_its_best_estimator():
    """At any depth."""
    X, y = binary()
    mlp = MLPClassifier((4,), max_iter=2, random_state=0)
    search = fitted(GridSearchCV(mlp, {"alpha": [0.1, 1.0]}, cv=2), X, y)
    agree(search.best_estimator_, X, to_onnx(search))


# Modules


def test_writers_are_complete():
    """For every activation, loss and kind of target."""
    modules = vars(sknn.engine.activations).values()
    found = {m for m in modules if isinstance(m, type) and issubclass(m, Module)} - {Module}
    assert found | set(ACTIVATIONS.values()) <= set(WRITERS)
    losses = EVERY_LOSS.union(*(target.more_losses for target in TARGETS.values()))
    assert all(loss.inverse_link in WRITTEN_ACTIVATIONS for loss in losses)
    assert set(OUTPUTS) == set(TARGETS.values())


@pytest.mark.parametrize(
    "module", [Sigmoid(2.5), LeakyReLU(0.3), ELU(0.5), Step(), Step(0.5)], ids=repr
)
def test_module_settings(module):
    """They are in the graph."""
    u = np.linspace(-2, 2, 12, dtype=np.float32).reshape(6, 2)
    graph = Graph()
    v = forward(graph, Sequential([module]), "X")
    model = graph.model([("X", "float32", (2,))], [Output("v", v, "float32", (2,))], 18)
    assert_allclose(run(model, u)["v"], module.forward(u), atol=1e-6)


# Tables


def mixed(n=400):
    """Return a frame of every kind of column, with gaps, rare levels and a column of nothing."""
    rng = np.random.default_rng(0)
    frame = table(rng.normal(size=(n, 4)))
    frame["year"] = 1_700_000_000.0 + rng.normal(size=n)
    frame["debt"] = np.where(np.arange(n) % 3, 0.0, rng.normal(9000, 900, size=n).round())
    frame["grade"] = pd.Categorical(rng.integers(1, 4, n))
    frame["street"] = [f"street {i}" for i in np.arange(n) % 300]
    frame["number"] = pd.Categorical(np.where(rng.random(n) < 0.1, np.nan, np.arange(n) % 320))
    frame["nothing"] = np.nan
    frame["always"] = 3.0
    return frame, (np.nan_to_num(frame["amount"]) > 0).astype(int), frame["year"] - 1.7e9


def unseen(frame):
    """Return rows with levels, gaps and numbers that training had nothing of."""
    rows = frame[:5].copy()
    rows["town"] = ["Kiel", None, "Bonn", "Aalen", "Ulm"]
    rows["street"] = ["elsewhere", None, *rows["street"][2:]]
    rows["amount"] = [np.nan, 1e9, -1e9, 0.0, 1.0]
    rows["debt"] = [np.nan, 1e9, -1e9, 1e-9, 1.0]
    return rows


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("name", TABLES)
def test_tables(name, members):
    """Strings, categories, missing values and booleans, an input for each column."""
    make, data = TABLES[name]
    X, y = data()
    agree(fitted(make(max_iter=2, n_members=members, random_state=0), X, y), X)


@pytest.mark.filterwarnings("ignore:.* all of them infrequent:UserWarning")
@pytest.mark.parametrize("members", [1, pytest.param(3, marks=pytest.mark.slow)])
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@pytest.mark.parametrize("n_bins", [0, "auto"])
@pytest.mark.parametrize("min_frequency", [1, 5])
def test_tables_with_every_encoding(members, dtype, n_bins, min_frequency):
    """Embedded, infrequent and unknown categories, and empty columns."""
    X, labels, numbers = mixed()
    settings = {"max_iter": 2, "hidden_layer_sizes": (8,), "random_state": 0, "dtype": dtype}
    settings |= {"n_members": members, "n_bins": n_bins, "min_frequency": min_frequency}
    for cls, y in ((TabularMLPClassifier, labels), (TabularMLPRegressor, numbers)):
        mlp = fitted(cls(**settings), X, y)
        assert min_frequency > 1 or mlp.encoder_.n_embedded_features_
        rows = pd.concat([X, unseen(X)], ignore_index=True)
        agree(mlp, rows, rtol=1e-4 if dtype == "float32" else 1e-5)


def test_table_of_embedded_categories_only():
    """Nothing precedes the embedding."""
    X, y, _ = mixed()
    X = X[["street"]]
    settings = {"hidden_layer_sizes": (4,), "max_iter": 2, "min_frequency": 1, "random_state": 0}
    for members in (1, 2):
        mlp = fitted(TabularMLPClassifier(**settings, n_members=members), X, y)
        agree(mlp, X)


def test_table_without_names():
    """The inputs are x0, x1 and so on."""
    X, y = real()
    mlp = fitted(TabularMLPRegressor((4,), max_iter=2, random_state=0), X, y)
    graph = to_onnx(mlp)
    assert [one.name for one in graph.graph.input] == ["x0", "x1", "x2", "x3"]
    answers = run(graph, pd.DataFrame(X, columns=["x0", "x1", "x2", "x3"]))
    assert_allclose(answers["predictions"], mlp.predict(X), atol=1e-5)


def test_column_named_like_an_output():
    """The output gets another name."""
    X, y = real()
    X = pd.DataFrame(X, columns=["label", "predictions", "MatMul_1", "constant_0"])
    mlp = fitted(TabularMLPRegressor((4,), max_iter=2, random_state=0), X, y)
    answers = run(to_onnx(mlp), X)
    assert_allclose(answers["predictions_"], mlp.predict(X), atol=1e-5)


def test_table_without_any_variation_is_refused():
    """It has no inputs."""
    X, y = pd.DataFrame({"always": np.ones(30)}), np.arange(30.0)
    mlp = fitted(TabularMLPRegressor((4,), max_iter=2, random_state=0), X, y)
    with pytest.raises(ValueError, match="no column of the table varied"):
        to_onnx(mlp)


def test_empty_string_as_category_is_refused():
    """It stands for missing text; the error names the column."""
    X = pd.DataFrame({"town": ["", "Bonn"] * 10})
    mlp = fitted(TabularMLPClassifier((4,), max_iter=2), X, [0, 1] * 10)
    with pytest.raises(ValueError, match=r"'town'.*empty string"):
        to_onnx(mlp)


@pytest.mark.parametrize("estimator", [TabularMLPClassifier, TabularMLPRegressor])
def test_infrequent_empty_string_is_refused(estimator):
    """Like a frequent one, also after a file; one of weight 0 is absent."""
    X = pd.DataFrame({"town": ["Ulm", "Bonn"] * 20 + ["", None], "street": ["A", "B"] * 21})
    y = np.arange(len(X)) % 2
    mlp = fitted(estimator((4,), max_iter=2, random_state=0), X, y)
    assert "" not in mlp.encoder_.categories_[0]
    file = io.BytesIO()
    mlp.save(file)
    file.seek(0)
    for model in (mlp, load(file)):
        with pytest.raises(ValueError, match=r"'town'.*empty string"):
            to_onnx(model)
    present = (X["town"] != "").astype(float)
    mlp = fitted(estimator((4,), max_iter=2, random_state=0), X, y, sample_weight=present)
    agree(mlp, X[present > 0])


# What cannot be


class Sine(Module):
    """An activation of the user's own."""

    def forward(self, u):
        """Return the sine."""
        return np.sin(u)

    def backward(self, u, v, dv):
        """Return the gradient of the inputs."""
        return dv * np.cos(u)


class OwnReLU(ReLU):
    """Another one, which inherits from one that is known."""


class Cosh(SquaredError):
    """A loss with a known output activation."""

    def value(self, z, y):
        """Return the loss."""
        return np.logaddexp(z - y, y - z).sum(axis=-1)

    def gradient(self, z, y):
        """Return its derivative."""
        return np.tanh(z - y)


class Doubled(Cosh):
    """A loss with an output activation of its own."""

    def inverse_link(self, z):
        """Return what nobody knows."""
        return 2 * z


class Sure(Cosh):
    """A loss that says that its raw outputs are probabilities."""

    has_probabilities = True
    codes = (0.0, 1.0)


@pytest.mark.parametrize("activation", [Sine(), OwnReLU()])
def test_user_defined_activations_are_refused(activation):
    """The error lists the supported ones."""
    mlp, _ = model_for("binary", activation=activation)
    with pytest.raises(ValueError, match=rf"{type(activation).__name__} cannot.*Tanh"):
        to_onnx(mlp)


def test_user_defined_losses():
    """Exported if they inherit a known output activation."""
    mlp, X = model_for("real", loss=Cosh())
    agree(mlp, X)
    mlp, _ = model_for("real", loss=Doubled())
    with pytest.raises(ValueError, match=r"Doubled cannot be exported.*output activation"):
        to_onnx(mlp)
    mlp, _ = model_for("multiclass", loss=Sure())
    with pytest.raises(ValueError, match="Sure cannot be exported"):
        to_onnx(mlp)


def test_unsupported_labels_are_refused():
    """The error shows them."""
    X, y = binary()
    mlp = fitted(MLPClassifier((4,), max_iter=2), X, y)
    mlp.classes_ = np.array([0.5, 1.5])
    with pytest.raises(ValueError, match=r"0\.5 1\.5"):
        to_onnx(mlp)


@pytest.mark.parametrize(
    ("labels", "is_exact"),
    [
        (np.array([2**53, 2**53 + 1]), True),
        (np.array([-(2**63), 2**63 - 1]), True),
        (np.array([2.0**60, 2.0**62]), True),
        (np.array([2.0**60, 2.0**63]), False),
        (np.array([1, 2**63 - 1], np.uint64), True),
        (np.array([1, 2**63], np.uint64), False),
    ],
)
def test_large_integer_labels(labels, is_exact):
    """Exact, or refused."""
    X, y = binary()
    mlp = fitted(MLPClassifier((4,), max_iter=2), X, y)
    expected = labels[mlp.predict(X)]
    mlp.classes_ = labels
    if not is_exact:
        with pytest.raises(ValueError, match="64-bit integers"):
            to_onnx(mlp)
        return
    assert run(to_onnx(mlp), X)["label"].tolist() == [int(label) for label in expected]


def test_numbers_beyond_float32_are_refused():
    """They would be infinite."""
    mlp, _ = model_for("real")
    mlp.coefs_[0] = mlp.coefs_[0] * 1e60
    with pytest.raises(ValueError, match="overflows float32"):
        to_onnx(mlp)


def test_invalid_arguments_are_refused():
    """Unfitted models, old opsets, missing rows."""
    with pytest.raises(NotFittedError):
        to_onnx(MLPClassifier())
    mlp, _ = model_for("binary")
    with pytest.raises(ValueError, match="opset must be 13 or more, got 12"):
        to_onnx(mlp, opset=12)
    with pytest.raises(ImportError, match=r'needs the package onnx: pip install "sknn\[onnx\]"'):
        without(lambda: to_onnx(mlp))


def without(call):
    """Call where the package onnx is not installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "onnx", None)
        call()


def test_unsupported_modules_of_a_network_are_refused():
    """By name."""
    network = Sequential([Linear(np.eye(2), np.zeros(2)), Sine()])
    with pytest.raises(ValueError, match="Sine cannot be exported"):
        forward(Graph(), network, "X")
