"""Solvers: algorithms that minimise an objective, and report after every epoch."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.optimize import minimize

from sknn.engine._typing import Array, Rng
from sknn.engine.data import BatchSampler, Dataset
from sknn.engine.history import Outcome
from sknn.engine.losses import Loss
from sknn.engine.members import Member, MemberBatch
from sknn.engine.objective import Objective
from sknn.engine.optimizers import Optimizer, State
from sknn.engine.schedules import Schedule

#: Called with the loss and the learning rate of each finished epoch; True ends training.
AfterEpoch: TypeAlias = Callable[[float, float], bool]

#: Weight of the current step in the moving average of the loss.
LOSS_SMOOTHING = 0.05

#: Outcomes by the status of SciPy's L-BFGS-B; status 2 is a failed line search.
LBFGS_OUTCOMES: Mapping[int, Outcome] = {0: "converged", 1: "max_iter"}


class Solver(ABC):
    """An algorithm that minimises an objective."""

    @abstractmethod
    def init(self, objective: Objective) -> State:
        """Return the state before the first epoch: arrays and numbers, by name.

        Parameters
        ----------
        objective : Objective
            The objective to minimise.
        """

    @abstractmethod
    def run(
        self,
        objective: Objective,
        dataset: Dataset,
        after_epoch: AfterEpoch,
        *,
        state: State,
        epochs: int,
        rng: Rng,
    ) -> Outcome:
        """Train the network of the objective in place, and return why training ended.

        This is "max_iter", or "converged", "schedule_finished" or "line_search_failed" if the
        solver itself ended training.

        Parameters
        ----------
        objective : Objective
            Its parameters are trained.
        dataset : Dataset
            The training data.
        after_epoch : callable
            ``after_epoch(loss, rate)`` is called after each epoch; if it returns True, training
            ends. With a loss that is not finite, the solver has broken off the epoch.
        state : dict
            The state, from `init` or an earlier call; changed in place.
        epochs : int
            The largest number of epochs.
        rng : RandomState or Generator
            The source of randomness.
        """

    def on_plateau(self, state: State) -> bool:
        """Return whether training should end now that the monitored quantity stopped improving.

        Parameters
        ----------
        state : dict
            The state, from `init`; changed in place.
        """
        return True


@dataclass
class MinibatchSolver(Solver):
    """Stochastic gradient descent: in each step an optimizer uses the gradient on a batch.

    Parameters
    ----------
    optimizer : Optimizer
        Turns gradients into steps.
    schedule : Schedule
        The learning rate of each step.
    batches : BatchSampler
        The rows of each step.
    weight_decay : float, default=0.0
        Decoupled decay: before each step the weights, not the offsets, are multiplied by
        ``1 - rate * weight_decay``. Loshchilov and Hutter (2019), "Decoupled Weight Decay
        Regularization".
    weight_decay_loss_power : float, default=0.0
        Exponent p: the decay is multiplied by ``min(1, ema(loss) / baseline_loss) ** p``, where
        baseline_loss is that of the best constant prediction and ema an exponential moving average.
        On data without noise the decay tends to 0. With squared errors, p = 1 is the decay that
        belongs to noise of unknown variance, which the loss estimates.
    max_grad_norm : float, default=inf
        Gradients with a larger norm are scaled down to it. Pascanu, Mikolov and Bengio (2013), "On
        the Difficulty of Training Recurrent Neural Networks", algorithm 1.
    """

    optimizer: Optimizer
    schedule: Schedule
    batches: BatchSampler
    weight_decay: float = 0.0
    weight_decay_loss_power: float = 0.0
    max_grad_norm: float = math.inf

    def init(self, objective: Objective) -> State:
        """Return the counts of steps and plateaus, the relative loss and the optimizer's state."""
        optimizer = self.optimizer.init(objective.parameters.vector)
        return {"steps": 0, "n_plateaus": 0, "relative_loss": 1.0, "optimizer": optimizer}

    def run(
        self,
        objective: Objective,
        dataset: Dataset,
        after_epoch: AfterEpoch,
        *,
        state: State,
        epochs: int,
        rng: Rng,
    ) -> Outcome:
        """Make a step for each batch of each epoch; convergence is not detected."""
        member = Member(self, objective, dataset, state, rng)
        batch = MemberBatch([member])
        for _ in range(epochs):
            batch.run_epoch()
            if after_epoch(member.loss, member.rate):
                break
        return self.outcome(state)

    def outcome(self, state: State) -> Outcome:
        """Return why training ended when all epochs were run.

        Parameters
        ----------
        state : dict
            The state after the last epoch.
        """
        return "schedule_finished" if self.schedule.is_complete(state["steps"]) else "max_iter"

    def on_plateau(self, state: State) -> bool:
        """Return whether the schedule ends training; `Adaptive` reduces the rate instead."""
        stops = self.schedule.stops_at_plateau(state["n_plateaus"])
        state["n_plateaus"] += 1
        return stops

    def baseline_loss(self, objective: Objective, dataset: Dataset) -> float:
        """Return the loss of the best constant prediction, 0 if the decay does not depend on it.

        Parameters
        ----------
        objective : Objective
            It has the loss.
        dataset : Dataset
            The training data.
        """
        if self.weight_decay and self.weight_decay_loss_power:
            return constant_loss(objective.loss, dataset)
        return 0.0

    def update_relative_loss(self, state: State, relative_loss: float) -> None:
        """Update the moving average of ``loss / baseline_loss``.

        Parameters
        ----------
        state : dict
            The state; changed in place.
        relative_loss : float
            The ratio for the current batch.
        """
        change = relative_loss - state["relative_loss"]
        state["relative_loss"] += LOSS_SMOOTHING * change

    @property
    def changes_gradient_or_weights(self) -> bool:
        """Whether `prepare_step` does anything."""
        is_own = type(self).prepare_step is not MinibatchSolver.prepare_step
        return is_own or self.weight_decay != 0 or self.max_grad_norm < math.inf

    def prepare_step(self, weights: Array, gradient: Array, state: State, rate: float) -> None:
        """Clip the gradient of all parameters and decay the weights, in place.

        Parameters
        ----------
        weights : array of shape (n_weights,)
            The weights of one network.
        gradient : array of shape (n_parameters,)
            The gradient of all its parameters.
        state : dict
            Its state.
        rate : float
            The learning rate of the step.
        """
        if self.max_grad_norm < math.inf:
            clip_grad_norm([gradient], self.max_grad_norm)
        if self.weight_decay:
            factor = min(state["relative_loss"], 1.0) ** self.weight_decay_loss_power
            weights *= 1 - rate * self.weight_decay * factor


