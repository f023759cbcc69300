"""Bad input gets a clear error, and a failed call leaves the estimator exactly as it was."""

import copy
import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.utils.fixes import parse_version

from sknn import (
    MLPClassifier,
    MLPRegressor,
    TabularMLPClassifier,
    TabularMLPRegressor,
    load,
)
from sknn.engine import Schedule, SquaredError
from tests.estimators.data import binary, fitted, multiclass, multilabel, multioutput, real

try:
    import pyarrow as pa
except ImportError:  # its containers are left out
    pa = None

X, Y = binary()
NAN, INF = X.copy(), X.copy()
NAN[3, 1], INF[3, 1] = np.nan, np.inf

#: What is wrong: the call's arguments (beside the good ones), and what the error must say.
BAD_DATA = {
    "nan": ({"X": NAN}, "contains NaN"),
    "infinity": ({"X": INF}, "contains infinity"),
    "complex": ({"X": X + 1j}, "Complex data not supported"),
    "three_dimensions": ({"X": X[None]}, "3"),
    "one_dimension": ({"X": X[:, 0]}, "Expected 2D array"),
    "strings": ({"X": np.full(X.shape, "a")}, "could not convert|not compatible"),
    "no_rows": ({"X": X[:0], "y": Y[:0]}, "0 sample"),
    "no_columns": ({"X": X[:, :0]}, "0 feature"),
    "lengths": ({"y": Y[:-1]}, "inconsistent numbers of samples"),
    "y_none": ({"y": None}, "y to be passed"),
    "y_nan": ({"y": np.where(Y == 1, np.nan, 0.0)}, "contains NaN"),
    "negative_weights": ({"sample_weight": -np.ones(60)}, "Negative values"),
    "zero_weights": ({"sample_weight": np.zeros(60)}, "at least one non-zero"),
    "short_weights": ({"sample_weight": np.ones(59)}, "sample_weight.shape"),
    "nan_weights": ({"sample_weight": np.full(60, np.nan)}, "contains NaN"),
    "dates": ({"X": np.full(X.shape, "2020-01-01", "M8[D]")}, "X holds dates or times"),
    "durations": ({"X": np.full(X.shape, 3, "m8[D]")}, "X holds dates or times"),
    "two_dimensional_weights": ({"sample_weight": np.ones((60, 1))}, "must be 1D"),
}
#: What is nothing bad in a table, and what is said in other words.
GOOD_IN_TABLES = {"nan", "strings"}
OTHER_WORDS = dict.fromkeys(["dates", "durations"], "Column 0 holds dates or times")
OTHER_WORDS |= {"infinity": "Column 1 holds an infinity"}
BAD_TABLES = {
    name: (arguments, OTHER_WORDS.get(name, match))
    for name, (arguments, match) in BAD_DATA.items()
    if name not in GOOD_IN_TABLES
}
BAD_LABELS = {
    "continuous": (Y + 0.5 * X[:, 0], "continuous"),
    "mixed": (np.array([1, "a"], dtype=object)[Y], "Labels must be all strings .* int, str"),
    "mixed_columns": (np.array([[1, "a"], ["b", "c"]], dtype=object)[Y], "y mixes types: int, str"),
    "none": (np.array(["a", None], dtype=object)[Y], "y holds missing labels, 30 of 60"),
    "list_with_none": (["a", None] * 30, "y holds missing labels, 30 of 60"),
    "nan_among_text": (np.array(["a", np.nan], dtype=object)[Y], "y holds missing labels"),
    "pandas_na": (pd.Series(["a", None] * 30, dtype="string"), "y holds missing labels"),
    "pandas_categories": (pd.Series(["a", None] * 30, dtype="category"), "y holds missing labels"),
    "pandas_columns": (pd.DataFrame({"a": ["b", None] * 30, "c": Y}), "y holds missing labels"),
    "not_indicators": (np.column_stack([2 * Y, 2 - 2 * Y]), "only 0 and 1"),
}
BAD_PARAMETERS = {
    "hidden_layer_sizes": [0, -1, (3, 0), (3, -2), 2.5, (2.5,), "wide", [[3]]],
    "activation": ["swish", "step", ["relu", "tanh"], ["swish"], 3, None],
    "loss": ["log", "mse", None],
    "solver": ["newton", None],
    "alpha": [-1, "1"],
    "batch_size": [0, -5, 2.5, "half"],
    "learning_rate": ["fast", 0.1],
    "learning_rate_init": [0, -0.1, "fast"],
    "power_t": [-1],
    "max_iter": [0, -1, 1.5],
    "n_members": [0, -1, 1.5, None],
    "shuffle": [2],
    "random_state": ["seed"],
    "tol": [-1],
    "momentum": [-0.1, 1.1],
    "nesterovs_momentum": [2],
    "beta_1": [-0.1, 1],
    "beta_2": [-0.1, 1],
    "epsilon": [0],
    "n_iter_no_change": [0, 1.5],
    "initialization": ["orthogonal", 3],
    "dtype": ["float16", np.float32],
    "verbose": ["much"],
    "warm_start": [2],
    "early_stopping": [2, "always"],
    "validation_fraction": [1, -0.1],
    "scoring": [3],
    "cv": [1, 2.5, "five"],
    "refit": [2],
    "max_fun": [0, 1.5],
    "max_time": [0, -1, "soon"],
    "weight_decay": [-1],
    "clip_gradient_norm": [0, -1],
    "dropout": [-0.1, 1, [0.1, 0.2], [1.0], "half"],
}
BAD_PARAMETERS_OF_CLASSIFIERS = {
    "label_smoothing": [-0.1, 1],
    "class_weight": ["heavy", {0: -1, 1: 1}, {7: 1}, {0: 0, 1: 0}],
}
BAD_PARAMETERS_OF_REGRESSORS = {
    "quantile": [0, 1, [0.5, 0.1], [], [0.5, 2]],
    "huber_delta": [0, -1],
    "standardize_y": ["yes"],
}
QUICK = {"hidden_layer_sizes": (6,), "max_iter": 2, "random_state": 0}


