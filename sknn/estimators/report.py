"""What training tells the user: a line an epoch, and a warning when it did not end well."""

import warnings
from collections.abc import Mapping

from sklearn.exceptions import ConvergenceWarning

from sknn.engine import History


def print_epoch(epoch: int, row: Mapping[str, float]) -> None:
    """Print one readable line."""
    print(f"epoch {epoch:4d}   loss {row['loss']:<12.6g} learning rate {row['rate']:.3g}")


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
            f"Training diverged in epoch {epochs + 1} at learning rate {history.rate:g}: the loss, "
            "a weight or an average of gradients was no longer finite. The weights are those from "
            "before that epoch, and likely useless. Try a smaller learning_rate_init, or scale the "
            "inputs (StandardScaler) and, in regression, the targets (TransformedTargetRegressor).",
            ConvergenceWarning,
        ),
        "interrupted": (
            f"Training was interrupted by the user; the model is that of epoch {epochs}.",
            UserWarning,
        ),
        "exhausted": (
            f"{'lbfgs' if solver == 'lbfgs' else 'Stochastic Optimizer'}: Maximum iterations "
            f"({epochs}) reached and the optimization hasn't converged yet.",
            ConvergenceWarning,
        ),
    }.get(history.outcome, ("", None))
    if category and (out_of_epochs or history.outcome != "exhausted"):
        warnings.warn(message, category, stacklevel=stacklevel + 1)
