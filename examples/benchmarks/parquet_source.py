"""Training on a folder of Parquet files in bounded memory, and on files that are sorted."""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from memory import memory_in_use
from sklearn.exceptions import ConvergenceWarning

from sknn import TabularMLPClassifier

#: Numbers of columns of each type.
FLOATS, INTEGERS, TEXTS, BOOLEANS = 12, 3, 3, 1

#: Rows of a file, and about how many bytes a row takes in it.
FILE_ROWS, ROW_BYTES = 500_000, 94

#: A process that trains may have so many bytes of anonymous memory beyond those of the imports.
MAX_ANONYMOUS = 1.5e9

#: Time of a row, compared with a fit in memory to a tenth of the rows.
MAX_RATIO = 1.5

#: Scores of the six sorted files: so close must the fit come to that of the mixed rows.
TOLERANCE = 0.01


def compare_sources(gigabytes: float) -> bool:
    """Train on a folder, and on a tenth of it in memory; then on sorted files."""
    print(f"\nParquet folder of {gigabytes:g} GB, 19 columns of four types: TabularMLPClassifier,")
    print(f"one epoch; at most {MAX_ANONYMOUS / 1e9:g} GB of anonymous memory beyond the imports\n")
    print(f"{'rows':<10}{'read from':<12}{'seconds':>9}{'us a row':>10}{'MB':>8}{'outcome':>16}")
    with tempfile.TemporaryDirectory(prefix="sknn-benchmark-") as folder:
        n = write_files(Path(folder), int(gigabytes * 1e9 / ROW_BYTES))
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        source = in_own_process(folder, n, "source")
        memory = in_own_process(folder, n // 10, "memory")
    print(f"({size / 1e9:.2f} GB of files)")
    well = source["outcome"] == "trained" and memory["outcome"] == "trained"
    if well:
        ratio = (source["seconds"] / n) / (memory["seconds"] / (n // 10))
        print(f"time a row: {ratio:.2f} times that in memory")
        well = ratio <= MAX_RATIO
    return compare_sorted_files() and well


def write_files(folder: Path, n: int) -> int:
    """Write files of random rows; return the number of rows."""
    import pyarrow.parquet as parquet

    rng = np.random.default_rng(0)
    for i, start in enumerate(range(0, n, FILE_ROWS)):
        table = random_table(rng, min(FILE_ROWS, n - start))
        parquet.write_table(table, folder / f"{i:04}.parquet", row_group_size=2**17)
    return n


def random_table(rng: np.random.Generator, n: int) -> Any:
    """Draw a table with text, missing values and booleans; the target depends on some of it."""
    import pyarrow as pa

    columns: dict[str, Any] = {}
    for j in range(FLOATS):
        numbers = rng.standard_normal(n)
        if j % 4 == 3:
            numbers = numbers.astype(np.float32)
        columns[f"x{j}"] = pa.array(numbers, mask=rng.random(n) < 0.05 if j % 3 == 2 else None)
    for j in range(INTEGERS):
        columns[f"i{j}"] = pa.array(rng.integers(0, 10 ** (j + 1), n))
    for j in range(TEXTS):
        words = pa.array([f"category {k}" for k in range(4 ** (j + 1))])
        columns[f"c{j}"] = pa.DictionaryArray.from_arrays(
            rng.integers(0, len(words), n, dtype=np.int32), words
        ).cast(pa.string())
    columns["b0"] = pa.array(rng.random(n) < 0.5)
    signal = columns["x0"].to_numpy() * columns["x1"].to_numpy() + columns["i0"].to_numpy() - 4.5
    columns["target"] = pa.array(signal > rng.standard_normal(n))
    return pa.table(columns)


def in_own_process(folder: str, n: int, how: str) -> dict[str, Any]:
    """Train on the files, or on their first rows in memory, and print what it took."""
    command = [sys.executable, __file__, folder, str(n), how]
    run = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    lines = run.stdout.splitlines()
    found = json.loads(lines[-1]) if lines else {"outcome": f"died ({run.returncode})"}
    print(
        f"{n:<10}{how:<12}{found.get('seconds', np.nan):>9.1f}"
        f"{found.get('seconds', np.nan) / n * 1e6:>10.2f}{found.get('peak', np.nan) / 1e6:>8.0f}"
        f"{found['outcome']:>16}",
        flush=True,
    )
    return found


def train(folder: str, n: int, how: str) -> dict[str, Any]:
    """Train for an epoch."""
    import pyarrow.dataset as ds

    data = ds.dataset(folder)
    model = TabularMLPClassifier(
        max_iter=1, batch_size=512, random_state=0, verbose="VERBOSE" in os.environ
    )
    warnings.simplefilter("ignore", ConvergenceWarning)
    model.fit(data.head(2000), y="target")  # loads everything
    X = data.head(n) if how == "memory" else data
    watch = MemoryWatch(MAX_ANONYMOUS if how == "source" else np.inf)
    start = time.perf_counter()
    model.fit(X, y="target")
    seconds = time.perf_counter() - start
    return {"outcome": "trained", "seconds": seconds, "peak": watch.peak}


class MemoryWatch:
    """Ends the process if it has more anonymous memory than allowed, beyond that at the start."""

    def __init__(self, allowed: float) -> None:
        self.allowed = allowed
        self.start = memory_in_use("RssAnon")
        self.peak = 0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            self.peak = max(self.peak, memory_in_use("RssAnon") - self.start)
            if self.peak > self.allowed:
                print(json.dumps({"outcome": "too much memory", "peak": self.peak}), flush=True)
                os._exit(1)
            time.sleep(0.02)


def compare_sorted_files() -> bool:
    """Compare a fit with `partial_fit` over six files that are sorted by region."""
    import pandas as pd
    import pyarrow.dataset as ds

    rng = np.random.default_rng(0)
    n, regions = 18_000, ["north", "east", "south", "west", "centre", "islands"]
    region = np.repeat(regions, n // len(regions))
    X = pd.DataFrame({"region": region} | {f"x{j}": rng.normal(size=n) for j in range(6)})
    effect = np.repeat([0, 1, 2, 3, 4, 5], n // len(regions))
    rows = np.arange(n)
    X["y"] = (X.to_numpy()[rows, 1 + effect].astype(float) > 0).astype(int)
    test, train = X[rows % 6 == 0], X[rows % 6 > 0]
    settings = {"max_iter": 20, "random_state": 0}
    with tempfile.TemporaryDirectory() as folder:
        for i, name in enumerate(regions):
            train[train["region"] == name].to_parquet(f"{folder}/{i}.parquet")
        whole = TabularMLPClassifier(**settings).fit(ds.dataset(folder), y="y")
        stream = TabularMLPClassifier(**settings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for file in sorted(Path(folder).iterdir()):
                for _ in range(settings["max_iter"]):
                    stream.partial_fit(pd.read_parquet(file), y="y", classes=[0, 1])
    mixed = TabularMLPClassifier(**settings).fit(train.sample(frac=1, random_state=0), y="y")
    scores = [model.score(test, y="y") for model in (whole, mixed, stream)]
    print("\nSix files sorted by region, accuracy on held-out rows: fit to the folder")
    print(
        f"{scores[0]:.3f}, to the mixed rows {scores[1]:.3f}, partial_fit by file {scores[2]:.3f}"
    )
    return scores[0] > scores[1] - TOLERANCE and scores[0] > scores[2]


if __name__ == "__main__":
    print(json.dumps(train(sys.argv[1], int(sys.argv[2]), sys.argv[3])))
