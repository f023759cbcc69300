"""The estimators' laws, for data of any shape and many settings at once."""

import io
import pickle

import numpy as np
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone, is_classifier, is_regressor

import sknn
from sknn.engine.network import ACTIVATIONS
from tests.estimators.data import TASKS, fitted, parameters

pytestmark = [
    pytest.mark.filterwarnings("ignore:The inputs look unscaled:UserWarning"),
    pytest.mark.thread_unsafe(reason="a filter of warnings belongs to the whole process"),
]

#: What makes rows and order matter, two numbers at most.
NUMBERS = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(-3, 3, width=16))

#: Without kinks, where rounding decides between two slopes, and steps that follow.
SMOOTH = sorted(set(ACTIVATIONS) - {"relu", "leaky_relu", "exp"})


def targets(draw, task, n):
    """Draw targets; every class of several columns is there, so that no column is constant."""
    if task in ("real", "multioutput"):
        return draw(hnp.arrays(np.float64, (n, 2), elements=NUMBERS))[:, : 1 + (task != "real")]
    classes = 3 if task == "multiclass" else 2
    width = 3 if task == "multilabel" else 1
    return draw(hnp.arrays(np.int64, (n, width), elements=st.integers(0, classes - 1)))


@st.composite
def problems(draw, activations=tuple(SMOOTH), solvers=("adam", "sgd", "rmsprop", "adamw"), **fixed):
    """Draw an unfitted estimator and data for it."""
    task = draw(st.sampled_from(sorted(TASKS)), label="task")
    event(task)
    n, m = draw(st.integers(1, 12), label="n"), draw(st.integers(1, 3), label="m")
    y = targets(draw, task, n)
    settings = {
        "hidden_layer_sizes": draw(st.lists(st.integers(1, 4), max_size=2)),
        "activation": draw(st.sampled_from(activations)),
        "solver": draw(st.sampled_from(solvers)),
        "batch_size": draw(st.integers(1, n + 2)),
        "n_members": draw(st.integers(1, 2)),
        "shuffle": draw(st.booleans()),
        "alpha": draw(st.sampled_from([0.0, 0.1])),
        "random_state": draw(st.integers(0, 100)),
        "dtype": "float64",
        "max_iter": 3,
        "n_iter_no_change": np.inf,
        **fixed,
    }
    X = draw(hnp.arrays(np.float64, (n, m), elements=NUMBERS))
    return TASKS[task][0](**settings), X, y if task in ("multilabel", "multioutput") else y[:, 0]


def first_call(model, y):
    """Return what the first `partial_fit` must know."""
    return {"classes": np.arange(3)} if is_classifier(model) and y.ndim == 1 else {}


def answers(model, X):
    """Return all that a model says of X, what each member says last."""
    methods = ["predict", "decision_function", "predict_proba", "predict_log_proba"]
    found = [getattr(model, name)(X) for name in methods if hasattr(model, name)]
    return [*found, model.predict_members(X)]


def numbers_of(model, X):
    """Return the same without labels, which ties decide by the last digit."""
    return answers(model, X)[is_classifier(model) :]


@given(problems(activations=tuple(sorted(ACTIVATIONS))), st.data())
def test_weight_zero_is_absence(problem, data):
    """Bit for bit, whatever the batches; every class has a row of weight above 0."""
    model, X, y = problem
    w = data.draw(hnp.arrays(np.float64, len(X), elements=st.integers(0, 2)).filter(np.any))
    assume(is_regressor(model) or len(np.unique(y[w > 0], axis=0)) == len(np.unique(y, axis=0)))
    a = fitted(clone(model), X, y, sample_weight=w)
    b = fitted(clone(model), X[w > 0], y[w > 0], sample_weight=w[w > 0])
    assert_array_equal(parameters(a), parameters(b))
    for found, expected in zip(answers(a, X), answers(b, X), strict=True):
        assert_array_equal(found, expected)


