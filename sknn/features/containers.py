"""Containers of tables and targets: frames, series, masked arrays and what is refused."""

from collections import Counter
from typing import Any

import numpy as np
from scipy import sparse

#: How the lazy frames and relations of each library are computed.
COMPUTE = {
    "polars": "X.collect()",
    "pyarrow": "X.to_table()",
    "dask": "X.compute()",
    "dask_expr": "X.compute()",
    "duckdb": "X.df(), X.pl() or X.to_arrow_table()",
    "_duckdb": "X.df(), X.pl() or X.to_arrow_table()",
    "pyspark": "X.toPandas()",
    "ibis": "X.to_pandas()",
}

#: Attributes that a table of an unknown kind has one of.
FRAME_ATTRIBUTES = ("__dataframe__", "column_names", "colnames", "schema")


def as_frame(X: Any, name: str = "X") -> Any:
    """Return X as a narwhals DataFrame with unique names, or None if it is not a frame.

    Raises
    ------
    ValueError
        If several columns have the same name.
    TypeError
        If it is lazy, or a table of a kind whose column names cannot be read.
    """
    if isinstance(X, np.ndarray | list | tuple) or X is None:
        return None
    import narwhals.stable.v2 as nw  # here, as arrays do not need it
    from narwhals.exceptions import DuplicateError

    library = type(X).__module__.partition(".")[0]
    if library == "pyarrow" and type(X).__name__ == "RecordBatch":
        return nw.from_arrow(X, backend="pyarrow")
    try:
        frame = nw.from_native(X, pass_through=True)
    except DuplicateError as error:
        counts = Counter(getattr(X, "column_names", X.columns))
        names = [name for name, count in counts.items() if count > 1]
        raise ValueError(
            f"{name} has several columns of the same name: {', '.join(map(repr, names[:10]))}. "
            "Drop all but one of each, or rename them."
        ) from error
    if isinstance(frame, nw.DataFrame):
        return frame
    if isinstance(frame, nw.LazyFrame) or (library in COMPUTE and hasattr(X, "columns")):
        how = COMPUTE.get(library, "X.collect()").replace("X", name)
        raise TypeError(
            f"{name} is a lazy frame ({type(X).__name__}). Collect it first: {how}. Only fit and "
            "predict_batches of the estimators of sknn read it batch by batch, outside of "
            "pipelines and searches."
        )
    if any(hasattr(X, attribute) for attribute in FRAME_ATTRIBUTES):
        raise TypeError(
            f"{name} is a {type(X).__name__}, a table whose columns cannot be read. Convert it to "
            "a frame of pandas or polars, or to a pyarrow.Table."
        )
    return None


def as_array(X: Any, name: str = "X") -> Any:
    """Return an array without mask, with None where it was; all else as it is.

    Raises
    ------
    TypeError
        If it holds records (dicts, or a structured dtype) instead of rows.
    """
    if isinstance(X, list | tuple) and any(isinstance(row, np.ma.MaskedArray) for row in X):
        X = np.ma.array(X)
    if isinstance(X, np.ma.MaskedArray):
        cells: Any = X.data
        X = np.where(X.mask, None, cells.astype(object)) if np.ma.is_masked(X) else cells
    if isinstance(X, np.ndarray) and X.dtype.kind == "T":  # scikit-learn cannot read it
        X = X.astype(object)
    is_records = isinstance(next(iter(X), None) if isinstance(X, list | tuple) else X, dict)
    if (is_records and not sparse.issparse(X)) or (isinstance(X, np.ndarray) and X.dtype.names):
        what = "a structured array" if isinstance(X, np.ndarray) else "made of dicts"
        raise TypeError(f"{name} is {what}. Convert it to a frame: pandas.DataFrame({name}).")
    return X


def as_series(y: Any) -> Any:
    """Return a series or an Arrow array as a narwhals Series; None if it is neither."""
    import narwhals.stable.v2 as nw

    arrow = nw.dependencies.get_pyarrow()
    if arrow is not None and isinstance(y, arrow.Array):
        y = arrow.chunked_array([y])
    pandas = nw.dependencies.get_pandas()
    if pandas is not None and isinstance(y, pandas.Index | pandas.api.extensions.ExtensionArray):
        y = pandas.Series(y)
    series = nw.from_native(y, series_only=True, pass_through=True)
    return series if isinstance(series, nw.Series) else None
