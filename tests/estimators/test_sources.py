"""Fits from sources: the model is that of the collected frame, bit for bit."""

import errno
import os
import pickle
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GroupKFold, KFold, cross_val_score
from sklearn.pipeline import make_pipeline

import sknn
from sknn import (
    MLPClassifier,
    MLPRegressor,
    TableEncoder,
    TabularMLPClassifier,
    TabularMLPRegressor,
)
from sknn.features.sources import scratch
from sknn.search import BatchedGridSearchCV
from tests.generators import OwnGenerator

pa = pytest.importorskip("pyarrow")
ds = pytest.importorskip("pyarrow.dataset")
pq = pytest.importorskip("pyarrow.parquet")

N = 600
BRIEF = {"hidden_layer_sizes": (6,), "max_iter": 3, "random_state": 0}

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:The inputs look unscaled"),
]


def everything(n=N):
    """Return a table with text, missing values, booleans and categories, and its targets."""
    rng = OwnGenerator()
    X = pd.DataFrame(
        {
            "age": rng.normal(40, 12, size=n),
            "size": rng.normal(size=n).astype(np.float32),
            "rooms": rng.integers(1, 6, size=n),
            "city": pd.Series(rng.choice(["Oslo", "Paris", "Rome"], size=n), dtype=object),
            "kind": pd.Categorical(rng.choice(["a", "b"], size=n)),
            "owner": rng.random(n) < 0.5,
        }
    )
    X["label"] = np.where(X["age"] + 9 * X["rooms"] > 65, "many", "few")
    X["target"] = X["age"] + 3 * X["rooms"]
    X["weight"] = rng.integers(0, 4, size=n) / 2
    X["place"] = rng.integers(0, 9, size=n)
    X.loc[::7, "age"] = np.nan
    X.loc[::5, "city"] = None
    return X


@pytest.fixture(scope="module")
def table():
    """Return the table in memory."""
    return everything()


@pytest.fixture(scope="module")
def folder(table, tmp_path_factory):
    """Return a folder with the table in four Parquet files of unequal sizes."""
    path = tmp_path_factory.mktemp("parquet")
    for i, (start, stop) in enumerate([(0, 50), (50, 333), (333, 334), (334, N)]):
        part = pa.Table.from_pandas(table[start:stop], preserve_index=False)
        pq.write_table(part, path / f"{i}.parquet", row_group_size=100)
    return path


def of_dataset(table, folder):
    """Return an Arrow dataset."""
    return ds.dataset(folder)


def of_paths(table, folder):
    """Return a list of paths, some of them strings."""
    first, *others = sorted(folder.iterdir())
    return [str(first), *others]


def of_pattern(table, folder):
    """Return a path with a wildcard."""
    return f"{folder}/*.parquet"


def of_polars(table, folder):
    """Return a lazy frame of polars."""
    return pl.scan_parquet(folder)


def of_duckdb(table, folder):
    """Return a relation of DuckDB."""
    duckdb = pytest.importorskip("duckdb")
    return duckdb.sql(f"select * from '{folder}/*.parquet' where rooms > 0")


def of_dask(table, folder):
    """Return a frame of Dask with an empty partition."""
    dask = pytest.importorskip("dask.dataframe")
    frame = dask.from_pandas(table, npartitions=3)
    return dask.concat([frame, frame[frame["rooms"] > 99]])


def of_ibis(table, folder):
    """Return a table of Ibis."""
    ibis = pytest.importorskip("ibis")
    return ibis.read_parquet(f"{folder}/*.parquet")


def of_narwhals(table, folder):
    """Return a lazy frame of narwhals."""
    nw = pytest.importorskip("narwhals.stable.v2")
    return nw.from_native(pl.scan_parquet(folder))


def of_function(table, folder):
    """Return a function that makes frames of pandas, some of them empty."""
    starts = [0, 0, 1, 99, 400]
    return lambda: (table[a:b] for a, b in zip(starts, [*starts[1:], N], strict=True))


def of_batches(table, folder):
    """Return a function that makes record batches, with the columns in another order at times."""

    def batches():
        for i, batch in enumerate(ds.dataset(folder).to_batches(batch_size=64)):
            yield batch.select(batch.schema.names[:: -1 if i % 2 else 1]) if i else batch

    return batches


