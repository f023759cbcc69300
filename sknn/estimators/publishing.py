"""Publishing: a network in training -> the attributes of a fitted estimator, all plain data."""

import math
from typing import Any, TypeVar

import numpy as np

from sknn.engine import Embedding, History, Linear, Sequential
from sknn.estimators._model import ModelSpec

Estimator = TypeVar("Estimator")


def sharing(estimator: Estimator, attributes: dict[str, Any]) -> Estimator:
    """Return an estimator of the same class around these attributes."""
    twin = object.__new__(type(estimator))
    twin.__dict__ = attributes
    return twin


def published(mlp: Any, network: Sequential, spec: ModelSpec) -> Any:
    """Return a copy of the estimator that predicts with the network's present weights."""
    fitted: Any = sharing(mlp, mlp.__dict__.copy())
    layers = [module for module in network.modules if isinstance(module, Linear)]
    tables = [module.E.copy() for module in network.modules if isinstance(module, Embedding)]
    fitted.__dict__.update(spec.target.attributes())
    fitted.coefs_ = [layer.W.copy() for layer in layers]
    fitted.intercepts_ = [layer.W0.copy() for layer in layers]
    fitted.n_layers_ = len(layers) + 1
    fitted.n_outputs_ = spec.n_units
    fitted.out_activation_ = spec.loss.out_activation
    fitted._model_spec = {**spec.to_plain(), "embedding": tables[0] if tables else None}
    return fitted


def clear_record(mlp: Any) -> None:
    """Begin to count epochs anew."""
    mlp.loss_curve_, mlp.learning_rates_, mlp.best_loss_, mlp.t_ = [], [], np.inf, 0


def record(mlp: Any, history: History, n_samples: int) -> None:
    """Add to the attributes that tell how training went."""
    losses = history.column("loss")
    unknown = [math.nan] * len(mlp.loss_curve_)  # of models from before they were kept
    mlp.learning_rates_ = [*getattr(mlp, "learning_rates_", unknown), *history.column("rate")]
    mlp.loss_curve_ = [*mlp.loss_curve_, *losses]
    mlp.loss_ = mlp.loss_curve_[-1] if mlp.loss_curve_ else np.inf
    mlp.best_loss_ = min([mlp.best_loss_, *losses])
    mlp.n_iter_ = mlp.best_iteration_ = len(mlp.loss_curve_)
    mlp.t_ += len(losses) * n_samples
    watched = bool(history.rows) and "validation_score" in history.rows[0]
    scores = history.column("validation_score") if watched else None
    mlp.validation_scores_ = scores
    mlp.validation_loss_curve_ = history.column("validation_loss") if watched else None
    known = [score for score in scores or [] if not math.isnan(score)]
    mlp.best_validation_score_ = max(known) if known else None
    mlp.best_iteration_ += history.kept_epoch - len(history)
