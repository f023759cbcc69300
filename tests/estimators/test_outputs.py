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
from sknn.engine import Loss
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
    with pytest.raises(ValueError, match=rf"y contains NaN, 1 of {len(X)}\. Drop these rows"):
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


class Band(Loss):
    """A user's loss with two units for each target: its middle, and how far it strays."""

    units_per_output = 2

    def value(self, z, y):
        """Return the squared errors of the middle and of the distance from it."""
        e, d = self._errors(z, y)
        return 0.5 * (e**2 + d**2).sum(axis=-1)

    def gradient(self, z, y):
        """Return the errors, the distance taken as given."""
        return np.stack(self._errors(z, y), axis=-1).reshape(z.shape)

    @staticmethod
    def _errors(z, y):
        e = z[..., ::2] - y[..., ::2]
        return e, z[..., 1::2] - 1


@pytest.mark.parametrize("loss", ["poisson", "gamma", "quantiles", "own"])
def test_fitting_leaves_unknown_targets_out(loss):
    """What a column says of the rows where it is unknown changes no weight of the others."""
    X, Y = multioutput()
    Y = np.abs(Y) + 0.1
    Y[1:, 1] = np.nan  # a single row is known
    settings = {"alpha": 0, "solver": "sgd", "momentum": 0, "batch_size": 60, "random_state": 0}
    settings |= {"max_iter": 1, "hidden_layer_sizes": ()}
    settings |= {"loss": loss} if loss in ("poisson", "gamma") else {}
    settings |= {"loss": "quantile", "quantile": [0.2, 0.8]} if loss == "quantiles" else {}
    settings |= {"loss": Band()} if loss == "own" else {}
    still, moved = (
        fitted(MLPRegressor(learning_rate_init=rate, **settings), X, Y) for rate in (1e-300, 0.1)
    )
    step = (moved.coefs_[0] - still.coefs_[0]).reshape(4, 2, -1)[:, 1]
    assert np.abs(step).max() > 0
    first = fitted(MLPRegressor(learning_rate_init=0.1, **settings), X[:1], Y[:1])
    alone = (first.coefs_[0] - still.coefs_[0]).reshape(4, 2, -1)[:, 1]
    assert_allclose(60 * step, alone, rtol=1e-6, atol=1e-12)


def test_scores_of_targets_in_any_form():
    """Objects, nullable columns and a column of a single target are read as what they mean."""
    X, Y = multioutput()
    model = fitted(MLPRegressor(max_iter=20, **SETTINGS), X, Y)
    score = r2_score(Y, model.predict(X))
    assert model.score(X, Y) == pytest.approx(score)
    assert model.score(X, Y.astype(object)) == pytest.approx(score)
    assert model.score(X, pd.DataFrame(Y).astype("Float64")) == pytest.approx(score)
    single = fitted(MLPRegressor(max_iter=20, **SETTINGS), X, Y[:, 0])
    assert single.score(X, Y[:, :1]) == single.score(X, Y[:, 0])
    assert single.score(X, Y[:, 0]) == pytest.approx(r2_score(Y[:, 0], single.predict(X)))


def test_scores_of_nullable_columns_with_unknown_targets():
    """A missing number of pandas, None among objects and NaN are the same."""
    X, Y = multioutput()
    model = fitted(MLPRegressor(max_iter=20, **SETTINGS), X, Y)
    predictions = model.predict(X)
    Y[3, 0] = np.nan
    rest = np.arange(60) != 3
    columns = [(Y[rest, 0], predictions[rest, 0]), (Y[:, 1], predictions[:, 1])]
    expected = np.mean([r2_score(*column) for column in columns])
    nullable = pd.DataFrame(Y, columns=["a", "b"]).astype("Float64")
    assert nullable.isna().sum().sum() == 1
    objects = Y.astype(object)
    objects[3, 0] = None
    for given in (Y, nullable, objects):
        assert model.score(X, given) == pytest.approx(expected)


@pytest.mark.parametrize("quantile", [None, [0.1, 0.9]])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": multioutput()[1][:, 0]}, "predictions have|it has 1"),
        ({"y": np.ones((60, 3))}, "predictions have|it has 3"),
        ({"y": multioutput()[1][:-1]}, "inconsistent numbers of samples"),
        ({"y": multioutput()[1] + 1j}, "Complex data not supported"),
        ({"y": np.full((60, 2), np.inf)}, "y contains infinity"),
        ({"sample_weight": np.ones(59)}, "sample_weight.shape"),
        ({"sample_weight": np.ones((60, 1))}, "must be 1D"),
        ({"sample_weight": -np.ones(60)}, "Negative values"),
        ({"sample_weight": np.full(60, np.nan)}, "contains NaN"),
    ],
)
def test_scores_of_what_cannot_be_scored(quantile, change, message):
    """Said in words, for R2 as for the pinball loss."""
    X, Y = multioutput()
    settings = {} if quantile is None else {"loss": "quantile", "quantile": quantile}
    model = fitted(MLPRegressor(max_iter=3, **SETTINGS, **settings), X, Y)
    with pytest.raises(ValueError, match=message):
        model.score(**{"X": X, "y": Y, **change})


