"""Validation: what is held back, what is watched, when it decides, and what is kept."""

import threading
import time
from itertools import count

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, log_loss, r2_score, roc_auc_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from sknn.estimators import _fit
from sknn.estimators._early_stopping import split
from sknn.estimators._validation.data import ValidatedData
from tests.estimators.data import TABLES, TASKS, binary, fitted, multiclass, parameters, real

SETTINGS = {"learning_rate_init": 0.02, "max_iter": 60, "random_state": 0}


def make_model(task, **settings):
    """Return an unfitted estimator, rows to learn from and rows to validate on."""
    estimator, make = (TASKS | TABLES)[task]
    X, y = make(100)
    model = estimator((20,), **{**SETTINGS, **settings})
    return model, X[:70], y[:70], {"X_val": X[70:], "y_val": y[70:]}


@pytest.mark.parametrize("task", TASKS | TABLES)
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_given_rows_are_only_watched_by_default(task, solver):
    """The curves are there, the model is the same as without."""
    model, X, y, val = make_model(task, solver=solver, max_iter=10)
    plain = fitted(clone(model), X, y)
    watched = fitted(clone(model), X, y, **val)
    assert_array_equal(parameters(watched), parameters(plain))
    assert len(watched.validation_scores_) == len(watched.loss_curve_)
    assert len(watched.validation_loss_curve_) == len(watched.loss_curve_)
    assert watched.best_iteration_ == watched.n_iter_
    last = watched.score(val["X_val"], val["y_val"])
    if task in TABLES:  # they watch the loss
        last = -watched.validation_loss_curve_[-1]
    assert watched.validation_scores_[-1] == pytest.approx(last)
    assert (plain.validation_scores_, plain.best_validation_score_) == (None, None)


@pytest.mark.parametrize("task", TASKS | TABLES)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [True, "auto"])
def test_the_best_epoch_is_kept(task, solver, early_stopping):
    """Training ends after the patience, with the weights of the best score."""
    model, X, y, val = make_model(task, solver=solver, n_iter_no_change=5, max_iter=300)
    model.set_params(early_stopping=early_stopping)
    model = fitted(model, X, y, **val)
    scores = model.validation_scores_
    assert model.best_validation_score_ == max(scores)
    assert model.best_iteration_ == 1 + int(np.argmax(scores))
    if task in TASKS:
        assert model.score(val["X_val"], val["y_val"]) == pytest.approx(max(scores))
    if model.n_iter_ < 300 and solver == "adam":
        assert model.n_iter_ >= 6
    best = clone(model).set_params(early_stopping=False, max_iter=model.best_iteration_)
    best = fitted(best.set_params(n_iter_no_change=np.inf), X, y)
    assert_array_equal(parameters(best), parameters(model))


def test_auto_is_about_many_rows_or_given_ones():
    """As in HistGradientBoosting."""
    X, y = binary(10_001)
    for n, expected in ((10_000, False), (10_001, True)):
        model = MLPClassifier((), early_stopping="auto", max_iter=1, random_state=0)
        assert (fitted(model, X[:n], y[:n]).validation_scores_ is not None) == expected


def test_scores_and_losses_are_those_of_the_rows():
    """Accuracy or R2 by default, with weights; the loss has no penalty."""
    w = np.random.RandomState(0).uniform(size=30)
    model, X, y, val = make_model("binary", alpha=1.0, max_iter=5)
    model = fitted(model, X, y, **val, sample_weight_val=w)
    p = model.predict_proba(val["X_val"])
    assert_allclose(model.validation_loss_curve_[-1], log_loss(val["y_val"], p, sample_weight=w))
    accuracy = accuracy_score(val["y_val"], p[:, 1] > 0.5, sample_weight=w)
    assert model.validation_scores_[-1] == pytest.approx(accuracy)
    model, X, y, val = make_model("real", max_iter=5)
    model = fitted(model, X, y, **val, sample_weight_val=w)
    r2 = r2_score(val["y_val"], model.predict(val["X_val"]), sample_weight=w)
    assert model.validation_scores_[-1] == pytest.approx(r2)


