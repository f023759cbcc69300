"""Plain data <-> JSON values and arrays.

None, booleans, integers, finite floats, strings, lists, and dictionaries with string keys are JSON
values. Other values are dictionaries with one key:

=============  =================================================================================
``$float``     "nan", "inf" or "-inf"
``$tuple``     the list of its items
``$pairs``     the items of a dictionary with other keys
``$array``     the name of an array
``$numbers``   the name of an array, for a long list of floats
``$texts``     the name of the arrays of UTF-8 bytes and lengths, for a long list of strings
``$objects``   the same, for an array of strings of dtype object
``$labels``    the different items of another array of dtype object, and the array of their indices
=============  =================================================================================
"""

import math
from collections.abc import Callable, Mapping
from numbers import Integral
from typing import Any

import numpy as np

from sknn.engine._typing import Array

#: Lists of floats or strings that are longer than this become arrays.
MAX_JSON_LIST = 64

#: The supported `numpy.dtype.kind`: booleans, integers, floats, strings.
DTYPE_KINDS = "biufU"


#: The supported types of labels in arrays of dtype object; NaN stands for none.
LABELS = (str, bool, np.bool_, Integral, float, np.floating)


def pack(value: Any, name: str, arrays: dict[str, Array]) -> Any:
    """Convert plain data to a JSON value, and add its arrays to `arrays`.

    A TypeError says what is not plain data: messages and the names of arrays begin with `name`.
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
        f"{name} is of type {type(value).__name__}, but only None, booleans, numbers, strings, and "
        f"arrays, lists and dictionaries of them can be saved. {_advice(value)}"
    )


def _advice(value: Any) -> str:
    """Return the advice of an error: what to pass instead of an unsupported object."""
    if isinstance(value, np.random.RandomState | np.random.Generator):
        return "Give an integer instead of a generator."
    if type(value).__module__.partition(".")[0] == "sknn":
        return "If sknn has a name for it, pass that."
    return "Functions and your own objects are code, which such a file never contains."


def _pack_each(values: Any, name: str, arrays: dict[str, Array]) -> list[Any]:
    return [pack(value, f"{name}.{i}", arrays) for i, value in enumerate(values)]


def _pack_dict(value: Mapping[Any, Any], name: str, arrays: dict[str, Array]) -> Any:
    if all(type(key) is str and not key.startswith("$") for key in value):
        return {key: pack(one, f"{name}.{key}", arrays) for key, one in value.items()}
    return {"$pairs": _pack_each([list(pair) for pair in value.items()], name, arrays)}


def _pack_list(value: list[Any], name: str, arrays: dict[str, Array]) -> Any:
    types = set(map(type, value)) if len(value) > MAX_JSON_LIST else set()
    if types == {float}:
        arrays[name] = np.array(value)
        return {"$numbers": name}
    if types == {str}:
        arrays.update(_encode_strings(value, name))
        return {"$texts": name}
    return _pack_each(value, name, arrays)


def _pack_array(value: Array, name: str, arrays: dict[str, Array]) -> Any:
    if value.dtype.kind == "O" and value.ndim == 1 and all(isinstance(v, str) for v in value):
        arrays.update(_encode_strings(value.tolist(), name))
        return {"$objects": name}
    if value.dtype.kind == "O" and all(isinstance(item, LABELS) for item in value.flat):
        return {"$labels": _pack_labels(value, name, arrays)}
    kind = value.dtype.kind
    if kind not in DTYPE_KINDS or (value.dtype.itemsize > 8 and kind != "U"):
        raise TypeError(
            f"{name} is an array of type {value.dtype}, but only arrays of booleans, integers, "
            "floats of at most 64 bits and strings can be saved. Convert it."
        )
    arrays[name] = value
    return {"$array": name}


def _pack_labels(value: Array, name: str, arrays: dict[str, Array]) -> Any:
    """Convert an array with few different scalars."""
    items: dict[Any, Any] = {}
    indices = np.empty(value.size, np.int64)
    for i, item in enumerate(value.flat):
        key = (type(item), item) if item == item else "nan"
        indices[i] = items.setdefault(key, (len(items), item))[0]
    scalars = [_pack_scalar(item, name) for _, item in items.values()]
    return [scalars, pack(indices.reshape(value.shape), name, arrays)]


def _encode_strings(strings: list[str], name: str) -> dict[str, Array]:
    """Return the UTF-8 bytes of all strings, and the number of bytes of each."""
    encoded = [string.encode("utf-8", "surrogatepass") for string in strings]
    return {
        f"{name}.characters": np.frombuffer(b"".join(encoded), np.uint8),
        f"{name}.lengths": np.array([len(one) for one in encoded], np.int64),
    }


def pack_parameters(
    parameters: Mapping[str, Any],
    arrays: dict[str, Array],
    otherwise: str = "joblib saves whatever can be pickled.",
) -> dict[str, Any]:
    """Convert an estimator's parameters as `pack` does; `otherwise` ends error messages."""
    try:
        return {name: pack(one, f"parameter {name}", arrays) for name, one in parameters.items()}
    except TypeError as error:
        raise TypeError(f"{error} {otherwise}") from error


