"""fit_network: a function from configuration, data and initial model to a FitResult."""

import math
import warnings
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from operator import mul
from typing import TYPE_CHECKING, Any

import numpy as np

from sknn.engine import Dataset, History, Loss, Objective, Sequential, network
from sknn.engine._typing import Array
from sknn.engine.training import OnEpoch, Trainer
from sknn.estimators._blas_threads import MIN_PRODUCT_SIZE, SingleBlasThread
from sknn.estimators._builders import FitConfig, TrainingSettings
from sknn.estimators._callbacks import FitCallbacks, FitCheckpoint
from sknn.estimators._early_stopping import ValidationScore
from sknn.estimators._messages import FitWarning, print_epoch
from sknn.estimators._model import ModelSpec
from sknn.estimators._saving import contents_of
from sknn.estimators._training_state import TrainingState
from sknn.estimators._validation.data import ValidatedData

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP

#: Outcomes of a fit that ran to its end.
COMPLETE = ("converged", "line_search_failed", "schedule_finished", "max_iter")


@dataclass(frozen=True)
class FitData:
    """The rows of a fit."""

    train: ValidatedData  # training rows
    validation: ValidatedData | None = None  # validation rows, scored after every epoch


@dataclass(frozen=True)
class InitialModel:
    """Network and training state at the start of a fit."""

    spec: ModelSpec  # specification of the network
    network: Sequential  # the network, whose weights training changes in place
    state: TrainingState  # state to continue from
    is_new: bool  # whether the weights are newly initialised


@dataclass(frozen=True)
class FitResult:
    """Result of a fit: the fitted attributes, the history and the training state."""

    attributes: dict[str, Any]  # all fitted attributes but `_training_state`
    history: History  # one row per epoch, and the outcome
    state: TrainingState  # state from which the next call continues
    inputs: Any = None  # the training rows, encoded


@dataclass(frozen=True)
class FitJob:
    """Arguments of a fit that is ready to start."""

    config: FitConfig  # the arguments of `fit_network`
    data: FitData
    initial: InitialModel
    all_rows: ValidatedData  # training and validation rows, for `refit`
    settings: TrainingSettings  # the settings of `config`, for `refit`
    warnings: list[FitWarning]  # warnings about the inputs


def fit_network(
    config: FitConfig,
    data: FitData,
    initial: InitialModel,
    callbacks: FitCallbacks | None = None,
) -> FitResult:
    """Train a network; `initial` is changed in place.

    Raises
    ------
    ValueError
        If the targets or the scorer are invalid.
    KeyboardInterrupt
        If it is raised before the end of the first epoch.
    """
    spec, state = initial.spec, initial.state
    dataset = spec.dataset(
        data.train,
        "y",
        relative_weights=config.relative_weights,
        smoothing=config.label_smoothing,
    )
    loss, loss_scale = spec.loss_for(dataset.Y), spec.loss_scale
    if initial.is_new:
        _set_offsets(config, initial, loss, dataset)
    trained = initial.network
    if any(config.dropout):
        trained = network.with_dropout(trained, config.dropout)
    objective = Objective(trained, loss, config.alpha)
    score = _validation_score(config, data, initial) if data.validation else None
    _start_early_stopping(config, state, score, loss_scale)
    solver_state = config.solver.init(objective)
    if state.solver_state:
        solver_state = state.solver_state_for(config.solver_name, solver_state)

    result = partial(_result, config, data, initial, solver_state)
    trainer = Trainer(
        config.solver,
        config.early_stopping,
        evaluate=score,
        restore_best_weights=config.by_score,
        on_epoch=_on_epoch(config, state, callbacks, result)
        if config.verbose or callbacks is not None
        else None,
        deadline=config.deadline,
        loss_scale=loss_scale,
        earlier_loss=max(state.loss_curve, default=0.0),
    )
    product_size = _product_size(config, spec, dataset.Y)
    with SingleBlasThread(product_size) if product_size > MIN_PRODUCT_SIZE else nullcontext():
        history = trainer.train(
            objective,
            dataset,
            state=solver_state,
            epochs=config.epochs,
            rng=state.rng,
            history=state.history,
        )
    return replace(result(history), inputs=dataset.X)


def _set_offsets(config: FitConfig, initial: InitialModel, loss: Loss, dataset: Dataset) -> None:
    """Set the offsets of the output layer to constant predictions, where the fit starts there."""
    W, offsets = initial.network.modules[-1].parameters
    if config.fit_intercept_first:
        offsets[...] = loss.fit_intercept_only(dataset.Y, dataset.w)
    if (known := initial.spec.constant_outputs(dataset.Y)).any():  # their gradients remain 0
        constants = loss.fit_intercept_only(np.fmin.reduce(dataset.Y)[None])
        W[..., known], offsets[..., known] = 0, constants[known]


