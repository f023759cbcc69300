"""Cross-fitting: each network is that of its fold alone, and speaks of rows it did not see."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneOut,
    PredefinedSplit,
    RepeatedKFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    check_cv,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sknn
from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from sknn.estimators import _cross_fitting, _early_stopping
from sknn.estimators._validation.data import ValidatedData
from sknn.targets.conformal import interval_ends, quantile_scores
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
from tests.estimators.test_callbacks import Watching

SETTINGS = {"hidden_layer_sizes": (6,), "max_iter": 8, "random_state": 0, "dtype": "float64"}
EVERY_TASK = TASKS | TABLES
every_task = pytest.mark.parametrize("task", EVERY_TASK)

#: Settings for which the networks of a fold must be those of a fit of its training rows.
CONFIGURATIONS = {
    "plain": {},
    "members": {"n_members": 2},
    "sgd": {"solver": "sgd", "learning_rate": "adaptive"},
    "lbfgs": {"solver": "lbfgs"},
    "one_cycle": {"solver": "adamw", "learning_rate": "one_cycle", "dropout": 0.2},
    "early_stopping": {"early_stopping": True, "n_iter_no_change": 2, "tol": 0.01},
    "small_batches": {"batch_size": 7, "clip_gradient_norm": 0.5},
    "unshuffled": {"shuffle": False, "activation": ("tanh",)},
}


def rows_of(X, rows):
    """Return rows of an array or a frame."""
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def splits_of(model, X, y):
    """Return the splits of the parameter `cv`."""
    classify = hasattr(model, "class_weight")
    return list(check_cv(model.cv, y, classifier=classify).split(X, y))


def data_of(task, n=60, **settings):
    """Return an estimator with three folds, X and y."""
    estimator, make = EVERY_TASK[task]
    X, y = make(n)
    return estimator(**{**SETTINGS, "cv": 3, **settings}), X, y


def alone(model, X, y, split, **fit_params):
    """Return a fit of the training rows of a split."""
    one = clone(model).set_params(cv=None, refit=False)
    params = {name: value[split[0]] for name, value in fit_params.items()}
    return fitted(one, rows_of(X, split[0]), y[split[0]], **params)


def oof_output(model):
    """Return the probabilities or real predictions of all rows."""
    return model.oof_proba_ if hasattr(model, "oof_proba_") else model.oof_prediction_


def output(model, X):
    """Return the probabilities or real predictions of these rows."""
    return model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)


# The law


@every_task
@pytest.mark.parametrize("settings", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_a_fold_is_a_fit_of_its_training_rows(task, settings):
    """Predictions for its test rows, its first layer and the number of its epochs."""
    model, X, y = data_of(task, **settings)
    w = np.random.RandomState(1).uniform(0.5, 2, len(y))
    fitted(model, X, y, sample_weight=w)
    for k, split in enumerate(splits_of(model, X, y)):
        one = alone(model, X, y, split, sample_weight=w)
        held_out = rows_of(X, split[1])
        assert_allclose(oof_output(model)[split[1]], output(one, held_out), rtol=1e-6, atol=1e-9)
        assert_array_equal(model.oof_prediction_[split[1]].shape, one.predict(held_out).shape)
        assert model.n_iter_[k] == one.n_iter_
        assert_array_equal(model.best_iteration_[k], one.best_iteration_)
        first = one.coefs_[0].reshape(-1, *one.coefs_[0].shape[-2:])
        own = model.coefs_[0][k * len(first) : (k + 1) * len(first)]
        assert_allclose(own[:, : first.shape[1]], first, rtol=1e-6, atol=1e-9)
        assert not own[:, first.shape[1] :].any()


SPLITS = {
    "one": [(np.arange(25), np.arange(25, 60))],
    "unsorted": list(ShuffleSplit(3, random_state=0).split(np.zeros(60))),
    "repeated": [(np.random.RandomState(k).choice(40, 50), np.arange(40, 60)) for k in range(2)],
    "overlapping": [(np.arange(40), np.arange(30, 60)), (np.arange(20, 60), np.arange(30))],
    "unequal": [(np.arange(9), np.arange(9, 60)), (np.arange(9, 60), np.arange(9))],
}


@every_task
@pytest.mark.parametrize("splits", SPLITS.values(), ids=SPLITS)
@pytest.mark.parametrize("settings", [{"batch_size": 7}, {"n_members": 2}], ids=str)
@pytest.mark.filterwarnings("ignore:Number of classes in training fold")
def test_any_splits_are_fits_of_their_training_rows(task, splits, settings):
    """Row numbers count in their order and with repetitions; a single split, too."""
    estimator, make = EVERY_TASK[task]
    X, y = make()
    if np.ndim(y) == 1 and not hasattr(estimator(), "standardize_y"):
        y[:9] = np.arange(9) % len(np.unique(y))
    scale = {"standardize_y": True} if hasattr(estimator(), "standardize_y") else {}
    model = fitted(estimator(**SETTINGS, **settings, **scale, cv=splits), X, y)
    members = model.predict_members(X)
    g = members.shape[0] // len(splits)
    for k, split in enumerate(splits):
        one = alone(model, X, y, split)
        if np.ndim(y) == 1 and hasattr(one, "classes_") and len(one.classes_) < len(model.classes_):
            continue
        assert_allclose(members[k * g : (k + 1) * g], one.predict_members(X), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("estimator", [MLPRegressor, TabularMLPRegressor])
@pytest.mark.parametrize("make", [real, multioutput])
@pytest.mark.parametrize("refit", [False, True])
@pytest.mark.parametrize(
    "loss",
    [
        {"loss": "squared_error"},
        {"loss": "absolute_error"},
        {"loss": "huber"},
        {"loss": "poisson"},
        {"loss": "gamma"},
        {"loss": "quantile"},
        {"loss": "quantile", "quantile": [0.1, 0.9]},
        {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]},
    ],
    ids=str,
)
def test_folds_in_units_of_their_own_predict_in_those_of_y(estimator, make, refit, loss):
    """Each fold scales y by its training rows, whose levels differ here."""
    X, y = make()
    y = np.exp(y) * np.where(np.arange(60) < 20, 50, 1).reshape((-1,) + (1,) * (y.ndim - 1))
    settings = {"standardize_y": True, "solver": "lbfgs", "cv": KFold(3), "refit": refit}
    model = fitted(estimator(**{**SETTINGS, **settings, **loss, "max_iter": 30}), X, y)
    ones = [alone(model, X, y, split) for split in KFold(3).split(X)]
    for one, (_, test) in zip(ones, KFold(3).split(X), strict=True):
        assert_allclose(model.oof_prediction_[test], one.predict(X[test]), rtol=1e-5, atol=1e-5)
    if not refit:
        mean = np.mean([one.predict(X) for one in ones], axis=0)
        assert_allclose(model.predict(X), mean, rtol=1e-4, atol=1e-4)


@every_task
def test_predictions_are_means_over_all_networks(task):
    """Of probabilities or of numbers in the units of y."""
    model, X, y = data_of(task, n_members=2)
    y = 100 + 50 * y if hasattr(model, "standardize_y") else y
    fitted(model, X, y)
    ones = [alone(model, X, y, split) for split in splits_of(model, X, y)]
    expected = np.mean([output(one, X) for one in ones], axis=0)
    assert_allclose(output(model, X), expected, rtol=1e-6)
    assert model.predict_members(X).shape[0] == 6
    assert_allclose(model.predict_members(X).mean(axis=0), expected, rtol=1e-6)


@every_task
def test_scores_are_those_of_the_predictions(task):
    """The pooled score is the default one, weighted; that of a fold is by `scoring`."""
    model, X, y = data_of(task, scoring="loss")
    w = np.random.RandomState(1).uniform(0.5, 2, len(y))
    fitted(model, X, y, sample_weight=w)
    splits = splits_of(model, X, y)
    for k, split in enumerate(splits):
        watched = clone(model).set_params(cv=None)
        train, test = (rows_of(X, rows) for rows in split)
        val = {"X_val": test, "y_val": y[split[1]], "sample_weight_val": w[split[1]]}
        fitted(watched, train, y[split[0]], sample_weight=w[split[0]], **val)
        assert model.cv_scores_[k] == pytest.approx(-watched.validation_loss_curve_[-1])
        curve = model.member_validation_loss_curves_[:, k]
        assert_allclose(curve[~np.isnan(curve)], watched.validation_loss_curve_, rtol=1e-6)
    if hasattr(model, "class_weight"):
        right = np.reshape(model.oof_prediction_ == y, (len(y), -1)).all(axis=1)
        expected = np.average(right, weights=w)
    else:
        expected = r2_score(y, model.oof_prediction_, sample_weight=w)
    assert model.oof_score_ == pytest.approx(expected)


def test_it_agrees_with_cross_val_predict():
    """scikit-learn's function fits each fold by itself."""
    X, y = multiclass(90)
    model = fitted(MLPClassifier(**SETTINGS, cv=5), X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        theirs = cross_val_predict(MLPClassifier(**SETTINGS), X, y, cv=5, method="predict_proba")
    assert_allclose(model.oof_proba_, theirs, rtol=1e-6)
    assert_array_equal(model.oof_prediction_, model.classes_[theirs.argmax(axis=1)])


def test_sparse_rows_and_rare_classes():
    """Classes are those of all rows, also where a fold has no row of one, which warns."""
    X, y = binary()
    X = np.where(X > 0, X, 0)
    dense = fitted(MLPClassifier(**SETTINGS, cv=KFold(3)), X, y)
    other = fitted(MLPClassifier(**SETTINGS, cv=KFold(3)), sparse.csr_matrix(X), y)
    assert_allclose(dense.oof_proba_, other.oof_proba_, rtol=1e-6)
    y = np.where(np.arange(60) < 2, 7, y)
    with pytest.warns(UserWarning, match=r"training fold \(2\) does not match .* \(3\)"):
        model = fitted(MLPClassifier(**SETTINGS, cv=KFold(3)), X, y)
    assert_array_equal(model.classes_, [0, 1, 7])
    assert model.oof_proba_.shape == (60, 3)


def test_losses_without_probabilities_have_a_decision_function():
    """Out of fold, as the method gives it."""
    X, y = multiclass()
    model = fitted(MLPClassifier(**SETTINGS, cv=3, loss="hinge"), X, y)
    assert not hasattr(model, "oof_proba_")
    for split in splits_of(model, X, y):
        z = alone(model, X, y, split).decision_function(X[split[1]])
        assert_allclose(model.oof_decision_function_[split[1]], z, rtol=1e-6)


@pytest.mark.parametrize("weight", ["balanced", {0: 1, 1: 8}, {0: 0, 1: 1}], ids=str)
def test_scores_of_folds_do_not_use_class_weights(weight):
    """Without class weights, like the pooled score; rows of class weight 0 do not calibrate."""
    X, y = binary(90)
    settings = {"class_weight": weight, "scoring": "accuracy"}
    model = fitted(MLPClassifier(**SETTINGS, cv=3, **settings), X, y)
    assert_allclose(model.cv_scores_.mean(), model.oof_score_)
    assert_allclose(model.oof_score_, np.mean(model.oof_prediction_ == y))
    if isinstance(weight, dict) and weight[0] == 0:
        assert len(model._calibration["scores"]) == np.count_nonzero(y)


def test_columns_of_labels_have_a_list():
    """An array for each column, as from `predict_proba`."""
    X, y = multiclass()
    Y = np.column_stack([np.array(["a", "b"])[y % 2], np.array(["p", "q", "r"])[y]])
    model = fitted(MLPClassifier(**SETTINGS, cv=3), X, Y)
    assert [p.shape for p in model.oof_proba_] == [(60, 2), (60, 3)]
    assert model.oof_prediction_.shape == (60, 2)
    with pytest.raises(ValueError, match="predict_set needs a single column"):
        model.predict_set(X)
    mixed = pd.DataFrame({"text": Y[:, 1], "truth": y == 0})
    model = fitted(MLPClassifier(**SETTINGS, cv=3), X, mixed)
    assert model.oof_prediction_.shape == (60, 2)


# Weights, classes, groups


@every_task
def test_rows_of_weight_zero_are_absent_but_counted(task):
    """Splits count them; they train nothing, and get predictions nevertheless."""
    model, X, y = data_of(task)
    w = np.ones(60)
    w[::7] = 0
    here = np.flatnonzero(w)
    number = np.full(60, -1)
    number[here] = np.arange(len(here))
    splits = list(KFold(3).split(X))
    without = [(number[a][number[a] >= 0], number[b][number[b] >= 0]) for a, b in splits]
    a = fitted(clone(model).set_params(cv=splits), X, y, sample_weight=w)
    b = fitted(clone(model).set_params(cv=without), rows_of(X, here), y[here])
    assert_array_equal(parameters(a), parameters(b))
    # predictions of so many more rows: some BLAS kernels round other numbers of rows otherwise
    assert_allclose(oof_output(a)[here], oof_output(b), rtol=1e-12)
    assert len(a.oof_prediction_) == 60
    assert_allclose(a.oof_score_, b.oof_score_, rtol=1e-12)
    assert_allclose(a.cv_scores_, b.cv_scores_, rtol=1e-12)


def test_balanced_classes_are_balanced_by_fold():
    """Class weights come from the training rows of each fold."""
    X, y = binary(90)
    keep = (y == 0) | (np.arange(90) % 3 == 0)
    X, y = X[keep], y[keep]
    model = fitted(MLPClassifier(**SETTINGS, cv=3, class_weight="balanced"), X, y)
    for split in splits_of(model, X, y):
        one = alone(model, X, y, split)
        assert_allclose(model.oof_proba_[split[1]], one.predict_proba(X[split[1]]), rtol=1e-6)


def test_groups_stay_together():
    """Given to `fit`, or routed by a meta-estimator."""
    X, y = real()
    groups = np.arange(60) % 6
    model = MLPRegressor(**SETTINGS, cv=GroupKFold(3))
    fitted(model, X, y, groups=groups)
    for train, test in GroupKFold(3).split(X, y, groups):
        assert not set(groups[train]) & set(groups[test])
        one = alone(model, X, y, (train, test))
        assert_allclose(model.oof_prediction_[test], one.predict(X[test]), rtol=1e-6)
    with sknn_routing():
        routed = make_pipeline(StandardScaler(), clone(model).set_fit_request(groups=True))
        fitted(routed, X, y, groups=groups)
    assert len(routed[-1].cv_scores_) == 3
    with pytest.raises(ValueError, match="groups"):
        MLPRegressor(**SETTINGS, cv=GroupKFold(3)).fit(X, y)
    with pytest.raises(ValueError, match="groups are for the splitter of cv"):
        MLPRegressor(**SETTINGS).fit(X, y, groups=groups)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        MLPRegressor(**SETTINGS, cv=3).fit(X, y, groups=groups[:-1])


@pytest.mark.parametrize("task", TASKS | TABLES)
def test_an_integer_and_groups_make_folds_of_groups(task):
    """Stratified where those of an integer alone are."""
    estimator, make = (TASKS | TABLES)[task]
    X, y = make()
    groups = np.repeat(np.arange(20), 3)
    is_stratified = task.startswith(("binary", "multiclass"))
    splitter = StratifiedGroupKFold(3) if is_stratified else GroupKFold(3)
    models = [
        fitted(estimator(**SETTINGS, cv=cv), X, y, groups=groups)
        for cv in (3, np.int64(3), splitter)
    ]
    for model in models[:2]:
        assert_array_equal(parameters(model), parameters(models[2]))
        assert_array_equal(model.cv_scores_, models[2].cv_scores_)
    too_many = estimator(**SETTINGS, cv=30)
    with pytest.raises(ValueError, match="folds of whole groups, but there are 20"):
        too_many.fit(X, y, groups=groups)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("cv", [None, GroupKFold(3)])
def test_rows_held_back_for_early_stopping_are_whole_groups(cv, shuffle):
    """Rows of one group in training would tell those that validate: with and without folds."""
    rng = np.random.RandomState(0)
    groups = np.repeat(np.arange(20), 10)
    X = rng.normal(size=(20, 4))[groups]
    X[:, 3] = np.arange(200)
    seen = []

    def score(estimator, X, y):
        seen.append(np.round(100 * X[:, 3]).astype(int))
        return 0.0

    settings = {**SETTINGS, "early_stopping": True, "scoring": score, "max_iter": 1}
    model = MLPRegressor(**settings, cv=cv, shuffle=shuffle)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        fitted(model, X / 100, rng.normal(size=200), groups=groups)
    for rows in seen:
        assert np.isin(groups, groups[rows]).sum() == len(rows)


def test_groups_of_unequal_sizes_are_held_back_by_their_rows():
    """A group of most rows is never held back, and no class loses its last group."""
    groups = np.r_[np.zeros(900, int), 1 + np.arange(100) // 10]
    y = (groups == 3) + 2 * (groups > 6)
    for seed in range(8):
        rng = np.random.RandomState(seed)
        mlp = MLPClassifier(validation_fraction=0.05)
        data = ValidatedData(np.zeros((1000, 1)), y, groups=groups)
        train, held_back = _early_stopping.split(mlp, data, rng, classify=True)
        assert len(held_back.y) == 50
        assert set(train.y) == {0, 1, 2}
    data = ValidatedData(np.zeros((6, 1)), np.arange(6) % 2, groups=np.arange(6) // 2)
    held_back = _early_stopping.split(mlp, data, rng, classify=True)[1]
    assert len(held_back.y) == 2  # the smallest group, if all are too large


def test_an_unknown_score_does_not_end_the_refit():
    """A scorer that fails once gives NaN: that epoch is not the best one."""
    X, y = binary()
    calls = []

    def score(estimator, X, y):
        calls.append(len(calls))
        epoch = (len(calls) - 4) // 3  # after three checks, three networks in each epoch
        return np.nan if epoch == 3 else float(epoch)

    settings = {**SETTINGS, "cv": 3, "refit": True, "early_stopping": "cv", "scoring": score}
    assert fitted(MLPClassifier(**settings), X, y).n_iter_ == 8


def test_a_class_of_weight_zero_fills_a_fold():
    """Its rows are not scored, and nothing is lost."""
    X, y = multiclass(30)
    folds = PredefinedSplit(np.where(y == y.max(), 2, np.arange(30) % 2))
    settings = {**SETTINGS, "early_stopping": True, "class_weight": {y.max(): 0}}
    model = fitted(MLPClassifier(cv=folds, **settings), X, y)
    assert np.isfinite(model.cv_scores_).all()
    assert len(model._calibration["scores"]) == np.count_nonzero(y != y.max())


def test_scores_that_fail_do_not_lose_the_networks():
    """R2 overflows where absolute errors do not; the warning comes after the assignment."""
    X, y = real()
    model = MLPRegressor(loss="absolute_error", standardize_y=True, cv=3, **SETTINGS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", "Scoring failed: oof_score_")
        with pytest.raises(UserWarning, match="oof_score_ is NaN"):
            model.fit(X, y * 1e160)
    assert np.isnan(model.oof_score_)
    assert np.isfinite(model.oof_prediction_).all()


def test_rows_of_weight_zero_need_no_fold():
    """Intervals need those that calibrate only."""
    X, y = real()
    n = len(y) - 10
    splits = [(train, test) for train, test in KFold(3).split(X[:n])]
    model = fitted(MLPRegressor(cv=splits, **SETTINGS), X, y, sample_weight=np.arange(n + 10) < n)
    assert np.isfinite(model.predict_interval(X)).all()


def test_intervals_of_float32_are_rounded_outwards():
    """With a large offset, ends that are rounded to the nearest number can meet."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(200, 2))
    y = X[:, 0] + 1.7e9 + rng.normal(size=200)
    model = fitted(TabularMLPRegressor(**{**SETTINGS, "dtype": "float32"}, cv=4), X, y)
    ends = model.predict_interval(X)
    assert ends.dtype == np.float32
    assert np.mean((ends[:, 0] <= y) & (y <= ends[:, 1])) >= 0.9


def test_predictions_that_overflow_float32_are_unknown():
    """In units of y, though the raw outputs are finite."""
    X, y = real()
    model = TabularMLPRegressor(**{**SETTINGS, "dtype": "float32"}, cv=3)
    with pytest.warns(UserWarning, match="overflow float32, and are NaN"):
        model.fit(X, y * 1e39)
    assert np.isnan(model.oof_prediction_).any()
    assert not np.isinf(model.oof_prediction_).any()


@pytest.mark.parametrize("refit", [False, True])
def test_files_of_a_single_split(refit, tmp_path):
    """With and without the networks of the fold beside the refitted one."""
    X, y = real()
    rows = np.arange(len(y))
    model = MLPRegressor(cv=[(rows[20:], rows[:20])], refit=refit, **SETTINGS)
    fitted(model, X, y).save(tmp_path / "model.sknn")
    loaded = sknn.load(tmp_path / "model.sknn")
    assert_array_equal(loaded.predict(X), model.predict(X))
    assert_array_equal(loaded.oof_prediction_, model.oof_prediction_)


def sknn_routing():
    """Return scikit-learn's context with metadata routing."""
    import sklearn

    return sklearn.config_context(enable_metadata_routing=True)


def test_unknown_targets():
    """They train nothing, and are no calibration rows; predictions are complete."""
    X, Y = multioutput(90)
    Y = np.where(np.random.RandomState(0).uniform(size=Y.shape) < 0.3, np.nan, Y)
    model = fitted(MLPRegressor(**SETTINGS, cv=3, standardize_y=True), X, Y)
    assert np.isfinite(model.oof_prediction_).all()
    assert np.isfinite(model.oof_score_)
    assert np.isfinite(model.predict_interval(X)).all()


def test_a_column_without_known_targets_in_a_fold():
    """The error of that fold alone, and which it is."""
    X, Y = multioutput()
    Y[:30, 1] = np.nan
    splits = [(np.arange(30, 60), np.arange(30)), (np.arange(30), np.arange(30, 60))]
    with pytest.raises(ValueError, match="cv: the rows of split 1: No target is known in column 1"):
        MLPRegressor(**SETTINGS, cv=splits).fit(X, Y)


@pytest.mark.filterwarnings("ignore:The inputs look unscaled", "ignore:The targets look unscaled")
def test_a_row_whose_prediction_overflows_does_not_lose_the_fit():
    """It has no out-of-fold prediction, which warns, and there are no intervals."""
    X, y = real()
    X[0] = 1e25
    model = MLPRegressor(**{**SETTINGS, "dtype": "float32"}, loss="poisson", cv=KFold(3))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, np.abs(y))
    assert any("predictions of 1 rows overflow float32" in str(w.message) for w in caught)
    assert np.isnan(model.oof_prediction_[0])
    assert np.isfinite(model.oof_prediction_[1:]).all()
    with pytest.raises(ValueError, match="finite prediction of each training row"):
        model.predict_interval(X[1:])


def test_a_scorer_that_fails_on_a_fold_gives_nan():
    """As in `cross_validate`; no fold is watched then."""
    X, y = binary()
    y[:20] = 0
    model = MLPClassifier(**SETTINGS, cv=KFold(3), scoring="roc_auc")
    with warnings.catch_warnings():  # scikit-learn's own, or that scoring failed
        warnings.simplefilter("ignore")
        model.fit(X, y)
    assert np.isnan(model.cv_scores_[0])
    assert np.isfinite(model.cv_scores_[1:]).all()
    assert model.validation_scores_ is None
    with pytest.raises(ValueError, match="scoring"):
        MLPClassifier(**SETTINGS, cv=3, scoring="no_such_score").fit(X, y)


# Splitters


def test_a_splitter_that_leaves_rows_out():
    """Their predictions are NaN, and intervals are refused in words."""
    X, y = real()
    model = fitted(MLPRegressor(**SETTINGS, cv=TimeSeriesSplit(3)), X, y)
    covered = np.zeros(60, bool)
    for _, test in TimeSeriesSplit(3).split(X):
        covered[test] = True
    assert_array_equal(np.isnan(model.oof_prediction_), ~covered)
    assert np.isfinite(model.oof_score_)
    with pytest.raises(ValueError, match="exactly one split"):
        model.predict_interval(X)
    labels = np.array(["no", "yes"])[(y > 0).astype(int)]
    for target, dtype in ((labels, object), ((y > 0).astype(int), float)):
        model = fitted(MLPClassifier(**SETTINGS, cv=TimeSeriesSplit(3)), X, target)
        assert model.oof_prediction_.dtype == dtype
        assert_array_equal(pd.isna(model.oof_prediction_), ~covered)
        assert_array_equal(np.isnan(model.oof_proba_).all(axis=1), ~covered)
        with pytest.raises(ValueError, match="exactly one split"):
            model.predict_set(X)


def test_rows_that_several_folds_hold_out():
    """The mean over the networks that did not see them."""
    X, y = real()
    cv = RepeatedKFold(n_splits=3, n_repeats=2, random_state=0)
    model = fitted(MLPRegressor(**SETTINGS, cv=cv), X, y)
    total = np.zeros(60)
    for split in cv.split(X):
        total[split[1]] += alone(model, X, y, split).predict(X[split[1]])
    assert_allclose(model.oof_prediction_, total / 2, rtol=1e-6)
    with pytest.raises(ValueError, match="exactly one split"):
        model.predict_interval(X)
    model = fitted(MLPRegressor(**SETTINGS, cv=ShuffleSplit(2, random_state=0)), X, y)
    assert len(model.cv_scores_) == 2


def test_masks_and_row_numbers_are_splits():
    """A row in both parts of a split is a training row."""
    X, y = real()
    masks = [(np.arange(60) % 3 != k, np.arange(60) % 3 == k) for k in range(3)]
    numbers = [tuple(map(np.flatnonzero, split)) for split in masks]
    a = fitted(MLPRegressor(**SETTINGS, cv=masks), X, y)
    b = fitted(MLPRegressor(**SETTINGS, cv=iter(numbers)), X, y)
    assert_array_equal(a.oof_prediction_, b.oof_prediction_)
    both = [(train, np.append(test, train[0])) for train, test in numbers]
    c = fitted(MLPRegressor(**SETTINGS, cv=both), X, y)
    assert_array_equal(a.oof_prediction_, c.oof_prediction_)


def test_folds_of_single_rows():
    """They have no R2, which is NaN; all together have one."""
    X, y = real(12)
    model = fitted(MLPRegressor(**SETTINGS, cv=LeaveOneOut()), X, y)
    assert np.isnan(model.cv_scores_).all()
    assert model.validation_scores_ is None
    assert np.isfinite(model.oof_score_)
    assert model.predict_interval(X, coverage=0.5).shape == (12, 2)


# Early stopping and refit


@every_task
def test_stopping_by_the_own_fold(task):
    """No row is lost; the networks are those that a fold given as X_val stops."""
    settings = {"early_stopping": "cv", "n_iter_no_change": 2, "max_iter": 20}
    model, X, y = data_of(task, **settings)
    fitted(model, X, y)
    for k, (train, test) in enumerate(splits_of(model, X, y)):
        one = clone(model).set_params(cv=None, early_stopping=True)
        fitted(one, rows_of(X, train), y[train], X_val=rows_of(X, test), y_val=y[test])
        assert_allclose(
            oof_output(model)[test], output(one, rows_of(X, test)), rtol=1e-6, atol=1e-9
        )
        assert model.best_iteration_[k] == one.best_iteration_
        best = model.member_validation_scores_[:, k]
        assert np.nanmax(best) == pytest.approx(one.best_validation_score_)
    if hasattr(model, "predict_interval"):
        with pytest.warns(UserWarning, match="coverage of predict_interval is approximate"):
            model.predict_interval(X)


@every_task
def test_held_back_rows_are_not_of_the_own_fold(task):
    """With early_stopping=True the fold stays untouched: its targets change no network."""
    model, X, y = data_of(task, early_stopping=True, n_iter_no_change=2)
    splits = splits_of(model, X, y)
    model.set_params(cv=splits)
    test = splits[0][1]
    a = fitted(clone(model), X, y)
    changed = y.copy()
    changed[test] = y[test][::-1]
    b = fitted(clone(model), X, changed)
    n_first = len(a.coefs_[0]) // 3
    assert_array_equal(a.coefs_[0][:n_first], b.coefs_[0][:n_first])


@every_task
@pytest.mark.filterwarnings("ignore:The coverage of predict_")
@pytest.mark.parametrize("stopping", [False, True, "cv"])
def test_refit_trains_new_networks_on_all_rows(task, stopping):
    """For the best number of epochs, the horizon shortened to it; the folds stay."""
    settings = {"early_stopping": stopping, "learning_rate": "one_cycle", "n_members": 2}
    model, X, y = data_of(task, **settings)
    folds = fitted(clone(model), X, y)
    model = fitted(model.set_params(refit=True), X, y)
    assert_array_equal(model.oof_prediction_, folds.oof_prediction_)
    assert_array_equal(model.best_iteration_, folds.best_iteration_)
    assert model.coefs_[0].shape[0] == 2
    if not stopping:
        assert model.n_iter_ == 8
    plain = {"cv": None, "refit": False, "early_stopping": False}
    again = fitted(clone(model).set_params(**plain, max_iter=model.n_iter_), X, y)
    assert_array_equal(output(model, X), output(again, X))
    if hasattr(model, "predict_interval"):
        assert_array_equal(model.predict_interval(X), folds.predict_interval(X))
    elif np.ndim(y) == 1:
        assert_array_equal(model.predict_set(X), folds.predict_set(X))
    if task in TABLES:
        assert len(folds.encoder_) == 3
        assert model.encoder_.n_features_in_ == X.shape[1]


# Intervals and sets


def noisy(n, seed=0):
    """Return X and a curve with noise that grows."""
    rng = np.random.RandomState(seed)
    X = rng.uniform(-2, 2, (n, 1))
    return X, 10 + np.sin(2 * X[:, 0]) + (0.1 + 0.2 * (X[:, 0] > 0)) * rng.normal(size=n)


@pytest.mark.parametrize("estimator", [MLPRegressor, TabularMLPRegressor])
@pytest.mark.parametrize("loss", ["auto", "quantile"])
def test_intervals_cover(estimator, loss):
    """About as often as asked; those of quantiles are wider where y is noisier."""
    settings = {"solver": "lbfgs", "max_iter": 60, "random_state": 0, "cv": KFold(5)}
    if loss == "quantile":
        settings |= {"loss": loss, "quantile": [0.05, 0.95]}
    X, y = noisy(400)
    model = fitted(estimator((16,), **settings, standardize_y=True), X, y)
    X_new, y_new = noisy(1000, 1)
    for coverage in (0.8, 0.9):
        low, high = model.predict_interval(X_new, coverage=coverage).T
        assert abs(np.mean((low <= y_new) & (y_new <= high)) - coverage) < 0.05
    if loss == "quantile":
        width = high - low
        assert width[X_new[:, 0] > 0.2].mean() > 1.5 * width[X_new[:, 0] < -0.2].mean()


def test_intervals_of_three_quantiles():
    """Those of the lowest and the highest; the median between them changes no formula."""
    X, y = noisy(200)
    settings = {"loss": "quantile", "quantile": [0.05, 0.5, 0.95], "cv": KFold(4)}
    model = fitted(MLPRegressor(**SETTINGS, **settings), X, y)
    of_folds, own = model.predict_members(X), model.oof_prediction_
    scores = quantile_scores(y, own[:, 0], own[:, 2])
    expected = interval_ends(
        of_folds[..., 0], of_folds[..., 2], scores, np.repeat(np.arange(4), 50), 0.8
    )
    assert_allclose(model.predict_interval(X, coverage=0.8), expected, rtol=1e-6)
    assert model.predict(X).shape == (200, 3)


def test_intervals_of_several_outputs():
    """Each as that of a fit to it alone would be, in shape and order."""
    X, Y = multioutput(80)
    model = fitted(MLPRegressor(**SETTINGS, cv=4), X, Y)
    ends = model.predict_interval(X, coverage=0.8)
    assert ends.shape == (80, 2, 2)
    assert (ends[..., 0] <= ends[..., 1]).all()
    single = fitted(MLPRegressor(**SETTINGS, cv=4), X, Y[:, :1].ravel())
    assert single.predict_interval(X).shape == (80, 2)


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_intervals_of_counts_begin_at_zero(loss):
    """Where y cannot be lower."""
    X, y = real()
    model = fitted(MLPRegressor(**SETTINGS, loss=loss, cv=3), X, np.exp(y))
    assert model.predict_interval(X).min() >= 0


@pytest.mark.parametrize("coverage", ["0.9", None, [0.5, 0.9]])
def test_coverage_must_be_a_number(coverage):
    """The error says what was given."""
    X, y = real()
    model = fitted(MLPRegressor(**SETTINGS, cv=3), X, y)
    with pytest.raises(TypeError, match=r"coverage must be a number in \(0, 1\), got"):
        model.predict_interval(X, coverage=coverage)


@pytest.mark.parametrize("estimator", [MLPClassifier, TabularMLPClassifier])
@pytest.mark.parametrize("make", [binary, multiclass])
def test_sets_cover(estimator, make):
    """About as often as asked; with by_class in each class."""
    X, y = make(900, 6)
    y = np.where(np.random.RandomState(0).uniform(size=900) < 0.2, y[::-1], y)
    y = np.array(["a", "b", "c"])[y]
    model = estimator((8,), solver="lbfgs", max_iter=30, random_state=0, cv=5)
    model = fitted(model, X[:400], y[:400])
    numbers = np.searchsorted(model.classes_, y[400:])
    for by_class in (False, True):
        sets = model.predict_set(X[400:], coverage=0.9, by_class=by_class)
        assert sets.dtype == bool
        assert sets.shape == (500, len(model.classes_))
        held = sets[np.arange(500), numbers]
        assert 0.85 < held.mean() < 0.96
    assert min(held[numbers == k].mean() for k in range(len(model.classes_))) > 0.8


@pytest.mark.parametrize("coverage", [0, 1, -0.1, 1.5])
def test_coverage_must_be_a_probability(coverage):
    """The error says what was given."""
    X, y = real()
    model = fitted(MLPRegressor(**SETTINGS, cv=3), X, y)
    with pytest.raises(ValueError, match=rf"coverage must be in \(0, 1\), got {coverage}"):
        model.predict_interval(X, coverage=coverage)


def test_coverage_that_the_rows_cannot_give():
    """The error names the highest possible, and the class if it is one."""
    X, y = binary(60)
    model = fitted(MLPRegressor(**SETTINGS, cv=3), X, X[:, 0])
    with pytest.raises(ValueError, match=r"got 60\. Lower it to at most 0\.9836"):
        model.predict_interval(X, coverage=0.99)
    keep = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:6]])
    model = fitted(MLPClassifier(**SETTINGS, cv=3), X[keep], np.array(["no", "yes"])[y[keep]])
    with pytest.raises(ValueError, match="rows of class 'yes', got 6"):
        model.predict_set(X, coverage=0.9, by_class=True)
    assert model.predict_set(X, coverage=0.9).shape == (60, 2)


