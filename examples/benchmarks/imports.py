"""Import time of sknn, measured in new processes."""

import subprocess
import sys
from functools import partial
from typing import Any

import numpy as np
from stopwatch import take_turns

CODE = "from time import perf_counter as t; a = t(); import {}; print(t() - a)"

MODULES = {"sknn": "sknn", "sklearn": "sklearn.neural_network"}


def compare_imports(repeats: int) -> dict[str, Any]:
    """Import sknn and scikit-learn's networks in turn and print the ratio; return the figures.

    The processes time themselves, so that the start of Python is not in it.
    """
    seconds: dict[str, list[float]] = {name: [] for name in MODULES}
    tasks = {name: partial(import_once, module, seconds[name]) for name, module in MODULES.items()}
    take_turns(tasks, 1)  # so that every file was read, and compiled, before
    for times in seconds.values():
        times.clear()
    take_turns(tasks, repeats)
    shares = {
        how.__name__: float(how(seconds["sknn"]) / how(seconds["sklearn"]))
        for how in (np.median, np.min)
    }
    print("\nImport, in fresh processes: seconds; sknn's / scikit-learn's\n")
    for name, times in seconds.items():
        print(f"import {MODULES[name]:<26} median {np.median(times):.3f}, least {min(times):.3f}")
    print(
        "ratio                             " + ", ".join(f"{k} {v:.3f}" for k, v in shares.items())
    )
    return {"seconds": seconds, "shares": shares}


def import_once(module: str, seconds: list[float]) -> None:
    """Add how long it takes to import a module."""
    command = [sys.executable, "-c", CODE.format(module)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds.append(float(done.stdout))
