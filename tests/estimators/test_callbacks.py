"""scikit-learn's callbacks: a subtask an epoch, alone, in a pipeline and in a search."""

import io
import pickle
from contextlib import redirect_stdout
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknn
from sknn import MLPClassifier, TabularMLPClassifier
from sknn.search import BatchedGridSearchCV
from tests.estimators.data import TABLES, TASKS, binary, fitted, multiclass, parameters

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 and later")


class Watching:
    """Keeps what each hook was given, and may ask to end training after some epochs."""

    def __init__(self, stop_after=None):
        self.stop_after = stop_after
        self.began, self.ended, self.torn_down = [], [], 0

    def setup(self, estimator, context):
        """Begin anew."""
        self.estimator = estimator

    def on_fit_task_begin(self, estimator, context):
        """Note the task."""
        self.began.append((context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        """Note the task, the data and the fitted copy."""
        self.ended.append((context.task_name, context.task_id, X, y, fitted_estimator))
        return context.task_name == "epoch" and context.task_id + 1 == self.stop_after

    def teardown(self, estimator, context):
        """Count."""
        self.torn_down += 1


SETTINGS = {"max_iter": 5, "random_state": 0, "n_iter_no_change": np.inf}


@pytest.mark.parametrize("task", TASKS | TABLES)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_one_subtask_an_epoch(task, solver):
    """Within the task of the fit; each begins and ends."""
    estimator, make = (TASKS | TABLES)[task]
    X, y = make()
    watching = Watching()
    model = fitted(estimator((6,), solver=solver, **SETTINGS).set_callbacks(watching), X, y)
    epochs = [("epoch", i) for i in range(model.n_iter_)]
    assert watching.began[: 1 + model.n_iter_] == [("fit", 0), *epochs]
    assert [task[:2] for task in watching.ended] == [*epochs, ("fit", 0)]
    assert watching.torn_down == 1
    assert watching.estimator is model


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_fitted_copies_do_not_change_later(solver):
    """Each is the model of its epoch, on the user's own X, and predicts without a warning."""
    X, y = binary()
    X = pd.DataFrame(X, columns=list("abcd"))
    watching = Watching()
    fitted(MLPClassifier((6,), solver=solver, **SETTINGS).set_callbacks(watching), X, y)
    for epoch, (_, _, X_seen, y_seen, copy) in enumerate(watching.ended[:-1], 1):
        assert X_seen is X
        assert y_seen is y
        alone = fitted(MLPClassifier((6,), solver=solver, **{**SETTINGS, "max_iter": epoch}), X, y)
        assert_array_equal(copy.predict_proba(X_seen), alone.predict_proba(X))


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_a_hook_that_returns_true_stops_training(solver):
    """After its epoch, without a warning; the model is that of so many epochs."""
    X, y = binary()
    model = MLPClassifier((6,), solver=solver, **SETTINGS).set_callbacks(Watching(stop_after=2))
    model.fit(X, y)
    two = fitted(MLPClassifier((6,), solver=solver, **{**SETTINGS, "max_iter": 2}), X, y)
    assert model.n_iter_ == 2
    assert_array_equal(parameters(model), parameters(two))


@pytest.mark.parametrize("ending", ["converged", "max_time", "diverged"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_what_begins_ends(ending):
    """However training ends, no finished epoch is followed by one that only begins.

    The epoch before one that is broken off is undone if its weights cannot answer at all.
    """
    X, y = binary()
    settings = {
        "converged": {"tol": 1e9, "n_iter_no_change": 2},
        "max_time": {"max_time": 1e-9},
        "diverged": {"learning_rate": lambda t: 0.01 if t < 3 else 1e300, "solver": "sgd"},
    }[ending]
    watching = Watching()
    model = MLPClassifier((6,), **{**SETTINGS, **settings}).set_callbacks(watching).fit(X, y)
    broken_off = undone = ending == "diverged"
    assert len(watching.began) == len(watching.ended) + broken_off
    assert len(watching.ended) == model.n_iter_ + undone + 1


def whole(mlp):
    """Return the estimator by itself."""
    return mlp


def in_pipeline(mlp):
    """Return it behind a scaler."""
    return make_pipeline(StandardScaler(), mlp)


def in_search(mlp):
    """Return it behind a scaler in a grid search of two processes."""
    grid = {"mlpclassifier__alpha": [1e-4, 1e-2]}
    return GridSearchCV(in_pipeline(mlp), grid, cv=2, n_jobs=2)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "place", [whole, in_pipeline, pytest.param(in_search, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("name", ["ProgressBar", "ScoringMonitor", "stop"])
def test_the_matrix(place, name, recwarn):
    """Progress, scores and stops: alone, in a pipeline, and in a search of two processes."""
    X, y = binary()
    make = {
        "ProgressBar": callback.ProgressBar,
        "ScoringMonitor": lambda: callback.ScoringMonitor(scoring="accuracy"),
        "stop": lambda: Watching(stop_after=2),
    }[name]
    mlp, added = MLPClassifier((6,), **SETTINGS), make()
    if name == "ProgressBar":
        pytest.importorskip("rich")
    own = name != "ProgressBar"  # given to the network itself; a progress bar is passed down
    model = place(mlp.set_callbacks(added) if own else mlp)
    if not own:
        model.set_callbacks(added)
    output = io.StringIO()
    with redirect_stdout(output):
        model.fit(X, y)
    assert model.predict(X).shape == y.shape
    if name == "stop":
        best = getattr(model, "best_estimator_", model)
        assert (best if place is whole else best[-1]).n_iter_ == 2
    if name == "ScoringMonitor":
        fits = {whole: 1, in_pipeline: 1, in_search: 5}[place]
        assert len(added.get_logs().data) == fits * (SETTINGS["max_iter"] + 1)


def test_refit_and_early_stopping_call_hooks_too():
    """Both trainings of a refit are epochs of the same fit."""
    X, y = binary(100)
    settings = {**SETTINGS, "n_iter_no_change": 2, "max_iter": 30, "learning_rate_init": 0.02}
    watching = Watching()
    model = MLPClassifier((6,), early_stopping=True, refit=True, **settings)
    fitted(model.set_callbacks(watching), X, y)
    scores = len(model.validation_scores_)
    assert len(watching.ended) == scores + model.best_iteration_ + 1


def test_an_error_in_a_hook_changes_nothing():
    """The error goes on, the estimator is as it was."""
    X, y = binary()

    class Failing(Watching):
        def on_fit_task_end(self, estimator, context, *, X=None):
            raise ZeroDivisionError

    model = fitted(MLPClassifier((6,), **SETTINGS), X, y)
    before = parameters(model)
    failing = Failing()
    with pytest.raises(ZeroDivisionError):
        clone(model).set_callbacks(failing).fit(X, y)
    with pytest.raises(ZeroDivisionError):
        model.set_callbacks(failing).fit(X, y)
    assert_array_equal(parameters(model), before)
    assert failing.torn_down == 2


@pytest.mark.parametrize("warm_start", [False, True])
def test_a_fitted_copy_has_the_record_so_far(warm_start):
    """What it would be if training had ended there, and nothing of an earlier fit."""
    X, y = TASKS["binary"][1]()
    watching = Watching()
    model = MLPClassifier((6,), warm_start=warm_start, early_stopping=True, **SETTINGS)
    fitted(model, X, y)
    fitted(model.set_callbacks(watching), X, y)
    copies = [ended[-1] for ended in watching.ended[:-1]]
    assert len(copies) == model.n_iter_
    for epochs, copy in enumerate(copies, 1):
        assert copy.n_iter_ == epochs
        assert copy.loss_curve_ == model.loss_curve_[:epochs]
        assert copy.loss_ == model.loss_curve_[epochs - 1]
        assert copy.validation_scores_ == model.validation_scores_[:epochs]


def test_a_fitted_copy_can_be_saved_and_goes_on(tmp_path):
    """A hook may keep each epoch; other attributes of the estimator are not kept."""
    X, y = binary()
    watching = Watching()
    model = fitted(MLPClassifier((6,), **SETTINGS).set_callbacks(watching), X, y)
    model.note_ = "mine"
    copies = [ended[-1] for ended in watching.ended[:-1]]
    for copy in [*copies, model]:
        copy.save(tmp_path / "model.sknn")
        again = sknn.load(tmp_path / "model.sknn")
        assert_array_equal(again.predict_proba(X), copy.predict_proba(X))
        assert again.partial_fit(X, y).n_iter_ == copy.partial_fit(X, y).n_iter_
        assert not hasattr(again, "note_")


def named(X):
    """Return the inputs as a frame."""
    return pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss"])
@pytest.mark.parametrize("cls", [MLPClassifier, TabularMLPClassifier])
def test_refit_on_data_of_another_kind(cls, scoring):
    """Copies for callbacks have nothing of the earlier fit: no names, classes or width."""
    X, y = binary()
    Z, classes = multiclass(m=6)
    monitor, watching = callback.ScoringMonitor(scoring=scoring), Watching()
    model = cls((6,), **SETTINGS).set_callbacks(monitor, watching)
    kinds = [(named(X), y), (X, y), (named(Z), np.array(["a", "b", "c"])[classes]), (X, y)]
    for data, labels in kinds:
        fitted(model, data, labels)  # a warning would be an error
        fresh = fitted(clone(model).set_callbacks(), data, labels)
        for *_, copy in watching.ended[-3:]:
            assert_array_equal(copy.classes_, fresh.classes_)
            names = {name for name in vars(copy) if not name.startswith("_")}
            assert names == {name for name in vars(fresh) if not name.startswith("_")}
        assert copy.score(data, labels) == fresh.score(data, labels)


def test_hooks_are_given_the_estimator_itself():
    """Its attributes are those of the earlier fit until the new one ends."""
    X, y = binary()

    class Given(Watching):
        def on_fit_task_begin(self, estimator, context):
            assert estimator is model
            assert (context.task_name, hasattr(estimator, "coefs_")) in expected

    model = MLPClassifier((6,), **SETTINGS).set_callbacks(Given())
    expected = [("fit", False), ("epoch", False)]
    fitted(model, X, y)
    expected = [("fit", True), ("epoch", True)]
    fitted(model, X, y)


class Hoarder(Watching):
    """Keeps all that it is given: 8 MB."""

    def __init__(self):
        super().__init__()
        self.kept = np.zeros(10**6)


def test_set_callbacks_removes_what_pickles_keep():
    """They are pickled, as worker processes need them; without arguments there are none."""
    X, y = binary()
    hoarder = Hoarder()
    model = fitted(MLPClassifier((6,), **SETTINGS).set_callbacks(hoarder), X, y)
    hoarder.ended.clear()
    assert len(pickle.dumps(model)) > 8e6
    expected = model.predict_proba(X)
    small = pickle.dumps(model.set_callbacks())
    assert len(small) < 5000
    assert_array_equal(pickle.loads(small).predict_proba(X), expected)


@pytest.mark.parametrize("make", [clone, deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_keep_callbacks(make):
    """Else a search would lose them on the way to its workers."""
    X, y = binary()
    model = make(MLPClassifier((6,), **SETTINGS).set_callbacks(Watching(stop_after=2)))
    assert fitted(model, X, y).n_iter_ == 2


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        (lambda: [[Watching()]], r"Got a list: .* as set_callbacks\(\*callbacks\)"),
        (lambda: [(Watching(), Watching())], "Got a tuple: pass them one by one"),
        (lambda: [Watching(), Watching], r"the class Watching: pass .* Watching\(\.\.\.\)"),
        (lambda: ["log.csv"], "Got 'log.csv'. A callback has the methods setup, on_fit_task_begin"),
    ],
    ids=["list", "tuple", "class", "string"],
)
def test_what_is_no_callback(given, advice):
    """The error says what to pass; the callbacks that are set remain."""
    watching = Watching()
    model = MLPClassifier((6,), **SETTINGS).set_callbacks(watching)
    with pytest.raises(TypeError, match=advice):
        model.set_callbacks(*given())
    assert model._skl_callbacks == [watching]
    with pytest.raises(TypeError, match=advice):
        BatchedGridSearchCV(model, {"alpha": [0.0]}).set_callbacks(*given())
    assert not hasattr(model.set_callbacks(), "_skl_callbacks")
