"""Checks of the training state and the fit progress in a file."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np

from sknn.engine._typing import Array
from sknn.engine.history import Outcome
from sknn.estimators._builders import OPTIMIZERS, solver_name
from sknn.estimators._training_state import LOSSES_AT_END
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

#: Keys of the section "progress", and those of each of its members.
PROGRESS = {"initial_rng", "finished", "members"}
MEMBER_PROGRESS = {
    *("rng", "solver_state", "early_stopping", "vector"),
    *("epochs", "outcome", "kept_epoch", "rate", "best"),
}

#: Keys of the training state of a network.
OPTIONAL = {"solver", "early_stopping", "rng", "next_seed", "in_stream"}


def check_training_state(
    state: Any, estimator: Any, vectors: Sequence[Array], *, n_folds: int
) -> None:
    """Raise a `ModelFileError` unless this estimator can have the attribute `_training_state`.

    `vectors` have the size and the dtype of the parameter vector of each network. Several have
    states of their own, `members`; those of several folds may have none, as training is over.
    """
    require_keys("The training state", state, {"solver_state"}, {*OPTIONAL, "seed", "members"})
    members = [state]
    if len(vectors) > 1:
        members = state.get("members", [] if n_folds > 1 else None)
        require(state["solver_state"] == {}, "the solver state is that of one network")
        fits = isinstance(members, list) and len(members) in (len(vectors), 0)
        require(fits, f"there must be training states of {len(vectors)} networks")
        require(isinstance(state.get("solver", ""), str), "solver must be a name")
        for member in members:
            require_keys("A member of the training state", member, {"solver_state"}, OPTIONAL)
    else:
        require("members" not in state, "one network has no members")
    for member, vector in zip(members, vectors, strict=False):
        solver = member.get("solver", "")
        require(isinstance(solver, str), "solver must be a name")
        _check_solver(member, solver, estimator, vector, n_folds)
    if "seed" in state:
        require_count("seed", state["seed"], 0)
        known = any({"rng", "next_seed"} & set(one) for one in (state, *members[:1]))
        require(known, "the state of the generator is missing")
    for one in (state, *members):
        _check_generator(one)


def _check_solver(
    state: Mapping[str, Any], solver: str, estimator: Any, vector: Array, n_folds: int
) -> None:
    """Check the states of the solver and of early stopping of a network."""
    _check_solver_state(state["solver_state"], vector.size)
    require(type(state.get("in_stream", False)) is bool, "in_stream must be true or false")
    if solver in OPTIMIZERS and "optimizer" in state["solver_state"]:
        optimizer = state["solver_state"]["optimizer"]
        if n_folds > 1:  # a fold with fewer rows may have another type
            held = [v.dtype for v in optimizer.values() if isinstance(v, np.ndarray)]
            vector = vector.astype(min([vector.dtype, *held]))
        _check_optimizer(optimizer, OPTIMIZERS[solver](estimator).init(vector))
    early_stopping = state.get("early_stopping", {})
    known = {"monitor", "best", "reference", "n_bad_epochs"}
    require_keys("early_stopping", early_stopping, (), known)
    require(isinstance(early_stopping.get("monitor", ""), str), "monitor must be a name")
    require_number("best", early_stopping.get("best", 0.0))
    require_number("reference", early_stopping.get("reference", 0.0))
    require_count("n_bad_epochs", early_stopping.get("n_bad_epochs", 0), 0)


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


def check_progress(progress: Any, estimator: Any, vectors: Sequence[Array]) -> None:
    """Raise a `ModelFileError` unless this can be the section "progress" of a checkpoint.

    `vectors` have the size and the dtype of the parameter vector of each network.
    """
    require_keys("The progress", progress, PROGRESS, {"ended"})
    if progress["initial_rng"] is not None:
        _check_rng(progress["initial_rng"])
    require(type(progress["finished"]) is bool, "finished must be true or false")
    members = progress["members"]
    fits = isinstance(members, list) and len(members) == len(vectors)
    require(fits, f"there must be the progress of {len(vectors)} networks")
    for member, vector in zip(members, vectors, strict=True):
        _require_member(member)
        _check_member(member, estimator, vector, len(vectors))
    ended = progress.get("ended", [])
    is_whole = progress["finished"]
    fits = isinstance(ended, list) and all(isinstance(one, list) for one in ended)
    require(fits, "the trainings that have ended must be lists of networks")
    require(not is_whole or all(ended), "a training that has ended must have networks")
    for member in (member for training in ended for member in training):
        _require_member(member)
        vector = member["vector"]
        if vector is None and is_whole:  # only how it has ended is known
            vector = np.empty(0)
        require_array("the vector", vector, "f", (None,))
        _check_member(member, estimator, vector, 1)


def _require_member(member: Any) -> None:
    require_keys("A member of the progress", member, MEMBER_PROGRESS, LOSSES_AT_END)


def _check_member(member: Any, estimator: Any, vector: Array, n_networks: int) -> None:
    """Check the progress of a network."""
    _check_rng(member["rng"])
    _check_solver(member, solver_name(estimator), estimator, vector, n_networks)
    if member["vector"] is not None:  # that of a linear model
        require_array("the vector", member["vector"], "f", vector.shape)
    require(member["outcome"] in get_args(Outcome), "the outcome is unknown")
    for name in {"rate", *LOSSES_AT_END & set(member)}:
        require_number(name, member[name])
    _check_epochs(member["epochs"])
    require_count("kept_epoch", member["kept_epoch"], 0)
    n_epochs = len(member["epochs"].get("loss", []))
    require(member["kept_epoch"] <= n_epochs, f"kept_epoch must be {n_epochs} or less")
    best = member["best"]
    if best is not None:
        require_keys("The best weights", best, {"vector", "state", "epochs"})
        require_array("the best weights", best["vector"], "f", vector.shape)
        _check_solver_state(best["state"], vector.size)
        require_count("epochs", best["epochs"], 1)


def _check_epochs(columns: Any) -> None:
    """Check the losses, the rates and the scores of all epochs."""
    known = isinstance(columns, Mapping) and (not columns or "loss" in columns)
    require(known, "the epochs must have losses")
    for name, column in columns.items():
        require(isinstance(column, list), f"the epochs' {name} must be a list")
        alike = len(column) == len(columns["loss"])
        require(alike, f"the epochs' {name} must be as long as their loss")
        for number in column:
            require_number(name, number)
