"""Input gradients: compared with central differences of the predictions."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from sknn.engine import NLL, Hinge, SquaredError
from sknn.engine.network import ACTIVATIONS
from sknn.inspection import input_gradient, saliency
from sknn.targets import TARGETS
from tests.estimators.data import TABLES, TASKS, binary, fitted, multiclass, real

#: Long enough for weights to be no longer those that were drawn, and members to differ.
BRIEF = {"hidden_layer_sizes": (6, 5), "max_iter": 3, "learning_rate_init": 0.01, "random_state": 0}

#: Of a number's spread.
STEP = 1e-5


def columns_of_labels(n=60, m=4):
    """Return X and two columns of labels, with two and with three classes."""
    X, y = multiclass(n, m)
    return X, np.column_stack([y > 0, y])


def positive(n=60, m=4):
    """Return X and numbers above 0."""
    X, y = real(n, m)
    return X, np.exp(y)


def answer(model, X, target):
    """Return the number of each sample that `input_gradient` differentiates."""
    if hasattr(model, "decision_function"):
        answers = model.decision_function(X)
        if isinstance(answers, list):
            column, label = target
            classes, answers = model.classes_[column].tolist(), answers[column]
        else:
            classes, label = np.asarray(model.classes_).tolist(), target
        if answers.ndim == 1:
            return answers if label in (None, classes[1]) else -answers
        return answers[:, classes.index(label)]
    answers = model.predict(X)
    if isinstance(target, tuple):
        return answers[:, target[0], target[1]]
    return answers if answers.ndim == 1 else answers[:, target]


def differences(model, X, target=None):
    """Return central differences by every input, on a step of a size that suits its column."""
    slopes = np.zeros(X.shape)
    for j in range(X.shape[1]):
        step = STEP * X[:, j].std()
        up, down = X.copy(), X.copy()
        up[:, j] += step
        down[:, j] -= step
        slopes[:, j] = (answer(model, up, target) - answer(model, down, target)) / (2 * step)
    return slopes


def check(model, X, target=None):
    """Assert that the gradient is the derivative, to 1e-6 of the largest."""
    expected = differences(model, X, target)
    found = input_gradient(model, X, target)
    assert found.shape == X.shape
    assert np.abs(expected).max() > 0
    assert_allclose(found, expected, rtol=0, atol=1e-6 * max(1, np.abs(expected).max()))


# Numbers


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_every_activation(activation, members):
    """Of the table of activations, in both estimators."""
    X, y = binary()
    settings = {**BRIEF, "activation": activation, "n_members": members}
    check(fitted(MLPClassifier(**settings), X, y), X)
    X, y = real()
    check(fitted(MLPRegressor(**settings), X, y), X)


#: For each kind of labels: data, and what may be asked for.
LABELS = {
    "binary": (binary, [None, 0, 1]),
    "multiclass": (multiclass, [2]),
    "multilabel": (TASKS["multilabel"][1], [0, 2]),
    "multioutput": (columns_of_labels, [(0, 0), (0, 1), (1, 2)]),
}


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize(
    ("kind", "loss"), [(kind, loss) for kind in LABELS for loss in TARGETS[kind].losses]
)
def test_every_classification_loss(kind, loss, members):
    """With respect to the raw output, of members averaged by their probabilities."""
    make, targets = LABELS[kind]
    X, y = make()
    model = fitted(MLPClassifier(**BRIEF, activation="tanh", loss=loss, n_members=members), X, y)
    for target in targets:
        check(model, X, target)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("loss", [NLL(), Hinge(), SquaredError()], ids=repr)
def test_losses_as_objects(loss, members):
    """One-vs-rest too."""
    X, y = multiclass()
    model = fitted(MLPClassifier(**BRIEF, activation="tanh", loss=loss, n_members=members), X, y)
    check(model, X, 1)


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("loss", TARGETS["real"].losses)
def test_every_regression_loss(loss, members, standardize):
    """In the units of y, through the output activation."""
    X, y = positive()
    settings = {**BRIEF, "n_members": members, "standardize_y": standardize}
    model = fitted(MLPRegressor(**settings, activation="tanh", loss=loss), X, 1000 * y)
    check(model, X)


@pytest.mark.parametrize("members", [1, 3])
def test_several_outputs_and_quantiles(members):
    """Each output, each quantile, and each pair of both."""
    X, Y = TASKS["multioutput"][1]()
    settings = {**BRIEF, "activation": "tanh", "n_members": members, "standardize_y": True}
    Y = Y * [1, 1000] + [5, -5]
    check(fitted(MLPRegressor(**settings), X, Y), X, 1)
    three = {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}
    check(fitted(MLPRegressor(**settings, **three), X, Y[:, 0]), X, 2)
    check(fitted(MLPRegressor(**settings, **three), X, Y), X, (1, 2))


def test_target_defaults_to_the_predicted_class():
    """And may be given for each sample."""
    X, y = multiclass()
    model = fitted(MLPClassifier(**BRIEF), X, y)
    by_class = {label: input_gradient(model, X, label) for label in model.classes_.tolist()}
    predicted = model.predict(X)
    assert len(np.unique(predicted)) > 1
    expected = np.array([by_class[label][i] for i, label in enumerate(predicted.tolist())])
    assert_array_equal(input_gradient(model, X), expected)
    assert_array_equal(input_gradient(model, X, predicted), expected)


def test_string_labels():
    """The first of two classes has the opposite gradient."""
    X, y = binary()
    model = fitted(MLPClassifier(**BRIEF), X, np.array(["no", "yes"])[y])
    assert_array_equal(input_gradient(model, X, "no"), -input_gradient(model, X, "yes"))
    assert_array_equal(input_gradient(model, X, "yes"), input_gradient(model, X))


@pytest.mark.parametrize("members", [1, 3])
def test_sparse_frame_and_list_inputs(members):
    """They have the dense gradient of the array."""
    X, y = multiclass()
    model = fitted(MLPClassifier(**BRIEF, n_members=members), X, y)
    expected = input_gradient(model, X)
    assert_allclose(input_gradient(model, sparse.csr_matrix(X)), expected, rtol=1e-10, atol=1e-14)
    assert_array_equal(input_gradient(model, X.tolist()), expected)
    frame = pd.DataFrame(X, columns=list("abcd"))
    assert_array_equal(input_gradient(fitted(model, frame, y), frame), expected)


def test_batches_change_nothing(monkeypatch):
    """Memory is bounded."""
    X, y = multiclass()
    model = fitted(MLPClassifier(**BRIEF), X, y)
    whole = input_gradient(model, X, y)
    monkeypatch.setattr("sknn.engine.inference.MAX_BATCH_ELEMENTS", 50)
    assert_allclose(input_gradient(model, X, y), whole, rtol=1e-12)


def test_dtype_is_that_of_the_network():
    """float32 stays float32."""
    X, y = multiclass()
    for model in [MLPClassifier(**BRIEF), MLPRegressor(**BRIEF)]:
        model.set_params(dtype="float32")
        assert input_gradient(fitted(model, X, y), X).dtype == np.float32


def test_gradient_of_a_linear_model_is_its_weights():
    """Everywhere."""
    X, y = real()
    model = fitted(MLPRegressor((), max_iter=5, random_state=0), X, y)
    assert_allclose(input_gradient(model, X), np.tile(model.coefs_[0].T, (60, 1)), rtol=1e-12)


def test_model_and_X_are_not_modified():
    """Their values stay."""
    X, y = multiclass()
    model = fitted(MLPClassifier(**BRIEF), X, y)
    X.flags.writeable = False
    before = {name: id(value) for name, value in vars(model).items()}
    input_gradient(model, X)
    assert {name: id(value) for name, value in vars(model).items()} == before


def test_saliency_is_the_absolute_gradient():
    """For every sample and input."""
    X, y = binary()
    model = fitted(MLPClassifier(**BRIEF), X, y)
    assert_array_equal(saliency(model, X, 0), np.abs(input_gradient(model, X, 0)))


# Tables


def numeric_table(seed, n=80):
    """Return a frame of numbers of different sizes, some of them missing, and text."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "metres": rng.normal(5000, 1000, n),
            "town": rng.choice(["Bonn", "Ulm"], n),
            "share": rng.uniform(size=n),
            "constant": 3.0,
            "rooms": rng.integers(1, 4, n).astype(float),
        }
    )
    frame.loc[::7, "share"] = np.nan
    return frame


