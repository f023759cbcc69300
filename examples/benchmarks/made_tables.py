"""The generated tables of time_to_accuracy.py, and their target accuracies."""

import runpy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

#: X_train, y_train, X_test, y_test.
Parts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Table:
    """Data in float64, as people have them, and the accuracy to be reached."""

    name: str
    target: float
    load: Callable[[str | None], Parts]


def digits(path: str | None) -> Parts:
    """Return MNIST from a file, or from openml.org, as handwritten_digits.py has it."""
    example = Path(__file__).parent.parent / "handwritten_digits.py"
    X_train, y_train, X_test, y_test = runpy.run_path(str(example))["load"](path)
    return X_train.astype(np.float64), y_train, X_test.astype(np.float64), y_test


def clusters(path: str | None) -> Parts:
    """Return four classes, each of three clusters, in 20 of 30 features."""
    X, y = make_classification(
        40_000,
        n_features=30,
        n_informative=20,
        n_redundant=0,
        n_classes=4,
        n_clusters_per_class=3,
        class_sep=1.5,
        flip_y=0.01,
        random_state=0,
    )
    return _parted(X, y)


def spirals(path: str | None) -> Parts:
    """Return the arms of a spiral galaxy, three that turn once around each other, blurred."""
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=40_000)
    radius = np.sqrt(rng.uniform(0.05, 1, len(y)))
    angle = 2 * np.pi * (y / 3 + radius)
    X = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return _parted(X + 0.04 * rng.standard_normal(X.shape), y)


def _parted(X: np.ndarray, y: np.ndarray) -> Parts:
    """Return three quarters to learn from, scaled, and the rest to test."""
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    scaler = StandardScaler().fit(X_train)
    return scaler.transform(X_train), y_train, scaler.transform(X_test), y_test


#: Every table by its name.
TABLES = {
    table.name: table
    for table in (
        Table("mnist", 0.975, digits),
        Table("clusters", 0.93, clusters),
        Table("spirals", 0.96, spirals),
    )
}
