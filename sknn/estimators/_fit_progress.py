"""What a fit does after each epoch: print, save checkpoints, call callbacks."""

import warnings
from collections.abc import Sequence
from copy import copy, deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from sknn.engine import History
from sknn.engine.training import OnEpochTogether
from sknn.estimators._builders import FitConfig
from sknn.estimators._callbacks import FitCallbacks, FitCheckpoint
from sknn.estimators._fit_plan import FitPlan
from sknn.estimators._fit_result import FitResult, with_training_state
from sknn.estimators._fit_runs import FitRuns
from sknn.estimators._messages import epoch_metrics, print_epoch
from sknn.estimators._saving import contents_of
from sknn.estimators._training_state import TrainingState

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP


def epoch_callback(training: FitRuns, callbacks: FitCallbacks | None) -> OnEpochTogether:
    """Build the function to call after each epoch: print, save checkpoints, call callbacks."""
    config = training.plan.config
    n_before = max(len(state.loss_curve) for state in training.states)
    if callbacks is not None and not training.is_at_end:
        callbacks.on_epoch_begin()
    n_rows = [len(run.history) for run in training.runs]

    def on_epoch(histories: Sequence[History], last: bool) -> bool:
        trained = [one for one, n in zip(histories, n_rows, strict=True) if len(one) > n]
        n_rows[:] = map(len, histories)
        n_epochs = max(map(len, trained), default=0)
        is_used = bool(config.verbose) or callbacks is not None
        row = mean_row(trained, n_epochs - 1) if trained and is_used else {}
        if config.verbose and row:
            print_epoch(n_before + n_epochs, row)
        if callbacks is None:
            return False
        last_by_number = last or all(run.epochs_left == 0 for run in training.runs)
        out_of_time = any(history.outcome == "max_time" for history in histories)
        checkpoint = callbacks.checkpoint if config.is_stochastic else None
        if checkpoint and (out_of_time or (not last_by_number and checkpoint.should_save())):
            result = training.result()
            estimator = config.as_estimator(with_training_state(result, config))
            save_checkpoint(checkpoint, estimator, progress(training.plan, result))
        ends = callbacks.on_epoch_end(
            epoch_metrics(len(training.plan.ended) + 1, n_before + n_epochs, row),
            lambda: _detached(training.result(), config),
        )
        if not (ends or last_by_number):
            callbacks.on_epoch_begin()
        return ends

    return on_epoch


def mean_row(histories: Sequence[History], epoch: int) -> dict[str, float]:
    """Return the mean values of an epoch, counted from 0, over the networks that made it."""
    rows = [history.rows[epoch] for history in histories if len(history) > epoch]
    if len(rows) == 1:
        return rows[0]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def progress(plan: FitPlan, result: FitResult, *, finished: bool = False) -> dict[str, Any]:
    """Return the section `progress` of a checkpoint, as plain data.

    Of earlier trainings a `finished` fit has only the search for its settings, without the weights:
    the warnings of a fit are about how that has ended.
    """
    ended = plan.ended
    if finished:
        ended = [] if result.search is None else [_without_weights(result.search)]
    return {
        "initial_rng": plan.initial_rng,
        "finished": finished,
        "members": [state.progress(finished=finished) for state in result.states],
        "ended": [[one.progress(finished=True) for one in states] for states in ended],
    }


def _without_weights(result: FitResult) -> list[TrainingState]:
    """Return the epochs of all networks, and nothing of the size of their weights."""
    states = []
    for state, history in zip(result.states, result.histories, strict=True):
        epochs = copy(history)
        epochs.best = None
        states.append(TrainingState(state.rng, history=epochs))
    return states


def _detached(result: FitResult, config: FitConfig) -> dict[str, Any]:
    """Return all fitted attributes; none of them is changed by further training."""
    attributes = with_training_state(result, config)
    return {**attributes, "_training_state": deepcopy(attributes["_training_state"])}


def save_checkpoint(
    checkpoint: FitCheckpoint, estimator: "BaseMLP", progress: dict[str, Any]
) -> None:
    """Save the progress of a fit; warn if the file cannot be written."""
    try:
        checkpoint.save(contents_of(estimator, progress=progress))
    except OSError as error:
        warnings.warn(
            f"The progress of the fit cannot be saved, training continues: {error}",
            UserWarning,
            stacklevel=2,
        )
