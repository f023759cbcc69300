"""Targets, sample weights and groups that are given by the names of columns of X."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from sknn.features.containers import as_frame

#: How many columns an error names.
MAX_NAMED_COLUMNS = 10


@dataclass(frozen=True)
class NamedColumns:
    """Which of y, sample_weight and groups are columns of X, or functions of X."""

    y: Any = None  # a name, a list of names, or a function; None if it is given otherwise
    sample_weight: Any = None
    groups: Any = None

    @classmethod
    def of_arguments(cls, y: Any, sample_weight: Any, groups: Any = None) -> "NamedColumns":
        """Select those of the arguments that are names or functions."""
        given = (y, sample_weight, groups)
        return cls(*(one if isinstance(one, str) or callable(one) else None for one in given))

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return any(one is not None for one in self.roles.values())

    @property
    def roles(self) -> dict[str, Any]:
        """Name or function of each argument."""
        return {"y": self.y, "sample_weight": self.sample_weight, "groups": self.groups}

    @property
    def names(self) -> list[str]:
        """The columns of X that are no features."""
        names: list[str] = []
        for role in self.roles.values():
            names += [role] if isinstance(role, str) else role if isinstance(role, list) else []
        return list(dict.fromkeys(names))

    def take(self, X: Any) -> tuple[Any, dict[str, Any]]:
        """Return X without these columns, and the value of each argument.

        Raises
        ------
        ValueError
            If there is no such column.
        TypeError
            If X has no names of columns.
        """
        frame = as_frame(X)
        values = {}
        for argument, role in self.roles.items():
            if callable(role):
                values[argument] = role(X)
            elif role is not None:
                values[argument] = _column(frame, X, role, argument)
        return (frame.drop(self.names).to_native() if self.names else X), values


def _column(frame: Any, X: Any, names: str | Sequence[str], argument: str) -> Any:
    """Return a column, or several, of a frame."""
    if frame is None:
        raise TypeError(
            f"{argument}={names!r} is the name of a column, but X is a {type(X).__name__}, whose "
            f"columns have no names. Pass X as a frame, or {argument} as an array."
        )
    check_columns_exist(frame.columns, [names] if isinstance(names, str) else names, argument)
    return frame[names if isinstance(names, str) else list(names)].to_native()


def check_columns_exist(columns: Sequence[str], names: Sequence[str], argument: str) -> None:
    """Raise a ValueError that names the columns, unless all of these names are among them."""
    for name in names:
        if name in columns:
            continue
        close = get_close_matches(name, list(map(str, columns)), n=3)
        listed = [*close, *(column for column in columns if column not in close)]
        more = len(listed) - MAX_NAMED_COLUMNS
        raise ValueError(
            f"{argument}={name!r} is not a column of X. Its columns are "
            + ", ".join(map(repr, listed[:MAX_NAMED_COLUMNS]))
            + (f" and {more} more." if more > 0 else ".")
        )


def split_columns(X: Any, y: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
    """Return X, y and sample_weight of rows in memory, of which some may be columns of X."""
    columns = NamedColumns.of_arguments(y, sample_weight)
    X, values = columns.take(X) if columns else (X, {})
    return X, values.get("y", y), values.get("sample_weight", sample_weight)


def without_columns(X: Any, names: Sequence[str]) -> Any:
    """Return X without those of its columns that have these names."""
    frame = as_frame(X) if names else None
    if frame is None or not (present := [name for name in names if name in frame.columns]):
        return X
    return frame.drop(present).to_native()
