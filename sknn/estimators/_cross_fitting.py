"""Cross-fitting: the folds of `cv`, and what the networks predict for rows they did not see."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import check_cv

from sknn.engine._typing import Array
from sknn.estimators._early_stopping import ValidationScore, can_score
from sknn.estimators._fit import FitJob, FitPlan
from sknn.estimators._fitted_model import (
    FittedModel,
    ModelPart,
    fitted_network,
    fold_networks,
    prediction_dtype,
)
from sknn.estimators._model import ModelSpec, copy_weights
from sknn.estimators._validation.data import ValidatedData
from sknn.targets import ClassTarget
from sknn.targets.conformal import absolute_residuals, class_scores, quantile_scores

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP

#: Boolean masks of rows.
Masks = list[NDArray[np.bool_]]


@dataclass(frozen=True)
class Folds:
    """The rows of each fold, as masks over all rows as given."""

    train: Masks  # the rows that the networks of the fold are trained on
    test: Masks  # the rows that they are tested on, none of which is in `train`

    def by_networks(self) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Yield the folds that hold out the same rows, and the numbers of these rows."""
        test = np.stack(self.test, axis=1)
        packed = np.packbits(test, axis=1)
        patterns = packed.view(f"S{packed.shape[1]}").ravel()  # faster than unique rows
        _, first, which = np.unique(patterns, return_index=True, return_inverse=True)
        for i, row in enumerate(first):
            if test[row].any():
                yield np.flatnonzero(test[row]), np.flatnonzero(which == i)

    @property
    def fold_of_row(self) -> NDArray[np.intp] | None:
        """The fold that holds out each row; None unless each row is held out by exactly one."""
        test = np.stack(self.test, axis=1)
        return test.argmax(axis=1) if (test.sum(axis=1) == 1).all() else None


def split_folds(cv: Any, rows: ValidatedData, groups: Any, *, classify: bool) -> Folds:
    """Split the rows by the parameter `cv`, with scikit-learn's meaning.

    Raises
    ------
    ValueError
        If the splitter refuses the rows, or an index is not that of a row.
    """
    is_stratified = classify and rows.y.ndim == 1
    splitter = check_cv(cv, rows.y if is_stratified else None, classifier=is_stratified)
    train: Masks = []
    test: Masks = []
    for split in splitter.split(rows.all_X, rows.y, groups):
        train_rows, test_rows = (_as_mask(part, len(rows.y)) for part in split)
        train.append(train_rows)
        test.append(test_rows & ~train_rows)
    if not train:
        raise ValueError("cv has no splits. Pass an integer, a splitter, or a list of splits.")
    return Folds(train, test)


def _as_mask(indices: Any, n: int) -> NDArray[np.bool_]:
    """Return row numbers, or a mask, as a mask."""
    indices = np.asarray(indices)
    mask = np.zeros(n, dtype=bool)
    try:
        mask[indices if indices.size else []] = True
    except IndexError as error:
        raise ValueError(
            f"cv: a split must hold row numbers from 0 to {n - 1}, or a mask of {n} rows; {error}."
        ) from error
    return mask


