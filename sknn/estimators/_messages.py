"""Messages to the user: a line per epoch, and warnings about inputs or convergence."""

import math
from collections.abc import Mapping

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknn.engine import History
from sknn.engine._typing import Array
from sknn.engine.history import Outcome

#: Reasons why training ended, for `verbose`.
OUTCOMES: Mapping[Outcome, str] = {
    "max_iter": "max_iter is reached",
    "schedule_finished": "the learning rate schedule is finished",
    "converged": "no improvement any more",
    "line_search_failed": "the line search found no better weights",
    "diverged": "the next one diverged",
    "interrupted": "interrupted by the user",
    "max_time": "max_time is over",
    "callback": "a callback asked for it",
}

#: Columns of the printed line, by name in the history.
COLUMNS = {
    "loss": "loss",
    "validation_loss": "validation loss",
    "validation_score": "score",
    "rate": "learning rate",
}

#: Ratio of standard deviations from which inputs count as unscaled.
UNSCALED_RATIO = 1000

#: Number of rows that are examined.
EXAMINED_ROWS = 1000

#: Columns with a smaller fraction of rows that differ from the rest are not examined.
MIN_VARYING_FRACTION = 0.01

#: Maximum number of columns with small, and with large, scales that a warning names.
MAX_NAMED_COLUMNS = 3

#: A message and its category, for `warnings.warn`.
FitWarning = tuple[str, type[Warning]]


def print_epoch(epoch: int, row: Mapping[str, float]) -> None:
    """Print losses, score and learning rate of an epoch."""
    known = {key: name for key, name in COLUMNS.items() if not math.isnan(row.get(key, math.nan))}
    columns = [f"{name} {row[key]:<10.5g}" for key, name in known.items()]
    print(f"epoch {epoch:4d}   {'  '.join(columns)}".rstrip())


def training_warnings(
    history: History, solver: str, *, warn_max_iter: bool = True
) -> list[FitWarning]:
    """Return the warnings about how training ended.

    Parameters
    ----------
    history : History
        History of the fit, with its outcome.
    solver : str
        Name of the solver.
    warn_max_iter : bool, default=True
        Whether to warn if the maximum number of epochs is reached; False in `partial_fit`.
    """
    epochs, lbfgs = len(history), solver == "lbfgs"
    if history.outcome == "diverged":
        rate = "" if math.isnan(history.rate) else f" at learning rate {history.rate:g}"
        reason = "the loss, a weight or an average of gradients was no longer finite"
        if not math.isnan(history.final_loss):
            reason = (
                f"the loss ended at {history.final_loss:.3g}, that of the best constant prediction "
                f"is {history.baseline_loss:.3g}"
            )
        message = (
            f"Training diverged in epoch {epochs + 1}{rate}: {reason}. The weights are those from "
            "before that epoch, and likely useless. Try "
            f"{'' if lbfgs else 'a smaller learning_rate_init, or '}to scale the "
            "inputs (StandardScaler) and, in regression, the targets (standardize_y=True)."
        )
        return [(message, ConvergenceWarning)]
    if history.outcome == "interrupted":
        message = (
            "Training was interrupted by the user; the model is that of epoch "
            f"{history.kept_epoch}."
        )
        return [(message, UserWarning)]
    if history.outcome == "max_iter" and warn_max_iter:
        message = (
            f"{'lbfgs' if lbfgs else 'Stochastic Optimizer'}: Maximum iterations "
            f"({epochs}) reached and the optimization hasn't converged yet. Raise max_iter"
            f"{' or max_fun' if lbfgs else ''}."
        )
        return [(message, ConvergenceWarning)]
    if history.outcome == "line_search_failed":
        message = (
            f"{solver} ended after {epochs} iterations: its line search found no better weights, "
            "though the gradient is still above tol. Scale the inputs, or try dtype='float64'."
        )
        return [(message, ConvergenceWarning)]
    return []


def scale_warnings(X: object, names: Array | None) -> list[FitWarning]:
    """Return a warning with the names of columns, if the scales of X differ widely.

    Parameters
    ----------
    X : array or sparse matrix of shape (n, m)
        Validated inputs. Sparse ones are not examined, since centring would make them dense.
    names : array of str of shape (m,) or None
        Names of the columns.
    """
    if not isinstance(X, np.ndarray) or len(X) < 2:
        return []
    rows = X[:: -(-len(X) // EXAMINED_ROWS)].astype(np.float64)
    differing = [np.count_nonzero(rows != rows[i], axis=0) for i in (0, len(rows) // 2)]
    varies = np.minimum(*differing) >= MIN_VARYING_FRACTION * len(rows)
    with np.errstate(over="ignore", invalid="ignore"):
        spread = np.where(varies, rows.std(axis=0), 0)
    known = np.flatnonzero(np.isfinite(spread) & (spread > 0))
    if not known.size:
        return []
    order = known[np.argsort(spread[known])]
    least, most = spread[order[0]], spread[order[-1]]
    if most < UNSCALED_RATIO * least:
        return []
    small = order[spread[order] * UNSCALED_RATIO <= most][:MAX_NAMED_COLUMNS]
    large = order[spread[order] >= least * UNSCALED_RATIO][: -MAX_NAMED_COLUMNS - 1 : -1]
    message = (
        f"The inputs look unscaled: standard deviations reach from {least:.2g} "
        f"({_named(small, names)}) to {most:.2g} ({_named(large, names)}). Networks learn badly "
        "from such inputs; scale them, for example with make_pipeline(StandardScaler(), ...)."
    )
    return [(message, UserWarning)]


def _named(columns: Array, names: Array | None) -> str:
    """Format columns by name, or by number if they have no names."""
    if names is None:
        return "columns " + ", ".join(map(str, columns))
    return ", ".join(repr(str(names[j])) for j in columns)
