"""Targets in units of their own: what `standardize_y` promises, for both regressors."""

import pickle
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import d2_pinball_score, make_scorer, mean_pinball_loss

from sknn import MLPRegressor, TabularMLPRegressor
from sknn.engine import SquaredError
from tests.estimators.data import PLAIN, fitted, parameters, real

SETTINGS = {"hidden_layer_sizes": (8,), "max_iter": 12, "random_state": 0}
REGRESSORS = {
    "MLPRegressor": partial(MLPRegressor, standardize_y=True, **SETTINGS),
    "TabularMLPRegressor": partial(TabularMLPRegressor, **{**SETTINGS, **PLAIN}),
}
every_regressor = pytest.mark.parametrize("make", REGRESSORS.values(), ids=REGRESSORS)

#: Losses of the error, by what a unit that is ten times as large makes of them.
OF_ERRORS = {"squared_error": 2, "absolute_error": 1, "quantile": 1, "huber": 2}
#: The same for losses of positive targets.
OF_RATIOS = {"poisson": 1, "gamma": 0}


def positive(n=60):
    """Return X and numbers above 0."""
    X, y = real(n)
    return X, np.exp(y / 2)


def two_columns(n=60):
    """Return X and two columns of very different sizes."""
    X, y = real(n)
    return X, np.column_stack([y, 1e4 * y[::-1] - 3e5])


# The law: y -> a y + b makes a p + b of the predictions


@every_regressor
@pytest.mark.parametrize("loss", OF_ERRORS)
@pytest.mark.parametrize(("a", "b"), [(1e6, 0), (0.01, 5), (1, 1e4), (1e-6, -1e-3)])
def test_units_of_y_do_not_matter(make, loss, a, b):
    """Predictions follow y, and losses the power of the unit that they are made of."""
    X, y = real()
    delta = {"huber_delta": 0.5} if loss == "huber" else {}
    before = fitted(make(loss=loss, **delta), X, y)
    delta = {"huber_delta": 0.5 * a} if loss == "huber" else {}
    after = fitted(make(loss=loss, **delta), X, a * y + b)
    spread = a * y.std()
    assert_allclose(after.predict(X), a * before.predict(X) + b, rtol=0, atol=1e-7 * spread)
    factor = float(a) ** OF_ERRORS[loss]
    for curve in ("loss_curve_", "loss_", "best_loss_"):
        expected = factor * np.array(getattr(before, curve))
        assert_allclose(getattr(after, curve), expected, rtol=1e-6)


@every_regressor
@pytest.mark.parametrize("loss", OF_RATIOS)
@pytest.mark.parametrize("a", [1e-6, 1e8])
def test_units_of_positive_y_do_not_matter(make, loss, a):
    """The same for y -> a y where the output is an exponential."""
    X, y = positive()
    before, after = (fitted(make(loss=loss), X, factor * y) for factor in (1, a))
    assert_allclose(after.predict(X), a * before.predict(X), rtol=1e-8)
    expected = float(a) ** OF_RATIOS[loss] * np.array(before.loss_curve_)
    assert_allclose(after.loss_curve_, expected, rtol=1e-8)


@every_regressor
def test_the_sign_of_y_does_not_matter(make):
    """From initial weights that know no sign, -y makes -p of the predictions."""
    X, y = real()
    start = {"initialization": lambda rng, shape, dtype: np.zeros(shape, dtype)}
    model = make(**{"hidden_layer_sizes": (), **start})
    before, after = fitted(clone(model), X, y), fitted(clone(model), X, -y)
    assert_allclose(after.predict(X), -before.predict(X), rtol=1e-9, atol=1e-12)


@every_regressor
@pytest.mark.parametrize("loss", OF_ERRORS)
def test_each_column_has_units_of_its_own(make, loss):
    """Their order of size does not matter to the other columns."""
    X, Y = two_columns()
    factors, shifts = np.array([10.0, 0.1]), np.array([3.0, 70.0])
    if loss == "huber":  # a delta is in the units of every column
        factors, shifts = np.array([10.0, 10.0]), np.array([3.0, 70.0])
    delta = [{"huber_delta": d} if loss == "huber" else {} for d in (1.0, 10.0)]
    before = fitted(make(loss=loss, **delta[0]), X, Y).predict(X)
    after = fitted(make(loss=loss, **delta[1]), X, factors * Y + shifts).predict(X)
    assert_allclose((after - shifts) / factors / Y.std(axis=0), before / Y.std(axis=0), atol=1e-6)


