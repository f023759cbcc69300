"""plan_fit, plan_cross_fit, plan_epoch: from validated arguments to a FitPlan."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import check_random_state

from sknn.estimators import _builders
from sknn.estimators._early_stopping import N_SAMPLES_AUTO_EARLY_STOPPING, split
from sknn.estimators._fit_inputs import FitInputs, GivenData, check_continued
from sknn.estimators._fit_plan import FitData, FitJob, FitPlan
from sknn.estimators._folds import Folds
from sknn.estimators._initial_model import continue_from, new_model
from sknn.estimators._inputs import TabularInputs
from sknn.estimators._messages import FitWarning
from sknn.estimators._model import ModelSpec
from sknn.estimators._training_state import (
    TrainingState,
    generator_from_state,
    independent_generator,
    split_generator,
)
from sknn.estimators._validation.arguments import refuse_source
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.training_data import naming_validation_data, validate_training_data
from sknn.estimators._validation.weights import check_any_weight
from sknn.targets import ClassTarget, Target

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP


def plan_fit(mlp: "BaseMLP", inputs: FitInputs) -> FitPlan:
    """Build the configuration and the initial networks of a fit to all rows.

    Raises
    ------
    ValueError, TypeError
        If parameters or data are invalid.
    """
    continued = inputs.fitted, inputs.states
    job = plan_job(mlp, inputs.data, inputs.validation, inputs.target, inputs.rng, *continued)
    return FitPlan([job], job.initial.spec, initial_rng=inputs.initial_rng)


def plan_cross_fit(
    mlp: "BaseMLP",
    inputs: FitInputs,
    folds: Folds,
    *,
    for_trials: bool = False,
    encodings: Sequence[TabularInputs | None] | None = None,
) -> FitPlan:
    """Build the configurations and the initial networks of each fold.

    Trials are not scored after every epoch, and do not pause. The encoding of each fold may be
    known.

    Raises
    ------
    ValueError, TypeError
        If parameters or data are invalid.
    """
    jobs = _plan_folds(
        mlp,
        inputs.rows,
        folds,
        inputs.target,
        inputs.rng,
        watch=not for_trials,
        encodings=encodings or [None] * len(folds.train),
    )
    target = mlp._scaled_target(inputs.target, inputs.data)
    spec = ModelSpec.join([job.initial.spec for job in jobs], target)
    initial_rng = None if for_trials else inputs.initial_rng
    return FitPlan(jobs, spec, is_cross_fitted=True, initial_rng=initial_rng)


def plan_epoch(mlp: "BaseMLP", given: GivenData, classes: Any) -> FitPlan:
    """Prepare one more epoch of `partial_fit`; `classes` are those that its first call needs.

    Raises
    ------
    ValueError, TypeError
        If parameters or data are invalid.
    """
    fitted = vars(mlp) if "coefs_" in vars(mlp) else None
    checked = mlp if fitted else mlp._with_attributes({})
    refuse_source(given[0], "partial_fit takes the rows of one batch in memory: call it for each")
    data = validate_training_data(checked, *given, reset=fitted is None).positive()
    notes: list[FitWarning] = []
    if fitted:
        check_continued(fitted)
        target = ModelSpec.of_fitted(fitted).target
    else:
        target = mlp._target(data.y, classes, stream=True)
    weighted = mlp._class_weighting(data, target, stream=True)
    data = _reweighted(data, weighted)
    if fitted:
        initial = continue_from(mlp, fitted, TrainingState.of_fitted(fitted, mlp.random_state))
    else:
        initial, notes = new_model(mlp, data, target, check_random_state(mlp.random_state))
        for state in initial.states:
            state.in_stream = True
    settings = mlp._training_settings(data, initial.spec.loss)
    settings = mlp._stream_settings(settings, began_in_stream=initial.states[0].in_stream)
    if fitted and "member_params_" in fitted and isinstance(mlp.max_iter, str):
        chosen = [one["max_iter"] for one in fitted["member_params_"] if "max_iter" in one]
        if chosen:  # the schedule is that of the fit
            settings = replace(settings, epochs=min(chosen))
    config = _builders.build_fit_config(
        mlp,
        settings,
        initial.spec,
        len(data.y),
        by_score=False,
        epochs=1,
        relative_weights=False,
    )
    config = replace(config, deadline=np.inf)
    job = FitJob(config, FitData(data), initial, weighted, notes)
    return FitPlan([job], initial.spec)


def plan_job(
    mlp: "BaseMLP",
    rows: ValidatedData,
    validation: ValidatedData | None,
    target: Target,
    rng: np.random.RandomState,
    fitted: Mapping[str, Any] | None = None,
    states: Sequence[TrainingState] | None = None,
    *,
    by_score: bool | None = None,
    epochs: int | None = None,
    encoding: TabularInputs | None = None,
) -> FitJob:
    """Prepare the training of the members on these rows, with new networks or those of a fit.

    A number of epochs takes the place of `max_iter`, also as the horizon of schedules. The encoding
    of the rows may be known.
    """
    weighted = mlp._class_weighting(rows, target)
    data = _reweighted(rows, weighted)
    if by_score is None:
        by_score = stops_by_score(mlp, validation, len(data.y))
    if validation is not None:
        with nullcontext() if _builders.has_folds(mlp) else naming_validation_data():
            validation = _reweighted(validation, weighted)
    elif by_score:
        classify = isinstance(target, ClassTarget)
        data, validation = split(mlp, data, independent_generator(rng), classify=classify)
    return plan_training(
        mlp,
        FitData(data, validation),
        weighted,
        target,
        rng,
        fitted,
        states,
        by_score=by_score,
        epochs=epochs,
        encoding=encoding,
    )


def plan_training(
    mlp: "BaseMLP",
    rows: FitData,
    weighted: Callable[[ValidatedData], ValidatedData] | None,
    target: Target,
    rng: np.random.RandomState,
    fitted: Mapping[str, Any] | None = None,
    states: Sequence[TrainingState] | None = None,
    *,
    by_score: bool,
    epochs: int | None = None,
    encoding: TabularInputs | None = None,
) -> FitJob:
    """Prepare the training on rows that are weighted and split; see `plan_job`."""
    data = rows.train
    notes: list[FitWarning] = []
    if fitted and states:
        restart = _builders.has_horizon(mlp)
        states = [state.for_warm_start(restart=restart) for state in states]
        initial = continue_from(mlp, fitted, states)
    else:
        initial, notes = new_model(mlp, data, target, rng, encoding)
    mlp._check_targets(data, initial.spec.loss)
    settings = mlp._training_settings(data, initial.spec.loss)
    if epochs is not None:
        settings = replace(settings, epochs=epochs)
    config = _builders.build_fit_config(
        mlp, settings, initial.spec, data.n_rows, by_score=by_score, epochs=settings.epochs
    )
    return FitJob(config, rows, initial, weighted, notes)


def _reweighted(
    rows: ValidatedData, weighted: Callable[[ValidatedData], ValidatedData] | None
) -> ValidatedData:
    """Return rows with weights times class weights; raise ValueError if none is left."""
    if weighted is None:
        return rows
    data = weighted(rows)
    assert data.w is not None
    check_any_weight(data.w)
    return data


def stops_by_score(mlp: "BaseMLP", validation: ValidatedData | None, n_samples: int) -> bool:
    """Return whether the score of validation rows ends training."""
    if isinstance(mlp.early_stopping, str):
        return validation is not None or n_samples > N_SAMPLES_AUTO_EARLY_STOPPING
    return bool(mlp.early_stopping)


def _plan_folds(
    mlp: "BaseMLP",
    rows: ValidatedData,
    folds: Folds,
    target: Target,
    rng: np.random.RandomState,
    *,
    watch: bool,
    encodings: Sequence[TabularInputs | None],
) -> list[FitJob]:
    """Prepare the members of each fold, as if its training rows were all.

    With an integer `random_state` each fold begins with its seed; otherwise the seeds are drawn.
    Early stopping "auto" is decided by the fold with the fewest training rows.
    """
    same = isinstance(mlp.random_state, int | np.integer)
    rngs = [generator_from_state(rng.get_state(legacy=False)) for _ in folds.train]
    rngs = rngs if same else split_generator(rng, len(folds.train))
    positive = rows.is_positive
    train, test = ([part[positive[part]] for part in parts] for parts in (folds.train, folds.test))
    by_fold = isinstance(mlp.early_stopping, str) and mlp.early_stopping == "cv"
    stops = by_fold or stops_by_score(mlp, None, min(map(len, train)))
    watches = watch and (by_fold or not stops) and all(map(len, test))
    for k, (train_rows, test_rows) in enumerate(zip(train, test, strict=True)):
        if not len(train_rows) or (by_fold and not len(test_rows)):
            kind = "test" if len(train_rows) else "training"
            raise ValueError(
                f"cv: split {k} has no {kind} rows that count: of positive weight, and "
                "with a known target."
            )
    jobs = []
    for k, own in enumerate(rngs):
        data = rows.take(train[k])
        watched = rows.take(test[k]) if watches else None
        try:
            job = plan_job(mlp, data, watched, target, own, by_score=stops, encoding=encodings[k])
            counted = job.weighted(rows.positive()) if job.weighted else rows.positive()
            mlp._check_fold(job.data.train, counted, target)
            jobs.append(job)
        except ValueError as error:
            raise ValueError(f"cv: the rows of split {k}: {error}") from error
    return jobs
