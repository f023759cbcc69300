"""fit_parts: from validated parts of the rows on a cluster to fitted attributes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any

import numpy as np

from sknn.dask._cluster import Cluster
from sknn.dask._rounds import OuterOptimizer, RoundPlan, ShardedBatch, ShardScore
from sknn.dask._scratch import MappedObject
from sknn.engine import Dataset
from sknn.engine._typing import Array
from sknn.engine.members import Member, MemberBatch
from sknn.estimators._fit import fit_networks
from sknn.estimators._fit_plan import FitData, FitJob, FitPlan
from sknn.estimators._fit_result import FitResult
from sknn.estimators._messages import EXAMINED_ROWS, FitWarning
from sknn.estimators._sharding import parts, planning, shards
from sknn.estimators._sharding.planning import ShardedFit
from sknn.estimators._validation.row_totals import RowTotals
from sknn.estimators._validation_score import PartScore
from sknn.estimators.base import BaseMLP
from sknn.estimators.tabular import Tabular


@dataclass(frozen=True)
class RoundSettings:
    """The parameters that the local estimator has not."""

    n_rounds: int | None
    local_steps: int | str
    outer: OuterOptimizer


@dataclass(frozen=True)
class PreparedRows:
    """The rows of all shards, weighted and split."""

    rows: Sequence[Any]  # futures of (FitData, reason)
    totals: Sequence[RowTotals]  # of each
    has_validation: Sequence[bool]

    @property
    def merged(self) -> RowTotals:
        """The totals of all training rows."""
        return reduce(RowTotals.merge, self.totals)

    @property
    def first_rows(self) -> list[int]:
        """The number of the first training row of each shard."""
        counts = [one.n_rows for one in self.totals]
        return list(np.cumsum([0, *counts[:-1]]))


class ShardedRows:
    """The rows of a fit on the workers; see `RemoteRows`."""

    def __init__(
        self,
        cluster: Cluster,
        job: FitJob,
        prepared: PreparedRows,
        encoded: Sequence[Any],
        steps: Sequence[int],
        settings: RoundSettings,
    ) -> None:
        self.cluster, self.job, self.encoded, self.steps = cluster, job, encoded, steps
        scored = [one for one, has in zip(encoded, prepared.has_validation, strict=True) if has]
        self.score = None
        if scored:
            by_loss = cluster.gather([cluster.submit(_scores_by_loss, scored[0])])[0]
            self.score = ShardScore(cluster, scored, by_loss=by_loss)
        self.plan = RoundPlan.of(
            settings.n_rounds, settings.local_steps, job.config.epochs, max(steps)
        )
        self.outer = settings.outer
        self.batches: list[ShardedBatch] = []
        self._targets = self._gather_targets()

    def targets(self) -> tuple[Array, Array | None]:
        """Return encoded targets, with weights, that have the distribution of those of all rows."""
        return self._targets

    def group(self, members: Sequence[Member]) -> list[MemberBatch]:
        """Put all networks into one batch, whose epochs are made on the shards."""
        members = list(members)
        if not members:
            return []
        Y, w = self._targets
        solver, objective = members[0].solver, members[0].objective
        baseline = solver.baseline_loss(objective, Dataset(np.empty((len(Y), 0)), Y, w))
        batch = ShardedBatch(
            members, self.cluster, self.encoded, self.steps, baseline, self.plan, self.outer
        )
        self.batches.append(batch)
        return [batch]

    def _gather_targets(self) -> tuple[Array, Array | None]:
        is_only = len(self.encoded) == 1
        n, target = self.job.data.train.n_rows, self.job.initial.spec.target
        call = partial(_distinct_targets, target=target, n_total=n, is_only=is_only)
        found = self.cluster.run(call, [(one,) for one in self.encoded])
        if is_only:
            return found[0]
        return np.concatenate([Y for Y, _ in found]), np.concatenate([w for _, w in found])


def fit_parts(
    mlp: BaseMLP, loaded: Sequence[Any], cluster: Cluster, settings: RoundSettings
) -> tuple[FitResult, list[FitWarning], int]:
    """Fit networks to parts of the rows; also return early warnings and the number of rounds.

    Parameters
    ----------
    mlp : BaseMLP
        The local estimator, which is not changed.
    loaded : sequence
        Futures of the results of `load_part`.
    cluster : Cluster
        Where they are.
    settings : RoundSettings
        How to train.

    Raises
    ------
    ValueError, TypeError
        If parameters or data are invalid.
    """
    classify = mlp.__sklearn_tags__().estimator_type == "classifier"
    summarize = partial(parts.summarize, classify=classify)
    summaries = cluster.run(summarize, [(one,) for one in loaded])
    sharded = planning.begin_sharded_fit(mlp, summaries)
    prepared = _prepare(sharded, [loaded[i] for i in sharded.parts], cluster)
    job = _planned_job(sharded, prepared, cluster)
    n_rows = [one.n_rows for one in prepared.totals]
    solvers = planning.shard_solvers(job, mlp, n_rows, settings.outer.gain)
    encoded = _encode(job, prepared, solvers, cluster)
    steps = [solver.batches.steps(n) for solver, n in zip(solvers, n_rows, strict=True)]
    largest = solvers[int(np.argmax(steps))]
    job = replace(job, config=replace(job.config, solver=largest))
    rows = ShardedRows(cluster, job, prepared, encoded, steps, settings)
    job = replace(job, data=replace(job.data, remote=rows))
    cluster.release([*loaded, *prepared.rows])  # they are made again if a shard is lost
    result = fit_networks(FitPlan([job], job.initial.spec))
    return result, job.warnings, sum(batch.n_rounds for batch in rows.batches)


def _prepare(sharded: ShardedFit, loaded: Sequence[Any], cluster: Cluster) -> PreparedRows:
    """Weight and split the rows of each part; parts without rows that count are left out."""
    mlp = cluster.share((sharded.mlp, sharded.target, sharded.weighted))
    rows = [
        cluster.submit(partial(_prepared, classify=sharded.classify), mlp, one, rng)
        for one, rng in zip(loaded, sharded.split_generators(), strict=True)
    ]
    found = cluster.run(_described, [(mlp, one) for one in rows])
    known = [i for i, (totals, _, _) in enumerate(found) if totals is not None]
    if not known:
        raise ValueError("No row counts: sample weights times class weights are all 0.")
    has_validation = [found[i][1] for i in known]
    if sharded.by_score and not any(has_validation):
        raise ValueError(f"No partition can hold rows back: {found[known[0]][2]}")
    return PreparedRows([rows[i] for i in known], [found[i][0] for i in known], has_validation)


def _planned_job(sharded: ShardedFit, prepared: PreparedRows, cluster: Cluster) -> FitJob:
    """Gather some rows of each shard, learn the encoding, and plan the training."""
    totals = prepared.merged
    step = -(-totals.n_rows // EXAMINED_ROWS)
    firsts = prepared.first_rows
    samples = cluster.run(
        _sampled, [(one, n, step) for one, n in zip(prepared.rows, firsts, strict=True)]
    )
    sample = parts.join_samples(samples, totals)
    if not isinstance(sharded.mlp, Tabular):
        return planning.plan_sharded_fit(sharded, sample, None)
    if (known := sharded.mlp._known_inputs(sample)) is not None:
        return planning.plan_sharded_fit(sharded, sample, known)
    mlp = cluster.share(sharded.mlp)
    learned = [
        cluster.submit(_statistics, mlp, one, n, totals)
        for one, n in zip(prepared.rows, firsts, strict=True)
    ]
    merged = cluster.reduce(parts.merge_statistics, learned)
    encoding, messages = cluster.run(parts.learn_encoding, [(mlp, merged)])[0]
    notes: list[FitWarning] = [(message, UserWarning) for message in messages]
    return planning.plan_sharded_fit(sharded, sample, encoding, notes)


def _encode(
    job: FitJob, prepared: PreparedRows, solvers: Sequence[Any], cluster: Cluster
) -> list[Any]:
    """Return futures of the shards."""
    shared = cluster.share((job, prepared.merged))
    encode = partial(_encoded, is_only=sum(prepared.has_validation) == 1)
    return [
        cluster.submit(encode, shared, rows, solver)
        for rows, solver in zip(prepared.rows, solvers, strict=True)
    ]


# The tasks


def _prepared(shared: Any, part: Any, rng: Any, *, classify: bool) -> tuple[FitData | None, str]:
    mlp, _, weighted = shared
    return parts.prepare_part(mlp, part, weighted, rng, classify=classify)


def _described(shared: Any, prepared: Any) -> tuple[RowTotals | None, bool, str]:
    """Return the totals of rows, whether some are held back, and if not why."""
    mlp, target, _ = shared
    rows, reason = prepared
    if rows is None:
        return None, False, reason
    return parts.totals_of(mlp, rows, target), rows.validation is not None, reason


def _statistics(mlp: Tabular, prepared: Any, first: int, totals: RowTotals) -> Any:
    return parts.statistics_of(mlp, prepared[0], first, totals)


def _sampled(prepared: Any, first: int, step: int) -> Any:
    return parts.sample_rows(prepared[0], first, step)


def _encoded(shared: Any, prepared: Any, solver: Any, *, is_only: bool) -> MappedObject:
    job, totals = shared
    return MappedObject.of(shards.encode_part(job, prepared[0], totals, solver, is_only=is_only))


def _distinct_targets(mapped: MappedObject, **options: Any) -> Any:
    return shards.distinct_targets(mapped.value, **options)


def _scores_by_loss(mapped: MappedObject) -> bool:
    return bool(mapped.value.score.by_loss)


__all__ = ["PartScore", "RoundSettings", "ShardedRows", "fit_parts"]
