"""What comes out: shapes, labels, probabilities, for every kind of target and loss."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import expit, log_expit
from sklearn.base import clone
from sklearn.datasets import load_iris

from sknn import MLPClassifier, MLPRegressor
from sknn.engine import SquaredError
from tests.estimators.data import TASKS, binary, fitted, multiclass, multilabel, multioutput, real

QUICK = {"hidden_layer_sizes": (6,), "max_iter": 10, "random_state": 0}
PROBABILISTIC = ["auto", "log_loss", "brier"]
LINEAR = ["hinge", "squared_error"]
OUT_ACTIVATIONS = {
    ("log_loss", "binary"): "logistic",
    ("log_loss", "multiclass"): "softmax",
    ("log_loss", "multilabel"): "logistic",
    ("brier", "binary"): "logistic",
    ("brier", "multiclass"): "logistic",
    ("hinge", "binary"): "identity",
    ("hinge", "multiclass"): "identity",
    ("squared_error", "multiclass"): "identity",
    ("auto", "binary"): "logistic",
    ("auto", "multiclass"): "softmax",
    ("auto", "real"): "identity",
    ("squared_error", "multioutput"): "identity",
}


@pytest.mark.parametrize(("loss", "task"), OUT_ACTIVATIONS)
def test_the_loss_owns_the_output_activation(loss, task):
    """Each loss brings its output activation, named as scikit-learn names it."""
    estimator, make = TASKS[task]
    model = fitted(estimator(loss=loss, **QUICK), *make())
    assert model.out_activation_ == OUT_ACTIVATIONS[loss, task]


@pytest.mark.parametrize("loss", PROBABILISTIC + LINEAR)
@pytest.mark.parametrize("make", [binary, multiclass, multilabel])
def test_every_loss_learns_every_kind_of_label(loss, make):
    """Better than chance by far, and the decision agrees with the prediction."""
    X, y = make(200, 10)
    model = MLPClassifier(loss=loss, max_iter=60, learning_rate_init=0.02, random_state=0)
    model = fitted(model, X, y)
    assert np.mean(model.predict(X) == y) > 0.85
    z = model.decision_function(X)
    if make is multiclass:
        assert z.shape == (200, 3)
        assert_array_equal(model.classes_[z.argmax(axis=1)], model.predict(X))
    else:
        assert z.shape == y.shape
        assert_array_equal((z > 0).astype(int), model.predict(X))


@pytest.mark.parametrize("loss", PROBABILISTIC)
@pytest.mark.parametrize("make", [binary, multiclass, multilabel])
def test_probabilities(loss, make):
    """Between 0 and 1, of the right shape, summing to 1 where classes exclude each other."""
    X, y = make()
    model = fitted(MLPClassifier(loss=loss, **QUICK), X, y)
    p = model.predict_proba(X)
    assert p.shape == (len(X), len(model.classes_))
    assert np.all((p >= 0) & (p <= 1))
    if make is not multilabel:
        assert_allclose(p.sum(axis=1), 1)
    assert_allclose(model.predict_log_proba(X), np.log(p))
    if make is not multiclass:
        last = p[:, 1] if make is binary else p
        assert_allclose(last, expit(model.decision_function(X)))


@pytest.mark.parametrize("loss", LINEAR)
def test_no_probabilities_where_the_loss_gives_none(loss):
    """The methods are absent, before and after fit, and the error says what to use."""
    model = MLPClassifier(loss=loss, **QUICK)
    assert not hasattr(model, "predict_proba")
    model = fitted(model, *binary())
    assert not hasattr(model, "predict_log_proba")
    with pytest.raises(AttributeError, match="has no attribute 'predict_proba'") as error:
        model.predict_proba(binary()[0])
    assert "log_loss" in str(error.value.__cause__)


def test_log_probabilities_are_finite_where_probabilities_round_to_0():
    """The logarithm is computed from raw outputs, so it never is minus infinity."""
    for make in (binary, multiclass, multilabel):
        X, y = make()
        model = fitted(MLPClassifier(**QUICK), X, y)
        log_p = model.predict_log_proba(1e5 * X)
        assert np.isfinite(log_p).all()
        assert (model.predict_proba(1e5 * X) == 0).any()


def test_multiclass_brier_probabilities_stay_finite_when_every_sigmoid_is_0():
    """Normalised over the classes through logarithms."""
    X, y = multiclass()
    model = fitted(MLPClassifier(loss="brier", hidden_layer_sizes=(), max_iter=1), X, y)
    model.intercepts_[0][:] = -1e4, -1e4 - 1, -2e4
    p = model.predict_proba(np.zeros_like(X))
    expected = np.exp(log_expit([-1e4, -1e4 - 1]) + 1e4)
    assert_allclose(p[0, :2], expected / expected.sum())


def test_relabelling_permutes_the_probabilities():
    """Names of classes are names: only their order, in which the outputs stand, shows."""
    X, y = multiclass()
    model = fitted(MLPClassifier(**QUICK), X, y)
    renamed = fitted(MLPClassifier(**QUICK), X, np.array(["a", "b", "c"])[y])
    assert_array_equal(model.predict_proba(X), renamed.predict_proba(X))
    assert_array_equal(renamed.classes_, ["a", "b", "c"])
    settings = {**QUICK, "hidden_layer_sizes": (), "shuffle": False, "max_iter": 300}
    settings |= {"initialization": lambda rng, shape, dtype: np.zeros(shape, dtype)}
    straight = fitted(MLPClassifier(**settings), X, y)
    reversed_ = fitted(MLPClassifier(**settings), X, 2 - y)
    assert_allclose(straight.predict_proba(X), reversed_.predict_proba(X)[:, ::-1])


LABELS = {
    "str": np.array(["yes", "no"]),
    "object": np.array(["yes", "no"], dtype=object),
    "bool": np.array([False, True]),
    "float": np.array([1.0, 2.0]),
    "negative": np.array([-1, 1]),
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_labels_come_back_as_they_are(labels):
    """Strings, objects, booleans and numbers, in their own type."""
    X, y = binary()
    model = fitted(MLPClassifier(**QUICK), X, labels[y])
    assert_array_equal(model.classes_, np.sort(labels))
    assert model.predict(X).dtype == labels.dtype
    assert set(model.predict(X)) <= set(labels)
    assert 0 < model.score(X, labels[y]) <= 1


@pytest.mark.parametrize("loss", PROBABILISTIC + LINEAR)
def test_a_single_class_is_always_right(loss):
    """One class only: it is predicted, with probability 1."""
    X, _ = binary()
    model = fitted(MLPClassifier(loss=loss, **QUICK), X, ["only"] * len(X))
    assert_array_equal(model.predict(X), ["only"] * len(X))
    if loss in PROBABILISTIC:
        assert_array_equal(model.predict_proba(X), np.ones((len(X), 1)))


def test_multilabel_targets_may_be_sparse():
    """A sparse indicator matrix is the dense one."""
    X, y = multilabel()
    dense, sparse_ = (fitted(MLPClassifier(**QUICK), X, Y) for Y in (y, sparse.csr_array(y)))
    assert_array_equal(dense.predict_proba(X), sparse_.predict_proba(X))


def test_targets_of_a_regressor_may_be_sparse():
    """Many zeros and several outputs: a sparse matrix is the dense one."""
    X, Y = multioutput()
    dense, sparse_ = (fitted(MLPRegressor(**QUICK), X, y) for y in (Y, sparse.csr_array(Y)))
    assert_array_equal(dense.predict(X), sparse_.predict(X))


def test_several_outputs_share_the_hidden_layer():
    """Multi-output regression predicts a matrix, one output a flat array."""
    X, Y = multioutput()
    assert fitted(MLPRegressor(**QUICK), X, Y).predict(X).shape == Y.shape
    X, y = real()
    assert fitted(MLPRegressor(**QUICK), X, y).predict(X).shape == y.shape


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_frames_keep_their_names(frame):
    """Frames of pandas and polars: names are remembered, compared, and change nothing else."""
    X, y = binary()
    names = ["a", "b", "c", "d"]
    data = frame(dict(zip(names, X.T, strict=True)))
    model = fitted(MLPClassifier(**QUICK), data, y)
    assert_array_equal(model.feature_names_in_, names)
    assert_array_equal(
        model.predict_proba(data), fitted(MLPClassifier(**QUICK), X, y).predict_proba(X)
    )
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(data[["b", "a", "c", "d"]])
    with pytest.warns(UserWarning, match="valid feature names"):
        model.predict(X)


@pytest.mark.parametrize("series", [pd.Series, pl.Series, list])
def test_labels_and_weights_may_be_series(series):
    """Labels and weights in a series of pandas or polars, or in a list."""
    X, y = binary()
    w = np.random.RandomState(0).uniform(size=len(y))
    labels = np.array(["no", "yes"])[y].tolist()
    model = fitted(MLPClassifier(**QUICK), X, series(labels), sample_weight=series(w.tolist()))
    plain = fitted(MLPClassifier(**QUICK), X, y, sample_weight=w)
    assert_array_equal(model.predict_proba(X), plain.predict_proba(X))
    assert_array_equal(model.classes_, ["no", "yes"])


def test_any_number_of_layers_and_an_activation_for_each():
    """An integer is one layer, () is none, and each layer may have its own activation."""
    X, y = load_iris(return_X_y=True)
    for sizes, activation, shapes in (
        (5, "relu", [(4, 5), (5, 3)]),
        ((), "relu", [(4, 3)]),
        (np.array([6, 5]), ["tanh", "elu"], [(4, 6), (6, 5), (5, 3)]),
        ([3] * 10, ("relu",) * 10, [(4, 3), *[(3, 3)] * 10]),
    ):
        model = fitted(MLPClassifier(sizes, activation, max_iter=2), X, y)
        assert [W.shape for W in model.coefs_] == shapes
        assert model.n_layers_ == len(shapes) + 1


def test_verbose_prints_a_line_an_epoch(capsys):
    """One readable line an epoch and one at the end, and nothing without `verbose`."""
    X, y = binary()
    fitted(MLPClassifier(**QUICK), X, y)
    assert capsys.readouterr().out == ""
    model = fitted(MLPClassifier(verbose=True, **QUICK), X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_ + 1
    assert lines[-2].split() == [
        *("epoch", "10", "loss", f"{model.loss_:.5g}", "learning", "rate", "0.001")
    ]
    assert lines[-1] == "ended after 10 epochs: max_iter is reached"


def test_verbose_prints_what_validation_says(capsys):
    """With rows to validate on their loss and score stand in the line, too."""
    X, y = binary()
    model = fitted(MLPClassifier(verbose=True, early_stopping=True, **QUICK), X, y)
    line = capsys.readouterr().out.splitlines()[0].split()
    assert line[line.index("score") + 1] == f"{model.validation_scores_[0]:.5g}"
    expected = f"{model.validation_loss_curve_[0]:.5g}"
    assert line[line.index("validation") :][:3] == ["validation", "loss", expected]


class Interfering:
    """An X whose reading does something else first."""

    def __init__(self, X, happens):
        self.X = X
        self.happens = happens

    def __array__(self, dtype=None, copy=None):
        """Let it happen, then give the numbers."""
        self.happens()
        return np.array(self.X, dtype)


@pytest.mark.parametrize(
    "method", ["predict", "predict_proba", "predict_log_proba", "decision_function"]
)
@pytest.mark.parametrize("make", [binary, multiclass, multilabel])
def test_an_answer_is_of_one_model(method, make):
    """A fit in the middle of it, as another thread may do, exchanges all or nothing."""
    X, y = make()
    labels = y if make is multilabel else np.array(["a", "b", "c"])[y]
    others = 1 - y if make is multilabel else np.array(["z", "y", "x"])[y]
    model = fitted(MLPClassifier(**QUICK), X, labels)
    old = getattr(model, method)(X)
    refitted = MLPClassifier(**{**QUICK, "hidden_layer_sizes": (3, 3), "dtype": "float32"})

    def refit():
        fitted(model.set_params(**refitted.get_params()), X, others)

    answer = getattr(model, method)(Interfering(X, refit))
    assert_array_equal(answer, old)
    assert answer.dtype == old.dtype
    assert_array_equal(getattr(model, method)(X), getattr(fitted(refitted, X, others), method)(X))


def test_a_score_is_of_one_model():
    """Here too, a fit in the middle exchanges all or nothing."""
    X, y = real()
    model = fitted(MLPRegressor(**QUICK), X, y)
    old = model.score(X, y)
    settings = {"loss": "quantile", "quantile": [0.1, 0.9]}
    refit = Interfering(X, lambda: fitted(model.set_params(**settings), X, y))
    assert model.score(refit, y) == old
    assert model.n_outputs_ == 2


class Scaled(SquaredError):
    """A user's loss with a setting that its answers depend on."""

    def __init__(self, factor):
        self.factor = factor

    def inverse_link(self, z):
        """Return multiples."""
        return self.factor * z


