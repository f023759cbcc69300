"""Where sknn differs from scikit-learn's MLP: every row of docs/differences.md, on both sides.

The docstring of a test is the first cell of its row, and tests and rows are in the same order.
What is said of scikit-learn holds for 1.9; where a later version mends something, its test fails
here, and the row can go.
"""

import pickle
import warnings
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sklearn
import sklearn.neural_network as theirs
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import _base, _multilayer_perceptron

import sknn as ours
from sknn.engine import SquaredError
from tests.estimators.data import binary, fitted, multiclass, multilabel, multioutput, parameters
from tests.estimators.data import real as regression

OLD = tuple(int(number) for number in sklearn.__version__.split(".")[:2]) < (1, 9)
TABLE = Path(__file__).parent.parent / "docs" / "differences.md"

#: First cells of the rows that have a test.
ROWS = []


def difference(test):
    """Mark the test of a row."""
    ROWS.append(test.__doc__)
    return pytest.mark.skipif(OLD, reason="the rows are about scikit-learn 1.9")(test)


def test_every_row_has_a_test_and_every_test_a_row():
    """In the same order; each row has three cells, each a sentence."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line[:1] == "|"]
    _, _, *rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    assert [row[0] for row in rows] == ROWS
    assert all(len(row) == 3 and all(cell.endswith(".") for cell in row) for row in rows)


def regressor(package, **settings):
    """Return a small regressor of either package, with a fixed seed."""
    defaults = {"hidden_layer_sizes": (6,), "random_state": 0}
    return package.MLPRegressor(**{**defaults, **settings})


def classifier(package, **settings):
    """Return a small classifier of either package, with a fixed seed."""
    defaults = {"hidden_layer_sizes": (6,), "random_state": 0}
    return package.MLPClassifier(**{**defaults, **settings})


def steady(**settings):
    """Return settings of plain descent that nothing ends early, without penalty."""
    defaults = {"solver": "sgd", "momentum": 0.0, "alpha": 0.0, "tol": 0, "n_iter_no_change": 1000}
    return {**defaults, **settings}


def differ(a, b):
    """Tell whether two models, or two vectors, have other numbers."""
    a, b = (x if isinstance(x, np.ndarray) else parameters(x) for x in (a, b))
    return a.shape != b.shape or not np.array_equal(a, b)


# --- the objective ---------------------------------------------------------------------------


@difference
@pytest.mark.parametrize("batch_size", [10, 60])
def test_alpha(batch_size):
    """`alpha` is divided by the batch size."""
    X, y = regression()

    def penalty(package):
        settings = steady(learning_rate_init=1e-300, batch_size=batch_size, max_iter=1)
        with_alpha = fitted(regressor(package, **{**settings, "alpha": 1.0}), X, y)
        half_squares = sum(np.sum(W**2) for W in with_alpha.coefs_) / 2
        return (
            with_alpha.loss_ - fitted(regressor(package, **settings), X, y).loss_
        ) / half_squares

    assert penalty(theirs) == pytest.approx(1 / batch_size)
    assert penalty(ours) == pytest.approx(1)


@difference
def test_loss_of_several_outputs():
    """The loss of several outputs is averaged, its gradient is summed."""
    X, Y = multioutput()

    def reported_over_followed(package):
        rate = 1e-6
        settings = steady(learning_rate_init=rate, batch_size=60)
        one, two = (fitted(regressor(package, max_iter=n, **settings), X, Y) for n in (1, 2))
        gradient = (parameters(one) - parameters(two)) / rate
        return (two.loss_curve_[0] - two.loss_curve_[1]) / (rate * gradient @ gradient)

    assert reported_over_followed(theirs) == pytest.approx(1 / 2, rel=1e-2)
    assert reported_over_followed(ours) == pytest.approx(1, rel=1e-2)


@difference
def test_log_loss_is_cut():
    """The log loss of a confident mistake is cut at 36."""
    X, y = binary()
    settings = steady(hidden_layer_sizes=(), learning_rate_init=1e-300, max_iter=1)
    wrong = 1 - fitted(classifier(ours, **settings), X, y).predict(X)
    assert fitted(classifier(theirs, **settings), 1e9 * X, wrong).loss_ <= 36.05
    assert fitted(classifier(ours, **settings), 1e9 * X, wrong).loss_ > 1e6


@difference
def test_negative_counts():
    """A Poisson loss takes negative counts and becomes NaN."""
    X, _ = regression()
    y = np.where(np.arange(60) == 7, -1, 1)
    with np.errstate(invalid="ignore"):
        model = fitted(regressor(theirs, loss="poisson", max_iter=2), X, y)
    assert np.isnan(model.loss_)
    with pytest.raises(ValueError, match="1 rows: 7"):
        regressor(ours, loss="poisson").fit(X, y)


# --- the constructor, and training -----------------------------------------------------------


@difference
def test_first_argument():
    """`MLPRegressor((100,))` is refused."""
    X, y = regression()
    with pytest.raises(ValueError, match="The 'loss' parameter"):
        theirs.MLPRegressor((100,)).fit(X, y)
    assert fitted(ours.MLPRegressor((100,), max_iter=1), X, y).coefs_[0].shape == (4, 100)


@difference
@pytest.mark.parametrize("learning_rate", ["invscaling", "adaptive"])
def test_learning_rate_of_adam(learning_rate):
    """`solver="adam"` ignores `learning_rate`."""
    X, y = regression()

    def counts(package):
        settings = {"tol": 1e9, "n_iter_no_change": 2, "max_iter": 9}
        constant = fitted(regressor(package, **settings), X, y)
        return differ(
            constant, fitted(clone(constant).set_params(learning_rate=learning_rate), X, y)
        )

    assert not counts(theirs)
    assert counts(ours)


@difference
@pytest.mark.parametrize("batch_size", [20, 60])
def test_invscaling(batch_size):
    """`"invscaling"` counts samples, and slows once an epoch."""
    X, y = np.zeros((60, 1)), np.zeros(60)  # only the offset learns: each step takes eta of it

    def rates_of_epochs(package):
        settings = steady(learning_rate="invscaling", learning_rate_init=0.1, max_iter=1)
        model = regressor(package, hidden_layer_sizes=(), batch_size=batch_size, **settings)
        offsets = [fitted(clone(model).set_params(learning_rate_init=1e-300), X, y).intercepts_[0]]
        offsets += [fitted(model.set_params(max_iter=n), X, y).intercepts_[0] for n in (1, 2, 3)]
        return np.divide(offsets[1:], offsets[:-1]).ravel()

    steps = 60 // batch_size
    samples = 0.1 / np.sqrt([1, 61, 121])
    assert_allclose(rates_of_epochs(theirs), (1 - samples) ** steps)
    batches = 0.1 / np.sqrt(np.arange(1, 3 * steps + 1))
    assert_allclose(rates_of_epochs(ours), np.prod(1 - batches.reshape(3, steps), axis=1))


@difference
def test_plateau():
    """One epoch that is better by `tol` lets training go on for `n_iter_no_change`."""
    X, y = make_classification(200, 5, flip_y=0.2, random_state=0)
    settings = steady(batch_size=20, learning_rate_init=0.05, tol=2e-3, n_iter_no_change=5)
    models = [classifier(package, **settings).fit(X, y) for package in (theirs, ours)]
    falls = [
        [min(curve[:i]) - min(curve[i : i + 5]) for i in range(1, len(curve) - 5)]
        for curve in (one.loss_curve_ for one in models)
    ]
    assert min(falls[0]) < 5 * 2e-3  # goes on though the loss fell by less than `tol` an epoch
    assert len(falls[1]) < len(falls[0])


@difference
def test_patience():
    """`n_iter_no_change=3` waits for 4 epochs without improvement."""
    X, y = binary()
    settings = {"tol": 1e9, "n_iter_no_change": 3}  # all epochs but the first are stale
    assert classifier(theirs, **settings).fit(X, y).n_iter_ == 1 + 4
    assert classifier(ours, **settings).fit(X, y).n_iter_ == 1 + 3


@difference
def test_divergence():
    """Training that diverges goes on to `max_iter`, then raises."""
    X, y = regression()
    settings = {"solver": "sgd", "learning_rate_init": 1e3, "max_iter": 50}
    model = regressor(theirs, **settings)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        with pytest.raises(ValueError, match="non-finite parameter weights"):
            model.fit(X, y)
    assert (model.n_iter_, np.isfinite(model.loss_)) == (50, False)
    model = regressor(ours, **settings)
    with pytest.warns(ConvergenceWarning, match="diverged in epoch"):
        model.fit(X, y)
    assert model.n_iter_ < 10
    assert np.isfinite(parameters(model)).all()


@difference
def test_divergence_to_a_finite_loss():
    """Training that diverges to a huge, finite loss ends without a warning."""
    X, y = regression()
    settings = {"solver": "sgd", "learning_rate_init": 0.9}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = regressor(theirs, **settings).fit(X, y)
    assert np.isfinite(model.loss_)
    assert np.abs(model.predict(X)).max() > 1e30
    with pytest.warns(ConvergenceWarning, match="diverged in epoch"):
        model = regressor(ours, **settings).fit(X, y)
    assert np.abs(model.predict(X)).max() < 10


@difference
def test_targets_off_scale():
    """A y off scale is learned badly, and the warning is about `max_iter`."""
    X, y = regression()
    y = 1000 + 300 * y
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        model = regressor(theirs).fit(X, y)
    assert model.score(X, y) < 0
    with (
        pytest.warns(UserWarning, match="set standardize_y=True"),
        pytest.warns(ConvergenceWarning, match="Maximum iterations"),
    ):
        model = regressor(ours).fit(X, y)
    assert model.score(X, y) < 0
    assert fitted(regressor(ours, standardize_y=True), X, y).score(X, y) > 0.3


def interrupted_relu(monkeypatch, call):
    """Let Ctrl-C come at a call of scikit-learn's ReLU."""
    relu, calls = _base.ACTIVATIONS["relu"], []

    def interrupted(Z):
        calls.append(Z)
        if len(calls) == call:
            raise KeyboardInterrupt
        relu(Z)

    monkeypatch.setitem(_base.ACTIVATIONS, "relu", interrupted)


