"""Limit BLAS to one thread for small products, where further threads slow it down.

The number of threads is a setting of the process, so concurrent fits share one limit: the first
sets it, and the last removes it.
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
    """Return the controller of the loaded BLAS libraries; cached, since finding them is slow."""
    return ThreadpoolController().select(user_api="blas")


class SingleBlasThread:
    """Context manager that limits BLAS to one thread if the matrix products are small."""

    _lock = Lock()
    _holders = 0
    _limit: Any = None

    def __init__(self, product_size: int) -> None:
        self.holds = MIN_PRODUCT_SIZE < product_size < MAX_PRODUCT_SIZE

    def __enter__(self) -> None:
        """Set the limit, unless another fit has set it."""
        if self.holds:
            with SingleBlasThread._lock:
                SingleBlasThread._holders += 1
                if SingleBlasThread._limit is None:
                    SingleBlasThread._limit = _blas().limit(limits=1)

    def __exit__(self, *error: object) -> None:
        """Remove the limit, unless another fit still uses it."""
        if self.holds:
            with SingleBlasThread._lock:
                SingleBlasThread._holders -= 1
                if not SingleBlasThread._holders:
                    SingleBlasThread._release()

    @classmethod
    def _release(cls) -> None:
        """Restore the original number of threads."""
        limit, cls._limit = cls._limit, None
        if limit is not None:
            limit.restore_original_limits()

    @classmethod
    def _reset_after_fork(cls) -> None:
        """Reset the limit in a forked process, where the fits of its parent do not run."""
        cls._lock, cls._holders = Lock(), 0
        cls._release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=SingleBlasThread._reset_after_fork)