@every_regressor
@pytest.mark.parametrize("size", [1e-100, 1e100])
def test_numbers_of_many_sizes(make, size):
    """They are learned in as many epochs, and the losses are finite."""
    X, y = real()
    settings = {"learning_rate_init": 0.02, "max_iter": 200, "tol": 1e-3}
    before, after = (fitted(make(**settings), X, factor * y) for factor in (1, size))
    assert before.n_iter_ < 200
    assert after.n_iter_ == before.n_iter_
    assert_allclose(after.predict(X) / size, before.predict(X), rtol=1e-8, atol=1e-10)
    assert np.isfinite(after.loss_curve_).all()
    assert after.loss_curve_[0] > after.loss_curve_[-1]


@every_regressor
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_large_offset_costs_no_digits(make, dtype):
    """Also in float32: predictions are put back in float64."""
    X, y = real()
    X = X.astype(dtype)
    before, after = (fitted(make(), X, y + offset) for offset in (0, 1e9))
    assert after.predict(X).dtype == np.float64
    tolerance = 1e-4 if dtype == "float32" else 1e-5
    assert_allclose(after.predict(X) - 1e9, before.predict(X), atol=tolerance)


@pytest.mark.parametrize("loss", [*OF_ERRORS, *OF_RATIOS])
def test_it_is_what_is_done_by_hand(loss):
    """The same weights as from y in units of its spread, bit for bit."""
    X, y = positive()
    center, scale = (0, y.mean()) if loss in OF_RATIOS else (y.mean(), y.std())
    settings = {**SETTINGS, "loss": loss}
    auto = fitted(MLPRegressor(standardize_y=True, huber_delta=scale, **settings), X, y)
    by_hand = fitted(MLPRegressor(**settings), X, (y - center) / scale)
    assert_allclose(parameters(auto), parameters(by_hand), rtol=1e-9, atol=1e-12)
    assert_allclose(auto.predict(X), by_hand.predict(X) * scale + center, rtol=1e-9)


# Losses and scores in the units of y


@every_regressor
@pytest.mark.parametrize("loss", OF_ERRORS)
def test_losses_are_those_of_the_predictions(make, loss):
    """What validation says can be computed from y and the predictions."""
    X, y = real(90)
    y = 50 * y + 7
    settings = {"loss": loss, "quantile": 0.8, "huber_delta": 30.0}
    w = np.random.RandomState(0).uniform(size=30)
    given = {"X_val": X[60:], "y_val": y[60:], "sample_weight_val": w}
    model = fitted(make(**settings), X[:60], y[:60], **given)
    size = np.abs(y[60:] - model.predict(X[60:]))
    losses = {
        "squared_error": size**2 / 2,
        "absolute_error": size,
        "huber": np.where(size <= 30, size**2 / 2, 30 * (size - 15)),
    }
    if loss == "quantile":
        args = (y[60:], model.predict(X[60:]))
        expected = mean_pinball_loss(*args, alpha=0.8, sample_weight=w)
    else:
        expected = np.average(losses[loss], weights=w)
    assert model.validation_loss_curve_[-1] == pytest.approx(expected)
    if model.get_params()["scoring"] is None and isinstance(model, TabularMLPRegressor):
        assert model.validation_scores_[-1] == pytest.approx(-expected)
    elif loss != "quantile":
        assert model.validation_scores_[-1] == pytest.approx(model.score(X[60:], y[60:], w))


@every_regressor
def test_losses_of_several_columns_are_those_of_standardised_columns(make):
    """There is no unit that they have in common; each is in that of its own spread."""
    X, Y = two_columns(90)
    model = fitted(make(), X[:60], Y[:60], X_val=X[60:], y_val=Y[60:])
    error = (Y[60:] - model.predict(X[60:])) / Y[:60].std(axis=0)
    assert model.validation_loss_curve_[-1] == pytest.approx((error**2).sum(axis=1).mean() / 2)


