"""Threads: BLAS has one while a fit computes, and gets the others back whatever happens."""

import os
import threading
from contextlib import nullcontext

import numpy as np
import pytest
import scipy
from joblib import Parallel, delayed
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_info, threadpool_limits

from sknn import MLPClassifier, TabularMLPClassifier
from sknn.engine import Linear
from sknn.engine import _threads as threads_module
from sknn.engine import gradients as gradients_module
from sknn.engine import solvers as solvers_module
from sknn.estimators import _blas_threads
from sknn.estimators._blas_threads import MIN_PRODUCT_SIZE, engine_threads
from tests.estimators.data import binary, fitted

pytestmark = [
    pytest.mark.slow,
    pytest.mark.thread_unsafe(reason="BLAS threads belong to the whole process"),
]

LARGE = MIN_PRODUCT_SIZE + 1


def blas_threads():
    """Return how many threads the BLAS libraries have."""
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def _two_threads():
    """Give every test two threads to begin with."""
    with threadpool_limits(2, user_api="blas"):
        if blas_threads() != {2}:
            pytest.skip("this BLAS cannot have two threads")
        yield
        assert blas_threads() == {2}


@pytest.mark.parametrize(("multiplications", "threads"), [(100, 2), (LARGE, 1)])
def test_large_products_have_one_thread(multiplications, threads):
    """Small ones have one anyway, and setting the limit would take longer."""
    with engine_threads(multiplications):
        assert blas_threads() == {threads}


@pytest.mark.parametrize(("allowed", "cores", "expected"), [(2, 4, 2), (1, 4, 1), (2, 1, 1)])
def test_engine_has_the_threads_that_blas_had(monkeypatch, allowed, cores, expected):
    """But no more than the process has cores."""
    blas, _ = _blas_threads._system()
    monkeypatch.setattr(_blas_threads, "_system", lambda: (blas, cores))
    with threadpool_limits(allowed, user_api="blas"), engine_threads(LARGE):
        assert threads_module._POOL.limit == expected


@pytest.mark.parametrize(
    "model", [MLPClassifier((3,), solver="lbfgs", max_iter=3), TabularMLPClassifier((3,))]
)
def test_lbfgs_has_one_thread(monkeypatch, model):
    """Also for a network, or a linear model, of few rows and columns."""
    seen = []

    def minimize(*arguments, **settings):
        seen.append(blas_threads())
        return scipy.optimize.minimize(*arguments, **settings)

    monkeypatch.setattr(solvers_module, "minimize", minimize)
    fitted(model, *binary(60))
    assert seen
    assert seen == [{1}] * len(seen)


def test_limits_may_overlap_in_any_order():
    """Of two threads the second may leave first, or last; the last gives the threads back."""
    inside, leave = threading.Barrier(2), threading.Event()

    def other():
        with engine_threads(LARGE):
            inside.wait()
            leave.wait()

    for first_leaves in (True, False):
        leave.clear()
        thread = threading.Thread(target=other)
        with engine_threads(LARGE):
            thread.start()
            inside.wait()
            if not first_leaves:
                leave.set()
                thread.join()
            assert blas_threads() == {1}
        assert blas_threads() == ({1} if first_leaves else {2})
        leave.set()
        thread.join()
        assert blas_threads() == {2}


def test_an_error_gives_the_threads_back():
    """A fit that raises in the middle is no exception."""
    X, y = make_classification(600, 100, random_state=0)

    def fails(t):
        if t > 0:
            raise RuntimeError(t)
        return 0.01

    model = MLPClassifier((100,), learning_rate=fails, max_iter=100)
    with pytest.raises(RuntimeError):
        model.fit(X, y)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_trainings_in_threads_give_the_threads_back():
    """And learn what they learn alone."""
    X, y = make_classification(600, 100, random_state=0)
    models = [MLPClassifier((100,), max_iter=3 + i, random_state=i) for i in range(4)]
    alone = [fitted(model, X, y).predict_proba(X) for model in models]
    workers = [threading.Thread(target=model.fit, args=(X, y)) for model in models]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for model, expected in zip(models, alone, strict=True):
        np.testing.assert_allclose(model.predict_proba(X), expected, atol=1e-8)


