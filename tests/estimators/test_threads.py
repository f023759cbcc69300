"""BLAS threads: one where products are small, given back whatever happens, and the same scores."""

import os
import threading

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_info, threadpool_limits

from sknn import MLPClassifier
from sknn.estimators._blas_threads import MAX_PRODUCT_SIZE, MIN_PRODUCT_SIZE, SingleBlasThread
from tests.estimators.data import binary, fitted

pytestmark = [
    pytest.mark.slow,
    pytest.mark.thread_unsafe(reason="BLAS threads belong to the whole process"),
]

SMALL = (MIN_PRODUCT_SIZE + MAX_PRODUCT_SIZE) // 2


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


@pytest.mark.parametrize(
    ("multiplications", "threads"), [(100, 2), (SMALL, 1), (MAX_PRODUCT_SIZE, 2)]
)
def test_only_small_products_have_one_thread(multiplications, threads):
    """Tiny ones have one anyway; two are faster for large ones."""
    with SingleBlasThread(multiplications):
        assert blas_threads() == {threads}


def test_limits_may_overlap_in_any_order():
    """Who comes second may leave first, or last; the last gives the threads back."""
    first, second = SingleBlasThread(SMALL), SingleBlasThread(SMALL)
    for one, other in ((first, second), (second, first)):
        first.__enter__()
        second.__enter__()
        one.__exit__()
        assert blas_threads() == {1}
        other.__exit__()
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


def test_prediction_leaves_the_threads_alone(monkeypatch):
    """They belong to the process, and many may predict at once."""
    X, y = binary()
    model = fitted(MLPClassifier((5,), max_iter=2), X, y)
    monkeypatch.setattr(SingleBlasThread, "__enter__", lambda self: pytest.fail("a limit was set"))
    model.predict_proba(X)


def test_an_interrupt_on_the_way_in_leaves_nothing_behind(monkeypatch):
    """The limit belongs to whoever set it."""
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt), SingleBlasThread(SMALL):
            raise KeyboardInterrupt
    assert blas_threads() == {2}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_during_a_training_begins_anew():
    """Its own limits are set and taken back, even if the fork came while the lock was held."""
    with SingleBlasThread(SMALL), SingleBlasThread._lock:
        child = os.fork()
        if not child:
            ok = blas_threads() == {2}
            with SingleBlasThread(SMALL):
                ok = ok and blas_threads() == {1}
            os._exit(0 if ok and blas_threads() == {2} else 1)
        assert os.waitpid(child, 0)[1] == 0
