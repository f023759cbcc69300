"""TrainingState: everything besides the weights that training needs to continue exactly."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from sknn.engine import EarlyStopping, History
from sknn.engine.history import Snapshot
from sknn.engine.optimizers import State


@dataclass
class TrainingState:
    """State of the solver, of early stopping and of the generator, and the epochs so far.

    Warm starts, `partial_fit`, checkpoints and saved files all continue from it. Weights are not
    part of it: they are those of the network.
    """

    rng: np.random.RandomState  # the generator that draws batches and dropped units
    solver: str = ""  # name of the solver; another solver does not use its optimizer state
    # number of steps, state of the optimizer, and so on
    solver_state: State = field(default_factory=dict)
    # the quantity that was monitored, its best value and the epochs without improvement
    early_stopping: dict[str, Any] = field(default_factory=dict)
    # losses and learning rates of all epochs of earlier calls
    loss_curve: list[float] = field(default_factory=list)
    learning_rates: list[float] = field(default_factory=list)
    best_loss: float = np.inf  # the lowest loss of earlier calls
    n_samples_seen: int = 0  # samples used in earlier calls, counted once an epoch
    # state of the generator at the start of the fit; None if no checkpoints are made
    initial_rng: dict[str, Any] | None = None
    history: History | None = None  # epochs of an interrupted fit that is resumed
    finished: bool = False  # whether the fit in a checkpoint is complete

    @classmethod
    def of_fitted(cls, fitted: Mapping[str, Any], random_state: Any) -> "TrainingState":
        """Restore the state from the attributes of a fitted estimator.

        For an integer `random_state` the generator is restored, another one is used as it is.
        """
        plain, curve = fitted["_training_state"], fitted["loss_curve_"]
        return cls(
            restore_generator(plain, random_state),
            plain.get("solver", ""),
            deepcopy(plain.get("solver_state", {})),
            plain.get("early_stopping", {}),
            curve,
            fitted.get("learning_rates_", [np.nan] * len(curve)),  # unknown in older models
            fitted["best_loss_"],
            fitted["t_"],
        )

    def for_warm_start(self, *, restart: bool) -> "TrainingState":
        """Return the state for a warm start: optimizer moments stay, plateaus are counted from 0.

        Parameters
        ----------
        restart : bool
            Whether the steps of the learning rate are counted from 0, too.
        """
        left_out = {"n_plateaus", "steps"} if restart else {"n_plateaus"}
        kept = {name: v for name, v in self.solver_state.items() if name not in left_out}
        return TrainingState(self.rng, self.solver, kept)

    def solver_state_for(self, name: str, initial: State) -> State:
        """Copy stored entries into `initial`; the optimizer's only if the solver is the same."""
        for key in initial.keys() & self.solver_state.keys():
            if key != "optimizer" or self.solver == name:
                initial[key] = self.solver_state[key]
        return initial

    def resume_early_stopping(self, stopping: EarlyStopping) -> None:
        """Continue counting epochs without improvement, if the same quantity is monitored."""
        if self.early_stopping.get("monitor", stopping.monitor) == stopping.monitor:
            vars(stopping).update(self.early_stopping)

    def to_plain(self, random_state: Any, *, compact: bool = False) -> dict[str, Any]:
        """Return the attribute `_training_state` of a fitted estimator: plain data.

        `compact` drops optimizer moments, and replaces the state of the generator, which is large,
        by a seed drawn from it.
        """
        seeded = {"seed": int(random_state)} if isinstance(random_state, Integral) else {}
        if compact:
            counters = {name: v for name, v in self.solver_state.items() if isinstance(v, int)}
            if seeded:
                seeded["next_seed"] = int(self.rng.randint(2**31))
            return {"solver_state": counters, **seeded}
        generator = {"rng": self.rng.get_state(legacy=False)} if seeded else {}
        return {
            "solver": self.solver,
            "solver_state": self.solver_state,
            "early_stopping": self.early_stopping,
            **seeded,
            **generator,
        }

    def progress(self) -> dict[str, Any]:
        """Return the section `progress` of a checkpoint, as plain data; see `from_progress`."""
        history = History() if self.history is None else self.history
        names, best = history.rows[0] if history.rows else (), history.best
        return {
            "initial_rng": self.initial_rng,
            "rng": {} if self.finished else self.rng.get_state(legacy=False),
            "finished": self.finished,
            "epochs": {name: history.column(name) for name in names},
            "outcome": history.outcome if self.finished else "max_iter",
            "kept_epoch": history.kept_epoch,
            "rate": history.rate,
            "best": None if best is None else dict(vars(best)),
        }

    @classmethod
    def from_progress(
        cls, progress: Mapping[str, Any], fitted: Mapping[str, Any]
    ) -> "TrainingState":
        """Restore the state of an interrupted fit from a checkpoint and the attributes in it."""
        history = History()
        names = list(progress["epochs"])
        for numbers in zip(*progress["epochs"].values(), strict=True):
            history.rows.append(dict(zip(names, numbers, strict=True)))
        history.outcome, history.kept_epoch = progress["outcome"], progress["kept_epoch"]
        history.rate = progress["rate"]
        history.best = None if progress["best"] is None else Snapshot(**progress["best"])
        state = cls.of_fitted(fitted, None)
        return replace(
            state,
            rng=generator_from_state(progress["rng"] or progress["initial_rng"]),
            loss_curve=[],
            learning_rates=[],
            best_loss=np.inf,
            n_samples_seen=0,
            initial_rng=progress["initial_rng"],
            history=history,
            finished=progress["finished"],
        )


def restore_generator(plain: Mapping[str, Any], random_state: Any) -> np.random.RandomState:
    """Return the generator to continue with; `plain` is empty for a new fit."""
    rng: np.random.RandomState = check_random_state(random_state)
    if isinstance(random_state, Integral) and plain.get("seed") == random_state:
        if "next_seed" in plain:
            return np.random.RandomState(plain["next_seed"])
        rng.set_state(plain["rng"])
    return rng


def independent_generator(rng: np.random.RandomState) -> np.random.RandomState:
    """Derive an independent generator without advancing `rng`."""
    return np.random.RandomState(deepcopy(rng).randint(2**31))


def generator_from_state(state: Mapping[str, Any]) -> np.random.RandomState:
    """Create a generator with a given state."""
    rng = np.random.RandomState(0)
    rng.set_state(dict(state))
    return rng
