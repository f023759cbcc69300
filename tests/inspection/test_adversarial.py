"""Adversarial examples: size, bounds, and their effect on the loss."""

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
def test_perturbation_has_norm_epsilon(digits, norm, steps):
    """Up to rounding; one step of the sign changes every input."""
    model, X, y = digits
    for epsilon in (0.01, 3.0):
        r = adversarial(model, X, y, epsilon=epsilon, norm=norm, steps=steps) - X
        assert lengths(r, norm).max() <= epsilon * (1 + 1e-9)
        assert lengths(r, norm).min() >= 0.8 * epsilon


@pytest.mark.parametrize("steps", [1, 7])
@pytest.mark.parametrize("norm", LENGTHS)
def test_bounds_hold(digits, norm, steps):
    """Exactly, for each input; the perturbation is no larger."""
    model, X, y = digits
    low, high = np.zeros(64), np.full(64, 16.0)
    for bounds in [(0, 16), (low, high)]:
        moved = adversarial(model, X, y, epsilon=4, norm=norm, steps=steps, bounds=bounds)
        assert moved.min() == 0
        assert moved.max() == 16
        assert lengths(moved - X, norm).max() <= 4 * (1 + 1e-9)


def test_epsilon_0_returns_X(digits):
    """Bit for bit, and X itself is never modified."""
    model, X, y = digits
    X = X.copy()
    X.flags.writeable = False
    for norm in LENGTHS:
        assert_array_equal(adversarial(model, X, y, epsilon=0, norm=norm, steps=3), X)
        assert adversarial(model, X, y, epsilon=1, norm=norm, steps=3) is not X


def test_loss_increases_with_steps(digits):
    """On average; one step changes the prediction of most digits."""
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


def test_one_step_is_the_fast_gradient_sign_method(digits):
    """Goodfellow, Shlens and Szegedy (2015), section 4."""
    model, X, y = digits
    moved = adversarial(model, X[:5], y[:5], epsilon=1e-4)
    for j in (20, 35, 44):
        bump = np.eye(64)[j] * 1e-4
        slope = losses(model, X[:5] + bump, y[:5]) - losses(model, X[:5] - bump, y[:5])
        assert_allclose((moved - X[:5])[:, j], 1e-4 * np.sign(slope), rtol=1e-6)


@pytest.mark.parametrize("epsilon", [0.1, np.float64(0.1), np.float32(0.1)])
def test_dtype_of_X_is_kept(epsilon):
    """Whatever the type of epsilon."""
    X, y = binary()
    model = fitted(MLPClassifier(**BRIEF), X, y)
    assert adversarial(model, X.astype(np.float32), epsilon=epsilon).dtype == np.float32


def test_target_class_is_reached(digits):
    """With one target for all samples, or one for each."""
    model, X, _ = digits
    for label in model.classes_:
        moved = adversarial(model, X, epsilon=4, steps=10, target=label)
        assert np.mean(model.predict(moved) == label) > 0.8
    wanted = (model.predict(X) + 1) % 10
    moved = adversarial(model, X, epsilon=4, steps=10, target=wanted)
    assert np.mean(model.predict(moved) == wanted) > 0.8


def test_y_defaults_to_the_predictions(digits):
    """The result is equal."""
    model, X, _ = digits
    expected = adversarial(model, X, model.predict(X), epsilon=1, steps=2)
    assert_array_equal(adversarial(model, X, epsilon=1, steps=2), expected)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("loss", TARGETS["binary"].losses)
def test_every_classification_loss(loss, task, members):
    """Also losses that are flat where the model is certain: raw outputs move away from y."""
    X, y = TASKS[task][1]()
    model = fitted(MLPClassifier(**BRIEF, loss=loss, n_members=members), X, y)
    before = model.score(X, model.predict(X))
    moved = adversarial(model, X, epsilon=1.5, steps=5)
    assert before == 1
    assert model.score(moved, model.predict(X)) < 0.95
    assert (moved != X).any(axis=1).mean() > 0.9  # of some members no unit may be on


