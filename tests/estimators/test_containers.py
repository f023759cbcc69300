"""Every container of tables and targets gives the canonical answer, or a refusal by name."""

import io
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone, is_classifier, is_regressor

import sknn
from sknn.estimators.base import BaseMLP
from sknn.estimators.tabular import Tabular
from tests.estimators import containers
from tests.estimators.containers import CATEGORICAL, COLUMNS, MATRICES, NAMED, SPARSE, TABLES
from tests.estimators.data import fitted

MIXED, NUMERIC = containers.mixed_cells(), containers.numeric_cells()
QUICK = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0}
ESTIMATORS = [
    one
    for name in sknn.__all__
    if isinstance(one := getattr(sknn, name), type) and issubclass(one, BaseMLP)
]
LABELS = {
    "text": np.random.RandomState(2).choice(["no", "yes", "so"], containers.N).tolist(),
    "integers": np.random.RandomState(3).randint(0, 3, containers.N).tolist(),
    "large": [2**60 + int(i) for i in np.random.RandomState(3).randint(0, 3, containers.N)],
    "unsigned": [2**63 + int(i) for i in np.random.RandomState(3).randint(0, 3, containers.N)],
    "booleans": (np.random.RandomState(4).rand(containers.N) < 0.5).tolist(),
}
NUMBERS = {"numbers": np.random.RandomState(5).normal(size=containers.N).round(3).tolist()}
WEIGHTS = np.random.RandomState(6).randint(1, 4, containers.N).astype(float).tolist()


def cells_of(kind):
    """Return the table for an estimator, and its containers."""
    if issubclass(kind, Tabular):
        return MIXED, TABLES
    return NUMERIC, {**MATRICES, **SPARSE}


def estimator(kind, name):
    """Return an estimator for a container: the columns that are categorical are said."""
    if not issubclass(kind, Tabular):
        return kind(**QUICK)
    chosen = CATEGORICAL if name in NAMED else [list(MIXED).index(one) for one in CATEGORICAL]
    return kind(**QUICK, categorical_features=chosen, min_frequency=1)


def targets_of(kind):
    """Return the targets that the answers are checked with."""
    return LABELS["text"] if is_classifier(kind()) else NUMBERS["numbers"]


def answers(model, X):
    """Return all that a fitted model says about rows."""
    verbs = ["predict", "predict_proba", "decision_function", "predict_members"]
    return [getattr(model, verb)(X) for verb in verbs if hasattr(model, verb)]


VERBS = {}


def verb(function):
    """Register what is done with a model, a container of X, y and a canonical fitted model."""
    VERBS[function.__name__] = function
    return function


@verb
def fit(model, X, y, trained):
    """Fit and predict."""
    return answers(fitted(model, X, y), X)


@verb
def partial_fit(model, X, y, trained):
    """Two batches, or the same twice."""
    classes = {"classes": sorted(set(y))} if is_classifier(model) else {}
    with silent():
        model.partial_fit(X, y, **classes).partial_fit(X, y)
    return answers(model, X)


@verb
def validation(model, X, y, trained):
    """Pass the validation rows in the container, too."""
    with silent():
        model.set_params(early_stopping=True).fit(X, y, X_val=X, y_val=y)
    return [model.validation_scores_, *answers(model, X)]


@verb
def held_back(model, X, y, trained):
    """Rows of the container are held back, and rows of weight 0 dropped."""
    with silent():
        model.set_params(early_stopping=True).fit(X, y, [0.0, *WEIGHTS[1:]])
    return [model.validation_scores_, *answers(model, X)]


@verb
def predict(model, X, y, trained):
    """Predictions and the score of a model that was fitted to another container."""
    return [*answers(trained, X), trained.score(X, y), trained.score(X, y, WEIGHTS)]


@verb
def saved(model, X, y, trained):
    """Save and load."""
    file = io.BytesIO()
    fitted(model, X, y).save(file)
    file.seek(0)
    return answers(sknn.load(file), X)


@verb
def exported(model, X, y, trained):
    """Export the graph of a model fitted on this container."""
    pytest.importorskip("onnx")
    return [sknn.to_onnx(fitted(model, X, y)).SerializeToString()]


