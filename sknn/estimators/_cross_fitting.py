"""Cross-fitting: predictions of the networks of the folds for rows that they did not see."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from sknn.engine import raw_predict
from sknn.engine._typing import Array
from sknn.estimators._fit_plan import FitJob, FitPlan
from sknn.estimators._fit_result import FitResult
from sknn.estimators._fit_runs import validation_score
from sknn.estimators._fitted_model import (
    ModelPart,
    fitted_network,
    fold_networks,
    join_members,
    prediction_dtype,
)
from sknn.estimators._folds import Folds
from sknn.estimators._messages import FitWarning
from sknn.estimators._model import ModelSpec
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.floats import ignore_overflow
from sknn.estimators._validation_score import can_score
from sknn.estimators._weights import copy_weights
from sknn.targets import ClassTarget
from sknn.targets.classification import class_numbers
from sknn.targets.conformal import absolute_residuals, class_scores, quantile_scores

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP


def with_out_of_fold(
    mlp: "BaseMLP",
    plan: FitPlan,
    folds: Folds,
    rows: ValidatedData,
    result: FitResult,
    *,
    is_approximate: bool = False,
) -> tuple[FitResult, list[FitWarning]]:
    """Add out-of-fold predictions and scores to a result; also return warnings about them.

    With `is_approximate`, intervals are approximate, because the folds have chosen something.
    """
    compute = partial(cross_fitted_attributes, mlp, plan, folds, rows, result.attributes)
    try:
        own, notes = compute()
    except KeyboardInterrupt:  # the networks are trained: only a second Ctrl-C loses them
        result = result.with_outcome("interrupted")
        own, notes = compute()
    own["_calibration"]["is_approximate"] |= is_approximate
    return replace(result, attributes={**result.attributes, **own}), notes


def cross_fitted_attributes(
    mlp: "BaseMLP",
    plan: FitPlan,
    folds: Folds,
    rows: ValidatedData,
    fitted: Mapping[str, Any],
) -> tuple[dict[str, Any], list[FitWarning]]:
    """Return the attributes with out-of-fold predictions and scores, and the calibration.

    Also return warnings if predictions overflow, or the rows of a fold cannot be scored.
    """
    spec = ModelSpec.of_fitted(fitted)
    dtype = prediction_dtype(spec, mlp.dtype, getattr(rows.all_X, "dtype", None))
    z = out_of_fold_outputs(spec, fitted, folds, rows, dtype)
    known, finite = folds.held_out.any(axis=1), _is_finite(spec, z, dtype)
    notes: list[FitWarning] = []
    if overflows := np.count_nonzero(known & ~finite):
        message = (
            f"The out-of-fold predictions of {overflows} rows overflow {dtype}, and are NaN. "
            "Scale the inputs, or set dtype='float64'."
        )
        notes.append((message, UserWarning))
    out_of_fold = OutOfFold(spec, z, known & finite, dtype)
    counts = rows.is_positive  # those of class weight 0 do not calibrate, see below
    calibrates, scores = np.zeros(len(rows.y), dtype=bool), []
    for job, test in zip(plan.jobs, folds.test, strict=True):
        held_out = rows.take(test[counts[test]])
        is_alone = mlp.scoring is None and (folds.held_out[test].sum(axis=1) == 1).all()
        own = (spec, z[held_out.row_numbers]) if is_alone else None
        scores.append(_fold_score(mlp, job, held_out, own, notes))
        weighted = job.weighted(held_out) if job.weighted else held_out
        calibrates[weighted.row_numbers] = True
    calibrates &= out_of_fold.known
    is_calibrated = folds.fold_of_rows(counts) is not None and finite[counts].all()
    pooled = _pooled_score(mlp, spec, z, rows, counts & out_of_fold.known, notes)
    attributes = {
        **out_of_fold.attributes(),
        "oof_score_": pooled,
        "cv_scores_": np.array(scores),
        "_calibration": {
            "fold": folds.fold_of_rows(calibrates) if is_calibrated else None,
            "is_approximate": isinstance(mlp.early_stopping, str) and mlp.early_stopping == "cv",
            **out_of_fold.scores(rows.y, calibrates),
        },
    }
    return attributes, notes


def out_of_fold_outputs(
    spec: ModelSpec, fitted: Mapping[str, Any], folds: Folds, rows: ValidatedData, dtype: str
) -> Array:
    """Return the raw outputs (n, k) of the networks that did not see each row; NaN without any."""
    networks = fold_networks(spec, fitted)
    z = np.full((len(rows.y), spec.n_units), np.nan, dtype=np.result_type(dtype, spec.dtype))
    for members, numbers in folds.by_networks():
        held_out = rows.take(numbers)
        with ignore_overflow():
            outputs = [ModelPart.of_data(networks[k], held_out).raw_predict() for k in members]
            joined = join_members(outputs).astype(z.dtype, copy=False)
            own = spec.with_folds(len(outputs))
            z[numbers] = own.average_members(joined if own.members else joined[0])
    return z


def _is_finite(spec: ModelSpec, z: Array, dtype: str) -> NDArray[np.bool_]:
    """Return which rows of raw outputs have finite predictions, in their type."""
    with ignore_overflow():
        finite = np.isfinite([z, spec.loss.inverse_link(z)]).all(axis=(0, 2))
        if not isinstance(spec.target, ClassTarget):
            predictions = spec.target.decode(z, spec.loss).astype(dtype).reshape(len(z), -1)
            finite &= np.isfinite(predictions).all(axis=1)
    return np.asarray(finite)


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
        """Return a result for each row, computed from its raw outputs, NaN where there are none."""
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
        labels = class_numbers(target.classes, y[rows])
        p = target.proba(spec.loss, z.astype(np.float64))
        return {"scores": class_scores(p[np.arange(len(p)), labels]), "labels": labels}


def _pooled_score(
    mlp: "BaseMLP",
    spec: ModelSpec,
    z: Array,
    rows: ValidatedData,
    scored: NDArray[np.bool_],
    notes: list[FitWarning],
) -> float:
    """Return the score of `score` for the raw outputs of some rows, NaN if that fails."""
    if not scored.any():
        return np.nan
    w = None if rows.w is None else rows.w[scored]
    try:
        return mlp._default_score(spec, z[scored], rows.y[scored], w)
    except Exception as error:
        notes.append(_failed("oof_score_", error))
        return np.nan


def _fold_score(
    mlp: "BaseMLP",
    job: FitJob,
    rows: ValidatedData,
    outputs: tuple[ModelSpec, Array] | None,
    notes: list[FitWarning],
) -> float:
    """Return the score of a fold by `scoring`, or that of `score`; NaN if it has too few rows.

    `outputs` are the raw outputs of its networks for these rows, with the specification that
    decodes them, where they are known.
    """
    spec = job.initial.spec
    if not can_score(spec, mlp.scoring, rows):
        return np.nan
    try:
        if outputs:
            return mlp._default_score(*outputs, rows.y, rows.w)
        fitted = spec.fitted_attributes(list(map(copy_weights, job.initial.networks)))
        network = fitted_network(spec, fitted)
        if mlp.scoring is None:
            X = spec.dataset(rows, "y", relative_weights=True).selection()
            z = spec.average_members(raw_predict(network, X, spec.dtype))
            return mlp._default_score(spec, z, rows.y, rows.w)
        return validation_score(job, rows, spec)(network)["validation_score"]
    except Exception as error:
        notes.append(_failed("the score of a fold", error))
        return np.nan


def _failed(name: str, error: Exception) -> FitWarning:
    """Return the warning about a score that failed, for which the networks are not lost."""
    return f"Scoring failed: {name} is NaN. {type(error).__name__}: {error}", UserWarning
