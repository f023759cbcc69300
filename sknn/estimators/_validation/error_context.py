"""Context of errors: which rows or arguments they are about."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def add_to_errors(before: str = "", after: str = "") -> Iterator[None]:
    """Add text before and after the message of a TypeError or ValueError raised in the block."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise type(error)(f"{before}{error}{after}") from error
