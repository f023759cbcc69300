"""Time of a fit with ``cv=5``, divided by that of one fit on four fifths of the rows.

    python examples/benchmarks/cross_fitting_cost.py
    python examples/benchmarks/cross_fitting_cost.py --case small --threads 1 --repeats 20

The cases are those of `run.py`, and `narrow`, a network of (32, 32) with batches of 32. All fits
make the same number of epochs, in turn, after a fit of two epochs that is not counted. Each number
of BLAS threads has a process of its own, with OMP_NUM_THREADS. The summary compares the minimum
times; five fits one after the other would take 5.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from cases import ALPHA, CASES, Case
from sklearn.exceptions import ConvergenceWarning
from stopwatch import CLOCKS, Ratio, take_turns

#: What is timed by default.
MEASURED = {
    **{name: CASES[name] for name in ("small", "digits", "table")},
    "narrow": Case("narrow", 5_000, 20, (32, 32), 2, 32, epochs=20, repeats=9),
}

#: The ratio that is wanted of all cases, and of those with small batches.
WANTED = dict.fromkeys(MEASURED, 5.3) | {"small": 3.0, "narrow": 3.0}

#: Folds of `cv`.
N_FOLDS = 5


def main() -> None:
    """Time the cases with each number of threads, and print the ratios."""
    options = read_options()
    if options.child:
        rows = [time_case(MEASURED[name], options) for name in options.case]
        Path(options.child).write_text(json.dumps(rows))
        return
    print("Seconds of one fit and of cv=5, minimum; their ratio: of the minima, and the median\n")
    print(f"{'case':<10}{'threads':>8}{'one':>9}{'cv=5':>9}{'ratio':>8}{'median':>20}{'wanted':>8}")
    rows = []
    for threads in options.threads:
        for name in options.case:
            (row,) = run_child(name, threads, options)
            rows.append(row)
            print_row(row)
    missed = [row for row in rows if row["ratio"] > WANTED[row["case"]]]
    names = ", ".join(f"{row['case']} with {row['threads']}" for row in missed) or "none"
    print(f"\nas wanted: {len(rows) - len(missed)} of {len(rows)}; above: {names}")
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1))


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Time cross-fitting against one fit.")
    parser.add_argument("--case", action="append", choices=MEASURED, help="may be repeated (all)")
    parser.add_argument("--threads", type=int, action="append", help="may be repeated (1 and 2)")
    parser.add_argument("--repeats", type=int, help="how often all is timed (by the case)")
    parser.add_argument("--precision", choices=["float32", "float64"], default="float32")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="processor: one thread")
    parser.add_argument("--quick", action="store_true", help="a quarter of the rows, few repeats")
    parser.add_argument("--json", metavar="FILE", help="write all figures")
    parser.add_argument("--child", metavar="FILE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.case = options.case or list(MEASURED)
    options.threads = options.threads or [1, 2]
    return options


def run_child(name: str, threads: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Time a case in a process with this number of threads."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "rows.json"
        command = [sys.executable, __file__, "--child", str(path), "--case", name]
        command += ["--threads", str(threads), "--precision", options.precision]
        command += ["--clock", options.clock, *(["--quick"] if options.quick else [])]
        command += ["--repeats", str(options.repeats)] if options.repeats else []
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = os.environ | dict.fromkeys(names, str(threads))
        subprocess.run(command, env=environment, check=True)
        return json.loads(path.read_text())


def time_case(case: Case, options: argparse.Namespace) -> dict[str, Any]:
    """Time both fits in turn."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    case = case.smaller() if options.quick else case
    X, y = case.data(options.precision)
    part = np.random.default_rng(0).permutation(case.n)[: case.n * (N_FOLDS - 1) // N_FOLDS]
    one, crossed = estimator(case), estimator(case).set_params(cv=N_FOLDS)
    fits = {"one": (one, X[part], y[part]), "cv": (crossed, X, y)}
    for model, some_X, some_y in fits.values():
        model.set_params(max_iter=2).fit(some_X, some_y)
        model.set_params(max_iter=case.epochs)
    tasks = {name: lambda fit=fit: fit[0].fit(*fit[1:]) for name, fit in fits.items()}
    seconds, models = take_turns(tasks, options.repeats or case.repeats, options.clock)
    for name, model in models.items():
        if np.max(model.n_iter_) != case.epochs:
            raise RuntimeError(f"{name} ended after {model.n_iter_} of {case.epochs} epochs.")
    return {
        "case": case.name,
        "threads": options.threads[0],
        "seconds": seconds,
        "ratio": min(seconds["cv"]) / min(seconds["one"]),
        "scores": {"one": one.score(X, y), "cv": crossed.score(X, y)},
    }


def estimator(case: Case) -> Any:
    """Build the estimator; nothing may end its training early."""
    from sknn import MLPClassifier

    return MLPClassifier(
        case.hidden,
        solver=case.solver,
        alpha=ALPHA,
        batch_size=case.batch,
        learning_rate_init=case.rate,
        n_iter_no_change=np.inf,
        random_state=0,
    )


def print_row(row: dict[str, Any]) -> None:
    """Print the times of a case."""
    seconds = row["seconds"]
    spread = str(Ratio.of(seconds["cv"], seconds["one"]))
    print(
        f"{row['case']:<10}{row['threads']:>8}{min(seconds['one']):>9.3f}"
        f"{min(seconds['cv']):>9.3f}{row['ratio']:>8.2f}{spread:>20}{WANTED[row['case']]:>8.1f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
