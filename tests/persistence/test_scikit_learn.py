"""Conversion to and from scikit-learn's MLP: predictions, attributes and further training."""

import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn.neural_network
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

import sknn
from sknn import MLPClassifier, MLPRegressor, TabularMLPRegressor, from_sklearn, to_sklearn
from sknn.engine import SGD, Sigmoid, SquaredError, Tanh
from sknn.engine.network import ACTIVATIONS
from sknn.persistence.scikit_learn.common_parameters import defaults
from sknn.persistence.scikit_learn.compatibility import IGNORED, THEIR_SETTINGS
from tests.estimators.data import TASKS, binary, fitted, multiclass, parameters, real

SOLVERS = ["adam", "sgd", "lbfgs"]
THEIR_ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]

#: What makes training the same on both sides: see test_sklearn_agreement.py.
COMPARABLE_LABELS = {
    "hidden_layer_sizes": (8, 5),
    "batch_size": 20,
    "shuffle": False,
    "random_state": 3,
}


def peer(estimator):
    """Return scikit-learn's class of the same name."""
    return getattr(sklearn.neural_network, estimator.__name__)


def answers(mlp, X):
    """Return probabilities, or numbers."""
    return mlp.predict_proba(X) if hasattr(mlp, "predict_proba") else mlp.predict(X)


def trained_on(mlp, X, y, epochs=3):
    """Train for some epochs more."""
    for _ in range(epochs):
        mlp.partial_fit(X, y)
    return mlp