class InterruptedLoss(SquaredError):
    """Half the squared error; Ctrl-C comes when its gradient is asked for once too often."""

    def __init__(self, call):
        self.calls_left = call

    def gradient(self, z, y):
        """Return it, or be interrupted."""
        self.calls_left -= 1
        if not self.calls_left:
            raise KeyboardInterrupt
        return super().gradient(z, y)


@difference
def test_ctrl_c(monkeypatch):
    """Ctrl-C keeps half an epoch."""
    X, y = regression()
    settings = {"batch_size": 20}  # 3 calls an epoch: the fifth is in the middle of the second
    finished = [fitted(regressor(theirs, max_iter=n, **settings), X, y) for n in (1, 2)]
    interrupted_relu(monkeypatch, call=5)
    with pytest.warns(UserWarning, match="interrupted by user"):
        model = regressor(theirs, **settings).fit(X, y)
    assert all(differ(model, other) for other in finished)
    first = fitted(regressor(ours, max_iter=1, **settings), X, y)
    with pytest.warns(UserWarning, match="the model is that of epoch 1"):
        model = regressor(ours, loss=InterruptedLoss(5), **settings).fit(X, y)
    assert not differ(model, first)


@difference
def test_ctrl_c_during_lbfgs(monkeypatch):
    """Ctrl-C during `"lbfgs"` raises."""
    X, y = regression()
    interrupted_relu(monkeypatch, call=12)
    with pytest.raises(KeyboardInterrupt):
        regressor(theirs, solver="lbfgs").fit(X, y)
    with pytest.warns(UserWarning, match="interrupted by the user"):
        model = regressor(ours, solver="lbfgs", loss=InterruptedLoss(12)).fit(X, y)
    assert 1 <= model.n_iter_ == len(model.loss_curve_) < 12
    assert not differ(model, fitted(regressor(ours, solver="lbfgs", max_iter=model.n_iter_), X, y))


