"""Losses: each with the output activation that suits it.

A network ends in raw outputs ``z``. The loss owns what comes after: `inverse_link` turns them into
answers, `value` says how wrong they are, sample by sample, and `gradient` gives dL/dZ directly,
with the output activation already accounted for. Everything is computed from ``z`` itself, so
that it stays finite for raw outputs of any size wherever the loss itself is a number that can be
written (a squared error or an exponential may not be).
"""

from sknn.engine.losses.base import Loss
from sknn.engine.losses.classification import NLL, NLLM, Brier, Hinge, MulticlassHinge, SquaredHinge
from sknn.engine.losses.composite import MaskedLoss, MultiOutputLoss
from sknn.engine.losses.regression import (
    AbsoluteError,
    Gamma,
    Huber,
    Poisson,
    Quantile,
    SquaredError,
)

__all__ = [
    "NLL",
    "NLLM",
    "AbsoluteError",
    "Brier",
    "Gamma",
    "Hinge",
    "Huber",
    "Loss",
    "MaskedLoss",
    "MultiOutputLoss",
    "MulticlassHinge",
    "Poisson",
    "Quantile",
    "SquaredError",
    "SquaredHinge",
]
