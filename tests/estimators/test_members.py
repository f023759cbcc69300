"""Several networks at once: what they say together, and each of them by itself."""

import pickle
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier, MLPRegressor, TabularMLPRegressor
from tests.estimators.data import (
    TABLES,
    TASKS,
    binary,
    fitted,
    multiclass,
    multilabel,
    multioutput,
    parameters,
    real,
    table,
)

SETTINGS = {"hidden_layer_sizes": (6,), "max_iter": 10, "random_state": 0}
EVERY_TASK = TASKS | TABLES
every_task = pytest.mark.parametrize("task", EVERY_TASK)


def columns_of_labels(n=60):
    """Return X and two columns of labels, one of two classes and one of three."""
    X, y = multiclass(n)
    return X, np.column_stack([np.array(["a", "b"])[y % 2], np.array(["p", "q", "r"])[y]])


def three(task, **settings):
    """Return three fitted members, and the data."""
    estimator, make = EVERY_TASK[task]
    X, y = make()
    model = estimator(**{**SETTINGS, "n_members": 3, "learning_rate_init": 0.02, **settings})
    return fitted(model, X, y), X, y


def classes_of(task, y):
    """Return the keyword that the first `partial_fit` needs."""
    return {"classes": np.unique(y)} if task.startswith(("binary", "multiclass")) else {}


def assert_mean(model, X, tolerance):
    """Assert that what a model says is the mean of what its members say."""
    mean = model.predict_members(X).mean(axis=0)
    said = model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)
    assert_allclose(said, mean, rtol=tolerance, atol=tolerance)


# The law


@every_task
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_prediction_is_the_mean_of_the_members(task, dtype):
    """Of probabilities or of numbers; the members differ."""
    model, X, _ = three(task, dtype=dtype)
    assert_mean(model, X, 1e-6 if dtype == "float32" else 1e-12)
    assert model.predict_members(X).shape[0] == 3
    assert (model.predict_members(X).std(axis=0) > 0).any()


@pytest.mark.parametrize("make", [binary, multilabel, multiclass])
def test_brier_probabilities_are_means(make):
    """Also where they are normalised over the classes."""
    X, y = make()
    model = MLPClassifier(loss="brier", n_members=3, **SETTINGS)
    assert_mean(fitted(model, X, y), X, 1e-12)


@pytest.mark.parametrize("loss", ["log_loss", "brier"])
def test_columns_of_labels_have_a_list_of_means(loss):
    """An array for each, members first."""
    X, Y = columns_of_labels()
    model = fitted(MLPClassifier(loss=loss, n_members=3, **SETTINGS), X, Y)
    members = model.predict_members(X)
    assert [array.shape for array in members] == [(3, 60, 2), (3, 60, 3)]
    [first, second] = model.predict_proba(X)
    assert_allclose(first, members[0].mean(axis=0), rtol=1e-12)
    if loss == "log_loss":
        assert_allclose(second, members[1].mean(axis=0), rtol=1e-12)
    assert_array_equal(model.predict(X)[:, 0], model.classes_[0][first.argmax(axis=1)])
    assert_array_equal(model.predict(X)[:, 1], model.classes_[1][second.argmax(axis=1)])


@pytest.mark.parametrize("loss", ["hinge", "squared_hinge", "squared_error"])
@pytest.mark.parametrize("make", [binary, multiclass, multilabel])
def test_losses_without_probabilities_average_their_outputs(loss, make):
    """Members say what `decision_function` says."""
    X, y = make()
    model = fitted(MLPClassifier(loss=loss, n_members=3, **SETTINGS), X, y)
    members = model.predict_members(X)
    z = model.decision_function(X)
    assert members.shape == (3, *z.shape)
    assert_allclose(z, members.mean(axis=0), rtol=1e-12, atol=1e-12)
    decided = z.argmax(axis=1) if make is multiclass else (z > 0).astype(int)
    assert_array_equal(model.predict(X), decided)


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "quantile", "poisson", "gamma"])
@pytest.mark.parametrize("estimator", [MLPRegressor, partial(TabularMLPRegressor, dropout=0)])
def test_every_real_loss_averages_its_answers(loss, estimator):
    """Not the raw outputs: of exponentials that would be the geometric mean."""
    X, y = real()
    model = fitted(estimator(loss=loss, n_members=3, **SETTINGS), X, np.exp(y))
    assert_mean(model, X, 1e-9)


