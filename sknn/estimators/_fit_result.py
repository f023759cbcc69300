"""FitResult: the fitted attributes, the histories and the training states of a fit."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from sknn.engine import History
from sknn.engine.history import Outcome
from sknn.estimators._builders import FitConfig
from sknn.estimators._callbacks import FitProgress
from sknn.estimators._fit_plan import FitPlan
from sknn.estimators._training_record import training_record
from sknn.estimators._training_state import TrainingState, states_to_plain
from sknn.estimators._weights import Weights, copy_weights

#: Outcomes of a fit that ran to its end.
COMPLETE = ("converged", "line_search_failed", "schedule_finished", "max_iter")

#: All outcomes, in the order in which that of several networks is chosen.
BY_PRIORITY: Sequence[Outcome] = (
    *("interrupted", "max_time", "callback", "diverged"),
    *("max_iter", "line_search_failed", "converged", "schedule_finished"),
)


@dataclass(frozen=True)
class FitResult:
    """Result of a fit: the fitted attributes, and for each network its history and its state."""

    attributes: dict[str, Any]  # all fitted attributes but `_training_state`
    histories: Sequence[History]
    states: Sequence[TrainingState]
    inputs: Any = None  # the encoded X of the first job: its rows are among them
    search: "FitResult | None" = None  # that of the networks that `refit` has replaced
    # the states to continue from if the fit was paused; None if it has ended
    paused: Sequence[TrainingState] | None = None

    @classmethod
    def of_checkpoint(cls, resumed: FitProgress) -> "FitResult":
        """Return the result of a complete fit from its checkpoint."""
        result = cls(dict(resumed.fitted), _histories(resumed.states), resumed.states)
        for states in resumed.ended:  # of a complete fit: the search for its settings, if any
            result = replace(result, search=cls({}, _histories(states), states))
        return result

    def with_outcome(self, outcome: Outcome) -> "FitResult":
        """Return the result with an outcome, that of a search in which it was found."""
        first, *others = self.histories
        first = copy(first)
        first.outcome = outcome
        return replace(self, histories=[first, *others])

    @cached_property
    def history(self) -> History:
        """The history of the first of the networks whose outcome comes first in `BY_PRIORITY`."""
        return min(self.histories, key=lambda history: BY_PRIORITY.index(history.outcome))

    @property
    def networks(self) -> str:
        """How many of several networks have the outcome of `history`, for messages."""
        outcomes = [history.outcome for history in self.histories]
        if len(outcomes) == 1:
            return ""
        return f"{outcomes.count(self.history.outcome)} of {len(outcomes)} networks"

    @property
    def n_epochs(self) -> int:
        """The number of epochs of the network with the most."""
        return max(map(len, self.histories))


def _histories(states: Sequence[TrainingState]) -> list[History]:
    """Return the epochs of networks; a history without epochs is false."""
    return [History() if one.history is None else one.history for one in states]


def result_of(
    plan: FitPlan, histories: Sequence[History], states: Sequence[TrainingState], inputs: Any
) -> FitResult:
    """Return the result of training the networks of a plan."""
    counts = [job.data.train.n_rows for job in plan.jobs for _ in job.initial.networks]
    attributes = {
        **plan.features,
        **plan.spec.fitted_attributes(_copy_plan_weights(plan)),
        **training_record(states, histories, counts, plan.spec.n_folds),
    }
    return FitResult(attributes, histories, states, inputs)


def join_results(plan: FitPlan, results: Sequence[FitResult]) -> FitResult:
    """Return the result for a plan whose jobs were trained in parts, one after the other."""
    histories = [history for result in results for history in result.histories]
    states = [state for result in results for state in result.states]
    return result_of(plan, histories, states, results[0].inputs)


def _copy_plan_weights(plan: FitPlan) -> list[Weights]:
    """Return copies of the weights of all networks, whose outputs `plan.spec.target` decodes."""
    weights = []
    for job in plan.jobs:
        spec = job.initial.spec
        for layers in job.initial.networks:
            coefs, intercepts, embedding = copy_weights(layers)
            if spec.target is not plan.spec.target:
                coefs[-1], intercepts[-1] = spec.target.convert_layer(
                    coefs[-1], intercepts[-1], plan.spec.target, spec.loss
                )
            weights.append((coefs, intercepts, embedding))
    return weights


def with_training_state(result: FitResult, config: FitConfig) -> dict[str, Any]:
    """Return all fitted attributes, with what is needed to continue training exactly."""
    state = states_to_plain(result.states, config.random_state)
    return {**result.attributes, "_training_state": state}
