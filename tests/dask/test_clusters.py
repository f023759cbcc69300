"""Clusters of processes: the result depends on the partitions, not on the workers."""

import os
import signal
import threading
import time

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_backend
from sklearn.model_selection import GridSearchCV

from sknn import MLPClassifier
from sknn.search import BatchedGridSearchCV

distributed = pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

from sknn.dask import DaskMLPRegressor, DaskTabularMLPClassifier, _rounds  # noqa: E402

pytestmark = [
    pytest.mark.thread_unsafe(reason="processes"),
    pytest.mark.filterwarnings("ignore:.*Stochastic Opt:sklearn.exceptions.ConvergenceWarning"),
    # of Dask's, while processes end
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]

RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 3))
Y = X[:, 0] + X[:, 1] ** 2
TABLE = pd.DataFrame(
    {"a": X[:, 0], "b": np.where(X[:, 1] > 0, "x", "y"), "y": np.where(Y > 1, "p", "q")}
)


def processes(n):
    """Return a cluster of n processes on this machine, without a dashboard."""
    return distributed.LocalCluster(
        n_workers=n, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    )


def fit_both(client):
    """Return the parameters and losses of two fits."""
    found = []
    settings = {"hidden_layer_sizes": (8,), "batch_size": 16, "random_state": 0, "client": client}
    model = DaskMLPRegressor(**settings, max_iter=4, early_stopping=True, local_steps=2)
    model.fit(da.from_array(X, chunks=(150, 3)), da.from_array(Y, chunks=150))
    found += [*model.coefs_, *model.intercepts_, model.validation_scores_, model.loss_curve_]
    table = DaskTabularMLPClassifier(**settings, max_iter=3, local_steps=2, n_members=2)
    table.fit(dd.from_pandas(TABLE, npartitions=4), "y")
    return [*found, *table.coefs_, *table.intercepts_, table.loss_curve_]


@pytest.fixture(scope="module")
def expected():
    """Return the result of one worker."""
    with processes(1) as cluster, distributed.Client(cluster) as client:
        return fit_both(client)


def assert_equal(found, expected):
    """Check that all bits are equal."""
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("n", [2, 4])
def test_the_number_of_workers_changes_nothing(n, expected):
    """With the same partitions."""
    with processes(n) as cluster, distributed.Client(cluster) as client:
        assert_equal(fit_both(client), expected)


def wait_until(is_enough, found, patience=60):
    """Return what `found` returns, once it is enough or the patience (s) has ended.

    What a cluster does and hears of arrives by messages that other calls can overtake.
    """
    end = time.monotonic() + patience
    while not is_enough(last := found()) and time.monotonic() < end:
        time.sleep(0.05)
    return last


def workers(client):
    """Return the process of each worker, by its address; that of one that is ending is an error."""
    return client.run(os.getpid, on_error="return")


class Disturbance:
    """Does something to the cluster while a round of training is under way."""

    def __init__(self, monkeypatch, act, at_round=3):
        self.rounds, self.threads = [], []
        original = _rounds.ShardedBatch._run_round

        def run_round(batch, members):
            self.rounds.append(batch.n_rounds)
            if len(self.rounds) == at_round:
                assert batch.n_rounds == at_round - 1  # training is seen to be under way
                self.threads.append(threading.Timer(0.0, act))
                self.threads[-1].start()
            original(batch, members)
            for thread in self.threads:  # a thread may begin late: not after the fit
                thread.join()

        monkeypatch.setattr(_rounds.ShardedBatch, "_run_round", run_round)

    def join(self):
        """Wait for the end of the disturbance."""
        assert len(self.threads) == 1
        self.threads[0].join()


@pytest.mark.slow
def test_a_worker_that_is_killed_changes_nothing(monkeypatch, expected):
    """By SIGKILL, in a round: its shards are made again from the collection."""
    with processes(2) as cluster, distributed.Client(cluster) as client:
        pids = client.run(os.getpid)
        victim = min(pids.values())
        disturbance = Disturbance(monkeypatch, lambda: os.kill(victim, signal.SIGKILL))
        assert_equal(fit_both(client), expected)
        disturbance.join()
        left = wait_until(
            lambda pids: len(pids) == 2 and all(isinstance(pid, int) for pid in pids.values()),
            lambda: workers(client),
        )
        assert len(left) == 2
        assert victim not in left.values()


@pytest.mark.slow
def test_a_worker_that_joins_changes_nothing(monkeypatch, expected):
    """In a round; and one that leaves."""
    with processes(1) as cluster, distributed.Client(cluster) as client:
        disturbance = Disturbance(monkeypatch, lambda: cluster.scale(3))
        assert_equal(fit_both(client), expected)
        disturbance.join()
        client.wait_for_workers(3, timeout=60)
        monkeypatch.undo()
        disturbance = Disturbance(monkeypatch, lambda: cluster.scale(1))
        assert_equal(fit_both(client), expected)
        disturbance.join()


@pytest.mark.slow
def test_nothing_is_left_on_the_workers():
    """After a fit: neither results nor files."""
    with processes(1) as cluster, distributed.Client(cluster) as client:
        fit_both(client)
        folder = next(iter(client.run(lambda dask_worker: dask_worker.local_directory).values()))
        keys = wait_until(
            lambda keys: not any(keys.values()),
            lambda: client.run(lambda dask_worker: sorted(map(str, dask_worker.data))),
        )
        assert list(keys.values()) == [[]]
        files = [name for _, _, names in os.walk(folder) for name in names]
        assert not [name for name in files if "lock" not in name]


@pytest.mark.parametrize("search", [GridSearchCV, BatchedGridSearchCV])
def test_searches_with_the_backend_of_joblib(search, cluster_client):
    """Fits of a search are tasks of Dask; its results are those of one process."""
    settings = {"hidden_layer_sizes": (4,), "max_iter": 5, "random_state": 0}
    labels = (Y > 1).astype(int)
    grid = {"alpha": [0.0, 0.1], "learning_rate_init": [0.01, 0.1]}
    alone = search(MLPClassifier(**settings), grid, cv=2, n_jobs=1).fit(X[:100], labels[:100])
    with parallel_backend("dask", client=cluster_client):
        spread = search(MLPClassifier(**settings), grid, cv=2, n_jobs=2).fit(X[:100], labels[:100])
    for name in ("mean_test_score", "split0_test_score", "rank_test_score"):
        assert np.allclose(alone.cv_results_[name], spread.cv_results_[name])
    assert alone.best_params_ == spread.best_params_
