"""Threads of large computations: those of the engine, with one BLAS thread each.

Threads of BLAS itself wait for each other in every product, which takes many times as long where a
core is busy; and what they compute may depend on their number.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from typing import Any

from joblib import cpu_count
from threadpoolctl import ThreadpoolController

from sknn.engine._threads import AllowThreads

#: Multiplications in a matrix product up to which OpenBLAS uses one thread anyway.
MIN_PRODUCT_SIZE = 2**18


def engine_threads(product_size: int) -> AbstractContextManager[None]:
    """Return a context in which BLAS has one thread, and the engine those that it had.

    Nothing is done if the largest matrix product has at most `MIN_PRODUCT_SIZE` multiplications.
    The number of threads is a setting of the process: contexts that overlap share it.
    """
    return AllowThreads(_limit_blas) if product_size > MIN_PRODUCT_SIZE else nullcontext()


def _limit_blas() -> tuple[int, Callable[[], None]]:
    """Limit BLAS to one thread; return the number that it had, and what restores it."""
    blas, n_cores = _system()
    allowed = min([library["num_threads"] for library in blas.info()], default=1)
    return min(allowed, n_cores), blas.limit(limits=1).restore_original_limits


@lru_cache(maxsize=1)
def _system() -> tuple[Any, int]:
    """Return the controller of the loaded BLAS libraries, and the cores of this process.

    They are cached, since finding them is slow.
    """
    return ThreadpoolController().select(user_api="blas"), cpu_count()
