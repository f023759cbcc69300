"""Tables as they are: what their estimators take, learn, forget and refuse."""

import datetime
import pickle
from copy import deepcopy
from functools import partial

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal, assert_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_blobs
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.class_weight import compute_class_weight

from sknn import TableEncoder, TabularMLPClassifier, TabularMLPRegressor
from sknn.engine import Embedding
from sknn.estimators import tabular
from sknn.estimators._fitted_model import fitted_network
from sknn.estimators._model import ModelSpec
from tests.estimators.data import PLAIN, TABLES, binary, fitted, multiclass, parameters

NAN = np.nan
SETTINGS = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0, **PLAIN}
CLASSIFIER = partial(TabularMLPClassifier, **SETTINGS)
REGRESSOR = partial(TabularMLPRegressor, **SETTINGS)
BOTH = {"classifier": CLASSIFIER, "regressor": REGRESSOR}
both = pytest.mark.parametrize("make", BOTH.values(), ids=BOTH)
every_table = pytest.mark.parametrize("task", TABLES)


def rows(n=80, seed=0):
    """Return a frame of every kind of column with gaps, and a target of 0 and 1."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": np.where(rng.random(n) < 0.1, NAN, rng.normal(40, 12, size=n).round(1)),
            "income": rng.lognormal(10, 3, size=n),
            "rooms": rng.integers(1, 5, size=n),
            "city": np.where(rng.random(n) < 0.1, None, rng.choice(["Oslo", "Rome", "Ulm"], n)),
            "size": pd.Categorical(rng.choice(["S", "M", "L"], n), categories=["S", "M", "L", "X"]),
            "owner": rng.random(n) < 0.5,
        }
    )
    y = (frame["city"].eq("Rome") | frame["rooms"].gt(3)).astype(int).to_numpy()
    return frame, y


def trained(make, X, y, **fit_params):
    """Fit an estimator that `make` makes."""
    return fitted(make(), X, y, **fit_params)


def plan_of(model):
    """Return all that an estimator keeps of its table, as something that can be compared."""
    return model._model_spec["input_encoding"]


# What goes in


def as_objects(frame):
    """Return a matrix of objects; categories are text."""
    return frame.astype(object).to_numpy()


def as_polars(frame):
    """Return a frame of polars."""
    cells = {name: [None if c != c else c for c in frame[name].tolist()] for name in frame.columns}
    return pl.DataFrame(cells, schema_overrides={"size": pl.Categorical})


CONTAINERS = {
    "polars": as_polars,
    "objects": as_objects,
    "lists": lambda frame: as_objects(frame).tolist(),
    "index": lambda frame: frame.set_index(np.arange(len(frame))[::-1] * 7),
    "nullable": lambda frame: frame.convert_dtypes(),
}


@both
@pytest.mark.parametrize("container", CONTAINERS.values(), ids=CONTAINERS)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_every_kind_of_table_is_the_same(make, container, early_stopping):
    """Frames of any index and types, arrays of objects, lists of rows."""
    X, y = rows()
    w = np.random.RandomState(0).randint(0, 3, len(y))
    model = make(early_stopping=early_stopping)
    a = fitted(clone(model), X, y, sample_weight=w)
    b = fitted(clone(model), container(X), y, sample_weight=w)
    assert_array_equal(parameters(a), parameters(b))
    assert_array_equal(a.predict(X), b.predict(container(X)))


@both
def test_numbers_are_a_table_too(make):
    """In an array of any type and order, as a read-only memory map or as lists."""
    X, y = rows()
    X = X[["age", "income", "rooms"]].to_numpy()
    model = trained(make, X, y)
    frozen = X.copy()
    frozen.flags.writeable = False
    for same in (
        np.asfortranarray(X),
        X.tolist(),
        X.astype(object),
        frozen,
        np.repeat(X, 2, 0)[::2],
    ):
        assert_array_equal(trained(make, same, y).predict(same), model.predict(X))


@both
def test_units_of_columns_do_not_matter(make):
    """Nor where their zero is."""
    X, y = rows()
    a = trained(make, X, y)
    other = X.assign(age=X["age"] * 1e-9 - 3, income=X["income"] * 1e12)
    b = trained(make, other, y)
    assert_allclose(parameters(a), parameters(b), rtol=1e-5, atol=1e-7)


@both
def test_the_table_and_the_settings_are_left_alone(make):
    """Neither fit nor predict writes to what the user passed."""
    X, y = rows()
    columns = np.array(["rooms", "city", "size", "owner"])
    before = X.copy()
    model = make(categorical_features=columns, early_stopping=True)
    fitted(model, X, y).predict(X)
    pd.testing.assert_frame_equal(X, before)
    assert model.categorical_features is columns
    assert_array_equal(columns, ["rooms", "city", "size", "owner"])


@both
def test_targets_and_weights_may_be_series(make):
    """With an index of any kind, which is not looked at."""
    X, y = rows()
    w = np.random.RandomState(0).uniform(0.5, 2, size=len(y))
    plain = trained(make, X, y, sample_weight=w)
    series = pd.Series(y, index=np.arange(len(y))[::-1])
    other = trained(make, X, series, sample_weight=pd.Series(w, index=series.index))
    assert_array_equal(plain.predict(X), other.predict(X))
    other = trained(make, X, pl.Series(y.tolist()), sample_weight=pl.Series(w.tolist()))
    assert_array_equal(plain.predict(X), other.predict(X))


@every_table
def test_every_target_is_learned(task):
    """Better than by the mean or the commonest label."""
    estimator, make = TABLES[task]
    X, y = make(150)
    model = estimator((20,), max_iter=100, learning_rate_init=0.01, random_state=0)
    model = fitted(model, X, y)
    if hasattr(model, "classes_"):
        guess = np.mean((y == np.round(y.mean(axis=0))).reshape(len(y), -1).all(axis=1))
        assert model.score(X, y) > guess
    else:
        assert model.score(X, y) > 0.3


# What is learned of the table, and what is not


@both
def test_the_encoding_is_that_of_the_encoder(make):
    """The same as a `TableEncoder` of the training rows by itself."""
    X, y = rows()
    model = trained(make, X, y)
    pieces = {"n_bins": model.n_bins, "bin_scale": 0.4, "max_absolute_value": 8.0}
    alone = TableEncoder(max_cat_to_onehot=256, **pieces).fit(X)
    assert_array_equal(model.encoder_.transform(X), alone.transform(X))
    names = model.encoder_.get_feature_names_out()
    assert model.coefs_[0].shape[0] == len(names)
    with pytest.raises(NotFittedError):
        make().encoder_  # noqa: B018 (reading it is what fails)
    assert not hasattr(make(), "encoder_")


@both
def test_low_pieces_say_as_much_before_training(make, monkeypatch):
    """Their weights are larger, so that all that changes is how fast they learn."""
    X, y = rows()
    still = {"learning_rate_init": 1e-30, "weight_decay": 0.0, "random_state": 0}
    low = fitted(make(**still), X, y)
    monkeypatch.setattr(tabular, "BIN_SCALE", 1.0)
    high = fitted(make(**still), X, y)
    assert (low.encoder_.bin_scale, high.encoder_.bin_scale) == (0.4, 1.0)
    pieces = low.encoder_._bin_columns()
    assert pieces.stop > pieces.start
    assert_allclose(low.coefs_[0][pieces] * 0.4, high.coefs_[0][pieces], rtol=1e-12)
    assert_allclose(low.predict(X), high.predict(X), rtol=1e-9)


@both
@pytest.mark.parametrize("how", ["given", "tail"])
def test_rows_held_back_have_no_part_in_the_encoding(make, how):
    """Absurd numbers and levels of their own there change no weight."""
    X, y = rows()
    absurd = pd.concat([X[60:].assign(income=1e12, age=-1e9, city="Atlantis"), X[60:]])[:20]
    model = make()
    expected = fitted(clone(model), X[:60], y[:60])
    if how == "given":
        found = fitted(model, X[:60], y[:60], X_val=absurd, y_val=y[60:])
    else:
        settings = {"early_stopping": True, "validation_fraction": 0.25, "shuffle": False}
        expected = fitted(clone(model).set_params(shuffle=False), X[:60], y[:60])
        model.set_params(**settings, n_iter_no_change=np.inf, scoring="loss")
        found = fitted(model, pd.concat([X[:60], absurd]), y)
    assert_equal(plan_of(found), plan_of(expected))
    assert len(found.validation_scores_) == 5
    if how == "given":
        assert_array_equal(parameters(found), parameters(expected))


@both
def test_a_refit_learns_the_encoding_of_all_rows(make):
    """As the weights, so the levels: nothing is held back any more."""
    X, y = rows()
    tail = X[60:].assign(city="Ghent")
    X = pd.concat([X[:60], tail])
    settings = {"early_stopping": True, "validation_fraction": 0.25, "shuffle": False}
    stopped = fitted(make(**settings), X, y)
    again = fitted(make(**settings, refit=True), X, y)
    assert "city_Ghent" not in stopped.encoder_.get_feature_names_out()
    assert "city_Ghent" in again.encoder_.get_feature_names_out()
    assert_equal(plan_of(again), plan_of(fitted(make(), X, y)))


@both
def test_the_target_has_no_part_in_the_encoding(make):
    """Whatever y says."""
    X, y = rows()
    assert_equal(plan_of(trained(make, X, y)), plan_of(trained(make, X, y[::-1])))


@both
def test_the_encoding_is_weighted(make):
    """A row of weight 3 is there three times, one of weight 0 is not."""
    X, y = rows()
    w = np.random.RandomState(0).randint(0, 4, len(y))
    X.loc[w == 0, "city"] = "Atlantis"
    repeated = np.repeat(np.arange(len(y)), w)
    expected = trained(make, X.iloc[repeated], y[repeated])
    assert_equal(plan_of(trained(make, X, y, sample_weight=w)), plan_of(expected))


@both
def test_the_size_of_weights_matters_where_rows_are_counted(make):
    """A weight is a number of rows for rare levels, epochs and decay, as the docstring says."""
    X, y = rows()
    X["street"] = [f"street {i % 40}" for i in range(80)]
    model = make(max_iter="auto", batch_size=80, tol=0.0).set_params(weight_decay="auto")
    with pytest.warns(UserWarning, match="'street'.*uninformative"):
        light = fitted(model, X, y, sample_weight=np.ones(80))
    heavy = fitted(clone(model), X, y, sample_weight=np.full(80, 1000.0))
    places = [
        sum(name.startswith("street_street") for name in model.encoder_.get_feature_names_out())
        for model in (light, heavy)
    ]
    assert places == [0, 40]
    assert heavy.n_iter_ < light.n_iter_
    assert "the size matters" in " ".join(type(model).fit.__doc__.split())


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 0.2, 1: 3.0}, {0: 9.0}, {1: 0.0}])
def test_class_weights_are_sample_weights(class_weight, weighted):
    """Also for the encoding, the number of epochs and the decay: bit for bit, with validation."""
    X, y = rows()
    w = np.random.RandomState(0).randint(0, 4, len(y)) if weighted else np.ones(len(y))
    factors = compute_class_weight(class_weight, classes=np.unique(y), y=y, sample_weight=w)
    settings = {"max_iter": "auto", "tol": 0.0, "batch_size": 80, "early_stopping": True}
    a = CLASSIFIER(class_weight=class_weight, **settings).set_params(weight_decay="auto")
    b = CLASSIFIER(**settings).set_params(weight_decay="auto")
    val = {"X_val": X[:30], "y_val": y[:30]}
    a = fitted(a, X, y, sample_weight=w, **val)
    b = fitted(b, X, y, sample_weight=w * factors[y], **val, sample_weight_val=factors[y[:30]])
    assert_equal(plan_of(a), plan_of(b))
    assert_array_equal(parameters(a), parameters(b))
    assert a.validation_scores_ == b.validation_scores_


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("dropout", ["auto", 0.0])
def test_lbfgs(task, dropout):
    """Values of "auto" yield to the solver; a rate that is asked for does not."""
    X, y = (binary if task == "binary" else multiclass)(150)
    settings = {"solver": "lbfgs", "max_iter": 30, "random_state": 0}
    model = fitted(TabularMLPClassifier((8,), dropout=dropout, **settings), X, y)
    assert model.score(X, y) > 0.8
    with pytest.raises(ValueError, match="dropout needs a stochastic solver"):
        TabularMLPClassifier((8,), dropout=0.15, **settings).fit(X, y)
    regressor = TabularMLPRegressor((8,), dropout=dropout, **settings)
    assert fitted(regressor, X, X[:, 0]).score(X, X[:, 0]) > 0.9


def test_auto_dropout_is_that_of_the_benchmark():
    """0.15 in classification, none in regression."""
    X, y = binary(100)
    settings = {"max_iter": 3, "random_state": 0}
    a, b = (fitted(TabularMLPClassifier((8,), dropout=d, **settings), X, y) for d in ("auto", 0.15))
    assert_array_equal(parameters(a), parameters(b))
    c, d = (fitted(TabularMLPRegressor((8,), dropout=d, **settings), X, y) for d in ("auto", 0.0))
    assert_array_equal(parameters(c), parameters(d))


@every_table
def test_weight_two_is_the_row_twice(task):
    """In full batches, the encoding included."""
    estimator, make = TABLES[task]
    X, y = make()
    w = np.random.RandomState(1).randint(0, 4, len(X))
    model = estimator((8,), max_iter=10, batch_size=10**6, dtype="float64", random_state=0)
    a = fitted(clone(model), X, y, sample_weight=w)
    repeated = np.repeat(np.arange(len(X)), w)
    b = fitted(clone(model), X.iloc[repeated], y[repeated])
    assert_allclose(parameters(a), parameters(b), rtol=1e-6, atol=1e-9)
    assert_allclose(a.loss_curve_, b.loss_curve_, rtol=1e-9)


@every_table
@pytest.mark.parametrize("batch_size", [1, 7, "auto"])
def test_weight_zero_is_absence(task, batch_size):
    """Bit for bit, whatever stands in such a row."""
    estimator, make = TABLES[task]
    X, y = make()
    w = np.random.RandomState(1).randint(0, 3, len(X)).astype(float)
    model = estimator((8,), max_iter=5, batch_size=batch_size, random_state=0)
    absurd = X.assign(amount=np.where(w == 0, 1e200, X["amount"]))
    a = fitted(clone(model), absurd, y, sample_weight=w)
    b = fitted(clone(model), X[w > 0], y[w > 0], sample_weight=w[w > 0])
    assert_array_equal(parameters(a), parameters(b))
    assert a.t_ == b.t_


# What comes later


@both
def test_levels_and_gaps_that_training_did_not_have(make):
    """They are predicted; all that is unseen is alike, and a new gap is the mean."""
    X, y = rows()
    X = X.assign(city=X["city"].fillna("Ulm"))
    model = trained(make, X, y)
    said = model.decision_function if hasattr(model, "decision_function") else model.predict
    a, b = said(X.assign(city="Atlantis")), said(X.assign(city="El Dorado"))
    assert_array_equal(a, b)
    missing = said(X.assign(rooms=NAN, income=NAN, city=None, owner=None))
    assert np.isfinite(missing).all()
    center = X.assign(income=X["income"].mean())
    assert np.isfinite(said(center)).all()
    assert np.isfinite(said(X[["age", "income"]].assign(**dict.fromkeys(X.columns[2:])))).all()


@both
def test_numbers_far_beyond_training(make):
    """Extrapolation is the column itself, linear; what float32 cannot hold is named."""
    X, y = rows()
    model = trained(partial(make, dtype="float32"), X, y)
    assert np.isfinite(model.predict(X.assign(income=1e30))).all()
    with pytest.raises(ValueError, match=r"'income'.*too large for float32"):
        model.predict(X.assign(income=1e300))


@both
@pytest.mark.filterwarnings("ignore:.*as unknown")
@pytest.mark.parametrize("n_members", [1, 2])
def test_a_stream_keeps_the_encoding_of_its_first_call(make, n_members):
    """Later chunks with levels, sizes and gaps of their own, and a pickle in between."""
    X, y = rows()
    model = make(n_members=n_members)
    classes = {"classes": [0, 1]} if make is CLASSIFIER else {}
    model.partial_fit(X[:40], y[:40], **classes)
    encoding, before = deepcopy(plan_of(model)), parameters(model)
    model = pickle.loads(pickle.dumps(model))
    later = X[40:].assign(city="Atlantis", income=-5.0, rooms=NAN)
    model.partial_fit(later, y[40:])
    assert_equal(plan_of(model), encoding)
    assert not np.array_equal(parameters(model), before)
    assert np.isfinite(parameters(model)).all()
    assert (model.n_iter_, model.t_) == (2, 80)


@both
@pytest.mark.filterwarnings("ignore:.*as unknown")
def test_what_unseen_levels_teach_is_learned(make):
    """The place of rare levels is silent in training that has none, and learns when some come."""
    X, y = rows()
    X = X.assign(city=X["city"].fillna("Ulm"))
    model = make(learning_rate_init=0.01)
    classes = {"classes": [0, 1]} if make is CLASSIFIER else {}
    model.partial_fit(X, y, **classes)
    place = model.encoder_.get_feature_names_out().tolist().index("city_infrequent")
    assert not model.coefs_[0][place].any()
    model.partial_fit(X.assign(city="Atlantis"), y)
    assert model.coefs_[0][place].any()


@both
def test_a_warm_start_keeps_the_encoding(make):
    """Five epochs and five more are ten; a cold fit learns the table anew."""
    X, y = rows()
    whole = fitted(make(max_iter=10, n_iter_no_change=np.inf), X, y)
    model = fitted(make(warm_start=True, n_iter_no_change=np.inf), X, y)
    encoding = deepcopy(plan_of(model))
    fitted(model, X, y)
    assert_array_equal(parameters(model), parameters(whole))
    later = X.assign(city="Atlantis")
    unseen = "Column 'city': no value of this batch"
    with pytest.warns(ConvergenceWarning), pytest.warns(UserWarning, match=unseen):
        model.fit(later, y)
    assert_equal(plan_of(model), encoding)
    again = fitted(model.set_params(warm_start=False), later, y)
    assert_equal(plan_of(again), plan_of(fitted(make(), later, y)))


@both
def test_pickles_and_joblib_are_as_good(make, tmp_path):
    """With memory maps, too; a clone has learned nothing."""
    X, y = rows()
    model = trained(make, X, y)
    assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))
    joblib.dump(model, tmp_path / "model.joblib")
    for mmap_mode in (None, "r"):
        loaded = joblib.load(tmp_path / "model.joblib", mmap_mode=mmap_mode)
        assert_array_equal(loaded.predict(X), model.predict(X))
        loaded.partial_fit(X, y)
    assert not hasattr(clone(model), "coefs_")
    assert clone(model).get_params() == model.get_params()


@both
def test_a_fit_that_fails_changes_nothing(make):
    """In the middle of a table, in y, or in the rows to validate on."""
    X, y = rows()
    model = trained(make, X, y)
    before = deepcopy(vars(model))
    for arguments in (
        {"X": X.assign(owner=datetime.date(2020, 1, 1))},
        {"y": y[:-1]},
        {"X_val": X.assign(age="old"), "y_val": y},
        {"sample_weight": np.zeros(len(y))},
    ):
        with pytest.raises((TypeError, ValueError)):
            model.fit(**{"X": X, "y": y, **arguments})
        assert_equal(vars(model), before)


# Large and small tables


def coded(n, levels, seed=0):
    """Return a frame with a column of many levels, some of them missing, and a target."""
    rng = np.random.default_rng(seed)
    code = rng.permutation(np.arange(n) % levels)
    effect = rng.normal(size=levels)
    names = np.array([f"level {c}" for c in code], dtype=object)
    names[rng.random(n) < 0.05] = None
    return pd.DataFrame({"code": names, "x": rng.normal(size=n)}), effect[code]


@both
@pytest.mark.filterwarnings("ignore:.*as unknown")
@pytest.mark.parametrize("n_members", [1, 3])
def test_columns_of_many_levels_are_embedded(make, n_members):
    """They train, predict unseen levels, survive a pickle and go on as a stream."""
    X, effect = coded(900, 300)
    y = effect > 0 if make is CLASSIFIER else effect
    settings = {"min_frequency": 1, "learning_rate_init": 0.02, "max_iter": 30}
    model = fitted(make(n_members=n_members, **settings), X, y)
    assert model.encoder_.n_embedded_features_ == 1
    embedding = model._model_spec["embedding"]
    assert embedding.shape[-2] == model.encoder_.n_embeddings_ > 256
    assert embedding.ndim == (2 if n_members == 1 else 3)
    assert model.score(X, y) > 0.8
    revived = pickle.loads(pickle.dumps(model))
    later = X.assign(code="unseen")
    assert_array_equal(revived.predict(later), model.predict(later))
    for one in (model, revived):
        one.partial_fit(later, y)
    assert_array_equal(parameters(revived), parameters(model))
    assert_array_equal(revived._model_spec["embedding"], model._model_spec["embedding"])
    assert not np.array_equal(model._model_spec["embedding"], embedding)


@both
def test_a_stream_of_embedded_levels_is_a_fit(make):
    """Bit for bit, the embedding included, with a pickle after each call."""
    X, effect = coded(400, 300)
    y = effect > 0 if make is CLASSIFIER else effect
    classes = {"classes": [False, True]} if make is CLASSIFIER else {}
    settings = {"min_frequency": 1, "max_iter": 3, "n_members": 2, "n_iter_no_change": np.inf}
    whole = fitted(make(**settings), X, y)
    model = make(**settings)
    for _ in range(3):
        model = pickle.loads(pickle.dumps(model.partial_fit(X, y, **classes)))
    assert_array_equal(model._model_spec["embedding"], whole._model_spec["embedding"])
    assert_array_equal(parameters(model), parameters(whole))


@both
def test_every_member_has_an_embedding_of_its_own(make):
    """And a prediction is the mean of theirs."""
    X, effect = coded(400, 300)
    y = effect > 0 if make is CLASSIFIER else effect
    model = fitted(make(n_members=2, min_frequency=1), X, y)
    first, second = model._model_spec["embedding"]
    assert not np.allclose(first, second)
    said = model.predict_proba(X) if make is CLASSIFIER else model.predict(X)
    assert_allclose(said, model.predict_members(X).mean(axis=0), rtol=1e-6, atol=1e-9)


def test_rows_of_levels_that_training_never_has_are_0():
    """Their random numbers would be noise in predictions."""
    X, y = coded(900, 300)
    X = X.assign(code=X["code"].fillna("level 0"))
    model = fitted(REGRESSOR(min_frequency=1, max_iter=2), X, y)
    unseen = model.encoder_.unused_embeddings_
    assert unseen.any()
    assert not model._model_spec["embedding"][unseen].any()
    assert model._model_spec["embedding"][~unseen].all()


def test_a_hundred_thousand_levels():
    """An embedding of so many rows; each is found again."""
    X = pd.DataFrame({"code": [f"c{i}" for i in range(100_000)], "x": np.arange(1e5) % 7})
    y = X["x"].to_numpy()
    settings = {"min_frequency": 1, "max_iter": 1, "batch_size": 5000, "n_bins": 0}
    model = fitted(REGRESSOR(**settings), X, y)
    assert model.encoder_.n_embeddings_ == 100_002
    codes = model.encoder_.encode_compact(X[-3:], "float32")[:, 1]
    assert len(set(codes)) == 3
    p = model.predict(X[:3].assign(x=0.0))
    assert len(set(p)) == 3
    with pytest.warns(UserWarning, match="'code': .*uninformative"):  # none is frequent enough
        rare = fitted(REGRESSOR(max_iter=1, batch_size=5000), X, y)
    assert rare.encoder_.n_embedded_features_ == 0
    assert rare.coefs_[0].shape[0] == len(rare.encoder_.get_feature_names_out())


@both
def test_half_of_the_cells_are_missing(make):
    """And it still learns from the other half."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    y = (X[:, 0] > 0).astype(int)
    X[rng.random(X.shape) < 0.5] = NAN
    model = fitted(make(max_iter=60, learning_rate_init=0.02), X, y)
    known = ~np.isnan(X[:, 0])
    assert np.mean((model.predict(X[known]) > 0.5) == y[known]) > 0.9


