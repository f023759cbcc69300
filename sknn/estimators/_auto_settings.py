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
from sknn.estimators._cross_fitting import with_out_of_fold
from sknn.estimators._early_stopping import N_SAMPLES_AUTO_EARLY_STOPPING
from sknn.estimators._fit import FitSteps
from sknn.estimators._fit_inputs import FitInputs
from sknn.estimators._fit_plan import FitPlan
from sknn.estimators._fit_result import FitResult, join_results
from sknn.estimators._folds import Folds, split_folds
from sknn.estimators._linear import LinearModels
from sknn.estimators._messages import FitWarning
from sknn.estimators._planning import plan_job
from sknn.estimators._refit import after_search, train_again
from sknn.estimators._training_state import independent_generator, split_generator
from sknn.estimators._trials import Settings, Trial, Trials, scale_outputs
from sknn.estimators._validation.data import ValidatedData
from sknn.targets import ClassTarget

if TYPE_CHECKING:
    from sknn.estimators.base import BaseMLP

#: The plan of the networks, their result, and warnings to show.
Fitted = tuple[FitPlan, FitResult, list[FitWarning]]

#: With fewer rows nothing is chosen.
MIN_ROWS = 30

#: Up to so many rows folds are trained; of more rows a part is held out.
MAX_FOLD_ROWS = 3000

# Settings of the choice by folds

#: Number of folds.
N_FOLDS = 5

#: For this number of epochs and more, the first folds decide whether the others are trained.
MIN_GRADUAL_EPOCHS = 80

#: Largest total number of epochs of the networks that are trained on all rows, in units of
#: max_iter="auto".
MAX_TOTAL_EPOCHS = 3

#: Parts of networks and of linear models, from none of the latter to nothing else.
BLENDS: Sequence[tuple[int, int]] = ((1, 0), (3, 1), (1, 1), (1, 3), (0, 1))

#: The fewest linear models are taken whose loss is above the lowest one by at most so many standard
#: errors.
BLEND_TOLERANCE = 0.5

# Settings of the choice by a part of the rows

#: The fraction that is held out: the first one, or up to the second for at least `MIN_HELD_OUT`.
HELD_OUT_FRACTIONS = (0.1, 0.2)
MIN_HELD_OUT = 1000

#: Epochs of the short networks, and of the longer one that is tried, in units of max_iter="auto".
SHORT_EPOCHS, LONGER_EPOCHS = 0.25, 0.5

#: Factors of weight_decay="auto".
DECAY_FACTORS = (1.0, 0.1)

#: With more rows a single network is trained in the end.
MAX_ENSEMBLE_ROWS = 20_000

#: There is little noise if longer training has at most so many times the loss of shorter.
LOW_NOISE_LOSS_RATIO = 0.65

#: Epochs of tables with little noise, in units of max_iter="auto".
LOW_NOISE_EPOCHS = 3


def disabling_parameter(mlp: "BaseMLP") -> str:
    """Return the name of a parameter with which there is no choice of settings, or ""."""
    stops = mlp.early_stopping  # "auto" depends on the number of rows
    disabled = {
        "cv": not isinstance(mlp.cv, str),
        "max_iter": not isinstance(mlp.max_iter, str),
        "warm_start": mlp.warm_start,
        "solver": not _builders.is_stochastic(mlp),
        "learning_rate": not _builders.has_horizon(mlp),
        "early_stopping": stops and not (isinstance(stops, str) and stops == "auto"),
    }
    return next((name for name, is_disabled in disabled.items() if is_disabled), "")


def auto_trials(mlp: "BaseMLP", inputs: FitInputs) -> Trials | None:
    """Return the trials of cv="auto" on these rows; None if it chooses nothing, as with cv=None."""
    if disabling_parameter(mlp) or inputs.validation is not None:
        return None
    weighted = mlp._class_weighting(inputs.data, inputs.target)
    data = weighted(inputs.data) if weighted else inputs.data
    stops = mlp.early_stopping and len(data.y) > N_SAMPLES_AUTO_EARLY_STOPPING
    if stops or not _can_split(data, inputs):
        return None
    seed = mlp.random_state
    if not isinstance(seed, int | np.integer):  # the same for all candidates
        seed = int(independent_generator(inputs.rng).randint(2**31 - 1))
    one = mlp._with_parameters(random_state=seed, n_members=1)
    folds = _split(one, data, inputs)
    if not _has_all_classes(folds, data, inputs):
        return None
    candidates = _candidates(one, data, inputs)
    try:
        return Trials(one, inputs, data, folds, candidates)
    except ValueError:  # if it is not only about the rows of a fold, the fit to all rows raises it
        return None


