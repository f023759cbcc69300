"""The members of an ensemble, and their weights, by greedy selection.

Caruana, Niculescu-Mizil, Crew and Ksikes (2004), "Ensemble Selection from Libraries of Models".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import check_scoring

from sknn.engine._typing import Array
from sknn.estimators.many_fits import joint_best_epoch
from sknn.search._calibration import (
    at_temperature,
    has_temperature,
    temperature_of,
    with_temperature,
)
from sknn.search._evaluation import Evaluation, SearchData
from sknn.search._predicted import as_estimator
from sknn.search._sklearn_compat import score_estimator
from sknn.search.ensemble import Member, SearchEnsemble
from sknn.targets.conformal import absolute_residuals

#: Number of rounds of the selection.
N_ROUNDS = 40

#: The loss of an average of predictions, for all rows.
LossOf = Callable[[Array], float]


def greedy_weights(predictions: Array, loss: LossOf, n_rounds: int = N_ROUNDS) -> Array:
    """Return weights of candidates whose average has a low loss.

    In each round the candidate is added to the average that lowers its loss most, also one that is
    already in it. The weights are those of the round with the lowest loss.

    Parameters
    ----------
    predictions : array of shape (n_candidates, n, ...)
        Out-of-fold predictions of each candidate.
    loss : callable
        ``loss(average)`` of predictions for the same rows; NaN is the worst.
    n_rounds : int
        Number of rounds.

    Returns
    -------
    weights : array of shape (n_candidates,)
        They sum to 1.
    """
    total, counts = np.zeros_like(predictions[0]), np.zeros(len(predictions))
    best, lowest = counts, np.inf
    for n in range(1, n_rounds + 1):
        losses = np.array([loss((total + one) / n) for one in predictions])
        losses[np.isnan(losses)] = np.inf
        chosen = int(losses.argmin())
        total += predictions[chosen]
        counts[chosen] += 1
        if losses[chosen] < lowest or n == 1:
            best, lowest = counts.copy(), losses[chosen]
    weights: Array = best / best.sum()
    return weights


def out_of_fold(
    predictions: Sequence[Array], splits: Sequence[tuple[Any, Any]], n: int
) -> tuple[Array, NDArray[np.bool_]]:
    """Return the mean prediction for each row by the folds that hold it out, and which have one.

    Parameters
    ----------
    predictions : sequence of arrays of shape (n_test, ...)
        Those for the test rows of each split.
    splits : sequence of (train, test)
        Row numbers.
    n : int
        Number of rows.
    """
    total, counts = np.zeros((n, *predictions[0].shape[1:])), np.zeros(n)
    for one, (_, test) in zip(predictions, splits, strict=True):
        np.add.at(total, test, one)
        np.add.at(counts, test, 1)
    known = counts > 0
    total[known] /= counts[known].reshape(-1, *[1] * (total.ndim - 1))
    return total, known


def single_column(values: Array) -> Array:
    """Return numbers of shape (n, 1) as (n,), others as they are."""
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def loss_of(
    y: Array, classes: Array | None, w: Array | None, quantile: float | None = None
) -> Callable[[Array, Any], float]:
    """Return the log loss, or for regressors the squared error, as a function of predictions.

    Parameters
    ----------
    y : array of shape (n,) or (n, n_outputs)
        The targets.
    classes : array of shape (n_classes,) or None
        The classes; None for a regressor.
    w : array of shape (n,) or None
        Sample weights.
    quantile : float, optional
        With it the loss of regressors is the pinball loss.

    Returns
    -------
    loss : callable
        ``loss(predictions, rows)``, the weighted mean for some rows; the predictions of a
        classifier are the probabilities of the true classes.
    """
    if classes is None:
        y = np.asarray(y, dtype=np.float64)
        scale = np.nanstd(y, axis=0)
        scale = np.where(scale > 0, scale, 1.0)
    smallest = np.finfo(np.float64).eps

    def loss(predictions: Array, rows: Any) -> float:
        if classes is None:
            residuals = (y[rows] - predictions) / scale
            losses = residuals**2
            if quantile is not None:
                losses = np.maximum(quantile * residuals, (quantile - 1) * residuals)
            losses = np.nanmean(losses.reshape(len(losses), -1), axis=1)
        else:
            losses = -np.log(np.clip(predictions, smallest, 1))
        return float(np.average(losses, weights=None if w is None else w[rows]))

    return loss


def select(
    predictions: Array,
    known: NDArray[np.bool_],
    folds: Sequence[Any],
    loss: Callable[[Array, Any], float],
) -> tuple[Array, list[Array | None]]:
    """Return the weights of the candidates, and those that are chosen without each fold.

    With the latter the selection is scored on rows that it has not seen; they are None for a fold
    that has all rows.

    Parameters
    ----------
    predictions : array of shape (n_candidates, n, ...)
        Out-of-fold predictions.
    known : array of bool of shape (n,)
        Which rows have any.
    folds : sequence of arrays of int
        The test rows of each fold.
    loss : callable
        As from `loss_of`.
    """

    def weights(rows: NDArray[np.intp]) -> Array | None:
        if not len(rows):
            return None
        return greedy_weights(predictions[:, rows], lambda average: loss(average, rows))

    all_rows = np.flatnonzero(known)
    without = [weights(np.setdiff1d(all_rows, test)) for test in folds]
    chosen = weights(all_rows)
    assert chosen is not None
    return chosen, without


@dataclass(frozen=True)
class Candidate:
    """An estimator with its parameters, and its evaluations on all splits."""

    params: Mapping[str, Any]
    estimator: Any  # not fitted
    evaluations: Sequence[Evaluation]

    @property
    def is_partial(self) -> bool:
        """Whether training ended early in any of the splits."""
        return any(one.is_partial for one in self.evaluations)

    @property
    def can_continue(self) -> bool:
        """Whether training ended early and could continue."""
        return self.is_partial and not any(one.has_short_schedule for one in self.evaluations)

    @property
    def stops_by_score(self) -> bool:
        """Whether the score of held-out rows ended training, in all splits."""
        return all(len(one.curve) > 0 for one in self.evaluations)

    @property
    def n_epochs(self) -> int:
        """The number of epochs: with early stopping, the best one for all splits together."""
        if self.stops_by_score and not self.is_partial:
            return joint_best_epoch([one.curve for one in self.evaluations])
        return max(1, round(float(np.mean([one.n_epochs for one in self.evaluations]))))

    @property
    def fit_time(self) -> float:
        """Seconds of a fit, in the mean."""
        return float(np.mean([one.scores["fit_time"] for one in self.evaluations]))


def build_ensemble(
    candidates: Sequence[Candidate],
    data: SearchData,
    *,
    is_default_score: bool,
    quantile: float | None = None,
) -> tuple[SearchEnsemble, Any]:
    """Return the ensemble of candidates, and its score.

    The score of each fold is that of weights that were chosen without this fold.

    Parameters
    ----------
    candidates : sequence of Candidate
        Those that were evaluated on all splits.
    data : SearchData
        The data and the scorers of the search.
    is_default_score : bool
        Whether the score is the accuracy or R2.
    quantile : float, optional
        The quantile that regressors predict, if they do not predict means.

    Raises
    ------
    ValueError
        If no candidate could be fitted and scored on all splits.
    """
    scored = {
        number: candidate
        for number, candidate in enumerate(candidates)
        if not any(one.estimator is None for one in candidate.evaluations)
    }
    if not scored:
        raise ValueError(
            "ensemble=True: no candidate was trained and scored on all splits. The errors are "
            "those of the warning above."
        )
    y = single_column(np.asarray(data.y))
    parts = [
        out_of_fold([one.prediction for one in candidate.evaluations], data.splits, len(y))
        for candidate in scored.values()
    ]
    for prediction, _ in parts if data.classes is None else []:
        if prediction.shape != y.shape:
            raise ValueError(
                f"ensemble=True needs one prediction for each target of shape {y.shape}, got shape "
                f"{prediction.shape}."
            )
    predictions, known = np.stack([one for one, _ in parts]), parts[0][1]
    w = data.sample_weight
    if w is not None:
        known &= w > 0
    loss = loss_of(y, data.classes, w, quantile)
    folds = [np.asarray(test) for _, test in data.splits]
    rated, temperatures = predictions, [1.0] * len(predictions)
    if data.classes is not None:
        numbers = np.searchsorted(data.classes, y)
        for i, candidate in enumerate(scored.values()):
            temperatures[i] = _calibrate(candidate, predictions[i], known, numbers, w)
        # only the probability of the true class counts
        rated = predictions[:, np.arange(len(y)), numbers]
    weights, without = select(rated, known, folds, loss)
    members = [
        Member(
            candidate.params,
            float(weight),
            [with_temperature(one.estimator, temperature) for one in candidate.evaluations],
            number,
            temperature,
        )
        for (number, candidate), weight, temperature in zip(
            scored.items(), weights, temperatures, strict=True
        )
        if weight > 0
    ]
    members.sort(key=lambda member: -member.weight)
    residuals = fold = None
    if data.classes is None and (fold := fold_of_rows(folds, len(y))) is not None:
        residuals = absolute_residuals(y, np.tensordot(weights, predictions, axes=1))
    n_outputs = 1 if y.ndim == 1 else y.shape[1]
    ensemble = SearchEnsemble(members, data.classes, residuals, fold, n_outputs)
    averages = [
        None if own is None else np.tensordot(own, predictions[:, test], axes=1)
        for test, own in zip(folds, without, strict=True)
    ]
    return ensemble, _mean_score(averages, data, is_default_score=is_default_score)


def _calibrate(
    candidate: Candidate,
    proba: Array,
    known: NDArray[np.bool_],
    numbers: NDArray[np.intp],
    w: Array | None,
) -> float:
    """Bring out-of-fold probabilities to the best temperature, in place, and return it.

    Rows of a class that a fold does not know have no part in it: no temperature would do.
    """
    if not all(has_temperature(one.estimator) for one in candidate.evaluations):
        return 1.0
    usable = known & (proba[np.arange(len(proba)), numbers] > 0)
    if not usable.any():
        return 1.0
    own = None if w is None else w[usable]
    temperature = temperature_of(proba[usable], numbers[usable], own)
    proba[known] = at_temperature(proba[known], temperature)
    return temperature


def fold_of_rows(folds: Sequence[Any], n: int) -> NDArray[np.intp] | None:
    """Return the fold of each row; None unless each is held out exactly once.

    Parameters
    ----------
    folds : sequence of arrays of int
        The test rows of each fold.
    n : int
        Number of rows.
    """
    counts, fold = np.zeros(n), np.empty(n, dtype=np.intp)
    for k, test in enumerate(folds):
        np.add.at(counts, test, 1)
        fold[test] = k
    return fold if (counts == 1).all() else None


def _mean_score(
    averages: Sequence[Array | None], data: SearchData, *, is_default_score: bool
) -> Any:
    """Return the mean score of predictions for the test rows of each split, where there are any."""
    scores = []
    for k, average in enumerate(averages):
        if average is None:
            continue
        params = data.params_of(data.score_params, k, test=True)
        stub = as_estimator(average, data.classes)
        scorers = check_scoring(stub) if is_default_score else data.scorers
        rows = data.rows(stub, k, test=True)
        scores.append(score_estimator(stub, *rows, scorers, params, data.error_score))
    if not scores:
        return np.nan
    if isinstance(scores[0], dict):
        return {name: float(np.mean([one[name] for one in scores])) for name in scores[0]}
    return float(np.mean(scores))