NOTHING = {
    "constant": np.full((40, 2), 3.0),
    "missing": np.full((40, 2), NAN),
    "none": np.full((40, 2), None),
    "one level": np.full((40, 1), "a", dtype=object),
}


@both
@pytest.mark.parametrize("X", NOTHING.values(), ids=NOTHING)
@pytest.mark.parametrize("settings", [{}, {"n_members": 2}, {"hidden_layer_sizes": ()}], ids=str)
def test_tables_that_say_nothing(make, X, settings):
    """Then the share or the mean of y is the best guess, everywhere."""
    y = np.r_[np.zeros(10), np.ones(30)]
    model = make(**settings, learning_rate_init=0.02, max_iter=150, n_iter_no_change=np.inf)
    model = fitted(model, X, y)
    said = model.predict_proba(X)[:, 1] if make is CLASSIFIER else model.predict(X)
    assert_allclose(said, 0.75, atol=0.05)
    assert np.isfinite(model.predict(X)).all()
    assert model.partial_fit(X, y).predict(X[:1]).shape == (1,)


@both
def test_a_column_that_says_nothing_does_no_harm(make):
    """Left out in training, and not looked at in prediction."""
    X, y = rows()
    wide = X.assign(nothing=np.nan, constant=5)
    model = trained(make, wide, y)
    assert_array_equal(model.predict(wide), trained(make, X, y).predict(X))
    assert_array_equal(model.predict(wide.assign(constant=7, nothing=1.0)), model.predict(wide))