@every_task
def test_the_decision_agrees_with_the_probabilities(task):
    """It has their order, and the sign or the largest of it decides."""
    model, X, _ = three(task)
    if not hasattr(model, "decision_function"):
        return
    z, p = model.decision_function(X), model.predict_proba(X)
    if p.ndim == 2 and z.ndim == 1:
        assert_array_equal(np.argsort(z), np.argsort(p[:, 1]))
        assert_array_equal(model.predict(X), model.classes_[(z > 0).astype(int)])
        assert_allclose(p.sum(axis=1), 1)
    elif task.startswith("multilabel"):
        assert_array_equal(np.argsort(z, axis=0), np.argsort(p, axis=0))
        assert_array_equal(model.predict(X), (p > 0.5).astype(int))
    else:
        assert_array_equal(np.argsort(z, axis=1), np.argsort(p, axis=1))
        assert_array_equal(model.predict(X), model.classes_[p.argmax(axis=1)])
    assert_allclose(model.predict_log_proba(X), np.log(p), rtol=1e-9, atol=1e-12)


def test_means_of_certainties_are_finite():
    """Members so sure that their probabilities round to 0 and 1, and disagree."""
    X, y = binary()
    for target in (y, multiclass()[1], multilabel()[1]):
        model = fitted(MLPClassifier(n_members=2, **SETTINGS), X, target)
        model.intercepts_[-1][:, 0] = 1e4, -1e4
        p = model.predict_proba(X)
        assert_allclose(p, model.predict_members(X).mean(axis=0), rtol=1e-9, atol=1e-12)
        assert np.isfinite(model.decision_function(X)).all()
        assert np.isfinite(model.predict_log_proba(X)).all()


