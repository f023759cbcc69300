"""fit_many: each fit is the one that the estimator would make alone."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sknn import (
    MLPClassifier,
    MLPRegressor,
    TableEncoder,
    TabularMLPClassifier,
    TabularMLPRegressor,
)
from sknn.estimators import _fit_inputs
from sknn.estimators.many_fits import FitTask, can_join, fit_many, size_of
from tests.estimators.data import binary, real

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": 6, "random_state": 0}

#: Estimators whose fits differ in all that may differ, also in how many trainings they consist of.
FITS = {
    "plain": MLPRegressor(**SMALL, max_iter=20),
    "other settings": MLPRegressor(**SMALL, max_iter=12, alpha=0.1, learning_rate_init=0.01),
    "dropout": MLPRegressor(**SMALL, max_iter=12, dropout=0.3, batch_size=20),
    "early stopping": MLPRegressor(**SMALL, max_iter=40, early_stopping=True, tol=0.1),
    "refit": MLPRegressor(**SMALL, max_iter=40, early_stopping=True, refit=True, tol=0.1),
    "one cycle": MLPRegressor(**SMALL, max_iter=15, learning_rate="one_cycle"),
    "members": MLPRegressor(**SMALL, max_iter=10, n_members=3),
    "folds": MLPRegressor(**SMALL, max_iter=10, cv=3),
    "lbfgs": MLPRegressor(**SMALL, max_iter=10, solver="lbfgs"),
    "table": TabularMLPRegressor(**SMALL, max_iter=4),
    "choice": TabularMLPRegressor(**SMALL),
}


def attributes(model):
    """Return the fitted arrays and curves."""
    return [*model.coefs_, *model.intercepts_, np.array(model.loss_curve_), model.n_iter_]


def assert_same_fit(model, other):
    """Two estimators have the same fitted attributes, up to rounding in stacked products."""
    assert vars(model).keys() == vars(other).keys()
    for ours, theirs in zip(attributes(model), attributes(other), strict=True):
        assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_each_fit_is_the_one_alone():
    """Whatever is trained beside it."""
    X, y = real()
    tasks = [FitTask(clone(model), X, y) for model in FITS.values()]
    outcomes = fit_many(tasks)
    for task, outcome, model in zip(tasks, outcomes, FITS.values(), strict=True):
        assert outcome.error is None
        assert not outcome.is_partial
        assert outcome.seconds > 0
        assert_same_fit(task.estimator, clone(model).fit(X, y))


@pytest.mark.parametrize("first", [1, 3])
def test_a_paused_fit_goes_on(first):
    """In two or three parts it is the uninterrupted one; schedules with an end begin anew."""
    X, y = real()
    names = [name for name in FITS if name not in ("choice",)]
    tasks = [FitTask(clone(FITS[name]), X, y) for name in names]
    outcomes = fit_many(tasks, max_epochs=first)
    assert outcomes[0].is_partial
    assert tasks[0].estimator.n_iter_ == first
    for max_epochs in (4, None):
        left = [i for i, outcome in enumerate(outcomes) if outcome.is_partial]
        again = [replace(tasks[i], progress=outcomes[i].progress) for i in left]
        for i, outcome in zip(left, fit_many(again, max_epochs=max_epochs), strict=True):
            outcomes[i] = outcome
    for task, outcome, name in zip(tasks, outcomes, names, strict=True):
        assert not outcome.is_partial
        assert_same_fit(task.estimator, clone(FITS[name]).fit(X, y))


def test_a_short_schedule_is_a_whole_one():
    """A one-cycle of fewer epochs, not the beginning of a long one."""
    X, y = real()
    model = clone(FITS["one cycle"])
    [outcome] = fit_many([FitTask(model, X, y)], max_epochs=5)
    assert outcome.is_partial
    assert outcome.progress is None
    short = clone(model).set_params(max_iter=5).fit(X, y)
    for ours, theirs in zip(model.coefs_, short.coefs_, strict=True):
        assert_array_equal(ours, theirs)


def test_an_error_harms_no_other_fit():
    """Whether it is one of a parameter, of the data, or of the scorer."""
    X, y = real()

    def fails(model, X, y):
        raise RuntimeError("no score")

    good = clone(FITS["plain"])
    tasks = [
        FitTask(clone(good).set_params(alpha=-1), X, y),
        FitTask(clone(good), X, y[1:]),
        FitTask(clone(good).set_params(early_stopping=True, scoring=fails), X, y),
        FitTask(clone(good), X, y, {"weight": None}),
        FitTask(good, X, y),
    ]
    outcomes = fit_many(tasks)
    messages = [str(outcome.error) for outcome in outcomes]
    for message, part in zip(messages, ("alpha", "inconsistent", "score", "weight"), strict=False):
        assert part in message
    assert outcomes[-1].error is None
    assert_same_fit(good, clone(FITS["plain"]).fit(X, y))
    assert not hasattr(tasks[0].estimator, "coefs_")


def test_parameters_of_fit():
    """Weights, and rows for validation."""
    X, y = real()
    w = np.arange(len(y)) % 3
    params = {"sample_weight": w, "X_val": X[:20], "y_val": y[:20]}
    model = clone(FITS["early stopping"])
    fit_many([FitTask(model, X, y, params)])
    assert_same_fit(model, clone(model).fit(X, y, **params))


def test_warnings_are_handed_over():
    """And not shown."""
    X, y = real()
    model = MLPRegressor(**SMALL, max_iter=1)
    [outcome] = fit_many([FitTask(model, X * np.array([1e6] + [1] * (X.shape[1] - 1)), y)])
    assert len(outcome.warnings) == 2
    assert outcome.outcome == "max_iter"


def test_training_ends_if_asked():
    """After the current epoch."""
    X, y = real()
    model = MLPRegressor(**SMALL, max_iter=50)
    [outcome] = fit_many([FitTask(model, X, y)], should_stop=lambda: True)
    assert outcome.outcome == "callback"
    assert model.n_iter_ == 1


@pytest.mark.parametrize(
    "settings",
    [{"solver": "lbfgs"}, {"verbose": 1}, {"warm_start": True}, {"max_time": 9}],
    ids=str,
)
def test_fits_that_are_made_alone(settings):
    """They take no part in a batch."""
    assert not can_join(MLPClassifier(**settings))
    assert can_join(MLPClassifier())


def test_size_of_a_fit():
    """It is known before training, whatever is "auto"."""
    X, y = real()
    assert size_of(FitTask(MLPRegressor(max_iter=7), X, y)).n_epochs == 7
    table = TabularMLPClassifier(cv=None, random_state=0)
    assert size_of(FitTask(clone(table), X, y > 0)).n_epochs == table.fit(X, y > 0).n_iter_
    with pytest.raises(ValueError, match="inconsistent"):
        size_of(FitTask(MLPRegressor(), X, y[1:]))


@pytest.mark.parametrize("estimator", [MLPClassifier(), TabularMLPClassifier()], ids=repr)
def test_equal_data_are_validated_and_encoded_once(estimator, monkeypatch):
    """Fits share them if X and y are the same objects; the results are those of fits alone."""
    calls = []
    validate = _fit_inputs.validate_training_data
    monkeypatch.setattr(
        _fit_inputs,
        "validate_training_data",
        lambda *given, **how: calls.append("validate") or validate(*given, **how),
    )
    learn = TableEncoder._learn_statistics
    monkeypatch.setattr(
        TableEncoder, "_learn_statistics", lambda *given: calls.append("learn") or learn(*given)
    )
    X, y = binary()
    settings = {"max_iter": 3, "random_state": 0, "hidden_layer_sizes": 4, "cv": None}
    alphas = [1e-3, 1e-2, 1e-1]
    tasks = [FitTask(clone(estimator).set_params(**settings, alpha=a), X, y) for a in alphas]
    fit_many(tasks)
    is_table = isinstance(estimator, TabularMLPClassifier)
    assert calls == ["validate", "learn"][: 1 + is_table]
    for task in tasks:
        alone = clone(task.estimator).fit(X, y)
        # some BLAS kernels round a stack of products otherwise than one alone
        assert_allclose(alone.coefs_[0], task.estimator.coefs_[0], rtol=1e-9, atol=1e-12)
