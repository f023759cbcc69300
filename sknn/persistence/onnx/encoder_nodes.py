"""Nodes of the encoder: the columns of a table, encoded like `TableEncoder.encode_compact`."""

from collections.abc import Sequence

import numpy as np

from sknn.engine import Sequential
from sknn.features import TableEncoder
from sknn.features.categorical import EXTRA_CODES, Categories
from sknn.persistence.onnx.graph import ML, Graph, Output, Value
from sknn.persistence.onnx.network_nodes import forward

#: ONNX has no missing strings, so the empty string stands for them.
MISSING_STRING = ""


def column_names(encoder: TableEncoder) -> list[str]:
    """Return the column names of a table; "x0", "x1", ... if it has none."""
    names = getattr(encoder, "feature_names_in_", None)
    return [f"x{j}" for j in range(encoder.n_features_in_)] if names is None else list(names)


def column_types(*encoders: TableEncoder) -> list[str]:
    """Return "str" for columns that are strings for any encoder, and "float64" for all others.

    Numbers are float64 so that they are not rounded before they are scaled.
    """
    types = zip(*(one.column_types_ for one in encoders), strict=True)
    return ["str" if "string" in kinds else "float64" for kinds in types]


def compact(graph: Graph, encoder: TableEncoder, columns: Sequence[Value], dtype: str) -> Value:
    """Add the nodes of `TableEncoder.encode_compact`, which give a matrix of type `dtype`.

    The columns have shape (n, 1) and their `column_types`; NaN or "" where missing.
    """
    parts = []
    for j, center, scale in zip(
        encoder.numeric_features_, encoder.center_, encoder.scale_, strict=True
    ):
        centred = graph.add("Sub", columns[j], graph.constant(center, "float64"))
        parts.append(graph.add("Div", centred, graph.constant(scale, "float64")))
    names, first = column_names(encoder), 0
    n_one_hot = len(encoder.categories_) - encoder.n_embedded_features_
    for i, (j, categories) in enumerate(
        zip(encoder.categorical_features_, encoder.categories_, strict=True)
    ):
        if j in getattr(encoder, "empty_string_features_", ()):
            raise _empty_string(names[j])
        codes = _codes(graph, columns[j], categories, names[j])
        parts.append(graph.add("Add", codes, float(first)))
        first += len(categories) + len(EXTRA_CODES) if i >= n_one_hot else 0
    if not parts:
        raise ValueError(
            "The model cannot be exported to ONNX: no column of the table varied in training, so "
            "it has no inputs."
        )
    return graph.add("Concat", *(graph.cast(part, dtype) for part in parts), axis=-1)


def encoded(graph: Graph, encoder: TableEncoder, columns: Sequence[Value]) -> Output:
    """Add the nodes of `TableEncoder.transform`."""
    layer = encoder.expansion_layer()
    u = compact(graph, encoder, columns, layer.bin_start.dtype.name)
    value = forward(graph, Sequential([layer]), u)
    return Output("encoded", value, "float32", (len(encoder.unused_outputs_),))


def _empty_string(name: str) -> ValueError:
    return ValueError(
        f"Column {name!r} has the empty string as a category, which stands for missing strings in "
        "ONNX. Replace it by another string, or by None, before training."
    )


def _codes(graph: Graph, column: Value, categories: Categories, name: str) -> Value:
    """Add nodes for the code of each cell: its category, "infrequent" or "missing"."""
    rare, missing = (
        len(categories) + EXTRA_CODES.index(other) for other in ("infrequent", "missing")
    )
    if not isinstance(categories, np.ndarray):
        if MISSING_STRING in categories:
            raise _empty_string(name)
        codes = graph.add(
            "LabelEncoder",
            column,
            domain=ML,
            keys_strings=[*categories, MISSING_STRING],
            values_int64s=[*range(len(categories)), missing],
            default_int64=rare,
        )
        return graph.cast(codes, "float32")
    if categories.dtype != np.float64:  # compared in the type of the training table
        column = graph.cast(graph.cast(column, categories.dtype.name), "float64")
    equal = graph.add("Equal", column, graph.constant(categories, "float64"))
    one_hot = graph.cast(equal, "float32")
    numbers = graph.add("MatMul", one_hot, np.arange(1.0, len(categories) + 1)[:, None])
    is_known = graph.add("Greater", numbers, 0.0)
    codes = graph.add("Where", is_known, graph.add("Sub", numbers, 1.0), float(rare))
    return graph.add("Where", graph.add("IsNaN", column), float(missing), codes)
