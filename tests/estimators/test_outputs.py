"""Several columns of labels, and targets that are not known."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import r2_score

from sknn import MLPClassifier, MLPRegressor
from tests.estimators.data import fitted, multiclass, multioutput, parameters

SETTINGS = {"hidden_layer_sizes": (30,), "learning_rate_init": 0.02, "random_state": 0}


def columns(n=120):
    """Return X and two columns of labels, strings and of different number."""
    X, y = multiclass(n, 6)
    colours, sizes = np.array(["red", "green", "blue"]), np.array(["small", "large"])
    return X, np.column_stack([colours[y], sizes[(X[:, 0] > 0).astype(int)]])


@pytest.mark.parametrize("loss", ["auto", "hinge", "squared_hinge", "brier", "squared_error"])
def test_columns_of_labels_are_learnt_together(loss):
    """Lists, as scikit-learn's forests have them; right means right in all columns."""
    X, Y = columns()
    model = fitted(MLPClassifier(loss=loss, **SETTINGS), X, Y)
    forest = RandomForestClassifier(n_estimators=2).fit(X, Y)
    for ours, theirs in zip(model.classes_, forest.classes_, strict=True):
        assert_array_equal(ours, theirs)
    predictions = model.predict(X)
    assert predictions.shape == Y.shape
    assert model.score(X, Y) == np.mean((predictions == Y).all(axis=1)) > 0.85
    assert [z.shape for z in model.decision_function(X)] == [(120, 3), (120,)]
    if loss in ("auto", "brier"):
        for p, log_p, like in zip(
            model.predict_proba(X), model.predict_log_proba(X), forest.predict_proba(X), strict=True
        ):
            assert p.shape == like.shape
            assert_allclose(p.sum(axis=1), 1)
            assert_allclose(np.exp(log_p), p)


def test_columns_of_labels_in_a_stream():
    """The classes are a list; n calls are a fit of n epochs, also after a pickle."""
    X, Y = columns()
    settings = {**SETTINGS, "batch_size": 20}
    whole = fitted(MLPClassifier(max_iter=3, n_iter_no_change=np.inf, **settings), X, Y)
    with pytest.raises(ValueError, match="a list with the labels of each"):
        MLPClassifier(**settings).partial_fit(X, Y)
    model = MLPClassifier(**settings)
    classes = [np.unique(column) for column in Y.T]
    model.partial_fit(X, Y, classes=classes)
    model = pickle.loads(pickle.dumps(model)).partial_fit(X, Y, classes=classes).partial_fit(X, Y)
    assert_array_equal(parameters(model), parameters(whole))
    with pytest.raises(ValueError, match="not the same as on last call"):
        model.partial_fit(X, Y, classes=classes[::-1])
    with pytest.raises(ValueError, match="classes not in"):
        model.partial_fit(X, Y[:, ::-1])


def test_columns_of_labels_with_early_stopping_and_smoothing():
    """The score that stops is the share of rows right in all columns."""
    X, Y = columns()
    model = MLPClassifier(early_stopping=True, label_smoothing=0.1, **SETTINGS)
    model = fitted(model, X[:90], Y[:90], X_val=X[90:], y_val=Y[90:])
    assert model.score(X[90:], Y[90:]) == pytest.approx(model.best_validation_score_)


LOSSES = ["squared_error", "absolute_error", "huber", "quantile"]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_unknown_target_is_left_out(loss, dtype):
    """A column that nobody knows in some rows teaches as the rows where it is known."""
    X, Y = multioutput()
    settings = {"loss": loss, "dtype": dtype, "solver": "sgd", "momentum": 0, "batch_size": 60}
    settings |= {"hidden_layer_sizes": (), "alpha": 0, "max_iter": 3, "random_state": 0}
    Y[:20, 1] = np.nan
    model = fitted(MLPRegressor(**settings), X, Y)
    start = clone(model).set_params(learning_rate_init=1e-30)
    first = fitted(start, X, Y)
    moved = model.coefs_[0][:, 0] - first.coefs_[0][:, 0]
    assert np.isfinite(parameters(model)).all()
    assert np.abs(moved).max() > 0
    known = MLPRegressor(**{**settings, "max_iter": 1})
    both, second = (fitted(clone(known), *data) for data in ((X, Y), (X[20:], Y[20:])))
    start = first.coefs_[0][:, 1]
    share = (both.coefs_[0][:, 1] - start) / (second.coefs_[0][:, 1] - start)
    assert_allclose(share, 40 / 60, rtol=1e-2)  # in float32 a difference of few digits