@both
@pytest.mark.parametrize("n", [1, 2, 3])
def test_tiny_tables(make, n):
    """One row, two or three: a model, and predictions for more."""
    X, _ = rows()
    y = np.arange(n) * 1.0
    model = trained(make, X[:n], y)
    assert model.predict(X).shape == (80,)
    with pytest.raises(ValueError, match="Too few rows to hold back"):
        fitted(make(early_stopping=True), X[:1], y[:1])


def test_a_class_for_every_row():
    """Each stays in training, and has a probability."""
    X, _ = rows(20)
    y = np.array([f"class {i:02d}" for i in range(20)])
    model = fitted(CLASSIFIER(max_iter=200, learning_rate_init=0.02, min_frequency=1), X, y)
    assert_array_equal(model.classes_, y)
    assert model.score(X, y) > 0.8
    assert_allclose(model.predict_proba(X).sum(axis=1), 1)


@both
def test_the_number_of_epochs_follows_the_number_of_rows(make):
    """Fewer for more, counted by weight; shares of 1 count as rows."""
    epochs = []
    for n, w in ((50, None), (20_000, None), (50, 400.0), (50, 1e-3), (20_000, 100.0), (50, 1e308)):
        X = np.arange(n)[:, None] % 2
        weight = None if w is None else np.full(n, w)
        settings = {"max_iter": "auto", "hidden_layer_sizes": (), "n_iter_no_change": np.inf}
        model = fitted(make(**settings), X, np.arange(n) % 2, sample_weight=weight)
        epochs.append(model.n_iter_)
    small, large, heavy, light, largest, overflowing = epochs
    assert small == light == (120 if make is CLASSIFIER else 300)
    assert large == heavy == pytest.approx(2500 / (20_000 / 128), abs=2)
    assert largest == overflowing == 10


