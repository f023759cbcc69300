"""Constructor parameters of both packages, and the two definitions of alpha."""

import inspect
from copy import deepcopy
from typing import Any

#: Largest batch size of batch_size="auto", in both packages.
AUTO_BATCH_SIZE = 200


def common_parameters(mlp: Any, other: type) -> dict[str, Any]:
    """Return copies of the parameters that another class has too."""
    own = defaults(type(mlp))
    return {name: deepcopy(getattr(mlp, name)) for name in defaults(other) if name in own}


def defaults(estimator: type) -> dict[str, Any]:
    """Return the defaults of all parameters of a class."""
    signature = inspect.signature(estimator)
    return {name: parameter.default for name, parameter in signature.parameters.items()}


def penalty_divisor(mlp: Any) -> float | None:
    """Return the number by which scikit-learn's MLP divides alpha: the batch size, or n for lbfgs.

    The number of samples n is derived from `t_`, which counts them each epoch; None if it is needed
    and unknown.
    """
    epochs = len(getattr(mlp, "loss_curve_", []))
    n_samples = mlp.t_ / epochs if epochs and mlp.t_ else None
    if isinstance(mlp.solver, str) and mlp.solver == "lbfgs":
        return n_samples
    batch = AUTO_BATCH_SIZE if isinstance(mlp.batch_size, str) else int(mlp.batch_size)
    return batch if n_samples is None else min(batch, n_samples)
