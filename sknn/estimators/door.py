"""The door: what users pass in, checked and turned into arrays of one type."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, is_regressor
from sklearn.utils import (
    assert_all_finite,
    check_array,
    check_random_state,
    check_X_y,
    column_or_1d,
)
from sklearn.utils.validation import validate_data

from sknn.engine.types import Array
from sknn.estimators.labels import check_labels
from sknn.estimators.reach import silent
from sknn.estimators.reals import as_numbers
from sknn.estimators.sklearn_private import check_sample_weight, safe_indexing
from sknn.features.frames import as_array, as_frame, need_cells

#: More numbers than this in X, and dtype="auto" computes in float32.
LARGE = 10**5

#: More numbers than this in X, and it is not converted whole.
LARGE_TO_COPY = 2**26


@dataclass
class Rows:
    """Validated rows: X (dense or CSR), y (a column is flat), weights above 0 or None.

    If some were dropped, `numbers` tells which of the user's rows these are. `counts` are the
    weights that the user gave, without those of the classes.
    """

    X: Any
    y: Any
    w: Array | None
    numbers: Array | None = None
    counts: Array | None = None

    def take(self, rows: Array) -> "Rows":
        """Return some of the rows, by a mask."""
        numbers = np.arange(len(self.y)) if self.numbers is None else self.numbers
        w, counts = (None if part is None else part[rows] for part in (self.w, self.counts))
        return Rows(safe_indexing(self.X, rows), self.y[rows], w, numbers[rows], counts)

    def weighted(self, factors: Array) -> "Rows":
        """Return the rows with their weights multiplied; rows whose weight becomes 0 are dropped.

        Raises
        ------
        ValueError
            If none is left.
        """
        with silent():
            w = factors if self.w is None else self.w * factors
        if not np.isfinite(w).all():
            raise ValueError("The weights of samples times those of their classes are too large.")
        _need_weight(w)
        present = w > 0
        rows = replace(self, w=w)
        return rows if present.all() else rows.take(present)


def _need_weight(w: Array) -> None:
    """Refuse rows that are all absent."""
    if not w.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")


def _need_known(unknown: Array) -> None:
    """Refuse targets of which nothing is known."""
    if unknown.all():
        raise ValueError("y holds no target that is known: all are NaN.")


@contextmanager
def generator_as_it_was(random_state: Any) -> Iterator[None]:
    """Take back what was drawn from a user's generator if the block raises."""
    if not (random_state is None or isinstance(random_state, np.random.RandomState)):
        yield
        return
    rng = check_random_state(random_state)  # None is NumPy's own
    before = rng.get_state()
    try:
        yield
    except BaseException:
        rng.set_state(before)
        raise


def training_rows(estimator: Any, X: Any, y: Any, sample_weight: Any, *, reset: bool) -> Rows:
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
        _need_known(unknown)
    if unknown is not None and unknown.all(axis=1).any():  # such rows say nothing
        w = (1.0 if w is None else w) * ~unknown.all(axis=1)
    rows = Rows(X, y, None, counts=w)
    return rows if w is None else rows.weighted(w)


def known_targets(y: Any) -> tuple[Any, Any]:
    """Part y into what is known, with 0 elsewhere, and where it is not known (None: everywhere).

    Only among several columns may targets be unknown; a missing single target is an error.
    """
    shape = () if sparse.issparse(y) else np.asarray(y).shape
    if len(shape) != 2 or shape[1] < 2:
        return y, None
    with silent():
        array = check_array(y, ensure_all_finite="allow-nan", ensure_min_samples=0, input_name="y")
    unknown = np.isnan(array)
    return (np.where(unknown, 0, array), unknown) if unknown.any() else (y, None)


def scored(y: Any, *, numeric: bool = False) -> Array:
    """Check the targets that predictions are compared with; a column is flat.

    Among several columns of numbers NaN is a target that is not known, but some must be.
    """
    y = y.toarray() if sparse.issparse(y) else y
    y = as_numbers(y) if numeric else y
    several = numeric and np.asarray(y).ndim == 2 and np.asarray(y).shape[1] > 1
    with silent():
        array: Array = check_array(
            y,
            dtype="numeric" if numeric else None,
            ensure_2d=False,
            ensure_all_finite="allow-nan" if several else True,
            input_name="y",
        )
    if several:
        _need_known(np.isnan(array))
    return array.ravel() if array.ndim == 2 and array.shape[1] == 1 else array


def scoring_weights(sample_weight: Any, y: Array) -> Array | None:
    """Check the weights of rows that are scored; only their ratios count."""
    if sample_weight is None:
        return None
    w = check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
    _need_weight(w)
    return weights(w, "float64", relative=True)


def validation_rows(
    estimator: BaseEstimator, X_val: Any, y_val: Any, sample_weight_val: Any
) -> Rows | None:
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
    with blaming_validation():
        return training_rows(estimator, X_val, y_val, sample_weight_val, reset=False)


