"""Plans of predictions: the same bits as without, of the attributes as they are now, no traces."""

import copy
import gc
import pickle
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from sknn.engine import inference
from sknn.estimators import _prediction_plan, tabular
from sknn.estimators._prediction_plan import plan_of
from tests.estimators.data import PLAIN

SMALL = {"hidden_layer_sizes": (6, 5), "activation": "tanh", "max_iter": 3, "random_state": 0}
TABLE = {**SMALL, **PLAIN, "min_frequency": 1}

rng = np.random.default_rng(0)
X = rng.normal(size=(90, 4))
FRAME = pd.DataFrame(X, columns=list("abcd")).assign(
    e=rng.choice(["x", "y", "z"], 90),
    f=pd.Categorical(rng.choice(["u", "v"], 90)),
    g=rng.integers(0, 9, 90),
)
LABELS = {2: X[:, 0] > 0, 3: rng.integers(0, 3, 90)}
REAL = X[:, 1] + 5

#: An estimator, its rows and its targets.
CASES = {
    "binary": (MLPClassifier(**SMALL), X, LABELS[2]),
    "multiclass": (MLPClassifier(**SMALL, dtype="float32"), X, LABELS[3]),
    "members": (MLPClassifier(**SMALL, n_members=3), X, LABELS[3]),
    "multilabel": (MLPClassifier(**SMALL), X, (X > 0).astype(int)),
    "regressor": (MLPRegressor(**SMALL, standardize_y=True), X, REAL),
    "members-regressor": (MLPRegressor(**SMALL, n_members=2, dtype="float32"), X, REAL),
    "quantiles": (
        MLPRegressor(**SMALL, loss="quantile", quantile=[0.1, 0.9], cv=3, refit=False),
        X,
        REAL,
    ),
    "table": (TabularMLPClassifier(**TABLE), FRAME, LABELS[2]),
    "table-members": (TabularMLPRegressor(**{**TABLE, "n_members": 2}), FRAME, REAL),
    "table-folds": (TabularMLPClassifier(**{**TABLE, "cv": 3}, refit=False), FRAME, LABELS[3]),
    "table-refit": (TabularMLPRegressor(**{**TABLE, "cv": 3}, refit=True), FRAME, REAL),
    "table-float64": (TabularMLPRegressor(**TABLE, dtype="float64"), FRAME, REAL),
}

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(params=CASES)
def case(request, monkeypatch):
    """Return a fitted estimator and its rows; columns with text are embedded in tables."""
    monkeypatch.setattr(tabular, "MAX_CAT_TO_ONEHOT", 4)
    mlp, X, y = CASES[request.param]
    return copy.deepcopy(mlp).fit(X, y), X


def predictions(mlp, X):
    """Return what all methods say of some rows."""
    found = [mlp.predict(X), mlp.predict_members(X)]
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        if hasattr(mlp, method):
            found.append(getattr(mlp, method)(X))
    if "_calibration" in vars(mlp) and hasattr(mlp, "predict_interval"):
        found.append(mlp.predict_interval(X, coverage=0.5))
    return found


def assert_same(found, expected):
    """Compare lists of arrays bit for bit, and their types."""
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == other.dtype
        assert_array_equal(one, other)


def without_plan(mlp):
    """Return the estimator as another process would load it."""
    return pickle.loads(pickle.dumps(mlp))


def test_predictions_with_a_plan_equal_those_without(case):
    """One row again and again, which is bound to arrays, and several."""
    mlp, X = case
    for rows in (slice(0, 1), slice(3, 4), slice(5, 6), slice(0, 7), slice(3, 4)):
        assert_same(predictions(mlp, X[rows]), predictions(without_plan(mlp), X[rows]))
    plan = plan_of(mlp, vars(mlp))
    assert plan is plan_of(mlp, vars(mlp))
    assert all(0 < len(one._passes) <= inference.MAX_KEPT_PASSES for _, one in plan.networks)


def test_predictions_leave_no_trace_in_the_estimator(case):
    """Neither in its attributes nor in a pickle, and copies have no plan."""
    mlp, X = case
    before, attributes = pickle.dumps(mlp), dict(vars(mlp))
    predictions(mlp, X[:1])
    assert pickle.dumps(mlp) == before
    assert vars(mlp).keys() == attributes.keys()
    assert all(value is attributes[name] for name, value in vars(mlp).items())
    assert (id(mlp), False) in _prediction_plan._PLANS
    for other in (copy.deepcopy(mlp), copy.copy(mlp)):
        assert (id(other), False) not in _prediction_plan._PLANS
        assert_same(predictions(other, X[:2]), predictions(mlp, X[:2]))


def replace_weights(mlp):
    """Replace one array."""
    mlp.coefs_[0] = mlp.coefs_[0] * 3


def replace_all_weights(mlp):
    """Replace the list."""
    mlp.coefs_ = [W * 2 for W in mlp.coefs_]


def replace_offsets(mlp):
    """Replace the offsets of the last layer."""
    mlp.intercepts_[-1] = mlp.intercepts_[-1] - 3


def edit_weights(mlp):
    """Change the elements of all arrays."""
    for W in mlp.coefs_:
        W *= 3


def edit_offsets(mlp):
    """Change the elements."""
    for W0 in mlp.intercepts_:
        W0 -= 2


CHANGES = [replace_weights, replace_all_weights, replace_offsets, edit_weights, edit_offsets]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_predictions_follow_changed_weights(case, change):
    """Replaced or in place: never a wrong result in silence."""
    mlp, X = case
    for _ in range(3):  # the second call binds
        before = mlp.predict_members(X[:1])
    change(mlp)
    assert_same(predictions(mlp, X[:1]), predictions(without_plan(mlp), X[:1]))
    assert not np.array_equal(before, mlp.predict_members(X[:1]))