@contextmanager
def silent():
    """Ignore warnings about convergence, and about streams of few rows at a low learning rate."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # ConvergenceWarning, too
        yield


CANONICAL = {}


def canonical(kind, verb, *, named):
    """Return the answers for the plainest container of the same kind."""
    key = kind, verb, named
    if key not in CANONICAL:
        name = "pandas" if named else "objects"
        cells, makers = cells_of(kind)
        y, X = targets_of(kind), makers[name](cells)
        model = estimator(kind, name)
        trained = fitted(clone(model), X, y)
        CANONICAL[key] = VERBS[verb](model, X, y, trained), trained
    return CANONICAL[key]


CASES = [(kind, name) for kind in ESTIMATORS for name in cells_of(kind)[1]]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("kind", "name"), CASES, ids=lambda one: getattr(one, "__name__", one))
def test_containers_of_tables(kind, name, verb):
    """Bit for bit what the plainest container gives."""
    expected, trained = canonical(kind, verb, named=name in NAMED)
    cells, makers = cells_of(kind)
    X = makers[name](cells)
    given = VERBS[verb](estimator(kind, name), X, targets_of(kind), trained)
    for one, other in zip(given, expected, strict=True):
        if name in SPARSE and verb == "exported":
            continue  # the weights differ in the last digit
        if name in SPARSE and np.asarray(one).dtype.kind == "f":
            np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)
        else:
            assert_array_equal(np.asarray(one), np.asarray(other))


TARGETS = [
    (kind, name, container)
    for kind in ESTIMATORS
    for name in (LABELS if is_classifier(kind()) else NUMBERS)
    for container in COLUMNS
]
ids = {"ids": lambda one: getattr(one, "__name__", one)}


@pytest.mark.parametrize(("kind", "name", "container"), TARGETS, **ids)
def test_containers_of_targets(kind, name, container):
    """The classes, the predictions and the score are the same in all of them."""
    cells, makers = cells_of(kind)
    X, values = makers["objects"](cells), {**LABELS, **NUMBERS}[name]
    expected = fitted(estimator(kind, "objects"), X, np.array(values))
    y = COLUMNS[container](values)
    model = fitted(estimator(kind, "objects"), X, y)
    assert_array_equal(model.predict(X), expected.predict(X))
    assert model.score(X, y) == expected.score(X, np.array(values))
    with silent():
        again = estimator(kind, "objects").set_params(early_stopping=True)
        again.fit(X, y, X_val=X, y_val=y)
    assert set(again.predict(X)) <= set(values) or is_regressor(model)
    if is_classifier(model):
        assert model.classes_.tolist() == sorted(set(values))
        with silent():
            model.partial_fit(X, y, classes=COLUMNS[container](sorted(set(values))))
        file = io.BytesIO()
        model.save(file)
        file.seek(0)
        assert sknn.load(file).classes_.tolist() == sorted(set(values))


@pytest.mark.parametrize("container", COLUMNS)
@pytest.mark.parametrize("kind", ESTIMATORS, **ids)
def test_containers_of_weights(kind, container):
    """The same weights in each."""
    cells, makers = cells_of(kind)
    X, y = makers["objects"](cells), targets_of(kind)
    expected = fitted(estimator(kind, "objects"), X, y, sample_weight=np.array(WEIGHTS))
    model = fitted(estimator(kind, "objects"), X, y, sample_weight=COLUMNS[container](WEIGHTS))
    assert_array_equal(model.predict(X), expected.predict(X))


GAPS = [name for name in COLUMNS if name not in ("array", "masked_column")]


@pytest.mark.parametrize("container", GAPS)
@pytest.mark.parametrize("kind", ESTIMATORS, **ids)
def test_missing_targets_are_refused_in_every_container(kind, container):
    """A gap is no class, and no number."""
    cells, makers = cells_of(kind)
    X, y = makers["objects"](cells), targets_of(kind)
    gap = COLUMNS[container]([None, *y[1:]])
    with pytest.raises(ValueError, match=r"missing labels, 1 of 60|contains NaN"):
        estimator(kind, "objects").fit(X, gap)
    assert is_regressor(kind()) or is_classifier(kind())


PLAIN = [kind for kind in ESTIMATORS if not issubclass(kind, Tabular)]


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("kind", PLAIN, **ids)
def test_numeric_estimators_refuse_mixed_tables_in_every_container(kind, name):
    """At the first column with text, which they name with the remedy."""
    label = "'city'" if name in NAMED else "4"
    with pytest.raises(ValueError, match=f"Column {label} holds text.*TabularMLPClassifier"):
        kind(**QUICK).fit(TABLES[name](MIXED), targets_of(kind))


def test_onnx_refuses_labels_beyond_int64():
    """Which would become negative."""
    pytest.importorskip("onnx")
    cells, makers = cells_of(sknn.MLPClassifier)
    X = makers["c_order"](cells)
    model = fitted(sknn.MLPClassifier(**QUICK), X, np.array(LABELS["unsigned"]))
    with pytest.raises(ValueError, match="64-bit integers, got"):
        sknn.to_onnx(model)
