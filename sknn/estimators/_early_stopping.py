"""The held-back part: which rows it has, and how well the network does on them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier
from sklearn.metrics import check_scoring, r2_score
from sklearn.model_selection import train_test_split
from sklearn.utils.multiclass import type_of_target

from sknn.engine import Dataset, Loss, raw_predict
from sknn.engine._typing import Array
from sknn.estimators import _validation
from sknn.estimators._model import ModelSpec
from sknn.estimators.publishing import published
from sknn.estimators.reach import ignore_overflow

#: More rows than this, and early_stopping="auto" holds some back, as HistGradientBoosting does.
MANY = 10_000

#: The largest number in float64.
LARGEST = np.finfo(np.float64).max


def stops_early(mlp: Any, n_samples: int, *, given: bool) -> bool:
    """Read the parameter `early_stopping`."""
    if isinstance(mlp.early_stopping, str):
        return given or n_samples > MANY
    return bool(mlp.early_stopping)


def split(
    mlp: Any, rows: _validation.ValidatedData, rng: np.random.RandomState
) -> tuple[_validation.ValidatedData, _validation.ValidatedData]:
    """Part rows into those to learn from and those to hold back.

    The parts are drawn, for labels that exclude each other class by class, so that every class
    stays among those to learn from. With ``shuffle=False`` the held-back part is the tail,
    whatever it has.

    Raises
    ------
    ValueError
        If there are too few rows to hold any back.
    """
    held_back = _held_back(mlp, rows.y, rng)
    if not mlp.validation_fraction or not _fewest(mlp) <= held_back.sum() < len(rows.y):
        raise ValueError(
            f"Too few rows to hold back a part of {mlp.validation_fraction} for early stopping "
            f"(n_samples = {len(rows.y)}). Increase validation_fraction, give X_val and y_val, or "
            "set early_stopping=False."
        )
    return rows.take(~held_back), rows.take(held_back)


def _held_back(mlp: Any, y: Array, rng: np.random.RandomState) -> NDArray[np.bool_]:
    """Return for each row whether it is held back."""
    n = len(y)
    held_back = np.zeros(n, dtype=bool)
    fewest = _fewest(mlp)
    if not mlp.shuffle:
        held_back[n - max(fewest, int(np.ceil(mlp.validation_fraction * n))) :] = n > fewest
        return held_back
    candidates, classes = np.arange(n), None
    if is_classifier(mlp) and type_of_target(y) in ("binary", "multiclass"):
        numbers, counts = np.unique(y, return_inverse=True, return_counts=True)[1:]
        order = rng.permutation(n)  # a row of every class, drawn at random, stays
        stay = order[np.unique(numbers[order], return_index=True)[1]]
        if (counts > 2).any():  # classes of two rows or one stay as they are
            stay = np.union1d(stay, np.flatnonzero(counts[numbers] <= 2))
        candidates = np.setdiff1d(candidates, stay)
        classes = numbers[candidates]
    size = max(fewest, int(np.ceil(mlp.validation_fraction * n)))
    if classes is not None and not _can_stratify(classes, size):
        classes = None
    if len(candidates) <= size:
        held_back[candidates] = True
    else:
        _, drawn = train_test_split(candidates, test_size=size, stratify=classes, random_state=rng)
        held_back[drawn] = True
    return held_back


def _can_stratify(classes: Array, size: int) -> bool:
    """Tell whether there are rows enough for one of every class on both sides."""
    counts = np.unique(classes, return_counts=True)[1]
    return len(counts) > 0 and counts.min() > 1 and len(counts) <= min(size, len(classes) - size)


def _fewest(mlp: Any) -> int:
    """Return how many rows must be held back at least: a single one has no R2."""
    return 1 if is_classifier(mlp) else 2


class Validation:
    """How well a network does on held-back rows, asked after every epoch.

    Parameters
    ----------
    mlp : BaseMLP
        The estimator; its `scoring` decides what the score is.
    start : object
        With the `network` in training and its `spec`.
    rows : Rows
        Held-back rows.
    """

    def __init__(self, mlp: Any, start: Any, rows: _validation.ValidatedData) -> None:
        self.mlp = mlp
        self.start = start
        self.spec: ModelSpec = start.spec
        self.rows = rows
        with _validation.naming_validation_data():
            self.samples: Dataset = self.spec.samples(rows, "y_val", relative_weights=True)
        self.w = _validation.weights(rows.w, "float64", relative=True)
        if len(rows.y) < _fewest(mlp) and mlp.scoring is None:
            raise ValueError(
                "X_val has a single row, which has no R2: give more, or scoring='loss'."
            )
        self.metric = accuracy if is_classifier(mlp) else masked_r2_score
        loss = self.spec.loss
        by_default = mlp.scoring is None and not (
            loss.estimates_mean and loss.units_per_output == 1
        )
        self.by_loss = by_default or (isinstance(mlp.scoring, str) and mlp.scoring == "loss")
        named = mlp.scoring is not None and not self.by_loss
        self.scorer = check_scoring(mlp, scoring=mlp.scoring) if named else None
        self._try()

    def _try(self) -> None:
        """Score the network before it is trained, to hear at once what a scorer cannot do."""
        try:
            with ignore_overflow():
                score = self()["validation_score"]
        except Exception as error:
            raise ValueError(
                f"scoring={self.mlp.scoring!r} cannot score the rows to validate on "
                f"({type(error).__name__}: {error}). A scorer is called with the estimator, X and "
                "y; sklearn.metrics.make_scorer makes one from a metric."
            ) from error
        if np.isnan(score):
            raise ValueError(
                f"scoring={self.mlp.scoring!r} gives NaN on the rows to validate on. Are there too "
                "few of them, or too few whose target is known?"
            )

    def __call__(self) -> dict[str, float]:
        """Return the mean loss, without penalty, and the score."""
        with np.errstate(over="ignore", invalid="ignore"):
            members = raw_predict(self.start.network, self.samples.X, self.spec.dtype)
            z = self.spec.average_members(members)
            loss = mean_loss(self.spec.loss_for(self.samples.Y), z, self.samples)
            loss *= self.spec.unit
            finite = np.isfinite(self.spec.loss.inverse_link(z)).all() and np.isfinite(loss)
        if not finite:  # as bad as can be; no metric takes it
            return {"validation_loss": np.inf, "validation_score": -np.inf}
        return {"validation_loss": loss, "validation_score": self._score(z, loss)}

    def _score(self, z: Array, loss: float) -> float:
        if self.by_loss:
            return -loss
        if self.scorer is None:
            return self.metric(self.rows.y, self.spec.predictions(z), self.w)
        weights = {} if self.w is None else {"sample_weight": self.w}
        fitted = published(self.mlp, self.start.network, self.spec)
        if not hasattr(self.rows.X, "columns"):  # the rows were checked, and have no names now
            vars(fitted).pop("feature_names_in_", None)
        return float(self.scorer(fitted, self.rows.X, self.rows.y, **weights))


def mean_loss(loss: Loss, z: Array, samples: Dataset) -> float:
    """Return the weighted mean of the samples' losses."""
    return float(np.average(loss.value(z, samples.Y), weights=samples.w))


