"""Arrays: other numbers, shapes and types, and headers that lie."""

import struct

import numpy as np

from tests.persistence.fuzz.sealed import array_of, body_of, npy, opened, sealed

#: Types that are read, and types that are not.
TYPES = ["|b1", "|i1", "|u1", "<i4", "<i8", "<u8", "<f2", "<f4", "<f8", ">f8", "<c16", "<U1", "<U9"]
ODD_TYPES = ["|O", "O", "<V8", "|S3", "<M8[s]", "<f16", "<U0", "<U999999999", "<f8,<f8", "(2,)<f8"]
ODD_TYPES += ["object", "<g", "", "f8" * 100, "<U2147483647", "<i8\0"]

#: Sizes that shapes lie with.
SIZES = [0, 1, 2, 3, -1, True, 2**31, 2**32, 2**47, 2**48, 2**63, 1.0, None, "3", [1]]

NUMBERS = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-320, 1e308, -1e308, 1.0, -1.0]


def chosen(rng, data):
    """Return the manifest, the members, and the name of one array."""
    manifest, members = opened(data)
    return manifest, members, rng.choice(list(manifest["arrays"]))


def told(manifest, members, name, array):
    """Put another array in its place, and tell of it."""
    members[f"{name}.npy"] = npy(array)
    manifest["arrays"][name].update(shape=list(array.shape), dtype=array.dtype.str)


def other_numbers(rng, data, other):
    """Return the file with other numbers in an array."""
    manifest, members, name = chosen(rng, data)
    array = array_of(members[f"{name}.npy"]).copy()
    if array.size and array.dtype.kind in "biuf":
        flat = array.reshape(-1)
        with np.errstate(all="ignore"):
            new = np.array(rng.choice(NUMBERS)).astype(array.dtype)
        flat[rng.randrange(len(flat))] = new
        if rng.random() < 0.3:
            flat[:] = np.roll(flat, 1)
    told(manifest, members, name, array)
    return sealed(manifest, members)


def other_bytes(rng, data, other):
    """Return the file with random bytes in an array."""
    manifest, members, name = chosen(rng, data)
    member = bytearray(members[f"{name}.npy"])
    body = len(body_of(members[f"{name}.npy"]))
    for _ in range(rng.choice([1, 3, 30]) if body else 0):
        member[-1 - rng.randrange(body)] = rng.randrange(256)
    members[f"{name}.npy"] = bytes(member)
    return sealed(manifest, members)


def other_array(rng, data, other):
    """Return the file with an array of another type or shape, of which the manifest knows."""
    manifest, members, name = chosen(rng, data)
    array = array_of(members[f"{name}.npy"])
    with np.errstate(all="ignore"):
        try:
            array = rng.choice(
                [
                    lambda: array.astype(rng.choice(TYPES)),
                    lambda: array[..., :-1],
                    lambda: np.concatenate([array, array]),
                    lambda: array.T,
                    lambda: array[None],
                    lambda: array[..., None],
                    lambda: array.reshape(-1),
                    lambda: np.resize(array, [rng.choice([0, 1, 2, 3]) for _ in array.shape]),
                    lambda: np.asarray(array[0]),
                ]
            )()
        except (ValueError, IndexError, TypeError):
            return sealed(manifest, {})
    told(manifest, members, name, np.ascontiguousarray(array).reshape(array.shape))
    return sealed(manifest, members)


def lying_manifest(rng, data, other):
    """Return the file with a manifest that tells another shape or type than the array has."""
    manifest, members, name = chosen(rng, data)
    entry = manifest["arrays"][name]
    if rng.random() < 0.5:
        entry["dtype"] = rng.choice([*TYPES, *ODD_TYPES])
    else:
        shape = entry["shape"] or [1]
        shape[rng.randrange(len(shape))] = rng.choice(SIZES)
        entry["shape"] = rng.choice([shape, shape[::-1], shape * 9, [*shape, 0], {}, "3", 3])
    members = members if rng.random() < 0.5 else _agreeing(rng, entry, members, name)
    return sealed(manifest, members)


def _agreeing(rng, entry, members, name):
    """Let the header of the array tell the same."""
    header = {"descr": entry["dtype"], "fortran_order": False, "shape": _as_tuple(entry["shape"])}
    member = with_header(repr(header), body_of(members[f"{name}.npy"]))
    return {**members, f"{name}.npy": member}


def _as_tuple(shape):
    return tuple(shape) if isinstance(shape, list) else shape


def with_header(text, body, version=(1, 0), length=None):
    """Return a .npy file with a header of any text."""
    header = text.encode("utf-8", "surrogatepass") + b"\n"
    size = struct.pack("<H" if version[0] == 1 else "<I", length or min(len(header), 65535))
    return b"\x93NUMPY" + bytes(version) + size + header + body


def lying_header(rng, data, other):
    """Return the file with a header that is code, or of another order, version or length."""
    manifest, members, name = chosen(rng, data)
    member = members[f"{name}.npy"]
    entry, body = manifest["arrays"][name], body_of(member)
    shape = tuple(entry["shape"])
    honest = {"descr": entry["dtype"], "fortran_order": False, "shape": shape}
    texts = [
        repr({**honest, "fortran_order": rng.choice([True, 1, 0, None])}),
        repr({**honest, "descr": rng.choice([*TYPES, *ODD_TYPES, [("a", "<f8")], 3, None])}),
        repr({**honest, "shape": rng.choice([(), (2**47,), (-1,), 3, [1], (True,), (1,) * 70])}),
        repr({**honest, "extra": 1}),
        repr({"shape": shape}),
        "__import__('os').system('true')",
        f"dict(descr='<f8', fortran_order=False, shape={shape})",
        "(" * 3000,
        "{" + "'a':" * 2000,
        "-" * 5000,
        "9" * 6000,
        "[" * 90 + "]" * 90,
        repr(honest) + " " * rng.choice([1, 5000, 60000]),
        f"{{'descr': '{entry['dtype']}', 'fortran_order': False, 'shape': {shape}, }} or 1",
        "\ud800",
        "",
    ]
    version = rng.choice([(1, 0), (1, 0), (1, 0), (2, 0), (3, 0), (0, 0), (9, 9), (255, 255)])
    length = rng.choice([None, None, None, 1, 65535])
    members[f"{name}.npy"] = rng.choice(
        [
            with_header(rng.choice(texts), body, version, length),
            with_header(repr(honest), body, version, length),
            member[: rng.randrange(len(member))],
            member + rng.randbytes(rng.randint(1, 9)),
            rng.randbytes(20),
            b"",
        ]
    )
    return sealed(manifest, members)
