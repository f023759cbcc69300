"""Time of each part of a training step, beside the bare products."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter
from typing import Any
from unittest.mock import patch

from cases import Case
from floor import floor
from peers import Sknn

from sknn.engine import NLLM, SGD, Adam, Dataset, Loss, Objective
from sknn.engine._execution import TrainingPass

#: Whose time is taken, by the names of the parts. What is timed calls nothing else of these.
PARTS = {
    "rows": [(Dataset, "batch")],
    "forward": [(TrainingPass, "forward")],
    "loss": [(cls, "value_and_gradient") for cls in (NLLM, Loss)],
    "backward": [(TrainingPass, "backward")],
    "penalty": [(Objective, "_penalty")],
    "optimizer": [(Adam, "step"), (SGD, "step")],
}

#: Fits of a case; the one that took least is shown.
FITS = 3


def compare_steps(cases: Iterable[Case], threads: int) -> list[dict[str, Any]]:
    """Time the parts of whole fits and print a table; return its rows."""
    print(f"\nA step ({threads} threads): microseconds of a whole fit / its steps, by parts. The")
    print("products are those of forward and backward alone, on arrays made beforehand.\n")
    columns = ["products", *PARTS, "all else", "in all"]
    print(f"{'case':<12}", *(f"{column:>10}" for column in columns))
    rows = []
    for case in cases:
        row = {"case": case.name, "microseconds": timed_parts(case, threads)}
        rows.append(row)
        cells = (row["microseconds"][column] for column in columns)
        print(f"{case.name:<12}", *(f"{cell:>10.1f}" for cell in cells), flush=True)
    return rows


def timed_parts(case: Case, threads: int) -> dict[str, float]:
    """Return the microseconds of a step that each part takes, in the quickest of a few fits."""
    X, y = case.data("float32")
    fit = Sknn("float32", threads).prepare(case, X, y.astype(X.dtype) if case.regression else y)
    bare = floor(case, X, "float32")
    steps = case.epochs * -(-case.n // case.batch)
    fit(2)
    bare(2)
    found = []
    for _ in range(FITS):
        begun = perf_counter()
        bare(case.epochs)
        seconds = {"products": perf_counter() - begun}
        with watched() as parts:
            begun = perf_counter()
            fit(case.epochs)
            seconds["in all"] = perf_counter() - begun
        seconds |= {name: parts[name] for name in PARTS}
        seconds["all else"] = seconds["in all"] - sum(parts.values())
        found.append({name: 1e6 * time / steps for name, time in seconds.items()})
    return min(found, key=lambda parts: parts["in all"])


@contextmanager
def watched() -> Iterator[dict[str, float]]:
    """Give the seconds that each part has taken within this context."""
    seconds: dict[str, float] = defaultdict(float)
    with ExitStack() as patches:
        for part, verbs in PARTS.items():
            for cls, name in verbs:
                timed = taking_time(getattr(cls, name), seconds, part)
                patches.enter_context(patch.object(cls, name, timed))
        yield seconds


def taking_time(
    verb: Callable[..., Any], seconds: dict[str, float], part: str
) -> Callable[..., Any]:
    """Return a method that does the same and adds the seconds it takes."""

    def timed(self: Any, *arguments: Any, **keywords: Any) -> Any:
        begun = perf_counter()
        answer = verb(self, *arguments, **keywords)
        seconds[part] += perf_counter() - begun
        return answer

    return timed
