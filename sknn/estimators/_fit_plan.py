"""plan_fit: from the arguments of `fit` to a FitPlan, by validation, splits and configuration."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import check_random_state

from sknn.engine import History
from sknn.estimators import _builders
from sknn.estimators._callbacks import FitProgress
from sknn.estimators._early_stopping import N_SAMPLES_AUTO_EARLY_STOPPING, split
from sknn.estimators._fit import FitData, FitJob, FitPlan, InitialModel
from sknn.estimators._folds import Folds
from sknn.estimators._inputs import TabularInputs
from sknn.estimators._messages import FitWarning
from sknn.estimators._model import ModelSpec
from sknn.estimators._sklearn_compat import ClassifierMixin
from sknn.estimators._training_state import (
    TrainingState,
    generator_from_state,
    independent_generator,
    split_generator,
)
from sknn.estimators._validation.arguments import refuse_source
from sknn.estimators._validation.data import (
    ValidatedData,
    check_any_weight,
    naming_validation_data,
    validate_training_data,
    validate_validation_data,
    with_groups,
)
from sknn.estimators._validation.source_rows import OnPass
from sknn.features.sources import as_source
from sknn.targets import ClassTarget, Target

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP

#: X, y and sample weights, as the user passed them.
GivenData = tuple[Any, Any, Any]


class SharedRows:
    """Validated training data of several fits: the same arguments are validated once."""

    def __init__(self) -> None:
        self._known: dict[Any, tuple[GivenData, ValidatedData]] = {}

    def validate(self, mlp: "BaseMLP", given: GivenData) -> ValidatedData:
        """Return the rows for new networks of an estimator without attributes.

        Raises
        ------
        ValueError, TypeError
            If the data are invalid.
        """
        key = (type(mlp), *map(id, given))
        if key not in self._known:  # with the arguments themselves: their ids stay theirs
            self._known[key] = given, validate_training_data(mlp, *given, reset=True)
        return self._known[key][1]


@dataclass(frozen=True)
class FitInputs:
    """Validated arguments of `fit`, and what they determine before anything is trained."""

    X: Any  # as given; without columns if it is a source
    rows: ValidatedData  # all rows
    data: ValidatedData  # those of positive weight
    validation: ValidatedData | None
    target: Target
    rng: np.random.RandomState
    initial_rng: dict[str, Any] | None  # the state of `rng`; None if no progress is kept
    groups: Any  # as given
    fitted: Mapping[str, Any] | None  # attributes of the fit that `warm_start` continues
    states: Sequence[TrainingState] | None  # its training states


def validate_fit(
    mlp: "BaseMLP",
    given: GivenData,
    given_val: GivenData,
    groups: Any,
    resumed: FitProgress | None,
    *,
    keep_progress: bool,
    shared: SharedRows | None = None,
    on_pass: OnPass | None = None,
) -> FitInputs:
    """Validate the arguments of `fit`.

    With `keep_progress`, the fit may be interrupted and resumed. The training data may be shared
    with other fits.

    Raises
    ------
    ValueError, TypeError
        If parameters or data are invalid.
    """
    has_val = any(one is not None for one in given_val)
    _check_combination(mlp, has_val=has_val, groups=groups)
    fitted = vars(mlp) if mlp.warm_start and "coefs_" in vars(mlp) else None
    checked = mlp if fitted else mlp._with_attributes({})
    if shared is None or fitted:
        rows = validate_training_data(
            checked, *given, groups, reset=fitted is None, on_pass=on_pass
        )
    else:
        rows = with_groups(shared.validate(checked, given), groups)
    data = rows.positive()
    validation = validate_validation_data(mlp, *given_val, data.features) if has_val else None
    if fitted:
        target = ModelSpec.of_fitted(fitted).target
        check_continued(fitted)
    else:
        of_target = rows if isinstance(mlp, ClassifierMixin) else data
        target = of_target.derive("target", lambda: mlp._target(of_target.y))
    rng = generator_from_state(resumed.initial_rng) if resumed else mlp.random_state
    states = TrainingState.of_fitted(fitted, rng) if fitted else None
    rng = states[0].rng if states else check_random_state(rng)
    initial_rng = rng.get_state(legacy=False) if keep_progress else None
    X = given[0] if as_source(given[0]) is None else np.empty((len(rows.y), 0))
    return FitInputs(
        X, rows, data, validation, target, rng, initial_rng, rows.groups, fitted, states
    )


def plan_fit(mlp: "BaseMLP", inputs: FitInputs, resumed: FitProgress | None = None) -> FitPlan:
    """Build the configuration and the initial networks of a fit to all rows.

    Raises
    ------
    ValueError, TypeError
        If parameters or data are invalid.
    """
    continued = inputs.fitted, inputs.states
    job = plan_job(mlp, inputs.data, inputs.validation, inputs.target, inputs.rng, *continued)
    return _with_progress(mlp, FitPlan([job], job.initial.spec), inputs, resumed)


def plan_cross_fit(
    mlp: "BaseMLP",
    inputs: FitInputs,
    folds: Folds,
    resumed: FitProgress | None = None,
    *,
    for_trials: bool = False,
    encodings: Sequence[TabularInputs | None] | None = None,
) -> FitPlan:
    """Build the configurations and the initial networks of each fold.

    Trials are not scored after every epoch, and keep no progress. The encoding of each fold may be
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
    plan = FitPlan(jobs, spec, is_cross_fitted=True)
    return plan if for_trials else _with_progress(mlp, plan, inputs, resumed)


