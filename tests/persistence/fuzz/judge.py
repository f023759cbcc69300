"""The judge: what a file does to `sknn.load`, and what the model does that came of it."""

import contextlib
import io
import signal
import tracemalloc
import warnings
from functools import cache

import numpy as np
import pandas as pd

import sknn
from sknn import ModelFileError
from sknn.persistence.describe import describe
from tests.persistence.fuzz.seeds import files, saved

#: Seconds that nothing here may take; the honest take thousandths.
PATIENCE = 300

#: How much more memory than the honest file's a file of its size may need.
FACTOR = 10


class Hangs(BaseException):
    """It took too long; no `except Exception` hides it."""


@contextlib.contextmanager
def in_time():
    """Raise if it takes too long."""

    def late(*_):
        raise Hangs

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def loaded(data):
    """Return the model, or None if the file was refused."""
    try:
        with in_time():
            return sknn.load(io.BytesIO(data))
    except ModelFileError:
        return None


def memory(data):
    """Return how many bytes loading needs at most."""
    tracemalloc.start()
    try:
        loaded(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@cache
def honest_memory(name):
    """Return the same of an honest file, once everything is imported."""
    loaded(files()[name])
    return memory(files()[name])


def hunger(data, name):
    """Return how many times the memory of an honest file a file needs, by their sizes."""
    share = memory(data) / honest_memory(name) / max(1, len(data) / len(files()[name]))
    assert share <= FACTOR, f"{share:.1f} times the memory for a file of {len(data)} bytes"
    return share


def judged(data, *, sealed):
    """Return the verdict: "refused", "equal" or, where all digests were made anew, "other".

    Raises
    ------
    AssertionError, or whatever the model raises
        If the file broke a promise.
    """
    model = loaded(data)
    if sealed:
        described(data, refused=model is None)
    if model is None:
        return "refused"
    if saved(model, training_state=True) in files().values():
        return "equal"
    assert sealed, "a file with a wrong digest was loaded as another model"
    with in_time(), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        exercise(model)
    return "other"


def described(data, *, refused):
    """Let it be inspected: that is as safe, and works for all that can be loaded."""
    try:
        page = describe(io.BytesIO(data))
    except ModelFileError:
        assert refused
    else:
        page.encode("utf-8")
        assert all(letter.isprintable() or letter == "\n" for letter in page)


def exercise(model):
    """Do with a model what can be done with every honest one."""
    X = inputs(model)
    repr(model)
    again = saved(model, training_state=True)
    assert saved(sknn.load(io.BytesIO(again)), training_state=True) == again
    try:
        predictions = model.predict(X)
        for name in ("predict_proba", "decision_function", "predict_members"):
            if hasattr(model, name):
                getattr(model, name)(X)
        calibrate(model, X)
    except ValueError as error:  # weights may be so large that there is no answer
        if "Predictions overflow" not in str(error):
            raise
    else:
        train_on(model, X, predictions)


def calibrate(model, X):
    """Predict an interval or a set, unless the model has no calibration that suits them."""
    name = "predict_interval" if hasattr(model, "predict_interval") else "predict_set"
    try:
        with warnings.catch_warnings():  # the coverage is approximate with early_stopping="cv"
            warnings.simplefilter("ignore", UserWarning)
            getattr(model, name)(X, coverage=0.5)
    except (ValueError, AttributeError) as error:
        if not any(words in str(error) for words in ("needs", "coverage", "no attribute")):
            raise


def train_on(model, X, y):
    """Train for one epoch more; parameters that suit no training are refused in words."""
    if not hasattr(model, "partial_fit") or not np.isfinite(np.asarray(model.coefs_[0])).all():
        return
    settings = type(model)().get_params()
    kept = ("hidden_layer_sizes", "activation", "loss", "quantile", "huber_delta", "n_members")
    settings = {name: value for name, value in settings.items() if name not in kept}
    model.set_params(**{**settings, "random_state": model.random_state, "solver": model.solver})
    if not hasattr(model, "partial_fit"):
        return
    y = y.mean(axis=-1) if model.loss == "quantile" and y.ndim > 1 else y
    y = np.clip(y, 0.1, 10) if model._model_spec["loss"] in ("poisson", "gamma") else y
    try:
        model.partial_fit(X, y)
    except ValueError as error:
        if not any(words in str(error) for words in REFUSALS):
            raise


#: How training refuses what it cannot continue with, in words.
REFUSALS = [
    "training cannot continue",
    "quantile must be inside (0, 1)",
    "NaN",
    "infinity",
    "too large",
    "hidden_layer_sizes",
    "activat",
    "whose training cannot continue",  # networks of several folds
    "array element",  # sizes of hidden layers that are no list of numbers
    "classes not in",  # columns of text and of numbers, which no matrix of predictions holds
]


def inputs(model):
    """Return rows that the model can read."""
    rng = np.random.RandomState(0)
    input_encoding = model._model_spec["input_encoding"]
    names = getattr(model, "feature_names_in_", None)
    if isinstance(input_encoding, list):
        input_encoding = input_encoding[0]
    if not isinstance(input_encoding, dict):
        return rng.normal(size=(3, model.n_features_in_))
    center = dict(
        zip(
            input_encoding["numeric_features_"].tolist(),
            input_encoding["center_"].tolist(),
            strict=True,
        )
    )
    cells = {
        "numeric": lambda j: np.full(3, center.get(j, 0.0)),
        "boolean": lambda j: np.array([True, False, True]),
        "string": lambda j: np.array(["a", "b", None], object),
        "empty": lambda j: np.array([None] * 3, object),
    }
    columns = {j: cells[kind](j) for j, kind in enumerate(input_encoding["column_types_"])}
    table = pd.DataFrame(columns)
    table.columns = table.columns.astype(str) if names is None else names
    return table