@difference
def test_ctrl_c_in_a_cross_validation(monkeypatch):
    """Ctrl-C in a cross-validation or a search ends one fit, whose score is kept."""
    X, y = regression()
    model = regressor(theirs, batch_size=20, tol=1e9, n_iter_no_change=2)
    interrupted_relu(monkeypatch, call=5)
    with pytest.warns(UserWarning, match="interrupted by user"):
        scores = cross_val_score(model, X, y, cv=3)
    assert np.isfinite(scores).all()
    search = GridSearchCV(regressor(ours, loss=InterruptedLoss(5)), {"alpha": [0.0, 1.0]}, cv=3)
    for interrupted in (search.fit, partial(cross_val_score, search.estimator)):
        with pytest.raises(KeyboardInterrupt):
            interrupted(X, y)


@difference
def test_large_batch_size():
    """A `batch_size` above n warns."""
    X, y = regression()
    with pytest.warns(UserWarning, match="larger than sample size"):
        fitted(regressor(theirs, batch_size=61, max_iter=2), X, y)
    large = fitted(regressor(ours, batch_size=61, max_iter=2), X, y)
    assert not differ(large, fitted(regressor(ours, batch_size=60, max_iter=2), X, y))


@difference
def test_dtype():
    """Training on a large float64 X computes in float64."""
    X, y = np.ones((60, 2000)), np.ones(60)
    assert fitted(regressor(theirs, max_iter=1), X, y).predict(X).dtype == np.float64
    model = fitted(regressor(ours, max_iter=1), X, y)
    assert model.coefs_[0].dtype == np.float32
    assert model.predict(X).dtype == np.float64
    assert model.predict(X.astype(np.float32)).dtype == np.float32
    model = fitted(regressor(ours, max_iter=1, dtype="float64"), X, y)
    assert model.coefs_[0].dtype == np.float64


