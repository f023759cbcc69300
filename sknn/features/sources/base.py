"""Source: a table that is read several times, batch by batch, with the same rows in order."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

#: Number of rows of a batch, where the source lets one choose.
BATCH_ROWS = 2**16


class Source(ABC):
    """A table that is read batch by batch.

    Parameters
    ----------
    X : object
        What the user passed.
    """

    def __init__(self, X: Any) -> None:
        self.X = X

    @abstractmethod
    def names(self) -> list[str] | None:
        """Return the names of the columns; None if they are known from the batches only."""

    @abstractmethod
    def batches(self, columns: Sequence[str] | None = None) -> Iterator[Any]:
        """Read the rows once, from the first to the last.

        Parameters
        ----------
        columns : sequence of str, optional
            The columns to read, if the source can leave out others; all if left out.

        Yields
        ------
        batch : frame, record batch or array
            Consecutive rows; it may have other columns, too.
        """

    def digest_parts(self) -> Any:
        """Return picklable objects that identify this source.

        None means that only its rows do: a query does not show which rows it reads.
        """
        return None

    def __repr__(self) -> str:
        """Return the type of what the user passed."""
        return f"<source: {type(self.X).__name__}>"