def of_frame(table, folder):
    """Return the frame itself."""
    return table


def of_arrow_table(table, folder):
    """Return a table of Arrow in memory."""
    return pa.Table.from_pandas(table, preserve_index=False)


KINDS = [
    *(of_dataset, of_paths, of_pattern, of_polars, of_duckdb, of_dask, of_ibis, of_narwhals),
    *(of_function, of_batches, of_frame, of_arrow_table),
]


def assert_same_model(found, expected):
    """Assert that two models have equal weights, and equal records of their training."""
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(found, name), getattr(expected, name), strict=True):
            assert_array_equal(a, b)
    assert found.loss_curve_ == expected.loss_curve_
    assert found.validation_scores_ == expected.validation_scores_
    assert list(found.feature_names_in_) == list(expected.feature_names_in_)
    for name in ("oof_prediction_", "oof_proba_", "cv_scores_", "classes_"):
        if hasattr(expected, name):
            a, b = (np.asarray(getattr(one, name), dtype=object) for one in (found, expected))
            assert ((a == b) | ((a != a) & (b != b))).all()


TABULAR = [TabularMLPClassifier, TabularMLPRegressor]


def train(estimator, X, table, groups=None, **settings):
    """Return the fit to a source, and that to the frame without the named columns."""
    y = "label" if estimator in (TabularMLPClassifier, MLPClassifier) else "target"
    features = table.drop(columns=[y, "weight", *([groups] if groups else [])])
    values = None if groups is None else table[groups]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = estimator(**settings)
        expected = whole.fit(features, table[y], sample_weight=table["weight"], groups=values)
        found = estimator(**settings).fit(X, y, sample_weight="weight", groups=groups)
    return found, expected


@pytest.mark.parametrize("estimator", TABULAR)
@pytest.mark.parametrize("source", KINDS)
def test_every_kind_of_source_gives_the_model_of_the_frame(source, estimator, table, folder):
    """The columns that hold the targets and weights are no features, and ignored later."""
    found, expected = train(estimator, source(table, folder), table, **BRIEF)
    assert_same_model(found, expected)
    assert_array_equal(found.predict(table), expected.predict(table[found.feature_names_in_]))


SETTINGS = {
    "early stopping": {"early_stopping": True},
    "a metric": {"early_stopping": True, "scoring": "balanced_accuracy"},
    "no shuffling": {"early_stopping": True, "shuffle": False, "batch_size": 50},
    "class weights": {"class_weight": "balanced"},
    "members": {"n_members": 2, "dropout": 0.1},
    "folds": {"cv": 3},
    "shuffled folds": {"cv": KFold(3, shuffle=True, random_state=0), "refit": True},
    "listed folds": {"cv": [(np.arange(500)[::-1], np.arange(500, N)), ([3, 3, 9] * 40, [0, 1])]},
    "groups": {"cv": GroupKFold(3), "n_members": 2, "groups": "place"},
    "folds of groups": {"cv": 3, "groups": "place"},
    "stopped folds": {"cv": 3, "early_stopping": "cv"},
    "refit": {"early_stopping": True, "refit": True},
    "chosen": {"cv": "auto", "max_iter": "auto", "weight_decay": 0.1, "n_members": 2},
    "float64": {"dtype": "float64", "n_bins": 4, "min_frequency": 20},
    "lbfgs": {"solver": "lbfgs"},
    "encoder": {"encoder": TableEncoder(n_bins=3)},
}


@pytest.mark.parametrize("estimator", TABULAR)
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_every_setting_gives_the_model_of_the_frame(settings, estimator, table, folder):
    """With validation rows, folds, groups and members."""
    if estimator is TabularMLPRegressor:
        settings = {name: v for name, v in settings.items() if name != "class_weight"}
        if settings.get("scoring"):
            settings = {**settings, "scoring": "neg_median_absolute_error"}
    found, expected = train(estimator, ds.dataset(folder), table, **{**BRIEF, **settings})
    assert_same_model(found, expected)