@difference
def test_dtype_of_y():
    """A float64 y makes float32 training compute in float64."""
    X, y = regression()
    X = X.astype(np.float32)
    types = set()

    class WatchedLoss(SquaredError):
        def gradient(self, z, y):
            dZ = super().gradient(z, y)
            types.update(array.dtype.name for array in (z, y, dZ))
            return dZ

    for y_type in (np.float32, np.float64):
        model = fitted(regressor(theirs, max_iter=2), X, y.astype(y_type))
        assert {moment.dtype for moment in model._optimizer.ms} == {np.dtype(y_type)}
        model = fitted(regressor(ours, loss=WatchedLoss(), max_iter=2), X, y.astype(y_type))
        assert types == {array.dtype.name for array in model.coefs_} == {"float32"}


@difference
def test_loss_curve_of_lbfgs():
    """`"lbfgs"` has no `loss_curve_`."""
    X, y = regression()
    settings = {"solver": "lbfgs", "max_iter": 5}
    assert not hasattr(fitted(regressor(theirs, **settings), X, y), "loss_curve_")
    assert len(fitted(regressor(ours, **settings), X, y).loss_curve_) == 5


def constant_score(model, X, y):
    """Find every model as good as the one before."""
    return 0.0


@difference
def test_early_stopping_of_lbfgs():
    """`"lbfgs"` ignores `early_stopping`."""
    X, y = regression()

    def counts(package):
        settings = {"solver": "lbfgs", "max_iter": 5}
        a, b = (
            fitted(regressor(package, early_stopping=stops, **settings), X, y)
            for stops in (False, True)
        )
        return differ(a, b)

    assert not counts(theirs)
    assert counts(ours)
    settings = {"early_stopping": True, "scoring": constant_score, "n_iter_no_change": 2}
    model = regressor(ours, solver="lbfgs", **settings).fit(X, y)
    assert model.n_iter_ == len(model.validation_scores_) == 1 + 2


# --- early stopping --------------------------------------------------------------------------


def held_back(package, estimator, X, y, monkeypatch):
    """Return the targets that a fit with early stopping holds back."""
    seen = []

    def score(*args, **weights):
        seen.append(args[-1] if package is ours else args[0])  # (model, X, y) or (y, predictions)
        return 0.0

    estimator.set_params(early_stopping=True, max_iter=1)
    if package is ours:
        estimator.set_params(scoring=score)
    for metric in ("accuracy_score", "r2_score"):
        monkeypatch.setattr(_multilayer_perceptron, metric, score)
    fitted(estimator, X, y)
    return seen[0]


