"""A run guided by coverage, with atheris, which is installed by hand.

``python -m tests.persistence.fuzz.guided tests/persistence/fuzz/corpus -max_total_time=600``

It goes on from the files in the corpus, and adds those that reach code that none has reached. Their
first byte says what the rest is: "R" for a file as it is; "J" for a manifest, which is sealed, with
arrays as it tells of them.
"""

import contextlib
import json
import math
import sys
from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"

#: Bytes of an array that are made for a manifest; larger ones are missing.
MOST = 100_000


def file_of(entry):
    """Return the file that an entry of the corpus stands for, and whether it is sealed."""
    from tests.persistence.fuzz.sealed import sealed

    if entry[:1] != b"J":
        return entry[1:], False
    text = entry[1:].decode("utf-8", "replace")
    try:
        manifest = json.loads(text)
        arrays = manifest["arrays"].items()
        members = {f"{name}.npy": array for name, told in arrays if (array := _array(told))}
        return sealed(manifest, members), True
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return entry[1:], False


def _array(told):
    """Return an array of ones as a member, such as is told of; None if there is none."""
    import numpy as np

    from tests.persistence.fuzz.sealed import npy

    dtype, shape = np.dtype(told["dtype"]), told["shape"]
    if dtype.itemsize * math.prod(shape) > MOST or dtype.hasobject:
        return None
    ones = np.ones(shape, dtype)
    return npy(np.arange(ones.size).reshape(shape).astype(dtype) if ones.ndim == 1 else ones)


def entries():
    """Return what to begin with: the manifests of all kinds of models, and a few whole files."""
    from tests.persistence.fuzz.sealed import opened
    from tests.persistence.fuzz.seeds import files

    manifests = {name: opened(data)[0] for name, data in files().items()}
    texts = {name: json.dumps(one, separators=(",", ":")) for name, one in manifests.items()}
    whole = {f"{name} as it is": b"R" + files()[name] for name in ("linear", "quantiles")}
    return {**{name: b"J" + text.encode() for name, text in texts.items()}, **whole}


def main():
    """Run libFuzzer with the arguments of the command line."""
    import atheris

    with atheris.instrument_imports(include=["sknn", "zipfile"]):
        from tests.persistence.fuzz import judge

    judge.in_time = contextlib.nullcontext  # libFuzzer has a clock of its own
    judge.files()

    def one(entry):
        data, is_sealed = file_of(entry)
        judge.judged(data, sealed=is_sealed)

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
