"""Early stopping: the rows that are held back from training, for the score of each epoch."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

from sknn.engine._typing import Array
from sknn.estimators._validation.data import ValidatedData
from sknn.targets import label_codes

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP

#: early_stopping="auto" is True above this number of rows, as in HistGradientBoosting.
N_SAMPLES_AUTO_EARLY_STOPPING = 10_000


def split(
    mlp: "BaseMLP", data: ValidatedData, rng: np.random.RandomState, *, classify: bool
) -> tuple[ValidatedData, ValidatedData]:
    """Split rows into training rows and validation rows.

    The split is random; mutually exclusive classes are stratified, and every class stays in
    training. With ``shuffle=False`` the last rows are held back. Rows of one group stay together;
    then classes are not stratified, but still stay in training.

    Raises
    ------
    ValueError
        If there are too few rows.
    """
    if mlp.validation_fraction is None:
        raise ValueError(
            "validation_fraction=None holds no rows back, but early stopping needs some. Set a "
            "fraction such as 0.1, pass X_val and y_val, or set early_stopping=False: then "
            "training ends when the training loss stops improving."
        )
    n, fewest = len(data.y), 1 if classify else 2  # a single row has no R2
    size = max(fewest, int(np.ceil(mlp.validation_fraction * n)))
    held_back = np.zeros(n, dtype=bool)
    if data.groups is not None:
        y = data.y if classify and data.y.ndim == 1 else np.zeros(n)
        held_back = _groups_to_hold_back(data.groups, y, size, rng if mlp.shuffle else None)
    elif not mlp.shuffle:
        held_back[n - size :] = n > fewest
    else:
        held_back[_draw(data.y, size, rng, classify=classify)] = True
    if not mlp.validation_fraction or not fewest <= held_back.sum() < n:
        raise ValueError(
            f"Too few rows to hold back a fraction of {mlp.validation_fraction} for early stopping "
            f"(n_samples = {n}). Increase validation_fraction, pass X_val and y_val, or "
            "set early_stopping=False."
        )
    return data.take(~held_back), data.take(held_back)


def _draw(y: Array, size: int, rng: np.random.RandomState, *, classify: bool) -> NDArray[np.intp]:
    """Draw the row numbers of the validation rows."""
    candidates, classes = np.arange(len(y)), None
    if classify and y.ndim == 1:
        numbers = label_codes(y)[1]
        counts = np.bincount(numbers)
        order = rng.permutation(len(y))  # one random row of every class stays in training
        stay = order[np.unique(numbers[order], return_index=True)[1]]
        if (counts > 2).any():  # classes of one or two rows stay in training
            stay = np.union1d(stay, np.flatnonzero(counts[numbers] <= 2))
        candidates = np.setdiff1d(candidates, stay)
        classes = numbers[candidates]
        classes = classes if _can_stratify(classes, size) else None
    if len(candidates) <= size:
        return candidates
    drawn: NDArray[np.intp] = train_test_split(
        candidates, test_size=size, stratify=classes, random_state=rng
    )[1]
    return drawn


def _groups_to_hold_back(
    groups: Array, y: Array, size: int, rng: np.random.RandomState | None
) -> NDArray[np.bool_]:
    """Return the rows of whole groups, about so many: random ones, or without `rng` the last.

    A group is left out if the number of rows would be further from `size` with it, or if training
    would have no row of a class; if all are, the smallest that leaves each class is held back.
    """
    labels, first, which = np.unique(groups, return_index=True, return_inverse=True)
    classes, numbers = label_codes(y)
    counts = np.zeros((len(labels), len(classes)), dtype=int)
    np.add.at(counts, (which, numbers), 1)
    order = np.argsort(-first) if rng is None else rng.permutation(len(labels))
    rows, left = counts.sum(axis=1), counts.sum(axis=0)
    chosen: list[int] = []
    total = 0
    for group in order:
        is_nearer = abs(total + rows[group] - size) < abs(total - size)
        if is_nearer and (left > counts[group]).all():
            chosen.append(group)
            total, left = total + rows[group], left - counts[group]
    if not chosen:
        possible = [group for group in order if (left > counts[group]).all()]
        chosen = sorted(possible, key=lambda group: rows[group])[:1]
    held_back: NDArray[np.bool_] = np.isin(which, chosen)
    return held_back


def _can_stratify(classes: Array, size: int) -> bool:
    """Return whether each part can have a row of every class."""
    counts = np.unique(classes, return_counts=True)[1]
    return len(counts) > 0 and counts.min() > 1 and len(counts) <= min(size, len(classes) - size)
