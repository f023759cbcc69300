"""Shards: the encoded training rows of a part, and rounds of training and scores on them."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sknn.engine import Dataset, Loss, MinibatchSolver, Objective, Sequential, network
from sknn.engine._typing import Array
from sknn.engine.members import Member
from sknn.engine.optimizers import State
from sknn.engine.rounds import EpochPosition, RoundResult, run_round
from sknn.estimators._blas_threads import engine_threads
from sknn.estimators._fit import product_size
from sknn.estimators._fit_plan import FitData, FitJob
from sknn.estimators._fit_runs import validation_score
from sknn.estimators._validation.row_totals import RowTotals
from sknn.estimators._validation_score import PartScore, ValidationScore
from sknn.targets import ClassTarget

#: Number of rows, evenly spaced, whose targets give the best constant prediction of numbers.
EXAMINED_TARGETS = 2**20


@dataclass(frozen=True)
class Shard:
    """The encoded rows of a part, with what training on them needs besides the parameters."""

    X: Any
    Y: Array
    w: Array | None
    template: Sequential  # a network whose parameters are replaced, with dropout
    loss: Loss
    alpha: float
    solver: MinibatchSolver
    score: ValidationScore | None  # on the validation rows of the part
    product_size: float  # of the largest matrix product of a step

    @property
    def n_rows(self) -> int:
        """The number of training rows."""
        return len(self.Y)

    def objective(self, vector: Array) -> Objective:
        """Return the objective of a network with these parameters."""
        objective = Objective(deepcopy(self.template), self.loss, self.alpha)
        objective.parameters.vector[...] = vector
        return objective

    def engine_threads(self) -> Any:
        """Return a context with a suitable number of BLAS threads."""
        return engine_threads(self.product_size)


def encode_part(
    job: FitJob, rows: FitData, totals: RowTotals, solver: MinibatchSolver, *, is_only: bool
) -> Shard:
    """Encode the rows of a part for the networks of a job.

    Parameters
    ----------
    job : FitJob
        The job of all rows.
    rows : FitData
        The rows of the part.
    totals : RowTotals
        The totals of all training rows.
    solver : MinibatchSolver
        The solver for this number of rows.
    is_only : bool
        Whether there are no validation rows in other parts.

    Raises
    ------
    ValueError
        If targets or numbers do not suit the networks.
    """
    config, spec = job.config, job.initial.spec
    dataset = spec.dataset(
        replace(rows.train, totals=totals),
        "y",
        relative_weights=True,
        smoothing=config.label_smoothing,
        smooths_evenly=config.smooths_evenly,
    )
    layers = job.initial.networks[0]
    template = network.with_dropout(layers, config.dropout) if any(config.dropout) else layers
    score = None
    if rows.validation is not None:
        score = validation_score(replace(job, data=rows), rows.validation, spec_of_one(job))
        if is_only or not score.is_r2:
            score.check(layers)
    return Shard(
        X=np.asarray(dataset.X) if isinstance(dataset.X, np.ndarray) else dataset.X,
        Y=dataset.Y,
        w=dataset.w,
        template=template,
        loss=spec.loss_for(dataset.Y, has_unknown=totals.has_unknown),
        alpha=config.alpha,
        solver=solver,
        score=score,
        product_size=product_size(spec, config, len(dataset)),
    )


def spec_of_one(job: FitJob) -> Any:
    """Return the specification of a single network of the job."""
    return replace(job.initial.spec, n_members=1)


def distinct_targets(
    shard: Shard, target: Any, n_total: int, *, is_only: bool
) -> tuple[Array, Array | None]:
    """Return encoded targets and weights that stand for those of a shard.

    Those of the only shard are returned as they are, labels as distinct rows with their total
    weights, and of more than `EXAMINED_TARGETS` numbers an even selection.
    """
    Y, w = shard.Y, shard.w
    if is_only:
        return Y, w
    weights = np.ones(len(Y)) if w is None else w.astype(np.float64)
    if isinstance(target, ClassTarget):
        rows, codes = np.unique(Y, axis=0, return_inverse=True)
        return rows, np.bincount(codes.ravel(), weights, len(rows))
    step = -(-n_total // EXAMINED_TARGETS)
    if step == 1:
        return Y, weights
    ends = np.stack([np.fmin.reduce(Y), np.fmax.reduce(Y)])  # without weight
    return np.concatenate([Y[::step], ends]), np.append(weights[::step] * step, [0, 0])


@dataclass(frozen=True)
class MemberRound:
    """State and position of a network on a shard, between two rounds."""

    state: State  # of the solver
    position: EpochPosition


def train_shard(
    shard: Shard,
    vectors: Sequence[Array],
    members: Sequence[MemberRound],
    baselines: Sequence[float],
    n_steps: int,
) -> list[tuple[Array, State, RoundResult]]:
    """Make steps of some networks on a shard; a pure function.

    Return the parameters of each, the state of its solver and the result of the round.

    Parameters
    ----------
    shard : Shard
        The rows.
    vectors : sequence of arrays of shape (n_parameters,)
        The parameters of each network at the start of the round.
    members : sequence of MemberRound
        Where each is on this shard.
    baselines : sequence of float
        For each the loss of the best constant prediction for all rows.
    n_steps : int
        The number of steps.
    """
    dtype = shard.Y.dtype
    trained = []
    for vector, member, baseline in zip(vectors, members, baselines, strict=True):
        dataset = Dataset(shard.X, shard.Y, shard.w, dtype)
        state, rng = deepcopy(member.state), member.position.rng
        trained.append(
            Member(shard.solver, shard.objective(vector), dataset, state, rng, baseline=baseline)
        )
    with shard.engine_threads(), np.errstate(over="ignore", invalid="ignore"):
        results = run_round(trained, [member.position for member in members], n_steps)
    return [
        (member.objective.parameters.vector, member.state, result)
        for member, result in zip(trained, results, strict=True)
    ]


def score_shard(shard: Shard, vector: Array, *, is_only: bool) -> PartScore | dict[str, float]:
    """Return the score of a network on the validation rows of a shard, or those of all rows."""
    assert shard.score is not None
    network = shard.objective(vector).network
    with shard.engine_threads():
        return shard.score(network) if is_only else shard.score.of_part(network)
