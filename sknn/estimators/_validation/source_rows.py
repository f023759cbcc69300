"""SourceRows: the rows of a source, read in passes, each of which must give the same rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from sknn.engine._typing import Array
from sknn.estimators._sklearn_compat import safe_indexing
from sknn.estimators._validation.targets import as_target_array
from sknn.features.columns import without_missing
from sknn.features.containers import COMPUTE, as_array, as_frame
from sknn.features.named_columns import NamedColumns, check_columns_exist, without_columns
from sknn.features.sources import Source, as_source
from sknn.features.sources.scratch import scratch_matrix

if TYPE_CHECKING:
    from sknn.estimators._inputs import TabularInputs

#: Returns the context of a pass over a source, given what is read or made in it.
OnPass = Callable[[str], AbstractContextManager[Any]]

#: The parts of a batch that is a tuple.
TUPLE = ("X", "y", "sample_weight")


@dataclass(frozen=True)
class Batch:
    """Consecutive rows of a source."""

    start: int  # number of the first row
    n: int  # number of rows
    X: Any  # the features, a frame or an array
    values: dict[str, Array]  # targets ("y"), weights ("sample_weight") and "groups"

    @property
    def stop(self) -> int:
        """The number of the row after the last."""
        return self.start + self.n


class SourceRows:
    """The rows of a source, of which only targets, weights and groups are in memory.

    Parameters
    ----------
    source : Source
        The source.
    columns : NamedColumns
        Which columns are targets, weights or groups.
    on_pass : callable, optional
        Returns the context of a pass over the source, given what is read or made in it.

    Attributes
    ----------
    values : dict of str to array
        Targets, weights and groups.
    first : frame or array
        The features of the first batch.
    shape : tuple of int
        The number of rows and of features.

    Raises
    ------
    ValueError, TypeError
        If a column is not there, a batch cannot be read, or there are no rows.
    """

    def __init__(
        self, source: Source, columns: NamedColumns, on_pass: OnPass | None = None
    ) -> None:
        self.source = source
        self.values: dict[str, Array] = {}
        self._columns = columns
        self._on_pass = on_pass or (lambda made: nullcontext())
        self._names: list[str] | None = None
        self._matrices: dict[Any, Array] = {}
        names = source.names()
        for argument, role in columns.roles.items():
            if names is not None and isinstance(role, str | list):
                check_columns_exist(names, [role] if isinstance(role, str) else role, argument)
        batch = next(self._read(), None)
        if batch is None:
            raise ValueError(f"The source ({type(source.X).__name__}) has no rows.")
        self.first, frame = batch.X, as_frame(batch.X)
        self._names = None if frame is None else frame.columns
        self.shape = (self._read_values(), batch.X.shape[1])

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def _read(self, columns: Sequence[str] | None = None) -> Iterator[Batch]:
        """Read the batches that have rows, all columns or at least these."""
        start = 0
        for batch in self.source.batches(columns):
            X, *others = batch if isinstance(batch, tuple) else (batch,)
            if len(others) >= len(TUPLE):
                raise ValueError(
                    f"A batch may be a tuple of {', '.join(TUPLE)}, got {len(others) + 1} parts."
                )
            frame = as_frame(X)
            X = as_array(X) if frame is None else frame.to_native()
            if len(shape := np.shape(X) if frame is None else frame.shape) != 2:
                raise ValueError(
                    "A batch of the source must be a frame, a record batch or an array of rows and "
                    f"columns, got {type(X).__name__} of shape {shape}."
                )
            if shape[0]:
                X, given = self._columns.take(X)
                given |= dict(zip(TUPLE[1:], others, strict=False))
                values = {name: as_target_array(v, name) for name, v in given.items()}
                self._check_lengths(values, start, shape[0])
                yield Batch(start, shape[0], X, values)
                start += shape[0]

    def _check_lengths(self, values: dict[str, Array], start: int, n: int) -> None:
        for name, value in values.items():
            if np.shape(value)[:1] != (n,):
                raise ValueError(
                    f"{name} must have one value for each row of a batch: got shape "
                    f"{np.shape(value)} for the {n} rows from number {start} on."
                )

    def _read_values(self) -> int:
        """Read targets, weights and groups; return the number of rows."""
        functions = any(map(callable, self._columns.roles.values()))
        parts: dict[str, list[Array]] = {}
        labels: dict[str, str] = {}
        n = 0
        with self._on_pass("targets"):
            for batch in self._read(None if functions else self._columns.names or None):
                n = batch.stop
                for name, values in batch.values.items():
                    parts.setdefault(name, []).append(_interned(values, labels))
        if "y" not in parts:
            raise ValueError(
                "y must be the name of a column of the source, a list of names, or a function of "
                "a batch; or let the batches be tuples (X, y)."
            )
        self.values = {name: _concatenated(some, name) for name, some in parts.items()}
        for name, some in self.values.items():
            if len(some) != n:
                raise ValueError(f"Some batches have {name}, others have not.")
        return n

    def batches(self, made: str) -> Iterator[Batch]:
        """Read all rows once, and check that they are those of the first pass, in their order.

        Parameters
        ----------
        made : str
            What is made of them, for messages.

        Raises
        ------
        ValueError
            If columns, targets or weights, or the number of rows differ.
        """
        stop = 0
        with self._on_pass(made):
            for batch in self._read():
                stop = batch.stop
                if stop <= self.shape[0]:
                    self._check_values(batch)
                    yield Batch(batch.start, batch.n, self._features(batch), batch.values)
        if stop != self.shape[0]:
            raise ValueError(
                f"The source had {self.shape[0]} rows in the first pass, and {stop} in a later "
                "one. It must give the same rows in the same order each time."
            )

    def _check_values(self, batch: Batch) -> None:
        for name, values in self.values.items():
            if not _are_equal(batch.values.get(name), values[batch.start : batch.stop]):
                raise ValueError(
                    f"{name} of the rows from number {batch.start} to {batch.stop - 1} is not that "
                    "of the first pass. The source must give the same rows in the same order "
                    "each time: sort it, or write it to a file."
                )

    def _features(self, batch: Batch) -> Any:
        """Return the features of a batch, in the order of the first one."""
        frame, where = as_frame(batch.X), f"the batch that begins with row {batch.start}"
        if (frame is None) != (self._names is None):
            raise ValueError(f"{where} has names of columns, or the first one has, but not both.")
        if frame is None or self._names is None:
            if batch.X.shape[1] != self.shape[1]:
                raise ValueError(
                    f"{where} has {batch.X.shape[1]} columns, the first one has {self.shape[1]}."
                )
            return batch.X
        if frame.columns == self._names:
            return batch.X
        differences = [
            (sorted(set(self._names) - set(frame.columns)), "lacks columns"),
            (sorted(set(frame.columns) - set(self._names)), "has other columns"),
        ]
        told = [f"{verb} {', '.join(map(repr, some[:10]))}" for some, verb in differences if some]
        if told:
            raise ValueError(f"{where} {' and '.join(told)} than the first one.")
        return frame[self._names].to_native()

    def select(self, rows: Array | None, w: Array | None) -> Iterator[tuple[Any, Array | None]]:
        """Read the features of some rows, in passing, and their weights.

        Parameters
        ----------
        rows : array of int or None
            Sorted row numbers, of which some may be repeated; None for all rows.
        w : array or None
            The weights of these rows.
        """
        for batch in self.batches("encoding of columns"):
            if rows is None:
                yield batch.X, None if w is None else w[batch.start : batch.stop]
                continue
            low, high = np.searchsorted(rows, [batch.start, batch.stop])
            if high > low:
                local = rows[low:high] - batch.start
                is_whole = high - low == batch.n and (np.diff(local) == 1).all()
                X = batch.X if is_whole else rows_of(batch.X, local)
                yield X, None if w is None else w[low:high]

    def encoded(self, inputs: "TabularInputs", dtype: str) -> Array:
        """Return the compact matrix of all rows, in a scratch file; it is made once."""
        key = joblib.hash(inputs.to_plain()), dtype
        if key not in self._matrices:
            self._matrices[key] = self.matrix(lambda X: inputs.encode(X, dtype), "encoded rows")
        return self._matrices[key]

    def matrix(self, convert: Callable[[Any], Array], made: str) -> Array:
        """Return what a function makes of each batch, as one matrix in a scratch file.

        If a batch needs a wider type than those before, the matrix is begun again in that type.
        """
        matrix = self._filled(convert, made, None)
        while isinstance(matrix, np.dtype):
            matrix = self._filled(convert, made, matrix)
        return matrix

    def _filled(
        self, convert: Callable[[Any], Array], made: str, dtype: np.dtype[Any] | None
    ) -> Array | np.dtype[Any]:
        """Return the matrix, or the wider type that it needs."""
        matrix: Array | None = None
        for batch in self.batches(made):
            with _locating(batch):
                converted = convert(batch.X)
            if matrix is None:
                dtype = converted.dtype if dtype is None else np.result_type(dtype, converted)
                matrix = scratch_matrix((self.shape[0], converted.shape[1]), dtype)
            elif (wider := np.result_type(matrix.dtype, converted.dtype)) != matrix.dtype:
                return wider
            matrix[batch.start : batch.stop] = converted
        assert matrix is not None
        return matrix


def open_source(
    source: Source, given: dict[str, Any], columns: NamedColumns, on_pass: OnPass | None
) -> SourceRows:
    """Return the rows of a source with the targets, weights and groups that are its columns.

    Raises
    ------
    TypeError
        If one is given in another way.
    """
    listed = given["y"]
    if isinstance(listed, list | tuple) and listed and all(isinstance(y, str) for y in listed):
        columns, given = replace(columns, y=list(listed)), {**given, "y": None}
    for name, value in given.items():
        if value is not None and columns.roles[name] is None:
            library = type(source.X).__module__.partition(".")[0]
            how = f": {COMPUTE[library]}" if library in COMPUTE else ""
            raise TypeError(
                f"X is a source ({type(source.X).__name__}): {name} must be the name of one of its "
                f"columns, or a function of a batch, got {type(value).__name__}. Or collect X into "
                f"a frame first{how}."
            )
    return SourceRows(source, columns, on_pass)


class EncodedRows:
    """Rows of a source that are encoded already, for scorers that call an estimator with them."""

    def __init__(self, X: Any) -> None:
        self.X = X
        self.shape = X.shape

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]


def refuse_source(X: Any, reason: str) -> None:
    """Raise a TypeError with a reason if X is a source."""
    if as_source(X) is not None:
        raise TypeError(f"X is a source ({type(X).__name__}), but {reason}.")


def rows_to_predict(X: Any, fitted: Mapping[str, Any]) -> Any:
    """Return rows without the columns that held targets, weights or groups in training.

    Raises
    ------
    TypeError
        If X is a source.
    """
    refuse_source(X, "its predictions may not fit into memory: use predict_batches(X)")
    return without_columns(X, fitted.get("_named_columns", ()))


def rows_of(X: Any, numbers: Array) -> Any:
    """Return rows of an array, a sparse matrix or a frame."""
    return X[numbers] if isinstance(X, np.ndarray) else safe_indexing(X, numbers)


@contextmanager
def _locating(batch: Batch) -> Iterator[None]:
    """Add the row numbers of a batch to errors about it."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"{error} This is in the rows from number {batch.start} to {batch.stop - 1}."
        ) from error


