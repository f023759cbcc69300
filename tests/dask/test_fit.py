"""Fits of Dask collections: laws, and collections of every kind."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.metrics import r2_score

import sknn

pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

from sknn.dask import (  # noqa: E402
    DaskMLPClassifier,
    DaskMLPRegressor,
    DaskTabularMLPClassifier,
    DaskTabularMLPRegressor,
    _rounds,
)

pytestmark = [
    pytest.mark.thread_unsafe(reason="one cluster for all tests"),
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.usefixtures("cluster_client"),
]

ALL = [DaskMLPClassifier, DaskMLPRegressor, DaskTabularMLPClassifier, DaskTabularMLPRegressor]

#: The mean of the shards is taken as it is.
AVERAGING = {"outer_learning_rate": 1.0, "outer_momentum": 0.0}

SMALL = {"hidden_layer_sizes": (8,), "max_iter": 3, "batch_size": 32, "random_state": 0}


def table(n=150, seed=0):
    """Return a table with columns of several types, and a column y."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "number": rng.normal(size=n),
            "text": rng.choice(["x", "y", "z", None], n),
            "category": pd.Categorical(rng.choice(["u", "v"], n)),
            "boolean": rng.random(n) > 0.5,
            "holes": np.where(rng.random(n) < 0.2, np.nan, rng.exponential(size=n)),
        }
    )
    return X, 2 * X["number"].to_numpy() + (X["text"] == "x") + rng.normal(0, 0.1, n) + 3


def rows_for(make, n=150):
    """Return inputs and targets that suit an estimator."""
    X, y = table(n)
    y = np.asarray(y)
    if "Tabular" not in make.__name__:
        X = np.column_stack([X["number"], X["boolean"], np.arange(n) % 7])
    return X, np.where(y > 3, "high", "low") if "Classifier" in make.__name__ else y


