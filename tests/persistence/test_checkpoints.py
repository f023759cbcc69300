"""Checkpoints: an interrupted fit ends like an uninterrupted one."""

import contextlib
import os
import re
import subprocess
import sys
import time
import warnings
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    LeavePOut,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknn
from sknn import (
    Checkpoint,
    MLPClassifier,
    MLPRegressor,
    ModelFileError,
    TabularMLPClassifier,
    TabularMLPRegressor,
)
from sknn.engine import training
from sknn.estimators import _builders, _trials
from sknn.estimators._validation_score import ValidationScore
from tests.estimators.data import TABLES, TASKS
from tests.persistence.test_archives import MODELS, MyMLP, assert_alike, loaded, rewritten

pytest.importorskip("sklearn.callback", reason="scikit-learn has no callbacks before 1.9")


class Killed(BaseException):
    """Simulates the end of the process: it is no Exception, so nothing catches it."""


class KillAfter:
    """A callback that counts epochs, and raises `Killed` after some number of them."""

    def __init__(self, epochs=np.inf):
        self.epochs = epochs
        self.seen = 0

    def setup(self, estimator, context):
        """Do nothing."""

    def teardown(self, estimator, context):
        """Do nothing."""

    def on_fit_task_begin(self, estimator, context):
        """Do nothing."""

    def on_fit_task_end(self, estimator, context):
        """Count an epoch."""
        self.seen += context.task_name == "epoch"
        if self.seen >= self.epochs:
            raise Killed


