"""CSVLogger: a row an epoch, appended, whoever writes; a failed write changes no fit."""

import csv
import multiprocessing
import os
import pickle
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknn
from sknn import MLPClassifier, TabularMLPClassifier, TabularMLPRegressor
from sknn.callbacks import CSVLogger, csv_logger
from sknn.callbacks.csv_logger import COLUMNS
from tests.estimators.data import TABLES, TASKS, binary, fitted, parameters

pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 and later")

SETTINGS = {"max_iter": 5, "random_state": 0, "n_iter_no_change": np.inf}


def read(path):
    """Return the log as a frame of numbers, exactly, and text."""
    log = pd.read_csv(path, dtype=str)
    assert tuple(log) == COLUMNS
    return log.assign(**{name: [float(v) for v in log[name]] for name in COLUMNS[2:]})


@pytest.mark.parametrize("task", TASKS | TABLES)
@pytest.mark.parametrize("networks", [{}, {"early_stopping": True}, {"n_members": 2}, {"cv": 2}])
def test_rows_are_the_curves(task, networks, tmp_path):
    """All of them, exactly; the fit has the same bits as without the callback."""
    estimator, make = (TASKS | TABLES)[task]
    X, y = make()
    alone = fitted(estimator((6,), **SETTINGS, **networks), X, y)
    logger = CSVLogger(tmp_path / "log.csv")
    model = fitted(clone(alone).set_callbacks(logger), X, y)
    assert_array_equal(parameters(model), parameters(alone))
    log = read(tmp_path / "log.csv")
    assert log["epoch"].tolist() == [1, 2, 3, 4, 5]
    assert log["loss"].tolist() == alone.loss_curve_
    assert log["learning_rate"].tolist() == alone.learning_rates_
    for column, curve in [
        ("validation_loss", alone.validation_loss_curve_),
        ("validation_score", alone.validation_scores_),
    ]:
        assert_array_equal(log[column], [np.nan] * 5 if curve is None else curve)
    assert log["fit"].tolist() == ["0"] * 5
    assert log["run"].nunique() == 1
    assert log["seconds"].is_monotonic_increasing


def test_trainings_of_a_fit_are_numbered(tmp_path, monkeypatch):
    """Those of a refit and of cv="auto"; each counts its epochs from 1."""
    refit = MLPClassifier((6,), early_stopping=True, refit=True, **SETTINGS)
    fitted(refit.set_callbacks(CSVLogger(tmp_path / "refit.csv")), *binary())
    log = read(tmp_path / "refit.csv")
    assert log["training"].unique().tolist() == [1, 2]
    X, y = TABLES["real of a table"][1]()
    monkeypatch.setattr("sknn.estimators._trials.can_be_linear", lambda spec: False)
    table = TabularMLPRegressor((6,), random_state=0)
    fitted(table.set_callbacks(CSVLogger(tmp_path / "table.csv")), X, y)
    trainings = read(tmp_path / "table.csv").groupby("training")["epoch"]
    assert len(trainings) > 2
    assert trainings.agg(list).map(lambda epochs: epochs == [*range(1, len(epochs) + 1)]).all()
    last = trainings.max().iloc[-1]
    assert last == max(one["max_iter"] for one in table.member_params_)


def test_lbfgs(tmp_path):
    """An iteration is an epoch; there is no learning rate."""
    model = MLPClassifier((6,), solver="lbfgs", **SETTINGS)
    fitted(model.set_callbacks(CSVLogger(tmp_path / "log.csv")), *binary())
    log = read(tmp_path / "log.csv")
    assert log["loss"].tolist() == model.loss_curve_
    assert log["learning_rate"].isna().all()


def test_fits_are_appended(tmp_path):
    """A warm start and another fit have a run of their own each, under one header."""
    path = str(tmp_path / "log.csv")
    model = fitted(MLPClassifier((6,), warm_start=True, **SETTINGS), *binary())
    curves = []
    for _ in range(3):
        fitted(model.set_callbacks(CSVLogger(path)), *binary())
        curves += model.loss_curve_
    log = read(path)
    assert log["loss"].tolist() == curves
    assert log["run"].nunique() == 3


