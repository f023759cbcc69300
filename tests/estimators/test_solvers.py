"""Solvers and schedules: each learns, each does what its name says, and warm starts go on."""

import time

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor as SklearnRegressor

from sknn import MLPClassifier, MLPRegressor
from sknn.engine import (
    NLL,
    NLLM,
    SGD,
    Adam,
    Cosine,
    Hinge,
    InverseScaling,
    LambdaSchedule,
    Loss,
    ReLU,
    SquaredError,
    solvers,
)
from tests.estimators.data import TASKS, binary, fitted, multiclass, parameters, real

SOLVERS = ["sgd", "adam", "adamw", "rmsprop", "lbfgs", SGD(0.9, nesterov=True), Adam(0.8)]
LEARNING_RATES = ["constant", "invscaling", "adaptive", "cosine", "one_cycle", lambda t: 0.01]


def named(value):
    """Return a name that is the same in every process."""
    return value if isinstance(value, str) else type(value).__name__


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", SOLVERS, ids=named)
def test_every_solver_learns(task, solver):
    """The objective falls well below where it begins."""
    estimator, make = TASKS[task]
    X, y = make()
    settings = {"learning_rate_init": 0.01, "max_iter": 30, "random_state": 0}
    model = fitted(estimator((20,), solver=solver, batch_size=10, **settings), X, y)
    assert model.loss_curve_[-1] < 0.5 * model.loss_curve_[0] or task == "multilabel"
    assert model.loss_curve_[-1] < 0.8 * model.loss_curve_[0]
    assert model.n_iter_ == len(model.loss_curve_) <= 30


@pytest.mark.parametrize("learning_rate", LEARNING_RATES, ids=named)
@pytest.mark.parametrize("solver", ["sgd", "adam", "adamw", "rmsprop"])
def test_every_schedule_works_with_every_stochastic_solver(solver, learning_rate):
    """And they make a difference."""
    X, y = real()
    settings = {"learning_rate_init": 0.01, "batch_size": 10, "max_iter": 5, "random_state": 0}
    model = MLPRegressor((20,), solver=solver, learning_rate=learning_rate, **settings)
    model = fitted(model, X, y)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    plain = fitted(clone(model).set_params(learning_rate="constant"), X, y)
    same = learning_rate in ("constant", "adaptive") or callable(learning_rate)
    assert np.array_equal(parameters(model), parameters(plain)) == same


@pytest.mark.parametrize("learning_rate", ["cosine", "one_cycle"])
def test_the_horizon_is_max_iter_epochs(learning_rate, capsys):
    """In `fit` and in `partial_fit`; after it the last rate stays."""
    X, y = real()
    settings = {"learning_rate": learning_rate, "max_iter": 4, "batch_size": 20, "verbose": True}
    model = MLPRegressor((6,), n_iter_no_change=np.inf, **settings)
    fitted(model, X, y)
    for _ in range(6):
        with pytest.warns(UserWarning, match="has run its course"):
            model.partial_fit(X, y)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("epoch")]
    rates = [float(line.split()[-1]) for line in lines]
    assert len(rates) == 10
    assert rates[3] < 0.1 * max(rates)
    assert rates[3:] == [rates[3]] * 7


def test_an_optimizer_object_is_the_optimizer_of_that_name():
    """The user's own optimizer takes the place of ours."""
    X, y = real()
    for name, optimizer in (("adam", Adam()), ("sgd", SGD(0.9, nesterov=True))):
        a, b = (
            fitted(MLPRegressor((6,), solver=s, max_iter=5, random_state=0), X, y)
            for s in (name, optimizer)
        )
        assert_array_equal(parameters(a), parameters(b))


def test_a_loss_object_is_the_loss_of_that_name():
    """The user's own loss takes the place of ours, with its output activation."""
    X, y = binary()
    a, b = (
        fitted(MLPClassifier((6,), loss=loss, max_iter=5, random_state=0), X, y)
        for loss in ("hinge", Hinge())
    )
    assert_array_equal(a.decision_function(X), b.decision_function(X))
    assert not hasattr(b, "predict_proba")
    own = fitted(MLPRegressor((6,), loss=SquaredError(), max_iter=5, random_state=0), X, y)
    assert own.loss_curve_[-1] < own.loss_curve_[0]


