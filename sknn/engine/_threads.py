"""Threads that share the parts of one computation, such as those of a step or of a prediction.

NumPy and BLAS release the global lock, so parts of large arrays are computed at the same time. What
the parts are must not depend on the number of threads: then no bit of the result does. Nothing
waits by spinning, and the thread that has the parts computes any that no other has begun: on a busy
machine it does not wait for a thread that gets no core.
"""

import os
from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Lock, Thread, get_ident
from typing import Any, TypeAlias

import numpy as np

from sknn.engine._typing import Call

#: The least number of multiplications in the forward pass of a batch for which batches of different
#: networks, or of a prediction, are computed in threads. Two take 0.75 of the time of one to train
#: four networks of 784-100-10 in batches of 200 (2^23.9), 0.65 for 784-256-256-10 (2^25.7), but
#: twice the time for 64-100-10 (2^20.5): they wait for Python's lock between short calls.
MIN_PARALLEL_PRODUCTS = 2**23

#: Returns the largest number of threads, and what to call at the end.
Begin: TypeAlias = Callable[[], tuple[int, Callable[[], None]]]


class AllowThreads:
    """Context manager: in it `run_parallel` may use other threads.

    The limit is one of the process: the threads in such contexts and those that help them are
    together at most so many, but each thread in a context may always compute.

    Parameters
    ----------
    begin : callable
        ``begin()`` is called when the first thread enters such a context; it returns the largest
        number of threads, and a function that is called when the last thread has left.
    """

    def __init__(self, begin: Begin) -> None:
        self.begin = begin

    def __enter__(self) -> None:
        """Enter the context."""
        _POOL.enter(self.begin)

    def __exit__(self, *error: object) -> None:
        """Leave the context."""
        _POOL.leave()


def run_parallel(parts: Sequence[Call]) -> None:
    """Call all parts, in any order, in this thread and in others as far as they are allowed.

    All parts have ended when this returns or raises. An error of one part is raised; others may
    then not have been called.

    Parameters
    ----------
    parts : sequence of callables
        Called without arguments.
    """
    n_helpers = _POOL.borrow(len(parts) - 1)
    if not n_helpers:
        for part in parts:
            part()
        return
    work = _SharedWork(parts)
    try:
        for _ in range(n_helpers):
            _POOL.work.put(work)
        work.call_parts(work.parts.popleft)
    finally:
        work.parts.clear()
        interrupt = work.wait()
        _POOL.give_back(n_helpers)
    if interrupt or work.errors:
        raise interrupt or work.errors[0]


class _SharedWork:
    """A queue of parts: the caller takes them from one end, the helpers from the other.

    The caller counts the helpers that have begun and ended: a message could be lost if Ctrl-C
    arrives as it is received.
    """

    def __init__(self, parts: Sequence[Call]) -> None:
        self.parts = deque(parts)
        self.begun: list[bool] = []
        self.ended: list[bool] = []
        self.errors: list[BaseException] = []
        self.messages: SimpleQueue[None] = SimpleQueue()  # one from each helper at its end
        self.float_errors: Any = np.geterr() | {"call": np.geterrcall()}  # settings of a thread

    def call_parts(self, take: Callable[[], Call]) -> None:
        """Call parts until none is left."""
        while True:
            try:
                part = take()
            except IndexError:
                return
            part()

    def help(self) -> None:
        """Call parts in another thread; none if all have been taken."""
        self.begun.append(True)  # before a part is taken: the caller removes parts, then counts
        try:
            with np.errstate(**self.float_errors):
                self.call_parts(self.parts.pop)
        except BaseException as error:
            self.errors.append(error)
            self.parts.clear()
        self.ended.append(True)
        self.messages.put(None)

    def wait(self) -> KeyboardInterrupt | None:
        """Wait until all helpers that have begun have ended; return what interrupted the wait."""
        interrupt = None
        while len(self.ended) < len(self.begun):
            try:
                self.messages.get()
            except KeyboardInterrupt as error:
                interrupt = error
        return interrupt


class _Pool:
    """The threads of the process that help others, started once and kept until it ends."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.limit = 1
        self.end: Callable[[], None] | None = None
        self.inside: dict[int, int] = {}  # how often each thread has entered a context
        self.n_threads = self.n_lent = 0
        self.work: SimpleQueue[_SharedWork] = SimpleQueue()

    def enter(self, begin: Begin) -> None:
        """Count the context of the current thread."""
        with self.lock:
            if not self.inside:
                self.limit, self.end = begin()
            thread = get_ident()
            self.inside[thread] = self.inside.get(thread, 0) + 1

    def leave(self) -> None:
        """Count the context of the current thread no more; a forked process has none."""
        with self.lock:
            thread = get_ident()
            n = self.inside.pop(thread, 0)
            if n > 1:
                self.inside[thread] = n - 1
            if not self.inside:
                self.n_lent = 0  # after Ctrl-C some may not have been given back
                self.finish()

    def finish(self) -> None:
        """Call the function that ends the contexts."""
        end, self.end = self.end, None
        if end:
            end()

    def borrow(self, n: int) -> int:
        """Return how many threads help the current one, at most n; they are lent to it."""
        if n < 1 or self.limit == 1 or get_ident() not in self.inside:
            return 0
        with self.lock:
            n = max(0, min(n, self.limit - len(self.inside) - self.n_lent))
            while self.n_threads < self.n_lent + n and self._start_thread():
                self.n_threads += 1
            n = min(n, self.n_threads - self.n_lent)
            self.n_lent += n
        return n

    def _start_thread(self) -> bool:
        """Start a thread; return whether the system has one."""
        try:
            Thread(target=_help_forever, args=(self.work,), daemon=True).start()
        except RuntimeError:
            return False
        return True

    def give_back(self, n: int) -> None:
        """Take back so many lent threads."""
        with self.lock:
            self.n_lent -= n


def _help_forever(waiting: SimpleQueue[_SharedWork]) -> None:
    """Help with one computation after the other."""
    while True:
        waiting.get().help()


def _restart() -> None:
    """Make a new pool in a forked process, which has none of the threads and contexts."""
    global _POOL
    _POOL.finish()
    _POOL = _Pool()


_POOL = _Pool()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_restart)