def _interned(values: Array, labels: dict[str, str]) -> Array:
    """Return values in which equal strings are one object, so that a row takes 8 bytes."""
    if values.dtype.kind not in "OUT":
        return values
    shared = np.empty(values.size, dtype=object)
    for i, value in enumerate(values.ravel().tolist()):
        shared[i] = labels.setdefault(value, value) if isinstance(value, str) else value
    return shared.reshape(values.shape)


def _concatenated(parts: list[Array], name: str) -> Array:
    """Return the values of all rows; numbers beside text are an error of their own."""
    widths = sorted({part.shape[1:] for part in parts})
    if len(widths) > 1:
        raise ValueError(f"{name} has batches of different shapes: {widths}.")
    kinds = {part.dtype.kind in "OUT" for part in parts}
    dtype = object if len(kinds) > 1 else None
    return np.concatenate([part if dtype is None else part.astype(dtype) for part in parts])


def _are_equal(found: Array | None, expected: Array) -> bool:
    """Return whether values are those of the first pass; missing ones are equal."""
    if found is None or found.shape != expected.shape:
        return False
    if found.dtype.kind in "biuf" and expected.dtype.kind in "biuf":
        return np.array_equal(found, expected, equal_nan=True)
    pairs = zip(found.ravel().tolist(), expected.ravel().tolist(), strict=True)
    return all(a == b or (_is_missing(a) and _is_missing(b)) for a, b in pairs)


def _is_missing(value: Any) -> bool:
    return without_missing([value])[0] is None