def pairs(table):
    """Return every name with each of its values."""
    return [(name, value) for name, values in table.items() for value in values]


def state_of(model):
    """Return a deep copy of every attribute."""
    return copy.deepcopy(vars(model))


def assert_refused(model, method, arguments, match):
    """Assert that a call raises, with a message, and that no attribute is different after it."""
    before = state_of(model)
    with pytest.raises((ValueError, TypeError), match=match):
        getattr(model, method)(**arguments)
    assert_equal(state_of(model), before)


@pytest.mark.parametrize("estimator", [MLPClassifier(**QUICK), MLPRegressor(**QUICK)], ids=repr)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("is_fitted", [False, True], ids=["fresh", "fitted"])
@pytest.mark.parametrize(("arguments", "match"), BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data(estimator, method, is_fitted, arguments, match):
    """Data that no estimator of ours can use, at the first call and after a good one."""
    model = clone(estimator)
    if is_fitted:
        fitted(model, X, Y)
    elif method == "partial_fit" and isinstance(model, MLPClassifier):
        arguments = {"classes": [0, 1], **arguments}
    assert_refused(model, method, {"X": X, "y": Y, **arguments}, match)


@pytest.mark.parametrize("estimator", [TabularMLPClassifier(**QUICK), TabularMLPRegressor(**QUICK)])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("is_fitted", [False, True], ids=["fresh", "fitted"])
@pytest.mark.parametrize(("arguments", "match"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_bad_tables(estimator, method, is_fitted, arguments, match):
    """The same for tables, where gaps and text are welcome."""
    model = clone(estimator)
    if is_fitted:
        fitted(model, X, Y)
    elif method == "partial_fit" and is_classifier(model):
        arguments = {"classes": [0, 1], **arguments}
    assert_refused(model, method, {"X": X, "y": Y, **arguments}, match)


@pytest.mark.parametrize("is_fitted", [False, True], ids=["fresh", "fitted"])
@pytest.mark.parametrize(("y", "match"), BAD_LABELS.values(), ids=BAD_LABELS)
def test_bad_labels(is_fitted, y, match):
    """Labels that are none."""
    model = MLPClassifier(**QUICK)
    if is_fitted:
        fitted(model, X, Y)
    assert_refused(model, "fit", {"X": X, "y": y}, match)


@pytest.mark.parametrize("name", ["mixed", "none", "pandas_na"])
def test_bad_labels_to_compare_with(name):
    """The same in score."""
    y, match = BAD_LABELS[name]
    model = fitted(MLPClassifier(**QUICK), X, np.array(["a", "b"])[Y])
    assert_refused(model, "score", {"X": X, "y": y}, match)


TEXT = np.array(["a", "b"])[Y]
NO_NUMBERS = {
    "text": TEXT,
    "objects": TEXT.astype(object),
    "list": TEXT.tolist(),
    "columns": np.column_stack([TEXT, TEXT]),
    "pandas": pd.Series(TEXT, dtype="string"),
    "dates": pd.Series([datetime.date(2020, 1, 1)] * 60),
}


@pytest.mark.parametrize("estimator", [MLPRegressor, TabularMLPRegressor])
@pytest.mark.parametrize("method", ["fit", "partial_fit", "score"])
@pytest.mark.parametrize("y", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_targets_that_are_no_numbers(estimator, method, y):
    """The error says what they must be, and where labels go."""
    model = fitted(estimator(**QUICK), X, Y)
    assert_refused(model, method, {"X": X, "y": y}, "y must be numbers: .*For labels there are")


@pytest.mark.parametrize("estimator", [MLPRegressor, TabularMLPRegressor])
@pytest.mark.parametrize("as_text", [np.asarray, list, lambda y: pd.Series(y, dtype="category")])
def test_numbers_as_text_are_read(estimator, as_text):
    """As scikit-learn's regressors do; what is missing among them is an error."""
    y = X[:, 0].round(3)
    model = fitted(estimator(**QUICK), X, y)
    again = fitted(estimator(**QUICK), X, as_text(y.astype(str)))
    assert_equal(again.predict(X), model.predict(X))
    gap = np.array([None, *y[1:]], dtype=object)
    assert_refused(model, "fit", {"X": X, "y": gap}, "y contains NaN")


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("is_fitted", [False, True], ids=["fresh", "fitted"])
@pytest.mark.parametrize(("name", "value"), pairs(BAD_PARAMETERS))
def test_bad_parameters(method, is_fitted, name, value):
    """The error names the parameter, whether training begins or goes on."""
    if name == "cv" and method == "partial_fit":
        pytest.skip("with cv there is no partial_fit")
    for model, y, extra in (
        (MLPRegressor(**QUICK), X[:, 0], {}),
        (MLPClassifier(**QUICK), Y, {"classes": [0, 1]} if method == "partial_fit" else {}),
    ):
        if is_fitted:
            fitted(model, X, y)
        model.set_params(**{name: value})
        assert_refused(model, method, {"X": X, "y": y, **extra}, name)


@pytest.mark.parametrize(("name", "value"), pairs(BAD_PARAMETERS_OF_CLASSIFIERS))
def test_bad_parameters_of_classifiers(name, value):
    """The same for what only classifiers have."""
    model = MLPClassifier(**QUICK, **{name: value})
    assert_refused(model, "fit", {"X": X, "y": Y}, f"{name}|weights must contain")


@pytest.mark.parametrize(("name", "value"), pairs(BAD_PARAMETERS_OF_REGRESSORS))
def test_bad_parameters_of_regressors(name, value):
    """The same for what only regressors have."""
    loss = {"quantile": "quantile", "huber_delta": "huber"}.get(name, "auto")
    model = MLPRegressor(**QUICK, loss=loss, **{name: value})
    assert_refused(model, "fit", {"X": X, "y": X[:, 0]}, name)


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("poisson", [1, -1, 2, -3], r"y >= 0; it is not in 2 rows: 1, 3 "),
        ("gamma", [1, 0, 2, 3], r"y > 0; it is not in 1 rows: 1 "),
        ("poisson", [-1] * 8, r"8 rows: 0, 1, 2, 3, 4, \.\.\. "),
    ],
)
def test_targets_outside_the_domain_of_the_loss(loss, y, message):
    """The error says which rows hold them."""
    model = MLPRegressor(loss=loss, **QUICK)
    assert_refused(model, "fit", {"X": X[: len(y)], "y": y}, message)


def test_parameters_are_not_validated_where_scikit_learn_is_told_not_to():
    """As everywhere in scikit-learn, also when training goes on."""
    model = fitted(MLPClassifier(**QUICK), X, Y).set_params(verbose="")
    with config_context(skip_parameter_validation=True):
        model.partial_fit(X, Y)
    with pytest.raises(ValueError, match="verbose"):
        model.partial_fit(X, Y)


def test_every_parameter_is_tried():
    """The table above knows every parameter that can be wrong."""
    more = BAD_PARAMETERS_OF_CLASSIFIERS.keys()
    assert BAD_PARAMETERS.keys() | more == MLPClassifier().get_params().keys()
    more = BAD_PARAMETERS_OF_REGRESSORS.keys()
    assert BAD_PARAMETERS.keys() | more == MLPRegressor().get_params().keys()


@pytest.mark.parametrize("name", ["swish", ["swish"]])
def test_an_unknown_activation_lists_the_known_ones(name):
    """All of them, whether one name or one for each layer was given."""
    with pytest.raises(ValueError, match="logistic") as e:
        MLPClassifier((3,), name).fit(X, Y)
    for known in ("identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "softplus", "exp"):
        assert repr(known) in str(e.value)


def test_partial_fit_needs_the_classes_first():
    """In scikit-learn's words."""
    model = MLPClassifier(**QUICK)
    assert_refused(model, "partial_fit", {"X": X, "y": Y}, "classes must be passed on the first")


@pytest.mark.parametrize(
    ("good", "bad", "match"),
    [
        (binary, {"y": Y + 1}, "classes not in"),
        (binary, {"y": np.array(["a", "b"])[Y]}, "classes not in"),
        (binary, {"y": multilabel()[1]}, "1d array of labels"),
        (binary, {"classes": [0, 1, 2]}, "not the same as on last call"),
        (binary, {"X": X[:, :3]}, "3 features.*4 features"),
        (multiclass, {"y": multiclass()[1] + 1}, "classes not in"),
        (multilabel, {"y": multilabel()[1][:, :2]}, "training began, 3"),
        (multilabel, {"y": Y}, "training began, 3"),
        (real, {"y": multioutput()[1]}, "training began, 1"),
        (multioutput, {"y": real()[1]}, "training began, 2"),
    ],
)
def test_partial_fit_refuses_another_target(good, bad, match):
    """Labels, columns and features must be those that training began with."""
    X, y = good()
    model = (MLPRegressor if good in (real, multioutput) else MLPClassifier)(**QUICK)
    assert_refused(fitted(model, X, y), "partial_fit", {"X": X, "y": y, **bad}, match)


@pytest.mark.parametrize("value", [np.nan, -1.0, np.inf])
@pytest.mark.parametrize("step", [0, 5])
def test_an_impossible_learning_rate(value, step):
    """A function of the user's own that gives no rate is refused with the step."""
    model = MLPClassifier(**{**QUICK, "batch_size": 10})
    model.learning_rate = lambda t: value if t == step else 0.1
    assert_refused(fitted_like(model), "fit", {"X": X, "y": Y}, f"at step {step} it is")


def test_an_impossible_initialization():
    """A function of the user's own must give finite weights of the right shape."""
    for W in (np.zeros((2, 2)), np.full((4, 6), np.nan)):
        model = MLPClassifier(**QUICK, initialization=lambda rng, shape, dtype, W=W: W)
        assert_refused(model, "fit", {"X": X, "y": Y}, r"finite weights of shape \(4, 6\)")


@pytest.mark.filterwarnings("ignore:The targets look unscaled")
def test_too_large_for_float32():
    """What is finite in X but not in the network's type is refused, at fit and at predict."""
    model = MLPClassifier(dtype="float32", **QUICK)
    assert_refused(model, "fit", {"X": 1e300 * X, "y": Y}, "too large for dtype")
    assert_refused(fitted(model, X, Y), "predict", {"X": 1e300 * X}, "too large for dtype")
    heavy = {"X": X, "y": Y, "sample_weight": np.full(60, 1e300), "classes": [0, 1]}
    model = MLPClassifier(dtype="float32", **QUICK)
    assert_refused(model, "partial_fit", heavy, "sample_weight contains infinity")
    regressor = MLPRegressor(dtype="float32", **QUICK)
    assert_refused(regressor, "fit", {"X": X, "y": 1e300 * Y}, "y contains infinity")


def fitted_like(model):
    """Return a model with these parameters and the attributes of a fitted one."""
    good = fitted(clone(model).set_params(learning_rate="constant"), X, Y)
    return good.set_params(learning_rate=model.learning_rate)


def test_regressors_refuse_dates():
    """A date is no number; scikit-learn's conversion would make one."""
    y = np.full(60, "2020-01-01", "M8[D]")
    assert_refused(MLPRegressor(**QUICK), "fit", {"X": X, "y": y}, "y holds dates")


def test_a_failed_fit_leaves_a_generator_as_it_was():
    """What was drawn before the error is taken back."""
    rng = np.random.RandomState(0)
    model = MLPClassifier((6,), learning_rate=lambda t: np.nan, random_state=rng)
    with pytest.raises(ValueError, match="learning rate"):
        model.fit(X, Y)
    assert rng.uniform() == np.random.RandomState(0).uniform()


def test_the_rows_of_an_error_are_those_that_the_user_passed():
    """Rows of weight zero are counted, too, though they are never looked at."""
    X, y = real()
    y = np.abs(y) + 1
    y[[2, 7]] = -1
    weights = np.ones(60)
    weights[[0, 1, 2]] = 0
    with pytest.raises(ValueError, match=r"not in 1 rows: 7 \(counted from 0\)"):
        MLPRegressor(loss="poisson").fit(X, y, weights)


def test_a_learning_rate_that_goes_wrong_later_is_refused():
    """At the step where it does; the fit leaves nothing."""
    X, y = binary()
    model = MLPClassifier(learning_rate=lambda t: 0.1 - 0.001 * t, batch_size=20)
    with pytest.raises(ValueError, match="finite number, 0 or more; at step 101 it is -"):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("model", [MLPRegressor(dropout=["a"]), MLPClassifier(dropout=["a"])])
def test_dropout_that_is_no_number(model):
    """The error names the parameter."""
    with pytest.raises(ValueError, match=r"dropout must be in \[0, 1\)"):
        model.fit(X, Y)


def test_quantiles_that_are_no_numbers():
    """The error names the parameter."""
    with pytest.raises(ValueError, match=r"quantile must be inside \(0, 1\)"):
        MLPRegressor(loss="quantile", quantile=["a"]).fit(X, Y)


class MeanOfSamples(SquaredError):
    """A loss that breaks its contract: one number for all samples."""

    def value(self, z, y):
        """Return the mean."""
        return np.mean((z - y) ** 2)


class GradientOfColumn(SquaredError):
    """A loss that breaks its contract: a gradient without columns."""

    def gradient(self, z, y):
        """Return a flat array."""
        return (z - y)[:, 0]


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (MeanOfSamples(), "must give a number for each sample"),
        (GradientOfColumn(), "gives a gradient of shape"),
    ],
)
def test_a_loss_that_breaks_its_contract(loss, message):
    """It is named, and nothing is trained."""
    with pytest.raises(ValueError, match=message):
        MLPRegressor(loss=loss).fit(*real())


def test_labels_of_another_shape_have_no_score():
    """One column is not compared with several."""
    X, Y = multilabel()
    model = fitted(MLPClassifier((5,), max_iter=2), X, np.add(Y, [0, 1, 2]))
    with pytest.raises(ValueError, match="y has shape"):
        model.score(X, Y[:, 0])


class TurningNegative(Schedule):
    """A user's schedule that is no rate later."""

    def eta(self, t, n_plateaus):
        """Fall below 0."""
        return 0.01 - 0.0001 * t


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        (lambda t: np.nan if t == 57 else 0.01, "at step 57 it is nan"),
        (TurningNegative(), "finite number, 0 or more; at step 1"),
        (lambda t: "a" if t == 57 else 0.01, "must be a number, at step 57"),
        (lambda t: None if t == 57 else 0.01, "must be a number, at step 57"),
    ],
)
def test_every_step_is_tried(rate, message, capsys):
    """A single one in the middle that is no rate is refused where training meets it."""
    model = MLPClassifier((3,), learning_rate=rate, batch_size=20, verbose=True)
    with pytest.raises((TypeError, ValueError), match=message):
        model.fit(X, Y)
    assert not hasattr(model, "coefs_")
    fitted(model.set_params(max_iter=2), X, Y)  # does not come so far
    assert capsys.readouterr().out.count("ended after 2 epochs") == 1


