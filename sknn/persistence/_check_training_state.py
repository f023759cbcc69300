"""Memories from a file: whether training can go on with them."""

from collections.abc import Mapping
from typing import Any, get_args

import numpy as np

from sknn.engine._typing import Array
from sknn.engine.history import Outcome
from sknn.estimators._builders import OPTIMIZERS
from sknn.estimators._training_state import Memory
from sknn.persistence._requirements import (
    need,
    need_array,
    need_count,
    need_names,
    need_number,
    need_plain_numbers,
)

#: What optimizers keep sums of squares in.
SQUARES = {"second", "square"}

#: Numbers that the generator makes at a time, which it then gives out one by one.
MADE = 624

#: What the progress of a fit consists of.
PROGRESS = {"begun", "now", "finished", "epochs", "outcome", "kept", "rate", "best"}


def check_memory(memory: Memory, estimator: Any, numbers: Array) -> None:
    """Refuse a memory that this estimator cannot have.

    Parameters
    ----------
    memory : dict
        What is to be checked.
    estimator : BaseMLP
        With its parameters.
    numbers : array of shape (n,)
        As long as all parameters of the network, and of their type.

    Raises
    ------
    ModelFileError
        Saying what is wrong.
    """
    need_names("The memory", memory, {"state"}, {"solver", "stopping", "seed", "rng", "next_seed"})
    solver = memory.get("solver", "")
    need(isinstance(solver, str), "the memory's solver must be a name")
    _check_state(memory["state"], len(numbers))
    if solver in OPTIMIZERS and "optimizer" in memory["state"]:
        fresh = OPTIMIZERS[solver](estimator).init(numbers)
        _check_optimizer(memory["state"]["optimizer"], fresh)
    _check_stopping(memory.get("stopping", {}))
    _check_generator(memory)


def _check_state(state: Any, n_numbers: int) -> None:
    """Check the solver's state; arrays are as long as the vector of all parameters."""
    need_names("The solver's state", state, (), {"steps", "n_plateaus", "relative_loss", "optimizer"})
    need_plain_numbers("the solver's state", state)
    for name in ("steps", "n_plateaus"):
        need_count(name, state.get(name, 0), 0)
    optimizer = state.get("optimizer", {})
    need(isinstance(optimizer, Mapping), "the optimizer's state must be a dictionary")
    for name, value in optimizer.items():
        fits = not isinstance(value, np.ndarray) or value.shape == (n_numbers,)
        need(fits, f"the optimizer's {name} is not as long as the network has numbers")


def _check_optimizer(state: Any, fresh: Mapping[str, Any]) -> None:
    """Compare the state of one of our optimizers with that before the first step."""
    need_names("The optimizer's state", state, fresh)
    for name, first in fresh.items():
        value = state[name]
        if not isinstance(first, np.ndarray):
            need_count(f"the optimizer's {name}", value, first)
            continue
        need_array(f"the optimizer's {name}", value, "f", first.shape)
        need(value.dtype == first.dtype, f"the optimizer's {name} is not of type {first.dtype}")
        need(name not in SQUARES or bool((value >= 0).all()), f"the optimizer's {name} is below 0")


def _check_stopping(stopping: Any) -> None:
    need_names("What training watched", stopping, (), {"key", "best", "stale"})
    need(isinstance(stopping.get("key", ""), str), "what is watched must be a name")
    need_number("best", stopping.get("best", 0.0))
    need_count("stale", stopping.get("stale", 0), 0)


def _check_generator(memory: Memory) -> None:
    """Check the generator by making it, once it is sure that it stays within its numbers."""
    if "seed" in memory:
        need_count("seed", memory["seed"], 0)
        need("rng" in memory or "next_seed" in memory, "the memory of the generator is missing")
    if "next_seed" in memory:
        need_count("next_seed", memory["next_seed"], 0)
        np.random.RandomState(memory["next_seed"])
    if "rng" in memory:
        _check_rng(memory["rng"])


def _check_rng(rng: Any) -> None:
    """Check what NumPy takes on trust: a wrong place would read memory that is not its own."""
    need_names("The generator", rng, {"bit_generator", "state", "has_gauss", "gauss"})
    need_names("The generator's state", rng["state"], {"key", "pos"})
    need_array("the generator's key", rng["state"]["key"], "u", (MADE,))
    need_count("the generator's place", rng["state"]["pos"], 0)
    need(rng["state"]["pos"] <= MADE, f"the generator's place must be {MADE} or less")
    need_count("has_gauss", rng["has_gauss"], 0)
    need_number("gauss", rng["gauss"])
    np.random.RandomState(0).set_state(rng)


def check_progress(progress: Any, numbers: Array) -> None:
    """Refuse what cannot be the progress of a fit.

    Parameters
    ----------
    progress : dict
        What is to be checked.
    numbers : array of shape (n,)
        As long as all parameters of the network, and of their type.

    Raises
    ------
    ModelFileError
        Saying what is wrong.
    """
    need_names("The progress", progress, PROGRESS)
    _check_rng(progress["begun"])
    need(type(progress["finished"]) is bool, "finished must be true or false")
    need(progress["outcome"] in get_args(Outcome), "no such end of training")
    need_count("kept", progress["kept"], 0)
    need_number("rate", progress["rate"])
    if not progress["finished"]:
        _check_rng(progress["now"])
    columns = progress["epochs"]
    known = isinstance(columns, Mapping) and (not columns or "loss" in columns)
    need(known, "the epochs must have losses")
    for name, column in columns.items():
        need(isinstance(column, list), f"the epochs' {name} must be a list")
        need(len(column) == len(columns["loss"]), f"the epochs' {name} has another length")
        for number in column:
            need_number(name, number)
    if progress["best"] is not None:
        need_names("The best weights", progress["best"], {"vector", "state", "epochs"})
        need_array("The best weights", progress["best"]["vector"], "f", numbers.shape)
        _check_state(progress["best"]["state"], len(numbers))
        need_count("epochs", progress["best"]["epochs"], 1)
