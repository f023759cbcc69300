"""Candidates for the defaults of `TabularMLP*`, judged inside the training parts of tables only.

    python examples/benchmarks/half_out.py --data DIR --data SMALL --out half_out.jsonl
    python examples/benchmarks/half_out.py --data DIR --candidates none,members --seeds 0,1
    python examples/benchmarks/half_out.py --data DIR --candidates candidates.py

Of each set only the training rows of the split of seed 0 in tables.py are used, also of sets that
are cross-validated there: they are split again (75/25, by `--seeds`, the same for all candidates).
Then the sets are halved at random many times: the candidate with the lowest loss on one half is
judged on the other.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when libraries are imported

import argparse
import json
import runpy
import sys
import warnings
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from cross_fitting import (
    add_run_options,
    chosen_entries,
    ignore_warnings,
    key_of,
    listed,
    numbers,
    read_table,
    refuse_strangers,
    run_trials,
)
from table_learners import Problem, sknn
from table_report import LEAST, Measure, log_loss_of, rmse_of, worst
from table_sets import Entry, TableSet
from table_trials import Trial, outcome, try_learner
from threadpoolctl import threadpool_limits

#: Constructor parameters by candidate.
Candidates = Mapping[str, dict[str, Any]]

#: All others are compared with the first of those chosen.
CANDIDATES: Candidates = {
    "none": {"cv": None},
    "auto": {"cv": "auto"},
    "members": {"cv": None, "n_members": 5},
    "cv": {"cv": 5},
    "early_stopping": {"cv": None, "early_stopping": True},
}


def main() -> None:
    """Try all candidates on all sets, and say which is chosen and what the choice costs."""
    options = read_options()
    ignore_warnings()
    entries = chosen_entries(options.data, options.sets)
    folders = {entry.name: str(entry.path.parent) for entry in entries}
    if len(folders) < len(entries):
        sys.exit("the folders of --data have sets of the same name")
    candidates = accepted_candidates(chosen_candidates(options.candidates), entries)
    planned = planned_trials(candidates, entries, options.seeds)
    work = partial(try_candidate, folders, candidates)
    rows = run_trials(planned, work, options, shared=(), outcome=outcome)
    wanted = {key_of(one) for one in planned}
    trials = [Trial.of(row) for row in rows if key_of(row) in wanted]
    print_report(trials, list(candidates), entries, options)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Choose settings on one half of the tables.")
    parser.add_argument(
        "--data", metavar="DIR", action="append", required=True, help="a folder; may be repeated"
    )
    parser.add_argument("--sets", type=listed, default=[], help="separated by commas (all)")
    parser.add_argument(
        "--candidates",
        default=",".join(CANDIDATES),
        help=f"of {', '.join(CANDIDATES)}, or a FILE.py that has CANDIDATES (all)",
    )
    parser.add_argument("--seeds", type=numbers, default=[0, 1, 2], help="of the splits (0,1,2)")
    parser.add_argument("--halvings", type=int, default=200, help="of the sets (200)")
    add_run_options(parser)
    return parser.parse_args()


def chosen_candidates(text: str) -> Candidates:
    """Return the candidates of a file, or those of this program that are named."""
    if text.endswith(".py"):
        return runpy.run_path(text)["CANDIDATES"]
    refuse_strangers("candidates", listed(text), list(CANDIDATES))
    return {name: CANDIDATES[name] for name in listed(text)}


def accepted_candidates(candidates: Candidates, entries: list[Entry]) -> Candidates:
    """Return the candidates that can be fitted; say which are refused."""
    accepted = {}
    kinds = {entry.task == "regression" for entry in entries}
    for name, settings in candidates.items():
        try:
            for is_regression in kinds:
                fit_made_table(settings, is_regression)
        except Exception as error:
            print(f"note: {name} is left out, it is refused: {type(error).__name__}: {error}")
        else:
            accepted[name] = settings
    if not accepted:
        sys.exit("no candidate is accepted")
    return accepted


def fit_made_table(settings: dict[str, Any], is_regression: bool) -> None:
    """Fit one epoch to a small table."""
    X = pd.DataFrame({"x": np.arange(100) % 7})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = sknn(Problem(is_regression), **{**settings, "max_iter": 1})
        model.fit(X, X["x"] / 7.0 if is_regression else X["x"] % 2)


def planned_trials(
    candidates: Candidates, entries: list[Entry], seeds: list[int]
) -> list[dict[str, Any]]:
    """Return what there is to try; a candidate with other settings is another one."""
    texts = {
        name: json.dumps(settings, sort_keys=True, default=repr)
        for name, settings in candidates.items()
    }
    return [
        {"set": entry.name, "seed": seed, "learner": name, "settings": text}
        for entry in entries
        for seed in seeds
        for name, text in texts.items()
    ]


def try_candidate(
    folders: Mapping[str, str], candidates: Candidates, planned: dict[str, Any]
) -> dict[str, Any]:
    """Fit a candidate to a part of the training rows, on one thread, and score it on the others."""
    name, seed = planned["learner"], planned["seed"]
    table = training_part(read_table(folders[planned["set"]], planned["set"]))
    problem = Problem(table.is_regression, seed=seed)
    with threadpool_limits(1):
        build = partial(sknn, problem, **candidates[name])
        return try_learner(name, build, table, seed).row()


def training_part(table: TableSet) -> TableSet:
    """Return the training rows of the split of seed 0; ordered rows are split in their order."""
    train, _ = table.rows(seed=0)
    end = None if table.end is None else int(0.75 * len(train))
    return replace(table, X=table.X.iloc[train], y=table.y[train], end=end)


def print_report(
    trials: list[Trial], candidates: list[str], entries: list[Entry], options: argparse.Namespace
) -> None:
    """Print the means of the candidates, and what choosing on one half of the sets costs."""
    is_regression = {entry.name: entry.task == "regression" for entry in entries}
    losses = log_means(trials, candidates, len(options.seeds), loss_of)
    errors = log_means(trials, candidates, len(options.seeds), error_of)
    for name in is_regression:
        if name not in losses:
            print(f"note: {name} is left out of the report, a candidate failed there")
    if not losses:
        return
    kinds = np.array([is_regression[name] for name in losses])
    print(f"\n{len(candidates)} candidates tried on {len(losses)} sets")
    print_candidates(trials, candidates, losses, errors, kinds)
    if len(losses) > 1:
        values = np.array(list(losses.values()))
        print_halvings(values, candidates, kinds, options.halvings)


def log_means(
    trials: list[Trial], candidates: list[str], seeds: int, measure: Measure
) -> dict[str, np.ndarray]:
    """Return the mean logarithms over the seeds by set, relative to the first candidate.

    A set is left out if a candidate failed there with one of the seeds.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for trial in trials:
        if (value := measure(trial)) is not None:
            found.setdefault(trial.name, {}).setdefault(trial.learner, []).append(np.log(value))
    means = {
        name: np.array([np.mean(by_candidate[one]) for one in candidates])
        for name, by_candidate in found.items()
        if all(len(by_candidate.get(one, ())) == seeds for one in candidates)
    }
    return {name: values - values[0] for name, values in means.items()}