@pytest.mark.parametrize("estimator", [MLPRegressor, partial(TabularMLPRegressor, dropout=0)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_quantiles_stay_in_order(estimator, dtype):
    """Each is the mean of the members', as closely as its smallest step."""
    X, y = real()
    levels = [0.05, 0.5, 0.501, 0.95]
    settings = {**SETTINGS, "loss": "quantile", "quantile": levels, "dtype": dtype}
    for factor in (1e-3, 1e3):
        model = fitted(estimator(n_members=3, standardize_y=True, **settings), X, factor * y)
        p = model.predict(X)
        assert p.shape == (60, 4)
        assert (np.diff(p, axis=1) >= 0).all()
        mean = model.predict_members(X).mean(axis=0)
        assert_allclose(p, mean, rtol=0, atol=2e-5 * factor * y.std())


# What members are


@every_task
def test_one_member_is_no_member(task):
    """The same weights, without a member axis, and one answer to ask for."""
    estimator, make = EVERY_TASK[task]
    X, y = make()
    one = fitted(estimator(n_members=1, **SETTINGS), X, y)
    plain = fitted(estimator(**SETTINGS), X, y)
    assert_array_equal(parameters(one), parameters(plain))
    assert all(W.ndim == 2 for W in one.coefs_)
    members = one.predict_members(X)
    assert members.shape[0] == 1
    said = one.predict_proba(X) if hasattr(one, "predict_proba") else one.predict(X)
    assert_array_equal(members[0], said)


@every_task
def test_attributes_have_a_member_axis(task):
    """Weights and offsets have it, numbers that count epochs and samples have not."""
    model, _, _ = three(task)
    one, _, _ = three(task, n_members=1)
    assert [W.shape for W in model.coefs_] == [(3, *W.shape) for W in one.coefs_]
    for members, alone in zip(model.intercepts_, one.intercepts_, strict=True):
        assert members.shape[0] == 3
        assert members.size == 3 * alone.size
    assert (model.n_layers_, model.n_outputs_, model.t_) == (one.n_layers_, one.n_outputs_, one.t_)
    assert len(model.loss_curve_) == model.n_iter_ == 10


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_the_loss_is_the_mean_of_the_members(solver):
    """So that it means the same for any number of them."""
    X, y = real()
    settings = {"alpha": 0, "solver": solver, "learning_rate_init": 1e-300, "max_iter": 1}
    model = fitted(MLPRegressor((6,), n_members=3, batch_size=60, **settings), X, y)
    errors = model.predict_members(X) - y
    assert model.loss_ == pytest.approx((errors**2).mean() / 2)


@pytest.mark.parametrize("shuffle", [False, True])
def test_members_learn_side_by_side(shuffle):
    """Without a common penalty or clipping each is as good as it would be alone."""
    X, y = real(200)
    model = MLPRegressor((20,), n_members=4, max_iter=100, learning_rate_init=0.01, random_state=0)
    model = fitted(model.set_params(shuffle=shuffle), X, y)
    alone = fitted(clone(model).set_params(n_members=1), X, y)
    scores = [1 - np.mean((p - y) ** 2) / y.var() for p in model.predict_members(X)]
    assert min(scores) > 0.8 * alone.score(X, y)
    assert model.score(X, y) >= np.mean(scores)


@pytest.mark.parametrize("dropout", [0.3, [0.5, 0.0]])
def test_each_member_drops_units_of_its_own(dropout):
    """From the same weights, they part at the first step."""
    X, y = real()
    settings = {"hidden_layer_sizes": (6, 6), "batch_size": 60, "shuffle": False, "max_iter": 1}
    W = np.random.RandomState(1).normal(size=(6, 6))
    start = {"initialization": lambda rng, shape, dtype: W[: shape[0], : shape[1]].astype(dtype)}
    model = fitted(MLPRegressor(n_members=3, dropout=dropout, **settings, **start), X, y)
    p = model.predict_members(X)
    assert not np.allclose(p[0], p[1])
    alike = fitted(MLPRegressor(n_members=3, **settings, **start), X, y).predict_members(X)
    assert_allclose(alike[0], alike[1], rtol=1e-12)


# Everything else that estimators do


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("settings", [{}, {"solver": "sgd"}, {"solver": "lbfgs"}], ids=str)
def test_sparse_is_dense(task, settings):
    """For every solver, in training and in prediction."""
    estimator, make = TASKS[task]
    X, y = make()
    X = np.where(X > 0, X, 0)
    settings = {**SETTINGS, "batch_size": 7, "n_members": 3, **settings}
    a = fitted(estimator(**settings), X, y)
    b = fitted(estimator(**settings), sparse.csr_array(X), y)
    assert_allclose(parameters(a), parameters(b), rtol=1e-6, atol=1e-8)
    assert_allclose(a.predict(X), b.predict(sparse.csr_matrix(X)), rtol=1e-6, atol=1e-8)


@every_task
def test_lbfgs_trains_members(task):
    """All at once."""
    model, X, y = three(task, solver="lbfgs", max_iter=50)
    before = fitted(clone(model).set_params(max_iter=1), X, y)
    assert model.loss_ < before.loss_
    assert (model.predict_members(X).std(axis=0) > 0).any()


@every_task
@pytest.mark.parametrize("settings", [{}, {"dropout": 0.3}, {"batch_size": 7}], ids=str)
def test_a_stream_is_a_fit(task, settings):
    """Bit for bit, with pickles in between."""
    estimator, make = EVERY_TASK[task]
    X, y = make()
    model = estimator(**{**SETTINGS, "n_members": 3, **settings})
    whole = fitted(clone(model).set_params(max_iter=3, n_iter_no_change=np.inf), X, y)
    for _ in range(3):
        model = pickle.loads(pickle.dumps(model)).partial_fit(X, y, **classes_of(task, y))
    assert_array_equal(parameters(model), parameters(whole))
    assert model.loss_curve_ == whole.loss_curve_
    assert_array_equal(model.predict_members(X), whole.predict_members(X))


@every_task
def test_a_warm_start_goes_on(task):
    """Five epochs and five more are ten, bit for bit."""
    estimator, make = EVERY_TASK[task]
    X, y = make()
    settings = {**SETTINGS, "n_members": 3, "n_iter_no_change": np.inf}
    whole = fitted(estimator(**settings), X, y)
    half = estimator(**{**settings, "max_iter": 5, "warm_start": True})
    fitted(pickle.loads(pickle.dumps(fitted(half, X, y))), X, y)
    assert_array_equal(parameters(fitted(half, X, y)), parameters(whole))


@every_task
@pytest.mark.parametrize("goes_on", ["partial_fit", "warm_start"])
@pytest.mark.parametrize(("old", "new"), [(1, 3), (3, 1), (3, 2)])
def test_another_number_of_members_is_refused(task, goes_on, old, new):
    """By its name, and nothing is lost."""
    model, X, y = three(task, n_members=old, warm_start=True, max_iter=2)
    before = parameters(model)
    model.set_params(n_members=new)
    with pytest.raises(ValueError, match=f"fitted with n_members={old}.* continue with {new}"):
        model.fit(X, y) if goes_on == "warm_start" else model.partial_fit(X, y)
    assert_array_equal(parameters(model), before)
    assert model.predict_members(X).shape[0] == old


@every_task
@pytest.mark.parametrize("refit", [False, True])
def test_each_member_stops_early_by_itself(task, refit):
    """It keeps its own best epoch; the curves are means over the members that go on."""
    estimator, make = EVERY_TASK[task]
    X, y = make(100)
    settings = {"early_stopping": True, "n_iter_no_change": 3, "learning_rate_init": 0.02}
    model = estimator(**{**SETTINGS, "max_iter": 30, "n_members": 3, "refit": refit, **settings})
    val = {"X_val": X[70:], "y_val": y[70:]}
    model = fitted(model, X[:70], y[:70], **val)
    scores = model.member_validation_scores_
    assert_allclose(model.validation_scores_, np.nanmean(scores, axis=1))
    assert model.best_validation_score_ == max(model.validation_scores_)
    assert scores.shape == (len(model.validation_scores_), 3)
    if refit:
        assert model.n_iter_ == len(model.loss_curve_)
        return
    assert_array_equal(model.best_iteration_, 1 + np.nanargmax(scores, axis=0))
    assert model.n_iter_ == len(scores)


@every_task
def test_weights_count_for_members(task):
    """Weight 0 is absence bit for bit, weight 2 is the row twice in full batches."""
    estimator, make = EVERY_TASK[task]
    X, y = make()
    w = np.random.RandomState(1).randint(0, 4, 60)
    model = estimator(**SETTINGS, n_members=3, batch_size=10**6)
    a = fitted(clone(model), X, y, sample_weight=w)
    b = fitted(clone(model), X[w > 0], y[w > 0], sample_weight=w[w > 0])
    assert_array_equal(parameters(a), parameters(b))
    rows = np.repeat(np.arange(60), w)
    c = fitted(clone(model), X.iloc[rows] if hasattr(X, "iloc") else X[rows], y[rows])
    assert_allclose(parameters(a), parameters(c), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("estimator", [MLPRegressor, partial(TabularMLPRegressor, dropout=0)])
@pytest.mark.parametrize("make", [real, multioutput])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_spread_of_the_members(estimator, make, dtype):
    """Mean and standard deviation, of the shape of a prediction; in pipelines, too."""
    X, y = make()
    model = fitted(estimator(n_members=3, dtype=dtype, **SETTINGS), X, y)
    mean, std = model.predict(X, return_std=True)
    members = model.predict_members(X)
    assert mean.shape == std.shape == y.shape
    assert_allclose(std, members.std(axis=0), rtol=1e-5)
    assert_allclose(mean, model.predict(X), rtol=1e-4, atol=1e-5)
    assert mean.dtype == std.dtype == model.predict(X).dtype
    pipeline = fitted(make_pipeline(StandardScaler(), clone(model)), X, y)
    mean, std = pipeline.predict(X, return_std=True)
    assert (std > 0).all()


@pytest.mark.parametrize("estimator", [MLPRegressor, TabularMLPRegressor])
def test_one_network_has_no_spread(estimator):
    """The error says what to do; before fit it is that there was none."""
    X, y = real()
    with pytest.raises(ValueError, match="not fitted"):
        estimator(**SETTINGS).predict(X, return_std=True)
    model = fitted(estimator(**SETTINGS), X, y)
    with pytest.raises(ValueError, match="Fit with n_members="):
        model.set_params(n_members=3).predict(X, return_std=True)


def test_unknown_targets_teach_no_member():
    """Holes in several columns, with members, are as without."""
    X, Y = multioutput()
    Y = np.where(np.random.RandomState(0).uniform(size=Y.shape) < 0.3, np.nan, Y)
    model = fitted(MLPRegressor(n_members=3, standardize_y=True, **SETTINGS), X, Y)
    assert np.isfinite(model.loss_curve_).all()
    assert_mean(model, X, 1e-12)
    assert np.isfinite(model.score(X, Y))


@every_task
def test_members_answer_one_row_at_a_time(task):
    """And many rows in pieces."""
    model, X, _ = three(task)
    rows = [X[i : i + 1] for i in range(len(X))]
    alone = np.concatenate([model.predict_members(row) for row in rows], axis=1)
    assert_allclose(model.predict_members(X), alone, rtol=1e-9, atol=1e-12)


def test_members_of_a_large_table():
    """The same in pieces as at once, with as little memory as a piece needs."""
    X, y = real(50_000)
    settings = {"hidden_layer_sizes": (16,), "max_iter": 1, "batch_size": 5000, "dropout": 0}
    model = fitted(TabularMLPRegressor(n_members=4, n_bins=8, **settings), table(X[:200]), y[:200])
    whole = model.predict_members(table(X))
    assert_allclose(whole[:, -7:], model.predict_members(table(X)[-7:]), rtol=1e-6)


@pytest.mark.slow
def test_spread_of_members_is_no_interval():
    """It covers far fewer rows than a normal distribution would; quantiles are for that."""
    X, y = real(300, 6)
    y = y + np.random.default_rng(0).normal(size=300)
    train, test = slice(None, 200), slice(200, None)
    settings = {**SETTINGS, "n_members": 4, "learning_rate_init": 0.01, "max_iter": 100}
    mlp = fitted(MLPRegressor(**settings), X[train], y[train])
    mean, std = mlp.predict(X[test], return_std=True)
    assert np.mean(np.abs(y[test] - mean) < 1.645 * std) < 0.6
    mlp = MLPRegressor(loss="quantile", quantile=[0.05, 0.95], **settings)
    low, high = fitted(mlp, X[train], y[train]).predict(X[test]).T
    assert np.mean((low <= y[test]) & (y[test] <= high)) > 0.7
    assert "no prediction interval" in MLPRegressor.predict.__doc__
