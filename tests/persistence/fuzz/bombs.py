"""Bombs: little files that ask for much."""

import json

from tests.persistence.fuzz.sealed import npy, opened, sealed


def bomb(rng, data, other):
    """Return a file whose manifest holds one of these in some place."""
    manifest, members = opened(data)
    part = rng.choice(["state", "parameters", "versions", "arrays"])
    key = rng.choice([*manifest[part], "x"])
    manifest[part][key] = "BOMB"
    many = rng.choice([100, 1000, 5000, 19_000, 30_000])
    filling = rng.choice(FILLINGS)(many)
    return sealed(manifest, members, lambda text: text.replace('"BOMB"', filling))


FILLINGS = [
    lambda n: "[" * n + "]" * n,
    lambda n: '{"a":' * n + "1" + "}" * n,
    lambda n: '{"$tuple":[' * n + "]}" * n,
    lambda n: '{"$pairs":[[0,' * n + "0" + "]]}" * n,
    lambda n: "[" + ",".join(["[]"] * n) + "]",
    lambda n: "[" + ",".join(["{}"] * n) + "]",
    lambda n: "[" + ",".join(['{"a":{}}'] * n) + "]",
    lambda n: "[" + ",".join(["1.5"] * n) + "]",
    lambda n: "[" + ",".join(["123456789"] * n) + "]",
    lambda n: "[" + ",".join(f'"{i}"' for i in range(n)) + "]",
    lambda n: "{" + ",".join(f'"{i}":{i}' for i in range(n)) + "}",
    lambda n: '"' + "a" * 10 * n + '"',
    lambda n: '"' + "\\u0000" * n + '"',
    lambda n: '"\U0001f600' + "a" * 10 * n + '"',
    lambda n: "1" * n,
    lambda n: "1" * min(n, 4000),
    lambda n: "1" * min(n, 4000) + ".5",
    lambda n: "1e" + "9" * n,
    lambda n: "1" + " " * 10 * n,
    lambda n: "NaN",
    lambda n: "-Infinity",
    lambda n: "1e400",
    lambda n: "[" * n,
    lambda n: '"' + "a" * n,
    lambda n: "\ufeff1",
]


def crowd(rng, data, other):
    """Return a file with a great many arrays, which belong to something or to nothing."""
    manifest, members = opened(data)
    empty = npy(array_of_nothing())
    count = rng.choice([10, 100, 1000])
    for i in range(count):
        manifest["arrays"][f"x{i}"] = {"shape": [0], "dtype": "<f8", "sha256": "0"}
        members[f"x{i}.npy"] = empty
    if rng.random() < 0.5:
        manifest["state"]["loss_curve_"] = [{"$array": f"x{i}"} for i in range(count)]
    return sealed(manifest, members)


def array_of_nothing():
    """Return an array without numbers."""
    import numpy as np

    return np.empty(0)


def other_encoding(rng, data, other):
    """Return a file whose manifest is JSON in another encoding, or with other spaces."""
    manifest, members = opened(data)
    indent = rng.choice([0, 1, 200])
    return sealed(manifest, members, lambda text: json.dumps(json.loads(text), indent=indent))
