"""Members: networks that are trained by mini-batches at the same time, each as if it were alone.

Each member has its own rows, settings, state and generator. Only the arithmetic of a step is shared
by the members of a batch, on stacked arrays, see `stacking`.
"""

import math
from collections.abc import Sequence
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from sknn.engine._threads import MIN_PARALLEL_PRODUCTS, run_parallel
from sknn.engine._typing import Rng
from sknn.engine.data import Dataset, EpochBatchSampler, ReplacementSampler
from sknn.engine.linear import layer_sizes
from sknn.engine.objective import Objective
from sknn.engine.optimizers import State, is_elementwise
from sknn.engine.stacking import layout_of, settings_of
from sknn.engine.steps import OwnStep, StackedStep

if TYPE_CHECKING:
    from sknn.engine.solvers import MinibatchSolver

#: Members are stacked if a step has at most this many multiplications for each of them. Fits with
#: cv=5 in float32 on one thread take, stacked and in turn, in units of the time of one fit:
#: (32, 32) in batches of 32 (2^16) 3.1 and 5.0, (64, 64) of 64 (2^18.4) 4.8 and 5.8, (128, 128) of
#: 32 (2^19.2) 5.6 and 5.6, (100,) of 200 with 64 inputs (2^20.5) 5.6 and 6.2, (128, 64) of 128
#: (2^20.6) 4.9 to 5.9 and 5.9 to 6.1. Where products are larger, they take nearly all of the time.
MAX_STACKED_PRODUCTS = 2**21


class Member:
    """A network in training, with its progress in the current epoch.

    Parameters
    ----------
    solver, objective, dataset, state, rng : object
        As in `Solver.run`.
    baseline : float, optional
        The loss of the best constant prediction; that for the dataset if left out.
    """

    def __init__(
        self,
        solver: "MinibatchSolver",
        objective: Objective,
        dataset: Dataset,
        state: State,
        rng: Rng,
        baseline: float | None = None,
    ) -> None:
        self.solver = solver
        self.objective = objective
        self.dataset = dataset.with_own_buffers()  # others may train on the same one meanwhile
        self.state = state
        self.baseline = solver.baseline_loss(objective, dataset) if baseline is None else baseline
        self.rate = math.nan
        self.take = self.dataset.batch if solver.batches.in_range else dataset.__getitem__
        self.draw_from(rng)

    def draw_from(self, rng: Rng) -> None:
        """Draw batches and dropout masks from this generator from now on."""
        self.rng = rng
        self.dropout_rng = rng if self.objective.network.is_stochastic else None

    @property
    def n_steps(self) -> int:
        """The number of steps per epoch."""
        return self.solver.batches.steps(len(self.dataset))

    @property
    def batch_size(self) -> int:
        """The largest number of samples in a batch of a built-in sampler."""
        return min(getattr(self.solver.batches, "batch_size", 1), len(self.dataset))

    def begin_epoch(self) -> None:
        """Draw the order of the samples."""
        self.total, self.seen, self.is_finite = 0.0, 0, True
        self.batches = iter(self.solver.batches(len(self.dataset), self.rng))

    def begin_step(self) -> bool:
        """Get the rows and the rate of the next step; return False after the last one."""
        rows = next(self.batches, None)
        if rows is None:
            return False
        self.rows = rows
        if self.is_finite:
            self.rate = self.solver.schedule(self.state["steps"], self.state["n_plateaus"])
        return True

    def record(self, loss: float, n: int) -> None:
        """Add the loss of n samples to that of the epoch."""
        self.total += loss * n
        self.seen += n
        if not math.isfinite(loss):
            self.is_finite = False
        elif self.baseline > 0 and self.is_finite:
            self.solver.update_relative_loss(self.state, loss / self.baseline)

    @property
    def loss(self) -> float:
        """The mean loss of the epoch so far."""
        return self.total / self.seen