def fit(model, X, y, **settings):
    """Fit without convergence warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y, **settings)


SETTINGS = {
    "adam": {},
    "sgd": {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 0.1},
    "one cycle": {"learning_rate": "one_cycle", "solver": "adamw", "weight_decay": 0.1},
    "dropout": {"dropout": 0.5},
    "early stopping": {"early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": 3},
    "refit": {"early_stopping": True, "validation_fraction": 0.3, "refit": True},
    "in order": {"shuffle": False, "batch_size": 7},
    "members": {"n_members": 2},
    "members that stop": {"n_members": 3, "n_iter_no_change": 2, "tol": 0.02},
    "folds": {"cv": 3},
    "folds by score": {"cv": 3, "early_stopping": "cv", "n_iter_no_change": 2, "tol": 0.01},
    "folds, refit": {"cv": 3, "n_members": 2, "early_stopping": True, "refit": True},
    "folds of lbfgs": {"cv": 3, "solver": "lbfgs"},
    "float32": {"dtype": "float32", "clip_gradient_norm": 0.1},
    "lbfgs": {"solver": "lbfgs"},
}


@pytest.mark.parametrize("killed_after", [1, 5, 11])
@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("task", ["binary", "multioutput"])
def test_killed_fit_resumes_exactly(task, name, killed_after, tmp_path):
    """All attributes are equal, bit for bit."""
    estimator, make = TASKS[task]
    check(partial(estimator, (6,), **SETTINGS[name]), *make(), killed_after, tmp_path)


@pytest.mark.parametrize("task", TABLES)
def test_killed_tabular_fit_resumes_exactly(task, tmp_path):
    """With dropout and the default schedule; the encoder is restored."""
    estimator, make = TABLES[task]
    X, y = make()
    settings = {"learning_rate": "one_cycle", "dropout": 0.2}
    check(partial(estimator, (6,), **settings), X, y, 5, tmp_path)


@pytest.mark.parametrize("settings", [{}, {"n_members": 2, "early_stopping": "cv"}])
@pytest.mark.parametrize("task", TABLES)
def test_killed_cross_fit_of_a_table_resumes_exactly(task, settings, tmp_path):
    """The encoder of each fold is learned again."""
    estimator, make = TABLES[task]
    X, y = make()
    fixed = {"learning_rate": "one_cycle", "dropout": 0.2, "min_frequency": 1}
    check(partial(estimator, (6,), cv=3, **fixed, **settings), X, y, 5, tmp_path)


class CountTrainings(KillAfter):
    """A callback that counts the epochs of each training of a fit."""

    def __init__(self):
        super().__init__()
        self.trainings = []

    def on_fit_task_end(self, estimator, context):
        """Count an epoch."""
        super().on_fit_task_end(estimator, context)
        if context.task_name == "epoch":
            number = context.epoch_metrics["epoch"]
            if not self.trainings or number <= self.trainings[-1]:
                self.trainings.append(0)
            self.trainings[-1] = number


#: Fits of several trainings, one after the other: cv="auto", and `refit`.
SEVERAL_TRAININGS = {
    "few rows": (TabularMLPRegressor, 60, {}),
    "few rows, classes": (TabularMLPClassifier, 90, {"n_members": 2}),
    "many rows": (TabularMLPRegressor, 3100, {}),
    "refit": (MLPRegressor, 60, {"early_stopping": True, "refit": True, "max_iter": 9}),
    "refit of folds": (MLPClassifier, 60, {"cv": 3, "refit": True, "max_iter": 6}),
}


@pytest.mark.parametrize("where", ["first", "middle", "last"])
@pytest.mark.parametrize("name", SEVERAL_TRAININGS)
def test_killed_fit_of_several_trainings_resumes_exactly(name, where, tmp_path):
    """In any of them; those that have ended are not repeated."""
    estimator, n, settings = SEVERAL_TRAININGS[name]
    X, y = TABLES["real of a table"][1](n)
    y = (y > 0).astype(int) if "Classifier" in estimator.__name__ else y
    X = X if "Tabular" in estimator.__name__ else X[["owner"]].to_numpy(dtype=float)
    model = estimator((6,), batch_size=32, random_state=0, **settings)
    counter = CountTrainings()
    whole = fit(clone(model).set_callbacks(counter), X, y)
    *earlier, last = counter.trainings
    assert earlier
    killed_after = {"first": 4, "middle": earlier[0] + 4, "last": sum(earlier) + last - 1}[where]
    keep, rest = Checkpoint(tmp_path, every_n_epochs=2), CountTrainings()
    with pytest.raises(Killed):
        fit(clone(model).set_callbacks(keep, KillAfter(killed_after)), X, y)
    again = fit(clone(model).set_callbacks(keep, rest), X, y)
    assert rest.seen <= sum(counter.trainings) - killed_after + 3
    del whole._skl_callbacks, again._skl_callbacks
    assert_alike(vars(again), vars(whole))


@pytest.mark.parametrize("task", ["binary of a table", "real of a table"])
def test_completed_choice_of_settings_is_loaded_from_its_checkpoint(task, tmp_path):
    """Also if linear models are among the networks; no epoch is run."""
    estimator, make = TABLES[task]
    X, y = make(90)
    seen = []
    for _ in range(2):
        counter = KillAfter()
        model = estimator.func((6,), random_state=0)
        model.set_callbacks(Checkpoint(tmp_path), counter)
        fit(model, X, y)
        seen.append((model, counter.seen))
    (first, epochs), (second, none) = seen
    assert none == 0 < epochs
    assert any("alpha" in one for one in first.member_params_)
    del first._skl_callbacks, second._skl_callbacks
    assert_alike(vars(second), vars(first))


@pytest.mark.parametrize("name", ["few rows, classes", "linear", "refit", "refit that converges"])
def test_completed_fit_of_several_trainings_warns_as_before(name, tmp_path):
    """About the search for its settings, not about the networks of its last training."""
    few, stops = {"hidden_layer_sizes": (6,)}, {"early_stopping": True, "refit": True}
    X, y = TABLES["real of a table"][1](90)
    model = {
        "few rows, classes": TabularMLPClassifier(**few),
        "linear": TabularMLPRegressor(**few),
        "refit": MLPRegressor(**few, **stops, max_iter=9),
        "refit that converges": MLPRegressor(**few, **stops, n_iter_no_change=2, tol=0.1),
    }[name]
    X = X if "Tabular" in type(model).__name__ else X[["owner"]].to_numpy(dtype=float)
    y = (y > 0).astype(int) if "Classifier" in type(model).__name__ else y
    shown = []
    for _ in range(3):
        again = clone(model).set_params(random_state=0).set_callbacks(Checkpoint(tmp_path))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            again.fit(X, y)
        shown.append([(one.category, str(one.message)) for one in caught])
    assert len(shown[0]) == (name == "refit")
    assert shown[1:] == shown[:1] * 2


def test_checkpoint_of_another_training_is_refused(tmp_path):
    """Networks of trainings that have ended have the sizes of those of the fit."""
    X, y = TASKS["real"][1]()
    model = MLPRegressor((6,), early_stopping=True, refit=True, max_iter=6, random_state=0)
    model.set_callbacks(Checkpoint(tmp_path, every_n_epochs=1), KillAfter(8))
    with pytest.raises(Killed):
        fit(model, X, y)
    [file] = tmp_path.iterdir()
    original = file.read_bytes()

    def with_other_size(contents):
        member = contents.progress["ended"][0][0]
        optimizer = member["solver_state"]["optimizer"]
        vectors = {name: v[:5] for name, v in optimizer.items() if isinstance(v, np.ndarray)}
        optimizer.update(vectors)
        member.update(vector=member["vector"][:5], best=None)

    changes = [
        (with_other_size, r"networks of \[5\] parameters, where"),
        (lambda contents: contents.progress["ended"].append([]), r"networks of \[\] parameters"),
        (lambda contents: contents.progress.update(ended=[1]), "lists of networks"),
        (lambda contents: contents.progress["ended"][0][0].pop("rng"), "lacks rng"),
        (
            lambda contents: contents.progress["ended"][0][0].update(vector=np.zeros(3)),
            "must have the size of all parameters",
        ),
    ]
    for change, says in changes:
        file.write_bytes(rewritten(original, change))
        with pytest.raises(ModelFileError, match=says):
            fit(clone(model).set_callbacks(Checkpoint(tmp_path)), X, y)


def test_damaged_search_of_a_completed_fit_is_refused(tmp_path):
    """It is the only training that a complete fit keeps, without weights."""
    X, y = TASKS["real"][1]()
    model = MLPRegressor((6,), early_stopping=True, refit=True, max_iter=6, random_state=0)
    fit(model.set_callbacks(Checkpoint(tmp_path)), X, y)
    [file] = tmp_path.iterdir()
    original = file.read_bytes()

    def ended(contents):
        [[member]] = contents.progress["ended"]
        assert member["vector"] is None
        return member

    changes = [
        (lambda contents: contents.progress["ended"].append([]), "must have networks"),
        (lambda contents: ended(contents).update(outcome="x"), "the outcome is unknown"),
        (lambda contents: contents.progress.update(finished=False), "the vector"),
    ]
    for change, says in changes:
        file.write_bytes(rewritten(original, change))
        with pytest.raises(ModelFileError, match=says):
            fit(clone(model).set_callbacks(Checkpoint(tmp_path)), X, y)


@pytest.mark.parametrize("settings", [{"n_members": 4}, {"cv": 3}, {"cv": 3, "n_members": 2}])
def test_networks_that_had_stopped_stay_as_they_are(settings, tmp_path):
    """The others resume: after every number of epochs the rest of the fit is the same."""
    X, y = TASKS["multiclass"][1]()
    stops = {"early_stopping": "cv" if "cv" in settings else True, "n_iter_no_change": 3}
    stops |= {"learning_rate_init": 0.03, "tol": 1e-3}
    model = MLPClassifier((6,), max_iter=30, random_state=1, **stops, **settings)
    whole = fit(clone(model), X, y)
    ends = np.isfinite(whole.member_loss_curves_).sum(axis=0)
    assert len(set(ends.tolist())) > 1
    for epochs in sorted({*ends.tolist(), *(ends[ends < ends.max()] + 1).tolist()})[:4]:
        keep = Checkpoint(tmp_path / str(epochs), every_n_epochs=1)
        broken = clone(model).set_callbacks(keep, KillAfter(epochs))
        with contextlib.suppress(Killed):
            fit(broken, X, y)
        again = fit(clone(model).set_callbacks(keep), X, y)
        del again._skl_callbacks
        assert_alike(vars(again), vars(whole))


@pytest.mark.parametrize("settings", [{"n_members": 2}, {"cv": 3}])
def test_several_networks_stopped_by_max_time_resume(settings, tmp_path):
    """With more time, to the same end."""
    X, y = TASKS["real"][1]()
    model = MLPRegressor((6,), max_iter=20, random_state=0, **settings)
    whole = fit(clone(model), X, y)
    keep = Checkpoint(tmp_path, every_n_epochs=1000)
    short = fit(clone(model).set_params(max_time=1e-9).set_callbacks(keep), X, y)
    assert np.max(short.n_iter_) < 20
    again = fit(clone(model).set_callbacks(keep), X, y)
    del again._skl_callbacks
    assert_alike(vars(again), vars(whole))


@pytest.mark.parametrize("seconds", [1e-9, 0.1, 0.3])
def test_choice_of_settings_stopped_by_max_time_resumes(seconds, tmp_path):
    """In the training that was stopped."""
    X, y = TABLES["real of a table"][1](60)
    model = TabularMLPRegressor((6,), random_state=0)
    whole = fit(clone(model), X, y)
    keep = Checkpoint(tmp_path, every_n_epochs=1000)
    fit(clone(model).set_params(max_time=seconds).set_callbacks(keep), X, y)
    again = fit(clone(model).set_callbacks(keep), X, y)
    del again._skl_callbacks
    assert_alike(vars(again), vars(whole))


@pytest.mark.parametrize("settings", [{}, {"n_members": 2}, {"cv": 3}])
def test_max_time_in_the_last_epoch_keeps_the_best_one(settings, tmp_path, monkeypatch):
    """The checkpoint is made before the best weights are restored: they are, after it is loaded."""
    X, y = TASKS["real"][1]()
    settings = {"learning_rate_init": 0.5, "early_stopping": True, **settings}
    model = MLPRegressor((6,), max_iter=12, n_iter_no_change=np.inf, random_state=0, **settings)
    whole = fit(clone(model), X, y)
    assert np.min(whole.best_iteration_) < 12
    scored = []
    original = ValidationScore.__call__

    def counted(self, network):
        scored.append(network)
        return original(self, network)

    def monotonic():
        late.append(len(scored) >= 12 * np.size(whole.best_iteration_))
        return 1e9 * late[-1]

    late = []
    monkeypatch.setattr(ValidationScore, "__call__", counted)
    clock = SimpleNamespace(monotonic=monotonic)
    for module in (training, _builders, _trials):  # not that of all threads
        monkeypatch.setattr(module, "time", clock)
    keep = Checkpoint(tmp_path, every_n_epochs=1000, every_n_seconds=None)
    fit(clone(model).set_params(max_time=1).set_callbacks(keep), X, y)
    assert late[-1]
    monkeypatch.undo()
    again = fit(clone(model).set_callbacks(keep), X, y)
    del again._skl_callbacks
    assert_alike(vars(again), vars(whole))


def test_checkpoint_of_folds_is_a_model(tmp_path):
    """It has no out-of-fold predictions yet; a damaged one is refused."""
    X, y = TASKS["binary"][1]()
    model = MLPClassifier((6,), max_iter=5, cv=3, random_state=0)
    with pytest.raises(Killed):
        fit(model.set_callbacks(Checkpoint(tmp_path, every_n_epochs=1), KillAfter(3)), X, y)
    [file] = tmp_path.iterdir()
    estimator = sknn.load(file)
    assert estimator.predict(X).shape == (60,)
    assert not hasattr(estimator, "oof_prediction_")
    for change, says in PROGRESS_CHANGES:
        data = rewritten(
            file.read_bytes(), lambda contents, change=change: change(contents.progress)
        )
        with pytest.raises(ModelFileError, match=says):
            loaded(data)


#: Changes of the progress of a fit with three folds, and what the error says.
PROGRESS_CHANGES = [
    (lambda p: p["members"].pop(), "progress of 3 networks"),
    (lambda p: p.update(members={}), "progress of 3 networks"),
    (lambda p: p.update(more=1), "unknown keys: 'more'"),
    (lambda p: p["members"][1].pop("rng"), "lacks rng"),
    (lambda p: p["members"][1].update(vector=np.zeros(3)), "the vector has shape"),
    (lambda p: p["members"][2].update(kept_epoch=99), "kept_epoch must be"),
    (lambda p: p["members"][2].update(outcome="good"), "the outcome is unknown"),
    (lambda p: p["members"][0]["epochs"]["rate"].append(0.0), "as long as their loss"),
    (lambda p: p["members"][0]["solver_state"].update(steps=-1), "steps must be"),
    (
        lambda p: p["members"][0]["solver_state"]["optimizer"].update(first=np.zeros(3)),
        "must have the size of all parameters",
    ),
    (lambda p: p["members"][0]["rng"]["state"].update(pos=10**6), "position must be"),
]


SPLITTERS = {
    "KFold": KFold(3, shuffle=True, random_state=0),
    "StratifiedKFold": StratifiedKFold(3, shuffle=True, random_state=np.int64(0)),
    "RepeatedKFold": RepeatedKFold(n_splits=2, n_repeats=2, random_state=0),
    "ShuffleSplit": ShuffleSplit(2, random_state=0),
    "TimeSeriesSplit": TimeSeriesSplit(3),
    "PredefinedSplit": PredefinedSplit(np.arange(60) % 3),
    "splits": list(KFold(3, shuffle=True, random_state=0).split(np.ones(60))),
}


@pytest.mark.parametrize("killed_after", [1, 5, 11])
@pytest.mark.parametrize("cv", SPLITTERS.values(), ids=SPLITTERS)
def test_killed_cross_fit_resumes_exactly(cv, killed_after, tmp_path):
    """With constant folds."""
    X, y = TASKS["binary"][1]()
    settings = {"early_stopping": "cv"} if killed_after == 5 else {}
    check(partial(MLPClassifier, (6,), cv=cv, **settings), X, y, killed_after, tmp_path)


def check(make, X, y, killed_after, directory):
    """Compare a fit that is killed and resumed twice with an uninterrupted one."""
    model = make(max_iter=12, random_state=3)
    whole = fit(clone(model), X, y)
    kills = 0
    for epochs in (killed_after, 1, np.inf):
        broken = clone(model).set_callbacks(
            Checkpoint(directory, every_n_epochs=2), KillAfter(epochs)
        )
        try:
            fit(broken, X, y)
        except Killed:
            kills += 1
    assert kills or np.max(whole.n_iter_) < killed_after
    del broken._skl_callbacks
    del broken.cv, whole.cv  # a splitter is cloned, and equals no other
    assert_alike(vars(broken), vars(whole))


@pytest.mark.parametrize("name", SETTINGS)
def test_completed_fit_is_loaded_from_its_checkpoint(name, tmp_path):
    """All attributes are equal; no epoch is run."""
    estimator, make = TASKS["binary"]
    model = estimator((6,), max_iter=6, random_state=3, **SETTINGS[name])
    ran = []
    for _ in range(2):
        counter = KillAfter(np.inf)
        one = clone(model).set_callbacks(Checkpoint(tmp_path, every_n_epochs=2), counter)
        fit(one, *make())
        ran.append((one, counter.seen))
    (first, epochs), (second, none) = ran
    assert none == 0 < epochs
    del first._skl_callbacks, second._skl_callbacks
    assert_alike(vars(second), vars(first))


def test_diverged_fit_warns_again(tmp_path):
    """Its checkpoint is complete, though no epoch is kept."""
    X, y = TASKS["binary"][1]()
    model = MLPClassifier(solver="sgd", learning_rate_init=1e4, random_state=0)
    for _ in range(2):
        one = clone(model).set_callbacks(Checkpoint(tmp_path))
        with pytest.warns(ConvergenceWarning, match="diverged"):
            one.fit(X, y)


@pytest.mark.parametrize("epochs", [2, 5, 9])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_killed_fit_that_diverges_resumes_exactly(solver, epochs, tmp_path):
    """Its weights are compared with those from before all epochs; the warning is the same, too."""
    X, y = TASKS["real"][1]()
    rate = 500 if solver == "adam" else 1
    model = MLPRegressor((5,), solver=solver, learning_rate_init=rate, max_iter=12, batch_size=8)
    model.set_params(activation="relu" if solver == "adam" else "tanh", random_state=0)
    keep, fits = Checkpoint(tmp_path, every_n_epochs=1), []
    with pytest.raises(Killed):
        fit(clone(model).set_callbacks(keep, KillAfter(epochs)), 3 * X, y)
    for callbacks in ([KillAfter()], [keep], [keep]):
        fits.append(clone(model).set_callbacks(*callbacks))
        with pytest.warns(ConvergenceWarning, match="diverged") as caught:
            fits[-1].fit(3 * X, y)
        fits[-1].message = str(caught[0].message)
        del fits[-1]._skl_callbacks
    assert "the loss ended at" in fits[0].message
    for again in fits[1:]:
        assert_alike(vars(again), vars(fits[0]))


def test_resumed_fit_trains_only_the_missing_epochs(tmp_path):
    """A completed fit is not repeated, but warns again."""
    X, y = TASKS["real"][1]()
    model = MLPRegressor((3,), max_iter=9, random_state=0)
    seen = []
    for epochs in (6, np.inf, np.inf):
        kill = KillAfter(epochs)
        one = clone(model).set_callbacks(Checkpoint(tmp_path, every_n_epochs=4), kill)
        try:
            with pytest.warns(ConvergenceWarning, match="converged"):
                one.fit(X, y)
        except Killed:
            pass
        seen.append(kill.seen)
    assert seen == [6, 5, 0]
    assert len(list(tmp_path.iterdir())) == 1


def test_every_fit_has_its_own_file(tmp_path):
    """Other parameters, data, sample weights or validation data are another fit."""
    X, y = TASKS["real"][1]()
    keep = Checkpoint(tmp_path, every_n_epochs=1)
    fit(MLPRegressor((3,), max_iter=2, random_state=0).set_callbacks(keep), X, y)
    fit(MLPRegressor((3,), max_iter=2, random_state=1).set_callbacks(keep), X, y)
    model = MLPRegressor((3,), max_iter=2, random_state=0).set_callbacks(keep)
    fit(clone(model), X, -y)
    fit(clone(model), X, y, sample_weight=np.ones(len(y)))
    fit(clone(model), X, y, X_val=X, y_val=y)
    assert len(list(tmp_path.iterdir())) == 5
    fit(model, X, y)
    assert len(list(tmp_path.iterdir())) == 5


def test_killed_warm_start_resumes_exactly(tmp_path):
    """The second call of `fit` is a fit of its own."""
    X, y = TASKS["binary"][1]()
    model = MLPClassifier((3,), max_iter=4, random_state=0, warm_start=True)
    whole = fit(fit(clone(model), X, y), X, y)
    first = fit(clone(model).set_callbacks(Checkpoint(tmp_path, every_n_epochs=1)), X, y)
    first._skl_callbacks.append(KillAfter(2))
    with pytest.raises(Killed):
        fit(first, X, y)
    first._skl_callbacks.pop()
    fit(first, X, y)
    del first._skl_callbacks
    assert_alike(vars(first), vars(whole))


def test_load_reads_a_checkpoint_as_a_model(tmp_path):
    """It predicts like the network after its epoch."""
    X, y = TASKS["multiclass"][1]()
    model = MLPClassifier((3,), max_iter=9, random_state=0)
    keep = Checkpoint(tmp_path, every_n_epochs=3)
    with pytest.raises(Killed):
        fit(clone(model).set_callbacks(keep, KillAfter(5)), X, y)
    (file,) = tmp_path.iterdir()
    so_far = sknn.load(file)
    assert so_far.n_iter_ == 3
    three = fit(model.set_params(max_iter=3), X, y)
    assert_array_equal(so_far.predict_proba(X), three.predict_proba(X))


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_search_over_pipelines_resumes(n_jobs, tmp_path):
    """The outermost estimator propagates the callback; each fit has a file, in any process."""
    X, y = TASKS["binary"][1]()
    model = make_pipeline(StandardScaler(), MLPClassifier((3,), max_iter=3, random_state=0))
    search = GridSearchCV(model, {"mlpclassifier__alpha": [0.0, 0.1]}, cv=2, n_jobs=n_jobs)
    kept = clone(search).set_callbacks(Checkpoint(tmp_path, every_n_epochs=1))
    scores = []
    for one in (search, kept, kept):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scores.append(one.fit(X, y).cv_results_["mean_test_score"])
    assert_array_equal(scores[0], scores[1])
    assert_array_equal(scores[0], scores[2])
    assert len(list(tmp_path.iterdir())) == 5


def test_pipeline_propagates_the_checkpoint(tmp_path):
    """Set on a step, scikit-learn says that it belongs on the pipeline."""
    X, y = TASKS["binary"][1]()
    model = make_pipeline(StandardScaler(), MLPClassifier((3,), max_iter=3, random_state=0))
    keep = Checkpoint(tmp_path, every_n_epochs=1)
    fit(clone(model).set_callbacks(keep), X, y)
    assert len(list(tmp_path.iterdir())) == 1
    model[-1].set_callbacks(keep)
    with pytest.raises(TypeError, match="directly on the meta-estimator"):
        fit(model, X, y)


def test_fit_refuses_parameters_and_files_before_training(tmp_path):
    """Parameters that cannot be saved, damaged files, and files that are no checkpoint."""
    X, y = TASKS["real"][1]()
    kill = KillAfter(1)
    model = MLPRegressor((3,), learning_rate=lambda t: 0.1, max_iter=2, random_state=0)
    with pytest.raises(TypeError, match="parameter learning_rate is of type") as caught:
        model.set_callbacks(Checkpoint(tmp_path), kill).fit(X, y)
    assert kill.seen == 0
    assert "are code" in str(caught.value)
    assert str(caught.value).endswith("Without Checkpoint the fit takes it.")
    model = MLPRegressor((3,), max_iter=2, random_state=0)
    model.set_callbacks(Checkpoint(tmp_path, every_n_epochs=1))
    fit(model, X, y)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    what_to_do = f"^{re.escape(str(file))}: .*Delete it to start the fit"
    with pytest.raises(ModelFileError, match=what_to_do):
        model.fit(X, y)
    model.save(file)
    with pytest.raises(ModelFileError, match=what_to_do) as caught:
        model.fit(X, y)
    assert "is a saved model, not a checkpoint" in str(caught.value)


def test_verbose_and_max_time_may_change(tmp_path, capsys):
    """The fit resumes, and the printed lines say so."""
    X, y = TASKS["real"][1]()
    model = MLPRegressor((3,), max_iter=6, random_state=0)
    whole = fit(clone(model), X, y)
    keep = Checkpoint(tmp_path, every_n_epochs=2)
    with pytest.raises(Killed):
        fit(clone(model).set_callbacks(keep, KillAfter(5)), X, y)
    (file,) = tmp_path.iterdir()
    for says in ("epoch    5", str(file)):
        again = clone(model).set_params(verbose=True, max_time=1000).set_callbacks(keep)
        fit(again, X, y)
        assert says in capsys.readouterr().out
        assert again.loss_curve_ == whole.loss_curve_
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"every_n_epochs": 0}, "every_n_epochs must be"),
        ({"every_n_epochs": 1.5}, "every_n_epochs must be"),
        ({"every_n_seconds": -1}, "every_n_seconds must be"),
        ({"every_n_seconds": None}, "nothing would be saved"),
    ],
)
def test_checkpoint_refuses_invalid_settings(settings, says, tmp_path):
    """The error names the parameter."""
    with pytest.raises(ValueError, match=says):
        Checkpoint(tmp_path, **settings)


def test_fit_refuses_two_checkpoints(tmp_path):
    """They could resume at different epochs."""
    X, y = TASKS["real"][1]()
    model = MLPRegressor((3,)).set_callbacks(Checkpoint(tmp_path), Checkpoint(tmp_path))
    with pytest.raises(ValueError, match="Checkpoint"):
        model.fit(X, y)


SCRIPT = """
import sys, time, warnings
import numpy as np
from sknn import Checkpoint, MLPClassifier
from tests.persistence.test_checkpoints import KillAfter, Killed
class WaitAfter(KillAfter):
    def on_fit_task_end(self, estimator, context):
        try:
            super().on_fit_task_end(estimator, context)
        except Killed:
            time.sleep(600)  # whoever kills the process may come late
