"""Messages to the user: a line per epoch, and warnings about inputs or convergence."""

import math
from collections.abc import Mapping

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknn.engine import History, Loss
from sknn.engine._typing import Array
from sknn.engine.history import Outcome
from sknn.targets import RealTarget

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

#: Means and standard deviations of y above this, and deviations below its inverse, are unscaled.
UNSCALED_TARGET = 10

#: Number of rows that are examined.
EXAMINED_ROWS = 1000

#: Columns with a smaller fraction of rows that differ from the rest are not examined.
MIN_VARYING_FRACTION = 0.01

#: Maximum number of columns with small, and with large, scales that a warning names.
MAX_NAMED_COLUMNS = 3

#: Warning of `partial_fit` for a learning rate.
SPENT = (
    "learning_rate={!r} has run its course, of max_iter epochs: it is close to 0 from now on, and "
    "this call has hardly changed the weights. For a stream set learning_rate='constant' (or "
    "'invscaling') with a smaller learning_rate_init{}, or a larger max_iter."
)

#: A message and its category, for `warnings.warn`.
FitWarning = tuple[str, type[Warning]]


#: Warning of a fit in which cv="auto" chooses nothing.
GROUPS_UNUSED = (
    "groups are not used: cv='auto' chooses nothing with these parameters and rows (see its "
    "documentation), so that no rows are held out. Set cv=GroupKFold(5), for example."
)


def epoch_metrics(training: int, epoch: int, row: Mapping[str, float]) -> dict[str, float]:
    """Return the known values of an epoch, for callbacks; none if no network was trained in it.

    `training` is the number of the training in the fit, from 1.
    """
    if not row:
        return {}
    names = {"rate": "learning_rate"}
    known = {names.get(key, key): row.get(key, math.nan) for key in COLUMNS}
    return {"training": training, "epoch": epoch} | {
        key: v for key, v in known.items() if not math.isnan(v)
    }


def print_epoch(epoch: int, row: Mapping[str, float]) -> None:
    """Print losses, score and learning rate of an epoch."""
    known = {key: name for key, name in COLUMNS.items() if not math.isnan(row.get(key, math.nan))}
    columns = [f"{name} {row[key]:<10.5g}" for key, name in known.items()]
    print(f"epoch {epoch:4d}   {'  '.join(columns)}".rstrip())


def training_warnings(
    history: History, solver: str, *, networks: str = "", warn_max_iter: bool = True
) -> list[FitWarning]:
    """Return the warnings about how training ended, of which `networks` if there are several."""
    of, by = (f" {word} {networks}" if networks else "" for word in ("of", "by"))
    epochs, lbfgs = len(history.rows), solver == "lbfgs"
    if history.outcome == "diverged":
        rate = "" if math.isnan(history.rate) else f" at learning rate {history.rate:g}"
        reason = "the loss, a weight or an average of gradients was no longer finite"
        if not math.isnan(history.final_loss):
            reason = (
                f"the loss ended at {history.final_loss:.3g}, that of the best constant prediction "
                f"is {history.baseline_loss:.3g}"
            )
        message = (
            f"Training{of} diverged in epoch {epochs + 1}{rate}: {reason}. The weights are those "
            "from before that epoch, and likely useless. Try "
            f"{'' if lbfgs else 'a smaller learning_rate_init, or '}to scale the "
            "inputs (StandardScaler) and, in regression, the targets (standardize_y=True)."
        )
        return [(message, ConvergenceWarning)]
    if history.outcome == "interrupted":
        kept = f"the model is that of epoch {history.kept_epoch}"
        if networks:
            kept = "each network is that of its last finished epoch"
        message = f"Training was interrupted by the user; {kept}."
        return [(message, UserWarning)]
    if history.outcome == "max_iter" and warn_max_iter:
        message = (
            f"{'lbfgs' if lbfgs else 'Stochastic Optimizer'}: Maximum iterations "
            f"({epochs}) reached{by} and the optimization hasn't converged yet. Raise max_iter"
            f"{' or max_fun' if lbfgs else ''}."
        )
        return [(message, ConvergenceWarning)]
    if history.outcome == "line_search_failed":
        message = (
            f"{solver}{of} ended after {epochs} iterations: its line search found no better "
            "weights, though the gradient is still above tol. Scale the inputs, or try "
            "dtype='float64'."
        )
        return [(message, ConvergenceWarning)]
    return []


def scale_warnings(X: object, names: Array | None) -> list[FitWarning]:
    """Return a warning that names columns, if their scales differ widely.

    X holds some rows, at most `EXAMINED_ROWS`; a sparse matrix or a frame is not examined.
    """
    if not isinstance(X, np.ndarray) or len(X) < 2:
        return []
    rows = X.astype(np.float64)
    first = np.count_nonzero(rows != rows[0], axis=0)
    middle = np.count_nonzero(rows != rows[len(rows) // 2], axis=0)
    varies = np.minimum(first, middle) >= MIN_VARYING_FRACTION * len(rows)
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
        "from such inputs; scale them, for example with make_pipeline(StandardScaler(), ...), or "
        "use TabularMLPClassifier or TabularMLPRegressor, which take tables as they are."
    )
    return [(message, UserWarning)]


def target_warnings(
    target: RealTarget, loss: Loss, *, mean_is_free: bool, large_is_free: bool
) -> list[FitWarning]:
    """Return a warning if the raw outputs that y needs are far from 1 in size.

    Parameters
    ----------
    target : RealTarget
        The target as it would be standardized.
    loss : Loss
        Its output activation is linear or exponential, or else y is not examined.
    mean_is_free : bool
        Whether the network starts at the best constant prediction.
    large_is_free : bool
        Whether the solver finds large weights, as "lbfgs" does.
    """
    if target.center is None or target.scale is None:
        return []
    center, scale = target.center, target.scale
    if loss.out_activation == "exp":
        center, scale = np.log(scale), np.ones(len(scale))
    size = np.maximum(scale, 0 if mean_is_free else np.abs(center))
    unscaled = ((size > UNSCALED_TARGET) & (not large_is_free)) | (scale < 1 / UNSCALED_TARGET)
    if not unscaled.any():
        return []
    j = int(np.flatnonzero(unscaled)[0])
    where = f"column {j} of y" if len(scale) > 1 else "y"
    measured = f"mean {target.center[j]:.3g} and standard deviation {target.scale[j]:.3g}"
    if loss.out_activation == "exp":
        measured = f"mean {target.scale[j]:.3g}"
    message = (
        f"The targets look unscaled: {where} has {measured}. Networks learn badly from such "
        "targets, however long they train; set standardize_y=True, which keeps predictions in the "
        "units of y."
    )
    return [(message, UserWarning)]


def _named(columns: Array, names: Array | None) -> str:
    """Format columns by name, or by number if they have no names."""
    if names is None:
        return "columns " + ", ".join(map(str, columns))
    return ", ".join(repr(str(names[j])) for j in columns)
