"""Peers: the libraries that are compared, all with the same two methods.

Each is imported when its class is called, so that those which are not installed can be left out.
All begin with weights and offsets drawn from the same uniform distribution, scikit-learn's, and
sum up the loss as they go, since scikit-learn and sknn do.
"""

import math
import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from cases import ALPHA, Case

#: Trains for so many epochs and returns the mean loss over the last one.
Fit = Callable[[int], float]


class Peer(ABC):
    """A library at work.

    Parameters
    ----------
    precision : {"float32", "default"}
        "default" leaves it to the library.
    threads : int
        How many it may use.
    """

    name: ClassVar[str]
    takes_sparse: ClassVar[bool] = False

    @abstractmethod
    def __init__(self, precision: str, threads: int) -> None: ...

    def takes(self, case: Case) -> bool:
        """Tell whether the library can do the case."""
        return self.takes_sparse or not case.is_sparse

    @abstractmethod
    def prepare(self, case: Case, X: Any, y: np.ndarray) -> Fit:
        """Return what is to be timed; data are converted here, before the clock runs."""


class ScikitLearn(Peer):
    """`sklearn.neural_network`; BLAS threads are limited from outside."""

    name = "sklearn"
    takes_sparse = True

    def __init__(self, precision: str, threads: int) -> None:
        from sklearn import neural_network

        self.library = neural_network
        self.extras: dict[str, Any] = {}

    def prepare(self, case: Case, X: Any, y: np.ndarray) -> Fit:
        """Build the estimator; see that it makes all epochs, and in the type of the data."""
        model = self.estimator(case)

        def fit(epochs: int) -> float:
            model.set_params(max_iter=epochs).fit(X, y)
            if model.n_iter_ != epochs:
                raise RuntimeError(f"{self.name} ended after {model.n_iter_} of {epochs} epochs.")
            if X.dtype == np.float32 != model.coefs_[0].dtype:
                raise RuntimeError(f"{self.name} left float32 for {model.coefs_[0].dtype}.")
            return float(model.loss_)

        return fit

    def estimator(self, case: Case) -> Any:
        """Build the estimator; nothing may end its training early."""
        kind = "MLPRegressor" if case.regression else "MLPClassifier"
        return getattr(self.library, kind)(
            hidden_layer_sizes=case.hidden,
            solver=case.solver,
            alpha=self.alpha(case),
            batch_size=case.batch,
            learning_rate_init=case.rate,
            n_iter_no_change=np.inf,
            random_state=0,
            **self.extras,
        )

    def alpha(self, case: Case) -> float:
        """Return its parameter `alpha`, which it divides by the batch size."""
        return ALPHA * case.batch


class Sknn(ScikitLearn):
    """The package that this folder is about."""

    name = "sknn"

    def __init__(self, precision: str, threads: int) -> None:
        import sknn

        self.library = sknn
        self.extras = {"dtype": "auto" if precision == "default" else precision}

    def alpha(self, case: Case) -> float:
        """Return its parameter `alpha`."""
        return ALPHA


