"""The same start and the same batches as in PyTorch give the same weights (if it is installed)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.preprocessing import StandardScaler

from sknn.engine import (
    ELU,
    NLL,
    NLLM,
    AbsoluteError,
    Brier,
    Huber,
    LeakyReLU,
    Poisson,
    Sigmoid,
    SquaredError,
)
from sknn.engine import network as networks
from tests.engine.gradients import VALID_Y
from tests.estimators.data import TASKS, fitted, parameters

torch = pytest.importorskip("torch")
F = torch.nn.functional

# Whole trainings: two hidden layers of tanh units

#: What all trainings share: no shuffling, no stopping, no penalty, nothing added to denominators.
SHARED = {
    "hidden_layer_sizes": (6, 5),
    "activation": "tanh",
    "alpha": 0.0,
    "epsilon": 1e-300,
    "shuffle": False,
    "n_iter_no_change": np.inf,
    "random_state": 0,
    "dtype": "float64",
}

SGD = {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False, "learning_rate_init": 0.1}
ADAM = {"solver": "adam", "learning_rate_init": 0.01, "beta_1": 0.8, "beta_2": 0.99}
RMSPROP = {"solver": "rmsprop", "learning_rate_init": 0.005, "beta_2": 0.95}

TORCH_SGD = partial(torch.optim.SGD, lr=0.1)
TORCH_ADAM = partial(torch.optim.Adam, lr=0.01, betas=(0.8, 0.99), eps=1e-300)
TORCH_ADAMW = partial(torch.optim.AdamW, lr=0.01, betas=(0.8, 0.99), eps=1e-300)
TORCH_RMSPROP = partial(torch.optim.RMSprop, lr=0.005, alpha=0.95, eps=1e-300)


@dataclass(frozen=True)
class Training:
    """A training in both languages.

    PyTorch's velocity is ours without the rate: at a constant rate they give the same steps.

    Parameters
    ----------
    ours : dict
        Parameters of the estimator, beside those that are shared.
    optimizer : callable
        Makes PyTorch's optimizer from groups of parameters.
    decay : float
        Its `weight_decay`, for the weights but not for the offsets: decoupled in AdamW, elsewhere
        L2 in the gradient.
    max_grad_norm : float
        What gradients are shortened to.
    """

    ours: dict
    optimizer: Callable
    decay: float = 0.0
    max_grad_norm: float = np.inf


TRAININGS = {
    "sgd": Training(SGD, TORCH_SGD),
    "momentum": Training({**SGD, "momentum": 0.9}, partial(TORCH_SGD, momentum=0.9)),
    "nesterov": Training(
        {**SGD, "momentum": 0.9, "nesterovs_momentum": True},
        partial(TORCH_SGD, momentum=0.9, nesterov=True),
    ),
    "adam": Training(ADAM, TORCH_ADAM),
    "adamw": Training({**ADAM, "solver": "adamw", "weight_decay": 0.3}, TORCH_ADAMW, decay=0.3),
    "rmsprop": Training(RMSPROP, TORCH_RMSPROP),
    "sgd_penalty": Training({**SGD, "alpha": 0.05}, TORCH_SGD, decay=0.05),
    "adam_penalty": Training({**ADAM, "alpha": 0.05}, TORCH_ADAM, decay=0.05),
    "clipped": Training(
        {**SGD, "momentum": 0.9, "clip_gradient_norm": 0.45},
        partial(TORCH_SGD, momentum=0.9),
        max_grad_norm=0.45,
    ),
}


def squared_error(z, Y):
    """Return half the squared error, summed over outputs, averaged over samples."""
    return F.mse_loss(z, Y, reduction="sum") / (2 * len(Y))


def log_loss(z, Y):
    """Return the log loss of yes/no answers, summed over outputs, averaged over samples."""
    return F.binary_cross_entropy_with_logits(z, Y, reduction="sum") / len(Y)


#: The mean loss of raw outputs and of y as PyTorch takes it, by the kind of target.
MEAN_LOSSES = {
    "binary": log_loss,
    "multiclass": F.cross_entropy,
    "multilabel": log_loss,
    "real": squared_error,
    "multioutput": squared_error,
}


@pytest.mark.parametrize("task", MEAN_LOSSES)
@pytest.mark.parametrize("name", TRAININGS)
def test_one_step(name, task):
    """A step on all samples at once."""
    ours, theirs, _, _ = both(TRAININGS[name], task, batch_size=60, epochs=1)
    assert_allclose(parameters(ours), theirs.parameters(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("task", MEAN_LOSSES)
@pytest.mark.parametrize("name", TRAININGS)
def test_50_epochs(name, task):
    """Mini-batches, the last of them short: the same weights, far from where they began."""
    training = TRAININGS[name]
    ours, theirs, start, losses = both(training, task, batch_size=35, epochs=50)
    assert np.max(np.abs(theirs.parameters() - start)) > 0.2
    assert_allclose(parameters(ours), theirs.parameters(), rtol=0, atol=1e-8)
    if "alpha" not in training.ours:  # PyTorch's losses are without the penalty
        assert_allclose(ours.loss_curve_, losses, rtol=1e-8)


@pytest.mark.parametrize("task", MEAN_LOSSES)
def test_clipping_is_put_to_the_test(task):
    """In the training with short gradients some are shortened and some are not."""
    training = TRAININGS["clipped"]
    _, theirs, _, _ = both(training, task, batch_size=35, epochs=50)
    assert min(theirs.norms) < training.max_grad_norm < max(theirs.norms)


def both(training, task, *, batch_size, epochs):
    """Train in both; return both, the parameters at the start, and PyTorch's loss curve."""
    estimator, make = TASKS[task]
    X, y = make()
    X = StandardScaler().fit_transform(X)
    settings = {**SHARED, "batch_size": batch_size, "max_iter": epochs}
    still = {**SGD, "learning_rate_init": 1e-300, "max_iter": 1}
    start = fitted(estimator(**{**settings, **still}), X, y)
    theirs = TorchNetwork(start)
    losses = theirs.train(training, X, y, MEAN_LOSSES[task], batch_size, epochs)
    ours = fitted(estimator(**{**settings, **training.ours}), X, y)
    return ours, theirs, parameters(start), losses


