"""ValidatedData: validated inputs, targets and weights; and their conversion to floats."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse
from sklearn.utils import (
    assert_all_finite,
    check_consistent_length,
    check_X_y,
    column_or_1d,
)
from sklearn.utils.validation import validate_data

from sknn.engine._typing import Array
from sknn.estimators._sklearn_compat import ZERO_WEIGHTS, RegressorMixin, check_sample_weight
from sknn.estimators._validation.arguments import opened, refuse_source
from sknn.estimators._validation.row_totals import RowTotals, total_weight
from sknn.estimators._validation.source_rows import OnPass, SourceRows, rows_of
from sknn.estimators._validation.targets import (
    as_labels,
    as_numeric_targets,
    as_target_array,
    check_any_known,
    known_targets,
)
from sknn.features.columns import Table, decoded, refuse_temporal, without_missing
from sknn.features.compact import checked_columns
from sknn.features.containers import as_array, as_frame
from sknn.features.named_columns import NamedColumns
from sknn.features.small_table import AnyTable, SmallTable, read_if_small
from sknn.targets import TargetMoments

if TYPE_CHECKING:
    from sknn.estimators._inputs import TabularInputs
    from sknn.estimators.base import BaseMLP

#: Arrays with more elements than this are converted batch by batch, not as a whole.
LARGEST_COPY = 2**26


@dataclass(frozen=True)
class ValidatedData:
    """Validated inputs, targets and sample weights."""

    all_X: Any  # the inputs of all rows as given by the user, shared by all selections of rows
    y: Any  # the targets; a single column is one-dimensional
    w: Array | None = None  # sample weights times class weights, 0 or more
    # numbers of these rows in the data as given; None if they are all
    row_numbers: Array | None = None
    groups: Array | None = None  # group labels, whose rows are held back together
    # `n_features_in_`, and `feature_names_in_` if X has names, `_named_columns` if it has targets
    features: dict[str, Any] = field(default_factory=dict)
    totals: RowTotals | None = None  # of all rows, if these are a part of them
    # all_X by dtype, and as a table
    _converted: dict[str, Any] = field(default_factory=dict, repr=False)
    _derived: dict[Any, Any] = field(default_factory=dict, repr=False, init=False)  # by `derive`

    @property
    def X(self) -> Any:
        """The inputs: all, or a copy of these rows."""
        return self.all_X if self.row_numbers is None else rows_of(self.all_X, self.row_numbers)

    @property
    def is_in_memory(self) -> bool:
        """Whether the inputs are not those of a source."""
        return not isinstance(self.all_X, SourceRows)

    def table(self, rows: Array | None) -> AnyTable:
        """Return the columns of some rows in memory, by their numbers in the data as given.

        A small table is read once for all selections of rows.
        """
        if "table" not in self._converted:
            whole = Table(self.all_X, self.features.get("feature_names_in_"))
            self._converted["table"] = read_if_small(whole)
        table: AnyTable = self._converted["table"]
        if rows is None:
            return table
        if isinstance(table, SmallTable):
            return table.take(rows)
        return Table(rows_of(self.all_X, rows), table.names)

    def iter_tables(self) -> Iterator[tuple[AnyTable, Array | None]]:
        """Yield the columns and the weights of these rows, in the order in which they are given.

        It is a single batch, unless the rows are those of a source.
        """
        rows, w = self.row_numbers, self.w
        if rows is not None and (np.diff(rows) < 0).any():
            order = np.argsort(rows, kind="stable")
            rows, w = rows[order], None if w is None else w[order]
        if isinstance(self.all_X, SourceRows):
            names = self.features.get("feature_names_in_")
            for X, own in self.all_X.select(rows, w):
                yield Table(X, names), own
        else:
            yield self.table(rows), w

    def encoded(self, inputs: "TabularInputs", dtype: str) -> tuple[Array, Array | None]:
        """Return a compact matrix of the inputs, and the numbers of these rows in it; None: all."""
        if isinstance(self.all_X, SourceRows):
            return self.all_X.encoded(inputs, dtype), self.row_numbers

        def encode() -> Array:
            return inputs.encode(self.table(self.row_numbers), dtype)

        return self.derive((inputs, dtype), encode), None

    @property
    def n_rows(self) -> int:
        """The number of rows: of all, if these are a part of them."""
        return len(self.y) if self.totals is None else self.totals.n_rows

    @property
    def effective_rows(self) -> float:
        """The number of rows, or the sum of their weights if it is larger; of all rows."""
        if self.totals is not None:
            return max(self.totals.n_rows, self.totals.weight)
        return len(self.y) if self.w is None else max(len(self.y), total_weight(self.w))

    @property
    def moments(self) -> TargetMoments:
        """The mean and the deviation of real targets, of all rows."""
        if self.totals is not None and self.totals.moments is not None:
            return self.totals.moments
        return self.derive("moments", lambda: TargetMoments.of(self.y, self.w))

    @property
    def has_unknown(self) -> bool:
        """Whether some targets are known to be unknown, of all rows."""
        return self.totals is not None and self.totals.has_unknown

    def spaced_rows(self, n: int) -> Any:
        """Return the inputs of at most n rows, evenly spaced."""
        step = -(-len(self.y) // n)
        if self.row_numbers is None:
            return self.all_X[::step]
        return rows_of(self.all_X, self.row_numbers[::step])

    def as_dtype(self, dtype: str) -> tuple[Any, Array | None]:
        """Return numeric inputs in a floating type, and the numbers of these rows in them.

        All selections of rows share one converted array; None is all of its rows.

        Raises
        ------
        ValueError
            If a number in these rows overflows the type.
        """
        if dtype not in self._converted:
            try:
                self._converted[dtype] = as_dtype(self.all_X, dtype, "X")
            except ValueError:  # perhaps of a row that is not selected
                return as_dtype(self.X, dtype, "X"), None
        return self._converted[dtype], self.row_numbers

    def derive(self, key: Any, compute: Callable[[], Any]) -> Any:
        """Return what `compute` made of these rows for an equal key; fits may share the rows."""
        if key not in self._derived:
            self._derived[key] = compute()
        return self._derived[key]

    @property
    def is_positive(self) -> Array:
        """Which rows have a positive weight."""
        return np.ones(len(self.y), dtype=bool) if self.w is None else self.w > 0

    def positive(self) -> "ValidatedData":
        """Return the rows of positive weight."""
        return self if self.w is None or (self.w > 0).all() else self.take(self.w > 0)

    def take(self, rows: Array) -> "ValidatedData":
        """Return the rows selected by a boolean mask, or by row numbers in their order."""
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        numbers = rows if self.row_numbers is None else self.row_numbers[rows]
        w = None if self.w is None else self.w[rows]
        groups = None if self.groups is None else self.groups[rows]
        return replace(self, y=self.y[rows], w=w, groups=groups, row_numbers=numbers, totals=None)

    def row_numbers_of(self, mask: Array) -> Array:
        """Return the row numbers, in the data as passed by the user, of the rows in a mask."""
        return np.flatnonzero(mask) if self.row_numbers is None else self.row_numbers[mask]

    def reweight(self, factors: Array) -> "ValidatedData":
        """Multiply the weights by factors; rows of weight 0 are dropped.

        Raises
        ------
        ValueError
            If a product overflows.
        """
        with ignore_overflow():
            w = factors if self.w is None else self.w * factors
        if not np.isfinite(w).all():
            raise ValueError(
                "Sample weights times class weights are too large: they overflow float64. Scale "
                "them down."
            )
        return replace(self, w=w, totals=None).positive()


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
    X, given = opened(X, y, sample_weight, groups, columns, on_pass, named)
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


def validated_inputs(estimator: "BaseMLP", X: Any, *y: Any, reset: bool, **options: Any) -> Any:
    """Validate numeric inputs, and y if it is given, with `validate_data` of scikit-learn.

    Raises
    ------
    TypeError
        If a column holds dates or times.
    ValueError
        If X holds text or missing values, or something that scikit-learn refuses.
    """
    X = _examined(X)
    try:
        with ignore_overflow():
            checked = validate_data(
                estimator, X, *y, accept_sparse="csr", dtype="numeric", reset=reset, **options
            )
            numbers = checked[0] if y else checked
            if numbers.dtype.kind == "O":  # scikit-learn leaves those of polars as they are
                numbers = numbers.astype(np.float64)
                assert_all_finite(numbers, input_name="X")
    except (TypeError, ValueError) as error:
        is_missing = "contains NaN" in str(error) or "NAType" in str(error)
        is_text = "string" in str(error) or "Cannot cast" in str(error)  # of categories
        if (is_missing or is_text) and (text := _text_of(X)) is not None:
            raise ValueError(
                f"{text}. TabularMLPClassifier and TabularMLPRegressor encode text, as "
                "TableEncoder does in a pipeline."
            ) from error
        if is_missing and "y contains" not in str(error):
            raise _missing_values(type(estimator).__name__) from error
        raise
    if numbers.dtype.kind in "mM":
        refuse_temporal(numbers, "X")
    return (numbers, checked[1]) if y else numbers


def check_finite(X: Any, estimator_name: str) -> None:
    """Raise a ValueError if numeric inputs have infinities or NaN."""
    if isinstance(X, np.ndarray) and has_finite_sum(X):
        return
    try:
        assert_all_finite(X, input_name="X")
    except ValueError as error:
        if "contains NaN" in str(error):
            raise _missing_values(estimator_name) from error
        raise


def _missing_values(estimator_name: str) -> ValueError:
    """Return the error for missing values in numeric inputs."""
    return ValueError(
        f"Input X contains NaN. {estimator_name} does not accept missing values; "
        "TabularMLPClassifier and TabularMLPRegressor do. Use these, or impute in a pipeline "
        "(SimpleImputer)."
    )


def _examined(X: Any) -> Any:
    """Return X as scikit-learn can read it without mistakes; refuse columns of dates and times."""
    if sparse.issparse(X) or (type(X) is np.ndarray and X.dtype.kind in "fiub"):
        return X
    frame = as_frame(X)
    X = as_array(X) if frame is None else frame.to_native()
    if isinstance(X, list | tuple):
        X = np.asarray(X)
    if frame is None:
        if isinstance(X, np.ndarray) and X.dtype.kind == "O" and X.ndim == 2:
            table = Table(X)
            for j in range(X.shape[1]):
                refuse_temporal(X[:, j], table.label(j))
        return X
    table = Table(frame)
    others = {j: table.values(j)[0] for j in np.flatnonzero(~table.is_plain).tolist()}
    for j, values in others.items():
        refuse_temporal(values, table.label(j))
    if hasattr(X, "iloc") or not others:
        return X
    return frame.with_columns(*(decoded(frame[:, j]) for j in others)).to_native()


def _text_of(X: Any) -> str | None:
    """Say which column is the first with text that is no number, or that X is an array of text."""
    frame = as_frame(X)
    if frame is None and not (isinstance(X, np.ndarray) and X.dtype.kind in "OUST" and X.ndim == 2):
        return None
    table = Table(X if frame is None else frame)
    for j in np.flatnonzero(~table.is_plain).tolist():
        text = next(filter(_is_text, table.values(j)[0]), None)
        if text is not None:
            shown = text.item() if isinstance(text, np.generic) else text
            return f"{table.label(j)} holds text: could not convert string to float: {shown!r}"
    if frame is None and X.dtype.kind in "US":
        return (
            f"X is an array of text ({X.dtype}), convert it with X.astype(float) if it is numbers"
        )
    return None


def _is_text(cell: Any) -> bool:
    """Return whether a cell is text that is no number."""
    if not isinstance(cell, str | bytes):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


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


@contextmanager
def naming_validation_data() -> Iterator[None]:
    """Add the names of the validation data to error messages."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(f"X_val, y_val or sample_weight_val: {error}") from error


