"""The base of the callbacks: a method for the end of an epoch."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any


class EpochCallback(ABC):
    """Callback that is given the losses, scores and rates of each epoch.

    A subclass overrides the other hooks of scikit-learn's protocol only if it needs them.
    """

    #: Meta-estimators pass it on, through any number of levels.
    max_propagation_depth = None

    def setup(self, estimator: Any, context: Any) -> None:  # noqa: B027
        """Do nothing at the start of the outermost fit."""

    def teardown(self, estimator: Any, context: Any) -> None:  # noqa: B027
        """Do nothing at the end of the outermost fit."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:  # noqa: B027
        """Do nothing at the start of a task."""

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
        """Handle the end of an epoch; other tasks, as a pipeline's steps, have no metrics."""
        metrics = getattr(context, "epoch_metrics", None)
        return bool(metrics and self._on_epoch(estimator, context, metrics))

    @abstractmethod
    def _on_epoch(self, estimator: Any, context: Any, metrics: Mapping[str, float]) -> bool | None:
        """Handle an epoch; return whether to end training."""


def fit_path(context: Any) -> tuple[int, ...]:
    """Return the numbers of the tasks from the outermost fit to the fit of an epoch."""
    numbers: list[int] = []
    while (context := context.parent) is not None:
        numbers.append(context.task_id)
    return tuple(reversed(numbers))
