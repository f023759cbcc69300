"""Folds: the rows that the networks of `cv` are trained on, and those that are held out."""

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    check_cv,
)

from sknn.estimators._validation.data import ValidatedData

#: Row numbers, counting the rows as given.
RowNumbers: TypeAlias = NDArray[np.intp]

#: What splits whole groups in the place of scikit-learn's splitter for an integer.
OF_GROUPS = {KFold: GroupKFold, StratifiedKFold: StratifiedGroupKFold}


@dataclass(frozen=True)
class Folds:
    """The rows of each fold."""

    train: list[RowNumbers]  # rows that the networks of the fold are trained on, in this order
    test: list[RowNumbers]  # rows that they are tested on, none of which is in `train`
    held_out: NDArray[np.bool_]  # the same as a mask, (n, K)

    def part(self, which: slice) -> "Folds":
        """Return some of the folds."""
        return Folds(self.train[which], self.test[which], self.held_out[:, which])

    def by_networks(self) -> Iterator[tuple[RowNumbers, RowNumbers]]:
        """Yield the folds that hold out the same rows, and the numbers of these rows."""
        packed = np.packbits(self.held_out, axis=1)
        patterns = packed.view(f"S{packed.shape[1]}").ravel()  # faster than unique rows
        _, first, which = np.unique(patterns, return_index=True, return_inverse=True)
        for i, row in enumerate(first):
            if self.held_out[row].any():
                yield np.flatnonzero(self.held_out[row]), np.flatnonzero(which == i)

    def fold_of_rows(self, rows: NDArray[np.bool_]) -> RowNumbers | None:
        """Return the fold that holds out each of these rows; None unless exactly one does."""
        held_out = self.held_out[rows]
        once = (held_out.sum(axis=1) == 1).all()
        return held_out.argmax(axis=1) if once else None


def split_folds(cv: Any, X: Any, rows: ValidatedData, groups: Any, *, classify: bool) -> Folds:
    """Split the rows by the parameter `cv`; X is as given.

    `cv` has scikit-learn's meaning, but with groups, an integer is the number of folds of groups.

    Raises
    ------
    ValueError
        If the splitter refuses the rows, there are fewer groups than folds, or an index is not that
        of a row.
    """
    n, is_stratified = len(rows.y), classify and rows.y.ndim == 1
    splitter = check_cv(cv, rows.y if is_stratified else None, classifier=is_stratified)
    if isinstance(cv, Integral) and groups is not None:
        splitter = _splitter_of_groups(splitter, groups)
    train: list[RowNumbers] = []
    test: list[RowNumbers] = []
    held_out: list[NDArray[np.bool_]] = []
    for split in splitter.split(X, rows.y, groups):
        train_rows, test_rows = _row_numbers_of(split, n)
        mask = np.zeros(n, dtype=bool)
        mask[test_rows] = True
        mask[train_rows] = False
        train.append(train_rows)
        test.append(test_rows[mask[test_rows]])
        held_out.append(mask)
    if not any(mask.any() for mask in held_out):
        raise ValueError(
            "cv has no splits with test rows. Pass an integer, a splitter, or a list of splits: an "
            "iterator is used up after one fit."
        )
    return Folds(train, test, np.stack(held_out, axis=1))


def _splitter_of_groups(splitter: Any, groups: Any) -> Any:
    """Return the splitter for whole groups; raise ValueError if there are too few of them."""
    n_folds, n_groups = splitter.n_splits, len(np.unique(groups))
    if n_groups < n_folds:
        raise ValueError(
            f"cv={n_folds} makes {n_folds} folds of whole groups, but there are {n_groups} groups. "
            "Lower cv, or fit without groups."
        )
    return OF_GROUPS[type(splitter)](n_folds)


def _row_numbers_of(split: Any, n: int) -> tuple[RowNumbers, RowNumbers]:
    """Return the training rows and the test rows of a split."""
    try:
        train, test = split
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"cv: each split must be a pair (train, test) of row numbers or masks, got {split!r}."
        ) from error
    return _row_numbers(train, n), _row_numbers(test, n)


def _row_numbers(indices: Any, n: int) -> RowNumbers:
    """Return row numbers, or those of a mask."""
    indices = np.asarray(indices)
    try:
        return np.arange(n)[indices if indices.size else []]
    except IndexError as error:
        raise ValueError(
            f"cv: a split must hold row numbers from 0 to {n - 1}, or a mask of {n} rows; {error}."
        ) from error
