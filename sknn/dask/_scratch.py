"""MappedObject: an object whose arrays are in a memory-mapped scratch file of a worker."""

import mmap
import os
import tempfile
from collections.abc import Sequence
from pickle import PickleBuffer, loads
from typing import Any

import cloudpickle
from dask.sizeof import sizeof

#: The buffers of arrays begin at multiples of this number of bytes.
ALIGNMENT = 64


class MappedObject:
    """An object whose arrays are in a scratch file, which is deleted with it.

    Parameters
    ----------
    pickled : bytes
        The object without the bytes of its arrays.
    buffers : sequence of bytes-like
        These bytes.
    """

    def __init__(self, pickled: bytes, buffers: Sequence[Any]) -> None:
        self._pickled = pickled
        sizes = [memoryview(buffer).nbytes for buffer in buffers]
        self.nbytes = sum(sizes)
        self._views = _written(buffers, sizes)
        self.value = loads(pickled, buffers=self._views)

    @classmethod
    def of(cls, value: Any) -> "MappedObject":
        """Return an object that equals this one."""
        buffers: list[PickleBuffer] = []
        pickled = cloudpickle.dumps(value, protocol=5, buffer_callback=buffers.append)
        return cls(pickled, [buffer.raw() for buffer in buffers])

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the bytes: another worker writes a file of its own."""
        return MappedObject, (self._pickled, [PickleBuffer(view) for view in self._views])


def _written(buffers: Sequence[Any], sizes: Sequence[int]) -> list[memoryview]:
    """Write buffers to a file that has no name any more, and return views of its mapping.

    Raises
    ------
    OSError
        If the file cannot be written; the message names the folder.
    """
    if not sum(sizes):
        return [memoryview(b"")] * len(sizes)
    starts, stop = [], 0
    for size in sizes:
        starts.append(stop)
        stop += -(-size // ALIGNMENT) * ALIGNMENT
    folder = _folder()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            if hasattr(os, "posix_fallocate"):  # so that a full disk is an error here
                os.posix_fallocate(file.fileno(), 0, stop)
            else:
                file.truncate(stop)
            for start, buffer in zip(starts, buffers, strict=True):
                file.seek(start)
                file.write(buffer)
            file.flush()
            mapped = mmap.mmap(file.fileno(), stop, access=mmap.ACCESS_READ)
    except OSError as error:
        raise OSError(
            error.errno, f"The shard, {stop} bytes, cannot be kept in {folder}: {error.strerror}"
        ) from error
    whole = memoryview(mapped)
    return [whole[start : start + size] for start, size in zip(starts, sizes, strict=True)]


def _folder() -> str:
    """Return the local directory of the worker; elsewhere that of temporary files."""
    from distributed import get_worker

    try:
        return str(get_worker().local_directory)
    except ValueError:
        return tempfile.gettempdir()


@sizeof.register(MappedObject)  # type: ignore[no-untyped-call]
def _size(value: MappedObject) -> int:
    """Return the number of bytes, by which Dask estimates the cost of moving the object."""
    return value.nbytes + len(value._pickled)
