"""Rows: inputs, targets and weights that belong together, to train with or to validate on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, is_regressor
from sklearn.utils import column_or_1d

from sknn.engine._typing import Array
from sknn.estimators._sklearn_compat import check_sample_weight, safe_indexing
from sknn.estimators._validation.dtypes import refuse_dates
from sknn.estimators._validation.targets import known_targets, need_known
from sknn.estimators._validation.weights import need_weight
from sknn.estimators.labels import check_labels
from sknn.estimators.reach import ignore_overflow
from sknn.estimators.reals import as_numbers


@dataclass
class ValidatedData:
    """Validated rows: X (dense or CSR), y (a column is flat), weights above 0 or None.

    If some were dropped, `numbers` tells which of the user's rows these are. `counts` are the
    weights that the user gave, without those of the classes.
    """

    X: Any
    y: Any
    w: Array | None
    numbers: Array | None = None
    counts: Array | None = None

    def take(self, rows: Array) -> "ValidatedData":
        """Return some of the rows, by a mask."""
        numbers = np.arange(len(self.y)) if self.numbers is None else self.numbers
        w, counts = (None if part is None else part[rows] for part in (self.w, self.counts))
        return ValidatedData(safe_indexing(self.X, rows), self.y[rows], w, numbers[rows], counts)

    def weighted(self, factors: Array) -> "ValidatedData":
        """Return the rows with their weights multiplied; rows whose weight becomes 0 are dropped.

        Raises
        ------
        ValueError
            If none is left.
        """
        with ignore_overflow():
            w = factors if self.w is None else self.w * factors
        if not np.isfinite(w).all():
            raise ValueError("The weights of samples times those of their classes are too large.")
        need_weight(w)
        present = w > 0
        rows = replace(self, w=w)
        return rows if present.all() else rows.take(present)


def training_rows(
    estimator: Any, X: Any, y: Any, sample_weight: Any, *, reset: bool
) -> ValidatedData:
    """Check what `fit` was given, and drop the rows of weight zero.

    Parameters
    ----------
    estimator : estimator
        Learns the names and the number of the features if `reset`, else compares them.
    X, y, sample_weight : objects
        What the user passed.
    reset : bool
        Whether this is the beginning of a model.

    Raises
    ------
    ValueError
        In scikit-learn's words, for what it refuses; and if all weights are zero.
    """
    unknown = None
    if is_regressor(estimator):
        y, unknown = known_targets(as_numbers(y))
    else:
        check_labels(y)
    X, y = estimator._checked(X, y, reset=reset)
    if sparse.issparse(y):
        y = y.toarray()
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    if is_regressor(estimator):
        refuse_dates(y, "y")
    if unknown is not None:
        y = np.where(unknown, np.nan, y)
    w = None
    if sample_weight is not None:
        w = check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
    if unknown is not None:
        need_known(unknown)
    if unknown is not None and unknown.all(axis=1).any():  # such rows say nothing
        w = (1.0 if w is None else w) * ~unknown.all(axis=1)
    rows = ValidatedData(X, y, None, counts=w)
    return rows if w is None else rows.weighted(w)


def validation_rows(
    estimator: BaseEstimator, X_val: Any, y_val: Any, sample_weight_val: Any
) -> ValidatedData | None:
    """Check the rows to validate on that `fit` was given, if it was given any.

    Raises
    ------
    ValueError
        If one of X_val and y_val is missing, or the features are others than in training.
    """
    if X_val is None and y_val is None and sample_weight_val is None:
        return None
    if X_val is None or y_val is None:
        missing, there = ("X_val", "y_val") if X_val is None else ("y_val", "X_val")
        raise ValueError(f"{missing} is missing: {there} or its weights were given without it.")
    with naming_validation_data():
        return training_rows(estimator, X_val, y_val, sample_weight_val, reset=False)


@contextmanager
def naming_validation_data() -> Iterator[None]:
    """Let errors say that they are about the rows to validate on."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(f"X_val, y_val or sample_weight_val: {error}") from error