def test_a_schedule_object_is_a_learning_rate():
    """The engine's schedules are functions of the step."""
    X, y = real()
    settings = {"max_iter": 5, "random_state": 0}
    a = fitted(MLPRegressor((6,), learning_rate=LambdaSchedule(lambda t: 0.01), **settings), X, y)
    b = fitted(MLPRegressor((6,), learning_rate_init=0.01, **settings), X, y)
    assert_array_equal(parameters(a), parameters(b))


def test_weight_decay_shrinks_the_weights_and_not_the_offsets():
    """Decoupled from the gradient: each step multiplies the weights by 1 - rate * decay."""
    X, y = np.zeros((20, 3)), np.zeros(20)
    settings = {"solver": "adamw", "alpha": 0, "max_iter": 5, "learning_rate_init": 0.01}
    settings |= {"random_state": 0, "n_iter_no_change": np.inf}
    model = fitted(MLPRegressor((), weight_decay=10.0, **settings), X, y)
    start = fitted(MLPRegressor((), **{**settings, "learning_rate_init": 1e-300}), X, y)
    free = fitted(MLPRegressor((), weight_decay=0, **settings), X, y)
    assert_allclose(model.coefs_[0], start.coefs_[0] * 0.9**5)
    assert_array_equal(model.intercepts_[0], free.intercepts_[0])


def test_clipping_bounds_the_step():
    """Plain descent moves by the rate times the gradient's length, at most the bound's."""
    X, y = real()
    settings = {"solver": "sgd", "momentum": 0, "batch_size": 60, "max_iter": 1, "random_state": 0}
    still = fitted(MLPRegressor((6,), learning_rate_init=1e-300, **settings), X, 1000 * y)
    for bound, length in ((0.5, 0.5), (None, None), (1e9, None)):
        model = MLPRegressor((6,), clip_gradient_norm=bound, learning_rate_init=0.1, **settings)
        moved = np.linalg.norm(parameters(fitted(model, X, 1000 * y)) - parameters(still))
        assert moved == pytest.approx(0.05) if length else moved > 1


@pytest.mark.parametrize("solver", ["adam", "sgd", "adamw", "rmsprop"])
@pytest.mark.parametrize("task", TASKS)
def test_five_warm_epochs_and_five_are_ten(solver, task):
    """Bit for bit with a constant rate: weights, moments and generator go on."""
    estimator, make = TASKS[task]
    X, y = make()
    settings = {"batch_size": 7, "random_state": 0, "n_iter_no_change": np.inf}
    model = estimator((6,), solver=solver, **settings)
    whole = fitted(clone(model).set_params(max_iter=10), X, y)
    warm = fitted(clone(model).set_params(max_iter=5, warm_start=True), X, y)
    first = warm.loss_curve_
    warm = fitted(warm, X, y)
    assert_array_equal(parameters(warm), parameters(whole))
    assert first + warm.loss_curve_ == whole.loss_curve_
    assert (warm.n_iter_, warm.t_) == (5, 300)


@pytest.mark.parametrize(
    "learning_rate", ["invscaling", lambda t: 0.01 / (1 + t), InverseScaling(0.05, 0.3)]
)
def test_warm_starts_go_on_with_the_learning_rate(learning_rate):
    """The steps are counted on, also if the first fit was not a warm start."""
    X, y = real()
    settings = {"batch_size": 7, "random_state": 0, "n_iter_no_change": np.inf}
    model = MLPRegressor((6,), learning_rate=learning_rate, **settings)
    whole = fitted(clone(model).set_params(max_iter=10), X, y)
    warm = fitted(clone(model).set_params(max_iter=5, warm_start=True), X, y)
    assert warm.learning_rates_ + fitted(warm, X, y).learning_rates_ == whole.learning_rates_
    assert_array_equal(parameters(warm), parameters(whole))
    later = fitted(clone(model).set_params(max_iter=5), X, y)
    later = fitted(later.set_params(warm_start=True), X, y)
    assert later.learning_rates_ == whole.learning_rates_[5:]


@pytest.mark.parametrize("learning_rate", ["cosine", "one_cycle", Cosine(0.01, 27), "adaptive"])
def test_warm_starts_begin_a_learning_rate_with_a_horizon_anew(learning_rate):
    """It is spent after max_iter epochs."""
    X, y = real()
    settings = {"batch_size": 20, "max_iter": 9, "random_state": 0, "warm_start": True}
    model = fitted(MLPRegressor((6,), learning_rate=learning_rate, **settings), X, y)
    assert fitted(clone(model), X, y).learning_rates_ == fitted(model, X, y).learning_rates_


