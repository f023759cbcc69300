"""Compiled kernels: parts of a training step in C, in place of several NumPy calls.

They are an optional part of the package (``docs/howto/compiled.md``), and compute the same bits.
Without them, or for arrays that do not suit them, `bind` returns None, and NumPy computes the step.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import Any

from sknn.engine._typing import Array

#: The version of the kernels that this package uses; those of an older build are not used.
VERSION = 2

_kernels: Any = None
with suppress(ImportError):
    _kernels = import_module("sknn.engine._compiled_kernels")

#: An element for each context that is entered, in any thread; `append` and `pop` are atomic.
_switched_off: list[None] = []


def has_compiled_kernels() -> bool:
    """Return whether training steps use compiled kernels: installed, and not switched off."""
    return _kernels is not None and not _switched_off and bool(_kernels.VERSION == VERSION)


@contextmanager
def without_compiled_kernels() -> Iterator[None]:
    """Let NumPy compute all steps of fits that begin in this context, in every thread.

    The results are the same, only the time is not.

    Yields
    ------
    None
    """
    _switched_off.append(None)
    try:
        yield
    finally:
        _switched_off.pop()


def bind(
    name: str, *arrays: Array, constants: tuple[float, ...] = ()
) -> Callable[..., None] | None:
    """Return a call of a kernel on these arrays, or None.

    Parameters
    ----------
    name : str
        A kernel of ``_compiled_kernels.h``, which says what it computes.
    *arrays : arrays
        Its arrays: of one type, float32 or float64, and C-contiguous.
    constants : tuple of float, default=()
        Its constants.
    """
    call: Callable[..., None] | None = None
    if has_compiled_kernels():
        call = _kernels.bind(name, arrays, constants)
    return call
