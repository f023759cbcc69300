"""fit_networks: a function from configurations, data and initial networks to a FitResult."""

import math
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import nullcontext
from copy import copy, deepcopy
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from operator import mul
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

import numpy as np

from sknn.engine import LBFGS, Dataset, History, Loss, Objective, Sequential, network
from sknn.engine._typing import Array
from sknn.engine.encoded_table import encode_if_small
from sknn.engine.history import Outcome
from sknn.engine.members import Member, MemberBatch, group_members
from sknn.engine.training import (
    Grouping,
    OnEpochTogether,
    Trainer,
    TrainingRun,
    train_together,
)
from sknn.estimators._blas_threads import engine_threads
from sknn.estimators._builders import FitConfig
from sknn.estimators._callbacks import FitCallbacks, FitCheckpoint
from sknn.estimators._early_stopping import ValidationScore
from sknn.estimators._messages import FitWarning, epoch_metrics, print_epoch
from sknn.estimators._model import ModelSpec, Weights, copy_weights
from sknn.estimators._saving import contents_of
from sknn.estimators._training_record import training_record
from sknn.estimators._training_state import TrainingState, states_to_plain
from sknn.estimators._validation.data import ValidatedData, naming_validation_data

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP

Result = TypeVar("Result")

#: The steps of a fit up to a result: it yields plans, and is sent the result of training each.
FitSteps: TypeAlias = Generator["FitPlan", "FitResult", Result]

#: Outcomes of a fit that ran to its end.
COMPLETE = ("converged", "line_search_failed", "schedule_finished", "max_iter")

#: All outcomes, in the order in which that of several networks is chosen.
BY_PRIORITY: Sequence[Outcome] = (
    *("interrupted", "max_time", "callback", "diverged"),
    *("max_iter", "line_search_failed", "converged", "schedule_finished"),
)


class EpochScore(Protocol):
    """Loss and score on validation rows, computed after every epoch."""

    by_loss: bool  # whether the score is the negative loss

    def __call__(self, network: Sequential) -> dict[str, float]:
        """Return the mean loss, without penalty, and the score of a network."""


class RemoteRows(Protocol):
    """The rows of a fit that are elsewhere, where the epochs of training are made."""

    @property
    def score(self) -> EpochScore | None:
        """The score of the validation rows."""

    def group(self, members: Sequence[Member]) -> list[MemberBatch]:
        """Make batches of networks, whose epochs are made there."""

    def targets(self) -> tuple[Array, Array | None]:
        """Return encoded targets, with weights, that have the distribution of those of all rows."""


@dataclass(frozen=True)
class FitData:
    """The rows of a fit."""

    train: ValidatedData  # training rows
    validation: ValidatedData | None = None  # validation rows, scored after every epoch
    # all rows, if they are elsewhere: the training rows are a sample of them then
    remote: RemoteRows | None = None


@dataclass(frozen=True)
class InitialModel:
    """Networks of one specification and their training states at the start of a fit."""

    spec: ModelSpec  # specification of the networks
    networks: Sequence[Sequential]  # one for each member; training changes their weights in place
    states: Sequence[TrainingState]  # the state of each to continue from
    is_new: bool  # whether the weights are newly initialised


@dataclass(frozen=True)
class FitJob:
    """The members that are trained on the same rows: all of them, or those of one fold."""

    config: FitConfig
    data: FitData
    initial: InitialModel
    # multiplies sample weights by class weights; None without these
    weighted: Callable[[ValidatedData], ValidatedData] | None
    warnings: list[FitWarning]  # warnings about the inputs