class Torch(Peer):
    """PyTorch in eager mode, in a plain loop on tensors: no data loader, no copies."""

    name = "torch"
    fused: ClassVar[bool | None] = None

    def __init__(self, precision: str, threads: int) -> None:
        import torch

        self.torch = torch
        torch.set_num_threads(threads)

    def prepare(self, case: Case, X: np.ndarray, y: np.ndarray) -> Fit:
        """Turn the data into float32 tensors, which is PyTorch's default."""
        X, y = (self.torch.from_numpy(part) for part in arrays(case, X, y))
        criterion = self.criterion(case)()

        def fit(epochs: int) -> float:
            self.torch.manual_seed(0)
            network = self.network(case)
            rule, settings = self.optimizer(case)
            optimizer = rule(network.parameters(), **settings)
            for _ in range(epochs):
                loss = self.epoch(network, criterion, optimizer, X, y, case.batch)
            return case_loss(case, loss)

        return fit

    def epoch(
        self, network: Any, criterion: Any, optimizer: Any, X: Any, y: Any, batch: int
    ) -> float:
        """Run through the batches of a fresh order; return the mean loss."""
        losses, counts = [], []
        for rows in self.torch.randperm(len(X)).split(batch):
            optimizer.zero_grad(set_to_none=True)
            loss = criterion(network(X.index_select(0, rows)), y.index_select(0, rows))
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
            counts.append(len(rows))
        return float(np.average(self.torch.stack(losses).numpy(), weights=counts))

    def network(self, case: Case) -> Any:
        """Build the network, which ends in the raw outputs."""
        nn = self.torch.nn
        modules = []
        for m, k in pairwise(case.sizes):
            linear = nn.Linear(m, k)
            for parameter in linear.parameters():
                nn.init.uniform_(parameter, -bound(m, k), bound(m, k))
            modules += [linear, nn.ReLU()]
        return nn.Sequential(*modules[:-1])

    def criterion(self, case: Case) -> Any:
        """Choose the loss."""
        nn = self.torch.nn
        if case.regression:
            return nn.MSELoss
        return nn.BCEWithLogitsLoss if case.is_binary else nn.CrossEntropyLoss

    def optimizer(self, case: Case) -> tuple[Any, dict[str, Any]]:
        """Choose the optimizer and its settings; it also shrinks the offsets, by next to nothing.

        To spare them, PyTorch would need two groups of parameters, which makes it slower.
        """
        settings = {"lr": case.rate, "weight_decay": ALPHA, "fused": self.fused}
        if case.solver == "adam":
            return self.torch.optim.Adam, settings
        return self.torch.optim.SGD, {**settings, "momentum": 0.9, "nesterov": True}


class TorchFused(Torch):
    """The same with `fused=True`, optimizers in one compiled pass, which are not the default."""

    name = "torch-fused"
    fused = True


class Skorch(Torch):
    """skorch, as its users call it, without the part that it holds back by default."""

    name = "skorch"

    def __init__(self, precision: str, threads: int) -> None:
        super().__init__(precision, threads)
        import skorch

        self.skorch = skorch

    def prepare(self, case: Case, X: np.ndarray, y: np.ndarray) -> Fit:
        """Wrap the same network, loss and optimizer."""
        X, y = arrays(case, X, y)
        rule, settings = self.optimizer(case)
        net = self.kind(case)(
            module=partial(self.network, case),
            criterion=self.criterion(case),
            optimizer=rule,
            batch_size=case.batch,
            iterator_train__shuffle=True,
            train_split=None,
            verbose=0,
            **{f"optimizer__{name}": value for name, value in settings.items()},
        )
        y = y.ravel() if case.is_binary else y

        def fit(epochs: int) -> float:
            self.torch.manual_seed(0)
            net.set_params(max_epochs=epochs).fit(X, y)
            return case_loss(case, net.history[-1, "train_loss"])

        return fit

    def kind(self, case: Case) -> Any:
        """Choose the estimator."""
        if case.regression:
            return self.skorch.NeuralNetRegressor
        binary = self.skorch.NeuralNetBinaryClassifier
        return binary if case.is_binary else self.skorch.NeuralNetClassifier


