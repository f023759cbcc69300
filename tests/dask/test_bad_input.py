"""What cannot be fitted is refused in words, and the estimator stays as it was."""

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")

from sknn.dask import (  # noqa: E402
    DaskMLPClassifier,
    DaskMLPRegressor,
    DaskTabularMLPClassifier,
)

pytestmark = [
    pytest.mark.thread_unsafe(reason="one cluster for all tests"),
    pytest.mark.usefixtures("cluster_client"),
]

X = np.random.default_rng(0).normal(size=(40, 2))
Y = (X[:, 0] > 0).astype(int)
XD, YD = da.from_array(X, chunks=(20, 2)), da.from_array(Y, chunks=20)
FRAME = pd.DataFrame(X, columns=["age", "size"]).assign(bought=Y)
FD = dd.from_pandas(FRAME, npartitions=2)
SMALL = {"hidden_layer_sizes": (2,), "max_iter": 1}


def parts(*frames):
    """Return a frame of these partitions, which need not agree with its meta."""
    return dd.from_map(lambda i: frames[i], list(range(len(frames))), meta=frames[0][:0])


CASES = {
    "an array": (
        lambda: (X, Y),
        TypeError,
        r"Dask Array, got ndarray. Use MLPClassifier, or .*from_array",
    ),
    "a frame": (lambda: (FRAME, "bought"), TypeError, "got DataFrame. .*from_pandas"),
    "a series": (lambda: (FD["age"], YD), TypeError, "got Series"),
    "one dimension": (lambda: (XD[:, 0], YD), ValueError, "two dimensions, got 1"),
    "an array as y": (lambda: (XD, Y), TypeError, "y must be a Dask .*got ndarray"),
    "no y": (lambda: (XD, None), ValueError, "y to be passed"),
    "unknown column": (
        lambda: (FD, "bough"),
        ValueError,
        "y='bough' is not a column of X. Its columns are 'bought', 'age'",
    ),
    "a name for an array": (lambda: (XD, "bought"), ValueError, "X is a Dask Array"),
    "unknown weights": (
        lambda: (FD, "bought", "w"),
        ValueError,
        "sample_weight='w' is not a column of X",
    ),
    "fewer rows": (lambda: (XD, YD[:30]), ValueError, "X has 40 rows, but y has 30"),
    "other partitions": (
        lambda: (FD[["age"]], dd.from_pandas(FRAME["bought"], npartitions=4)),
        ValueError,
        "X has 2 partitions, but y has 4.*X\\['column'\\]",
    ),
    "other lengths": (
        lambda: (
            parts(FRAME[["age"]][:5], FRAME[["age"]][:7]),
            parts(FRAME["bought"][:5], FRAME["bought"][:8]),
        ),
        ValueError,
        "Partition 1: X has 7 rows, but y has 8",
    ),
    "other columns": (
        lambda: (
            parts(FRAME[["age"]], FRAME[["size"]]),
            YD.rechunk(40).map_blocks(lambda b: b, chunks=(40,)).repeat(2).rechunk(40),
        ),
        ValueError,
        r"partition 0 has \['age'\] and partition 1 has \['size'\]",
    ),
    "text": (
        lambda: (parts(FRAME.assign(age="x")[["age"]]), YD.rechunk(40)),
        ValueError,
        "Partition 0: .*holds text",
    ),
    "missing values": (
        lambda: (da.where(XD > 1, np.nan, XD), YD),
        ValueError,
        "Partition [01]: Input X contains NaN",
    ),
    "no rows": (
        lambda: (FD[FD["age"] > 99][["age"]], FD[FD["age"] > 99]["bought"]),
        ValueError,
        "all partitions are empty",
    ),
    "weights of 0": (lambda: (XD, YD, da.zeros_like(YD)), ValueError, "at least one non-zero"),
    "negative weights": (lambda: (XD, YD, YD - 1), ValueError, "Negative values"),
    "labels of two types": (
        lambda: (
            parts(FRAME[["age"]], FRAME[["age"]]),
            parts(FRAME["bought"], FRAME["bought"].astype(str)),
        ),
        TypeError,
        "y mixes types",
    ),
    "numbers as labels": (lambda: (XD, XD[:, 0]), ValueError, "Unknown label type: continuous"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_collections(case):
    """The message says what was got, where, and what to do."""
    make, kind, message = CASES[case]
    model = DaskMLPClassifier(**SMALL)
    with pytest.raises(kind, match=f"(?s){message}"):
        model.fit(*make())
    assert not [name for name in vars(model) if name.endswith("_")]


PARAMETERS = {
    "cv": 3,
    "warm_start": True,
    "refit": True,
    "solver": "lbfgs",
    "early_stopping": "cv",
    "n_rounds": 0,
    "local_steps": "all",
    "outer_momentum": 1.0,
    "outer_learning_rate": 0,
    "max_iter": -1,
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_bad_parameters(name):
    """Those that need all rows in one place name the local estimator."""
    with pytest.raises(ValueError, match=name):
        DaskMLPClassifier(**SMALL | {name: PARAMETERS[name]}).fit(XD, YD)


def test_two_numbers_of_rounds():
    """Both say how epochs are divided."""
    with pytest.raises(ValueError, match="n_rounds=3 and local_steps=5"):
        DaskMLPClassifier(n_rounds=3, local_steps=5).fit(XD, YD)


def test_too_few_rows_to_hold_back():
    """In any partition: with a fraction of the rows there is an error, else they do without."""
    chunks = ((1,) * 40, (2,))
    with pytest.raises(ValueError, match="No partition can hold rows back: Too few rows"):
        DaskMLPRegressor(**SMALL, early_stopping=True).fit(XD.rechunk(chunks), XD[:, 0].rechunk(1))
    with pytest.raises(ValueError, match="validation_fraction=None"):
        DaskMLPRegressor(**SMALL, early_stopping=True, validation_fraction=None).fit(XD, XD[:, 0])


def test_a_failed_fit_changes_nothing():
    """Neither the attributes nor the generator."""
    rng = np.random.RandomState(0)
    model = DaskMLPClassifier(**SMALL, random_state=rng)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        model.fit(XD, YD)
    before, state = dict(vars(model)), rng.get_state()[1].tolist()
    with pytest.raises(ValueError, match="contains NaN"):
        model.fit(da.where(XD > 1, np.nan, XD), YD)
    assert vars(model) == before
    assert rng.get_state()[1].tolist() == state


def test_no_probabilities():
    """As in the local estimator."""
    model = DaskMLPClassifier(**SMALL, loss="hinge")
    assert not hasattr(model, "predict_proba")


def test_no_client(cluster_client):
    """Without one, or with one that is closed."""
    distributed = pytest.importorskip("distributed")
    with distributed.Client(cluster_client.cluster, set_as_default=False) as other:
        pass
    with pytest.raises(ValueError, match="client is 'closed'"):
        DaskMLPClassifier(**SMALL, client=other).fit(XD, YD)
    with pytest.raises(ValueError, match="client is 7, not running"):
        DaskMLPClassifier(**SMALL, client=7).fit(XD, YD)


def test_a_pipeline_of_scikit_learn():
    """Its steps turn a collection into an array: the error names the remedy."""
    model = make_pipeline(FunctionTransformer(np.asarray), DaskMLPClassifier(**SMALL))
    with pytest.raises(TypeError, match="got ndarray"):
        model.fit(XD, YD)


def test_arrays_are_not_predicted():
    """The local estimator does that."""
    model = DaskTabularMLPClassifier(**SMALL).fit(XD, YD)
    with pytest.raises(TypeError, match="to_local"):
        model.predict(X)
    with pytest.raises(ValueError, match="features"):
        model.predict(XD[:, :1])


@pytest.mark.parametrize("how", ["assign", "filter", "frame", "number"])
def test_targets_that_would_be_inputs(how):
    """A column of X of their name may be another one, or the same one of another expression."""
    frame = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40.0) % 7, "y": np.arange(40.0) % 3})
    if how == "number":
        frame.columns = [0, 1, 2]
    parts = dd.from_pandas(frame, npartitions=2)
    X, y = {
        "assign": lambda: (parts.assign(c=parts["a"]), parts["y"]),
        "filter": lambda: (parts[parts["a"] > 3], parts["y"][parts["a"] > 3]),
        "frame": lambda: (parts, parts[["y"]]),
        "number": lambda: (parts, parts[2]),
    }[how]()
    with pytest.raises(ValueError, match="would be an input"):
        DaskMLPRegressor(max_iter=1).fit(X, y)
