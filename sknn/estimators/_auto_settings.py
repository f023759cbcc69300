"""cv="auto": settings that `TabularMLP*` chooses by rows held out of the training rows.

Each candidate is a whole training with a schedule of its own: a short cycle of the learning rate
makes another network than a long one that was cut.
"""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    StratifiedShuffleSplit,
    check_cv,
)
from sklearn.utils import check_random_state

from sknn.estimators import _builders
from sknn.estimators._builders import TrainingSettings
from sknn.estimators._callbacks import FitCallbacks
from sknn.estimators._cross_fitting import with_out_of_fold
from sknn.estimators._fit import FitPlan, FitResult, fit_networks
from sknn.estimators._fit_plan import FitInputs, plan_job
from sknn.estimators._folds import Folds, split_folds
from sknn.estimators._messages import FitWarning
from sknn.estimators._refit import train_again
from sknn.estimators._training_state import independent_generator, split_generator
from sknn.estimators._trials import Settings, Trial, Trials, scale_outputs
from sknn.targets import ClassTarget

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP

#: The plan of the networks, their result, and warnings to show.
Fitted = tuple[FitPlan, FitResult, list[FitWarning]]

#: With fewer rows of positive weight nothing is chosen. Up to `MAX_FOLD_ROWS` folds are trained,
#: and with more rows a part of them is held out.
MIN_ROWS, MAX_FOLD_ROWS = 30, 3000

#: Number of folds.
N_FOLDS = 5

#: With folds: numbers of epochs to try before that of max_iter="auto", as long as more are better;
#: all folds of the first `N_WHOLE` numbers are trained.
EPOCHS, N_WHOLE = (8, 25, 80), 2

#: With folds: number of networks that are trained on all rows, that with each number of epochs if
#: several are as good, and largest total number of their epochs, in units of max_iter="auto".
N_MEMBERS, N_MEMBERS_EACH, MAX_EPOCHS = 5, 4, 3

#: Without folds: the fraction of rows to hold out is `HELD_OUT`, but up to `MAX_HELD_OUT` for at
#: least `FEW_HELD_OUT` rows.
HELD_OUT, MAX_HELD_OUT, FEW_HELD_OUT = 0.1, 0.2, 1000

#: Without folds: numbers of epochs in units of max_iter="auto" of short networks, of the longer one
#: that is tried, and factors of weight_decay="auto".
SHORT, LONG, DECAYS = 0.25, 0.5, (1.0, 0.1)

#: If the loss of longer training is at most `MUCH_LOWER` times that of shorter, there is little
#: noise: then the longest is tried by folds, and without folds training takes `EXTENDED` times the
#: epochs of max_iter="auto".
MUCH_LOWER, EXTENDED = 0.6, 3

#: With more rows a single network is trained in the end.
MAX_ROWS_OF_SEVERAL = 20_000


def chooses_settings(mlp: "BaseMLP", inputs: FitInputs) -> bool:
    """Return whether cv="auto" chooses settings for these rows; else it is None."""
    if not (isinstance(mlp.cv, str) and isinstance(mlp.max_iter, str)):
        return False
    if inputs.validation is not None or mlp.warm_start or not _builders.has_horizon(mlp):
        return False
    return mlp.early_stopping in (False, "auto") and _can_split(inputs)


def _can_split(inputs: FitInputs) -> bool:
    """Return whether there are enough rows, groups, and rows of each class."""
    data, n = inputs.data, len(inputs.data.y)
    if n < MIN_ROWS:
        return False
    if data.groups is not None:
        return len(np.unique(data.groups)) >= N_FOLDS
    if not isinstance(inputs.target, ClassTarget) or data.y.ndim > 1:
        return True
    counts = np.unique(data.y, return_counts=True)[1]
    held_out = n / N_FOLDS if n <= MAX_FOLD_ROWS else HELD_OUT * n
    return bool(counts.min() >= 2 and counts.max() >= N_FOLDS and len(counts) <= held_out)


def fit_best_settings(mlp: "BaseMLP", inputs: FitInputs, callbacks: FitCallbacks | None) -> Fitted:
    """Choose settings, and train networks on all rows with them."""
    seed = mlp.random_state
    if not isinstance(seed, int | np.integer):  # the same for all candidates
        seed = int(inputs.rng.randint(2**31 - 1))
    one = mlp._with_parameters(random_state=seed, n_members=1)
    by_folds = len(inputs.data.y) <= MAX_FOLD_ROWS
    trials = Trials(one, inputs, _split(one, inputs, by_folds=by_folds), callbacks)
    fit = _fit_by_folds if by_folds else _fit_by_held_out_rows
    return fit(mlp, trials)