def test_every_warm_fit_has_fresh_counters():
    """A fit that settled does not keep the next from trying as long."""
    X, y = real()
    settings = {"tol": 1e9, "n_iter_no_change": 3, "warm_start": True, "random_state": 0}
    model = MLPRegressor((6,), **settings)
    assert [model.fit(X, y).n_iter_ for _ in range(3)] == [4, 4, 4]


def test_a_warm_start_refuses_another_target():
    """Labels it does not know, and another architecture."""
    X, y = binary()
    model = fitted(MLPClassifier((6,), warm_start=True, max_iter=3), X, y)
    with pytest.raises(ValueError, match="classes not in"):
        model.fit(X, y + 1)
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        model.set_params(hidden_layer_sizes=(5,)).fit(X, y)


def test_lbfgs_finds_what_scikit_learns_finds():
    """From the same start, on the same objective."""
    X, y = real()
    settings = {"activation": "tanh", "solver": "lbfgs", "max_iter": 1000, "random_state": 0}
    settings |= {"hidden_layer_sizes": (5,), "tol": 1e-6}
    ours = fitted(MLPRegressor(alpha=0.1 / 60, **settings), X, y)
    theirs = fitted(SklearnRegressor(alpha=0.1, **settings), X, y)
    assert_allclose(ours.loss_, theirs.loss_, rtol=1e-2)
    assert_allclose(ours.loss_curve_[-1], ours.loss_)
    assert (np.diff(ours.loss_curve_) <= 0).all()


def test_lbfgs_has_no_partial_fit():
    """It needs all samples at once; the error says so."""
    model = MLPRegressor(solver="lbfgs")
    assert not hasattr(model, "partial_fit")
    with pytest.raises(AttributeError) as error:
        model.partial_fit(*real())
    assert "lbfgs is not stochastic" in str(error.value.__cause__)


def test_lbfgs_out_of_iterations_warns_and_at_the_minimum_does_not():
    """The first in scikit-learn's words; the second makes one epoch of nothing."""
    X, y = real()
    model = MLPRegressor((20,), solver="lbfgs", max_iter=3, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"lbfgs: Maximum iterations \(3\) reached"):
        model.fit(X, y)
    assert model.n_iter_ == 3
    assert MLPClassifier((), alpha=0, solver="lbfgs").fit(X, np.ones(60)).n_iter_ == 1


def test_lbfgs_is_interrupted_like_the_others():
    """What an iteration finished is kept; before the first, nothing changes."""
    X, y = real()

    class InterruptedLoss(SquaredError):
        calls = 0

        def gradient(self, z, y):
            InterruptedLoss.calls += 1
            if InterruptedLoss.calls == 12:
                raise KeyboardInterrupt
            return super().gradient(z, y)

    model = MLPRegressor((6,), solver="lbfgs", loss=InterruptedLoss(), random_state=0)
    with pytest.warns(UserWarning, match="interrupted by the user"):
        model.fit(X, y)
    again = MLPRegressor((6,), solver="lbfgs", max_iter=model.n_iter_, random_state=0)
    assert_array_equal(parameters(fitted(again, X, y)), parameters(model))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_max_time_ends_training_cleanly(solver):
    """After the epoch that passes the limit; no warning."""
    X, y = real()

    class SlowLoss(SquaredError):
        def gradient(self, z, y):
            time.sleep(0.02)
            return super().gradient(z, y)

    settings = {"solver": solver, "max_time": 0.05, "tol": 0, "n_iter_no_change": np.inf}
    model = MLPRegressor((6,), loss=SlowLoss(), **settings).fit(X, y)
    assert 1 <= model.n_iter_ < 10


def test_activation_objects_of_the_user():
    """A module takes the place of a name, for all layers or for one."""
    X, y = real()
    settings = {"max_iter": 5, "random_state": 0}
    named = fitted(MLPRegressor((6, 5), "relu", **settings), X, y)
    for activation in (ReLU(), [ReLU(), "relu"]):
        given = fitted(MLPRegressor((6, 5), activation, **settings), X, y)
        assert_array_equal(given.predict(X), named.predict(X))


def test_a_line_search_that_fails_is_no_convergence(monkeypatch):
    """SciPy's abnormal end is told as what it is, and what was found is kept."""
    X, y = real()
    found = []

    def abnormal(*args, **kwargs):
        found.append(minimize(*args, **kwargs))
        found[-1].status = 2
        return found[-1]

    monkeypatch.setattr(solvers, "minimize", abnormal)
    model = MLPRegressor((5,), solver="lbfgs", alpha=1.0, random_state=0)
    with pytest.warns(ConvergenceWarning, match="its line search found no better weights"):
        model.fit(X, y)
    assert model.n_iter_ == found[0].nit


