"""Class weights, label smoothing and dropout."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.utils.class_weight import compute_sample_weight

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier
from sknn.engine import Objective, SquaredError
from sknn.engine.network import build, with_dropout
from tests.estimators.data import TASKS, binary, fitted, multiclass, multilabel, parameters, real

SETTINGS = {"hidden_layer_sizes": (6,), "max_iter": 5, "random_state": 0}


@pytest.mark.parametrize("class_weight", ["balanced", {0: 2.0, 1: 0.5, 2: 1.0}, {1: 3.0}])
@pytest.mark.parametrize("weighted", [False, True])
def test_class_weights_are_sample_weights(class_weight, weighted):
    """Times those that are given; classes that are left out have 1."""
    X, y = multiclass()
    X, y = X[15:], y[15:]
    w = np.random.RandomState(0).randint(0, 3, len(y)).astype(float) if weighted else np.ones(45)
    a = fitted(MLPClassifier(class_weight=class_weight, **SETTINGS), X, y, sample_weight=w)
    if class_weight == "balanced":
        totals = np.array([w[y == k].sum() for k in range(3)])
        equivalent = w * (w.sum() / (3 * totals))[y]
    else:
        equivalent = w * compute_sample_weight(class_weight, y)
    b = fitted(MLPClassifier(**SETTINGS), X, y, sample_weight=equivalent)
    assert_allclose(parameters(a), parameters(b), rtol=1e-9, atol=1e-12)


def test_a_class_of_weight_zero_is_absent_but_known():
    """Its rows are not learnt from; it keeps its place."""
    X, y = multiclass()
    model = fitted(MLPClassifier(class_weight={2: 0}, batch_size=7, **SETTINGS), X, y)
    settings = {**SETTINGS, "batch_size": 7, "max_iter": 1}
    stream = MLPClassifier(**settings)
    for _ in range(5):
        stream.partial_fit(X[y < 2], y[y < 2], classes=[0, 1, 2])
    assert_array_equal(parameters(model), parameters(stream))
    assert_array_equal(model.classes_, [0, 1, 2])


@pytest.mark.parametrize("estimator", [MLPClassifier, TabularMLPClassifier])
@pytest.mark.parametrize("loss", ["log_loss", "hinge", "brier", "squared_hinge"])
@pytest.mark.parametrize("make", [binary, multiclass, multilabel])
def test_a_class_with_rows_of_weight_zero_only_stays_known(estimator, loss, make):
    """Absence in everything but `classes_`; all numbers are finite."""
    X, y = make(80)
    absent = y[:, 0] == 1 if y.ndim > 1 else y == y.max()
    w = np.where(absent, 0.0, 1.0)
    settings = {"loss": loss, "max_iter": 5, "random_state": 0, "dtype": "float64"}
    model = fitted(estimator((6,), **settings), X, y, sample_weight=w)
    assert_array_equal(model.classes_, np.arange(3) if y.ndim > 1 else np.unique(y))
    assert np.isfinite(parameters(model)).all()
    moved = np.where(absent[:, None], 1e3, X)  # nothing is learned from such rows
    again = fitted(estimator((6,), **settings), moved, y, sample_weight=w)
    assert_array_equal(parameters(model), parameters(again))
    if y.ndim == 1 and model.loss in ("log_loss", "brier"):
        assert model.predict_proba(X).shape == (80, len(model.classes_))
        by_class = estimator((6,), class_weight={int(y.max()): 0.0}, **settings)
        assert_array_equal(parameters(fitted(by_class, X, y)), parameters(model))
        val = {"X_val": X, "y_val": y}
        refitted = estimator((6,), early_stopping=True, refit=True, **settings)
        assert len(fitted(refitted, X, y, sample_weight=w, **val).classes_) == len(model.classes_)


def test_gradients_of_weight_two_and_of_two_rows_have_one_mean_under_dropout():
    """Their noise differs: two rows drop units each for itself."""
    X, y = real(4)
    w = np.array([1.0, 2.0, 3.0, 1.0])
    repeated = np.repeat(np.arange(4), w.astype(int))
    rng = np.random.RandomState(0)
    network = with_dropout(build([4, 5, 1], ["relu"], "auto", rng=rng, dtype="float64"), [0.4])
    objective = Objective(network, SquaredError())

    def mean_gradient(X, y, w):
        total = 0.0
        for _ in range(20_000):
            objective.value_and_gradient(X, y[:, None], w, rng=rng)
            total = total + objective.parameters.gradient
        return total / 20_000

    weighted = mean_gradient(X, y, w / w.mean())
    assert_allclose(weighted, mean_gradient(X[repeated], y[repeated], None), atol=0.06)
    X0, y0 = X[[0, 2, 3]], y[[0, 2, 3]]  # weight 0 is absence, exactly
    settings = {**SETTINGS, "dropout": 0.4}
    a = fitted(MLPRegressor(**settings), X, y, sample_weight=[1, 0, 3, 1])
    b = fitted(MLPRegressor(**settings), X0, y0, sample_weight=[1, 3, 1])
    assert_array_equal(parameters(a), parameters(b))


def test_class_weights_in_a_stream():
    """A dict is used as it is; "balanced" would need the stream's end."""
    X, y = binary()
    a = MLPClassifier(class_weight={1: 3.0}, **SETTINGS).partial_fit(X, y, classes=[0, 1])
    b = MLPClassifier(**SETTINGS)
    b.partial_fit(X, y, classes=[0, 1], sample_weight=np.where(y == 1, 3.0, 1.0))
    assert_array_equal(parameters(a), parameters(b))
    with pytest.raises(ValueError, match="balanced' is not supported for partial_fit"):
        MLPClassifier(class_weight="balanced").partial_fit(X, y, classes=[0, 1])