class TorchNetwork:
    """The network of a fitted estimator, rebuilt in PyTorch.

    Parameters
    ----------
    mlp : estimator
        Whose weights it begins with; its hidden units are tanh.
    """

    def __init__(self, mlp):
        pairs = zip(mlp.coefs_, mlp.intercepts_, strict=True)
        self.layers = [as_torch_layer(W, W0) for W, W0 in pairs]
        hidden = [module for layer in self.layers[:-1] for module in (layer, torch.nn.Tanh())]
        self.network = torch.nn.Sequential(*hidden, self.layers[-1])
        self.norms = []

    def train(self, training, X, y, mean_loss, batch_size, epochs):
        """Train in PyTorch's way; return the mean loss of each epoch."""
        optimizer = training.optimizer(
            [
                {"params": [a.weight for a in self.layers], "weight_decay": training.decay},
                {"params": [a.bias for a in self.layers], "weight_decay": 0.0},
            ]
        )
        X, Y = torch.tensor(X), as_torch_target(y, mean_loss)
        losses = np.zeros(epochs)
        for epoch in range(epochs):
            for U, V in zip(X.split(batch_size), Y.split(batch_size), strict=True):
                optimizer.zero_grad()
                loss = mean_loss(self.network(U), V)
                loss.backward()
                self.clip(training.max_grad_norm)
                optimizer.step()
                losses[epoch] += loss.item() * len(U) / len(X)
        return losses

    def clip(self, largest):
        """Shorten the gradient; PyTorch adds 1e-6 to its norm, which is undone here."""
        parameters = list(self.network.parameters())
        norm = torch.nn.utils.clip_grad_norm_(parameters, np.inf).item()
        self.norms.append(norm)
        torch.nn.utils.clip_grad_norm_(parameters, largest * (1 + 1e-6 / norm))

    def parameters(self):
        """Return all weights, as our X W has them, and then all offsets, as one vector."""
        arrays = [a.weight.T for a in self.layers] + [a.bias for a in self.layers]
        return np.concatenate([array.detach().numpy().ravel() for array in arrays])


def as_torch_layer(W, W0):
    """Return PyTorch's linear layer, whose weights are ours transposed."""
    layer = torch.nn.Linear(*W.shape, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(W.T))
        layer.bias.copy_(torch.tensor(W0))
    return layer


