"""Pruning: a search sees the score of each epoch, and may end the fit."""

from collections.abc import Callable, Mapping
from numbers import Integral
from typing import Any, Literal, get_args

from sknn.callbacks._epoch_callback import EpochCallback, fit_path

Monitor = Literal["validation_score", "validation_loss", "loss"]


class EarlyPruning(EpochCallback):
    """Callback that reports a value after every epoch, so that a search can end bad fits early.

    It knows no search: `report` is a function of yours. With optuna it reports to the trial and
    raises ``optuna.TrialPruned`` if the trial should be pruned.

    Parameters
    ----------
    report : callable
        Called as ``report(epoch, value)`` after every epoch. If it returns True, training ends and
        the estimator is fitted with the epochs so far. If it raises an error, `fit` ends with that
        error, and the estimator is left as it was before. With anything else training continues.
    monitor : {"validation_score", "validation_loss", "loss"}, default="validation_score"
        The reported value. The first two need validation rows: ``early_stopping=True``, or `X_val`
        and `y_val` in `fit`. A score is the better the larger (``direction="maximize"`` in optuna),
        a loss the smaller.

    Raises
    ------
    TypeError
        If `report` is not callable.
    ValueError
        If `monitor` is none of these; in `fit`, if there are no validation rows for it.

    Notes
    -----
    Epochs are counted from 1, as with `verbose`. With `n_members` or `cv` the value is the mean of
    the networks that trained in the epoch. Epochs without the value, those of ``refit=True``, are
    not reported.

    One object may see several fits, as in `cross_val_score`. No number is reported twice: the next
    fit begins after `max_iter` epochs (if it is a number), wherever the last one has ended, so that
    equal numbers are equal epochs in each trial. Use a new object for each trial. Set
    ``error_score="raise"`` in `cross_val_score` and searches of scikit-learn: otherwise an error
    that `report` raises counts as a failed fit there. In the searches of `sknn.search` candidates
    are trained together and not reported.

    Examples
    --------
    >>> import optuna  # doctest: +SKIP
    >>> from sknn import MLPClassifier
    >>> from sknn.callbacks import EarlyPruning
    >>> def objective(trial):
    ...     def report(epoch, value):
    ...         trial.report(value, epoch)
    ...         if trial.should_prune():
    ...             raise optuna.TrialPruned
    ...     rate = trial.suggest_float("learning_rate_init", 1e-4, 0.1, log=True)
    ...     model = MLPClassifier(learning_rate_init=rate, early_stopping=True)
    ...     model.set_callbacks(EarlyPruning(report)).fit(X, y)
    ...     return model.best_validation_score_
    """

    def __init__(
        self, report: Callable[[int, float], Any], *, monitor: Monitor = "validation_score"
    ) -> None:
        if not callable(report):
            raise TypeError(f"report must be a function of (epoch, value), got {report!r}.")
        if monitor not in get_args(Monitor):
            raise ValueError(f"monitor must be one of {get_args(Monitor)}, got {monitor!r}.")
        self.report = report
        self.monitor = monitor
        self._offsets: dict[tuple[Any, ...], int] = {}  # epochs before each fit that is running
        self._last: dict[tuple[Any, ...], int] = {}  # last epoch that each has reported
        self._next_offset = 0

    def teardown(self, estimator: Any, context: Any) -> None:
        """Forget the fits that have ended."""
        for fit in [fit for fit in self._offsets if fit[0] == context.root_uuid]:
            del self._offsets[fit], self._last[fit]

    def _on_epoch(self, estimator: Any, context: Any, metrics: Mapping[str, float]) -> bool:
        """Report the value; return whether the answer is True."""
        fit = (context.root_uuid, *fit_path(context))
        if self.monitor not in metrics:
            if fit in self._offsets:  # the second training of a refit
                return False
            raise ValueError(
                f"EarlyPruning watches the {self.monitor}, but this fit has no validation rows. "
                "Set early_stopping=True, pass X_val and y_val, or set monitor='loss'."
            )
        epoch = self._number(fit, estimator.max_iter, int(metrics["epoch"]))
        return self.report(epoch, metrics[self.monitor]) is True

    def _number(self, fit: tuple[Any, ...], max_iter: Any, epoch: int) -> int:
        """Return the number of an epoch among those of all fits."""
        if fit not in self._offsets:
            self._offsets[fit] = self._last[fit] = self._next_offset
            self._next_offset += int(max_iter) if isinstance(max_iter, Integral) else 0
        # a fit of several trainings, as of refit=True, starts to count from 1 again
        number = max(self._offsets[fit] + epoch, self._last[fit] + 1)
        self._last[fit] = number
        self._next_offset = max(self._next_offset, number)
        return number