@given(problems(solvers=("sgd",), batch_size=100), st.data())
def test_weight_two_is_the_row_twice(problem, data):
    """In full batches, however the weights are scaled; every class has a row of weight above 0."""
    model, X, y = problem
    w = data.draw(hnp.arrays(np.int64, len(X), elements=st.integers(0, 3)).filter(np.any))
    assume(is_regressor(model) or len(np.unique(y[w > 0], axis=0)) == len(np.unique(y, axis=0)))
    factor = data.draw(st.sampled_from([1.0, 1e-300, 1e300]))
    a = fitted(clone(model), X, y, sample_weight=factor * w)
    b = fitted(clone(model), X.repeat(w, axis=0), y.repeat(w, axis=0))
    assert_allclose(parameters(a), parameters(b), rtol=1e-8, atol=1e-10)


@given(problems(solvers=("sgd",)), st.sampled_from(["csr", "csc", "coo"]))
def test_the_format_of_X_does_not_matter(problem, kind):
    """Sparse is dense, column order is row order."""
    model, X, y = problem
    a = fitted(clone(model), X, y)
    for given_X in (sparse.coo_array(X).asformat(kind), np.asfortranarray(X)):
        b = fitted(clone(model), given_X, y)
        assert_allclose(parameters(a), parameters(b), rtol=1e-9, atol=1e-11)
        for found, expected in zip(numbers_of(a, X), numbers_of(b, given_X), strict=True):
            assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


@given(problems(activations=tuple(sorted(ACTIVATIONS))), st.integers(1, 4))
def test_n_calls_are_a_fit_of_n_epochs(problem, n):
    """Bit for bit, also when every call is made by a pickle of the last."""
    model, X, y = problem
    classes = first_call(model, y)
    whole = clone(model).partial_fit(X, y, **classes)
    for _ in range(n - 1):
        whole.partial_fit(X, y)
        model = pickle.loads(pickle.dumps(model.partial_fit(X, y, **classes)))
    model.partial_fit(X, y, **classes)
    assert_array_equal(parameters(model), parameters(whole))
    if not classes or len(np.unique(y)) == 3:  # `fit` knows no class that it does not see
        at_once = fitted(clone(model).set_params(max_iter=n), X, y)
        assert_array_equal(parameters(model), parameters(at_once))
        assert model.loss_curve_ == at_once.loss_curve_


@given(problems(activations=tuple(sorted(ACTIVATIONS))), st.sampled_from(["float32", "float64"]))
def test_what_comes_back_from_a_file_or_a_pickle_says_the_same(problem, dtype):
    """Bit for bit, every method."""
    model, X, y = problem
    model = fitted(model.set_params(dtype=dtype), X, y)
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    for revived in (pickle.loads(pickle.dumps(model)), sknn.load(file)):
        for found, expected in zip(answers(revived, X), answers(model, X), strict=True):
            assert_array_equal(found, expected)


def zeros(rng, shape, dtype):
    """Begin where no class differs from the others."""
    return np.zeros(shape, dtype)


@given(
    problems(solvers=("sgd",), hidden_layer_sizes=(), initialization=zeros, shuffle=False),
    st.permutations(range(3)),
)
def test_relabelling_permutes_the_probabilities(problem, order):
    """New names for the classes: the same answers under the new names."""
    model, X, y = problem
    if not is_classifier(model) or y.ndim == 2 or len(np.unique(y)) < 2:
        return
    names = np.array(["a", "b", "c"])[np.array(order)]
    a, b = fitted(clone(model), X, y), fitted(clone(model), X, names[y])
    columns = np.searchsorted(b.classes_, names[a.classes_])
    assert_allclose(a.predict_proba(X), b.predict_proba(X)[:, columns], rtol=1e-9, atol=1e-12)


@given(problems(activations=tuple(sorted(ACTIVATIONS))), st.data())
def test_rows_are_answered_each_by_itself(problem, data):
    """In any order, alone or beside others."""
    model, X, y = problem
    model = fitted(model, X, y)
    rows = data.draw(st.lists(st.integers(0, len(X) - 1), min_size=1, max_size=5))
    *alone, by_members = numbers_of(model, X[rows])
    *beside_others, all_by_members = numbers_of(model, X)
    assert_allclose(by_members, all_by_members[:, rows], rtol=1e-9, atol=1e-12)
    for found, of_all in zip(alone, beside_others, strict=True):
        assert_allclose(found, of_all[rows], rtol=1e-9, atol=1e-12)