def test_a_loss_that_changes_after_fit_changes_no_prediction():
    """The model keeps a loss of its own."""
    X, y = real()
    loss = Scaled(2.0)
    model = fitted(MLPRegressor(loss=loss, **QUICK), X, y)
    before = model.predict(X)
    loss.factor = 5.0
    assert_array_equal(model.predict(X), before)
    assert not np.array_equal(fitted(clone(model), X, y).predict(X), before)


def test_verbose_says_nothing_that_is_not_a_number(capsys):
    """There is no learning rate of lbfgs to print."""
    X, y = real()
    fitted(MLPRegressor(verbose=True, solver="lbfgs", early_stopping=True, **QUICK), X, y)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["epoch", "1", "loss"]
    assert not any("nan" in line or "learning rate" in line for line in lines)


def test_verbose_says_that_training_begins_again(capsys):
    """Between the epochs that were watched and those of the refit."""
    X, y = real()
    model = fitted(MLPRegressor(verbose=True, early_stopping=True, refit=True, **QUICK), X, y)
    lines = capsys.readouterr().out.splitlines()
    watched, again = len(model.validation_scores_), model.best_iteration_
    assert lines[watched] == f"training again, on all rows, for {again} epochs"
    assert [line.split()[1] for line in lines[:watched]] == [str(i + 1) for i in range(watched)]
    assert [line.split()[1] for line in lines[watched + 1 : -1]] == [
        str(i + 1) for i in range(again)
    ]
    assert lines[-1].startswith(f"ended after {again} epochs")
