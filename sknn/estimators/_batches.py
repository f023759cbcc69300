"""Predictions batch by batch, of sources or of rows in memory."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sklearn.utils.validation import check_is_fitted

from sknn.features.containers import as_array, as_frame
from sknn.features.sources import as_source, is_read_once

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP


def predict_batches(
    mlp: "BaseMLP", X: Any, method: str, batch_size: int, params: Mapping[str, Any]
) -> Iterator[Any]:
    """Yield the results of a method for consecutive rows; see `BaseMLP.predict_batches`."""
    check_is_fitted(mlp)
    if not (type(batch_size) is int and batch_size >= 1):
        raise ValueError(f"batch_size must be an integer of at least 1, got {batch_size!r}.")
    if not method.startswith(("predict", "decision_function")) or method == "predict_batches":
        raise ValueError(
            f"method must be the name of a method that predicts, such as 'predict_proba', got "
            f"{method!r}."
        )
    predict = getattr(mlp, method)
    return (predict(rows, **params) for rows in _iter_rows(mlp, X, batch_size))


def _iter_rows(mlp: "BaseMLP", X: Any, batch_size: int) -> Iterator[Any]:
    """Yield consecutive rows, at most so many at once."""
    for batch in _read(mlp, X):
        frame = as_frame(batch)
        rows = as_array(batch) if frame is None else frame
        n = rows.shape[0] if hasattr(rows, "shape") else len(rows)
        for start in range(0, n, batch_size):
            part = rows[start : start + batch_size]
            yield part if frame is None else part.to_native()


def _read(mlp: "BaseMLP", X: Any) -> Iterator[Any]:
    """Yield X, or the batches of a source, which reads the columns of `fit` only."""
    if is_read_once(X) and isinstance(X, Iterable):
        yield from X
        return
    source = as_source(X)
    if source is None:
        yield X
        return
    names = list(getattr(mlp, "feature_names_in_", ())) or None
    if missing := sorted(set(names or ()) - set(source.names() or names or ())):
        raise ValueError(
            f"The source lacks columns of fit: {', '.join(map(repr, missing[:10]))}. It has "
            f"{', '.join(map(repr, (source.names() or [])[:10]))}."
        )
    for batch in source.batches(names):
        yield batch[0] if isinstance(batch, tuple) else batch