class Downhill(Loss):
    """A user's loss whose gradient is given in a form of choice."""

    def __init__(self, form):
        self.form = form

    def value(self, z, y):
        """Return the product."""
        return (z * y).sum(axis=-1)

    def gradient(self, z, y):
        """Return its derivative, which is y."""
        return self.form(y)


def read_only(array):
    """Return an array that cannot be changed."""
    array = array.copy()
    array.flags.writeable = False
    return array


#: Forms that the gradient of a user's loss may have.
FORMS = {
    "itself": lambda y: y,
    "integers": lambda y: y.astype(int),
    "read_only": read_only,
    "list": lambda y: y.tolist(),
    "float64": lambda y: y.astype(np.float64),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_gradient_may_have_any_form(form, weighted, dtype):
    """Also that of its own argument, which is left as it is."""
    X, y = binary()
    y = 2.0 * y - 1
    given = y.copy()
    w = np.random.RandomState(0).uniform(0.5, 2, 60) if weighted else None
    settings = {"hidden_layer_sizes": (), "batch_size": 60, "max_iter": 5, "dtype": dtype}
    settings |= {"solver": "sgd", "n_iter_no_change": np.inf, "random_state": 0}
    expected = fitted(MLPRegressor(loss=Downhill(np.copy), **settings), X, y, sample_weight=w)
    for shuffle in (False, True):
        model = MLPRegressor(loss=Downhill(form), shuffle=shuffle, **settings)
        model = fitted(model, X, y, sample_weight=w)
        assert_allclose(model.loss_curve_, expected.loss_curve_, rtol=1e-4)
        assert_allclose(parameters(model), parameters(expected), rtol=1e-4, atol=1e-6)
        assert model.coefs_[0].dtype == dtype
    assert_array_equal(y, given)
    assert np.diff(expected.loss_curve_).max() < 0


def test_a_loss_object_of_another_kind_of_target_is_refused():
    """Before any training, with the names of those that fit."""
    cases = [(MLPClassifier, binary, NLLM()), (MLPRegressor, real, Hinge())]
    for estimator, make, loss in cases:
        for method in ("fit", "partial_fit"):
            classes = {"classes": [0, 1]} if make is binary and method == "partial_fit" else {}
            model = estimator((3,), loss=loss)
            with pytest.raises(ValueError, match=r"loss is not for a .*\. Use .*Squ"):
                getattr(model, method)(*make(), **classes)
            assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("loss", [NLL(), Hinge()], ids=named)
def test_losses_of_two_classes_tell_several_one_against_the_rest(loss):
    """Each column asks whether it is this class."""
    X, y = multiclass(200, 10)
    model = MLPClassifier(loss=loss, max_iter=60, learning_rate_init=0.02, random_state=0)
    assert fitted(model, X, y).score(X, y) > 0.85
    assert hasattr(model, "predict_proba") == (type(loss) is NLL)
    alone = clone(model).set_params(hidden_layer_sizes=(), alpha=0)
    one = fitted(alone.set_params(initialization=zeros), X, y).coefs_[0][:, 2]
    assert_allclose(fitted(alone, X, y == 2).coefs_[0][:, 0], one, rtol=1e-6, atol=1e-9)


def zeros(rng, shape, dtype):
    """Return weights that are all 0, and draw none."""
    return np.zeros(shape, dtype)


def test_a_loss_of_the_users_made_of_an_unfit_one_is_taken():
    """What it is for, the user knows."""
    X, y = binary()

    class Own(NLLM):
        """One unit, whose softmax is 1."""

    assert fitted(MLPClassifier((3,), loss=Own(), max_iter=2), X, y).n_outputs_ == 1


class Returning(SGD):
    """An optimizer that breaks its contract: it returns the new parameters."""

    def step(self, params, grads, state, rate):
        """Return them, and change nothing."""
        return params - rate * grads


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_an_optimizer_that_returns_something_is_refused(method):
    """It is named: it would train nothing."""
    X, y = real()
    model = MLPRegressor((3,), solver=Returning())
    with pytest.raises(TypeError, match=r"Returning\.step must change params in place"):
        getattr(model, method)(X, y)
    assert not hasattr(model, "coefs_")
