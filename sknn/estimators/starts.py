"""Starts: where training begins, with a fresh network or with one that was trained before."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn.engine import Sequential
from sknn.estimators import _validation
from sknn.estimators._callbacks import FitCallbacks
from sknn.estimators._model import ModelSpec
from sknn.estimators._training_state import Memory, with_fresh_counters
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

    spec: ModelSpec
    network: Sequential
    rng: np.random.RandomState
    memory: Memory
    is_new: bool = False
    course: int = 1
    decay: float = 0.0
    relative_weights: bool = True
    stalls: bool = True
    deadline: float = math.inf
    hooks: FitCallbacks | None = None
    progress: Progress | None = None


def fresh(
    mlp: Any,
    rows: _validation.ValidatedData,
    target: Target,
    rng: np.random.RandomState,
    *,
    again: bool = False,
) -> Start:
    """Build a network with fresh weights and an empty record; warn of odd rows, but not again."""
    input_encoding = mlp._new_input_encoding(rows)
    if not again:
        mlp._warn_of_inputs(rows, input_encoding, stacklevel=6)
    dtype = input_encoding.choose_dtype(mlp.dtype, rows.X)
    spec = mlp._new_spec(mlp._standardized(target, rows), dtype, input_encoding)
    network = spec.new_network(mlp.initialization, rng)
    clear_record(mlp)
    return Start(spec, network, rng, {}, is_new=True)


def resumed(mlp: Any, rng: np.random.RandomState) -> Start:
    """Go on with the fitted network."""
    fitted = mlp._fitted_spec()
    dtype = fitted.dtype if mlp.dtype == "auto" else mlp.dtype
    spec = mlp._new_spec(fitted.target, dtype, fitted.input_encoding).continuing(fitted)
    return Start(spec, mlp._fitted_network(spec), rng, mlp._training_state)


def warm(mlp: Any, rng: np.random.RandomState) -> Start:
    """Go on with the fitted network, counting epochs and steps anew."""
    start = resumed(mlp, rng)
    start.memory = with_fresh_counters(start.memory)
    clear_record(mlp)
    return start


def broken_off(mlp: Any, earlier: Any, progress: Progress) -> Start:
    """Go on where a fit of the same estimator was broken off."""
    clear_record(mlp)
    spec = earlier._fitted_spec()
    network = earlier._fitted_network(spec)
    return Start(spec, network, generator_in(progress.now), earlier._training_state)
