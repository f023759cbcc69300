"""The warning of inputs that look unscaled: who is named, and who is left alone."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from sknn import MLPClassifier, MLPRegressor, TabularMLPRegressor
from sknn.estimators._messages import scale_warnings

RNG = np.random.RandomState(0)
PLAIN = RNG.normal(size=(300, 3))
UNSCALED = PLAIN * [1, 5000, 2]
FRAME = pd.DataFrame(UNSCALED, columns=["age", "income", "rooms"])
Y = PLAIN[:, 0]


def fit(model, X, method="fit"):
    """Train as little as possible; anything but the warning under test is kept quiet."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Maximum iterations")
        getattr(model, method)(X, Y)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_columns_are_named_and_the_line_is_blamed(method):
    """By their names if they have any; the warning points here."""
    for X, names in [(FRAME, "'age', 'rooms'.*'income'"), (UNSCALED, "columns 0, 2.*columns 1")]:
        with pytest.warns(UserWarning, match=f"{names}.*StandardScaler") as record:
            fit(MLPRegressor((2,), max_iter=1), X, method)
        assert record[0].filename == __file__
        assert len(record) == 1


def test_a_stream_and_a_warm_start_are_warned_once():
    """Only where a model begins."""
    model = MLPRegressor((2,), max_iter=1, warm_start=True)
    with pytest.warns(UserWarning, match="unscaled"):
        fit(model, UNSCALED, "partial_fit")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(model, UNSCALED, "partial_fit")
        fit(model, UNSCALED)


@pytest.mark.parametrize(
    "X",
    [
        PLAIN,
        PLAIN * [1, 999 * PLAIN[:, 0].std() / PLAIN[:, 1].std(), 1] * [1, 1, 30],
        PLAIN * [0, 1, 1],
        np.hstack([PLAIN, np.eye(300)[:, :1] * 1e-6]),
        UNSCALED[:1],
        sparse.csr_matrix(UNSCALED),
    ],
    ids=["scaled", "less than a thousand", "constant", "rarely other", "one row", "sparse"],
)
def test_others_are_left_alone(X):
    """No warning where there is nothing to scale."""
    assert scale_warnings(X, None) == []


def test_huge_numbers_are_looked_at_without_more_warnings():
    """What overflows is not compared."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert scale_warnings(PLAIN * [1e300, 1e300, 1e300], None) == []


def test_tables_are_scaled_anyway():
    """And classifiers are warned too."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TabularMLPRegressor((2,), max_iter=1).fit(FRAME, Y)
    with pytest.warns(UserWarning, match="unscaled"):
        MLPClassifier((2,), max_iter=1, learning_rate="one_cycle").fit(FRAME, Y > 0)
