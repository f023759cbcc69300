"""TrainingState: everything besides the weights that training needs to continue exactly."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from sknn.engine import EarlyStopping, History
from sknn.engine._typing import Array
from sknn.engine.history import Snapshot
from sknn.engine.optimizers import State

#: Outcomes that end the training of all networks at once: a later fit can continue.
OF_ALL_NETWORKS = ("max_time", "callback", "interrupted")

#: Losses in the progress of a network that are known if it has diverged.
LOSSES_AT_END = {"final_loss", "baseline_loss"}


@dataclass
class TrainingState:
    """State of the solver, of early stopping and of the generator of a network, and its epochs.

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
    history: History | None = None  # epochs of an interrupted fit that is resumed
    vector: Array | None = None  # all parameters of the network of an interrupted fit
    in_stream: bool = False  # whether training began with `partial_fit`

    @classmethod
    def of_fitted(cls, fitted: Mapping[str, Any], random_state: Any) -> "list[TrainingState]":
        """Restore the state of each network from the attributes of a fitted estimator.

        For an integer `random_state` the generators are restored, another one is used as it is.
        """
        plain, curve = fitted["_training_state"], fitted["loss_curve_"]
        rates = fitted.get("learning_rates_", [np.nan] * len(curve))  # unknown in older models
        n_networks = fitted["_model_spec"]["n_members"]
        if n_networks == 1:
            rng = restore_generator(plain, random_state)
            return [cls._restore(plain, rng, curve, rates, fitted["best_loss_"], fitted["t_"])]
        members = plain.get("members", [plain] * n_networks)  # older ones have one for all
        curves = fitted.get("member_loss_curves_", np.tile(curve, (n_networks, 1)).T)
        states, rngs = [], restore_generators(plain, random_state, n_networks)
        for member, rng, column in zip(members, rngs, curves.T, strict=True):
            losses = column[~np.isnan(column)].tolist()
            best = min(losses, default=np.inf)
            states.append(
                cls._restore(member, rng, losses, rates[: len(losses)], best, fitted["t_"])
            )
        return states

    @classmethod
    def _restore(
        cls,
        plain: Mapping[str, Any],
        rng: np.random.RandomState,
        loss_curve: list[float],
        learning_rates: list[float],
        best_loss: float,
        n_samples_seen: int,
    ) -> "TrainingState":
        return cls(
            rng,
            plain.get("solver", ""),
            deepcopy(plain.get("solver_state", {})),
            plain.get("early_stopping", {}),
            loss_curve,
            learning_rates,
            best_loss,
            n_samples_seen,
            in_stream=plain.get("in_stream", False),
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
            # states of earlier versions have no reference
            reference = self.early_stopping.get("best", stopping.best)
            vars(stopping).update({"reference": reference, **self.early_stopping})

    def _to_plain(self, *, generator: bool, compact: bool) -> dict[str, Any]:
        """Return this state as plain data, with that of the generator; see `states_to_plain`."""
        begun = {"in_stream": True} if self.in_stream else {}
        if compact:
            counters = {name: v for name, v in self.solver_state.items() if isinstance(v, int)}
            seed = {"next_seed": int(self.rng.randint(2**31))} if generator else {}
            return {"solver_state": counters, **seed, **begun}
        return {
            "solver": self.solver,
            "solver_state": self.solver_state,
            "early_stopping": self.early_stopping,
            **({"rng": self.rng.get_state(legacy=False)} if generator else {}),
            **begun,
        }

    def progress(self, *, finished: bool) -> dict[str, Any]:
        """Return the progress of this network for a checkpoint, as plain data.

        Unless the whole fit is `finished`, what ended all networks does not count as their end.
        """
        history = History() if self.history is None else self.history
        is_final = finished or history.outcome not in OF_ALL_NETWORKS
        names, best = history.rows[0] if history.rows else (), history.best
        return {
            "rng": self.rng.get_state(legacy=False),
            "solver_state": self.solver_state,
            "early_stopping": self.early_stopping,
            "vector": self.vector,
            "epochs": {name: history.column(name) for name in names},
            "outcome": history.outcome if is_final else "max_iter",
            "kept_epoch": history.kept_epoch,
            "rate": history.rate,
            "best": None if best is None else dict(vars(best)),
            **{name: getattr(history, name) for name in LOSSES_AT_END},
        }

    @classmethod
    def from_progress(cls, progress: Mapping[str, Any], solver: str) -> "TrainingState":
        """Restore the state of a network of an interrupted fit from its progress."""
        history = History()
        names = list(progress["epochs"])
        for numbers in zip(*progress["epochs"].values(), strict=True):
            history.rows.append(dict(zip(names, numbers, strict=True)))
        history.outcome, history.kept_epoch = progress["outcome"], progress["kept_epoch"]
        history.rate = progress["rate"]
        for name in LOSSES_AT_END & progress.keys():  # older files have none
            setattr(history, name, progress[name])
        history.best = None if progress["best"] is None else Snapshot(**progress["best"])
        return cls(
            generator_from_state(progress["rng"]),
            solver,
            progress["solver_state"],
            progress["early_stopping"],
            history=history,
            vector=progress["vector"],
        )


def states_to_plain(
    states: Sequence[TrainingState], random_state: Any, *, compact: bool = False
) -> dict[str, Any]:
    """Return the attribute `_training_state` of a fitted estimator: plain data.

    With several networks, the state of each is an item of `members`. `compact` drops optimizer
    moments, and replaces the states of the generators, which are large, by seeds drawn from them.
    """
    seeded = {"seed": int(random_state)} if isinstance(random_state, Integral) else {}
    if len(states) == 1:
        return {**states[0]._to_plain(generator=bool(seeded), compact=compact), **seeded}
    members = [state._to_plain(generator=True, compact=compact) for state in states]
    counters = {"solver_state": {}} if compact else {"solver": states[0].solver, "solver_state": {}}
    return {**counters, "members": members, **seeded}


def restore_generator(plain: Mapping[str, Any], random_state: Any) -> np.random.RandomState:
    """Return the generator to continue with; `plain` is empty for a new fit."""
    rng: np.random.RandomState = check_random_state(random_state)
    if isinstance(random_state, Integral) and plain.get("seed") == random_state:
        return _stored_generator(plain) or rng
    return rng


def restore_generators(
    plain: Mapping[str, Any], random_state: Any, n_networks: int
) -> list[np.random.RandomState]:
    """Return the generators of several networks to continue with."""
    members = plain.get("members", [])
    same = not isinstance(random_state, Integral) or plain.get("seed") == random_state
    stored = [_stored_generator(member) for member in members] if same else []
    if stored and all(rng is not None for rng in stored):
        return stored  # type: ignore[return-value]
    return split_generator(restore_generator(plain, random_state), n_networks)


def _stored_generator(plain: Mapping[str, Any]) -> np.random.RandomState | None:
    if "next_seed" in plain:
        return np.random.RandomState(plain["next_seed"])
    return generator_from_state(plain["rng"]) if "rng" in plain else None


def split_generator(rng: np.random.RandomState, n_networks: int) -> list[np.random.RandomState]:
    """Return a generator for each network: `rng` itself for one, else new ones seeded by it."""
    if n_networks == 1:
        return [rng]
    rng.randint(2**31)  # the seed of `independent_generator`
    return [np.random.RandomState(rng.randint(2**31)) for _ in range(n_networks)]


def independent_generator(rng: np.random.RandomState) -> np.random.RandomState:
    """Derive an independent generator without advancing `rng`."""
    return np.random.RandomState(deepcopy(rng).randint(2**31))


def generator_from_state(state: Mapping[str, Any]) -> np.random.RandomState:
    """Create a generator with a given state."""
    rng = np.random.RandomState(0)
    rng.set_state(dict(state))
    return rng


@contextmanager
def restore_on_error(random_state: Any) -> Iterator[None]:
    """Restore the state of the user's generator if the block raises an error."""
    if not (random_state is None or isinstance(random_state, np.random.RandomState)):
        yield
        return
    rng = check_random_state(random_state)  # None is NumPy's own
    before = rng.get_state()
    try:
        yield
    except BaseException:
        rng.set_state(before)
        raise