def table_differences(model, frame, target=None):
    """Return central differences by the columns of numbers, 0 where they are missing."""
    slopes = np.full(frame.shape, np.nan)
    for j, name in enumerate(frame.columns):
        if name == "town":
            continue
        step = STEP * (frame[name].std() or 1)
        up = answer(model, frame.assign(**{name: frame[name] + step}), target)
        down = answer(model, frame.assign(**{name: frame[name] - step}), target)
        slopes[:, j] = (up - down) / (2 * step)
    return slopes


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("bins", [0, 12])
@pytest.mark.parametrize("cls", [TabularMLPClassifier, TabularMLPRegressor])
def test_tabular_gradient_with_respect_to_raw_numbers(cls, bins, members):
    """Through scaling and bins: 0 where missing or constant, NaN for categories."""
    frame, new = numeric_table(0), numeric_table(1)
    new["rooms"] += 0.3  # away from the ends of pieces, which are values of training
    y = frame["metres"] + 3000 * frame["share"].fillna(0)
    y = y > y.mean() if cls is TabularMLPClassifier else y
    model = cls((8,), n_bins=bins, n_members=members, max_iter=5, random_state=0)
    expected = table_differences(fitted(model, frame, y), new)
    found = input_gradient(model, new)
    assert np.isnan(found[:, 1]).all()
    assert_array_equal(found[:, 3], 0)
    assert_array_equal(found[::7, 2], 0)
    largest = np.abs(expected[:, [0, 2, 4]]).max(axis=0)
    assert (largest > 0).all()
    assert_allclose(found, expected, rtol=0, atol=1e-6 * max(1, largest.max()))