warnings.simplefilter("ignore")
rng = np.random.RandomState(0)
X = rng.normal(size=(2000, 10))
y = (X[:, 0] > X[:, 1] ** 2).astype(int)
model = MLPClassifier((20,), max_iter=60, random_state=0, tol=0, dropout=0.1)
if len(sys.argv) > 2:
    model.set_callbacks(Checkpoint(sys.argv[2], every_n_epochs=1), WaitAfter(float(sys.argv[3])))
model.fit(X, y).save(sys.argv[1])
"""


def times_of(folder):
    """Return when the files in a folder were written that have their final names, in ns."""
    return {file.stat().st_mtime_ns for file in folder.glob("*.sknn")}


@pytest.mark.slow
def test_killed_process_resumes_exactly(tmp_path):
    """Also if it is killed several times, each time after it has trained on."""
    run = partial(subprocess.Popen, cwd=Path(__file__).parents[2])
    whole = [sys.executable, "-c", SCRIPT, tmp_path / "whole.sknn"]
    kept = [sys.executable, "-c", SCRIPT, tmp_path / "killed.sknn", tmp_path / "kept"]
    assert run(whole).wait() == 0
    for patience in (0.02, 0.1, 0.05, 0.15):
        before, end = times_of(tmp_path / "kept"), time.monotonic() + 60
        process = run([*kept, "12"])
        while times_of(tmp_path / "kept") == before and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(patience)
        assert process.poll() is None
        process.kill()
        process.wait()
        assert times_of(tmp_path / "kept") != before
    assert run([*kept, "inf"]).wait() == 0
    assert (tmp_path / "killed.sknn").read_bytes() == (tmp_path / "whole.sknn").read_bytes()
    assert os.path.getsize(tmp_path / "killed.sknn") > 0


def test_fit_that_diverges_in_its_first_epoch_is_repeated(tmp_path):
    """It has no epoch to resume from."""
    X, y = TASKS["real"][1]()
    model = MLPRegressor((4,), solver="sgd", learning_rate_init=1e100, random_state=0, max_iter=3)
    for _ in range(2):
        again = fit(clone(model).set_callbacks(Checkpoint(tmp_path)), X * 1e150, y * 1e100)
        assert again.loss_curve_ == []


def test_full_disk_warns_and_training_continues(tmp_path, monkeypatch):
    """Each failing save warns."""
    X, y = TASKS["real"][1]()
    model = MLPRegressor((4,), max_iter=4, random_state=0)
    whole = fit(clone(model), X, y)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sknn.persistence.checkpoints.write", full)
    kept = clone(model).set_callbacks(Checkpoint(tmp_path, every_n_epochs=1))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        kept.fit(X, y)
    said = [str(one.message) for one in caught]
    assert sum("No space left on device" in one for one in said) == 4
    assert_array_equal(kept.coefs_[0], whole.coefs_[0])


def test_fit_stopped_by_max_time_resumes(tmp_path):
    """From the epoch that exceeded the limit."""
    X, y = TASKS["binary"][1]()
    settings = {"max_iter": 10**6, "n_iter_no_change": np.inf, "max_time": 0.05}
    model = MLPClassifier((4,), random_state=0, **settings)
    done = []
    for _ in range(3):
        done.append(fit(clone(model).set_callbacks(Checkpoint(tmp_path)), X, y).n_iter_)
    assert done[0] < done[1] < done[2]


def test_fit_refuses_subclasses_and_random_state_none(tmp_path):
    """Before training."""
    X, y = TASKS["real"][1]()
    kill = KillAfter(1)
    with pytest.raises(ValueError, match="needs an integer random_state"):
        MLPRegressor((3,)).set_callbacks(Checkpoint(tmp_path), kill).fit(X, y)
    with pytest.raises(TypeError, match="MyMLP is"):
        MyMLP((3,), random_state=0).set_callbacks(Checkpoint(tmp_path), kill).fit(X, y)
    assert kill.seen == 0


class MyKFold(KFold):
    """A user's subclass."""


