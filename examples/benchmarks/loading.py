"""Time of reading a model file: ``python examples/benchmarks/loading.py``."""

import argparse
import hashlib
import io
import pickle
import time
import warnings
import zlib

import numpy as np

import sknn


def model_of(megabytes):
    """Return a model with about so many megabytes of weights in float32."""
    width = int((megabytes * 1e6 / 4 / 2) ** 0.5)
    X = np.random.RandomState(0).normal(size=(2, width)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return sknn.MLPRegressor((width, width), max_iter=1, random_state=0).fit(X, X[:, 0])


def milliseconds(run, repeats):
    """Return the processor time of each of some runs, sorted."""
    times = []
    for _ in range(repeats):
        began = time.process_time()
        run()
        times.append(1000 * (time.process_time() - began))
    return sorted(times)


def main():
    """Print the least, the median and the largest time of each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=float, default=10)
    parser.add_argument("--repeats", type=int, default=50)
    chosen = parser.parse_args()
    model, file = model_of(chosen.megabytes), io.BytesIO()
    model.save(file)
    data, dumped = file.getvalue(), pickle.dumps(model)
    runs = {
        "sknn.load": lambda: sknn.load(io.BytesIO(data)),
        "SHA-256 and CRC-32 of the file": lambda: (hashlib.sha256(data), zlib.crc32(data)),
        "pickle.loads": lambda: pickle.loads(dumped),
        "save to memory": lambda: model.save(io.BytesIO()),
    }
    print(f"{len(data) / 1e6:.1f} MB, milliseconds of processor time, {chosen.repeats} times")
    for name, run in runs.items():
        times = milliseconds(run, chosen.repeats)
        middle = times[len(times) // 2]
        print(f"{name:32}{times[0]:8.1f} least{middle:8.1f} median{times[-1]:8.1f} most")


if __name__ == "__main__":
    main()