def _split(mlp: "BaseMLP", inputs: FitInputs, *, by_folds: bool) -> Folds:
    """Split the rows of positive weight into folds, or hold some out.

    It is by groups, or at random, stratified by class; without `shuffle` in the order of the rows.
    """
    data, n, seed = inputs.data, len(inputs.data.y), mlp.random_state
    classify = isinstance(inputs.target, ClassTarget) and data.y.ndim == 1
    size = max(HELD_OUT, min(MAX_HELD_OUT, FEW_HELD_OUT / n))
    cv: Any
    if data.groups is not None:
        drawn = GroupShuffleSplit(1, test_size=size, random_state=seed)
        cv = GroupKFold(N_FOLDS) if by_folds else drawn
    elif not mlp.shuffle:
        last = np.arange(n) >= n - round(size * n)
        cv = KFold(N_FOLDS) if by_folds else check_cv([(~last, last)])
    elif by_folds:
        kind = StratifiedKFold if classify else KFold
        cv = kind(N_FOLDS, shuffle=True, random_state=seed)
    else:
        drawn = StratifiedShuffleSplit if classify else ShuffleSplit
        cv = drawn(1, test_size=size, random_state=seed)
    rows = np.flatnonzero(inputs.rows.is_positive)
    with warnings.catch_warnings():  # a class with fewer rows than folds is no problem
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        splits = list(cv.split(np.zeros(n), data.y if classify else None, data.groups))
    pairs = [(rows[train], rows[test]) for train, test in splits]
    return split_folds(pairs, inputs.X, inputs.rows, None, classify=classify)


def _auto(mlp: "BaseMLP", inputs: FitInputs) -> TrainingSettings:
    """Return the settings of max_iter="auto" and weight_decay="auto"."""
    return mlp._training_settings(inputs.data, inputs.target.loss(mlp._loss_name(inputs.target)))


def _fit_by_folds(mlp: "BaseMLP", trials: Trials) -> Fitted:
    """Choose numbers of epochs by folds; if that is interrupted, their networks are kept."""
    inputs, longest = trials.inputs, _auto(mlp, trials.inputs).epochs
    best, good = _best_numbers_of_epochs(trials, longest)
    temperature = trials.temperature(trials.average(good))
    result = scale_outputs(best.result, temperature)
    result, notes = with_out_of_fold(best.mlp, best.plan, best.folds, inputs.rows, result)
    result.attributes["_calibration"]["is_approximate"] = True
    chosen = [best.settings] * len(best.result.histories)
    if best.is_complete:
        members = _members(mlp, best, good, longest)
        found = result
        result = train_again(_plan_members(trials, members), best.plan, result, trials.callbacks)
        if result is not found:
            chosen, result = members, scale_outputs(result, temperature)
    result = _with_choice(mlp, result, chosen, temperature)
    return best.plan, result, best.plan.jobs[0].warnings + notes


def _best_numbers_of_epochs(trials: Trials, longest: int) -> tuple[Trial, list[Trial]]:
    """Return the best trial, and all that are worse by at most a standard error.

    Longer training is tried as long as that is better, and the longest if the last was much better.
    Ctrl-C, `max_time` and callbacks end the search: the outcome of the result tells it.
    """
    whole = [trials.first({"max_iter": _numbers_of_epochs(longest)[0]})]
    best, is_longer_better = whole[0], whole[0].is_complete
    for epochs in _numbers_of_epochs(longest)[1:]:
        if not is_longer_better or (epochs == longest and not _is_much_better(trials, whole)):
            break
        try:
            gradually = epochs not in EPOCHS[:N_WHOLE]
            trial, is_longer_better = trials.compare(
                {"max_iter": epochs}, best, gradually=gradually
            )
        except KeyboardInterrupt:
            best.result.history.outcome = "interrupted"
            break
        whole += [trial] if trial else []
        best = whole[-1] if is_longer_better else best
    good = []
    for trial in whole:
        difference, error = trials.difference(trial, best)
        good += [trial] if difference <= error else []
    return best, good


def _numbers_of_epochs(longest: int) -> list[int]:
    """Return the candidates from short to long."""
    return [*(epochs for epochs in EPOCHS if epochs < longest), longest]


