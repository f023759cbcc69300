"""Memories from a file: whether training can go on with them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sknn.estimators.memory import Memory
from sknn.persistence.shapes import need, need_count, need_names, need_number, need_plain_numbers


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
