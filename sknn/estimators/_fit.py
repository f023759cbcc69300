"""Fitting: rows -> a start -> training -> a fitted estimator, or nothing at all."""

import warnings
from collections.abc import Callable
from copy import deepcopy
from typing import Any, TypeAlias

import numpy as np
from sklearn import get_config

from sknn.engine import History, Objective
from sknn.engine import network as networks
from sknn.engine.training import OnEpoch
from sknn.estimators import _builders as parts
from sknn.estimators import _early_stopping as validation
from sknn.estimators import _saving as saving
from sknn.estimators import _validation, starts
from sknn.estimators._blas_threads import SingleBlasThread
from sknn.estimators._callbacks import FitCallbacks
from sknn.estimators._early_stopping import Validation
from sknn.estimators._messages import print_epoch, print_recalled, print_refit
from sknn.estimators._training_state import (
    beside,
    numbers_only,
    recall_stopping,
    recalled_generator,
    recalled_state,
    remembered,
)
from sknn.estimators.progress import Course, Progress, generator_in
from sknn.estimators.publishing import published, record, sharing
from sknn.estimators.starts import Start

#: Ends of training that `refit` follows, and after which there is nothing to go on with.
COMPLETE = ("converged", "line_search_failed", "schedule_finished", "max_iter")

#: X, y and weights, as the user gave them.
Given: TypeAlias = tuple[Any, Any, Any]


def transact(mlp: Any, action: Callable[..., History], *args: Any) -> History:
    """Let a draft of this estimator be fitted, and the estimator become it if it gets through.

    Until then nobody sees anything of it: other threads predict with what was fitted before,
    and whatever raises leaves no trace.
    """
    draft = sharing(mlp, mlp.__dict__.copy())
    with _validation.restore_generator_on_error(mlp.random_state):
        history = action(draft, *args)
    mlp.__dict__ = draft.__dict__
    return history


def fit(mlp: Any, given: Given, given_val: Given, hooks: FitCallbacks) -> History:
    """Train afresh, or from where the last call ended if `warm_start` says so.

    Where a checkpoint knows this fit, it goes on from there.
    """
    if mlp.warm_start and mlp.refit:
        raise ValueError("refit=True trains afresh, warm_start=True goes on: choose one.")
    earlier = _recalled(hooks.course, mlp.verbose) if hooks.course else None
    if earlier and earlier[1].finished:
        for name in saving.fitted_attributes(mlp):
            delattr(mlp, name)
        mlp.__dict__.update(saving.fitted_attributes(earlier[0]))
        return earlier[1].history
    resume = mlp.warm_start and hasattr(mlp, "coefs_")
    rows = _validation.training_rows(mlp, *given, reset=not resume)
    held_back = _validation.validation_rows(mlp, *given_val)
    target = mlp._fitted_target() if resume else mlp._new_target(rows.y)
    weighted = mlp._weighing(rows, target, stream=False)
    rows = everything = weighted(rows)
    rng = recalled_generator(mlp._training_state if resume else {}, mlp.random_state)
    rng = generator_in(earlier[1].begun) if earlier else rng
    progress = earlier[1] if earlier else Progress(begun=rng.get_state(legacy=False))
    stops = validation.stops_early(mlp, len(rows.y), given=held_back is not None)
    if held_back is not None:
        with _validation.naming_validation_data():
            held_back = weighted(held_back)
    elif stops:
        rows, held_back = validation.split(mlp, rows, beside(rng))
    if earlier:
        start = starts.broken_off(mlp, *earlier)
    else:
        start = starts.warm(mlp, rng) if resume else starts.fresh(mlp, rows, target, rng)
    start.hooks, start.deadline = hooks, parts.deadline(mlp)
    start.progress = progress if parts.is_stochastic(mlp) else None
    start.course, start.decay = mlp._epochs(rows), mlp._decay(rows)
    history = train(mlp, start, rows, held_back, stops=stops, epochs=start.course)
    if mlp.refit and stops and history.outcome in COMPLETE:
        history = refit(mlp, everything, start, history)
    if not mlp.warm_start:
        mlp._training_state = numbers_only(mlp._training_state, start.rng)
    if hooks.course and history.outcome in (*COMPLETE, "diverged"):
        _keep(hooks.course, mlp, Progress(progress.begun, history=history, finished=True))
    return history


def refit(mlp: Any, rows: _validation.ValidatedData, before: Start, found: History) -> History:
    """Train afresh on all rows; what was found before is kept if that is not finished."""
    kept = mlp.__dict__.copy()
    if mlp.verbose:
        print_refit(mlp.best_iteration_)
    try:
        history = _train_again(mlp, rows, before, epochs=mlp.best_iteration_)
    except KeyboardInterrupt:
        history = History()
        history.outcome = "interrupted"
    if history.outcome in COMPLETE:  # as many epochs as were asked for
        history.outcome = found.outcome
        return history
    mlp.__dict__ = kept
    found.outcome = history.outcome
    return found


def _train_again(mlp: Any, rows: _validation.ValidatedData, before: Start, epochs: int) -> History:
    """Train afresh on all rows for a number of epochs, keeping what validation found."""
    rng = recalled_generator({}, mlp.random_state)
    start = starts.fresh(mlp, rows, mlp._new_target(rows.y), rng, again=True)
    start.hooks, start.deadline, start.stalls = before.hooks, before.deadline, False
    start.course, start.decay = before.course, before.decay
    found = (mlp.validation_scores_, mlp.validation_loss_curve_, mlp.best_validation_score_)
    history = train(mlp, start, rows, None, stops=False, epochs=epochs)
    mlp.validation_scores_, mlp.validation_loss_curve_, mlp.best_validation_score_ = found
    mlp.best_iteration_ = epochs
    return history


