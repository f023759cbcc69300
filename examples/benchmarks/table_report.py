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


def print_report(trials: list[Trial], intervals: list[Trial]) -> None:
    """Print all tables, and who failed."""
    learners = list(dict.fromkeys(trial.learner for trial in trials))
    print_pairs(trials, learners)
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
    print("log loss: the mean difference, below 0 likewise; processor seconds of all fits\n")
    heads = ("pairs", "mean", "median", "won-tied-lost", "log loss", OURS, "other")
    print(f"{'':<16}", *(f"{head:>14}" for head in heads))
    for learner in learners:
        pairs = matched(trials, OURS, learner)
        if learner != OURS and pairs:
            cells = compared(pairs)
            print(f"{learner:<16}", *(f"{cell:>14}" for cell in cells))


def print_members(trials: list[Trial]) -> None:
    """Compare what several members answer together with what they answer one by one."""
    pairs = [(trial, by_itself(trial)) for trial in trials if trial.alone]
    if pairs:
        count, mean, median, tally, loss, *_ = compared(pairs)
        print(f"\nError of all members together / that of one of them ({count} fits): mean {mean},")
        print(f"median {median}, won-tied-lost {tally}; log loss {loss}")


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


def compared(pairs: list[tuple[Trial, Trial]]) -> list[str]:
    """Return the cells of a learner's row."""
    ratios = np.array([ratio(*pair) for pair in pairs])
    losses = [
        one.metrics["log_loss"] - other.metrics["log_loss"]
        for one, other in pairs
        if "log_loss" in one.metrics and "log_loss" in other.metrics
    ]
    timed = [(one.fit_s, other.fit_s) for one, other in pairs if one.fit_s and other.fit_s]
    seconds = np.sum(timed, axis=0) if timed else None
    return [
        str(len(pairs)),
        f"{geometric_mean(ratios):.3f}",
        f"{np.median(ratios):.3f}",
        "-".join(str(np.sum(which)) for which in (ratios < 1, ratios == 1, ratios > 1)),
        f"{np.mean(losses):+.3f}" if losses else "-",
        *(["-", "-"] if seconds is None else [f"{one:.1f}" for one in seconds]),
    ]


def ratio(one: Trial, other: Trial) -> float:
    """Return the error of one / that of the other."""
    return max(one.error, LEAST) / max(other.error, LEAST)


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
