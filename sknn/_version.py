"""The version of the package, the format of saved states, and the migration of older ones."""

import inspect
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from sknn.exceptions import ModelFileError

__version__ = "0.1.0.dev0"

#: Format of the saved state. It increases when older versions could not read newer states.
STATE_FORMAT = 3

#: Values of parameters that estimators without them had, where these differ from the defaults.
OLD_DEFAULTS: Mapping[str, Any] = {"cv": None, "n_members": 1}

# Renamed between formats 1 and 2: the only place in the package for these old names.
_SOLVER_STATE = {"unexplained": "relative_loss", "stalls": "n_plateaus"}

_ENCODER = {
    "piece_height": "bin_scale",
    "max_one_hot": "max_cat_to_onehot",
    "kinds_": (
        "column_types_",
        {"number": "numeric", "truth": "boolean", "text": "string", "nothing": "empty"},
    ),
    "levels_": "categories_",
    "edges_": "bin_edges_",
    "numeric_": "numeric_features_",
    "categorical_": "categorical_features_",
    "may_miss_": "missing_indicator_features_",
    "n_embedded_": "n_embedded_features_",
    "n_rows_": "n_embeddings_",
    "unseen_": "unused_outputs_",
    "unseen_rows_": "unused_embeddings_",
}

_ESTIMATOR = {
    "decay_by_loss": "weight_decay_loss_power",
    "_plan": ("_model_spec", {"intake": ("input_encoding", _ENCODER)}),
    "_memory": (
        "_training_state",
        {
            "state": ("solver_state", _SOLVER_STATE),
            "stopping": ("early_stopping", {"key": "monitor", "stale": "n_bad_epochs"}),
        },
    ),
}

_CHECKPOINT = {
    "folder": "directory",
    "every_epochs": "every_n_epochs",
    "every_seconds": "every_n_seconds",
}

#: The renaming table of a state, by a key that only this kind of state has; any other state is an
#: estimator's. A table maps an old name to the new one, or to the new one and the table for what
#: it holds.
_TABLES: Mapping[str, Mapping[str, Any]] = {
    "sparse_output": _ENCODER,
    "every_epochs": _CHECKPOINT,
}

#: Renamed attributes of objects that are parameters, by class.
_ATTRIBUTES = {
    "OneCycle": {"warm_up": "pct_start"},
    "Adaptive": {"smallest": "min_rate"},
    "MaskedLoss": {"domain": "interval_y_true", "degree": "homogeneity_degree"},
}

#: Modules that older pickles name: the module now, and its renamed classes.
_MODULES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "sknn.engine.losses.labels": (
        "sknn.engine.losses.classification",
        {"CrammerSinger": "MulticlassHinge"},
    ),
    "sknn.engine.losses.real": ("sknn.engine.losses.regression", {}),
    "sknn.engine.losses.composed": (
        "sknn.engine.losses.composite",
        {"KnownOnly": "MaskedLoss", "SideBySide": "MultiOutputLoss"},
    ),
    "sknn.engine.schedules": ("sknn.engine.schedules", {"FunctionOfStep": "LambdaSchedule"}),
}


def migrate_state(state: dict[str, Any], format: int) -> dict[str, Any]:  # noqa: A002
    """Translate a saved state to the present format.

    Parameters
    ----------
    state : dict
        Parameters or attributes, or both, as in a pickle.
    format : int
        The format that it was saved in.

    Returns
    -------
    state : dict
        In format `STATE_FORMAT`; `state` itself is not changed.

    Warns
    -----
    UserWarning
        If an `MLPClassifier` or `MLPRegressor` had a parameter that no longer exists there, and
        that was not at its default.
    """
    if format >= STATE_FORMAT:
        return state
    return _with_state_of_each_member(state if format >= 2 else _rename(state))


def _rename(state: dict[str, Any]) -> dict[str, Any]:
    """Translate the names of format 1 to those of format 2."""
    names = next((table for key, table in _TABLES.items() if key in state), _ESTIMATOR)
    new: dict[str, Any] = _renamed(state, names)
    new = {name: _with_renamed_attributes(value) for name, value in new.items()}
    if "decay_by_loss" in state and "min_frequency" not in state:  # not a tabular estimator
        power = new.pop("weight_decay_loss_power")
        if power:
            warnings.warn(
                f"decay_by_loss={power!r} of the saved estimator is ignored: the parameter is now "
                "weight_decay_loss_power, and of TabularMLPClassifier and TabularMLPRegressor "
                "only. Predictions are not affected; further training is.",
                UserWarning,
                stacklevel=4,
            )
    return new


def _with_state_of_each_member(state: dict[str, Any]) -> dict[str, Any]:
    """Split the training state of an ensemble, which members shared up to format 2.

    Training continues, but not bit for bit: each member now draws its own batches, with a generator
    whose seed is drawn from that of the ensemble.
    """
    n_members = state.get("_model_spec", {}).get("n_members", 1)
    shared = state.get("_training_state", {})
    coefs, intercepts = state.get("coefs_", []), state.get("intercepts_", [])
    if n_members == 1 or not all(W.size and len(W) == n_members for W in coefs):
        return state
    embedding = state["_model_spec"]["embedding"]
    arrays = [*coefs, *([] if embedding is None else [embedding]), *intercepts]
    counters = dict(shared["solver_state"])
    optimizers = _split_vectors(counters.pop("optimizer", {}), arrays, n_members)
    own = {name: shared[name] for name in ("solver", "early_stopping") if name in shared}
    members = [
        {**own, "solver_state": {**counters, **({"optimizer": one} if one else {})}}
        for one in optimizers
    ]
    kept = {name: shared[name] for name in shared if name != "early_stopping"}
    training_state = {**kept, "solver_state": {}, "members": members}
    return {**state, "_training_state": training_state}