def loss_of(trial: Trial) -> float | None:
    """Return the RMSE / std, or the log loss."""
    return rmse_of(trial) or log_loss_of(trial)


def error_of(trial: Trial) -> float | None:
    """Return the error of tables.py."""
    return None if trial.error is None else max(trial.error, LEAST)


def print_candidates(
    trials: list[Trial],
    candidates: list[str],
    losses: dict[str, np.ndarray],
    errors: dict[str, np.ndarray],
    kinds: np.ndarray,
) -> None:
    """Print the geometric means of losses and errors relative to the first candidate."""
    print(
        f"\nLoss (RMSE or log loss) and error / those of {candidates[0]}: geometric means over the"
    )
    print(
        "sets, of all and by task; the set with the greatest ratio of losses; processor seconds\n"
    )
    heads = ("loss", "regression", "classes", "error", "seconds")
    print(f"{'':<20}", *(f"{head:>11}" for head in heads), "  worst")
    loss, error = np.array(list(losses.values())), np.array(list(errors.values()))
    for number, name in enumerate(candidates):
        columns = (loss, loss[kinds], loss[~kinds], error)
        cells = [f"{np.exp(one[:, number].mean()):.4f}" if len(one) else "-" for one in columns]
        seconds = sum(trial.fit_s or 0.0 for trial in trials if trial.learner == name)
        cells.append(f"{seconds:.1f}")
        ratios = {one: float(np.exp(values[number])) for one, values in losses.items()}
        print(f"{name:<20}", *(f"{cell:>11}" for cell in cells), f"  {worst(ratios)}")


def print_halvings(
    losses: np.ndarray, candidates: list[str], kinds: np.ndarray, halvings: int
) -> None:
    """Print what choosing on one half of the sets costs on the other, and what is chosen."""
    chosen, gaps, gains = choices(losses, kinds, halvings)
    print(
        f"\nChosen by the loss on one half of the sets, judged on the other, {len(chosen)} times:"
    )
    print(f"loss above that of the best there: mean {100 * gaps.mean():.2f} %,", end=" ")
    print(f"worst {100 * gaps.max():.2f} %;")
    print(f"loss / that of {candidates[0]}: geometric mean {np.exp(gains.mean()):.4f}\n")
    counts = np.bincount(chosen, minlength=len(candidates))
    for name, count in zip(candidates, counts, strict=True):
        print(f"{name:<20}{100 * count / len(chosen):>7.1f} %")


def choices(
    losses: np.ndarray, kinds: np.ndarray, halvings: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Choose on each half of each halving, and judge on the other.

    Parameters
    ----------
    losses : (n_sets, n_candidates) array
        Logarithms, relative to the first candidate.
    kinds : (n_sets,) array of bool
        Each half has half of the sets of each kind.
    halvings : int
        Number of halvings.

    Returns
    -------
    chosen, gaps, gains : (2 * halvings,) arrays
        Number of the candidate; its loss / that of the best on the other half, - 1; the logarithm
        of its loss there.
    """
    rng = np.random.default_rng(0)
    chosen, gaps, gains = [], [], []
    for _ in range(halvings):
        half = random_half(kinds, rng)
        for seen in (half, ~half):
            best, judged = losses[seen].mean(axis=0).argmin(), losses[~seen].mean(axis=0)
            chosen.append(best)
            gaps.append(np.expm1(judged[best] - judged.min()))
            gains.append(judged[best])
    return np.array(chosen), np.array(gaps), np.array(gains)


def random_half(kinds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a mask of half of each kind, up to one, and of half of all, up to one."""
    half = np.zeros(len(kinds), dtype=bool)
    order = np.concatenate([rng.permutation(np.flatnonzero(kinds == one)) for one in (True, False)])
    half[order[rng.integers(2) :: 2]] = True
    return half


if __name__ == "__main__":
    main()
