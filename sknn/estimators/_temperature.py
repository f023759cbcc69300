"""Temperatures: raw outputs of a log loss are divided by one, so that probabilities are calibrated.

Guo, Pleiss, Sun and Weinberger (2017), "On Calibration of Modern Neural Networks".
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from sknn.engine._typing import Array

#: Temperatures are searched up to this factor above and below 1.
MAX_TEMPERATURE = 8.0

#: How far the loss at a temperature may be above the lowest one, in standard errors.
TEMPERATURE_TOLERANCE = 0.5


def best_temperature(losses_at: Callable[[float], Array]) -> float:
    """Return the temperature with the lowest mean loss of rows held out.

    Of the temperatures whose loss is within half a standard error of the lowest one, it is the
    nearest to 1.

    Parameters
    ----------
    losses_at : callable
        ``losses_at(factor)`` returns the loss of each row, raw outputs multiplied by the factor.
    """

    def losses(log_factor: float) -> Array:
        return losses_at(float(np.exp(log_factor)))

    def mean_loss(log_factor: float) -> float:
        return float(losses(log_factor).mean())

    if not np.isfinite(mean_loss(0.0)):
        return 1.0
    bound = np.log(MAX_TEMPERATURE)
    best = minimize_scalar(mean_loss, bounds=(-bound, bound), method="bounded").x
    lowest = losses(best)
    for log_factor in best * np.linspace(0, 1, 21):
        difference = losses(log_factor) - lowest
        error = difference.std() / np.sqrt(len(lowest))
        if difference.mean() <= TEMPERATURE_TOLERANCE * error:
            break
    return float(np.exp(-log_factor))


def divided_outputs(fitted: dict[str, Any], temperature: float) -> dict[str, Any]:
    """Return the weights and offsets of networks whose raw outputs are divided."""
    divided = {}
    for name in ("coefs_", "intercepts_"):
        *others, last = fitted[name]
        divided[name] = [*others, last / last.dtype.type(temperature)]
    return divided