def test_a_fit_that_resumes_goes_on(tmp_path):
    """After the last checkpoint; the rows of both runs are all epochs."""
    X, y = binary()

    class Failing:
        def setup(self, estimator, context):
            self.epochs = 0

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context):
            self.epochs += context.task_name == "epoch"
            if self.epochs == 3:
                raise ZeroDivisionError

        def teardown(self, estimator, context):
            pass

    def model(*others):
        checkpoint = sknn.Checkpoint(tmp_path / "progress", every_n_epochs=1)
        logger = CSVLogger(tmp_path / "log.csv")
        return MLPClassifier((6,), **SETTINGS).set_callbacks(checkpoint, logger, *others)

    with pytest.raises(ZeroDivisionError):
        model(Failing()).fit(X, y)
    assert read(tmp_path / "log.csv")["epoch"].tolist() == [1, 2, 3]
    resumed = fitted(model(), X, y)
    log = read(tmp_path / "log.csv")
    assert log["epoch"].tolist() == [1, 2, 3, 4, 5]
    assert log["loss"].tolist() == resumed.loss_curve_


def in_search(jobs):
    """Return a search over a pipeline in some processes."""
    network = MLPClassifier((6,), learning_rate="cosine", **SETTINGS)
    grid = {"mlpclassifier__alpha": [1e-4, 1e-2]}
    return GridSearchCV(make_pipeline(StandardScaler(), network), grid, cv=2, n_jobs=jobs)


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_in_a_search(jobs, tmp_path):
    """Every network inside has its rows, also from other processes, and the search one run."""
    search = in_search(jobs).set_callbacks(CSVLogger(tmp_path / "log.csv")).fit(*binary())
    log = read(tmp_path / "log.csv")
    assert log["run"].nunique() == 1
    assert set(log["fit"]) == {*(f"0/0/{i}/1" for i in range(4)), "0/1/1"}
    assert log.groupby("fit")["epoch"].apply(list).tolist() == [[1, 2, 3, 4, 5]] * 5
    best = search.best_estimator_[-1]
    assert log[log["fit"] == "0/1/1"]["loss"].tolist() == best.loss_curve_


def test_in_a_cross_validation(tmp_path):
    """Each fold has a run of its own, as `cross_val_score` makes no common task."""
    model = MLPClassifier((6,), learning_rate="cosine", **SETTINGS)
    cross_val_score(model.set_callbacks(CSVLogger(tmp_path / "log.csv")), *binary(), cv=3)
    assert read(tmp_path / "log.csv").groupby("run").size().tolist() == [5, 5, 5]


def test_settings_that_are_chosen(tmp_path):
    """Each training of cv='auto' counts from 1; the last rows are those of the model."""
    X, y = binary(200)
    model = TabularMLPClassifier((4,), max_iter=3, cv="auto", random_state=0)
    model.set_callbacks(CSVLogger(tmp_path / "log.csv")).fit(X, y)
    log = read(tmp_path / "log.csv")
    assert log["loss"].tolist()[-3:] == model.loss_curve_
    assert log["epoch"].tolist()[-3:] == [1, 2, 3]


def append(path, rows):
    """Write rows, each by itself, as a fit in another process would."""
    logger = CSVLogger(path)
    for row in rows:
        logger._append(",".join([str(row)] * len(COLUMNS)) + "\n")


@pytest.mark.slow
@pytest.mark.thread_unsafe(reason="starts processes")
def test_many_writers(tmp_path):
    """No row is lost or mixed with another, and the header is there once, in front."""
    context = multiprocessing.get_context("spawn")
    path = str(tmp_path / "log.csv")
    rows = [range(100 * i, 100 * i + 100) for i in range(3)]
    writers = [context.Process(target=append, args=(path, one)) for one in rows]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with open(path, newline="", encoding="utf-8") as file:
        header, *lines = csv.reader(file)
    assert tuple(header) == COLUMNS
    assert sorted(int(line[0]) for line in lines) == list(range(300))
    assert all(len(set(line)) == 1 for line in lines)


def test_an_empty_file_gets_a_header(tmp_path, monkeypatch):
    """Its creator may have been killed before it wrote one."""
    monkeypatch.setattr("sknn.callbacks.csv_logger.HEADER_SECONDS", 1e-3)
    path = tmp_path / "log.csv"
    path.touch()
    fitted(MLPClassifier((6,), **SETTINGS).set_callbacks(CSVLogger(path)), *binary())
    assert len(read(path)) == 5


