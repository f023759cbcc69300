"""The ends of the floats: finite answers or an error that says what to do, never NaN in silence.

NumPy's warnings are errors here, as all are.
"""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from sknn.engine.network import ACTIVATIONS
from sknn.targets import RealTarget

N = 12
RNG = np.random.RandomState(0)
X = RNG.normal(size=(N, 3))
CLASSES = np.arange(N) % 3
LABELS = np.column_stack([CLASSES > 0, CLASSES > 1]).astype(int)
REALS = RNG.normal(size=N)
LARGEST = np.finfo(np.float64).max

#: Every estimator, loss, solver and activation once.
MODELS = [
    *((MLPClassifier(activation=name), CLASSES) for name in sorted(ACTIVATIONS)),
    *((MLPClassifier(loss=loss), CLASSES % 2) for loss in ("log_loss", "hinge", "brier")),
    *((MLPClassifier(solver=name), CLASSES) for name in ("sgd", "rmsprop", "adamw", "lbfgs")),
    (MLPClassifier(n_members=2, early_stopping=True), CLASSES),
    (MLPClassifier(), LABELS),
    (MLPClassifier(), np.column_stack([CLASSES, CLASSES % 2])),
    *((MLPRegressor(loss=loss), np.abs(REALS)) for loss in RealTarget.losses),
    *((MLPRegressor(solver=name, n_members=2), REALS) for name in ("sgd", "lbfgs")),
    (MLPRegressor(loss="quantile", quantile=[0.1, 0.9], early_stopping=True), REALS),
    (MLPRegressor(standardize_y=True, early_stopping=True), REALS),
    (TabularMLPClassifier(), CLASSES),
    *((TabularMLPRegressor(loss=loss), np.abs(REALS)) for loss in RealTarget.losses),
]

for i, (model, _) in enumerate(MODELS):
    model.set_params(dtype=["float32", "float64"][i % 2])  # by turns

every_model = pytest.mark.parametrize(
    ("model", "y"), MODELS, ids=[f"{i} {model!r}"[:70] for i, (model, _) in enumerate(MODELS)]
)
pytestmark = [
    pytest.mark.filterwarnings("ignore:The inputs look unscaled:UserWarning"),
    pytest.mark.thread_unsafe(reason="a filter of warnings belongs to the whole process"),
]


def outlier(value):
    """Return inputs with a single number out of reach, and its opposite."""
    changed = X.copy()
    changed[0, 0], changed[1, 0] = value, -value
    return changed


#: Inputs to train with.
INPUTS = {
    "1e300": X.clip(-1, 1) * 1e300,
    "the largest": np.sign(X) * LARGEST,
    "1e160": X * 1e160,  # whose square is infinite
    "1e-300": X * 1e-300,
    "denormal": np.arange(3 * N).reshape(N, 3) * 5e-324,
    "one column of 1e300": X * [1e300, 1, 1],
    "one number of 1e300": outlier(1e300),
    "one number of the largest": outlier(LARGEST),
    "a constant column": X * [1, 0, 1] + [0, 7, 0],
    "constants": np.full((N, 3), 7.0),
    "constants of 1e300": np.full((N, 3), 1e300),
    "zeros": np.zeros((N, 3)),
    "one feature": X[:, :1],
    "one sample": X[:1],
}


def trained(model, X, y, method="fit", **more):
    """Return a copy that was trained, or None if that was refused with an error that helps."""
    settings = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0}
    copied = clone(model).set_params(**settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "The targets look unscaled")
        try:
            return getattr(copied, method)(X, y, **more)
        except ValueError as error:
            assert_helps(error)
            return None


def assert_helps(error):
    """Assert that an error says what is wrong with the numbers."""
    reasons = (
        "too large",
        "Too few rows",
        "single row",
        "non-zero",
        "sum is above 0",
        "> 0; it is not",
    )
    assert any(reason in str(error) for reason in reasons), error