@pytest.mark.parametrize("scoring", ["loss", "neg_log_loss", "roc_auc", "callable"])
def test_scoring(scoring):
    """The loss, any scorer by name, or a function of (estimator, X, y)."""
    seen = []

    def own(estimator, X, y, sample_weight=None):
        seen.append(estimator)
        assert len(estimator.loss_curve_) == estimator.n_iter_ == estimator.t_ == 0
        return -float(log_loss(y, estimator.predict_proba(X)))

    model, X, y, val = make_model("binary", early_stopping=True)
    model.set_params(scoring=own if scoring == "callable" else scoring)
    model = fitted(model, X, y, **val)
    if scoring != "roc_auc":
        assert_allclose(model.validation_scores_, -np.array(model.validation_loss_curve_))
    else:
        last = roc_auc_score(val["y_val"], model.predict_proba(val["X_val"])[:, 1])
        kept = model.validation_scores_[model.best_iteration_ - 1]
        assert kept == pytest.approx(last)
    if seen:
        assert not np.array_equal(parameters(seen[0]), parameters(seen[-1]))


@pytest.mark.parametrize("estimator", [TabularMLPClassifier, TabularMLPRegressor])
def test_tables_watch_the_loss_unless_scoring_says_otherwise(estimator):
    """The accuracy of a few rows is coarse; "accuracy" and "r2" are there on request."""
    X, y = binary(200)
    val = {"X_val": X[150:], "y_val": y[150:]}
    settings = {"early_stopping": True, "max_iter": 12, "random_state": 0}
    by_default = estimator((8,), **settings).fit(X[:150], y[:150], **val)
    by_loss = estimator((8,), scoring="loss", **settings).fit(X[:150], y[:150], **val)
    assert by_default.validation_scores_ == by_loss.validation_scores_
    assert_array_equal(by_default.validation_scores_, -np.array(by_default.validation_loss_curve_))
    name = "accuracy" if estimator is TabularMLPClassifier else "r2"
    model = estimator((8,), scoring=name, **settings).fit(X[:150], y[:150], **val)
    kept = model.validation_scores_[model.best_iteration_ - 1]
    assert model.score(X[150:], y[150:]) == pytest.approx(kept)


