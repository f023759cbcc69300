"""Constructor parameters: their types, and the constraints that scikit-learn validates."""

from collections.abc import Callable, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np

from sknn.engine import Loss, Module, Optimizer, network
from sknn.engine._typing import Array
from sknn.estimators._builders import LEARNING_RATES, OPTIMIZERS
from sknn.estimators._sklearn_compat import Interval, Options, StrOptions

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
EarlyStoppingMode: TypeAlias = bool | Literal["auto", "cv"]
CrossValidation: TypeAlias = Any
Scoring: TypeAlias = str | Callable[..., float] | None

#: What a change of a parameter does before training continues (`partial_fit`, or `fit` with
#: `warm_start`). Predictions are those of the last fit, whatever the parameters are now.
#:
#: - "error": the network was built with it, see `fixed_parameters`; an error names it;
#: - "counts": from the next call on;
#: - "counts in fit": `partial_fit`, which is a single epoch, has no use for it.
CHANGES: dict[str, tuple[str, ...]] = {
    "error": (
        *("hidden_layer_sizes", "activation", "initialization", "n_members", "dtype"),
        *("loss", "quantile", "huber_delta", "standardize_y"),
        *("encoder", "categorical_features", "n_bins", "min_frequency"),
    ),
    "counts": (
        *("solver", "momentum", "nesterovs_momentum", "beta_1", "beta_2", "epsilon"),
        *("learning_rate", "learning_rate_init", "power_t", "max_iter", "n_iter_no_change", "tol"),
        *("alpha", "weight_decay", "weight_decay_loss_power", "dropout", "clip_gradient_norm"),
        *("class_weight", "label_smoothing", "batch_size", "shuffle", "random_state", "verbose"),
    ),
    "counts in fit": (
        *("warm_start", "max_fun", "max_time"),
        *("early_stopping", "validation_fraction", "scoring", "cv", "refit"),
    ),
}

#: Constraints of the parameters that all estimators have, in scikit-learn's form.
CONSTRAINTS: dict[str, Any] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions(set(network.ACTIVATIONS)), Module, list, tuple],
    "loss": [StrOptions({"auto"}), Loss],
    "solver": [StrOptions({"lbfgs", *OPTIMIZERS}), Optimizer],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions(set(LEARNING_RATES)), callable],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "n_members": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [
        Interval(Integral, 1, None, closed="left"),
        Options(Real, {np.inf}),
    ],
    "early_stopping": [StrOptions({"auto", "cv"}), "boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left"), None],
    "scoring": [None, str, callable],
    "cv": ["cv_object"],
    "refit": ["boolean"],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "max_time": [None, Interval(Real, 0, None, closed="neither")],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "clip_gradient_norm": [None, Interval(Real, 0, None, closed="neither")],
    "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
    "initialization": [StrOptions({"auto", *network.INITIALIZATIONS}), callable],
    "dtype": [StrOptions({"auto", "float32", "float64"})],
}


class MLPParameters:
    """The constructor parameters that all estimators have; see the subclasses."""

    hidden_layer_sizes: HiddenLayerSizes
    activation: Activation
    loss: str | Loss
    solver: SolverName | Optimizer
    alpha: float
    batch_size: int | Auto
    learning_rate: LearningRate
    learning_rate_init: float
    power_t: float
    max_iter: int | Auto
    max_fun: int
    max_time: float | None
    shuffle: bool
    random_state: RandomState
    tol: float
    verbose: bool | int
    warm_start: bool
    early_stopping: EarlyStoppingMode
    validation_fraction: float | None
    scoring: Scoring
    cv: CrossValidation
    refit: bool
    momentum: float
    nesterovs_momentum: bool
    beta_1: float
    beta_2: float
    epsilon: float
    weight_decay: float | Auto
    clip_gradient_norm: float | None
    dropout: float | Sequence[float] | Auto
    n_iter_no_change: float
    initialization: Initialization
    n_members: int | Auto
    dtype: DType

    _parameter_constraints: ClassVar[dict[str, Any]] = CONSTRAINTS