def test_a_failed_fit_leaves_the_generator_of_numpy_as_it_was():
    """It is what random_state=None draws from."""
    before = np.random.get_state(legacy=False)  # noqa: NPY002
    model = MLPClassifier((6,), learning_rate=lambda t: np.nan)
    for method, classes in (("fit", {}), ("partial_fit", {"classes": [0, 1]})):
        with pytest.raises(ValueError, match="learning rate"):
            getattr(model, method)(X, Y, **classes)
        assert_equal(np.random.get_state(legacy=False), before)  # noqa: NPY002
    fitted(model.set_params(learning_rate="constant", max_iter=1), X, Y)
    assert np.random.get_state(legacy=False)["state"]["pos"] != before["state"]["pos"]  # noqa: NPY002


def test_weights_that_overflow_are_refused():
    """Those of samples times those of classes."""
    with pytest.raises(ValueError, match="too large"):
        MLPClassifier(class_weight={1: 1e200}).fit(X, Y, np.full(60, 1e200))


def test_validation_rows_too_large_for_float32():
    """The error says that it is about them."""
    with pytest.raises(ValueError, match="X_val"):
        MLPClassifier(dtype="float32").fit(X, Y, X_val=1e300 * X, y_val=Y)


MIXED = np.array([1, "a"], dtype=object)[Y]


