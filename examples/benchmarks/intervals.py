"""Coverage and width of `TabularMLPRegressor.predict_interval` on tables, beside MAPIE's CV+.

    python examples/benchmarks/intervals.py --data DIR --out intervals.jsonl
    python examples/benchmarks/intervals.py --learners cv,cqr,cv-es --sets diabetes

`auto` is ``TabularMLPRegressor()``, whose coverage is approximate; it has folds up to 3000 rows.
`cv` is ``TabularMLPRegressor(cv=5)``; `cqr` is the same with the quantiles 0.05 and 0.95; `cv-stop`
stops each network by rows held back from its training rows; `cv-es` by those of its fold, and so
the coverage is approximate. `mapie` (``pip install mapie``) is CV+ of `CrossConformalRegressor`
around the same estimator with ``cv=None``; it takes one output only. Widths are medians over the
test rows, divided by the standard deviation of y there. Several outputs are averaged.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when libraries are imported

import time
import warnings
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
from cross_fitting import (
    Trial,
    ignore_warnings,
    listed,
    mean_by_set,
    parts,
    read_table,
    run_trials,
    table_parser,
    trials_of,
    wanted_sets,
)
from stopwatch import geometric_mean
from table_scores import finite

from sknn import TabularMLPRegressor

#: The fraction of test rows that should be in their intervals.
COVERAGE = 0.9

#: What is wanted of `cv`: mean coverage, coverage of every set, mean width / MAPIE's.
MEAN_COVERAGE, LOWEST_COVERAGE, WIDTH_RATIO = (0.88, 0.93), 0.85, 1.1

#: Parameters of sknn's estimator, by learner.
SETTINGS: dict[str, dict[str, Any]] = {
    "auto": {},
    "cv": {"cv": 5},
    "cqr": {"cv": 5, "loss": "quantile", "quantile": [0.05, 0.95]},
    "cv-stop": {"cv": 5, "early_stopping": True},
    "cv-es": {"cv": 5, "early_stopping": "cv"},
}

#: Every learner.
LEARNERS = [*SETTINGS, "mapie"]


def main() -> None:
    """Try the learners on all splits, and print coverages and widths."""
    parser = table_parser("Coverage and width of prediction intervals.", rows=1500, splits=10)
    parser.add_argument(
        "--learners", type=listed, default=["cv", "mapie"], help=f"of {', '.join(LEARNERS)}"
    )
    options = parser.parse_args()
    ignore_warnings()
    learners = options.learners
    if "mapie" in learners and not find_spec("mapie"):
        print("note: mapie is left out, it is not installed")
        learners = [name for name in learners if name != "mapie"]
    tables = wanted_sets(options, lambda table: table.is_regression)
    trials = [
        trial
        for trial in trials_of(tables, learners, options)
        if trial["learner"] != "mapie" or tables[trial["set"]].y.ndim == 1
    ]
    print_report(run_trials(trials, partial(try_learner, options.data), options))


def try_learner(folder: str | None, trial: Trial) -> Trial:
    """Fit a learner to a split, and measure its intervals."""
    X, X_test, y, y_test = parts(read_table(folder, trial["set"]), trial)
    predict_bounds = mapie_bounds if trial["learner"] == "mapie" else sknn_bounds
    start = time.process_time()
    bounds = predict_bounds(trial, X, y, X_test)
    return {**interval_metrics(y_test, bounds), "seconds": time.process_time() - start}


def sknn_bounds(trial: Trial, X: Any, y: np.ndarray, X_test: Any) -> np.ndarray:
    """Return (n, 2) bounds of sknn, with several outputs (n, n_outputs, 2)."""
    model = TabularMLPRegressor(random_state=trial["seed"], **SETTINGS[trial["learner"]])
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The coverage of predict_interval is approximate")
        return model.fit(X, y).predict_interval(X_test, coverage=COVERAGE)


def mapie_bounds(trial: Trial, X: Any, y: np.ndarray, X_test: Any) -> np.ndarray:
    """Return (n, 2) bounds of MAPIE's CV+ with five folds."""
    from mapie.regression import CrossConformalRegressor

    model = TabularMLPRegressor(cv=None, random_state=trial["seed"])
    mapie = CrossConformalRegressor(
        model, confidence_level=COVERAGE, method="plus", cv=5, random_state=trial["seed"]
    )
    return mapie.fit_conformalize(X, y).predict_interval(X_test)[1][:, :, 0]


def interval_metrics(y: np.ndarray, bounds: np.ndarray) -> dict[str, float]:
    """Return the fraction of y in its interval, and the median width / the std of y."""
    lower, upper = np.moveaxis(finite(bounds), -1, 0)
    widths = np.median(upper - lower, axis=0) / y.std(axis=0)
    return {
        "coverage": float(np.mean((lower <= y) & (y <= upper))),
        "width": float(np.mean(widths)),
    }


def print_report(results: list[Trial]) -> None:
    """Print a row for each set, and how the means compare with what is wanted."""
    learners = [name for name in LEARNERS if any(one["learner"] == name for one in results)]
    coverage = {name: mean_by_set(results, name, "coverage") for name in learners}
    width = {name: mean_by_set(results, name, "width") for name in learners}
    splits = {key: sum(one["set"] == key for one in results) for key in {r["set"] for r in results}}
    print(
        "\nCoverage of the test rows (wanted 0.9) and median width / std of y, mean over splits\n"
    )
    print(f"{'set':<20}", *(f"{f'{name}: coverage, width':>24}" for name in learners))
    for name in sorted(splits):
        cells = [
            f"{coverage[one][name]:.3f}  {width[one][name]:.3f}" if name in coverage[one] else "-"
            for one in learners
        ]
        print(f"{name:<20}", *(f"{cell:>24}" for cell in cells))
    print()
    for name in learners:
        ratios = width_ratios(results, name)
        print_summary(name, list(coverage[name].values()), ratios)


def width_ratios(results: list[Trial], learner: str) -> list[float]:
    """Return width / MAPIE's of each set, the geometric mean over the splits where both ran."""
    widths = {(one["learner"], one["set"], one["seed"]): one["width"] for one in results}
    ratios: dict[str, list[float]] = {}
    for (name, table, seed), width in widths.items():
        if name == learner and (theirs := widths.get(("mapie", table, seed))):
            ratios.setdefault(table, []).append(width / theirs)
    return [geometric_mean(some) for some in ratios.values()]


def print_summary(learner: str, coverages: list[float], ratios: list[float]) -> None:
    """Print the line that is compared: of `cv` with what is wanted."""
    mean, lowest = np.mean(coverages), min(coverages)
    ratio = geometric_mean(ratios) if ratios else np.nan
    line = f"{learner}: mean coverage {mean:.3f}, lowest {lowest:.3f}"
    if learner != "mapie":
        line += f", width / MAPIE's {ratio:.3f}"
        line += f" ({min(ratios):.2f}-{max(ratios):.2f})" if ratios else ""
    if learner == "cv":
        low, high = MEAN_COVERAGE
        good = low <= mean <= high and lowest >= LOWEST_COVERAGE and ratio <= WIDTH_RATIO
        line += f"  [wanted {low} to {high}, at least {LOWEST_COVERAGE}, at most {WIDTH_RATIO}: "
        line += "yes]" if good else "no]"
    print(line)


if __name__ == "__main__":
    main()