def test_without_folds_there_is_no_interval():
    """The error says how to get one; before fit it is that there was none."""
    X, y = real()
    with pytest.raises(ValueError, match="not fitted"):
        MLPRegressor(cv=3).predict_interval(X)
    with pytest.raises(ValueError, match=r"predict_interval needs .* Set cv=5"):
        fitted(MLPRegressor(**SETTINGS), X, y).predict_interval(X)
    with pytest.raises(ValueError, match=r"predict_set needs .* Set cv=5"):
        fitted(MLPClassifier(**SETTINGS), X, y > 0).predict_set(X)
    assert not hasattr(MLPClassifier(loss="hinge"), "predict_set")


# What does not go together, and bad input


@pytest.mark.parametrize(
    ("settings", "fit_params", "message"),
    [
        ({"warm_start": True}, {}, "warm_start=False or cv=None"),
        ({}, {"X_val": True}, "X_val and y_val are not used with cv"),
        ({"cv": None, "early_stopping": "cv"}, {}, "early_stopping='cv' stops by the folds"),
        ({"cv": 61}, {}, "Cannot have number of splits n_splits=61 greater"),
        ({"cv": [([0, 99], [1])]}, {}, "row numbers from 0 to 59"),
        ({"cv": []}, {}, "cv has no splits"),
        ({"cv": [(np.arange(60), [])]}, {}, "cv has no splits with test rows"),
        ({"cv": [([], [1, 2])]}, {}, "split 0 has no training rows"),
        (
            {"cv": [(np.arange(30), []), (np.arange(30), [40])], "early_stopping": "cv"},
            {},
            "split 0 has no test rows",
        ),
    ],
)
def test_refusals(settings, fit_params, message):
    """In words, and nothing is lost."""
    X, y = real()
    model = fitted(MLPRegressor(**SETTINGS, cv=3), X, y)
    before = {**vars(model)}
    model.set_params(**settings)
    if fit_params:
        fit_params = {"X_val": X, "y_val": y}
    with pytest.raises(ValueError, match=message):
        model.fit(X, y, **fit_params)
    assert all(vars(model)[name] is before[name] for name in before if name not in settings)


