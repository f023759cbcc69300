"""Losses: what their names stand for, and which of the engine's are for what kind of target."""

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

#: Of real numbers.
REAL: Mapping[str, type[Loss]] = {
    "squared_error": SquaredError,
    "absolute_error": AbsoluteError,
    "huber": Huber,
    "quantile": Quantile,
    "poisson": Poisson,
    "gamma": Gamma,
}

#: Of questions with the answers yes and no.
BINARY: Mapping[str, type[Loss]] = {
    "log_loss": NLL,
    "hinge": Hinge,
    "squared_hinge": SquaredHinge,
    "squared_error": SquaredError,
    "brier": Brier,
}

#: Of classes that exclude each other.
MULTICLASS: Mapping[str, type[Loss]] = {**BINARY, "log_loss": NLLM, "hinge": MulticlassHinge}

#: The losses that the engine has for one kind of target or another.
EVERY_LOSS: Set[type[Loss]] = {
    loss for table in (REAL, BINARY, MULTICLASS) for loss in table.values()
}


def need_suited(loss: Loss, suited: Set[type[Loss]], kind: str) -> None:
    """Refuse a loss that is the engine's and for another kind of target.

    Parameters
    ----------
    loss : Loss
        What the user passed.
    suited : set of Loss classes
        Those of the engine that are for this kind of target.
    kind : str
        Its name, for the message.

    Raises
    ------
    ValueError
        Naming those that are.
    """
    if type(loss) in EVERY_LOSS - suited:
        names = ", ".join(sorted(one.__name__ for one in suited))
        raise ValueError(
            f"{type(loss).__name__} loss is not for a {kind} target; for it there are "
            f"{names}, or a Loss of your own."
        )