def test_quantiles_are_trained_for_fewer_epochs():
    """Else intervals of small tables would be too narrow."""
    X, y = rows()
    settings = {"max_iter": "auto", "n_iter_no_change": np.inf}
    assert fitted(REGRESSOR(loss="quantile", **settings), X, y).n_iter_ == 60


@both
@pytest.mark.parametrize("dtype", ["auto", "float32", "float64"])
def test_dtypes(make, dtype):
    """float32 for float32 arrays and for tables that are large once they are encoded."""
    X, y = rows()
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 251)))
    narrow = wide.to_numpy("f4")[:, :1]
    for data, auto in (
        (X, "float64"),
        (wide.iloc[:, :-1], "float64"),
        (wide, "float32"),
        (narrow, "float32"),
    ):
        model = fitted(make(dtype=dtype, max_iter=1), data, y)
        assert model.coefs_[0].dtype == (auto if dtype == "auto" else dtype)


# Among the tools of scikit-learn


@both
def test_in_searches_and_pipelines(make):
    """On frames of both kinds, in two processes, with steps before it."""
    X, y = rows()
    grid = {"n_bins": [0, 8], "min_frequency": [1, 5]}
    for frame in (X, as_polars(X)):
        search = GridSearchCV(make(tol=1e9, n_iter_no_change=4), grid, cv=2, n_jobs=2)
        search.fit(frame, y)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        assert search.best_estimator_.predict(frame).shape == y.shape
    keep = make_column_transformer(
        ("passthrough", ["age", "city"]),
        (FunctionTransformer(np.log, feature_names_out="one-to-one"), ["income"]),
    ).set_output(transform="pandas")
    pipeline = make_pipeline(keep, make(max_iter=1, tol=1e9))
    pipeline = fitted(pipeline, X, y)
    assert list(pipeline[-1].feature_names_in_) == list(keep.fit(X).get_feature_names_out())
    scores = cross_val_score(make(tol=1e9, n_iter_no_change=4), X, y, cv=2, error_score="raise")
    assert np.isfinite(scores).all()


