"""Solvers: ways to make an objective small, which report after every epoch."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from sknn.engine._typing import Array, Rng
from sknn.engine.data import BatchSampler, Dataset
from sknn.engine.history import Outcome
from sknn.engine.losses import Loss
from sknn.engine.objective import Objective
from sknn.engine.optimizers import Optimizer, State
from sknn.engine.schedules import Schedule

#: Told the loss and the learning rate of each finished epoch; returns whether training is to end.
AfterEpoch: TypeAlias = Callable[[float, float], bool]


#: The part of the last step in the running mean of the loss.
RECENT = 0.05


class Solver(ABC):
    """A way to make an objective small."""

    @abstractmethod
    def init(self, objective: Objective) -> State:
        """Return the state before the first epoch.

        Parameters
        ----------
        objective : Objective
            What is to be made small.

        Returns
        -------
        state : dict
            Arrays and numbers; `run` changes it in place.
        """

    @abstractmethod
    def run(
        self,
        objective: Objective,
        samples: Dataset,
        after_epoch: AfterEpoch,
        *,
        state: State,
        epochs: int,
        rng: Rng,
    ) -> Outcome:
        """Train the objective's network in place until told to end.

        Parameters
        ----------
        objective : Objective
            Whose parameters are trained.
        samples : Samples
            What to learn from.
        after_epoch : callable
            ``after_epoch(loss, rate)`` is called after each epoch; if it returns True, that was
            the last. A loss that is not finite says that the epoch was broken off.
        state : dict
            What `init`, or an earlier call, left; changed in place.
        epochs : int
            How many at most.
        rng : RandomState or Generator
            Draws what is random.

        Returns
        -------
        outcome : str
            What the solver itself has to say: "max_iter", unless it knows that it "converged",
            "schedule_finished" its schedule or is "line_search_failed".
        """

    def stalled(self, state: State) -> bool:
        """Hear that training no longer improves; return whether it should end.

        Parameters
        ----------
        state : dict
            What `init` gave; changed in place.
        """
        return True


@dataclass
class MinibatchSolver(Solver):
    """Stochastic gradient descent and its descendants.

    Parameters
    ----------
    optimizer : Optimizer
        Turns gradients into steps.
    schedule : Schedule
        The learning rate of each step.
    batches : Batches
        The rows of each step.
    weight_decay : float, default=0.0
        Decoupled decay: before each step the weights, not the offsets, shrink by the factor
        ``1 - rate * weight_decay``. Loshchilov and Hutter (2019), "Decoupled Weight Decay
        Regularization".
    weight_decay_loss_power : float, default=0.0
        The power of the share of the loss that is still to be explained, which the decay is
        multiplied by: the running mean of the loss over that of the best constant answer, at most
        1. Where the samples are free of noise the decay fades away. With squared errors, 1 is the
        decay that belongs to a noise of unknown variance, which the loss estimates.
    max_grad_norm : float, default=inf
        Gradients longer than this are shortened to it, each member's by itself. Pascanu, Mikolov
        and Bengio (2013), "On the Difficulty of Training Recurrent Neural Networks", algorithm 1.
    """

    optimizer: Optimizer
    schedule: Schedule
    batches: BatchSampler
    weight_decay: float = 0.0
    weight_decay_loss_power: float = 0.0
    max_grad_norm: float = math.inf

    def init(self, objective: Objective) -> State:
        """Return the optimizer's state, that no step was made, nothing stalled or explained."""
        optimizer = self.optimizer.init(objective.parameters.vector)
        return {"steps": 0, "stalls": 0, "unexplained": 1.0, "optimizer": optimizer}

    def run(
        self,
        objective: Objective,
        samples: Dataset,
        after_epoch: AfterEpoch,
        *,
        state: State,
        epochs: int,
        rng: Rng,
    ) -> Outcome:
        """Run through the batches, epoch after epoch; whether that converged is not known."""
        take = samples.batch if self.batches.in_range else samples.__getitem__
        thinning = rng if objective.network.is_stochastic else None
        members = math.prod(objective.members)
        constant_loss = self._constant_loss(objective.loss, samples)
        for _ in range(epochs):
            total, seen = 0.0, 0
            for rows in self.batches(len(samples), rng):
                X, Y, w = take(rows)
                rate = self.schedule(state["steps"], state["stalls"])
                loss = objective.value_and_gradient(X, Y, w, rng=thinning)
                total += loss * Y.shape[-2]
                seen += Y.shape[-2]
                if not math.isfinite(loss):
                    break
                if constant_loss > 0:
                    share = loss / members / constant_loss
                    state["unexplained"] += RECENT * (share - state["unexplained"])
                self._step(objective, state, rate)
            if after_epoch(total / seen / members, rate):
                break
        return "schedule_finished" if self.schedule.is_complete(state["steps"]) else "max_iter"

    def stalled(self, state: State) -> bool:
        """Ask the schedule, which may slow down instead of ending."""
        ends = self.schedule.ends(state["stalls"])
        state["stalls"] += 1
        return ends

    def _constant_loss(self, loss: Loss, samples: Dataset) -> float:
        """Return the mean loss of the best constant answer, if somebody asks for it; else 0."""
        if not (self.weight_decay and self.weight_decay_loss_power):
            return 0.0
        Y, w = samples.Y, samples.w
        answer = np.broadcast_to(loss.fit_intercept_only(Y, w), Y.shape)
        return float(np.average(loss.value(answer, Y), weights=w))

    def _step(self, objective: Objective, state: State, rate: float) -> None:
        """Make one step against the gradient that the objective holds."""
        parameters = objective.parameters
        if self.max_grad_norm < math.inf:
            for gradient in parameters.gradients_by_member(len(objective.members)):
                clip_norm(gradient, self.max_grad_norm)
        if self.weight_decay:
            share = min(state["unexplained"], 1.0) ** self.weight_decay_loss_power
            parameters.weights *= 1 - rate * self.weight_decay * share
        params, grads = parameters.vector, parameters.gradient
        if self.optimizer.step(params, grads, state["optimizer"], rate) is not None:
            raise TypeError(
                f"{type(self.optimizer).__name__}.step must change params in place (params -= ...) "
                "and return nothing."
            )
        state["steps"] += 1


def clip_norm(gradient: Sequence[Array], largest: float) -> None:
    """Shorten a gradient, given in parts, to a length of `largest`, in place, if it is longer."""
    flat = [part.ravel() for part in gradient]
    squares = [np.einsum("i,i->", part, part, dtype=np.float64) for part in flat]
    norm = math.sqrt(sum(squares))
    if norm > largest:
        for part in gradient:
            part *= largest / norm