@contextmanager
def blaming_validation() -> Iterator[None]:
    """Let errors say that they are about the rows to validate on."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(f"X_val, y_val or sample_weight_val: {error}") from error


def prediction_rows(
    estimator: BaseEstimator, X: Any, dtype: str
) -> tuple[Any, Callable[[Any], None] | None]:
    """Check what `predict` was given.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : object
        What the user passed.
    dtype : {"float32", "float64"}
        The type of the network, which X is converted to piece by piece.

    Returns
    -------
    X : array or CSR matrix of shape (n, m)
        The rows.
    check : callable or None
        What refuses a converted piece of them that is not finite, where that is not yet known.
    """

    def check(piece: Any) -> None:
        with silent():
            assert_all_finite(piece, estimator_name=type(estimator).__name__, input_name="X")

    if _is_plain(estimator, X):
        return X, check
    with silent():
        X = validate_data(estimator, X, accept_sparse="csr", dtype="numeric", reset=False)
    refuse_dates(X, "X")
    return X, check if np.dtype(dtype).itemsize < X.dtype.itemsize else None


def checked_numbers(estimator: BaseEstimator, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
    """Check X that must be numbers: an array, a frame or a sparse matrix of them; and y."""
    with silent():
        X, y = validate_data(
            estimator,
            X,
            y,
            accept_sparse="csr",
            dtype="numeric",
            multi_output=True,
            y_numeric=is_regressor(estimator),
            reset=reset,
        )
    refuse_dates(X, "X")
    return X, y


def checked_columns(estimator: BaseEstimator, X: Any, *, reset: bool) -> Any:
    """Check that X may be a table: a frame, or rows of anything."""
    if (frame := as_frame(X)) is not None:
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        need_cells(frame.shape, estimator)
        return X
    return validate_data(estimator, as_array(X), dtype=None, ensure_all_finite=False, reset=reset)


def checked_table(estimator: BaseEstimator, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
    """Check that X may be a table, whose columns are read later; and y."""
    X = checked_columns(estimator, X, reset=reset)
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y "
            "is None."
        )
    rows = np.zeros((X.shape[0], 1))
    with silent():
        _, y = check_X_y(rows, y, multi_output=True, y_numeric=is_regressor(estimator))
    return X, y


def _is_plain(estimator: Any, X: Any) -> bool:
    """Tell whether X is a matrix of floats of the right width, without names to compare.

    Then all that scikit-learn's validation would do is to look for numbers that are not finite; for
    a few rows it would take longer than the network.
    """
    return (
        type(X) is np.ndarray
        and X.dtype in (np.float32, np.float64)
        and X.ndim == 2
        and len(X) > 0
        and X.shape[1] == estimator.n_features_in_
        and not hasattr(estimator, "feature_names_in_")
    )


def training_inputs(X: Any, dtype: str) -> Any:
    """Make X fit for training in a type, which large arrays are converted to batch by batch.

    Raises
    ------
    ValueError
        If a number is too large for the type.
    """
    if not isinstance(X, np.ndarray) or X.size <= LARGE_TO_COPY or not X.flags.c_contiguous:
        return as_type(X, dtype, "X")
    if X.dtype.kind == "f":
        as_type(np.array([X.min(), X.max()]), dtype, "X")
    return X


def refuse_dates(array: Any, name: str) -> None:
    """Refuse what NumPy would convert to numbers that mean nothing.

    Raises
    ------
    TypeError
        Naming the type.
    """
    if array.dtype.kind in "mM":
        raise TypeError(
            f"{name} holds dates or durations ({array.dtype}). Turn them into numbers first, "
            "such as days since a fixed date."
        )


def numbers(setting: Any) -> list[float]:
    """Read a parameter that is a number or several; what is none becomes NaN, to be refused."""
    try:
        return [float(value) for value in np.ravel(setting)]
    except (TypeError, ValueError):
        return [np.nan]


def choose_dtype(setting: str, shape: tuple[int, int], given: Any, large: int = LARGE) -> str:
    """Read the parameter `dtype`: "auto" is float32 if X is given so, or has more numbers."""
    if setting != "auto":
        return setting
    n, m = shape
    return "float32" if given == np.float32 or n * m > large else "float64"


def as_type(array: Any, dtype: str, name: str) -> Any:
    """Convert to a floating type, rows contiguous; refuse what is too large for it.

    In y a NaN may be a target that is not known.
    """
    narrower = np.dtype(dtype).itemsize < array.dtype.itemsize
    with silent():
        if isinstance(array, np.ndarray):
            array = np.ascontiguousarray(array, dtype)
        else:
            array = array.astype(dtype, copy=False)
        if narrower:
            assert_all_finite(array, allow_nan=name == "y", input_name=name)
    return array


def weights(w: Array | None, dtype: str, *, relative: bool) -> Array | None:
    """Return the weights of samples in a floating type.

    Parameters
    ----------
    w : array of shape (n,) or None
        Positive weights; None stays None.
    dtype : {"float32", "float64"}
        The type to convert to.
    relative : bool
        Whether only their ratios count: they are divided by their mean then.

    Raises
    ------
    ValueError
        If one is too large for the type, or all are too small.
    """
    if w is None:
        return None
    if relative:
        w = w / w.max()  # first, so that the sum cannot overflow
        w = w / w.mean()
    w = as_type(w, dtype, "sample_weight")
    _need_weight(w)
    return w
