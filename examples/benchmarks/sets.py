"""Coverage and size of the prediction sets of `TabularMLPClassifier.predict_set` on tables.

    python examples/benchmarks/sets.py --data DIR --out sets.jsonl

Of ``TabularMLPClassifier(cv=5)``, with one level for all classes and with one for each class
(``by_class=True``). The means are over the sets where the accuracy on the test rows is below
`--below`: on the others nearly every prediction is right, and so most sets have one class.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when libraries are imported

import time
from functools import partial

import numpy as np
from cross_fitting import (
    Trial,
    ignore_warnings,
    mean_by_set,
    parts,
    read_table,
    run_trials,
    table_parser,
    trials_of,
    wanted_sets,
)

from sknn import TabularMLPClassifier

#: The fraction of test rows whose class should be in their set.
COVERAGE = 0.9

#: What `predict_set` is asked for, by the name in the table.
KINDS = {"all": False, "by_class": True}

#: The metrics of each kind, and the columns of the table.
COLUMNS = {
    "coverage": "coverage",
    "lowest": "lowest class",
    "size": "classes",
    "empty": "empty",
}


def main() -> None:
    """Measure the sets on all splits, and print coverages and sizes."""
    parser = table_parser("Coverage and size of prediction sets.", rows=1500, splits=10)
    parser.add_argument("--below", type=float, default=0.9, help="accuracy of the means (0.9)")
    options = parser.parse_args()
    ignore_warnings()
    tables = wanted_sets(options, lambda table: not table.is_regression)
    trials = trials_of(tables, ["cv"], options)
    print_report(run_trials(trials, partial(try_sets, options.data), options), options.below)


def try_sets(folder: str | None, trial: Trial) -> Trial:
    """Fit a classifier to a split, and measure its sets."""
    X, X_test, y, y_test = parts(read_table(folder, trial["set"]), trial)
    start = time.process_time()
    model = TabularMLPClassifier(cv=5, random_state=trial["seed"]).fit(X, y)
    seconds = time.process_time() - start
    result = {"seconds": seconds, "accuracy": float(model.score(X_test, y_test))}
    for kind, by_class in KINDS.items():
        sets = model.predict_set(X_test, coverage=COVERAGE, by_class=by_class)
        for metric, value in set_metrics(y_test, sets, model.classes_).items():
            result[f"{kind}: {metric}"] = value
    return result


def set_metrics(y: np.ndarray, sets: np.ndarray, classes: np.ndarray) -> dict[str, float]:
    """Return the fraction of rows whose class is in the set, and how many classes sets have."""
    covered = (sets & (y[:, np.newaxis] == classes)).any(axis=1)
    sizes = sets.sum(axis=1)
    return {
        "coverage": float(covered.mean()),
        "lowest": float(min(covered[y == label].mean() for label in np.unique(y))),
        "size": float(sizes.mean()),
        "empty": float((sizes == 0).mean()),
    }


def print_report(results: list[Trial], below: float) -> None:
    """Print a row for each set, the least accurate first, and the means."""
    accuracy = mean_by_set(results, "cv", "accuracy")
    names = sorted(accuracy, key=lambda name: accuracy[name])
    hard = [name for name in names if accuracy[name] < below]
    for kind in KINDS:
        means = {key: mean_by_set(results, "cv", f"{kind}: {key}") for key in COLUMNS}
        print(f"\nSets of {kind} (wanted {COVERAGE}): coverage, that of the lowest class, size\n")
        print(f"{'set':<20}{'accuracy':>10}", *(f"{title:>14}" for title in COLUMNS.values()))
        for name in names:
            cells = [f"{means[key][name]:>14.3f}" for key in COLUMNS]
            print(f"{name:<20}{accuracy[name]:>10.3f}", *cells)
        if hard:
            coverages = [means["coverage"][name] for name in hard]
            sizes = [means["size"][name] for name in hard]
            print(
                f"\n{kind}: {len(hard)} sets with an accuracy below {below}: mean coverage "
                f"{np.mean(coverages):.3f}, lowest {min(coverages):.3f}, mean size "
                f"{np.mean(sizes):.2f}"
            )


if __name__ == "__main__":
    main()
