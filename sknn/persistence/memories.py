"""Memories from a file: whether training can go on with them."""

from collections.abc import Mapping
from typing import Any, get_args

import numpy as np

from sknn.engine.history import Outcome
from sknn.estimators.memory import Memory
from sknn.persistence.shapes import (
    need,
    need_array,
    need_count,
    need_names,
    need_number,
    need_plain_numbers,
)

#: What the progress of a fit consists of.
PROGRESS = {"begun", "now", "finished", "epochs", "outcome", "kept", "rate", "best"}


def check_memory(memory: Memory, n_numbers: int) -> None:
    """Refuse a memory that a network of so many numbers cannot have.

    Raises
    ------
    ModelFileError
        Saying what is wrong.
    """
    need_names("The memory", memory, {"state"}, {"solver", "stopping", "seed", "rng", "next_seed"})
    _check_state(memory["state"], n_numbers)
    need(isinstance(memory.get("solver", ""), str), "the memory's solver must be a name")
    _check_stopping(memory.get("stopping", {}))
    _check_generator(memory)


def _check_state(state: Any, n_numbers: int) -> None:
    """Check the solver's state; arrays are as long as the vector of all parameters."""
    need_names("The solver's state", state, (), {"steps", "stalls", "unexplained", "optimizer"})
    need_plain_numbers("the solver's state", state)
    for name in ("steps", "stalls"):
        need_count(name, state.get(name, 0), 0)
    optimizer = state.get("optimizer", {})
    need(isinstance(optimizer, Mapping), "the optimizer's state must be a dictionary")
    for name, value in optimizer.items():
        fits = not isinstance(value, np.ndarray) or value.shape == (n_numbers,)
        need(fits, f"the optimizer's {name} is not as long as the network has numbers")


def _check_stopping(stopping: Any) -> None:
    need_names("What training watched", stopping, (), {"key", "best", "stale"})
    need(isinstance(stopping.get("key", ""), str), "what is watched must be a name")
    need_number("best", stopping.get("best", 0.0))
    need_count("stale", stopping.get("stale", 0), 0)


def _check_generator(memory: Memory) -> None:
    """Check the generator by making it."""
    if "seed" in memory:
        need_count("seed", memory["seed"], 0)
        need("rng" in memory or "next_seed" in memory, "the memory of the generator is missing")
    if "next_seed" in memory:
        np.random.RandomState(memory["next_seed"])
    if "rng" in memory:
        np.random.RandomState(0).set_state(memory["rng"])


def check_progress(progress: Any) -> None:
    """Refuse what cannot be the progress of a fit.

    Raises
    ------
    ModelFileError
        Saying what is wrong.
    """
    need_names("The progress", progress, PROGRESS)
    np.random.RandomState(0).set_state(progress["begun"])
    need(type(progress["finished"]) is bool, "finished must be true or false")
    need(progress["outcome"] in get_args(Outcome), "no such end of training")
    need_count("kept", progress["kept"], 0)
    need_number("rate", progress["rate"])
    if not progress["finished"]:
        np.random.RandomState(0).set_state(progress["now"])
    columns = progress["epochs"]
    need(isinstance(columns, Mapping) and "loss" in columns, "the epochs must have losses")
    for name, numbers in columns.items():
        need(isinstance(numbers, list), f"the epochs' {name} must be a list")
        need(len(numbers) == len(columns["loss"]), f"the epochs' {name} has another length")
        for number in numbers:
            need_number(name, number)
    if progress["best"] is not None:
        need_names("The best weights", progress["best"], {"vector", "state", "epochs"})
        need_array("The best weights", progress["best"]["vector"], "f", (None,))
        _check_state(progress["best"]["state"], progress["best"]["vector"].size)
        need_count("epochs", progress["best"]["epochs"], 1)
