"""Fits at the defaults, each library's to its own end: seconds, epochs and test scores."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from busy import compare_busy, print_busy, take_turns_idle_and_busy
from default_sets import DefaultSet
from sklearn.neural_network import MLPClassifier as TheirMLPClassifier
from stopwatch import Ratio, geometric_mean

from sknn import MLPClassifier

#: Whose defaults are compared.
LIBRARIES: dict[str, Any] = {"sknn": MLPClassifier, "sklearn": TheirMLPClassifier}

#: Rows are scored by these; a right class is never given less than this.
SCORES, LEAST = ("accuracy", "log_loss"), 1e-7


@dataclass
class Fits:
    """Fits of a library, one a call, with the seeds 0, 1 and so on.

    Parameters
    ----------
    library : str
        Which is told nothing but the seed.
    data : DefaultSet
    calls : int
        How many there are for each seed.
    """

    library: str
    data: DefaultSet
    calls: int
    models: list[Any] = field(default_factory=list)

    def __call__(self) -> None:
        """Fit once more."""
        seed = len(self.models) // self.calls
        model = LIBRARIES[self.library](random_state=seed)
        self.models.append(model.fit(self.data.X, self.data.y))

    @property
    def by_seed(self) -> list[Any]:
        """The models of the seeds; those of one seed are alike."""
        return self.models[:: self.calls]

    def scores(self, score: str) -> np.ndarray:
        """Return the accuracy or the log loss of each test row, (n_seeds, n)."""
        return np.array([scores_of(model, self.data, score) for model in self.by_seed])


def scores_of(model: Any, data: DefaultSet, score: str) -> np.ndarray:
    """Return the scores of the test rows, whose mean is that of the model."""
    if score == "accuracy":
        return (model.predict(data.X_test) == data.y_test).astype(float)
    right = data.y_test[:, np.newaxis] == model.classes_
    given = np.where(right, model.predict_proba(data.X_test), 0).sum(axis=1)
    return -np.log(np.clip(given, LEAST, 1))


def compare_default_fits(
    sets: Iterable[DefaultSet],
    *,
    threads: int,
    repeats: int,
    clock: str = "wall",
    busy: bool = False,
) -> list[dict[str, Any]]:
    """Fit each set with both libraries and print a table; return its rows."""
    print(f"\nDefault fits to their own end ({threads} threads, {clock} clock, seeds: {repeats}):")
    print("seconds; scikit-learn's / sknn's: median (least-greatest) over the seeds; sknn and")
    print("scikit-learn: epochs, test accuracy and log loss, (their difference in standard errors")
    print("of a test score)\n")
    print(
        f"{'set':<15}{'rows':>7}{'sknn s':>9}{'sklearn s':>11}{'ratio':>20}{'epochs':>10}", end=""
    )
    print(f"{'accuracy':>24}{'log loss':>24}")
    rows = []
    for data in sets:
        row = compare_set(data, repeats, clock, busy)
        rows.append(row)
        print_row(row)
    mean = geometric_mean([row["ratios"]["sklearn"].median for row in rows])
    print(f"{'mean':<42}{mean:>12.2f}")
    print_busy(rows, lambda row: row["set"])
    return rows


def compare_set(data: DefaultSet, repeats: int, clock: str, busy: bool) -> dict[str, Any]:
    """Fit one set with both libraries, in turn, once for each seed."""
    fits = {name: Fits(name, data, calls=2 if busy else 1) for name in LIBRARIES}
    for build in LIBRARIES.values():
        build(max_iter=2).fit(data.X, data.y)  # not counted
    seconds, beside, _ = take_turns_idle_and_busy(fits, repeats, clock, busy)
    return {
        "set": data.name,
        "shape": list(data.X.shape),
        "test": len(data.y_test),
        "seconds": seconds,
        "ratios": {"sklearn": Ratio.of(seconds["sklearn"], seconds["sknn"])},
        "epochs": {name: [model.n_iter_ for model in one.by_seed] for name, one in fits.items()},
        **{score: compare_scores(fits, score) for score in SCORES},
        "busy": compare_busy(seconds, beside),
    }


def compare_scores(fits: dict[str, Fits], score: str) -> dict[str, float]:
    """Return the mean scores over the seeds, and their difference in standard errors.

    The standard error is that of the score of a single fit, because there are finitely many test
    rows; the mean of both libraries' variances.
    """
    rows = {name: one.scores(score) for name, one in fits.items()}
    means = {name: float(each.mean()) for name, each in rows.items()}
    variance = np.mean([each.var() for each in rows.values()])
    error = float(np.sqrt(variance / rows["sknn"].shape[1]))
    difference = means["sknn"] - means["sklearn"]
    return {**means, "standard_error": error, "difference": difference / error if error else 0.0}


def print_row(row: dict[str, Any]) -> None:
    """Print a line of the table."""
    seconds = {name: float(np.median(times)) for name, times in row["seconds"].items()}
    epochs = "/".join(f"{np.median(row['epochs'][name]):.0f}" for name in LIBRARIES)
    cells = [
        f"{row[score]['sknn']:.4f} {row[score]['sklearn']:.4f} ({row[score]['difference']:+.1f})"
        for score in SCORES
    ]
    print(
        f"{row['set']:<15}{row['shape'][0]:>7}{seconds['sknn']:>9.2f}{seconds['sklearn']:>11.2f}"
        f"{row['ratios']['sklearn']!s:>20}{epochs:>10}",
        *(f"{cell:>23}" for cell in cells),
        flush=True,
    )