@difference
def test_stratified_split(monkeypatch):
    """Early stopping does not stratify several classes."""
    X, _ = multiclass()
    y = np.arange(60) % 3

    def counts(package):
        models = (classifier(package, random_state=seed) for seed in range(5))
        return [np.bincount(held_back(package, model, X, y, monkeypatch)) for model in models]

    assert any(list(count) != [2, 2, 2] for count in counts(theirs))
    assert all(list(count) == [2, 2, 2] for count in counts(ours))


@difference
def test_class_of_one_row(monkeypatch):
    """Early stopping refuses a class of one row, if there are two classes."""
    X, _ = binary()
    y = (np.arange(60) == 7).astype(int)
    with pytest.raises(ValueError, match="have only 1 member"):
        classifier(theirs, early_stopping=True).fit(X, y)
    assert not held_back(ours, classifier(ours), X, y, monkeypatch).any()


@difference
def test_early_stopping_of_few_rows():
    """Early stopping refuses to hold back a single row, as of 10."""
    settings = {"early_stopping": True, "max_iter": 3}
    for make, (X, y) in ((classifier, multiclass()), (regressor, regression())):
        X, y = X[:10], y[:10]
        with pytest.raises(ValueError, match="validation set is too small"):
            make(theirs, **settings).fit(X, y)
        assert np.isfinite(fitted(make(ours, **settings), X, y).validation_scores_).all()


@difference
def test_split_without_shuffle(monkeypatch):
    """Early stopping draws its split even if `shuffle=False`."""
    X, _ = regression()
    y, tail = np.arange(60.0), np.arange(54.0, 60.0)
    model = regressor(theirs, shuffle=False)
    assert set(held_back(theirs, model, X, y, monkeypatch).ravel()) != set(tail)
    assert_array_equal(held_back(ours, regressor(ours, shuffle=False), X, y, monkeypatch), tail)


@difference
def test_best_loss_with_early_stopping():
    """Early stopping leaves `best_loss_` None."""
    X, y = regression()
    settings = {"early_stopping": True, "max_iter": 3}
    assert fitted(regressor(theirs, **settings), X, y).best_loss_ is None
    model = fitted(regressor(ours, **settings), X, y)
    assert model.best_loss_ == min(model.loss_curve_)


# --- warm start, and what may change between calls -------------------------------------------


@difference
def test_warm_refit_after_convergence():
    """A warm refit after convergence trains for one epoch."""
    X, y = regression()

    def epochs_of_refit(package):
        settings = {"warm_start": True, "tol": 1e9, "n_iter_no_change": 3}
        return regressor(package, **settings).fit(X, y).fit(X, y).n_iter_

    assert epochs_of_refit(theirs) == 1
    assert epochs_of_refit(ours) == 1 + 3


@difference
@pytest.mark.parametrize("shuffle", [False, True])
def test_warm_fits(shuffle):
    """Warm fits of 5 and 5 epochs differ from one of 10."""
    X, y = regression()

    def differs(package):
        settings = {"warm_start": True, "shuffle": shuffle, "batch_size": 20}
        twice = regressor(package, max_iter=5, **settings)
        fitted(fitted(twice, X, y), X, y)
        return differ(twice, fitted(regressor(package, max_iter=10, **settings), X, y))

    assert differs(theirs)
    assert not differs(ours)


@difference
def test_loss_curve_of_warm_fits():
    """Warm fits add to `loss_curve_`, but not to `n_iter_`."""
    X, y = regression()

    def lengths(package):
        model = regressor(package, warm_start=True, max_iter=3)
        fitted(fitted(model, X, y), X, y)
        return len(model.loss_curve_), model.n_iter_

    assert lengths(theirs) == (6, 3)
    assert lengths(ours) == (3, 3)


@difference
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_missing_classes_in_warm_start(method):
    """Warm start demands every class in every call."""
    X, y = binary()

    def go_on(package):
        model = fitted(classifier(package, warm_start=True, max_iter=2), X, y)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return getattr(model, method)(X[y == 1], y[y == 1])

    with pytest.raises(ValueError, match="same classes as in the previous call"):
        go_on(theirs)
    assert_array_equal(go_on(ours).classes_, [0, 1])