def fit_best_settings(mlp: "BaseMLP", trials: Trials) -> FitSteps[Fitted]:
    """Choose settings, and train networks on all rows with them.

    If that is interrupted, the best networks so far are the result: those of the folds,
    or one that was trained without the rows that are held out.
    """
    if not isinstance(mlp.random_state, int | np.integer):
        trials.inputs.rng.randint(2**31 - 1)  # the next fit has other networks
    longest = _auto(trials.mlp, trials.data, trials.inputs).epochs
    by_folds = _is_by_folds(trials.data)
    if by_folds:
        best, good = yield from _best_numbers_of_epochs(trials)
        best, good, settings = _members_of_folds(mlp, trials, best, good, longest)
    else:
        best, good, settings = yield from _best_members(mlp, trials, longest)
    own_temperature, notes = trials.temperature([best]), list[FitWarning]()
    found = scale_outputs(best.result, own_temperature)
    if by_folds:
        found, notes = with_out_of_fold(
            best.mlp, best.plan, best.folds, trials.inputs.rows, found, is_approximate=True
        )
    found = _with_choice(mlp, found, [best.settings] * len(found.histories), own_temperature)
    warned = best.plan.jobs[0].warnings
    if trials.stopped:
        return best.plan, found.with_outcome(trials.stopped), warned + notes
    temperature = own_temperature
    if isinstance(mlp.n_members, str):
        temperature = trials.temperature(good)
    again = _plan_members(trials, settings)
    result, is_new = yield from _train_members(again, settings, found)
    if not is_new:
        return best.plan, result, warned + notes
    if by_folds:
        result = after_search(result, found, with_fold_models=True)
    result = _with_choice(mlp, scale_outputs(result, temperature), settings, temperature)
    return again, result, again.jobs[0].warnings + notes


def _is_by_folds(data: ValidatedData) -> bool:
    """Return whether folds are trained; else a part of the rows is held out."""
    return len(data.y) <= MAX_FOLD_ROWS


def _held_out_fraction(n: int) -> float:
    """Return the fraction of n rows to hold out."""
    low, high = HELD_OUT_FRACTIONS
    return max(low, min(high, MIN_HELD_OUT / n))


def _can_split(data: ValidatedData, inputs: FitInputs) -> bool:
    """Return whether there are enough rows, groups, and rows of each class."""
    n = len(data.y)
    if n < MIN_ROWS:
        return False
    if data.groups is not None:
        return len(np.unique(data.groups)) >= N_FOLDS
    if not _is_stratified(inputs):
        return True
    counts = np.unique(data.y, return_counts=True)[1]
    held_out = n / N_FOLDS if _is_by_folds(data) else _held_out_fraction(n) * n
    return bool(counts.min() >= 2 and counts.max() >= N_FOLDS and len(counts) <= held_out)


def _is_stratified(inputs: FitInputs) -> bool:
    """Return whether y is a single column of classes that exclude each other."""
    return isinstance(inputs.target, ClassTarget) and inputs.data.y.ndim == 1


def _split(mlp: "BaseMLP", data: ValidatedData, inputs: FitInputs) -> Folds:
    """Split the rows that count into folds, or hold some out.

    It is by groups, or stratified by class, at random; without `shuffle` in the order of the rows.
    """
    n, classify, by_folds = len(data.y), _is_stratified(inputs), _is_by_folds(data)
    size = _held_out_fraction(n)
    drawn = {"test_size": size, "random_state": mlp.random_state}
    shuffled = {"shuffle": True, "random_state": mlp.random_state} if mlp.shuffle else {}
    cv: Any
    if data.groups is not None:
        cv = GroupKFold(N_FOLDS) if by_folds else GroupShuffleSplit(1, **drawn)
    elif by_folds:
        cv = (StratifiedKFold if classify else KFold)(N_FOLDS, **shuffled)
    elif mlp.shuffle:
        cv = (StratifiedShuffleSplit if classify else ShuffleSplit)(1, **drawn)
    else:
        last = np.arange(n) >= n - round(size * n)
        cv = check_cv([(~last, last)])
    with warnings.catch_warnings():  # a class with fewer rows than folds is no problem
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        splits = list(cv.split(np.zeros(n), data.y if classify else None, data.groups))
    rows = np.arange(n) if data.row_numbers is None else data.row_numbers
    pairs = [(rows[train], rows[test]) for train, test in splits]
    return split_folds(pairs, inputs.X, inputs.rows, None, classify=classify)


