"""Categorical columns: which columns are categorical, and the code of each cell.

A column with K categories has K + 2 codes: one for each category, one for infrequent or unknown
categories, one for missing values.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sknn.engine._typing import Array
from sknn.features.columns import Column
from sknn.features.value_counts import ROUNDING_ERROR, ValueCounts

#: The sorted categories of a column: strings, or numbers (True is 1 and False is 0).
Categories: TypeAlias = "Array | list[str]"

#: The codes that follow those of the categories.
EXTRA_CODES = ["infrequent", "missing"]

#: A column with more categories than this, all of them infrequent, is uninformative.
MAX_ALL_INFREQUENT = 20

#: How many uninformative columns a warning names.
MAX_NAMED_COLUMNS = 5


@dataclass(frozen=True)
class CategoryStats:
    """What is learned from a categorical column.

    Attributes
    ----------
    categories : array of float64 or list of str
        The frequent ones, sorted.
    unused : list of bool
        For each code, whether no training row has it.
    is_uninformative : bool
        Whether there are many categories and all of them are infrequent.
    """

    categories: Categories
    unused: list[bool]
    is_uninformative: bool


def learn_categories(counts: ValueCounts, min_frequency: int) -> CategoryStats:
    """Keep the categories whose weight is at least `min_frequency`; the others are infrequent."""
    frequent = np.flatnonzero(counts.weights >= min_frequency * (1 - ROUNDING_ERROR))
    n_infrequent = len(counts.values) - len(frequent)
    values = counts.values
    kept = values[frequent] if isinstance(values, np.ndarray) else [values[i] for i in frequent]
    unused = [False] * len(kept) + [not n_infrequent, not counts.missing]
    return CategoryStats(kept, unused, not len(kept) and n_infrequent > MAX_ALL_INFREQUENT)


def rare_categories_message(columns: Sequence[str], min_frequency: int) -> str | None:
    """Return the warning about uninformative columns; None if there are none."""
    if not columns:
        return None
    n_more = len(columns) - MAX_NAMED_COLUMNS
    more = f" and {n_more} more" if n_more > 0 else ""
    return (
        f"{', '.join(columns[:MAX_NAMED_COLUMNS])}{more}: all of more than {MAX_ALL_INFREQUENT} "
        f"categories are infrequent (below min_frequency={min_frequency}), so the column is "
        "uninformative. Convert numbers or dates stored as text to numbers, drop columns of "
        "identifiers, or lower min_frequency."
    )


def warn_of_rare(message: Any, min_frequency: int, *, stacklevel: int) -> None:
    """Emit the message of `rare_categories_message`, if there is one."""
    if message:
        warnings.warn(message, UserWarning, stacklevel=stacklevel + 1)


def encode_categories(column: Column, categories: Categories) -> Array:
    """Return the code of each cell, shape (n,)."""
    infrequent, missing = (len(categories) + i for i in range(len(EXTRA_CODES)))
    if column.kind == "empty":
        return np.full(len(column.cells), missing)
    if isinstance(categories, np.ndarray):
        cells = np.asarray(column.cells)
        codes = np.searchsorted(categories, cells)
        is_known = np.append(categories, np.nan)[codes] == cells
        return np.where(np.isnan(cells), missing, np.where(is_known, codes, infrequent))
    code_of: dict[str | None, int] = {category: i for i, category in enumerate(categories)}
    code_of[None] = missing
    codes = map(code_of.get, column.cells, repeat(infrequent))
    return np.fromiter(codes, np.intp, len(column.cells))


def categorical_mask(
    setting: Any, names: Sequence[str] | None, n_features: int
) -> NDArray[np.bool_] | None:
    """Read the parameter `categorical_features`; None where the types of the columns decide.

    Parameters
    ----------
    setting : "from_dtype", None or array-like of bool, int or str
        The parameter.
    names : sequence of str or None
        Those of the columns, if they have names.
    n_features : int
        How many columns there are.

    Raises
    ------
    ValueError
        Where `HistGradientBoostingClassifier` would, too.
    """
    if isinstance(setting, str) and setting == "from_dtype":
        return None
    chosen = np.asarray([] if setting is None else setting)
    mask = np.zeros(n_features, dtype=bool)
    if chosen.size == 0:
        return mask
    if chosen.ndim != 1 or not _is_of_one_type(chosen):
        raise ValueError(
            "categorical_features must be 'from_dtype', None or an array-like of bool, int or str, "
            f"got: {setting!r}."
        )
    if chosen.dtype.kind == "b":
        if len(chosen) != n_features:
            raise ValueError(
                "categorical_features set as a boolean mask must have shape (n_features,) = "
                f"({n_features},), got: {chosen.shape}."
            )
        return chosen
    mask[_positions(chosen, names, n_features)] = True
    return mask


def _is_of_one_type(chosen: NDArray[Any]) -> bool:
    kind = chosen.dtype.kind
    return kind in "biuU" or (kind == "O" and all(isinstance(name, str) for name in chosen))


def _positions(chosen: NDArray[Any], names: Sequence[str] | None, n_features: int) -> Any:
    """Return the columns that are meant by their names or numbers."""
    if chosen.dtype.kind in "iu":
        if chosen.min() < 0 or chosen.max() >= n_features:
            raise ValueError(
                "categorical_features set as integer indices must be in [0, n_features - 1] = "
                f"[0, {n_features - 1}], got: {chosen.tolist()}."
            )
        return chosen
    if names is None:
        raise ValueError(
            "categorical_features should be passed as an array of integers or as a boolean mask "
            "when the model is fitted on data without feature names."
        )
    position = {name: j for j, name in enumerate(names)}
    for name in chosen:
        if name not in position:
            raise ValueError(
                f"categorical_features has an item value '{name}' which is not a valid feature "
                f"name of the training data. Observed feature names: {list(names)}."
            )
    return [position[name] for name in chosen]


def is_categorical(column: Column, j: int, mask: NDArray[np.bool_] | None) -> bool:
    """Tell whether a column is categorical, by a mask of all columns or by its own type.

    Raises
    ------
    TypeError
        If it holds text and the mask says that it is not.
    """
    if mask is None:
        return column.labelled or column.kind in ("string", "boolean")
    if column.kind == "string" and not mask[j]:
        raise TypeError(
            f"{column.label} holds text, but categorical_features does not name it. Name it there, "
            "turn it into numbers, or drop it."
        )
    return bool(mask[j])
