"""Training: a solver with early stopping, a history, and recovery if training breaks off."""

import math
import time
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from sknn.engine._typing import Array, Rng
from sknn.engine.data import Dataset, ReplacementSampler
from sknn.engine.history import EarlyStopping, History, Snapshot
from sknn.engine.inference import raw_predict
from sknn.engine.objective import Objective
from sknn.engine.optimizers import SGD, State
from sknn.engine.schedules import as_schedule
from sknn.engine.solvers import MinibatchSolver, Solver, constant_loss

#: Called after each epoch with the history, whose last row is that of the epoch, and whether it is
#: the last epoch; True ends training.
OnEpoch: TypeAlias = Callable[[History, bool], bool | None]

#: The same for several networks, with the history of each.
OnEpochTogether: TypeAlias = Callable[[Sequence[History], bool], bool | None]

#: Training has diverged if the loss ends above this multiple of all of these: the loss of the best
#: constant prediction, of raw outputs of 0, of the network before training, and of earlier epochs;
#: after a single epoch, which may be a transient, above its square.
DIVERGED_RATIO = 10

#: Number of rows on which that is examined.
EXAMINED_ROWS = 1000


@dataclass
class Trainer:
    """A solver with early stopping, evaluation after each epoch and callbacks.

    Parameters
    ----------
    solver : Solver
        Minimises the objective.
    stopping : EarlyStopping, optional
        Called with the row of each epoch; without it all epochs are run.
    evaluate : callable, optional
        ``evaluate()`` is called after each epoch; the values that it returns are added to the row.
    restore_best_weights : bool, default=False
        Whether the network ends with the weights of the best epoch by `stopping`, not of the last.
    on_epoch : callable, optional
        ``on_epoch(history, last)`` is called after each epoch; `last` tells whether it is the last
        one. Training ends if it returns True.
    deadline : float, default=inf
        Training ends after the first epoch that ends later, by the monotonic clock.
    loss_scale : float, default=1.0
        Factor of the losses in the history, to convert them to the units of y.
    earlier_loss : float, default=0.0
        The largest loss of earlier calls, in the units of y.
    """

    solver: Solver
    stopping: EarlyStopping | None = None
    evaluate: Callable[[], dict[str, float]] | None = None
    restore_best_weights: bool = False
    on_epoch: OnEpoch | None = None
    deadline: float = math.inf
    loss_scale: float = 1.0
    earlier_loss: float = 0.0

    def train(
        self,
        objective: Objective,
        dataset: Dataset,
        *,
        state: State,
        epochs: int,
        rng: Rng,
        history: History | None = None,
    ) -> History:
        """Train the network of the objective in place; the history gets a row per finished epoch.

        The network always ends with the weights of a finished epoch: Ctrl-C and a loss or weight
        that is not finite restore those of the epoch before. If the outputs for the training data
        are not finite with them, those of one more epoch before are restored. If the loss ends far
        above that of the best constant prediction, the weights at the start of the epoch with the
        lowest loss are restored, or the initial ones if they are better.

        Parameters
        ----------
        objective : Objective
            Its parameters are trained, in place.
        dataset : Dataset
            The training data.
        state : dict
            The state of the solver, from its `init` or an earlier call; changed in place.
        epochs : int
            The largest number of epochs, including those of `history`.
        rng : RandomState or Generator
            Draws the order of the samples and the dropout masks.
        history : History, optional
            The history of an interrupted training that is resumed; changed in place.

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C before the first epoch is finished.
        """
        history = History() if history is None else history
        vector = objective.parameters.vector
        start = Snapshot(vector.copy(), _copy_state(state), len(history.rows))
        monitor = _EpochMonitor(
            self, objective, dataset, state, history, vector, start, start, start, start
        )
        epochs -= len(history.rows)
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                outcome = self.solver.run(
                    objective, dataset, monitor, state=state, epochs=epochs, rng=rng
                )
            if history.outcome == "max_iter":  # the monitor did not end it
                history.outcome = outcome
        except KeyboardInterrupt:
            monitor.roll_back(monitor.last)
            if not history.rows:
                raise
            history.outcome = "interrupted"
        history.kept_epoch = len(history.rows)
        best, history.best = history.best, None
        if self.restore_best_weights and best:
            monitor.restore(best)
            history.kept_epoch = best.epochs
        if history.outcome != "interrupted" and monitor.has_diverged():
            history.outcome = "diverged"
            monitor.roll_back_to_lowest()
            history.kept_epoch = len(history.rows)
        return history


