"""Builders of the engine's solvers, schedules and so on from the parameters of an estimator."""

import math
import sys
import time
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from sknn.engine import (
    LBFGS,
    SGD,
    Adam,
    Adaptive,
    Constant,
    Cosine,
    EarlyStopping,
    EpochBatchSampler,
    InverseScaling,
    MinibatchSolver,
    OneCycle,
    Optimizer,
    RMSprop,
    Schedule,
    Solver,
    as_schedule,
)
from sknn.estimators._model import ModelSpec
from sknn.estimators._validation.settings import as_floats

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP


@dataclass(frozen=True)
class TrainingSettings:
    """Settings that may depend on the data, where a parameter is "auto"."""

    epochs: int  # maximum number of epochs, and the length of schedules such as "cosine"
    batch_size: int  # samples per mini-batch
    weight_decay: float  # decoupled weight decay
    weight_decay_loss_power: float = 0.0  # exponent p of the relative loss; see `MinibatchSolver`
    # fraction of each label's probability to spread over the classes
    label_smoothing: float = 0.0
    is_endless: bool = False  # whether the number of epochs is unknown, in a stream


@dataclass(frozen=True)
class FitConfig:
    """How to train: the parameters of an estimator, as `fit_networks` uses them."""

    solver: Solver  # solver that minimises the objective
    # name of the solver; the optimizer state of an earlier fit is reused if it is the same
    solver_name: str
    early_stopping: EarlyStopping | None  # monitors the loss or the validation score
    by_score: bool  # whether to stop early by the validation score, and to restore the best weights
    epochs: int  # epochs at most
    alpha: float  # strength of the L2 penalty
    dropout: list[float]  # the dropout rate of each hidden layer
    label_smoothing: float  # the fraction of each label's probability that is spread
    smooths_evenly: bool  # over the classes, and not by their frequencies
    scoring: Any  # validation score
    # parameter of the estimator; the generator's state is stored if it is an integer
    random_state: Any
    batch_size: int | None  # samples in a mini-batch; None if all are used at once
    # makes a fitted estimator from fitted attributes, for scorers and checkpoints
    as_estimator: Callable[[Mapping[str, Any]], "BaseMLP"]
    # whether a new network starts at the best constant prediction
    fit_intercept_first: bool = False
    relative_weights: bool = True  # whether sample weights are divided by their mean
    deadline: float = math.inf  # time of the monotonic clock; the epoch that exceeds it is the last
    verbose: bool = False  # whether to print a line per epoch

    @property
    def is_stochastic(self) -> bool:
        """Whether the solver uses mini-batches, so that training can be resumed at any epoch."""
        return isinstance(self.solver, MinibatchSolver)

    @property
    def has_horizon(self) -> bool:
        """Whether the learning rate ends at a certain step."""
        return isinstance(self.solver, MinibatchSolver) and has_end(self.solver.schedule)

    def with_epochs(self, n_epochs: int) -> "FitConfig":
        """Return the configuration with at most this number of epochs.

        A schedule of the learning rate with an end is a shorter one then.
        """
        if n_epochs >= self.epochs:
            return self
        solver: Any = self.solver
        if self.has_horizon and isinstance(solver.schedule, Cosine | OneCycle):
            schedule = copy(solver.schedule)
            schedule.steps = max(1, round(schedule.steps * n_epochs / self.epochs))
            solver = replace(solver, schedule=schedule)
        return replace(self, solver=solver, epochs=n_epochs)


def _adam(mlp: "BaseMLP") -> Adam:
    return Adam(float(mlp.beta_1), float(mlp.beta_2), float(mlp.epsilon))


#: Optimizers by the name of the solver.
OPTIMIZERS: Mapping[str, Callable[["BaseMLP"], Optimizer]] = {
    "sgd": lambda mlp: SGD(float(mlp.momentum), bool(mlp.nesterovs_momentum)),
    "adam": _adam,
    "adamw": _adam,
    "rmsprop": lambda mlp: RMSprop(float(mlp.beta_2), float(mlp.epsilon)),
}

#: The constant rate of a stream of unknown length, relative to the peak of a schedule with an end.
STREAM_RATE = 0.3

#: weight_decay="auto" in a stream.
STREAM_WEIGHT_DECAY = 0.05

#: Schedules by the name of the learning rate: functions of the estimator and of the number of steps
#: in `max_iter` epochs.
LEARNING_RATES: Mapping[str, Callable[["BaseMLP", int], Schedule]] = {
    "constant": lambda mlp, steps: Constant(mlp.learning_rate_init),
    "invscaling": lambda mlp, steps: InverseScaling(mlp.learning_rate_init, mlp.power_t),
    "adaptive": lambda mlp, steps: Adaptive(mlp.learning_rate_init),
    "cosine": lambda mlp, steps: Cosine(mlp.learning_rate_init, steps),
    "one_cycle": lambda mlp, steps: OneCycle(mlp.learning_rate_init, steps),
}


def has_horizon(mlp: "BaseMLP") -> bool:
    """Return whether the learning rate ends at a certain step, so that training runs until then."""
    if not is_stochastic(mlp):
        return False
    name = mlp.learning_rate
    schedule = as_schedule(name) if callable(name) else LEARNING_RATES[name](mlp, 1)
    return has_end(schedule)


def has_end(schedule: Schedule) -> bool:
    """Return whether a learning rate ends at a certain step."""
    return schedule.is_complete(sys.maxsize)


def is_stochastic(mlp: "BaseMLP") -> bool:
    """Return whether the solver uses mini-batches."""
    return not (isinstance(mlp.solver, str) and mlp.solver == "lbfgs")


