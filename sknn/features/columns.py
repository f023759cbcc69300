"""Frames: a table of any kind, read column by column as numbers or as text."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from numbers import Real
from typing import Any, NoReturn, TypeAlias

import numpy as np

from sknn.engine._typing import Array

#: The cells of a column: floats with NaN where missing, or text with None there.
Cells: TypeAlias = "Array | list[str | None]"

#: What messages call the kinds of columns.
KINDS = {"numeric": "numbers", "boolean": "True and False", "string": "text", "empty": "no value"}

#: Types of single dates and times; pandas' Period and NaT are known by their names.
TEMPORAL = (date, time, timedelta, np.datetime64, np.timedelta64)


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    label : str
        What messages call it.
    kind : {"numeric", "boolean", "string", "empty"}
        What its cells are; "empty" if all of them are missing. True is 1 and False is 0.
    cells : array of float64 or list of str
        NaN or None where missing.
    labelled : bool
        Whether its type in the frame says that it is categorical.
    """

    label: str
    kind: str
    cells: Cells
    labelled: bool

    def agrees_with(self, kind: str) -> bool:
        """Tell whether these cells can be compared with those of a column of some kind."""
        return self.kind == "empty" or (self.kind == "string") == (kind == "string")


class Table:
    """The columns of a matrix or frame, each read when it is asked for.

    Parameters
    ----------
    columns : sequence of arrays or narwhals series
        All of one length.
    names : sequence of str or None
        What the columns are called, if they have names.
    """

    def __init__(self, columns: Sequence[Any], names: Sequence[str] | None) -> None:
        self.columns = columns
        self.names = names

    @property
    def n_rows(self) -> int:
        """How long the columns are."""
        return len(self.columns[0])

    def column(self, j: int) -> Column:
        """Read a column.

        Raises
        ------
        TypeError
            If it holds what is neither number nor text, or both.
        ValueError
            If it holds an infinity.
        """
        label = f"Column {j}" if self.names is None else f"Column {self.names[j]!r}"
        column = self.columns[j]
        if isinstance(column, np.ndarray):
            return Column(label, *_read(column, label), labelled=False)
        _refuse_types(column.dtype, label)
        return Column(label, *_read(column.to_numpy(), label), _is_labelled(column.dtype))


def as_frame(X: Any) -> Any:
    """Return X as a narwhals DataFrame, or None if it is no frame.

    Raises
    ------
    TypeError
        If it is lazy.
    ValueError
        If two columns have the same name.
    """
    if isinstance(X, np.ndarray | list | tuple):
        return None
    import narwhals.stable.v2 as nw  # here, as arrays do not need it
    from narwhals.exceptions import DuplicateError

    try:
        frame = nw.from_native(X, pass_through=True)
    except DuplicateError as error:
        _refuse_twins(getattr(X, "column_names", X.columns), error)
    if isinstance(frame, nw.LazyFrame):
        raise TypeError("X is a lazy frame. Collect it first: X.collect().")
    return frame if isinstance(frame, nw.DataFrame) else None


def _refuse_twins(names: Iterable[Any], error: Exception) -> NoReturn:
    twins = [name for name, count in Counter(names).items() if count > 1]
    raise ValueError(
        f"X has several columns of the same name: {', '.join(map(repr, twins[:10]))}. Drop all but "
        "one of each, or rename them."
    ) from error


def need_cells(shape: tuple[int, int], owner: Any) -> None:
    """Refuse frames without rows or columns, in scikit-learn's words.

    Raises
    ------
    ValueError
        Naming the class of their owner.
    """
    for axis, what in enumerate(["sample(s)", "feature(s)"]):
        if not shape[axis]:
            raise ValueError(
                f"Found array with 0 {what} (shape={shape}) while a minimum of 1 is required by "
                f"{type(owner).__name__}."
            )


def as_array(X: Any) -> Any:
    """Return lists of rows as a matrix of objects, in which each cell stays what it is."""
    return np.asarray(X, dtype=object) if isinstance(X, list | tuple) else X


