"""Learning a stream: `partial_fit` is one epoch more, exactly."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from sknn import MLPClassifier, MLPRegressor
from sknn.engine import Adaptive, Constant, Huber, Identity, InverseScaling
from tests.estimators.data import (
    TABLES,
    TASKS,
    binary,
    fitted,
    multiclass,
    multilabel,
    parameters,
    real,
)

SETTINGS = {
    "adam": {},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.01},
    "not_shuffled": {"shuffle": False},
    "float32": {"dtype": "float32"},
    "batch_1": {"batch_size": 1},
    "invscaling": {"learning_rate": "invscaling", "learning_rate_init": 0.1},
    "function": {"learning_rate": lambda t: 0.01 / (1 + t)},
}


def make_model(task, **settings):
    """Return an unfitted estimator with small batches, data, and the keywords it needs."""
    estimator, make = (TASKS | TABLES)[task]
    X, y = make()
    model = estimator((6,), random_state=0, **{"batch_size": 7, **settings})
    has_classes = task.startswith(("binary", "multiclass"))
    return model, X, y, {"classes": np.unique(y)} if has_classes else {}


@pytest.mark.parametrize("task", TASKS | TABLES)
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_n_calls_are_a_fit_of_n_epochs(task, settings):
    """Bit for bit: weights, losses and counts."""
    model, X, y, classes = make_model(task, **settings)
    whole = fitted(clone(model).set_params(max_iter=4, n_iter_no_change=np.inf), X, y)
    for _ in range(4):
        model.partial_fit(X, y, **classes)
    assert_array_equal(parameters(model), parameters(whole))
    assert model.loss_curve_ == whole.loss_curve_
    assert (model.n_iter_, model.t_) == (whole.n_iter_, whole.t_) == (4, 240)


@pytest.mark.parametrize("task", TASKS | TABLES)
def test_a_pickle_in_between_changes_nothing(task):
    """The optimizer's memory and the generator travel along."""
    model, X, y, classes = make_model(task)
    model.partial_fit(X, y, **classes)
    revived = pickle.loads(pickle.dumps(model))
    for _ in range(2):
        model.partial_fit(X, y)
        revived.partial_fit(X, y)
    assert_array_equal(parameters(model), parameters(revived))


def test_each_call_has_a_fresh_order():
    """An integer seed does not mean the same shuffle at every call."""
    X, y = real()
    model = MLPRegressor((), solver="sgd", momentum=0, batch_size=1, random_state=0)
    starts = []
    for _ in range(3):
        model.partial_fit(X, y)
        model.coefs_, model.intercepts_ = [np.zeros((4, 1))], [np.zeros(1)]
        starts.append(model.partial_fit(X, y).coefs_[0].ravel())
    assert not np.array_equal(starts[0], starts[1])
    assert not np.array_equal(starts[1], starts[2])


def test_a_live_generator_goes_on():
    """A RandomState as `random_state` is advanced by every call, as scikit-learn has it."""
    X, y = real()
    a = MLPRegressor((6,), batch_size=7, random_state=np.random.RandomState(0))
    b = MLPRegressor((6,), batch_size=7, random_state=0)
    for _ in range(3):
        assert_array_equal(parameters(a.partial_fit(X, y)), parameters(b.partial_fit(X, y)))


def test_a_seed_that_changes_counts():
    """A new seed begins a new generator; the same seed goes on with its own."""
    X, y = real()
    models = [MLPRegressor((6,), batch_size=7, random_state=seed) for seed in (0, 0, None)]
    for model, seed in zip(models, (1, 2, 1), strict=True):
        model.partial_fit(X, y).set_params(random_state=seed).partial_fit(X, y)
    drawn = [model._training_state["rng"]["state"]["key"] for model in models]
    assert not np.array_equal(drawn[0], drawn[1])
    assert "rng" not in MLPRegressor((6,)).partial_fit(X, y)._training_state


def test_schedules_go_on():
    """After `fit` as after `partial_fit`, also with another solver: steps are counted on."""
    X, y = real()
    asked = []
    settings = {"batch_size": 20, "max_iter": 2, "random_state": 0}
    model = MLPRegressor((6,), learning_rate=lambda t: asked.append(t) or 0.01, **settings)
    fitted(model, X, y)
    model.partial_fit(X, y).set_params(solver="sgd").partial_fit(X, y)
    assert asked == list(range(12))


def test_adaptive_slows_down_in_a_stream(capsys):
    """Each stall divides the rate by 5, as in scikit-learn, but a stream never ends."""
    X, y = real()
    settings = {"learning_rate": "adaptive", "n_iter_no_change": 2, "tol": 1e9, "verbose": True}
    model = MLPRegressor((6,), **settings)
    for _ in range(16):
        model.partial_fit(X, y)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    rates = [float(words[-1]) for words in lines]
    slowed = [1e-3 / 5**k for k in range(1, 8) for _ in range(2)]
    assert rates == pytest.approx([1e-3] * 3 + slowed[:13], rel=1e-2)
    assert [int(words[1]) for words in lines] == list(range(1, 17))