def _split_vectors(
    optimizer: Mapping[str, Any], arrays: Sequence[Any], n_members: int
) -> list[dict[str, Any]]:
    """Split vectors of the elements of these arrays along the first axis of the arrays.

    The state is dropped if other parameters were trained, too: those of a module of the user's own.
    """
    ends = np.cumsum([array.size for array in arrays])
    vectors = {name: v for name, v in optimizer.items() if isinstance(v, np.ndarray)}
    if any(vector.shape != ends[-1:] for vector in vectors.values()):
        return [{}] * n_members
    optimizers = [dict(optimizer) for _ in range(n_members)]
    for name, vector in vectors.items():
        parts = [part.reshape(n_members, -1) for part in np.split(vector, ends[:-1])]
        for own, row in zip(optimizers, np.concatenate(parts, axis=1), strict=True):
            own[name] = row.copy()
    return optimizers


def _renamed(value: Any, names: Mapping[str, Any]) -> Any:
    """Rename the keys of a dictionary, or the items of a list of strings, or one string."""
    if not names:
        return value
    if isinstance(value, dict):
        renamed = {}
        for key, item in value.items():
            entry = names.get(key, key)
            name, inner = entry if isinstance(entry, tuple) else (entry, {})
            renamed[name] = _renamed(item, inner)
        return renamed
    if isinstance(value, list):
        return [_renamed(item, names) for item in value]
    return names.get(value, value) if isinstance(value, str) else value


def _with_renamed_attributes(value: Any) -> Any:
    """Rename the attributes of objects of the engine, in containers and other objects too."""
    if isinstance(value, dict):
        return {key: _with_renamed_attributes(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        items = [_with_renamed_attributes(item) for item in value]
        same = all(new is old for new, old in zip(items, value, strict=True))
        return value if same else type(value)(items)
    if type(value).__module__.startswith("sknn.engine") and hasattr(value, "__dict__"):
        names = _ATTRIBUTES.get(type(value).__name__, {})
        value = copy(value)
        value.__dict__ = {
            names.get(key, key): _with_renamed_attributes(item) for key, item in vars(value).items()
        }
    return value


def _register_moved_modules() -> None:
    """Let pickles find classes under their former modules and names; modules load on first use."""
    for old, (new, classes) in _MODULES.items():

        def find(
            name: str, old: str = old, new: str = new, classes: Mapping[str, str] = classes
        ) -> Any:
            if name not in classes and old == new:
                raise AttributeError(f"module {new!r} has no attribute {name!r}")
            return getattr(import_module(new), classes.get(name, name))

        module = import_module(new) if old == new else ModuleType(old, f"Former name of {new}.")
        module.__getattr__ = find  # type: ignore[method-assign]
        sys.modules.setdefault(old, module)


_register_moved_modules()


class VersionedState:
    """Mixin that stores version and format in pickles, migrates older formats, rejects newer."""

    def __getstate__(self) -> dict[str, Any]:
        """Return the state with the version and the format."""
        state: Any = super().__getstate__()
        return {**state, "_sknn_version": __version__, "_sknn_format": STATE_FORMAT}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a state of this or an older format; without a number it is format 0.

        Parameters that did not exist yet get their defaults, which preserve the old behaviour, or
        the values of `OLD_DEFAULTS`.
        """
        state = dict(state)
        writer = state.pop("_sknn_version", "an early version")
        number = state.pop("_sknn_format", 0)
        check_format(number, writer, type(self).__name__)
        defaults = {
            one.name: one.default
            for cls in reversed(type(self).__mro__)  # a subclass may have a signature of its own
            if "__init__" in vars(cls) and cls is not object
            for one in inspect.signature(cls).parameters.values()
            if one.default is not one.empty
        }
        defaults |= {name: old for name, old in OLD_DEFAULTS.items() if name in defaults}
        super().__setstate__({**defaults, **migrate_state(state, number)})  # type: ignore[misc]


def check_format(number: Any, writer: Any, what: str) -> None:
    """Raise an error for a format that this version cannot read.

    Raises
    ------
    ModelFileError
        With the version that wrote it, and what to do.
    """
    if type(number) is not int or number < 0:
        raise ModelFileError(
            f"{what}: the format of the saved state must be an integer >= 0, got {number!r:.50}."
        )
    if number > STATE_FORMAT:
        raise ModelFileError(
            f"{what} was saved by sknn {writer} in format {number}; this is sknn {__version__}, "
            f"which reads formats up to {STATE_FORMAT}. Install sknn {writer} or newer to load it."
        )


@contextmanager
def naming_file(file: Any, advice: str = "") -> Iterator[None]:
    """Prefix a `ModelFileError` with the path of the file, if `file` is one, and add advice."""
    try:
        yield
    except ModelFileError as error:
        if not isinstance(file, str | os.PathLike):
            raise
        raise ModelFileError(f"{os.fspath(file)}: {error}{advice}") from error


@contextmanager
def as_model_file_error(what: str) -> Iterator[None]:
    """Convert any exception raised while reading a bad file to `ModelFileError`."""
    try:
        yield
    except (ModelFileError, MemoryError):
        raise
    except Exception as error:
        raise ModelFileError(f"{what} ({type(error).__name__}: {error}).") from error
