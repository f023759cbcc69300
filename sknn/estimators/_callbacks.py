"""scikit-learn's callbacks in a fit, which is a task with one subtask per epoch."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from numbers import Integral
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sknn._version import naming_file
from sknn.archives import Contents
from sknn.estimators._builders import has_folds, is_stochastic, n_members
from sknn.estimators._saving import FITTED
from sknn.estimators._sklearn_compat import callback_context, callbacks_of
from sknn.estimators._training_state import TrainingState
from sknn.estimators._validation.source_rows import OnPass
from sknn.features.sources import as_source

if TYPE_CHECKING:
    from sknn.estimators._fit_plan import FitPlan
    from sknn.estimators.base import BaseMLP

#: What to do about a checkpoint that cannot be used.
DELETE = " Delete it to start the fit from scratch."

#: Largest number of passes over a source in a fit without folds and without `refit`.
MAX_SOURCE_PASSES = 4


class FitCheckpoint(Protocol):
    """File with the progress of a fit."""

    file: Path

    def load(self) -> tuple["BaseMLP", Mapping[str, Any]] | None:
        """Return the estimator at the last saved epoch and its progress; None without a file."""

    def should_save(self) -> bool:
        """Count an epoch, and return whether to save a checkpoint now."""

    def save(self, contents: Contents) -> None:
        """Write the file."""


@dataclass(frozen=True)
class FitProgress:
    """Content of the checkpoint of a fit."""

    # state of the generator at the start of the fit; None if it is that of `random_state`
    initial_rng: Mapping[str, Any] | None
    states: Sequence[TrainingState]  # the state of each network
    finished: bool  # whether the fit was complete
    fitted: Mapping[str, Any]  # the fitted attributes
    # the states of the networks of earlier trainings of the same fit, see `progress`
    ended: Sequence[Sequence[TrainingState]] = ()

    @property
    def n_epochs(self) -> int:
        """The number of epochs of the network with the most."""
        return max(len(state.history or ()) for state in self.states)


class FitCallbacks:
    """The estimator's callbacks in a fit, if it has any."""

    def __init__(
        self,
        estimator: "BaseMLP",
        data: tuple[Any, Any, Any],
        others: tuple[Any, ...],
    ) -> None:
        X, y, sample_weight = data
        self.estimator = estimator
        self.arguments = {
            "estimator": estimator,
            "X": X,
            "y": y,
            "metadata": None if sample_weight is None else {"sample_weight": sample_weight},
        }
        self.checkpoint = fit_checkpoint(estimator, (*data, *others))
        single = not has_folds(estimator) and n_members(estimator) == 1
        together = is_stochastic(estimator) or single
        known = together and not estimator.refit and isinstance(estimator.max_iter, Integral)
        epochs = int(estimator.max_iter) if known else None
        if epochs is not None and as_source(X) is not None:
            epochs += MAX_SOURCE_PASSES
        self.fit = callback_context(estimator, max_subtasks=epochs)
        self.epoch: Any = None
        if self.fit is not None:
            self.fit.call_on_fit_task_begin(**self.arguments)

    def load_checkpoint(self, *, verbose: bool) -> FitProgress | None:
        """Return the progress in the checkpoint of this fit, if there is one."""
        loaded = self.checkpoint.load() if self.checkpoint else None
        if self.checkpoint is None or loaded is None:
            return None
        estimator, progress = loaded
        fitted = {name: v for name, v in vars(estimator).items() if name in FITTED}
        solver = fitted["_training_state"].get("solver", "")
        states, *ended = (
            [TrainingState.from_progress(one, solver) for one in members]
            for members in (progress["members"], *progress.get("ended", []))
        )
        found = FitProgress(progress["initial_rng"], states, progress["finished"], fitted, ended)
        if verbose and found.finished:
            print(f"was finished before: {self.checkpoint.file}")
        elif verbose:
            training = f" of training {len(ended) + 1}" if ended else ""
            print(f"continues after epoch {found.n_epochs}{training} from {self.checkpoint.file}")
        return found

    def resume(self, plan: "FitPlan", states: Sequence[TrainingState]) -> "FitPlan":
        """Return the plan with networks that continue from the states of the checkpoint."""
        assert self.checkpoint is not None
        with naming_file(self.checkpoint.file, DELETE):
            return plan.resume(states)

    def on_epoch_begin(self) -> None:
        """Start the subtask of an epoch."""
        if self.fit is not None:
            self.epoch = self.fit.subcontext(task_name="epoch")
            self.epoch.call_on_fit_task_begin(**self.arguments)

    def on_epoch_end(
        self, metrics: Mapping[str, float], fitted_attributes: Callable[[], dict[str, Any]]
    ) -> bool:
        """End the subtask of an epoch; return whether a callback asks to end training.

        Hooks find `metrics` in the attribute `epoch_metrics` of the context, at no cost; a fitted
        copy of the estimator, which has them too, is made only for hooks that ask for it.
        """
        if self.epoch is None:
            return False
        self.epoch.epoch_metrics = metrics

        def reconstruction() -> dict[str, Any]:
            """Replace all attributes of the copy, also those that only an earlier fit has set."""
            return {"__dict__": vars(self.estimator._with_attributes(fitted_attributes()))}

        return bool(
            self.epoch.call_on_fit_task_end(
                **self.arguments, reconstruction_attributes=reconstruction
            )
        )

    @contextmanager
    def source_pass(self, made: str) -> Iterator[None]:
        """Make a pass over a source a subtask."""
        if self.fit is None:
            yield
            return
        task = self.fit.subcontext(task_name=f"source: {made}", max_subtasks=None)
        task.call_on_fit_task_begin(**self.arguments)
        yield
        task.call_on_fit_task_end(**self.arguments)

    def on_fit_end(self) -> None:
        """End the task of the fit, once the estimator has its fitted attributes."""
        if self.fit is not None:
            self.fit.call_on_fit_task_end(**self.arguments, reconstruction_attributes={})


def source_pass(callbacks: FitCallbacks | None, *, verbose: bool) -> OnPass:
    """Return the context of a pass over a source: it prints a line, and is a subtask."""

    @contextmanager
    def on_pass(made: str) -> Iterator[Callable[[int], None]]:
        start, n_rows = time.monotonic(), [0]
        with callbacks.source_pass(made) if callbacks else nullcontext():
            yield n_rows.append
        if verbose:
            seconds = time.monotonic() - start
            print(f"source: {made}, {n_rows[-1]} rows in {seconds:.3g} s")

    return on_pass


def fit_checkpoint(estimator: "BaseMLP", data: tuple[Any, ...]) -> FitCheckpoint | None:
    """Return the checkpoint of a fit on this data, if the estimator has such a callback.

    Raises
    ------
    ValueError
        If there are several.
    """
    makers = [one for one in callbacks_of(estimator) if hasattr(one, "_fit_checkpoint")]
    if len(makers) > 1:
        raise ValueError(f"A fit can have one Checkpoint, not {len(makers)}: remove the others.")
    return makers[0]._fit_checkpoint(estimator, data) if makers else None