def collection(X, n_partitions=1):
    """Return rows as a collection of this many partitions."""
    if isinstance(X, pd.DataFrame | pd.Series):
        return dd.from_pandas(X, npartitions=n_partitions, sort=False)
    chunk = -(-len(X) // n_partitions)
    return da.from_array(X, chunks=(chunk, *X.shape[1:]))


def local_of(make):
    """Return the class of the local estimator."""
    return getattr(sknn, make.__name__.removeprefix("Dask"))


CONFIGURATIONS = {
    "plain": {},
    "dropout": {"dropout": 0.2},
    "one_cycle": {"learning_rate": "one_cycle", "learning_rate_init": 0.01},
    "adaptive": {"solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 1.0},
    "early_stopping": {"early_stopping": True},
    "members": {"n_members": 2, "dropout": 0.1, "early_stopping": True},
    "decay": {"solver": "adamw", "weight_decay": 0.1},
}


#: One step a round for all configurations, others for those in which more can go wrong.
ROUNDS = [
    *((name, {"local_steps": 1}) for name in CONFIGURATIONS),
    ("members", {"local_steps": 2}),
    ("dropout", {"n_rounds": 2}),  # of one and a half epochs
]


@pytest.mark.parametrize(("name", "rounds"), ROUNDS, ids=str)
@pytest.mark.parametrize("make", ALL)
def test_one_shard_is_fit(make, name, rounds):
    """Without outer momentum, bit for bit, whatever the number of rounds."""
    X, y = rows_for(make)
    settings = SMALL | CONFIGURATIONS[name]
    w = np.random.default_rng(1).uniform(0, 2, len(y))
    targets = da.from_array(y, chunks=-1)
    if isinstance(X, pd.DataFrame):
        targets = dd.from_pandas(pd.Series(y), npartitions=1, sort=False)
    model = make(**settings, **rounds, **AVERAGING)
    model.fit(collection(X), targets, da.from_array(w, chunks=-1))
    expected = local_of(make)(**settings, **({"cv": None} if "Tabular" in make.__name__ else {}))
    expected.fit(X, y, w)
    for attribute in ("coefs_", "intercepts_"):
        pairs = zip(getattr(model, attribute), getattr(expected, attribute), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs)
    if "n_rounds" not in rounds:
        assert model.loss_curve_ == expected.loss_curve_
        assert model.validation_scores_ == expected.validation_scores_
        assert np.array_equal(model.best_iteration_, expected.best_iteration_)
    assert model.t_ == expected.t_
    assert model.to_local()._training_state == expected._training_state


@pytest.mark.parametrize("make", ALL)
def test_several_shards_learn(make):
    """Of unequal sizes, some empty; the score is that of the local estimator for all rows."""
    X, y = rows_for(make, 600)
    settings = SMALL | {"max_iter": 40, "learning_rate_init": 0.01, "early_stopping": True}
    settings |= {"weight_decay": 0.0, "hidden_layer_sizes": (32,)}
    sizes = (0, 200, 1, 249, 150, 0)
    yd = da.from_array(y, chunks=(sizes,))
    if isinstance(X, pd.DataFrame):
        ends = np.cumsum([0, *sizes])
        Xd = dd.from_map(X.iloc.__getitem__, list(map(slice, ends, ends[1:])), meta=X[:0])
    else:
        Xd = da.from_array(X, chunks=(sizes, (3,)))
    model = make(**settings).fit(Xd, yd)
    local = model.to_local()
    assert type(local) is local_of(make)
    score = local.score(X, y)
    assert score > 0.8
    assert model.score(Xd, yd) == pytest.approx(score, abs=1e-9)
    assert len(model.loss_curve_) == len(model.validation_scores_) == model.n_iter_
    assert model.t_ / model.n_iter_ == pytest.approx(0.9 * 600, abs=5)


def test_validation_scores_are_those_of_all_rows_held_back():
    """R2 of the rows of all shards, not the mean of their R2."""
    X, y = rows_for(DaskMLPRegressor, 400)
    order = np.argsort(y)  # R2 within a shard is low
    X, y = X[order], y[order]
    settings = SMALL | {"early_stopping": True, "max_iter": 2, "shuffle": False}
    model = DaskMLPRegressor(**settings).fit(collection(X, 4), collection(y, 4))
    held_back = np.concatenate([np.arange(k * 100 + 90, (k + 1) * 100) for k in range(4)])
    last = model.best_iteration_ - 1
    expected = r2_score(y[held_back], model.to_local().predict(X[held_back]))
    assert model.validation_scores_[last] == pytest.approx(expected, rel=1e-9)


def test_partitions_without_some_classes_and_categories():
    """Classes, frequencies, the encoding and the units of y are those of all rows."""
    X, y = rows_for(DaskTabularMLPClassifier, 400)
    order = np.lexsort([X["text"].fillna(""), y])
    X, y = X.iloc[order].reset_index(drop=True), y[order]
    settings = {**SMALL, "max_iter": 1, "learning_rate_init": 1e-12}
    model = DaskTabularMLPClassifier(**settings).fit(collection(X, 8), collection(pd.Series(y), 8))
    expected = sknn.TabularMLPClassifier(**settings, cv=None).fit(X, y)
    assert np.array_equal(model.classes_, expected.classes_)
    encoders = [one.encoder_ for one in (model.to_local(), expected)]
    for name in ("categories_", "column_types_"):
        assert str(getattr(encoders[0], name)) == str(getattr(encoders[1], name))
    for name in ("center_", "scale_", "unused_outputs_"):
        assert np.allclose(getattr(encoders[0], name), getattr(encoders[1], name))
    assert model.intercepts_[-1] == pytest.approx(expected.intercepts_[-1], rel=1e-5)


@pytest.mark.parametrize("weight", ["balanced", {"high": 3.0, "low": 1.0}, {"high": 0.0}], ids=str)
def test_class_weights_are_those_of_all_rows(weight):
    """Also if a partition has one class only, or loses all of its rows."""
    X, y = rows_for(DaskMLPClassifier, 300)
    X, y = X[np.argsort(y)], np.sort(y)
    settings = SMALL | {"class_weight": weight, "batch_size": 400, "solver": "sgd", "max_iter": 1}
    model = DaskMLPClassifier(**settings, **AVERAGING).fit(collection(X, 4), collection(y, 4))
    expected = sknn.MLPClassifier(**settings).fit(X, y)
    assert model.loss_curve_ == pytest.approx(expected.loss_curve_, rel=1e-6)
    assert model.t_ == expected.t_


def test_full_batch_gradient_descent_is_that_of_all_rows():
    """The mean of shards after one step each is the step of all rows, weighted by them."""
    X, y = rows_for(DaskMLPRegressor, 300)
    w = np.random.default_rng(0).uniform(0.5, 2, 300)
    settings = SMALL | {"batch_size": 400, "solver": "sgd", "momentum": 0.0, "max_iter": 5}
    settings |= {"standardize_y": True, "dtype": "float64", "learning_rate_init": 0.1}
    chunks = ((100, 30, 170),)
    model = DaskMLPRegressor(**settings, **AVERAGING, local_steps=1).fit(
        da.from_array(X, chunks=(*chunks, 3)),
        da.from_array(y, chunks=chunks),
        da.from_array(w, chunks=chunks),
    )
    expected = sknn.MLPRegressor(**settings).fit(X, y, w)
    for a, b in zip(model.coefs_, expected.coefs_, strict=True):
        assert np.allclose(a, b, rtol=1e-10, atol=1e-12)
    assert model.loss_curve_ == pytest.approx(expected.loss_curve_, rel=1e-10)


@pytest.mark.parametrize(
    "loss",
    [{"loss": "poisson"}, {"loss": "quantile", "quantile": [0.1, 0.9]}, {"loss": "huber"}],
    ids=lambda one: one["loss"],
)
def test_losses(loss):
    """The encoding, the units of y and the initial offsets are those of all rows."""
    X, y = rows_for(DaskTabularMLPRegressor, 400)
    y = np.exp(y / 3)
    settings = SMALL | loss | {"batch_size": 400, "solver": "sgd", "momentum": 0.0}
    settings |= {"dtype": "float64", "weight_decay": 0.0}
    parts = collection(X, 3), collection(pd.Series(y), 3)
    model = DaskTabularMLPRegressor(**settings, **AVERAGING, local_steps=1).fit(*parts)
    expected = sknn.TabularMLPRegressor(**settings, cv=None).fit(X, y)
    for a, b in zip(model.coefs_, expected.coefs_, strict=True):
        assert np.allclose(a, b, rtol=1e-8, atol=1e-10)
    assert model.score(*parts) == pytest.approx(expected.score(X, y), rel=1e-8)


def test_targets_of_several_columns():
    """Labels, numbers of which some are unknown, and 0/1 indicators."""
    X, y = rows_for(DaskMLPRegressor, 200)
    Y = np.column_stack([y, -y])
    Y[:70, 0] = np.nan  # all of the first partition
    model = DaskMLPRegressor(**SMALL).fit(collection(X, 4), collection(Y, 4))
    assert model.predict(collection(X, 4)).compute().shape == (200, 2)
    expected = model.to_local().score(X, Y)
    assert model.score(collection(X, 4), collection(Y, 4)) == pytest.approx(expected, rel=1e-9)
    labels = np.column_stack([y > 3, y > 2]).astype(int)
    model = DaskMLPClassifier(**SMALL).fit(collection(X, 4), collection(labels, 4))
    assert model.predict_proba(collection(X, 4)).compute().shape == (200, 2)
    several = np.column_stack([y > 3, (3 * y).astype(int) % 3]).astype(int)
    model = DaskMLPClassifier(**SMALL).fit(collection(X, 4), collection(several, 4))
    shapes = [one.compute().shape for one in model.predict_proba(collection(X, 4))]
    assert shapes == [(200, 2), (200, 3)]


@pytest.mark.parametrize("make", ALL)
def test_predictions_are_lazy_and_those_of_the_local_estimator(make):
    """Of the kind of X, with its index; an empty partition gives no row."""
    X, y = rows_for(make, 120)
    model = make(**SMALL).fit(collection(X, 3), collection(y, 3))
    methods = ["predict", "predict_proba", "decision_function"]
    for method in methods if is_classifier(model) else methods[:1]:
        expected = getattr(model.to_local(), method)(X)
        lazy = getattr(model, method)(collection(X, 3))
        assert hasattr(lazy, "dask")
        computed = lazy.compute()
        assert np.array_equal(np.asarray(computed), expected)
        if isinstance(X, pd.DataFrame):
            assert computed.index.equals(X.index)
            shifted = X.set_index(X.index + 1000)
            empty = dd.from_pandas(shifted, npartitions=3, sort=False)
            some = getattr(model, method)(empty.loc[1000:1010]).compute()
            assert list(some.index) == list(range(1000, 1011))
            assert lazy._meta.iloc[:0].equals(computed.iloc[:0])
        else:
            assert lazy.dtype == expected.dtype
            assert lazy.chunks[0] == collection(X, 3).chunks[0]
            assert lazy.shape == expected.shape
    if is_classifier(model) and isinstance(X, pd.DataFrame):
        assert list(model.predict_proba(collection(X, 3)).columns) == list(model.classes_)


@pytest.mark.parametrize("by", ["name", "column"])
def test_targets_that_are_columns_of_X(by):
    """They are no inputs, in fit and in prediction; weights likewise."""
    X, y = table(200)
    frame = X.assign(y=np.where(y > 3, "high", "low"), w=np.linspace(0.1, 2, 200))
    ddf = dd.from_pandas(frame, npartitions=2)
    y, w = ("y", "w") if by == "name" else (ddf["y"], ddf["w"])
    model = DaskTabularMLPClassifier(**SMALL).fit(ddf, y, w)
    assert list(model.feature_names_in_) == list(X.columns)
    expected = DaskTabularMLPClassifier(**SMALL).fit(ddf[list(X.columns)], ddf["y"], ddf["w"])
    assert model.loss_curve_ == expected.loss_curve_
    predictions = model.predict(ddf).compute()
    assert np.array_equal(predictions, model.to_local().predict(X))
    assert model.score(ddf, y, w) == model.score(ddf[list(X.columns)], ddf["y"], ddf["w"])


def test_unknown_chunk_sizes():
    """A frame's values have them; the number of partitions is enough."""
    X, y = rows_for(DaskMLPClassifier, 200)
    frame = dd.from_pandas(pd.DataFrame(X).assign(y=y == "high"), npartitions=3)
    Xd, yd = frame[[0, 1, 2]].to_dask_array(), frame["y"].to_dask_array()
    assert np.isnan(Xd.chunks[0]).all()
    model = DaskMLPClassifier(**SMALL).fit(Xd, yd)
    assert model.t_ == 3 * 200
    predictions = model.predict(Xd).compute()
    assert np.array_equal(predictions, model.to_local().predict(X))


def test_chunks_that_differ_are_aligned():
    """Those of y become those of X, and columns in several chunks one."""
    X, y = rows_for(DaskMLPClassifier, 200)
    expected = DaskMLPClassifier(**SMALL).fit(collection(X, 4), collection(y, 4))
    model = DaskMLPClassifier(**SMALL).fit(
        da.from_array(X, chunks=(50, 2)), da.from_array(y, chunks=33)
    )
    assert model.loss_curve_ == expected.loss_curve_


def test_the_number_of_rounds():
    """Given, by the largest number of local steps, or so that rounds are neither short nor rare."""
    y = np.arange(400.0) / 400
    X = y[:, None]

    def rounds(batch_size, **settings):
        model = DaskMLPRegressor((), batch_size=batch_size, max_iter=2, **settings)
        return model.fit(collection(X, 2), collection(y, 2)).n_rounds_

    assert rounds(20, n_rounds=7) == 7
    assert rounds(20, n_rounds=1) == 1
    assert rounds(20, local_steps=1) == 20
    assert rounds(20, local_steps=3) == 8
    assert rounds(20, local_steps=20) == 1  # of two epochs
    assert rounds(20) == 2
    assert rounds(4) == 2 * 3
    assert rounds(1) == 2 * 8


def test_the_estimator_is_one_of_scikit_learn(cluster_client):
    """Clones keep the client, pickles drop it; tags are those of the local estimator."""
    for make in ALL:
        model = make(**SMALL, client=cluster_client)
        assert clone(model).client is cluster_client
        assert clone(model).get_params() == model.get_params()
        assert is_classifier(model) == ("Classifier" in make.__name__) != is_regressor(model)
        X, y = rows_for(make, 100)
        model.fit(collection(X, 2), collection(y, 2))
        restored = pickle.loads(pickle.dumps(model))
        assert restored.client is None
        assert np.array_equal(restored.to_local().predict(X), model.to_local().predict(X))
        assert restored.predict(collection(X, 2)).compute().shape == (100,)


def test_the_local_estimator_saves_and_goes_on(tmp_path):
    """It needs no cluster."""
    X, y = rows_for(DaskTabularMLPClassifier)
    model = DaskTabularMLPClassifier(**SMALL).fit(collection(X, 2), collection(y, 2)).to_local()
    model.save(tmp_path / "model.sknn")
    assert np.array_equal(sknn.load(tmp_path / "model.sknn").predict(X), model.predict(X))
    steps = model._training_state["solver_state"]["steps"]
    model.partial_fit(X, y)
    assert model._training_state["solver_state"]["steps"] > steps


def test_random_state_is_advanced_as_in_fit():
    """A generator of the user is used, and restored if the fit fails."""
    X, y = rows_for(DaskMLPClassifier)
    mine, other = np.random.RandomState(3), np.random.RandomState(3)
    settings = SMALL | {"random_state": mine}
    DaskMLPClassifier(**settings, **AVERAGING).fit(collection(X), collection(y))
    sknn.MLPClassifier(**SMALL | {"random_state": other}).fit(X, y)
    assert mine.randint(2**31) == other.randint(2**31)


def test_time_and_lines_of_epochs(capsys):
    """They are those of `fit`: training ends with the epoch that is too late."""
    X, y = rows_for(DaskMLPClassifier)
    parts = collection(X, 2), collection(y, 2)
    model = DaskMLPClassifier(**SMALL | {"max_iter": 100_000, "max_time": 0.2, "verbose": True})
    model.fit(*parts)
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == model.n_iter_ + 1 < 100_000
    assert printed[-1].endswith("max_time is over")


def test_divergence_and_interrupts(monkeypatch):
    """The last good epoch is kept, and a warning says so."""
    X, y = rows_for(DaskMLPRegressor)
    parts = collection(X, 2), collection(y, 2)
    settings = SMALL | {"solver": "sgd", "learning_rate_init": 1e20}
    with pytest.warns(UserWarning, match="diverged"):
        model = DaskMLPRegressor(**settings).fit(*parts)
    assert all(np.isfinite(W).all() for W in model.coefs_)
    original, made = _rounds.ShardedBatch.run_epoch, []

    def run_epoch(batch):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(original(batch))

    monkeypatch.setattr(_rounds.ShardedBatch, "run_epoch", run_epoch)
    with pytest.warns(UserWarning, match="interrupted by the user; the model is that of epoch 2"):
        model = DaskMLPRegressor(**SMALL).fit(*parts)
    assert model.n_iter_ == 2
    expected = DaskMLPRegressor(**SMALL | {"max_iter": 2})
    monkeypatch.undo()
    assert np.array_equal(model.coefs_[0], expected.fit(*parts).coefs_[0])


def test_a_fitted_encoder():
    """It is used as it is, and stays in clones; one that is not fitted is learned with."""
    X, y = rows_for(DaskTabularMLPClassifier)
    parts = collection(X, 2), collection(y, 2)
    encoder = sknn.TableEncoder(min_frequency=1).fit(X[:60])
    model = clone(DaskTabularMLPClassifier(**SMALL, encoder=encoder))
    assert model.encoder is not encoder
    assert (
        model.encoder.get_feature_names_out().tolist() == encoder.get_feature_names_out().tolist()
    )
    found = model.fit(*parts).to_local().encoder_
    assert np.array_equal(found.center_, encoder.center_)
    model = DaskTabularMLPClassifier(**SMALL, encoder=sknn.TableEncoder(n_bins=0)).fit(*parts)
    found, expected = model.to_local().encoder_, sknn.TableEncoder(n_bins=0).fit(X)
    assert np.allclose(found.center_, expected.center_)
    assert not any(map(len, found.bin_edges_))


def test_named_columns_are_ignored_by_the_local_estimator_too():
    """Targets and weights, by name or as a column of X."""
    X, y = rows_for(DaskTabularMLPClassifier)
    frame = X.assign(tip=y, w=np.arange(len(y)) % 3 + 1.0)
    parts = dd.from_pandas(frame, npartitions=2)
    model = DaskTabularMLPClassifier(**SMALL).fit(parts, parts["tip"], sample_weight="w")
    local = model.to_local()
    assert local.n_features_in_ == X.shape[1]
    assert np.array_equal(local.predict(frame), local.predict(X))
    assert local.score(frame, "tip") == local.score(X, y)


def test_a_partition_without_weight():
    """It has no part in the fit, and none in the score."""
    X, y = rows_for(DaskMLPRegressor)
    w = np.where(np.arange(len(y)) < 50, 0.0, 1.0)
    parts = da.from_array(X, chunks=(50, -1)), da.from_array(y, chunks=50)
    weights = da.from_array(w, chunks=50)
    model = DaskMLPRegressor(**SMALL).fit(*parts, weights)
    expected = DaskMLPRegressor(**SMALL).fit(parts[0][50:], parts[1][50:])
    assert np.array_equal(model.coefs_[0], expected.coefs_[0])
    assert model.score(*parts, weights) == pytest.approx(model.to_local().score(X[50:], y[50:]))


def test_more_rounds_than_steps():
    """Each has a step."""
    X, y = rows_for(DaskMLPRegressor)
    parts = da.from_array(X, chunks=(75, -1)), da.from_array(y, chunks=75)
    model = DaskMLPRegressor(**SMALL, n_rounds=100).fit(*parts)
    assert model.n_rounds_ == 3 * 3  # three epochs of 75 rows in batches of 32


def test_a_part_without_known_targets_has_no_score():
    """As its rows have none locally."""
    X, y = rows_for(DaskMLPRegressor)
    Y = np.column_stack([y, y])
    Y[:50] = np.nan
    parts = da.from_array(X, chunks=(50, -1)), da.from_array(Y, chunks=(50, -1))
    model = DaskMLPRegressor(**SMALL).fit(*parts)
    assert model.score(*parts) == pytest.approx(model.to_local().score(X, Y))


def test_files_that_dask_joins(tmp_path):
    """X and y of many small files have the same partitions."""
    pytest.importorskip("pyarrow")
    X, y = rows_for(DaskTabularMLPRegressor)
    X = X.drop(columns="category").assign(y=y, **{f"more{j}": 1.0 for j in range(12)})
    for i in range(6):
        X[25 * i : 25 * (i + 1)].to_parquet(tmp_path / f"{i}.parquet")
    parts = dd.read_parquet(tmp_path)
    model = DaskTabularMLPRegressor(**SMALL).fit(parts[["number", "text"]], parts["y"])
    assert model.n_features_in_ == 2


def test_fits_inside_tasks(cluster_client):
    """As many as there are threads: they wait for tasks of their own."""
    X, y = rows_for(DaskMLPRegressor)
    parts = da.from_array(X, chunks=(75, -1)), da.from_array(y, chunks=75)

    def fit(seed):
        return DaskMLPRegressor(**SMALL | {"random_state": seed}).fit(*parts).loss_

    losses = cluster_client.gather([cluster_client.submit(fit, seed) for seed in range(2)])
    assert losses[0] == DaskMLPRegressor(**SMALL).fit(*parts).loss_
