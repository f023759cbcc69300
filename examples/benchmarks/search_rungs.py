"""What a rung of a halving search says about the end of training, with each kind of schedule.

    python examples/benchmarks/search_rungs.py
    python examples/benchmarks/search_rungs.py --data DIR --sets vehicle,segment

Candidates are trained for 4, 12 and 36 of 108 epochs: with a constant rate, in the middle of a
"one_cycle" schedule of 108 epochs (`cut`), and with a whole one of so many epochs (`whole`).
Printed are the rank correlation (Spearman) of their log losses on held-out rows with those after
108 epochs, and the log loss, after 108 epochs, of the candidate that is best at the rung, relative
to that of the best one. DIR is that of tables.py, of which only sets of numbers can be chosen;
without it the set is that of digits.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # read when libraries are imported

import argparse
import warnings
from collections.abc import Iterator

import numpy as np
from cross_fitting import chosen_entries, listed, read_table
from scipy.stats import loguniform, spearmanr
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import ParameterSampler, train_test_split
from sklearn.preprocessing import StandardScaler

from sknn import MLPClassifier

#: Epochs of the rungs, and of a whole training.
RUNGS, EPOCHS = (4, 12, 36), 108

#: What is searched.
SPACE = {
    "learning_rate_init": loguniform(1e-3, 5e-2),
    "alpha": loguniform(1e-6, 1e-1),
    "dropout": [0.0, 0.2, 0.4],
    "hidden_layer_sizes": [(16,), (64,), (32, 32)],
}

#: The schedule of each row of the report.
SCHEDULES = {"constant": "constant", "cut": "one_cycle", "whole": "one_cycle"}

Split = list[np.ndarray]


def main() -> None:
    """Print a line for each set and schedule."""
    parser = argparse.ArgumentParser(description="Compare rungs with the end of training.")
    parser.add_argument("--data", metavar="DIR", help="with meta.json and the sets")
    parser.add_argument("--sets", type=listed, default=["vehicle", "segment", "satimage"])
    parser.add_argument("--candidates", type=int, default=27)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"{'set':<12}{'schedule':<12}" + "".join(f"{f'{n} epochs':>22}" for n in RUNGS))
    for name, X, y in sets(options.data, options.sets):
        split = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
        scaler = StandardScaler().fit(split[0])
        split[:2] = scaler.transform(split[0]), scaler.transform(split[1])
        candidates = list(ParameterSampler(SPACE, options.candidates, random_state=0))
        for label, schedule in SCHEDULES.items():
            losses = np.array(
                [
                    losses_of(
                        one | {"learning_rate": schedule},
                        split,
                        options.epochs,
                        is_whole=label == "whole",
                    )
                    for one in candidates
                ]
            )
            print(f"{name:<12}{label:<12}" + "".join(map(described, [losses] * 3, range(3))))


def sets(folder: str | None, names: list[str]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield the name, the inputs and the classes of each set."""
    if folder is None:
        yield ("digits", *load_digits(return_X_y=True))
        return
    chosen_entries([folder], names)
    for name in names:
        table = read_table(folder, name)
        yield name, np.asarray(table.X, dtype=np.float64), table.y


def losses_of(
    candidate: dict[str, object], split: Split, epochs: int, *, is_whole: bool
) -> list[float]:
    """Return the log losses on held-out rows at each rung and at the end."""
    train, test, y_train, y_test = split
    settings = candidate | {"batch_size": 32, "random_state": 0, "n_iter_no_change": np.inf}

    def loss(network: MLPClassifier) -> float:
        return log_loss(y_test, network.predict_proba(test), labels=network.classes_)

    end = MLPClassifier(**settings, max_iter=epochs).fit(train, y_train)
    losses = []
    for n in RUNGS:
        if is_whole:
            network = MLPClassifier(**settings, max_iter=min(n, epochs)).fit(train, y_train)
        else:
            network = MLPClassifier(**settings, max_iter=epochs)
            for _ in range(min(n, epochs)):
                network.partial_fit(train, y_train, classes=np.unique(y_train))
        losses.append(loss(network))
    return [*losses, loss(end)]


def described(losses: np.ndarray, rung: int) -> str:
    """Return the rank correlation and the relative loss of the choice of a rung."""
    end = losses[:, -1]
    choice = end[losses[:, rung].argmin()] / end.min()
    return f"{f'{spearmanr(losses[:, rung], end).statistic:.2f}, {choice:.2f}':>22}"


if __name__ == "__main__":
    main()