def unpack(value: Any, take: Callable[[str], Array]) -> Any:
    """Convert a JSON value back to plain data; `take` returns the array of a name.

    A ValueError, TypeError or KeyError is raised if the value is no result of `pack`.
    """
    if isinstance(value, list):
        return [unpack(one, take) for one in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)).startswith("$"):
        [(key, held)] = value.items()
        return UNPACK[key](held, take)
    if any(key.startswith("$") for key in value):
        raise ValueError(f"a value with a key in $ has more than one key: {sorted(value)[:5]}")
    return {key: unpack(one, take) for key, one in value.items()}


def _unpack_float(held: Any, take: Callable[[str], Array]) -> float:
    if held not in ("nan", "inf", "-inf"):
        raise ValueError(f"not a float: {held!r:.20}")
    return float(held)


def _unpack_tuple(held: Any, take: Callable[[str], Array]) -> tuple[Any, ...]:
    if not isinstance(held, list):
        raise TypeError("a tuple must be a list in the file")
    return tuple(unpack(held, take))


def _unpack_pairs(held: Any, take: Callable[[str], Array]) -> dict[Any, Any]:
    pairs = [(key, value) for key, value in unpack(held, take)]
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise ValueError("a dictionary has a duplicate key")
    return unique


def _unpack_numbers(held: Any, take: Callable[[str], Array]) -> list[float]:
    numbers = take(held)
    if numbers.dtype != np.float64 or numbers.ndim != 1:
        raise ValueError(f"{held!r:.50} must be a 1d array of float64")
    return numbers.tolist()


def _unpack_texts(held: Any, take: Callable[[str], Array]) -> list[str]:
    if not isinstance(held, str):
        raise TypeError("the name of an array must be a string")
    characters, lengths = take(f"{held}.characters"), take(f"{held}.lengths")
    ends = np.cumsum(lengths)
    is_complete = len(ends) == 0 or (lengths.min() >= 0 and ends[-1] == len(characters))
    if characters.dtype != np.uint8 or lengths.dtype != np.int64 or not is_complete:
        raise ValueError(f"{held:.50}: the lengths do not match the characters")
    utf8 = characters.tobytes()
    return [
        utf8[end - length : end].decode("utf-8", "surrogatepass")
        for end, length in zip(ends.tolist(), lengths.tolist(), strict=True)
    ]


def _unpack_objects(held: Any, take: Callable[[str], Array]) -> Array:
    return np.array(_unpack_texts(held, take), dtype=object)


def _unpack_labels(held: Any, take: Callable[[str], Array]) -> Array:
    items, indices = unpack(held, take)
    if not all(isinstance(item, str | int | float) for item in items):
        raise TypeError("an array of objects must hold scalars")
    labels = np.empty(len(items), dtype=object)
    labels[:] = items
    if indices.dtype != np.int64 or (indices < 0).any():
        raise ValueError("the indices of an array of objects must be integers of 0 or more")
    return labels[indices]


#: The function that unpacks the value of each key in $.
UNPACK: dict[str, Callable[[Any, Callable[[str], Array]], Any]] = {
    "$float": _unpack_float,
    "$tuple": _unpack_tuple,
    "$pairs": _unpack_pairs,
    "$array": lambda held, take: take(held),
    "$numbers": _unpack_numbers,
    "$texts": _unpack_texts,
    "$objects": _unpack_objects,
    "$labels": _unpack_labels,
}
