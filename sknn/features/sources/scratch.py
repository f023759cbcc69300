"""Scratch files: matrices larger than memory, gone when they are no longer used."""

import errno
import os
import tempfile
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from sknn.engine._typing import Array


def scratch_matrix(shape: tuple[int, int], dtype: DTypeLike) -> Array:
    """Return a matrix in a file that has no name, in the folder of `tempfile`: see `TMPDIR`.

    Where the system allows it, the file is removed before it is written: its space is free again
    once the matrix is no longer used, also if the process is killed.

    Raises
    ------
    OSError
        If there is no space for it.
    """
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if not size:
        return np.empty(shape, dtype)
    with tempfile.TemporaryFile(prefix="sknn-") as file:
        try:
            _allocate(file, size)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise
            raise OSError(
                error.errno,
                f"No space for the scratch file of the encoded rows: {size / 1e9:.3g} GB in "
                f"{tempfile.gettempdir()}. Set the environment variable TMPDIR to a folder with "
                "more space, before Python starts",
            ) from error
        return np.asarray(np.memmap(file, dtype, "r+", shape=shape))


def _allocate(file: Any, size: int) -> None:
    """Reserve the space, so that a full disk is an error now and no signal later."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
    else:
        file.truncate(size)
