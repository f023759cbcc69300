"""A search whose process is killed resumes from its checkpoint, in another process."""

import json
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import make_classification
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier
from sknn.search import BatchedGridSearchCV, _run

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ROOT = Path(__file__).parents[2]

#: Seconds after which a process is killed that has not written its files.
PATIENCE = 120

#: Run in the process that is killed.
CODE = """
import json, sys
from tests.search.test_kills import fitted_up_to
fitted_up_to(int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]))
"""


def fitted(directory, settings):
    """Search 60 candidates in 3 folds, six chunks of 32 networks at most in the first rung."""
    X, y = make_classification(400, 10, n_informative=6, random_state=0)
    network = MLPClassifier((20,), max_iter=27, random_state=0, n_iter_no_change=np.inf)
    return BatchedGridSearchCV(
        make_pipeline(StandardScaler(), network),
        {
            "mlpclassifier__alpha": np.logspace(-5, 0, 30).tolist(),
            "mlpclassifier__dropout": [0.0, 0.2],
        },
        cv=3,
        checkpoint=directory,
        **settings,
    ).fit(X, y)


def fitted_up_to(n_calls, directory, settings):
    """Search, but wait in the chunk after so many: whoever kills the process may come late."""
    calls, evaluate = count(), _run.evaluate

    def waiting(*arguments):
        if next(calls) == n_calls:
            time.sleep(2 * PATIENCE)
        return evaluate(*arguments)

    _run.evaluate = waiting
    return fitted(directory, settings)


def kill_after(n_files, directory, settings):
    """Kill a process in the middle of the search, when so many chunks have been written, or later.

    It is killed before one more than the next chunk is begun.
    """
    command = [sys.executable, "-c", CODE, str(n_files + 1), str(directory), json.dumps(settings)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + PATIENCE
    while len(files_of(directory)) < n_files and time.monotonic() < deadline:
        if process.poll() is not None:
            break
        time.sleep(0.001)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def files_of(directory):
    """Return the files of finished chunks."""
    return list(directory.glob("*.pickle"))


def weights_of(estimator):
    """Return the weights of the network of a pipeline."""
    return [*estimator[-1].coefs_, *estimator[-1].intercepts_]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@pytest.mark.parametrize(
    ("settings", "n_files"),
    [
        ({}, 1),
        ({"factor": 3, "ensemble": True}, 1),
        ({"factor": 3, "ensemble": True}, 7),
        ({"factor": 3, "max_time": 600}, 2),
    ],
    ids=["grid", "first rung", "second rung", "max_time"],
)
def test_a_killed_process_resumes(settings, n_files, monkeypatch, tmp_path):
    """With equal bits; chunks that were written are not trained again."""
    calls, evaluate = [], _run.evaluate

    def counted(*arguments):
        calls.append(arguments)
        return evaluate(*arguments)

    monkeypatch.setattr(_run, "evaluate", counted)
    whole = fitted(None, settings)
    n_chunks = len(calls)
    kill_after(n_files, tmp_path, settings)
    n_written = len(files_of(tmp_path))
    assert n_files <= n_written <= n_files + 1 < n_chunks
    calls.clear()
    resumed = fitted(tmp_path, settings)
    assert len(calls) == n_chunks - n_written
    assert len(files_of(tmp_path)) == n_chunks
    for key, expected in whole.cv_results_.items():
        if not key.endswith("_time"):
            assert_array_equal(resumed.cv_results_[key], expected, err_msg=key)
    pairs = [(resumed.best_estimator_, whole.best_estimator_)]
    if "ensemble" in settings:
        assert resumed.oof_score_ == whole.oof_score_
        members = zip(resumed.ensemble_.members_, whole.ensemble_.members_, strict=True)
        for own, expected in members:
            assert own.weight == expected.weight
            pairs.append((own.refitted, expected.refitted))
    for own, expected in pairs:
        for one, other in zip(weights_of(own), weights_of(expected), strict=True):
            assert_array_equal(one, other)
