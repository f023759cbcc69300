"""Rounds: some steps of mini-batch training, which may end and continue in the middle of an epoch.

A round is a function of the parameters, the state of the solver and an `EpochPosition`. The next
round continues where it ended, perhaps in another process. An epoch in several rounds has the same
steps as an epoch without rounds, bit for bit.
"""

import math
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace

from sknn.engine._typing import Rng
from sknn.engine.members import Member, group_members


@dataclass(frozen=True)
class EpochPosition:
    """The position of the training of a network in its epoch.

    Parameters
    ----------
    rng : RandomState or Generator
        The generator at the start of the next step.
    epoch_rng : RandomState or Generator, optional
        A copy of it from the beginning of the epoch, when it draws the order of the samples; None
        between two epochs.
    step : int
        The number of steps made in the epoch.
    total : float
        The sum of the losses of the samples in these steps.
    seen : int
        The number of these samples.
    """

    rng: Rng
    epoch_rng: Rng | None = None
    step: int = 0
    total: float = 0.0
    seen: int = 0


@dataclass
class RoundResult:
    """Position, losses and learning rate at the end of a round.

    Attributes
    ----------
    position : EpochPosition
        Where the next round continues.
    epochs : list of (float, int)
        Of each epoch that ended in the round: the sum of the losses of its samples, and their
        number.
    seen : int
        The number of samples in the steps of the round.
    rate : float
        The learning rate of the last step.
    is_finite : bool
        Whether all losses were finite; if not, the round ended early.
    """

    position: EpochPosition
    epochs: list[tuple[float, int]] = field(default_factory=list)
    seen: int = 0
    rate: float = math.nan
    is_finite: bool = True


def run_round(
    members: Sequence[Member], positions: Sequence[EpochPosition], n_steps: int
) -> list[RoundResult]:
    """Make the next steps of some networks, across the ends of epochs.

    The networks and the states of their solvers are changed in place. The sampler of batches
    must draw the order of an epoch at its beginning, as `EpochBatchSampler` does.

    Parameters
    ----------
    members : sequence of Member
        The networks; all have the same number of steps an epoch, and are at the same step.
    positions : sequence of EpochPosition
        Where each is. Their generators are not changed.
    n_steps : int
        The number of steps.
    """
    batches = group_members(members)
    results = [RoundResult(deepcopy(position)) for position in positions]
    pairs = list(zip(members, results, strict=True))
    for member, result in pairs:
        _resume_epoch(member, result)
    step = positions[0].step
    while n_steps:
        n_now = min(n_steps, members[0].n_steps - step)
        before = [member.seen for member in members]
        for batch in batches:
            batch.run_steps(n_now)
        n_steps, step = n_steps - n_now, step + n_now
        for (member, result), n_seen in zip(pairs, before, strict=True):
            result.seen += member.seen - n_seen
            result.rate = member.rate
            result.is_finite = result.is_finite and member.is_finite
            result.position = replace(
                result.position, step=step, total=member.total, seen=member.seen
            )
        if not any(result.is_finite for result in results):
            break
        if step == members[0].n_steps:
            step = 0
            for member, result in pairs:
                result.epochs.append((member.total, member.seen))
                result.position = EpochPosition(member.rng)
                if n_steps:
                    _resume_epoch(member, result)
    return results


def _resume_epoch(member: Member, result: RoundResult) -> None:
    """Begin an epoch, or continue that of a position: draw the same order, and skip its start.

    The member draws from the generator of the position.
    """
    position = result.position
    if position.epoch_rng is None:
        result.position = replace(position, epoch_rng=deepcopy(position.rng))
        member.draw_from(position.rng)
        member.begin_epoch()
        return
    member.draw_from(deepcopy(position.epoch_rng))
    member.begin_epoch()
    for _ in range(position.step):
        next(member.batches)
    member.draw_from(position.rng)
    member.total, member.seen = position.total, position.seen
