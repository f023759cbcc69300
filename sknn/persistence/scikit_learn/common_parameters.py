"""Constructor parameters of both packages, and the two definitions of alpha."""

import inspect
from copy import deepcopy
from typing import Any

#: Largest batch size of batch_size="auto", in both packages.
AUTO_BATCH_SIZE = 200


def common_parameters(estimator: Any, other: type) -> dict[str, Any]:
    """Return copies of the parameters that another class has too."""
    own = defaults(library_class(estimator))
    return {name: deepcopy(getattr(estimator, name)) for name in defaults(other) if name in own}


def library_class(estimator: Any) -> type:
    """Return the class of either package that an estimator is of, or inherits from."""
    packages = ("sknn", "sklearn")
    mro = type(estimator).__mro__
    return next(cls for cls in mro if cls.__module__.partition(".")[0] in packages)


def defaults(estimator: type) -> dict[str, Any]:
    """Return the defaults of all parameters of a class."""
    signature = inspect.signature(estimator)
    return {name: parameter.default for name, parameter in signature.parameters.items()}


def penalty_divisor(estimator: Any) -> float | None:
    """Return the number by which scikit-learn's MLP divides alpha: the batch size, or n for lbfgs.

    Parameters
    ----------
    estimator : fitted estimator
        Of either package. The number of samples is derived from `t_`, which counts them each epoch.

    Returns
    -------
    divisor : float or None
        None if the number of samples is needed and unknown.
    """
    epochs = len(getattr(estimator, "loss_curve_", []))
    n_samples = estimator.t_ / epochs if epochs and estimator.t_ else None
    if isinstance(estimator.solver, str) and estimator.solver == "lbfgs":
        return n_samples
    batch = AUTO_BATCH_SIZE if isinstance(estimator.batch_size, str) else int(estimator.batch_size)
    return batch if n_samples is None else min(batch, n_samples)
