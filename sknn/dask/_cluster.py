"""Cluster: pure functions run as tasks of Dask, by a client."""

import weakref
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Self

import dask
from dask.delayed import delayed

#: No warning of Dask about large arguments: weights and states have to be sent.
_SETTINGS = {"distributed.admin.large-graph-warning-threshold": "1TB"}


class Cluster:
    """Runs functions as tasks: Dask runs one again elsewhere if its worker is lost.

    Arguments are kept by the scheduler, not by a worker, so that none can be lost. Results that are
    arguments of other tasks stay on the workers.

    Parameters
    ----------
    client : distributed.Client
        The client.
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self._futures: list[weakref.ref[Any]] = []
        self._has_seceded = False

    def __enter__(self) -> Self:
        """Secede from Dask's thread pool if this is a task; return the cluster."""
        self._has_seceded = _is_in_task()
        if self._has_seceded:
            import_module("distributed").secede()
        return self

    def __exit__(self, *error: object) -> None:
        """Release all results, so that nothing is left on the workers."""
        self.release([future for known in self._futures if (future := known()) is not None])
        if self._has_seceded:
            import_module("distributed").rejoin()

    def release(self, futures: Sequence[Any]) -> None:
        """Release results on the workers, unless running tasks need them."""
        for future in futures:
            future.release()

    def submit(self, function: Callable[..., Any], *args: Any) -> Any:
        """Return the future result of a call."""
        with dask.config.set(_SETTINGS):
            return self._kept([self.client.submit(function, *args, pure=False)])[0]

    def _kept(self, futures: Sequence[Any]) -> list[Any]:
        """Keep weak references to futures; return them."""
        self._futures = [known for known in self._futures if known() is not None]
        self._futures += map(weakref.ref, futures)
        return list(futures)

    def share(self, value: Any) -> Any:
        """Return a future of a value that many tasks need: it is sent to the cluster once."""
        return self.submit(_same, value)

    def compute(
        self,
        function: Callable[..., Any],
        shared: Any,
        partitions: Sequence[tuple[Any, ...]],
        **options: Any,
    ) -> list[Any]:
        """Return the future results of ``function(shared, number, *arguments, **options)``.

        Parameters
        ----------
        function : callable
            A function of a partition.
        shared : object
            The same for all of them.
        partitions : sequence of tuples
            The arguments of each call, delayed values among them.
        **options : object
            Further arguments.
        """
        call, shared = delayed(function, pure=False), delayed(shared, pure=False)
        calls = [call(shared, i, *own, **options) for i, own in enumerate(partitions)]
        with dask.config.set(_SETTINGS):
            return self._kept(self.client.compute(calls))

    def gather(self, futures: Sequence[Any]) -> list[Any]:
        """Return the results, in this order; raise the first error."""
        results: list[Any] = self.client.gather(list(futures))
        return results

    def run(self, function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Return the results of calls with these arguments, which are tasks at the same time."""
        futures = [self.submit(function, *args) for args in calls]
        try:
            return self.gather(futures)
        except BaseException:  # Ctrl-C, too
            self.client.cancel(futures, reason="The fit has ended.")
            raise

    def reduce(self, function: Callable[[list[Any]], Any], futures: Sequence[Any]) -> Any:
        """Return the future result of merging results in their order, by a tree of tasks."""
        futures = list(futures)
        while len(futures) > 1:
            groups = [futures[i : i + _FAN_IN] for i in range(0, len(futures), _FAN_IN)]
            futures = [self.submit(function, group) for group in groups]
        return futures[0]


#: Number of results that a task of a tree merges.
_FAN_IN = 8


def _same(value: Any) -> Any:
    """Return the value."""
    return value


def _is_in_task() -> bool:
    """Return whether this is run by a task of Dask."""
    from distributed import get_worker

    try:
        get_worker().get_current_task()
    except (ValueError, AttributeError):
        return False
    return True


def client_of(client: Any) -> Any:
    """Return a client, by default the current one.

    Raises
    ------
    ValueError
        If there is none, or it is closed.
    """
    from distributed import get_client

    if client is None:
        try:
            client = get_client()
        except ValueError as error:
            raise ValueError(
                "There is no Dask client. Make one first, client = dask.distributed.Client(), or "
                "pass client=."
            ) from error
    if getattr(client, "status", "closed") not in ("running", "connecting"):
        raise ValueError(
            f"The Dask client is {getattr(client, 'status', client)!r}, not running. Pass an open "
            "one, client=dask.distributed.Client(...)."
        )
    return client