def test_part_of_more_rows_is_held_out_alike(monkeypatch, table, folder):
    """cv="auto" holds out a part of the rows if there are many."""
    monkeypatch.setattr("sknn.estimators._auto_settings.MAX_FOLD_ROWS", 100)
    settings = {"hidden_layer_sizes": (4,), "random_state": 0, "solver": "lbfgs"}
    settings |= {"solver": "adamw", "batch_size": 300}
    found, expected = train(TabularMLPClassifier, ds.dataset(folder), table, **settings)
    assert hasattr(found, "member_params_")
    assert_same_model(found, expected)


@pytest.mark.parametrize(("estimator", "y"), [(MLPClassifier, "label"), (MLPRegressor, "target")])
@pytest.mark.parametrize("settings", [{}, {"cv": 3}, {"early_stopping": True, "dtype": "float32"}])
@pytest.mark.parametrize("source", [of_dataset, of_polars, of_function, of_frame])
def test_the_plain_pair_takes_sources_of_numbers(source, settings, estimator, y, table, tmp_path):
    """With the type of the collected numbers."""
    numbers = table[["rooms", "size", "place", "weight", y]]
    numbers = numbers.fillna(0) if y == "target" else numbers
    pq.write_table(pa.Table.from_pandas(numbers), tmp_path / "a.parquet", row_group_size=77)
    found, expected = train(estimator, source(numbers, tmp_path), numbers, **BRIEF, **settings)
    assert_same_model(found, expected)


def test_a_later_batch_of_numbers_may_need_a_wider_type():
    """Arrays with targets in tuples; the matrix is then begun again."""
    rng = OwnGenerator()
    narrow, wide = rng.normal(size=(60, 3)).astype(np.float32), rng.normal(size=(60, 3))
    y = (np.arange(120) % 3 > 0).astype(int)
    found = MLPClassifier(**BRIEF).fit(lambda: [(narrow, y[:60]), (wide, y[60:])], None)
    expected = MLPClassifier(**BRIEF).fit(np.vstack([narrow, wide]), y)
    for a, b in zip(found.coefs_, expected.coefs_, strict=True):
        assert_array_equal(a, b)


def test_weights_in_tuples_and_functions_of_batches(table):
    """Equal to columns by name."""
    X = table[["age", "city"]]
    y, w = table["label"], table["weight"]
    expected = TabularMLPClassifier(**BRIEF).fit(X, y, sample_weight=w)
    tuples = [(X[:99], y[:99], w[:99]), (X[99:], y[99:], w[99:])]
    for found in (
        TabularMLPClassifier(**BRIEF).fit(lambda: iter(tuples), None),
        TabularMLPClassifier(**BRIEF).fit(
            lambda: [X[:99], X[99:]],
            lambda batch: y[batch.index],
            sample_weight=lambda batch: w[batch.index],
        ),
        TabularMLPClassifier(**BRIEF).fit(X, lambda X: y, sample_weight=lambda X: w),
    ):
        assert_same_model(found, expected)


def test_several_targets_of_a_source(table, folder):
    """A list of names, as the columns of a frame."""
    names = ["target", "rooms"]
    found = TabularMLPRegressor(**BRIEF).fit(ds.dataset(folder), names)
    rest = table.drop(columns=names)
    assert_same_model(found, TabularMLPRegressor(**BRIEF).fit(rest, table[names]))


@pytest.mark.parametrize("container", [pd.DataFrame, pl.from_pandas, pa.Table.from_pandas])
def test_columns_of_frames_in_memory_by_name(container, table):
    """In fit, partial_fit, score and validation data; other frames may lack them."""
    some = table[["age", "rooms", "label", "weight"]]
    X = container(some)
    model = TabularMLPClassifier(**BRIEF, learning_rate="constant")
    model.fit(X, "label", sample_weight="weight", X_val=X, y_val="label")
    assert model.feature_names_in_.tolist() == ["age", "rooms"]
    features = some[["age", "rooms"]]
    assert_array_equal(model.predict(X), model.predict(features))
    score = model.score(features, some["label"], sample_weight=some["weight"])
    assert model.score(X, "label", sample_weight="weight") == score
    twin = pickle.loads(pickle.dumps(model))
    model.partial_fit(X, "label", sample_weight="weight")
    twin.partial_fit(features, some["label"], some["weight"])
    assert_same_model(model, twin)


