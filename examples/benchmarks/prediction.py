"""Time of `predict` for one row, a hundred and a hundred thousand."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from busy import compare_busy, print_busy, take_turns_idle_and_busy
from cases import CASES
from peers import ScikitLearn, Sknn
from stopwatch import Ratio

#: Whose networks predict.
NETWORKS = ("images", "table", "small")

#: How many rows, and how often `predict` is called in a turn, so that a turn can be timed.
CALLS = {1: 200, 100: 100, 100_000: 1}


def compare_prediction(
    precision: str, threads: int, repeats: int, busy: bool = False
) -> list[dict[str, Any]]:
    """Time `predict` of networks that were trained alike, and print a table; return its rows."""
    print(f"\nPrediction ({precision}, {threads} threads): microseconds of a call; sknn's time /")
    print("scikit-learn's: median (least-greatest)\n")
    print(f"{'network':<26}{'rows':>8}{'sknn us':>12}{'sklearn us':>12}{'ratio':>20}")
    rows = []
    for name in NETWORKS:
        X, models = trained(name, precision, threads)
        for n, calls in CALLS.items():
            tasks = {
                library: partial(call, model.predict, X[:n], calls)
                for library, model in models.items()
            }
            turns, beside, _ = take_turns_idle_and_busy(tasks, repeats, busy=busy)
            seconds, beside = (per_call(each, calls) for each in (turns, beside))
            row = {
                "network": name,
                "rows": n,
                "seconds": seconds,
                "microseconds": {
                    library: 1e6 * float(np.median(times)) for library, times in seconds.items()
                },
                "share": Ratio.of(seconds["sknn"], seconds["sklearn"]),
                "busy": compare_busy(seconds, beside),
            }
            rows.append(row)
            us = row["microseconds"]
            sizes = "-".join(map(str, CASES[name].sizes))
            print(
                f"{sizes:<26}{n:>8}{us['sknn']:>12.0f}{us['sklearn']:>12.0f}{row['share']!s:>20}",
                flush=True,
            )
    print_busy(rows, lambda row: f"{row['network']}, {row['rows']} rows")
    return rows


def trained(name: str, precision: str, threads: int) -> tuple[np.ndarray, dict[str, Any]]:
    """Return rows to predict, and an estimator of each library, trained for an epoch."""
    case = replace(CASES[name], n=max(CALLS))
    X, y = case.data("float64" if precision == "default" else precision)
    models = {}
    for library in (Sknn, ScikitLearn):
        model = library(precision, threads).estimator(case)
        models[library.name] = model.set_params(max_iter=1).fit(X[:10_000], y[:10_000])
        model.predict(X)
    return X, models


def per_call(seconds: dict[str, list[float]], calls: int) -> dict[str, list[float]]:
    """Return the times of single calls."""
    return {library: [time / calls for time in times] for library, times in seconds.items()}


def call(predict: Callable[[np.ndarray], np.ndarray], X: np.ndarray, calls: int) -> None:
    """Predict the same rows so many times."""
    for _ in range(calls):
        predict(X)
