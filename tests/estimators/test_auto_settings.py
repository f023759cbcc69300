"""cv="auto": what it chooses could be set by hand, and where it must not, nothing is chosen."""

import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, KFold
from sklearn.preprocessing import StandardScaler

import sknn
from sknn import TabularMLPClassifier, TabularMLPRegressor
from sknn.estimators import _auto_settings, _fit, _linear, _planning
from tests.estimators.data import fitted

SMALL = {"hidden_layer_sizes": 8, "random_state": 0}
MANY_ROWS = 400


def table(n=120, noise=0.1, seed=0):
    """Make numbers and a target with noise."""
    rng = np.random.RandomState(seed)
    X = rng.randn(n, 4)
    return X, X[:, 0] + np.sin(2 * X[:, 1]) + noise * rng.randn(n)


def classes(n=150, seed=0):
    """Make numbers, and classes of which a tenth are wrong."""
    X, y = table(n, 0.0, seed)
    rng = np.random.RandomState(seed)
    y = np.digitize(y, [-0.5, 0.5])
    return X, np.where(rng.rand(n) < 0.1, rng.randint(3, size=n), y)


@pytest.fixture
def few_fold_rows(monkeypatch):
    """Let rows be held out, without folds, of small tables."""
    monkeypatch.setattr(_auto_settings, "MAX_FOLD_ROWS", 100)
    monkeypatch.setattr(_auto_settings, "MIN_HELD_OUT", 60)


@pytest.fixture
def no_linear_models(monkeypatch):
    """Let all members be networks."""
    monkeypatch.setattr(_linear, "LOSSES", ())


def kept(model):
    """Return the arrays of the networks."""
    return [*model.coefs_, *model.intercepts_]


def grouped(settings):
    """Return different settings with the number of networks of each, in their order."""
    counts = {}
    for one in settings:
        key = tuple(sorted(one.items()))
        counts[key] = counts.get(key, 0) + 1
    return [(dict(key), n) for key, n in counts.items()]


@pytest.mark.usefixtures("no_linear_models")
@pytest.mark.parametrize("make", [TabularMLPClassifier, TabularMLPRegressor])
def test_the_networks_are_those_that_the_chosen_settings_give(make):
    """Those of the first settings are those of a fit with them, but for the temperature."""
    X, y = classes() if make is TabularMLPClassifier else table()
    model = make(**SMALL).fit(X, y)
    settings, n = grouped(model.member_params_)[0]
    alone = make(**SMALL, cv=None, n_members=n, **settings).fit(X, y)
    temperature = getattr(model, "temperature_", 1.0)
    for ours, theirs in zip(model.coefs_[:-1], alone.coefs_[:-1], strict=True):
        assert_allclose(ours[:n], theirs, rtol=1e-9, atol=1e-12)
    assert_allclose(model.coefs_[-1][:n] * temperature, alone.coefs_[-1], rtol=1e-9, atol=1e-12)
    assert len(model.member_params_) == len(model.coefs_[0])


def test_probabilities_are_those_at_the_temperature():
    """Averaged over the networks, after the division of their raw outputs."""
    X, y = classes()
    model = TabularMLPClassifier(**SMALL, n_members=2).fit(X, y)
    [(settings, n)] = grouped(model.member_params_)
    alone = TabularMLPClassifier(**SMALL, cv=None, n_members=n, **settings).fit(X, y)
    z = np.log(alone.predict_members(X))
    expected = softmax(z / model.temperature_, axis=-1).mean(axis=0)
    assert model.temperature_ != 1
    assert_allclose(model.predict_proba(X), expected, rtol=1e-6)


@pytest.mark.parametrize("loss", ["hinge", "brier"])
def test_only_a_log_loss_has_a_temperature(loss):
    """The outputs of other losses stay as they are."""
    X, y = classes()
    model = TabularMLPClassifier(**SMALL, loss=loss, n_members=1).fit(X, y)
    alone = TabularMLPClassifier(**SMALL, loss=loss, cv=None, **model.member_params_[0]).fit(X, y)
    assert model.temperature_ == 1
    assert_array_equal(model.coefs_[-1], alone.coefs_[-1])


