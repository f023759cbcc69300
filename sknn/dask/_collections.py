"""Dask collections: X, y and sample weights as partitions that belong together."""

import sys
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from sknn.estimators._sharding.parts import load_part
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.error_context import add_to_errors
from sknn.estimators.base import BaseMLP
from sknn.features.named_columns import check_columns_exist, split_columns


def is_frame(X: Any) -> bool:
    """Return whether X is a Dask DataFrame."""
    frames = sys.modules.get("dask.dataframe")
    return frames is not None and isinstance(X, frames.DataFrame)


def is_series(y: Any) -> bool:
    """Return whether y is a Dask Series."""
    frames = sys.modules.get("dask.dataframe")
    return frames is not None and isinstance(y, frames.Series)


def is_array(X: Any) -> bool:
    """Return whether X is a Dask Array."""
    arrays = sys.modules.get("dask.array")
    return arrays is not None and isinstance(X, arrays.Array)


def check_inputs(X: Any, local: str) -> Any:
    """Return X with rows whose columns are all in one chunk.

    Raises
    ------
    TypeError
        If X is no Dask DataFrame and no Dask Array; `local` is the name of the local estimator.
    ValueError
        If it has not two dimensions.
    """
    if is_frame(X):
        return X
    if not is_array(X):
        raise TypeError(
            f"X must be a Dask DataFrame or Dask Array, got {type(X).__name__}. Use {local}, or "
            "make a collection: dask.array.from_array(X, chunks=(10_000, -1)), "
            "dask.dataframe.from_pandas(X, npartitions=8)."
        )
    if X.ndim != 2:
        raise ValueError(f"X must have two dimensions, got {X.ndim}. Use X.reshape(-1, 1).")
    if X.numblocks[1] > 1:
        return X.rechunk({1: -1})
    return X


class Partitions:
    """The partitions of X, y and sample weights.

    Parameters
    ----------
    X : Dask DataFrame or Dask Array
        The inputs.
    y, sample_weight : Dask Series, DataFrame or Array, or str
        The targets, and perhaps the sample weights; a name is that of a column of X, which then is
        no input.
    local : str
        The name of the local estimator.

    Attributes
    ----------
    names : list of str
        The names of columns of X that are no inputs.
    """

    def __init__(self, X: Any, y: Any, sample_weight: Any, local: str) -> None:
        self.X = check_inputs(X, local)
        self.names: list[str] = []
        if y is None:
            raise ValueError(f"{local} requires y to be passed, but the target y is None.")
        self.y = self._column(y, "y")
        self.w = None if sample_weight is None else self._column(sample_weight, "sample_weight")

    def delayed(self) -> list[tuple[Any, ...]]:
        """Return X, y and weights of each partition, delayed; names as they are."""
        collections = [one for one in (self.X, self.y, self.w) if not isinstance(one, str | None)]
        parts = list(map(_delayed, collections))
        if len(set(map(len, parts))) > 1:  # Dask has joined small files of some of them
            parts = [_delayed(one, optimize_graph=False) for one in collections]
        n, remaining = len(parts[0]), iter(parts)
        columns = [
            [given] * n if isinstance(given, str | None) else next(remaining)
            for given in (self.X, self.y, self.w)
        ]
        return list(zip(*columns, strict=True))

    def _column(self, given: Any, what: str) -> Any:
        """Return targets or weights with the partitions of X, or the name of a column of X."""
        if isinstance(given, str):
            self._check_name(given, what)
            self.names.append(given)
            return given
        if is_series(given) and self._is_column(given):
            self.names.append(str(given.name))
            return str(given.name)
        self._check_is_no_input(given, what)
        if not (is_series(given) or is_frame(given) or is_array(given)):
            raise TypeError(
                f"{what} must be a Dask Series, DataFrame or Array, or the name of a column of X, "
                f"got {type(given).__name__}. Use dask.array.from_array({what}, chunks=...) with "
                "the chunks of X."
            )
        return self._aligned(given, what)

    def _check_is_no_input(self, given: Any, what: str) -> None:
        """Raise a ValueError if X has columns with the names of targets or weights."""
        names = list(given.columns) if is_frame(given) else [getattr(given, "name", None)]
        if is_array(given) or not is_frame(self.X):
            return
        if inputs := [name for name in names if name is not None and name in self.X.columns]:
            raise ValueError(
                f"{what} is named {', '.join(map(repr, inputs))}, as is a column of X, which would "
                f"be an input. Drop it, X.drop(columns={inputs!r}); or, if it is the same column, "
                f"pass {what}={inputs[0]!r}."
            )

    def _check_name(self, name: str, what: str) -> None:
        if not is_frame(self.X):
            raise ValueError(
                f"{what}={name!r} names a column, but X is a Dask Array, whose columns have no "
                f"names. Pass {what} as a Dask Array."
            )
        check_columns_exist(list(map(str, self.X.columns)), [name], what)

    def _is_column(self, series: Any) -> bool:
        """Return whether a series is a column of X, and not another one of the same name."""
        name = series.name
        if not (is_frame(self.X) and isinstance(name, str) and name in self.X.columns):
            return False
        own = self.X[name]
        return bool(getattr(own, "_name", None) == getattr(series, "_name", ""))

    def _aligned(self, given: Any, what: str) -> Any:
        """Return targets or weights with the chunks of X.

        Raises
        ------
        ValueError
            If the number of partitions differs.
        """
        if is_array(given) and given.ndim == 2 and given.numblocks[1] > 1:
            given = given.rechunk({1: -1})
        if is_array(given) and is_array(self.X):
            chunks, own = self.X.chunks[0], given.chunks[0]
            known = not np.isnan([*chunks, *own]).any()
            if known and sum(chunks) != sum(own):
                raise ValueError(f"X has {sum(chunks)} rows, but {what} has {sum(own)}.")
            if known and chunks != own:
                return given.rechunk({0: chunks})
        n, m = _n_partitions(self.X), _n_partitions(given)
        if n != m:
            raise ValueError(
                f"X has {n} partitions, but {what} has {m}. Their partitions must hold the same "
                f"rows: take {what} from the same collection, X['column'], or repartition both "
                "alike."
            )
        return given


def _n_partitions(collection: Any) -> int:
    return int(collection.numblocks[0] if is_array(collection) else collection.npartitions)


def _delayed(collection: Any, *, optimize_graph: bool = True) -> list[Any]:
    """Return the partitions of a collection, delayed."""
    parts = collection.to_delayed(optimize_graph=optimize_graph)
    return list(parts.ravel() if isinstance(parts, np.ndarray) else parts)


def load_partition(mlp: BaseMLP, number: int, X: Any, y: Any, w: Any) -> ValidatedData | None:
    """Validate a partition; the task in which it is read.

    Raises
    ------
    ValueError, TypeError
        If the data are invalid; the message tells the number of the partition.
    """
    with naming_partition(number):
        X, y, w = split_columns(X, y, w)
        for what, given in (("y", y), ("sample_weight", w)):
            if given is not None and len(given) != X.shape[0]:
                raise ValueError(f"X has {X.shape[0]} rows, but {what} has {len(given)}.")
        return load_part(mlp, X, y, w)


def naming_partition(number: int) -> AbstractContextManager[None]:
    """Return a context that adds the number of a partition to error messages."""
    return add_to_errors(f"Partition {number}: ")