def _has_all_classes(folds: Folds, data: ValidatedData, inputs: FitInputs) -> bool:
    """Return whether the training rows of each fold have all classes of the rows that count."""
    if not _is_stratified(inputs):
        return True
    y, n_classes = inputs.rows.y, len(np.unique(data.y))
    return all(len(np.unique(y[train])) == n_classes for train in folds.train)


def _auto(mlp: "BaseMLP", data: ValidatedData, inputs: FitInputs) -> TrainingSettings:
    """Return the settings of max_iter="auto" and weight_decay="auto"."""
    return mlp._training_settings(data, inputs.target.loss(mlp._loss_name(inputs.target)))


def _candidates(mlp: "BaseMLP", data: ValidatedData, inputs: FitInputs) -> list[Settings]:
    """Return the settings to try, from short to long training, or with less and less decay."""
    auto = _auto(mlp, data, inputs)
    if _is_by_folds(data):
        shorter = [epochs for epochs in mlp._auto_epochs if 2 * epochs <= auto.epochs]
        return [{"max_iter": epochs} for epochs in (*shorter, auto.epochs)]
    short = {"max_iter": max(1, round(SHORT_EPOCHS * auto.epochs))}
    if not isinstance(mlp.weight_decay, str):
        return [short]
    return [{**short, "weight_decay": factor * auto.weight_decay} for factor in DECAY_FACTORS]


def _best_numbers_of_epochs(trials: Trials) -> FitSteps[tuple[Trial, list[Trial]]]:
    """Return the best trial, and all that are worse by at most a standard error.

    Longer training is tried as long as it is better.
    """
    best = yield from trials.first()
    whole, is_longer_better = [best], True
    for settings in trials.candidates[1:]:
        if trials.stopped or not is_longer_better:
            break
        all_folds = settings["max_iter"] < MIN_GRADUAL_EPOCHS
        trial = yield from trials.run(settings, best, all_folds=all_folds)
        if trial is None:
            break
        whole.append(trial)
        is_longer_better = trials.difference(trial, best)[0] < 0
        best = trial if is_longer_better else best
    good = []
    for trial in whole:
        difference, error = trials.difference(trial, best)
        good += [trial] if trial is best or difference <= error else []
    return best, good


