"""ValidationScore: loss and score of validation rows; the metrics of all scores."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.metrics import check_scoring, r2_score

from sknn.engine import Loss, Sequential, raw_predict
from sknn.engine._typing import Array
from sknn.estimators._model import ModelSpec
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.floats import ignore_overflow
from sknn.estimators._validation.source_rows import EncodedRows
from sknn.estimators._validation.weights import normalized_weights
from sknn.estimators._weights import copy_weights
from sknn.targets import ClassTarget, TargetMoments

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP

#: The largest number in float64.
LARGEST = np.finfo(np.float64).max


def can_score(spec: ModelSpec, scoring: Any, data: ValidatedData) -> bool:
    """Return whether there are enough rows for a score: one, and two for the default R2."""
    by_r2 = scoring is None and not isinstance(spec.target, ClassTarget)
    return len(data.y) >= (2 if by_r2 else 1)


class ValidationScore:
    """Loss and score on validation rows, computed after every epoch."""

    def __init__(
        self,
        spec: ModelSpec,
        data: ValidatedData,
        scoring: Any,
        as_estimator: Callable[[Mapping[str, Any]], "BaseMLP"],
    ) -> None:
        self.spec = spec
        self.data = data
        self.scoring = scoring
        self.as_estimator = as_estimator
        self.dataset = spec.dataset(data, "y_val", relative_weights=True)
        self.w = normalized_weights(data.w, "float64", relative=True)
        self.loss = spec.loss_for(self.dataset.Y)
        self.is_unbounded = spec.loss.out_activation not in ("identity", "logistic", "softmax")
        w = np.ones(len(data.y)) if self.w is None else self.w
        self.fractions = (w / w.sum()).astype(spec.dtype)
        classify = isinstance(spec.target, ClassTarget)
        self.metric = accuracy if classify else masked_r2_score
        by_default = scoring is None and not (
            spec.loss.estimates_mean and spec.loss.units_per_output == 1
        )
        self.by_loss = by_default or (isinstance(scoring, str) and scoring == "loss")
        self.scorer = (
            None
            if self.by_loss or scoring is None
            else check_scoring(as_estimator({}), scoring=scoring)
        )

    def check(self, network: Sequential) -> None:
        """Score an untrained network, so that an invalid scorer raises before training.

        The default metrics are checked with y itself as the prediction, which needs no network.
        """
        if not can_score(self.spec, self.scoring, self.data):
            raise ValueError(
                "A single row to validate on has no R2. Pass more rows of X_val, set a cv with "
                "fewer folds, or scoring='loss'."
            )
        try:
            with ignore_overflow():
                if self.scorer is not None:
                    score = self(network)["validation_score"]
                else:
                    score = 0.0 if self.by_loss else self.metric(self.data.y, self.data.y, self.w)
        except Exception as error:
            raise ValueError(
                f"scoring={self.scoring!r} cannot score the rows to validate on "
                f"({type(error).__name__}: {error}). Pass a callable scorer(estimator, X, y), such "
                f"as sklearn.metrics.make_scorer builds from a metric{self._pos_label(error)}."
            ) from error
        if np.isnan(score):
            raise ValueError(
                f"scoring={self.scoring!r} gives NaN on the rows to validate on. Pass more rows "
                "with known targets, or set scoring='loss'."
            )

    def _pos_label(self, error: Exception) -> str:
        """Return what a metric of one of two classes needs if they are not 0 and 1."""
        target = self.spec.target
        if "pos_label" not in str(error) or not isinstance(target, ClassTarget):
            return ""
        return f", with the class that it is about: pos_label={target.classes.tolist()[-1]!r}"

    def __call__(self, network: Sequential) -> dict[str, float]:
        """Return the mean loss, without penalty, and the score of a network, or of its members."""
        z, loss = self._outputs_and_loss(network)
        if not math.isfinite(loss):  # no metric accepts it
            return {"validation_loss": np.inf, "validation_score": -np.inf}
        return {"validation_loss": loss, "validation_score": self._score(network, z, loss)}

    @property
    def is_r2(self) -> bool:
        """Whether the score is R2, which is no mean over the rows."""
        return not self.by_loss and self.scorer is None and self.metric is masked_r2_score

    def of_part(self, network: Sequential) -> "PartScore":
        """Return the loss and the score of rows that are a part of the validation rows."""
        z, loss = self._outputs_and_loss(network)
        weight = float(len(self.data.y) if self.data.w is None else self.data.w.sum())
        if not math.isfinite(loss):
            return PartScore(weight, np.inf, -np.inf)
        if not self.is_r2:
            return PartScore(weight, loss, self._score(network, z, loss))
        with ignore_overflow():
            y = self.data.y.reshape(len(z), -1).astype(np.float64)
            errors = np.clip(self.spec.decode(z).reshape(y.shape), -LARGEST, LARGEST) - y
            squares = np.nansum(errors**2 * (1 if self.data.w is None else self.data.w[:, None]), 0)
        return PartScore(weight, loss, 0.0, squares, TargetMoments.of(y, self.data.w))

    def _outputs_and_loss(self, network: Sequential) -> tuple[Array, float]:
        """Return the raw outputs and the mean loss, infinite if any prediction is."""
        spec, dataset = self.spec, self.dataset
        with ignore_overflow():
            z = spec.average_members(raw_predict(network, dataset.selection(), spec.dtype))
            loss = float(self.loss.value(z, dataset.Y).dot(self.fractions)) * spec.loss_scale
            predictions = spec.loss.inverse_link(z) if self.is_unbounded else z
        return z, loss if np.isfinite(predictions).all() else np.inf

    def _score(self, network: Sequential, z: Array, loss: float) -> float:
        if self.by_loss:
            return -loss
        if self.scorer is None:
            return self.metric(self.data.y, self.spec.decode(z), self.w)
        weights = {} if self.w is None else {"sample_weight": self.w}
        estimator = self.as_estimator(self.spec.fitted_attributes([copy_weights(network)]))
        if not hasattr(self.data.all_X, "columns"):  # the validated rows have no names
            vars(estimator).pop("feature_names_in_", None)
        is_in_memory = self.data.is_in_memory
        X = self.data.X if is_in_memory else EncodedRows(self.dataset.selection())
        return float(self.scorer(estimator, X, self.data.y, **weights))


@dataclass(frozen=True)
class PartScore:
    """Loss and score of a part of the validation rows, or for R2 what it is computed from."""

    weight: float  # total weight of the rows
    loss: float
    score: float
    squares: Array | None = None  # weighted sum of the squared errors of each column
    moments: TargetMoments | None = None  # of the targets


def merge_scores(parts: Sequence[PartScore], *, by_loss: bool) -> dict[str, float]:
    """Return the loss and the score of all validation rows from those of their parts.

    The score is the negative loss, or R2 of all rows, or else the weighted mean of the scores.
    """
    weights = np.array([part.weight for part in parts])
    fractions = weights / weights.sum()
    loss = float(fractions @ [part.loss for part in parts])
    if not math.isfinite(loss):
        return {"validation_loss": np.inf, "validation_score": -np.inf}
    score = -loss if by_loss else float(fractions @ [part.score for part in parts])
    if parts[0].squares is not None:
        score = _r2_of_parts(parts)
    return {"validation_loss": loss, "validation_score": score}


def _r2_of_parts(parts: Sequence[PartScore]) -> float:
    """Return R2 of all rows, averaged over the columns with several values."""
    squares: Any = sum(part.squares for part in parts)
    moments = reduce(TargetMoments.merge, [part.moments for part in parts if part.moments])
    with ignore_overflow():
        total = moments.weight * (moments.deviation * moments.unit) ** 2
    varies = moments.lowest < moments.highest
    scores = 1 - squares[varies] / total[varies]
    return float(np.mean(scores)) if varies.any() else float(not squares.any())


def mean_masked_loss(spec: ModelSpec, z: Array, Y: Array, w: Array | None) -> float:
    """Return the weighted mean of the losses of all known targets, in the units of y."""
    loss: Loss = spec.loss_for(Y)
    weights, width, total = 1 if w is None else w, spec.loss.units_per_output, 0.0
    for column, scale in enumerate(spec.target.loss_scales(spec.loss)):
        outputs = slice(column * width, (column + 1) * width)
        total += float(np.sum(weights * loss.value(z[:, outputs], Y[:, outputs]))) * scale
    known = (~np.isnan(Y)).sum(axis=-1)
    return total / float(np.sum(weights * known))


def accuracy(y: Array, predictions: Array, w: Array | None) -> float:
    """Return the weighted fraction of rows with correct predictions in all columns."""
    _check_same_shape(y, predictions)
    right = (y == predictions).reshape(len(y), -1).all(axis=1)
    return float(np.average(right, weights=w))


def masked_r2_score(y: Array, predictions: Array, w: Array | None) -> float:
    """Return R2, averaged over the columns, each computed on its known targets.

    Raises
    ------
    ValueError
        If the squares of y overflow. Predictions whose squares overflow score minus infinity.
    """
    _check_same_shape(y, predictions)
    y = np.asarray(y, np.float64)
    predictions = np.clip(np.asarray(predictions, np.float64), -LARGEST, LARGEST)
    with ignore_overflow():
        if not np.isfinite(np.nansum(y**2)):
            raise ValueError(
                "y is too large for R2: the sum of its squares overflows float64. Train and score "
                "with y divided by a constant."
            )
        unknown = np.isnan(y)
        if not unknown.any():
            return float(r2_score(y, predictions, sample_weight=w))
        scores = [
            r2_score(column[k], predicted[k], sample_weight=None if w is None else w[k])
            for column, predicted, k in zip(y.T, predictions.T, ~unknown.T, strict=True)
            if k.sum() > 1  # a single row has no R2
        ]
    return float(np.mean(scores)) if scores else np.nan


def _check_same_shape(y: Array, predictions: Array) -> None:
    """Check that targets and predictions have the same shape, without broadcasting."""
    if y.shape != predictions.shape:
        raise ValueError(f"y has shape {y.shape}, but the predictions have {predictions.shape}.")