def test_more_folds_than_members_of_a_class():
    """scikit-learn's error, and its warning for some classes only."""
    X, y = binary(20)
    with pytest.raises(ValueError, match="n_splits=15 cannot be greater than the number of"):
        MLPClassifier(**SETTINGS, cv=15).fit(X, y)
    y[:2] = 7
    with pytest.warns(UserWarning, match="The least populated class in y has only 2 members"):
        fitted(MLPClassifier(**SETTINGS, cv=3), X, y)


def test_there_is_no_partial_fit_with_folds():
    """Nor can training continue from networks of folds."""
    X, y = real()
    model = MLPRegressor(**SETTINGS, cv=3)
    assert not hasattr(model, "partial_fit")
    fitted(model, X, y).set_params(cv=None)
    with pytest.raises(ValueError, match="are those of the folds"):
        model.partial_fit(X, y)
    with pytest.raises(ValueError, match="are those of the folds"):
        model.set_params(warm_start=True).fit(X, y)
    again = fitted(MLPRegressor(**SETTINGS, cv=3, refit=True), X, y).set_params(cv=None)
    again.partial_fit(X, y)
    assert not hasattr(again, "oof_prediction_")


def test_a_later_fit_without_folds_forgets_them():
    """All attributes are those of the last fit."""
    X, y = real()
    model = fitted(MLPRegressor(**SETTINGS, cv=3), X, y).set_params(cv=None)
    fitted(model, X, y)
    assert not [name for name in vars(model) if name.startswith(("oof_", "cv_scores"))]
    assert isinstance(model.n_iter_, int)