@difference
def test_other_sizes():
    """Going on with other `hidden_layer_sizes` ignores them."""
    X, y = regression()

    def go_on(package):
        model = regressor(package).partial_fit(X, y)
        return model.set_params(hidden_layer_sizes=(9,)).partial_fit(X, y)

    assert go_on(theirs).coefs_[0].shape == (4, 6)
    with pytest.raises(ValueError, match="fitted with hidden_layer_sizes"):
        go_on(ours)


@difference
def test_other_activation():
    """Another `activation` changes the predictions of a fitted model."""
    X, y = regression()

    def changes(package):
        model = regressor(package).partial_fit(X, y)
        return differ(model.predict(X), model.set_params(activation="tanh").predict(X))

    assert changes(theirs)
    assert not changes(ours)


# --- partial_fit -----------------------------------------------------------------------------


@difference
def test_shuffle_of_partial_fit():
    """`partial_fit` repeats the same shuffle if the seed is an int."""
    X, y = regression()

    def differs(package):
        model = regressor(package, hidden_layer_sizes=(), **steady(batch_size=1))
        model.partial_fit(X, y)
        results = []
        for _ in range(2):
            model.coefs_[0][...] = model.intercepts_[0][...] = 0
            results.append(parameters(model.partial_fit(X, y)))
        return differ(*results)

    assert not differs(theirs)
    assert differs(ours)


@difference
def test_five_partial_fits():
    """5 calls of `partial_fit` differ from a fit of 5 epochs."""
    X, y = regression()

    def differs(package):
        whole = fitted(regressor(package, batch_size=20, max_iter=5), X, y)
        model = clone(whole)
        for _ in range(5):
            model.partial_fit(X, y)
        return differ(model, whole)

    assert differs(theirs)
    assert not differs(ours)


@difference
def test_changed_learning_rate():
    """`partial_fit` ignores a changed `learning_rate_init`."""
    X, y = regression()

    def counts(package):
        a, b = (regressor(package).partial_fit(X, y) for _ in range(2))
        return differ(a.partial_fit(X, y), b.set_params(learning_rate_init=0.1).partial_fit(X, y))

    assert not counts(theirs)
    assert counts(ours)


@difference
def test_early_stopping_and_partial_fit():
    """`partial_fit` refuses `early_stopping`."""
    X, y = regression()
    with pytest.raises(ValueError, match="does not support early_stopping"):
        regressor(theirs, early_stopping=True).partial_fit(X, y)
    model = regressor(ours, early_stopping=True).partial_fit(X, y)
    assert not differ(model, regressor(ours).partial_fit(X, y))


@difference
def test_classes_of_labels():
    """`partial_fit` demands `classes` for a multilabel y."""
    X, Y = multilabel()
    with pytest.raises(ValueError, match="classes must be passed"):
        classifier(theirs).partial_fit(X, Y)
    assert_array_equal(classifier(ours).partial_fit(X, Y).classes_, [0, 1, 2])


@difference
def test_epochs_of_partial_fit():
    """`partial_fit` leaves `n_iter_` at 1."""
    X, y = regression()

    def counted(package):
        model = regressor(package).partial_fit(X, y).partial_fit(X, y)
        return model.n_iter_, len(model.loss_curve_)

    assert counted(theirs) == (1, 2)
    assert counted(ours) == (2, 2)


@difference
def test_partial_fit_of_lbfgs():
    """`MLPRegressor` with `"lbfgs"` has `partial_fit`, a whole fit."""
    X, y = regression()
    model = regressor(theirs, solver="lbfgs", max_iter=5)
    with pytest.warns(ConvergenceWarning):
        model.partial_fit(X, y)
    assert model.n_iter_ == 5
    assert not hasattr(regressor(ours, solver="lbfgs"), "partial_fit")


# --- weights ---------------------------------------------------------------------------------


