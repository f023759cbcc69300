"""Invariances that every kind of target obeys."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from threadpoolctl import threadpool_limits

from tests.estimators.data import TASKS, fitted, parameters

pytestmark = pytest.mark.parametrize("task", TASKS)

FORMATS = {
    "csr_array": sparse.csr_array,
    "csr_matrix": sparse.csr_matrix,
    "csc_array": sparse.csc_array,
    "coo_array": sparse.coo_array,
    "fortran": np.asfortranarray,
    "list": np.ndarray.tolist,
}


def small(task, **settings):
    """Return an unfitted estimator that trains for 10 epochs, and data."""
    estimator, make = TASKS[task]
    settings = {"hidden_layer_sizes": (6,), "max_iter": 10, "random_state": 0, **settings}
    return estimator(**settings), *make()


@pytest.mark.parametrize("batch_size", [1, 7, 60])
def test_weight_zero_is_absence(task, batch_size):
    """Rows of weight zero might as well not be there: bit for bit, with batches of any size."""
    model, X, y = small(task, batch_size=batch_size)
    w = np.random.RandomState(1).randint(0, 3, len(X)).astype(float)
    a = fitted(clone(model), X, y, sample_weight=w)
    b = fitted(clone(model), X[w > 0], y[w > 0], sample_weight=w[w > 0])
    assert_array_equal(parameters(a), parameters(b))
    assert a.t_ == b.t_


def test_weight_two_is_the_row_twice(task):
    """In full batches a row of weight 2 is two rows."""
    model, X, y = small(task, batch_size=1000)
    w = np.random.RandomState(1).randint(0, 4, len(X))
    a = fitted(clone(model), X, y, sample_weight=w)
    b = fitted(clone(model), X.repeat(w, axis=0), y.repeat(w, axis=0))
    assert_allclose(parameters(a), parameters(b), rtol=1e-8, atol=1e-10)
    assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-10)


@pytest.mark.parametrize("factor", [1e-300, 4.0, 1e300])
def test_only_ratios_of_weights_count(task, factor):
    """Scaling all weights of a fit changes nothing."""
    model, X, y = small(task, batch_size=7)
    w = np.random.RandomState(1).uniform(0.5, 2, len(X))
    a = fitted(clone(model), X, y, sample_weight=w)
    b = fitted(clone(model), X, y, sample_weight=factor * w)
    assert_allclose(parameters(a), parameters(b), rtol=1e-9, atol=1e-12)


def test_weights_of_one_are_no_weights(task):
    """Equal weights and no weights are the same, bit for bit."""
    model, X, y = small(task)
    a = fitted(clone(model), X, y)
    b = fitted(clone(model), X, y, sample_weight=np.ones(len(X)))
    assert_array_equal(parameters(a), parameters(b))


@pytest.mark.parametrize("convert", FORMATS.values(), ids=FORMATS)
def test_the_format_of_X_does_not_matter(task, convert):
    """Sparse is dense, column order is row order, lists are arrays."""
    model, X, y = small(task, batch_size=7)
    X = np.where(X > 0, X, 0)
    a, b = fitted(clone(model), X, y), fitted(clone(model), convert(X), y)
    assert_allclose(parameters(a), parameters(b), rtol=1e-9, atol=1e-12)
    assert_allclose(a.predict(X), b.predict(convert(X)), rtol=1e-9, atol=1e-12)


def test_batches_of_all_rows_or_more_are_full_batches(task):
    """A batch size of n, or more, is full-batch descent."""
    model, X, y = small(task, batch_size=len(X_of(task)))
    a = fitted(clone(model), X, y)
    b = fitted(clone(model).set_params(batch_size=10**6), X, y)
    assert_array_equal(parameters(a), parameters(b))


def test_a_seed_fixes_the_model(task):
    """The same seed gives the same model, another seed another."""
    model, X, y = small(task)
    a, b = fitted(clone(model), X, y), fitted(clone(model), X, y)
    c = fitted(clone(model).set_params(random_state=1), X, y)
    assert_array_equal(parameters(a), parameters(b))
    assert not np.allclose(parameters(a), parameters(c))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_everything_has_the_type_of_the_network(task, dtype):
    """Whatever the types of X, y and the weights, all arithmetic is in `dtype`."""
    model, X, y = small(task, dtype=dtype)
    model = fitted(model, X.astype(np.float64), y, sample_weight=np.full(len(X), 2.0))
    assert {array.dtype for array in model.coefs_ + model.intercepts_} == {np.dtype(dtype)}
    raw = getattr(model, "decision_function", model.predict)(X)
    assert raw.dtype == dtype
    assert_allclose(raw, getattr(model, "decision_function", model.predict)(X.astype("f4")), 1e-4)


def test_auto_dtype(task):
    """float32 for float32 or large input (by shape, after weight zero), else float64."""
    model, X, y = small(task, hidden_layer_sizes=(), max_iter=1)
    wide = np.zeros((len(X), 2000))
    wide[:, : X.shape[1]] = X
    w = np.zeros(len(X))
    w[:40] = 1
    for data, weight, expected in (
        (X, None, "float64"),
        (X.astype(np.float16), None, "float64"),
        ((100 * X).astype(int), None, "float64"),
        (X.astype(np.float32), None, "float32"),
        (wide, None, "float32"),
        (sparse.csr_array(wide), None, "float32"),
        (wide, w, "float64"),
    ):
        model = fitted(clone(model), data, y, sample_weight=weight)
        assert model.coefs_[0].dtype == expected


def test_predicting_is_one_row_at_a_time(task):
    """A prediction does not depend on the rows beside it, nor write to the estimator."""
    model, X, y = small(task)
    model = fitted(model, X, y)
    before = dict(vars(model))
    alone = np.concatenate([model.predict(row[None]) for row in X])
    assert_allclose(model.predict(X), alone, rtol=1e-12)
    assert vars(model) == before


def test_many_threads_predict_with_one_model(task):
    """Eight threads get what one gets."""
    model, X, y = small(task)
    model = fitted(model, X, y)
    with ThreadPoolExecutor(8) as pool:
        for prediction in pool.map(lambda _: model.predict(X), range(32)):
            assert_array_equal(prediction, model.predict(X))


@pytest.mark.slow
def test_scores_do_not_depend_on_threads_or_processes(task):
    """One or two BLAS threads, one or two jobs: the same scores, on products worth sharing."""
    estimator, make = TASKS[task]
    X, y = make(600, 300)
    settings = {"hidden_layer_sizes": (200,), "max_iter": 5, "random_state": 0}
    model = estimator(**settings, tol=1e9, n_iter_no_change=4)  # ends without a warning
    scores = []
    for threads, jobs in ((1, 1), (2, 1), (1, 2)):
        with threadpool_limits(threads):
            scores.append(cross_val_score(model, X, y, cv=2, n_jobs=jobs))
    assert_allclose(scores[0], scores[1], rtol=1e-6)
    assert_allclose(scores[0], scores[2], rtol=1e-6)


def X_of(task):
    """Return the inputs of a task."""
    return TASKS[task][1]()[0]