# Everything else that estimators do


@every_task
def test_pickles_and_files_hold_what_intervals_need(task, tmp_path):
    """The same predictions, intervals and sets."""
    model, X, y = data_of(task)
    fitted(model, X, y)
    model.save(tmp_path / "model.sknn")
    for other in (pickle.loads(pickle.dumps(model)), sknn.load(tmp_path / "model.sknn")):
        assert_array_equal(output(model, X), output(other, X))
        assert_array_equal(oof_output(model), oof_output(other))
        if hasattr(model, "predict_interval"):
            assert_array_equal(model.predict_interval(X), other.predict_interval(X))
        elif np.ndim(y) == 1:
            assert_array_equal(model.predict_set(X), other.predict_set(X))


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_generator_and_no_seed(solver):
    """Each fold has a generator of its own; an equal generator gives an equal fit."""
    X, y = real()
    settings = {**SETTINGS, "solver": solver, "cv": 3}
    a, b = (
        fitted(MLPRegressor(**{**settings, "random_state": np.random.RandomState(3)}), X, y)
        for _ in range(2)
    )
    assert_array_equal(a.oof_prediction_, b.oof_prediction_)
    assert not np.array_equal(a.coefs_[0][0], a.coefs_[0][1])
    fitted(MLPRegressor(**{**settings, "random_state": None}), X, y)


