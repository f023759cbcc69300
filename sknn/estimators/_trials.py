"""Trials: networks that are trained with candidate settings, and judged by rows held out."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from sknn.engine._typing import Array
from sknn.engine.history import Outcome
from sknn.estimators._cross_fitting import out_of_fold_outputs
from sknn.estimators._fit import FitSteps
from sknn.estimators._fit_inputs import FitInputs
from sknn.estimators._fit_plan import FitPlan
from sknn.estimators._fit_result import COMPLETE, FitResult, join_results
from sknn.estimators._fitted_model import prediction_dtype
from sknn.estimators._folds import Folds, RowNumbers
from sknn.estimators._linear import LinearModels, can_be_linear
from sknn.estimators._model import ModelSpec
from sknn.estimators._planning import plan_cross_fit
from sknn.estimators._temperature import best_temperature, divided_outputs
from sknn.estimators._validation.data import ValidatedData
from sknn.estimators._validation.weights import normalized_weights
from sknn.targets import ClassTarget

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP

#: Constructor parameters that are tried, by name.
Settings = dict[str, Any]

#: Number of folds that are trained first; by their loss the others are trained or not.
N_FIRST_FOLDS = 2

#: The loss of these must be lower by at least this fraction.
MIN_GAIN = 0.01

#: Strengths of the penalty of linear models, from strong to weak; that of the parameter `alpha`.
LINEAR_ALPHAS = (1.0, 0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 1e-4, 1e-5)


@dataclass(frozen=True)
class Trial:
    """Networks of some folds, trained with some settings."""

    settings: Settings
    mlp: "BaseMLP"  # the estimator with these settings
    plan: FitPlan
    folds: Folds
    result: FitResult
    z: Array  # raw outputs of rows by the networks that did not see them, NaN without any

    @cached_property
    def spec(self) -> ModelSpec:
        """The specification of the networks of all folds."""
        return ModelSpec.of_fitted(self.result.attributes)


class Trials:
    """Trials on the same folds of the same rows.

    Parameters
    ----------
    mlp : estimator
        The estimator with the parameters that all trials have in common.
    inputs : FitInputs
        All rows.
    data : ValidatedData
        Those that count, with class weights.
    folds : Folds
        The folds.
    candidates : sequence of dict
        Settings to try; those of the first trial come first.

    Attributes
    ----------
    stopped : str or None
        The outcome of the training that was stopped before its end, so that no trial follows.

    Raises
    ------
    ValueError
        If the rows of a fold do not suffice to train networks.
    """

    def __init__(
        self,
        mlp: "BaseMLP",
        inputs: FitInputs,
        data: ValidatedData,
        folds: Folds,
        candidates: Sequence[Settings],
    ) -> None:
        self.mlp = mlp
        self.inputs = inputs
        self.data = data
        self.folds = folds
        self.stopped: Outcome | None = None
        self.candidates = candidates
        self._plan_first = plan_cross_fit(self._with(candidates[0]), inputs, folds, for_trials=True)
        self.deadline = self._plan_first.config.deadline

    def first(self) -> FitSteps[Trial]:
        """Train the networks of the first trial; one that is stopped is a trial, too."""
        result = yield self._plan_first
        if result.history.outcome not in COMPLETE:
            self.stopped = result.history.outcome
        return self._trial(self.candidates[0], self._plan_first, [result])

    def run(
        self, settings: Settings, best: Trial | None = None, *, all_folds: bool = True
    ) -> FitSteps[Trial | None]:
        """Train networks with other settings; return None if that is stopped or diverges.

        Unless `all_folds`, it is None, too, if the networks of the first folds are not better than
        those of `best` by `MIN_GAIN`: then the others are not trained.
        """
        plan = self._plan_trial(self._with(settings))
        parts = [slice(N_FIRST_FOLDS), slice(N_FIRST_FOLDS, None)]
        results: list[FitResult] = []
        for part in [slice(None)] if all_folds else parts:
            try:
                results.append((yield plan.part(part)))
            except KeyboardInterrupt:
                self.stopped = "interrupted"
                return None
            if (outcome := results[-1].history.outcome) not in COMPLETE:
                self.stopped = None if outcome == "diverged" else outcome
                return None
            trial = self._trial(settings, plan, results)
            if part == parts[0] and best and not self._gain(trial, best) >= MIN_GAIN:
                return None
        return trial

    def linear(self) -> Trial | None:
        """Return the linear models of the best strength; None if there are none.

        From strong to weak, others are tried until two in turn are not better.
        """
        if not can_be_linear(self._plan_first.spec):
            return None
        plan = self._plan_trial(self.mlp)
        models = LinearModels(plan)
        if not models.is_possible:
            return None
        best, n_worse = None, 0
        for alpha in LINEAR_ALPHAS:
            if time.monotonic() > self.deadline:
                self.stopped = "max_time"
            if self.stopped or n_worse == 2:
                break
            try:
                result = models.fit(alpha)
            except KeyboardInterrupt:
                self.stopped = "interrupted"
                break
            trial = self._trial({"hidden_layer_sizes": (), "alpha": alpha}, plan, [result])
            if best and not self.difference(trial, best)[0] < 0:
                n_worse += 1
            else:
                best, n_worse = trial, 0
        return best

    def difference(self, trial: Trial, other: Trial) -> tuple[float, float]:
        """Return by how much the mean loss is above that of another trial, and its standard error.

        The rows are those that the first trial holds out.
        """
        rows = self._rows(trial.folds)
        with np.errstate(invalid="ignore"):
            differences = self._losses(trial, rows) - self._losses(other, rows)
            error = float(differences.std()) / np.sqrt(len(rows))
        return float(differences.mean()), error

    def _gain(self, trial: Trial, best: Trial) -> float:
        """Return how much less loss a trial has than the best one, as a fraction of that loss."""
        level = abs(float(self._losses(best, self._rows(trial.folds)).mean()))
        return -self.difference(trial, best)[0] / level if level else 0.0

    def loss(self, trials: Sequence[Trial]) -> float:
        """Return the mean loss of the averaged networks of trials."""
        return float(self._losses(self.average(trials), self._rows(trials[0].folds)).mean())

    def average(self, trials: Sequence[Trial]) -> Trial:
        """Return the first trial with the outputs of networks averaged over trials."""
        if len(trials) == 1:
            return trials[0]
        spec = replace(trials[0].spec, n_members=len(trials), n_folds=1, fold_inputs=())
        z = spec.average_members(np.stack([trial.z for trial in trials]))
        return replace(trials[0], z=z)

    def temperature(self, trials: Sequence[Trial]) -> float:
        """Return the temperature of the averaged networks with the lowest loss of rows held out.

        It divides raw outputs, and is 1 without a log loss.
        """
        trial, rows = self.average(trials), self._rows(trials[0].folds)
        spec = trial.spec
        if not isinstance(spec.target, ClassTarget) or spec.loss_name != "log_loss":
            return 1.0

        return best_temperature(lambda factor: self._losses(trial, rows, factor))

    def calibrated(self, trials: Sequence[Trial]) -> Trial:
        """Return averaged networks with their raw outputs divided by their temperature."""
        trial = self.average(trials)
        return replace(trial, z=trial.z / self.temperature([trial]))

    def _plan_trial(self, mlp: "BaseMLP") -> FitPlan:
        """Return the plan of networks of the folds, with the encoding of the first ones."""
        encodings = [job.initial.spec.inputs for job in self._plan_first.jobs]
        plan = plan_cross_fit(mlp, self.inputs, self.folds, for_trials=True, encodings=encodings)
        return plan.with_deadline(self.deadline)

    def _with(self, settings: Settings) -> "BaseMLP":
        return self.mlp._with_parameters(**settings)

    def _trial(self, settings: Settings, plan: FitPlan, results: list[FitResult]) -> Trial:
        """Return a trial with the raw outputs of the networks for rows that they have not seen."""
        n_folds, mlp = sum(len(result.histories) for result in results), self._with(settings)
        folds, plan = self.folds.part(slice(n_folds)), plan.part(slice(n_folds))
        result = results[0] if len(results) == 1 else join_results(plan, results)
        spec, rows = ModelSpec.of_fitted(result.attributes), self.inputs.rows
        dtype = prediction_dtype(spec, mlp.dtype, getattr(rows.all_X, "dtype", None))
        z = out_of_fold_outputs(spec, result.attributes, folds, rows, dtype)
        trial = Trial(settings, mlp, plan, folds, result, z)
        if mlp.verbose:
            print(f"cv='auto': {settings}, {n_folds} folds: loss {self.loss([trial]):.5g}")
        return trial

    def _rows(self, folds: Folds) -> RowNumbers:
        """Return which of the rows that count some folds hold out: numbers in `data`."""
        return np.flatnonzero(folds.held_out[self._numbers].any(axis=1))

    @property
    def _numbers(self) -> Any:
        """The numbers of the rows that count, among all rows."""
        return slice(None) if self.data.row_numbers is None else self.data.row_numbers

    def _losses(self, trial: Trial, rows: RowNumbers, factor: float = 1.0) -> Array:
        """Return the weighted losses of some rows, of raw outputs that are multiplied."""
        data, z = self.data.take(rows), trial.z[self._numbers][rows].astype(np.float64)
        Y = trial.spec.encode_targets(data, "y").astype(np.float64)
        w = normalized_weights(data.w, "float64", relative=True)
        with np.errstate(over="ignore", invalid="ignore"):
            losses: Array = trial.spec.loss_for(Y).value(factor * z, Y)
        losses = np.where(np.isfinite(losses), losses, np.inf)
        return losses if w is None else losses * w


def scale_outputs(result: FitResult, temperature: float) -> FitResult:
    """Return a result whose networks divide their raw outputs by a temperature."""
    divided = divided_outputs(result.attributes, temperature)
    return replace(result, attributes={**result.attributes, **divided})
