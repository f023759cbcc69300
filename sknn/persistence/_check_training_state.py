"""Checks of the training state and the fit progress in a file."""

from collections.abc import Mapping
from typing import Any, get_args

import numpy as np

from sknn.engine._typing import Array
from sknn.engine.history import Outcome
from sknn.estimators._builders import OPTIMIZERS
from sknn.persistence._requirements import (
    require,
    require_array,
    require_count,
    require_finite,
    require_keys,
    require_number,
)

#: Entries of optimizer states that are running means of squares.
NON_NEGATIVE = {"second", "square"}

#: Number of words in the state of the Mersenne Twister.
MT19937_WORDS = 624

#: Keys of the section "progress".
PROGRESS = {"initial_rng", "rng", "finished", "epochs", "outcome", "kept_epoch", "rate", "best"}


def check_training_state(state: Any, estimator: Any, vector: Array) -> None:
    """Raise a `ModelFileError` unless this estimator can have the attribute `_training_state`.

    `vector` has the size and the dtype of the parameter vector.
    """
    optional = {"solver", "early_stopping", "seed", "rng", "next_seed"}
    require_keys("The training state", state, {"solver_state"}, optional)
    solver = state.get("solver", "")
    require(isinstance(solver, str), "solver must be a name")
    _check_solver_state(state["solver_state"], vector.size)
    if solver in OPTIMIZERS and "optimizer" in state["solver_state"]:
        initial = OPTIMIZERS[solver](estimator).init(vector)
        _check_optimizer(state["solver_state"]["optimizer"], initial)
    early_stopping = state.get("early_stopping", {})
    require_keys("early_stopping", early_stopping, (), {"monitor", "best", "n_bad_epochs"})
    require(isinstance(early_stopping.get("monitor", ""), str), "monitor must be a name")
    require_number("best", early_stopping.get("best", 0.0))
    require_count("n_bad_epochs", early_stopping.get("n_bad_epochs", 0), 0)
    _check_generator(state)


def _check_solver_state(state: Any, size: int) -> None:
    """Check a solver state whose arrays have the size of the parameter vector."""
    require_keys(
        "The solver state", state, (), {"steps", "n_plateaus", "relative_loss", "optimizer"}
    )
    require_finite("the solver state", state)
    for name in ("steps", "n_plateaus"):
        require_count(name, state.get(name, 0), 0)
    optimizer = state.get("optimizer", {})
    require(isinstance(optimizer, Mapping), "the optimizer state must be a dictionary")
    for name, value in optimizer.items():
        fits = not isinstance(value, np.ndarray) or value.shape == (size,)
        require(fits, f"the optimizer's {name} must have the size of all parameters, {size}")


def _check_optimizer(state: Any, initial: Mapping[str, Any]) -> None:
    """Compare an optimizer state with the one before the first step."""
    require_keys("The optimizer state", state, initial)
    for name, first in initial.items():
        value = state[name]
        if not isinstance(first, np.ndarray):
            require_count(f"the optimizer's {name}", value, first)
            continue
        require_array(f"the optimizer's {name}", value, "f", first.shape)
        require(value.dtype == first.dtype, f"the optimizer's {name} is not of type {first.dtype}")
        fits = name not in NON_NEGATIVE or bool((value >= 0).all())
        require(fits, f"the optimizer's {name} is below 0")


def _check_generator(state: Mapping[str, Any]) -> None:
    if "seed" in state:
        require_count("seed", state["seed"], 0)
        require("rng" in state or "next_seed" in state, "the state of the generator is missing")
    if "next_seed" in state:
        require_count("next_seed", state["next_seed"], 0)
        np.random.RandomState(state["next_seed"])
    if "rng" in state:
        _check_rng(state["rng"])


def _check_rng(rng: Any) -> None:
    """Check a generator state; NumPy would read memory outside the key for a wrong position."""
    require_keys("The generator", rng, {"bit_generator", "state", "has_gauss", "gauss"})
    require_keys("The generator's state", rng["state"], {"key", "pos"})
    require_array("the generator's key", rng["state"]["key"], "u", (MT19937_WORDS,))
    require_count("the generator's position", rng["state"]["pos"], 0)
    inside = rng["state"]["pos"] <= MT19937_WORDS
    require(inside, f"the generator's position must be {MT19937_WORDS} or less")
    require_count("has_gauss", rng["has_gauss"], 0)
    require_number("gauss", rng["gauss"])
    np.random.RandomState(0).set_state(rng)


def check_progress(progress: Any, vector: Array) -> None:
    """Raise a `ModelFileError` unless this can be the section "progress" of a checkpoint."""
    require_keys("The progress", progress, PROGRESS)
    _check_rng(progress["initial_rng"])
    require(type(progress["finished"]) is bool, "finished must be true or false")
    require(progress["outcome"] in get_args(Outcome), "the outcome is unknown")
    require_count("kept_epoch", progress["kept_epoch"], 0)
    require_number("rate", progress["rate"])
    if not progress["finished"]:
        _check_rng(progress["rng"])
    columns = progress["epochs"]
    known = isinstance(columns, Mapping) and (not columns or "loss" in columns)
    require(known, "the epochs must have losses")
    for name, column in columns.items():
        require(isinstance(column, list), f"the epochs' {name} must be a list")
        alike = len(column) == len(columns["loss"])
        require(alike, f"the epochs' {name} must be as long as their loss")
        for number in column:
            require_number(name, number)
    if progress["best"] is not None:
        require_keys("The best weights", progress["best"], {"vector", "state", "epochs"})
        require_array("the best weights", progress["best"]["vector"], "f", vector.shape)
        _check_solver_state(progress["best"]["state"], vector.size)
        require_count("epochs", progress["best"]["epochs"], 1)