@pytest.mark.parametrize("settings", [{"cv": 3}, {"n_members": 3}])
def test_a_callback_that_ends_lbfgs_leaves_no_network_untrained(settings):
    """Those that wait for their turn make one epoch each."""
    if not hasattr(MLPRegressor, "set_callbacks"):
        pytest.skip("this scikit-learn has no callbacks")
    X, y = real()
    model = MLPRegressor((6,), solver="lbfgs", random_state=0, **settings)
    fitted(model.set_callbacks(Watching(stop_after=4)), X, y)
    n_epochs = (~np.isnan(model.member_loss_curves_)).sum(axis=0)
    assert_array_equal(n_epochs, [4, 1, 1])


def test_networks_of_the_widest_inputs_may_have_the_fewest_rows():
    """In the steps that only narrower ones make, arrays keep their width."""
    rng = np.random.RandomState(0)
    X = pd.DataFrame({"town": ["a"] * 40 + ["b"] * 10 + ["c"] * 10})
    splits = [(np.r_[0:20, 40:60], np.r_[20:40]), (np.r_[0:45], np.r_[45:60])]
    settings = {**SETTINGS, "batch_size": 20}
    model = fitted(TabularMLPRegressor(**settings, cv=splits), X, rng.normal(size=60))
    assert np.isfinite(model.predict(X)).all()


