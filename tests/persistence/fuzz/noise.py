"""Noise: random changes of bytes, whatever they mean."""


def flip(rng, data, other):
    """Flip one bit."""
    place = rng.randrange(len(data))
    return data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1 :]


def change(rng, data, other):
    """Change a byte, to one that is special more often than not."""
    place = rng.randrange(len(data))
    byte = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
    return data[:place] + bytes([byte]) + data[place + 1 :]


def insert(rng, data, other):
    """Put random bytes somewhere."""
    place = rng.randrange(len(data) + 1)
    return data[:place] + rng.randbytes(rng.randint(1, 16)) + data[place:]


def delete(rng, data, other):
    """Take some bytes out."""
    start, stop = _block(rng, data)
    return data[:start] + data[stop:]


def swap(rng, data, other):
    """Exchange two blocks."""
    a, b, c, d = sorted(rng.randrange(len(data) + 1) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def repeat(rng, data, other):
    """Repeat a block."""
    start, stop = _block(rng, data)
    return data[:stop] + data[start:stop] * rng.randint(1, 3) + data[stop:]


def graft(rng, data, other):
    """Put a block of another file in the place of one of this."""
    start, stop = _block(rng, data)
    first, last = _block(rng, other)
    return data[:start] + other[first:last] + data[stop:]


def blank(rng, data, other):
    """Fill a block with one byte."""
    start, stop = _block(rng, data)
    return data[:start] + rng.choice([b"\0", b"\xff", b" "]) * (stop - start) + data[stop:]


def truncate(rng, data, other):
    """Cut the end off."""
    return data[: rng.randrange(len(data))]


def concatenate(rng, data, other):
    """Put two files, or a file and junk, behind each other."""
    more = rng.choice([data, other, rng.randbytes(rng.randint(1, 100))])
    return data + more if rng.random() < 0.5 else more + data


CHANGES = [flip, change, insert, delete, swap, repeat, graft, blank, truncate, concatenate]


def noisy(rng, data, other):
    """Return the data with one change, or with several."""
    for _ in range(rng.choice([1, 1, 1, 2, 3, 8])):
        data = rng.choice(CHANGES)(rng, data, other) or b"\0"
    return data


def _block(rng, data):
    """Return where a block begins and ends; short ones more often."""
    start = rng.randrange(len(data))
    longest = rng.choice([1, 4, 16, 64, len(data)])
    return start, min(len(data), start + rng.randint(1, longest))
