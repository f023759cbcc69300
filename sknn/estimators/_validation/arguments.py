"""X, y, weights and groups as they are given: arrays, columns of X by name, or a source."""

from collections.abc import Mapping, Sequence
from typing import Any

from sknn.estimators._validation.source_rows import OnPass, SourceRows
from sknn.features.containers import COMPUTE
from sknn.features.named_columns import NamedColumns, without_columns
from sknn.features.sources import Source, as_source


def separate_columns(
    X: Any,
    y: Any,
    sample_weight: Any,
    groups: Any,
    columns: NamedColumns,
    on_pass: OnPass | None,
    named: Sequence[str],
) -> tuple[Any, dict[str, Any]]:
    """Return the features, and targets, weights and groups as they are given or as columns of X.

    Of a source, features are a `SourceRows`. Columns with the names of `named` are no features.
    """
    given = {"y": y, "sample_weight": sample_weight, "groups": groups}
    if (source := as_source(X)) is not None:
        rows = open_source(source, given, columns, on_pass)
        return rows, {**dict.fromkeys(given), **rows.values}
    X, values = columns.take(X) if columns else (X, {})
    return without_columns(X, named), {**given, **values}


def open_source(
    source: Source, given: dict[str, Any], columns: NamedColumns, on_pass: OnPass | None
) -> SourceRows:
    """Return the rows of a source with the targets, weights and groups that are its columns.

    Raises
    ------
    TypeError
        If one is given in another way.
    """
    for name, value in given.items():
        if value is not None and columns.roles[name] is None:
            library = type(source.X).__module__.partition(".")[0]
            how = f": {COMPUTE[library]}" if library in COMPUTE else ""
            raise TypeError(
                f"X is a source ({type(source.X).__name__}): {name} must be the name of one of its "
                f"columns, or a function of a batch, got {type(value).__name__}. Or collect X into "
                f"a frame first{how}."
            )
    return SourceRows(source, columns, on_pass)


def refuse_source(X: Any, reason: str) -> None:
    """Raise a TypeError with a reason if X is a source."""
    if as_source(X) is not None:
        raise TypeError(f"X is a source ({type(X).__name__}), but {reason}.")


def rows_to_predict(X: Any, fitted: Mapping[str, Any]) -> Any:
    """Return rows without the columns that held targets, weights or groups in training.

    Raises
    ------
    TypeError
        If X is a source.
    """
    refuse_source(X, "its predictions may not fit into memory: use predict_batches(X)")
    return without_columns(X, fitted.get("_named_columns", ()))