def test_the_names_survive_files(table, tmp_path):
    """A loaded model ignores the columns of targets, too."""
    model = TabularMLPClassifier(**BRIEF).fit(table[["age", "label"]], "label")
    model.save(tmp_path / "model.sknn")
    loaded = sknn.load(tmp_path / "model.sknn")
    assert_array_equal(loaded.predict(table[["age", "label"]]), model.predict(table[["age"]]))


@pytest.mark.parametrize("source", [of_dataset, of_polars, of_function, of_frame])
def test_predict_batches_gives_the_predictions_in_order(source, table, folder):
    """Of sources, frames and arrays."""
    model = TabularMLPClassifier(**BRIEF).fit(table, "label")
    found = list(model.predict_batches(source(table, folder), "predict_proba", batch_size=170))
    assert max(map(len, found)) <= 170
    assert_allclose(np.concatenate(found), model.predict_proba(table), rtol=1e-6)
    with pytest.raises(ValueError, match="method must be"):
        model.predict_batches(table, "save")
    with pytest.raises(ValueError, match="lacks columns of fit: 'city'"):
        next(model.predict_batches(pl.LazyFrame(table.drop(columns="city"))))


def test_predict_refuses_sources(table, folder):
    """And tells of `predict_batches`."""
    model = TabularMLPClassifier(**BRIEF).fit(table, "label")
    with pytest.raises(TypeError, match="use predict_batches"):
        model.predict(ds.dataset(folder))
    with pytest.raises(TypeError, match="call it for each"):
        model.partial_fit(ds.dataset(folder), "label")
    with pytest.raises(TypeError, match="validation rows must be in memory"):
        model.fit(table, "label", X_val=ds.dataset(folder), y_val="label")


def test_pipelines_and_searches_refuse_sources(table, folder):
    """Before training, with the remedy where this package is asked."""
    with pytest.raises(TypeError, match="Only fit and predict_batches of the estimators"):
        make_pipeline(TableEncoder(), MLPClassifier()).fit(pl.scan_parquet(folder), "label")
    with pytest.raises((TypeError, ValueError)):
        cross_val_score(TabularMLPClassifier(), ds.dataset(folder), "label")
    search = BatchedGridSearchCV(TabularMLPClassifier(), {"n_bins": [4]})
    with pytest.raises(TypeError, match="search on a sample"):
        search.fit(ds.dataset(folder), "label")


# Bad input


def changed(table, **columns):
    """Return a function whose later calls make a table with other columns."""
    calls = []

    def batches():
        calls.append(0)
        later = len(calls) > 3
        return iter([table[:300], (table.assign(**columns) if later else table)[300:]])

    return batches


def shorter(table):
    """Return a function whose later calls make fewer rows."""
    calls = []

    def batches():
        calls.append(0)
        return iter([table[: N if len(calls) < 3 else 500]])

    return batches


def bad_sources(table, folder):
    """Return sources with arguments of `fit`, the error and a part of its message."""
    dataset = ds.dataset(folder)
    once = [
        dataset.scanner().to_reader(),
        iter([table]),
        (frame for frame in [table]),
    ]
    lacking, more = table.drop(columns=["age", "city"]), table.assign(new=1)
    return [
        (
            dataset,
            "tagret",
            ValueError,
            "y='tagret' is not a column of X. Its columns are 'target'",
        ),
        (table, "lable", ValueError, "y='lable' is not a column of X. Its columns are 'label'"),
        (table.to_numpy(), "label", TypeError, "columns have no names"),
        (dataset, table["label"], TypeError, "y must be the name of one of its columns"),
        (dataset, None, ValueError, "y must be the name of a column of the source"),
        *((one, "label", TypeError, "which can be read only once") for one in once),
        (lambda: [table, lacking], "label", ValueError, "row 600 lacks columns 'age', 'city'"),
        (lambda: [table, more], "label", ValueError, "row 600 has other columns 'new'"),
        (lambda: [table, table.assign(rooms="x")], "label", TypeError, "'rooms' mixes numbers"),
        (lambda: iter([]), "label", ValueError, "has no rows"),
        (dataset.filter(ds.field("rooms") > 99), "label", ValueError, "has no rows"),
        (lambda: 3, "label", TypeError, "must return an iterator"),
        (lambda: [np.arange(3)], "label", ValueError, "of shape"),
        (lambda: [table.assign(day=pd.Timestamp("2020-01-01"))], "label", TypeError, "dates"),
        (shorter(table), "label", ValueError, "had 600 rows in the first pass, and 500"),
        (changed(table, label="few"), "label", ValueError, "y of the rows from number 300 to 599"),
        (changed(table, age="old"), "label", TypeError, "'age' holds text, but held numbers"),
        (changed(table, age=np.inf), "label", ValueError, "infinity.*from number 300 to 599"),
        ([folder / "none.parquet"], "label", FileNotFoundError, "none.parquet"),
    ]