class MemberBatch:
    """Members that make their steps together; with a single one it uses the member's own arrays.

    Parameters
    ----------
    members : sequence of Member
        Members that `group_members` has put together. At the end of each epoch, and after
        `run_steps`, their networks and states are up to date.
    """

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = sorted(members, key=_order, reverse=True)
        self.is_cancelled = False  # whether the epoch is to end at the next step
        self._step = _step_of(self.members)

    def run_epoch(self) -> None:
        """Make the steps of an epoch; a member whose rows are used up makes no further one."""
        for member in self.members:
            member.begin_epoch()
        self.run_steps()

    def run_steps(self, n_steps: int | None = None) -> None:
        """Make the next steps of the epoch: all that are left, or so many of them."""
        for _ in count() if n_steps is None else range(n_steps):
            if self.is_cancelled:
                break
            # the longest epochs come first: those that continue are the first ones
            active = [member for member in self.members if member.begin_step()]
            if not active or not self._step.compute_gradients(active):
                break
            self._step.update(active)
        self._step.finish_epoch()

    def finite_members(self) -> set[Member]:
        """Return members whose parameters and states are known to be finite after an epoch."""
        return self._step.finite_members()

    @property
    def is_large(self) -> bool:
        """Whether other threads can train other batches meanwhile, in less time together."""
        return len(self.members) == 1 and n_products(self.members[0]) >= MIN_PARALLEL_PRODUCTS

    def remove(self, members: Sequence[Member]) -> None:
        """Continue without some members."""
        self.members = [member for member in self.members if member not in members]
        if self.members and members:
            self._step = _step_of(self.members)


def _order(member: Member) -> tuple[int, int, float]:
    """Return the numbers of steps per epoch and of samples, and the highest rate of a schedule.

    Members that follow each other with the same rate are updated together.
    """
    schedule = vars(member.solver.schedule)
    rate = schedule.get("peak", schedule.get("rate", 0.0))
    return member.n_steps, len(member.dataset), rate if isinstance(rate, float) else 0.0


def _step_of(members: Sequence[Member]) -> OwnStep | StackedStep:
    """Return the step of these members."""
    return OwnStep(members[0]) if len(members) == 1 else StackedStep(members)


def group_members(members: Sequence[Member]) -> list[MemberBatch]:
    """Put members that can make their steps together into batches."""
    groups: dict[Any, list[Member]] = {}
    for member in members:
        group = _group_of(member) if len(members) > 1 else None
        groups.setdefault(group, []).append(member)
    return list(map(MemberBatch, groups.values()))


def _group_of(member: Member) -> Any:
    """Return what the members of a batch have in common."""
    dataset, batches, objective = member.dataset, member.solver.batches, member.objective
    layout, optimizer = layout_of(objective.network), member.solver.optimizer
    is_known = type(batches) in (EpochBatchSampler, ReplacementSampler)
    if layout is None or not is_known or not isinstance(dataset.X, np.ndarray):
        return id(member)
    if n_products(member) > MAX_STACKED_PRODUCTS:
        return id(member)
    full_batch = member.n_steps == 1
    return (
        layout,
        None if is_elementwise(optimizer) else tuple(objective.parameters.shapes),
        settings_of(optimizer),
        full_batch or settings_of(batches),
        dataset.dtype,
        dataset.order,
        dataset.Y.dtype,
        None if dataset.w is None else dataset.w.dtype,
    )


def n_products(member: Member) -> int:
    """Return the number of multiplications of a step in the forward pass of `Linear` layers."""
    return sum(layer_sizes(member.objective.network.modules)) * member.batch_size


def run_epochs(batches: Sequence[MemberBatch]) -> None:
    """Run an epoch of each batch: large ones in several threads, the others one after another.

    An error or Ctrl-C in one of them ends the epochs of all.
    """
    large = [batch for batch in batches if batch.is_large]
    generators = {id(batch.members[0].rng) for batch in large}
    if len(generators) < len(large):  # draws from a shared one have an order
        large = []

    def run_epoch(batch: MemberBatch) -> None:
        try:
            batch.run_epoch()
        except BaseException:
            for one in large:
                one.is_cancelled = True
            raise

    run_parallel([partial(run_epoch, batch) for batch in large])
    for batch in batches:
        if batch not in large:
            batch.run_epoch()
