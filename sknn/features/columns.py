"""Tables of any kind, read column by column as numbers or strings."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from decimal import Decimal
from functools import cached_property
from numbers import Real
from typing import Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sknn.engine._linalg import has_finite_sum
from sknn.engine._typing import Array
from sknn.features.containers import as_frame

#: The cells of a column: floats with NaN where missing, or strings with None where missing.
Cells: TypeAlias = "Array | list[str | None]"

#: The types of columns, and what messages call their values.
KINDS = {"numeric": "numbers", "boolean": "True and False", "string": "text", "empty": "no value"}

#: How a column with text becomes one of numbers, in messages.
TO_NUMBERS = "pd.to_numeric(column, errors='coerce') makes all other values missing"

#: Types of dates and times; pandas' Period is recognized by its name.
TEMPORAL = (date, time, timedelta, np.datetime64, np.timedelta64)

#: Names of the types of missing values, besides None and NaN.
MISSING = ("NAType", "NaTType", "MaskedConstant")

FLOAT64 = np.dtype(np.float64)

#: float64 represents all integers up to this one.
MAX_EXACT = 2**53


class MixedTypesError(TypeError):
    """A column holds values of several types: numbers, booleans and text."""

    finding = ""  # the first part of the message, without what to do

    @classmethod
    def of(cls, finding: str, kinds: Iterable[str | None]) -> "MixedTypesError":
        """Return the error for values of these types, keys of KINDS."""
        how = f" ({TO_NUMBERS})" if "numeric" in kinds and "string" in kinds else ""
        error = cls(f"{finding}. Convert all of them to text, or all to numbers{how}.")
        error.finding = finding
        return error


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    label: str  # its name in messages
    kind: str  # the type of its cells, a key of KINDS; "empty" if all are missing
    cells: Cells  # True is 1 and False is 0
    has_categorical_dtype: bool = False  # in the frame
    float_type: np.dtype[Any] = FLOAT64  # its numbers are compared in: the table's if narrower
    is_rounded: bool = False  # whether float64 cannot represent one of its integers

    def agrees_with(self, kind: str) -> bool:
        """Return whether the type of the column is compatible with a type seen in fit."""
        return self.kind == "empty" or (self.kind == "string") == (kind == "string")

    def take(self, rows: NDArray[np.intp]) -> "Column":
        """Return the column of some rows, in their order."""
        if isinstance(self.cells, np.ndarray):
            numbers = self.cells[rows]
            kind = "empty" if np.isnan(numbers).all() else self.kind
            return replace(self, cells=numbers, kind=kind)
        strings = [self.cells[i] for i in rows.tolist()]
        if all(cell is None for cell in strings):
            return replace(self, cells=np.full(len(rows), np.nan), kind="empty")
        return replace(self, cells=strings)


class Table:
    """The columns of a matrix or frame, each read on demand; see `table_of`."""

    def __init__(self, X: Any, names: Sequence[str] | None = None) -> None:
        self._frame = as_frame(X)
        self._X = X if self._frame is None else self._frame.to_native()
        self.names = self._frame_names if names is None and self._frame is not None else names
        self.is_plain = self._plain_columns()  # types of real numbers that need no examination

    @cached_property
    def _frame_names(self) -> list[Any]:
        """The names of the columns in the frame."""
        names: list[Any] = self._frame.columns
        return names

    @property
    def shape(self) -> tuple[int, int]:
        """The number of rows and of columns."""
        shape: tuple[int, int] = self._X.shape
        return shape

    def label(self, j: int) -> str:
        """Return what messages call a column."""
        return f"Column {j}" if self.names is None else f"Column {self.names[j]!r}"

    def values(self, j: int) -> tuple[Array, bool]:
        """Return the values of a column, and whether its dtype is categorical."""
        if self._frame is None:
            return self._X[:, j], False
        import narwhals.stable.v2 as nw  # here, as arrays do not need it

        column = self._frame.get_column(self._frame_names[j])
        return series_values(column, self.label(j)), column.dtype in (nw.Categorical, nw.Enum)

    def columns(self) -> Iterator[Column]:
        """Read all columns in order."""
        return map(self.column, range(self.shape[1]))

    def column(self, j: int) -> Column:
        """Read a column; raise an error unless it holds finite numbers, booleans or strings."""
        label = self.label(j)
        values, is_category = self.values(j)
        if is_category and values.dtype.kind == "O":
            values = np.array([_without_interval(value) for value in values], dtype=object)
        kind, cells = _read(values, label)
        if isinstance(cells, list):
            return Column(label, kind, cells, is_category)
        narrow = values.dtype.kind == "f" and values.dtype.itemsize < cells.dtype.itemsize
        float_type = values.dtype.newbyteorder("=") if narrow else FLOAT64
        is_rounded = kind == "numeric" and _is_rounded(values, cells)
        return Column(label, kind, cells, is_category, float_type, is_rounded)

    def numbers(self, indices: NDArray[np.intp]) -> Array:
        """Read plain columns at once, as float64 with NaN where missing.

        Raises
        ------
        ValueError
            If one holds an infinity.
        """
        if self._frame is None:
            block = self._X[:, indices]
        else:
            all_columns = len(indices) == self.shape[1]  # in their order
            block = (self._frame if all_columns else self._frame[:, indices.tolist()]).to_numpy()
        cells: Array = np.asarray(block, np.float64)
        self._refuse_infinities(cells, indices)
        return cells

    def _refuse_infinities(self, cells: Array, indices: NDArray[np.intp]) -> None:
        """Raise an error if one of these columns holds an infinity."""
        with np.errstate(over="ignore", invalid="ignore"):
            if has_finite_sum(cells):
                return
        for i in np.flatnonzero(np.isinf(cells).any(axis=0)):
            self.column(int(indices[i]))

    def _plain_columns(self) -> NDArray[np.bool_]:
        """Return `is_plain`."""
        if self._frame is None:
            return np.full(self.shape[1], self._X.dtype.kind in "fiub" and self._X.ndim == 2)
        if hasattr(self._X, "iloc"):  # narwhals takes 15 us for each dtype of pandas
            plain = [isinstance(d, np.dtype) and d.kind in "fiub" for d in self._X.dtypes]
        else:
            # types of polars have the same methods as those of narwhals, which are slower
            types = getattr(self._X, "dtypes", None) or self._frame.schema.values()
            plain = [t.is_float() or (t.is_integer() and "128" not in str(t)) for t in types]
        return np.array(plain, dtype=bool)


def _raise_temporal(label: str, dtype: Any) -> NoReturn:
    raise TypeError(
        f"{label} holds dates or times ({dtype}). Convert them to numbers, for example days "
        "since a fixed date, or the month and the hour; those of X in a step of a pipeline, such "
        "as a FunctionTransformer or skrub's DatetimeEncoder."
    )


def _raise_unsupported(label: str, types: str) -> NoReturn:
    raise TypeError(
        f"{label} holds values of type {types}. Each value as an argument must be a string, a "
        "number, a bool or missing. Convert it to columns of those, or drop it."
    )


def series_values(column: Any, label: str) -> Array:
    """Return the values of a narwhals series; integers and missing values stay exact.

    Raises
    ------
    TypeError
        If it holds dates, times or nested values.
    """
    import narwhals.stable.v2 as nw

    dtype = column.dtype
    if dtype.is_temporal():
        _raise_temporal(label, dtype)
    if dtype.is_nested():
        _raise_unsupported(label, str(dtype))
    if dtype in (nw.Int128, nw.UInt128):  # NumPy has no such type
        return np.array(column.to_list(), dtype=object)
    values: Array = decoded(column).to_numpy()
    # columns of integers with missing values become floats, of polars also float32
    if values.dtype.kind == "f" and not dtype.is_float() and (np.abs(values) >= MAX_EXACT).any():
        return np.array(column.to_list(), dtype=object)
    is_narrow = values.dtype == np.float32 and dtype.is_integer()
    return values.astype(np.float64) if is_narrow else values


def decoded(column: Any) -> Any:
    """Return a narwhals series without a dictionary of Arrow; integers of 128 bits as floats."""
    import narwhals.stable.v2 as nw

    if column.dtype in (nw.Int128, nw.UInt128):  # NumPy has no such type
        return column.cast(nw.Float64)
    native = column.to_native()
    if column.dtype != nw.Categorical or not hasattr(native, "combine_chunks"):
        return column
    plain = nw.from_native(native.cast(native.type.value_type), series_only=True)
    return plain.alias(column.name)


def refuse_temporal(values: Array, label: str) -> None:
    """Raise a TypeError if an array of any dtype holds dates or times."""
    if values.dtype.kind in "mM":
        _raise_temporal(label, values.dtype)
    if values.dtype.kind == "O" and (types := _temporal_types(set(map(type, values.ravel())))):
        _raise_temporal(label, type_names(types))


def _temporal_types(types: Iterable[type]) -> list[type]:
    """Return the types of dates and times among these."""
    return [t for t in types if issubclass(t, TEMPORAL) or t.__name__ == "Period"]


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


def _is_rounded(values: Array, cells: Array) -> bool:
    """Return whether an integer differs from its cell: those above 2**53 may."""
    large = np.abs(cells) >= MAX_EXACT
    if values.dtype.kind == "f" or not large.any():
        return False
    pairs = zip(values[large].tolist(), cells[large].tolist(), strict=True)
    return any(value != cell for value, cell in pairs)


def _read_objects(values: list[Any], label: str) -> tuple[str, Cells]:
    """Return the column type and the cells of a list of Python objects."""
    values = without_missing(values)
    types = set(map(type, values)) - {type(None)}
    if not types:
        return "empty", np.full(len(values), np.nan)
    kinds = set(map(_kind, types))
    if None in kinds:
        unknown = [t for t in types if _kind(t) is None]
        if len(_temporal_types(unknown)) == len(unknown):
            _raise_temporal(label, type_names(unknown))
        _raise_unsupported(label, type_names(types))
    if len(kinds) > 1:
        raise MixedTypesError.of(f"{label} mixes values of types {type_names(types)}", kinds)
    if kinds == {"string"}:
        return "string", values
    return _read_numbers(values, str(kinds.pop()), label)


def without_missing(values: list[Any]) -> list[Any]:
    """Replace NaN, pandas.NA, pandas.NaT and masked cells by None in a list of Python objects."""
    types = set(map(type, values))
    always_missing = {t for t in types if t is type(None) or t.__name__ in MISSING}
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


def type_names(types: Iterable[type]) -> str:
    """Return what messages call some types."""
    return ", ".join(sorted(t.__name__ for t in types))


def _without_interval(value: Any) -> Any:
    """Return an interval, a category of `pandas.cut`, as text; all else as it is.

    Its numbers become floats, as pandas makes them if an interval is missing.
    """
    if type(value).__name__ != "Interval":
        return value
    left, right = (float(e) if isinstance(e, Real) else e for e in (value.left, value.right))
    return f"{'[' if value.closed_left else '('}{left}, {right}{']' if value.closed_right else ')'}"
