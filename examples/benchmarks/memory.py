"""Peak memory of `fit` in addition to its input, measured in a separate process."""

import ctypes
import json
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

from cases import CASES
from peers import ScikitLearn, Sknn
from sklearn.exceptions import ConvergenceWarning

#: What the kernel tells about a process, and where it is told to forget the peak.
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")

CASE = replace(CASES["images"], n=60_000)


def compare_memory() -> list[dict[str, Any]]:
    """Measure both libraries and print a table; return its rows."""
    if not CLEAR.exists():
        print("\nnote: memory is left out, it needs Linux's /proc")
        return []
    size = CASE.n * CASE.features * 4
    print(f"\nMemory of fit beyond its input: float32, {CASE.n} x {CASE.features}, two epochs\n")
    print(f"{'library':<12}{'MB':>9}{'share of X':>14}")
    rows = []
    for library in (Sknn, ScikitLearn):
        command = [sys.executable, __file__, library.name]
        grown = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        rows.append({"library": library.name, "bytes": grown, "share": grown / size})
        print(f"{library.name:<12}{grown / 1e6:>9.0f}{grown / size:>14.1%}", flush=True)
    return rows


def grown_by_fit(library: type[ScikitLearn]) -> int:
    """Return by how many bytes this process grew at the peak of a fit.

    A small fit comes first, so that what is loaded once is not counted. The peak that
    `resource.getrusage` tells is of no use here: it survives exec, and so may be the parent's.
    """
    peer = library("float32", 2)
    small = replace(CASE, n=1000)
    peer.prepare(small, *small.data("float32"))(1)
    X, y = CASE.data("float32")
    fit = peer.prepare(CASE, X, y)
    ctypes.CDLL(None).malloc_trim(0)  # what is free already shall not hide what is taken
    CLEAR.write_text("5")
    before = memory_in_use("VmRSS")
    fit(2)
    return memory_in_use("VmHWM") - before


def memory_in_use(key: str) -> int:
    """Return the bytes in use (VmRSS), or their peak (VmHWM)."""
    lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return 1024 * int(lines[key].split()[0])


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(grown_by_fit({peer.name: peer for peer in (Sknn, ScikitLearn)}[sys.argv[1]]))