def test_mixed_labels_are_refused_everywhere():
    """In a stream that goes on, in rows to validate on, and among the classes of a stream."""
    model = fitted(MLPClassifier(**QUICK), X, Y)
    message = "all strings or all numbers"
    with pytest.raises(TypeError, match=message):
        model.partial_fit(X, MIXED)
    with pytest.raises(TypeError, match=message):
        model.fit(X, Y, X_val=X, y_val=MIXED)
    with pytest.raises(TypeError, match=message):
        MLPClassifier().partial_fit(X, np.array(["1", "a"])[Y], classes=[1, "a"])


DAYS = [datetime.date(2020, 1, 1)] * 60
TEMPORAL = {
    "date": DAYS,
    "moment": [datetime.datetime(2020, 1, 1)] * 60,
    "duration": [datetime.timedelta(1)] * 60,
    "time": [datetime.time(1)] * 60,
}
EVERY = [MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor]


def frames(values):
    """Return tables with a column 'd' of these values beside numbers, of every library."""
    yield pl.DataFrame({"a": X[:, 0], "d": values})
    yield pd.DataFrame({"a": X[:, 0], "d": values})
    if pa is not None:
        yield pa.table({"a": X[:, 0], "d": values})
        yield pa.table({"a": X[:, 0], "d": pa.array(values).dictionary_encode()})
        yield pa.record_batch({"a": X[:, 0], "d": pa.array(values)})


