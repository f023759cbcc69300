"""The sources: a class for the objects of each library, of which none is imported before use."""

import os
from collections.abc import Callable, Iterator, Sequence
from glob import glob
from typing import Any

from sknn._optional import import_optional
from sknn.features.sources.base import BATCH_ROWS, Source

#: How many batches and files a dataset reads ahead: more would take memory, and hardly less time.
READAHEAD = {"batch_readahead": 2, "fragment_readahead": 1}


class ArrowDataset(Source):
    """A `pyarrow.dataset.Dataset`; without the index that pandas has written as a column."""

    def names(self) -> list[str]:
        """Return the names of the columns."""
        metadata = self.X.schema.pandas_metadata or {}
        index = [name for name in metadata.get("index_columns", ()) if isinstance(name, str)]
        return [name for name in self.X.schema.names if name not in index]

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """Read record batches, in the order of files and row groups."""
        chosen = self.names() if columns is None else list(columns)
        return self.X.to_batches(columns=chosen, batch_size=BATCH_ROWS, **READAHEAD)

    def digest_parts(self) -> Any:
        """Return the schema, and path, size and time of each file, if it has files."""
        files = getattr(self.X, "files", None)
        if files is None:
            return self.X
        found = [(file, os.stat(file)) for file in files if os.path.exists(file)]
        stats = [(file, one.st_size, one.st_mtime_ns) for file, one in found]
        return str(self.X.schema), list(files), stats


class ParquetFiles(ArrowDataset):
    """Paths of Parquet files, in their order, or of a folder of them."""

    def __init__(self, paths: Any) -> None:
        dataset = import_optional("pyarrow.dataset", "Reading Parquet files")
        is_one = isinstance(paths, str | os.PathLike)
        listed = [os.fspath(path) for path in ([paths] if is_one else paths)]
        files = [file for path in listed for file in _expanded(path)]
        super().__init__(dataset.dataset(files[0] if is_one and len(files) == 1 else files))


def _expanded(path: str) -> list[str]:
    """Return the sorted files of a pattern with wildcards; any other path as it is."""
    return (
        sorted(glob(path)) if any(c in path for c in "*?[") and not os.path.exists(path) else [path]
    )


class PolarsLazyFrame(Source):
    """A `polars.LazyFrame`."""

    def names(self) -> list[str]:
        """Return the names of the columns."""
        return list(self.X.collect_schema().names())

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """Compute the rows in order, by the streaming engine."""
        lazy = self.X if columns is None else self.X.select(list(columns))
        if hasattr(lazy, "collect_batches"):
            yield from lazy.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True)
            return
        start = 0  # before polars 1.34
        while len(frame := lazy.slice(start, BATCH_ROWS).collect()):
            yield frame
            start += len(frame)


class DuckDBRelation(Source):
    """A `duckdb.DuckDBPyRelation`."""

    def names(self) -> list[str]:
        """Return the names of the columns."""
        return list(self.X.columns)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """Run the query, and read its result as record batches."""
        relation = self.X
        if columns is not None:
            quoted = ('"' + name.replace('"', '""') + '"' for name in columns)
            relation = relation.project(", ".join(quoted))
        read = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
        yield from read(BATCH_ROWS)

    def digest_parts(self) -> Any:
        """Return the query, of which a file that it reads may change."""
        return self.X.sql_query()


class DaskFrame(Source):
    """A Dask DataFrame, read partition by partition."""

    def names(self) -> list[str]:
        """Return the names of the columns."""
        return list(self.X.columns)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """Compute the partitions, one at a time."""
        frame = self.X if columns is None else self.X[list(columns)]
        for i in range(frame.npartitions):
            yield frame.get_partition(i).compute()


class IbisTable(Source):
    """An Ibis table expression."""

    def names(self) -> list[str]:
        """Return the names of the columns."""
        return list(self.X.columns)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """Run the query, and read its result as record batches."""
        table = self.X if columns is None else self.X.select(*columns)
        yield from table.to_pyarrow_batches(chunk_size=BATCH_ROWS)


class BatchFunction(Source):
    """A function without arguments that returns a new iterator of batches at each call."""

    X: Callable[[], Any]

    def names(self) -> None:
        """Return None: the first batch tells."""

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """Call the function; all columns are read."""
        batches = self.X()
        try:
            return iter(batches)
        except TypeError as error:
            raise TypeError(
                "The function must return an iterator of frames, record batches or arrays, got "
                f"{type(batches).__name__}."
            ) from error
