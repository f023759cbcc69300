"""Time of an epoch by the number of rows and of parameters."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from sknn import MLPClassifier

#: What is varied: the values, and the rows, features and hidden units for each of them.
Ladder = tuple[list[int], Callable[[int], tuple[int, int, tuple[int, ...]]]]

LADDERS: dict[str, Ladder] = {
    "rows": ([2500, 5000, 10_000, 20_000, 40_000, 80_000], lambda n: (n, 64, (100,))),
    "parameters": ([32, 64, 128, 256, 512, 1024, 2048], lambda units: (5000, 256, (units, units))),
}

EPOCHS = 3

#: A slope above this, on one thread, means that the cost grows faster than in proportion.
STEEPEST = 1.2


def compare_cost(*, quick: bool, path: str | None) -> bool:
    """Climb both ladders on one thread and on two; print seconds and slopes, draw them.

    Returns
    -------
    well : bool
        Whether the cost on one thread grows in proportion, or slower.
    """
    curves = {}
    for name, (values, sizes) in LADDERS.items():
        print(f"\nSeconds of an epoch against the number of {name}\n")
        for threads in (1, 2):
            rungs = values[:-2] if quick else values
            curve = [seconds_of_epoch(*sizes(value), threads) for value in rungs]
            curves[name, threads] = curve
            print_curve(curve, name, threads)
    if path:
        plot_curves(curves, path)
    return all(slope(curves[name, 1], name) <= STEEPEST for name in LADDERS)


def seconds_of_epoch(
    n: int, features: int, hidden: tuple[int, ...], threads: int
) -> dict[str, float]:
    """Return the number of rows and of parameters, and the least time of an epoch in three fits."""
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((n, features), dtype=np.float32), rng.integers(10, size=n)
    mlp = MLPClassifier(hidden, max_iter=EPOCHS, n_iter_no_change=np.inf, random_state=0)
    times = []
    with threadpool_limits(threads):
        for _ in range(3):
            start = time.perf_counter()
            mlp.fit(X, y)
            times.append(time.perf_counter() - start)
    parameters = sum(part.size for part in [*mlp.coefs_, *mlp.intercepts_])
    return {"rows": n, "parameters": parameters, "seconds": min(times) / EPOCHS}


def print_curve(curve: list[dict[str, float]], name: str, threads: int) -> None:
    """Print the times, and the slopes of their logarithms: 1 is a cost in proportion."""
    steps = "  ".join(f"{point[name]:.0f}: {point['seconds']:.3f}" for point in curve)
    print(f"threads {threads}   {steps}")
    print(
        f"            slope {slope(curve, name):.2f}, of the upper half "
        f"{slope(curve[len(curve) // 2 :], name):.2f}",
        flush=True,
    )


def slope(curve: list[dict[str, float]], name: str) -> float:
    """Fit a line to the logarithms and return its slope."""
    logarithms = np.log([[point[name], point["seconds"]] for point in curve])
    return float(np.polyfit(*logarithms.T, 1)[0])


def plot_curves(curves: dict[tuple[str, int], list[dict[str, float]]], path: str) -> None:
    """Draw a panel for each ladder, a line for each number of threads."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("note: the plot is left out, matplotlib is not installed")
        return
    figure = Figure(figsize=(10, 4), layout="constrained")
    panels: Any = dict(zip(LADDERS, figure.subplots(1, len(LADDERS)), strict=True))
    for (name, threads), curve in curves.items():
        x, seconds = zip(*((point[name], point["seconds"]) for point in curve), strict=True)
        label = f"{threads} threads, slope {slope(curve[len(curve) // 2 :], name):.2f} at the end"
        panels[name].loglog(x, seconds, marker="o", label=label)
        panels[name].set(xlabel=name, ylabel="seconds of an epoch")
        panels[name].legend()
    figure.savefig(path)
    print(f"wrote {path}")
