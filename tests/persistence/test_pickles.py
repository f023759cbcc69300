"""Pickles: alone, in pipelines and searches, with memory-mapped and read-only arrays."""

import io
import pickle
from copy import deepcopy

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from sknn import MLPRegressor, TableEncoder
from tests.estimators.data import TABLES, TASKS, fitted
from tests.persistence.test_archives import assert_alike

MODELS = TASKS | TABLES


def alone(model):
    """Return the model."""
    return model


def in_pipeline(model):
    """Return it behind something that does nothing."""
    return make_pipeline(FunctionTransformer(), model)


def in_search(model):
    """Return it in a search for the best rate."""
    return GridSearchCV(model, {"learning_rate_init": [1e-3, 1e-2]}, cv=2)


def pickled(model, path):
    """Return what comes out of a pickle."""
    return pickle.loads(pickle.dumps(model))


def dumped(model, path):
    """Return what joblib makes of it."""
    joblib.dump(model, path)
    return joblib.load(path)


def packed(model, path):
    """Return what joblib makes of it, packed."""
    joblib.dump(model, path, compress=3)
    return joblib.load(path)


def mapped(model, path):
    """Return what joblib makes of it, its arrays in a file that is mapped and only read."""
    joblib.dump(model, path)
    return joblib.load(path, mmap_mode="r")


def read_only(model, path):
    """Return a copy whose arrays cannot be written to."""
    numbers = []
    data = pickle.dumps(model, protocol=5, buffer_callback=numbers.append)
    return pickle.loads(data, buffers=[bytes(one.raw()) for one in numbers])


WAYS = [pickled, dumped, packed, mapped, read_only]


def answers(model, X):
    """Return all that a model says of rows."""
    names = ("predict", "predict_proba", "decision_function", "predict_members")
    return {name: getattr(model, name)(X) for name in names if hasattr(model, name)}


@pytest.mark.parametrize("task", MODELS)
@pytest.mark.parametrize("place", [alone, in_pipeline, in_search])
def test_unpickled_predictions_are_equal(task, place, tmp_path):
    """Bit for bit, for every container and way."""
    estimator, make = MODELS[task]
    X, y = make()
    model = fitted(place(estimator((6,), max_iter=2, n_members=2, random_state=0)), X, y)
    before = answers(model, X)
    for way in WAYS:
        assert_alike(answers(way(model, tmp_path / "model.joblib"), X), before)


def in_memory(value):
    """Return plain data without arrays that are mapped."""
    if isinstance(value, dict):
        return {key: in_memory(one) for key, one in value.items()}
    if isinstance(value, list):
        return [in_memory(one) for one in value]
    return np.asarray(value) if isinstance(value, np.ndarray) else value


def stream(task, **settings):
    """Return a model that learned from a stream, its data, and what partial_fit needs first."""
    estimator, make = MODELS[task]
    X, y = make()
    classes = {"classes": np.unique(y)} if y.ndim == 1 and y.dtype == int else {}
    model = estimator((6,), random_state=0, max_iter=2, **settings)
    return model.partial_fit(X, y, **classes), X, y


@pytest.mark.parametrize("task", MODELS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("method", ["partial_fit", "warm start"])
def test_training_resumes_after_pickle(task, way, method, tmp_path):
    """Bit for bit; the arrays of the model before may be read-only, and stay unchanged."""
    model, X, y = stream(task, warm_start=method == "warm start")
    again = way(model, tmp_path / "model.joblib")
    kept = deepcopy(vars(again))
    before = vars(again).copy()
    for one in (again, model):
        one.partial_fit(X, y) if method == "partial_fit" else fitted(one, X, y)
    assert_alike(in_memory(vars(again)), vars(model))
    assert_alike(in_memory(before), in_memory(kept))


def test_mapped_and_read_only_arrays_cannot_be_written(tmp_path):
    """As the other tests assume."""
    model, _, _ = stream("real")
    for way in (mapped, read_only):
        assert not way(model, tmp_path / "model.joblib").coefs_[0].flags.writeable


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("settings", [{}, {"sparse_output": True}, {"max_cat_to_onehot": 2}])
def test_unpickled_encoder_is_equal(way, settings, tmp_path):
    """It gives the same matrix."""
    X, _ = TABLES["real of a table"][1]()
    encoder = TableEncoder(min_frequency=1, **settings).fit(X)
    again = way(encoder, tmp_path / "encoder.joblib")
    assert_array_equal(again.get_feature_names_out(), encoder.get_feature_names_out())
    wide, same, anew = (one.transform(X) for one in (encoder, again, clone(again).fit(X)))
    if settings.get("sparse_output"):
        wide, same, anew = wide.toarray(), same.toarray(), anew.toarray()
    assert_array_equal(same, wide)
    assert_array_equal(anew, wide)


def test_copies_and_clones_have_no_version_attributes():
    """Those are in pickles only."""
    model, _, _ = stream("real")
    for copy in (clone(model), deepcopy(model), model):
        assert not any(name.startswith("_sknn") for name in vars(copy))


def test_save_of_a_memory_mapped_model(tmp_path):
    """It writes the same file."""
    model, _, _ = stream("multiclass of a table")
    files = [io.BytesIO(), io.BytesIO()]
    mapped(model, tmp_path / "model.joblib").save(files[0])
    model.save(files[1])
    assert files[0].getvalue() == files[1].getvalue()


class OwnSignature(MLPRegressor):
    """A subclass with a parameter of its own."""

    def __init__(self, width=5, alpha=0.1):
        self.width = width
        super().__init__((width,), alpha=alpha)


def test_missing_parameters_of_a_subclass_get_its_defaults():
    """Or else those of the class that it inherits from, whose signature it does not repeat."""
    state = OwnSignature().__getstate__()
    for name in ("alpha", "n_members"):
        del state[name]
    again = OwnSignature.__new__(OwnSignature)
    again.__setstate__(state)
    assert (again.alpha, again.n_members) == (0.1, 1)