@dataclass(frozen=True)
class FitPlan:
    """All arguments of a fit."""

    jobs: Sequence[FitJob]  # one, or one a fold
    spec: ModelSpec  # specification of the networks of all jobs together
    is_cross_fitted: bool = False  # whether each job is a fold
    warnings: Sequence[FitWarning] = ()  # to be shown before training
    # state of the generator at the start of the fit; None if no checkpoints are made
    initial_rng: dict[str, Any] | None = None

    @property
    def config(self) -> FitConfig:
        """The configuration of the first job, for all that is the same in all jobs."""
        return self.jobs[0].config

    def part(self, which: slice) -> "FitPlan":
        """Return the plan of some of the jobs, with the same units of y."""
        jobs = self.jobs[which]
        spec = ModelSpec.join([job.initial.spec for job in jobs], self.spec.target)
        return replace(self, jobs=jobs, spec=spec)

    def with_deadline(self, deadline: float) -> "FitPlan":
        """Return the plan with the time at which training ends."""
        jobs = [replace(job, config=replace(job.config, deadline=deadline)) for job in self.jobs]
        return replace(self, jobs=jobs)

    def with_epochs(self, n_epochs: int) -> "FitPlan":
        """Return the plan with at most this number of epochs; a schedule with an end is shorter."""
        configs = [job.config.with_epochs(n_epochs) for job in self.jobs]
        pairs = zip(self.jobs, configs, strict=True)
        return replace(self, jobs=[replace(job, config=config) for job, config in pairs])

    @property
    def features(self) -> dict[str, Any]:
        """`n_features_in_`, and `feature_names_in_` if X has names."""
        return self.jobs[0].data.train.features


@dataclass(frozen=True)
class FitResult:
    """Result of a fit: the fitted attributes, and for each network its history and its state."""

    attributes: dict[str, Any]  # all fitted attributes but `_training_state`
    histories: Sequence[History]
    states: Sequence[TrainingState]
    inputs: Any = None  # the encoded X of the first job: its rows are among them
    search: "FitResult | None" = None  # that of the networks that `refit` has replaced
    # where each network goes on if the fit was paused; None if it has ended
    paused: Sequence[TrainingState] | None = None

    def with_outcome(self, outcome: Outcome) -> "FitResult":
        """Return the result with an outcome, that of a search in which it was found."""
        first, *others = self.histories
        first = copy(first)
        first.outcome = outcome
        return replace(self, histories=[first, *others])

    @cached_property
    def history(self) -> History:
        """The history of the first of the networks whose outcome comes first in `BY_PRIORITY`."""
        return min(self.histories, key=lambda history: BY_PRIORITY.index(history.outcome))

    @property
    def networks(self) -> str:
        """How many of several networks have the outcome of `history`, for messages."""
        outcomes = [history.outcome for history in self.histories]
        if len(outcomes) == 1:
            return ""
        return f"{outcomes.count(self.history.outcome)} of {len(outcomes)} networks"

    @property
    def n_epochs(self) -> int:
        """The number of epochs of the network with the most."""
        return max(map(len, self.histories))


