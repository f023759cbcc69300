"""Recognition of sources by their type, so that none of their libraries is imported."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from sknn.features.sources.base import Source
from sknn.features.sources.readers import (
    ArrowDataset,
    BatchFunction,
    DaskFrame,
    DuckDBRelation,
    IbisTable,
    ParquetFiles,
    PolarsLazyFrame,
)

#: Names of types that can be read only once, by library; so can any iterator.
READ_ONCE = {
    "pyarrow": {"RecordBatchReader", "Scanner", "RecordBatchStreamReader", "RecordBatchFileReader"},
    "duckdb": {"DuckDBPyConnection"},
    "_duckdb": {"DuckDBPyConnection"},
}

#: Endings of the paths of Parquet files.
PARQUET = (".parquet", ".parq", ".pq")


def is_read_once(X: Any) -> bool:
    """Return whether rows can be read from X once only: an iterator or a reader."""
    kind = type(X)
    library = kind.__module__.partition(".")[0]
    return isinstance(X, Iterator) or kind.__name__ in READ_ONCE.get(library, ())


def as_source(X: Any) -> Source | None:
    """Return X as a source; None if it is none, such as an array or a frame in memory.

    Raises
    ------
    TypeError
        If it can be read only once.
    """
    if X is None or isinstance(X, np.ndarray | Source):
        return X if isinstance(X, Source) else None
    if _is_paths(X):
        return ParquetFiles(X)
    kind = type(X)
    library, name = kind.__module__.partition(".")[0], kind.__name__
    if is_read_once(X):
        raise TypeError(
            f"X is a {name}, which can be read only once, but a fit reads its rows several times. "
            "Pass a function that returns a new one at each call (lambda: ...), collect it into a "
            "frame or a pyarrow.Table, or train on its batches with partial_fit."
        )
    if library == "narwhals" and name == "LazyFrame":
        return as_source(X.to_native())
    if library == "pyarrow" and hasattr(X, "to_batches") and hasattr(X, "get_fragments"):
        return ArrowDataset(X)
    if library == "polars" and name == "LazyFrame":
        return PolarsLazyFrame(X)
    if library in ("duckdb", "_duckdb") and name == "DuckDBPyRelation":
        return DuckDBRelation(X)
    if library in ("dask", "dask_expr") and hasattr(X, "npartitions") and hasattr(X, "dtypes"):
        return DaskFrame(X)
    if library == "ibis" and hasattr(X, "to_pyarrow_batches"):
        return IbisTable(X)
    return BatchFunction(X) if _is_function(X) else None


def _is_function(X: Any) -> bool:
    return callable(X) and not isinstance(X, type) and not hasattr(X, "shape")


def _is_paths(X: Any) -> bool:
    """Return whether X is a path, or a list of paths, of Parquet files."""
    if isinstance(X, str | os.PathLike):
        return True
    if not (isinstance(X, list | tuple) and X):
        return False
    return all(
        isinstance(path, os.PathLike)
        or (isinstance(path, str) and (path.endswith(PARQUET) or os.path.exists(path)))
        for path in X
    )
