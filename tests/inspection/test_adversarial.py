"""Adversarial inputs: near, inside the bounds, and what the model is wrong about."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.datasets import load_digits

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier
from sknn.inspection import adversarial
from sknn.targets import TARGETS
from tests.estimators.data import TASKS, binary, fitted, multiclass, real, table

BRIEF = {"hidden_layer_sizes": (8,), "max_iter": 20, "learning_rate_init": 0.02, "random_state": 0}
LENGTHS = {"inf": np.inf, "2": 2}


@pytest.fixture(scope="module")
def digits():
    """Return a model that reads digits, and some of them."""
    X, y = load_digits(return_X_y=True)
    model = MLPClassifier(
        (32,), learning_rate_init=0.01, max_iter=15, random_state=0, dtype="float64"
    )
    return fitted(model, X, y), X[:300], y[:300]


def lengths(r, norm):
    """Return the length of each row."""
    return np.linalg.norm(r, ord=LENGTHS[norm], axis=1)


def losses(model, X, y):
    """Return the negative log likelihood of each row."""
    return -model.predict_log_proba(X)[np.arange(len(y)), y]


@pytest.mark.parametrize("steps", [1, 2, 7])
@pytest.mark.parametrize("norm", LENGTHS)
def test_changes_are_as_large_as_they_may_be(digits, norm, steps):
    """Never larger but for rounding; one step of the sign moves every input."""
    model, X, y = digits
    for epsilon in (0.01, 3.0):
        r = adversarial(model, X, y, epsilon=epsilon, norm=norm, steps=steps) - X
        assert lengths(r, norm).max() <= epsilon * (1 + 1e-9)
        assert lengths(r, norm).min() >= 0.8 * epsilon


@pytest.mark.parametrize("steps", [1, 7])
@pytest.mark.parametrize("norm", LENGTHS)
def test_bounds_are_kept(digits, norm, steps):
    """Exactly, also those of each input; the change is no larger for it."""
    model, X, y = digits
    low, high = np.zeros(64), np.full(64, 16.0)
    for bounds in [(0, 16), (low, high)]:
        moved = adversarial(model, X, y, epsilon=4, norm=norm, steps=steps, bounds=bounds)
        assert moved.min() == 0
        assert moved.max() == 16
        assert lengths(moved - X, norm).max() <= 4 * (1 + 1e-9)


def test_no_change_at_all(digits):
    """Epsilon 0 gives X, bit for bit, and X itself is never written to."""
    model, X, y = digits
    X = X.copy()
    X.flags.writeable = False
    for norm in LENGTHS:
        assert_array_equal(adversarial(model, X, y, epsilon=0, norm=norm, steps=3), X)
        assert adversarial(model, X, y, epsilon=1, norm=norm, steps=3) is not X


def test_the_loss_rises_and_more_steps_are_not_worse(digits):
    """On average; one step fools the model on most digits."""
    model, X, y = digits
    for norm, epsilon in [("inf", 2), (2, 8)]:
        moved = [
            adversarial(model, X, y, epsilon=epsilon, norm=norm, steps=steps)
            for steps in (1, 5, 20)
        ]
        first, *more = [losses(model, x, y).mean() for x in moved]
        assert first > 10 * losses(model, X, y).mean()
        assert min(more) >= first
        assert model.score(X, y) > 0.95
        assert model.score(moved[0], y) < 0.5


def test_one_step_is_the_sign_of_the_gradient(digits):
    """Goodfellow, Shlens and Szegedy (2015), section 4."""
    model, X, y = digits
    moved = adversarial(model, X[:5], y[:5], epsilon=1e-4)
    for j in (20, 35, 44):
        bump = np.eye(64)[j] * 1e-4
        slope = losses(model, X[:5] + bump, y[:5]) - losses(model, X[:5] - bump, y[:5])
        assert_allclose((moved - X[:5])[:, j], 1e-4 * np.sign(slope), rtol=1e-6)


@pytest.mark.parametrize("epsilon", [0.1, np.float64(0.1), np.float32(0.1)])
def test_inputs_keep_their_type(epsilon):
    """Whatever that of epsilon is."""
    X, y = binary()
    model = fitted(MLPClassifier(**BRIEF), X, y)
    assert adversarial(model, X.astype(np.float32), epsilon=epsilon).dtype == np.float32


def test_towards_every_class(digits):
    """Each class can be asked for, one for all samples or one for each."""
    model, X, _ = digits
    for label in model.classes_:
        moved = adversarial(model, X, epsilon=4, steps=10, target=label)
        assert np.mean(model.predict(moved) == label) > 0.8
    wanted = (model.predict(X) + 1) % 10
    moved = adversarial(model, X, epsilon=4, steps=10, target=wanted)
    assert np.mean(model.predict(moved) == wanted) > 0.8


def test_away_from_the_prediction_if_nothing_else_is_said(digits):
    """The same as with the predictions for y."""
    model, X, _ = digits
    expected = adversarial(model, X, model.predict(X), epsilon=1, steps=2)
    assert_array_equal(adversarial(model, X, epsilon=1, steps=2), expected)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("loss", TARGETS["binary"].losses)
def test_every_loss_and_kind_of_labels(loss, task, members):
    """Also losses that are flat where the model is sure: the raw outputs move away from y."""
    X, y = TASKS[task][1]()
    model = fitted(MLPClassifier(**BRIEF, loss=loss, n_members=members), X, y)
    before = model.score(X, model.predict(X))
    moved = adversarial(model, X, epsilon=1.5, steps=5)
    assert before == 1
    assert model.score(moved, model.predict(X)) < 0.95
    assert (moved != X).any(axis=1).mean() > 0.9  # of some members no unit may be on


@pytest.mark.parametrize("loss", TARGETS["real"].losses)
def test_regressors_are_led_away_from_y_and_towards_numbers(loss):
    """By their own loss, in units of y."""
    X, y = real()
    y = np.exp(y) * 100
    model = MLPRegressor(**BRIEF, loss=loss, standardize_y=True)
    model = fitted(model, X, y)
    error = np.abs(model.predict(X) - y)
    away = adversarial(model, X, y, epsilon=0.3, steps=5)
    assert np.abs(model.predict(away) - y).mean() > error.mean()
    goal = 2 * model.predict(X).mean()
    towards = adversarial(model, X, epsilon=0.3, steps=5, target=goal)
    distances = [np.abs(model.predict(x) - goal).mean() for x in (towards, X)]
    assert distances[0] < distances[1]


def test_several_outputs():
    """A target has a number for each, or is a row for each sample."""
    X, Y = TASKS["multioutput"][1]()
    model = fitted(MLPRegressor(**BRIEF), X, Y)
    goal = Y.max(axis=0)
    one = adversarial(model, X, epsilon=0.5, target=goal)
    assert_array_equal(one, adversarial(model, X, epsilon=0.5, target=np.tile(goal, (60, 1))))
    assert (model.predict(one) > model.predict(X)).mean() > 0.7


def test_a_sure_model_has_a_direction_all_the_same():
    """In float32 its loss is exactly 0, but which way it rises is known."""
    X, y = binary()
    model = fitted(MLPClassifier((), dtype="float32", max_iter=1, random_state=0), X, y)
    model.coefs_ = [W * 1e4 for W in model.coefs_]
    assert_array_equal(model.predict_proba(X).max(axis=1), 1)
    expected = -np.sign(model.coefs_[0].T) * np.where(model.predict(X) == 1, 1, -1)[:, None]
    assert_allclose(adversarial(model, X, epsilon=0.1) - X, 0.1 * expected, rtol=1e-5)


def test_a_sure_model_of_several_classes_knows_the_rival():
    """The right class counts too where its probability rounds to 1 in float32."""
    X, y = multiclass()
    model = fitted(MLPClassifier((), dtype="float32", max_iter=30, random_state=0), X, y)
    model.coefs_ = [np.array([[20, 0, -20], [0.5, 0.3, 0], [0.3, 0.5, 0], [-1, 1, 0]], np.float32)]
    model.intercepts_ = [np.zeros(3, np.float32)]
    x = np.array([[1.0, 0.0, 0.0, 0.0]])
    assert model.predict_proba(x).max() == 1
    assert_allclose(adversarial(model, x, epsilon=0.1) - x, [[-0.1, -0.1, 0.1, 0.1]], rtol=1e-5)


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("norm", LENGTHS)
def test_a_single_input_moves_by_epsilon(norm, steps):
    """All norms are one."""
    X, y = real()
    model = fitted(MLPClassifier((), max_iter=1, random_state=0), X[:, :1], y > 0)
    r = adversarial(model, X[:, :1], epsilon=0.3, norm=norm, steps=steps) - X[:, :1]
    assert_allclose(np.abs(r), 0.3, rtol=1e-9)


def test_frames_and_types():
    """Frames of numbers become arrays; whole numbers become floats, float32 stays."""
    X, y = multiclass()
    frame = pd.DataFrame(X, columns=list("abcd"))
    model = fitted(MLPClassifier(**BRIEF), frame, y)
    assert adversarial(model, frame, epsilon=0.1).shape == X.shape
    model = fitted(MLPClassifier(**BRIEF), X, y)
    assert adversarial(model, X.astype(np.float32), epsilon=0.1).dtype == np.float32
    assert adversarial(model, X.astype(int), epsilon=0.1).dtype == np.float64


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epsilon": -1}, "epsilon must be"),
        ({"epsilon": np.nan}, "epsilon must be"),
        ({"epsilon": "large"}, "epsilon must be"),
        ({"epsilon": 1, "norm": "1"}, "norm must be one of"),
        ({"epsilon": 1, "steps": 0}, "steps must be"),
        ({"epsilon": 1, "steps": 1.5}, "steps must be"),
        ({"epsilon": 1, "y": [0] * 60, "target": 1}, "not both"),
        ({"epsilon": 1, "target": 7}, "classes"),
        ({"epsilon": 1, "target": [0, 1]}, "target"),
        ({"epsilon": 1, "y": [0, 1]}, "inconsistent numbers of samples"),
        ({"epsilon": 1, "bounds": (0, 1)}, "outside the bounds in 60 rows"),
        ({"epsilon": 1, "bounds": 3}, r"bounds must be"),
    ],
)
def test_settings_that_make_no_sense(settings, message):
    """The message says which."""
    X, y = multiclass()
    model = fitted(MLPClassifier(**BRIEF), X, y)
    with pytest.raises(ValueError, match=message):
        adversarial(model, X, **settings)


def test_what_cannot_be_moved():
    """Tables, sparse matrices, and regressors of which nothing is said."""
    X, y = binary()
    tabular = fitted(TabularMLPClassifier((4,), max_iter=1, random_state=0), table(X), y)
    with pytest.raises(TypeError, match="categories cannot be"):
        adversarial(tabular, table(X), epsilon=1)
    model = fitted(MLPClassifier(**BRIEF), X, y)
    with pytest.raises(TypeError, match="toarray"):
        adversarial(model, sparse.csr_matrix(X), epsilon=1)
    with pytest.raises(ValueError, match="give y, or target"):
        adversarial(fitted(MLPRegressor(**BRIEF), X, y), X, epsilon=1)
