"""Types of the constructor parameters, with the strings that each accepts."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from sknn.engine import Module
from sknn.engine._typing import Array

Auto: TypeAlias = Literal["auto"]

ActivationName: TypeAlias = Literal[
    "identity",
    "logistic",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "exp",
]
Activation: TypeAlias = ActivationName | Module | Sequence[ActivationName | Module]
SolverName: TypeAlias = Literal["adam", "adamw", "rmsprop", "sgd", "lbfgs"]
LearningRate: TypeAlias = (
    Literal["constant", "invscaling", "adaptive", "cosine", "one_cycle"] | Callable[[int], float]
)
Initialization: TypeAlias = (
    Literal["auto", "glorot_uniform", "glorot_normal", "he_uniform", "he_normal", "lecun_normal"]
    | Callable[..., Array]
)
ClassificationLoss: TypeAlias = Literal[
    "auto", "log_loss", "hinge", "squared_hinge", "brier", "squared_error"
]
RegressionLoss: TypeAlias = Literal[
    "auto", "squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma"
]
DType: TypeAlias = Literal["auto", "float32", "float64"]
HiddenLayerSizes: TypeAlias = int | Sequence[int]
RandomState: TypeAlias = int | np.random.RandomState | None
ClassWeight: TypeAlias = dict[Any, float] | Literal["balanced"] | None
Scoring: TypeAlias = str | Callable[..., float] | None
