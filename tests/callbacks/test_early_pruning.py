"""EarlyPruning: what is reported, when a fit ends, and what is left of it."""

import pickle
import warnings
from copy import deepcopy

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknn
from sknn import MLPClassifier, TabularMLPClassifier
from sknn.callbacks import EarlyPruning
from tests.estimators.data import TABLES, TASKS, binary, fitted, parameters

pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 and later")

SETTINGS = {"max_iter": 5, "random_state": 0, "n_iter_no_change": np.inf, "early_stopping": True}


class Pruned(Exception):
    """What a report may raise."""


class Report:
    """Keeps what is reported; at an epoch it raises an error, or returns an answer."""

    def __init__(self, at=None, answer=Pruned):
        self.at, self.answer, self.values = at, answer, []

    def __call__(self, epoch, value):
        """Keep the value; raise or answer."""
        self.values.append((epoch, value))
        if epoch == self.at and self.answer is Pruned:
            raise Pruned
        return self.answer if epoch == self.at else None


def mlp(report, **settings):
    """Return a classifier that reports."""
    monitor = settings.pop("monitor", "validation_score")
    model = MLPClassifier((6,), **{**SETTINGS, **settings})
    return model.set_callbacks(EarlyPruning(report, monitor=monitor))


@pytest.mark.parametrize("task", TASKS | TABLES)
def test_reports_change_nothing(task):
    """The values are those of the fit, which has the same bits as without the callback."""
    estimator, make = (TASKS | TABLES)[task]
    X, y = make()
    alone = fitted(estimator((6,), **SETTINGS), X, y)
    report = Report()
    model = fitted(clone(alone).set_callbacks(EarlyPruning(report)), X, y)
    assert_array_equal(parameters(model), parameters(alone))
    assert report.values == list(enumerate(alone.validation_scores_, 1))


@pytest.mark.parametrize(
    ("monitor", "attribute"),
    [
        ("loss", "loss_curve_"),
        ("validation_loss", "validation_loss_curve_"),
        ("validation_score", "validation_scores_"),
    ],
)
@pytest.mark.parametrize("networks", [{}, {"n_members": 3}, {"cv": 3}])
def test_monitor(monitor, attribute, networks):
    """The value is that of the curve: of one network, or the mean of several."""
    report = Report()
    model = fitted(mlp(report, monitor=monitor, **networks), *binary())
    assert [value for _, value in report.values] == getattr(model, attribute)


@pytest.mark.parametrize("networks", [{}, {"n_members": 3}, {"cv": 3}, {"refit": True}])
def test_an_error_leaves_the_estimator_as_it_was(networks):
    """Fitted or not; the error is that of the report."""
    X, y = binary()
    model = mlp(Report(at=2), **networks)
    with pytest.raises(Pruned):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")
    model.set_callbacks()
    before = parameters(fitted(model, X, y))
    rows = model.loss_curve_
    report = Report(at=2)
    with pytest.raises(Pruned):
        model.set_callbacks(EarlyPruning(report)).fit(X, y)
    assert [epoch for epoch, _ in report.values] == [1, 2]
    assert_array_equal(parameters(model), before)
    assert model.loss_curve_ == rows


def test_true_ends_training():
    """After that epoch, without a warning; the model is that of a fit of so many epochs."""
    X, y = binary()
    model = mlp(Report(at=2, answer=True)).fit(X, y)
    two = fitted(MLPClassifier((6,), **{**SETTINGS, "max_iter": 2}), X, y)
    assert model.n_iter_ == 2
    assert_array_equal(parameters(model), parameters(two))


@pytest.mark.parametrize("answer", [None, False, "yes", 1, 0.5])
def test_other_answers_go_on(answer):
    """A report may return what it likes, as a function that ends with a call of another does."""
    assert fitted(mlp(Report(at=2, answer=answer)), *binary()).n_iter_ == 5


@pytest.mark.parametrize("monitor", ["validation_score", "validation_loss"])
def test_no_validation_rows(monitor):
    """An error in the first epoch says what to do."""
    with pytest.raises(ValueError, match=rf"{monitor}.*early_stopping=True.*monitor='loss'"):
        mlp(Report(), monitor=monitor, early_stopping=False).fit(*binary())


def test_validation_rows_of_the_caller():
    """X_val and y_val are enough."""
    report = Report()
    model = mlp(report, early_stopping=False)
    X, y = binary()
    fitted(model, X, y, X_val=X[:20], y_val=y[:20])
    assert len(report.values) == 5


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((None, "loss"), TypeError, "report must be a function"),
        ((print, "accuracy"), ValueError, "monitor must be one of .*validation_score.*'accuracy'"),
    ],
)
def test_bad_arguments(arguments, error, message):
    """Are found when the callback is made."""
    report, monitor = arguments
    with pytest.raises(error, match=message):
        EarlyPruning(report, monitor=monitor)


def test_folds_have_numbers_of_their_own():
    """The next fit begins after max_iter epochs, also if the last one has ended earlier."""
    X, y = binary(90)
    report = Report(at=2, answer=True)
    scores = cross_val_score(mlp(report, learning_rate="cosine"), X, y, cv=3)
    assert [epoch for epoch, _ in report.values] == [1, 2, *range(6, 11), *range(11, 16)]
    assert np.isfinite(scores).all()


def test_a_pruned_cross_validation():
    """The error ends it, whatever the fold."""
    X, y = binary(90)
    report = Report(at=7)
    with pytest.raises(Pruned):
        cross_val_score(mlp(report, learning_rate="cosine"), X, y, cv=3, error_score="raise")
    assert [epoch for epoch, _ in report.values] == [*range(1, 8)]


