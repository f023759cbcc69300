"""Time of each part of a training step, beside the bare products."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from time import perf_counter
from typing import Any
from unittest.mock import patch

from cases import Case
from floor import floor
from peers import Sknn

from sknn.engine import SGD, Adam, Dataset
from sknn.engine._execution import TrainingPass
from sknn.engine.objective import _PenalisedPart

#: The parts of a step. Those of shards that threads compute side by side are added up.
PARTS = ("rows", "forward", "loss", "backward", "penalty", "optimizer")

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
    replaced = [
        (Dataset, "batch", taking_time(Dataset.batch, seconds, "rows")),
        (_PenalisedPart, "complete", taking_time(_PenalisedPart.complete, seconds, "penalty")),
        (TrainingPass, "_bind_calls", binding_timed_calls(seconds)),
        *((cls, "bind", binding_timed_steps(cls.bind, seconds)) for cls in (Adam, SGD)),
    ]
    with ExitStack() as patches:
        for cls, name, timed in replaced:
            patches.enter_context(patch.object(cls, name, timed))
        yield seconds


def taking_time(
    verb: Callable[..., Any], seconds: dict[str, float], part: str
) -> Callable[..., Any]:
    """Return a function that does the same and adds the seconds it takes."""

    def timed(*arguments: Any, **keywords: Any) -> Any:
        begun = perf_counter()
        answer = verb(*arguments, **keywords)
        seconds[part] += perf_counter() - begun
        return answer

    return timed


def binding_timed_steps(
    bind: Callable[..., Any], seconds: dict[str, float]
) -> Callable[..., Callable[..., Any]]:
    """Return a method `bind` of an optimizer whose steps add the seconds that they take."""

    def bind_timed(*arguments: Any) -> Callable[..., Any]:
        return taking_time(bind(*arguments), seconds, "optimizer")

    return bind_timed


def binding_timed_calls(seconds: dict[str, float]) -> Callable[..., None]:
    """Return a method that binds the calls of a step, and makes three of them, which are timed."""
    bind_calls = TrainingPass._bind_calls

    def bind_timed(self: TrainingPass, *arguments: Any) -> None:
        bind_calls(self, *arguments)
        calls, n_forward = self._calls, sum(map(len, self._forward))
        n_loss = len(calls) - n_forward - sum(map(len, self._backward))
        ends = {"forward": n_forward, "loss": n_forward + n_loss, "backward": len(calls)}
        starts = [0, *ends.values()]
        self._calls = [
            taking_time(partial(call_all, calls[start:end]), seconds, part)
            for start, (part, end) in zip(starts, ends.items(), strict=False)
        ]

    return bind_timed


def call_all(calls: Iterable[Callable[[], Any]]) -> None:
    """Make each call."""
    for call in calls:
        call()