@difference
def test_batch_of_weight_zero():
    """A mini-batch of weight zero raises ZeroDivisionError."""
    X, y = regression()
    w = np.repeat([0.0, 1.0], [20, 40])
    settings = {"batch_size": 20, "shuffle": False, "max_iter": 2}
    with pytest.raises(ZeroDivisionError):
        regressor(theirs, **settings).fit(X, y, sample_weight=w)
    model = fitted(regressor(ours, **settings), X, y, sample_weight=w)
    assert not differ(model, fitted(regressor(ours, **settings), X[20:], y[20:]))


@difference
def test_row_of_weight_zero():
    """A row of weight zero counts as a row of its batch."""
    X, y = regression()
    w = (np.arange(60) != 7).astype(float)

    def differs(package):
        settings = {"batch_size": 20, "shuffle": False, "max_iter": 2}
        model = fitted(regressor(package, **settings), X, y, sample_weight=w)
        return differ(model, fitted(regressor(package, **settings), X[w > 0], y[w > 0]))

    assert differs(theirs)
    assert not differs(ours)


@difference
def test_negative_weights():
    """Negative weights are accepted."""
    X, y = regression()
    w = np.where(np.arange(60) == 7, -1.0, 1.0)
    assert fitted(regressor(theirs, max_iter=2), X, y, sample_weight=w).n_iter_ == 2
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        regressor(ours).fit(X, y, sample_weight=w)


@difference
def test_weights_inside_a_batch():
    """Weights count inside their batch only, never if it is one row."""
    X, y = regression()

    def effect(package):
        settings = steady(batch_size=1, max_iter=3)
        weighted = fitted(regressor(package, **settings), X, y, sample_weight=np.arange(1.0, 61))
        plain = fitted(regressor(package, **settings), X, y)
        return np.abs(parameters(weighted) - parameters(plain)).max()

    assert effect(theirs) < 1e-12
    assert effect(ours) > 1e-3


@difference
def test_scale_of_weights():
    """Weights ten times as large weaken `alpha`."""
    X, y = regression()

    def penalty(package, weight):
        settings = {"solver": "lbfgs", "hidden_layer_sizes": (), "max_iter": 200, "tol": 1e-9}
        model = regressor(package, alpha=10.0, **settings)
        return np.linalg.norm(fitted(model, X, y, sample_weight=np.full(60, weight)).coefs_[0])

    assert penalty(theirs, 10.0) > 1.05 * penalty(theirs, 1.0)
    assert penalty(ours, 10.0) == penalty(ours, 1.0)


# --- what is left of a fit, and predictions --------------------------------------------------


@difference
def test_failed_refit():
    """A refit that fails spoils the model."""
    X, y = regression()

    def after_failed_refit(package):
        model = fitted(regressor(package, max_iter=3), X, y)
        before = model.predict(X)
        with pytest.raises(ValueError, match="sample_weight"):
            model.fit(X[:, :2], y, sample_weight=[1.0, 2.0])
        return before, model.predict(X)

    with pytest.raises(ValueError, match="X has 4 features, but MLPRegressor is expecting 2"):
        after_failed_refit(theirs)
    assert_array_equal(*after_failed_refit(ours))


@difference
def test_size_of_a_pickle():
    """A pickle is four times the weights."""
    X, y = regression()

    def size(package):
        model = fitted(regressor(package, hidden_layer_sizes=(100, 100), max_iter=1), X, y)
        return len(pickle.dumps(model)) / parameters(model).nbytes

    assert 4 <= size(theirs) < 4.2
    assert 1 <= size(ours) < 1.1


@difference
@pytest.mark.parametrize("make", [binary, multiclass])
def test_log_probabilities(make):
    """`predict_log_proba` may return -inf."""
    X, y = make()
    model = fitted(classifier(theirs, max_iter=2), X, y)
    with np.errstate(divide="ignore"):
        assert np.isneginf(model.predict_log_proba(1e6 * X)).any()
    model = fitted(classifier(ours, max_iter=2), X, y)
    assert np.isfinite(model.predict_log_proba(1e6 * X)).all()


@difference
def test_single_class():
    """A single class has two columns of probabilities."""
    X, _ = binary()
    y = np.zeros(60, dtype=int)
    model = fitted(classifier(theirs, max_iter=2), X, y)
    assert (model.predict_proba(X).shape, len(model.classes_)) == ((60, 2), 1)
    assert (model.predict_proba(X) < 1).all()
    assert_array_equal(
        fitted(classifier(ours, max_iter=2), X, y).predict_proba(X), np.ones((60, 1))
    )


