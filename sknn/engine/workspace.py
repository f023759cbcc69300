"""Arrays of one step, kept for the next of the same size."""

from typing import Any


class Workspace:
    """What the last steps computed, to be written over by those of the same size.

    Arrays that are used again stay in the cache and need no fresh memory. An epoch has batches of
    two sizes, the last one being shorter, so two sets are kept. Copies and pickles begin empty.
    """

    sizes = 2

    def __init__(self) -> None:
        self._sets: dict[Any, Any] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Leave the arrays out."""
        return {"_sets": {}}

    def get(self, size: Any) -> Any:
        """Return what an earlier step of this size left; None if there was none."""
        return self._sets.get(size)

    def keep(self, size: Any, arrays: Any) -> None:
        """Keep the arrays of a step."""
        if size not in self._sets and len(self._sets) == self.sizes:
            self._sets.clear()
        self._sets[size] = arrays
