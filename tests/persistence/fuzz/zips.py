"""Zips: files put together by hand, so that their records can lie."""

import io
import struct
import zipfile
import zlib
from dataclasses import dataclass, field

LOCAL = struct.Struct("<4s5H3L2H")
CENTRAL = struct.Struct("<4s4B4H3L5H2L")
END = struct.Struct("<4s4H2LH")
END_64 = struct.Struct("<4sQ2H2L4Q")
LOCATOR_64 = struct.Struct("<4sLQL")


@dataclass
class Member:
    """A member of a zip; what is None is told as it is.

    Parameters
    ----------
    name : str
        In both records.
    data : bytes
        As they stand in the file.
    method, flags, size, packed, crc, offset, attributes : int, optional
        What the records say.
    extra : bytes
        In the central record.
    """

    name: str
    data: bytes
    method: int = 0
    flags: int = 0
    size: int | None = None
    packed: int | None = None
    crc: int | None = None
    offset: int | None = None
    attributes: int = 0o644 << 16
    extra: bytes = field(default=b"")

    def told(self):
        """Return the checksum and both sizes."""
        crc = zlib.crc32(self.data) if self.crc is None else self.crc
        packed = len(self.data) if self.packed is None else self.packed
        return crc, packed, len(self.data) if self.size is None else self.size


def assembled(members, *, count=None, size=None, comment=b"", zip64=None):
    """Return a zip file; `count` and `size` are what its end tells of the directory."""
    body, directory = b"", b""
    for one in members:
        name = one.name.encode("utf-8", "surrogatepass")
        offset = len(body) if one.offset is None else one.offset
        when = (one.method, 0, 33, *one.told())
        body += LOCAL.pack(b"PK\3\4", 45, one.flags, *when, len(name), 0) + name + one.data
        lengths = (len(name), len(one.extra), 0, 0, 0, one.attributes, offset)
        directory += CENTRAL.pack(b"PK\1\2", 45, 3, 45, 0, one.flags, *when, *lengths)
        directory += name + one.extra
    n, length = len(members) if count is None else count, len(directory) if size is None else size
    tail = b"" if zip64 is None else _end_64(zip64, n, length, len(body), len(directory))
    end = END.pack(b"PK\5\6", 0, 0, n & 0xFFFF, n & 0xFFFF, length, len(body), len(comment))
    return body + directory + tail + end + comment


def _end_64(lies, n, length, offset, real):
    """Return the end record of zip64 and where it is, with these lies."""
    told = {"n": n, "size": length, "offset": offset, "at": offset + real, **lies}
    fields = [value % 2**64 for value in (told["n"], told["n"], told["size"], told["offset"])]
    record = END_64.pack(b"PK\6\6", 44, 45, 45, 0, 0, *fields)
    return record + LOCATOR_64.pack(b"PK\6\7", 0, told["at"] % 2**64, 1)


