"""What is remembered between calls, so that training goes on exactly: plain arrays and numbers."""

from copy import deepcopy
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
from sklearn.utils import check_random_state

from sknn.engine import EarlyStopping, Objective, Solver
from sknn.engine.optimizers import State

#: The solver's state and name, the generator's state and seed, and how stale training is.
Memory: TypeAlias = dict[str, Any]


def remembered(
    state: State,
    solver: str,
    stopping: EarlyStopping,
    random_state: Any,
    rng: np.random.RandomState,
) -> Memory:
    """Return all that the next call needs to go on.

    An integer seed makes a generator of our own, which has to go on where it stopped. Any other
    `random_state` is a live generator that needs no help.
    """
    memory: Memory = {
        "solver": solver,
        "state": state,
        "stopping": {
            "key": stopping.monitor,
            "best": stopping.best,
            "stale": stopping.n_bad_epochs,
        },
    }
    if isinstance(random_state, Integral):
        memory |= {"seed": int(random_state), "rng": rng.get_state(legacy=False)}
    return memory


def numbers_only(memory: Memory, rng: np.random.RandomState) -> Memory:
    """Return what remains of a memory after a plain fit: numbers, and no arrays.

    The state of the generator is large; a seed drawn from it makes one to go on with.
    """
    state = {name: value for name, value in memory["state"].items() if isinstance(value, int)}
    kept: Memory = {"state": state}
    if "seed" in memory:
        kept |= {"seed": memory["seed"], "next_seed": int(rng.randint(2**31))}
    return kept


def with_fresh_counters(memory: Memory) -> Memory:
    """Return a memory for a fit that goes on: weights' moments stay, schedules begin anew."""
    state = {name: v for name, v in memory.get("state", {}).items() if not isinstance(v, int)}
    return {**memory, "state": state, "stopping": {}}


def recalled_state(memory: Memory, solver_name: str, solver: Solver, objective: Objective) -> State:
    """Return the state to go on from; the moments of another solver are of no use."""
    state = deepcopy(memory.get("state", {}))
    if memory.get("solver") != solver_name:
        state.pop("optimizer", None)
    fresh = solver.init(objective)
    return {name: state.get(name, value) for name, value in fresh.items()}


def recall_stopping(memory: Memory, stopping: EarlyStopping) -> None:
    """Let `stopping` count on from where it was, if it watches the same number."""
    known = memory.get("stopping", {})
    if known.get("key", stopping.monitor) == stopping.monitor:
        vars(stopping).update(known)


def beside(rng: np.random.RandomState) -> np.random.RandomState:
    """Return another generator that this one determines, and that draws nothing from it."""
    return np.random.RandomState(deepcopy(rng).randint(2**31))


def recalled_generator(memory: Memory, random_state: Any) -> np.random.RandomState:
    """Return the generator to go on with."""
    rng: np.random.RandomState = check_random_state(random_state)
    if isinstance(random_state, Integral) and memory.get("seed") == random_state:
        if "next_seed" in memory:
            return np.random.RandomState(memory["next_seed"])
        rng.set_state(memory["rng"])
    return rng