@pytest.mark.parametrize("case", range(21))
def test_bad_sources_are_refused(case, table, folder):
    """A fitted model is as before, and no file is left."""
    cases = bad_sources(table, folder)
    assert len(cases) == 21
    X, y, error, match = cases[case]
    model = TabularMLPClassifier(**BRIEF).fit(table, "label")
    before = {name: id(value) for name, value in vars(model).items()}
    with pytest.raises(error, match=match):
        model.fit(X, y)
    assert {name: id(value) for name, value in vars(model).items()} == before


def test_full_disk_is_an_error_without_loss(table, folder, monkeypatch, tmp_path):
    """Before anything is written; the message tells where, and how to choose another folder."""
    model = TabularMLPClassifier(**BRIEF).fit(table, "label")
    before = model.coefs_[0]

    def full(file, size):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(scratch, "_allocate", full)
    with pytest.raises(OSError, match=r"No space for the scratch file.*TMPDIR") as caught:
        model.fit(ds.dataset(folder), "label")
    assert caught.value.errno == errno.ENOSPC
    assert model.coefs_[0] is before


def test_the_scratch_file_has_no_name(table, folder, monkeypatch, tmp_path):
    """It is in the folder of `tempfile`, and gone while it is used, whatever happens later."""
    seen = []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = scratch.scratch_matrix

    def spy(shape, dtype):
        matrix = made(shape, dtype)
        seen.append((isinstance(matrix.base, np.memmap), list(tmp_path.iterdir())))
        return matrix

    monkeypatch.setattr("sknn.estimators._validation.source_rows.scratch_matrix", spy)
    TabularMLPClassifier(**BRIEF, cv=2).fit(ds.dataset(folder), "label")
    assert seen == [(True, [])] * 2


def test_verbose_tells_of_each_pass(table, folder, capsys):
    """With its rows and its time."""
    TabularMLPClassifier(**BRIEF, verbose=True).fit(ds.dataset(folder), "label")
    lines = capsys.readouterr().out.splitlines()
    told = [line.split(" in ")[0] for line in lines if line.startswith("source: ")]
    made = ("targets", "encoding of columns", "encoded rows")
    assert told == [f"source: {one}, 600 rows" for one in made]


def test_each_pass_is_a_subtask_of_callbacks(table, folder):
    """With a name; epochs follow."""
    pytest.importorskip("sklearn.callback")
    names = []

    class Recorder:
        max_propagation_depth = None

        def setup(self, estimator, context):
            """Do nothing."""

        def teardown(self, estimator, context):
            """Do nothing."""

        def on_fit_task_begin(self, estimator, context):
            """Record the name of the task."""
            names.append(context.task_name)

        def on_fit_task_end(self, estimator, context):
            """Do nothing."""

    model = TabularMLPClassifier(**BRIEF).set_callbacks(Recorder())
    model.fit(ds.dataset(folder), "label")
    told = ["source: targets", "source: encoding of columns", "source: encoded rows"]
    assert names[1:] == [*told, "epoch", "epoch", "epoch"]


def test_checkpoint_of_a_fit_from_a_source(table, folder, tmp_path):
    """A fit that was complete is not made again."""
    pytest.importorskip("sklearn.callback")
    model = TabularMLPClassifier(**BRIEF).set_callbacks(sknn.Checkpoint(tmp_path))
    model.fit(ds.dataset(folder), "label")
    [file] = tmp_path.iterdir()
    again = TabularMLPClassifier(**BRIEF).set_callbacks(sknn.Checkpoint(tmp_path))
    again.fit(ds.dataset(folder), "label")
    assert [file] == list(tmp_path.iterdir())
    assert_same_model(again, model)


