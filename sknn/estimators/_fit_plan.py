"""FitPlan: all arguments of a fit, by jobs: the members that are trained on the same rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from sknn.engine import Sequential
from sknn.engine._typing import Array
from sknn.engine.members import Member, MemberBatch
from sknn.estimators._builders import FitConfig
from sknn.estimators._messages import FitWarning
from sknn.estimators._model import ModelSpec
from sknn.estimators._training_state import TrainingState
from sknn.estimators._validation.data import ValidatedData
from sknn.exceptions import ModelFileError


class EpochScore(Protocol):
    """Loss and score on validation rows, computed after every epoch."""

    by_loss: bool  # whether the score is the negative loss

    def __call__(self, network: Sequential) -> dict[str, float]:
        """Return the mean loss, without penalty, and the score of a network."""


class RemoteRows(Protocol):
    """The rows of a fit on workers of a cluster, which make the epochs of training."""

    @property
    def score(self) -> EpochScore | None:
        """The score of the validation rows."""

    def group(self, members: Sequence[Member]) -> list[MemberBatch]:
        """Make batches of networks, whose epochs the workers make."""

    def targets(self) -> tuple[Array, Array | None]:
        """Return encoded targets, with weights, that have the distribution of those of all rows."""


@dataclass(frozen=True)
class FitData:
    """The rows of a fit."""

    train: ValidatedData  # training rows
    validation: ValidatedData | None = None  # validation rows, scored after every epoch
    # all rows, if workers have them: then `train` is a sample of them
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
    # the states of the networks of the trainings before this one, in a fit with callbacks
    ended: Sequence[Sequence[TrainingState]] = ()

    @property
    def config(self) -> FitConfig:
        """The configuration of the first job, for all that is the same in all jobs."""
        return self.jobs[0].config

    def part(self, which: slice) -> "FitPlan":
        """Return the plan of some of the jobs, with the same units of y."""
        jobs = self.jobs[which]
        spec = ModelSpec.join([job.initial.spec for job in jobs], self.spec.target)
        return replace(self, jobs=jobs, spec=spec)

    def resume(self, states: Sequence[TrainingState]) -> "FitPlan":
        """Return the plan with networks that continue from the states of a checkpoint.

        Raises
        ------
        ModelFileError
            If its networks have another number, or other numbers of parameters.
        """
        sizes = [_n_parameters(layers) for job in self.jobs for layers in job.initial.networks]
        found = [None if state.vector is None else state.vector.size for state in states]
        if found != sizes:
            raise ModelFileError(
                f"It has networks of {found} parameters, where this fit trains those of {sizes}."
            )
        remaining = iter(states)
        jobs = []
        for job in self.jobs:
            own = [next(remaining) for _ in job.initial.networks]
            jobs.append(replace(job, initial=replace(job.initial, states=own)))
        return replace(self, jobs=jobs)

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


def _n_parameters(layers: Sequential) -> int:
    """Return the number of parameters of a network."""
    return sum(array.size for array in layers.parameters)