@every_regressor
def test_several_quantiles_are_scored_in_the_units_of_y(make):
    """Minus the mean of their pinball losses, and they are in order."""
    X, y = real()
    y = 100 * y - 3e4
    model = fitted(make(loss="quantile", quantile=[0.1, 0.5, 0.9]), X, y)
    p = model.predict(X)
    assert p.shape == (60, 3)
    assert (np.diff(p, axis=1) >= 0).all()
    losses = [mean_pinball_loss(y, p[:, i], alpha=q) for i, q in enumerate((0.1, 0.5, 0.9))]
    assert model.score(X, y) == pytest.approx(-np.mean(losses))


@every_regressor
def test_several_quantiles_of_several_columns_are_scored_in_the_units_of_y(make):
    """As they are without standardisation: the mean of all pinball losses."""
    X, Y = two_columns()
    levels = [0.1, 0.5, 0.9]
    model = fitted(make(loss="quantile", quantile=levels), X, Y)
    p = model.predict(X)
    losses = [mean_pinball_loss(Y, p[:, :, i], alpha=q) for i, q in enumerate(levels)]
    assert model.score(X, Y) == pytest.approx(-np.mean(losses))


@every_regressor
@pytest.mark.parametrize("scoring", [None, "loss", "neg_mean_absolute_error", "d2"])
def test_early_stopping_does_not_depend_on_units(make, scoring):
    """The tolerance is in them where the loss decides; other scores are the user's."""
    X, y = real(200)
    scorer = make_scorer(d2_pinball_score) if scoring == "d2" else scoring
    tol = {"neg_mean_absolute_error": [1e-4, 1e-1]}.get(scoring, [1e-4, 1e-4])
    settings = {"early_stopping": True, "learning_rate_init": 0.05, "max_iter": 300}
    models = [
        fitted(make(**settings, scoring=scorer, n_iter_no_change=3, tol=tol[i]), X, factor * y)
        for i, factor in enumerate((1, 1000))
    ]
    assert models[0].n_iter_ == models[1].n_iter_ < 300
    assert models[0].best_iteration_ == models[1].best_iteration_


@every_regressor
def test_rows_held_back_have_no_part_in_the_units(make):
    """Absurd targets there do not make those of training small."""
    X, y = real(90)
    absurd = y[60:] * 1e9
    for settings in ({"early_stopping": "auto", "n_iter_no_change": np.inf}, {}):
        model = make(scoring="loss", **settings)
        expected = fitted(clone(model).set_params(early_stopping=False), X[:60], y[:60])
        watched = fitted(clone(model), X[:60], y[:60], X_val=X[60:], y_val=absurd)
        [expected_plan, plan] = (m._model_spec["target_settings"] for m in (expected, watched))
        assert_array_equal(plan["center"], expected_plan["center"])
        assert_array_equal(plan["scale"], expected_plan["scale"])
    tail = np.append(y[:60], absurd)
    model = make(shuffle=False, early_stopping=True, validation_fraction=1 / 3, scoring="loss")
    assert_array_equal(
        fitted(model, X, tail)._model_spec["target_settings"]["scale"], plan["scale"]
    )


# Weights, unknown targets and targets that say little


@every_regressor
def test_units_are_weighted(make):
    """A row of weight 2 is there twice, a row of weight 0 is not there."""
    X, y = real()
    w = np.random.RandomState(0).randint(0, 4, 60)
    y = np.where(w == 0, 1e9, y)
    weighted = fitted(make(), X, y, sample_weight=w)
    repeated = fitted(make(), np.repeat(X, w, axis=0), np.repeat(y, w))
    assert_allclose(weighted.predict(X), repeated.predict(X), rtol=1e-6, atol=1e-9)