@pytest.mark.parametrize("loss", TARGETS["real"].losses)
def test_every_regression_loss(loss):
    """Away from y and towards a target, in units of y."""
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


def test_target_of_several_outputs():
    """A number for each output, or a row for each sample."""
    X, Y = TASKS["multioutput"][1]()
    model = fitted(MLPRegressor(**BRIEF), X, Y)
    goal = Y.max(axis=0)
    one = adversarial(model, X, epsilon=0.5, target=goal)
    assert_array_equal(one, adversarial(model, X, epsilon=0.5, target=np.tile(goal, (60, 1))))
    assert (model.predict(one) > model.predict(X)).mean() > 0.7


def test_certain_binary_model_has_a_gradient():
    """In float32 its loss is 0, but its gradient in float64 is not."""
    X, y = binary()
    model = fitted(MLPClassifier((), dtype="float32", max_iter=1, random_state=0), X, y)
    model.coefs_ = [W * 1e4 for W in model.coefs_]
    assert_array_equal(model.predict_proba(X).max(axis=1), 1)
    expected = -np.sign(model.coefs_[0].T) * np.where(model.predict(X) == 1, 1, -1)[:, None]
    assert_allclose(adversarial(model, X, epsilon=0.1) - X, 0.1 * expected, rtol=1e-5)


def test_certain_multiclass_model_has_a_gradient():
    """Also where the probability of the true class rounds to 1 in float32."""
    X, y = multiclass()
    model = fitted(MLPClassifier((), dtype="float32", max_iter=30, random_state=0), X, y)
    model.coefs_ = [np.array([[20, 0, -20], [0.5, 0.3, 0], [0.3, 0.5, 0], [-1, 1, 0]], np.float32)]
    model.intercepts_ = [np.zeros(3, np.float32)]
    x = np.array([[1.0, 0.0, 0.0, 0.0]])
    assert model.predict_proba(x).max() == 1
    assert_allclose(adversarial(model, x, epsilon=0.1) - x, [[-0.1, -0.1, 0.1, 0.1]], rtol=1e-5)


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("norm", LENGTHS)
def test_single_input_changes_by_epsilon(norm, steps):
    """With one input all norms are equal."""
    X, y = real()
    model = fitted(MLPClassifier((), max_iter=1, random_state=0), X[:, :1], y > 0)
    r = adversarial(model, X[:, :1], epsilon=0.3, norm=norm, steps=steps) - X[:, :1]
    assert_allclose(np.abs(r), 0.3, rtol=1e-9)


def test_frames_and_integers():
    """Frames become arrays, integers floats; float32 stays."""
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
        ({"epsilon": 1, "y": [0] * 60, "target": 1}, "Got both"),
        ({"epsilon": 1, "target": 7}, "classes"),
        ({"epsilon": 1, "target": [0, 1]}, "target"),
        ({"epsilon": 1, "y": [0, 1]}, "inconsistent numbers of samples"),
        ({"epsilon": 1, "bounds": (0, 1)}, "outside the bounds in 60 rows"),
        ({"epsilon": 1, "bounds": 3}, r"bounds must be"),
    ],
)
def test_invalid_settings_are_refused(settings, message):
    """The error names the parameter."""
    X, y = multiclass()
    model = fitted(MLPClassifier(**BRIEF), X, y)
    with pytest.raises(ValueError, match=message):
        adversarial(model, X, **settings)


def test_unsupported_inputs_are_refused():
    """Tables, sparse matrices, and regressors without y and target."""
    X, y = binary()
    tabular = fitted(TabularMLPClassifier((4,), max_iter=1, random_state=0), table(X), y)
    with pytest.raises(TypeError, match="categories cannot be"):
        adversarial(tabular, table(X), epsilon=1)
    model = fitted(MLPClassifier(**BRIEF), X, y)
    with pytest.raises(TypeError, match="toarray"):
        adversarial(model, sparse.csr_matrix(X), epsilon=1)
    with pytest.raises(ValueError, match="needs y or target"):
        adversarial(fitted(MLPRegressor(**BRIEF), X, y), X, epsilon=1)