def test_the_header_of_another_process_is_waited_for(tmp_path, monkeypatch):
    """A file that is empty for a moment is one that another process has just created."""
    path, theirs = tmp_path / "log.csv", ",".join(COLUMNS) + "\ntheir row\n"
    path.touch()
    sleep = "sknn.callbacks.csv_logger.time.sleep"
    monkeypatch.setattr(sleep, lambda seconds: path.write_text(theirs))
    CSVLogger(path)._append("a row\n")
    assert path.read_text() == theirs + "a row\n"


def test_a_creator_that_is_late_overwrites_no_row(tmp_path, monkeypatch):
    """Another process may write to the file that this one has created, but not yet filled."""
    path, line = tmp_path / "log.csv", csv_logger._line

    def late(fields):
        path.write_text("their row\n")
        return line(fields)

    monkeypatch.setattr(csv_logger, "_line", late)
    CSVLogger(path)._append("a row\n")
    assert path.read_text() == "their row\n" + line(COLUMNS) + "a row\n"


def test_an_empty_file_that_is_old_is_not_waited_for(tmp_path, monkeypatch):
    """Nobody is about to write its header."""
    path = tmp_path / "log.csv"
    path.touch()
    os.utime(path, (0, 0))
    monkeypatch.setattr(
        "sknn.callbacks.csv_logger.time.sleep", lambda seconds: pytest.fail("waits")
    )
    CSVLogger(path)._append("a row\n")
    assert path.read_text() == csv_logger._line(COLUMNS) + "a row\n"


def test_another_file_is_left_alone(tmp_path):
    """An error, before training."""
    path = tmp_path / "log.csv"
    path.write_text("mine\n1\n")
    model = MLPClassifier((6,), **SETTINGS).set_callbacks(CSVLogger(path))
    with pytest.raises(ValueError, match=r"log.csv' is no log .*mine.*another path"):
        model.fit(*binary())
    assert path.read_text() == "mine\n1\n"
    assert not hasattr(model, "coefs_")


def test_no_folder(tmp_path):
    """An error, before training."""
    model = MLPClassifier((6,), **SETTINGS)
    with pytest.raises(FileNotFoundError):
        model.set_callbacks(CSVLogger(tmp_path / "no" / "log.csv")).fit(*binary())
    assert not hasattr(model, "coefs_")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_write_that_fails_is_a_warning(tmp_path, monkeypatch):
    """Training goes on, with the same bits."""
    X, y = binary()
    alone = fitted(MLPClassifier((6,), **SETTINGS), X, y)
    logger = CSVLogger(tmp_path / "log.csv")
    append, calls = logger._append, []

    def failing(text):
        calls.append(text)
        if len(calls) == 3:
            raise OSError("No space left on device")
        append(text)

    monkeypatch.setattr(logger, "_append", failing)
    model = clone(alone).set_callbacks(logger)
    with pytest.warns(UserWarning, match="cannot write an epoch, training continues: No space"):
        model.fit(X, y)
    assert_array_equal(parameters(model), parameters(alone))
    assert read(tmp_path / "log.csv")["epoch"].tolist() == [1, 3, 4, 5]


@pytest.mark.parametrize("make", [clone, deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies_log_too(make, tmp_path):
    """To the same file."""
    path = tmp_path / "log.csv"
    fitted(make(MLPClassifier((6,), **SETTINGS).set_callbacks(CSVLogger(path))), *binary())
    assert len(read(path)) == 5


def test_the_file_is_closed_after_every_row(tmp_path):
    """Another program sees all finished epochs, and may rename the file."""
    path, seen = tmp_path / "log.csv", []

    class Reading(CSVLogger):
        def _on_epoch(self, estimator, context, metrics):
            super()._on_epoch(estimator, context, metrics)
            seen.append(len(read(path)))
            os.replace(path, tmp_path / "other.csv")
            os.replace(tmp_path / "other.csv", path)

    fitted(MLPClassifier((6,), **SETTINGS).set_callbacks(Reading(path)), *binary())
    assert seen == [1, 2, 3, 4, 5]