@pytest.mark.parametrize("kind", TEMPORAL)
@pytest.mark.parametrize("estimator", EVERY)
def test_dates_beside_numbers_are_refused_by_name(estimator, kind):
    """In X of fit and of predict, in a y of several columns, and among objects."""
    model = estimator(**QUICK)
    for table in frames(TEMPORAL[kind]):
        assert_refused(model, "fit", {"X": table, "y": Y}, "Column 'd' holds dates or times")
        assert_refused(model, "fit", {"X": X, "y": table}, "Column 'd' of y holds dates or times")
        numbers = pd.DataFrame({"a": X[:, 0], "d": X[:, 1]})
        trained = fitted(estimator(**QUICK), numbers, Y)
        assert_refused(trained, "predict", {"X": table}, "Column 'd' holds dates or times")
    cells = np.array([X[:, 0].tolist(), TEMPORAL[kind]], dtype=object).T
    for table in (cells, cells.tolist()):
        assert_refused(model, "fit", {"X": table, "y": Y}, "Column 1 holds dates or times")
        assert_refused(model, "fit", {"X": X, "y": table}, "y holds dates or times")


@pytest.mark.parametrize("estimator", EVERY)
def test_numpy_dates_among_objects_are_refused(estimator):
    """NumPy would convert them to numbers; also durations as weights."""
    model = estimator(**QUICK)
    cells = np.array([[1.0, np.datetime64("2020-01-01")]] * 60, dtype=object)
    assert_refused(model, "fit", {"X": cells, "y": Y}, "Column 1 holds dates or times")
    assert_refused(model, "fit", {"X": X, "y": cells}, "y holds dates or times")
    weights = np.full(60, 3, "m8[D]")
    arguments = {"X": X, "y": Y, "sample_weight": weights}
    assert_refused(model, "fit", arguments, "sample_weight holds dates or times")


