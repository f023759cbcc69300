"""Time to accuracy: seconds until a network is good, on MNIST and on two made tables.

The first table tells when the test accuracy of each first reached the target. scikit-learn and
skorch train epoch by epoch, by `partial_fit`; the clock stands while the test rows are predicted.
sknn's recommended setting is a plan of few epochs, the learning rate going up to 0.01 and down
again ("one_cycle"). A plan counts as a whole, one `fit`, since it is good at its end. The second
table compares whole fits on the same float64 data: scikit-learn's default
`MLPClassifier().fit`, which ends when it finds nothing more to gain, and sknn's recommended one.

    python examples/benchmarks/time_to_accuracy.py --data mnist.npz --plot accuracy.png
    python examples/benchmarks/time_to_accuracy.py --table clusters --table spirals

Without `--data` MNIST comes from openml.org.
"""

import argparse
import time
import warnings
from functools import partial
from typing import Any

import numpy as np
from contenders import MANY, Contender, contenders, one_cycle, scikit_learn
from made_tables import TABLES, Parts, Table
from sklearn.exceptions import ConvergenceWarning

#: Seconds and test accuracy after each epoch.
Curve = list[tuple[float, float]]


def main() -> None:
    """Race on each table, and then compare whole fits."""
    options = read_options()
    warnings.simplefilter("ignore", ConvergenceWarning)
    curves, there = {}, contenders(options.epochs)
    for name in options.table or TABLES:
        table, parts = TABLES[name], TABLES[name].load(options.data)
        print(f"\n{name}: {parts[0].shape[0]} x {parts[0].shape[1]}, seconds until a test")
        print(f"accuracy of {table.target:.1%}\n")
        print(f"{'':<16}{'seconds':>10}{'epochs':>10}{'seconds an epoch':>18}{'at its end':>12}")
        curves[name] = {contender.name: race(contender, table, parts) for contender in there}
        compare_whole_fits(parts, options.epochs[-1])
    if options.plot:
        plot_curves(curves, options.plot)


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Measure the time to a good model.")
    parser.add_argument("--data", metavar="FILE.npz", help="MNIST: X_train, y_train, X_test, ...")
    parser.add_argument("--table", action="append", choices=TABLES, help="may be repeated (all)")
    parser.add_argument(
        "--epochs", type=int, nargs="+", default=[3, 5, 8], help="plans for sknn (3 5 8)"
    )
    parser.add_argument("--plot", metavar="FILE", help="draw test accuracy against seconds")
    return parser.parse_args()


def race(contender: Contender, table: Table, parts: Parts) -> Curve:
    """Train a contender until it is good, print when that was, and return its curve."""
    X, y, X_test, y_test = parts
    X, X_test = X.astype(contender.dtype, copy=False), X_test.astype(contender.dtype, copy=False)
    estimator = contender.build(X.shape[1], len(np.unique(y)))
    train = estimator.fit
    if not contender.plan:
        train = partial(estimator.partial_fit, classes=np.unique(y))
    seconds, curve = 0.0, []
    for _ in range(1 if contender.plan else MANY):
        start = time.perf_counter()
        train(X, y)
        seconds += time.perf_counter() - start
        curve.append((seconds, estimator.score(X_test, y_test)))
        if curve[-1][1] >= table.target:
            break
    print_race(contender, table, curve)
    return curve


def print_race(contender: Contender, table: Table, curve: Curve) -> None:
    """Print when the target was reached, and how good the network was then or at its end."""
    seconds, accuracy = curve[-1]
    epochs = contender.plan or len(curve)
    good = f"{seconds:.2f}" if accuracy >= table.target else "never"
    print(
        f"{contender.name:<16}{good:>10}{epochs:>10}{seconds / epochs:>18.2f}{accuracy:>12.2%}",
        flush=True,
    )


def compare_whole_fits(parts: Parts, epochs: int) -> None:
    """Print time and test accuracy of scikit-learn's default and of sknn's recommended fit."""
    X, y, X_test, y_test = parts
    print(f"\n{'whole fit':<16}{'seconds':>10}{'epochs':>10}{'accuracy':>12}")
    taken = {}
    for name, build in {"scikit-learn": scikit_learn, "sknn": one_cycle(epochs).build}.items():
        estimator = build(X.shape[1], len(np.unique(y)))
        start = time.perf_counter()
        estimator.fit(X, y)
        taken[name] = time.perf_counter() - start
        accuracy = estimator.score(X_test, y_test)
        print(f"{name:<16}{taken[name]:>10.2f}{estimator.n_iter_:>10}{accuracy:>12.2%}")
    print(f"{'ratio':<16}{taken['scikit-learn'] / taken['sknn']:>10.1f}", flush=True)


def plot_curves(curves: dict[str, dict[str, Curve]], path: str) -> None:
    """Draw the test accuracy against the seconds, a panel for each table."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("note: the plot is left out, matplotlib is not installed")
        return
    figure = Figure(figsize=(5 * len(curves), 4), layout="constrained")
    panels: Any = figure.subplots(1, len(curves), squeeze=False)[0]
    for axes, (table, by_name) in zip(panels, curves.items(), strict=True):
        for name, curve in by_name.items():
            axes.plot(*zip(*curve, strict=True), marker=".", label=name)
        axes.axhline(TABLES[table].target, color="black", lw=0.8)
        axes.set(title=table, xscale="log", xlabel="seconds", ylabel="test accuracy")
        axes.legend()
    figure.savefig(path)
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
