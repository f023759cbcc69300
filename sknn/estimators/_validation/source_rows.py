"""SourceRows: the rows of a source, read in passes, each of which must give the same rows."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np

from sknn.engine._typing import Array
from sknn.estimators._sklearn_compat import safe_indexing
from sknn.estimators._validation.error_context import add_to_errors
from sknn.estimators._validation.source_batches import (
    Batch,
    BatchReader,
    are_equal,
    concatenated,
    interned,
)
from sknn.features.containers import as_frame
from sknn.features.named_columns import NamedColumns
from sknn.features.sources import Source
from sknn.features.sources.scratch import scratch_matrix

if TYPE_CHECKING:
    from sknn.estimators._inputs import TabularInputs

#: Returns the context of a pass over a source, given what is read or made in it; the context has
#: a function to call with the number of rows so far.
OnPass = Callable[[str], AbstractContextManager[Callable[[int], None]]]


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
        self.values: dict[str, Array] = {}
        self._reader = BatchReader(source, columns)
        self._on_pass = on_pass or (lambda made: nullcontext(lambda n: None))
        self._names: list[str] | None = None
        self._matrices: dict[Any, Array] = {}
        batch = next(self._reader.read(), None)
        if batch is None:
            raise ValueError(f"The source ({type(source.X).__name__}) has no rows.")
        self.first, frame = batch.X, as_frame(batch.X)
        self._names = None if frame is None else frame.columns
        self.shape = (self._read_values(), batch.X.shape[1])

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def _read_values(self) -> int:
        """Read targets, weights and groups; return the number of rows."""
        parts: dict[str, list[Array]] = {}
        labels: dict[str, str] = {}
        n = 0
        with self._on_pass("targets") as count:
            for batch in self._reader.read(self._reader.columns_of_values):
                n = batch.stop
                count(n)
                for name, values in batch.values.items():
                    parts.setdefault(name, []).append(interned(values, labels))
        if "y" not in parts:
            raise ValueError(
                "y must be the name of a column of the source, a list of names, or a function of "
                "a batch; or let the batches be tuples (X, y)."
            )
        self.values = {name: concatenated(some, name) for name, some in parts.items()}
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
        with self._on_pass(made) as count:
            for batch in self._reader.read():
                stop = batch.stop
                count(stop)
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
            if not are_equal(batch.values.get(name), values[batch.start : batch.stop]):
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
        messages = [
            f"{verb} {', '.join(map(repr, some[:10]))}" for some, verb in differences if some
        ]
        if messages:
            raise ValueError(f"{where} {' and '.join(messages)}, compared with the first one.")
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

        If a batch needs a wider type than those before, the matrix is made again in that type.
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
            numbers = f"from number {batch.start} to {batch.stop - 1}"
            with add_to_errors(after=f" This is in the rows {numbers}."):
                converted = convert(batch.X)
            if matrix is None:
                dtype = converted.dtype if dtype is None else np.result_type(dtype, converted)
                matrix = scratch_matrix((self.shape[0], converted.shape[1]), dtype)
            elif (wider := np.result_type(matrix.dtype, converted.dtype)) != matrix.dtype:
                return wider
            matrix[batch.start : batch.stop] = converted
        assert matrix is not None
        return matrix


class EncodedRows:
    """Rows of a source that are encoded already, for scorers that call an estimator with them."""

    def __init__(self, X: Any) -> None:
        self.X = X
        self.shape = X.shape

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]


def rows_of(X: Any, numbers: Array) -> Any:
    """Return rows of an array, a sparse matrix or a frame."""
    return X[numbers] if isinstance(X, np.ndarray) else safe_indexing(X, numbers)
