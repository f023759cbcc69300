"""Limits: what an archive may ask for, checked before anything is allocated for it."""

import re
import struct
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np

from sknn._version import ModelFileError

#: The last record of a zip file without a comment: PKWARE's APPNOTE.TXT, section 4.3.16.
END = struct.Struct("<4s4H2LH")

#: How long the name and what follows it are, in the record before a member: section 4.3.7.
LENGTHS, RECORD = struct.Struct("<26x2H"), 30

#: Values in a manifest: so many in any case, and one more for so many bytes of the file.
VALUES, BYTES_A_VALUE = 20_000, 16

#: Bytes of a .npy file before its numbers.
LONGEST_HEADER = 4096

#: Types of arrays, as the manifest writes them.
TYPES = re.compile(r"\|b1|\|[iu]1|<[iu][248]|<f[248]|<U[0-9]{1,9}")


def check_directory(data: bytes) -> None:
    """Refuse what does not end as a zip file does, or lists more members than it can hold.

    Raises
    ------
    ModelFileError
        Saying so.
    """
    if len(data) < END.size or data[:4] != b"PK\x03\x04":
        raise ModelFileError("This is no sknn model: it does not begin as one.")
    signature, *_, size, _, comment = END.unpack(data[-END.size :])
    if signature != b"PK\x05\x06" or comment:
        raise ModelFileError("The file is cut off, or something was added to it.")
    if size > len(data) / 4 and size != 0xFFFFFFFF:
        raise ModelFileError("The file lists more members than it can hold.")


def check_members(archive: zipfile.ZipFile, names: Sequence[str], data: bytes) -> None:
    """Refuse members that are unknown, missing or there twice, overlaps and gaps between them."""
    found = sorted(archive.infolist(), key=lambda one: one.header_offset)
    if sorted(one.filename for one in found) != sorted(names):
        raise ModelFileError("The members of the file are not those that its manifest lists.")
    end = 0
    for one in found:
        if one.header_offset != end:
            raise ModelFileError("The members of the file do not follow each other.")
        end += RECORD + sum(LENGTHS.unpack_from(data, end)) + one.compress_size
    if end != archive.start_dir:
        raise ModelFileError("There is something between the members of the file and their list.")


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the bytes of a member that is stored as it is."""
    entry = archive.getinfo(name)
    stored = entry.compress_type == zipfile.ZIP_STORED and not entry.flag_bits & 0x1
    if not stored or entry.file_size != entry.compress_size:
        raise ModelFileError(f"{name} is packed or locked; members are stored as they are.")
    data = archive.read(entry)
    if len(data) != entry.file_size:
        raise ModelFileError(f"{name} is cut off.")
    return data


def check_values(text: bytes, size: int) -> None:
    """Refuse a manifest with so many values that reading it would take too much memory."""
    values = sum(text.count(mark) for mark in (b",", b":", b"[", b"{"))
    if values > VALUES + size // BYTES_A_VALUE:
        raise ModelFileError(f"The manifest has too many values ({values}) for its file.")


def checked_shape(told: Any, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return the shape and the type of an array, from what the manifest tells of it."""
    if not isinstance(told, dict) or set(told) != {"shape", "dtype", "sha256"}:
        raise ModelFileError(f"{name}: the manifest must tell shape, dtype and sha256.")
    shape, dtype = told["shape"], told["dtype"]
    sizes = isinstance(shape, list) and len(shape) <= 8
    if not sizes or not all(type(k) is int and 0 <= k < 2**48 for k in shape):
        raise ModelFileError(f"{name}: the shape is no list of sizes.")
    if not isinstance(dtype, str) or not TYPES.fullmatch(dtype):
        raise ModelFileError(f"{name}: arrays of type {dtype!r:.30} are not read.")
    return tuple(shape), np.dtype(dtype)


def check_array_size(archive: zipfile.ZipFile, name: str, size: int) -> None:
    """Refuse an array whose shape asks for other than what is in the file."""
    if not size < archive.getinfo(name).file_size <= size + LONGEST_HEADER:
        raise ModelFileError(f"{name}: its shape asks for {size} bytes; there are others.")


def numbers_of(member: bytes, shape: tuple[int, ...], dtype: np.dtype[Any]) -> memoryview | None:
    """Return the bytes of a .npy file behind its header; None if that tells anything else.

    Headers are Python, which is compared here and not read: version 1.0 of NumPy's format.
    """
    start = 10 + int.from_bytes(member[8:10], "little")
    wanted = f"{{'descr': '{dtype.str}', 'fortran_order': False, 'shape': {shape}, }}"
    header = member[10:start].rstrip(b" \n")
    fits = member[:8] == b"\x93NUMPY\x01\x00" and header == wanted.encode()
    return memoryview(member)[start:] if fits else None
