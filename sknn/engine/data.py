"""Samples, and which rows of them come next."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sknn.engine._execution import Workspace
from sknn.engine._repr import Part
from sknn.engine._typing import Array, Rng
from sknn.engine.products import block_diagonal

#: Rows of a batch: a slice, or an array of row numbers, shape (b,) or for each of g members (g, b).
ValidatedData: TypeAlias = slice | NDArray[np.intp]


class Dataset:
    """Inputs, targets and weights, row by row.

    Parameters
    ----------
    X : array or CSR matrix of shape (n, m)
        Inputs.
    Y : array of shape (n, k)
        What the raw outputs should say, in the type of X.
    w : array of shape (n,), optional
        Weights, in the type of Y; 1 each if left out.
    dtype : dtype, optional
        The type of the inputs in a batch; that of X if left out. They are converted batch by batch,
        so that X is never copied whole.
    """

    def __init__(
        self, X: Array, Y: Array, w: Array | None = None, dtype: DTypeLike | None = None
    ) -> None:
        if X.shape[0] != len(Y) or (w is not None and len(w) != len(Y)):
            rows = (X.shape[0], len(Y)) + (() if w is None else (len(w),))
            raise ValueError(f"X, Y and w must have as many rows as each other, got {rows}.")
        self.X = X
        self.Y = Y
        self.w = w
        self.dtype = np.dtype(X.dtype if dtype is None else dtype)
        self._workspace = Workspace()

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.Y)

    def __getitem__(self, rows: ValidatedData) -> tuple[Array, Array, Array | None]:
        """Return X, Y and w of some rows, for each member its own if row numbers have two axes."""
        if isinstance(rows, slice) or rows.ndim == 1 or isinstance(self.X, np.ndarray):
            X = self.X[rows]
        else:
            X = block_diagonal(self.X[rows.ravel()], len(rows))
        X = X.astype(self.dtype, copy=False)
        return X, self.Y[rows], None if self.w is None else self.w[rows]

    def batch(self, rows: ValidatedData) -> tuple[Array, Array, Array | None]:
        """Return X, Y and w of some rows in arrays that the next call may write over: faster.

        Parameters
        ----------
        rows : slice or array of row numbers of shape (b,) or (g, b)
            Which rows, for each of g members its own if there are two axes. Row numbers must be
            from 0 to n - 1; they are not checked.

        Returns
        -------
        X, Y, w : arrays
            As from ``samples[rows]``.
        """
        if isinstance(rows, slice) or not isinstance(self.X, np.ndarray):
            return self[rows]
        size = rows.shape
        kept = self._workspace.get(size)
        if kept is None:
            raw, Y = self.X[rows], self.Y[rows]
            kept = raw, Y, raw if raw.dtype == self.dtype else np.empty(raw.shape, self.dtype)
            self._workspace.keep(size, kept)
        raw, Y, X = kept
        self.X.take(rows, 0, raw, "clip")
        self.Y.take(rows, 0, Y, "clip")
        if X is not raw:
            np.copyto(X, raw, casting="unsafe")
        return X, Y, None if self.w is None else self.w[rows]


class BatchSampler(Part, ABC):
    """A plan of one epoch: calling it gives the rows of each batch.

    Attributes
    ----------
    in_range : bool
        Whether row numbers are known to be from 0 to n - 1, none of them negative, so that they
        need not be checked.
    """

    in_range: bool = False

    @abstractmethod
    def __call__(self, n: int, rng: Rng) -> Iterator[ValidatedData]:
        """Yield the rows of one batch after the other, of `n` samples."""

    @abstractmethod
    def steps(self, n: int) -> int:
        """Return how many batches an epoch of `n` samples has.

        Parameters
        ----------
        n : int
            The number of samples.
        """


class EpochBatchSampler(BatchSampler):
    """Every sample once an epoch; the last batch may be short.

    Parameters
    ----------
    batch_size : int
        Samples in a batch; n or more is full-batch descent, 1 is single-sample descent.
    shuffle : bool, default=True
        Whether every epoch has a fresh order.
    members : int, optional
        How many networks each have an order of their own; without a member axis, leave it out.
    """

    in_range = True

    def __init__(self, batch_size: int, shuffle: bool = True, members: int | None = None) -> None:
        if batch_size < 1:
            raise ValueError(f"batch_size must be 1 or more, got {batch_size}.")
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.members = members

    def __call__(self, n: int, rng: Rng) -> Iterator[ValidatedData]:
        """Yield slices of the samples in order, or pieces of fresh permutations."""
        order = self._order(n, rng) if self.shuffle else None
        for start in range(0, n, self.batch_size):
            rows = slice(start, min(start + self.batch_size, n))
            yield rows if order is None else order[..., rows]

    def _order(self, n: int, rng: Rng) -> NDArray[np.intp]:
        """Draw in which order samples come, for every member if there are any."""
        if self.members is None:
            return rng.permutation(n)
        return np.stack([rng.permutation(n) for _ in range(self.members)])

    def steps(self, n: int) -> int:
        """Return ``n / batch_size``, rounded up."""
        return -(-n // self.batch_size)


class ReplacementSampler(BatchSampler):
    """The textbook's loop: at each step one sample, drawn with replacement.

    Parameters
    ----------
    draws : int
        How many make an epoch.
    """

    in_range = True

    def __init__(self, draws: int) -> None:
        if draws < 1:
            raise ValueError(f"draws must be 1 or more, got {draws}.")
        self.draws = draws

    def __call__(self, n: int, rng: Rng) -> Iterator[ValidatedData]:
        """Yield one row number at a time."""
        yield from rng.choice(n, size=(self.draws, 1))

    def steps(self, n: int) -> int:
        """Return the number of draws."""
        return self.draws