def test_time_that_is_over_ends_all_networks():
    """After the first epoch, and each has its weights."""
    X, y = real()
    model = fitted(MLPRegressor(**SETTINGS, cv=3, max_time=1e-9), X, y)
    assert_array_equal(model.n_iter_, [1, 1, 1])
    assert np.isfinite(model.oof_prediction_).all()


def test_ctrl_c_while_rows_are_predicted_keeps_the_networks(monkeypatch):
    """The networks are trained; only a second Ctrl-C would lose them."""
    X, y = binary()
    expected = fitted(MLPClassifier(cv=3, **SETTINGS), X, y)
    complete, interrupts = _cross_fitting.cross_fitted_attributes, [KeyboardInterrupt]

    def interrupted(*args):
        if interrupts:
            raise interrupts.pop()
        return complete(*args)

    monkeypatch.setattr(_cross_fitting, "cross_fitted_attributes", interrupted)
    model = MLPClassifier(cv=3, refit=True, **SETTINGS)
    with pytest.warns(UserWarning, match="interrupted"):
        model.fit(X, y)
    assert_array_equal(model.oof_prediction_, expected.oof_prediction_)
    assert_allclose(model.coefs_[0], expected.coefs_[0])  # and no refit


class ByColumn:
    """A splitter that reads a column of X."""

    def split(self, X, y=None, groups=None):
        """Yield a split for each town."""
        for name in np.unique(X["town"]):
            here = (X["town"] == name).to_numpy()
            yield np.flatnonzero(~here), np.flatnonzero(here)

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of towns."""
        return 3


def test_a_splitter_gets_the_frame_as_given():
    """It may read columns by name, as in scikit-learn's searches."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"size": rng.normal(size=30), "town": np.arange(30) % 3})
    for estimator in (MLPRegressor, TabularMLPRegressor):
        model = fitted(estimator(cv=ByColumn(), **SETTINGS), X, X["size"])
        assert_array_equal(model._calibration["fold"], X["town"])


