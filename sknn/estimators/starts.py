"""Starts: where training begins, with a fresh network or with one that was trained before."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn.engine import Sequential
from sknn.estimators import door
from sknn.estimators.blueprint import Blueprint
from sknn.estimators.hooks import Hooks
from sknn.estimators.memory import Memory, with_fresh_counters
from sknn.estimators.progress import Progress, generator_in
from sknn.estimators.publishing import clear_record
from sknn.targets import Target


@dataclass
class Start:
    """Where training begins: the network, what it is for, the generator, the memory.

    `course` is how many epochs the learning rate is made for, `decay` that of the weights.

    In `fit` only the ratios of weights count, in `partial_fit` they are used as given. Where the
    number of epochs is known to be right, training never stalls. The epoch that passes the deadline
    (by the monotonic clock) is the last. `progress` is what a checkpoint is to keep, and to go on
    from; there is none in a stream or in a refit.
    """

    blueprint: Blueprint
    network: Sequential
    rng: np.random.RandomState
    memory: Memory
    is_new: bool = False
    course: int = 1
    decay: float = 0.0
    relative_weights: bool = True
    stalls: bool = True
    deadline: float = math.inf
    hooks: Hooks | None = None
    progress: Progress | None = None


def fresh(
    mlp: Any, rows: door.Rows, target: Target, rng: np.random.RandomState, *, again: bool = False
) -> Start:
    """Build a network with fresh weights and an empty record; warn of odd rows, but not again."""
    intake = mlp._new_intake(rows)
    if not again:
        mlp._warn_of_inputs(rows, intake, stacklevel=6)
    dtype = intake.choose_dtype(mlp.dtype, rows.X)
    blueprint = mlp._new_blueprint(mlp._standardized(target, rows), dtype, intake)
    network = blueprint.new_network(mlp.initialization, rng)
    clear_record(mlp)
    return Start(blueprint, network, rng, {}, is_new=True)


def resumed(mlp: Any, rng: np.random.RandomState) -> Start:
    """Go on with the fitted network."""
    fitted = mlp._fitted_blueprint()
    dtype = fitted.dtype if mlp.dtype == "auto" else mlp.dtype
    blueprint = mlp._new_blueprint(fitted.target, dtype, fitted.intake).continuing(fitted)
    return Start(blueprint, mlp._fitted_network(blueprint), rng, mlp._memory)


def warm(mlp: Any, rng: np.random.RandomState) -> Start:
    """Go on with the fitted network, counting epochs and steps anew."""
    start = resumed(mlp, rng)
    start.memory = with_fresh_counters(start.memory)
    clear_record(mlp)
    return start


def broken_off(mlp: Any, earlier: Any, progress: Progress) -> Start:
    """Go on where a fit of the same estimator was broken off."""
    clear_record(mlp)
    blueprint = earlier._fitted_blueprint()
    network = earlier._fitted_network(blueprint)
    return Start(blueprint, network, generator_in(progress.now), earlier._memory)