@dataclass
class TrainingRun:
    """What the training of one network needs, for `train_together`.

    Parameters
    ----------
    trainer : Trainer
        The solver, early stopping and evaluation; its `on_epoch` and `deadline` are not used.
    objective, dataset, state, epochs, rng, history : object
        As in `Trainer.train`.
    """

    trainer: Trainer
    objective: Objective
    dataset: Dataset
    state: State
    epochs: int
    rng: Rng
    history: History = field(default_factory=History)


def train_together(
    runs: Sequence[TrainingRun],
    *,
    on_epoch: OnEpochTogether | None = None,
    deadline: float = math.inf,
) -> None:
    """Train several networks, each as if it were alone; see `Trainer.train`.

    The networks, states and histories of the runs are changed in place.

    Parameters
    ----------
    runs : sequence of TrainingRun
        The networks; none has a member axis.
    on_epoch : callable, optional
        ``on_epoch(histories, last)`` is called after each epoch; `last` tells whether it is the
        last one of all runs. All training ends if it returns True.
    deadline : float, default=inf
        Training ends after the first epoch that ends later, by the monotonic clock.
    """
    for i, run in enumerate(runs):

        def after_epoch(history: History, last: bool, i: int = i) -> bool | None:
            assert on_epoch is not None
            histories = [one.history for one in runs]
            return on_epoch(histories, last and i == len(runs) - 1)

        run.trainer.on_epoch = after_epoch if on_epoch else None
        run.trainer.deadline = deadline
        run.trainer.train(
            run.objective,
            run.dataset,
            state=run.state,
            epochs=run.epochs,
            rng=run.rng,
            history=run.history,
        )


