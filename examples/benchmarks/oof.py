"""The out-of-fold score of cross-fitting against the score on test rows, on tables.

    python examples/benchmarks/oof.py --data DIR --out oof.jsonl
    python examples/benchmarks/oof.py --data DIR --refit

`oof_score_` of ``TabularMLPClassifier(cv=5)`` or ``TabularMLPRegressor(cv=5)`` is compared with
`score` on the test rows, on sets of more than 300 rows; at most 3000 rows are used for training
(`--rows`). The difference is divided by the joint standard error, ``sqrt(se_oof**2 + se_test**2)``;
that of an accuracy p is ``sqrt(p * (1 - p) / n)``, that of R2 comes from a bootstrap of the rows.
On test rows the networks of all folds are averaged, and so the score is often higher there. With
`--refit` a single network, trained again on all rows, is scored on them.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when libraries are imported

import math
import time
from functools import partial

import numpy as np
from cross_fitting import (
    Trial,
    ignore_warnings,
    parts,
    read_table,
    run_trials,
    table_parser,
    trials_of,
    wanted_sets,
)
from sklearn.metrics import r2_score

from sknn import TabularMLPClassifier, TabularMLPRegressor

#: Sets with this number of rows or fewer are left out.
TOO_SMALL = 300

#: Bootstrap samples of the standard error of R2.
N_BOOTSTRAPS = 300

#: The difference may be this many joint standard errors.
WANTED = 2


def main() -> None:
    """Compare the scores on all sets, and print the differences."""
    parser = table_parser("Out-of-fold and test scores.", rows=3000, splits=3)
    parser.add_argument("--refit", action="store_true", help="score a network of all rows")
    options = parser.parse_args()
    ignore_warnings()
    tables = wanted_sets(options, lambda table: len(table.y) > TOO_SMALL)
    trials = trials_of(tables, ["refit" if options.refit else "cv"], options)
    print_report(run_trials(trials, partial(compare_scores, options.data), options))


def compare_scores(folder: str | None, trial: Trial) -> Trial:
    """Fit an estimator to a split; return both scores and their standard errors."""
    table = read_table(folder, trial["set"])
    X, X_test, y, y_test = parts(table, trial)
    kind = TabularMLPRegressor if table.is_regression else TabularMLPClassifier
    start = time.process_time()
    refit = trial["learner"] == "refit"
    model = kind(cv=5, refit=refit, random_state=trial["seed"]).fit(X, y)
    seconds = time.process_time() - start
    oof, test = model.oof_score_, model.score(X_test, y_test)
    if table.is_regression:
        error_oof = r2_error(y, model.oof_prediction_)
        error_test = r2_error(y_test, model.predict(X_test))
    else:
        error_oof, error_test = accuracy_error(oof, len(y)), accuracy_error(test, len(y_test))
    return {
        "oof": float(oof),
        "test": float(test),
        "error": math.hypot(error_oof, error_test),
        "seconds": seconds,
    }


def accuracy_error(accuracy: float, n: int) -> float:
    """Return the standard error of an accuracy on n rows."""
    return math.sqrt(accuracy * (1 - accuracy) / n)


def r2_error(y: np.ndarray, predicted: np.ndarray) -> float:
    """Return the standard error of R2 by a bootstrap of the rows."""
    rng = np.random.default_rng(0)
    samples = rng.integers(len(y), size=(N_BOOTSTRAPS, len(y)))
    return float(np.std([r2_score(y[rows], predicted[rows]) for rows in samples]))


def print_report(results: list[Trial]) -> None:
    """Print a row for each split of a set, and on how many sets the scores agree."""
    print("\nOut-of-fold score - test score, in joint standard errors\n")
    print(f"{'set':<20}{'split':>6}{'oof':>10}{'test':>10}{'error':>10}{'difference':>12}")
    for one in sorted(results, key=lambda one: (one["set"], one["seed"])):
        print(
            f"{one['set']:<20}{one['seed']:>6}{one['oof']:>10.4f}{one['test']:>10.4f}"
            f"{one['error']:>10.4f}{difference(one):>12.2f}"
        )
    print()
    for seed in sorted({one["seed"] for one in results}):
        some = [difference(one) for one in results if one["seed"] == seed]
        within = sum(abs(value) <= WANTED for value in some)
        print(
            f"split {seed}: within {WANTED} joint standard errors on {within} of {len(some)} sets, "
            f"mean difference {np.mean(some):+.2f}"
        )


def difference(result: Trial) -> float:
    """Return the difference of the scores in joint standard errors."""
    gap = result["oof"] - result["test"]
    return gap / result["error"] if result["error"] else math.copysign(math.inf, gap) * bool(gap)


if __name__ == "__main__":
    main()