def test_many_classes_in_small_chunks_are_no_reason_to_warn():
    """Chunks of a stream may hold more classes than half their rows (warnings are errors here)."""
    X, _ = real()
    model = MLPClassifier((6,)).partial_fit(X, np.arange(60), classes=np.arange(1000))
    assert model.partial_fit(X, np.arange(60)).predict_proba(X).shape == (60, 1000)


def test_parameters_are_read_at_every_call():
    """A changed learning rate counts at once; so does a changed solver."""
    X, y = real()
    model = MLPRegressor((6,), random_state=0).partial_fit(X, y)
    before = parameters(model)
    model.set_params(learning_rate_init=1e-300).partial_fit(X, y)
    assert_array_equal(parameters(model), before)
    model.set_params(solver="sgd", learning_rate_init=0.01).partial_fit(X, y)
    assert not np.array_equal(parameters(model), before)


@pytest.mark.parametrize(
    ("name", "value"),
    [("hidden_layer_sizes", (5,)), ("activation", "tanh"), ("loss", "hinge")],
)
def test_what_the_network_is_cannot_change(name, value):
    """Another architecture or loss is refused by name, and nothing is lost."""
    X, y = binary()
    model = MLPClassifier((6,), random_state=0).partial_fit(X, y, classes=[0, 1])
    before = parameters(model)
    with pytest.raises(ValueError, match=f"{name}=.*train a new network"):
        model.set_params(**{name: value}).partial_fit(X, y)
    assert_array_equal(parameters(model), before)


@pytest.mark.parametrize("task", TASKS | TABLES)
def test_goes_on_after_fit(task):
    """No classes needed, the counts go on."""
    model, X, y, _ = make_model(task, max_iter=3)
    fitted(model, X, y)
    model.partial_fit(X[:10], y[:10])
    assert (model.n_iter_, model.t_, len(model.loss_curve_)) == (4, 190, 4)


def test_fit_does_not_hand_its_own_stream_on():
    """After `fit` the order is not that with which `fit` began: a seed goes on."""
    X, y = real()
    settings = {"batch_size": 7, "max_iter": 1, "random_state": 0}
    a, b = (fitted(MLPRegressor((6,), **settings), X, y) for _ in range(2))
    fresh = np.random.RandomState(0).permutation(60)
    assert a._training_state["next_seed"] == b._training_state["next_seed"]
    drawn = np.random.RandomState(a._training_state["next_seed"]).permutation(60)
    assert not np.array_equal(drawn, fresh)
    assert_array_equal(parameters(a.partial_fit(X, y)), parameters(b.partial_fit(X, y)))


def test_fit_begins_anew():
    """A fit after partial fits is a fit."""
    X, y = real()
    model = MLPRegressor((6,), max_iter=3, random_state=0)
    fresh = fitted(clone(model), X, y)
    model.partial_fit(X, y)
    assert_array_equal(parameters(fitted(model, X, y)), parameters(fresh))
    assert model.n_iter_ == 3


def test_weights_are_used_as_given():
    """A weight of 2 everywhere doubles plain descent's step; in `fit` it changes nothing."""
    X, y = real()
    settings = {"solver": "sgd", "momentum": 0.0, "alpha": 0.0, "batch_size": 60}
    model = MLPRegressor((), random_state=0, **settings)
    start = parameters(clone(model).set_params(learning_rate_init=1e-300).partial_fit(X, y))
    once = parameters(clone(model).partial_fit(X, y, sample_weight=np.full(60, 1.0)))
    twice = parameters(clone(model).partial_fit(X, y, sample_weight=np.full(60, 2.0)))
    np.testing.assert_allclose(twice - start, 2 * (once - start), rtol=1e-9, atol=1e-15)


def test_classes_that_come_later_have_a_place():
    """A chunk need not hold every class."""
    X, y = multiclass()
    model = MLPClassifier((6,), random_state=0)
    model.partial_fit(X[y == 1], y[y == 1], classes=[2, 0, 1])
    assert_array_equal(model.classes_, [0, 1, 2])
    model.partial_fit(X[y != 1], y[y != 1], classes=[0, 1, 2])
    assert model.predict_proba(X).shape == (60, 3)


def test_multilabel_streams_need_no_classes():
    """The columns say how many labels there are; a number of classes that differs is refused."""
    X, Y = multilabel()
    model = MLPClassifier((6,), random_state=0).partial_fit(X, Y)
    one_row = model.partial_fit(X[:1], np.zeros_like(Y[:1]))
    assert one_row.predict(X).shape == Y.shape
    assert_array_equal(model.partial_fit(X, Y, classes=[0, 1, 2]).classes_, [0, 1, 2])
    for classes in ([0, 1], ["a", "b", "c"]):
        with pytest.raises(ValueError, match="numbers of the 3 columns"):
            MLPClassifier().partial_fit(X, Y, classes=classes)


