"""An archive: one zip, stored, of a manifest and of arrays, each checked before it is believed.

::

    manifest.json   {"format", "versions", "class", "parameters", "state", "progress", "arrays",
                     "sha256"}
    NAME.npy        one for each entry of "arrays": {NAME: {"shape", "dtype", "sha256"}}

The manifest's own digest is that of its JSON without "sha256", with sorted keys and without spaces.
Digests find damage; they are no signature.
"""

import hashlib
import io
import json
import math
import sys
import zipfile
from dataclasses import dataclass, field
from functools import partial
from typing import Any, BinaryIO

import numpy as np

from sknn._version import STATE_FORMAT, ModelFileError, as_model_file_error, check_format
from sknn.archives import limits
from sknn.archives.plain import pack, pack_parameters, unpack
from sknn.engine._typing import Array

MANIFEST = "manifest.json"

#: What a manifest says, all of it.
KEYS = {"format", "versions", "class", "parameters", "state", "progress", "arrays", "sha256"}


@dataclass
class Contents:
    """What an archive holds.

    Parameters
    ----------
    class_name : str
        What it is the state of.
    versions : dict of str
        The versions of the libraries that wrote it.
    parameters, state : dict
        Plain data.
    progress : dict, optional
        If it is of a fit that is under way: plain data that tells how far it has come.
    format : int
        The format of the state.
    """

    class_name: str
    versions: dict[str, str]
    parameters: dict[str, Any]
    state: dict[str, Any]
    progress: dict[str, Any] | None = None
    format: int = field(default=STATE_FORMAT)


def write(file: BinaryIO, contents: Contents) -> None:
    """Write an archive.

    Raises
    ------
    TypeError
        If something is not plain data, which the message names.
    """
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
        archive.writestr(_entry(MANIFEST), json.dumps(manifest, indent=1))
        for name, array in arrays.items():
            with archive.open(_entry(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def read(data: bytes) -> Contents:
    """Read an archive.

    Parameters
    ----------
    data : bytes
        The whole file.

    Raises
    ------
    ModelFileError
        If anything about it is not as `write` makes it.
    """
    with as_model_file_error("The file is damaged, or is no sknn model"):
        limits.check_directory(data)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive, data)


def _read(archive: zipfile.ZipFile, data: bytes) -> Contents:
    manifest = _manifest(archive, data)
    wanted = manifest["arrays"]
    limits.check_members(archive, [MANIFEST, *(f"{name}.npy" for name in wanted)], data)
    arrays = {name: partial(_array, archive, name, told) for name, told in wanted.items()}

    def take(name: str) -> Array:
        return arrays.pop(name)()

    parameters = unpack(manifest["parameters"], take)
    state = unpack(manifest["state"], take)
    progress = unpack(manifest["progress"], take)
    if arrays:
        raise ModelFileError(f"Arrays that belong to nothing: {sorted(arrays)[:5]}.")
    if not isinstance(parameters, dict) or not isinstance(state, dict):
        raise ModelFileError("Parameters and state must be dictionaries.")
    return Contents(
        manifest["class"], manifest["versions"], parameters, state, progress, manifest["format"]
    )


def _manifest(archive: zipfile.ZipFile, data: bytes) -> dict[str, Any]:
    """Read the manifest, and check its format, its digest and its shape."""
    text = limits.read_member(archive, MANIFEST)
    limits.check_values(text, len(data))
    manifest = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_refuse_constant)
    if not isinstance(manifest, dict):
        raise ModelFileError("The manifest is no dictionary.")
    versions = manifest.get("versions")
    if not isinstance(versions, dict) or not all(isinstance(v, str) for v in versions.values()):
        raise ModelFileError("The manifest does not say which versions wrote it.")
    check_format(manifest.get("format"), versions.get("sknn"), "The model")
    if set(manifest) != KEYS or manifest["sha256"] != _manifest_digest(manifest):
        raise ModelFileError("The manifest is damaged: it is not what was written.")
    if not isinstance(manifest["class"], str) or not isinstance(manifest["arrays"], dict):
        raise ModelFileError("The manifest does not say what the file holds.")
    return manifest


def _array(archive: zipfile.ZipFile, name: str, told: Any) -> Array:
    """Read an array, if it is what the manifest tells."""
    shape, dtype = limits.checked_shape(told, name)
    size = math.prod(shape) * dtype.itemsize
    limits.check_array_size(archive, f"{name}.npy", size)
    member = limits.read_member(archive, f"{name}.npy")
    body = limits.numbers_of(member, shape, dtype)
    if body is None or len(body) != size:
        raise ModelFileError(f"{name}: shape and type in the array are not those in the manifest.")
    if hashlib.sha256(body).hexdigest() != told["sha256"]:
        raise ModelFileError(f"{name}: the numbers are damaged, their SHA-256 is another.")
    if dtype.kind == "U" and (np.frombuffer(body, "<u4") > sys.maxunicode).any():
        raise ModelFileError(f"{name}: the text has characters that do not exist.")
    values = np.frombuffer(body, dtype).reshape(shape)
    return values.astype(dtype.newbyteorder("="))


def _portable(array: Array) -> Array:
    """Return the numbers in a row, least byte first."""
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(array.shape)


def _digest(array: Array) -> str:
    return hashlib.sha256(array.tobytes() if array.dtype.kind == "U" else array.data).hexdigest()


def _manifest_digest(manifest: dict[str, Any]) -> str:
    told = {key: value for key, value in manifest.items() if key != "sha256"}
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _entry(name: str) -> zipfile.ZipInfo:
    """Return a member's description without the time, so that equal models are equal files."""
    entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    return entry


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) < len(pairs):
        raise ModelFileError("The manifest has a key twice.")
    return unique


def _refuse_constant(name: str) -> None:
    raise ModelFileError(f"The manifest has the number {name}.")
