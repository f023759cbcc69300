"""Tables as nodes: columns of any kind, read as the encoder reads them."""

from collections.abc import Sequence

import numpy as np

from sknn.features import TableEncoder
from sknn.features.categorical import EXTRA_CODES, Categories
from sknn.persistence.onnx.graph import ML, Graph, Value

#: How a missing cell of text is written, which ONNX has no other word for.
MISSING = ""


def column_names(encoder: TableEncoder) -> list[str]:
    """Return what the columns of a table are called; "x0", "x1", ... without names."""
    names = getattr(encoder, "feature_names_in_", None)
    return [f"x{j}" for j in range(encoder.n_features_in_)] if names is None else list(names)


def column_types(encoder: TableEncoder) -> list[str]:
    """Return "str" for columns of text and "float64" for all others.

    Numbers are wide, so that none loses a digit before it is scaled.
    """
    return ["str" if kind == "text" else "float64" for kind in encoder.column_types_]


def compact(graph: Graph, encoder: TableEncoder, columns: Sequence[Value], dtype: str) -> Value:
    """Add the nodes of `TableEncoder.encode_compact`.

    Parameters
    ----------
    graph : Graph
        Where they are added.
    encoder : TableEncoder
        Fitted.
    columns : list of Value
        The columns of the table, each of shape (n, 1) and its type; NaN or "" where missing.
    dtype : {"float32", "float64"}
        The type of the compact matrix.

    Raises
    ------
    ValueError
        If empty text is a level of a column: it stands for missing text here. If no column has a
        part in anything.
    """
    parts = []
    for j, center, scale in zip(
        encoder.numeric_features_, encoder.center_, encoder.scale_, strict=True
    ):
        centred = graph.add("Sub", columns[j], graph.constant(center, "float64"))
        parts.append(graph.add("Div", centred, graph.constant(scale, "float64")))
    names, first = column_names(encoder), 0
    one_hot = len(encoder.categories_) - encoder.n_embedded_features_
    for i, (j, levels) in enumerate(
        zip(encoder.categorical_features_, encoder.categories_, strict=True)
    ):
        places = _places(graph, columns[j], levels, names[j])
        parts.append(graph.add("Add", places, float(first)))
        first += len(levels) + len(EXTRA_CODES) if i >= one_hot else 0
    if not parts:
        raise ValueError("No column of the table varied in training: there is nothing to export.")
    return graph.add("Concat", *(graph.cast(part, dtype) for part in parts), axis=-1)


def _places(graph: Graph, column: Value, levels: Categories, name: str) -> Value:
    """Return the place of each cell: that of its level, of rare ones or of missing ones."""
    rare, missing = (len(levels) + EXTRA_CODES.index(other) for other in ("infrequent", "missing"))
    if not isinstance(levels, np.ndarray):
        return _places_of_text(graph, column, levels, name)
    is_level = graph.cast(graph.add("Equal", column, graph.constant(levels, "float64")), "float32")
    numbers = graph.add("MatMul", is_level, np.arange(1.0, len(levels) + 1)[:, None])
    is_known = graph.add("Greater", numbers, 0.0)
    places = graph.add("Where", is_known, graph.add("Sub", numbers, 1.0), float(rare))
    return graph.add("Where", graph.add("IsNaN", column), float(missing), places)


def _places_of_text(graph: Graph, column: Value, levels: list[str], name: str) -> Value:
    """Look up text."""
    rare, missing = (len(levels) + EXTRA_CODES.index(other) for other in ("infrequent", "missing"))
    if MISSING in levels:
        raise ValueError(
            f"Column {name!r} has empty text among its levels, which stands for missing text in "
            "ONNX. Replace it by another word, or by None, before training."
        )
    places = graph.add(
        "LabelEncoder",
        column,
        domain=ML,
        keys_strings=[*levels, MISSING],
        values_int64s=[*range(len(levels)), missing],
        default_int64=rare,
    )
    return graph.cast(places, "float32")
