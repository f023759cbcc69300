"""Datasets, and samplers of the rows of each batch."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from copy import copy
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sknn.engine._execution import Workspace
from sknn.engine._repr import ReprMixin
from sknn.engine._typing import Array, Rng

#: Rows of a batch: a slice or row numbers of shape (b,).
RowIndices: TypeAlias = slice | NDArray[np.intp]


class RowSelection:
    """Rows of a matrix, of which only slices are copied, when they are taken.

    Parameters
    ----------
    X : array of shape (n, m)
        The matrix, which may be larger than memory.
    rows : array of int of shape (b,)
        The row numbers.
    """

    def __init__(self, X: Array, rows: NDArray[np.intp]) -> None:
        self.X = X
        self.rows = rows
        self.shape = (len(rows), *X.shape[1:])
        self.dtype = X.dtype

    def __getitem__(self, which: slice) -> Array:
        """Return a copy of some of the rows."""
        rows: Array = self.X[self.rows[which]]
        return rows


class Dataset:
    """Inputs, targets and sample weights.

    Parameters
    ----------
    X : array or CSR matrix of shape (n, m)
        Inputs.
    Y : array of shape (n, k)
        Targets, in the dtype of the network.
    w : array of shape (n,), optional
        Sample weights, in the dtype of Y; 1 if left out.
    dtype : dtype, optional
        The dtype of the inputs of a batch; that of X if left out. Each batch is converted when it
        is taken, so that X is never copied as a whole.
    rows : array of int of shape (n,), optional
        The rows of X that are the samples, in their order: several datasets may share one X, of
        any number of rows. All rows if left out.
    order : {"C", "F"}, default="C"
        The memory order of a dense batch: by row, or by column.
    """

    def __init__(
        self,
        X: Array,
        Y: Array,
        w: Array | None = None,
        dtype: DTypeLike | None = None,
        rows: NDArray[np.intp] | None = None,
        order: Literal["C", "F"] = "C",
    ) -> None:
        n = X.shape[0] if rows is None else len(rows)
        if n != len(Y) or (w is not None and len(w) != len(Y)):
            lengths = (n, len(Y)) + (() if w is None else (len(w),))
            raise ValueError(f"X, Y and w must have the same number of rows, got {lengths}.")
        self.X = X
        self.Y = Y
        self.w = w
        self.dtype = np.dtype(X.dtype if dtype is None else dtype)
        self.rows = rows
        self.order: Literal["C", "F"] = order
        self._workspace = Workspace()

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.Y)

    def with_own_buffers(self) -> "Dataset":
        """Return a dataset of the same arrays, whose `batch` writes to arrays of its own."""
        other = copy(self)
        other._workspace = Workspace()
        return other

    def inputs(self) -> Array:
        """Return the inputs of all samples: X itself, or a copy of their rows."""
        return self.X if self.rows is None else self.X[self.rows]

    def selection(self) -> Any:
        """Return the inputs of all samples for `raw_predict`: without a copy of their rows."""
        return self.X if self.rows is None else RowSelection(self.X, self.rows)

    def __getitem__(self, rows: RowIndices) -> tuple[Array, Array, Array | None]:
        """Return X, Y and w of some samples.

        Parameters
        ----------
        rows : slice or array of shape (b,)
            The numbers of the samples, from 0 to n - 1.
        """
        X = self.X[rows if self.rows is None else self.rows[rows]]
        X = X.astype(self.dtype, copy=False)
        X = np.asfortranarray(X) if self.order == "F" else X
        return X, self.Y[rows], None if self.w is None else self.w[rows]

    def batch(self, rows: RowIndices) -> tuple[Array, Array, Array | None]:
        """Return ``dataset[rows]`` in reused arrays, which the next call may overwrite.

        Parameters
        ----------
        rows : slice or array of shape (b,)
            As in `dataset[rows]`. That all are from 0 to n - 1 is not checked.
        """
        if isinstance(rows, slice) or not isinstance(self.X, np.ndarray):
            return self[rows]
        size = rows.shape
        buffers = self._workspace.get(size)
        if buffers is None:
            raw, Y = self.X[rows], self.Y[rows]
            is_alike = raw.dtype == self.dtype and self.order == "C"
            buffers = raw, Y, raw if is_alike else np.empty(raw.shape, self.dtype, self.order)
            if len(self._workspace) == Workspace.max_sizes:
                self._workspace.clear()
            self._workspace[size] = buffers
        raw, Y, X = buffers
        self.X.take(rows if self.rows is None else self.rows[rows], 0, raw, "clip")
        self.Y.take(rows, 0, Y, "clip")
        if X is not raw:
            np.copyto(X, raw, casting="unsafe")
        return X, Y, None if self.w is None else self.w[rows]

    def write_batch(self, rows: RowIndices, X: Array, Y: Array) -> None:
        """Write the inputs and targets of some samples to the first rows of two arrays.

        Further rows of the arrays repeat the first sample.

        Parameters
        ----------
        rows : slice or array of shape (b,)
            As in `batch`; X must be dense.
        X, Y : arrays of at least b rows
            The arrays, in the dtypes of a batch.
        """
        of_X: Any = rows if self.rows is None else self.rows[rows]
        if not isinstance(rows, slice) and X.dtype == self.X.dtype and len(rows) == len(X):
            self.X.take(of_X, 0, X, "clip")
            self.Y.take(rows, 0, Y, "clip")
            return
        some_X, some_Y = self.X[of_X], self.Y[rows]
        b = len(some_Y)
        X[:b], Y[:b] = some_X, some_Y
        if b < len(X):
            X[b:], Y[b:] = X[0], Y[0]


class BatchSampler(ReprMixin, ABC):
    """The rows of each batch of an epoch.

    Attributes
    ----------
    in_range : bool
        Whether all row numbers are known to be from 0 to n - 1, so that `Dataset.batch` may be
        used, which does not check them.
    """

    in_range: bool = False

    @abstractmethod
    def __call__(self, n: int, rng: Rng) -> Iterator[RowIndices]:
        """Yield the rows of each batch of an epoch of `n` samples."""

    @abstractmethod
    def steps(self, n: int) -> int:
        """Return the number of batches per epoch.

        Parameters
        ----------
        n : int
            The number of samples.
        """


class EpochBatchSampler(BatchSampler):
    """Batches without replacement: each sample once per epoch; the last batch may be smaller.

    Parameters
    ----------
    batch_size : int
        Samples per batch; with n or more, gradient descent is full-batch.
    shuffle : bool, default=True
        Whether to permute the samples in each epoch.
    """

    in_range = True

    def __init__(self, batch_size: int, shuffle: bool = True) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be 1 or more, got {batch_size}.")
        self.batch_size = batch_size
        self.shuffle = shuffle

    def __call__(self, n: int, rng: Rng) -> Iterator[RowIndices]:
        """Yield slices, or parts of a new permutation."""
        order = rng.permutation(n) if self.shuffle else None
        for start in range(0, n, self.batch_size):
            rows = slice(start, min(start + self.batch_size, n))
            yield rows if order is None else order[rows]

    def steps(self, n: int) -> int:
        """Return ``n / batch_size``, rounded up."""
        return -(-n // self.batch_size)


class ReplacementSampler(BatchSampler):
    """One sample per step, drawn with replacement: the textbook's stochastic gradient descent.

    Parameters
    ----------
    draws : int
        The number of draws per epoch.
    """

    in_range = True

    def __init__(self, draws: int) -> None:
        if draws < 1:
            raise ValueError(f"draws must be 1 or more, got {draws}.")
        self.draws = draws

    def __call__(self, n: int, rng: Rng) -> Iterator[RowIndices]:
        """Yield one row number per batch."""
        yield from rng.choice(n, size=(self.draws, 1))

    def steps(self, n: int) -> int:
        """Return the number of draws."""
        return self.draws
