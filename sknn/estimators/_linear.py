"""Linear models in the place of networks: no training with a schedule, but a convex minimum."""

import math
from dataclasses import dataclass

import numpy as np

from sknn.engine import LBFGS, Dataset, Embedding, History, Linear, Objective, Sequential, network
from sknn.engine.training import Trainer
from sknn.estimators._blas_threads import engine_threads
from sknn.estimators._fit_plan import FitJob, FitPlan
from sknn.estimators._fit_result import FitResult, result_of
from sknn.estimators._model import ModelSpec
from sknn.estimators._training_state import TrainingState
from sknn.targets import ClassTarget

#: Losses whose linear models are tried.
LOSSES = ("log_loss", "squared_error")

#: Largest number of iterations.
MAX_ITER = 200


def can_be_linear(spec: ModelSpec) -> bool:
    """Return whether networks of a specification can be linear models, with one of `LOSSES`."""
    name = spec.loss_name
    if not (isinstance(name, str) and name in LOSSES) or not spec.hidden_sizes:
        return False
    if isinstance(spec.target, ClassTarget) != (name == "log_loss"):
        return False
    return network.can_be_linear(spec.hidden_sizes, spec.activations, spec.n_units)


@dataclass(frozen=True)
class _Problem:
    """The rows of a job, and its linear model."""

    job: FitJob
    dataset: Dataset
    objective: Objective
    linear: Linear


class LinearModels:
    """The linear models of the rows of each job of a plan, in its networks.

    They minimise the mean loss plus ``alpha / 2`` times the sum of the squared weights, without the
    offsets. The members of a job are equal.

    Parameters
    ----------
    plan : FitPlan
        Its networks are changed in place.

    Attributes
    ----------
    is_possible : bool
        Whether all targets are known, and there are no embeddings, which only training finds.
    """

    def __init__(self, plan: FitPlan) -> None:
        self.plan = plan
        problems = [_problem(job) for job in plan.jobs]
        self.problems = [problem for problem in problems if problem is not None]
        self.is_possible = len(self.problems) == len(problems)

    def fit(self, alpha: float) -> FitResult:
        """Return the models for a strength of the penalty, beginning with the last ones.

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C.
        """
        histories: list[History] = []
        states: list[TrainingState] = []
        with engine_threads(math.inf):
            for problem in self.problems:
                history = _fit(problem, alpha)
                initial = problem.job.initial
                histories += [history] * len(initial.networks)
                states += [TrainingState(state.rng, history=history) for state in initial.states]
        return result_of(self.plan, histories, states, None)


def _problem(job: FitJob) -> _Problem | None:
    """Encode the rows of a job; return None if they have no linear model."""
    spec = job.initial.spec
    rows = spec.dataset(job.data.train, "y", relative_weights=job.config.relative_weights)
    before = _modules_before(job.initial.networks[0])
    if np.isnan(rows.Y).any() or any(isinstance(module, Embedding) for module in before.modules):
        return None
    inputs = before.forward(rows.inputs()).astype(np.float64)
    Y, w = rows.Y.astype(np.float64), None if rows.w is None else rows.w.astype(np.float64)
    loss = spec.loss_for(Y)
    linear = Linear(np.zeros((inputs.shape[1], spec.n_units)), loss.fit_intercept_only(Y, w))
    return _Problem(job, Dataset(inputs, Y, w), Objective(Sequential([linear]), loss, 0.0), linear)


def _fit(problem: _Problem, alpha: float) -> History:
    """Set the weights of the networks of a job, and return the losses of the iterations."""
    objective = Objective(problem.objective.network, problem.objective.loss, alpha)
    trainer = Trainer(LBFGS(), loss_scale=problem.job.initial.spec.loss_scale)
    history = trainer.train(
        objective,
        problem.dataset,
        state=trainer.solver.init(objective),
        epochs=MAX_ITER,
        rng=np.random.RandomState(0),  # not used
    )
    if history.outcome == "interrupted":
        raise KeyboardInterrupt
    history.outcome = "converged"  # or close to it
    for layers in problem.job.initial.networks:
        network.set_linear(layers, problem.linear.W, problem.linear.W0)
    return history


def _modules_before(layers: Sequential) -> Sequential:
    """Return the modules before the first `Linear`: those that encode a table."""
    kinds = [isinstance(module, Linear) for module in layers.modules]
    return Sequential(layers.modules[: kinds.index(True)])
