"""L-BFGS: the same objective, on all samples at once, through SciPy."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from sknn.engine._typing import Array, Rng
from sknn.engine.data import Dataset
from sknn.engine.history import Outcome
from sknn.engine.objective import Objective
from sknn.engine.optimizers import State
from sknn.engine.solvers import AfterEpoch, Solver

#: What SciPy says of a minimisation: 1 is out of iterations or evaluations, 2 a line search that
#: failed.
OUTCOMES: Mapping[int, Outcome] = {0: "converged", 1: "max_iter"}


@dataclass
class LBFGS(Solver):
    """The quasi-Newton method of Byrd, Lu, Nocedal and Zhu (1995), an iteration an epoch.

    Parameters
    ----------
    tol : float, default=1e-4
        It converged when no component of the gradient is larger.
    max_fun : int, default=15000
        How often the objective is evaluated at most.
    """

    tol: float = 1e-4
    max_fun: int = 15000

    def init(self, objective: Objective) -> State:
        """Return the empty state: every run begins without a memory."""
        return {}

    def run(
        self,
        objective: Objective,
        samples: Dataset,
        after_epoch: AfterEpoch,
        *,
        state: State,
        epochs: int,
        rng: Rng,
    ) -> Outcome:
        """Minimise; the loss of an epoch is the objective after it, its rate is not a number."""
        parameters, members = objective.parameters, math.prod(objective.members)
        X, Y, w = samples[:]
        last_loss, iterations = math.nan, 0

        def value_and_gradient(vector: Array) -> tuple[float, Array]:
            nonlocal last_loss
            parameters.vector[...] = vector
            last_loss = objective.value_and_gradient(X, Y, w)
            return last_loss, parameters.gradient.astype(np.float64)

        def after_iteration(vector: Array) -> None:
            nonlocal iterations
            iterations += 1
            parameters.vector[...] = vector
            if after_epoch(last_loss / members, math.nan):
                raise _EndedError

        start = parameters.vector.astype(np.float64)
        options = {
            "maxiter": epochs,
            "maxfun": self.max_fun,
            "gtol": self.tol,
        }
        try:
            result = minimize(
                value_and_gradient,
                start,
                method="L-BFGS-B",
                jac=True,
                callback=after_iteration,
                options=options,
            )
            if not iterations:  # it began at the minimum, or where the loss is not finite
                after_iteration(result.x)
        except _EndedError:
            return "max_iter"
        parameters.vector[...] = result.x
        return OUTCOMES.get(result.status, "line_search_failed")


class _EndedError(Exception):
    """Training was told to end."""
