"""Sets for fits at the defaults: some that scikit-learn has, others from files."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

#: What scikit-learn brings.
SHIPPED = {"digits": load_digits, "breast_cancer": load_breast_cancer, "wine": load_wine}

#: The sets that are fitted unless others are chosen, and those of a folder with NAME.npz.
CHOSEN, OF_FOLDER = ("digits", "breast_cancer"), ("mnist", "satimage", "spambase", "mammography")


@dataclass(frozen=True)
class DefaultSet:
    """A set in two parts.

    Parameters
    ----------
    name : str
        What `--set` calls it.
    X, X_test : array of shape (n, n_features)
        Rows to learn from and to test on, in units of the deviations of the former. Pixels, which
        are numbers of 8 bits, are divided by 255 instead.
    y, y_test : array of shape (n,)
        Labels.
    """

    name: str
    X: np.ndarray
    X_test: np.ndarray
    y: np.ndarray
    y_test: np.ndarray


def chosen_sets(names: list[str], folder: str | None) -> list[str]:
    """Return the names of the sets to fit, and say which of a folder's are not there.

    Raises
    ------
    ValueError
        If a name that was asked for is neither shipped nor in the folder.
    """
    for name in names:
        if name not in SHIPPED and not (folder and archive(folder, name).exists()):
            where = f"{folder} has no {name}.npz" if folder else "--data, a folder, is needed"
            raise ValueError(f"no such set: {name}; {where}; there are {', '.join(SHIPPED)}")
    if names or folder is None:
        return names or list(CHOSEN)
    there = [name for name in OF_FOLDER if archive(folder, name).exists()]
    for name in sorted({*OF_FOLDER}.difference(there)):
        print(f"note: {name} is left out, {folder} has no {name}.npz")
    return [*CHOSEN, *there]


def load_set(name: str, folder: str | None, quick: bool = False) -> DefaultSet:
    """Read a set and split it: a quarter for the test, unless it has a split of its own."""
    X, y, end = _read_shipped(name) if name in SHIPPED else _read_file(folder or "", name)
    if end is None:
        parts = train_test_split(X, y, test_size=0.25, random_state=0, stratify=y)
    else:
        parts = [X[:end], X[end:], y[:end], y[end:]]
    X, X_test, y, y_test = parts
    if quick:
        X, y = X[::4], y[::4]
    if X.dtype == np.uint8:
        return DefaultSet(name, X / 255, X_test / 255, y, y_test)
    scaler = StandardScaler().fit(X)
    return DefaultSet(name, scaler.transform(X), scaler.transform(X_test), y, y_test)


def archive(folder: str, name: str) -> Path:
    """Return where the file of a set is."""
    return Path(folder) / f"{name}.npz"


def _read_shipped(name: str) -> tuple[np.ndarray, np.ndarray, None]:
    """Return X and y of a set that scikit-learn has."""
    return *SHIPPED[name](return_X_y=True), None


def _read_file(folder: str, name: str) -> tuple[np.ndarray, np.ndarray, int | None]:
    """Return X, y, and where the training rows end if there is a test part."""
    from table_sets import as_labels, read_archive  # needs pandas

    X, y, end = read_archive(archive(folder, name))
    return X.to_numpy(), as_labels(y), end
