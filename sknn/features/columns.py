"""Tables of any kind, read column by column as numbers or strings."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from numbers import Real
from typing import Any, NoReturn, TypeAlias

import numpy as np

from sknn.engine._typing import Array

#: The cells of a column: floats with NaN where missing, or strings with None where missing.
Cells: TypeAlias = "Array | list[str | None]"

#: The types of columns, and what messages call their values.
KINDS = {"numeric": "numbers", "boolean": "True and False", "string": "text", "empty": "no value"}

#: Types of dates and times; pandas' Period and NaT are recognized by their names.
TEMPORAL = (date, time, timedelta, np.datetime64, np.timedelta64)


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    label: str  # its name in messages
    kind: str  # the type of its cells, a key of KINDS; "empty" if all are missing
    cells: Cells  # True is 1 and False is 0
    has_categorical_dtype: bool  # in the frame

    def agrees_with(self, kind: str) -> bool:
        """Return whether the type of the column is compatible with a type seen in fit."""
        return self.kind == "empty" or (self.kind == "string") == (kind == "string")


@dataclass(frozen=True)
class Table:
    """The columns of a matrix or frame, each read on demand."""

    columns: Sequence[Any]  # arrays or narwhals series of the same length
    names: Sequence[str] | None

    @property
    def n_rows(self) -> int:
        """The length of the columns."""
        return len(self.columns[0])

    def column(self, j: int) -> Column:
        """Read a column; raise an error unless it holds finite numbers, booleans or strings."""
        label = f"Column {j}" if self.names is None else f"Column {self.names[j]!r}"
        column = self.columns[j]
        if isinstance(column, np.ndarray):
            return Column(label, *_read(column, label), has_categorical_dtype=False)
        import narwhals.stable.v2 as nw  # here, as arrays do not need it

        dtype = column.dtype
        if dtype.is_temporal():
            _raise_temporal(label, dtype)
        if dtype.is_nested():
            _raise_unsupported(label, str(dtype))
        return Column(label, *_read(column.to_numpy(), label), dtype in (nw.Categorical, nw.Enum))


def as_frame(X: Any) -> Any:
    """Return X as a narwhals DataFrame with unique names, or None if it is not a frame."""
    if isinstance(X, np.ndarray | list | tuple):
        return None
    import narwhals.stable.v2 as nw  # here, as arrays do not need it
    from narwhals.exceptions import DuplicateError

    try:
        frame = nw.from_native(X, pass_through=True)
    except DuplicateError as error:
        counts = Counter(getattr(X, "column_names", X.columns))
        names = [name for name, count in counts.items() if count > 1]
        raise ValueError(
            f"X has several columns of the same name: {', '.join(map(repr, names[:10]))}. Drop all "
            "but one of each, or rename them."
        ) from error
    if isinstance(frame, nw.LazyFrame):
        raise TypeError("X is a lazy frame. Collect it first: X.collect().")
    return frame if isinstance(frame, nw.DataFrame) else None


def _raise_temporal(label: str, dtype: Any) -> NoReturn:
    raise TypeError(
        f"{label} holds dates or times ({dtype}). Turn them into numbers first, for example days "
        "since a fixed date, or the month and the hour."
    )


def _raise_unsupported(label: str, types: str) -> NoReturn:
    raise TypeError(
        f"{label} holds values of type {types}, but every argument must be a string, a number, a "
        "bool or missing. Turn it into columns of those, or drop it."
    )


def _read(values: Array, label: str) -> tuple[str, Cells]:
    """Return the column type, a key of KINDS, and the cells of an array of any dtype."""
    if values.dtype.kind in "OUT":
        return _read_objects(values.tolist(), label)
    if values.dtype.kind in "mM":
        _raise_temporal(label, values.dtype)
    if values.dtype.kind not in "fiub":
        _raise_unsupported(label, str(values.dtype))
    return _read_numbers(values, "boolean" if values.dtype.kind == "b" else "numeric", label)


def _read_numbers(values: Any, kind: str, label: str) -> tuple[str, Array]:
    """Convert numbers or booleans to float64; return the column type and the cells."""
    with np.errstate(over="ignore"):  # overflow is an infinity, checked below
        try:
            cells = np.asarray(values, dtype=np.float64)
        except OverflowError:
            cells = np.array([np.inf])
    if np.isinf(cells).any():
        raise ValueError(
            f"{label} holds an infinity, or a number too large for float64. Clip it to the range "
            "of the data, or set it to NaN."
        )
    return "empty" if np.isnan(cells).all() else kind, cells


def _read_objects(values: list[Any], label: str) -> tuple[str, Cells]:
    """Return the column type and the cells of a list of Python objects."""
    values = without_missing(values)
    types = set(map(type, values)) - {type(None)}
    if not types:
        return "empty", np.full(len(values), np.nan)
    kinds = set(map(_kind, types))
    if None in kinds:
        unknown = [t for t in types if _kind(t) is None]
        if all(issubclass(t, TEMPORAL) or t.__name__ in ("Period", "NaTType") for t in unknown):
            _raise_temporal(label, _type_names(unknown))
        _raise_unsupported(label, _type_names(types))
    if len(kinds) > 1:
        raise TypeError(
            f"{label} mixes values of types {_type_names(types)}. Turn all of them into text, or "
            "all into numbers."
        )
    if kinds == {"string"}:
        return "string", values
    return _read_numbers(values, str(kinds.pop()), label)


def without_missing(values: list[Any]) -> list[Any]:
    """Replace NaN and pandas.NA by None in a list of Python objects."""
    types = set(map(type, values))
    always_missing = {t for t in types if t is type(None) or t.__name__ == "NAType"}
    floats = {t for t in types if issubclass(t, float | np.floating)}
    if not (always_missing or floats):
        return values

    def is_missing(value: Any) -> bool:
        return type(value) in always_missing or (type(value) in floats and value != value)

    return [None if is_missing(value) else value for value in values]


def _kind(cell_type: type) -> str | None:
    """Return the column type of cells of a Python type; None if it is unsupported."""
    if issubclass(cell_type, str):
        return "string"
    if issubclass(cell_type, bool | np.bool_):
        return "boolean"
    is_real = issubclass(cell_type, Real | Decimal) and not issubclass(cell_type, np.timedelta64)
    return "numeric" if is_real else None


def _type_names(types: Iterable[type]) -> str:
    return ", ".join(sorted(t.__name__ for t in types))
