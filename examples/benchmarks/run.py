"""Training, default fits, prediction, import, memory and size, as ratios to other libraries.

    python examples/benchmarks/run.py --quick
    python examples/benchmarks/run.py --peers sklearn,torch --case images --case table
    python examples/benchmarks/run.py --what default --data DIR --busy
    python examples/benchmarks/run.py --what all --json figures.json --plot figures.png

What is compared, and how to read the columns, is in the README beside this file.
"""

import argparse
import json
import os
import platform
import sys
import warnings
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from bars import plot_ratios
from cases import CASES, Case
from compiled import compare_compiled
from default_fits import compare_default_fits
from default_sets import chosen_sets, load_set
from first import ROWS, compare_first
from frame_prediction import compare_frame_prediction
from imports import compare_imports
from memory import compare_memory
from peers import PEERS
from prediction import compare_prediction
from size import compare_size
from sklearn.exceptions import ConvergenceWarning
from steps import compare_steps
from stopwatch import CLOCKS
from threadpoolctl import threadpool_limits
from training import compare_training, installed_peers, unlike

#: What can be compared: functions of the options, by the words for `--what`.
SUBJECTS = {
    "training": lambda options: training(options),
    "default": lambda options: default_fits(options),
    "step": lambda options: compare_steps(chosen(options), options.threads),
    "first": lambda options: compare_first(
        ROWS[:1] if options.quick else ROWS,
        options.threads,
        options.repeats or (3 if options.quick else 25),
        options.clock,
    ),
    "compiled": lambda options: compare_compiled(
        chosen(options),
        precision=options.precision,
        threads=options.threads,
        repeats=options.repeats or (2 if options.quick else None),
        clock=options.clock,
    ),
    "prediction": lambda options: compare_prediction(
        options.precision,
        options.threads,
        options.repeats or (5 if options.quick else 15),
        options.busy,
    ),
    "frames": lambda options: compare_frame_prediction(
        options.repeats or (5 if options.quick else 15)
    ),
    "import": lambda options: compare_imports(options.repeats or (7 if options.quick else 15)),
    "memory": lambda options: compare_memory(),
    "size": lambda options: compare_size(options.precision),
}


def main() -> None:
    """Compare what was asked for, and write what was asked for."""
    options = read_options()
    warnings.simplefilter("ignore", ConvergenceWarning)  # all epochs are run, and no more
    subjects = SUBJECTS if options.what == "all" else [options.what]
    figures: dict[str, Any] = {"machine": machine(options.threads), "precision": options.precision}
    figures["busy"] = options.busy
    print(", ".join(f"{name} {value}" for name, value in figures["machine"].items()))
    with threadpool_limits(options.threads):
        for subject in subjects:
            figures[subject] = SUBJECTS[subject](options)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(figures, file, indent=1, default=asdict)
    if options.plot and "training" in figures:
        panel = {row["case"]: row["ratios"] for row in figures["training"]}
        plot_ratios({"fits": panel}, options.plot)
    differences = unlike(figures.get("training", []))
    for difference in differences:
        print(f"unlike: {difference}")
    if options.check and differences:
        sys.exit(1)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Compare sknn with its peers.")
    parser.add_argument("--what", choices=[*SUBJECTS, "all"], default="training")
    parser.add_argument("--quick", action="store_true", help="a quarter of the rows, few repeats")
    parser.add_argument("--peers", default=",".join(PEERS), help="separated by commas (all)")
    parser.add_argument("--case", action="append", choices=CASES, help="may be repeated (all)")
    parser.add_argument("--data", metavar="DIR", help="with NAME.npz, for --what default")
    parser.add_argument(
        "--set", action="append", default=[], help="of --what default; may be repeated"
    )
    parser.add_argument(
        "--busy", action="store_true", help="fits and predictions also beside two busy processes"
    )
    parser.add_argument("--repeats", type=int, help="how often all is timed (by the case)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="(one a core)")
    parser.add_argument(
        "--precision",
        choices=["float32", "default"],
        default="float32",
        help="default: float64 data, and every library computes in what it likes",
    )
    parser.add_argument(
        "--clock",
        choices=CLOCKS,
        default="wall",
        help="of fits; processor: for a busy machine, with --threads 1",
    )
    parser.add_argument("--json", metavar="FILE", help="write all figures")
    parser.add_argument("--plot", metavar="FILE", help="draw the ratios of training")
    parser.add_argument("--check", action="store_true", help="fail if losses are unlike")
    options = parser.parse_args()
    options.peers = options.peers.split(",")
    if options.what in ("default", "all"):
        try:
            options.set = chosen_sets(options.set, options.data)
        except ValueError as error:
            parser.error(str(error))
    if strangers := set(options.peers) - set(PEERS):
        parser.error(f"no such peers: {', '.join(strangers)}; there are {', '.join(PEERS)}")
    return options


def training(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Compare training in the chosen cases, with the chosen peers."""
    return compare_training(
        chosen(options),
        installed_peers(options.peers, options.precision, options.threads),
        precision=options.precision,
        threads=options.threads,
        repeats=options.repeats,
        clock=options.clock,
        busy=options.busy,
    )


def default_fits(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Compare fits at the defaults, on the chosen sets."""
    return compare_default_fits(
        (load_set(name, options.data, options.quick) for name in options.set),
        threads=options.threads,
        repeats=options.repeats or (1 if options.quick else 3),
        clock=options.clock,
        busy=options.busy,
    )


def chosen(options: argparse.Namespace) -> list[Case]:
    """Return the cases to run, with fewer rows for a quick look."""
    cases = [CASES[name] for name in options.case or CASES]
    return [case.smaller() for case in cases] if options.quick else cases


def machine(threads: int) -> dict[str, str]:
    """Return what the figures depend on."""
    found = {"python": platform.python_version(), "threads": str(threads)}
    for name in ("sknn", "numpy", "scikit-learn", "torch", "skorch", "jax"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    main()
