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


def check_loss_suits(loss: Loss, suitable: Set[type[Loss]], kind: str) -> None:
    """Check that a loss of the engine is for this kind of target; other losses pass.

    Parameters
    ----------
    loss : Loss
        The loss that the user passed.
    suitable : set of Loss classes
        The losses of the engine for this kind of target.
    kind : str
        The kind, for the message.

    Raises
    ------
    ValueError
        If it is not; the message lists those that are.
    """
    if type(loss) in EVERY_LOSS - suitable:
        names = ", ".join(sorted(cls.__name__ for cls in suitable))
        raise ValueError(
            f"{type(loss).__name__} loss is not for a {kind} target. Use {names}, or your own "
            "subclass of Loss."
        )
