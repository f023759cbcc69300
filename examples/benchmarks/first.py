"""Fixed cost of a fit: what the first epoch takes beyond the time of an epoch."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.neural_network import MLPClassifier as ScikitLearnMLP
from stopwatch import CLOCKS, Ratio, take_turns

from sknn import MLPClassifier, TabularMLPClassifier

#: Numbers of rows.
ROWS = (150, 300, 1000)

#: Number of epochs, or trees, of the longer fits.
EPOCHS = 11

#: Whose fits have a cost beside which that of the others is shown.
REFERENCE = "boosted trees"


def compare_first(
    rows: Sequence[int], threads: int, repeats: int, clock: str
) -> list[dict[str, Any]]:
    """Time fits of one and of a few epochs in turn, and print a table; return its rows.

    The fixed cost is the time of a fit of one epoch, less that of an epoch.
    """
    print(f"\nFixed cost of a fit ({threads} threads): milliseconds of a fit of one epoch, of one")
    print(f"more epoch, and of all else; that / that of {REFERENCE}: median (least-greatest)\n")
    titles = ("first ms", "epoch ms", "fixed ms", "ratio")
    print(f"{'estimator':<20}{'rows':>6}", *(f"{title:>9}" for title in titles))
    found = []
    for n in rows:
        seconds = timed_fits(fits(n), repeats, clock)
        fixed = {name: first - epoch for name, (first, epoch) in seconds.items()}
        for name, (first, epoch) in seconds.items():
            ratio = Ratio.of(fixed[name], fixed[REFERENCE])
            cells = [1e3 * float(np.median(part)) for part in (first, epoch, fixed[name])]
            print(f"{name:<20}{n:>6}", *(f"{cell:>9.2f}" for cell in cells), f"  {ratio}")
            milliseconds = dict(zip(("first", "epoch", "fixed"), cells, strict=True))
            found.append({"estimator": name, "rows": n, "ratio": ratio, **milliseconds})
    return found


def timed_fits(
    fit_of: dict[str, Callable[[int], Any]], repeats: int, clock: str
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the seconds of a fit of one epoch, and of one more epoch, of each round."""
    if clock not in CLOCKS:
        raise ValueError(f"clock must be one of {', '.join(CLOCKS)}, got {clock!r}.")
    tasks = {
        f"{name}, {epochs}": lambda fit=fit, epochs=epochs: fit(epochs)
        for name, fit in fit_of.items()
        for epochs in (1, EPOCHS)
    }
    take_turns(tasks, 1)  # what is imported and compiled at first
    seconds, _ = take_turns(tasks, repeats, clock)
    found = {}
    for name in fit_of:
        first, longer = (np.array(seconds[f"{name}, {epochs}"]) for epochs in (1, EPOCHS))
        found[name] = first, (longer - first) / (EPOCHS - 1)
    return found


def fits(n: int) -> dict[str, Callable[[int], Any]]:
    """Return functions that fit each estimator for a number of epochs."""
    table, numbers, y = made_table(n)
    as_categories = table.astype({"city": "category"})  # trees take no text
    settings = {"cv": None, "n_members": 1, "random_state": 0}
    plain = {"n_iter_no_change": np.inf, "random_state": 0}

    def tabular(X: Any) -> Callable[[int], Any]:
        return lambda epochs: TabularMLPClassifier(max_iter=epochs, **settings).fit(X, y)

    return {
        "sknn, table": tabular(table),
        "sknn, table of array": tabular(numbers),
        "sknn": lambda epochs: MLPClassifier(max_iter=epochs, **plain).fit(numbers, y),
        "sklearn": lambda epochs: ScikitLearnMLP(max_iter=epochs, **plain).fit(numbers, y),
        REFERENCE: lambda epochs: HistGradientBoostingClassifier(
            max_iter=epochs, early_stopping=False, random_state=0
        ).fit(as_categories, y),
    }


def made_table(n: int) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return a frame of six columns of numbers, two of text and one of booleans.

    Also an array of nine columns of numbers, and two classes.
    """
    import pandas as pd

    rng = np.random.default_rng(0)
    numbers = rng.standard_normal((n, 9))
    frame = pd.DataFrame({f"number {j}": numbers[:, j] for j in range(6)})
    frame["city"] = rng.choice(["Rome", "Paris", "Oslo", "Bern"], n)
    frame["grade"] = pd.Categorical(rng.choice(list("abcdef"), n))
    frame["member"] = rng.random(n) < 0.4
    score = numbers[:, 0] + numbers[:, 1] * numbers[:, 2] + frame["member"] + rng.normal(size=n)
    return frame, numbers, (score > np.median(score)).to_numpy(int)