def cross_fitted_attributes(
    mlp: "BaseMLP",
    plan: FitPlan,
    folds: Folds,
    rows: ValidatedData,
    fitted: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the attributes with out-of-fold predictions and scores, and the calibration."""
    spec, dtype_of_X = ModelSpec.of_fitted(fitted), getattr(rows.all_X, "dtype", None)
    dtype = prediction_dtype(spec, mlp.dtype, dtype_of_X)
    networks = fold_networks(spec, fitted)
    n = len(rows.y)
    z = np.full((n, spec.n_units), np.nan, dtype=np.result_type(dtype, spec.dtype))
    for members, numbers in folds.by_networks():
        X = rows.take(np.isin(np.arange(n), numbers)).X
        parts = [ModelPart.of_rows(networks[k], X) for k in members]
        z[numbers] = FittedModel(spec.with_folds(len(parts)), parts, dtype).outputs()
    known = np.logical_or.reduce(folds.test)
    out_of_fold = OutOfFold(spec, z, known, dtype)
    attributes = out_of_fold.attributes()
    attributes["oof_score_"] = _pooled_score(mlp, out_of_fold, rows)
    attributes["cv_scores_"] = np.array(
        [
            _fold_score(mlp, plan.features, job, rows.take(test & _positive(rows)))
            for job, test in zip(plan.jobs, folds.test, strict=True)
        ]
    )
    fold = folds.fold_of_row
    used = known & _positive(rows)
    attributes["_calibration"] = {
        "fold": None if fold is None else fold[used],
        "is_approximate": isinstance(mlp.early_stopping, str) and mlp.early_stopping == "cv",
        **out_of_fold.scores(rows.y, used),
    }
    return attributes


def _positive(rows: ValidatedData) -> NDArray[np.bool_]:
    """Return which rows have a positive weight."""
    return np.ones(len(rows.y), dtype=bool) if rows.w is None else rows.w > 0


@dataclass(frozen=True)
class OutOfFold:
    """Raw outputs for all rows, each by the networks that did not see it."""

    spec: ModelSpec  # specification of the networks
    z: Array  # raw outputs (n, k), NaN where there is no such network
    known: NDArray[np.bool_]  # which rows have such networks
    dtype: str  # type of predictions

    def attributes(self) -> dict[str, Any]:
        """Return the predictions, and for classifiers the probabilities or decision function."""
        spec, target = self.spec, self.spec.target
        attributes = {"oof_prediction_": self._fill(spec.decode)}
        if isinstance(target, ClassTarget):
            if spec.loss.has_probabilities:
                attributes["oof_proba_"] = self._fill(lambda z: target.proba(spec.loss, z))
            else:
                attributes["oof_decision_function_"] = self._fill(target.decision)
        return attributes

    def _fill(self, compute: Any) -> Any:
        """Return a function of the raw outputs for all rows, NaN where there are none."""
        results = compute(self.z[self.known])
        if isinstance(results, list):
            return [self._with_missing(one) for one in results]
        return self._with_missing(results)

    def _with_missing(self, results: Array) -> Array:
        is_float = results.dtype.kind == "f"
        results = results.astype(self.dtype, copy=False) if is_float else results
        if self.known.all():
            return results
        dtype = results.dtype if is_float else np.float64 if results.dtype.kind in "iub" else object
        filled = np.full((len(self.known), *results.shape[1:]), np.nan, dtype=dtype)
        filled[self.known] = results
        return filled

    def scores(self, y: Array, rows: NDArray[np.bool_]) -> dict[str, Any]:
        """Return the scores of these rows that calibrate intervals, or sets of classes."""
        spec, target, z = self.spec, self.spec.target, self.z[rows]
        if not isinstance(target, ClassTarget):
            n, units = len(z), spec.loss.units_per_output
            y_true = y[rows].reshape(n, -1).astype(np.float64)
            predictions = spec.decode(z).reshape(n, -1, units).astype(np.float64)
            if units == 1:
                return {"scores": absolute_residuals(y_true, predictions[..., 0])}
            low, high = predictions.min(axis=-1), predictions.max(axis=-1)
            return {"scores": quantile_scores(y_true, low, high)}
        if target.kind not in ("binary", "multiclass") or not spec.loss.has_probabilities:
            return {"scores": None}
        labels = np.searchsorted(target.classes, y[rows])
        p = target.proba(spec.loss, z.astype(np.float64))
        return {"scores": class_scores(p[np.arange(len(p)), labels]), "labels": labels}


def _pooled_score(mlp: "BaseMLP", out_of_fold: OutOfFold, rows: ValidatedData) -> float:
    """Return the default score of the out-of-fold predictions, weighted; NaN without any."""
    used = out_of_fold.known & _positive(rows)
    y, z = rows.y[used], out_of_fold.z[used]
    w = None if rows.w is None else rows.w[used]
    return mlp._default_score(out_of_fold.spec, z, y, w) if len(y) else np.nan


def _fold_score(
    mlp: "BaseMLP", features: Mapping[str, Any], job: FitJob, rows: ValidatedData
) -> float:
    """Return the score of a fold by `scoring`; NaN if it has too few rows."""
    if not can_score(mlp, rows):
        return np.nan
    spec = job.initial.spec
    weighted = mlp._class_weighting(job.all_rows, spec.target)
    fitted = spec.fitted_attributes(list(map(copy_weights, job.initial.networks)))

    def as_estimator(attributes: Mapping[str, Any]) -> "BaseMLP":
        return mlp._with_attributes({**features, **attributes})

    rows = weighted(rows) if weighted else rows
    score = ValidationScore(spec, rows, job.config.scoring, as_estimator)
    return score(fitted_network(spec, fitted))["validation_score"]