def test_the_first_call_decides_the_type():
    """A small first chunk means float64 for good, a float32 chunk means float32."""
    X, y = real()
    model = MLPRegressor((6,)).partial_fit(X, y).partial_fit(X.astype("f4"), y)
    assert model.coefs_[0].dtype == np.float64
    model = MLPRegressor((6,)).partial_fit(X.astype("f4"), y).partial_fit(X, y)
    assert model.coefs_[0].dtype == np.float32


@pytest.mark.parametrize("kind", [list, tuple, set, pd.Series, pd.Index, np.array])
def test_classes_may_be_in_any_container(kind):
    """At the first call and, the same again, at later ones."""
    X, y = binary()
    labels = kind([1, 0])
    model = MLPClassifier((5,), random_state=0).partial_fit(X, y, classes=labels)
    model.partial_fit(X, y, classes=labels)
    assert model.classes_.tolist() == [0, 1]
    if isinstance(labels, pd.Series):
        model.partial_fit(X, y, classes=labels.rename(index={0: "a", 1: "b"}))


class Doubled(Identity):
    """An activation of the user's, with a setting that is an array."""

    def __init__(self, factors):
        self.factors = np.array(factors)


def test_an_object_like_the_one_before_is_the_same_setting():
    """What counts is what it holds, not which object it is."""
    X, y = real()
    model = MLPRegressor((5,), activation=Doubled([1.0, 2.0]), loss=Huber(0.5), random_state=0)
    model.partial_fit(X, y)
    model.set_params(activation=Doubled([1.0, 2.0]), loss=Huber(0.5)).partial_fit(X, y)
    with pytest.raises(ValueError, match="fitted with activation"):
        model.set_params(activation=Doubled([1.0, 3.0])).partial_fit(X, y)
    with pytest.raises(ValueError, match="fitted with loss"):
        model.set_params(activation=Doubled([1.0, 2.0]), loss=Huber(0.6)).partial_fit(X, y)


def test_a_stream_may_stall_for_ever():
    """The adaptive rate falls to 0, and never overflows on its way."""
    X, y = real(2, 1)
    settings = {"learning_rate": "adaptive", "n_iter_no_change": 1, "tol": 1e9}
    model = MLPRegressor((), random_state=0, **settings).partial_fit(X, y)
    for _ in range(1200):
        model.partial_fit(X, y)
    settled = parameters(model)
    assert np.isfinite(settled).all()
    assert_array_equal(parameters(model.partial_fit(X, y)), settled)


@pytest.mark.parametrize(
    "schedule", [Adaptive(0.1), Adaptive(1e300), InverseScaling(0.1, 400.0), Constant(0.0)]
)
def test_rates_fall_to_0_and_not_further(schedule):
    """However many steps and stalls there were."""
    assert schedule(10**6, 10**6) == 0


@pytest.mark.parametrize("goes_on", ["partial_fit", "warm_start"])
@pytest.mark.parametrize(("old", "new"), [("float64", "float32"), ("float32", "float64")])
def test_another_dtype_is_refused(goes_on, old, new):
    """By its name; "auto" goes on in the type that there is."""
    X, y = real()
    model = MLPRegressor((3,), dtype=old, max_iter=2, warm_start=True, random_state=0)

    def go_on(X):
        return fitted(model, X, y) if goes_on == "warm_start" else model.partial_fit(X, y)

    before = parameters(go_on(X))
    with pytest.raises(ValueError, match=f"fitted with dtype='{old}'.* continue with '{new}'"):
        model.set_params(dtype=new) and go_on(X)
    assert_array_equal(parameters(model), before)
    model.set_params(dtype="auto")
    assert go_on(X.astype(new)).coefs_[0].dtype == old
    assert not np.array_equal(parameters(model), before)


@pytest.mark.parametrize("classes", [["no", "yes"], np.array(["no", "yes"], dtype=object)])
def test_labels_of_objects_stay_objects(classes):
    """The type of the classes is that of what was given."""
    X, y = binary()
    given = np.array(["no", "yes"], dtype=object)[y]
    model = MLPClassifier((3,), random_state=0).partial_fit(X, given, classes=classes)
    kind = np.asarray(classes).dtype
    assert model.classes_.dtype == model.predict(X).dtype == kind
    assert model.partial_fit(X, given, classes=classes).classes_.tolist() == ["no", "yes"]


@pytest.mark.parametrize(
    ("classes", "error", "message"),
    [
        (5, ValueError, "classes must be a list of labels, got 5"),
        ("ab", ValueError, "classes must be a list of labels, got 'ab'"),
        (np.array([1, "a"], dtype=object), TypeError, "Labels must be all strings or all numbers"),
    ],
)
def test_classes_that_are_none(classes, error, message):
    """Refused at the first call as at later ones, which leave the model as it was."""
    X, y = binary()
    with pytest.raises(error, match=message):
        MLPClassifier((3,)).partial_fit(X, y, classes=classes)
    model = MLPClassifier((3,)).partial_fit(X, y, classes=[0, 1])
    before = parameters(model)
    with pytest.raises(error, match=message):
        model.partial_fit(X, y, classes=classes)
    assert_array_equal(parameters(model), before)