@both
def test_permutation_importance_is_of_the_table_s_columns(make):
    """What the target is made of matters."""
    X, y = rows(200)
    model = fitted(make(max_iter=60, learning_rate_init=0.01), X, y)
    found = permutation_importance(model, X, y, n_repeats=3, random_state=0).importances_mean
    assert set(X.columns[np.argsort(found)[-2:]]) == {"city", "rooms"}


@both
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_rows_to_validate_on_through_a_pipeline(make, frame):
    """Metadata routing transforms X_val, which may be a frame."""
    X, y = rows()
    X = frame(X[["age", "income", "rooms"]].to_dict("list"))
    mlp = make(early_stopping=True)
    with config_context(enable_metadata_routing=True):
        mlp.set_fit_request(X_val=True, y_val=True)
        keep = FunctionTransformer()
        model = Pipeline([("keep", keep), ("mlp", mlp)], transform_input=["X_val"])
        fitted(model, X[:60], y[:60], X_val=X[60:], y_val=y[60:])
    assert len(mlp.validation_scores_) == mlp.n_iter_


@both
@pytest.mark.parametrize("frame", [pd.DataFrame, as_polars, as_objects])
@pytest.mark.parametrize("refit", [False, True])
def test_scorers_get_the_table_as_it_is(make, frame, refit):
    """By name or of the user's own; the columns have their names and types."""
    X, y = rows()
    X = frame(X)
    seen = []

    def own(estimator, X, y):
        seen.append((type(X), getattr(estimator, "feature_names_in_", None)))
        return float(np.mean(estimator.predict(X) == y))

    name = "roc_auc" if make is CLASSIFIER else "neg_mean_squared_error"
    for scoring in (name, own):
        model = make(early_stopping=True, scoring=scoring, refit=refit, validation_fraction=0.3)
        model = fitted(model, X, y)
        assert np.isfinite(model.validation_scores_).all()
    assert {kind for kind, _ in seen} == {type(X)}