@pytest.mark.parametrize(
    ("cv", "error", "says"),
    [
        (KFold(2, shuffle=True), ValueError, "KFold with random_state None: .* Set an integer"),
        (MyKFold(2, shuffle=True), ValueError, "MyKFold with random_state None"),
        (RepeatedKFold(n_splits=2), ValueError, "RepeatedKFold with random_state None"),
        (ShuffleSplit(2), ValueError, "ShuffleSplit with random_state None"),
        (
            KFold(2, shuffle=True, random_state=np.random.RandomState(0)),
            ValueError,
            "KFold with random_state a RandomState: .* Set an integer",
        ),
        (KFold(2).split(np.ones(60)), ValueError, "a cv that can be read again, got a generator"),
        (iter([([0, 1], [2])]), ValueError, "a cv that can be read again, got a list_iterator"),
        (MyKFold(2), TypeError, r"of type MyKFold.*cv=list\(splitter.split\(X, y\)\)"),
    ],
)
def test_fit_refuses_folds_that_change(cv, error, says, tmp_path):
    """Before training: a resumed fit would have others."""
    X, y = TASKS["real"][1]()
    kill = KillAfter(1)
    model = MLPRegressor((3,), random_state=0, cv=cv)
    with pytest.raises(error, match=says):
        model.set_callbacks(Checkpoint(tmp_path), kill).fit(X, y)
    assert kill.seen == 0
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("cv", [None, 3, KFold(3), StratifiedKFold(2), LeavePOut(1)], ids=repr)
def test_fit_takes_folds_that_do_not_shuffle(cv, tmp_path):
    """They need no random_state; an equal splitter is the same fit."""
    X, y = TASKS["binary"][1]()
    for _ in range(2):
        model = MLPClassifier((3,), max_iter=1, random_state=0, cv=clone(cv, safe=False))
        fit(model.set_callbacks(Checkpoint(tmp_path)), X, y)
    assert len(list(tmp_path.iterdir())) == 1


