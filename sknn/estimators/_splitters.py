"""Splitters of cv as plain data, and back: those that files can hold, with valid parameters."""

import inspect
from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    LeaveOneOut,
    LeavePGroupsOut,
    LeavePOut,
    PredefinedSplit,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
)

from sknn.engine._typing import Array

#: What a parameter of a splitter must be, in words and as a function.
Rule = tuple[str, Callable[[Any], bool]]


def _integer(low: int, high: int = 2**63) -> Rule:
    """Return the rule of an integer from `low` to below `high`."""
    return f"an integer >= {low}", lambda value: type(value) is int and low <= value < high


def _or_none(rule: Rule) -> Rule:
    """Return the rule of a parameter that may also be None."""
    words, fits = rule
    return f"None or {words}", lambda value: value is None or fits(value)


def _is_size(value: Any) -> bool:
    return (type(value) is int and 1 <= value < 2**63) or (type(value) is float and 0 < value < 1)


_SIZE = _or_none(("an integer >= 1 or a float between 0 and 1", _is_size))
_SEED = _or_none(_integer(0, 2**32))
_BOOLEAN: Rule = ("a boolean", lambda value: type(value) is bool)
_TEST_FOLD: Rule = (
    "a 1d array of int64",  # a smaller type would need more memory than the file has
    lambda value: isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype == np.int64,
)
_K_FOLD = {"n_splits": _integer(2), "shuffle": _BOOLEAN, "random_state": _SEED}
_REPEATED = {"n_splits": _integer(2), "n_repeats": _integer(1), "random_state": _SEED}
_SHUFFLE = {
    "n_splits": _integer(1),
    "test_size": _SIZE,
    "train_size": _SIZE,
    "random_state": _SEED,
}
_TIME_SERIES = {
    "n_splits": _integer(2),
    "max_train_size": _or_none(_integer(0)),
    "test_size": _or_none(_integer(1)),
    "gap": _integer(0),
}

#: Splitters that files can hold, by name, with the rules of their parameters. No other name of a
#: splitter in a file is looked up.
SPLITTERS: dict[str, tuple[type[Any], dict[str, Rule]]] = {
    cls.__name__: (cls, rules)
    for cls, rules in [
        (KFold, _K_FOLD),
        (StratifiedKFold, _K_FOLD),
        (GroupKFold, _K_FOLD),
        (StratifiedGroupKFold, _K_FOLD),
        (RepeatedKFold, _REPEATED),
        (RepeatedStratifiedKFold, _REPEATED),
        (ShuffleSplit, _SHUFFLE),
        (StratifiedShuffleSplit, _SHUFFLE),
        (GroupShuffleSplit, _SHUFFLE),
        (TimeSeriesSplit, _TIME_SERIES),
        (LeaveOneOut, {}),
        (LeavePOut, {"p": _integer(1)}),
        (LeaveOneGroupOut, {}),
        (LeavePGroupsOut, {"n_groups": _integer(1)}),
        (PredefinedSplit, {"test_fold": _TEST_FOLD}),
    ]
}


def cv_to_plain(cv: Any) -> Any:
    """Convert the parameter `cv` to None, "auto", an integer, a list of splits or a dictionary.

    Splits are (train, test) pairs of arrays. A splitter of `SPLITTERS` is a dictionary of its name
    ("splitter") and its parameters ("parameters").

    Raises
    ------
    TypeError
        If it is another object, or a parameter of the splitter is of a wrong type.
    ValueError
        If a parameter of the splitter is invalid.
    """
    if cv is None or isinstance(cv, Integral) or (isinstance(cv, str) and cv == "auto"):
        return cv
    if isinstance(cv, list | tuple | np.ndarray):
        return _splits(cv)
    name = type(cv).__name__
    if type(cv) is not SPLITTERS.get(name, (None,))[0]:
        raise TypeError(
            f"parameter cv is of type {name}, but only None, integers, splitters of "
            "sklearn.model_selection, and lists of (train, test) splits can be saved. Pass "
            "cv=list(splitter.split(X, y))."
        )
    plain = {"splitter": name, "parameters": _splitter_parameters(cv)}
    cv_from_plain(plain)  # attributes that were set later may be invalid
    return plain


def cv_from_plain(plain: Any) -> Any:
    """Convert the result of `cv_to_plain` to a parameter `cv`.

    Raises
    ------
    TypeError, ValueError
        If it is no such result.
    """
    if plain is None or type(plain) is int or (type(plain) is str and plain == "auto"):
        return plain
    if isinstance(plain, list | tuple):  # no array: one of shape (n, 0) takes no bytes
        return _splits(plain)
    if not isinstance(plain, dict) or set(plain) != {"splitter", "parameters"}:
        raise TypeError("cv must be None, an integer, a list of splits or a splitter")
    name, parameters = plain["splitter"], plain["parameters"]
    if not isinstance(name, str) or name not in SPLITTERS:
        raise ValueError(f"cv is a {name!r:.50}, which is not one of {', '.join(SPLITTERS)}")
    cls, rules = SPLITTERS[name]
    if not isinstance(parameters, dict) or not set(parameters) <= set(rules):
        raise ValueError(f"the parameters of {name} are {', '.join(rules) or 'none'}")
    for key, value in parameters.items():
        words, fits = rules[key]
        if not fits(value):
            raise ValueError(f"{key} of {name} must be {words}, got {value!r:.50}")
    return cls(**parameters)


def _splitter_parameters(splitter: Any) -> dict[str, Any]:
    """Return the parameters of a splitter of `SPLITTERS`; numbers become those of Python."""
    name = type(splitter).__name__
    rules = SPLITTERS[name][1]
    # some keep a parameter in a dictionary for another splitter
    attributes = {**getattr(splitter, "cvargs", {}), **vars(splitter)}
    parameters = {}
    for key, parameter in inspect.signature(type(splitter)).parameters.items():
        if key not in rules:  # a version of scikit-learn has added it
            if attributes[key] is parameter.default:
                continue
            raise TypeError(f"parameter cv: {key} of {name} cannot be saved. Leave its default.")
        value = attributes[key]
        if isinstance(value, np.integer | np.floating):
            value = value.item()
        if isinstance(value, np.ndarray):
            value = value.astype(np.int64)
        if key == "random_state" and not (value is None or isinstance(value, int)):
            raise TypeError(
                f"parameter cv: random_state of {name} is of type {type(value).__name__}, which "
                "cannot be saved. Set an integer."
            )
        parameters[key] = value
    return parameters


def _splits(cv: Any) -> list[tuple[Array, Array]]:
    """Convert (train, test) splits, of row numbers or masks, to pairs of arrays.

    Raises
    ------
    TypeError
        If they are no such pairs.
    """
    try:
        splits = [(np.asarray(train), np.asarray(test)) for train, test in cv]
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"parameter cv must be a list of (train, test) pairs of row numbers or masks: {error}"
        ) from error
    for part in (part for split in splits for part in split):
        if part.size and part.dtype.kind not in "biu":
            raise TypeError(
                "parameter cv: a split must hold row numbers or masks, got an array of type "
                f"{part.dtype}."
            )
    return splits
