"""Predictions for Dask collections, and scores of partitions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from dask.delayed import delayed

from sknn.dask._collections import is_frame, naming_partition
from sknn.engine._typing import Array
from sknn.estimators._model import ModelSpec
from sknn.estimators._validation.floats import ignore_overflow
from sknn.estimators._validation.targets import targets_to_score
from sknn.estimators._validation.weights import checked_weights
from sknn.estimators._validation_score import LARGEST, PartScore
from sknn.estimators.base import BaseMLP
from sknn.estimators.regression import Regression
from sknn.features.named_columns import split_columns, without_columns
from sknn.targets import TargetMoments


def predict_lazily(X: Any, model: BaseMLP, method: str) -> Any:
    """Return the predictions of a local estimator for a collection: one of the same kind.

    A list if the method gives one.

    Raises
    ------
    ValueError
        If the predictions of a row of a frame are no row.
    """
    some = X._meta_nonempty if is_frame(X) else np.zeros((1, X.shape[1]), X.dtype)
    example = getattr(model, method)(some)
    names = getattr(model, "classes_", None) if method != "predict" else None
    shared = delayed(model, pure=True)
    predict = _predict_frame if is_frame(X) else _predict_array
    if not isinstance(example, list):
        return predict(X, shared, method, None, example, names)
    columns = zip(example, names or [None] * len(example), strict=True)
    return [predict(X, shared, method, i, one, own) for i, (one, own) in enumerate(columns)]


def _predict_array(
    X: Any, model: Any, method: str, item: int | None, example: Array, names: Any
) -> Any:
    """Return predictions as a Dask Array."""
    axes = list(range(1, example.ndim))
    return X.map_blocks(
        _predicted,
        model,
        method,
        item,
        example.shape[1:],
        dtype=example.dtype,
        chunks=(X.chunks[0], *((k,) for k in example.shape[1:])),
        drop_axis=1,
        new_axis=axes or None,
        meta=np.empty((0,) * example.ndim, example.dtype),
    )


def _predict_frame(
    X: Any, model: Any, method: str, item: int | None, example: Array, names: Any
) -> Any:
    """Return predictions as a Dask Series or DataFrame."""
    if example.ndim > 2:
        raise ValueError(
            f"{method} gives an array of shape {example.shape[1:]} for each row, which is no row "
            "of a DataFrame. Pass a Dask Array, X.to_dask_array(lengths=True)."
        )
    columns = None
    if example.ndim == 2:
        columns = list(range(example.shape[1])) if names is None else list(names)
    meta = _as_frame(example, X._meta_nonempty.index[: len(example)], columns)[:0]
    return X.map_partitions(
        _predicted_frame, model, method, item, example.shape[1:], columns, meta=meta
    )


def _predicted(X: Any, model: BaseMLP, method: str, item: int | None, shape: Any) -> Array:
    """Return the predictions for a partition."""
    if X.shape[0] == 0:
        return np.empty((0, *shape))
    result = getattr(model, method)(X)
    predictions: Array = result if item is None else result[item]
    return predictions


def _predicted_frame(
    X: Any, model: BaseMLP, method: str, item: int | None, shape: Any, columns: Any
) -> Any:
    return _as_frame(_predicted(X, model, method, item, shape), X.index, columns)


def _as_frame(predictions: Array, index: Any, columns: Any) -> Any:
    """Return predictions with the index of a partition."""
    import pandas as pd  # the partitions are its frames

    if columns is None:
        return pd.Series(predictions, index=index)
    return pd.DataFrame(predictions, index=index, columns=columns)


def score_partition(
    model: BaseMLP, number: int, X: Any, y: Any, w: Any, *, no_inputs: Sequence[str]
) -> PartScore | None:
    """Return what the score of all rows is computed from; None without rows of positive weight.

    Raises
    ------
    ValueError, TypeError
        If the data are invalid; the message tells the number of the partition.
    """
    with naming_partition(number):
        X, y, w = split_columns(X, y, w)
        X = without_columns(X, no_inputs)
        return _part_score(model, X, y, w) if X.shape[0] else None


def _part_score(model: Any, X: Any, y: Any, w: Any) -> PartScore | None:
    n, numbers = X.shape[0], np.asarray(y)
    if numbers.dtype.kind == "f" and np.isnan(numbers).all():  # no known target
        return None
    weights = None if w is None else checked_weights(w, np.empty(n))
    total = float(n if weights is None else weights.sum())
    if not total:
        return None
    if (
        not isinstance(model, Regression)
        or ModelSpec.of_fitted(vars(model)).loss.units_per_output > 1
    ):
        return PartScore(total, 0.0, model.score(X, y, w))
    y = targets_to_score(y, numeric=True)
    Y = y.reshape(n, -1).astype(np.float64)
    with ignore_overflow():
        errors = np.clip(model.predict(X).reshape(Y.shape), -LARGEST, LARGEST) - Y
        squares = np.nansum(errors**2 * (1 if weights is None else weights[:, None]), axis=0)
    return PartScore(total, 0.0, 0.0, squares, TargetMoments.of(Y, weights))