@dataclass
class _Training:
    """The runs of a fit, for the members of one job after the other."""

    plan: FitPlan
    runs: list[TrainingRun] = field(default_factory=list)
    states: list[TrainingState] = field(default_factory=list)
    inputs: Any = None

    @classmethod
    def of_plan(cls, plan: FitPlan) -> "_Training":
        """Build the runs of a plan.

        Raises
        ------
        ValueError
            If the targets or the scorer are invalid.
        """
        training = cls(plan)
        for job, score in zip(plan.jobs, _validation_scores(plan), strict=True):
            training.add(job, score)
        return training

    @property
    def group(self) -> Grouping:
        """What puts the networks into batches."""
        remote = self.plan.jobs[0].data.remote
        return remote.group if remote else group_members

    def add(self, job: FitJob, score: EpochScore | None) -> None:
        """Build the runs of a job."""
        config, spec, states = job.config, job.initial.spec, job.initial.states
        dataset = spec.dataset(
            job.data.train,
            "y",
            relative_weights=config.relative_weights,
            smoothing=config.label_smoothing,
            smooths_evenly=config.smooths_evenly,
            shares_X=True,
        )
        self.inputs = dataset.X if self.inputs is None else self.inputs
        loss = spec.loss_for(dataset.Y, has_unknown=job.data.train.has_unknown)
        if job.initial.is_new:
            remote = job.data.remote
            targets = remote.targets() if remote else (dataset.Y, dataset.w)
            for layers in job.initial.networks:
                _set_offsets(config, spec, layers, loss, *targets)
        encoded = None
        if job.data.remote is None and config.epochs > 1:  # an epoch uses each row once
            encoded = encode_if_small(job.initial.networks[0].modules[0], dataset)
        for layers, state in zip(job.initial.networks, states, strict=True):
            trainer = Trainer(
                config.solver,
                _early_stopping(config, state, score, spec.loss_scale),
                evaluate=partial(score, layers) if score else None,
                restore_best_weights=config.by_score,
                loss_scale=spec.loss_scale,
                earlier_loss=max(state.loss_curve, default=0.0),
            )
            rows, trained = dataset, layers
            if encoded is not None:
                rows, trained = encoded, Sequential(layers.modules[1:])
            self._add_run(job, trainer, trained, state, rows, loss)

    def _add_run(
        self,
        job: FitJob,
        trainer: Trainer,
        layers: Sequential,
        state: TrainingState,
        dataset: Dataset,
        loss: Loss,
    ) -> None:
        config = job.config
        trained = network.with_dropout(layers, config.dropout) if any(config.dropout) else layers
        objective = Objective(trained, loss, config.alpha)
        if state.vector is not None:
            objective.parameters.vector[...] = state.vector
        solver_state = config.solver.init(objective)
        if state.solver_state:
            solver_state = state.solver_state_for(config.solver_name, solver_state)
        history = History() if state.history is None else state.history
        self.states.append(state)
        self.runs.append(
            TrainingRun(
                trainer, objective, dataset, solver_state, config.epochs, state.rng, history
            )
        )

    @property
    def is_at_end(self) -> bool:
        """Whether no network is trained for another epoch."""
        runs = self.runs
        return all(run.history.outcome != "max_iter" or run.epochs_left == 0 for run in runs)

    def result(self) -> FitResult:
        """Return the result of a fit that ends now."""
        states = []
        for run, state in zip(self.runs, self.states, strict=True):
            stopping = run.trainer.stopping
            states.append(
                replace(
                    state,
                    solver=self.plan.config.solver_name,
                    solver_state=run.state,
                    early_stopping={} if stopping is None else stopping.state(),
                    history=run.history,
                    vector=run.objective.parameters.vector,
                )
            )
        return result_of(self.plan, [run.history for run in self.runs], states, self.inputs)


def result_of(
    plan: FitPlan, histories: Sequence[History], states: Sequence[TrainingState], inputs: Any
) -> FitResult:
    """Return the result of training the networks of a plan."""
    counts = [job.data.train.n_rows for job in plan.jobs for _ in job.initial.networks]
    attributes = {
        **plan.features,
        **plan.spec.fitted_attributes(_weights(plan)),
        **training_record(states, histories, counts, plan.spec.n_folds),
    }
    return FitResult(attributes, histories, states, inputs)


def join_results(plan: FitPlan, results: Sequence[FitResult]) -> FitResult:
    """Return the result for a plan whose jobs were trained in parts, one after the other."""
    histories = [history for result in results for history in result.histories]
    states = [state for result in results for state in result.states]
    return result_of(plan, histories, states, results[0].inputs)


def fit_networks(plan: FitPlan, callbacks: FitCallbacks | None = None) -> FitResult:
    """Train the networks of all jobs; their initial models are changed in place.

    Raises
    ------
    ValueError
        If the targets or the scorer are invalid.
    KeyboardInterrupt
        If it is raised before the end of the first epoch.
    """
    training, config = _Training.of_plan(plan), plan.config
    on_epoch = None
    if config.verbose or callbacks is not None:
        on_epoch = _on_epoch(training, callbacks)
    _train([training], on_epoch, config.deadline)
    return training.result()


