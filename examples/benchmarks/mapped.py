"""Training on a memory-mapped file larger than the memory limit of the process."""

import json
import resource
import subprocess
import sys
import tempfile
import tracemalloc
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from memory import memory_in_use
from sklearn.exceptions import ConvergenceWarning

from sknn import MLPClassifier

FEATURES = 784

#: A process may have the share 1 / SHARE of the file, and what it had before it saw the file.
SHARE = 4

#: By how much of a row of X the memory may grow with each row: targets and order are in memory.
ALLOWED = 0.1


def compare_mapped(megabytes: int) -> bool:
    """Train on mapped files in float32 and float64; print what it took and whether it grew."""
    print(f"\nTraining on a file of {megabytes} MB, one epoch, where only 1/{SHARE} of it could be")
    print("copied; memory taken at the peak, and how it grows with the rows, by bytes of X\n")
    print(f"{'file':<10}{'rows':>9}{'limit MB':>10}{'outcome':>14}{'peak MB':>9}{'growth':>9}")
    well = [trains_on(dtype, megabytes) for dtype in ("float32", "float64")]
    return all(well)


def trains_on(dtype: str, megabytes: int) -> bool:
    """Train on all of a file, and on a quarter of it without a limit; return whether it scales."""
    row = FEATURES * np.dtype(dtype).itemsize
    n = megabytes * 10**6 // row
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "X.npy"
        write(path, n, dtype)
        limited = in_own_process(path, n, limit=True)
        peaks = [in_own_process(path, rows, limit=False)["peak"] for rows in (n // 4, n)]
    growth = (peaks[1] - peaks[0]) / (row * (n - n // 4))
    print(
        f"{dtype:<10}{n:>9}{limited['limit'] / 1e6:>10.0f}{limited['outcome']:>14}"
        f"{peaks[1] / 1e6:>9.0f}{growth:>9.1%}",
        flush=True,
    )
    return limited["outcome"] == "trained" and growth <= ALLOWED


def write(path: Path, n: int, dtype: str) -> None:
    """Write random numbers to a file, part by part."""
    X = np.lib.format.open_memmap(path, "w+", dtype, (n, FEATURES))
    rng = np.random.default_rng(0)
    for start in range(0, n, 10_000):
        rows = X[start : start + 10_000]
        rows[...] = rng.standard_normal(rows.shape, dtype=np.float32)


def in_own_process(path: Path, n: int, *, limit: bool) -> dict[str, Any]:
    """Run this file on the first rows of a file."""
    command = [sys.executable, __file__, str(path), str(n), "limit" if limit else "trace"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def train(path: str, n: int, limit: bool) -> dict[str, Any]:
    """Train for an epoch, on a short leash or with every allocation traced."""
    rng = np.random.default_rng(0)
    mlp = MLPClassifier((32,), max_iter=1, random_state=0)
    mlp.fit(rng.standard_normal((1000, FEATURES)), rng.integers(10, size=1000))  # load everything
    X, y = np.load(path, mmap_mode="r")[:n], rng.integers(10, size=n)
    allowed = memory_in_use("VmData") + X.nbytes // SHARE
    if limit:
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))
    else:
        tracemalloc.start()
    try:
        mlp.fit(X, y)
        outcome = "trained"
    except MemoryError:
        outcome = "out of memory"
    peak = None if limit else tracemalloc.get_traced_memory()[1]
    return {"outcome": outcome, "limit": allowed, "peak": peak}


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(json.dumps(train(sys.argv[1], int(sys.argv[2]), sys.argv[3] == "limit")))
