"""`layer_outputs` and `gradient_flow`."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.linear_model import LinearRegression

from sknn import MLPClassifier, MLPRegressor
from sknn.engine import Objective
from sknn.engine.network import ACTIVATIONS
from sknn.estimators._fitted_model import fitted_network
from sknn.estimators._model import ModelSpec
from sknn.inspection import gradient_flow, layer_outputs
from sknn.targets import TARGETS
from tests.estimators.data import TABLES, TASKS, binary, fitted, multiclass, real

BRIEF = {"hidden_layer_sizes": (6, 5), "max_iter": 3, "learning_rate_init": 0.01, "random_state": 0}

#: Every kind of target, of numbers and of tables.
EVERY = {**TASKS, **TABLES}


def named(cls, **settings):
    """Return an estimator with brief training."""
    return cls(**{**BRIEF, **settings})


def said(model, X):
    """Return what the model answers, in the shape of the last layer's activation."""
    if not hasattr(model, "predict_proba"):
        return model.predict(X).reshape(len(X), -1)
    p = model.predict_proba(X)
    return p[:, 1:] if len(np.shape(model.classes_)) == 1 and len(model.classes_) == 2 else p


# Layers


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("task", EVERY)
def test_layers_chain(task, members):
    """``Z = A W + W0`` and ``A = f(Z)``; the last A is the prediction."""
    cls, make = EVERY[task]
    X, y = make()
    model = fitted(named(cls, activation=["tanh", "relu"], n_members=members), X, y)
    layers = layer_outputs(model, X)
    assert [layer.name for layer in layers] == ["hidden 1", "hidden 2", "output"]
    members_first = (members,) if members > 1 else ()
    assert [layer.Z.shape for layer in layers[:2]] == [(*members_first, 60, k) for k in (6, 5)]
    assert_allclose(layers[0].A, np.tanh(layers[0].Z), rtol=1e-12)
    assert_allclose(layers[1].A, np.maximum(layers[1].Z, 0), rtol=1e-12)
    for before, after, W, W0 in zip(
        layers, layers[1:], model.coefs_[1:], model.intercepts_[1:], strict=False
    ):
        expected = before.A @ W + W0[..., None, :]
        assert_allclose(after.Z, expected, rtol=1e-10, atol=1e-12)
    answers = layers[-1].A if members == 1 else layers[-1].A.mean(axis=0)
    assert_allclose(answers, said(model, X), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", TARGETS["real"].losses)
def test_last_activation_is_the_regression_prediction(loss):
    """Through every output activation, for several columns and quantiles."""
    X, Y = TASKS["multioutput"][1]()
    quantiles = {"quantile": [0.2, 0.8]} if loss == "quantile" else {}
    model = named(MLPRegressor, loss=loss, standardize_y=True, **quantiles)
    Y = np.exp(Y) * [1, 1000]
    assert_allclose(layer_outputs(fitted(model, X, Y), X)[-1].A, said(model, X), rtol=1e-12)


@pytest.mark.parametrize("loss", TARGETS["multiclass"].losses)
def test_last_activation_of_several_classes(loss):
    """Probabilities, those of sigmoids not normalised, or the raw output."""
    X, y = multiclass()
    model = fitted(named(MLPClassifier, loss=loss), X, y)
    _, _, (_, Z, A) = layer_outputs(model, X)
    assert_array_equal(Z, model.decision_function(X))
    if hasattr(model, "predict_proba"):
        assert_allclose(A / A.sum(axis=1, keepdims=True), model.predict_proba(X), rtol=1e-12)
    else:
        assert_array_equal(A, Z)


def test_sparse_inputs_batches_and_linear_networks(monkeypatch):
    """Sparse equals dense, batches change nothing, a linear network has one layer."""
    X, y = multiclass()
    model = fitted(named(MLPClassifier, n_members=3), X, y)
    whole = layer_outputs(model, X)
    monkeypatch.setattr("sknn.engine.inference.MAX_BATCH_ELEMENTS", 50)
    for again in [layer_outputs(model, X), layer_outputs(model, sparse.csr_matrix(X))]:
        for one, other in zip(whole, again, strict=True):
            assert_allclose(one.Z, other.Z, rtol=1e-10, atol=1e-14)
            assert_allclose(one.A, other.A, rtol=1e-10, atol=1e-14)
    [layer] = layer_outputs(fitted(named(MLPClassifier, hidden_layer_sizes=()), X, y), X)
    assert layer.name == "output"


def test_user_defined_activations():
    """Any module."""
    X, y = binary()
    for activation in sorted(ACTIVATIONS):
        model = fitted(named(MLPClassifier, activation=ACTIVATIONS[activation]()), X, y)
        first = layer_outputs(model, X)[0]
        assert_array_equal(first.A, ACTIVATIONS[activation]().forward(first.Z))


# Flow


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("task", EVERY)
def test_weight_grad_rms_is_that_of_the_objective(task, members, weighted):
    """Of training without penalty."""
    cls, make = EVERY[task]
    X, y = make()
    model = fitted(named(cls, n_members=members, activation="tanh"), X, y)
    w = np.arange(60) % 3 if weighted else None
    flow = gradient_flow(model, X, y, w)
    rows = slice(None) if w is None else w > 0
    spec = ModelSpec.of_fitted(vars(model))
    network = fitted_network(spec, vars(model))
    objective = Objective(network, spec.loss)
    inputs = spec.inputs.encode(X[rows], spec.dtype) if spec.inputs else X[rows]
    labels = spec.target.encode(np.asarray(y)[rows], spec.loss.codes)
    shares = None if w is None else w[rows] / w[rows].mean()
    objective.value_and_gradient(inputs, labels.astype(float), shares)
    grads = [grad for of_module in objective.parameters.gradients for grad in of_module]
    of_weights = [grad for grad in grads if grad.shape[-2:] in [W.shape[-2:] for W in model.coefs_]]
    sizes = [np.sqrt(np.mean(dW**2)) for dW in of_weights[: len(flow)]]
    assert_allclose([layer.weight_grad_rms for layer in flow], sizes, rtol=1e-9)


def test_last_pre_activation_grad_rms_is_that_of_the_loss():
    """Sigmoid and log loss: probability minus label."""
    X, y = binary()
    model = fitted(named(MLPClassifier), X, y)
    error = model.predict_proba(X)[:, 1] - y
    assert_allclose(
        gradient_flow(model, X, y)[-1].pre_activation_grad_rms,
        np.sqrt(np.mean(error**2)),
        rtol=1e-12,
    )
    w = np.arange(60) + 1.0
    expected = np.sqrt(np.mean((w / w.mean() * error) ** 2))
    assert_allclose(gradient_flow(model, X, y, w)[-1].pre_activation_grad_rms, expected, rtol=1e-12)
    assert_allclose(
        gradient_flow(model, X, y, 7 * w)[-1].pre_activation_grad_rms, expected, rtol=1e-12
    )


def test_dead_fraction_counts_inactive_relu_units():
    """Half of the first layer is switched off."""
    X, y = real()
    model = fitted(named(MLPRegressor), X, y)
    assert gradient_flow(model, X, y)[0].dead_fraction < 0.5
    model.intercepts_[0][:3] = -1e6
    first, second, last = gradient_flow(model, X, y)
    assert first.dead_fraction >= 0.5
    assert np.isnan(
        [
            first.saturated_fraction,
            second.saturated_fraction,
            last.saturated_fraction,
            last.dead_fraction,
        ]
    ).all()


@pytest.mark.parametrize("activation", ["logistic", "tanh"])
def test_saturated_fraction(activation):
    """0 with tiny weights, 1 with huge ones."""
    X, y = real()
    model = fitted(named(MLPRegressor, activation=activation, hidden_layer_sizes=(6,)), X, y)
    for offset, share in [(0, 0), (100, 1), (-100, 1)]:
        model.coefs_[0][...] = 0
        model.intercepts_[0][...] = offset
        first, _ = gradient_flow(model, X, y)
        assert first.saturated_fraction == share
        assert first.dead_fraction == (share if activation == "tanh" or offset > 0 else 0)


def test_gradient_flow_of_sparse_inputs_and_missing_targets():
    """As `fit` takes them."""
    X, Y = TASKS["multioutput"][1]()
    model = fitted(named(MLPRegressor), X, Y)
    dense, thin = gradient_flow(model, X, Y), gradient_flow(model, sparse.csr_matrix(X), Y)
    assert_allclose([row[1:3] for row in dense], [row[1:3] for row in thin], rtol=1e-10)
    Y[::2, 0] = np.nan
    assert np.isfinite([row[1:3] for row in gradient_flow(model, X, Y)]).all()


def test_gradient_flow_refuses_invalid_arguments():
    """Other estimators, other numbers of rows, unknown classes."""
    X, y = binary()
    with pytest.raises(TypeError, match="layer_outputs needs an MLPClassifier"):
        layer_outputs(LinearRegression().fit(X, y), X)
    with pytest.raises(TypeError, match="gradient_flow needs an MLPClassifier"):
        gradient_flow(LinearRegression().fit(X, y), X, y)
    model = fitted(named(MLPClassifier), X, y)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        gradient_flow(model, X, y[:5])
    with pytest.raises(ValueError, match="classes"):
        gradient_flow(model, X, y + 5)