def test_masked_numbers_are_missing():
    """What is below the mask is never learned, compared with or used as a weight."""
    masked = np.ma.MaskedArray(X, X > 1)
    for estimator in (MLPClassifier, MLPRegressor):
        model = fitted(estimator(**QUICK), X, Y)
        assert_refused(model, "fit", {"X": masked, "y": Y}, "X contains NaN.*TabularMLP")
        assert_refused(model, "predict", {"X": masked}, "X contains NaN.*TabularMLP")
        assert_refused(model, "partial_fit", {"X": masked, "y": Y}, "X contains NaN.*TabularMLP")
        weights = np.ma.MaskedArray(np.ones(60), Y == 1)
        arguments = {"X": X, "y": Y, "sample_weight": weights}
        assert_refused(model, "fit", arguments, "sample_weight contains NaN")
        y = np.ma.MaskedArray(Y, Y == 1)
        for verb in ("fit", "partial_fit", "score"):
            assert_refused(model, verb, {"X": X, "y": y}, "missing labels, 30 of 60|y contains NaN")
    for estimator in (TabularMLPClassifier, TabularMLPRegressor):
        expected = fitted(estimator(**QUICK), masked.filled(np.nan), Y)
        model = fitted(estimator(**QUICK), masked, Y)
        assert_equal(model.predict(masked), expected.predict(masked.filled(np.nan)))
    two = np.ma.MaskedArray(X[:, :2], X[:, :2] > 1)
    expected = fitted(MLPRegressor(**QUICK), X, two.filled(np.nan))
    assert_equal(fitted(MLPRegressor(**QUICK), X, two).predict(X), expected.predict(X))


@pytest.mark.parametrize("estimator", EVERY)
def test_batches_keep_their_names(estimator):
    """Another order of the columns is an error, as in a frame."""
    arrow = pytest.importorskip("pyarrow")
    batch = arrow.record_batch({name: X[:, j] for j, name in enumerate("abcd")})
    model = fitted(estimator(**QUICK), batch, Y)
    assert model.feature_names_in_.tolist() == list("abcd")
    swapped = arrow.record_batch({name: X[:, j] for j, name in enumerate("bacd")})
    assert_refused(model, "predict", {"X": swapped}, "in the same order")
    reader = arrow.RecordBatchReader.from_batches(batch.schema, [batch])
    assert_refused(model, "fit", {"X": reader, "y": Y}, "RecordBatchReader.*pyarrow.Table")


class Relation:
    """A lazy table of a library that may not be installed."""

    columns = ("a", "b")


@pytest.mark.parametrize("estimator", EVERY)
@pytest.mark.parametrize(
    ("library", "remedy"),
    [("dask.dataframe", r"X\.compute\(\)"), ("duckdb", r"X\.df\(\), X\.pl\(\)")],
)
def test_lazy_tables_are_refused_with_the_remedy_of_their_library(
    estimator, library, remedy, monkeypatch
):
    """And those of polars with its own."""
    model = estimator(**QUICK)
    frame = pl.LazyFrame({"a": X[:, 0]})
    assert_refused(model, "fit", {"X": frame, "y": Y}, r"source \(LazyFrame\).*X\.collect\(\)")
    monkeypatch.setattr(Relation, "__module__", library)
    assert_refused(model, "fit", {"X": Relation(), "y": Y}, remedy)


@pytest.mark.parametrize("estimator", EVERY)
def test_dask_frames_are_refused(estimator):
    """With what makes them a frame."""
    dask = pytest.importorskip("dask.dataframe")
    frame = dask.from_pandas(pd.DataFrame(X).add_prefix("c"), npartitions=2)
    assert_refused(estimator(**QUICK), "fit", {"X": frame, "y": Y}, r"X\.compute\(\)")


@pytest.mark.parametrize("estimator", EVERY)
def test_duckdb_relations_are_refused(estimator):
    """With what makes them a frame."""
    duckdb = pytest.importorskip("duckdb")
    relation = duckdb.sql("select range / 60 as a from range(60)")
    assert_refused(estimator(**QUICK), "fit", {"X": relation, "y": Y}, r"X\.df\(\), X\.pl\(\)")


@pytest.mark.parametrize("estimator", EVERY)
@pytest.mark.parametrize(
    "records",
    [[{"a": 1.0}] * 60, {"a": [1.0] * 60}, np.zeros(60, [("a", float), ("b", int)])],
    ids=["dicts", "dict", "structured"],
)
def test_records_are_refused_with_the_remedy(estimator, records):
    """They are tables once pandas has them."""
    match = r"made of dicts|structured array.*pandas\.DataFrame\(X\)"
    assert_refused(estimator(**QUICK), "fit", {"X": records, "y": Y}, match)


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_text_and_gaps_in_numeric_inputs_name_the_tabular_estimators(estimator):
    """And the column, in fit and in predict."""
    good = pd.DataFrame(X).add_prefix("c")
    text, model = good.assign(c2="a"), fitted(estimator(**QUICK), good, Y)
    match = "Column 'c2' holds text: could not convert string to float: 'a'. TabularMLP"
    for table in (text, pl.from_pandas(text), text.astype({"c2": "category"})):
        assert_refused(model, "fit", {"X": table, "y": Y}, match)
        assert_refused(model, "predict", {"X": table}, match)
    for table in (good.assign(c2=np.nan), pl.from_pandas(good.assign(c2=np.nan))):
        assert_refused(model, "predict", {"X": table}, "contains NaN.*TabularMLPClassifier")
    if parse_version(np.__version__) >= parse_version("2"):
        string_type = np.array([["a", "1"]] * 60, np.dtypes.StringDType())
        match = "Column 0 holds text.*TabularMLPClassifier"
        assert_refused(model, "fit", {"X": string_type, "y": Y}, match)
    numbers = good.round(3).astype(str)  # text that is numbers is converted, as in scikit-learn
    expected = fitted(estimator(**QUICK), good.round(3), Y).predict(good.round(3))
    assert_equal(fitted(estimator(**QUICK), numbers.astype(object), Y).predict(numbers), expected)


