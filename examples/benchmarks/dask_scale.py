"""Fits on a Dask cluster: accuracy, traffic, speed, lost workers.

    python examples/benchmarks/dask_scale.py --what accuracy --data DIR
    python examples/benchmarks/dask_scale.py --what traffic
    python examples/benchmarks/dask_scale.py --what speed
    python examples/benchmarks/dask_scale.py --what killed
    python examples/benchmarks/dask_scale.py --what namespaces

`accuracy` compares fits of 8 shards with `fit` at the same number of epochs, on the four sets of a
folder with the most rows. `traffic` counts the bytes of a round. `speed` times fits on one worker
and on two, and from the times of their tasks computes those on more. `killed` loses a worker in a
round, and `namespaces` has two workers in network namespaces of their own, which needs root.
"""

import argparse
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import cloudpickle
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
from distributed import Client, LocalCluster, get_task_stream
from sklearn.exceptions import ConvergenceWarning
from table_sets import read_entries

from sknn import MLPClassifier, MLPRegressor, TabularMLPClassifier, TabularMLPRegressor
from sknn.dask import (
    DaskMLPClassifier,
    DaskMLPRegressor,
    DaskTabularMLPClassifier,
    DaskTabularMLPRegressor,
)
from sknn.dask import _rounds as rounds
from sknn.dask._cluster import Cluster

N_SHARDS = 8


def workers(n: int) -> LocalCluster:
    """Return n worker processes of one thread."""
    return LocalCluster(
        n_workers=n, threads_per_worker=1, dashboard_address="127.0.0.1:0", host="127.0.0.1"
    )


def standard_error(model: object, X: object, y: np.ndarray, *, regression: bool) -> float:
    """Return the standard error of the score on these rows."""
    predictions = model.predict(X)  # type: ignore[attr-defined]
    if not regression:
        right = predictions == y
        return float(right.std() / np.sqrt(len(y)))
    squares = (y - predictions) ** 2
    return float(squares.std() / np.sqrt(len(y)) / y.var())


def compare_accuracy(options: argparse.Namespace) -> bool:
    """Compare the scores of fits of 8 shards with those of `fit`."""
    well = True
    entries = largest_sets(options.data, 4)
    with workers(2) as cluster, Client(cluster):
        for name, X, y, regression in entries:
            order = np.random.default_rng(0).permutation(len(y))
            n = len(y) * 3 // 4
            train, test = order[:n], order[n:]
            make, local = (
                (DaskTabularMLPRegressor, TabularMLPRegressor)
                if regression
                else (DaskTabularMLPClassifier, TabularMLPClassifier)
            )
            if X.shape[1] > 500:  # images: numbers only, on one scale
                make, local = DaskMLPClassifier, MLPClassifier
            settings = {"random_state": 0, "cv": None}
            if local is MLPClassifier:
                settings |= {"max_iter": 10}
            began = time.perf_counter()
            alone = local(**settings).fit(X.iloc[train], y[train])
            of_fit = time.perf_counter() - began
            rows = X.iloc[train].assign(target=y[train])
            table = dd.from_pandas(rows, npartitions=N_SHARDS, sort=False)
            began = time.perf_counter()
            spread = make(**settings).fit(table, "target")
            seconds = time.perf_counter() - began
            scores = [one.score(X.iloc[test], y[test]) for one in (alone, spread.to_local())]
            error = standard_error(alone, X.iloc[test], y[test], regression=regression)
            well &= scores[1] > scores[0] - error
            print(
                f"{name}: {alone.n_iter_} epochs, fit {scores[0]:.4f} in {of_fit:.1f} s, "
                f"{N_SHARDS} shards {scores[1]:.4f} in {seconds:.1f} s, "
                f"{spread.n_rounds_} rounds, standard error {error:.4f}",
                flush=True,
            )
    return bool(well)


def largest_sets(folder: str, n: int) -> list[tuple[str, pd.DataFrame, np.ndarray, bool]]:
    """Return the sets with the most rows: name, X, y, and whether y are numbers."""
    found = sorted((one.load() for one in read_entries(folder)), key=lambda one: -len(one.y))[:n]
    return [(one.name, one.X, one.y, one.is_regression) for one in found]


class CountedCluster(Cluster):
    """Counts the bytes of what is sent to tasks and comes back."""

    sent = 0
    received = 0

    def submit(self, function: object, *args: object) -> object:
        """Return the future result of a call."""
        values = [one for one in args if type(one).__name__ != "Future"]
        CountedCluster.sent += len(cloudpickle.dumps(values))
        return super().submit(function, *args)  # type: ignore[arg-type]

    def gather(self, futures: object) -> list[object]:
        """Return the results."""
        results = super().gather(futures)  # type: ignore[arg-type]
        CountedCluster.received += len(cloudpickle.dumps(results))
        return results