def test_unknown_targets_in_frames_scores_and_validation():
    """A frame with holes; R2 leaves them out, in `score` and in validation."""
    X, Y = multioutput(200)
    holes = np.random.RandomState(0).uniform(size=Y.shape) < 0.2
    Y[holes] = np.nan
    frame = pd.DataFrame(Y, columns=["a", "b"])
    model = MLPRegressor(early_stopping=True, **SETTINGS)
    model = fitted(model, X[:150], frame[:150], X_val=X[150:], y_val=frame[150:])
    predictions = model.predict(X[150:])
    expected = np.mean(
        [
            r2_score(Y[150:, i][~holes[150:, i]], predictions[:, i][~holes[150:, i]])
            for i in range(2)
        ]
    )
    assert expected > 0.8
    assert model.best_validation_score_ == pytest.approx(expected)
    assert model.score(X[150:], frame[150:]) == pytest.approx(expected)


def test_unknown_targets_in_a_stream():
    """Chunk by chunk, as in `fit`."""
    X, Y = multioutput()
    Y[::3, 0] = np.nan
    settings = {**SETTINGS, "batch_size": 20}
    whole = fitted(MLPRegressor(max_iter=3, n_iter_no_change=np.inf, **settings), X, Y)
    stream = MLPRegressor(**settings)
    for _ in range(3):
        stream.partial_fit(X, Y)
    assert_array_equal(parameters(stream), parameters(whole))


def test_a_single_target_must_be_known():
    """A row that has nothing to say is an error, as is an infinite target."""
    X, Y = multioutput()
    Y[3] = np.nan
    with pytest.raises(ValueError, match="y contains NaN"):
        MLPRegressor().fit(X, Y[:, 0])
    Y[3] = np.inf
    with pytest.raises(ValueError, match="y contains infinity"):
        MLPRegressor().fit(X, Y)


def test_a_row_of_which_nothing_is_known_is_absent():
    """Bit for bit, with weights and without."""
    X, Y = multioutput()
    Y[5:15] = np.nan
    Y[20, 0] = np.nan
    known = ~np.isnan(Y).all(axis=1)
    w = np.random.RandomState(0).uniform(size=60)
    model = MLPRegressor(max_iter=3, batch_size=7, **SETTINGS)
    for weights in (None, w):
        rest = None if weights is None else w[known]
        a = fitted(clone(model), X, Y, sample_weight=weights)
        b = fitted(clone(model), X[known], Y[known], sample_weight=rest)
        assert_array_equal(parameters(a), parameters(b))


def test_scores_of_columns_that_are_hardly_known():
    """A column with a single known row has no R2; weights may be a list."""
    X, Y = multioutput()
    model = fitted(MLPRegressor(max_iter=3, **SETTINGS), X, Y)
    expected = r2_score(Y[:, 0], model.predict(X)[:, 0])
    Y[1:, 1] = np.nan
    assert model.score(X, Y, sample_weight=[1.0] * 60) == pytest.approx(expected)


def test_nullable_columns_may_have_unknown_targets():
    """A missing number of pandas is as good as NaN."""
    X, Y = multioutput()
    Y[3, 0] = np.nan
    frame = pd.DataFrame(Y, columns=["a", "b"])
    settings = {"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 0}
    a, b = (fitted(MLPRegressor(**settings), X, y) for y in (Y, frame.astype("Float64")))
    assert np.array_equal(parameters(a), parameters(b))
