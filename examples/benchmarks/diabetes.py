"""R2 of cross-fitted networks on scikit-learn's diabetes, 442 rows, where a linear model is good.

    python examples/benchmarks/diabetes.py --out diabetes.jsonl --processes 2

Five-fold cross-validation with a seed of its own for each repetition (`--splits`). `cv` is
``TabularMLPRegressor(cv=5, early_stopping=True)``, `default` the same estimator with its defaults,
`none` with cv=None, `ridge` a scaled `RidgeCV`, `mlp` scikit-learn's network as in tables.py: X
and y scaled.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when libraries are imported

from collections.abc import Callable
from typing import Any

import numpy as np
from cross_fitting import Trial, ignore_warnings, listed, option_parser, run_trials
from sklearn.datasets import load_diabetes
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from table_learners import Problem, mlp

from sknn import TabularMLPRegressor

#: The mean R2 that `cv` should reach.
WANTED = 0.46

#: Builds each learner from a seed.
LEARNERS: dict[str, Callable[[int], Any]] = {
    "cv": lambda seed: TabularMLPRegressor(cv=5, early_stopping=True, random_state=seed),
    "cv-es": lambda seed: TabularMLPRegressor(cv=5, early_stopping="cv", random_state=seed),
    "cv-only": lambda seed: TabularMLPRegressor(cv=5, random_state=seed),
    "default": lambda seed: TabularMLPRegressor(random_state=seed),
    "none": lambda seed: TabularMLPRegressor(cv=None, random_state=seed),
    "ridge": lambda seed: make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 25))),
    "mlp": lambda seed: mlp(Problem(is_regression=True, seed=seed)),
}


def main() -> None:
    """Cross-validate each learner with each seed, and print the means."""
    parser = option_parser("R2 on diabetes.", rows=442, splits=5)
    parser.add_argument(
        "--learners", type=listed, default=list(LEARNERS), help=f"of {', '.join(LEARNERS)}"
    )
    options = parser.parse_args()
    ignore_warnings()
    trials = [
        {"set": "diabetes", "seed": seed, "learner": learner, "rows": options.rows}
        for seed in range(options.splits)
        for learner in options.learners
    ]
    print_report(run_trials(trials, cross_validate, options))


def cross_validate(trial: Trial) -> Trial:
    """Return the R2 of each fold."""
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    X, y = X[: trial["rows"]], y[: trial["rows"]]
    folds = KFold(5, shuffle=True, random_state=trial["seed"])
    model = LEARNERS[trial["learner"]](trial["seed"])
    return {"r2": list(cross_val_score(model, X, y, cv=folds, error_score="raise"))}


def print_report(results: list[Trial]) -> None:
    """Print the mean R2 of each learner, and those of its repetitions."""
    print("\nR2 on diabetes, five-fold cross-validation: mean over seeds, and by seed\n")
    for learner in LEARNERS:
        some = sorted((one for one in results if one["learner"] == learner), key=seed_of)
        if not some:
            continue
        means = [np.mean(one["r2"]) for one in some]
        line = f"{learner:<10}{np.mean(means):>8.3f}   {' '.join(f'{r2:.3f}' for r2 in means)}"
        if learner == "cv":
            line += f"  [wanted {WANTED}: {'yes' if np.mean(means) >= WANTED else 'no'}]"
        print(line)


def seed_of(trial: Trial) -> int:
    """Return the seed, to sort by."""
    return trial["seed"]


if __name__ == "__main__":
    main()