def fit_networks_of(
    plans: Sequence[FitPlan],
    should_stop: Callable[[], bool] | None = None,
    *,
    keep_paused: bool = False,
) -> list[FitResult | Exception]:
    """Train the networks of several fits together, as `fit_networks` does those of one.

    Nothing is printed, and the deadlines of the plans are not used; training ends if `should_stop`
    returns True after an epoch. If the networks of a plan cannot be trained, its exception takes
    the place of its result. With `keep_paused`, a fit with networks that would go on with more
    epochs has its states in `FitResult.paused`; all plans have the same number of epochs then, but
    for those that end before it.

    Raises
    ------
    KeyboardInterrupt
        If it is raised before the end of the first epoch of each network.
    """
    prepared: list[_Training | Exception] = []
    for plan in plans:
        try:
            prepared.append(_Training.of_plan(plan))
        except Exception as error:
            prepared.append(error)
    trainings = [one for one in prepared if isinstance(one, _Training)]
    paused: dict[int, Sequence[TrainingState]] = {}

    def on_epoch(histories: Sequence[History], last: bool) -> bool:
        if keep_paused and all(training.is_at_end for training in trainings):
            for i, training in enumerate(trainings):
                if any(run.history.outcome == "max_iter" for run in training.runs):
                    paused[i] = deepcopy(training.result().states)
        return bool(should_stop and should_stop())

    if trainings:
        _train(trainings, on_epoch, np.inf)
    results = iter([replace(one.result(), paused=paused.get(i)) for i, one in enumerate(trainings)])
    return [next(results) if isinstance(one, _Training) else one for one in prepared]


def run_steps(steps: FitSteps[Result], callbacks: FitCallbacks | None = None) -> Result:
    """Run the steps of a fit: train the networks of each plan, and return the result of all."""
    try:
        plan = next(steps)
        while True:
            for message, category in plan.warnings:
                warnings.warn(message, category, stacklevel=4)
            try:
                result = fit_networks(plan, callbacks)
            except BaseException as error:
                plan = steps.throw(error)
            else:
                plan = steps.send(result)
    except StopIteration as end:
        return end.value


def _train(
    trainings: Sequence[_Training], on_epoch: OnEpochTogether | None, deadline: float
) -> None:
    """Train the networks of some fits, with a suitable number of BLAS threads."""
    size = max(_product_size(job) for training in trainings for job in training.plan.jobs)
    runs = [run for training in trainings for run in training.runs]
    with engine_threads(size):
        train_together(runs, on_epoch=on_epoch, deadline=deadline, group=trainings[0].group)


def _set_offsets(
    config: FitConfig,
    spec: ModelSpec,
    layers: Sequential,
    loss: Loss,
    Y: Array,
    w: Array | None,
) -> None:
    """Set the offsets of the output layer to constant predictions, where the fit starts there."""
    W, offsets = layers.modules[-1].parameters
    if config.fit_intercept_first:
        offsets[...] = loss.fit_intercept_only(Y, w)
    if (known := spec.constant_outputs(Y)).any():  # their gradients remain 0
        constants = loss.fit_intercept_only(np.fmin.reduce(Y)[None])
        W[..., known], offsets[..., known] = 0, constants[known]


def _early_stopping(
    config: FitConfig, state: TrainingState, score: EpochScore | None, loss_scale: float
) -> Any:
    """Let early stopping continue from the state, with its tolerance in the units of the loss."""
    if config.early_stopping is None:
        return None
    stopping = copy(config.early_stopping)
    if state.early_stopping:
        state.resume_early_stopping(stopping)
    if not config.by_score or (score is not None and score.by_loss):
        stopping.min_delta *= loss_scale
    return stopping


def _product_size(job: FitJob) -> float:
    """Return the number of multiplications in the largest matrix product of a step."""
    return product_size(job.initial.spec, job.config, job.data.train.n_rows)


def product_size(spec: ModelSpec, config: FitConfig, n: int) -> float:
    """Return the number of multiplications in the largest product of a step on up to n rows.

    It is infinite for L-BFGS, see `engine_threads`.
    """
    if isinstance(config.solver, LBFGS):
        return math.inf
    sizes = [spec.n_inputs, *spec.hidden_sizes, spec.n_units]
    return min(n, config.batch_size or n) * max(map(mul, sizes[:-1], sizes[1:]))