def without_alpha(call, *args):
    """Call without a word about an alpha that cannot be converted."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "alpha=", UserWarning)
        return call(*args)


@pytest.mark.parametrize("activation", THEIR_ACTIVATIONS)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("task", TASKS)
def test_round_trip(task, solver, activation):
    """From either side: the same predictions, parameters and training history."""
    estimator, make = TASKS[task]
    X, y = make()
    settings = {**COMPARABLE_LABELS, "solver": solver, "activation": activation, "max_iter": 5}
    ours = fitted(estimator(alpha=0.03, **settings), X, y)
    theirs = to_sklearn(ours)
    assert type(theirs) is peer(estimator)
    compare(ours, theirs, X, y)
    compare(without_alpha(from_sklearn, theirs), theirs, X, y)
    theirs = fitted(peer(estimator)(alpha=0.03, **settings), X, y)
    ours = without_alpha(from_sklearn, theirs)
    assert type(ours) is estimator
    compare(ours, theirs, X, y)
    again = to_sklearn(ours)
    compare(ours, again, X, y)
    assert again.alpha == pytest.approx(theirs.alpha)
    assert {**again.get_params(), "alpha": 0} == {**theirs.get_params(), "alpha": 0}


def compare(ours, theirs, X, y):
    """Compare what two estimators say, and what is said of them."""
    assert_allclose(answers(ours, X), answers(theirs, X), rtol=1e-12, atol=1e-12)
    assert_array_equal(ours.predict(X).shape, theirs.predict(X).shape)
    assert theirs.score(X, y) == pytest.approx(ours.score(X, y))
    names = ("n_features_in_", "n_layers_", "n_outputs_", "out_activation_", "n_iter_", "loss_")
    for name in names:
        assert getattr(ours, name) == getattr(theirs, name), name
    assert_array_equal(getattr(ours, "classes_", 0), getattr(theirs, "classes_", 0))


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("by_streams", [False, True])
@pytest.mark.parametrize("task", TASKS)
def test_training_continues_after_from_sklearn(task, solver, by_streams):
    """The weights are those that scikit-learn gets with fresh moments."""
    estimator, make = TASKS[task]
    X, y = make()
    theirs = peer(estimator)(alpha=0.6, solver=solver, max_iter=5, **COMPARABLE_LABELS)
    if by_streams:
        first = {"classes": np.unique(y)} if task in ("binary", "multiclass") else {}
        first = {"classes": np.arange(3)} if task == "multilabel" else first
        trained_on(theirs.partial_fit(X, y, **first), X, y)
    else:
        fitted(theirs, X, y)
    ours = from_sklearn(theirs)
    assert ours.alpha == pytest.approx(0.6 / 20)
    theirs = to_sklearn(ours)  # the same weights, without what the optimizer knew
    assert_allclose(
        parameters(trained_on(ours, X, y)), parameters(trained_on(theirs, X, y)), rtol=0, atol=1e-10
    )


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("task", TASKS)
def test_training_continues_after_to_sklearn(task, solver):
    """After a plain fit both sides start with fresh moments, and stay equal."""
    estimator, make = TASKS[task]
    X, y = make()
    ours = estimator(alpha=0.03, solver=solver, max_iter=5, **COMPARABLE_LABELS)
    theirs = to_sklearn(fitted(ours, X, y))
    assert theirs.alpha == pytest.approx(0.03 * 20)
    theirs = pickle.loads(pickle.dumps(theirs))
    assert_allclose(
        parameters(trained_on(ours, X, y)), parameters(trained_on(theirs, X, y)), rtol=0, atol=1e-10
    )


@pytest.mark.parametrize(("estimator", "make"), [(MLPClassifier, binary), (MLPRegressor, real)])
def test_converted_estimator_can_be_fitted(estimator, make):
    """With warm start, early stopping, partial_fit and feature names."""
    X, y = make()
    X = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    for settings in ({}, {"early_stopping": True}, {"warm_start": True}):
        mlp = estimator((4,), max_iter=3, random_state=0, **settings)
        theirs = to_sklearn(fitted(mlp, X, y))
        assert list(theirs.feature_names_in_) == list(X)
        assert_allclose(answers(theirs, X), answers(mlp, X))
        fitted(theirs, X, y)
        theirs = to_sklearn(mlp)
        if not theirs.early_stopping:
            theirs.partial_fit(X, y)
        ours = from_sklearn(theirs)
        assert list(ours.feature_names_in_) == list(X)
        assert_allclose(
            answers(fitted(ours, X, y).partial_fit(X, y), X).shape, answers(mlp, X).shape
        )


@pytest.mark.parametrize("solver", SOLVERS)
def test_converted_estimator_can_be_saved(solver, tmp_path):
    """And trained further after load."""
    X, y = binary()
    theirs = fitted(
        peer(MLPClassifier)(solver=solver, alpha=0.0, max_iter=5, **COMPARABLE_LABELS), X, y
    )
    ours = from_sklearn(theirs)
    ours.save(tmp_path / "model.sknn", training_state=True)
    again = sknn.load(tmp_path / "model.sknn")
    assert_array_equal(again.predict_proba(X), ours.predict_proba(X))
    if solver != "lbfgs":
        trained_on(again, X, y), trained_on(ours, X, y)
    assert_array_equal(parameters(again), parameters(ours))


def test_validation_scores_are_converted():
    """And the best epoch."""
    X, y = binary(200)
    theirs = peer(MLPClassifier)(early_stopping=True, max_iter=8, random_state=0)
    ours = from_sklearn(fitted(theirs, X, y))
    assert ours.validation_scores_ == theirs.validation_scores_
    assert ours.best_validation_score_ == theirs.best_validation_score_
    best = int(np.argmax(ours.validation_scores_)) + 1
    assert ours.best_iteration_ == best
    again = to_sklearn(ours)
    assert again.validation_scores_ == theirs.validation_scores_
    assert again.best_loss_ is None


@pytest.mark.parametrize("labels", [["no", "yes"], ["a", "b", "c"]])
def test_labels_are_converted(labels):
    """Strings and numbers."""
    X, y = multiclass() if len(labels) == 3 else binary()
    y = np.array(labels)[y]
    ours = fitted(MLPClassifier((4,), max_iter=3, random_state=0), X, y)
    theirs = to_sklearn(ours)
    assert_array_equal(theirs.predict(X), ours.predict(X))
    assert_array_equal(from_sklearn(theirs.partial_fit(X, y)).predict(X), theirs.predict(X))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_is_kept(dtype):
    """Of weights and predictions."""
    X, y = real()
    ours = fitted(MLPRegressor((4,), max_iter=3, dtype=dtype), X, y)
    theirs = to_sklearn(ours)
    again = from_sklearn(theirs)
    for mlp in (theirs, again):
        assert {array.dtype.name for array in mlp.coefs_ + mlp.intercepts_} == {dtype}
    assert_array_equal(trained_on(again, X, y).predict(X), trained_on(ours, X, y).predict(X))


@pytest.mark.parametrize("task", ["real", "multioutput"])
@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_standardize_y_is_folded_into_the_last_layer(loss, task):
    """For one and several outputs."""
    X, y = TASKS[task][1]()
    y = 1000 + 50 * y
    settings = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}
    ours = fitted(MLPRegressor(loss=loss, standardize_y=True, **settings), X, y)
    with pytest.warns(UserWarning, match="standardize_y=True"):
        theirs = to_sklearn(ours)
    assert theirs.out_activation_ == ("exp" if loss == "poisson" else "identity")
    assert_allclose(theirs.predict(X), ours.predict(X), rtol=1e-12)
    assert_allclose(from_sklearn(theirs).predict(X), ours.predict(X), rtol=1e-12)


def test_alpha_is_converted_by_the_batch_size():
    """By the actual batch size, or the number of samples for lbfgs."""
    X, y = binary(60)
    for settings, divisor in (
        ({"batch_size": "auto"}, 60),
        ({"batch_size": 7}, 7),
        ({"solver": "lbfgs"}, 60),
    ):
        ours = fitted(MLPClassifier((4,), alpha=0.1, max_iter=3, random_state=0, **settings), X, y)
        assert to_sklearn(ours).alpha == pytest.approx(0.1 * divisor)
    X, y = binary(500)
    ours = fitted(MLPClassifier((4,), alpha=0.1, max_iter=3, random_state=0), X, y)
    assert from_sklearn(to_sklearn(ours)).alpha == pytest.approx(0.1)
    assert to_sklearn(ours).alpha == pytest.approx(20)


def test_unknown_number_of_samples_warns():
    """scikit-learn's lbfgs divides alpha by it, and the model does not store it."""
    X, y = binary()
    theirs = fitted(peer(MLPClassifier)((4,), solver="lbfgs", max_iter=3), X, y)
    with pytest.warns(UserWarning, match=r"alpha=0\.0001 cannot be converted.*number of samples"):
        assert from_sklearn(theirs).alpha == 0.0001
    from_sklearn(theirs.set_params(alpha=0.0))


