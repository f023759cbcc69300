"""Read a folder of data sets, and split them into training and test rows."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

#: At most so many rows to learn from, and to test on.
MOST_TRAIN, MOST_TEST = 10_000, 5_000

#: What there is to do; the task of a set begins with one of these words.
TASKS = ("binary", "multiclass", "regression")

#: The numbers of the rows for training and for the test.
Split = tuple[np.ndarray, np.ndarray]

#: X_train, X_test, y_train, y_test.
Parts = tuple[pd.DataFrame, pd.DataFrame, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class TableSet:
    """A set that was read.

    Parameters
    ----------
    name, task : str
        The task is one of `TASKS`.
    X : DataFrame
        Numbers and categories, with holes.
    y : array
        Labels or numbers; several outputs are columns.
    end : int or None
        The first rows, up to this one, are for training. None leaves it to chance.
    """

    name: str
    task: str
    X: pd.DataFrame
    y: np.ndarray
    end: int | None

    @property
    def is_regression(self) -> bool:
        """Tell whether y are numbers."""
        return self.task == "regression"

    def parts(self, seed: int) -> Parts:
        """Return the rows to learn from and to test on, the same for the same seed."""
        train, test = self.rows(seed)
        return self.X.iloc[train], self.X.iloc[test], self.y[train], self.y[test]

    def splits(self, seed: int, folds: int | None = None) -> list[Split]:
        """Return the split of a seed, or those of cross-validation, which has one partition."""
        if folds is None:
            return [self.rows(seed)]
        kind = KFold if self.is_regression else StratifiedKFold
        splitter = kind(folds, shuffle=True, random_state=0)
        return list(splitter.split(np.arange(len(self.y)), self.y))

    def rows(self, seed: int) -> Split:
        """Return the numbers of the rows for training and for the test, thinned at random."""
        if self.end is None:
            train, test = self._shuffled(seed)
        else:
            train, test = np.split(np.arange(len(self.y)), [self.end])
        rng = np.random.default_rng(seed)
        return thinned(train, MOST_TRAIN, rng), thinned(test, MOST_TEST, rng)

    def _shuffled(self, seed: int) -> list[np.ndarray]:
        """Hold a quarter back, class by class unless one of them has a single row."""
        single = self.is_regression or np.unique(self.y, return_counts=True)[1].min() < 2
        rows, strata = np.arange(len(self.y)), None if single else self.y
        return train_test_split(rows, test_size=0.25, random_state=seed, stratify=strata)


@dataclass(frozen=True)
class Entry:
    """What meta.json says of a set.

    Parameters
    ----------
    path : Path
        A CSV file, perhaps compressed, whose column `target` is y; or a NumPy archive of X, y and
        feature_names, or of X_train, y_train, X_test and y_test.
    name, task : str
        As in :class:`TableSet`.
    size : int
        How many cells there are.
    categorical : sequence of str
        The columns that are categories.
    stream : bool
        Whether the rows are ordered in time, so that the last quarter must be the test.
    """

    path: Path
    name: str
    task: str
    size: int
    categorical: tuple[str, ...]
    stream: bool

    @classmethod
    def of(cls, folder: Path, entry: dict[str, Any]) -> "Entry":
        """Take what is needed from an entry of meta.json."""
        return cls(
            path=folder / entry["file"],
            name=entry["name"],
            task=entry["task"].split()[0],
            size=entry["rows"] * entry["features"],
            categorical=tuple(entry["categorical"]),
            stream=entry.get("stream", False),
        )

    def load(self) -> TableSet:
        """Read the set."""
        X, y, end = read_archive(self.path) if self.path.suffix == ".npz" else read_csv(self.path)
        numbers = X.columns.difference(self.categorical)
        types = dict.fromkeys(numbers, np.float64 if end is None else np.float32)
        X = X.astype(types).assign(**{name: as_category(X[name]) for name in self.categorical})
        y = as_numbers(y) if self.task == "regression" else as_labels(y)
        return TableSet(self.name, self.task, X, y, int(0.75 * len(y)) if self.stream else end)


def read_entries(folder: str) -> list[Entry]:
    """Return what there is in a folder, the smallest set first."""
    entries = json.loads((Path(folder) / "meta.json").read_text())
    return sorted((Entry.of(Path(folder), entry) for entry in entries), key=lambda one: one.size)


def read_csv(path: Path) -> tuple[pd.DataFrame, np.ndarray, None]:
    """Return the columns of a table, and that named target."""
    X = pd.read_csv(path)
    return X, X.pop("target").to_numpy(), None


def read_archive(path: Path) -> tuple[pd.DataFrame, np.ndarray, int | None]:
    """Return a matrix as a frame, y, and where the training rows end if there is a test part."""
    with np.load(path) as archive:
        if "X_train" not in archive:
            columns = archive["feature_names"].astype(str)
            return pd.DataFrame(archive["X"], columns=columns), archive["y"], None
        X, y = (
            np.concatenate([archive[f"{part}_train"], archive[f"{part}_test"]]) for part in "Xy"
        )
        columns = [f"x{number}" for number in range(X.shape[1])]
        return pd.DataFrame(X, columns=columns), y, len(archive["y_train"])


def as_numbers(y: np.ndarray) -> np.ndarray:
    """Return real targets, in one dimension if there is one output."""
    return y.astype(np.float64).reshape(len(y) if y.size == len(y) else y.shape)


def as_labels(y: np.ndarray) -> np.ndarray:
    """Return classes that are whole numbers or text."""
    return y.astype(np.int64 if y.dtype.kind in "biuf" else str)


def as_category(column: pd.Series) -> pd.Series:
    """Return text levels (1.0 becomes "1"), those of all rows; what is missing stays so."""
    text = column.convert_dtypes().astype("string")
    return text.astype(object).where(text.notna(), np.nan).astype("category")


def thinned(rows: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Return at most so many of the rows, drawn at random, in their order."""
    if len(rows) <= most:
        return rows
    return rows[np.sort(rng.choice(len(rows), most, replace=False))]