def test_threads_and_processes_do_not_change_scores():
    """One BLAS thread or two, one process or two."""
    X, y = make_classification(700, 120, n_informative=20, random_state=0)
    grid = {"alpha": [1e-4, 1e-2]}
    scores = []
    for threads, n_jobs in ((1, 1), (2, 1), (2, 2)):
        with threadpool_limits(threads, user_api="blas"):
            model = MLPClassifier((300,), max_iter=4, random_state=0)
            search = fitted(GridSearchCV(model, grid, n_jobs=n_jobs, cv=2), X, y)
        scores.append(search.cv_results_["mean_test_score"])
    np.testing.assert_allclose(scores[1], scores[0], atol=1e-6)
    np.testing.assert_allclose(scores[2], scores[0], atol=1e-6)


@pytest.mark.parametrize(("n_units", "limited"), [(1000, False), (2000, True)])
def test_predictions_with_large_products_have_one_thread(monkeypatch, n_units, limited):
    """Also those of a single batch; with small ones the threads of the process are left alone."""
    X, y = make_classification(60, 10, random_state=0)
    model = fitted(MLPClassifier((n_units,), max_iter=1), X, y)
    seen, forward = [], Linear.forward

    def observed(module, *arguments):
        seen.append(blas_threads())
        return forward(module, *arguments)

    monkeypatch.setattr(Linear, "forward", observed)
    model.predict_proba(X)
    assert seen == [{1} if limited else {2}] * 2


def test_an_interrupt_leaves_nothing_behind():
    """The limit belongs to whoever set it."""
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), engine_threads(LARGE):
            raise KeyboardInterrupt
    assert blas_threads() == {2}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_during_a_training_begins_anew():
    """Its own limits are set and taken back, even if the fork came while the lock was held."""
    with engine_threads(LARGE), threads_module._POOL.lock:
        child = os.fork()
        if not child:
            ok = False
            try:
                before = blas_threads()
                with engine_threads(LARGE):
                    inside = blas_threads()
                ok = (before, inside, blas_threads()) == ({2}, {1}, {2})
            finally:
                os._exit(0 if ok else 1)  # whatever is raised, it runs no other test
        assert os.waitpid(child, 0)[1] == 0


def train_in_shards(n_threads):
    """Return the weights of a fit whose batches are divided, with so many BLAS threads allowed."""
    gradients_module.MIN_SHARD_PRODUCTS = 2**18  # also in a process of joblib
    X, y = make_classification(600, 100, random_state=0)
    with threadpool_limits(n_threads, user_api="blas") if n_threads else nullcontext():
        model = MLPClassifier((64,), max_iter=3, batch_size=200, random_state=0).fit(X, y)
    return model.coefs_


# `fitted` ignores warnings for the whole process, which threads must not do at the same time
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("backend", [None, "loky", "threading"])
def test_no_bit_depends_on_threads_and_processes(monkeypatch, backend):
    """One BLAS thread or several, alone or beside others."""
    monkeypatch.setattr(gradients_module, "MIN_SHARD_PRODUCTS", gradients_module.MIN_SHARD_PRODUCTS)
    monkeypatch.setattr(_blas_threads, "cpu_count", lambda: 4)
    expected = train_in_shards(1)
    if backend:  # the limit belongs to the process: threads leave it as it is
        allowed = (2, 2, 4) if backend == "loky" else (None, None, None)
        results = Parallel(2, backend=backend)(delayed(train_in_shards)(n) for n in allowed)
    else:
        results = list(map(train_in_shards, (2, 4)))
    for found in results:
        for W, W_expected in zip(found, expected, strict=True):
            np.testing.assert_array_equal(W, W_expected)