def members_of(data):
    """Return the members of an honest file."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [Member(name, archive.read(name)) for name in archive.namelist()]


#: Numbers that sizes and offsets lie with.
LIES = [0, 1, 2, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF]


def odd_zip(rng, data, other):
    """Return the file with one odd member or record."""
    members = members_of(data)
    one = rng.choice(members)
    lie = rng.choice([*LIES, len(one.data) - 1, len(one.data) + 1, len(data)])
    return rng.choice(ODDITIES)(rng, members, one, max(0, lie))


def _wrong(rng, members, one, lie):
    setattr(one, rng.choice(["size", "packed", "crc", "offset"]), lie)
    return assembled(members)


def _wrong_sizes(rng, members, one, lie):
    one.size = one.packed = lie
    return assembled(members)


def _wrong_directory(rng, members, one, lie):
    if rng.random() < 0.5:
        return assembled(members, count=lie % 2**16)
    return assembled(members, size=lie)


def _deflated(rng, members, one, lie):
    """Pack a member, which may be a bomb."""
    one.size = rng.choice([len(one.data), 10**6, 2**32 - 1])
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    unpacked = rng.choice([one.data, b"\0" * 10**6])
    one.crc, one.data = zlib.crc32(unpacked), packer.compress(unpacked) + packer.flush()
    one.method = rng.choice([8, 8, 8, 9, 12, 14, 99])
    return assembled(members)


def _flagged(rng, members, one, lie):
    """Lock a member, or claim sizes that follow it, patches, UTF-8, a masked header."""
    one.flags = 1 << rng.randrange(16)
    return assembled(members)


def _linked(rng, members, one, lie):
    """Make a member a symbolic link, a folder, a device."""
    one.attributes = rng.choice([0o120777, 0o40755, 0o60644, 0o104755]) << 16 | rng.choice([0, 16])
    one.data = rng.choice([one.data, b"/etc/passwd"])
    return assembled(members)


def _renamed(rng, members, one, lie):
    names = ["/etc/passwd", "../../x", "C:\\x", f"/{one.name}", f"./{one.name}", f"{one.name}/"]
    names += [one.name.upper(), one.name + "\0.npy", "", "a" * 60_000, members[0].name, "\ud800"]
    one.name = rng.choice(names)
    return assembled(members)


def _overlapping(rng, members, one, lie):
    """Let many entries share the bytes of one."""
    copies = [Member(f"{one.name}{i}", b"", offset=0) for i in range(rng.randint(1, 300))]
    for copy in copies:
        copy.size = copy.packed = len(members[0].data)
    return assembled([*members, *copies])


def _more(rng, members, one, lie):
    """Add members, or take one away."""
    if rng.random() < 0.3:
        return assembled([m for m in members if m is not one])
    extra = [Member(f"state.x{i}.npy", one.data[:4]) for i in range(rng.choice([1, 1, 50, 2000]))]
    return assembled([*members, *extra] if rng.random() < 0.5 else [*members, one])


def _in_64_bits(rng, members, one, lie):
    """Tell sizes in the fields of zip64, too large or too small."""
    huge = [rng.choice([*LIES, len(one.data), 2**40, 2**63, 2**64 - 1]) for _ in range(3)]
    one.size = one.packed = rng.choice([0xFFFFFFFF, len(one.data)])
    one.extra = struct.pack("<2H3Q", 1, rng.choice([24, 24, 8, 0]), *huge)
    if rng.random() < 0.3:
        one.extra = one.extra[: rng.randrange(len(one.extra))]
    return assembled(members)


def _end_in_64_bits(rng, members, one, lie):
    """Tell of a directory elsewhere, or of another size, in the end record of zip64."""
    key = rng.choice(["n", "size", "offset", "at"])
    lies = {key: rng.choice([lie, 2**40, 2**63, -1])} if rng.random() < 0.8 else {}
    return assembled(members, zip64=lies, size=rng.choice([None, 0xFFFFFFFF]))


def _commented(rng, members, one, lie):
    return assembled(members, comment=rng.choice([b"x", b"PK\5\6" + bytes(18), bytes(65535)]))


def _nested(rng, members, one, lie):
    """Put the whole file into a member, or into another file."""
    honest = assembled(members)
    return rng.choice(
        [
            lambda: assembled([Member("manifest.json", honest)]),
            lambda: assembled([*members, Member("model.sknn", honest)]),
            lambda: assembled([Member(one.name, honest), *members]),
            lambda: honest[:30] + honest,
        ]
    )()


def _shuffled(rng, members, one, lie):
    """Put the members in another order; nothing else is odd about it."""
    rng.shuffle(members)
    return assembled(members)


ODDITIES = [
    _wrong,
    _wrong_sizes,
    _wrong_directory,
    _deflated,
    _flagged,
    _linked,
    _renamed,
    _overlapping,
    _more,
    _in_64_bits,
    _end_in_64_bits,
    _commented,
    _nested,
    _shuffled,
]
