"""Time of `predict` for rows of pandas frames, beside HistGradientBoostingClassifier."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from prediction import call, per_call
from sklearn.ensemble import HistGradientBoostingClassifier
from stopwatch import Ratio, take_turns

from sknn import TabularMLPClassifier

#: Numbers of categories of the columns of text in the census table "adult", which has 6 of numbers.
CATEGORIES = (9, 16, 7, 15, 6, 5, 2, 42)

#: Numeric and categorical columns of each table.
TABLES = {"numbers": (9, 0), "mixed": (6, 8), "wide": (100, 0), "widest": (2000, 0)}

#: How many rows, and how often `predict` is called in a turn, so that a turn can be timed.
CALLS = {1: 50, 100_000: 1}

#: Rows to train on, and cells of the largest table to predict.
N_TRAIN, MAX_CELLS = 5000, 10**7


def compare_frame_prediction(repeats: int) -> list[dict[str, Any]]:
    """Time `predict` of rows of frames, and print a table; return its rows."""
    print("\nPrediction of rows of frames: microseconds of a call; sknn's time / that of")
    print("HistGradientBoostingClassifier: median (least-greatest)\n")
    print(f"{'table':<26}{'rows':>8}{'sknn us':>12}{'hgb us':>12}{'ratio':>20}")
    rows = []
    for name, (n_numeric, n_categorical) in TABLES.items():
        n_rows = min(max(CALLS), MAX_CELLS // (n_numeric + n_categorical))
        X = table(n_rows, n_numeric, n_categorical)
        models = trained(X[:N_TRAIN])
        for n, calls in ((1, CALLS[1]), (n_rows, 1)):
            tasks = {
                library: partial(call, model.predict, X[:n], calls)
                for library, model in models.items()
            }
            turns, _ = take_turns(tasks, repeats)
            seconds = per_call(turns, calls)
            share = Ratio.of(seconds["sknn"], seconds["hgb"])
            us = {library: 1e6 * float(np.median(times)) for library, times in seconds.items()}
            rows.append({"table": name, "rows": n, "microseconds": us, "share": share})
            columns = f"{name} ({n_numeric}+{n_categorical} columns)"
            print(f"{columns:<26}{n:>8}{us['sknn']:>12.0f}{us['hgb']:>12.0f}{share!s:>20}")
    return rows


def table(n: int, n_numeric: int, n_categorical: int) -> pd.DataFrame:
    """Return a table of random numbers and categories."""
    rng = np.random.default_rng(0)
    names = [f"number{i}" for i in range(n_numeric)]
    numbers = pd.DataFrame(rng.normal(size=(n, n_numeric)), columns=names)
    texts = {}
    for i in range(n_categorical):
        levels = [f"level {j}" for j in range(CATEGORIES[i])]
        texts[f"text{i}"] = pd.Categorical.from_codes(rng.integers(len(levels), size=n), levels)
    return numbers.assign(**texts)


def trained(X: pd.DataFrame) -> dict[str, Any]:
    """Return a network and trees, trained for a short time."""
    y = X.iloc[:, 0] > 0
    network = TabularMLPClassifier(max_iter=1, cv=None, n_members=1)
    trees = HistGradientBoostingClassifier(max_iter=20, categorical_features="from_dtype")
    return {"sknn": network.fit(X, y), "hgb": trees.fit(X, y)}
