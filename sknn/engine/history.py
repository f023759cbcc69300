"""What happened in training: a row an epoch, and why it ended."""

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sknn.engine.types import Array

#: Why training ended: all epochs done; a schedule run to its end; nothing left to gain; no better
#: weights found, though there should be; a loss or weight that was not finite; Ctrl-C; out of time;
#: a caller that asked for it.
Outcome: TypeAlias = Literal[
    "exhausted",
    "completed",
    "converged",
    "stuck",
    "diverged",
    "interrupted",
    "out of time",
    "asked to end",
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
        self.outcome: Outcome = "exhausted"
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
