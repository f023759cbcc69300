"""Training: a solver with early stopping, a history, and recovery from divergence and Ctrl-C."""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from sknn.engine._typing import Array, Rng
from sknn.engine.data import Dataset, ReplacementSampler
from sknn.engine.history import EarlyStopping, History
from sknn.engine.members import Member, MemberBatch, group_members, run_epochs
from sknn.engine.monitor import EpochMonitor
from sknn.engine.objective import Objective
from sknn.engine.optimizers import SGD, State
from sknn.engine.schedules import as_schedule
from sknn.engine.solvers import MinibatchSolver, Solver

#: Called after each epoch with the history, whose last row is that of the epoch, and whether it is
#: the last epoch; True ends training.
OnEpoch: TypeAlias = Callable[[History, bool], bool | None]

#: The same for several networks, with the history of each.
OnEpochTogether: TypeAlias = Callable[[Sequence[History], bool], bool | None]

#: Puts networks into batches, each of which makes an epoch of its members at a time.
Grouping: TypeAlias = Callable[[Sequence[Member]], list[MemberBatch]]


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
        run = TrainingRun(self, objective, dataset, state, epochs, rng)
        if history is not None:
            run.history = history
        on_epoch = self.on_epoch

        def after_epoch(histories: Sequence[History], last: bool) -> bool | None:
            assert on_epoch is not None
            return on_epoch(histories[0], last)

        train_together([run], on_epoch=after_epoch if on_epoch else None, deadline=self.deadline)
        return run.history