def test_no_fraction_to_hold_back():
    """None is no error unless rows must be held back; the error says what to do."""
    X, y = binary()
    model = MLPClassifier((6,), early_stopping=True, validation_fraction=None, max_iter=3)
    with pytest.raises(ValueError, match=r"validation_fraction=None .*early_stopping=False"):
        model.fit(X, y)
    fitted(model, X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    fitted(model.set_params(early_stopping=False), X, y)


@pytest.mark.parametrize("make", [binary, multiclass])
def test_the_held_back_part_has_the_shares_of_the_classes(make, monkeypatch):
    """Drawn class by class, from the seed, and never seen in training."""
    X, y = make(100)
    X = np.column_stack([X, np.arange(100)])
    parts = []
    trained = _fit.fit_networks

    def spied(plan, *arguments):
        parts.append((plan.jobs[0].data.train, plan.jobs[0].data.validation))
        return trained(plan, *arguments)

    monkeypatch.setattr(_fit, "fit_networks", spied)
    for _ in range(2):
        model = MLPClassifier((), early_stopping=True, validation_fraction=0.2, **SETTINGS)
        fitted(model, X, y)
    (rows, held_back), (_, again) = parts
    assert len(held_back.y) == 20
    assert_allclose(np.bincount(held_back.y), 0.2 * np.bincount(y), atol=1)
    assert not set(rows.X[:, -1]) & set(held_back.X[:, -1])
    assert_array_equal(held_back.X, again.X)


def test_without_shuffling_the_tail_is_held_back():
    """What comes later in time is what counts."""
    X, y = real(100)
    settings = {**SETTINGS, "shuffle": False, "early_stopping": True}
    model = fitted(MLPRegressor((5,), validation_fraction=0.25, **settings), X, y)
    given = MLPRegressor((5,), **settings)
    given = fitted(given, X[:75], y[:75], X_val=X[75:], y_val=y[75:])
    assert_array_equal(parameters(model), parameters(given))


def test_every_class_stays_in_training():
    """A class of one row is not held back."""
    X, y = multiclass(30)
    y[:27], y[27:] = 0, [1, 2, 2]
    model = fitted(MLPClassifier((5,), early_stopping=True, **SETTINGS), X, y)
    assert_array_equal(model.classes_, [0, 1, 2])
    assert len(model.validation_scores_) == model.n_iter_


@pytest.mark.parametrize("task", TASKS | TABLES)
def test_refit_trains_on_all_rows_for_as_many_epochs_as_were_good(task):
    """What validation found is kept beside the new model."""
    estimator, make = (TASKS | TABLES)[task]
    X, y = make(100)
    model = estimator((20,), early_stopping=True, n_iter_no_change=3, **SETTINGS)
    stopped = fitted(clone(model), X, y)
    again = fitted(clone(model).set_params(refit=True), X, y)
    assert again.validation_scores_ == stopped.validation_scores_
    assert again.n_iter_ == again.best_iteration_ == stopped.best_iteration_
    plain = clone(model).set_params(early_stopping=False, max_iter=again.n_iter_)
    plain = fitted(plain.set_params(n_iter_no_change=np.inf), X, y)
    assert_array_equal(parameters(again), parameters(plain))


@pytest.mark.parametrize("task", TASKS | TABLES)
@pytest.mark.parametrize("refit", [False, True])
def test_weight_zero_is_absence_here_too(task, refit):
    """Whatever is held back is drawn from the rows that count: bit for bit."""
    estimator, make = (TASKS | TABLES)[task]
    X, y = make(100)
    w = np.random.RandomState(1).randint(0, 3, 100).astype(float)
    model = estimator((10,), early_stopping=True, refit=refit, batch_size=7, **SETTINGS)
    a = fitted(clone(model), X, y, sample_weight=w)
    b = fitted(clone(model), X[w > 0], y[w > 0], sample_weight=w[w > 0])
    assert_array_equal(parameters(a), parameters(b))
    assert a.validation_scores_ == b.validation_scores_


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X_val": np.zeros((3, 4))}, "y_val is missing"),
        ({"y_val": [0, 1]}, "X_val is missing"),
        ({"sample_weight_val": [1]}, "X_val is missing|y_val is missing"),
        ({"X_val": np.zeros((3, 5)), "y_val": [0, 1, 0]}, "5 features"),
        ({"X_val": np.zeros((3, 4)), "y_val": [0, 1, 7]}, "classes not in"),
        ({"X_val": np.full((3, 4), np.nan), "y_val": [0, 1, 0]}, "contains NaN"),
    ],
)
def test_bad_rows_to_validate_on(arguments, message):
    """Refused before any training; nothing is lost."""
    X, y = binary()
    model = MLPClassifier((5,), learning_rate=lambda t: pytest.fail("training began"))
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, **arguments)
    assert not hasattr(model, "coefs_")


def test_a_scorer_that_does_not_fit_is_refused():
    """By its name, before any training."""
    X, y = real()
    with pytest.raises(ValueError, match="scoring"):
        MLPRegressor(early_stopping=True, scoring="no_such_score").fit(X, y)


def test_two_rows_are_too_few_or_enough():
    """One row cannot be parted; the error says what to do."""
    model = MLPRegressor((3,), early_stopping=True, max_iter=2)
    with pytest.raises(ValueError, match="Too few rows to hold back"):
        model.fit([[1.0]], [1.0])


