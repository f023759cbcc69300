"""The networks of time_to_accuracy.py, with one hidden layer of 100 ReLU units each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn.neural_network import MLPClassifier as TheirMLPClassifier

from sknn import MLPClassifier

#: After so many epochs a contender without a plan is given up.
MANY = 40


@dataclass(frozen=True)
class Contender:
    """An estimator, and how it is trained.

    Parameters
    ----------
    name : str
        In table and plot.
    build : callable
        ``build(n_features, n_classes)`` returns the estimator.
    plan : int, optional
        For how many epochs the learning rate is planned: `fit` makes them all. Without a plan
        `partial_fit` makes one after the other.
    dtype : str, default="float64"
        Of the data that it is given.
    """

    name: str
    build: Callable[[int, int], Any]
    plan: int | None = None
    dtype: str = "float64"


def one_cycle(epochs: int) -> Contender:
    """Return the recommended setting: the learning rate goes up to 0.01 and down to 0, once."""

    def build(n_features: int, n_classes: int) -> Any:
        return MLPClassifier(
            learning_rate="one_cycle", learning_rate_init=0.01, max_iter=epochs, random_state=0
        )

    return Contender(f"sknn, {epochs} epochs", build, plan=epochs)


def scikit_learn(n_features: int, n_classes: int) -> Any:
    """Build scikit-learn's estimator with its defaults."""
    return TheirMLPClassifier(random_state=0)


def skorch(n_features: int, n_classes: int) -> Any:
    """Build the same network in skorch, with the same batches and Adam.

    Raises
    ------
    ImportError
        If skorch is not installed.
    """
    import torch
    from skorch import NeuralNetClassifier

    torch.manual_seed(0)
    nn = torch.nn
    return NeuralNetClassifier(
        nn.Sequential(nn.Linear(n_features, 100), nn.ReLU(), nn.Linear(100, n_classes)),
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.001,
        max_epochs=1,
        batch_size=200,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )


def contenders(plans: list[int]) -> list[Contender]:
    """Return all that are installed; sknn's setting is there once for each number of epochs."""
    there = [one_cycle(epochs) for epochs in plans]
    there.append(Contender("scikit-learn", scikit_learn))
    try:
        skorch(1, 2)
    except ImportError as error:
        print(f"note: skorch is left out, it is not installed ({error})")
    else:
        there.append(Contender("skorch", skorch, dtype="float32"))
    return there
