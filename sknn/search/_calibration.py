"""Temperatures of the candidates of an ensemble, from their out-of-fold probabilities."""

from copy import copy
from typing import Any

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.pipeline import Pipeline

from sknn.engine._typing import Array
from sknn.estimators._temperature import best_temperature, divided_outputs
from sknn.estimators.base import BaseMLP
from sknn.search._evaluation import network_of

#: The lowest probability whose logarithm is taken.
TINY = np.finfo(np.float64).tiny


def has_temperature(estimator: Any) -> bool:
    """Return whether a fitted estimator has raw outputs of a log loss that can be divided."""
    mlp = network_of(estimator)
    if not isinstance(mlp, BaseMLP) or mlp._model_spec["loss"] != "log_loss":
        return False
    return mlp.out_activation_ == "softmax" or mlp.n_outputs_ == 1


def temperature_of(proba: Array, numbers: Array, w: Array | None) -> float:
    """Return the temperature with the lowest log loss.

    Parameters
    ----------
    proba : array of shape (n, n_classes)
        Out-of-fold probabilities.
    numbers : array of int of shape (n,)
        The numbers of the true classes.
    w : array of shape (n,) or None
        Sample weights.
    """
    log_p, rows = np.log(np.maximum(proba, TINY)), np.arange(len(proba))
    weights = 1.0 if w is None else w / w.mean()

    def losses_at(factor: float) -> Array:
        losses: Array = -log_softmax(factor * log_p, axis=1)[rows, numbers] * weights
        return losses

    return best_temperature(losses_at)


def at_temperature(proba: Array, temperature: float) -> Array:
    """Return the probabilities of raw outputs that are divided by a temperature."""
    if temperature == 1:
        return proba
    divided: Array = softmax(np.log(np.maximum(proba, TINY)) / temperature, axis=1)
    return divided


def with_temperature(estimator: Any, temperature: float) -> Any:
    """Return a fitted estimator whose network divides its raw outputs by a temperature."""
    if temperature == 1:
        return estimator
    if type(estimator) is Pipeline:
        *steps, (name, last) = estimator.steps
        pipeline = copy(estimator)
        pipeline.steps = [*steps, (name, with_temperature(last, temperature))]
        return pipeline
    return estimator._with_attributes(
        {**vars(estimator), **divided_outputs(vars(estimator), temperature)}
    )