@pytest.mark.parametrize("scoring", ["accuracy", "roc_auc", lambda estimator, X, y: "good"])
def test_a_scorer_that_does_not_fit_the_task_is_refused(scoring):
    """Before any training, with the scorer's own words."""
    X, y = real()
    untrained = {"learning_rate": lambda t: pytest.fail("training began")}
    with pytest.raises(ValueError, match="cannot score the rows to validate on"):
        MLPRegressor(early_stopping=True, scoring=scoring, **untrained).fit(X, y)


def test_a_metric_of_one_class_needs_its_name():
    """The error names the second one; it is no matter where the classes are 0 and 1."""
    X, y = binary()
    settings = {"early_stopping": True, "scoring": "average_precision", "max_iter": 2}
    with pytest.raises(ValueError, match=r"make_scorer builds .* pos_label='yes'\.$"):
        MLPClassifier((3,), **settings).fit(X, np.array(["no", "yes"])[y])
    fitted(MLPClassifier((3,), **settings), X, y)


def test_a_row_to_validate_on_has_no_r2():
    """It could never tell one epoch from another; the loss can."""
    X, y = real()
    model = MLPRegressor((3,), max_iter=2)
    with pytest.raises(ValueError, match="single row"):
        model.fit(X, y, X_val=X[:1], y_val=y[:1])
    model.set_params(scoring="loss")
    assert len(fitted(model, X, y, X_val=X[:1], y_val=y[:1]).validation_scores_) == 2


@pytest.mark.parametrize("early_stopping", [False, True])
def test_divergence_is_noticed_with_rows_to_validate_on(early_stopping):
    """A loss that is not finite on them is as bad as can be, and no metric is asked."""
    X, y = real()
    model = MLPRegressor((20,), solver="sgd", learning_rate_init=50, random_state=0)
    model.set_params(early_stopping=early_stopping)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model.fit(X, y, X_val=X[:20], y_val=y[:20])


def test_refit_follows_a_good_end_only():
    """After divergence there is nothing to repeat; a warm start goes on, where refit begins."""
    X, y = real()
    model = MLPRegressor((20,), solver="sgd", learning_rate_init=50, random_state=0)
    model.set_params(early_stopping=True, refit=True)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model.fit(X, y)
    with pytest.raises(ValueError, match="choose one"):
        MLPRegressor(early_stopping=True, refit=True, warm_start=True).fit(X, y)


def test_scorers_do_not_miss_the_names_of_features():
    """The rows were checked once; no warning an epoch."""
    X, y = binary()
    X = pd.DataFrame(X, columns=list("abcd"))
    model = MLPClassifier((5,), early_stopping=True, scoring="roc_auc", **SETTINGS)
    assert len(fitted(model, X, y).validation_scores_) > 1


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.8])
@pytest.mark.parametrize("seed", range(5))
def test_no_class_is_lost_from_training(fraction, seed, monkeypatch):
    """However few rows a class has, and however many are held back."""
    X = np.random.RandomState(0).normal(size=(20, 3))
    y = np.arange(20) % 10
    seen = []
    trained = _fit.fit_networks

    def spied(plan, *arguments):
        seen.append(set(plan.jobs[0].data.train.y))
        return trained(plan, *arguments)

    monkeypatch.setattr(_fit, "fit_networks", spied)
    settings = {**SETTINGS, "random_state": seed, "validation_fraction": fraction}
    fitted(MLPClassifier((), early_stopping=True, **settings), X, y)
    assert seen == [set(range(10))]


def test_partial_fit_has_nothing_to_stop():
    """It never refuses because of a constructor flag."""
    X, y = real()
    a = MLPRegressor((5,), early_stopping=True, random_state=0).partial_fit(X, y)
    b = MLPRegressor((5,), random_state=0).partial_fit(X, y)
    assert_array_equal(parameters(a), parameters(b))


