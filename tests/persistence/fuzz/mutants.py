"""Mutants: which file is tried at a try of a number."""

import random

from tests.persistence.fuzz import arrays, bombs, manifests, noise, seeds, zips

#: Makers of mutants whose digests are made anew, so that other models are legitimate.
SEALED = [
    manifests.edited,
    manifests.edited,
    manifests.crossed,
    manifests.garbled,
    manifests.doubled,
    arrays.other_numbers,
    arrays.other_bytes,
    arrays.other_array,
    arrays.lying_manifest,
    arrays.lying_header,
    bombs.bomb,
    bombs.crowd,
    bombs.other_encoding,
]

#: Makers of mutants that have wrong digests, if they have any.
DAMAGED = [noise.noisy, zips.odd_zip]


def mutant(seed, number):
    """Return the name of an honest file, the name of the maker, the mutant, and its seal."""
    rng = random.Random(f"{seed}/{number}")
    files = seeds.files()
    name, other = rng.choice(list(files)), rng.choice(list(files))
    is_sealed = rng.random() < 0.5
    maker = rng.choice(SEALED) if is_sealed else rng.choice([noise.noisy, *DAMAGED])
    return name, maker.__name__, maker(rng, files[name], files[other]), is_sealed
