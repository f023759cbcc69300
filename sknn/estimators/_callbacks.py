"""scikit-learn's callbacks around a fit: the fit is a task, each epoch a subtask of it."""

from collections.abc import Callable
from typing import Any

from sknn.estimators._sklearn_compat import callback_context, callbacks_of
from sknn.estimators.progress import Course


class FitCallbacks:
    """Calls the hooks of the callbacks that an estimator was given, if it was given any.

    Parameters
    ----------
    estimator : BaseMLP
        The estimator that the user sees, not a draft of it.
    X, y, sample_weight : objects
        What the user passed to `fit`, as it is.
    epochs : int or None
        How many subtasks there may be; None if that is not known.
    course : Course, optional
        Keeps the progress.
    """

    def __init__(
        self,
        estimator: Any,
        X: Any,
        y: Any,
        sample_weight: Any,
        epochs: int | None,
        course: Course | None = None,
    ) -> None:
        self.given = {
            "estimator": estimator,
            "X": X,
            "y": y,
            "metadata": None if sample_weight is None else {"sample_weight": sample_weight},
        }
        self.course = course
        self.fit = callback_context(estimator, max_subtasks=epochs)
        self.epoch: Any = None
        if self.fit is not None:
            self.fit.call_on_fit_task_begin(**self.given)

    def epoch_begins(self) -> None:
        """Begin one more subtask."""
        if self.fit is not None:
            self.epoch = self.fit.subcontext(task_name="epoch")
            self.epoch.call_on_fit_task_begin(**self.given)

    def epoch_ends(self, fitted_attributes: Callable[[], dict[str, Any]]) -> bool:
        """End the subtask; return whether a hook asks to end training.

        Parameters
        ----------
        fitted_attributes : callable
            Gives what makes a copy of the estimator predict as it would now.
        """
        if self.epoch is None:
            return False
        return bool(
            self.epoch.call_on_fit_task_end(
                **self.given, reconstruction_attributes=fitted_attributes
            )
        )

    def fit_ends(self) -> None:
        """End the task; the estimator itself is fitted by now."""
        if self.fit is not None:
            self.fit.call_on_fit_task_end(**self.given, reconstruction_attributes={})


def course_of(estimator: Any, data: tuple[Any, ...]) -> Course | None:
    """Return what keeps the progress of a fit on this data, if a callback does.

    Raises
    ------
    ValueError
        If several want to.
    """
    keepers = [one for one in callbacks_of(estimator) if hasattr(one, "course")]
    if len(keepers) > 1:
        raise ValueError(f"A single Checkpoint can keep the progress of a fit, not {len(keepers)}.")
    return keepers[0].course(estimator, data) if keepers else None