def test_verbose_prints_each_epoch_of_networks_that_train_in_turn(capsys):
    """A line is about the network that made the epoch."""
    X, y = binary()
    model = fitted(MLPClassifier(cv=3, solver="lbfgs", verbose=True, **SETTINGS), X, y)
    lines = capsys.readouterr().out.splitlines()[:-1]
    assert len(lines) == model.n_iter_.sum()
    losses = [line.split()[line.split().index("loss") + 1] for line in lines]
    assert losses == [f"{loss:.5g}" for loss in model.member_loss_curves_.T.ravel() if loss == loss]


def test_a_failed_fit_changes_nothing():
    """An error in one fold is an error of the fit."""
    X, y = real()
    model = fitted(MLPRegressor(**SETTINGS, cv=3), X, y)
    before = {**vars(model)}
    calls = []

    def fails(t):
        calls.append(t)
        if len(calls) > 10:
            raise RuntimeError("no rate")
        return 0.01

    model.set_params(learning_rate=fails)
    with pytest.raises(RuntimeError, match="no rate"):
        model.fit(X, y)
    assert all(vars(model)[name] is before[name] for name in before if name != "learning_rate")


def test_in_a_search_and_in_a_pipeline():
    """A cross-fitted network is an estimator like others."""
    X, y = binary(90)
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**SETTINGS, cv=3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        result = cross_validate(pipeline, X, y, cv=StratifiedKFold(2))
    assert len(result["test_score"]) == 2