@pytest.mark.parametrize("weighted", [False, True])
def test_several_quantiles_with_unknown_targets(weighted):
    """Scored by the mean pinball loss of the known ones, and stopped by their loss."""
    X, Y = multioutput(200)
    Y[::3, 0] = np.nan
    w = np.random.RandomState(0).uniform(size=200) if weighted else None
    settings = {**SETTINGS, "loss": "quantile", "quantile": [0.1, 0.9], "early_stopping": True}
    model = fitted(MLPRegressor(max_iter=30, **settings), X, Y, sample_weight=w)
    assert model.best_validation_score_ == -min(model.validation_loss_curve_)
    assert model.validation_scores_[-1] > model.validation_scores_[0]
    losses, weights = [], []
    for i, level in ((i, j) for i in range(2) for j in range(2)):
        known = ~np.isnan(Y[:, i])
        error = Y[known, i] - model.predict(X)[known, i, level]
        q = [0.1, 0.9][level]
        losses.append(np.maximum(q * error, (q - 1) * error))
        weights.append(np.ones(known.sum()) if w is None else w[known])
    expected = -np.average(np.concatenate(losses), weights=np.concatenate(weights))
    assert model.score(X, Y, w) == pytest.approx(expected)


def test_a_loss_of_the_users_with_several_units_can_be_scored():
    """By minus its mean a number, unknown targets left out; early stopping by its loss."""
    X, Y = multioutput()
    for y in (Y, np.where(np.arange(120).reshape(60, 2) % 7 == 0, np.nan, Y)):
        model = MLPRegressor(loss=Band(), max_iter=20, early_stopping=True, **SETTINGS)
        model = fitted(model, X, y)
        assert model.predict(X).shape == (60, 2, 2)
        assert model.best_validation_score_ == -min(model.validation_loss_curve_)
        middle, distance = np.moveaxis(model.predict(X), -1, 0)
        errors = 0.5 * ((middle - y) ** 2 + (distance - 1) ** 2)
        assert model.score(X, y) == pytest.approx(-np.nanmean(errors) / 2)


def test_a_column_of_which_nothing_is_known_is_refused():
    """By its number; rows of weight zero tell nothing. A chunk of a stream may have one."""
    X, Y = multioutput()
    Y[5:, 1] = np.nan
    model = MLPRegressor(max_iter=2, **SETTINGS)
    w = np.ones(60)
    w[:5] = 0
    with pytest.raises(ValueError, match="No target is known in column 1 of y"):
        model.fit(X, Y, sample_weight=w)
    with pytest.raises(ValueError, match="No target is known in column 1 of y"):
        model.fit(X[5:], Y[5:])
    Y[5:] = np.nan
    for method in ("fit", "partial_fit"):
        with pytest.raises(ValueError, match="y holds no target that is known: all are NaN"):
            getattr(model, method)(X[5:], Y[5:])
    Y = multioutput()[1]
    Y[5:, 1] = np.nan
    model.partial_fit(X[5:], Y[5:]).partial_fit(X[:5], Y[:5])
    assert np.isfinite(parameters(model)).all()


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (-np.ones(120), "Negative values"),
        (np.ones(119), "sample_weight.shape"),
        (np.full(120, np.inf), "contains infinity"),
    ],
)
def test_scores_of_columns_of_labels_check_weights(weights, message):
    """As those of one column do."""
    X, Y = columns()
    model = fitted(MLPClassifier(max_iter=3, **SETTINGS), X, Y)
    with pytest.raises(ValueError, match=message):
        model.score(X, Y, weights)


def test_scores_of_columns_of_labels_are_weighted():
    """Only ratios of weights count, however large."""
    X, Y = columns()
    model = fitted(MLPClassifier(max_iter=3, **SETTINGS), X, Y)
    w = np.random.RandomState(0).uniform(size=120)
    right = (model.predict(X) == Y).all(axis=1)
    for factor in (1.0, 1e308, 1e-300):
        assert model.score(X, Y, factor * w) == pytest.approx(np.average(right, weights=w))


def test_rows_without_a_known_target_do_not_count_in_the_score_of_quantiles():
    """They are as good as absent."""
    X, Y = multioutput()
    settings = {"loss": "quantile", "quantile": [0.1, 0.9], "max_iter": 2}
    model = fitted(MLPRegressor((3,), **settings), X, Y)
    unknown = Y.copy()
    unknown[3] = np.nan
    expected = model.score(np.delete(X, 3, 0), np.delete(Y, 3, 0))
    assert model.score(X, unknown) == pytest.approx(expected)


@pytest.mark.parametrize("loss", ["squared_error", "quantile"])
def test_nothing_known_has_no_score(loss):
    """Nor has a single target with a NaN, nor rows that all weigh nothing."""
    X, Y = multioutput()
    model = fitted(MLPRegressor((3,), loss=loss, quantile=[0.1, 0.9], max_iter=2), X, Y)
    with pytest.raises(ValueError, match="no target that is known"):
        model.score(X, np.full_like(Y, np.nan))
    with pytest.raises(ValueError, match="at least one non-zero"):
        model.score(X, Y, np.zeros(60))
    single = np.where(np.arange(60) == 3, np.nan, Y[:, 0])
    with pytest.raises(ValueError, match="NaN"):
        fitted(model, X, Y[:, 0]).score(X, single)


def test_only_ratios_of_weights_count_in_the_score_of_labels():
    """However large they are; negative ones are refused."""
    X, y = multiclass()
    model = fitted(MLPClassifier((3,), max_iter=2), X, y)
    assert model.score(X, y, np.full(60, 1e308)) == pytest.approx(model.score(X, y))
    with pytest.raises(ValueError, match="Negative values"):
        model.score(X, y, -np.ones(60))
