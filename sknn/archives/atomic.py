"""Atomic writes: a file is either the old one or the new one, complete."""

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
    """Write a temporary file that replaces `path` at the end, after it is flushed to disk.

    Symbolic links are followed; the new file gets the permissions of the old one. A killed process
    may leave a temporary file, named ".*.tmp", in the same directory. If anything raises, such as
    an OSError because the file cannot be written, `path` is unchanged.
    """
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        what = "A directory, a device or a pipe cannot be replaced. Give the path of a file"
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
        if isinstance(error, OSError) and error.filename == str(part):  # the user knows `path` only
            raise OSError(error.errno, error.strerror, os.fspath(path)) from error
        raise
    with contextlib.suppress(OSError):  # so that it survives a power failure, where supported
        descriptor = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
