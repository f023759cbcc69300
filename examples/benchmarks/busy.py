"""Times beside other work: two processes that keep a core busy each, in turn with none."""

import os
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from stopwatch import Ratio, geometric_mean, take_turns

#: How many processes there are beside what is timed.
LOOPS = 2

#: What each of them runs. It ends with the process that started it, even if that is killed.
LOOP = """
import os
print("busy", flush=True)
while os.getppid() == {parent}:
    for _ in range(1_000_000):
        pass
"""


@contextmanager
def busy_loops() -> Iterator[list[subprocess.Popen[str]]]:
    """Keep cores busy inside the block, from its first line on."""
    command = [sys.executable, "-c", LOOP.format(parent=os.getpid())]
    loops: list[subprocess.Popen[str]] = []
    try:
        for _ in range(LOOPS):
            loops.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        for loop in loops:
            loop.stdout.readline()  # until it has begun
        yield loops
    finally:
        for loop in loops:
            loop.kill()
        for loop in loops:
            loop.communicate()


def take_turns_idle_and_busy(
    tasks: Mapping[str, Callable[[], Any]],
    repeats: int,
    clock: str = "wall",
    busy: bool = True,
    idle_only: Collection[str] = (),
) -> tuple[dict[str, list[float]], dict[str, list[float]], dict[str, Any]]:
    """Run each task once a round alone and once beside the loops, by turns.

    Which comes first, and the order of the tasks, are reversed from round to round.

    Parameters
    ----------
    tasks, repeats, clock
        As in :func:`stopwatch.take_turns`.
    busy : bool
        Without it all are run alone only, and the second result is empty.
    idle_only : collection of str
        Tasks that are not run beside the loops.

    Returns
    -------
    idle, busy : dict
        The time of each round, by task.
    results : dict
        What each task returned in the last round.
    """
    if not busy:
        seconds, results = take_turns(tasks, repeats, clock)
        return seconds, {}, results
    conditions: dict[str, Any] = {"idle": nullcontext, "busy": busy_loops}
    run = {"idle": dict(tasks), "busy": {n: tasks[n] for n in tasks if n not in idle_only}}
    taken: dict[str, dict[str, list[float]]] = {
        condition: {name: [] for name in some} for condition, some in run.items()
    }
    results: dict[str, Any] = {}
    order = list(conditions)
    for _ in range(repeats):
        for condition in order:
            with conditions[condition]():
                seconds, found = take_turns(run[condition], 1, clock)
            results |= found
            for name, times in seconds.items():
                taken[condition][name] += times
        order.reverse()
        run = {condition: dict(reversed(some.items())) for condition, some in run.items()}
    return taken["idle"], taken["busy"], results


def compare_busy(
    idle: Mapping[str, Sequence[float]], busy: Mapping[str, Sequence[float]]
) -> dict[str, Any] | None:
    """Return what becomes of times beside the loops, or None if none were taken there.

    Returns
    -------
    figures : dict
        "seconds" beside the loops, "slowdown", busy / idle, of each library, and "ratios", peer /
        sknn, both busy.
    """
    if not busy:
        return None
    return {
        "seconds": busy,
        "slowdown": {name: Ratio.of(times, idle[name]) for name, times in busy.items()},
        "ratios": {
            name: Ratio.of(times, busy["sknn"]) for name, times in busy.items() if name != "sknn"
        },
    }


def print_busy(rows: Sequence[dict[str, Any]], label: Callable[[dict[str, Any]], str]) -> None:
    """Print the times of sknn alone and beside the loops, and those of peers / sknn's there.

    Parameters
    ----------
    rows : sequence of dict
        With "seconds" alone, and in "busy" what :func:`compare_busy` returned.
    label : callable
        Returns the first cell of a row.
    """
    rows = [row for row in rows if row["busy"]]
    if not rows:
        return
    names = list(dict.fromkeys(name for row in rows for name in row["busy"]["ratios"]))
    print(f"\nBeside {LOOPS} busy processes: sknn's seconds alone and beside them, their ratio;")
    print("the time of a peer / sknn's, both beside them: median (least-greatest)\n")
    heads = [f"{'':<30}", f"{'idle s':>10}", f"{'busy s':>10}", f"{'busy / idle':>19}"]
    print(*heads, *(f"{name:>19}" for name in names))
    for row in rows:
        there = row["busy"]
        cells = [there["slowdown"]["sknn"], *(there["ratios"].get(name, "-") for name in names)]
        seconds = (min(times["sknn"]) for times in (row["seconds"], there["seconds"]))
        print(
            f"{label(row):<30}",
            *(f"{one:>10.4g}" for one in seconds),
            *(f"{cell!s:>19}" for cell in cells),
        )
    print_busy_means([row["busy"] for row in rows if row.get("dense", True)], names)


def print_busy_means(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> None:
    """Print the geometric means over what is not sparse."""
    if rows:
        columns = [[row["slowdown"]["sknn"] for row in rows]]
        columns += [[row["ratios"][name] for row in rows] for name in names]
        means = [geometric_mean([ratio.median for ratio in column]) for column in columns]
        print(f"{'mean, dense':<52}", *(f"{mean:>19.2f}" for mean in means), flush=True)
