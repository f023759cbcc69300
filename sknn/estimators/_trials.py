"""Trials: networks that are trained with candidate settings, and judged by rows held out."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import minimize_scalar

from sknn.engine._typing import Array
from sknn.estimators._callbacks import FitCallbacks
from sknn.estimators._cross_fitting import out_of_fold_outputs
from sknn.estimators._fit import COMPLETE, FitPlan, FitResult, fit_networks, join_results
from sknn.estimators._fit_plan import FitInputs, plan_cross_fit
from sknn.estimators._fitted_model import prediction_dtype
from sknn.estimators._folds import Folds, RowNumbers
from sknn.estimators._model import ModelSpec
from sknn.estimators._validation.data import normalized_weights
from sknn.targets import ClassTarget

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP

#: Constructor parameters that are tried, by name.
Settings = dict[str, Any]

#: Number of folds that are trained first, to see whether the others are worth it.
N_FIRST = 2

#: Temperatures are searched up to this factor above and below 1.
MAX_TEMPERATURE = 8.0

#: How many standard errors a loss may be above the lowest one.
MAX_ERROR = 0.5


@dataclass(frozen=True)
class Trial:
    """Networks of some folds, trained with some settings."""

    settings: Settings
    mlp: "BaseMLP"  # the estimator with these settings
    plan: FitPlan
    folds: Folds
    result: FitResult
    z: Array  # raw outputs of rows by the networks that did not see them, NaN without any

    @property
    def is_complete(self) -> bool:
        """Whether training came to its end."""
        return self.result.history.outcome in COMPLETE

    @property
    def spec(self) -> ModelSpec:
        """The specification of the networks of all folds."""
        return ModelSpec.of_fitted(self.result.attributes)


class Trials:
    """Trials on the same folds of the same rows.

    Parameters
    ----------
    mlp : estimator
        The estimator that is fitted, whose other parameters all trials have.
    inputs : FitInputs
        All rows.
    folds : Folds
        The folds.
    callbacks : FitCallbacks or None
        The callbacks of the fit.
    """

    def __init__(
        self, mlp: "BaseMLP", inputs: FitInputs, folds: Folds, callbacks: FitCallbacks | None
    ) -> None:
        self.mlp = mlp
        self.inputs = inputs
        self.folds = folds
        self.callbacks = callbacks
        self.deadline: float | None = None

    def first(self, settings: Settings) -> Trial:
        """Train the networks of all folds."""
        mlp, plan = self._plan(settings)
        return self._trial(settings, mlp, plan, [fit_networks(plan, self.callbacks)])

    def compare(
        self, settings: Settings, best: Trial, *, gradually: bool
    ) -> tuple[Trial | None, bool]:
        """Train networks with these settings; return the trial, and whether it is the better one.

        With `gradually`, and unless the networks of the first folds are better than those of the
        best trial, the others are not trained, and there is no trial. Nor is there one if training
        does not come to its end, which the result of the best trial then tells.
        """
        mlp, plan = self._plan(settings)
        results: list[FitResult] = []
        trial: Trial | None = None
        parts = [slice(N_FIRST), slice(N_FIRST, None)] if gradually else [slice(None)]
        for part in parts:
            results.append(fit_networks(plan.part(part), self.callbacks))
            outcome = results[-1].history.outcome
            if outcome not in (*COMPLETE, "diverged"):
                best.result.history.outcome = outcome
                return None, False
            trial = self._trial(settings, mlp, plan, results)
            if not self.difference(trial, best)[0] < 0:
                return trial if len(trial.folds.train) == len(best.folds.train) else None, False
        return trial, True

    def difference(self, trial: Trial, other: Trial) -> tuple[float, float]:
        """Return by how much the mean loss is above that of another trial, and its standard error.

        The rows are those that the first trial holds out.
        """
        rows = self._rows(trial.folds)
        with np.errstate(invalid="ignore"):
            differences = self._losses(trial, rows) - self._losses(other, rows)
        return float(differences.mean()), float(differences.std()) / np.sqrt(len(rows))

    def _plan(self, settings: Settings) -> tuple["BaseMLP", FitPlan]:
        """Return an estimator with these settings, and the plan of the networks of all folds."""
        mlp = self.mlp._with_parameters(**settings)
        plan = plan_cross_fit(mlp, self.inputs, self.folds, watch=False)
        self.deadline = plan.config.deadline if self.deadline is None else self.deadline
        return mlp, plan.with_deadline(self.deadline)

    def _trial(
        self, settings: Settings, mlp: "BaseMLP", plan: FitPlan, results: list[FitResult]
    ) -> Trial:
        """Return what the networks predict for the rows that they have not seen."""
        n_folds = sum(len(result.histories) for result in results)
        folds, plan = self.folds.part(slice(n_folds)), plan.part(slice(n_folds))
        result = results[0] if len(results) == 1 else join_results(plan, results)
        spec, rows = ModelSpec.of_fitted(result.attributes), self.inputs.rows
        dtype = prediction_dtype(spec, mlp.dtype, getattr(rows.all_X, "dtype", None))
        z = out_of_fold_outputs(spec, result.attributes, folds, rows, dtype)
        trial = Trial(settings, mlp, plan, folds, result, z)
        if mlp.verbose:
            print(f"cv='auto': {settings}, {n_folds} folds: loss {self.loss([trial]):.5g}")
        return trial

    def loss(self, trials: list[Trial]) -> float:
        """Return the mean loss of the averaged networks of trials."""
        return float(self._losses(self.average(trials), self._rows(trials[0].folds)).mean())

    def average(self, trials: list[Trial]) -> Trial:
        """Return the first trial with the outputs of networks averaged over trials."""
        if len(trials) == 1:
            return trials[0]
        spec = replace(trials[0].spec, n_members=len(trials), n_folds=1, fold_inputs=())
        z = spec.average_members(np.stack([trial.z for trial in trials]))
        return replace(trials[0], z=z)

    def temperature(self, trial: Trial) -> float:
        """Return the temperature with the lowest mean loss of the rows that are held out.

        It divides raw outputs, and is 1 without a log loss. Of the temperatures whose loss is
        within half a standard error of the lowest one, it is the nearest to 1.

        Guo, Pleiss, Sun and Weinberger (2017), "On Calibration of Modern Neural Networks".
        """
        spec, rows = trial.spec, self._rows(trial.folds)
        if not isinstance(spec.target, ClassTarget) or spec.loss_name != "log_loss":
            return 1.0

        def losses(log_factor: float) -> Array:
            return self._losses(trial, rows, float(np.exp(log_factor)))

        bound = np.log(MAX_TEMPERATURE)
        found = minimize_scalar(
            lambda log_factor: float(losses(log_factor).mean()),
            bounds=(-bound, bound),
            method="bounded",
        )
        lowest = losses(found.x)
        for log_factor in found.x * np.linspace(0, 1, 21):
            difference = losses(log_factor) - lowest
            if difference.mean() <= MAX_ERROR * difference.std() / np.sqrt(len(rows)):
                break
        return float(np.exp(-log_factor))

    def _rows(self, folds: Folds) -> RowNumbers:
        """Return the rows that some folds hold out, of positive weight."""
        return np.flatnonzero(folds.held_out.any(axis=1) & self.inputs.rows.is_positive)

    def _losses(self, trial: Trial, rows: RowNumbers, factor: float = 1.0) -> Array:
        """Return the weighted losses of some rows, of raw outputs that are multiplied."""
        spec, weighted = trial.spec, trial.plan.jobs[0].weighted
        data = self.inputs.rows.take(rows)
        data = weighted(data) if weighted else data
        Y = spec.encode_targets(data, "y").astype(np.float64)
        z = trial.z[data.row_numbers].astype(np.float64)
        w = normalized_weights(data.w, "float64", relative=True)
        with np.errstate(over="ignore", invalid="ignore"):
            losses: Array = spec.loss_for(Y).value(factor * z, Y)
        losses = np.where(np.isfinite(losses), losses, np.inf)
        return losses if w is None else losses * w


def scale_outputs(result: FitResult, temperature: float) -> FitResult:
    """Return a result whose networks divide their raw outputs by a temperature."""
    fitted = dict(result.attributes)
    for name in ("coefs_", "intercepts_"):
        *others, last = fitted[name]
        fitted[name] = [*others, last / last.dtype.type(temperature)]
    return replace(result, attributes=fitted)
