"""The warning of inputs that look unscaled: who is named, and who is left alone."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import scale

from sknn import MLPClassifier, MLPRegressor, TabularMLPRegressor
from sknn.estimators._messages import scale_warnings

RNG = np.random.RandomState(0)
PLAIN = RNG.normal(size=(300, 3))
UNSCALED = PLAIN * [1, 5000, 2]
FRAME = pd.DataFrame(UNSCALED, columns=["age", "income", "rooms"])
Y = PLAIN[:, 0]


def fit(model, X, method="fit", y=Y):
    """Train as little as possible; anything but the warning under test is kept quiet."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*(Maximum iterations|line search)")
        getattr(model, method)(X, y)


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


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize(
    ("y", "name"),
    [
        (11 * Y, "y has mean .* and standard deviation 11"),
        (Y + 11, "y has mean"),
        (0.09 * Y, "y has mean"),
        (np.column_stack([Y, 100 * Y]), "column 1 of y has mean"),
    ],
    ids=["large", "far from 0", "small", "one of two"],
)
def test_unscaled_targets_are_named_with_the_remedy(method, y, name):
    """Once, at the line of the caller; `standardize_y` is the remedy."""
    model = MLPRegressor((2,), max_iter=1, warm_start=True)
    with pytest.warns(UserWarning, match=f"targets look unscaled: {name}.*standardize_y=True") as r:
        fit(model, PLAIN, method, y)
    assert (len(r), r[0].filename) == (1, __file__)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(model, PLAIN, method, y)
        fit(MLPRegressor((2,), max_iter=1, standardize_y=True), PLAIN, method, y)
        fit(TabularMLPRegressor((2,), max_iter=1), PLAIN, method, y)


@pytest.mark.parametrize(
    ("y", "settings"),
    [
        (9 * Y, {}),
        (Y + 9, {}),
        (0.2 * Y, {}),
        (np.full(300, 3.0), {}),
        (1000 * Y, {"solver": "lbfgs"}),
        (np.exp(Y) * 1000, {"loss": "poisson"}),
        (np.column_stack([Y, np.where(np.arange(300) % 2, np.nan, Y)]), {}),
    ],
    ids=["9", "mean 9", "0.2", "constant", "lbfgs", "log link", "unknown"],
)
def test_targets_that_are_learned_well_are_left_alone(y, settings):
    """Within a factor of ten, or where the scale does not matter so much."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(MLPRegressor((2,), max_iter=1, **settings), PLAIN, "fit", y)


def test_real_targets_off_scale():
    """A score below that of a constant is not the last word."""
    X, y = load_diabetes(return_X_y=True)
    X = scale(X)
    with pytest.warns(UserWarning, match="y has mean 152 and standard deviation 77"):
        fit(MLPRegressor(random_state=0), X, "fit", y)
    model = MLPRegressor(standardize_y=True, random_state=0)
    fit(model, X, "fit", y)
    assert model.score(X, y) > 0.5


def test_tables_are_scaled_anyway():
    """And classifiers are warned too."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        TabularMLPRegressor((2,), max_iter=1).fit(FRAME, Y)
    with pytest.warns(UserWarning, match="unscaled"):
        MLPClassifier((2,), max_iter=1, learning_rate="one_cycle").fit(FRAME, Y > 0)
