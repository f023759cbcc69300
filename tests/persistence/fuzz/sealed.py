"""Sealing: a manifest and members of any kind, with all digests right."""

import hashlib
import io
import json

import numpy as np

from tests.persistence.fuzz.zips import Member, assembled, members_of


def opened(data):
    """Return the manifest of an honest file, and its other members by name."""
    first, *others = members_of(data)
    return json.loads(first.data), {one.name: one.data for one in others}


def npy(array):
    """Return an array as a member."""
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=False)
    return file.getvalue()


def array_of(member):
    """Return the array of an honest member."""
    return np.load(io.BytesIO(member), allow_pickle=False)


def body_of(member):
    """Return the bytes behind the header, if it has one."""
    if member[:6] != b"\x93NUMPY" or len(member) < 12:
        return member
    wide = member[6] > 1
    length = int.from_bytes(member[8 : 12 if wide else 10], "little")
    return member[(12 if wide else 10) + length :]


def sealed(manifest, members, text=None):
    """Return a file whose digests are right, whatever else is wrong.

    `text` makes the manifest's text of its JSON; the digest is that of what it means.
    """
    arrays = manifest.get("arrays") if isinstance(manifest, dict) else None
    if isinstance(arrays, dict):
        for name, told in arrays.items():
            if isinstance(told, dict) and "sha256" in told and f"{name}.npy" in members:
                body = body_of(members[f"{name}.npy"])
                told["sha256"] = hashlib.sha256(body).hexdigest()
    written = json.dumps(manifest)
    written = written if text is None else text(written)
    if isinstance(manifest, dict) and "sha256" in manifest:
        written = written.replace(str(manifest["sha256"]), digest(written))
    entries = [Member(name, data) for name, data in members.items()]
    return assembled([Member("manifest.json", written.encode("utf-8", "surrogatepass")), *entries])


def digest(text):
    """Return the digest of a manifest's text, as the format defines it; "0" if there is none."""
    try:
        told = {key: value for key, value in json.loads(text).items() if key != "sha256"}
        canonical = json.dumps(told, sort_keys=True, separators=(",", ":"))
    except (ValueError, AttributeError, RecursionError, TypeError):
        return "0"
    return hashlib.sha256(canonical.encode()).hexdigest()
