"""Warnings about columns that are learned, but hardly as they were meant."""

import math
from collections.abc import Sequence

from sknn.engine._typing import Array
from sknn.features.columns import TO_NUMBERS

#: How many columns a warning names.
MAX_NAMED_COLUMNS = 5

#: A column with more categories than this, all of them infrequent, is uninformative.
MAX_ALL_INFREQUENT = 20

#: Text looks like numbers if more than this fraction of its distinct values, but not all, are.
MIN_NUMERIC_FRACTION = 0.9


def rare_categories_message(columns: Sequence[str], min_frequency: int) -> str | None:
    """Return the warning about uninformative columns; None if there are none."""
    if not columns:
        return None
    return (
        f"{_subject(columns, 'has')} more than {MAX_ALL_INFREQUENT} categories, all of them "
        f"infrequent (below min_frequency={min_frequency}), and is uninformative. Convert "
        "numbers or dates stored as text to numbers, drop columns of identifiers, or lower "
        "min_frequency."
    )


def numeric_text_message(columns: Sequence[str]) -> str | None:
    """Return the warning about text that is mostly numbers; None if there are no such columns."""
    if not columns:
        return None
    return (
        f"{_subject(columns, 'holds')} text of which most values are numbers, but not all, and is "
        f"read as categories. If they are numbers, convert them: {TO_NUMBERS}. If they are codes, "
        "name the column in categorical_features."
    )


def looks_numeric(values: "Array | list[str]") -> bool:
    """Return whether most of these distinct texts are numbers, but not all of them.

    Text without any other value may be codes, such as postal areas.
    """
    n_others, limit = 0, (1 - MIN_NUMERIC_FRACTION) * len(values)
    for value in values:
        n_others += not _is_number(value)
        if n_others >= limit:
            return False
    return n_others > 0


def _is_number(text: str) -> bool:
    """Return whether a text is a finite number, as most programs write it."""
    try:
        return "_" not in text and math.isfinite(float(text))
    except ValueError:
        return False


def _subject(columns: Sequence[str], verb: str) -> str:
    """Return the names of columns, of many only the first, and the verb."""
    n_more = len(columns) - MAX_NAMED_COLUMNS
    more = f" and {n_more} more" if n_more > 0 else ""
    each = "each " if len(columns) > 1 else ""
    return f"{', '.join(columns[:MAX_NAMED_COLUMNS])}{more}: {each}{verb}"