# What cannot be expressed


REFUSED = {
    "n_members=2": ("binary", {"n_members": 2}),
    r"loss='hinge'": ("multiclass", {"loss": "hinge"}),
    r"loss=SquaredError\(\)": ("binary", {"loss": SquaredError()}),
    r"loss='quantile'": ("real", {"loss": "quantile"}),
    "hidden layers with activations of their own": ("binary", {"activation": ["tanh", "relu"]}),
    "activation Sigmoid": ("binary", {"activation": Sigmoid(2.0)}),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_unsupported_models_are_refused(reason):
    """The error gives the reason."""
    task, settings = REFUSED[reason]
    estimator, make = TASKS[task]
    mlp = fitted(estimator((4, 3), max_iter=2, random_state=0, **settings), *make())
    with pytest.raises(ValueError, match=rf"cannot represent this model: it has {reason}"):
        to_sklearn(mlp)


@pytest.mark.parametrize("activation", [a for a in ACTIVATIONS if a not in THEIR_ACTIVATIONS])
def test_unsupported_activations_are_refused(activation):
    """By name."""
    mlp = fitted(MLPRegressor((4, 3), activation, max_iter=2), *real())
    with pytest.raises(ValueError, match=f"it has activation '{activation}'"):
        to_sklearn(mlp)


def test_error_lists_all_reasons():
    """At once."""
    X, y = multiclass()
    Y = np.column_stack([y, y])
    settings = {"activation": "elu", "loss": "brier", "n_members": 3}
    mlp = fitted(MLPClassifier((4,), max_iter=2, **settings), X, Y)
    with pytest.raises(ValueError, match=r"'elu'.*multioutput target.*n_members=3.*to_onnx"):
        to_sklearn(mlp)


def test_single_class_is_refused():
    """The two packages have different networks for it."""
    X, y = binary()
    with pytest.raises(ValueError, match="single class"):
        to_sklearn(fitted(MLPClassifier(max_iter=2), X, np.zeros_like(y)))
    with pytest.raises(ValueError, match="single class"):
        from_sklearn(fitted(peer(MLPClassifier)(max_iter=2), X, np.zeros_like(y)))


def test_activation_objects_are_converted_to_names():
    """If scikit-learn has them."""
    X, y = binary()
    mlp = fitted(MLPClassifier((4, 3), [Tanh(), "tanh"], max_iter=2), X, y)
    assert to_sklearn(mlp).activation == "tanh"
    assert to_sklearn(fitted(MLPClassifier((), "elu", max_iter=2), X, y)).activation == "relu"


@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "adamw"},
        {"solver": SGD()},
        {"learning_rate": "cosine"},
        {"learning_rate": lambda step: 0.01},
        {"dropout": 0.1},
        {"class_weight": "balanced"},
        {"label_smoothing": 0.1},
        {"clip_gradient_norm": 1.0},
        {"early_stopping": "auto"},
        {"initialization": "he_normal"},
    ],
    ids=lambda settings: "{}={}".format(*next(iter(settings.items()))).split(" at ")[0],
)
def test_unsupported_training_parameters_warn(settings):
    """Predictions are the same."""
    X, y = binary()
    ours = fitted(MLPClassifier((4,), max_iter=2, random_state=0, **settings), X, y)
    with pytest.warns(UserWarning, match=rf"training differently.*has no {next(iter(settings))}="):
        theirs = to_sklearn(ours)
    assert_allclose(theirs.predict_proba(X), ours.predict_proba(X))
    if not theirs.early_stopping:
        theirs.partial_fit(X, y)
    fitted(theirs, X, y)