@pytest.mark.parametrize("estimator", [MLPClassifier, TabularMLPClassifier])
def test_labels_of_other_types_are_named(estimator):
    """Intervals of `pandas.cut`, for example."""
    labels = pd.cut(np.arange(60), 3)
    for y in (labels, pd.Series(labels)):
        match = "y holds labels of type Interval. Convert them to text"
        assert_refused(estimator(**QUICK), "fit", {"X": X, "y": y}, match)


@pytest.mark.skipif(not hasattr(pl, "Int128"), reason="needs a newer polars")
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_integers_of_128_bits_are_numbers(estimator):
    """NumPy has no such type."""
    table = pl.DataFrame({"a": range(60), "b": range(60)})
    wide = table.with_columns(pl.col("b").cast(pl.Int128))
    expected = fitted(estimator(**QUICK), table, Y).predict(table)
    assert_equal(fitted(estimator(**QUICK), wide, Y).predict(wide), expected)


@pytest.mark.skipif(not hasattr(pl, "Int128"), reason="needs a newer polars")
@pytest.mark.parametrize("estimator", [MLPClassifier, TabularMLPClassifier])
def test_labels_of_128_bits_are_exact(estimator):
    """As those of 64 bits; float64 would merge them."""
    labels = [2**60 + 1, 2**60 + 2] * 30
    model = fitted(estimator(**QUICK), X, pl.Series(labels, dtype=pl.Int128))
    assert model.classes_.tolist() == [2**60 + 1, 2**60 + 2]


@pytest.mark.parametrize("estimator", [MLPClassifier, TabularMLPClassifier])
def test_rows_of_masked_arrays_keep_their_masks(estimator):
    """In a list of rows."""
    masked = np.ma.array(X, mask=X > 1)
    if estimator is MLPClassifier:
        assert_refused(estimator(**QUICK), "fit", {"X": list(masked), "y": Y}, "contains NaN")
    else:
        expected = fitted(estimator(**QUICK), masked, Y).predict_proba(masked)
        found = fitted(estimator(**QUICK), list(masked), Y).predict_proba(list(masked))
        assert_equal(found, expected)


LARGE_LABELS = {
    "beyond_64_bits": [2**64, 1] * 30,
    "beside_negative": [2**63, -1] * 30,
    "beside_fractions": [2**60 + 1, 1.0] * 30,
}


@pytest.mark.parametrize("y", LARGE_LABELS.values(), ids=LARGE_LABELS)
def test_labels_that_no_type_can_hold_are_refused(y):
    """In lists and among objects."""
    for labels in (y, np.array(y, dtype=object)):
        match = "too large to be exact.*to text"
        assert_refused(MLPClassifier(**QUICK), "fit", {"X": X, "y": labels}, match)


@pytest.mark.parametrize("estimator", [MLPClassifier, TabularMLPClassifier])
@pytest.mark.parametrize("container", [pd.DataFrame, pl.DataFrame, dict])
def test_columns_of_text_and_of_numbers_are_labels(estimator, container, tmp_path):
    """Each keeps its type: in classes, predictions, scores, and a file."""
    columns = {"t": TEXT.tolist(), "n": (Y + 5).tolist(), "b": (Y == 1).tolist()}
    y = pd.DataFrame(columns).to_numpy() if container is dict else container(columns)
    model = fitted(estimator(**QUICK), X, y)
    assert [classes.tolist() for classes in model.classes_] == [["a", "b"], [5, 6], [False, True]]
    predicted = model.predict(X)
    assert {tuple(map(type, row)) for row in predicted.tolist()} == {(str, int, bool)}
    assert model.score(X, predicted) == 1
    assert model.score(X, y) <= np.mean(predicted[:, 0] == TEXT)
    again = fitted(estimator(**QUICK, early_stopping=True), X, y, X_val=X, y_val=y)
    assert len(again.classes_) == 3
    classes = [["a", "b"], [5, 6], [False, True]]
    streamed = estimator(**QUICK).partial_fit(X, y, classes=classes)
    assert {tuple(map(type, row)) for row in streamed.predict(X).tolist()} == {(str, int, bool)}
    model.save(tmp_path / "model.sknn")
    assert_equal(load(tmp_path / "model.sknn").predict(X).tolist(), predicted.tolist())


@pytest.mark.parametrize("estimator", [TabularMLPClassifier, TabularMLPRegressor])
@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Index, pd.Series, pl.Series])
def test_names_of_columns_in_any_container_are_saved(estimator, kind, tmp_path):
    """As a list or an array."""
    table = pd.DataFrame(X).add_prefix("c").round()
    model = fitted(estimator(**QUICK, categorical_features=kind(["c1", "c3"])), table, Y)
    assert model.encoder_.is_categorical_.tolist() == [False, True, False, True]
    model.save(tmp_path / "model.sknn")
    again = load(tmp_path / "model.sknn")
    assert_equal(again.predict(table), model.predict(table))
    assert list(again.categorical_features) == ["c1", "c3"]
    fitted(again, table, Y)