def as_torch_target(y, mean_loss):
    """Return y as PyTorch's loss takes it: class numbers, or a matrix of floats."""
    if mean_loss is F.cross_entropy:
        return torch.tensor(y)
    return torch.tensor(y.reshape(len(y), -1), dtype=torch.float64)


# Activations and losses alone

#: Ours, and PyTorch's function, for every name and for other settings.
ACTIVATIONS = {
    "identity": (networks.ACTIVATIONS["identity"](), lambda u: 1 * u),
    "logistic": (networks.ACTIVATIONS["logistic"](), torch.sigmoid),
    "tanh": (networks.ACTIVATIONS["tanh"](), torch.tanh),
    "relu": (networks.ACTIVATIONS["relu"](), F.relu),
    "leaky_relu": (networks.ACTIVATIONS["leaky_relu"](), F.leaky_relu),
    "elu": (networks.ACTIVATIONS["elu"](), F.elu),
    "selu": (networks.ACTIVATIONS["selu"](), F.selu),
    "gelu": (networks.ACTIVATIONS["gelu"](), F.gelu),
    "silu": (networks.ACTIVATIONS["silu"](), F.silu),
    "mish": (networks.ACTIVATIONS["mish"](), F.mish),
    "softplus": (networks.ACTIVATIONS["softplus"](), lambda u: F.softplus(u, threshold=700)),
    "exp": (networks.ACTIVATIONS["exp"](), torch.exp),
    "steep logistic": (Sigmoid(2.5), lambda u: torch.sigmoid(2.5 * u)),
    "leakier relu": (LeakyReLU(0.3), lambda u: F.leaky_relu(u, 0.3)),
    "flatter elu": (ELU(0.7), lambda u: F.elu(u, 0.7)),
}


def test_no_activation_is_forgotten():
    """Every activation that has a name is compared."""
    assert set(networks.ACTIVATIONS) <= set(ACTIVATIONS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name):
    """The same values and slopes from -30 to 30, kinks included."""
    module, function = ACTIVATIONS[name]
    u = np.arange(-600, 601).reshape(-1, 1) / 20
    dv = np.random.default_rng(0).normal(size=u.shape)
    U = torch.tensor(u, requires_grad=True)
    V = function(U)
    V.backward(torch.tensor(dv))
    v = module.forward(u)
    assert_allclose(v, V.detach().numpy(), rtol=1e-12, atol=1e-12)
    assert_allclose(module.backward(u, v, dv), U.grad.numpy(), rtol=1e-12, atol=1e-12)


#: Ours, and PyTorch's function summed over everything, equal up to what does not depend on z.
LOSSES = {
    "squared error": (SquaredError(), lambda z, y: F.mse_loss(z, y, reduction="sum") / 2),
    "absolute error": (AbsoluteError(), lambda z, y: F.l1_loss(z, y, reduction="sum")),
    "huber": (Huber(), lambda z, y: F.huber_loss(z, y, reduction="sum")),
    "huber 0.4": (Huber(0.4), lambda z, y: F.huber_loss(z, y, reduction="sum", delta=0.4)),
    "smooth l1": (Huber(2), lambda z, y: 2 * F.smooth_l1_loss(z, y, reduction="sum", beta=2)),
    "poisson": (Poisson(), lambda z, y: F.poisson_nll_loss(z, y, reduction="sum")),
    "nll": (NLL(), lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="sum")),
    "nllm": (NLLM(), lambda z, y: F.cross_entropy(z, y, reduction="sum")),
    "brier": (Brier(), lambda z, y: F.mse_loss(torch.sigmoid(z), y, reduction="sum") / 2),
}


@pytest.mark.parametrize("name", LOSSES)
def test_loss(name):
    """The same gradient, and the same rise of the value from raw outputs of 0."""
    loss, function = LOSSES[name]
    rng = np.random.default_rng(0)
    z, y = rng.normal(scale=5, size=(100, 3)), VALID_Y[type(loss)](rng, (100, 3))
    zero, Y = np.zeros_like(z), torch.tensor(y)
    Z = torch.tensor(z, requires_grad=True)
    total = function(Z, Y)
    total.backward()
    assert_allclose(loss.gradient(z, y), Z.grad.numpy(), rtol=1e-12, atol=1e-12)
    rise = np.sum(loss.value(z, y) - loss.value(zero, y))
    assert_allclose(rise, (total - function(torch.tensor(zero), Y)).item(), rtol=1e-12)
