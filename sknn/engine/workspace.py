"""The arrays of a training step, kept for the next one."""

from sknn.engine.types import Array


class Workspace:
    """What the last steps computed, to be written over by steps of as many samples.

    Arrays that are used again stay in the cache and need no fresh memory. An epoch has batches of
    two sizes, the last one being shorter, so two sets of arrays are kept.
    """

    sizes = 2

    def __init__(self) -> None:
        self._sets: dict[int, tuple[list[Array], list[Array]]] = {}

    def of(self, n: int) -> tuple[list[Array] | None, list[Array] | None]:
        """Return the values and the blames of an earlier step of n samples, if there was one."""
        return self._sets.get(n, (None, None))

    def keep(self, n: int, values: list[Array], blames: list[Array]) -> None:
        """Keep the arrays of a step of n samples."""
        if n not in self._sets and len(self._sets) == self.sizes:
            self._sets.clear()
        self._sets[n] = values, blames