def partial_fit(mlp: Any, X: Any, y: Any, sample_weight: Any, classes: Any) -> History:
    """Train for one epoch more, the very first included."""
    resume = hasattr(mlp, "coefs_")
    if resume and not get_config()["skip_parameter_validation"]:
        mlp._validate_params()  # scikit-learn does so at the first call only
    rows = _validation.training_rows(mlp, X, y, sample_weight, reset=not resume)
    target = mlp._fitted_target() if resume else mlp._new_stream_target(rows.y, classes)
    rows = mlp._weighing(rows, target, stream=True)(rows)
    rng = recalled_generator(mlp._training_state if resume else {}, mlp.random_state)
    start = starts.resumed(mlp, rng) if resume else starts.fresh(mlp, rows, target, rng)
    start.relative_weights = False
    start.course, start.decay = mlp._epochs(rows), mlp._decay(rows)
    return train(mlp, start, rows, None, stops=False, epochs=1)


def train(
    mlp: Any,
    start: Start,
    rows: _validation.ValidatedData,
    held_back: _validation.ValidatedData | None,
    *,
    stops: bool,
    epochs: int,
) -> History:
    """Train the network, and set all fitted attributes from what came of it.

    If there are rows held back, they are watched; if `stops`, they decide.
    """
    spec, weights = start.spec, start.relative_weights
    smoothing = mlp._smoothing(spec.loss)
    samples = spec.samples(rows, "y", relative_weights=weights, smoothing=smoothing)
    network = networks.with_dropout(start.network, parts.dropout(mlp, spec))
    loss = spec.loss_for(samples.Y)
    if start.is_new and mlp._starts_at_the_mean:
        network.modules[-1].parameters[-1][...] = loss.fit_intercept_only(samples.Y, samples.w)
    objective = Objective(network, loss, mlp.alpha)
    stopping = parts.stopping(mlp, by_score=stops)
    recall_stopping(start.memory, stopping)
    if not start.stalls:
        stopping.patience = np.inf
    trainer = parts.trainer(mlp, stopping, len(samples), start.course, start.decay)
    by_loss, trainer.loss_scale = not stops, spec.unit
    if held_back is not None:
        trainer.evaluate = evaluate = Validation(mlp, start, held_back)
        by_loss = by_loss or evaluate.by_loss
    stopping.min_delta *= trainer.loss_scale if by_loss else 1
    trainer.restore_best_weights, trainer.deadline = stops, start.deadline
    name = parts.solver_name(mlp)
    state = recalled_state(start.memory, name, trainer.solver, objective)

    def fitted(history: History) -> Any:
        estimator = published(mlp, start.network, spec)
        record(estimator, history, len(samples))
        estimator._training_state = remembered(state, name, stopping, mlp.random_state, start.rng)
        return estimator

    trainer.on_epoch = _on_epoch(mlp, start, fitted, epochs)
    earlier = start.progress.history if start.progress else None
    with SingleBlasThread(parts.largest_product(mlp, network, samples)):
        history = trainer.train(
            objective, samples, state=state, epochs=epochs, rng=start.rng, history=earlier
        )
    mlp.__dict__ = fitted(history).__dict__
    return history


def _on_epoch(
    mlp: Any, start: Start, fitted: Callable[[History], Any], epochs: int
) -> OnEpoch | None:
    """Return what is done after each epoch: print a line, keep the progress, call the hooks.

    `fitted` gives the estimator that there would be if training ended now.
    """
    hooks, before = start.hooks, len(mlp.loss_curve_)
    if hooks is not None:
        hooks.epoch_begins()

    def on_epoch(history: History, last: bool) -> bool:
        if mlp.verbose:
            print_epoch(before + len(history), history.rows[-1])
        if hooks is None:
            return False
        late = history.outcome == "max_time"
        last = last or len(history) == epochs
        if start.progress and hooks.course and (late or (not last and hooks.course.is_due())):
            start.progress.now = start.rng.get_state(legacy=False)
            _keep(hooks.course, fitted(history), start.progress)
        ends = hooks.epoch_ends(lambda: _apart(fitted(history)))
        if not (ends or last):
            hooks.epoch_begins()
        return ends

    return on_epoch if mlp.verbose or hooks is not None else None


def _apart(estimator: Any) -> dict[str, Any]:
    """Return the attributes of an estimator in training, none of which training goes on with."""
    attributes = saving.fitted_attributes(estimator)
    return {**attributes, "_training_state": deepcopy(attributes["_training_state"])}


def _recalled(course: Course, verbose: Any) -> tuple[Any, Progress] | None:
    """Return what is known of this fit from earlier."""
    earlier = course.recalled()
    if earlier and verbose:
        progress = earlier[1]
        print_recalled(len(progress.history), course.file, finished=progress.finished)
    return earlier


def _keep(course: Course, mlp: Any, progress: Progress) -> None:
    """Keep the progress of a fit, which is worth more than its file."""
    try:
        course.keep(saving.contents_of(mlp, progress=progress.to_plain()))
    except OSError as error:
        warnings.warn(
            f"The progress of the fit cannot be kept, training goes on: {error}",
            UserWarning,
            stacklevel=2,
        )
