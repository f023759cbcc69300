"""Progress: how far a fit has come, as plain data, and how it goes on from there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from sknn.archives import Contents
from sknn.engine import History
from sknn.engine.history import Snapshot


@dataclass
class Progress:
    """How far a fit has come.

    Parameters
    ----------
    begun, now : dict
        The generator's state before anything was drawn, and after the last epoch.
    history : History
        The epochs so far, and the best weights if they are to be kept.
    finished : bool, default=False
        Whether the fit has come to its end.
    """

    begun: dict[str, Any]
    now: dict[str, Any] = field(default_factory=dict)
    history: History = field(default_factory=History)
    finished: bool = False

    def to_plain(self) -> dict[str, Any]:
        """Return plain data, from which `from_plain` makes it anew."""
        history, best = self.history, self.history.best
        names = history.rows[0] if history.rows else ()
        return {
            "begun": self.begun,
            "now": self.now,
            "finished": self.finished,
            "epochs": {name: history.column(name) for name in names},
            "outcome": history.outcome if self.finished else "max_iter",
            "kept": history.kept_epoch,
            "rate": history.rate,
            "best": None
            if best is None
            else {"vector": best.vector, "state": best.state, "epochs": best.epochs},
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Progress":
        """Make it anew from what `to_plain` gave."""
        history = History()
        names = list(plain["epochs"])
        for numbers in zip(*plain["epochs"].values(), strict=True):
            history.rows.append(dict(zip(names, numbers, strict=True)))
        history.outcome, history.kept_epoch = plain["outcome"], plain["kept"]
        history.rate = plain["rate"]
        history.best = None if plain["best"] is None else Snapshot(**plain["best"])
        return cls(plain["begun"], plain["now"], history, plain["finished"])


def generator_in(state: Mapping[str, Any]) -> np.random.RandomState:
    """Return a generator of its own in some state."""
    rng = np.random.RandomState(0)
    rng.set_state(dict(state))
    return rng


class Course(Protocol):
    """What keeps the progress of one fit, and knows it from earlier.

    Attributes
    ----------
    file : path
        Where.
    """

    file: Path

    def recalled(self) -> tuple[Any, Progress] | None:
        """Return the estimator as it was when training was broken off, and how far it had come."""

    def is_due(self) -> bool:
        """Tell, after each epoch, whether to keep the progress now."""

    def keep(self, contents: Contents) -> None:
        """Keep an estimator in training, with its progress."""
