"""Steps of mini-batch training: of one network on its own arrays, of several on stacked ones."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sknn.engine._typing import Array
from sknn.engine.objective import Objective
from sknn.engine.optimizers import BoundStep, State, bind_optimizer, is_elementwise
from sknn.engine.stacking import (
    MemberDropoutMask,
    MemberModules,
    first_members,
    stack_losses,
    stack_networks,
)

if TYPE_CHECKING:
    from sknn.engine.members import Member

#: The inputs and targets of a batch, and for each member its part of both.
Buffers: TypeAlias = tuple[Array, Array, list[tuple[Array, Array]]]


class OwnStep:
    """The step of a single member, on its own arrays."""

    def __init__(self, member: "Member") -> None:
        self.member = member
        self.state: State | None = None  # the state of the optimizer that `make_step` updates

    def compute_gradients(self, active: Sequence["Member"]) -> bool:
        """Compute the loss and the gradient of the next batch; return whether it is finite."""
        member = self.member
        X, Y, w = member.take(member.rows)
        loss = member.objective.value_and_gradient(X, Y, w, rng=member.dropout_rng)
        member.record(loss, len(Y))
        return member.is_finite

    def update(self, active: Sequence["Member"]) -> None:
        """Make the optimizer's step."""
        member = self.member
        if member.solver.changes_gradient_or_weights:
            parameters = member.objective.parameters
            member.solver.prepare_step(
                parameters.weights, parameters.gradient, member.state, member.rate
            )
        if member.state["optimizer"] is not self.state:  # at the first step, and after a rollback
            state, parameters = member.state["optimizer"], member.objective.parameters
            vectors = parameters.vector, parameters.gradient
            self.make_step = bind_optimizer(member.solver.optimizer, *vectors, state)
            self.state = state
        self.make_step(member.rate)
        member.state["steps"] += 1

    def finish_epoch(self) -> None:
        """Do nothing: the member's own arrays are up to date."""

    def finite_members(self) -> set["Member"]:
        """Return no member: nothing is known."""
        return set()


