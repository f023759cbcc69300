"""Fits with and without the compiled kernels of a training step."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from cases import Case
from first import made_table
from peers import Sknn
from stopwatch import Ratio, take_turns

from sknn import TabularMLPClassifier
from sknn.engine import has_compiled_kernels, without_compiled_kernels

#: Rows of the tables that are fitted at the defaults.
TABLE_ROWS = (300, 1000)


def compare_compiled(
    cases: Iterable[Case], *, precision: str, threads: int, repeats: int | None, clock: str
) -> list[dict[str, Any]]:
    """Time fits with and without the kernels in turn, and print a table; return its rows.

    Raises
    ------
    SystemExit
        If the kernels are not installed, or a weight depends on them.
    """
    if not has_compiled_kernels():
        raise SystemExit("The compiled kernels are not installed: see docs/howto/compiled.md.")
    print(f"\nFits with compiled kernels ({precision}, {threads} threads, {clock} clock): seconds,")
    print("and the time without / with them: median (least-greatest)\n")
    print(f"{'fit':<22}{'without':>9}{'with':>9}{'ratio':>20}")
    rows = []
    fits = [(case.name, fit_of(case, precision, threads), case.repeats) for case in cases]
    tables = [(f"table of {n} rows", fit_of_table(n), 3) for n in TABLE_ROWS]
    for name, fit, usual in [*fits, *tables]:
        row = compare_fit(name, fit, repeats or usual, clock)
        ratio = row["ratios"]["without"]
        times = "".join(f"{row['seconds'][way]:>9.3f}" for way in ("without", "with"))
        print(f"{name:<22}{times}{ratio!s:>20}")
        rows.append(row)
    return rows


def fit_of(case: Case, precision: str, threads: int) -> Callable[[], list[np.ndarray]]:
    """Return a function that fits a case and returns the weights."""
    X, y = case.data("float64" if precision == "default" else precision)
    estimator = Sknn(precision, threads).estimator(case).set_params(max_iter=case.epochs)
    return lambda: estimator.fit(X, y).coefs_


def fit_of_table(n: int) -> Callable[[], list[np.ndarray]]:
    """Return a function that fits a table at the defaults, and returns all weights."""
    X, _, y = made_table(n)
    estimator = TabularMLPClassifier(random_state=0)
    return lambda: estimator.fit(X, y).coefs_


def compare_fit(
    name: str, fit: Callable[[], list[np.ndarray]], repeats: int, clock: str
) -> dict[str, Any]:
    """Time a fit with and without the kernels, and compare the weights."""

    def without() -> list[np.ndarray]:
        with without_compiled_kernels():
            return fit()

    tasks = {"without": without, "with": fit}
    take_turns(tasks, 1)
    seconds, weights = take_turns(tasks, repeats, clock)
    if not all(map(np.array_equal, weights["without"], weights["with"])):
        raise SystemExit(f"{name}: a weight depends on the kernels.")
    medians = {way: float(np.median(times)) for way, times in seconds.items()}
    ratio = Ratio.of(seconds["without"], seconds["with"])
    return {"case": name, "seconds": medians, "ratios": {"without": ratio}}
