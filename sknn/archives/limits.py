"""Limits of an archive, checked before memory is allocated for its content.

All functions raise a `ModelFileError` if a check fails.
"""

import re
import struct
import zipfile
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from sknn.exceptions import ModelFileError

#: The end of central directory record, without a comment: PKWARE's APPNOTE.TXT, section 4.3.16.
END_RECORD = struct.Struct("<4s4H2LH")

#: The lengths of name and extra field in a local file header, and its size: section 4.3.7.
NAME_LENGTHS, HEADER_SIZE = struct.Struct("<26x2H"), 30

#: Limit of the values in a manifest: MAX_VALUES, plus one per BYTES_PER_VALUE bytes of the file.
MAX_VALUES, BYTES_PER_VALUE = 20_000, 16

#: A manifest may have so many lists and dictionaries within each other.
MAX_DEPTH = 32

#: A string of JSON, up to the end of the text if it has no end.
STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)

#: All bytes but brackets, for `bytes.translate`.
NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))

#: The largest header of a .npy file in bytes.
MAX_NPY_HEADER = 4096

#: The dtypes of arrays, as strings.
DTYPES = re.compile(r"\|b1|\|[iu]1|<[iu][248]|<f[248]|<U[0-9]{1,9}")


def check_directory(data: bytes) -> None:
    """Check the signatures of a zip file and the size of its central directory."""
    if len(data) < END_RECORD.size or data[:4] != b"PK\x03\x04":
        raise ModelFileError("This is no sknn model: it does not begin like a zip file.")
    signature, *_, size, _, comment = END_RECORD.unpack(data[-END_RECORD.size :])
    if signature != b"PK\x05\x06" or comment:
        raise ModelFileError("The file is truncated, or bytes were appended to it.")
    if size > len(data) / 4 and size != 0xFFFFFFFF:
        raise ModelFileError("The file's directory is larger than the file allows.")


def check_members(archive: zipfile.ZipFile, names: Sequence[str], data: bytes) -> None:
    """Check that the members are those of the manifest, without gaps and overlaps."""
    members = sorted(archive.infolist(), key=lambda member: member.header_offset)
    if sorted(member.filename for member in members) != sorted(names):
        raise ModelFileError("The members of the file are not those that its manifest lists.")
    end = 0
    for member in members:
        if member.header_offset != end:
            raise ModelFileError("The members of the file do not follow each other.")
        end += HEADER_SIZE + sum(NAME_LENGTHS.unpack_from(data, end)) + member.compress_size
    if end != archive.start_dir:
        raise ModelFileError("There are bytes between the members of the file and its directory.")


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return the bytes of an uncompressed member."""
    entry = archive.getinfo(name)
    stored = entry.compress_type == zipfile.ZIP_STORED and not entry.flag_bits & 0x1
    if not stored or entry.file_size != entry.compress_size:
        raise ModelFileError(f"{name} is compressed or encrypted; sknn models are neither.")
    data = archive.read(entry)
    if len(data) != entry.file_size:
        raise ModelFileError(f"{name} is truncated.")
    return data


def check_values(text: bytes, size: int) -> None:
    """Check that a manifest has not so many values that parsing it takes too much memory.

    Nor so many within each other: the frames of a recursion need more than the values.
    """
    values = sum(text.count(mark) for mark in (b",", b":", b"[", b"{"))
    if values > MAX_VALUES + size // BYTES_PER_VALUE:
        raise ModelFileError(f"The manifest has too many values ({values}) for the file's size.")
    brackets = STRING.sub(b"", text).translate(None, NO_BRACKETS)
    if max(accumulate(1 if mark in b"[{" else -1 for mark in brackets), default=0) > MAX_DEPTH:
        raise ModelFileError(f"The manifest is nested more than {MAX_DEPTH} levels deep.")


def checked_shape(entry: Any, name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return the shape and the dtype of an array from its entry in the manifest."""
    if not isinstance(entry, dict) or set(entry) != {"shape", "dtype", "sha256"}:
        raise ModelFileError(f"{name}: the manifest must have shape, dtype and sha256.")
    shape, dtype = entry["shape"], entry["dtype"]
    is_short_list = isinstance(shape, list) and len(shape) <= 8
    if not is_short_list or not all(type(k) is int and 0 <= k < 2**48 for k in shape):
        raise ModelFileError(f"{name}: the shape is not a list of at most 8 sizes.")
    if not isinstance(dtype, str) or not DTYPES.fullmatch(dtype):
        raise ModelFileError(f"{name}: arrays of type {dtype!r:.30} are not supported.")
    return tuple(shape), np.dtype(dtype)


def check_array_size(archive: zipfile.ZipFile, name: str, size: int) -> None:
    """Check that a member has the size of an array of `size` bytes with its .npy header."""
    if not size < archive.getinfo(name).file_size <= size + MAX_NPY_HEADER:
        raise ModelFileError(
            f"{name}: the shape needs {size} bytes, but the member has another size."
        )


def array_bytes(member: bytes, shape: tuple[int, ...], dtype: np.dtype[Any]) -> memoryview | None:
    """Return the data of a .npy file (version 1.0); None if its header differs.

    The header, a Python literal, is compared with the expected one, never evaluated.
    """
    start = 10 + int.from_bytes(member[8:10], "little")
    expected = f"{{'descr': '{dtype.str}', 'fortran_order': False, 'shape': {shape}, }}"
    header = member[10:start].rstrip(b" \n")
    is_valid = member[:8] == b"\x93NUMPY\x01\x00" and header == expected.encode()
    return memoryview(member)[start:] if is_valid else None