def test_no_number_twice_within_a_fit():
    """A refit counts on, with the training loss; its epochs have no validation score."""
    X, y = binary(100)
    settings = {"refit": True, "n_iter_no_change": 2, "max_iter": 30, "learning_rate_init": 0.02}
    losses, scores = Report(), Report()
    model = fitted(mlp(losses, monitor="loss", **settings), X, y)
    n_epochs = len(model.validation_scores_) + model.best_iteration_
    assert [epoch for epoch, _ in losses.values] == list(range(1, n_epochs + 1))
    model = fitted(mlp(scores, **settings), X, y)
    assert [value for _, value in scores.values] == model.validation_scores_


@pytest.mark.parametrize("max_iter", [4, "auto"])
def test_no_number_twice_in_several_fits(max_iter):
    """Also if a fit has more epochs than max_iter, or their number is not known before."""
    X, y = binary(100)
    report = Report()
    model = TabularMLPClassifier((4,), max_iter=max_iter, cv=None, refit=True, random_state=0)
    model.set_params(early_stopping=True, learning_rate="constant", n_iter_no_change=2)
    model.set_callbacks(EarlyPruning(report, monitor="loss"))
    for _ in range(2):
        fitted(model, X, y)
    epochs = [epoch for epoch, _ in report.values]
    assert len(epochs) > 8
    assert epochs == sorted(set(epochs))


def test_cross_fitted_settings():
    """The trainings of cv='auto' are one fit, without validation rows of their own."""
    X, y = binary(200)
    report = Report()
    model = TabularMLPClassifier((4,), max_iter=3, cv="auto", random_state=0)
    model.set_callbacks(EarlyPruning(report, monitor="loss")).fit(X, y)
    epochs = [epoch for epoch, _ in report.values]
    assert epochs == sorted(set(epochs))


def test_in_a_pipeline_and_a_search():
    """Set on the outermost estimator, it sees the networks inside, and no other step."""
    X, y = binary()
    report = Report()
    network = MLPClassifier((6,), learning_rate="cosine", **SETTINGS)
    model = make_pipeline(StandardScaler(), network)
    grid = GridSearchCV(model, {"mlpclassifier__alpha": [0, 1]}, cv=2)
    grid.set_callbacks(EarlyPruning(report)).fit(X, y)
    assert [epoch for epoch, _ in report.values] == list(range(1, 26))


def test_a_warm_start_is_another_fit():
    """It counts on."""
    report = Report()
    model = fitted(mlp(report, warm_start=True), *binary())
    fitted(model, *binary())
    assert [epoch for epoch, _ in report.values] == list(range(1, 11))


def test_partial_fit_reports_nothing():
    """It runs no callbacks."""
    report = Report()
    mlp(report, early_stopping=False).partial_fit(*binary(), classes=[0, 1])
    assert report.values == []


@pytest.mark.parametrize("make", [deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_report_too(make):
    """Also those on the way to another process; what has ended is not in them."""
    X, y = binary()
    model = fitted(mlp(Report()), X, y)
    callback = model._skl_callbacks[0]
    assert callback._offsets == callback._last == {}
    copy = make(model)
    fitted(copy, X, y)
    assert [epoch for epoch, _ in copy._skl_callbacks[0].report.values] == list(range(1, 11))
    assert len(callback.report.values) == 5


def test_a_checkpoint_goes_on_with_its_epochs(tmp_path):
    """A pruned fit that is run again reports the epochs that are left."""
    X, y = binary()

    def run(report):
        checkpoint = sknn.Checkpoint(tmp_path, every_n_epochs=1)
        model = MLPClassifier((6,), **SETTINGS)
        return model.set_callbacks(checkpoint, EarlyPruning(report)).fit(X, y)

    with pytest.raises(Pruned):
        run(Report(at=2))
    report = Report(at=5, answer=True)
    run(report)
    assert [epoch for epoch, _ in report.values] == [3, 4, 5]


@pytest.mark.parametrize("how", ["fit", "cross_val_score", "cv"])
def test_optuna(how):
    """A hopeless trial is pruned at the first epoch, and reports no epoch twice (a warning)."""
    optuna = pytest.importorskip("optuna")
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    X, y = binary(90)

    def objective(trial):
        def report(epoch, value):
            trial.report(value, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

        rate = trial.suggest_float("rate", 1e-9, 1)
        settings = SETTINGS | {"learning_rate": "cosine", "learning_rate_init": rate}
        model = MLPClassifier((6,), **settings).set_callbacks(EarlyPruning(report))
        if how == "cross_val_score":
            return cross_val_score(model, X, y, cv=3, error_score="raise").mean()
        if how == "cv":
            return model.set_params(cv=3, early_stopping=True).fit(X, y).oof_score_
        return model.fit(X, y).best_validation_score_

    pruner = optuna.pruners.ThresholdPruner(lower=0.65, n_warmup_steps=3)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    study.enqueue_trial({"rate": 0.1})
    study.enqueue_trial({"rate": 1e-9})
    study.optimize(objective, n_trials=2)
    good, hopeless = study.trials
    assert good.state.name == "COMPLETE"
    assert len(good.intermediate_values) == (15 if how == "cross_val_score" else 5)
    assert hopeless.state.name == "PRUNED"
    assert list(hopeless.intermediate_values) == [1, 2, 3]
