"""The sources: a class for the objects of each library, of which none is imported before use."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from glob import glob
from importlib import import_module
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
        """Return the schema, and path, size and time of each file; None without files."""
        files = getattr(self.X, "files", None)
        if files is None or getattr(self.X, "_scan_options", None):  # with a filter
            return None
        found = [(file, os.stat(file)) for file in files if os.path.exists(file)]
        stats = [(file, one.st_size, one.st_mtime_ns) for file, one in found]
        return str(self.X.schema), list(files), stats


class ParquetFiles(ArrowDataset):
    """Paths of Parquet files, in their order, or of a folder of them.

    Raises
    ------
    FileNotFoundError
        If there are none.
    ValueError
        If they have different columns, or types that do not agree.
    """

    def __init__(self, paths: Any) -> None:
        is_one = isinstance(paths, str | os.PathLike)
        listed = [os.fspath(path) for path in ([paths] if is_one else paths)]
        files = [file for path in listed for file in _expanded(path)]
        self.paths = paths
        self.files = files[0] if is_one and len(files) == 1 else files

    @cached_property
    def X(self) -> Any:
        """The dataset; made when it is needed, as the footers of all files are read."""
        dataset = import_optional("pyarrow.dataset", "Reading Parquet files")
        found = dataset.dataset(self.files, format="parquet", partitioning="hive")
        if not found.files:
            raise FileNotFoundError(f"There is no Parquet file in {self.paths!r}.")
        schema = _common_schema(found)
        return dataset.dataset(self.files, schema, format="parquet", partitioning="hive")


def _expanded(path: str) -> list[str]:
    """Return the sorted files of a pattern with wildcards; any other path as it is."""
    if os.path.exists(path):
        return [path]
    files = sorted(glob(path, recursive=True))
    if not files:
        raise FileNotFoundError(f"There is no file or folder {path!r}.")
    return files


def _common_schema(dataset: Any) -> Any:
    """Return the schema of files whose columns agree: integers beside floats are floats."""
    pyarrow = import_module("pyarrow")
    schemas = [(one.path, one.physical_schema) for one in dataset.get_fragments()]
    first = schemas[0][1]
    for path, schema in schemas:
        for verb, names in (
            ("lacks", set(first.names) - set(schema.names)),
            ("has", set(schema.names) - set(first.names)),
        ):
            if names:
                raise ValueError(
                    f"The files have different columns: {path} {verb} "
                    f"{', '.join(map(repr, sorted(names)))}, {schemas[0][0]} "
                    f"{'lacks' if verb == 'has' else 'has'} it. Write them with the same columns, "
                    "or pass a pyarrow.dataset with the schema that you want."
                )
    by_name = {name: {schema.field(name).type for _, schema in schemas} for name in first.names}
    try:
        common = pyarrow.unify_schemas([one for _, one in schemas], promote_options="permissive")
    except pyarrow.ArrowException as error:
        differing = [
            f"{name!r} is {' and '.join(sorted(map(str, types)))}"
            for name, types in by_name.items()
            if len(types) > 1
        ]
        raise ValueError(
            f"The files have columns of different types: {'; '.join(differing)}. Convert them, or "
            "pass a pyarrow.dataset with the schema that you want."
        ) from error
    partitions = [one for one in dataset.schema if one.name not in first.names]
    return pyarrow.schema([*common, *partitions], metadata=dataset.schema.metadata)


class PolarsLazyFrame(Source):
    """A `polars.LazyFrame`."""

    def names(self) -> list[str]:
        """Return the names of the columns."""
        return list(self.X.collect_schema().names())

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """Compute the rows in order, by the streaming engine."""
        lazy = self.X
        if columns is not None:
            selectors = import_module("polars.selectors")  # names are patterns to `select`
            lazy = lazy.select(selectors.by_name(*columns))
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
    _last: Any = None  # what the last call returned

    def names(self) -> None:
        """Return None: the first batch tells."""

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """Call the function; all columns are read."""
        batches = self.X()
        kind = type(batches).__name__
        if hasattr(batches, "shape") or not isinstance(batches, Iterable):
            raise TypeError(
                "The function must return an iterator of frames, record batches or arrays, got "
                f"{kind}. If that is all of the rows, return iter([batch])."
            )
        if batches is self._last and isinstance(batches, Iterator):
            raise TypeError(
                f"The function has returned the same iterator ({kind}) twice. It must make a new "
                "one at each call."
            )
        self._last = batches
        return iter(batches)
