"""Long vectors in pieces that stay in the processor's cache from one operation to the next."""

from collections.abc import Iterator

#: Numbers in a piece: a few arrays of so many fit into the second-level cache.
PIECE = 2**16


def pieces(n: int) -> Iterator[slice]:
    """Yield slices that cover a vector of n numbers."""
    for start in range(0, n, PIECE):
        yield slice(start, start + PIECE)
