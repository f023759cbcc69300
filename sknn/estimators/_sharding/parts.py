"""Parts of the training rows: their validation, and their summaries for the plan of the fit."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from sknn.engine._typing import Array
from sknn.estimators._early_stopping import split
from sknn.estimators._fit_plan import FitData
from sknn.estimators._inputs import TabularInputs
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.row_totals import RowTotals
from sknn.estimators._validation.targets import as_labels
from sknn.estimators._validation.training_data import validate_training_data
from sknn.estimators.tabular import Tabular
from sknn.features.compact import checked_columns
from sknn.features.statistics import TableStatistics, weight_scale
from sknn.targets import Target, sorting_labels

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP

#: Multiplies the sample weights of rows by class weights.
Weighting = Callable[[ValidatedData], ValidatedData]


@dataclass(frozen=True)
class PartSummary:
    """The rows, labels and columns of a part, before anything is learned from X."""

    n_rows: int  # rows as given
    n_positive: int  # those of positive weight
    has_known: bool  # whether one of these has a known target
    largest_weight: float
    features: dict[str, Any]  # `n_features_in_`, and `feature_names_in_` if X has names
    targets: Array  # rows with all labels, or with the lowest and the highest number of each column
    labels: Array  # labels of rows of positive weight, if y is a single column
    label_weights: Array  # their total weights
    label_counts: Array  # and their numbers of rows


def load_part(mlp: "BaseMLP", X: Any, y: Any, sample_weight: Any) -> ValidatedData | None:
    """Validate a part of the training data of `fit`; None if it has no rows.

    Raises
    ------
    ValueError, TypeError
        If the data are invalid.
    """
    if X.shape[0] == 0 and len(y) == 0:
        return None
    return validate_training_data(
        mlp._with_attributes({}), X, y, sample_weight, reset=True, is_part=True
    )


def summarize(part: ValidatedData | None, *, classify: bool) -> PartSummary | None:
    """Return the summary of a part."""
    if part is None:
        return None
    data = part.positive()
    labels, weights, counts = data.y[:0].ravel(), np.empty(0), np.empty(0, np.intp)
    if classify and data.y.ndim == 1:
        with sorting_labels():
            labels, codes = np.unique(data.y, return_inverse=True)
        weights = np.bincount(codes, data.w, len(labels)).astype(np.float64)
        counts = np.bincount(codes, minlength=len(labels))
    return PartSummary(
        n_rows=len(part.y),
        n_positive=len(data.y),
        has_known=bool(len(data.y)),
        largest_weight=1.0 if data.w is None else float(data.w.max(initial=0)),
        features=part.features,
        targets=_distinct_labels(part.y) if classify else _range(data.y),
        labels=labels,
        label_weights=weights,
        label_counts=counts,
    )


def _distinct_labels(y: Array) -> Array:
    """Return rows in which each column has all of its labels."""
    with sorting_labels():
        columns = [np.unique(column) for column in y.reshape(len(y), -1).T]
    n = max(map(len, columns))
    rows = np.column_stack([np.resize(column, n) for column in columns])
    return rows[:, 0] if y.ndim == 1 else rows


def _range(y: Array) -> Array:
    """Return two rows with the lowest and the highest known number of each column."""
    return np.stack([np.fmin.reduce(y), np.fmax.reduce(y)]) if len(y) else y


def merge_targets(arrays: Sequence[Array]) -> Array:
    """Return the targets of all parts, one after the other, as they would be in a single array.

    Raises
    ------
    ValueError, TypeError
        If the parts have unequal numbers of columns, or labels of types that cannot be compared.
    """
    shapes = [array.shape[1:] for array in arrays]
    if len(set(shapes)) > 1:
        n = [shape[0] if shape else 1 for shape in shapes]
        i = next(i for i in range(len(n)) if n[i] != n[0])
        raise ValueError(
            f"y must have the same columns in all partitions, but partition 0 has {n[0]} and "
            f"partition {i} has {n[i]}."
        )
    kinds = {array.dtype.kind in "OUS" for array in arrays}
    if len(kinds) == 1:
        return np.concatenate(arrays)
    joined: Array = as_labels(np.concatenate([array.astype(object) for array in arrays]))
    return joined


def merge_labels(parts: Sequence[PartSummary]) -> tuple[ValidatedData, Array]:
    """Return all labels of rows of positive weight with their weights, as rows; and their counts.

    A class weight of these rows is that of all rows.
    """
    labels, codes = np.unique(merge_targets([one.labels for one in parts]), return_inverse=True)
    weights, counts = np.zeros(len(labels)), np.zeros(len(labels), np.intp)
    start = 0
    for one in parts:
        own = codes[start : start + len(one.labels)]
        weights[own] += one.label_weights
        counts[own] += one.label_counts
        start += len(own)
    return ValidatedData(None, labels, weights), counts


def prepare_part(
    mlp: "BaseMLP",
    part: ValidatedData,
    weighted: Weighting | None,
    rng: np.random.RandomState | None,
    *,
    classify: bool,
) -> tuple[FitData | None, str]:
    """Return the training rows and, with a generator, validation rows of a part.

    None if all weights are 0. Without validation rows, as the part has too few, also return why.
    """
    data = weighted(part) if weighted else part.positive()
    if not len(data.y):
        return None, ""
    if rng is None:
        return FitData(data), ""
    try:
        return FitData(*split(mlp, data, deepcopy(rng), classify=classify)), ""
    except ValueError as error:
        return FitData(data), str(error)


def totals_of(mlp: "BaseMLP", rows: FitData, target: Target) -> RowTotals:
    """Return the totals of the training rows of a part."""
    name = mlp._loss_name(target)
    loss = target.loss(name, mlp._loss_settings(name))
    return RowTotals.of(rows.train.y, rows.train.w, target, loss)


def statistics_of(mlp: Tabular, rows: FitData, first: int, totals: RowTotals) -> TableStatistics:
    """Return the statistics of the columns of a part, from which the encoding is learned.

    `first` is the number of its first row among those of all parts; `totals` are those of all.
    """
    encoder, data, w, scale = mlp._new_encoder(), rows.train, rows.train.w, 1.0
    if totals.has_weights:
        w = np.ones(len(data.y)) if w is None else w
        scale = weight_scale(np.array([totals.largest_weight]))
    X = checked_columns(encoder, data.X, reset=True)
    statistics = encoder._new_statistics(first_row=first, weight_scale=scale)
    statistics.add(encoder._table(X), w)
    return statistics


def merge_statistics(parts: Sequence[TableStatistics]) -> TableStatistics:
    """Return the statistics of parts that follow each other."""
    merged = parts[0].copy()
    for part in parts[1:]:
        merged.merge(part)
    return merged


def learn_encoding(mlp: Tabular, statistics: TableStatistics) -> tuple[TabularInputs, list[str]]:
    """Return the encoding of all parts, and the messages of warnings."""
    encoder = mlp._new_encoder()
    messages = encoder._learn_statistics(statistics.copy())
    return TabularInputs(encoder), messages


def sample_rows(rows: FitData, first: int, step: int) -> ValidatedData:
    """Return the training rows whose numbers among those of all parts are multiples of a step."""
    data = rows.train
    numbers = np.arange(-first % step, len(data.y), step)
    sample = data.take(numbers)
    return replace(sample, all_X=sample.X, row_numbers=None, _converted={})


def join_samples(samples: Sequence[ValidatedData], totals: RowTotals) -> ValidatedData:
    """Return samples of all parts as rows of which the totals of all rows are known."""
    samples = [sample for sample in samples if len(sample.y)]
    w = None
    if any(sample.w is not None for sample in samples):
        w = np.concatenate([np.ones(len(s.y)) if s.w is None else s.w for s in samples])
    X = _concatenated([sample.all_X for sample in samples])
    y = merge_targets([sample.y for sample in samples])
    return ValidatedData(X, y, w, features=samples[0].features, totals=totals)


def _concatenated(parts: Sequence[Any]) -> Any:
    """Return rows of arrays, sparse matrices or frames, one after the other."""
    if len(parts) == 1:
        return parts[0]
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    if sparse.issparse(parts[0]):
        return sparse.vstack(parts, format="csr")
    import pandas as pd  # the frames are its own

    # of objects, as the types of columns may differ
    return pd.concat([part.astype(object) for part in parts], ignore_index=True)
