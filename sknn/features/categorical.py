"""Categorical columns: which columns are categorical, and the code of each cell.

A column with K categories has K + 2 codes: one for each category, one for infrequent or unknown
categories, one for missing values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sknn.engine._typing import Array
from sknn.features.column_warnings import MAX_ALL_INFREQUENT
from sknn.features.columns import Column
from sknn.features.value_counts import ROUNDING_ERROR, ValueCounts

#: The sorted categories of a column: strings, or numbers (True is 1 and False is 0).
Categories: TypeAlias = "Array | list[str]"

#: The codes that follow those of the categories.
EXTRA_CODES = ["infrequent", "missing"]

#: A new dictionary with at most this many entries is encoded as a whole also for a single cell.
MAX_EAGER_ENTRIES = 2**10


@dataclass(frozen=True)
class CategoryStats:
    """Categories of a categorical column in training."""

    categories: Categories  # the frequent ones, sorted
    unused: list[bool]  # for each code, whether no training row has it
    is_uninformative: bool  # whether there are many categories and all of them are infrequent
    has_empty_string: bool  # whether the empty string is a category, frequent or not


def learn_categories(column: Column, counts: ValueCounts, min_frequency: int) -> CategoryStats:
    """Keep the categories whose weight is at least `min_frequency`; the others are infrequent.

    Raises
    ------
    ValueError
        If they are integers that float64 cannot represent.
    """
    _refuse_rounded(column)
    frequent = np.flatnonzero(counts.weights >= min_frequency * (1 - ROUNDING_ERROR))
    n_infrequent = len(counts.values) - len(frequent)
    values = counts.values
    if isinstance(values, np.ndarray):
        kept: Categories = values[frequent].astype(column.float_type)
    else:
        kept = [values[i] for i in frequent]
    unused = [False] * len(kept) + [not n_infrequent, not counts.missing]
    is_uninformative = not len(kept) and n_infrequent > MAX_ALL_INFREQUENT
    has_empty_string = isinstance(values, list) and "" in values
    return CategoryStats(kept, unused, is_uninformative, has_empty_string)


class CategoryCodes:
    """The codes of the cells of a categorical column.

    Parameters
    ----------
    categories : list of str or array
        The sorted categories.
    """

    def __init__(self, categories: Categories) -> None:
        self.categories = categories
        self.infrequent, self.missing = (len(categories) + i for i in range(len(EXTRA_CODES)))
        self._code_of: dict[str | None, int] = {}
        if isinstance(categories, list):
            self._code_of = {category: i for i, category in enumerate(categories)}
            self._code_of[None] = self.missing
        # the last dictionary of text, and the code of each of its entries
        self._last: tuple[Any, Array | None] = None, None

    def of_column(self, column: Column) -> Array:
        """Return the code of each cell, shape (n,).

        Numbers are compared in the narrower of the types in fit and here: 0.1 in float32 is 0.1.

        Raises
        ------
        ValueError
            If they are integers that float64 cannot represent.
        """
        _refuse_rounded(column)
        if column.kind == "empty":
            return np.full(len(column.cells), self.missing)
        categories = self.categories
        if isinstance(categories, np.ndarray):
            narrowest = min(categories.dtype, column.float_type, key=lambda one: one.itemsize)
            with np.errstate(over="ignore"):
                cells = np.asarray(column.cells).astype(narrowest)
                categories = categories.astype(narrowest)
            codes = np.searchsorted(categories, cells)
            is_known = np.append(categories, np.nan)[codes] == cells
            return np.where(
                np.isnan(cells), self.missing, np.where(is_known, codes, self.infrequent)
            )
        found = map(self._code_of.get, column.cells, repeat(self.infrequent))
        return np.fromiter(found, np.intp, len(column.cells))

    def of_cell(self, cell: Any) -> int | None:
        """Return the code of a string; None for any other cell, or if categories are numbers."""
        if type(cell) is not str or not self._code_of:
            return None
        return self._code_of.get(cell, self.infrequent)

    def of_dictionary(self, positions: NDArray[np.integer[Any]], entries: Any) -> Array | None:
        """Return the code of each cell of a column that is encoded by a dictionary of its own.

        Parameters
        ----------
        positions : array of int of shape (n,)
            The position of each cell in the dictionary, -1 where it is missing.
        entries : pandas.Index
            The dictionary, which never changes.

        Returns
        -------
        codes : array of shape (n,) or None
            None if not all entries are text, the categories are numbers, or if the dictionary is
            new and has many more entries than there are cells.
        """
        known, codes = self._last  # read at once, as another thread may replace it
        if known is not entries:
            if not self._code_of or len(entries) > max(len(positions), MAX_EAGER_ENTRIES):
                return None
            texts = entries.tolist()
            codes = None
            if set(map(type, texts)) <= {str}:
                found = [self._code_of.get(text, self.infrequent) for text in texts]
                codes = np.array([*found, self.missing])
            self._last = entries, codes
        return None if codes is None else codes[positions]


def _refuse_rounded(column: Column) -> None:
    """Raise an error for integers that would be mistaken for each other."""
    if column.is_rounded:
        raise ValueError(
            f"{column.label} is categorical and holds integers above 2**53, which float64 cannot "
            "tell apart. Convert them to text."
        )


def categorical_mask(
    setting: Any, names: Sequence[str] | None, n_features: int
) -> NDArray[np.bool_] | None:
    """Return the parameter `categorical_features` as a boolean mask; None for "from_dtype".

    A ValueError is raised under the same conditions as in `HistGradientBoostingClassifier`.
    """
    if isinstance(setting, str) and setting == "from_dtype":
        return None
    chosen = np.asarray([] if setting is None else setting)
    mask = np.zeros(n_features, dtype=bool)
    if chosen.size == 0:
        return mask
    kind = chosen.dtype.kind
    is_str = kind == "U" or (kind == "O" and all(isinstance(name, str) for name in chosen))
    if chosen.ndim != 1 or not (is_str or kind in "biu"):
        raise ValueError(
            "categorical_features must be 'from_dtype', None or an array-like of bool, int or str, "
            f"got: {setting!r}."
        )
    if kind == "b":
        if len(chosen) != n_features:
            raise ValueError(
                "categorical_features set as a boolean mask must have shape (n_features,) = "
                f"({n_features},), got: {chosen.shape}."
            )
        return chosen
    mask[_column_indices(chosen, names, n_features)] = True
    return mask


def _column_indices(chosen: NDArray[Any], names: Sequence[str] | None, n_features: int) -> Any:
    """Return the indices of columns that are given by name or index."""
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
    index = {name: j for j, name in enumerate(names)}
    for name in chosen:
        if name not in index:
            raise ValueError(
                f"categorical_features has an item value '{name}' which is not a valid feature "
                f"name of the training data. Observed feature names: {list(names)}."
            )
    return [index[name] for name in chosen]


def is_categorical(column: Column, j: int, mask: NDArray[np.bool_] | None, setting: Any) -> bool:
    """Return whether column j is categorical, by the mask or, if it is None, by its type.

    Raises
    ------
    TypeError
        If it holds text, but the setting is None or a boolean mask without it.
    """
    if mask is None:
        return column.has_categorical_dtype or column.kind in ("string", "boolean")
    if column.kind != "string" or mask[j]:
        return bool(mask[j])
    if setting is None or np.asarray(setting).dtype.kind == "b":
        raise TypeError(
            f"{column.label} holds text, but is not in categorical_features. Add it there, convert "
            "it to numbers, or drop it."
        )
    return True  # names and indices are in addition to the columns with text