class Jax(Peer):
    """JAX: a whole epoch is one compiled function, a scan over the batches.

    Compilation is not counted: the first fit, before the clock runs, does it.
    """

    name = "jax"

    def __init__(self, precision: str, threads: int) -> None:
        os.environ.setdefault("NPROC", str(threads))  # the size of its pool, read at import
        import jax

        self.jax = jax

    def prepare(self, case: Case, X: np.ndarray, y: np.ndarray) -> Fit:
        """Move the data to the device and compile an epoch."""
        X, y = (self.jax.numpy.asarray(part) for part in arrays(case, X, y))
        epoch = self.jax.jit(partial(self.epoch, case))

        def fit(epochs: int) -> float:
            state = self.start(case)
            key = self.jax.random.key(0)
            for number in range(epochs):
                state, loss = epoch(state, X, y, self.jax.random.fold_in(key, number))
            return case_loss(case, float(loss))

        return fit

    def start(self, case: Case) -> tuple[Any, Any, Any, Any]:
        """Return parameters, the optimizer's two moments and the number of steps."""
        rng = np.random.default_rng(0)
        parameters = [
            [self.jax.numpy.asarray(uniform(rng, m, k, shape)) for shape in ((m, k), (k,))]
            for m, k in pairwise(case.sizes)
        ]
        zeros = self.jax.tree.map(self.jax.numpy.zeros_like, parameters)
        return parameters, zeros, zeros, self.jax.numpy.zeros(())

    def epoch(self, case: Case, state: Any, X: Any, y: Any, key: Any) -> tuple[Any, Any]:
        """Run through the batches of a fresh order; return the new state and the mean loss."""
        order = self.jax.random.permutation(key, case.n)
        full = case.n // case.batch * case.batch

        def step(state: Any, rows: Any) -> tuple[Any, Any]:
            loss, gradient = self.jax.value_and_grad(partial(self.loss, case))(
                state[0], X[rows], y[rows]
            )
            return self.update(case, state, gradient), loss

        state, losses = self.jax.lax.scan(step, state, order[:full].reshape(-1, case.batch))
        total = losses.sum() * case.batch
        if full < case.n:
            state, loss = step(state, order[full:])
            total += loss * (case.n - full)
        return state, total / case.n

    def loss(self, case: Case, parameters: Any, X: Any, y: Any) -> Any:
        """Return the mean loss of a batch, as PyTorch's criteria have it."""
        nn, jnp = self.jax.nn, self.jax.numpy
        A = X
        for W, W0 in parameters[:-1]:
            A = nn.relu(A @ W + W0)
        W, W0 = parameters[-1]
        Z = A @ W + W0
        if case.regression:
            return jnp.mean((Z - y) ** 2)
        if case.is_binary:
            return jnp.mean(nn.softplus(Z) - y * Z)
        return -jnp.mean(jnp.take_along_axis(nn.log_softmax(Z), y[:, None], axis=1))

    def update(self, case: Case, state: Any, gradient: Any) -> Any:
        """Make a step of Adam, or of descent with Nesterov's momentum."""
        parameters, mean, square, t = state
        tree = self.jax.tree.map
        gradient = tree(lambda g, p: g + ALPHA * p, gradient, parameters)
        t = t + 1
        if case.solver == "adam":
            mean = tree(lambda v, g: 0.9 * v + 0.1 * g, mean, gradient)
            square = tree(lambda v, g: 0.999 * v + 0.001 * g * g, square, gradient)
            rate = case.rate * self.jax.numpy.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            step = tree(lambda v, s: v / (self.jax.numpy.sqrt(s) + 1e-8), mean, square)
        else:
            rate = case.rate
            mean = tree(lambda v, g: 0.9 * v + g, mean, gradient)
            step = tree(lambda v, g: g + 0.9 * v, mean, gradient)
        return tree(lambda p, s: p - rate * s, parameters, step), mean, square, t


def arrays(case: Case, X: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return float32 inputs, and targets as a column of float32 or as numbers of classes."""
    single = case.regression or case.is_binary
    return X.astype(np.float32), y.astype(np.float32)[:, None] if single else y.astype(np.int64)


def case_loss(case: Case, loss: float) -> float:
    """Turn the mean squared error into the loss of scikit-learn and sknn, half of it."""
    return loss / 2 if case.regression else loss


def bound(m: int, k: int) -> float:
    """Return the largest initial weight, of Glorot and Bengio, as scikit-learn has it for ReLU."""
    return math.sqrt(6 / (m + k))


def uniform(rng: np.random.Generator, m: int, k: int, shape: tuple[int, ...]) -> np.ndarray:
    """Draw initial weights or offsets."""
    return rng.uniform(-bound(m, k), bound(m, k), shape).astype(np.float32)


#: Every peer by its name; sknn itself is always there.
PEERS = {peer.name: peer for peer in (ScikitLearn, Torch, TorchFused, Skorch, Jax)}
