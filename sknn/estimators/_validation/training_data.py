"""Validation of the arguments of fit: inputs, targets, sample weights and groups."""

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.utils import (
    check_consistent_length,
    check_X_y,
    column_or_1d,
)

from sknn.estimators._sklearn_compat import RegressorMixin
from sknn.estimators._validation.arguments import refuse_source, separate_columns
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.error_context import add_to_errors
from sknn.estimators._validation.floats import ignore_overflow
from sknn.estimators._validation.inputs import validated_inputs
from sknn.estimators._validation.source_rows import OnPass, SourceRows
from sknn.estimators._validation.targets import (
    as_labels,
    as_numeric_targets,
    check_any_known,
    known_targets,
)
from sknn.estimators._validation.weights import check_any_weight, checked_weights
from sknn.features.columns import refuse_temporal, without_missing
from sknn.features.compact import checked_columns
from sknn.features.named_columns import NamedColumns

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP


def validate_training_data(
    estimator: "BaseMLP",
    X: Any,
    y: Any,
    sample_weight: Any,
    groups: Any = None,
    *,
    reset: bool,
    is_part: bool = False,
    on_pass: OnPass | None = None,
) -> ValidatedData:
    """Validate the training data of `fit`; rows of weight 0 are for the caller to drop.

    With `reset` the estimator learns the features of X, so it should be an unfitted copy; else X
    must have its features. A part of the rows may have weights of 0 and unknown targets only.

    Raises
    ------
    ValueError, TypeError
        If the data are invalid, mostly with scikit-learn's messages; or if all weights are 0.
    """
    columns = NamedColumns.of_arguments(X, y, sample_weight, groups)
    named = list(dict.fromkeys([*vars(estimator).get("_named_columns", []), *columns.names]))
    X, given = separate_columns(X, y, sample_weight, groups, columns, on_pass, named)
    y, sample_weight, groups = (given[name] for name in ("y", "sample_weight", "groups"))
    unknown = None
    if numeric := isinstance(estimator, RegressorMixin):
        y, unknown = known_targets(as_numeric_targets(y))
    else:
        y = as_labels(y)
    validate = _validate_table if estimator._takes_tables else _validate_numeric
    X, y = validate(estimator, X, y, reset=reset, y_numeric=numeric)
    features: dict[str, Any] = {"n_features_in_": estimator.n_features_in_}
    if "feature_names_in_" in vars(estimator):
        features["feature_names_in_"] = estimator.feature_names_in_
    if named:
        features["_named_columns"] = named
    if sparse.issparse(y):
        y = y.toarray()
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    if numeric:
        refuse_temporal(y, "y")
    w = None if sample_weight is None else checked_weights(sample_weight, y)
    if unknown is not None:
        y = np.where(unknown, np.nan, y)
        if not is_part:
            check_any_known(unknown)
        if (nothing := unknown.all(axis=1)).any():  # such rows are dropped
            w = (1.0 if w is None else w) * ~nothing
    if w is not None and not is_part:
        check_any_weight(w)
    return with_groups(ValidatedData(X, y, w, features=features), groups)


def _validate_numeric(
    estimator: "BaseMLP", X: Any, y: Any, *, reset: bool, y_numeric: bool
) -> tuple[Any, Any]:
    """Validate numeric inputs (array, frame, sparse matrix or source) and y."""
    if isinstance(X, SourceRows):
        validated_inputs(estimator, X.first, reset=reset)
        y = _validate_targets(estimator, X.shape[0], y, y_numeric=y_numeric)
        return X.matrix(lambda batch: validated_inputs(estimator, batch, reset=False), "numbers"), y
    return validated_inputs(estimator, X, y, reset=reset, multi_output=True, y_numeric=y_numeric)


def _validate_table(
    estimator: "BaseMLP", X: Any, y: Any, *, reset: bool, y_numeric: bool
) -> tuple[Any, Any]:
    """Validate the column names and the shape of a table, and y; cells are validated later."""
    if isinstance(X, SourceRows):
        checked_columns(estimator, X.first, reset=reset)
    else:
        X = checked_columns(estimator, X, reset=reset)
    return X, _validate_targets(estimator, X.shape[0], y, y_numeric=y_numeric)


def _validate_targets(estimator: "BaseMLP", n: int, y: Any, *, y_numeric: bool) -> Any:
    """Validate the targets of n rows."""
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y "
            "is None."
        )
    with ignore_overflow():
        _, y = check_X_y(np.zeros((n, 1)), y, multi_output=True, y_numeric=y_numeric)
    return y


def validate_validation_data(
    estimator: "BaseMLP", X_val: Any, y_val: Any, sample_weight_val: Any, features: dict[str, Any]
) -> ValidatedData:
    """Validate the validation data of `fit`, which must have the features of the training data.

    Raises
    ------
    ValueError
        If X_val or y_val is missing, or the features differ from those in training.
    """
    if X_val is None or y_val is None:
        missing, there = ("X_val", "y_val") if X_val is None else ("y_val", "X_val")
        raise ValueError(
            f"{missing} is missing, but {there} or sample_weight_val was given. Pass both."
        )
    refuse_source(X_val, "validation rows must be in memory: collect them into a frame")
    trained = estimator._with_attributes(features)
    with naming_validation_data():
        data = validate_training_data(trained, X_val, y_val, sample_weight_val, reset=False)
        return data.positive()


def naming_validation_data() -> AbstractContextManager[None]:
    """Return a context that adds the names of the validation data to error messages."""
    return add_to_errors("X_val, y_val or sample_weight_val: ")


def with_groups(data: ValidatedData, groups: Any) -> ValidatedData:
    """Add group labels, one for each row.

    Raises
    ------
    ValueError
        If their number differs from that of the rows.
    """
    if groups is None:
        return data
    groups = column_or_1d(groups)
    check_consistent_length(groups, data.y)
    if groups.dtype.kind == "O" and None in without_missing(groups.tolist()):
        raise ValueError("groups must be known for all rows, but some are None or NaN.")
    return replace(data, groups=groups)