def _validation_scores(plan: FitPlan) -> list[EpochScore | None]:
    """Build the scorer of the validation rows of each job; None for one without.

    If the rows of a fold cannot be scored, though scores are for information only, none are.
    """
    scores: list[EpochScore | None] = []
    for job in plan.jobs:
        if job.data.validation is None:
            scores.append(job.data.remote.score if job.data.remote else None)
            continue
        spec = replace(job.initial.spec, n_members=1)
        with nullcontext() if plan.is_cross_fitted else naming_validation_data():
            score = validation_score(job, job.data.validation, spec)
        try:
            score.check(job.initial.networks[0])
        except ValueError:
            if job.config.by_score or not plan.is_cross_fitted:
                raise
            return [None] * len(plan.jobs)
        scores.append(score)
    return scores


def validation_score(job: FitJob, rows: ValidatedData, spec: ModelSpec) -> ValidationScore:
    """Build the scorer of rows for the networks of a job, of this specification."""
    config, train = job.config, job.data.train
    record = training_record(job.initial.states[:1], [History()], [len(train.y)])

    def as_estimator(attributes: Mapping[str, Any]) -> "BaseMLP":
        return config.as_estimator({**train.features, **record, **attributes})

    return ValidationScore(spec, rows, config.scoring, as_estimator)


def _weights(plan: FitPlan) -> list[Weights]:
    """Return copies of the weights of all networks, whose outputs `plan.spec.target` decodes."""
    weights = []
    for job in plan.jobs:
        spec = job.initial.spec
        for layers in job.initial.networks:
            coefs, intercepts, embedding = copy_weights(layers)
            if spec.target is not plan.spec.target:
                coefs[-1], intercepts[-1] = spec.target.convert_layer(
                    coefs[-1], intercepts[-1], plan.spec.target, spec.loss
                )
            weights.append((coefs, intercepts, embedding))
    return weights


def _on_epoch(training: _Training, callbacks: FitCallbacks | None) -> OnEpochTogether:
    """Build the function to call after each epoch: print, save checkpoints, call callbacks."""
    config = training.plan.config
    n_before = max(len(state.loss_curve) for state in training.states)
    keeps_progress = training.states[0].history is not None
    if callbacks is not None:
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
        checkpoint = callbacks.checkpoint if keeps_progress else None
        if checkpoint and (out_of_time or (not last_by_number and checkpoint.should_save())):
            result = training.result()
            estimator = config.as_estimator(with_training_state(result, config))
            save_checkpoint(checkpoint, estimator, progress(training.plan, result))
        ends = callbacks.on_epoch_end(
            epoch_metrics(n_before + n_epochs, row), lambda: _detached(training.result(), config)
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
    """Return the section `progress` of a checkpoint, as plain data."""
    return {
        "initial_rng": plan.initial_rng,
        "finished": finished,
        "members": [state.progress(finished=finished) for state in result.states],
    }


def _detached(result: FitResult, config: FitConfig) -> dict[str, Any]:
    """Return all fitted attributes; none of them is changed by further training."""
    attributes = with_training_state(result, config)
    return {**attributes, "_training_state": deepcopy(attributes["_training_state"])}


def with_training_state(result: FitResult, config: FitConfig) -> dict[str, Any]:
    """Return all fitted attributes, with what is needed to continue training exactly."""
    state = states_to_plain(result.states, config.random_state)
    return {**result.attributes, "_training_state": state}


def save_checkpoint(
    checkpoint: FitCheckpoint, estimator: "BaseMLP", progress: dict[str, Any]
) -> None:
    """Save the progress of a fit; warn if the file cannot be written."""
    try:
        checkpoint.save(contents_of(estimator, progress=progress))
    except OSError as error:
        warnings.warn(
            f"The progress of the fit cannot be kept, training goes on: {error}",
            UserWarning,
            stacklevel=2,
        )