@every_regressor
@pytest.mark.parametrize("factor", [1e-300, 1e300, 1e308])
def test_weights_of_any_size(make, factor):
    """Sums of them may overflow."""
    X, y = real()
    w = np.random.RandomState(0).uniform(0.5, 1, 60)
    models = [fitted(make(max_iter=3), X, y + 1e4, sample_weight=f * w) for f in (4, factor)]
    for model in models:
        center = model._model_spec["target_settings"]["center"]
        assert_allclose(center, [(y + 1e4) @ w / w.sum()], rtol=1e-9)
    assert_allclose(models[1].predict(X).mean(), models[0].predict(X).mean(), rtol=1e-3)


@every_regressor
@pytest.mark.parametrize("loss", OF_ERRORS)
def test_unknown_targets_have_no_part_in_the_units(make, loss):
    """A column is measured by what is known of it, and a loss is the same in any unit."""
    X, Y = two_columns()
    Y[::3, 1] = np.nan
    model = fitted(make(loss=loss), X, Y)
    known = Y[~np.isnan(Y[:, 1]), 1]
    assert_allclose(model._model_spec["target_settings"]["scale"], [Y[:, 0].std(), known.std()])
    assert np.isfinite(model.predict(X)).all()
    assert np.isfinite(model.score(X, Y))


@every_regressor
def test_the_loss_of_unknown_targets_is_that_of_the_known(make):
    """With a delta for each column, too: their sum, row by row."""
    X, Y = two_columns(90)
    Y[::3, 1] = np.nan
    val = {"X_val": X[60:], "y_val": Y[60:]}
    model = fitted(make(loss="huber", huber_delta=0.7), X[:60], Y[:60], **val)
    scale = model._model_spec["target_settings"]["scale"]
    size = np.abs(Y[60:] - model.predict(X[60:])) / scale
    losses = np.where(size <= 0.7 / scale, size**2 / 2, 0.7 / scale * (size - 0.35 / scale))
    assert model.validation_loss_curve_[-1] == pytest.approx(np.nansum(losses, axis=1).mean())


@every_regressor
@pytest.mark.parametrize("constant", [0.0, 7.0, -1e300, 1 / 3])
def test_a_target_that_never_varies(make, constant):
    """Its unit is 1, so that nothing is divided by 0; the centre is right."""
    X, _ = real()
    settings = {"max_iter": 300, "learning_rate_init": 0.02, "n_iter_no_change": np.inf}
    model = fitted(make(**settings), X, np.full(60, constant))
    assert_allclose(model._model_spec["target_settings"]["center"], [constant], rtol=1e-12)
    assert model._model_spec["target_settings"]["scale"] == [1]
    assert_allclose(model.predict(X), constant, atol=0.1)


@every_regressor
@pytest.mark.parametrize("constant", [7.0, 1 / 3, 12345678.9])
@pytest.mark.parametrize(
    "settings",
    [
        *({"loss": loss} for loss in [*OF_ERRORS, *OF_RATIOS]),
        *({"solver": "lbfgs"}, {"n_members": 3}, {"dtype": "float32"}, {"weight_decay": 1.0}),
    ],
    ids=str,
)
def test_a_constant_column_is_predicted_exactly(make, settings, constant):
    """Alone or among others, of which some targets are unknown; also for rows far away."""
    X, y = positive()
    Y = np.column_stack([y, np.full(60, constant)])
    Y[::7, 1] = np.nan
    model = fitted(make(**{"max_iter": 20, **settings}), X, Y)
    predictions = model.predict(1e3 * X[:5])
    assert_array_equal(predictions[:, 1], predictions.dtype.type(constant))
    assert np.ptp(model.predict(X)[:, 0]) > 0
    alone = fitted(make(**{"max_iter": 20, **settings}), X, np.full(60, constant))
    assert_array_equal(alone.predict(X), predictions.dtype.type(constant))


@every_regressor
def test_a_constant_column_is_learned_when_it_varies(make):
    """A warm start, or a further batch, is not bound to the constant."""
    X, y = real()
    rates = {"learning_rate": "constant", "learning_rate_init": 0.02, "weight_decay": 0.0}
    model = make(warm_start=True, max_iter=5, **rates)
    model = fitted(model, X, np.column_stack([y, np.ones(60)]))
    model = fitted(model.set_params(max_iter=300), X, np.column_stack([y, 1 + y]))
    assert model.score(X, np.column_stack([y, 1 + y])) > 0.9