def test_embedded_categories_have_no_gradient():
    """The numeric columns have theirs."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=900), "id": [f"n{i}" for i in range(300)] * 3})
    settings = {"n_bins": 0, "min_frequency": 1, "max_iter": 1, "random_state": 0}
    model = fitted(TabularMLPRegressor((8,), **settings), frame, frame["x"])
    assert model.encoder_.n_embedded_features_ == 1
    found = input_gradient(model, frame)
    step = 1e-5
    up, down = (model.predict(frame.assign(x=frame["x"] + sign * step)) for sign in (1, -1))
    assert_allclose(found[:, 0], (up - down) / (2 * step), atol=1e-6)
    assert np.isnan(found[:, 1]).all()


@pytest.mark.parametrize("task", TABLES)
def test_every_kind_of_tabular_target(task):
    """The result has a row for each sample."""
    cls, make = TABLES[task]
    X, y = make()
    several = task.startswith(("multilabel", "multioutput"))
    model = fitted(cls(hidden_layer_sizes=(4,), max_iter=1, random_state=0), X, y)
    found = input_gradient(model, X, 0 if several else None)
    categories = np.isin(np.arange(X.shape[1]), model.encoder_.categorical_features_)
    assert_array_equal(np.isnan(found), np.tile(categories, (len(X), 1)))


# What is refused


@pytest.mark.parametrize(
    ("make", "target", "message"),
    [
        (binary, 2, r"one of \[0, 1\], got 2"),
        (multiclass, [0, 1], r"of 60 of them; got shape \(2,\)"),
        (TASKS["multilabel"][1], None, "one of 3 labels"),
        (TASKS["multilabel"][1], 3, r"one of \[0, 1, 2\], got 3"),
        (columns_of_labels, None, r"pair \(column, label\)"),
        (columns_of_labels, (2, 0), r"pair \(column, label\)"),
        (columns_of_labels, (1, 7), r"got 7"),
    ],
)
def test_unknown_labels_are_refused(make, target, message):
    """The error lists the known ones."""
    X, y = make()
    model = fitted(MLPClassifier(**BRIEF), X, y)
    with pytest.raises(ValueError, match=message):
        input_gradient(model, X, target)


@pytest.mark.parametrize("target", [None, 2, -1, (0, 0)])
def test_unknown_outputs_are_refused(target):
    """With several outputs, target is required."""
    X, Y = TASKS["multioutput"][1]()
    model = fitted(MLPRegressor(**BRIEF), X, Y)
    with pytest.raises(ValueError, match=r"target|number of one"):
        input_gradient(model, X, target)


@pytest.mark.parametrize("target", [0, (0, 3), (2, 0)])
def test_quantiles_of_several_outputs_need_a_pair(target):
    """One index is ambiguous."""
    X, Y = TASKS["multioutput"][1]()
    model = MLPRegressor(**BRIEF, loss="quantile", quantile=[0.1, 0.5, 0.9])
    with pytest.raises(ValueError, match=r"pair \(output, quantile\), below 2 and 3"):
        input_gradient(fitted(model, X, Y), X, target)


def test_other_objects_are_refused():
    """The error says how to get the network of a pipeline or a search."""
    X, y = binary()
    with pytest.raises(NotFittedError):
        input_gradient(MLPClassifier(), X)
    with pytest.raises(TypeError, match="got LogisticRegression"):
        input_gradient(LogisticRegression().fit(X, y), X)
    with pytest.raises(TypeError, match="got the class MLPClassifier"):
        input_gradient(MLPClassifier, X)
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**BRIEF))
    with pytest.raises(TypeError, match=r"pipeline\[-1\]"):
        input_gradient(fitted(pipeline, X, y), X)
    search = GridSearchCV(MLPClassifier(**BRIEF), {"alpha": [0.1]}, cv=2)
    with pytest.raises(TypeError, match="best_estimator_"):
        input_gradient(fitted(search, X, y), X)
    with pytest.raises(ValueError, match="NaN"):
        input_gradient(fitted(MLPClassifier(**BRIEF), X, y), np.full_like(X, np.nan))
