"""fit_many: fits of several estimators whose networks are trained together."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from sklearn import get_config

from sknn.engine.history import Outcome
from sknn.estimators._auto_settings import Fitted
from sknn.estimators._builders import is_stochastic
from sknn.estimators._callbacks import FitProgress
from sknn.estimators._fit import FitSteps, fit_networks, fit_networks_of
from sknn.estimators._fit_inputs import SharedRows
from sknn.estimators._fit_plan import FitPlan
from sknn.estimators._fit_result import COMPLETE, FitResult
from sknn.estimators._messages import FitWarning
from sknn.estimators._refit import joint_best_epoch
from sknn.estimators._sklearn_compat import callbacks_of
from sknn.estimators.base import BaseMLP

__all__ = [
    "FitOutcome",
    "FitSize",
    "FitTask",
    "can_join",
    "fit_many",
    "joint_best_epoch",
    "size_of",
]


@dataclass(frozen=True)
class FitTask:
    """One fit: an estimator, and the arguments of its `fit`.

    Parameters
    ----------
    estimator : estimator
        The estimator, which gets fitted.
    X : array-like, sparse matrix or frame of shape (n_samples, n_features)
        Training inputs.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.
    params : dict
        Further arguments of `fit`, such as `sample_weight`.
    progress : FitProgress, optional
        That of the outcome of an earlier fit with `max_epochs`, to continue from there.
    """

    estimator: Any
    X: Any
    y: Any
    params: Mapping[str, Any] = field(default_factory=dict)
    progress: FitProgress | None = None


@dataclass(frozen=True)
class FitOutcome:
    """The outcome of a task.

    Parameters
    ----------
    error : Exception or None
        Why the estimator is not fitted.
    outcome : str or None
        Why training ended; None if the estimator was fitted alone, or training can continue.
    seconds : float
        Time of the fit, with its part of that of all networks that were trained together.
    warnings : sequence of (str, type)
        Warnings that have not been shown.
    is_partial : bool
        Whether `max_epochs` has ended training early.
    progress : FitProgress or None
        Where a fit that ended early continues; None if it restarts.
    """

    error: BaseException | None
    outcome: Outcome | None
    seconds: float
    warnings: Sequence[FitWarning]
    is_partial: bool = False
    progress: FitProgress | None = None


def can_join(estimator: Any) -> bool:
    """Return whether an estimator has networks that can be trained together with those of others.

    That is, if it is one of this package (not one with a `fit` of its own) that trains by
    mini-batches, without callbacks, a limit of time, printed epochs, and earlier networks to
    continue.

    Parameters
    ----------
    estimator : object
        Any estimator.
    """
    if not _has_plans(estimator) or estimator.verbose or estimator.warm_start:
        return False
    return estimator.max_time is None and is_stochastic(estimator)


def _has_plans(estimator: Any) -> bool:
    """Return whether an estimator has the `fit` of this package, and no callbacks."""
    is_own = isinstance(estimator, BaseMLP) and type(estimator).fit is BaseMLP.fit
    return is_own and not callbacks_of(estimator)


def fit_many(
    tasks: Sequence[FitTask],
    *,
    max_epochs: int | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> list[FitOutcome]:
    """Fit the estimators of several tasks, each as its `fit` would alone.

    Small networks of the same layers are trained together, which takes less time: dozens of
    different settings or folds cost little more than a few. An estimator that cannot be trained
    together with others, see `can_join`, is fitted alone.

    Parameters
    ----------
    tasks : sequence of FitTask
        The estimators and their training data. No estimator occurs twice.
    max_epochs : int, optional
        Training pauses after this number of epochs. The estimators then predict as if they had
        ended there, and `progress` of their outcomes, put into their tasks, lets them continue to
        what an uninterrupted fit would be. A schedule of the learning rate with an end, such as
        "one_cycle", is a whole one of this length instead, and the next fit restarts: in the
        middle of a schedule the rate is high, and networks are not comparable. Estimators that are
        fitted alone do not pause.
    should_stop : callable, optional
        Called after each epoch of networks that are trained together, and before each fit alone. If
        it returns True, training ends, and no fit begins.

    Returns
    -------
    outcomes : list of FitOutcome
        One for each task. An error of one task does not affect the others.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C before the first epoch of networks that are trained together. Later, and in fits
        alone, the outcome of all that have not ended is "interrupted".
    """
    shared = SharedRows()
    running = [_RunningFit(task, max_epochs, shared) for task in tasks]
    joined = [fit for fit in running if can_join(fit.task.estimator)]
    for fit in joined:
        fit.start()
    _train([fit for fit in joined if fit.may_pause], should_stop, keep_paused=True)
    while active := [fit for fit in joined if fit.plan is not None]:
        _train(active, should_stop)
    outcome: Outcome | None = None
    if any(fit.outcome == "interrupted" for fit in joined):
        outcome = "interrupted"
    for fit in running:
        if fit in joined:
            continue
        if outcome is None and should_stop and should_stop():
            outcome = "callback"
        if outcome is None:
            fit.run_alone()
        else:
            fit.outcome = outcome
        if fit.outcome == "interrupted":
            outcome = "interrupted"
    return [fit.result() for fit in running]


def _train(
    fits: Sequence["_RunningFit"],
    should_stop: Callable[[], bool] | None,
    *,
    keep_paused: bool = False,
) -> None:
    """Train the networks that some fits have planned."""
    start = time.perf_counter()
    plans = [fit.plan for fit in fits if fit.plan is not None]
    results = fit_networks_of(plans, should_stop, keep_paused=keep_paused)
    seconds = time.perf_counter() - start
    work = [_n_epochs(result) for result in results]
    for fit, result, own in zip(fits, results, work, strict=True):
        fit.seconds += seconds * own / (sum(work) or 1)
        fit.proceed(result)


def _n_epochs(result: FitResult | Exception) -> int:
    """Return the number of epochs of all networks of a fit: its part of the time, about."""
    return 0 if isinstance(result, Exception) else sum(map(len, result.histories))


def _has_more(plan: FitPlan, result: FitResult) -> bool:
    """Return whether training would continue with more epochs, or with a longer schedule."""
    if plan.config.has_horizon:
        return result.history.outcome in COMPLETE
    return bool(result.paused)


class _RunningFit:
    """One of many fits: its steps up to the next training, and its outcome."""

    def __init__(
        self, task: FitTask, max_epochs: int | None = None, shared: SharedRows | None = None
    ) -> None:
        self.task = task
        self.max_epochs = max_epochs
        self.shared = shared
        self.may_pause = False  # whether the plan has more epochs than `max_epochs`
        self.is_partial = False
        self.progress: FitProgress | None = None
        self.plan: FitPlan | None = None
        self.error: BaseException | None = None
        self.outcome: Outcome | None = None
        self.seconds = 0.0
        self.warnings: list[FitWarning] = []
        self.steps: FitSteps[Fitted]

    def start(self) -> None:
        """Validate parameters and data, and plan the first training."""
        estimator, params = self.task.estimator, dict(self.task.params)
        given = self.task.X, self.task.y, params.pop("sample_weight", None)
        given_val = [params.pop(name, None) for name in ("X_val", "y_val", "sample_weight_val")]
        groups = params.pop("groups", None)

        def begin() -> FitPlan:
            if not get_config()["skip_parameter_validation"]:
                estimator._validate_params()
            if params:
                names = ", ".join(map(repr, params))
                raise TypeError(f"{type(estimator).__name__}.fit has no parameter {names}.")
            self.steps = estimator._fit_steps(
                given,
                tuple(given_val),
                groups,
                self.task.progress,
                keep_progress=self.max_epochs is not None,
                shared=self.shared,
            )
            plan = next(self.steps)
            resumed = self.task.progress
            return self._limited(plan.resume(resumed.states) if resumed else plan)

        self._advance(begin)

    def proceed(self, result: FitResult | Exception) -> None:
        """Hand over the result of training, and plan the next one."""
        if isinstance(result, Exception):
            self._advance(lambda: self.steps.throw(result))
        elif self.may_pause and self.plan and _has_more(self.plan, result):
            self.is_partial = True
            if not self.plan.config.has_horizon:
                initial_rng, paused = self.plan.initial_rng or {}, result.paused or []
                self.progress = FitProgress(initial_rng, paused, finished=False, fitted={})
            self.task.estimator._assign(result.attributes)
            self.plan = None
        else:
            self.may_pause = False
            self._advance(lambda: self.steps.send(result))

    def result(self) -> FitOutcome:
        """Return the outcome of the task."""
        return FitOutcome(
            self.error, self.outcome, self.seconds, self.warnings, self.is_partial, self.progress
        )

    def _limited(self, plan: FitPlan) -> FitPlan:
        """Return the plan with at most `max_epochs` if it has more and can be resumed."""
        if self.max_epochs is None or plan.initial_rng is None:
            return plan
        epochs = self.max_epochs
        self.may_pause = any(job.config.epochs > epochs for job in plan.jobs)
        return plan.with_epochs(epochs) if self.may_pause else plan

    def run_alone(self) -> None:
        """Fit the estimator by itself."""
        start = time.perf_counter()
        try:
            if _has_plans(self.task.estimator):
                self._train_alone()
            else:
                self.task.estimator.fit(self.task.X, self.task.y, **self.task.params)
        except KeyboardInterrupt:
            self.outcome = "interrupted"
        except Exception as error:
            self.error = error
        self.seconds = time.perf_counter() - start

    def _train_alone(self) -> None:
        """Train the networks of each plan."""
        self.max_epochs = None
        self.start()
        while self.plan is not None:
            try:
                result: FitResult | Exception = fit_networks(self.plan)
            except Exception as error:
                result = error
            if isinstance(result, FitResult) and result.history.outcome == "interrupted":
                raise KeyboardInterrupt
            self.proceed(result)

    def _advance(self, step: Callable[[], FitPlan]) -> None:
        """Run the steps of the fit up to the next plan, or to the end."""
        start = time.perf_counter()
        self.plan = None
        try:
            self.plan = step()
            self.warnings += self.plan.warnings
        except StopIteration as end:
            _, result, notes = end.value
            self.warnings += [*notes, *self.task.estimator._publish(result)]
            self.outcome = (result.search or result).history.outcome
        except Exception as error:
            self.error = error
        self.seconds += time.perf_counter() - start


@dataclass(frozen=True)
class FitSize:
    """The size of the training of a fit.

    Parameters
    ----------
    n_epochs : int
        Largest number of epochs.
    layers : sequence of int
        Numbers of units, from the encoded inputs to the outputs.
    batch_size : int
        Samples in a step.
    n_networks : int
        Number of members, of all folds.
    dtype : str
        Type of all computations.
    """

    n_epochs: int
    layers: Sequence[int]
    batch_size: int
    n_networks: int
    dtype: str

    @property
    def n_products(self) -> int:
        """The number of multiplications of the forward pass of a batch."""
        return self.batch_size * sum(m * k for m, k in pairwise(self.layers))


def size_of(task: FitTask) -> FitSize:
    """Return the size of the training of a fit, with values for "auto"; nothing is trained.

    Parameters
    ----------
    task : FitTask
        The fit.

    Raises
    ------
    ValueError, TypeError
        If a parameter or the data are invalid.
    """
    fit = _RunningFit(task)
    fit.start()
    if fit.plan is None:
        raise fit.error or ValueError("nothing is trained.")
    job = fit.plan.jobs[0]
    spec, n = job.initial.spec, len(job.data.train.y)
    return FitSize(
        n_epochs=max(job.config.epochs for job in fit.plan.jobs),
        layers=[spec.n_inputs, *spec.hidden_sizes, spec.n_units],
        batch_size=min(n, job.config.batch_size or n),
        n_networks=sum(len(job.initial.networks) for job in fit.plan.jobs),
        dtype=spec.dtype,
    )