def test_validation_rows_pass_through_a_pipeline_and_a_search():
    """Metadata routing: the scaler transforms X_val on its way; frames keep their names."""
    X, y = binary(120)
    X = pd.DataFrame(X, columns=list("abcd"))
    with config_context(enable_metadata_routing=True):
        mlp = MLPClassifier((5,), early_stopping=True, **SETTINGS)
        mlp.set_fit_request(X_val=True, y_val=True)
        steps = [("scale", StandardScaler().set_output(transform="pandas")), ("mlp", mlp)]
        pipeline = Pipeline(steps, transform_input=["X_val"])
        val = {"X_val": X[90:], "y_val": y[90:]}
        model = fitted(pipeline, X[:90], y[:90], **val)
        found = model[-1].best_validation_score_
        assert model.score(X[90:], y[90:]) == pytest.approx(found)
        search = GridSearchCV(pipeline, {"mlp__alpha": [1e-4, 1e-2]}, cv=2)
        fitted(search, X[:90], y[:90], **val)
        assert search.best_estimator_[-1].best_validation_score_ > 0.5


def test_a_score_that_is_not_a_number_is_refused():
    """Nothing could ever improve on it."""
    X, y = binary()
    model = MLPClassifier((5,), early_stopping=True, scoring=lambda *_: np.nan)
    with pytest.raises(ValueError, match="gives NaN on the rows to validate on"):
        model.fit(X, y)


def counted(cls, **settings):
    """Return a model whose best epoch is the fourth and last; the refit is to have as many."""
    score = count()
    settings |= {"early_stopping": True, "n_iter_no_change": 3, "tol": 1e9, "refit": True}
    return cls((5,), scoring=lambda *_: next(score), random_state=0, batch_size=60, **settings)


class Unless:
    """A learning rate; in the second epoch of the refit something else happens."""

    def __init__(self, happens):
        self.happens = happens
        self.asked = 0

    def __call__(self, t):
        """Return 0.01, or let it happen."""
        self.asked += 1
        return self.happens() if self.asked > 4 + 1 else 0.01


def interrupted():
    """Raise what Ctrl-C raises."""
    raise KeyboardInterrupt


@pytest.mark.parametrize("happens", [interrupted, lambda: 1e300])
def test_a_refit_that_is_not_finished_keeps_what_was_found(happens):
    """Ctrl-C or divergence while training again: the model is the one of early stopping."""
    X, y = binary()
    settings = {"max_iter": 200, "learning_rate": Unless(happens)}
    with pytest.warns((UserWarning, ConvergenceWarning)):
        model = counted(MLPClassifier, **settings).fit(X, y)
    assert model.n_iter_ == model.best_iteration_ == 4
    found = counted(MLPClassifier, learning_rate_init=0.01).set_params(refit=False)
    assert_array_equal(parameters(model), parameters(fitted(found, X, y)))


def test_max_time_is_for_a_refit_and_what_comes_before_it(monkeypatch):
    """One deadline; if it is over before the refit is finished, what was found before is kept."""
    X, y = binary()
    found = fitted(counted(MLPClassifier).set_params(refit=False), X, y)
    caller, real = threading.get_ident(), time.monotonic
    for seconds, finished in ((5.5, False), (9.5, True)):
        # every look of this thread takes a second: after three epochs, and after four
        clock = count()
        monkeypatch.setattr(
            time,
            "monotonic",
            lambda clock=clock: next(clock) if threading.get_ident() == caller else real(),
        )
        model = fitted(counted(MLPClassifier, max_time=seconds), X, y)
        assert model.n_iter_ == model.best_iteration_ == 4
        assert np.array_equal(parameters(model), parameters(found)) != finished


def test_a_rare_class_does_not_undo_the_shares_of_the_others():
    """Classes of two rows stay in training, and the rest is drawn class by class."""
    y = np.repeat([0, 1, 2], [900, 98, 2])
    rows = ValidatedData(np.zeros((1000, 3)), y, None)
    for seed in range(20):
        model = MLPClassifier(early_stopping=True)
        _, held_back = split(model, rows, np.random.RandomState(seed), classify=True)
        assert np.bincount(held_back.y, minlength=3).tolist() == [90, 10, 0]


