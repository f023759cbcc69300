"""BLAS threads: one where the products are small, since a second one would cost more than it gains.

The number of threads belongs to the whole process, so trainings that run side by side share one
limit: the first sets it, and the last takes it back.
"""

import os
from functools import lru_cache
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

#: Multiplications in a matrix product: below the first number OpenBLAS uses one thread anyway, from
#: the second on two threads are faster.
MIN_PRODUCT_SIZE, MAX_PRODUCT_SIZE = 2**18, 4 * 10**6


@lru_cache(maxsize=1)
def _blas() -> Any:
    """Find the BLAS libraries of this process, which takes milliseconds, once."""
    return ThreadpoolController().select(user_api="blas")


class SingleBlasThread:
    """A context in which BLAS has one thread, if the products are small.

    Parameters
    ----------
    product_size : int
        Multiplications in the largest matrix product.
    """

    _lock = Lock()
    _holders = 0
    _limit: Any = None

    def __init__(self, product_size: int) -> None:
        self.holds = MIN_PRODUCT_SIZE < product_size < MAX_PRODUCT_SIZE

    def __enter__(self) -> None:
        """Set the limit, unless somebody else holds it."""
        if self.holds:
            with SingleBlasThread._lock:
                SingleBlasThread._holders += 1
                if SingleBlasThread._limit is None:
                    SingleBlasThread._limit = _blas().limit(limits=1)

    def __exit__(self, *error: object) -> None:
        """Take the limit back, unless somebody else still holds it."""
        if self.holds:
            with SingleBlasThread._lock:
                SingleBlasThread._holders -= 1
                if not SingleBlasThread._holders:
                    SingleBlasThread._release()

    @classmethod
    def _release(cls) -> None:
        """Give BLAS the threads that it had."""
        limit, cls._limit = cls._limit, None
        if limit is not None:
            limit.restore_original_limits()

    @classmethod
    def _begin_anew(cls) -> None:
        """Forget, in a forked process, the trainings that go on in the other one."""
        cls._lock, cls._holders = Lock(), 0
        cls._release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=SingleBlasThread._begin_anew)