def _start_early_stopping(
    config: FitConfig, state: TrainingState, score: ValidationScore | None, loss_scale: float
) -> None:
    """Let early stopping continue from the state, with its tolerance in the units of the loss."""
    stopping = config.early_stopping
    if stopping is None:
        return
    if state.early_stopping:
        state.resume_early_stopping(stopping)
    if not config.by_score or (score is not None and score.by_loss):
        stopping.min_delta *= loss_scale


def _product_size(config: FitConfig, spec: ModelSpec, Y: Array) -> int:
    """Return the number of multiplications in the largest matrix product of a step."""
    n = len(Y) if config.batch_size is None else min(config.batch_size, len(Y))
    sizes = [spec.n_inputs, *spec.hidden_sizes, Y.shape[-1]]
    return n * max(map(mul, sizes[:-1], sizes[1:]))


def _validation_score(config: FitConfig, data: FitData, initial: InitialModel) -> ValidationScore:
    """Build the scorer of the validation rows."""
    assert data.validation is not None

    record = _record(initial.state, History(), len(data.train.y))

    def as_estimator(attributes: Mapping[str, Any]) -> "BaseMLP":
        return config.as_estimator({**data.train.features, **record, **attributes})

    return ValidationScore(
        initial.spec, initial.network, data.validation, config.scoring, as_estimator
    )


def _on_epoch(
    config: FitConfig,
    state: TrainingState,
    callbacks: FitCallbacks | None,
    result: Callable[[History], FitResult],
) -> OnEpoch:
    """Build the function to call after each epoch: print, save checkpoints, call callbacks."""
    n_before = len(state.loss_curve)
    if callbacks is not None:
        callbacks.on_epoch_begin()

    def on_epoch(history: History, last: bool) -> bool:
        if config.verbose:
            print_epoch(n_before + len(history), history.rows[-1])
        if callbacks is None:
            return False
        last_by_number = last or len(history) == config.epochs
        checkpoint = callbacks.checkpoint if state.history is not None else None
        if checkpoint and (
            history.outcome == "max_time" or (not last_by_number and checkpoint.should_save())
        ):
            estimator = config.as_estimator(_with_training_state(result(history), config))
            save_checkpoint(checkpoint, estimator, state)
        ends = callbacks.on_epoch_end(lambda: _detached(result(history), config))
        if not (ends or last_by_number):
            callbacks.on_epoch_begin()
        return ends

    return on_epoch


def _detached(result: FitResult, config: FitConfig) -> dict[str, Any]:
    """Return all fitted attributes; none of them is changed by further training."""
    attributes = _with_training_state(result, config)
    return {**attributes, "_training_state": deepcopy(attributes["_training_state"])}


def _with_training_state(result: FitResult, config: FitConfig) -> dict[str, Any]:
    """Return all fitted attributes, with what is needed to continue training exactly."""
    state = result.state.to_plain(config.random_state)
    return {**result.attributes, "_training_state": state}


def _result(
    config: FitConfig,
    data: FitData,
    initial: InitialModel,
    solver_state: dict[str, Any],
    history: History,
) -> FitResult:
    """Build the result of a fit that ends after the last epoch in `history`."""
    stopping, record = config.early_stopping, _record(initial.state, history, len(data.train.y))
    watched = {} if stopping is None else stopping.state()
    state = replace(
        initial.state,
        solver=config.solver_name,
        solver_state=solver_state,
        early_stopping=watched,
        loss_curve=record["loss_curve_"],
        learning_rates=record["learning_rates_"],
        best_loss=record["best_loss_"],
        n_samples_seen=record["t_"],
    )
    attributes = {
        **data.train.features,
        **initial.spec.fitted_attributes(initial.network),
        **record,
    }
    return FitResult(attributes, history, state)


def _record(state: TrainingState, history: History, n_samples: int) -> dict[str, Any]:
    """Return the fitted attributes with the training curves and counters."""
    losses, rates, n_epochs = history.column("loss"), history.column("rate"), len(history.rows)
    curve = [*state.loss_curve, *losses]
    watched = bool(history.rows) and "validation_score" in history.rows[0]
    scores = history.column("validation_score") if watched else None
    known = [score for score in scores if not math.isnan(score)] if scores else None
    return {
        "loss_curve_": curve,
        "learning_rates_": [*state.learning_rates, *rates],
        "loss_": curve[-1] if curve else math.inf,
        "best_loss_": min([state.best_loss, *losses]),
        "n_iter_": len(curve),
        "best_iteration_": len(curve) + history.kept_epoch - n_epochs,
        "t_": state.n_samples_seen + len(losses) * n_samples,
        "validation_scores_": scores,
        "validation_loss_curve_": history.column("validation_loss") if watched else None,
        "best_validation_score_": max(known) if known else None,
    }


def save_checkpoint(checkpoint: FitCheckpoint, estimator: "BaseMLP", state: TrainingState) -> None:
    """Save the progress of a fit; warn if the file cannot be written."""
    try:
        checkpoint.save(contents_of(estimator, progress=state.progress()))
    except OSError as error:
        warnings.warn(
            f"The progress of the fit cannot be kept, training goes on: {error}",
            UserWarning,
            stacklevel=2,
        )
