"""How training ends: settled, out of epochs, diverged, interrupted."""

import numpy as np
import pytest
from joblib import Parallel, delayed
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_wine
from sklearn.ensemble import AdaBoostRegressor, BaggingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.multioutput import MultiOutputRegressor, RegressorChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier
from sknn.engine import Cosine, OneCycle
from tests.estimators.data import TABLES, TASKS, binary, fitted, parameters, real


def test_out_of_epochs_warns():
    """In scikit-learn's words, at the user's line; partial fits never have enough."""
    X, y = binary()
    model = MLPClassifier((6,), max_iter=3, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(3\) reached") as record:
        model.fit(X, y)
    assert record[0].filename == __file__
    assert model.n_iter_ == 3
    model.partial_fit(X, y)


def test_a_settled_loss_ends_training():
    """With patience 3 the earliest end is after 1 + 3 epochs, without a warning."""
    X, y = binary()
    model = MLPClassifier((6,), tol=1e9, n_iter_no_change=3, random_state=0).fit(X, y)
    assert model.n_iter_ == 4
    patient = MLPClassifier((6,), tol=1e9, n_iter_no_change=np.inf, max_iter=30)
    assert fitted(patient, X, y).n_iter_ == 30


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_adaptive_slows_down_before_it_ends(solver, capsys):
    """The rate is divided by 5 at each stall, until it is 1e-6 or less."""
    X, y = binary()
    settings = {"solver": solver, "learning_rate": "adaptive", "tol": 1e9, "n_iter_no_change": 2}
    MLPClassifier((6,), verbose=True, **settings).fit(X, y)
    rates = [float(line.split()[-1]) for line in capsys.readouterr().out.splitlines()[:-1]]
    expected = [1e-3] * 3 + [rate for k in range(1, 6) for rate in [1e-3 / 5**k] * 2]
    assert rates == pytest.approx(expected, rel=1e-2)


class Interrupting:
    """A learning rate that is interrupted at some of its steps."""

    def __init__(self, *steps, error=KeyboardInterrupt):
        self.steps = steps
        self.error = error

    def __call__(self, t):
        """Return 0.01, or raise."""
        if t in self.steps:
            raise self.error
        return 0.01


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_ctrl_c_keeps_the_last_finished_epoch(task, solver):
    """Interrupted within the third epoch: the model is that of two, and a warning says so."""
    estimator, make = TASKS[task]
    X, y = make()
    model = estimator((6,), solver=solver, batch_size=20, random_state=0)
    two = fitted(clone(model).set_params(max_iter=2, learning_rate_init=0.01), X, y)
    model.set_params(learning_rate=Interrupting(7))
    with pytest.warns(UserWarning, match="interrupted by the user; the model is that of epoch 2"):
        model.fit(X, y)
    assert_array_equal(parameters(model), parameters(two))
    assert model.loss_curve_ == two.loss_curve_
    assert model.predict(X).shape == two.predict(X).shape


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, ZeroDivisionError])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_what_fails_before_an_epoch_is_finished_changes_nothing(error, method):
    """There is nothing new to keep: the error goes on, the estimator is as it was."""
    X, y = real()
    model = MLPRegressor((6,), batch_size=20, random_state=0)
    for start in (lambda: clone(model), lambda: clone(model).partial_fit(X, y)):
        broken, healthy = start(), start()
        broken.set_params(learning_rate=Interrupting(1, 4, error=error))
        before = vars(broken).copy()
        with pytest.raises(error):
            getattr(broken, method)(X, y)
        assert vars(broken) == before
        broken.set_params(learning_rate="constant").partial_fit(X, y)
        assert_array_equal(parameters(broken), parameters(healthy.partial_fit(X, y)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_divergence_goes_back_to_the_last_finite_weights(dtype):
    """A warning names the epoch and the rate, and says what to try."""
    X, y = real()
    settings = {"solver": "sgd", "batch_size": 20, "dtype": dtype, "random_state": 0}
    model = MLPRegressor((6,), learning_rate=lambda t: 0.01 if t < 6 else 1e200, **settings)
    two = fitted(MLPRegressor((6,), learning_rate_init=0.01, max_iter=2, **settings), X, y)
    with pytest.warns(ConvergenceWarning, match=r"diverged in epoch 3 at .* 1e\+200.* smaller"):
        model.fit(X, y)
    assert_array_equal(parameters(model), parameters(two))
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.parametrize("task", TASKS | TABLES)
@pytest.mark.parametrize(
    "settings",
    [{}, {"n_members": 2}, {"dtype": "float32", "max_iter": 2}],
    ids=["plain", "members", "float32"],
)
def test_divergence_to_a_finite_loss_is_not_silent(task, settings):
    """The loss explodes, but remains finite: the best weights are kept, a warning has numbers."""
    estimator, make = (TASKS | TABLES)[task]
    X, y = make(100)
    rate = {"learning_rate": lambda t: 0.01 if t < 2 else 1e3}
    settings = {"solver": "sgd", "max_iter": 6, "random_state": 0, "batch_size": 50} | settings
    model = estimator((6,), **rate | settings)
    with pytest.warns(ConvergenceWarning, match="diverged in epoch . .*best constant prediction"):
        model.fit(X, y)
    assert len(model.loss_curve_) == model.n_iter_ == np.max(model.best_iteration_) <= 1
    assert np.isfinite(model.predict(X)).all()


@pytest.mark.filterwarnings("ignore:The targets look unscaled")
def test_divergence_of_real_fits():
    """Steps a thousand times too long, in classification and in regression."""
    X, y = load_wine(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        MLPClassifier(solver="sgd", learning_rate_init=1e3, random_state=0).fit(scale(X), y)
    X, y = load_diabetes(return_X_y=True)
    model = MLPRegressor(solver="sgd", learning_rate_init=10, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"diverged.*standardize_y=True"):
        model.fit(X, y)
    assert model.score(X, y) > -10


@pytest.mark.filterwarnings("ignore:The inputs look unscaled")
def test_a_loss_above_that_of_the_initial_weights_is_divergence():
    """Where gradients are bounded the loss grows linearly; the initial weights are restored."""
    X, y = load_diabetes(return_X_y=True, scaled=False)
    steep = {"solver": "sgd", "learning_rate_init": 100, "loss": "absolute_error"}
    rough = {"solver": "rmsprop", "learning_rate_init": 10, "max_iter": 30}
    for rows, settings in ((X, steep), (scale(X), rough)):
        model = MLPRegressor(standardize_y=True, random_state=0, **settings)
        with pytest.warns(ConvergenceWarning, match="diverged"):
            model.fit(rows, y)
        initial = MLPRegressor(standardize_y=True, random_state=0, learning_rate_init=1e-300)
        initial = fitted(initial.set_params(max_iter=1), rows, y)
        assert model.score(rows, y) == pytest.approx(initial.score(rows, y), rel=1e-3)


def test_a_jump_of_the_data_is_no_divergence():
    """Chunks of a stream on another scale, or of a single row or class, are ordinary."""
    X, y = real()
    model = MLPRegressor((6,), learning_rate_init=0.01, random_state=0)
    for factor in (1, 1, 3, 0):  # warnings are errors here
        model.partial_fit(X, factor * y)
    for i in range(20):
        model.partial_fit(X[i : i + 1], y[i : i + 1])
    X, y = binary()
    model = MLPClassifier((6,), learning_rate_init=0.02, random_state=0)
    for label in (0, 0, 0, 1, 1, 1, 0):
        for _ in range(30):
            model.partial_fit(X[y == label], y[y == label], classes=[0, 1])


def test_divergence_in_a_stream_takes_back_the_call():
    """Weights and memory are those from before; the next call goes on from there."""
    X, y = real()
    healthy = MLPRegressor((6,), solver="sgd", shuffle=False, random_state=0).partial_fit(X, y)
    model = MLPRegressor((6,), solver="sgd", shuffle=False, random_state=0).partial_fit(X, y)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        model.set_params(learning_rate_init=1e300).partial_fit(1e100 * X, y)
    model.set_params(learning_rate_init=0.001)
    assert_array_equal(parameters(model.partial_fit(X, y)), parameters(healthy.partial_fit(X, y)))


def test_a_learning_rate_is_asked_for_each_step_and_no_other():
    """A function that knows no step beyond the last is good enough."""
    X, y = real()
    rates = [0.01] * 6
    settings = {"batch_size": 20, "max_iter": 2}
    model = fitted(MLPRegressor((6,), learning_rate=lambda t: rates[t], **settings), X, y)
    assert model.n_iter_ == 2


@pytest.mark.filterwarnings("ignore:The targets look unscaled")
def test_an_optimizer_that_overflows_diverged():
    """Averages of squared gradients that are infinite would freeze the weights in silence."""
    X, y = real()
    model = MLPRegressor((6,), dtype="float32", random_state=0)
    with pytest.warns(ConvergenceWarning, match="average of gradients was no longer finite"):
        model.fit(X, 1e25 * y)


def test_a_refit_shows_nothing_before_it_is_done():
    """Other threads, or a function of the user's own, see the old model until the end."""
    X, y = binary()
    model = fitted(MLPClassifier((6,), max_iter=3, random_state=0), X, y)
    seen = []

    def learning_rate(t):
        seen.append(model.predict(X))
        return 0.01

    old = model.predict(X)
    model.set_params(learning_rate=learning_rate)
    fitted(model, X[:, :2], np.array(["a", "b"])[y])
    assert len(seen) == 3
    assert all(np.array_equal(labels, old) for labels in seen)
    assert set(model.predict(X[:, :2])) <= {"a", "b"}


def test_warnings_that_are_errors_cost_nothing():
    """The model is there when the warning is raised."""
    X, y = binary()
    model = MLPClassifier((6,), max_iter=2, random_state=0)
    with pytest.raises(ConvergenceWarning):
        model.fit(X, y)
    assert model.n_iter_ == 2


@pytest.mark.parametrize("learning_rate", ["cosine", "one_cycle"])
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_learning_rate_with_a_horizon_runs_its_course(learning_rate, solver, capsys):
    """However long the loss stalls; to have run it is no reason to warn."""
    X, y = binary()
    settings = {"tol": 1e9, "n_iter_no_change": 2, "max_iter": 20, "verbose": True}
    model = MLPClassifier((6,), learning_rate=learning_rate, solver=solver, **settings)
    assert model.fit(X, y).n_iter_ == 20
    expected = "ended after 20 epochs: the learning rate schedule is finished"
    assert capsys.readouterr().out.splitlines()[-1] == expected
    assert model.set_params(warm_start=True).fit(X, y).n_iter_ == 20


@pytest.mark.parametrize(
    "learning_rate", ["cosine", "one_cycle", OneCycle(1e-3, 20), Cosine(1e-3, 20)]
)
def test_early_stopping_waits_for_the_horizon_of_a_learning_rate(learning_rate):
    """The last part is the best one: no plateau ends it, and the best epoch is kept."""
    X, y = binary()
    settings = {"early_stopping": True, "max_iter": 20, "random_state": 0}
    model = MLPClassifier((6,), learning_rate=learning_rate, n_iter_no_change=2, **settings)
    model = fitted(model, X, y)
    assert model.n_iter_ == 20
    assert model.best_iteration_ == 1 + int(np.argmax(model.validation_scores_))
    ended = fitted(MLPClassifier((6,), tol=1e9, n_iter_no_change=2, **settings), X, y)
    assert ended.n_iter_ == 3


def test_early_stopping_of_a_table_runs_its_course():
    """With the defaults, whose learning rate is one cycle."""
    X, y = binary(200)
    model = TabularMLPClassifier((8,), early_stopping=True, max_iter=15, random_state=0)
    assert model.fit(X, y).n_iter_ == 15
    assert model.best_iteration_ == 1 + int(np.argmin(model.validation_loss_curve_))


@pytest.mark.parametrize("refit", [False, True])
def test_ctrl_c_with_early_stopping_names_the_epoch_that_is_kept(refit):
    """The best one, not the last."""
    X, y = binary()
    scores = iter([0, 1, 5, 3, 2, 1, 0])  # the first is that of the network before training
    model = MLPClassifier((6,), early_stopping=True, scoring=lambda *_: next(scores), refit=refit)
    model.set_params(batch_size=27, learning_rate=Interrupting(2 * 5), random_state=0)
    with pytest.warns(UserWarning, match="interrupted by the user; the model is that of epoch 2"):
        model.fit(X, y)
    assert model.validation_scores_ == [1, 5, 3, 2, 1]
    assert (model.best_iteration_, model.best_validation_score_) == (2, 5)
    scores = iter([0, 1, 5])
    two = clone(model).set_params(learning_rate_init=0.01, learning_rate="constant", max_iter=2)
    two.set_params(scoring=lambda *_: next(scores), refit=False)
    assert_array_equal(parameters(model), parameters(fitted(two, X, y)))


def test_lbfgs_that_diverges_is_not_blamed_on_a_learning_rate():
    """It has none: what helps is to scale."""
    X, y = real()
    model = MLPRegressor((6,), solver="lbfgs", random_state=0)
    with pytest.warns(ConvergenceWarning, match="diverged in epoch 1: .* Try to scale") as record:
        model.fit(X, 1e200 * y)
    assert len(record) == 1
    assert "rate" not in str(record[0].message)
    assert np.isfinite(parameters(model)).all()


# Ctrl-C in one of many fits


class Counted(MLPRegressor):
    """Counts fits."""

    fits = 0

    def fit(self, X, y, sample_weight=None):
        """Count, and fit."""
        type(self).fits += 1
        return super().fit(X, y, sample_weight)


def counted(**settings):
    """Return an estimator that is interrupted in the third epoch of each fit."""
    Counted.fits = 0
    rate = Interrupting(7)
    return Counted((3,), batch_size=20, random_state=0, learning_rate=rate, **settings)


MANY = {
    "grid": lambda mlp: GridSearchCV(mlp, {"alpha": [0.1, 0.2]}, cv=2),
    "pipeline in a grid": lambda mlp: GridSearchCV(
        make_pipeline(StandardScaler(), mlp), {"counted__alpha": [0.1, 0.2]}, cv=2
    ),
    "bagging": lambda mlp: BaggingRegressor(mlp, 3),
    "boosting": lambda mlp: AdaBoostRegressor(mlp, n_estimators=3),
    "elimination": lambda mlp: SequentialFeatureSelector(mlp, cv=2),
    "outputs": MultiOutputRegressor,
    "chain": lambda mlp: RegressorChain(mlp),
}


@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize("make", MANY.values(), ids=MANY)
def test_ctrl_c_in_one_of_many_fits_ends_them_all(make, refit):
    """The interrupt reaches the search; no further fit begins."""
    X, y = real()
    several = make in (MANY["outputs"], MANY["chain"])
    settings = {"refit": True, "early_stopping": True} if refit else {}
    with pytest.raises(KeyboardInterrupt):
        make(counted(**settings)).fit(X, np.column_stack([y, -y]) if several else y)
    assert Counted.fits == 1


def test_ctrl_c_in_cross_validation():
    """It ends the cross-validation; `error_score` is for errors."""
    X, y = real()
    with pytest.raises(KeyboardInterrupt):
        cross_validate(counted(), X, y, cv=3, error_score=0.0)
    assert Counted.fits == 1


ONE = {
    "alone": lambda mlp: mlp,
    "pipeline": lambda mlp: make_pipeline(StandardScaler(), mlp),
    "transformed target": lambda mlp: TransformedTargetRegressor(mlp, transformer=StandardScaler()),
}


@pytest.mark.parametrize("make", ONE.values(), ids=ONE)
def test_ctrl_c_in_a_single_fit_keeps_the_last_finished_epoch(make):
    """Also if scikit-learn is between the user and the fit."""
    X, y = real()
    with pytest.warns(UserWarning, match="the model is that of epoch 2"):
        model = make(counted()).fit(X, y)
    assert Counted.fits == 1
    assert np.isfinite(model.predict(X)).all()


def test_interrupted_search_leaves_a_fitted_estimator_and_the_generator():
    """A fit that raises is no fit."""
    X, y = real()
    rng = np.random.RandomState(0)
    mlp = counted().set_params(random_state=rng, learning_rate="constant", max_iter=2)
    fitted(mlp, X, y)
    before, state = vars(mlp).copy(), rng.get_state()[1].copy()
    mlp.set_params(learning_rate=Interrupting(7), max_iter=200)
    with pytest.raises(KeyboardInterrupt):
        Parallel(n_jobs=1)([delayed(mlp.fit)(X, y)])
    assert mlp.coefs_ is before["coefs_"]
    assert_array_equal(rng.get_state()[1], state)
