"""The containers that a table and its targets may come in, in lists that tests go through."""

import numpy as np
import pandas as pd
import polars as pl
from scipy import sparse

try:
    import pyarrow as pa
except ImportError:  # its containers are left out
    pa = None

#: Containers of tables, of numeric matrices and of a column: functions by name.
TABLES, MATRICES, COLUMNS = {}, {}, {}

#: Which of the first two have column names.
NAMED = set()

N = 60
BIG = 2**53


def container(registry, *, named=False, arrow=False):
    """Register a function from a dict of lists, or from a list, to a container."""

    def register(function):
        if pa is not None or not arrow:
            registry[function.__name__.strip("_")] = function
            if named:
                NAMED.add(function.__name__.strip("_"))
        return function

    return register


def mixed_cells():
    """Return a table with everything in it, as a dict of lists with None where missing."""
    rng = np.random.RandomState(0)
    cells = {
        "size": np.round(rng.normal(size=N), 2).tolist(),
        "stamp": [BIG + 1 + int(i) for i in rng.randint(0, 2**50, N)],
        "rooms": rng.randint(1, 5, N).tolist(),
        "owner": (rng.rand(N) < 0.5).tolist(),
        "city": rng.choice(["Oslo", "Rome", "Ulm"], N).tolist(),
        "grade": rng.choice(["q", "r", "s"], N).tolist(),
        "code": rng.randint(10, 13, N).tolist(),
    }
    for i, name in enumerate(["size", "rooms", "owner", "city", "grade", "code"]):
        for row in range(i, N, 9):
            cells[name][row] = None
    return cells


#: Columns of the mixed table with categories.
CATEGORICAL = ["owner", "city", "grade", "code"]


def numeric_cells():
    """Return a table of numbers without missing ones, as a dict of lists."""
    rng = np.random.RandomState(1)
    return {
        "size": rng.normal(size=N).round(2).tolist(),
        "rooms": rng.randint(0, 5, N).astype(float).tolist(),
        "part": [i / N for i in range(N)],
    }


def objects(cells):
    """Return an array of objects."""
    return np.array(list(cells.values()), dtype=object).T


# Tables

container(TABLES)(objects)


@container(TABLES)
def rows(cells):
    """Return a list of rows."""
    return objects(cells).tolist()


@container(TABLES)
def objects_with_nan(cells):
    """Return an array of objects with NaN where missing."""
    array = objects(cells)
    array[array == None] = np.nan  # noqa: E711
    return array


@container(TABLES)
def masked_objects(cells):
    """Return a masked array: what is masked is a value that occurs nowhere else."""
    array = objects(cells)
    mask = array == None  # noqa: E711
    array[mask] = 77
    return np.ma.MaskedArray(array, mask)


@container(TABLES, named=True)
def pandas(cells):
    """Return a frame of the types that pandas infers, and a category."""
    frame = pd.DataFrame(cells)
    return frame.astype({"grade": "category"}) if "grade" in frame else frame


@container(TABLES, named=True)
def pandas_nullable(cells):
    """Return a frame of nullable types."""
    return pandas(cells).convert_dtypes()


@container(TABLES, named=True)
def pandas_objects(cells):
    """Return a frame of objects, whose index has duplicates."""
    return pd.DataFrame(cells, dtype=object, index=[3] * N)


@container(TABLES, named=True)
def pandas_categories(cells):
    """Return a frame whose categorical columns all have the type category."""
    frame = pandas_nullable(cells)
    return frame.astype({name: "category" for name in CATEGORICAL if name in frame})


@container(TABLES, named=True, arrow=True)
def pandas_arrow(cells):
    """Return a frame of the types of pyarrow."""
    return arrow_dictionaries(cells).to_pandas(types_mapper=pd.ArrowDtype)


@container(TABLES, named=True)
def polars(cells):
    """Return a frame of polars with a categorical column."""
    frame = pl.DataFrame(cells)
    return frame.cast({"grade": pl.Categorical}) if "grade" in cells else frame


@container(TABLES, named=True, arrow=True)
def arrow(cells):
    """Return a table of pyarrow."""
    return pa.table(cells)


@container(TABLES, named=True, arrow=True)
def arrow_dictionaries(cells):
    """Return a table with dictionary-encoded columns."""
    encoded = {"city", "grade", "code"}
    return pa.table(
        {
            name: pa.array(values).dictionary_encode() if name in encoded else pa.array(values)
            for name, values in cells.items()
        }
    )


