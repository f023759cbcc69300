"""Time and BLAS threads of a grid search in one process and in two."""

import os
import time
from typing import Any

import numpy as np
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_info

from sknn import MLPClassifier


def compare_search(*, quick: bool) -> bool:
    """Search with `n_jobs` 1 and 2; return whether there are no more threads than processors."""
    print("\nGridSearchCV: seconds, and the BLAS threads that each process may use\n")
    print(f"{'n_jobs':<8}{'seconds':>9}{'threads':>9}{'best score':>12}")
    well = True
    for jobs in (1, 2):
        seconds, search = timed_search(jobs, 2000 if quick else 8000)
        threads = int(max(search.cv_results_["mean_test_threads"]))
        best = max(search.cv_results_["mean_test_accuracy"])
        print(f"{jobs:<8}{seconds:>9.2f}{threads:>9}{best:>12.4f}", flush=True)
        well &= jobs * threads <= max(jobs, os.cpu_count() or 1)
    return well


def timed_search(jobs: int, n: int) -> tuple[float, GridSearchCV]:
    """Search once to start the processes, then once more with the clock running."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 100), dtype=np.float32)
    y = (X @ rng.standard_normal((100, 4), dtype=np.float32)).argmax(axis=1)
    mlp = MLPClassifier((256,), max_iter=10, n_iter_no_change=np.inf, random_state=0)
    grid = {"alpha": [1e-6, 1e-4], "learning_rate_init": [1e-3, 1e-2]}
    search = GridSearchCV(mlp, grid, n_jobs=jobs, cv=3, scoring=score, refit=False)
    search.fit(X[:500], y[:500])
    start = time.perf_counter()
    search.fit(X, y)
    return time.perf_counter() - start, search


def score(mlp: MLPClassifier, X: np.ndarray, y: np.ndarray) -> dict[str, Any]:
    """Return the accuracy, and how many BLAS threads there are where it is computed."""
    pools = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {"accuracy": mlp.score(X, y), "threads": max(pools)}