class StackedStep:
    """The step of several members, whose parameters are the rows of a matrix."""

    def __init__(self, members: Sequence["Member"]) -> None:
        self.members = list(members)
        networks = [member.objective.network for member in members]
        inputs = [member.dataset[:1][0] for member in members]
        n = max(member.batch_size for member in members)
        network = stack_networks(networks, inputs, n)
        losses = stack_losses([member.objective.loss for member in members])
        self.alphas = [member.objective.alpha for member in members]
        self.prepares = [member.solver.changes_gradient_or_weights for member in members]
        objective = Objective(network, losses, self.alphas)
        for module in network.modules:
            if isinstance(module, MemberModules):
                module.bind()
        self.objectives = {len(members): objective}
        self.parameters = objective.parameters
        self.masks = [one for one in network.modules if isinstance(one, MemberDropoutMask)]
        self.widths = [u.shape[1] for u in inputs]
        self.buffers: dict[tuple[int, int], Buffers] = {}
        self.bound: dict[tuple[int, int], tuple[State, BoundStep]] = {}
        self._copy_members()

    def _copy_members(self) -> None:
        """Copy the members' parameters and optimizer states to the rows of matrices."""
        first = self.members[0]
        vector, state = self.parameters.vector, first.state["optimizer"]
        self.own = [
            _own_elements(self.parameters.shapes, member.objective.parameters.shapes)
            for member in self.members
        ]
        self.moments: dict[str, Array] = {}
        if is_elementwise(first.solver.optimizer):
            names = [name for name, value in state.items() if isinstance(value, np.ndarray)]
            self.moments = {name: np.zeros_like(vector) for name in names}
        self.counters = [name for name in state if name not in self.moments]
        for i, (member, own) in enumerate(zip(self.members, self.own, strict=True)):
            vector[i, own] = member.objective.parameters.vector
            for name, matrix in self.moments.items():
                matrix[i, own] = member.state["optimizer"][name]

    def finish_epoch(self) -> None:
        """Copy the rows of the matrices to the members' own arrays."""
        for i, (member, own) in enumerate(zip(self.members, self.own, strict=True)):
            member.objective.parameters.vector[...] = self.parameters.vector[i, own]
            for name, matrix in self.moments.items():
                member.state["optimizer"][name][...] = matrix[i, own]

    def finite_members(self) -> set["Member"]:
        """Return members whose parameters and states are known to be finite."""
        if not self.moments:  # the optimizer may have another state, which is not checked here
            return set()
        losses = [member.state["relative_loss"] for member in self.members]
        matrices = self.parameters.vector, *self.moments.values()
        with np.errstate(over="ignore", invalid="ignore"):
            sums = np.stack([losses, *(matrix.sum(axis=1) for matrix in matrices)])
        finite: Array = np.isfinite(sums).all(axis=0)
        return {self.members[i] for i in np.flatnonzero(finite)}

    def compute_gradients(self, active: Sequence["Member"]) -> bool:
        """Compute the losses and gradients of the first members; return whether any is finite.

        Their batches may be of unequal sizes.
        """
        counts = [_count(member.rows) for member in active]
        g, b = len(active), max(counts)
        X, Y, views = self._buffers(g, b)
        for member, own in zip(active, views, strict=True):
            member.dataset.write_batch(member.rows, *own)
        for mask in self.masks:
            for i, member in enumerate(active):
                if member.is_finite:
                    mask.draw(i, counts[i], member.rng)
        w = self._weights(active, counts)
        of_members = None if counts.count(b) == g else counts
        losses = self._objective(g).value_and_gradient(X, Y, w, counts=of_members)
        for member, loss, count in zip(active, losses.tolist(), counts, strict=True):
            member.record(loss, count)
        return any(member.is_finite for member in active)

    def _weights(self, active: Sequence["Member"], counts: Sequence[int]) -> Array | None:
        """Return the sample weights of a batch, shape (g, b), if there are any."""
        given = active[0].dataset.w
        if given is None:
            return None
        w = np.zeros((len(active), max(counts)), given.dtype)
        for own, member, count in zip(w, active, counts, strict=True):
            assert member.dataset.w is not None
            own[:count] = member.dataset.w[member.rows]
        return w

    def _buffers(self, g: int, b: int) -> Buffers:
        """Return arrays for the inputs and targets of g members with b samples."""
        if (g, b) not in self.buffers:
            dataset = self.members[0].dataset
            width = max(self.widths)
            X = np.zeros((g, b, width), dataset.dtype)
            if dataset.order == "F":
                X = np.zeros((g, width, b), dataset.dtype).swapaxes(-1, -2)
            Y = np.zeros((g, b, dataset.Y.shape[1]), dataset.Y.dtype)
            views = [(X[i, :, : self.widths[i]], Y[i]) for i in range(g)]
            self.buffers[g, b] = X, Y, views
        return self.buffers[g, b]

    def _objective(self, g: int) -> Objective:
        """Return the objective of the first g members."""
        if g not in self.objectives:
            whole = self.objectives[len(self.members)]
            network = first_members(whole.network, g)
            self.objectives[g] = Objective(network, whole.loss, self.alphas[:g], whole)
        return self.objectives[g]

    def update(self, active: Sequence["Member"]) -> None:
        """Make the optimizer's step, of all members by one call if it is the same for all."""
        going = [(i, member) for i, member in enumerate(active) if member.is_finite]
        for i, member in going:
            if self.prepares[i]:
                rows = self.parameters.weights[i], self.parameters.gradient[i]
                member.solver.prepare_step(*rows, member.state, member.rate)
        if self.moments:
            for start, stop in self._equal_rows(active):
                self._update_rows(start, stop, active)
        else:
            for i, member in going:
                self._update_one(i, member)
        for _, member in going:
            member.state["steps"] += 1

    def _equal_rows(self, active: Sequence["Member"]) -> list[tuple[int, int]]:
        """Return ranges of rows whose members have the same rate and counters of the optimizer.

        The rows of members that are not finite any more are in any range.
        """
        ranges: list[tuple[int, int]] = []
        start, step = 0, None
        for i, member in enumerate(active):
            if not member.is_finite:
                continue
            state = member.state["optimizer"]
            own = (member.rate, *(state[name] for name in self.counters))
            if step is not None and own != step:
                ranges.append((start, i))
                start = i
            step = own
        return [*ranges, (start, len(active))]

    def _update_rows(self, start: int, stop: int, active: Sequence["Member"]) -> None:
        """Make one step for some rows; the counters of their members are updated."""
        members = [member for member in active[start:stop] if member.is_finite]
        first = members[0]
        if (start, stop) not in self.bound:
            matrices = self.parameters.vector, self.parameters.gradient, *self.moments.values()
            vector, gradient, *moments = (one[start:stop].reshape(-1) for one in matrices)
            state = dict(zip(self.moments, moments, strict=True))
            step = bind_optimizer(first.solver.optimizer, vector, gradient, state)
            self.bound[start, stop] = state, step
        state, step = self.bound[start, stop]
        for name in self.counters:
            state[name] = first.state["optimizer"][name]
        step(first.rate)
        for name in self.counters:
            for member in members:
                member.state["optimizer"][name] = state[name]

    def _update_one(self, i: int, member: "Member") -> None:
        """Make the step of member i."""
        vector, gradient = self.parameters.vector[i], self.parameters.gradient[i]
        state = member.state["optimizer"]
        bind_optimizer(member.solver.optimizer, vector, gradient, state)(member.rate)


def _own_elements(shapes: Sequence[tuple[int, ...]], own: Sequence[tuple[int, ...]]) -> Any:
    """Return where in a row of padded arrays the elements of a member are, a slice or numbers."""
    if list(shapes) == list(own):
        return slice(None)
    found, start = [], 0
    for shape, own_shape in zip(shapes, own, strict=True):
        stop = start + math.prod(shape)
        positions = np.arange(start, stop).reshape(shape)
        found.append(positions[tuple(map(slice, own_shape))].ravel())
        start = stop
    return np.concatenate(found)


def _count(rows: Any) -> int:
    """Return the number of rows of a slice or an array."""
    return rows.stop - rows.start if isinstance(rows, slice) else len(rows)
