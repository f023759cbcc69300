"""Parameters of an estimator -> parts of the engine: one table a concept."""

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sknn.engine import (
    LBFGS,
    SGD,
    Adam,
    Adaptive,
    Constant,
    Cosine,
    Dataset,
    EarlyStopping,
    EpochBatchSampler,
    InverseScaling,
    Linear,
    MinibatchSolver,
    OneCycle,
    Optimizer,
    RMSprop,
    Schedule,
    Sequential,
    Solver,
    Trainer,
    as_schedule,
)
from sknn.estimators import _validation
from sknn.estimators._model import ModelSpec


def _adam(mlp: Any) -> Adam:
    return Adam(float(mlp.beta_1), float(mlp.beta_2), float(mlp.epsilon))


#: Optimizers by the name of the solver.
OPTIMIZERS: Mapping[str, Callable[[Any], Optimizer]] = {
    "sgd": lambda mlp: SGD(float(mlp.momentum), bool(mlp.nesterovs_momentum)),
    "adam": _adam,
    "adamw": _adam,
    "rmsprop": lambda mlp: RMSprop(float(mlp.beta_2), float(mlp.epsilon)),
}

#: Schedules by the name of the learning rate: functions of the estimator and of its horizon,
#: the number of steps in `max_iter` epochs.
LEARNING_RATES: Mapping[str, Callable[[Any, int], Schedule]] = {
    "constant": lambda mlp, steps: Constant(mlp.learning_rate_init),
    "invscaling": lambda mlp, steps: InverseScaling(mlp.learning_rate_init, mlp.power_t),
    "adaptive": lambda mlp, steps: Adaptive(mlp.learning_rate_init),
    "cosine": lambda mlp, steps: Cosine(mlp.learning_rate_init, steps),
    "one_cycle": lambda mlp, steps: OneCycle(mlp.learning_rate_init, steps),
}


#: Learning rates that are made for `max_iter` epochs: on their way a loss may stand still.
WITH_HORIZON = ("cosine", "one_cycle")


def stopping(mlp: Any, *, by_score: bool) -> EarlyStopping:
    """Build what watches the training loss, or the validation score."""
    if by_score:
        key, patience = "validation_score", mlp.n_iter_no_change
    else:
        key, patience = "loss", math.inf if has_horizon(mlp) else mlp.n_iter_no_change
    return EarlyStopping(patience, float(mlp.tol), key, higher_is_better=by_score)


def has_horizon(mlp: Any) -> bool:
    """Tell whether the learning rate is made for a number of epochs."""
    return is_stochastic(mlp) and mlp.learning_rate in WITH_HORIZON


def trainer(
    mlp: Any, stopping: EarlyStopping, n_samples: int, epochs: int, decay: float
) -> Trainer:
    """Build the training loop that the parameters of `mlp` describe.

    Parameters
    ----------
    mlp : BaseMLP
        The estimator.
    stopping : EarlyStopping
        Watches the loss, or the validation score.
    n_samples : int
        What there is to learn from.
    epochs : int
        What a learning rate with a horizon is made for.
    decay : float
        Of the weights.
    """
    return Trainer(
        solver=solver(mlp, n_samples, epochs, decay),
        stopping=stopping if is_stochastic(mlp) or stopping.monitor != "loss" else None,
    )


def deadline(mlp: Any) -> float:
    """Read until when, by the monotonic clock, training may go on."""
    return math.inf if mlp.max_time is None else time.monotonic() + float(mlp.max_time)


def is_stochastic(mlp: Any) -> bool:
    """Tell whether training goes batch by batch."""
    return not (isinstance(mlp.solver, str) and mlp.solver == "lbfgs")


def learns_streams(mlp: Any) -> bool:
    """Tell whether `partial_fit` exists; the error says why not."""
    if is_stochastic(mlp):
        return True
    raise AttributeError(
        "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic."
    )


def solver_name(mlp: Any) -> str:
    """Return what tells solvers apart whose memories do not fit each other."""
    if isinstance(mlp.solver, str):
        return str(mlp.solver)
    return f"{type(mlp.solver).__module__}.{type(mlp.solver).__qualname__}"


def solver(mlp: Any, n_samples: int, epochs: int, decay: float) -> Solver:
    """Build the solver."""
    if not is_stochastic(mlp):
        return LBFGS(float(mlp.tol), int(mlp.max_fun))
    members = None if mlp.n_members == 1 else int(mlp.n_members)
    batches = EpochBatchSampler(batch_size(mlp), bool(mlp.shuffle), members)
    horizon = epochs * batches.steps(n_samples)
    norm = mlp.clip_gradient_norm
    return MinibatchSolver(
        optimizer=OPTIMIZERS[mlp.solver](mlp) if isinstance(mlp.solver, str) else mlp.solver,
        schedule=schedule(mlp, horizon),
        batches=batches,
        weight_decay=decay if solver_name(mlp) == "adamw" else 0.0,
        weight_decay_loss_power=float(mlp.weight_decay_loss_power),
        max_grad_norm=math.inf if norm is None else float(norm),
    )


def batch_size(mlp: Any) -> int:
    """Read how many samples a mini-batch has."""
    return mlp._auto_batch_size if mlp.batch_size == "auto" else int(mlp.batch_size)


def largest_product(mlp: Any, network: Sequential, samples: Dataset) -> int:
    """Return how many multiplications the largest product of a step has."""
    n = min(batch_size(mlp), len(samples)) if is_stochastic(mlp) else len(samples)
    layers = [module.W.shape for module in network.modules if isinstance(module, Linear)]
    return n * max(shape[-2] * shape[-1] for shape in layers)


def schedule(mlp: Any, horizon: int) -> Schedule:
    """Build the learning rate of each step."""
    if callable(mlp.learning_rate):
        return as_schedule(mlp.learning_rate)
    return LEARNING_RATES[mlp.learning_rate](mlp, horizon)


def dropout(mlp: Any, spec: ModelSpec) -> list[float]:
    """Read how much of each hidden layer is dropped."""
    n_hidden = len(spec.hidden_sizes)
    shares = _validation.numbers(mlp.dropout)
    shares = shares * n_hidden if np.ndim(mlp.dropout) == 0 else shares
    if len(shares) != n_hidden or not all(0 <= share < 1 for share in shares):
        raise ValueError(
            f"dropout must be in [0, 1), one number for all {n_hidden} hidden layers or a list "
            f"with one for each; got {mlp.dropout!r}."
        )
    if any(shares) and not is_stochastic(mlp):
        raise ValueError("dropout needs a stochastic solver; lbfgs cannot follow a random loss.")
    return shares