def test_warm_start_goes_on_from_a_source(table, folder):
    """With the encoding of the first fit."""
    settings = {**BRIEF, "warm_start": True, "learning_rate": "constant"}
    found, expected = train(TabularMLPClassifier, ds.dataset(folder), table, **settings)
    found.fit(ds.dataset(folder), "label", sample_weight="weight")
    rest = table.drop(columns=["label", "weight"])
    expected.fit(rest, table["label"], sample_weight=table["weight"])
    assert_same_model(found, expected)


def test_the_index_of_pandas_is_no_feature(table, tmp_path):
    """Which it writes to Parquet files as a column."""
    table[::-1].to_parquet(tmp_path / "a.parquet")
    model = TabularMLPClassifier(**BRIEF).fit(tmp_path, "label")
    assert list(model.feature_names_in_) == [name for name in table.columns if name != "label"]


def test_buffers_that_are_used_again():
    """Batches may be views of one array: what is learned from them is copied."""
    rng = np.random.RandomState(0)
    X, y = rng.randn(200, 3), rng.randint(2, size=200)
    buffer, labels = np.empty((50, 3)), np.empty(50, dtype=int)

    def batches():
        for start in range(0, len(X), 50):
            buffer[:], labels[:] = X[start : start + 50], y[start : start + 50]
            yield buffer, labels

    settings = {"hidden_layer_sizes": (4,), "max_iter": 2, "cv": None, "random_state": 0}
    found = TabularMLPClassifier(**settings).fit(batches, None)
    expected = TabularMLPClassifier(**settings).fit(X, y)
    assert_array_equal(found.encoder_.center_, expected.encoder_.center_)
    assert_array_equal(found.coefs_[0], expected.coefs_[0])
    encoder = TableEncoder().partial_fit(first := X[:100].copy())
    first[:] = 100
    assert_array_equal(encoder.partial_fit(X[100:]).center_, TableEncoder().fit(X).center_)


@pytest.mark.parametrize("in_memory", [True, False])
def test_a_list_of_names_of_targets(in_memory):
    """Its columns are no features, also in `predict`."""
    rng = np.random.RandomState(0)
    frame = pd.DataFrame(rng.randn(80, 4), columns=list("abtu"))
    settings = {"hidden_layer_sizes": (4,), "max_iter": 2, "cv": None, "random_state": 0}
    X = frame if in_memory else lambda: [frame[:30], frame[30:]]
    model = TabularMLPRegressor(**settings).fit(X, ["t", "u"])
    expected = TabularMLPRegressor(**settings).fit(frame[["a", "b"]], frame[["t", "u"]])
    assert_array_equal(model.coefs_[0], expected.coefs_[0])
    assert_array_equal(model.predict(frame), expected.predict(frame[["a", "b"]]))
    assert model.score(frame, ["t", "u"]) == expected.score(frame[["a", "b"]], frame[["t", "u"]])


def test_labels_that_are_names_of_columns():
    """As many as there are rows: they are labels."""
    frame = pd.DataFrame({"a": np.arange(4.0), "b": [0.0, 1, 1, 0]})
    model = MLPClassifier((2,), max_iter=1, random_state=0)
    model.fit(frame, ["a", "b", "a", "b"])
    assert model.classes_.tolist() == ["a", "b"]


@pytest.mark.parametrize("kind", ["filter", "polars", "duckdb"])
def test_checkpoints_tell_queries_apart(tmp_path, kind):
    """Also if a query is the same, and a file that it reads is not."""
    pytest.importorskip("sklearn.callback")
    rng = np.random.RandomState(0)
    file = tmp_path / "rows.parquet"
    settings = {"hidden_layer_sizes": (4,), "max_iter": 2, "cv": None, "random_state": 0}

    def write(shift):
        frame = pd.DataFrame({"k": np.arange(200.0) % 2, "x": rng.randn(200) + shift})
        frame["y"] = (frame["x"] > shift).astype(int)
        frame.to_parquet(file)

    def source(i):
        if kind == "filter":
            return ds.dataset(file).filter(ds.field("k") == i)
        write(i)
        if kind == "polars":
            return pl.scan_parquet(file)
        return pytest.importorskip("duckdb").sql(f"select * from '{file}'")

    write(0)
    centers = []
    for i in (0, 1):
        model = TabularMLPClassifier(**settings)
        model.set_callbacks(sknn.Checkpoint(tmp_path / "progress"))
        centers.append(model.fit(source(i), "y").encoder_.center_[-1])
    assert centers[0] != centers[1]


