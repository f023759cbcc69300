"""Choice: which columns are categorical."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sknn.features.columns import Column


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
