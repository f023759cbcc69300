"""Training: a solver, watched epoch by epoch, and what is kept when it does not end well."""

import math
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from sknn.engine._typing import Array, Rng
from sknn.engine.data import Dataset, ReplacementSampler
from sknn.engine.history import EarlyStopping, History, Snapshot
from sknn.engine.inference import raw_predict
from sknn.engine.objective import Objective
from sknn.engine.optimizers import SGD, State
from sknn.engine.schedules import as_schedule
from sknn.engine.solvers import MinibatchSolver, Solver

#: Called after each epoch with the history, whose last row is that of the epoch, and whether it was
#: the last; True ends training.
OnEpoch: TypeAlias = Callable[[History, bool], bool | None]


@dataclass
class Trainer:
    """A solver, and who watches it.

    Parameters
    ----------
    solver : Solver
        Makes the objective small.
    stopping : EarlyStopping, optional
        Watches each epoch's row of the history; without it all epochs are run.
    evaluate : callable, optional
        ``evaluate()`` is called after each epoch; the numbers it returns go into the row.
    restore_best_weights : bool, default=False
        Whether training ends with the weights of the best epoch by `stopping`, not of the last.
    on_epoch : callable, optional
        ``on_epoch(history, last)`` is called after each epoch; `last` tells whether it ended
        training, and returning True ends it.
    deadline : float, default=inf
        The epoch that passes it, by the monotonic clock, is the last.
    loss_scale : float, default=1.0
        What the losses of the history are multiplied by, for them to be in the units of y.
    """

    solver: Solver
    stopping: EarlyStopping | None = None
    evaluate: Callable[[], dict[str, float]] | None = None
    restore_best_weights: bool = False
    on_epoch: OnEpoch | None = None
    deadline: float = math.inf
    loss_scale: float = 1.0

    def train(
        self,
        objective: Objective,
        samples: Dataset,
        *,
        state: State,
        epochs: int,
        rng: Rng,
        history: History | None = None,
    ) -> History:
        """Train the objective's network in place.

        Whatever ends training, the network is left as a finished epoch left it: Ctrl-C and a loss
        or a weight that is not finite take it back to the end of the epoch before, or of the one
        before that, if its answers to the samples are finite only there.

        Parameters
        ----------
        objective : Objective
            Whose parameters are trained, in place.
        samples : Samples
            What to learn from.
        state : dict
            What the solver's `init`, or an earlier call, left; changed in place.
        epochs : int
            How many at most, those of `history` included.
        rng : RandomState or Generator
            Draws the order of the samples.
        history : History, optional
            The epochs before, if training was broken off and goes on; changed in place.

        Returns
        -------
        history : History
            A row for each finished epoch.

        Raises
        ------
        KeyboardInterrupt
            If it comes before the first epoch is finished, when there is nothing new to keep.
        """
        watch = _Watch(self, objective, samples, state, History() if history is None else history)
        epochs -= len(watch.history)
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                outcome = self.solver.run(
                    objective, samples, watch, state=state, epochs=epochs, rng=rng
                )
            if watch.history.outcome == "max_iter":  # nobody ended it from outside
                watch.history.outcome = outcome
        except KeyboardInterrupt:
            watch.restore(watch.finished)
            if not watch.history.rows:
                raise
            watch.history.outcome = "interrupted"
        watch.history.kept = len(watch.history)
        best, watch.history.best = watch.history.best, None
        if self.restore_best_weights and best:
            watch.go_back(best)
            watch.history.kept = best.epochs
        return watch.history


class _Watch:
    """What is done after each epoch; calling it returns whether training ends."""

    def __init__(
        self,
        trainer: Trainer,
        objective: Objective,
        samples: Dataset,
        state: State,
        history: History,
    ) -> None:
        self.trainer = trainer
        self.network = objective.network
        self.samples = samples
        self.vector = objective.parameters.vector
        self.state = state
        self.history = history
        self.finished = self.before = self._snapshot()

    def __call__(self, loss: float, rate: float) -> bool:
        trainer, history = self.trainer, self.history
        history.rate = rate
        if not (math.isfinite(loss) and _is_finite(self.vector) and _is_finite(self.state)):
            self.restore(self.finished)
            if not self._answers_are_finite():
                self.restore(self.before)
            history.outcome = "diverged"
            return True
        row = {
            "loss": loss * trainer.loss_scale,
            "rate": rate,
            **(trainer.evaluate() if trainer.evaluate else {}),
        }
        history.rows.append(row)
        history.kept = len(history)
        ends = self._stalls(row) and trainer.solver.stalled(self.state)
        self.before, self.finished = self.finished, self._snapshot()
        if trainer.restore_best_weights and trainer.stopping and trainer.stopping.improved:
            history.best = self.finished
        if ends:
            history.outcome = "converged"
        elif time.monotonic() > trainer.deadline:
            history.outcome = "max_time"
        last = history.outcome != "max_iter"
        if trainer.on_epoch and trainer.on_epoch(history, last) and not last:
            history.outcome = "callback"
        return history.outcome != "max_iter"

    def restore(self, snapshot: Snapshot) -> None:
        """Put back what was there, and forget what came after."""
        self.go_back(snapshot)
        del self.history.rows[snapshot.epochs :]

    def go_back(self, snapshot: Snapshot) -> None:
        """Put back the weights and the solver's state."""
        self.vector[...] = snapshot.vector
        self.state.clear()
        self.state.update(_copied(snapshot.state))

    def _answers_are_finite(self) -> bool:
        """Tell whether the network can answer the samples at all."""
        z = raw_predict(self.network, self.samples.X, self.vector.dtype)
        return bool(np.isfinite(z).all())

    def _snapshot(self) -> Snapshot:
        return Snapshot(self.vector.copy(), _copied(self.state), len(self.history))

    def _stalls(self, row: dict[str, float]) -> bool:
        stopping = self.trainer.stopping
        if stopping is None or not stopping(row):
            return False
        stopping.n_bad_epochs = 0  # if training goes on, its patience begins anew
        return True


def _copied(state: Any) -> Any:
    """Copy a state of arrays and numbers, in a tenth of the time that `deepcopy` takes."""
    if type(state) is dict:
        return {name: _copied(value) for name, value in state.items()}
    return state.copy() if type(state) is np.ndarray else deepcopy(state)


def _is_finite(state: Any) -> bool:
    """Tell whether every number is finite, in an array or in a state of arrays and numbers."""
    if isinstance(state, dict):
        return all(_is_finite(value) for value in state.values())
    numbers = np.asarray(state)
    return numbers.dtype.kind not in "fc" or bool(np.isfinite(numbers).all())


def descend(
    objective: Objective,
    X: Array,
    Y: Array,
    *,
    rate: float | Callable[[int], float],
    steps: int,
    rng: Rng,
) -> History:
    """Run the textbook's stochastic gradient descent: T draws with replacement, a step each.

    Parameters
    ----------
    objective : Objective
        Whose parameters are trained, in place.
    X, Y : arrays of shape (n, m) and (n, k)
        Inputs, and what the raw outputs should say.
    rate : float or callable
        The learning rate, or a function eta(t) of the step t = 0, 1, ...
    steps : int
        T, the number of draws.
    rng : RandomState or Generator
        Draws the samples.

    Returns
    -------
    history : History
        A single row, the mean loss over the draws; none if they diverged, which its outcome says.
    """
    solver = MinibatchSolver(SGD(), as_schedule(rate), ReplacementSampler(steps))
    state = solver.init(objective)
    return Trainer(solver).train(objective, Dataset(X, Y), state=state, epochs=1, rng=rng)