@dataclass
class TrainingRun:
    """The arguments of the training of one network, for `train_together`.

    Parameters
    ----------
    trainer : Trainer
        The solver, early stopping and evaluation; its `on_epoch` and `deadline` are not used.
    objective, dataset, state, epochs, rng, history : object
        As in `Trainer.train`.
    initial : array, optional
        The parameters before the epochs of `history`, if it is resumed; else those of the
        objective. A run that diverges is compared with them.
    """

    trainer: Trainer
    objective: Objective
    dataset: Dataset
    state: State
    epochs: int
    rng: Rng
    history: History = field(default_factory=History)
    initial: Array | None = None

    @property
    def epochs_left(self) -> int:
        """The number of epochs that may still be run."""
        return max(0, self.epochs - len(self.history.rows))

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The solver, objective, dataset, state and generator."""
        return self.trainer.solver, self.objective, self.dataset, self.state, self.rng


def train_together(
    runs: Sequence[TrainingRun],
    *,
    on_epoch: OnEpochTogether | None = None,
    deadline: float = math.inf,
    group: Grouping = group_members,
) -> None:
    """Train several networks, each as if it were alone; see `Trainer.train`.

    The networks, states and histories of the runs are changed in place; between epochs they are up
    to date. Networks of the same layers make their steps together, which takes less time if they
    are small. A run whose history has another outcome than "max_iter" has ended and stays as it is.
    A run that ends before the others is finished at once, before `on_epoch` is called. L-BFGS and
    other solvers with a loop of their own train one network after the other, each in an equal share
    of the time that is left.

    Parameters
    ----------
    runs : sequence of TrainingRun
        The networks; none has a member axis.
    on_epoch : callable, optional
        ``on_epoch(histories, last)`` is called after each epoch; `last` tells whether it is the
        last one of all runs. All training ends if it returns True.
    deadline : float, default=inf
        Training ends after the first epoch that ends later, by the monotonic clock.
    group : callable, default=group_members
        Puts the networks that are trained by mini-batches into batches; another one may make the
        epochs of its batches elsewhere.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C before each network in training has finished an epoch.
    """
    _Training(runs, on_epoch, deadline, group).train()


class _Training:
    """The training of several networks, epoch by epoch, with a call after each epoch."""

    def __init__(
        self,
        runs: Sequence[TrainingRun],
        on_epoch: OnEpochTogether | None,
        deadline: float,
        group: Grouping,
    ) -> None:
        self.histories = [run.history for run in runs]
        self.on_epoch = on_epoch
        self.deadline = deadline
        self.group = group
        self.is_asked = False  # whether `on_epoch` has ended all training: the others end, too
        monitors = map(EpochMonitor, runs)
        self.going = [monitor for monitor in monitors if not monitor.is_finished]

    def train(self) -> None:
        """Train all networks: those with mini-batches together, then the others."""
        by_batches: list[EpochMonitor] = []
        others: list[EpochMonitor] = []
        for monitor in list(self.going):
            solver = monitor.run.trainer.solver
            (by_batches if type(solver) is MinibatchSolver else others).append(monitor)
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                self._train_in_step(by_batches)
                for i, monitor in enumerate(others):
                    self._train_alone(monitor, len(others) - i)
        except KeyboardInterrupt:
            self._interrupt()

    def _finish(self, monitors: Iterable[EpochMonitor]) -> None:
        """End some runs; one that is interrupted meanwhile has not ended."""
        for monitor in monitors:
            monitor.finish()
            self.going.remove(monitor)

    def _interrupt(self) -> None:
        """End all runs with their last finished epoch, or raise KeyboardInterrupt."""
        for monitor in self.going:
            monitor.roll_back(monitor.last)
        if not all(monitor.history.rows for monitor in self.going):
            raise
        for monitor in self.going:
            monitor.history.outcome = "interrupted"
        self._finish(list(self.going))

    def _train_in_step(self, monitors: Sequence[EpochMonitor]) -> None:
        """Train networks by mini-batches, an epoch of each at a time."""
        self._finish([monitor for monitor in monitors if not monitor.continues])
        going = [monitor for monitor in monitors if monitor in self.going]
        members = {Member(*monitor.run.arguments): monitor for monitor in going}
        batches = self.group(list(members))
        while batches:
            run_epochs(batches)
            trained = []
            for batch in batches:
                finite = batch.finite_members()
                for member in batch.members:
                    trained.append(members[member])
                    trained[-1](member.loss, member.rate, known_finite=member in finite)
            n_before = len(self.going)
            self._end_epoch(trained)
            if len(self.going) == n_before:
                continue
            for batch in batches:
                batch.remove([one for one in batch.members if members[one] not in self.going])
            batches = [batch for batch in batches if batch.members]

    def _end_epoch(self, trained: Sequence[EpochMonitor]) -> None:
        """Call `on_epoch` and end runs; those that end before others do so before the call."""
        unstopped = [monitor for monitor in trained if not monitor.has_stopped]
        if unstopped:
            self._finish([monitor for monitor in trained if monitor.has_stopped])
        if time.monotonic() > self.deadline:
            for monitor in unstopped:
                monitor.history.outcome = "max_time"
        if any(monitor.continues for monitor in unstopped):
            self._finish([monitor for monitor in unstopped if not monitor.continues])
        last = all(monitor.has_stopped for monitor in self.going)
        if any(monitor.finished_epoch for monitor in trained) and self._is_asked_to_end(last):
            for monitor in self.going:
                if not monitor.has_stopped:
                    monitor.history.outcome = "callback"
        self._finish([one for one in trained if one in self.going and not one.continues])

    def _is_asked_to_end(self, last: bool) -> bool:
        """Call `on_epoch`; return whether it ends all training."""
        return bool(self.on_epoch and self.on_epoch(self.histories, last) and not last)

    def _train_alone(self, monitor: EpochMonitor, n_waiting: int) -> None:
        """Train a network by a solver with a loop of its own, in its share of the time left."""
        run, history = monitor.run, monitor.history
        if monitor.has_stopped:
            self._finish([monitor])
            return
        now = time.monotonic()
        deadline = now + (self.deadline - now) / n_waiting

        def after_epoch(loss: float, rate: float) -> bool:
            if monitor(loss, rate) and not monitor.finished_epoch:
                return True
            if not monitor.has_stopped and time.monotonic() > deadline:
                history.outcome = "max_time"
            if self.is_asked and not monitor.has_stopped:
                history.outcome = "callback"
            last = all(one.has_stopped for one in self.going)
            if self._is_asked_to_end(last):
                self.is_asked, history.outcome = True, "callback"
            return monitor.has_stopped

        arguments: dict[str, Any] = {
            "state": run.state,
            "epochs": run.epochs_left,
            "rng": run.rng,
        }
        solver = run.trainer.solver
        monitor.outcome = solver.run(run.objective, run.dataset, after_epoch, **arguments)
        self._finish([monitor])


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