def assert_answers_are_finite(model, X, y):
    """Assert that all a model says is finite, or an error that helps; a score may be the worst."""
    for name in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        if not hasattr(model, name):
            continue
        try:
            found = getattr(model, name)(X)
        except ValueError as error:
            assert_helps(error)
        else:
            for array in found if isinstance(found, list) else [found]:
                assert array.dtype.kind != "f" or np.isfinite(array).all(), name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UndefinedMetricWarning)  # a single row has no R2
        try:
            assert len(X) == 1 or model.score(X, y) <= 1
        except ValueError as error:
            assert_helps(error)


@every_model
def test_inputs_to_train_with(model, y):
    """What cannot be learned from is refused, or leaves weights that can answer."""
    for X_given in INPUTS.values():
        fitted = trained(model, X_given, y[: len(X_given)])
        if fitted is not None:
            assert_answers_are_finite(fitted, X_given, y[: len(X_given)])


@every_model
def test_inputs_to_predict_for(model, y):
    """A model of ordinary numbers meets others."""
    fitted = trained(model, X, y)
    for X_given in (*list(INPUTS.values())[:-2], X * 1e5, X * 1e30):
        assert_answers_are_finite(fitted, X_given, y)


@every_model
@pytest.mark.parametrize("scale", [LARGEST, 5e-324])
def test_weights(model, y, scale):
    """In `fit` only their ratios count; in `partial_fit` they are used as given."""
    w = np.where(CLASSES > 0, 1.0, 0.5) * scale
    fitted = trained(model, X, y, sample_weight=w)
    assert_answers_are_finite(fitted, X, y)
    if hasattr(model, "partial_fit"):
        labels = [np.unique(column) for column in y.T] if y.ndim == 2 else np.unique(y)
        more = {"classes": labels} if is_classifier(model) and y is not LABELS else {}
        fitted = trained(model, X, y, "partial_fit", sample_weight=w, **more)
        assert fitted is None or assert_answers_are_finite(fitted, X, y) is None


@pytest.mark.parametrize("cls", [MLPRegressor, TabularMLPRegressor])
@pytest.mark.parametrize("loss", RealTarget.losses)
@pytest.mark.parametrize("early_stopping", [True, False])
def test_targets(cls, loss, early_stopping):
    """Numbers to be learned, a column or two, and none of them different from the others."""
    for scale in (1e300, LARGEST, 1e160, 1e-300, 5e-324, 0.0):
        for y in (np.sign(REALS) * scale, np.full(N, scale), np.where(REALS > 1, scale, REALS)):
            y = np.maximum(np.abs(y), scale) if loss in ("poisson", "gamma") else y
            for Y in (y, np.column_stack([y, REALS**2 + 0.1])):
                fitted = trained(cls(loss=loss, early_stopping=early_stopping), X, Y)
                if fitted is not None:
                    assert_answers_are_finite(fitted, X, Y)


@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 6), st.integers(1, 3)),
        elements=st.floats(allow_nan=False, allow_infinity=False),
    ),
    st.sampled_from([MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor]),
    st.sampled_from(["float32", "float64"]),
)
def test_any_inputs(X_given, cls, dtype):
    """Whatever Hypothesis finds among all floats."""
    y = CLASSES[: len(X_given)]
    fitted = trained(cls(dtype=dtype), X_given, y)
    if fitted is not None:
        assert_answers_are_finite(fitted, X_given, y)


@pytest.mark.filterwarnings("ignore:The number of unique classes is greater")
def test_ten_thousand_classes():
    """A first chunk of fifty rows; probabilities sum to 1."""
    X_few, classes = np.arange(50.0)[:, None] / 50, np.arange(10_000)
    model = MLPClassifier((4,)).partial_fit(X_few, 200 * np.arange(50), classes=classes)
    p = model.predict_proba(X_few)
    assert p.shape == (50, 10_000)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert_answers_are_finite(model, X_few, classes[:50])


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("cls", [MLPClassifier, MLPRegressor])
def test_fifty_layers(cls, activation):
    """Signals fade or grow over so many; exp of exp of exp is too large, and that is said."""
    model = cls((5,) * 50, activation, random_state=0, max_iter=3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, CLASSES)
    assert len(model.coefs_) == 51
    assert_answers_are_finite(model, X, CLASSES)