def test_predictions_follow_all_other_changes():
    """Of classes, of parameters, and by further training."""
    mlp = MLPClassifier(**SMALL, warm_start=True).fit(X, LABELS[3])
    row = X[:1]
    assert mlp.predict(row)[0] in (0, 1, 2)
    mlp.classes_ = np.array([5, 6, 7])
    assert mlp.predict(row)[0] in (5, 6, 7)
    mlp.classes_[:] = 8, 9, 10
    assert mlp.predict(row)[0] in (8, 9, 10)
    assert mlp.predict_proba(row).dtype == np.float64
    assert mlp.set_params(dtype="float32").predict_proba(row).dtype == np.float32
    mlp.set_params(dtype="auto")
    mlp.classes_ = np.arange(3)
    for train in (mlp.partial_fit, mlp.fit, mlp.set_params(warm_start=False).fit):
        train(X[:50], LABELS[3][:50])
        assert_same(predictions(mlp, row), predictions(without_plan(mlp), row))
    other = MLPClassifier(**{**SMALL, "hidden_layer_sizes": (3,)}).fit(X[:, :2], LABELS[2])
    mlp.__dict__.update(vars(other))
    assert_same(predictions(mlp, row[:, :2]), predictions(other, row[:, :2]))


def test_several_columns_of_labels_follow_changed_classes():
    """One array of the list is replaced."""
    y = np.column_stack([LABELS[3], LABELS[3][::-1] + 5])
    mlp = MLPClassifier(**SMALL).fit(X, y)
    assert set(mlp.predict(X[:9])[:, 1]) <= {5, 6, 7}
    mlp.classes_[1] = np.array([10, 11, 12])
    assert set(mlp.predict(X[:9])[:, 1]) <= {10, 11, 12}


def test_changes_of_the_copy_of_an_encoder_do_not_matter():
    """The tables that are made of it are not those that predict."""
    mlp = copy.deepcopy(CASES["table"][0]).fit(FRAME, LABELS[2])
    expected = mlp.predict_proba(FRAME[:5])
    mlp.encoder_.center_[:] = 100
    mlp.encoder_.categories_[0][:] = ["q"] * len(mlp.encoder_.categories_[0])
    assert_array_equal(mlp.predict_proba(FRAME[:5]), expected)
    assert_array_equal(without_plan(mlp).predict_proba(FRAME[:5]), expected)


def test_threads_do_not_share_arrays(case):
    """Each row has its own result, whoever predicts at the same time."""
    mlp, X = case
    rows = [X[i : i + 1] for i in range(8)]
    expected = [without_plan(mlp).predict_members(row) for row in rows]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(mlp.predict_members, 25 * rows))
    assert_same(found, 25 * expected)
    for _, one in plan_of(mlp, vars(mlp)).networks:
        assert 0 < len(one._passes) <= inference.MAX_KEPT_PASSES
        assert len(set(map(id, one._passes))) == len(one._passes)


def test_plans_keep_neither_estimators_nor_rows():
    """Nor the weights of an earlier fit."""
    mlp = MLPClassifier(**SMALL).fit(X, LABELS[2])
    given = X.copy()
    for _ in range(3):
        mlp.predict(given[:1])
    rows, old = weakref.ref(given), weakref.ref(mlp.coefs_[0])
    del given
    mlp.fit(X, LABELS[2])
    gc.collect()
    assert rows() is old() is None
    mlp.predict(X[:1])
    key, weights = (id(mlp), False), weakref.ref(mlp.coefs_[0])
    assert key in _prediction_plan._PLANS
    del mlp
    gc.collect()
    assert weights() is None
    assert key not in _prediction_plan._PLANS


class Equal(MLPClassifier):
    """All are equal, and none has a hash."""

    def __eq__(self, other):
        """Return True."""
        return True

    __hash__ = None


def test_plans_are_not_taken_from_an_estimator_that_was():
    """Another may get its id; an estimator without a hash has a plan, too."""
    one, two = (Equal(**SMALL).fit(X[k:], LABELS[3][k:]) for k in (0, 40))
    for mlp in (one, two, one):
        assert_array_equal(mlp.predict_proba(X[:1]), without_plan(mlp).predict_proba(X[:1]))
    assert plan_of(one, vars(one)) is not plan_of(two, vars(two))
    stale = _prediction_plan._PLANS[id(one), False]
    _prediction_plan._PLANS[id(two), False] = stale
    assert plan_of(two, vars(two)) is not stale[2]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("n", [1, 3])
def test_rows_that_are_not_finite_are_refused_every_time(value, n):
    """Also after the arrays of a row are bound, which then serve the next row."""
    mlp = MLPClassifier(**SMALL).fit(X, LABELS[2])
    expected = mlp.predict(X[:n])
    for _ in range(3):
        bad = X[:n].copy()
        bad[0, 1] = value
        with pytest.raises(ValueError, match="Input X contains"):
            mlp.predict(bad)
        assert_array_equal(mlp.predict(X[:n]), expected)


def test_large_rows_whose_sum_overflows_are_accepted():
    """The sum is only a first look."""
    mlp = MLPRegressor(**SMALL).fit(X, REAL)
    row = np.full((1, 4), np.finfo(np.float64).max) * [[1, 1, 0, 0]]
    mlp.coefs_[0] = mlp.coefs_[0] * 1e-300
    for _ in range(3):
        assert np.isfinite(mlp.predict(row)).all()
