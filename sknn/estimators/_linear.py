"""Linear models in the place of networks: no training with a schedule, but a convex minimum."""

import numpy as np

from sknn.engine import LBFGS, Dataset, Embedding, History, Linear, Objective, Sequential, network
from sknn.engine.training import Trainer
from sknn.estimators._fit import FitJob, FitPlan, FitResult, result_of
from sknn.estimators._model import ModelSpec
from sknn.estimators._training_state import TrainingState
from sknn.targets import ClassTarget

#: Losses whose linear models are tried.
LOSSES = ("log_loss", "squared_error")

#: Largest number of iterations.
MAX_ITER = 200


def can_be_linear(spec: ModelSpec) -> bool:
    """Return whether networks of a specification can be linear models, and are worth trying."""
    name = spec.loss_name
    if not (isinstance(name, str) and name in LOSSES) or not spec.hidden_sizes:
        return False
    if isinstance(spec.target, ClassTarget) != (name == "log_loss"):
        return False
    return network.can_be_linear(spec.hidden_sizes, spec.activations, spec.n_units)


def fit_linear(plan: FitPlan, alpha: float) -> FitResult | None:
    """Give all networks of a plan the weights of the linear models of their rows.

    They minimise the mean loss plus ``alpha / 2`` times the sum of the squared weights, without the
    offsets. The members of a job are equal. The result is None if a target is not known, or if
    there are embeddings, which only training finds.

    Parameters
    ----------
    plan : FitPlan
        Its networks are changed in place.
    alpha : float
        Strength of the penalty.
    """
    histories: list[History] = []
    states: list[TrainingState] = []
    for job in plan.jobs:
        history = _fit_job(job, alpha)
        if history is None:
            return None
        histories += [history] * len(job.initial.networks)
        states += [TrainingState(state.rng) for state in job.initial.states]
    return result_of(plan, histories, states, None)


def _fit_job(job: FitJob, alpha: float) -> History | None:
    """Set the weights of the networks of a job, and return the losses of the iterations."""
    spec = job.initial.spec
    rows = spec.dataset(job.data.train, "y", relative_weights=job.config.relative_weights)
    first, *_ = job.initial.networks
    before = _modules_before(first)
    if np.isnan(rows.Y).any() or any(isinstance(module, Embedding) for module in before.modules):
        return None
    inputs = before.forward(rows.inputs()).astype(np.float64)
    Y, w = rows.Y.astype(np.float64), None if rows.w is None else rows.w.astype(np.float64)
    dataset, loss = Dataset(inputs, Y, w), spec.loss_for(Y)
    linear = Linear(np.zeros((inputs.shape[1], spec.n_units)), loss.fit_intercept_only(Y, w))
    objective = Objective(Sequential([linear]), loss, alpha)
    trainer = Trainer(LBFGS(), loss_scale=spec.loss_scale)
    state = trainer.solver.init(objective)
    rng = np.random.RandomState(0)  # not used
    history = trainer.train(objective, dataset, state=state, epochs=MAX_ITER, rng=rng)
    history.outcome = "converged"
    for layers in job.initial.networks:
        network.set_linear(layers, linear.W, linear.W0)
    return history


def _modules_before(layers: Sequential) -> Sequential:
    """Return the modules before the first `Linear`: those that encode a table."""
    kinds = [isinstance(module, Linear) for module in layers.modules]
    return Sequential(layers.modules[: kinds.index(True)])
