"""The history of training: a row an epoch, why it ended, and when to stop early."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sknn.engine._typing import Array

#: Why training ended: all epochs done; a schedule run to its end; nothing left to gain; no better
#: weights found, though there should be; a loss or weight that was not finite; Ctrl-C; out of time;
#: a caller that asked for it.
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
    """The parameters, the solver's state and the number of epochs at the end of one."""

    vector: Array
    state: dict[str, Any]
    epochs: int


class History:
    """A row of numbers for each finished epoch.

    Attributes
    ----------
    rows : list of dict
        For each epoch its ``loss`` (the objective, averaged over the epoch's batches), the learning
        ``rate`` of its last step, and whatever an evaluation added.
    rate : float
        The learning rate of the last step that was tried, in a finished epoch or not.
    outcome : str
        Why training ended, one of `Outcome`.
    kept : int
        The epoch, counted from 1, whose weights the network has in the end.
    best : Snapshot or None
        While training is under way and is to keep the best weights: those.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []
        self.rate = math.nan
        self.outcome: Outcome = "max_iter"
        self.kept = 0
        self.best: Snapshot | None = None

    def __len__(self) -> int:
        """Return the number of finished epochs."""
        return len(self.rows)

    def column(self, name: str) -> list[float]:
        """Return one number of every row.

        Parameters
        ----------
        name : str
            Which one, ``loss`` for example.
        """
        return [row[name] for row in self.rows]


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

    Attributes
    ----------
    best : float
        The best value so far.
    n_bad_epochs : int
        Epochs in a row without an improvement of `min_delta`.
    improved : bool
        Whether the last epoch was the best so far, by however little.
    """

    def __init__(
        self,
        patience: float,
        min_delta: float,
        monitor: str = "loss",
        higher_is_better: bool = False,
    ) -> None:
        self.patience = patience
        self.min_delta = min_delta
        self.monitor = monitor
        self.sign = -1.0 if higher_is_better else 1.0
        self.best = self.sign * float("inf")
        self.improved = False
        self.n_bad_epochs = 0

    def __call__(self, row: Mapping[str, float]) -> bool:
        """Take the row of one more epoch; return whether to stop."""
        value, best = self.sign * row[self.monitor], self.sign * self.best
        improved_enough = value <= best - self.min_delta  # NaN does not
        self.n_bad_epochs = 0 if improved_enough else self.n_bad_epochs + 1
        self.improved = value < best
        if self.improved:
            self.best = row[self.monitor]
        return self.n_bad_epochs >= self.patience

    def state(self) -> dict[str, Any]:
        """Return the quantity, its best value and the epochs without improvement."""
        return {"monitor": self.monitor, "best": self.best, "n_bad_epochs": self.n_bad_epochs}
