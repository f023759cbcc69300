"""Figures that run.py wrote, as ratios: a peer's time / sknn's, above 1 sknn is faster."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cases import CASES, Case
from stopwatch import Ratio


class Figures:
    """What files say, by subject and precision.

    Parameters
    ----------
    paths : iterable of str
        Files that `run.py --json` wrote.
    """

    def __init__(self, paths: Iterable[str]) -> None:
        self._idle: dict[tuple[str, str], Any] = {}
        self._busy: dict[tuple[str, str], Any] = {}
        for path in paths:
            figures = json.loads(Path(path).read_text())
            for subject in figures.keys() - {"machine", "precision", "busy"}:
                where = self._busy if figures.get("busy") else self._idle
                where[subject, figures["precision"]] = figures[subject]

    def rows(self, subject: str, precision: str = "float32") -> list[dict[str, Any]]:
        """Return what was measured of a subject, or nothing."""
        key = (subject, precision)
        return self._idle.get(key) or self._busy.get(key) or []

    def ratios(self, subject: str, precision: str = "float32") -> dict[str, dict[str, Ratio]]:
        """Return the times of peers / sknn's, by the row; of predictions too."""
        return {label(row): ratios_of(row) for row in self.rows(subject, precision)}

    def busy_ratios(self, subject: str) -> dict[str, dict[str, Ratio]]:
        """Return the same beside busy processes."""
        rows = self._busy.get((subject, "float32"), [])
        return {label(row): as_ratios(row["busy"]["ratios"]) for row in rows if row.get("busy")}

    def slowdowns(self, subject: str) -> dict[str, dict[str, Ratio]]:
        """Return times without busy processes / those beside them, of each library."""
        rows = self._busy.get((subject, "float32"), [])
        return {
            label(row): {name: inverse(one) for name, one in row["busy"]["slowdown"].items()}
            for row in rows
            if row.get("busy")
        }


def label(row: dict[str, Any]) -> str:
    """Return what a row is about."""
    if "network" in row:
        network = row["network"]
        name = sizes(CASES[network]) if network in CASES else network
        return f"{name}, {row['rows']} row{'s' * (row['rows'] > 1)}"
    return str(row["case"] if "case" in row else row["set"])


def sizes(case: Case) -> str:
    """Return the numbers of units, such as 20-32-1."""
    return "-".join(map(str, case.sizes))


def ratios_of(row: dict[str, Any]) -> dict[str, Ratio]:
    """Return the times of peers / sknn's; a share is the other way round."""
    if "share" not in row:
        return as_ratios(row["ratios"])
    return {"sklearn": inverse(row["share"])}


def inverse(ratio: dict[str, float]) -> Ratio:
    """Return 1 / a ratio that was read from a file."""
    return Ratio(1 / ratio["median"], 1 / ratio["greatest"], 1 / ratio["least"])


def as_ratios(ratios: dict[str, Any]) -> dict[str, Ratio]:
    """Return ratios that were read from a file."""
    return {name: Ratio(**ratio) for name, ratio in ratios.items()}
