"""Report of all trials, by pairs of learners and by data sets."""

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from stopwatch import geometric_mean
from table_trials import Trial

#: What is shown of a trial, if it is there.
Measure = Callable[[Trial], float | None]

#: The learner that all others are compared with.
OURS = "sknn"

#: Errors are taken for no less than this, so that their ratios exist.
LEAST = 1e-9

#: Log losses are taken for no less than this in ratios.
LEAST_LOSS = 1e-3

#: The learners whose best is compared with, with `--folds`.
BEST_OF = ("linear", "hgb", "catboost")

#: Of the columns of the comparison with the best.
WIDTHS = (5, 8, 28, 28, 5, 9, 28)


def print_report(trials: list[Trial], intervals: list[Trial], best_of: list[str]) -> None:
    """Print all tables, and who failed."""
    learners = list(dict.fromkeys(trial.learner for trial in trials))
    print_pairs(trials, learners)
    print_best_of(trials, learners, best_of)
    print_members(trials)
    print("\nErrors: 1 - accuracy + 0.01, or RMSE / std; * where a seed is missing\n")
    print_sets(trials, learners, lambda trial: trial.error)
    print("\nLog losses\n")
    print_sets(trials, learners, lambda trial: trial.metrics.get("log_loss"))
    print_intervals(intervals)
    for trial in [*trials, *intervals]:
        if trial.failure:
            reason = " ".join(trial.failure.split())[:200]
            print(f"note: {trial.learner} failed on {trial.name}, seed {trial.seed}: {reason};")
            print("      left out of all its means")


def print_pairs(trials: list[Trial], learners: list[str]) -> None:
    """Compare sknn with each other learner, where both ran."""
    if OURS not in learners or len(learners) < 2:
        return
    print(f"\nError of {OURS} / that of the other, over sets and seeds: below 1, {OURS} is better;")
    print("log loss: the mean difference, below 0 likewise, and the geometric mean of the ratio;")
    print("AUC: the mean difference, above 0 likewise; processor seconds of all fits; and the set")
    print("with the greatest ratio of errors\n")
    rows = {
        learner: compared(pairs)
        for learner in learners
        if learner != OURS and (pairs := matched(trials, OURS, learner))
    }
    for head in list(rows.values())[:1]:
        print(f"{'':<16}", *(f"{name:>13}" for name in list(head)[:-1]), "  worst")
    for learner, cells in rows.items():
        *others, last = cells.values()
        print(f"{learner:<16}", *(f"{cell:>13}" for cell in others), f"  {last}")


def print_members(trials: list[Trial]) -> None:
    """Compare what several members answer together with what they answer one by one."""
    pairs = [(trial, by_itself(trial)) for trial in trials if trial.alone]
    if pairs:
        row = compared(pairs)
        print(f"\nError of all members together / that of one of them ({row['pairs']} fits):")
        print(f"mean {row['mean']}, median {row['median']},", end=" ")
        print(f"won-tied-lost {row['won-tied-lost']}; log loss {row['log loss']}")


def by_itself(trial: Trial) -> Trial:
    """Return what its members came to one by one."""
    metrics = {name: value for name, value in trial.alone.items() if name != "error"}
    return replace(trial, metrics=metrics, error=trial.alone["error"])


def matched(trials: Iterable[Trial], one: str, other: str) -> list[tuple[Trial, Trial]]:
    """Return the trials of two learners on the same set and seed, where neither failed."""
    ran = {(trial.learner, *trial.place): trial for trial in trials if trial.metrics}
    return [
        (trial, ran[other, *place])
        for (learner, *place), trial in ran.items()
        if learner == one and (other, *place) in ran
    ]


def compared(pairs: list[tuple[Trial, Trial]]) -> dict[str, str]:
    """Return the cells of a learner's row by their head."""
    ratios = np.array([ratio(*pair) for pair in pairs])
    losses = both("log_loss", pairs)
    timed = [(one.fit_s, other.fit_s) for one, other in pairs if one.fit_s and other.fit_s]
    seconds = np.sum(timed, axis=0) if timed else None
    ours, theirs = ["-", "-"] if seconds is None else [f"{one:.1f}" for one in seconds]
    return {
        "pairs": str(len(pairs)),
        "mean": f"{geometric_mean(ratios):.3f}",
        "median": f"{np.median(ratios):.3f}",
        "won-tied-lost": "-".join(str(np.sum(on)) for on in (ratios < 1, ratios == 1, ratios > 1)),
        "log loss": mean_difference(losses),
        "its ratio": f"{geometric_mean(loss_ratios(losses)):.3f}" if len(losses) else "-",
        "AUC": mean_difference(both("roc_auc", pairs)),
        OURS: ours,
        "other": theirs,
        "worst": worst(by_set((one.name, ratio(one, other)) for one, other in pairs)),
    }


def both(metric: str, pairs: list[tuple[Trial, Trial]]) -> np.ndarray:
    """Return (n, 2) values of a metric, of the pairs where both have it."""
    there = [pair for pair in pairs if all(metric in trial.metrics for trial in pair)]
    return np.array([[trial.metrics[metric] for trial in pair] for pair in there])


def mean_difference(values: np.ndarray) -> str:
    """Return the mean of the first column - the second."""
    return f"{np.mean(values[:, 0] - values[:, 1]):+.3f}" if len(values) else "-"