def test_class_weights_need_classes_that_exclude_each_other():
    """For labels there are sample weights."""
    with pytest.raises(ValueError, match="exclude each other"):
        MLPClassifier(class_weight="balanced").fit(*multilabel())


@pytest.mark.parametrize("make", [binary, multiclass, multilabel])
@pytest.mark.parametrize("loss", ["log_loss", "brier"])
def test_label_smoothing_moves_probabilities_towards_even(make, loss):
    """A memorising network says 1 - share (+ its part of the share) and not 1."""
    X, y = make(20, 10)
    settings = {"hidden_layer_sizes": (100,), "learning_rate_init": 0.02, "random_state": 0}
    settings |= {"alpha": 0, "n_iter_no_change": np.inf, "max_iter": 500, "loss": loss}
    model = fitted(MLPClassifier(label_smoothing=0.3, **settings), X, y)
    p = model.predict_proba(X)
    classes = 3 if make is multiclass else 2
    expected = 0.7 + 0.3 / classes
    highest = np.maximum(p, 1 - p) if make is multilabel else p.max(axis=1)
    assert_allclose(highest, expected, atol=0.03)


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "squared_error"])
def test_label_smoothing_needs_probabilities(loss):
    """Margins cannot be spread over classes."""
    with pytest.raises(ValueError, match="label_smoothing smooths probabilities"):
        MLPClassifier(loss=loss, label_smoothing=0.1).fit(*binary())


@pytest.mark.parametrize("task", TASKS)
def test_dropout_is_random_in_training_and_off_in_prediction(task):
    """It changes what is learnt; predictions repeat; 0 is no dropout, bit for bit."""
    estimator, make = TASKS[task]
    X, y = make()
    plain = fitted(estimator(**SETTINGS), X, y)
    without = fitted(estimator(dropout=0, **SETTINGS), X, y)
    thinned = fitted(estimator(dropout=0.5, **SETTINGS), X, y)
    again = fitted(estimator(dropout=[0.5], **SETTINGS), X, y)
    assert_array_equal(parameters(plain), parameters(without))
    assert not np.allclose(parameters(plain), parameters(thinned))
    assert_array_equal(parameters(thinned), parameters(again))
    assert_array_equal(thinned.predict(X), thinned.predict(X))
    assert [W.shape for W in thinned.coefs_] == [W.shape for W in plain.coefs_]


def test_dropout_goes_on_in_a_stream_and_after_a_warm_start():
    """The generator that drops units continues like the one that shuffles."""
    X, y = real()
    settings = {**SETTINGS, "dropout": 0.3, "batch_size": 7, "n_iter_no_change": np.inf}
    whole = fitted(MLPRegressor(**{**settings, "max_iter": 4}), X, y)
    stream = MLPRegressor(**settings)
    for _ in range(4):
        stream.partial_fit(X, y)
    warm = MLPRegressor(**{**settings, "max_iter": 2}, warm_start=True)
    warm = fitted(fitted(warm, X, y), X, y)
    assert_array_equal(parameters(stream), parameters(whole))
    assert_array_equal(parameters(warm), parameters(whole))


def test_dropout_per_layer_and_its_solvers():
    """One share for each hidden layer; lbfgs cannot follow a random loss."""
    X, y = real()
    model = MLPRegressor((6, 5), max_iter=3, random_state=0, dropout=[0.0, 0.4])
    assert np.isfinite(fitted(model, X, y).predict(X)).all()
    with pytest.raises(ValueError, match="stochastic solver"):
        clone(model).set_params(solver="lbfgs").fit(X, y)
    fitted(clone(model).set_params(solver="lbfgs", dropout=0), X, y)


def test_rows_to_validate_on_have_the_class_weights_of_training():
    """The weights of "balanced" come from what is trained on, not from the rows to validate on."""
    X, y = binary()
    few = np.r_[np.flatnonzero(y)[:4], np.flatnonzero(y == 0)]
    in_training = np.where(y[few] == 1, len(few) / 8, len(few) / (2 * (len(few) - 4)))
    model = MLPClassifier((5,), class_weight="balanced", max_iter=3, random_state=0)
    fitted(model, X[few], y[few], X_val=X[few], y_val=y[few])
    weighted = MLPClassifier((5,), max_iter=3, random_state=0)
    weights = {"sample_weight": in_training, "sample_weight_val": in_training}
    fitted(weighted, X[few], y[few], X_val=X[few], y_val=y[few], **weights)
    assert model.validation_loss_curve_ == pytest.approx(weighted.validation_loss_curve_)
    other = fitted(model, X[few], y[few], X_val=X, y_val=y).validation_loss_curve_
    by_class = np.where(y == 1, in_training[0], in_training[-1])
    weights["sample_weight_val"] = by_class
    fitted(weighted, X[few], y[few], X_val=X, y_val=y, **weights)
    assert other == pytest.approx(weighted.validation_loss_curve_)


def test_rows_of_a_class_of_weight_zero_do_not_make_x_large():
    """The type of all arithmetic is chosen when they are gone."""
    X, y = np.zeros((60_000, 2)), np.arange(60_000) % 3
    X[:, 0] = y
    model = MLPClassifier((2,), class_weight={2: 0}, max_iter=1)
    assert fitted(model, X, y).coefs_[0].dtype == np.float64