#: X with text, categories or gaps, by its container, and what the error says of it.
HOLDS_TEXT = "Column {} holds text: could not convert string to float: {}. "
POINTERS = {
    "objects": (np.array([["a", 1.0]] * 60, object), HOLDS_TEXT.format(0, "'a'")),
    "text": (np.array([["1", "a"]] * 60), HOLDS_TEXT.format(1, "'a'")),
    "bytes": (np.array([[b"1", b"a"]] * 60), HOLDS_TEXT.format(1, "b'a'")),
    "text of numbers": (np.array([["1", "2"]] * 60), r"array of text \(<U1\).*astype\(float\)"),
    "list": ([[1.0, "a"]] * 60, HOLDS_TEXT.format(1, "'a'")),
    "after gaps": (np.array([[None, 1.0], ["a", 1.0]] * 30, object), HOLDS_TEXT.format(0, "'a'")),
    "after pd.NA": (np.array([[pd.NA, 1.0], ["a", 1.0]] * 30, object), HOLDS_TEXT.format(0, "'a'")),
    "object frame": (pd.DataFrame({"a": 1.0, "b": ["x"] * 60}, dtype=object), "Column 'b' holds"),
    "string frame": (pd.DataFrame({"b": ["x"] * 60}, dtype="string"), "Column 'b' holds text"),
    "categories": (pd.DataFrame({"b": pd.Categorical(["x"] * 60)}), "Column 'b' holds text"),
    "categories and booleans": (
        pd.DataFrame({"a": [True, False] * 30, "b": pd.Categorical(["x"] * 60)}),
        "Column 'b' holds text",
    ),
    "polars": (pl.DataFrame({"b": ["x"] * 60}), "Column 'b' holds text"),
    "polars categories": (
        pl.DataFrame({"b": pl.Series(["x"] * 60, dtype=pl.Categorical)}),
        "Column 'b' holds text",
    ),
    "polars enum": (
        pl.DataFrame({"b": pl.Series(["x"] * 60, dtype=pl.Enum(["x"]))}),
        "Column 'b' holds text",
    ),
    "NaN": (np.array([[np.nan, 1.0]] * 60), "X contains NaN.*missing values"),
    "float32 NaN": (np.array([[np.nan, 1.0]] * 60, np.float32), "X contains NaN.*missing values"),
    "sparse NaN": (
        sparse.csr_matrix(np.array([[np.nan, 1.0]] * 60)),
        "X contains NaN.*missing values",
    ),
    "None": (np.array([[None, 1.0]] * 60, object), "X contains NaN.*missing values"),
    "pd.NA": (np.array([[pd.NA, 1.0]] * 60, object), "X contains NaN.*missing values"),
    "Int64": (pd.DataFrame({"b": pd.array([None, 1] * 30, "Int64")}), "contains NaN.*missing"),
    "Float64": (pd.DataFrame({"b": pd.array([None, 1] * 30, "Float64")}), "contains NaN.*missing"),
    "boolean": (pd.DataFrame({"b": pd.array([None, True] * 30, "boolean")}), "NaN.*missing"),
    "polars null": (pl.DataFrame({"b": [None, 1.0] * 30}), "contains NaN.*missing values"),
    "polars null of integers": (pl.DataFrame({"b": [None, 1] * 30}), "NaN.*missing values"),
}


@pytest.mark.parametrize("name", POINTERS)
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_text_and_gaps_point_to_the_tabular_estimators(estimator, name):
    """In every container and method, and for validation rows."""
    table, expected = POINTERS[name]
    match = f"{expected}.*TabularMLPClassifier and TabularMLPRegressor"
    numbers = np.random.default_rng(0).normal(size=(60, np.shape(table)[1]))
    if hasattr(table, "columns"):
        numbers = pd.DataFrame(numbers, columns=list(table.columns))
    model = fitted(estimator(**QUICK), numbers, Y)
    for method in ("fit", "partial_fit"):
        assert_refused(model, method, {"X": table, "y": Y}, match)
    assert_refused(model, "fit", {"X": numbers, "y": Y, "X_val": table, "y_val": Y}, match)
    assert_refused(model, "score", {"X": table, "y": Y}, match)
    for method in {"predict", "predict_proba", "decision_function"} & set(dir(model)):
        assert_refused(model, method, {"X": table}, match)
    with pytest.raises(ValueError, match=match):
        estimator(**QUICK).fit(table, Y)


@pytest.mark.parametrize("name", ["objects", "NaN", "categories", "polars null"])
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_text_and_gaps_of_sources_point_to_the_tabular_estimators(estimator, name):
    """A batch that holds them is refused as a table would be."""
    table, expected = POINTERS[name]
    match = f"{expected}.*TabularMLPClassifier and TabularMLPRegressor"
    with pytest.raises(ValueError, match=match):
        estimator(**QUICK).fit(lambda: iter([(table, Y)]), None)