def test_files_of_a_folder_with_parts(tmp_path):
    """The names of the folders tell the values of a column."""
    frame = pd.DataFrame({"x": np.arange(60.0), "y": np.arange(60) % 2, "n": np.arange(60) // 30})
    ds.write_dataset(
        pa.Table.from_pandas(frame),
        tmp_path,
        format="parquet",
        partitioning=["n"],
        partitioning_flavor="hive",
    )
    settings = {"hidden_layer_sizes": (4,), "max_iter": 2, "cv": None, "random_state": 0}
    model = TabularMLPClassifier(**settings).fit(str(tmp_path), "y")
    assert model.feature_names_in_.tolist() == ["x", "n"]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ({"x": [1.0, 2]}, {"x": [1.0, 2], "z": [0, 1]}, r"1.parquet has 'z'"),
        ({"x": [1.0, 2], "z": [0, 1]}, {"x": [1.0, 2]}, r"1.parquet lacks 'z'"),
        ({"x": [1.0, 2]}, {"x": ["a", "b"]}, "'x' is double and string"),
    ],
)
def test_files_with_other_columns(tmp_path, first, second, message):
    """Are refused: one would be dropped, or filled, or cast."""
    for i, columns in enumerate((first, second)):
        pq.write_table(pa.table({**columns, "y": [0, 1]}), tmp_path / f"{i}.parquet")
    with pytest.raises(ValueError, match=message):
        TabularMLPClassifier(max_iter=1).fit(str(tmp_path), "y")


def test_files_with_types_that_agree(tmp_path):
    """Integers beside floats, and nothing beside text."""
    tables = [{"x": [1, 2], "t": pa.nulls(2)}, {"x": [1.5, 2], "t": ["a", "b"]}]
    for i, columns in enumerate(tables):
        pq.write_table(pa.table({**columns, "y": [0, 1]}), tmp_path / f"{i}.parquet")
    model = TabularMLPClassifier(max_iter=1, cv=None, min_frequency=1).fit(str(tmp_path), "y")
    assert model.encoder_.center_[0] == np.mean([1, 2, 1.5, 2])
    assert model.encoder_.categories_[0] == ["a", "b"]


@pytest.mark.parametrize("path", ["nothing", "nothing/*.parquet", "nothing.parquet"])
@pytest.mark.parametrize("method", ["fit", "predict_batches"])
def test_paths_without_files(tmp_path, path, method):
    """The error says that there are none."""
    model = TabularMLPClassifier(max_iter=1, cv=None).fit(np.eye(10), [0, 1] * 5)
    call = {
        "fit": lambda: model.fit(f"{tmp_path}/{path}", "y"),
        "predict_batches": lambda: list(model.predict_batches(f"{tmp_path}/{path}")),
    }[method]
    with pytest.raises(FileNotFoundError, match="nothing"):
        call()


def test_functions_that_return_no_new_iterator():
    """What they return instead is named."""
    frame = pd.DataFrame({"x": np.arange(10.0), "y": [0, 1] * 5})
    model = TabularMLPClassifier(max_iter=1, cv=None)
    with pytest.raises(TypeError, match=r"iter\(\[batch\]\)"):
        model.fit(lambda: frame, "y")
    once = iter([frame])
    with pytest.raises(TypeError, match="the same iterator"):
        model.fit(lambda: once, "y")


def test_predictions_of_what_is_read_once():
    """One pass is enough."""
    X = np.random.RandomState(0).randn(30, 2)
    model = TabularMLPClassifier(max_iter=1, cv=None, random_state=0).fit(X, X[:, 0] > 0)
    found = list(model.predict_batches(X[i : i + 10] for i in range(0, 30, 10)))
    assert_array_equal(np.concatenate(found), model.predict(X))
    batches = pa.Table.from_pandas(pd.DataFrame(X, columns=["a", "b"])).to_reader()
    frame = pd.DataFrame(X, columns=["a", "b"])
    named = TabularMLPClassifier(max_iter=1, cv=None, random_state=0).fit(frame, X[:, 0] > 0)
    assert_array_equal(np.concatenate(list(named.predict_batches(batches))), named.predict(frame))
