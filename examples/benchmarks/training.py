"""Time of whole fits of sknn and its peers, and of the bare products."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from busy import compare_busy, print_busy, take_turns_idle_and_busy
from cases import Case
from floor import floor
from peers import PEERS, Peer, Sknn
from stopwatch import Ratio, geometric_mean

#: Losses may differ by this share, and by this much: about what another seed makes of them.
CLOSE = 0.1, 0.05


def installed_peers(names: Iterable[str], precision: str, threads: int) -> list[Peer]:
    """Import the peers; say which are not there."""
    peers: list[Peer] = []
    for name in names:
        try:
            peers.append(PEERS[name](precision, threads))
        except ImportError as error:
            print(f"note: {name} is left out, it is not installed ({error})")
    return peers


def compare_training(
    cases: Iterable[Case],
    peers: list[Peer],
    *,
    precision: str,
    threads: int,
    repeats: int | None,
    clock: str = "wall",
    busy: bool = False,
) -> list[dict[str, Any]]:
    """Time every case and print a table; return its rows."""
    names = [peer.name for peer in peers]
    print(
        f"\nTraining ({precision}, {threads} threads, {clock} clock): "
        "seconds of a whole fit; its time / sknn's,"
    )
    print("and sknn's time / that of the bare products: median (least-greatest)\n")
    print(f"{'case':<12}{'sknn s':>9}", *(f"{name:>18}" for name in [*names, "to the floor"]))
    rows = []
    for case in cases:
        row = compare_case(
            case, [Sknn(precision, threads), *peers], precision, repeats, clock, busy
        )
        rows.append(row)
        cells = [row["ratios"].get(name, "-") for name in names]
        print(
            f"{case.name:<12}{min(row['seconds']['sknn']):>9.3f}",
            *(f"{cell!s:>18}" for cell in [*cells, row["to_floor"]]),
            flush=True,
        )
    print_means(rows, names)
    for note in doubts(rows):
        print(f"note: {note}")
    print_losses(rows, ["sknn", *names])
    print_busy(rows, lambda row: row["case"])
    return rows


def compare_case(
    case: Case,
    peers: list[Peer],
    precision: str,
    repeats: int | None,
    clock: str = "wall",
    busy: bool = False,
) -> dict[str, Any]:
    """Fit one case with each library that can, in turn, after a fit of two epochs each."""
    X, y = case.data("float64" if precision == "default" else precision)
    y = y.astype(X.dtype) if case.regression else y
    fits = {peer.name: peer.prepare(case, X, y) for peer in peers if peer.takes(case)}
    fits["floor"] = floor(case, X, "float32")
    for fit in fits.values():
        fit(2)
    tasks = {name: partial(fit, case.epochs) for name, fit in fits.items()}
    repeats = repeats or case.repeats
    seconds, beside, losses = take_turns_idle_and_busy(tasks, repeats, clock, busy, ["floor"])
    del losses["floor"]
    ratios = {
        name: Ratio.of(seconds[name], seconds["sknn"])
        for name in fits
        if name not in ("sknn", "floor")
    }
    return {
        "case": case.name,
        "dense": not case.is_sparse,
        "epochs": case.epochs,
        "seconds": seconds,
        "losses": losses,
        "ratios": ratios,
        "to_floor": Ratio.of(seconds["sknn"], seconds["floor"]),
        "busy": compare_busy(seconds, beside),
    }


def print_means(rows: list[dict[str, Any]], names: list[str]) -> None:
    """Print the geometric means over the dense cases."""
    if dense := [row for row in rows if row["dense"]]:
        means = [geometric_mean([row["ratios"][name].median for row in dense]) for name in names]
        means.append(geometric_mean([row["to_floor"].median for row in dense]))
        print(f"{'mean, dense':<21}", *(f"{mean:>18.2f}" for mean in means))


def doubts(rows: list[dict[str, Any]]) -> list[str]:
    """Say where the machine was too busy for the figures to mean much."""
    wide = [
        row["case"]
        for row in rows
        if any(ratio.is_wide for ratio in [*row["ratios"].values(), row["to_floor"]])
    ]
    below = [row["case"] for row in rows if row["to_floor"].median < 1]
    notes = []
    if wide:
        notes.append(f"the repeats are far apart in {', '.join(wide)}")
    if below:
        notes.append(f"below the floor, which cannot be, in {', '.join(below)}")
    if notes:
        notes.append(
            "this machine is busy; measure when nothing else runs, with more --repeats, or by "
            "--threads 1 --clock processor"
        )
    return notes


def print_losses(rows: list[dict[str, Any]], names: list[str]) -> None:
    """Print the mean loss over the last epoch, which must be about the same for all."""
    print(f"\n{'loss':<12}{'epochs':>9}", *(f"{name:>18}" for name in names))
    for row in rows:
        cells = [
            format(row["losses"][name], ".4f") if name in row["losses"] else "-" for name in names
        ]
        print(f"{row['case']:<12}{row['epochs']:>9}", *(f"{cell:>18}" for cell in cells))


def unlike(rows: list[dict[str, Any]]) -> list[str]:
    """Say which losses are too far from sknn's to have come from the same training."""
    share, least = CLOSE
    return [
        f"{row['case']}: the loss of {name} is {loss:.4f}, that of sknn {row['losses']['sknn']:.4f}"
        for row in rows
        for name, loss in row["losses"].items()
        if abs(loss - row["losses"]["sknn"]) > least + share * abs(row["losses"]["sknn"])
    ]