@both
def test_callbacks_get_the_table_as_it_is(make):
    """And copies that predict from it."""
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 and later")
    X, y = rows()

    class Watching:
        def __init__(self):
            self.seen = []

        def setup(self, estimator, context):
            """Begin."""

        def on_fit_task_begin(self, estimator, context):
            """Begin an epoch."""

        def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
            """Predict."""
            if context.task_name == "epoch":
                self.seen.append((X, fitted_estimator.predict(X)))

        def teardown(self, estimator, context):
            """End."""

    watching = Watching()
    model = make(max_iter="auto", tol=1e9, n_iter_no_change=3).set_callbacks(watching)
    fitted(model, X, y)
    assert len(watching.seen) == model.n_iter_ < 300
    assert watching.seen[-1][0] is X
    assert_array_equal(watching.seen[-1][1], model.predict(X))
    assert not np.array_equal(watching.seen[0][1], watching.seen[-1][1]) or make is CLASSIFIER


@both
@pytest.mark.parametrize("solver", ["adam", "sgd", "rmsprop", "lbfgs"])
@pytest.mark.parametrize("levels", [3, 300])
def test_every_solver_trains_tables(make, solver, levels):
    """With and without an embedding."""
    X, effect = coded(400, levels)
    y = effect > np.median(effect) if make is CLASSIFIER else effect
    settings = {"min_frequency": 1, "max_iter": 20, "learning_rate_init": 0.01, "solver": solver}
    model = fitted(make(**settings), X, y)
    assert model.encoder_.n_embedded_features_ == (levels > 256)
    assert model.loss_curve_[-1] < model.loss_curve_[0]
    if solver == "lbfgs":
        with pytest.raises(ValueError, match="dropout needs a stochastic solver"):
            make(solver=solver, dropout=0.1, min_frequency=1).fit(X, y)