def mean_masked_loss(spec: ModelSpec, z: Array, Y: Array, w: Array | None) -> float:
    """Return the weighted mean of the losses of all targets that are known, in the units of y."""
    loss, weights = spec.loss_for(Y), 1 if w is None else w
    width, total = loss.units_per_output, 0.0
    for column, unit in enumerate(spec.target.loss_scales(spec.loss)):
        answers = slice(column * width, (column + 1) * width)
        total += float(np.sum(weights * loss.value(z[:, answers], Y[:, answers]))) * unit
    known = (~np.isnan(Y)).sum(axis=-1)
    return total / float(np.sum(weights * known))


def accuracy(y: Array, predictions: Array, w: Array | None) -> float:
    """Return the weighted share of the rows that are right in all columns."""
    _need_one_shape(y, predictions)
    right = (y == predictions).reshape(len(y), -1).all(axis=1)
    return float(np.average(right, weights=w))


def masked_r2_score(y: Array, predictions: Array, w: Array | None) -> float:
    """Return R2, averaged over the columns, each from the rows whose target is known.

    Raises
    ------
    ValueError
        If the squares of y overflow. Predictions whose squares do have the score minus infinity.
    """
    _need_one_shape(y, predictions)
    y = np.asarray(y, np.float64)
    predictions = np.clip(np.asarray(predictions, np.float64), -LARGEST, LARGEST)
    with ignore_overflow():
        if not np.isfinite(np.nansum(y**2)):
            raise ValueError(
                "y is too large for R2: the sum of its squares overflows float64. Divide y by a "
                "constant before fit."
            )
        return _r2_of_columns(y, predictions, w)


def _r2_of_columns(y: Array, predictions: Array, w: Array | None) -> float:
    """Return the mean R2 of the columns; NaN if none has two known targets."""
    unknown = np.isnan(y)
    if not unknown.any():
        return float(r2_score(y, predictions, sample_weight=w))
    scores = []
    for column, missing, predicted in zip(y.T, unknown.T, predictions.T, strict=True):
        if (~missing).sum() > 1:  # a single row has no R2
            weights = None if w is None else np.asarray(w)[~missing]
            scores.append(r2_score(column[~missing], predicted[~missing], sample_weight=weights))
    return float(np.mean(scores)) if scores else np.nan


def _need_one_shape(y: Array, predictions: Array) -> None:
    """Refuse targets that would be broadcast."""
    if y.shape != predictions.shape:
        raise ValueError(f"y has shape {y.shape}, but the predictions have {predictions.shape}.")