@dataclass
class _EpochMonitor:
    """Called after each epoch: updates the history and returns whether training ends."""

    trainer: Trainer
    objective: Objective
    dataset: Dataset
    state: State
    history: History
    vector: Array
    last: Snapshot
    before_last: Snapshot
    initial: Snapshot
    best: Snapshot  # the weights at the start of the epoch with the lowest loss
    lowest_loss: float = math.inf
    initial_loss: float = math.inf  # of the initial weights, once training has diverged

    def __call__(self, loss: float, rate: float) -> bool:
        trainer, history, stopping = self.trainer, self.history, self.trainer.stopping
        history.rate = rate
        if not (math.isfinite(loss) and _is_finite(self.vector) and _is_finite(self.state)):
            self.roll_back(self.last)
            z = raw_predict(self.objective.network, self.dataset.X, self.vector.dtype)
            if not np.isfinite(z).all():
                self.roll_back(self.before_last)
            history.outcome = "diverged"
            return True
        row = {"loss": loss * trainer.loss_scale, "rate": rate}
        if trainer.evaluate:
            row |= trainer.evaluate()
        history.rows.append(row)
        history.kept_epoch = len(history.rows)
        converged = False
        if stopping and stopping(row):
            stopping.n_bad_epochs = 0  # restart the count, as training may go on
            converged = trainer.solver.on_plateau(self.state)
        if loss < self.lowest_loss:  # a mean over the epoch: it vouches for its initial weights
            self.lowest_loss, self.best = loss, self.last
        snapshot = Snapshot(self.vector.copy(), _copy_state(self.state), len(history.rows))
        self.before_last, self.last = self.last, snapshot
        if trainer.restore_best_weights and stopping and stopping.improved:
            history.best = self.last
        if converged:
            history.outcome = "converged"
        elif time.monotonic() > trainer.deadline:
            history.outcome = "max_time"
        is_last = history.outcome != "max_iter"
        if trainer.on_epoch and trainer.on_epoch(history, is_last) and not is_last:
            history.outcome = "callback"
        return history.outcome != "max_iter"

    def has_diverged(self) -> bool:
        """Return whether the finite loss is far too high; if so, add it to the history."""
        rows, scale, loss = self._examined_rows(), self.trainer.loss_scale, self.objective.loss
        earlier = self.trainer.earlier_loss / scale if scale else 0.0
        ratio = DIVERGED_RATIO if len(self.history) > 1 else DIVERGED_RATIO**2
        with np.errstate(over="ignore", invalid="ignore"):
            final = self._mean_loss(rows)
            if final <= ratio * earlier:
                return False
            baseline = constant_loss(loss, rows)
            zeros = constant_loss(loss, rows, np.zeros(1, rows.Y.dtype))
            if final <= ratio * max(baseline, zeros):
                return False
            trained = self.vector.copy()
            self.vector[...] = self.initial.vector
            self.initial_loss = self._mean_loss(rows)
            self.vector[...] = trained
        if final <= self.initial_loss:
            return False
        self.history.final_loss, self.history.baseline_loss = final * scale, baseline * scale
        return True

    def roll_back_to_lowest(self) -> None:
        """Restore the start of the epoch with the lowest loss, or the initial weights if better."""
        self.roll_back(self.best)
        with np.errstate(over="ignore", invalid="ignore"):
            if not self._mean_loss(self._examined_rows()) <= self.initial_loss:
                self.roll_back(self.initial)

    def _examined_rows(self) -> Dataset:
        """Return at most `EXAMINED_ROWS` rows, evenly spaced."""
        return Dataset(*self.dataset[:: -(-len(self.dataset) // EXAMINED_ROWS)])

    def _mean_loss(self, rows: Dataset) -> float:
        """Return the mean loss, without penalty, averaged over the members."""
        losses = self.objective.loss.value(self.objective.network.forward(rows.X), rows.Y)
        return float(np.average(losses.reshape(-1, len(rows)).mean(axis=0), weights=rows.w))

    def roll_back(self, snapshot: Snapshot) -> None:
        """Restore a snapshot and drop the rows of later epochs."""
        self.restore(snapshot)
        del self.history.rows[snapshot.epochs :]

    def restore(self, snapshot: Snapshot) -> None:
        """Restore the parameters and the solver's state."""
        self.vector[...] = snapshot.vector
        self.state.clear()
        self.state.update(_copy_state(snapshot.state))


def _copy_state(state: Any) -> Any:
    """Copy a state of arrays and numbers, ten times as fast as `deepcopy`."""
    if type(state) is not dict:
        return state.copy() if type(state) is np.ndarray else deepcopy(state)
    return dict(zip(state, map(_copy_state, state.values()), strict=True))


def _is_finite(state: Any) -> bool:
    """Return whether all numbers of an array, or of a state of arrays and numbers, are finite."""
    if isinstance(state, dict):
        return all(map(_is_finite, state.values()))
    array = np.asarray(state)
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def descend(
    objective: Objective,
    X: Array,
    Y: Array,
    *,
    rate: float | Callable[[int], float],
    steps: int,
    rng: Rng,
) -> History:
    """Run the textbook's stochastic gradient descent: T steps, each on one random sample.

    The history has one row with the mean loss; none if the steps diverged, see its `outcome`.

    Parameters
    ----------
    objective : Objective
        Its parameters are trained, in place.
    X, Y : arrays of shape (n, m) and (n, k)
        Inputs and targets.
    rate : float or callable
        The learning rate, or a function eta(t) of the step t = 0, 1, ...
    steps : int
        T, the number of samples drawn, with replacement.
    rng : RandomState or Generator
        Draws the samples.
    """
    solver = MinibatchSolver(SGD(), as_schedule(rate), ReplacementSampler(steps))
    state = solver.init(objective)
    return Trainer(solver).train(objective, Dataset(X, Y), state=state, epochs=1, rng=rng)