@pytest.mark.parametrize("cv", [3, KFold(4)])
def test_members_of_folds_are_named_by_fold(cv):
    """Numbers are by fold, and by member within it."""
    X, y = real()
    model = fitted(MLPRegressor(**SETTINGS, cv=cv, n_members=2), X, y)
    n_folds = 3 if cv == 3 else 4
    assert model.best_iteration_.shape == (n_folds, 2)
    assert model.n_iter_.shape == model.t_.shape == model.cv_scores_.shape == (n_folds,)
    assert model.member_loss_curves_.shape == (8, 2 * n_folds)
    assert_allclose(model.loss_curve_, model.member_loss_curves_.mean(axis=1))
    assert model.predict(X, return_std=True)[1].shape == (60,)


def test_encoders_see_their_training_rows_only():
    """A category that only the rows of one fold have is unknown to its encoder."""
    X, y = real()
    X = table(X)
    X["town"] = np.where(np.arange(60) < 20, "Aachen", "Ulm")
    model = fitted(TabularMLPRegressor(**SETTINGS, cv=KFold(3)), X, y)
    column = list(X.columns).index("town")
    seen = [
        set(np.concatenate([np.asarray(c, dtype=object) for c in encoder.categories_]))
        for encoder in model.encoder_
    ]
    assert ["Aachen" in categories for categories in seen] == [False, True, True]
    assert column == 1
    widths = [len(encoder.get_feature_names_out()) for encoder in model.encoder_]
    assert model.coefs_[0].shape[1] == max(widths)


@pytest.mark.parametrize("make", [binary, multiclass, multilabel])
def test_probabilities_are_calibrated_by_a_display(make):
    """`CalibrationDisplay.from_predictions` takes `oof_proba_`."""
    pytest.importorskip("matplotlib")
    from sklearn.calibration import CalibrationDisplay

    X, y = make(200)
    model = fitted(MLPClassifier(**SETTINGS, cv=3), X, y)
    shown = y[:, 1] if np.ndim(y) == 2 else (y == 1).astype(int)
    display = CalibrationDisplay.from_predictions(shown, model.oof_proba_[:, 1])
    assert len(display.prob_true) >= 1


def test_a_network_for_a_stacked_model():
    """Out-of-fold probabilities are inputs of another model, as from `cross_val_predict`."""
    X, y = binary(90)
    model = fitted(MLPClassifier(**SETTINGS, cv=3), X, y)
    assert LogisticRegression().fit(model.oof_proba_[:, 1:], y).score(model.oof_proba_[:, 1:], y)