def has_folds(mlp: "BaseMLP") -> bool:
    """Return whether `cv` gives folds to cross-fit; "auto" does not, which chooses settings."""
    return mlp.cv is not None and not isinstance(mlp.cv, str)


def n_members(mlp: "BaseMLP") -> int:
    """Return the number of networks of a fit that chooses no settings."""
    return 1 if isinstance(mlp.n_members, str) else int(mlp.n_members)


def supports_partial_fit(mlp: "BaseMLP") -> bool:
    """Return whether `partial_fit` exists; if not, raise an error."""
    if is_stochastic(mlp) and not has_folds(mlp):
        return True
    if has_folds(mlp):
        raise AttributeError(
            "partial_fit is not available with cv: the folds are those of one call. Set cv=None."
        )
    raise AttributeError(
        "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic."
    )


def solver_name(mlp: "BaseMLP") -> str:
    """Return the name of the solver; for an optimizer object, the full name of its class."""
    if isinstance(mlp.solver, str):
        return mlp.solver
    return f"{type(mlp.solver).__module__}.{type(mlp.solver).__qualname__}"


def initialization_name(mlp: "BaseMLP") -> str:
    """Return the name of the initialization; for a function, its full name."""
    given: Any = mlp.initialization
    if isinstance(given, str):
        return given
    named = given if hasattr(given, "__qualname__") else type(given)
    return f"{named.__module__}.{named.__qualname__}"


def build_early_stopping(mlp: "BaseMLP", *, by_score: bool) -> EarlyStopping:
    """Build the monitor of the training loss or of the validation score.

    With a learning rate that has a horizon, no plateau ends training: its last part is the best.
    """
    monitor = "validation_score" if by_score else "loss"
    patience = math.inf if has_horizon(mlp) else mlp.n_iter_no_change
    return EarlyStopping(
        patience, float(mlp.tol), monitor, higher_is_better=by_score, cumulative=not by_score
    )


def build_solver(mlp: "BaseMLP", settings: TrainingSettings, n_samples: int) -> Solver:
    """Build the solver for this number of training samples."""
    name, norm = mlp.solver, mlp.clip_gradient_norm
    if isinstance(name, str) and name == "lbfgs":
        return LBFGS(float(mlp.tol), int(mlp.max_fun))
    batches = EpochBatchSampler(settings.batch_size, bool(mlp.shuffle))
    if callable(mlp.learning_rate):
        schedule = as_schedule(mlp.learning_rate)
    elif settings.is_endless and has_horizon(mlp):
        schedule = Constant(STREAM_RATE * mlp.learning_rate_init)
    else:
        steps = settings.epochs * batches.steps(n_samples)
        schedule = LEARNING_RATES[mlp.learning_rate](mlp, steps)
    is_adamw = isinstance(name, str) and name == "adamw"
    return MinibatchSolver(
        optimizer=OPTIMIZERS[name](mlp) if isinstance(name, str) else name,
        schedule=schedule,
        batches=batches,
        weight_decay=settings.weight_decay if is_adamw else 0.0,
        weight_decay_loss_power=settings.weight_decay_loss_power,
        max_grad_norm=math.inf if norm is None else float(norm),
    )


def is_spent(solver: Solver, steps: int) -> bool:
    """Return whether the schedule of the solver had ended before these steps."""
    return isinstance(solver, MinibatchSolver) and solver.schedule.is_complete(steps)


def build_dropout_rates(mlp: "BaseMLP", n_hidden: int) -> list[float]:
    """Return the dropout rate of each hidden layer.

    Raises
    ------
    ValueError
        If a rate is outside [0, 1), the number of rates is wrong, or the solver is "lbfgs".
    """
    dropout = mlp.dropout
    if isinstance(dropout, str):  # "auto"
        dropout = mlp._auto_dropout if is_stochastic(mlp) else 0.0
    if isinstance(dropout, float) and dropout == 0:
        return [0.0] * n_hidden
    rates = as_floats(dropout)
    rates = rates * n_hidden if np.ndim(dropout) == 0 else rates
    if len(rates) != n_hidden or not all(0 <= rate < 1 for rate in rates):
        raise ValueError(
            f"dropout must be in [0, 1): a number, or a list with one for each of the {n_hidden} "
            f"hidden layers; got {mlp.dropout!r}."
        )
    if any(rates) and not is_stochastic(mlp):
        raise ValueError(
            "dropout needs a stochastic solver, got solver='lbfgs'. Set dropout=0 or solver='adam'."
        )
    return rates


def build_fit_config(
    mlp: "BaseMLP",
    settings: TrainingSettings,
    spec: ModelSpec,
    n_samples: int,
    *,
    by_score: bool,
    epochs: int,
    relative_weights: bool = True,
) -> FitConfig:
    """Build the training configuration from the parameters."""
    stochastic = is_stochastic(mlp)
    stopping = build_early_stopping(mlp, by_score=by_score)
    seconds = math.inf if mlp.max_time is None else float(mlp.max_time)
    return FitConfig(
        solver=build_solver(mlp, settings, n_samples),
        solver_name=solver_name(mlp),
        early_stopping=stopping if stochastic or by_score else None,
        by_score=by_score,
        epochs=epochs,
        alpha=mlp.alpha,
        dropout=build_dropout_rates(mlp, len(spec.hidden_sizes)),
        label_smoothing=settings.label_smoothing,
        smooths_evenly=mlp._smooths_evenly,
        scoring=mlp._default_scoring if mlp.scoring is None else mlp.scoring,
        random_state=mlp.random_state,
        batch_size=settings.batch_size if stochastic else None,
        as_estimator=mlp._with_attributes,
        fit_intercept_first=mlp._fits_intercept_first,
        relative_weights=relative_weights,
        deadline=time.monotonic() + seconds,
        verbose=bool(mlp.verbose),
    )