def loss_ratios(losses: np.ndarray) -> np.ndarray:
    """Return the first column / the second."""
    first, second = np.maximum(losses, LEAST_LOSS).T
    return first / second


def by_set(values: Iterable[tuple[str, float]]) -> dict[str, float]:
    """Return the geometric mean over the seeds of each set."""
    found: dict[str, list[float]] = {}
    for name, value in values:
        found.setdefault(name, []).append(value)
    return {name: geometric_mean(some) for name, some in found.items()}


def worst(ratios: dict[str, float]) -> str:
    """Return the greatest ratio, and its set."""
    name = max(ratios, key=lambda name: ratios[name])
    return f"{ratios[name]:.3f} {name}"


def ratio(one: Trial, other: Trial) -> float:
    """Return the error of one / that of the other."""
    return max(one.error, LEAST) / max(other.error, LEAST)


def print_best_of(trials: list[Trial], learners: list[str], best_of: list[str]) -> None:
    """Compare each learner with the best of some others on each set."""
    if not best_of:
        return
    print(f"\nRMSE, and log loss, / that of the best of {', '.join(best_of)} (without the learner)")
    print("that ran there: geometric mean and worst over the sets; and the lowest R2\n")
    heads = ("sets", "RMSE", "worst", "lowest R2", "sets", "log loss", "worst")
    print(f"{'':<16}", *(f"{head:>{width}}" for head, width in zip(heads, WIDTHS, strict=True)))
    for learner in learners:
        lowest = by_set_mean(trials, learner, "r2")
        name = min(lowest, key=lambda name: lowest[name], default=None)
        cells = [
            *best_of_cells(best_ratios(trials, learner, best_of, rmse_of)),
            f"{lowest[name]:.3f} {name}" if name else "-",
            *best_of_cells(best_ratios(trials, learner, best_of, log_loss_of)),
        ]
        print(f"{learner:<16}", *(f"{cell:>{w}}" for cell, w in zip(cells, WIDTHS, strict=True)))


def best_of_cells(ratios: dict[str, float]) -> list[str]:
    """Return the number of sets, the mean of their ratios and the worst."""
    if not ratios:
        return ["0", "-", "-"]
    return [str(len(ratios)), f"{geometric_mean(list(ratios.values())):.3f}", worst(ratios)]


def best_ratios(
    trials: list[Trial], learner: str, best_of: list[str], measure: Measure
) -> dict[str, float]:
    """Return the measure of a learner / the least of the others there, by set."""
    others = [trial for trial in trials if trial.learner in best_of and trial.learner != learner]
    ratios = []
    for trial in trials:
        value = measure(trial) if trial.learner == learner else None
        there = [measure(other) for other in others if other.place == trial.place]
        there = [other for other in there if other is not None]
        if value is not None and there:
            ratios.append((trial.name, value / min(there)))
    return by_set(ratios)


def rmse_of(trial: Trial) -> float | None:
    """Return the RMSE / std in regression."""
    return max(trial.error, LEAST) if "rmse" in trial.metrics else None


def log_loss_of(trial: Trial) -> float | None:
    """Return the log loss in classification."""
    return max(trial.metrics["log_loss"], LEAST_LOSS) if "log_loss" in trial.metrics else None


def by_set_mean(trials: list[Trial], learner: str, metric: str) -> dict[str, float]:
    """Return the mean of a metric over the seeds of each set."""
    found: dict[str, list[float]] = {}
    for trial in trials:
        if trial.learner == learner and metric in trial.metrics:
            found.setdefault(trial.name, []).append(trial.metrics[metric])
    return {name: float(np.mean(some)) for name, some in found.items()}


def print_sets(trials: list[Trial], learners: list[str], measure: Measure) -> None:
    """Print a measure set by set, means over the seeds."""
    print(f"{'':<20}", *(f"{learner:>14}" for learner in learners))
    seeds = {trial.seed for trial in trials}
    for name in dict.fromkeys(trial.name for trial in trials):
        here = [trial for trial in trials if trial.name == name]
        if any(measure(trial) is not None for trial in here):
            cells = [
                cell_of([trial for trial in here if trial.learner == learner], measure, len(seeds))
                for learner in learners
            ]
            print(f"{name:<20}", *(f"{cell:>14}" for cell in cells))


def cell_of(trials: list[Trial], measure: Measure, seeds: int) -> str:
    """Return the mean over the seeds that there are."""
    found = [value for trial in trials if (value := measure(trial)) is not None]
    if not found:
        return "failed" if any(trial.failure for trial in trials) else "-"
    return f"{np.mean(found):.4f}" + ("*" if len(found) < seeds else " ")


def print_intervals(intervals: list[Trial]) -> None:
    """Print which share of the test rows lies between the bounds of nine tenths."""
    if not intervals:
        return
    print(
        "\nBetween the bounds that sknn learnt of nine tenths: the share of test rows, and how far"
    )
    print("the bounds are from each other / std\n")
    print(f"{'':<20}{'covered':>14}{'width':>14}")
    by_name: dict[str, list[Trial]] = {}
    for trial in intervals:
        if trial.metrics:
            by_name.setdefault(trial.name, []).append(trial)
    by_name["mean"] = [trial for trials in by_name.values() for trial in trials]
    for name, trials in by_name.items():
        means = (np.mean([trial.metrics[key] for trial in trials]) for key in ("covered", "width"))
        print(f"{name:<20}", *(f"{mean:>13.3f}" for mean in means))