def constant_loss(loss: Loss, dataset: Dataset, z: Array | None = None) -> float:
    """Return the mean loss of constant raw outputs; by default of the best ones."""
    Y, w = dataset.Y, dataset.w
    z = np.broadcast_to(loss.fit_intercept_only(Y, w) if z is None else z, Y.shape)
    return float(np.average(loss.value(z, Y), weights=w))


def clip_grad_norm(gradients: Sequence[Array], max_norm: float) -> None:
    """Scale gradients in place so that their total norm is at most `max_norm`."""
    flat = map(np.ravel, gradients)
    norm = math.sqrt(sum(np.einsum("i,i->", array, array, dtype=np.float64) for array in flat))
    if norm > max_norm:
        for gradient in gradients:
            gradient *= max_norm / norm


@dataclass
class LBFGS(Solver):
    """The quasi-Newton method of Byrd, Lu, Nocedal and Zhu (1995); an epoch is an iteration.

    Parameters
    ----------
    tol : float, default=1e-4
        Training has converged when no component of the gradient is larger.
    max_fun : int, default=15000
        The largest number of evaluations of the objective.
    """

    tol: float = 1e-4
    max_fun: int = 15000

    def init(self, objective: Objective) -> State:
        """Return an empty state: each run starts with a new approximation of the Hessian."""
        return {}

    def run(
        self,
        objective: Objective,
        dataset: Dataset,
        after_epoch: AfterEpoch,
        *,
        state: State,
        epochs: int,
        rng: Rng,
    ) -> Outcome:
        """Minimise on all samples at once; the reported rate is NaN."""
        parameters = objective.parameters
        X, Y, w = dataset[:]
        loss, iterations = math.nan, 0

        def value_and_gradient(vector: Array) -> tuple[float, Array]:
            nonlocal loss
            parameters.vector[...] = vector
            loss = objective.value_and_gradient(X, Y, w)
            return loss, parameters.gradient.astype(np.float64)

        def after_iteration(vector: Array) -> None:
            nonlocal iterations
            iterations += 1
            parameters.vector[...] = vector
            if after_epoch(loss, math.nan):
                raise _StopTrainingError

        start = parameters.vector.astype(np.float64)
        options = {"maxiter": epochs, "maxfun": self.max_fun, "gtol": self.tol}
        settings = {"method": "L-BFGS-B", "jac": True, "options": options}
        try:
            result = minimize(value_and_gradient, start, callback=after_iteration, **settings)
            if not iterations:  # it starts at a minimum, or where the loss is not finite
                after_iteration(result.x)
        except _StopTrainingError:
            return "max_iter"
        parameters.vector[...] = result.x
        return LBFGS_OUTCOMES.get(result.status, "line_search_failed")


class _StopTrainingError(Exception):
    """Raised to leave SciPy's loop when `after_epoch` ends training."""