@both
def test_the_embedding_is_one_of_the_network_s_modules(make):
    """Learn from the code: a network of a table begins with its expansion."""
    X, effect = coded(400, 300)
    model = fitted(make(min_frequency=1, max_iter=1), X, effect > 0)
    network = fitted_network(ModelSpec.of_fitted(vars(model)), vars(model))
    assert sum(isinstance(module, Embedding) for module in network.modules) == 1
    z = network.forward(model.encoder_.encode_compact(X, model.coefs_[0].dtype))
    if make is CLASSIFIER:
        assert_allclose(z[:, 0], model.decision_function(X), rtol=1e-12)


# What is refused, and how


COLUMNS = {
    "dates": (pd.date_range("2020-01-01", periods=80), "'age' holds dates"),
    "lists": ([[1]] * 80, "'age' holds values of type"),
    "mixed": ([1, "a"] * 40, "'age' mixes values of types"),
    "infinity": ([np.inf] * 80, "'age' holds an infinity"),
    "complex": (np.full(80, 1j), "'age' holds values of type"),
    "huge": ([1e308, -1e308] * 40, "'age' holds numbers too large"),
}


@both
@pytest.mark.parametrize(("values", "message"), COLUMNS.values(), ids=COLUMNS)
def test_a_column_that_cannot_be_used_is_named(make, values, message):
    """With what to do about it."""
    X, y = rows()
    with pytest.raises((TypeError, ValueError), match=message):
        make().fit(X.assign(age=values), y)


@both
@pytest.mark.parametrize("name", sorted(COLUMNS.keys() - {"huge"}))
def test_where_that_column_stands_is_said(make, name):
    """Among the rows to validate on, or in a table to predict from."""
    X, y = rows()
    values, message = COLUMNS[name]
    bad = X.assign(age=values)
    with pytest.raises((TypeError, ValueError), match=f"X_val.*{message}"):
        make().fit(X, y, X_val=bad, y_val=y)
    with pytest.raises((TypeError, ValueError), match=message):
        trained(make, X, y).predict(bad)


@both
def test_columns_that_are_not_those_of_training(make):
    """Text where numbers were, other names, another order, fewer of them."""
    X, y = rows()
    model = trained(make, X, y)
    for bad, message in (
        (X.assign(age="old"), "'age' holds text, but held numbers.*pd.to_numeric"),
        (X.assign(city=3), "'city' holds numbers, but held text"),
        (X.rename(columns={"age": "years"}), "feature names should match"),
        (X[X.columns[::-1]], "feature names should match|same order"),
        (X[["age"]], "feature names should match"),
    ):
        for call in (model.predict, lambda table: model.partial_fit(table, y)):
            with pytest.raises((TypeError, ValueError), match=message):
                call(bad)
        with pytest.raises((TypeError, ValueError), match=f"X_val.*({message})"):
            make().fit(X, y, X_val=bad, y_val=y)
    nameless = trained(make, as_objects(X), y)
    with pytest.raises(ValueError, match=r"3 features.*6 features"):
        nameless.partial_fit(as_objects(X)[:, :3], y)


@both
def test_text_that_is_not_said_to_be_categorical_is_named(make):
    """None means that there are numbers only."""
    X, y = rows()
    with pytest.raises(TypeError, match=r"'city' holds text.*categorical_features"):
        make(categorical_features=None).fit(X, y)
    model = fitted(make(categorical_features=["rooms", "city", "size", "owner"]), X, y)
    assert model.encoder_.is_categorical_.tolist() == [False, False, True, True, True, True]


@both
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_bins", -1),
        ("n_bins", 2.5),
        ("min_frequency", 0),
        ("min_frequency", 0.1),
        ("max_iter", "many"),
        ("max_iter", 0),
        ("categorical_features", "all"),
        ("categorical_features", 3),
        ("categorical_features", ["nowhere"]),
        ("categorical_features", [7]),
        ("categorical_features", [True]),
    ],
)
def test_settings_that_make_no_sense_are_named(make, name, value):
    """With what they may be."""
    X, y = rows()
    with pytest.raises(ValueError, match=name):
        make(**{name: value}).fit(X, y)


BAD_TABLES = {
    "sparse": (sparse.csr_array(np.eye(4)), "MLPClassifier and MLPRegressor take sparse matrices"),
    "one dimension": (np.arange(4.0), "2D array"),
    "series": (pd.Series(np.arange(4.0)), "2D|2-dim"),
    "three dimensions": (np.zeros((4, 2, 2)), "dim 3|3 dim"),
    "no rows": (pd.DataFrame({"a": []}), "0 sample"),
    "no columns": (pd.DataFrame(index=range(4)), "0 feature"),
    "lazy": (pl.LazyFrame({"a": [1, 2, 3, 4]}), r"X\.collect\(\)"),
    "text": ("a table", "no file or folder .a table."),
    "nothing": (None, "2D|scalar|dim|None"),
    "ragged": ([[1, 2], [3]], "2D|inhomogeneous|ragged|dim"),
}


