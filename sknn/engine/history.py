"""The history of training: one row per epoch, the reason for its end, and early stopping."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Literal, TypeAlias

from sknn.engine._typing import Array

#: Why training ended: all epochs were run; the schedule was completed; the loss stopped improving;
#: the line search failed; the loss was not finite, or ended far too high; Ctrl-C; the deadline
#: passed; a callback returned True.
Outcome: TypeAlias = Literal[
    "max_iter",
    "schedule_finished",
    "converged",
    "line_search_failed",
    "diverged",
    "interrupted",
    "max_time",
    "callback",
]


@dataclass(frozen=True)
class Snapshot:
    """The parameters, the state of the solver and the number of epochs at the end of an epoch."""

    vector: Array
    state: dict[str, Any]
    epochs: int


@dataclass(eq=False)
class History:
    """The values recorded at the end of each epoch, and why training ended.

    Attributes
    ----------
    rows : list of dict
        For each finished epoch the ``loss`` (the objective, averaged over the batches), the
        learning ``rate`` of the last step, and the values of `Trainer.evaluate`.
    rate : float
        The learning rate of the last step, also of an epoch that was not finished.
    outcome : str
        Why training ended, one of `Outcome`.
    kept_epoch : int
        The epoch, counted from 1, whose weights the network has after training.
    final_loss, baseline_loss : float
        If training diverged though all numbers are finite: the mean loss at its end, and that of
        the best constant prediction; else NaN.
    best : Snapshot or None
        During training with `Trainer.restore_best_weights`: the best epoch so far.
    """

    rows: list[dict[str, float]] = field(default_factory=list, init=False)
    rate: float = field(default=math.nan, init=False)
    outcome: Outcome = field(default="max_iter", init=False)
    kept_epoch: int = field(default=0, init=False)
    final_loss: float = field(default=math.nan, init=False)
    baseline_loss: float = field(default=math.nan, init=False)
    best: Snapshot | None = field(default=None, init=False, repr=False)

    def __len__(self) -> int:
        """Return the number of finished epochs."""
        return len(self.rows)

    def column(self, name: str) -> list[float]:
        """Return one value of each row.

        Parameters
        ----------
        name : str
            The name of the value, for example ``loss``.
        """
        return list(map(itemgetter(name), self.rows))


class EarlyStopping:
    """Stop after `patience` epochs in a row without an improvement of `min_delta`.

    Parameters
    ----------
    patience : float
        Number of epochs in a row without improvement that ends training; infinity never does. The
        first epoch always improves, so that training runs for at least ``1 + patience`` epochs.
    min_delta : float
        The smallest change of the monitored quantity that counts as an improvement.
    monitor : str, default="loss"
        The name of the monitored quantity in the rows of a `History`.
    higher_is_better : bool, default=False
        True for scores, False for losses.
    cumulative : bool, default=False
        Whether `min_delta` is needed for each epoch since the last improvement: training ends when
        the quantity improves by less for an epoch in the mean. Then a noisy loss does not continue
        for long by an epoch that happens to be better.

    Attributes
    ----------
    best : float
        The best value so far.
    reference : float
        What an epoch must improve on by `min_delta`: the best value or, if `cumulative`, that of
        the last improvement.
    n_bad_epochs : int
        Epochs in a row without an improvement of `min_delta`.
    improved : bool
        Whether the last epoch was the best so far, by any amount.
    """

    def __init__(
        self,
        patience: float,
        min_delta: float,
        monitor: str = "loss",
        higher_is_better: bool = False,
        cumulative: bool = False,
    ) -> None:
        self.patience = patience
        self.min_delta = min_delta
        self.monitor = monitor
        self.sign = -1.0 if higher_is_better else 1.0
        self.cumulative = cumulative
        self.best = self.reference = self.sign * float("inf")
        self.improved = False
        self.n_bad_epochs = 0

    def __call__(self, row: Mapping[str, float]) -> bool:
        """Update with the row of an epoch; return whether to stop."""
        value = self.sign * row[self.monitor]
        n_epochs = self.n_bad_epochs + 1 if self.cumulative else 1
        needed = self.sign * self.reference - n_epochs * self.min_delta
        improved_enough = value <= needed  # False for NaN
        self.n_bad_epochs = 0 if improved_enough else self.n_bad_epochs + 1
        self.improved = value < self.sign * self.best
        if self.improved:
            self.best = row[self.monitor]
        if improved_enough or not self.cumulative:
            self.reference = self.best
        return self.n_bad_epochs >= self.patience

    def restart(self) -> None:
        """Count from now on, as training may continue after a plateau."""
        self.n_bad_epochs, self.reference = 0, self.best

    def state(self) -> dict[str, Any]:
        """Return the name of the quantity, its best value, the reference, and the bad epochs."""
        return {
            "monitor": self.monitor,
            "best": self.best,
            "reference": self.reference,
            "n_bad_epochs": self.n_bad_epochs,
        }
