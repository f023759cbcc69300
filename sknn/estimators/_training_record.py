"""The fitted attributes with training curves and counters, of one network or of several."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from sknn.engine import History
from sknn.engine._typing import Array
from sknn.estimators._training_state import TrainingState

#: Names of the curves of several networks, an array of shape (n_epochs, n_networks) each, by the
#: attribute that holds their mean.
MEMBER_CURVES = {
    "loss_curve_": "member_loss_curves_",
    "validation_scores_": "member_validation_scores_",
    "validation_loss_curve_": "member_validation_loss_curves_",
}


def training_record(
    states: Sequence[TrainingState],
    histories: Sequence[History],
    n_samples: Sequence[int],
    n_folds: int = 1,
) -> dict[str, Any]:
    """Return the attributes for these networks; curves continue those of the states.

    With several networks a curve is the mean over those that made the epoch, and a number is an
    array with one for each network, or for each fold.
    """
    pairs = list(zip(states, histories, strict=True))
    losses = [[*state.loss_curve, *history.column("loss")] for state, history in pairs]
    rates = [[*state.learning_rates, *history.column("rate")] for state, history in pairs]
    lowest = [min([state.best_loss, *history.column("loss")]) for state, history in pairs]
    n_epochs = np.array(list(map(len, losses)))
    kept = n_epochs + [history.kept_epoch - len(history) for history in histories]
    seen = [
        state.n_samples_seen + len(history) * n
        for (state, history), n in zip(pairs, n_samples, strict=True)
    ]
    curves = {"loss_curve_": losses}
    if any("validation_score" in history.rows[0] for history in histories if history.rows):
        curves["validation_scores_"] = [h.column("validation_score") for h in histories]
        curves["validation_loss_curve_"] = [h.column("validation_loss") for h in histories]
    means = {name: mean_curve(columns) for name, columns in curves.items()}
    scores = means.get("validation_scores_")
    known = [score for score in scores or () if not math.isnan(score)]
    record: dict[str, Any] = {
        "validation_scores_": None,
        "validation_loss_curve_": None,
        **means,
        "learning_rates_": mean_curve(rates),
        "loss_": means["loss_curve_"][-1] if means["loss_curve_"] else math.inf,
        "best_loss_": lowest[0]
        if len(lowest) == 1
        else min(means["loss_curve_"], default=math.inf),
        "n_iter_": _by_fold(n_epochs, n_folds),
        "best_iteration_": _by_network(kept, n_folds),
        "t_": _by_fold(np.array(seen), n_folds),
        "best_validation_score_": max(known) if known else None,
    }
    if len(losses) > 1:
        record |= {MEMBER_CURVES[name]: as_columns(columns) for name, columns in curves.items()}
    return record


def mean_curve(columns: Sequence[Sequence[float]]) -> list[float]:
    """Return the mean over the networks that made each epoch."""
    if len(columns) == 1:
        return list(columns[0])
    table = as_columns(columns)
    made = np.arange(len(table))[:, None] < [len(column) for column in columns]
    means = np.where(made, table, 0).sum(axis=1) / made.sum(axis=1)
    largest = np.where(made, table, -np.inf).max(axis=1)
    is_equal = (np.where(made, table, np.inf).min(axis=1)) == largest
    return np.where(is_equal, largest, means).tolist()


def as_columns(columns: Sequence[Sequence[float]]) -> Array:
    """Return curves as the columns of an array, NaN after the last epoch of each."""
    table = np.full((max(map(len, columns)), len(columns)), np.nan)
    for j, column in enumerate(columns):
        table[: len(column), j] = column
    return table


def _by_network(numbers: Array, n_folds: int) -> Any:
    """Return an integer for one network, else an array (n_members,), (K,) or (K, n_members)."""
    if len(numbers) == 1:
        return int(numbers[0])
    return numbers if n_folds in (1, len(numbers)) else numbers.reshape(n_folds, -1)


def _by_fold(numbers: Array, n_folds: int) -> Any:
    """Return the largest number, with several folds that of each."""
    return int(numbers.max()) if n_folds == 1 else numbers.reshape(n_folds, -1).max(axis=1)