@pytest.mark.parametrize("quantile", [0.9, [0.1, 0.9]])
def test_quantiles_are_validated_by_their_loss(quantile):
    """R2 would stop where the answers are close to the mean."""
    X, y = real()
    settings = {"loss": "quantile", "quantile": quantile, "early_stopping": True, "max_iter": 5}
    model = fitted(MLPRegressor((5,), **settings), X, y)
    assert model.validation_scores_ == [-loss for loss in model.validation_loss_curve_]


@pytest.mark.parametrize(
    ("task", "change", "message"),
    [
        ("binary", {"X_val": np.zeros((30, 5))}, "5 features"),
        ("binary", {"y_val": [0, 1]}, "inconsistent numbers of samples"),
        ("binary", {"y_val": np.full(30, 7)}, "classes not in"),
        ("binary", {"y_val": np.zeros((30, 2))}, "1d array of labels"),
        ("binary", {"X_val": np.full((30, 4), np.nan)}, "contains NaN"),
        ("binary", {"sample_weight_val": np.ones(29)}, "sample_weight.shape"),
        ("binary", {"sample_weight_val": -np.ones(30)}, "Negative values"),
        ("binary", {"sample_weight_val": np.zeros(30)}, "at least one non-zero"),
        ("multilabel", {"y_val": np.zeros((30, 2))}, "as many columns"),
        ("multilabel", {"y_val": np.full((30, 3), 2)}, "only 0 and 1"),
        ("real", {"y_val": np.full(30, np.nan)}, "contains NaN"),
        ("real", {"y_val": np.zeros((30, 2))}, "as many columns"),
        ("real", {"y_val": np.full(30, "2020-01-01", "M8[D]")}, "dates"),
        ("multioutput", {"y_val": np.zeros(30)}, "as many columns"),
        ("multioutput", {"y_val": np.full((30, 2), np.nan)}, "no target that is known"),
        ("multioutput", {"X_val": np.full((30, 4), "2020-01-01", "M8[D]")}, "dates"),
    ],
)
def test_errors_say_that_they_are_about_rows_to_validate_on(task, change, message):
    """Before any training."""
    model, X, y, val = make_model(task, learning_rate=lambda t: pytest.fail("training began"))
    about = "X_val, y_val or sample_weight_val: "
    with pytest.raises((TypeError, ValueError), match=f"^{about}(.|\\n)*{message}"):
        model.fit(X, y, **{**val, **change})
    assert not hasattr(model, "coefs_")


def test_a_domain_error_of_rows_to_validate_on_names_y_val():
    """Its rows are counted in y_val."""
    model, X, y, val = make_model("real", loss="poisson")
    val["y_val"] = np.where(np.arange(30) == 4, -1.0, 1.0)
    with pytest.raises(ValueError, match=r"needs y_val >= 0; it is not in 1 rows: 4 "):
        model.fit(X, np.abs(y), **val)


@pytest.mark.parametrize("task", ["binary", "multilabel", "real", "multioutput"])
@pytest.mark.parametrize("scoring", [None, "loss", "named"])
@pytest.mark.parametrize("weight", [1e308, 1e-323])
def test_scores_do_not_overflow_with_their_weights(task, scoring, weight):
    """Equal weights are none, however large or small."""
    if scoring == "named":
        scoring = {"binary": "accuracy", "multilabel": "f1_macro"}.get(task, "r2")
    model, X, y, _ = make_model(task, scoring=scoring, early_stopping=True, max_iter=5)
    plain = fitted(clone(model), X, y)
    weighted = fitted(clone(model), X, y, sample_weight=np.full(70, weight))
    assert weighted.validation_scores_ == pytest.approx(plain.validation_scores_)
    assert weighted.validation_loss_curve_ == pytest.approx(plain.validation_loss_curve_)
    assert_allclose(parameters(weighted), parameters(plain), rtol=1e-9)