def test_another_splitter_is_another_fit(tmp_path):
    """By its class and its parameters; splits are the same fit as a list and as a tuple."""
    X, y = TASKS["real"][1]()
    splits = list(KFold(2).split(X))
    for cv in (KFold(2), KFold(3), TimeSeriesSplit(2), splits, tuple(map(list, splits))):
        model = MLPRegressor((3,), max_iter=1, random_state=0, cv=cv)
        fit(model.set_callbacks(Checkpoint(tmp_path)), X, y)
    assert len(list(tmp_path.iterdir())) == 4


def test_checkpoint_takes_series_as_save_does(tmp_path):
    """Such as names of columns."""
    estimator, make = TABLES["real of a table"]
    X, y = make()
    model = estimator((3,), max_iter=1, random_state=0, categorical_features=X.columns[:0])
    fit(model.set_callbacks(Checkpoint(tmp_path)), X, y)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("task", ["multiclass", "multiclass of a table"])
def test_warm_start_resumes_with_object_labels(task, tmp_path):
    """The digest of a fitted model depends on values, not on the memory layout of its arrays."""
    estimator, make = MODELS[task]
    X, y = make()
    labels = np.array(["a", "bb", "c"], dtype=object)[y]
    for _ in range(2):
        model = estimator((4,), max_iter=2, warm_start=True, random_state=0)
        model.set_callbacks(Checkpoint(tmp_path, every_n_epochs=1))
        fit(fit(model, X, labels), X, labels)
        assert model.classes_.dtype == object
    assert len(list(tmp_path.iterdir())) == 2


