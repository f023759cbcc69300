"""refit: training new networks on all rows, for the number of epochs that was best."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_random_state

from sknn.estimators._fit import FitSteps
from sknn.estimators._fit_plan import FitPlan
from sknn.estimators._fit_result import COMPLETE, FitResult
from sknn.estimators._planning import plan_job
from sknn.estimators._validation.data import ValidatedData
from sknn.targets import Target

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP

#: Attributes of the search for the number of epochs that a refit keeps, and those of the networks
#: of the folds.
OF_SEARCH = (
    *("validation_scores_", "validation_loss_curve_", "best_validation_score_"),
    *("member_validation_scores_", "member_validation_loss_curves_", "best_iteration_"),
    *("oof_prediction_", "oof_proba_", "oof_decision_function_", "oof_score_", "cv_scores_"),
    "_calibration",
)
OF_NETWORKS = ("coefs_", "intercepts_", "_model_spec")


def refit(
    mlp: "BaseMLP",
    plan: FitPlan,
    rows: ValidatedData,
    found: FitResult,
) -> FitSteps[FitResult]:
    """Train new networks on all rows for the best number of epochs; on failure, return `found`."""
    epochs = best_number_of_epochs(plan, found)
    if mlp.verbose:
        print("training again, on all rows" + (f", for {epochs} epochs" if epochs else ""))
    again = plan_refit(mlp, plan, rows.positive(), plan.spec.target, epochs)
    result, is_new = yield from train_again(again, found)
    if not is_new:
        return result
    if not plan.is_cross_fitted:  # a later call continues with the generators of the search
        pairs = zip(result.states, found.states, strict=True)
        states = [replace(state, rng=before.rng) for state, before in pairs]
        result = replace(result, states=states)
    return after_search(result, found, with_fold_models=plan.is_cross_fitted)


def train_again(again: FitPlan, found: FitResult) -> FitSteps[tuple[FitResult, bool]]:
    """Return the result of a plan, or `found` if training did not end, and whether it is new."""
    try:
        result = yield again
    except KeyboardInterrupt:
        return found.with_outcome("interrupted"), False
    if result.history.outcome not in COMPLETE:
        return found.with_outcome(result.history.outcome), False
    return result, True


def after_search(result: FitResult, found: FitResult, *, with_fold_models: bool) -> FitResult:
    """Return the result of new networks with what is kept of the search for their settings."""
    kept = {name: found.attributes[name] for name in OF_SEARCH if name in found.attributes}
    if with_fold_models:
        kept["_fold_models"] = {name: found.attributes[name] for name in OF_NETWORKS}
    return replace(result, attributes={**result.attributes, **kept}, search=found)


def best_number_of_epochs(plan: FitPlan, found: FitResult) -> int | None:
    """Return the number of epochs that was best for all networks together.

    If networks stopped by a score, it is the epoch with the best mean score, where a network that
    has left counts with its best score; else the mean number of epochs. It is None for "lbfgs"
    without such a score, which ends by itself.
    """
    if plan.config.batch_size is None and not plan.config.by_score:
        return None
    kept = [history.kept_epoch for history in found.histories]
    if not plan.config.by_score or len(kept) == 1:
        return max(1, round(float(np.mean(kept))))
    return joint_best_epoch([one.column("validation_score") for one in found.histories])


def joint_best_epoch(curves: Sequence[Sequence[float]]) -> int:
    """Return the number of epochs with the best mean score of several networks.

    Parameters
    ----------
    curves : sequence of sequences of float
        The scores of held-out rows by epoch, of each network; higher is better. One that has ended
        before others counts with its best score.
    """
    scores = np.full((max(map(len, curves)), len(curves)), np.nan)
    for j, curve in enumerate(curves):
        column = np.nan_to_num(curve, nan=-np.inf, neginf=-np.inf)
        scores[: len(column), j], scores[len(column) :, j] = column, max(column)
    return 1 + int(np.argmax(scores.mean(axis=1)))


def plan_refit(
    mlp: "BaseMLP", plan: FitPlan, rows: ValidatedData, target: Target, epochs: int | None
) -> FitPlan:
    """Prepare the training of new members on all rows, for a number of epochs.

    Schedules with a horizon end with the last of these epochs.
    """
    rng = check_random_state(mlp.random_state)
    job = plan_job(mlp, rows, None, target, rng, by_score=False, epochs=epochs)
    if job.config.early_stopping is not None:
        job.config.early_stopping.patience = np.inf
    config = replace(job.config, deadline=plan.config.deadline)
    return FitPlan([replace(job, config=config)], job.initial.spec)
