"""Constructor parameters on both sides: which there are, and the penalty's two meanings."""

import inspect
from copy import deepcopy
from typing import Any

#: What batch_size="auto" is at most, on both sides.
AUTO_BATCH_SIZE = 200


def common(mlp: Any, other: type) -> dict[str, Any]:
    """Return copies of the parameters of an estimator that another class has, too."""
    own = defaults(type(mlp))
    return {name: deepcopy(getattr(mlp, name)) for name in defaults(other) if name in own}


def defaults(estimator: type) -> dict[str, Any]:
    """Return the parameters of an estimator's class with their defaults."""
    signature = inspect.signature(estimator)
    return {name: parameter.default for name, parameter in signature.parameters.items()}


def penalty_divisor(mlp: Any) -> float | None:
    """Return what scikit-learn's MLP divides alpha by when it trains like this model.

    That is the size of a batch, or with "lbfgs" the number of samples.

    Parameters
    ----------
    mlp : fitted estimator
        Of either side. How many samples it saw is told by `t_`, which counts them once an epoch.

    Returns
    -------
    divisor : float or None
        None if it would take the number of samples, and the model does not tell it.
    """
    epochs = len(getattr(mlp, "loss_curve_", []))
    n_samples = mlp.t_ / epochs if epochs and mlp.t_ else None
    if isinstance(mlp.solver, str) and mlp.solver == "lbfgs":
        return n_samples
    batch = AUTO_BATCH_SIZE if isinstance(mlp.batch_size, str) else int(mlp.batch_size)
    return batch if n_samples is None else min(batch, n_samples)