def test_restored_fit_replaces_all_fitted_attributes(tmp_path):
    """Feature names too."""
    frame, y = TABLES["real of a table"][1]()
    X = frame[["amount"]].fillna(0)
    model = MLPRegressor((3,), max_iter=2, random_state=0)
    fit(clone(model).set_callbacks(Checkpoint(tmp_path)), X.to_numpy(), y)
    model.set_callbacks(Checkpoint(tmp_path))
    assert hasattr(fit(model, X, y), "feature_names_in_")
    assert not hasattr(fit(model, X.to_numpy(), y), "feature_names_in_")


class Keeper(KillAfter):
    """A callback that keeps what it is given after each epoch."""

    def __init__(self):
        super().__init__()
        self.estimators = []

    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        """Keep an estimator."""
        if context.task_name == "epoch":
            self.estimators.append(fitted_estimator)


def test_estimators_given_to_callbacks_do_not_change():
    """Their training state too: training continues on another copy."""
    X, y = TASKS["real"][1]()
    keeper = Keeper()
    settings = {"random_state": 0, "warm_start": True, "batch_size": 20}
    fit(MLPRegressor((3,), max_iter=6, **settings).set_callbacks(keeper), X, y)
    assert [one._training_state["solver_state"]["steps"] for one in keeper.estimators] == [
        3,
        6,
        9,
        12,
        15,
        18,
    ]
