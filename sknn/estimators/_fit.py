"""fit_networks: a function from configurations, data and initial networks to a FitResult."""

import math
import warnings
from collections import deque
from collections.abc import Callable, Generator, Sequence
from copy import deepcopy
from dataclasses import replace
from operator import mul
from typing import TypeAlias, TypeVar

import numpy as np

from sknn.engine import LBFGS, History
from sknn.engine.training import OnEpochTogether, train_together
from sknn.estimators._blas_threads import engine_threads
from sknn.estimators._builders import FitConfig
from sknn.estimators._callbacks import FitCallbacks, FitProgress
from sknn.estimators._fit_plan import FitJob, FitPlan
from sknn.estimators._fit_progress import epoch_callback
from sknn.estimators._fit_result import FitResult
from sknn.estimators._fit_runs import FitRuns
from sknn.estimators._model import ModelSpec
from sknn.estimators._training_state import TrainingState

Result = TypeVar("Result")

#: The steps of a fit up to a result: it yields plans, and is sent the result of training each.
FitSteps: TypeAlias = Generator[FitPlan, FitResult, Result]


def fit_networks(plan: FitPlan, callbacks: FitCallbacks | None = None) -> FitResult:
    """Train the networks of all jobs; their initial models are changed in place.

    Raises
    ------
    ValueError
        If the targets or the scorer are invalid.
    KeyboardInterrupt
        If it is raised before the end of the first epoch.
    """
    training, config = FitRuns.of_plan(plan), plan.config
    on_epoch = None
    if config.verbose or callbacks is not None:
        on_epoch = epoch_callback(training, callbacks)
    _train([training], on_epoch, config.deadline)
    return training.result()


def fit_networks_of(
    plans: Sequence[FitPlan],
    should_stop: Callable[[], bool] | None = None,
    *,
    keep_paused: bool = False,
) -> list[FitResult | Exception]:
    """Train the networks of several fits together, as `fit_networks` does those of one.

    Nothing is printed, and the deadlines of the plans are not used; training ends if `should_stop`
    returns True after an epoch. If the networks of a plan cannot be trained, its exception takes
    the place of its result. With `keep_paused`, a fit with networks that would continue with more
    epochs has its states in `FitResult.paused`; all plans have the same number of epochs then, but
    for those that end before it.

    Raises
    ------
    KeyboardInterrupt
        If it is raised before the end of the first epoch of each network.
    """
    prepared: list[FitRuns | Exception] = []
    for plan in plans:
        try:
            prepared.append(FitRuns.of_plan(plan))
        except Exception as error:
            prepared.append(error)
    trainings = [one for one in prepared if isinstance(one, FitRuns)]
    paused: dict[int, Sequence[TrainingState]] = {}

    def on_epoch(histories: Sequence[History], last: bool) -> bool:
        if keep_paused and all(training.is_at_end for training in trainings):
            for i, training in enumerate(trainings):
                if any(run.history.outcome == "max_iter" for run in training.runs):
                    paused[i] = deepcopy(training.result().states)
        return bool(should_stop and should_stop())

    if trainings:
        _train(trainings, on_epoch, np.inf)
    results = iter([replace(one.result(), paused=paused.get(i)) for i, one in enumerate(trainings)])
    return [next(results) if isinstance(one, FitRuns) else one for one in prepared]


def run_steps(
    steps: FitSteps[Result],
    callbacks: FitCallbacks | None = None,
    resumed: FitProgress | None = None,
) -> Result:
    """Run the steps of a fit: train the networks of each plan, and return the result of all.

    A fit that is resumed makes the same steps: trainings that have ended are not repeated.
    """
    known = deque([*resumed.ended, resumed.states] if resumed else [])
    ended: list[Sequence[TrainingState]] = []
    try:
        plan = next(steps)
        while True:
            for message, category in plan.warnings:
                warnings.warn(message, category, stacklevel=4)
            if known and callbacks is not None:
                plan = callbacks.resume(plan, known.popleft())
            try:
                result = fit_networks(replace(plan, ended=tuple(ended)), callbacks)
            except BaseException as error:
                plan = steps.throw(error)
            else:
                if callbacks is not None:
                    ended.append(result.states)
                plan = steps.send(result)
    except StopIteration as end:
        return end.value


def _train(trainings: Sequence[FitRuns], on_epoch: OnEpochTogether | None, deadline: float) -> None:
    """Train the networks of some fits, with a suitable number of BLAS threads."""
    size = max(_product_size(job) for training in trainings for job in training.plan.jobs)
    runs = [run for training in trainings for run in training.runs]
    with engine_threads(size):
        train_together(runs, on_epoch=on_epoch, deadline=deadline, group=trainings[0].group)


def _product_size(job: FitJob) -> float:
    """Return the number of multiplications in the largest matrix product of a step."""
    return product_size(job.initial.spec, job.config, job.data.train.n_rows)


def product_size(spec: ModelSpec, config: FitConfig, n: int) -> float:
    """Return the number of multiplications in the largest product of a step on up to n rows.

    It is infinite for L-BFGS, see `engine_threads`.
    """
    if isinstance(config.solver, LBFGS):
        return math.inf
    sizes = [spec.n_inputs, *spec.hidden_sizes, spec.n_units]
    return min(n, config.batch_size or n) * max(map(mul, sizes[:-1], sizes[1:]))
