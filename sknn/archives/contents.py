"""The archive format: an uncompressed zip of a manifest and arrays, all validated on reading.

::

    manifest.json   {"format", "versions", "class", "parameters", "state", "progress", "arrays",
                     "sha256"}
    NAME.npy        one for each entry of "arrays": {NAME: {"shape", "dtype", "sha256"}}

The manifest's own digest is that of its JSON without "sha256", with sorted keys and without spaces.
Digests detect damage; they are not signatures.
"""

import hashlib
import io
import json
import math
import sys
import zipfile
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from sknn._version import STATE_FORMAT, as_model_file_error, check_format
from sknn.archives import limits
from sknn.archives.plain import pack, pack_parameters, unpack
from sknn.engine._typing import Array
from sknn.exceptions import ModelFileError

MANIFEST = "manifest.json"

#: The keys of a manifest.
KEYS = {"format", "versions", "class", "parameters", "state", "progress", "arrays", "sha256"}


@dataclass
class Contents:
    """The content of an archive; parameters, state and progress are plain data."""

    class_name: str
    versions: dict[str, str]  # of the libraries that wrote it
    parameters: dict[str, Any]  # of the constructor
    state: dict[str, Any]  # the fitted attributes
    progress: dict[str, Any] | None = None  # of an unfinished fit; checkpoints only
    format: int = STATE_FORMAT  # of the state


def write(file: BinaryIO, contents: Contents) -> None:
    """Write an archive; raise a TypeError if something is not plain data."""
    arrays: dict[str, Array] = {}
    manifest: dict[str, Any] = {
        "format": contents.format,
        "versions": contents.versions,
        "class": contents.class_name,
        "parameters": pack_parameters(contents.parameters, arrays),
        "state": pack(contents.state, "state", arrays),
        "progress": pack(contents.progress, "progress", arrays),
    }
    arrays = {name: _portable(array) for name, array in arrays.items()}
    manifest["arrays"] = {
        name: {"shape": list(array.shape), "dtype": array.dtype.str, "sha256": _digest(array)}
        for name, array in arrays.items()
    }
    manifest["sha256"] = _manifest_digest(manifest)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(_zip_info(MANIFEST), json.dumps(manifest, indent=1))
        for name, array in arrays.items():
            with archive.open(_zip_info(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read(data: bytes) -> Contents:
    """Read an archive; raise a ModelFileError if it differs in any way from what `write` makes."""
    with as_model_file_error("The file is damaged, or is no sknn model"):
        limits.check_directory(data)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive, data)


def _read(archive: zipfile.ZipFile, data: bytes) -> Contents:
    manifest = _read_manifest(archive, data)
    entries = manifest["arrays"]
    limits.check_members(archive, [MANIFEST, *(f"{name}.npy" for name in entries)], data)
    arrays = {name: partial(_read_array, archive, name, entry) for name, entry in entries.items()}

    def take(name: str) -> Array:
        return arrays.pop(name)()

    parameters = unpack(manifest["parameters"], take)
    state = unpack(manifest["state"], take)
    progress = unpack(manifest["progress"], take)
    if arrays:
        raise ModelFileError(f"Arrays that nothing refers to: {sorted(arrays)[:5]}.")
    if not isinstance(parameters, dict) or not isinstance(state, dict):
        raise ModelFileError("Parameters and state must be dictionaries.")
    return Contents(
        manifest["class"], manifest["versions"], parameters, state, progress, manifest["format"]
    )


def _read_manifest(archive: zipfile.ZipFile, data: bytes) -> dict[str, Any]:
    """Read the manifest, and check its format, its digest and its keys."""
    text = limits.read_member(archive, MANIFEST)
    limits.check_values(text, len(data))
    manifest = json.loads(
        text.decode(), object_pairs_hook=_unique_keys, parse_constant=_raise_for_constant
    )
    if not isinstance(manifest, dict):
        raise ModelFileError("The manifest is not a dictionary.")
    versions = manifest.get("versions")
    if not isinstance(versions, dict) or not all(isinstance(v, str) for v in versions.values()):
        raise ModelFileError("The manifest does not list the versions that wrote it.")
    check_format(manifest.get("format"), versions.get("sknn"), "The model")
    if set(manifest) != KEYS or manifest["sha256"] != _manifest_digest(manifest):
        raise ModelFileError("The manifest is damaged: its SHA-256 differs.")
    if not isinstance(manifest["class"], str) or not isinstance(manifest["arrays"], dict):
        raise ModelFileError("The manifest lacks the class or the list of arrays.")
    return manifest


def _read_array(archive: zipfile.ZipFile, name: str, entry: Any) -> Array:
    """Read an array, and check it against its entry in the manifest."""
    shape, dtype = limits.checked_shape(entry, name)
    size = math.prod(shape) * dtype.itemsize
    limits.check_array_size(archive, f"{name}.npy", size)
    body = limits.array_bytes(limits.read_member(archive, f"{name}.npy"), shape, dtype)
    if body is None or len(body) != size:
        raise ModelFileError(f"{name}: shape or dtype differ from those in the manifest.")
    if hashlib.sha256(body).hexdigest() != entry["sha256"]:
        raise ModelFileError(f"{name}: the array is damaged: its SHA-256 differs.")
    if dtype.kind == "U" and (np.frombuffer(body, "<u4") > sys.maxunicode).any():
        raise ModelFileError(f"{name}: the text has characters that do not exist.")
    return np.frombuffer(body, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _portable(array: Array) -> Array:
    """Return the array in C order, little-endian."""
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)


def _digest(array: Array) -> str:
    return hashlib.sha256(array.tobytes() if array.dtype.kind == "U" else array.data).hexdigest()


def _manifest_digest(manifest: dict[str, Any]) -> str:
    entries = {key: value for key, value in manifest.items() if key != "sha256"}
    text = json.dumps(entries, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _zip_info(name: str) -> zipfile.ZipInfo:
    """Return a zip member's header with a fixed date, so that equal models give equal files."""
    info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    info.external_attr = 0o644 << 16
    return info


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise ModelFileError("The manifest has a duplicate key.")
    return unique


def _raise_for_constant(name: str) -> None:
    raise ModelFileError(f"The manifest has {name}, which is not JSON.")