def _is_labelled(dtype: Any) -> bool:
    """Tell whether a type of narwhals is categorical."""
    import narwhals.stable.v2 as nw

    return dtype in (nw.Categorical, nw.Enum)


def _refuse_types(dtype: Any, label: str) -> None:
    """Refuse what a frame already says is of no use."""
    if dtype.is_temporal():
        _refuse_dates(label, dtype)
    if dtype.is_nested():
        _refuse_values(label, str(dtype))


def _refuse_dates(label: str, dtype: Any) -> NoReturn:
    raise TypeError(
        f"{label} holds dates or times ({dtype}). Turn them into numbers first, such as days since "
        "a fixed date, or parts such as the month and the hour."
    )


def _refuse_values(label: str, types: str) -> NoReturn:
    raise TypeError(
        f"{label} holds values of type {types}, but every argument must be a string, a number, a "
        "bool or missing. Turn it into columns of those, or drop it."
    )


def _read(values: Array, label: str) -> tuple[str, Cells]:
    """Return the kind and the cells of an array of any type."""
    if values.dtype.kind in "OUT":
        return _read_objects(values.tolist(), label)
    if values.dtype.kind in "mM":
        _refuse_dates(label, values.dtype)
    if values.dtype.kind not in "fiub":
        _refuse_values(label, str(values.dtype))
    return _as_numbers(values, "boolean" if values.dtype.kind == "b" else "numeric", label)


def _as_numbers(values: Any, kind: str, label: str) -> tuple[str, Array]:
    """Return the kind and the cells of a column of numbers."""
    with np.errstate(over="ignore"):  # an infinity it is
        try:
            cells = np.asarray(values, dtype=np.float64)
        except OverflowError:
            cells = np.array([np.inf])
    if np.isinf(cells).any():
        raise ValueError(
            f"{label} holds an infinity, or a number too large for float64. Replace it by the "
            "largest number that makes sense, or by NaN."
        )
    return "empty" if np.isnan(cells).all() else kind, cells


def _read_objects(values: list[Any], label: str) -> tuple[str, Cells]:
    """Return the kind and the cells of a column of Python objects."""
    values = without_missing(values)
    types = set(map(type, values)) - {type(None)}
    if not types:
        return "empty", np.full(len(values), np.nan)
    kinds = set(map(_kind, types))
    if None in kinds:
        _refuse_objects(label, types)
    if len(kinds) > 1:
        raise TypeError(
            f"{label} mixes values of types {_listed(types)}. Turn all of them into text, or all "
            "of them into numbers."
        )
    return (
        ("string", values) if kinds == {"string"} else _as_numbers(values, str(kinds.pop()), label)
    )


def _refuse_objects(label: str, types: set[type]) -> NoReturn:
    """Refuse objects that are of no use; dates and times with advice of their own."""
    unknown = [t for t in types if _kind(t) is None]
    if all(issubclass(t, TEMPORAL) or t.__name__ in ("Period", "NaTType") for t in unknown):
        _refuse_dates(label, _listed(unknown))
    _refuse_values(label, _listed(types))


def without_missing(values: list[Any]) -> list[Any]:
    """Return Python objects with None in place of all that stands for no value."""
    types = set(map(type, values))
    nothing = {t for t in types if t is type(None) or t.__name__ == "NAType"}  # pandas.NA's
    floats = {t for t in types if issubclass(t, float | np.floating)}
    if not (nothing or floats):
        return values
    return [None if _is_missing(v, nothing, floats) else v for v in values]


def _is_missing(value: Any, nothing: set[type], floats: set[type]) -> bool:
    """Tell whether a value stands for none: of a type that says so, or NaN."""
    kind = type(value)
    return kind in nothing or (kind in floats and value != value)


def _kind(of: type) -> str | None:
    """Return the kind of columns that a type makes; None if there is none."""
    if issubclass(of, str):
        return "string"
    if issubclass(of, bool | np.bool_):
        return "boolean"
    is_real = issubclass(of, Real | Decimal) and not issubclass(of, np.timedelta64)
    return "numeric" if is_real else None


def _listed(types: Iterable[type]) -> str:
    return ", ".join(sorted(t.__name__ for t in types))