@container(TABLES, named=True, arrow=True)
def arrow_chunks(cells):
    """Return a table in chunks, each with a dictionary of its own."""
    table = arrow_dictionaries(cells)
    return pa.concat_tables([arrow_dictionaries(part) for part in _halves(table)])


def _halves(table):
    plain = table.to_pydict()
    return [{k: v[: N // 2] for k, v in plain.items()}, {k: v[N // 2 :] for k, v in plain.items()}]


@container(TABLES, named=True, arrow=True)
def record_batch(cells):
    """Return a batch, as readers yield it."""
    return arrow_dictionaries(cells).combine_chunks().to_batches()[0]


@container(TABLES, named=True, arrow=True)
def polars_to_arrow(cells):
    """Return what polars exports."""
    return polars(cells).to_arrow()


# Matrices of numbers

MATRICES.update(TABLES)


@container(MATRICES)
def c_order(cells):
    """Return an array in C order."""
    return np.array(list(cells.values())).T.copy()


@container(MATRICES)
def fortran_order(cells):
    """Return an array in Fortran order."""
    return np.asfortranarray(c_order(cells))


@container(MATRICES)
def view(cells):
    """Return a view with strides."""
    return np.repeat(np.repeat(c_order(cells), 2, axis=0), 3, axis=1)[::2, ::3]


@container(MATRICES)
def big_endian(cells):
    """Return an array of the other byte order."""
    return c_order(cells).astype(">f8")


@container(MATRICES)
def read_only(cells):
    """Return an array that cannot be written to."""
    array = c_order(cells)
    array.flags.writeable = False
    return array


@container(MATRICES)
def masked_nowhere(cells):
    """Return a masked array without a masked cell."""
    return np.ma.MaskedArray(c_order(cells))


@container(MATRICES)
def memory_map(cells):
    """Return an array of the subclass for files, without a file."""
    return c_order(cells).view(np.memmap)


SPARSE = {
    kind.__name__: lambda cells, kind=kind: kind(c_order(cells))
    for kind in (sparse.csr_matrix, sparse.csc_matrix, sparse.coo_array, sparse.csr_array)
}


# Columns: y and weights

container(COLUMNS)(list)


@container(COLUMNS)
def array(values):
    """Return an array of the type that NumPy infers."""
    return np.array(values)


@container(COLUMNS)
def object_array(values):
    """Return an array of objects."""
    return np.array(values, dtype=object)


@container(COLUMNS)
def masked_column(values):
    """Return a masked array without a masked cell."""
    return np.ma.MaskedArray(np.array(values))


@container(COLUMNS)
def column_vector_of_pandas(values):
    """Return a series with duplicates in its index."""
    return pd.Series(values, index=[5] * len(values))


@container(COLUMNS)
def nullable(values):
    """Return a series of a nullable type."""
    return pd.Series(values).convert_dtypes()


@container(COLUMNS)
def nullable_array(values):
    """Return an extension array of a nullable type, without a series around it."""
    return pd.Series(values).convert_dtypes().array


@container(COLUMNS)
def nullable_index(values):
    """Return an index of a nullable type."""
    return pd.Index(pd.Series(values).convert_dtypes())


@container(COLUMNS)
def category(values):
    """Return a series of categories."""
    return pd.Series(values, dtype="category")


@container(COLUMNS)
def polars_column(values):
    """Return a series of polars."""
    unsigned = isinstance(values[-1], int) and values[-1] >= 2**63
    return pl.Series(values, dtype=pl.UInt64 if unsigned else None)


@container(COLUMNS, arrow=True)
def pandas_arrow_column(values):
    """Return a series of a type of pyarrow."""
    return pd.Series(values, dtype=pd.ArrowDtype(_arrow(values).type))


@container(COLUMNS, arrow=True)
def arrow_column(values):
    """Return an array of pyarrow."""
    return _arrow(values)


@container(COLUMNS, arrow=True)
def arrow_chunked_column(values):
    """Return a chunked array."""
    half = len(values) // 2
    return pa.chunked_array([_arrow(values[:half]), _arrow(values[half:])])


@container(COLUMNS, arrow=True)
def arrow_dictionary_column(values):
    """Return a dictionary-encoded array."""
    return _arrow(values).dictionary_encode()


def _arrow(values):
    """Return an Arrow array; Arrow infers no unsigned integers."""
    unsigned = isinstance(values[-1], int) and values[-1] >= 2**63
    return pa.array(values, pa.uint64() if unsigned else None)