@every_regressor
@pytest.mark.parametrize("loss", [*OF_ERRORS, *OF_RATIOS])
def test_one_row(make, loss):
    """All that is known is its own value."""
    X, _ = real()
    model = fitted(make(loss=loss), X[:1], [1e5])
    assert np.isfinite(model.predict(X)).all()
    assert_allclose(model.predict(X[:1]), 1e5, rtol=0.99)


@every_regressor
@pytest.mark.parametrize("loss", OF_RATIOS)
def test_a_column_that_a_stream_learns_of_later(make, loss):
    """Nothing known of it, or nothing but 0, is no reason to believe in 0 for ever."""
    X, y = positive()
    first = [np.full(60, np.nan), *([np.zeros(60)] if loss == "poisson" else [])]
    for unknown in first:
        rates = {"learning_rate": "constant", "learning_rate_init": 0.05, "weight_decay": 0.01}
        model = make(loss=loss, **rates)
        model.partial_fit(X, np.column_stack([y, unknown]))
        for _ in range(300):
            model.partial_fit(X, np.column_stack([y, y]))
        assert_allclose(model.predict(X)[:, 1].mean(), y.mean(), rtol=0.3)


# Streams, pickles and what may not be standardised


@every_regressor
def test_a_stream_keeps_the_units_of_its_first_call(make):
    """Later chunks of another size are learned in the same units, also after a pickle."""
    X, y = real()
    model = make().partial_fit(X, 100 * y)
    units = model._model_spec["target_settings"]
    model = pickle.loads(pickle.dumps(model)).partial_fit(X, 1e6 * y + 5)
    assert_array_equal(model._model_spec["target_settings"]["scale"], units["scale"])
    assert_array_equal(model._model_spec["target_settings"]["center"], units["center"])


@every_regressor
def test_a_warm_start_keeps_the_units(make):
    """And a fit that begins anew does not."""
    X, y = real()
    model = fitted(make(warm_start=True), X, y)
    before = model._model_spec["target_settings"]["scale"]
    assert_array_equal(fitted(model, X, 5 * y)._model_spec["target_settings"]["scale"], before)
    model.set_params(warm_start=False)
    after = fitted(model, X, 5 * y)._model_spec["target_settings"]["scale"]
    assert_allclose(after, 5 * before)


class Asymmetric(SquaredError):
    """A loss of the user's whose answers are not in the units of its raw outputs."""

    out_activation = "tanh"


@every_regressor
def test_a_loss_with_an_output_of_its_own_gets_y_as_it_is(make):
    """Nobody knows what its targets may be."""
    X, y = real()
    a = fitted(make(loss=Asymmetric(), standardize_y=True), X, y)
    b = fitted(make(loss=Asymmetric(), standardize_y=False), X, y)
    assert_array_equal(a.predict(X), b.predict(X))


def test_predictions_without_it_are_in_the_type_of_X():
    """And with it, the output of a regressor is float64."""
    X, y = real()
    X = X.astype("f4")
    for standardize_y, dtype in ((False, np.float32), (True, np.float64)):
        model = MLPRegressor(standardize_y=standardize_y, **SETTINGS)
        assert fitted(model, X, y).predict(X).dtype == dtype


@every_regressor
def test_y_that_is_too_large_is_refused(make):
    """The error says so: its unit squared, its squares in R2, or its distance from the centre."""
    X, y = real()
    with pytest.raises(ValueError, match="y is too large for this loss, SquaredError"):
        make().fit(X, 1e200 * y)
    median = fitted(make(loss="absolute_error"), X, 1e200 * y)
    with pytest.raises(ValueError, match="y is too large for R2"):
        median.score(X, 1e200 * y)
    assert median.score(X, y) < 0
    ends = np.where(np.arange(len(X)) == 0, -1.7e308, 1.7e308)
    with pytest.raises(ValueError, match="y is too large to be standardized"):
        make(loss="absolute_error").fit(X, ends)
