"""skops: only the class of the estimator has to be trusted."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sknn import MLPRegressor, TableEncoder
from tests.estimators.data import TABLES, TASKS, fitted

skops_io = pytest.importorskip("skops.io")

MODELS = TASKS | TABLES


def type_name(estimator):
    """Return what skops calls a type."""
    return f"{type(estimator).__module__}.{type(estimator).__qualname__}"


@pytest.mark.parametrize("task", MODELS)
@pytest.mark.parametrize("stream", [False, True])
def test_only_the_class_is_untrusted(task, stream):
    """After `fit`, and with the training state of `partial_fit`."""
    estimator, make = MODELS[task]
    X, y = make()
    model = fitted(estimator((6,), max_iter=2, n_members=2, random_state=0), X, y)
    model = model.partial_fit(X, y) if stream else model
    data = skops_io.dumps(model)
    assert skops_io.get_untrusted_types(data=data) == [type_name(model)]
    again = skops_io.loads(data, trusted=[type_name(model)])
    assert_array_equal(again.predict(X), model.predict(X))
    if stream:
        assert_array_equal(again.partial_fit(X, y).predict(X), model.partial_fit(X, y).predict(X))


def test_only_the_encoder_class_is_untrusted():
    """For a TableEncoder."""
    X, _ = TABLES["real of a table"][1]()
    encoder = TableEncoder(min_frequency=1).fit(X)
    data = skops_io.dumps(encoder)
    assert skops_io.get_untrusted_types(data=data) == [type_name(encoder)]
    again = skops_io.loads(data, trusted=[type_name(encoder)])
    assert_array_equal(again.transform(X), encoder.transform(X))


def test_only_the_network_of_a_pipeline_is_untrusted():
    """scikit-learn's classes are trusted."""
    X, y = TASKS["real"][1]()
    model = fitted(make_pipeline(StandardScaler(), MLPRegressor((3,), max_iter=2)), X, y)
    data = skops_io.dumps(model)
    name = type_name(model[-1])
    assert skops_io.get_untrusted_types(data=data) == [name]
    assert np.isfinite(skops_io.loads(data, trusted=[name]).predict(X)).all()
