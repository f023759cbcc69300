"""Loss functions, each with its output activation.

A network returns raw outputs ``z``. `inverse_link` is the output activation, which turns them into
predictions; `value` is the loss per sample and `gradient` is dL/dZ, both computed from ``z``
itself. They are finite for all finite ``z``, unless the loss itself overflows, as a squared error
or an exponential may.
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