@difference
def test_labels_of_type_object():
    """Labels of type object come back as another type."""
    X, y = binary()
    y = np.array(["no", "yes"], dtype=object)[y]
    assert fitted(classifier(theirs, max_iter=2), X, y).predict(X).dtype.kind == "U"
    assert fitted(classifier(ours, max_iter=2), X, y).predict(X).dtype == object


@difference
@pytest.mark.parametrize("values", [[False, True], [1, 3]])
def test_objects_as_labels(values):
    """Object arrays of booleans or integers are no labels."""
    X, y = binary()
    y = np.array(values, dtype=object)[y]
    with pytest.raises(ValueError, match="Unknown label type"):
        classifier(theirs).fit(X, y)
    assert_array_equal(fitted(classifier(ours, max_iter=2), X, y).classes_, values)


@difference
def test_mixed_list_of_labels():
    """A list of numbers and strings becomes strings."""
    X, y = binary()
    y = [[1, "a"][label] for label in y]
    assert_array_equal(fitted(classifier(theirs, max_iter=2), X, y).classes_, ["1", "a"])
    with pytest.raises(TypeError, match="all strings or all numbers"):
        classifier(ours).fit(X, y)


@difference
def test_large_integers_as_labels():
    """Nullable integers of pandas above 2**53 are rounded as labels."""
    X, y = binary()
    values = [2**53, 2**53 + 1]
    y = pd.Series(np.array(values)[y], dtype="Int64")
    assert_array_equal(fitted(classifier(theirs, max_iter=2), X, y).classes_, [2.0**53])
    assert fitted(classifier(ours, max_iter=2), X, y).classes_.tolist() == values


@difference
def test_sparse_labels():
    """A sparse multilabel y makes sparse predictions."""
    X, Y = multilabel()
    Y = sparse.csr_matrix(Y)
    assert sparse.issparse(fitted(classifier(theirs, max_iter=2), X, Y).predict(X))
    assert isinstance(fitted(classifier(ours, max_iter=2), X, Y).predict(X), np.ndarray)


@difference
def test_dates():
    """Dates become numbers of days, or of another unit."""
    X = np.arange("2025-01-01", "2025-03-02", dtype="datetime64[D]")[:, None]
    y = np.arange(60.0)
    model = fitted(regressor(theirs, max_iter=2), X, y)
    days = fitted(regressor(theirs, max_iter=2), X.astype(float), y)
    assert not differ(model, days)
    assert differ(model, fitted(regressor(theirs, max_iter=2), X.astype("datetime64[s]"), y))
    with pytest.raises(TypeError, match="dates or times"):
        regressor(ours).fit(X, y)


@difference
def test_dates_beside_numbers():
    """Dates beside numbers in polars and Arrow frames become numbers."""
    frames = [pytest.importorskip("polars").DataFrame, pytest.importorskip("pyarrow").table]
    dates = [date(2025, 1, 1) + timedelta(days=day) for day in range(60)]
    y = np.arange(60.0)
    for make_frame in frames:
        X = make_frame({"at": dates, "n": y})
        assert fitted(regressor(theirs, max_iter=2), X, y).n_features_in_ == 2
        with pytest.raises(TypeError, match="Column 'at' holds dates or times"):
            regressor(ours).fit(X, y)


@difference
def test_masked_arrays():
    """The mask of a masked array is ignored."""
    X, y = regression()
    masked = np.ma.masked_array(X, mask=X > 1)
    model = fitted(regressor(theirs, max_iter=2), masked, y)
    assert not differ(model, fitted(regressor(theirs, max_iter=2), X, y))
    with pytest.raises(ValueError, match="contains NaN"):
        regressor(ours).fit(masked, y)
    with_nan = pd.DataFrame(masked.filled(np.nan))
    tabular = ours.TabularMLPRegressor((6,), max_iter=2, random_state=0)
    predictions = clone(tabular).fit(with_nan, y).predict(with_nan)
    assert_array_equal(tabular.fit(masked, y).predict(masked), predictions)
