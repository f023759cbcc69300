"""Manifests: what they say is changed, and all digests are made anew."""

import copy
import json

from tests.persistence.fuzz.noise import noisy
from tests.persistence.fuzz.sealed import opened, sealed

#: Values that are seldom expected.
VALUES = [
    *json.loads("""[
    null, true, false, 0, 1, -1, 2, 3, 7, 64, 624, 625, 2147483648, 4294967296, 140737488355328,
    9223372036854775808, 18446744073709551616, 1000000000000000000000000000000, 0.0, -0.0, 0.5, 1.5,
    -1.5, 1e-320, 1e308, Infinity, NaN,
    "", "a", "nan", "real", "binary", "multiclass", "multilabel", "multioutput", "relu", "print",
    "log_loss", "brier", "hinge", "squared_error", "quantile", "poisson", "float32", "float64",
    "numeric", "string", "boolean", "empty", "adam", "sgd", "lbfgs", "auto", "MT19937", "\\ud800",
    "MLPClassifier", "MLPRegressor", "TabularMLPClassifier", "object", "os.system",
    "KFold", "LeavePOut", "PredefinedSplit", {"splitter": "LeaveOneOut", "parameters": {}},
    {"splitter": "KFold", "parameters": {"n_splits": 3, "shuffle": true, "random_state": 1}},
    [], {}, [[]], [0], [1, 2], [null], ["a"], [[1], [2]], {"a": 1}, [1e308, 1e308],
    {"$float": "nan"}, {"$float": "inf"}, {"$float": "1"}, {"$float": 1}, {"$x": 1},
    {"$tuple": []}, {"$tuple": [1, 1]}, {"$tuple": {}}, {"$pairs": []}, {"$pairs": [[1, 2]]},
    {"$pairs": [[[], 1]]}, {"$pairs": [[1, 1], [1, 2]]}, {"$pairs": 3}, {"$array": 3},
    {"$array": "x"}, {"$numbers": "x"}, {"$texts": "x"}, {"$objects": []}, {"$array": []},
    {"$float": "nan", "a": 1}, {"$pairs": [["$float", "nan"]]}
    ]"""),
    10**4000,
    "a" * 5000,
    [0] * 100,
]


def places(value, found=None, keys=()):
    """Return the way to every value of a tree, by its keys."""
    found = [] if found is None else found
    if keys:
        found.append(keys)
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            places(one, found, (*keys, key))
    return found


def place(rng, manifest):
    """Return a way to some value: first the part of the manifest is chosen, then the value."""
    part = rng.choice(["parameters", "state", "state", "state", "arrays", None])
    inner = places(manifest) if part is None else places(manifest[part], keys=(part,))
    return rng.choice(inner)


def at(tree, keys):
    """Return what is at the end of a way."""
    for key in keys:
        tree = tree[key]
    return tree


def put(rng, manifest):
    """Exchange a value."""
    *way, key = place(rng, manifest)
    at(manifest, way)[key] = copy.deepcopy(rng.choice(VALUES))


def nudge(rng, manifest):
    """Change a number a little, or a text by a letter."""
    *way, key = place(rng, manifest)
    old = at(manifest, way)[key]
    if isinstance(old, str):
        new = old[1:] if rng.random() < 0.5 else old + rng.choice("0s_A$.")
    elif isinstance(old, bool) or not isinstance(old, int | float):
        new = not old
    else:
        new = rng.choice([old + 1, old - 1, -old, old * 2, float(old), 1e400 * old])
    at(manifest, way)[key] = new


def drop(rng, manifest):
    """Take a value out."""
    *way, key = place(rng, manifest)
    del at(manifest, way)[key]


def add(rng, manifest):
    """Put one more value in."""
    way = place(rng, manifest)
    held, value = at(manifest, way), copy.deepcopy(rng.choice(VALUES))
    if isinstance(held, dict):
        held[rng.choice(["x", "", "$float", "__class__", "coefs_", "next_seed", "rng"])] = value
    elif isinstance(held, list):
        held.insert(rng.randint(0, len(held)), value)


def exchange(rng, manifest):
    """Exchange two values."""
    (*way, key), (*other_way, other) = place(rng, manifest), place(rng, manifest)
    one, two = at(manifest, way), at(manifest, other_way)
    one[key], two[other] = copy.deepcopy(two[other]), copy.deepcopy(one[key])


def rename(rng, manifest):
    """Give a value the name of another."""
    *way, key = place(rng, manifest)
    held = at(manifest, way)
    if isinstance(held, dict):
        held[rng.choice([*held, "x", f"{key}_"])] = held.pop(key)


def wrap(rng, manifest):
    """Put a value into a list, or a dictionary, or take its first one out of it."""
    *way, key = place(rng, manifest)
    held = at(manifest, way)
    old = held[key]
    inner = [*(old.values() if isinstance(old, dict) else old if isinstance(old, list) else ())]
    held[key] = rng.choice([[old], {"$tuple": [old]}, {"$pairs": [[0, old]]}, {"a": old}, *inner])


EDITS = [put, put, nudge, nudge, drop, add, exchange, rename, wrap]


def edited(rng, data, other):
    """Return the file with other values in its manifest."""
    manifest, members = opened(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        try:
            rng.choice(EDITS)(rng, manifest)
        except (KeyError, IndexError, TypeError, OverflowError):  # two edits met
            continue
    return sealed(manifest, members)


def crossed(rng, data, other):
    """Return the file with a part of another file's manifest, and its arrays."""
    manifest, members = opened(data)
    theirs, more = opened(other)
    key = rng.choice(
        [
            "class",
            "parameters",
            "state",
            "_model_spec",
            "_training_state",
            "input_encoding",
            "coefs_",
        ]
    )
    for tree, source in ((manifest, theirs), (manifest["state"], theirs["state"])):
        if key in tree and key in source:
            tree[key] = source[key]
    if key == "input_encoding":
        manifest["state"]["_model_spec"][key] = theirs["state"]["_model_spec"][key]
    members = {**more, **members}
    manifest["arrays"] = {**theirs["arrays"], **manifest["arrays"]}
    text = json.dumps([manifest["parameters"], manifest["state"]])
    names = [n for n in manifest["arrays"] if f'"{n.removesuffix(".lengths")}' in text]
    manifest["arrays"] = {name: manifest["arrays"][name] for name in names}
    return sealed(manifest, {f"{name}.npy": members[f"{name}.npy"] for name in names})


def garbled(rng, data, other):
    """Return the file with noise in the text of its manifest, sealed again if it is still JSON."""
    manifest, members = opened(data)
    theirs, _ = opened(other)

    def text(written):
        noise = noisy(rng, written.encode(), json.dumps(theirs).encode())
        return noise.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()

    return sealed(manifest, members, text)


def doubled(rng, data, other):
    """Return the file with a key that stands twice."""
    manifest, members = opened(data)
    key = place(rng, manifest)[-1]
    pair = f"{json.dumps(key)}: {json.dumps(rng.choice(VALUES))}, {json.dumps(key)}: "
    return sealed(manifest, members, lambda text: text.replace(f"{json.dumps(key)}: ", pair, 1))
