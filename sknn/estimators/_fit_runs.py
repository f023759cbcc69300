"""FitRuns: the training runs of a fit, one for each network."""

from collections.abc import Mapping
from contextlib import nullcontext
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from sknn.engine import Dataset, History, Loss, Objective, Sequential, network
from sknn.engine._typing import Array
from sknn.engine.encoded_table import encode_if_small
from sknn.engine.members import group_members
from sknn.engine.training import Grouping, Trainer, TrainingRun
from sknn.estimators._builders import FitConfig
from sknn.estimators._fit_plan import EpochScore, FitJob, FitPlan
from sknn.estimators._fit_result import FitResult, result_of
from sknn.estimators._model import ModelSpec
from sknn.estimators._training_record import training_record
from sknn.estimators._training_state import TrainingState
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.training_data import naming_validation_data
from sknn.estimators._validation_score import ValidationScore

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP


@dataclass
class FitRuns:
    """The runs of a fit, for the members of one job after the other."""

    plan: FitPlan
    runs: list[TrainingRun] = field(default_factory=list)
    states: list[TrainingState] = field(default_factory=list)
    inputs: Any = None

    @classmethod
    def of_plan(cls, plan: FitPlan) -> "FitRuns":
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
        """The function that puts the networks into batches."""
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
        initial = None
        if state.vector is not None:
            initial = objective.parameters.vector.copy()
            objective.parameters.vector[...] = state.vector
        solver_state = config.solver.init(objective)
        if state.solver_state:
            solver_state = state.solver_state_for(config.solver_name, solver_state)
        history = History() if state.history is None else state.history
        self.states.append(state)
        self.runs.append(
            TrainingRun(
                trainer,
                objective,
                dataset,
                solver_state,
                config.epochs,
                state.rng,
                history,
                initial,
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
