"""Threads of large computations: those of the engine, with one BLAS thread each.

Threads of BLAS itself wait for each other in every product, which takes many times as long where a
core is busy; and what they compute may depend on their number.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache, partial
from typing import Any

from joblib import cpu_count
from threadpoolctl import OpenBLASController, ThreadpoolController

from sknn.engine._threads import AllowThreads

#: Multiplications in a matrix product up to which OpenBLAS uses one thread anyway.
MIN_PRODUCT_SIZE = 2**18


def engine_threads(product_size: float) -> AbstractContextManager[None]:
    """Return a context in which BLAS has one thread, and the engine those that it had.

    Nothing is done if the largest matrix product has at most `MIN_PRODUCT_SIZE` multiplications.
    It is infinite for L-BFGS: SciPy's routine calls BLAS in a way that starts its threads whatever
    the sizes are, and took 30 times as long with two of them on a busy machine.
    The number of threads is a setting of the process: contexts that overlap share it.
    """
    return AllowThreads(_limit_blas) if product_size > MIN_PRODUCT_SIZE else nullcontext()


def _limit_blas() -> tuple[int, Callable[[], None]]:
    """Limit BLAS to one thread; return the number that it had, and what restores it."""
    blas, n_cores = _system()
    allowed = min([library["num_threads"] for library in blas.info()], default=1)
    with _control():
        limit = blas.limit(limits=1)
    return min(allowed, n_cores), partial(_restore, limit)


def _restore(limit: Any) -> None:
    """Restore the number of threads that BLAS had."""
    with _control():
        limit.restore_original_limits()


@contextmanager
def _control() -> Iterator[None]:
    """Let the current thread set limits.

    Newer versions of threadpoolctl ignore what any thread but the first sets; but the first of
    several fits to begin may be the first to end, and another thread then restores the limit.
    """
    clear = getattr(OpenBLASController, "clear_controlling_thread", lambda force=False: None)
    clear(force=True)
    try:
        yield
    finally:
        clear()


@lru_cache(maxsize=1)
def _system() -> tuple[Any, int]:
    """Return the controller of the loaded BLAS libraries, and the cores of this process.

    They are cached, since finding them is slow.
    """
    return ThreadpoolController().select(user_api="blas"), cpu_count()
