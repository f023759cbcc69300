"""Faults in a fit: whatever is raised, and wherever, the estimator is the old or the new one."""

import copy
import warnings

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from tests.estimators.data import TABLES, TASKS, fitted, parameters
from tests.faults import Calls, some_calls, watched
from tests.persistence.test_archives import assert_alike

MODELS = TASKS | TABLES
EPOCHS = 3


class Fault(Exception):
    """What nobody expects."""


ERRORS = [Fault, MemoryError, KeyboardInterrupt]


def beginning(task, **settings):
    """Return a fitted model, and other data to fit it to."""
    estimator, make = MODELS[task]
    X, y = make()
    model = estimator((4,), max_iter=EPOCHS, n_iter_no_change=np.inf, random_state=0, **settings)
    return fitted(model, X, y), X[:40], y[:40]


def silently(train, X, y):
    """Train without warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        train(X, y)


def states_between(task, method, settings):
    """Return the state before, and those after each number of epochs."""
    before, X, y = beginning(task, **settings)
    states = [vars(before)]
    for epochs in range(1, EPOCHS + 1):
        model, _, _ = beginning(task, **settings)
        model.set_params(max_iter=epochs)
        silently(getattr(model, method), X, y)
        states.append({**vars(model), "max_iter": EPOCHS})
    return states


def is_one_of(state, states):
    """Tell whether a state is one of several, in all that a model predicts and tells with."""
    return any(same(state, other) for other in states)


def same(one, other):
    """Tell whether two states are equal, but for what training would go on with."""
    try:
        assert_alike(without_memory(one), without_memory(other))
    except AssertionError:
        return False
    return True


#: What training would go on with, and what scikit-learn keeps for its callbacks.
BESIDE = {"_training_state", "_skl_callbacks", "_skl_callbacks_to_teardown", "_callback_fit_ctx"}


def without_memory(state):
    """Return a state without what is beside the model."""
    return {name: state[name] for name in state if name not in BESIDE}


@pytest.mark.slow
@pytest.mark.parametrize("task", ["binary", "real of a table"])
@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("fit", {}),
        ("fit", {"warm_start": True}),
        ("fit", {"early_stopping": True}),
        ("fit", {"solver": "lbfgs"}),
        ("partial_fit", {}),
    ],
)
def test_an_error_anywhere_leaves_the_old_or_the_new(task, method, settings):
    """An error in any function: the old state, or that of some finished epoch; never a mixture."""
    states = states_between(task, method, settings)
    model, X, y = beginning(task, **settings)
    places = some_calls(lambda: silently(getattr(model, method), X, y), 24)
    assert len(places) > 20
    kept = 0
    for i, place in enumerate(places):
        model, X, y = beginning(task, **settings)
        train = getattr(model, method)
        try:
            with watched(Calls(ERRORS[i % len(ERRORS)], place)):
                silently(train, X, y)
        except (*ERRORS, ValueError):  # a scorer that fails is a bad value
            kept += same(vars(model), states[0])
        assert is_one_of(vars(model), states)
        model.predict(X)
        silently(train, X, y)
    assert kept > 5


class Raising:
    """A callback that raises at the n-th call of one of its hooks."""

    def __init__(self, hook, at, error):
        self.hook, self.at, self.error = hook, at, error

    def _note(self, hook):
        if hook == self.hook:
            self.at -= 1
            if self.at == 0:
                raise self.error

    def setup(self, estimator, context):
        """Begin."""
        self._note("setup")

    def on_fit_task_begin(self, estimator, context):
        """Begin the fit, or an epoch."""
        self._note("begin")

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        """End an epoch, or the fit."""
        self._note("end")

    def teardown(self, estimator, context):
        """End."""
        self._note("teardown")


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize(
    ("hook", "calls"), [("setup", 1), ("begin", EPOCHS + 1), ("end", EPOCHS + 1), ("teardown", 1)]
)
def test_an_error_in_any_hook_leaves_the_old_or_the_new(hook, calls, error):
    """At every epoch's begin and end, and at those of the fit."""
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 and later")
    states = states_between("binary", "fit", {})
    for at in range(1, calls + 1):
        model, X, y = beginning("binary")
        model.set_callbacks(Raising(hook, at, error))
        try:
            silently(model.fit, X, y)
        except error:
            pass
        else:
            assert error is KeyboardInterrupt
        assert is_one_of(vars(model), states)
        assert_array_equal(parameters(copy.deepcopy(model)), parameters(model))
