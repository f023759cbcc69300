"""The record of a training epoch by epoch, early stopping, and recovery from divergence."""

import math
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from sknn.engine._linalg import has_finite_sum
from sknn.engine.data import Dataset
from sknn.engine.history import Outcome, Snapshot
from sknn.engine.inference import raw_predict
from sknn.engine.solvers import constant_loss

if TYPE_CHECKING:
    from sknn.engine.training import TrainingRun

#: Training has diverged if the loss ends above this multiple of all of these: the loss of the best
#: constant prediction, of raw outputs of 0, of the network before training, and of earlier epochs;
#: after a single epoch, which may be a transient, above its square.
DIVERGED_RATIO = 10

#: Largest number of rows for which these losses are computed.
EXAMINED_ROWS = 1000


class EpochMonitor:
    """History, snapshots and outcome of a run; called after each epoch."""

    def __init__(self, run: "TrainingRun") -> None:
        self.run, self.trainer, self.history = run, run.trainer, run.history
        self.objective, self.dataset, self.state = run.objective, run.dataset, run.state
        self.vector = run.objective.parameters.vector
        start = Snapshot(self.vector.copy(), _copy_state(run.state), len(run.history.rows))
        self.initial = self.before_last = self.last = start
        if run.initial is not None:
            self.initial = Snapshot(run.initial, run.trainer.solver.init(run.objective), 0)
        self.best = start  # the weights at the start of the epoch with the lowest loss
        self.lowest_loss = math.inf
        self.initial_loss = math.inf  # of the initial weights, once training has diverged
        self.finished_epoch = False
        self.outcome: Outcome | None = None  # the solver's reason for the end of training

    @property
    def is_finished(self) -> bool:
        """Whether `finish` was called before: other weights than the last ones are kept."""
        kept_best = 0 < self.history.kept_epoch < len(self.history.rows)
        return self.has_stopped or (kept_best and not self.run.epochs_left)

    @property
    def has_stopped(self) -> bool:
        """Whether training ended otherwise than by the number of epochs."""
        return self.history.outcome != "max_iter"

    @property
    def continues(self) -> bool:
        """Whether there is another epoch."""
        return not self.has_stopped and self.run.epochs_left > 0

    def __call__(self, loss: float, rate: float, *, known_finite: bool = False) -> bool:
        """Record an epoch; return whether training ends.

        With `known_finite`, the parameters and the state are known to be finite.
        """
        trainer, history, stopping = self.trainer, self.history, self.trainer.stopping
        history.rate = rate
        self.finished_epoch = False
        known_finite = known_finite or (is_finite(self.vector) and is_finite(self.state))
        if not (math.isfinite(loss) and known_finite):
            self.roll_back(self.last)
            z = raw_predict(self.objective.network, self.dataset.inputs(), self.vector.dtype)
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
            stopping.restart()
            converged = trainer.solver.on_plateau(self.state)
        if loss < self.lowest_loss:  # the mean over an epoch rates the weights at its start
            self.lowest_loss, self.best = loss, self.last
        snapshot = Snapshot(self.vector.copy(), _copy_state(self.state), len(history.rows))
        self.before_last, self.last = self.last, snapshot
        if trainer.restore_best_weights and stopping and stopping.improved:
            history.best = self.last
        if converged:
            history.outcome = "converged"
        self.finished_epoch = True
        return converged

    def finish(self) -> None:
        """End training: name the outcome, restore the best epoch, and see if training diverged."""
        history = self.history
        if history.outcome == "max_iter":  # nothing else ended it
            solver: Any = self.trainer.solver
            history.outcome = self.outcome or solver.outcome(self.state)
        history.kept_epoch = len(history.rows)
        best, history.best = history.best, None
        if self.trainer.restore_best_weights and best:
            self.restore(best)
            history.kept_epoch = best.epochs
        if history.outcome != "interrupted" and self.has_diverged():
            history.outcome = "diverged"
            self.roll_back_to_lowest()
            history.kept_epoch = len(history.rows)

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
        """Return the mean loss, without penalty."""
        losses = self.objective.loss.value(self.objective.network.forward(rows.X), rows.Y)
        return float(np.average(losses, weights=rows.w))

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
    kind = type(state)
    if kind is dict:
        return dict(zip(state, map(_copy_state, state.values()), strict=True))
    if kind is np.ndarray:
        return state.copy()
    return state if kind is int or kind is float else deepcopy(state)


def is_finite(state: Any) -> bool:
    """Return whether all numbers of an array, or of a state of arrays and numbers, are finite."""
    if isinstance(state, dict):
        return all(map(is_finite, state.values()))
    if isinstance(state, int | float):
        return math.isfinite(state)
    array = np.asarray(state)
    if array.dtype.kind not in "fc":
        return True
    return (array.dtype.kind == "f" and has_finite_sum(array)) or bool(np.isfinite(array).all())
