"""Batches of a source: features, and the targets, weights and groups beside them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sknn.engine._typing import Array
from sknn.estimators._validation.targets import as_target_array
from sknn.features.columns import without_missing
from sknn.features.containers import as_array, as_frame
from sknn.features.named_columns import NamedColumns, check_columns_exist
from sknn.features.sources import Source

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


class BatchReader:
    """Reads the batches of a source that have rows.

    Parameters
    ----------
    source : Source
        The source.
    columns : NamedColumns
        Which columns are targets, weights or groups.

    Raises
    ------
    ValueError
        If one of these columns is not there.
    """

    def __init__(self, source: Source, columns: NamedColumns) -> None:
        self.source = source
        self.columns = columns
        names = source.names()
        for argument, role in columns.roles.items():
            if names is not None and isinstance(role, str | list):
                check_columns_exist(names, [role] if isinstance(role, str) else role, argument)

    @property
    def columns_of_values(self) -> list[str] | None:
        """The columns without which values cannot be read; None if all may be needed."""
        if any(map(callable, self.columns.roles.values())):
            return None
        return self.columns.names or None

    def read(self, columns: Sequence[str] | None = None) -> Iterator[Batch]:
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
                X, given = self.columns.take(X)
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


def interned(values: Array, labels: dict[str, str]) -> Array:
    """Return values in which equal strings are one object, so that a row takes 8 bytes."""
    if values.dtype.kind not in "OUT":
        return values
    shared = np.empty(values.size, dtype=object)
    for i, value in enumerate(values.ravel().tolist()):
        shared[i] = labels.setdefault(value, value) if isinstance(value, str) else value
    return shared.reshape(values.shape)


def concatenated(parts: list[Array], name: str) -> Array:
    """Return the values of all rows; numbers beside text are an error of their own."""
    widths = sorted({part.shape[1:] for part in parts})
    if len(widths) > 1:
        raise ValueError(f"{name} has batches of different shapes: {widths}.")
    kinds = {part.dtype.kind in "OUT" for part in parts}
    dtype = object if len(kinds) > 1 else None
    return np.concatenate([part if dtype is None else part.astype(dtype) for part in parts])


def are_equal(found: Array | None, expected: Array) -> bool:
    """Return whether values are those of the first pass; missing ones are equal."""
    if found is None or found.shape != expected.shape:
        return False
    if found.dtype.kind in "biuf" and expected.dtype.kind in "biuf":
        return np.array_equal(found, expected, equal_nan=True)
    pairs = zip(found.ravel().tolist(), expected.ravel().tolist(), strict=True)
    return all(a == b or (_is_missing(a) and _is_missing(b)) for a, b in pairs)


def _is_missing(value: Any) -> bool:
    return without_missing([value])[0] is None
