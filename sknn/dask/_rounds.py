"""Rounds: networks make steps on all shards, from common parameters, which are then averaged."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from sknn.dask._cluster import Cluster
from sknn.dask._scratch import MappedObject
from sknn.engine import Sequential
from sknn.engine._typing import Array
from sknn.engine.members import Member, MemberBatch
from sknn.engine.monitor import is_finite
from sknn.engine.parameters import ParameterVector
from sknn.engine.rounds import EpochPosition, RoundResult
from sknn.estimators._sharding.shards import MemberRound, score_shard, train_shard
from sknn.estimators._training_state import split_generator
from sknn.estimators._validation_score import merge_scores

#: local_steps="auto": a round has at least so many steps, but an epoch at most so many rounds.
AUTO_MIN_STEPS, AUTO_ROUNDS_PER_EPOCH = 16, 8


@dataclass(frozen=True)
class RoundPlan:
    """How epochs are divided into rounds: each shard makes the same part of its epoch in a round.

    All shards end an epoch in the same round, whatever their sizes.
    """

    per_epoch: Fraction  # number of rounds in an epoch

    @classmethod
    def of(cls, n_rounds: int | None, local_steps: Any, n_epochs: int, n_steps: int) -> "RoundPlan":
        """Return the plan for a number of epochs, and of steps per epoch of the largest shard."""
        if n_rounds is not None:
            return cls(Fraction(min(int(n_rounds), n_epochs * n_steps), n_epochs))
        if isinstance(local_steps, str):
            return cls(Fraction(max(1, min(AUTO_ROUNDS_PER_EPOCH, n_steps // AUTO_MIN_STEPS))))
        whole = n_steps * n_epochs
        rounds = -(-n_steps // local_steps) * n_epochs if local_steps <= n_steps else None
        return cls(Fraction(-(-whole // local_steps) if rounds is None else rounds, n_epochs))

    def n_steps(self, round_number: int, steps_per_epoch: int) -> int:
        """Return the number of steps of a shard in a round, counted from 0."""
        stop, start = (
            n * steps_per_epoch // self.per_epoch for n in (round_number + 1, round_number)
        )
        return int(stop - start)


@dataclass(frozen=True)
class OuterOptimizer:
    """The step from the parameters at the start of a round, by the mean of those of the shards.

    ``delta = start - mean``; ``v = momentum v + delta``; the step is
    ``-rate (delta + momentum v)``:
    Nesterov's momentum, as in Douillard et al. (2023), "DiLoCo: Distributed Low-Communication
    Training of Language Models". With rate 1 and without momentum the mean itself is taken, bit for
    bit.
    """

    rate: float
    momentum: float

    @property
    def gain(self) -> float:
        """The factor of a step of the shards in the sum of all outer steps that it adds to."""
        return self.rate / (1 - self.momentum)

    def step(self, start: Array, mean: Array, state: dict[str, Any]) -> Array:
        """Return the new parameters; the state is changed in place."""
        delta = start - mean
        step = mean + (1 - self.rate) * delta
        if self.momentum:
            velocity = self.momentum * state.get("velocity", 0.0) + delta
            state["velocity"] = velocity
            step -= self.rate * self.momentum * velocity
        return step


class ShardScore:
    """Loss and score on the validation rows of all shards."""

    def __init__(self, cluster: Cluster, shards: Sequence[Any], *, by_loss: bool) -> None:
        self.cluster = cluster
        self.shards = shards  # those with validation rows
        self.by_loss = by_loss

    def __call__(self, network: Sequential) -> dict[str, float]:
        """Return the mean loss, without penalty, and the score of a network."""
        vector = self.cluster.share(ParameterVector(deepcopy(network)).vector)
        score = partial(_scored, is_only=len(self.shards) == 1)
        parts = self.cluster.run(score, [(shard, vector) for shard in self.shards])
        return parts[0] if len(parts) == 1 else merge_scores(parts, by_loss=self.by_loss)


class ShardedBatch(MemberBatch):
    """Networks whose epochs are made on shards, in rounds.

    Parameters
    ----------
    members : sequence of Member
        The networks.
    cluster : Cluster
        Where the rounds are made.
    shards : sequence
        The shards, as the cluster knows them.
    steps : sequence of int
        The number of steps per epoch of each shard.
    baseline : float
        The loss of the best constant prediction.
    plan : RoundPlan
        The number of rounds.
    outer : OuterOptimizer
        The step after a round.
    """

    is_large = False  # the epoch is made elsewhere

    def __init__(
        self,
        members: Sequence[Member],
        cluster: Cluster,
        shards: Sequence[Any],
        steps: Sequence[int],
        baseline: float,
        plan: RoundPlan,
        outer: OuterOptimizer,
    ) -> None:
        self.members = list(members)
        self.cluster, self.shards, self.steps = cluster, list(shards), list(steps)
        self.baseline, self.plan, self.outer = baseline, plan, outer
        self.n_rounds = 0
        self._ended: dict[Member, list[tuple[float, int]]] = {member: [] for member in members}
        self._progress = {member: _beginning(member, len(self.shards)) for member in members}

    def run_epoch(self) -> None:
        """Make rounds until an epoch of all networks has ended; some may have ended before."""
        while going := [member for member in self.members if not self._ended[member]]:
            self._run_round(going)
        for member in self.members:
            member.total, member.seen = self._ended[member].pop(0)

    def finite_members(self) -> set[Member]:
        """Return no member: it is not known which are finite."""
        return set()

    def remove(self, members: Sequence[Member]) -> None:
        """Continue without some members."""
        self.members = [member for member in self.members if member not in members]

    def _run_round(self, members: Sequence[Member]) -> None:
        """Make the steps of all shards, and average the parameters."""
        counts = [self.plan.n_steps(self.n_rounds, n) for n in self.steps]
        shared = self.cluster.share([m.objective.parameters.vector.copy() for m in members])
        baselines = [self.baseline] * len(members)
        active = [k for k, n in enumerate(counts) if n]
        tasks = [
            (self.shards[k], shared, [self._on_shard(m, k) for m in members], baselines, counts[k])
            for k in active
        ]
        by_shard = self.cluster.run(_trained, tasks)
        for j, member in enumerate(members):
            self._end_round(member, active, [results[j] for results in by_shard])
        self.n_rounds += 1

    def _on_shard(self, member: Member, k: int) -> MemberRound:
        """Return position and state of a network on a shard, with the plateaus of all shards."""
        own = self._progress[member][k]
        return replace(own, state={**own.state, "n_plateaus": member.state["n_plateaus"]})

    def _end_round(
        self, member: Member, active: Sequence[int], results: Sequence[tuple[Array, Any, Any]]
    ) -> None:
        """Update a network by its parameters and states on the shards."""
        progress, rounds = self._progress[member], [result for _, _, result in results]
        for k, (_, state, result) in zip(active, results, strict=True):
            progress[k] = MemberRound(state, result.position)
        largest = max(range(len(active)), key=lambda i: self.steps[active[i]])
        member.rate = rounds[largest].rate
        member.state["steps"] = max(one.state["steps"] for one in progress)
        if len(self.shards) == 1:
            member.rng.set_state(rounds[0].position.rng.get_state())  # type: ignore[union-attr]
        if not all(one.is_finite and is_finite(state) for _, state, one in results):
            self._ended[member].append((np.nan, 1))
            return
        vector = member.objective.parameters.vector
        with np.errstate(over="ignore", invalid="ignore"):
            mean = _mean([vector for vector, _, _ in results], [one.seen for one in rounds])
            vector[...] = self.outer.step(vector.astype(np.float64), mean, member.state)
        self._ended[member] += _merged_epochs(rounds)


def _beginning(member: Member, n_shards: int) -> list[MemberRound]:
    """Return the position and state of a network on each shard before the first round."""
    rng: Any = member.rng
    return [
        MemberRound(deepcopy(member.state), EpochPosition(deepcopy(own)))
        for own in split_generator(rng, n_shards)
    ]


def _mean(vectors: Sequence[Array], weights: Sequence[int]) -> Array:
    """Return the weighted mean in float64, summed in the order of the shards."""
    total = sum(weights)
    mean = np.zeros(len(vectors[0]))
    for vector, weight in zip(vectors, weights, strict=True):
        mean += weight / total * vector.astype(np.float64)
    return mean


def _merged_epochs(rounds: Sequence[RoundResult]) -> list[tuple[float, int]]:
    """Return the sums over all shards of each epoch that ended in a round."""
    by_epoch = zip(*(one.epochs for one in rounds if one.epochs), strict=True)
    return [(sum(total for total, _ in sums), sum(seen for _, seen in sums)) for sums in by_epoch]


# The tasks


def _trained(mapped: MappedObject, *args: Any) -> Any:
    return train_shard(mapped.value, *args)


def _scored(mapped: MappedObject, vector: Array, *, is_only: bool) -> Any:
    return score_shard(mapped.value, vector, is_only=is_only)
