"""Plain data as JSON values, with arrays set aside.

None, truth values, integers, finite numbers, text, lists, and dictionaries whose keys are text are
what they are in JSON. The rest are dictionaries of one key:

=============  =================================================================================
``$float``     "nan", "inf" or "-inf"
``$tuple``     a list
``$pairs``     the pairs of a dictionary with other keys
``$array``     the name of an array
``$numbers``   the name of an array that was a long list of floats
``$texts``     the name of arrays with the characters and the lengths of a long list of texts
``$objects``   the same, for an array of objects that are texts
=============  =================================================================================
"""

import math
from collections.abc import Callable, Mapping
from numbers import Integral
from typing import Any

import numpy as np

from sknn.engine._typing import Array

#: Lists longer than this are kept as arrays if all they hold are floats or texts.
LONG = 64

#: Kinds of NumPy's types that a file may hold: truth values, integers, floats, text.
KINDS = "biufU"


def pack(value: Any, name: str, arrays: dict[str, Array]) -> Any:
    """Return a JSON value that stands for a plain one.

    Parameters
    ----------
    value : object
        Plain data.
    name : str
        What it is called.
    arrays : dict
        Arrays found on the way are put here.

    Raises
    ------
    TypeError
        If it is or holds something that is not plain, which the message names.
    """
    if isinstance(value, np.ndarray):
        return _pack_array(value, name, arrays)
    if isinstance(value, dict):
        return _pack_dict(value, name, arrays)
    if isinstance(value, tuple):
        return {"$tuple": _pack_each(value, name, arrays)}
    if isinstance(value, list):
        return _pack_list(value, name, arrays)
    return _pack_scalar(value, name)


def _pack_scalar(value: Any, name: str) -> Any:
    if value is None or isinstance(value, bool | np.bool_):
        return None if value is None else bool(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, float | np.floating):
        number = float(value)
        return number if math.isfinite(number) else {"$float": repr(number)}
    raise TypeError(
        f"{name} is of type {type(value).__name__}; what can be saved are None, truth values, "
        f"numbers, text, and arrays, lists and dictionaries of them. {_advice(value)}"
    )


def _advice(value: Any) -> str:
    """Return what to give in the place of an object."""
    if isinstance(value, np.random.RandomState | np.random.Generator):
        return "Give an integer instead of a generator."
    if type(value).__module__.partition(".")[0] == "sknn":
        return "If sknn has a name for it, give that."
    return "Functions and objects of your own are code, which such a file never holds."


def _pack_each(values: Any, name: str, arrays: dict[str, Array]) -> list[Any]:
    return [pack(value, f"{name}.{i}", arrays) for i, value in enumerate(values)]


def _pack_dict(value: Mapping[Any, Any], name: str, arrays: dict[str, Array]) -> Any:
    if all(type(key) is str and not key.startswith("$") for key in value):
        return {key: pack(one, f"{name}.{key}", arrays) for key, one in value.items()}
    return {"$pairs": _pack_each([list(pair) for pair in value.items()], name, arrays)}


def _pack_list(value: list[Any], name: str, arrays: dict[str, Array]) -> Any:
    types = set(map(type, value)) if len(value) > LONG else set()
    if types == {float}:
        return _set_aside("$numbers", name, arrays, {name: np.array(value)})
    if types == {str}:
        return _set_aside("$texts", name, arrays, _characters(value, name))
    return _pack_each(value, name, arrays)


def _pack_array(value: Array, name: str, arrays: dict[str, Array]) -> Any:
    if value.dtype.kind == "O" and value.ndim == 1 and all(isinstance(v, str) for v in value):
        return _set_aside("$objects", name, arrays, _characters(value.tolist(), name))
    if value.dtype.kind not in KINDS or (value.dtype.itemsize > 8 and value.dtype.kind != "U"):
        raise TypeError(
            f"{name} is an array of type {value.dtype}; arrays of truth values, integers, "
            "floats and text can be saved."
        )
    return _set_aside("$array", name, arrays, {name: value})