@pytest.mark.usefixtures("no_linear_models")
def test_labels_have_one_temperature():
    """Several labels are calibrated together."""
    X, _ = table()
    model = TabularMLPClassifier(**SMALL).fit(X, (X[:, :2] > 0).astype(int))
    assert model.temperature_ < 1
    assert model.oof_proba_.shape == (120, 2)


def best_epochs(model):
    """Return the numbers of epochs that were chosen."""
    return {one["max_iter"] for one in model.member_params_}


@pytest.mark.usefixtures("no_linear_models")
def test_out_of_fold_predictions_are_those_of_the_folds():
    """By a number of epochs that was chosen."""
    X, y = table()
    model = TabularMLPRegressor(**SMALL).fit(X, y)
    folds = KFold(5, shuffle=True, random_state=0)
    found = [
        TabularMLPRegressor(**SMALL, cv=folds, max_iter=epochs).fit(X, y).oof_prediction_
        for epochs in best_epochs(model)
    ]
    assert any(np.allclose(model.oof_prediction_, one, rtol=1e-9) for one in found)


@pytest.mark.usefixtures("no_linear_models")
def test_a_noisy_table_is_trained_shorter_than_an_exact_one():
    """A fit looks at the table."""
    short, long = (
        max(best_epochs(TabularMLPRegressor(hidden_layer_sizes=32, random_state=0).fit(X, y)))
        for X, y in (table(noise=30.0), table(noise=0.0))
    )
    assert short < long


def test_the_diabetes_data_are_predicted_as_by_a_linear_model():
    """Where the network without a choice has an R2 of 0.3."""
    X, y = load_diabetes(return_X_y=True)
    model = TabularMLPRegressor(random_state=0).fit(X[::2], y[::2])
    assert model.score(X[1::2], y[1::2]) > 0.4


def test_probabilities_of_few_rows_are_calibrated():
    """The log loss of iris is not above that of the network without a choice."""
    X, y = load_iris(return_X_y=True)
    losses = []
    for cv in ("auto", None):
        model = TabularMLPClassifier(random_state=0, cv=cv).fit(X[::2], y[::2])
        p = model.predict_proba(X[1::2])
        losses.append(-np.log(p[np.arange(len(p)), y[1::2]]).mean())
    assert losses[0] <= losses[1]


