"""The losses of each kind of target, by name."""

from collections.abc import Mapping, Set

from sknn.engine import (
    NLL,
    NLLM,
    AbsoluteError,
    Brier,
    Gamma,
    Hinge,
    Huber,
    Loss,
    MulticlassHinge,
    Poisson,
    Quantile,
    SquaredError,
    SquaredHinge,
)

#: Losses of real targets.
REAL: Mapping[str, type[Loss]] = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
    "gamma": Gamma,
}

#: Losses of binary and multilabel targets.
BINARY: Mapping[str, type[Loss]] = {
    "log_loss": NLL,
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "squared_error": SquaredError,
    "brier": Brier,
}

#: Losses of multiclass targets.
MULTICLASS: Mapping[str, type[Loss]] = {**BINARY, "log_loss": NLLM, "hinge": MulticlassHinge}

#: All losses of the engine that have a name for some kind of target.
EVERY_LOSS: Set[type[Loss]] = {
    loss for table in (REAL, BINARY, MULTICLASS) for loss in table.values()
}