def _with_progress(
    mlp: "BaseMLP", plan: FitPlan, inputs: FitInputs, resumed: FitProgress | None
) -> FitPlan:
    """Let a plan keep the progress of the fit for checkpoints, or continue from one."""
    if inputs.initial_rng and _builders.is_stochastic(mlp):
        for state in (state for job in plan.jobs for state in job.initial.states):
            state.history = History()
    plan = replace(plan, initial_rng=inputs.initial_rng)
    return resume(plan, resumed) if resumed else plan


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
        initial = mlp._continue_from(fitted, TrainingState.of_fitted(fitted, mlp.random_state))
    else:
        initial, notes = mlp._new_model(data, target, check_random_state(mlp.random_state))
    settings = mlp._training_settings(data, initial.spec.loss)
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


def _check_combination(mlp: "BaseMLP", *, has_val: bool, groups: Any) -> None:
    """Raise ValueError for parameters and arguments that exclude each other."""
    if mlp.warm_start and mlp.refit:
        raise ValueError(
            "refit=True trains new weights, warm_start=True continues old ones: choose one."
        )
    if not _builders.has_folds(mlp):
        if isinstance(mlp.early_stopping, str) and mlp.early_stopping == "cv":
            raise ValueError(
                f"early_stopping='cv' stops by the folds of cv, but cv is {mlp.cv!r}. Set cv=5, or "
                "early_stopping=True."
            )
        if groups is not None and mlp.early_stopping is False and mlp.cv is None:
            raise ValueError(
                "groups are for the splitter of cv, and for the rows that early stopping holds "
                "back, but neither is used. Set cv or early_stopping=True."
            )
    elif mlp.warm_start:
        raise ValueError(
            "warm_start=True continues the networks of the last fit, which with cv have seen other "
            "folds: set warm_start=False or cv=None."
        )
    elif has_val:
        raise ValueError(
            "X_val and y_val are not used with cv, whose folds are the validation rows. Leave them "
            "out, or set cv=None."
        )


def check_continued(fitted: Mapping[str, Any]) -> None:
    """Raise ValueError if the fitted networks are those of several folds."""
    if "_calibration" in fitted and "_fold_models" not in fitted:
        raise ValueError(
            "The networks of the estimator are those of the folds, of cv or of a search by "
            "cv='auto' that was interrupted, whose training cannot continue. Call fit with "
            "warm_start=False first."
        )


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
        initial = mlp._continue_from(fitted, states)
    else:
        initial, notes = mlp._new_model(data, target, rng, encoding)
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


def resume(plan: FitPlan, resumed: FitProgress) -> FitPlan:
    """Let the networks of a plan continue from those of a checkpoint."""
    remaining = iter(resumed.states)
    jobs = []
    for job in plan.jobs:
        states = [next(remaining) for _ in job.initial.states]
        initial = InitialModel(job.initial.spec, job.initial.networks, states, is_new=False)
        jobs.append(replace(job, initial=initial))
    return replace(plan, jobs=jobs)
