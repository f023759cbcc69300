"""Report how many functions of the package one fit and one predict run through.

Run as ``python -m tests.trace`` from the root of the repository. It is a report, not a test: there
is no limit. Counted are the calls of Python functions whose code is inside the package, while the
traced call runs, for the first time in its process. What runs during an import is left out.

- calls: all of them; a generator expression counts once for each time that it is resumed;
- functions: distinct pairs of file and name (all generator expressions of a file are one name);
- files: distinct files;
- changes: pairs of consecutive calls whose files differ.
"""

import argparse
import itertools
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import sknn

PACKAGE = Path(sknn.__file__).parent


class Call(NamedTuple):
    """A call of a function: its file, relative to the package, and its name."""

    file: str
    name: str


def traced(function, *arguments):
    """Return the calls inside the package while function(*arguments) runs, in order."""
    calls = []
    importing = []  # the frames of modules that are being imported

    def profile(frame, event, _):
        code = frame.f_code
        if event == "call" and code.co_name == "<module>":
            importing.append(frame)
        elif event == "return" and importing and frame is importing[-1]:
            importing.pop()
        elif event == "call" and not importing and code.co_filename.startswith(str(PACKAGE)):
            file = Path(code.co_filename).relative_to(PACKAGE)
            calls.append(Call(file.as_posix(), code.co_name))

    sys.setprofile(profile)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return calls


def summary(calls):
    """Return the numbers of calls, of functions, of files and of changes of file."""
    files = [call.file for call in calls]
    changes = sum(one != other for one, other in itertools.pairwise(files))
    return len(calls), len(set(calls)), len(set(files)), changes


def arrays():
    """Return 100 rows of four numbers in two classes: one mini-batch."""
    X = np.random.default_rng(0).normal(size=(100, 4))
    return X, (X[:, 0] > X[:, 1]).astype(int)


def table():
    """Return 100 rows of a raw table, a number and a text, and real targets: one mini-batch."""
    rng = np.random.default_rng(0)
    amount = rng.normal(size=100)
    kind = rng.choice(["x", "y", "z"], 100)
    return pd.DataFrame({"amount": amount, "kind": kind}), amount + (kind == "x")


def situations():
    """Return the calls that are reported, by name: a function and its arguments."""
    X, y = arrays()
    frame, amounts = table()
    mlp = sknn.MLPClassifier((8,), max_iter=1, random_state=0)
    tabular = sknn.TabularMLPRegressor(max_iter=1, random_state=0)
    return {
        "MLPClassifier.fit": (mlp.fit, X, y),
        "MLPClassifier.predict": (mlp.predict, X),
        "TabularMLPRegressor.fit": (tabular.fit, frame, amounts),
        "TabularMLPRegressor.predict": (tabular.predict, frame),
    }


def parsed():
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.trace", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--files", action="store_true", help="list the files, with their calls")
    parser.add_argument("--calls", metavar="NAME", help="list every call of one of them, in order")
    return parser.parse_args()


def main():
    """Print a line for each traced call, and what the options ask for."""
    options = parsed()
    warnings.simplefilter("ignore")
    print(f"{'':28}{'calls':>10}{'functions':>10}{'files':>10}{'changes':>10}")
    for name, (function, *arguments) in situations().items():
        calls = traced(function, *arguments)
        print(f"{name:28}" + "".join(f"{number:10}" for number in summary(calls)))
        if options.files:
            for file, number in Counter(call.file for call in calls).most_common():
                print(f"{number:12}  {file}")
        if options.calls == name:
            print(*(f"    {call.file}: {call.name}" for call in calls), sep="\n")


if __name__ == "__main__":
    main()
