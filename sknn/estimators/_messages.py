"""What training tells the user: a line an epoch, and a warning when it did not end well."""

import math
import warnings
from collections.abc import Mapping

from sklearn.exceptions import ConvergenceWarning

from sknn.engine import History
from sknn.engine.history import Outcome

#: What `verbose` says of the end of training.
ENDINGS: Mapping[Outcome, str] = {
    "max_iter": "all that were asked for",
    "schedule_finished": "the learning rate has run its course",
    "converged": "no improvement any more",
    "line_search_failed": "no better weights found",
    "diverged": "the next one diverged",
    "interrupted": "interrupted by the user",
    "max_time": "max_time is over",
    "callback": "a callback asked for it",
}

#: The columns of a line, by what a row of the history calls them.
COLUMNS = {
    "loss": "loss",
    "validation_loss": "validation loss",
    "validation_score": "score",
    "rate": "learning rate",
}


def print_epoch(epoch: int, row: Mapping[str, float]) -> None:
    """Print one readable line."""
    known = {key: name for key, name in COLUMNS.items() if not math.isnan(row.get(key, math.nan))}
    columns = [f"{name} {row[key]:<10.5g}" for key, name in known.items()]
    print(f"epoch {epoch:4d}   {'  '.join(columns)}".rstrip())


def print_recalled(epochs: int, file: object, *, finished: bool) -> None:
    """Print what a checkpoint tells of earlier."""
    print(
        f"was finished before: {file}" if finished else f"goes on after epoch {epochs} from {file}"
    )


def print_refit(epochs: int) -> None:
    """Print that training begins anew."""
    print(f"training again, on all rows, for {epochs} epochs")


def print_end(history: History) -> None:
    """Print why training ended."""
    print(f"ended after {len(history)} epochs: {ENDINGS[history.outcome]}")


def warn_of(history: History, *, solver: str, stacklevel: int, out_of_epochs: bool = True) -> None:
    """Warn of a training that diverged, was interrupted, or ran out of epochs.

    Parameters
    ----------
    history : History
        Its outcome decides.
    solver : str
        Its name.
    stacklevel : int
        Frames between here and the line to blame, this function's own not counted.
    out_of_epochs : bool, default=True
        Whether running out of epochs is worth a warning; in a stream it is not.
    """
    epochs = len(history)
    message, category = {
        "diverged": (
            f"Training diverged in epoch {epochs + 1}{_at_rate(history)}: the loss, a weight or an "
            "average of gradients was no longer finite. The weights are those from before that "
            f"epoch, and likely useless. Try {'' if solver == 'lbfgs' else _SMALLER}to scale the "
            "inputs (StandardScaler) and, in regression, the targets (TransformedTargetRegressor; "
            "for poisson and gamma divide them by their mean).",
            ConvergenceWarning,
        ),
        "interrupted": (
            f"Training was interrupted by the user; the model is that of epoch {history.kept_epoch}.",
            UserWarning,
        ),
        "max_iter": (
            f"{'lbfgs' if solver == 'lbfgs' else 'Stochastic Optimizer'}: Maximum iterations "
            f"({epochs}) reached and the optimization hasn't converged yet. Raise max_iter"
            f"{' or max_fun' if solver == 'lbfgs' else ''}.",
            ConvergenceWarning,
        ),
        "line_search_failed": (
            f"{solver} ended after {epochs} iterations: its line search found no better weights, "
            "though the gradient is still above tol. Scale the inputs, or try dtype='float64'.",
            ConvergenceWarning,
        ),
    }.get(history.outcome, ("", None))
    if category and (out_of_epochs or history.outcome != "max_iter"):
        warnings.warn(message, category, stacklevel=stacklevel + 1)


_SMALLER = "a smaller learning_rate_init, or "


def _at_rate(history: History) -> str:
    return "" if math.isnan(history.rate) else f" at learning rate {history.rate:g}"