NONE = {
    "explicit epochs": {"max_iter": 3},
    "early stopping": {"early_stopping": True},
    "warm start": {"warm_start": True},
    "lbfgs": {"solver": "lbfgs", "dropout": 0.0},
    "no horizon": {"learning_rate": "constant"},
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("settings", NONE.values(), ids=NONE)
@pytest.mark.parametrize("make", [TabularMLPClassifier, TabularMLPRegressor])
def test_nothing_is_chosen(make, settings):
    """Then "auto" is None, bit for bit."""
    X, y = classes(60) if make is TabularMLPClassifier else table(60)
    model, other = (make(**SMALL, **settings, cv=cv).fit(X, y) for cv in ("auto", None))
    assert not hasattr(model, "member_params_")
    for ours, theirs in zip(kept(model), kept(other), strict=True):
        assert_array_equal(ours, theirs)


def test_nothing_is_chosen_with_validation_rows_or_few_rows():
    """Nor with a class of one row, fewer groups than folds, or in a stream."""
    X, y = table(60)
    labels = np.arange(60) // 30
    labels[-1] = 2
    fits = [
        TabularMLPRegressor(**SMALL).fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:]),
        TabularMLPRegressor(**SMALL).fit(X[:29], y[:29]),
        TabularMLPClassifier(**SMALL).fit(X, labels),
    ]
    with pytest.warns(UserWarning, match="groups are not used"):
        fits.append(TabularMLPRegressor(**SMALL).fit(X, y, groups=np.arange(60) % 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits.append(TabularMLPRegressor(**SMALL).partial_fit(X, y))
    for model in fits:
        assert not hasattr(model, "member_params_")
        assert model.coefs_[0].ndim == 2


@pytest.mark.usefixtures("no_linear_models")
def test_groups_are_held_out_together():
    """As by GroupKFold."""
    X, y = table()
    groups = np.arange(120) % 12
    model = TabularMLPRegressor(**SMALL).fit(X, y, groups=groups)
    found = [
        TabularMLPRegressor(**SMALL, cv=GroupKFold(5), max_iter=epochs)
        .fit(X, y, groups=groups)
        .oof_prediction_
        for epochs in best_epochs(model)
    ]
    assert any(np.allclose(model.oof_prediction_, one, rtol=1e-9) for one in found)


@pytest.mark.parametrize("make", [TabularMLPClassifier, TabularMLPRegressor])
def test_rows_of_weight_0_are_absent(make):
    """They have no out-of-fold prediction."""
    X, y = classes() if make is TabularMLPClassifier else table()
    w = np.ones(len(y))
    w[::7] = 0
    model = make(**SMALL).fit(X, y, w)
    absent = make(**SMALL).fit(X[w > 0], y[w > 0])
    assert model.member_params_ == absent.member_params_
    for ours, theirs in zip(kept(model), kept(absent), strict=True):
        assert_array_equal(ours, theirs)
    missing = model.oof_prediction_ != model.oof_prediction_
    assert_array_equal(missing, w == 0)


@pytest.mark.usefixtures("no_linear_models")
@pytest.mark.parametrize("make", [TabularMLPClassifier, TabularMLPRegressor])
def test_the_same_seed_gives_the_same_fit(make):
    """A generator gives another one each time, and is restored by a fit that fails."""
    X, y = classes() if make is TabularMLPClassifier else table()
    first, second = (make(**SMALL).fit(X, y) for _ in range(2))
    for ours, theirs in zip(kept(first), kept(second), strict=True):
        assert_array_equal(ours, theirs)
    rng = np.random.RandomState(0)
    model = make(hidden_layer_sizes=8, random_state=rng)
    before = clone(model).fit(X, y).coefs_[0]
    model.fit(X, y)
    state = rng.get_state()[1].copy()
    with pytest.raises(ValueError, match="inconsistent"):
        model.fit(X, y[1:])
    assert_array_equal(rng.get_state()[1], state)
    assert not np.array_equal(model.fit(X, y).coefs_[0].ravel()[:8], before.ravel()[:8])


def test_an_explicit_number_of_networks():
    """It is that of the networks that predict; the folds have one each."""
    X, y = table()
    model = TabularMLPRegressor(**SMALL, n_members=2).fit(X, y)
    assert len(model.member_params_) == len(model.coefs_[0]) == 2
    model = TabularMLPRegressor(**SMALL, n_members=1).fit(X, y)
    assert model.coefs_[0].ndim == 2
    assert len(model.cv_scores_) == 5


@pytest.mark.parametrize("make", [TabularMLPClassifier, TabularMLPRegressor])
def test_a_saved_model_predicts_alike(make, tmp_path):
    """And tells what was chosen."""
    X, y = classes() if make is TabularMLPClassifier else table()
    model = make(**SMALL).fit(X, y)
    model.save(tmp_path / "model.sknn")
    again = sknn.load(tmp_path / "model.sknn")
    assert again.cv == "auto"
    assert again.member_params_ == model.member_params_
    assert_array_equal(again.predict(X), model.predict(X))
    assert_array_equal(again.oof_prediction_, model.oof_prediction_)


def test_training_goes_on_by_batches():
    """All networks are trained further; the out-of-fold predictions are then those of others."""
    X, y = classes()
    model = TabularMLPClassifier(**SMALL).fit(X, y)
    n = len(model.member_params_)
    before = model.score(X, y)
    for _ in range(3):
        with pytest.warns(UserWarning, match="has run its course"):
            model.partial_fit(X[:50], y[:50])
        assert model.learning_rates_[-1] < 1e-3
    assert len(model.coefs_[0]) == n
    assert abs(model.score(X, y) - before) < 0.05
    assert not hasattr(model, "oof_prediction_")


def test_intervals_and_sets_are_approximate():
    """The rows that calibrate have chosen the number of epochs."""
    X, y = table()
    model = TabularMLPRegressor(**SMALL).fit(X, y)
    with pytest.warns(UserWarning, match="approximate"):
        low, high = model.predict_interval(X).T
    assert np.mean((low <= y) & (y <= high)) > 0.8
    X, y = classes()
    with pytest.warns(UserWarning, match="approximate"):
        assert TabularMLPClassifier(**SMALL).fit(X, y).predict_set(X).any(axis=1).mean() > 0.8


def test_the_end_of_time_ends_the_search():
    """The networks of the folds are the result."""
    X, y = table()
    model = TabularMLPRegressor(**SMALL, max_time=1e-6).fit(X, y)
    assert model.coefs_[0].shape[0] == 5
    assert model.member_params_ == [{"max_iter": 8}] * 5
    assert np.isfinite(model.predict(X)).all()


def interrupt_training(monkeypatch, n_before):
    """Let Ctrl-C be pressed before the first epoch of a later training of networks."""
    trained, train = [], _fit.fit_networks

    def interrupted(*args):
        trained.append(1)
        if len(trained) == n_before + 1:
            raise KeyboardInterrupt
        return train(*args)

    monkeypatch.setattr(_fit, "fit_networks", interrupted)


@pytest.mark.parametrize("n_before", [1, 2])
def test_ctrl_c_keeps_the_networks_of_the_folds(monkeypatch, n_before):
    """Those of the best number of epochs so far."""
    X, y = table(noise=30.0)
    interrupt_training(monkeypatch, n_before)
    with pytest.warns(UserWarning, match="interrupted"):
        model = TabularMLPRegressor(**SMALL).fit(X, y)
    assert len(model.member_params_) == len(model.coefs_[0]) == 5
    assert model.oof_score_ > -1
    with pytest.raises(ValueError, match="was interrupted"):
        model.partial_fit(X, y)


@pytest.mark.usefixtures("few_fold_rows")
@pytest.mark.parametrize("n_before", [1, 2, 3])
def test_ctrl_c_keeps_a_complete_network(monkeypatch, n_before):
    """And not one that was cut in the middle of its schedule."""
    X, y = table(MANY_ROWS)
    interrupt_training(monkeypatch, n_before)
    with pytest.warns(UserWarning, match="interrupted"):
        model = TabularMLPRegressor(**SMALL).fit(X, y)
    assert model.n_iter_ == model.member_params_[0]["max_iter"]
    assert model.score(X, y) > 0.5


def held_out_table(make):
    """Make a table with more rows than folds are trained for."""
    return classes(MANY_ROWS) if make is TabularMLPClassifier else table(MANY_ROWS)


@pytest.mark.usefixtures("few_fold_rows")
@pytest.mark.parametrize("make", [TabularMLPClassifier, TabularMLPRegressor])
def test_held_out_rows_choose(make):
    """The networks are those that the settings give, each trained on all rows."""
    X, y = held_out_table(make)
    model = make(**SMALL).fit(X, y)
    assert all(set(one) == {"max_iter", "weight_decay"} for one in model.member_params_)
    assert not hasattr(model, "oof_score_")
    settings, n = grouped(model.member_params_)[0]
    alone = make(**SMALL, cv=None, n_members=n, **settings).fit(X, y)
    first = model.coefs_[0] if len(model.member_params_) == 1 else model.coefs_[0][0]
    # some BLAS kernels round a stack of products otherwise than one alone
    assert_allclose(first, alone.coefs_[0] if n == 1 else alone.coefs_[0][0], rtol=1e-4, atol=2e-6)
    caller = "predict_set" if make is TabularMLPClassifier else "predict_interval"
    with pytest.raises(ValueError, match="Set cv=5"):
        getattr(model, caller)(X)


@pytest.mark.usefixtures("few_fold_rows")
@pytest.mark.parametrize("make", [TabularMLPClassifier, TabularMLPRegressor])
def test_held_out_rows_with_explicit_settings(make):
    """The decay and the number of networks are those given."""
    X, y = held_out_table(make)
    model = make(**SMALL, weight_decay=0.5, n_members=2).fit(X, y)
    assert len(model.member_params_) == 2
    assert {"max_iter"} == set(model.member_params_[0])
    groups = np.arange(MANY_ROWS) % 40
    assert make(**SMALL).fit(X, y, groups=groups).member_params_
    assert make(**SMALL, shuffle=False).fit(X, y).member_params_


@pytest.mark.usefixtures("few_fold_rows")
def test_many_rows_have_a_single_network(monkeypatch):
    """Whose decay is the better one of the short networks."""
    monkeypatch.setattr(_auto_settings, "MAX_ENSEMBLE_ROWS", 200)
    X, y = table(MANY_ROWS)
    model = TabularMLPRegressor(**SMALL).fit(X, y)
    assert model.coefs_[0].ndim == 2
    assert len(model.member_params_) == 1


@pytest.mark.usefixtures("few_fold_rows")
def test_the_end_of_time_ends_the_search_by_held_out_rows():
    """The network that was trained so far is the result."""
    X, y = table(MANY_ROWS)
    model = TabularMLPRegressor(**SMALL, max_time=1e-6).fit(X, y)
    assert model.coefs_[0].ndim == 2
    assert np.isfinite(model.predict(X)).all()


def test_folds_are_stratified():
    """Also with a class of two rows, for which there is no warning."""
    X, y = classes()
    y[y == 2] = 1
    y[:2] = 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = TabularMLPClassifier(**SMALL).fit(X, y)
    assert model.oof_proba_.shape == (150, 3)


@pytest.mark.parametrize(
    "arguments",
    [({"shuffle": False}, None), ({}, np.repeat(np.arange(5), 30))],
    ids=["sorted rows", "groups"],
)
def test_each_fold_is_trained_on_all_classes(arguments):
    """Folds of sorted rows are stratified; where groups are classes, nothing is chosen."""
    settings, groups = arguments
    X, y = classes()
    order = np.argsort(y, kind="stable")
    X, y = X[order], np.repeat(np.arange(5), 30) if groups is not None else y[order]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "groups are not used")
        model = TabularMLPClassifier(**SMALL, **settings).fit(X, y, groups=groups)
    assert hasattr(model, "member_params_") == (groups is None)


IN_ONE_GROUP = np.arange(120) // 20
ONE_GROUP = (IN_ONE_GROUP == 2).astype(float)
UNFIT_FOLDS = {
    "unknown targets": (
        {},
        lambda X, y: np.c_[y, np.where(ONE_GROUP, y, np.nan)],
    ),
    "no counts": ({"loss": "poisson"}, lambda X, y: ONE_GROUP),
}


@pytest.mark.filterwarnings("ignore:groups are not used")
@pytest.mark.parametrize(("settings", "target"), UNFIT_FOLDS.values(), ids=UNFIT_FOLDS)
def test_nothing_is_chosen_by_folds_that_cannot_be_trained(settings, target):
    """The fit is that without a choice."""
    X, y = table()
    models = [
        fitted(TabularMLPRegressor(**SMALL, **settings, cv=cv), X, target(X, y), groups=groups)
        for cv, groups in (("auto", IN_ONE_GROUP), (None, None))
    ]
    assert not hasattr(models[0], "member_params_")
    for ours, theirs in zip(*map(kept, models), strict=True):
        assert_array_equal(ours, theirs)


def test_rows_of_class_weight_0_are_absent():
    """As with a sample weight of 0."""
    X, y = classes()
    model = TabularMLPClassifier(**SMALL, class_weight={0: 0}).fit(X, y)
    absent = TabularMLPClassifier(**SMALL).fit(X, y, (y != 0).astype(float))
    assert model.member_params_ == absent.member_params_
    assert_allclose(model.predict_proba(X), absent.predict_proba(X), rtol=1e-9, atol=1e-12)
    few = TabularMLPClassifier(**SMALL, class_weight={1: 0, 0: 0}).fit(X[:60], y[:60])
    assert not hasattr(few, "member_params_")


def test_numbers_that_overflow_are_no_error():
    """The losses of all candidates are infinite."""
    X, y = table()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = TabularMLPRegressor(**SMALL, standardize_y=False).fit(X, y * 1e300)
    assert hasattr(model, "coefs_")


def test_early_stopping_by_the_number_of_rows(monkeypatch):
    """Where "auto" holds back rows, nothing is chosen."""
    X, y = table()
    assert hasattr(TabularMLPRegressor(**SMALL, early_stopping="auto").fit(X, y), "member_params_")
    monkeypatch.setattr(_auto_settings, "N_SAMPLES_AUTO_EARLY_STOPPING", 100)
    monkeypatch.setattr(_planning, "N_SAMPLES_AUTO_EARLY_STOPPING", 100)
    model = TabularMLPRegressor(**SMALL, early_stopping="auto").fit(X, y)
    assert not hasattr(model, "member_params_")


def test_warnings_about_columns_are_those_of_all_rows():
    """Not those of a fold, whose categories are rarer."""
    rng = np.random.RandomState(0)
    names = np.repeat([f"k{i}" for i in range(30)], 5)
    X = pd.DataFrame({"name": names, "amount": rng.randn(150)})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TabularMLPRegressor(**SMALL).fit(X, rng.rand(150), groups=np.arange(150) % 5)


def linear_table(n=200, noise=1.0):
    """Make numbers that depend on others linearly."""
    rng = np.random.RandomState(1)
    X = rng.randn(n, 3)
    return X, X @ [2.0, -1.0, 0.5] + noise * rng.randn(n)


def test_a_linear_table_has_linear_models():
    """They are those of scikit-learn, of the encoded columns."""
    X, y = linear_table()
    model = TabularMLPRegressor(hidden_layer_sizes=(8, 4), random_state=0).fit(X, y)
    linear = [one for one in model.member_params_ if "alpha" in one]
    assert len(linear) >= len(model.member_params_) / 2
    scale = StandardScaler().fit(y[:, None])
    encoded, alpha = model.encoder_.transform(X), linear[0]["alpha"]
    ridge = Ridge(alpha=len(y) * alpha, tol=1e-10).fit(encoded, scale.transform(y[:, None])[:, 0])
    expected = scale.inverse_transform(ridge.predict(encoded)[:, None])[:, 0]
    assert_allclose(model.predict_members(X)[-1], expected, rtol=2e-2, atol=1e-2)


def test_linear_classes_have_linear_models():
    """They are those of scikit-learn, with two and with three classes, but for the temperature."""
    X, z = linear_table()
    for y in (z > 0, np.digitize(z, [-1, 1])):
        model = TabularMLPClassifier(hidden_layer_sizes=(8, 6), random_state=0).fit(X, y)
        linear = [one for one in model.member_params_ if "alpha" in one]
        assert linear
        encoded = model.encoder_.transform(X)
        theirs = LogisticRegression(C=1 / (len(y) * linear[0]["alpha"]), tol=1e-8).fit(encoded, y)
        z_own = np.log(model.predict_members(X)[-1]) * model.temperature_
        expected = softmax(z_own, axis=-1)
        assert_allclose(expected, theirs.predict_proba(encoded), atol=1e-2)


@pytest.mark.parametrize(
    "settings",
    [{"activation": "tanh"}, {"hidden_layer_sizes": 1}, {"loss": "huber"}, {"n_members": 2}],
    ids=str,
)
def test_networks_that_cannot_be_linear(settings):
    """Their members are networks, whatever the table."""
    X, y = linear_table()
    model = TabularMLPRegressor(**{"hidden_layer_sizes": 8, **settings}, random_state=0).fit(X, y)
    assert all("max_iter" in one for one in model.member_params_)


def test_linear_models_train_further_by_batches():
    """A network with their weights is one like any other, also if there are no others."""
    X, y = linear_table(noise=0.1)
    model = TabularMLPRegressor(hidden_layer_sizes=8, random_state=0).fit(X, y)
    before = model.score(X, y)
    model.partial_fit(X, y)
    assert model.n_iter_ > 0
    assert model.score(X, y) > before - 0.5


@pytest.mark.parametrize("n_before", [0, 3])
def test_ctrl_c_in_linear_models_keeps_the_networks(monkeypatch, n_before):
    """Those of the folds, or of the folds with the linear models that were fitted."""
    X, y = linear_table()
    fits, fit = [], _linear._fit

    def interrupted(*arguments):
        fits.append(1)
        if len(fits) > n_before:
            raise KeyboardInterrupt
        return fit(*arguments)

    monkeypatch.setattr(_linear, "_fit", interrupted)
    with pytest.warns(UserWarning, match="interrupted"):
        model = TabularMLPRegressor(**SMALL).fit(X, y)
    assert len(fits) == n_before + 1
    assert np.isfinite(model.predict(X)).all()


def test_further_training_uses_all_units():
    """Also those that a linear model does not need."""
    X, y = linear_table()
    model = TabularMLPRegressor(hidden_layer_sizes=(8, 4), random_state=0).fit(X, y)
    i = next(i for i, one in enumerate(model.member_params_) if "alpha" in one)
    single = model.coefs_[0].ndim == 2
    before = [W.copy() if single else W[i].copy() for W in model.coefs_]
    for _ in range(3):
        model.partial_fit(X, y)
    after = [W if single else W[i] for W in model.coefs_]
    assert all(np.mean(a != b) > 0.9 for a, b in zip(before, after, strict=True))