def numbers(n: int, m: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of a regression."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, m)).astype(np.float32)
    return X, (X[:, 0] + np.sin(2 * X[:, 1]) * X[:, 2]).astype(np.float32)


def collections(n: int, n_shards: int) -> tuple[da.Array, da.Array]:
    """Return such rows as collections."""
    X, y = numbers(n)
    chunk = -(-n // n_shards)
    return da.from_array(X, chunks=(chunk, -1)), da.from_array(y, chunks=chunk)


def count_traffic(options: argparse.Namespace) -> bool:
    """Print the bytes of a round by the number of parameters."""
    import sknn.dask._base as base

    base.Cluster = CountedCluster
    with workers(1) as cluster, Client(cluster):
        X, y = collections(8_000, N_SHARDS)
        for sizes in ((100,), (256, 128), (1024, 1024)):
            found = []
            for n_rounds in (2, 6):
                CountedCluster.sent = CountedCluster.received = 0
                model = DaskMLPRegressor(sizes, max_iter=2, n_rounds=n_rounds, random_state=0)
                model.fit(X, y)
                found.append((CountedCluster.sent, CountedCluster.received))
            n = sum(W.size for W in (*model.coefs_, *model.intercepts_))
            sent, received = ((b - a) / 4 for a, b in zip(*found, strict=True))
            print(
                f"{sizes}: {n} parameters, {4 * n / 1e6:.2f} MB; a round of {N_SHARDS} shards "
                f"sends {sent / 1e6:.2f} MB and receives {received / 1e6:.2f} MB: "
                f"{(sent + received) / N_SHARDS / 4 / n:.2f} times the parameters a shard",
                flush=True,
            )
    return True


def time_fits(options: argparse.Namespace) -> bool:
    """Time fits on one and two workers; simulate more."""
    n = 80_000 if options.quick else 160_000
    X, y = collections(n, N_SHARDS)
    for sizes, batch in (((100,), 200), ((256, 128), 200), ((512, 512), 500)):
        settings = {"max_iter": 2, "batch_size": batch, "random_state": 0, "local_steps": 25}
        began = time.perf_counter()
        local = {name: v for name, v in settings.items() if name != "local_steps"}
        MLPRegressor(sizes, **local).fit(*numbers(n))
        alone = time.perf_counter() - began
        found, tasks = {}, []
        for count in (1, 2):
            with workers(count) as cluster, Client(cluster) as client:
                DaskMLPRegressor(sizes, **settings | {"max_iter": 1}).fit(X, y)  # imports
                model = DaskMLPRegressor(sizes, **settings)
                rounds_of = RoundTimes()
                began = time.perf_counter()
                with rounds_of, get_task_stream(client) as stream:
                    model.fit(X, y)
                found[count] = time.perf_counter() - began, sum(rounds_of.seconds)
                tasks = task_seconds(stream.data)
        n_rounds, task = model.n_rounds_, float(np.median(tasks))
        overhead = found[1][1] / n_rounds - N_SHARDS * task
        print(
            f"{sizes}, batches of {batch}: fit {alone:.1f} s; rounds on 1 worker "
            f"{found[1][1]:.1f} s, on 2 {found[2][1]:.1f} s; {n_rounds} rounds of {N_SHARDS} tasks "
            f"of {task * 1e3:.0f} ms and {overhead * 1e3:.0f} ms beside them",
            flush=True,
        )
        for count in (1, 2, 4, 8):
            a_round = -(-N_SHARDS // count) * task + max(overhead, 0)
            print(f"    simulated, {count} workers: {n_rounds * a_round:.1f} s", flush=True)
    return True


def kill_soon(pid: int) -> None:
    """Kill a process while the round that begins is under way."""
    threading.Timer(0.005, os.kill, (pid, signal.SIGKILL)).start()


class RoundTimes:
    """Times the rounds of fits in its context, and calls a function before each."""

    def __init__(self, before: Callable[[int], object] = bool) -> None:
        self.before = before

    def __enter__(self) -> "RoundTimes":
        """Begin."""
        self.seconds: list[float] = []
        self.original = original = rounds.ShardedBatch._run_round

        def run_round(batch: object, members: object) -> None:
            self.before(batch.n_rounds)  # type: ignore[attr-defined]
            began = time.perf_counter()
            original(batch, members)  # type: ignore[arg-type]
            self.seconds.append(time.perf_counter() - began)

        rounds.ShardedBatch._run_round = run_round  # type: ignore[assignment,method-assign]
        return self

    def __exit__(self, *error: object) -> None:
        """End."""
        rounds.ShardedBatch._run_round = self.original  # type: ignore[method-assign]


def task_seconds(stream: list[dict[str, Any]]) -> list[float]:
    """Return the seconds of the tasks that trained, from the scheduler's record."""
    return [
        part["stop"] - part["start"]
        for task in stream
        for part in task["startstops"]
        if "_trained" in str(task["key"]) and part["action"] == "compute"
    ]


def have_equal_bits(one: object, other: object) -> bool:
    """Return whether two fits have the same parameters."""
    pairs = zip(one.coefs_, other.coefs_, strict=True)  # type: ignore[attr-defined]
    return all(np.array_equal(a, b) for a, b in pairs)


def lose_a_worker(options: argparse.Namespace) -> bool:
    """Kill a worker in a round, and compare."""
    X, y = collections(20_000, N_SHARDS)
    found, seconds = [], []
    for kills in (False, True):
        with workers(2) as cluster, Client(cluster) as client:
            model = DaskMLPRegressor((100,), max_iter=4, random_state=0)
            victim = min(client.run(os.getpid).values()) if kills else 0
            began = time.perf_counter()
            with RoundTimes(lambda number, pid=victim: number == 5 and pid and kill_soon(pid)):
                found.append(model.fit(X, y))
            seconds.append(time.perf_counter() - began)
    equal = have_equal_bits(*found)
    print(f"{seconds[0]:.1f} s; with a worker killed {seconds[1]:.1f} s; equal bits: {equal}")
    return equal


SPACES = ("sknn-client", "sknn-one", "sknn-two")


def use_namespaces(options: argparse.Namespace) -> bool:
    """Train on workers in network namespaces of their own, which a bridge connects."""
    commands = [f"ip netns add {space}" for space in SPACES]
    inside = f"ip netns exec {SPACES[0]}"
    commands += [f"{inside} ip link set lo up", f"{inside} ip link add br0 type bridge"]
    commands += [f"{inside} ip addr add 10.77.0.1/24 dev br0", f"{inside} ip link set br0 up"]
    for i, space in enumerate(SPACES[1:], start=2):
        commands += [
            f"ip link add v{i} netns {SPACES[0]} type veth peer name eth0 netns {space}",
            f"{inside} ip link set v{i} master br0 up",
            f"ip netns exec {space} ip addr add 10.77.0.{i}/24 dev eth0",
            f"ip netns exec {space} ip link set eth0 up",
            f"ip netns exec {space} ip link set lo up",
        ]
    running: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            done = subprocess.run(command.split(), capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"refused: {command}: {done.stderr.strip()}")
                return False
        python, quiet = sys.executable, {"stderr": subprocess.DEVNULL}
        scheduler = "scheduler --host 10.77.0.1 --port 8786 --no-dashboard"
        running.append(
            subprocess.Popen(
                [
                    *inside.split(),
                    python,
                    "-m",
                    "distributed.cli.dask_" + scheduler.split()[0],
                    *scheduler.split()[1:],
                ],
                **quiet,
            )
        )
        for space in SPACES[1:]:
            worker = ["tcp://10.77.0.1:8786", "--nthreads", "1", "--no-dashboard"]
            command = ["ip", "netns", "exec", space, python, "-m", "distributed.cli.dask_worker"]
            running.append(subprocess.Popen([*command, *worker], **quiet))
        program = [*inside.split(), python, __file__, "--what", "client"]
        done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=300)
        print(done.stdout.strip() or done.stderr[-2000:])
        return done.returncode == 0
    finally:
        for process in running:
            process.terminate()
            process.wait()
        for space in SPACES:
            subprocess.run(["ip", "netns", "del", space], capture_output=True, check=False)


def fit_in_a_namespace(options: argparse.Namespace) -> bool:
    """Fit on the workers of other namespaces, and on one in this process."""
    X, y = collections(20_000, N_SHARDS)
    found = []
    with Client("tcp://10.77.0.1:8786", timeout=60) as client:
        client.wait_for_workers(2, timeout=60)
        addresses = sorted(client.scheduler_info()["workers"])
        began = time.perf_counter()
        found.append(DaskMLPRegressor((100,), max_iter=4, random_state=0).fit(X, y))
        seconds = time.perf_counter() - began
    with Client(processes=False, n_workers=1, dashboard_address="127.0.0.1:0"):
        found.append(DaskMLPRegressor((100,), max_iter=4, random_state=0).fit(X, y))
    equal = all(np.array_equal(a, b) for a, b in zip(found[0].coefs_, found[1].coefs_, strict=True))
    print(
        f"workers {', '.join(addresses)}: {seconds:.1f} s; bits equal to one worker here: {equal}"
    )
    return equal


SUBJECTS = {
    "accuracy": compare_accuracy,
    "traffic": count_traffic,
    "speed": time_fits,
    "killed": lose_a_worker,
    "namespaces": use_namespaces,
}


def main() -> None:
    """Look at what was asked for."""
    parser = argparse.ArgumentParser(description="See how fits on Dask scale.")
    parser.add_argument("--what", choices=[*SUBJECTS, "client"], required=True)
    parser.add_argument("--data", metavar="DIR", help="a folder of sets, for accuracy")
    parser.add_argument("--quick", action="store_true", help="fewer rows")
    parser.add_argument("--check", action="store_true", help="fail if something is not as wanted")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    subject = {**SUBJECTS, "client": fit_in_a_namespace}[options.what]
    well = subject(options)
    if options.check and not well:
        sys.exit(1)


if __name__ == "__main__":
    main()