def _set_aside(key: str, name: str, arrays: dict[str, Array], found: dict[str, Array]) -> Any:
    arrays.update(found)
    return {key: name}


def _characters(texts: list[str], name: str) -> dict[str, Array]:
    """Return all texts as the bytes of one, and how many bytes each has."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    return {
        f"{name}.characters": np.frombuffer(b"".join(encoded), np.uint8),
        f"{name}.lengths": np.array([len(one) for one in encoded], np.int64),
    }


def pack_parameters(
    parameters: Mapping[str, Any],
    arrays: dict[str, Array],
    otherwise: str = "joblib takes whatever can be pickled.",
) -> dict[str, Any]:
    """Return JSON values for an estimator's parameters; see `pack`.

    Raises
    ------
    TypeError
        If one cannot be saved; the message ends with what can be done `otherwise`.
    """
    try:
        return {name: pack(one, f"parameter {name}", arrays) for name, one in parameters.items()}
    except TypeError as error:
        raise TypeError(f"{error} {otherwise}") from error


def unpack(value: Any, take: Callable[[str], Array]) -> Any:
    """Return the plain value that a JSON value stands for.

    Parameters
    ----------
    value : object
        What `pack` gave.
    take : callable
        Gives the array of a name.

    Raises
    ------
    ValueError, TypeError, KeyError
        If `pack` cannot have given it.
    """
    if isinstance(value, list):
        return [unpack(one, take) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)).startswith("$"):
        [(key, held)] = value.items()
        return MARKED[key](held, take)
    if any(key.startswith("$") for key in value):
        raise ValueError(f"a marked value has more keys than one: {sorted(value)[:5]}")
    return {key: unpack(one, take) for key, one in value.items()}


def _unpack_float(held: Any, take: Callable[[str], Array]) -> float:
    if held not in ("nan", "inf", "-inf"):
        raise ValueError(f"no such number: {held!r:.20}")
    return float(held)


def _unpack_tuple(held: Any, take: Callable[[str], Array]) -> tuple[Any, ...]:
    if not isinstance(held, list):
        raise TypeError("a tuple must be a list in the file")
    return tuple(unpack(held, take))


def _unpack_pairs(held: Any, take: Callable[[str], Array]) -> dict[Any, Any]:
    pairs = [(key, value) for key, value in unpack(held, take)]
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise ValueError("a dictionary has a key twice")
    return unique


def _unpack_numbers(held: Any, take: Callable[[str], Array]) -> list[float]:
    numbers = take(held)
    if numbers.dtype != np.float64 or numbers.ndim != 1:
        raise ValueError(f"{held!r:.50} must be a row of float64")
    return numbers.tolist()


def _unpack_texts(held: Any, take: Callable[[str], Array]) -> list[str]:
    if not isinstance(held, str):
        raise TypeError("the name of an array must be text")
    characters, lengths = take(f"{held}.characters"), take(f"{held}.lengths")
    ends = np.cumsum(lengths)
    whole = len(ends) == 0 or (lengths.min() >= 0 and ends[-1] == len(characters))
    if characters.dtype != np.uint8 or lengths.dtype != np.int64 or not whole:
        raise ValueError(f"{held:.50}: lengths and characters do not fit")
    everything = characters.tobytes()
    return [
        everything[end - length : end].decode("utf-8", "surrogatepass")
        for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)
    ]


def _unpack_objects(held: Any, take: Callable[[str], Array]) -> Array:
    return np.array(_unpack_texts(held, take), dtype=object)


#: What the marks mean.
MARKED: dict[str, Callable[[Any, Callable[[str], Array]], Any]] = {
    "$float": _unpack_float,
    "$tuple": _unpack_tuple,
    "$pairs": _unpack_pairs,
    "$array": lambda held, take: take(held),
    "$numbers": _unpack_numbers,
    "$texts": _unpack_texts,
    "$objects": _unpack_objects,
}