@both
@pytest.mark.parametrize(("X", "message"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_what_is_no_table(make, X, message):
    """The error says so."""
    y = np.array([0, 1, 0, 1])
    with pytest.raises((TypeError, ValueError, FileNotFoundError), match=message):
        make().fit(X, y)


@both
def test_two_columns_of_one_name(make):
    """Nobody can tell which is meant."""
    X, y = rows()
    X.columns = ["a", "a", *X.columns[2:]]
    with pytest.raises(ValueError, match="same name: 'a'") as caught:
        make().fit(X, y)
    assert caught.type is ValueError


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@both
@pytest.mark.parametrize("as_frame", [pd.DataFrame, pl.DataFrame])
def test_empty_frames(make, as_frame):
    """The error names the estimator that was called."""
    X, y = rows()
    X = as_frame({"rooms": X["rooms"].to_numpy()})
    name = type(make()).__name__
    with pytest.raises(ValueError, match=rf"0 sample.*required by {name}"):
        make().fit(X[:0], y[:0])
    if as_frame is pd.DataFrame:
        with pytest.raises(ValueError, match=rf"0 feature.*required by {name}"):
            make().fit(X[[]], y)
    model = make(max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match=rf"0 sample.*required by {name}"):
        model.predict(X[:0])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@both
def test_an_array_after_a_frame_warns_once(make):
    """That it has no names, in the estimator's name."""
    X, y = rows()
    model = make(max_iter=2).fit(X, y)
    with pytest.warns(UserWarning, match="feature names") as caught:
        model.predict(as_objects(X))
    assert [type(model).__name__ in str(one.message) for one in caught] == [True]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@both
@pytest.mark.parametrize("refit", [False, True])
def test_columns_of_rare_levels_are_named_once(make, refit):
    """Also where the encoding is learned twice."""
    X, y = rows()
    X["id"] = [f"id{i}" for i in range(len(X))]
    model = make(max_iter=2, early_stopping=refit, refit=refit)
    with pytest.warns(UserWarning, match=r"^Column 'id': .*uninformative") as caught:
        model.fit(X, y)
    assert [one.filename for one in caught if "'id'" in str(one.message)] == [__file__]
    with pytest.warns(UserWarning, match=r"^Column 'id': .*uninformative"):
        make().partial_fit(X, y, **({"classes": [0, 1]} if hasattr(model, "classes_") else {}))


@both
def test_numbers_with_some_text_are_named(make):
    """In fit, as they become categories; and where rows to predict have some."""
    X, y = rows()
    ages = pd.Series(["?" if age != age else str(age) for age in X["age"]])
    with pytest.warns(UserWarning, match=r"^Column 'age': holds text .* pd.to_numeric"):
        fitted(make(), X.assign(age=ages), y)
    model = trained(make, X, y)
    for table in (X.assign(age=X["age"].astype(object).fillna("?")), X[:1].assign(age="?")):
        with pytest.raises(TypeError, match=r"'age' .*, but held numbers in fit.*pd.to_numeric"):
            model.predict(table)


@both
@pytest.mark.parametrize("y", [None, np.full(80, NAN), ["a"] * 79])
def test_targets_that_are_none(make, y):
    """Missing, unknown, or too few."""
    X, _ = rows()
    with pytest.raises(ValueError, match=r"y|NaN|inconsistent"):
        make().fit(X, y)


def test_members_of_a_class_by_frames():
    """Everything at once: members, stops, weights, classes, gaps and text."""
    X, y = rows(200)
    labels = np.array(["no", "yes"])[y]
    model = TabularMLPClassifier(
        (16,),
        n_members=3,
        max_iter=20,
        weight_decay=0.05,
        class_weight="balanced",
        early_stopping=True,
        scoring="neg_log_loss",
        refit=True,
        dropout=0.2,
        label_smoothing=0.05,
        random_state=0,
    )
    w = np.random.RandomState(0).uniform(0.5, 2, 200)
    model = fitted(model, X, labels, sample_weight=w)
    assert model.score(X, labels) > 0.7
    assert set(model.predict(X)) == {"no", "yes"}


@pytest.mark.parametrize("rare", [0.1, 0.5])
def test_label_smoothing_moves_probabilities_towards_frequencies(rare):
    """A memorising network says less than 1, by the frequency of the other class."""
    rng = np.random.RandomState(0)
    y = np.arange(100) < 100 * rare
    X = np.column_stack([y * 2.0, rng.randn(100)])
    settings = {"hidden_layer_sizes": 16, "cv": None, "random_state": 0, "max_iter": 200}
    settings |= {"label_smoothing": 0.3, "weight_decay": 0, "dropout": 0}
    p = TabularMLPClassifier(**settings).fit(X, y).predict_proba(X)[:, 1]
    assert_allclose(p[y].mean(), 0.7 + 0.3 * rare, atol=0.03)
    assert_allclose(p[~y].mean(), 0.3 * rare, atol=0.03)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("seed", range(2))
def test_large_class_weights_do_not_end_label_smoothing(n_classes, seed):
    """Where the classes overlap, the one that weighs 10^7 times as much is predicted."""
    X, y = make_blobs(centers=n_classes, random_state=0, cluster_std=20)
    weights = dict.fromkeys(range(1, n_classes), 1e-4) | {0: 1000}
    model = TabularMLPClassifier(class_weight=weights, max_iter=1000, cv=None, random_state=seed)
    assert np.mean(model.fit(X[:50], y[:50]).predict(X[50:]) == 0) > 0.9
