"""Threads of large computations: those of the engine, with one BLAS thread each.

Threads of BLAS itself wait for each other in every product, which takes many times as long where a
core is busy; and what they compute may depend on their number.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache, partial
from typing import Any

from joblib import cpu_count
from threadpoolctl import ThreadpoolController

from sknn.engine._threads import AllowThreads

#: Multiplications in a matrix product up to which OpenBLAS uses one thread anyway.
MIN_PRODUCT_SIZE = 2**18


def engine_threads(
    product_size: float, least: int = MIN_PRODUCT_SIZE
) -> AbstractContextManager[None]:
    """Return a context in which BLAS has one thread, and the engine those that it had.

    Nothing is done if the largest matrix product has at most `least` multiplications. It is
    infinite for L-BFGS: SciPy's routine calls BLAS in a way that starts its threads whatever the
    sizes are, and took 30 times as long with two of them on a busy machine. The number of threads
    is a setting of the process: contexts that overlap share it.
    """
    return AllowThreads(_limit_blas) if product_size > least else nullcontext()


def _limit_blas() -> tuple[int, Callable[[], None]]:
    """Limit BLAS to one thread; return the number that it had, and a function that restores it."""
    blas, n_cores = _system()
    before = [(library, library.num_threads or 1) for library in blas.lib_controllers]
    several = [(library, n) for library, n in before if n > 1]
    _set_threads([(library, 1) for library, _ in several])
    allowed = min([n for _, n in before], default=1)
    return min(allowed, n_cores), partial(_set_threads, several)


def _set_threads(numbers: Sequence[tuple[Any, int]]) -> None:
    """Set the number of threads of some libraries.

    Newer versions of threadpoolctl ignore what any thread but the first sets; but the first of
    several fits to begin may be the first to end, and another thread then restores the limit. So
    no thread is on record, neither before nor after.
    """
    for library, n in numbers:
        forget_thread = getattr(library, "clear_controlling_thread", _do_nothing)
        forget_thread(force=True)
        library.set_num_threads(n)
        forget_thread(force=True)


def _do_nothing(force: bool) -> None:
    """Do nothing: older versions have no such method."""


@lru_cache(maxsize=1)
def _system() -> tuple[Any, int]:
    """Return the controller of the loaded BLAS libraries, and the cores of this process.

    They are cached, since finding them is slow.
    """
    return ThreadpoolController().select(user_api="blas"), cpu_count()
