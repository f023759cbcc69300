"""The same seed gives the same model, however the work is spread over threads and processes."""

import json
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest
from joblib import Parallel, delayed, parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier
from tests.estimators.data import binary, multiclass, parameters, real, table

#: They end without a warning, which only the main thread could catch.
ENDS = {"max_iter": 9, "tol": 1e9, "n_iter_no_change": 3, "random_state": 0}

#: Networks whose products are small enough to be one thread's, and what they learn from.
SMALL = {
    "classifier": (MLPClassifier((20,), n_members=2, **ENDS), multiclass),
    "regressor": (MLPRegressor((20,), dropout=0.2, **ENDS), real),
    "table": (
        TabularMLPClassifier((8,), **ENDS),
        lambda: (table(binary()[0]), binary()[1]),
    ),
}


def trained(name):
    """Return all weights of a model, as a process of its own computes them."""
    model, make = SMALL[name]
    return parameters(clone(model).fit(*make()))


def ways_to_start():
    """Return the ways to start a process that this system has."""
    return multiprocessing.get_all_start_methods()


@pytest.mark.slow
@pytest.mark.parametrize("method", ways_to_start())
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_process_learns_what_this_one_learns(method):
    """However it was started, and after this one has trained: bit for bit."""
    here = {name: trained(name) for name in SMALL}
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        for name, found in zip(SMALL, pool.map(trained, SMALL), strict=True):
            assert_array_equal(found, here[name])


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_jobs_learn_what_one_learns(backend):
    """One job or two, in processes or in threads: bit for bit."""
    names = [*SMALL, *SMALL]
    here = [trained(name) for name in names]
    for n_jobs in (1, 2):
        jobs = Parallel(n_jobs=n_jobs, backend=backend)(delayed(trained)(name) for name in names)
        for found, expected in zip(jobs, here, strict=True):
            assert_array_equal(found, expected)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_scores_do_not_depend_on_the_number_of_jobs(backend):
    """Cross-validation in processes or in threads."""
    model, make = SMALL["classifier"]
    with parallel_config(backend):
        scores = [cross_val_score(model, *make(), cv=4, n_jobs=n_jobs) for n_jobs in (1, 2)]
    assert_array_equal(scores[0], scores[1])


PROGRAM = """
import json, warnings
import numpy as np
from threadpoolctl import threadpool_info
from sknn import MLPClassifier, MLPRegressor
warnings.simplefilter("ignore")
rng = np.random.RandomState(0)
answers = []
for n, m, hidden, dtype in ((300, 20, (40,), "float64"), (400, 200, (200,), "float32")):
    X = rng.normal(size=(n, m))
    for model, y in (
        (MLPClassifier(hidden, max_iter=4, random_state=0, dtype=dtype), (X[:, 0] > 0).astype(int)),
        (MLPRegressor(hidden, max_iter=4, random_state=0, dtype=dtype, solver="sgd"), X[:, 1]),
    ):
        model.fit(X, y)
        z = model.decision_function(X) if hasattr(model, "classes_") else model.predict(X)
        answers.append(z[:50].astype(float).tolist())
threads = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
print(json.dumps([threads, answers]))
"""


def in_a_fresh_process(threads):
    """Return how many BLAS threads a process has that may have so many, and its answers."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    settings = {**os.environ, **dict.fromkeys(names, str(threads))}
    settings["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.slow
def test_blas_threads_do_not_change_what_is_learned():
    """Small products have one thread and are the same bit for bit; large ones to rounding."""
    (alone, *_), first = in_a_fresh_process(1)
    (both, *_), second = in_a_fresh_process(2)
    if (alone, both) != (1, 2):
        pytest.skip("this BLAS cannot have two threads, or hears of them otherwise")
    for found, expected in zip(second[:2], first[:2], strict=True):
        assert_array_equal(found, expected)
    for found, expected in zip(second[2:], first[2:], strict=True):
        assert_allclose(found, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_eight_threads_predict_with_one_estimator_what_one_thread_does(name):
    """Every method, each on rows of its own, all at once."""
    model, make = SMALL[name]
    X, y = make()
    model = clone(model).fit(X, y)
    methods = ("predict", "predict_proba", "predict_members")
    asked = [method for method in methods if hasattr(model, method)]
    calls = [(method, X[start : start + 30]) for method in asked for start in range(0, 30, 3)]
    alone = [getattr(model, method)(rows) for method, rows in calls]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            found = pool.map(lambda call: getattr(model, call[0])(call[1]), calls)
            for answer, expected in zip(found, alone, strict=True):
                assert_array_equal(answer, expected)