def as_dtype(array: Any, dtype: str, name: str) -> Any:
    """Convert an array to a floating type, C-contiguous.

    NaN is allowed in y only. A large X is checked but not converted: each batch is, later.

    Raises
    ------
    ValueError
        If a number overflows the type.
    """
    narrower = np.dtype(dtype).itemsize < array.dtype.itemsize
    is_large = isinstance(array, np.ndarray) and array.size > LARGEST_COPY
    if name == "X" and is_large and array.flags.c_contiguous:
        if array.dtype.kind == "f":
            as_dtype(np.array([array.min(), array.max()]), dtype, "X")
        return array
    with np.errstate(over="ignore", invalid="ignore"):
        if isinstance(array, np.ndarray):
            array = np.ascontiguousarray(array, dtype)
        else:
            array = array.astype(dtype, copy=False)
        if narrower:
            assert_all_finite(array, allow_nan=name == "y", input_name=name)
    return array


def normalized_weights(
    w: Array | None, dtype: str, *, relative: bool, totals: RowTotals | None = None
) -> Array | None:
    """Convert sample weights to a floating type, divided by their mean if they are `relative`.

    Totals are those of all rows, if the weights are of a part of them.

    Raises
    ------
    ValueError
        If a weight overflows the type, or all underflow.
    """
    if w is None:
        return None
    if relative:
        w = w / (totals.largest_weight if totals else w.max())  # so that no sum overflows
        w = w / (totals.mean_weight if totals else w.mean())
    w = as_dtype(w, dtype, "sample_weight")
    check_any_weight(w)
    return w


def scoring_weights(sample_weight: Any, y: Array) -> Array | None:
    """Validate the sample weights of a score, and divide them by their mean."""
    if sample_weight is None:
        return None
    w = checked_weights(sample_weight, y)
    check_any_weight(w)
    return normalized_weights(w, "float64", relative=True)


def checked_weights(sample_weight: Any, y: Array) -> Array:
    """Return sample weights as float64: finite, 0 or more, one for each row of y."""
    w = as_target_array(sample_weight, "sample_weight")
    if isinstance(w, np.ndarray):
        refuse_temporal(w, "sample_weight")
    return check_sample_weight(w, y, dtype=np.float64, ensure_non_negative=True, **ZERO_WEIGHTS)


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


def check_any_weight(w: Array) -> None:
    """Check that not all weights are zero."""
    if not w.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")


def has_finite_sum(array: Array) -> bool:
    """Return whether the sum is finite, so that all elements are; overflow may make it infinite."""
    return math.isfinite(np.add.reduce(array, None))


def ignore_overflow() -> Any:
    """Return a context without NumPy's overflow warnings, for code that checks its results."""
    return np.errstate(over="ignore", invalid="ignore")