def _members_of_folds(
    mlp: "BaseMLP", trials: Trials, best: Trial, good: list[Trial], longest: int
) -> tuple[Trial, list[Trial], list[Settings]]:
    """Return the best trial, those whose networks together are best, and settings of members.

    Linear models are as few of the members as have a loss close to that of the best number.
    """
    if not isinstance(mlp.n_members, str):
        return best, good, [best.settings] * int(mlp.n_members)
    alone, each = mlp._auto_members
    allowed = MAX_TOTAL_EPOCHS * longest // sum(trial.settings["max_iter"] for trial in good)
    n = max(1, min(alone if len(good) == 1 else each, allowed))
    linear = None if trials.stopped else trials.linear()
    networks = trials.average(good)
    parts = BLENDS[0] if linear is None else _best_blend(trials, networks, linear)
    if linear is None or not parts[1]:
        return best, good, [trial.settings for trial in good for _ in range(n)]
    if not parts[0]:
        return linear, [linear], [linear.settings]
    if parts[1] > parts[0]:
        n = -(-n // 2)
    settings = [trial.settings for trial in good for _ in range(n)]
    n_linear = max(1, round(len(settings) * parts[1] / parts[0]))
    blend = [networks] * len(settings) + [linear] * n_linear
    return best, blend, [*settings, *[linear.settings] * n_linear]


def _best_blend(trials: Trials, networks: Trial, linear: Trial) -> tuple[int, int]:
    """Return the parts of networks and of linear models.

    They are compared at the temperature of each, since only networks have smoothed labels.
    """
    blends = [[networks] * a + [linear] * b for a, b in BLENDS]
    averages = [trials.calibrated(blend) for blend in blends]
    best = min(averages, key=lambda one: trials.loss([one]))

    def is_good(average: Trial) -> bool:
        difference, error = trials.difference(average, best)
        return average is best or difference <= BLEND_TOLERANCE * error

    return next(parts for parts, one in zip(BLENDS, averages, strict=True) if is_good(one))


def _best_members(
    mlp: "BaseMLP", trials: Trials, longest: int
) -> FitSteps[tuple[Trial, list[Trial], list[Settings]]]:
    """Return the best trial, those whose networks together are best, and settings of members.

    The members are trained on all rows, the longer one for all epochs, or more.
    """

    def loss_alone(trial: Trial) -> float:
        return trials.loss([trial])

    tried: list[Trial] = [(yield from trials.first())]
    for settings in trials.candidates[1:]:
        if not trials.stopped and (trial := (yield from trials.run(settings))):
            tried.append(trial)
    best = min(tried, key=loss_alone)
    full = {**best.settings, "max_iter": longest}
    if trials.stopped or len(trials.data.y) > MAX_ENSEMBLE_ROWS:
        return best, [best], [full] * _builders.n_members(mlp)
    half = {**best.settings, "max_iter": max(1, round(LONGER_EPOCHS * longest))}
    longer, good = (yield from trials.run(half)), tried
    if longer:
        if loss_alone(longer) <= LOW_NOISE_LOSS_RATIO * loss_alone(best):
            full["max_iter"] *= LOW_NOISE_EPOCHS
        good = min([tried, [longer], [*tried, longer]], key=trials.loss)
        best = min([best, longer], key=loss_alone)
    if not isinstance(mlp.n_members, str):
        good = [best] * int(mlp.n_members)
    return best, good, [full if trial is longer else trial.settings for trial in good]


def _is_linear(settings: Settings) -> bool:
    """Return whether settings are those of a linear model."""
    return "alpha" in settings


def _train_members(
    plan: FitPlan, settings: Sequence[Settings], found: FitResult
) -> FitSteps[tuple[FitResult, bool]]:
    """Train networks, and fit the linear models, which are the last ones of the plan.

    Return their result, or `found` if training did not end, and whether it is new.
    """
    linear = [one for one in settings if _is_linear(one)]
    if not linear:
        return (yield from train_again(plan, found))
    results: list[FitResult] = []
    if len(plan.jobs) > 1:
        result, is_new = yield from train_again(plan.part(slice(-1)), found)
        if not is_new:
            return result, False
        results.append(result)
    models = LinearModels(plan.part(slice(-1, None)))
    try:
        fitted = models.fit(linear[0]["alpha"])
    except KeyboardInterrupt:
        return found.with_outcome("interrupted"), False
    return join_results(plan, [*results, fitted]), True


def _plan_members(trials: Trials, settings: Sequence[Settings]) -> FitPlan:
    """Prepare the training of a network with each of these settings on all rows."""
    inputs, rng = trials.inputs, check_random_state(trials.mlp.random_state)
    groups = [(one, len(list(same))) for one, same in groupby(settings)]
    others = split_generator(independent_generator(rng), len(groups))
    encoding, jobs = None, []
    for (one, n_members), own in zip(groups, [rng, *others[1:]], strict=True):
        own_settings = {} if _is_linear(one) else one
        mlp = trials.mlp._with_parameters(**own_settings, n_members=n_members)
        job = plan_job(
            mlp, inputs.data, None, inputs.target, own, by_score=False, encoding=encoding
        )
        encoding = job.initial.spec.inputs
        jobs.append(job)
    plan = FitPlan(jobs, replace(jobs[0].initial.spec, n_members=len(settings)))
    return plan.with_deadline(trials.deadline)


def _with_choice(
    mlp: "BaseMLP", result: FitResult, settings: Sequence[Settings], temperature: float
) -> FitResult:
    """Return a result with the attributes that tell what was chosen."""
    chosen: dict[str, Any] = {"member_params_": list(map(dict, settings))}
    if is_classifier(mlp):
        chosen["temperature_"] = temperature
    return replace(result, attributes={**result.attributes, **chosen})
