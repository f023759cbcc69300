"""Atomic writing: a file is the old one or the new one, whatever happens in between."""

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file for writing that takes the place of `path` once it is complete, and on the disk.

    A link is followed; the new file gets the permissions of the old one. A process that is killed
    may leave a file that begins with a dot and ends with ".tmp" beside it.

    Parameters
    ----------
    path : str or path
        Where the file is to be; its folder exists.

    Yields
    ------
    file : binary file
        Beside `path`.

    Raises
    ------
    OSError
        If it cannot be written; what was at `path` is as it was.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        what = "A folder, a device or a pipe cannot be replaced"
        raise OSError(errno.EINVAL, what, os.fspath(path))
    part = target.with_name(f".{target.stem[:40]}.{secrets.token_hex(6)}.tmp")
    try:
        with open(part, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, part)
        os.replace(part, target)
    except BaseException as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(part):  # a name nobody knows
            raise OSError(error.errno, error.strerror, os.fspath(path)) from error
        raise
    _put_on_disk(target.parent)


def _put_on_disk(folder: Path) -> None:
    """Let the folder's new entry survive a loss of power, where folders can be fitted."""
    with contextlib.suppress(OSError):  # not every system can; the file is in its place
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