def test_parameter_tables_are_complete():
    """Every name in them exists."""
    for estimator in (MLPClassifier, MLPRegressor):
        ours, theirs = set(defaults(estimator)), set(defaults(peer(estimator)))
        assert set(THEIR_SETTINGS) <= ours & theirs
    assert set(defaults(MLPClassifier)) | set(defaults(MLPRegressor)) >= IGNORED


def test_other_estimators_are_refused():
    """The error says what to pass."""
    X, y = binary()
    table = fitted(TabularMLPRegressor((4,), max_iter=2), X, y)
    pipeline = fitted(make_pipeline(MLPClassifier(max_iter=2)), X, y)
    for mlp in (table, pipeline, fitted(peer(MLPClassifier)(max_iter=2), X, y)):
        with pytest.raises(TypeError, match=f"got {type(mlp).__name__}"):
            to_sklearn(mlp)
    for mlp in (table, pipeline):
        with pytest.raises(TypeError, match=f"got .*{type(mlp).__name__}"):
            from_sklearn(mlp)
    with pytest.raises(NotFittedError):
        to_sklearn(MLPClassifier())
    with pytest.raises(NotFittedError):
        from_sklearn(peer(MLPClassifier)())


# Names


def test_converters_are_imported_lazily():
    """Not by ``import sknn``."""
    code = """
import sys, sknn
late = ["sklearn.neural_network", "sknn.persistence.onnx", "sknn.persistence.scikit_learn", "onnx"]
assert not [name for name in late if name in sys.modules]
assert {"to_onnx", "to_sklearn", "from_sklearn"} <= set(dir(sknn)) & set(sknn.__all__)
sknn.to_sklearn, sknn.from_sklearn, sknn.to_onnx
assert "onnx" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unknown_attribute_of_the_package():
    """An AttributeError."""
    with pytest.raises(AttributeError, match="module 'sknn' has no attribute 'to_torch'"):
        sknn.to_torch  # noqa: B018 (asking for it is the test)


class OwnSignature(MLPClassifier):
    """A subclass with a parameter of its own."""

    def __init__(self, width=5, dropout=0.0):
        self.width = width
        super().__init__((width,), max_iter=3, random_state=0, dropout=dropout)


class TheirsWithOwnSignature(sklearn.neural_network.MLPRegressor):
    """The same of scikit-learn's class."""

    def __init__(self, width=5):
        self.width = width
        super().__init__(hidden_layer_sizes=(width,), max_iter=3, random_state=0)


def test_subclasses_with_their_own_signature():
    """Converted as the class that they inherit from, in both directions."""
    X, y = binary()
    mlp = fitted(OwnSignature(), X, y)
    theirs = to_sklearn(mlp)
    assert type(theirs) is sklearn.neural_network.MLPClassifier
    assert theirs.hidden_layer_sizes == (5,)
    assert_allclose(theirs.predict_proba(X), mlp.predict_proba(X))
    X, y = real()
    theirs = fitted(TheirsWithOwnSignature(), X, y)
    ours = from_sklearn(theirs)
    assert type(ours) is MLPRegressor
    assert ours.get_params()["max_iter"] == 3
    assert_allclose(ours.predict(X), theirs.predict(X))


def test_messages_about_a_subclass_name_scikit_learns_class():
    """Parameters that are not in its signature count, too."""
    X, y = binary()
    with pytest.warns(UserWarning, match=r"converted MLPClassifier .*no dropout=0.5"):
        to_sklearn(fitted(OwnSignature(dropout=0.5), X, y))
    mlp = fitted(OwnSignature().set_params(dropout=0.0), X, y)
    mlp.n_members = 2
    with pytest.raises(ValueError, match=r"scikit-learn's MLPClassifier cannot .*n_members=2"):
        to_sklearn(fitted(mlp, X, y))