def _is_much_better(trials: Trials, whole: list[Trial]) -> bool:
    """Return whether the last trial, if not the first, has a much lower loss than that before."""
    if len(whole) == 1:
        return True
    shorter, longer = (trials.loss([trial]) for trial in whole[-2:])
    return longer <= MUCH_LOWER * shorter


def _members(mlp: "BaseMLP", best: Trial, good: list[Trial], longest: int) -> list[Settings]:
    """Return the settings of the networks to train on all rows."""
    if not isinstance(mlp.n_members, str):
        return [best.settings] * int(mlp.n_members)
    allowed = MAX_EPOCHS * longest // sum(trial.settings["max_iter"] for trial in good)
    n = N_MEMBERS if len(good) == 1 else N_MEMBERS_EACH
    return [trial.settings for trial in good for _ in range(max(1, min(n, allowed)))]


def _fit_by_held_out_rows(mlp: "BaseMLP", trials: Trials) -> Fitted:
    """Choose the settings of several networks by rows held out, and train them on all rows.

    If the search is interrupted, the network of its first candidate is kept.
    """
    trial, settings, temperature = _best_members(mlp, trials)
    if settings:
        plan = _plan_members(trials, settings)
        result = fit_networks(plan, trials.callbacks)
    else:
        plan, result, settings = trial.plan, trial.result, [trial.settings]
    result = scale_outputs(result, temperature)
    result = _with_choice(mlp, result, settings, temperature)
    return plan, result, trial.plan.jobs[0].warnings


def _best_members(mlp: "BaseMLP", trials: Trials) -> tuple[Trial, list[Settings], float]:
    """Return a trial, the settings of the networks to train on all rows, and their temperature.

    If a trial was interrupted, it is returned, without settings.
    """
    auto = _auto(mlp, trials.inputs)
    decays: list[float | None] = [None]
    if isinstance(mlp.weight_decay, str):
        decays = [factor * auto.weight_decay for factor in DECAYS]
    short = max(1, round(SHORT * auto.epochs))
    tried: list[Trial] = []
    for decay in decays:
        tried.append(trials.first(_settings(short, decay)))
        if not tried[-1].is_complete:
            return tried[-1], [], 1.0
    best = min(tried, key=lambda trial: trials.loss([trial]))
    longer = {**best.settings, "max_iter": auto.epochs}
    if len(trials.inputs.data.y) > MAX_ROWS_OF_SEVERAL:
        return best, [longer] * _builders.n_members(mlp), trials.temperature(best)
    long = trials.first({**best.settings, "max_iter": max(1, round(LONG * auto.epochs))})
    if not long.is_complete:
        return long, [], 1.0
    together = min([tried, [long], [*tried, long]], key=trials.loss)
    if not isinstance(mlp.n_members, str):
        single = min([best, long], key=lambda trial: trials.loss([trial]))
        together = [single] * int(mlp.n_members)
    if trials.loss([long]) <= MUCH_LOWER * trials.loss([best]):
        longer["max_iter"] *= EXTENDED
    settings = [longer if trial is long else trial.settings for trial in together]
    return best, settings, trials.temperature(trials.average(together))


def _settings(epochs: int, decay: float | None) -> Settings:
    """Return settings to try; without a decay it is that of the estimator."""
    return {"max_iter": epochs} if decay is None else {"max_iter": epochs, "weight_decay": decay}


def _plan_members(trials: Trials, settings: Sequence[Settings]) -> FitPlan:
    """Prepare the training of a network with each of these settings on all rows."""
    inputs, rng = trials.inputs, check_random_state(trials.mlp.random_state)
    groups = [(one, len(list(same))) for one, same in groupby(settings)]
    others = split_generator(independent_generator(rng), max(1, len(groups) - 1))
    jobs = []
    for (one, n_members), own in zip(groups, [rng, *others], strict=False):
        mlp = trials.mlp._with_parameters(**one, n_members=n_members)
        jobs.append(plan_job(mlp, inputs.data, None, inputs.target, own, by_score=False))
    plan = FitPlan(jobs, replace(jobs[0].initial.spec, n_members=len(settings)))
    assert trials.deadline is not None
    return plan.with_deadline(trials.deadline)


def _with_choice(
    mlp: "BaseMLP", result: FitResult, settings: Sequence[Settings], temperature: float
) -> FitResult:
    """Return a result with the attributes that tell what was chosen."""
    chosen: dict[str, Any] = {"member_params_": list(map(dict, settings))}
    if is_classifier(mlp):
        chosen["temperature_"] = temperature
    return replace(result, attributes={**result.attributes, **chosen})
