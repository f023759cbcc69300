"""Tables and picture of docs/performance.md and of decision 20, from figures of run.py.

    python examples/benchmarks/performance_page.py FIGURES.json ... --page docs/performance.md
    python examples/benchmarks/performance_page.py FIGURES.json ... --plot docs/performance.png

Of figures of the same thing the last are taken. Without `--page` the tables are printed. What was
not measured is left out, or TODO-MEASURE in the table of a step.
"""

import argparse
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bars import Panel, plot_ratios
from cases import CASES
from page_figures import Figures, ratios_of, sizes
from steps import PARTS as PARTS_OF_A_STEP
from stopwatch import Ratio, geometric_mean

#: How peers are called on the page, in the order of the columns.
NAMES = {"sklearn": "scikit-learn", "torch": "PyTorch", "skorch": "skorch", "jax": "JAX, jitted"}

#: What is fitted, or how.
EQUAL, DEFAULT = "fit, equal settings and epochs", "fit at the defaults, to its own end"

#: A line of the summary: what, compared with whom, and ratios, whose mean it has.
Line = tuple[str, str, list[float]]

#: Where a figure is missing.
MISSING = "TODO-MEASURE"

#: A generated part of the page: its first line names it, its last line ends it.
PART = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", flags=re.DOTALL)


def table(heads: list[str], rows: Iterable[list[str]]) -> str:
    """Return a table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


def bold(ratio: Ratio) -> str:
    """Return a ratio, bold where sknn is slower, without a range if there is none."""
    text = str(ratio) if ratio.least < ratio.greatest else f"{ratio.median:.2f}"
    return f"**{text}**" if ratio.median < 1 else text


def across(medians: list[float]) -> list[str]:
    """Return the cells of the geometric mean, and of the least and the greatest of several."""
    mean = geometric_mean(medians)
    text = f"**{mean:.2f}**" if mean < 1 else f"{mean:.2f}"
    return [text, f"{min(medians):.2f} to {max(medians):.2f}" if len(medians) > 1 else ""]


def summary(figures: Figures) -> str:
    """Return the table of everything, a line each."""
    lines = []
    for lines_of in (fit_lines, prediction_lines, busy_lines, size_lines):
        for what, peer, found in lines_of(figures):
            if found:
                lines.append([what, peer, *across(found)])
    return table(["what", "compared with", "mean", "from, to"], lines)


def fit_lines(figures: Figures) -> Iterator[Line]:
    """Yield what is known of fits."""
    for peer, name in NAMES.items():
        for precision, data in {"float32": "float32", "default": "float64"}.items():
            if peer == "sklearn" or precision == "float32":
                found = figures.ratios("training", precision)
                yield f"{EQUAL}, {data} data", name, medians(found, peer)
    yield DEFAULT, NAMES["sklearn"], medians(figures.ratios("default"))


def prediction_lines(figures: Figures) -> Iterator[Line]:
    """Yield what is known of predictions."""
    found = figures.ratios("prediction")
    for words in ("1 row", "100 rows", "100000 rows"):
        some = {at: row for at, row in found.items() if at.endswith(f", {words}")}
        yield f"`predict` of {words}", NAMES["sklearn"], medians(some)


def busy_lines(figures: Figures) -> Iterator[Line]:
    """Yield what is known of a busy machine."""
    subjects = {"training": EQUAL, "default": DEFAULT, "prediction": "`predict`"}
    for subject, what in subjects.items():
        beside = f"{what}, beside two busy processes"
        yield beside, NAMES["sklearn"], medians(figures.busy_ratios(subject))
        if subject == "training":
            yield beside, "sknn alone", medians(figures.slowdowns(subject), "sknn")


def size_lines(figures: Figures) -> Iterator[Line]:
    """Yield what is known of memory, files and imports."""
    for subject, what in {"memory": "peak memory of `fit` beyond X", "size": "pickle"}.items():
        by_network: dict[str, dict[str, float]] = {}
        for row in figures.rows(subject):
            by_network.setdefault(row.get("network", ""), {})[row["library"]] = row["bytes"]
        found = [each["sklearn"] / each["sknn"] for each in by_network.values()]
        yield f"{what}, bytes", NAMES["sklearn"], found
    imports: Any = figures.rows("import")
    yield "`import`", NAMES["sklearn"], [1 / imports["shares"]["median"]] if imports else []


def medians(rows: Mapping[str, Mapping[str, Ratio]], peer: str = "sklearn") -> list[float]:
    """Return the medians of a peer, in the rows that have it; not of sparse cases."""
    sparse = {name for name, case in CASES.items() if case.is_sparse}
    return [row[peer].median for at, row in rows.items() if peer in row and at not in sparse]


def fits(figures: Figures) -> str:
    """Return the table of fits with equal settings, case by case."""
    in_default = figures.ratios("training", "default")
    found = figures.ratios("training")
    peers = [peer for peer in NAMES if any(peer in row for row in found.values())]
    names = [NAMES[peer] for peer in peers]
    heads = ["case", "network", "rows", "batch", *names, "scikit-learn, float64"]
    lines = []
    for name, row in found.items():
        case = CASES[name]
        known = [bold(row[peer]) if peer in row else "" for peer in peers]
        theirs = in_default.get(name, {}).get("sklearn")
        shape = [name, sizes(case), str(case.n), str(case.batch)]
        lines.append([*shape, *known, bold(theirs) if theirs else ""])
    return table(heads, lines)


def compiled(figures: Figures) -> str:
    """Return the table of fits with and without compiled kernels."""
    lines = [
        [
            row["case"],
            *(f"{row['seconds'][way]:.3f}" for way in ("without", "with")),
            bold(ratios_of(row)["without"]),
        ]
        for row in figures.rows("compiled")
    ]
    heads = ["fit", "seconds without", "with", "ratio"]
    return table(heads, lines or [[MISSING] * len(heads)])


def defaults(figures: Figures) -> str:
    """Return the table of fits at the defaults: sknn's figure first, then scikit-learn's."""
    heads = ["set", "rows, columns", "seconds", "ratio", "epochs", "accuracy", "log loss"]
    lines = [
        [
            row["set"],
            f"{row['shape'][0]}, {row['shape'][1]}",
            pair(row["seconds"], ".2f"),
            bold(ratios_of(row)["sklearn"]),
            pair(row["epochs"], ".0f"),
            *(
                f"{pair(row[score], '.4f')} ({row[score]['difference']:+.1f})"
                for score in ("accuracy", "log_loss")
            ),
        ]
        for row in figures.rows("default")
    ]
    return table(heads, lines)


def steps(figures: Figures) -> str:
    """Return the table of the parts of a step in microseconds, and of fits / products alone."""
    floors = {
        row["case"]: f"{Ratio(**row['to_floor']).median:.2f}"
        for row in figures.rows("training")
        if "to_floor" in row
    }
    rows = figures.rows("step")
    columns = ["products", *PARTS_OF_A_STEP, "all else", "in all"]
    lines = [
        [
            row["case"],
            *(f"{row['microseconds'][part]:.1f}" for part in columns),
            floors.get(row["case"], MISSING),
        ]
        for row in rows
    ]
    missing = [[MISSING] * (len(columns) + 2)]
    return table(["case", *columns, "fit / products"], lines or missing)


def pair(values: dict[str, Any], form: str) -> str:
    """Return the medians of sknn and of scikit-learn."""
    ours, theirs = (sorted(as_list(values[name])) for name in ("sknn", "sklearn"))
    return f"{middle(ours):{form}}, {middle(theirs):{form}}"


def as_list(value: Any) -> list[float]:
    """Return a list, of one number if it is one."""
    return value if isinstance(value, list) else [value]


def middle(values: list[float]) -> float:
    """Return the median of numbers in order."""
    return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2


#: The generated parts of the page.
PARTS: dict[str, Callable[[Figures], str]] = {
    "summary": summary,
    "fits": fits,
    "compiled": compiled,
    "defaults": defaults,
    "steps": steps,
}


def panels(figures: Figures) -> dict[str, Panel]:
    """Return what there is to draw."""
    there = {
        EQUAL: figures.ratios("training"),
        DEFAULT: figures.ratios("default"),
        "predict": figures.ratios("prediction"),
        "fit, beside two busy processes": figures.busy_ratios("training"),
    }
    return {
        title: {
            at: {NAMES[name]: ratio for name, ratio in row.items() if name in NAMES}
            for at, row in panel.items()
        }
        for title, panel in there.items()
        if panel
    }


def main() -> None:
    """Write the tables into the page, or print them, and draw the picture."""
    parser = argparse.ArgumentParser(description="Write figures into the documentation.")
    parser.add_argument("figures", nargs="+", metavar="FIGURES.json", help="of run.py --json")
    parser.add_argument("--page", metavar="FILE.md", help="replace its generated parts")
    parser.add_argument("--plot", metavar="FILE.png", help="draw the ratios")
    options = parser.parse_args()
    figures = Figures(options.figures)
    if options.page:
        page = Path(options.page)
        text = page.read_text(encoding="utf-8")
        text = PART.sub(lambda part: f"{part[1]}\n{PARTS[part[2]](figures)}\n{part[3]}", text)
        page.write_text(text, encoding="utf-8")
        print(f"wrote {page}")
    else:
        print("\n".join(part(figures) for part in PARTS.values()))
    if options.plot:
        plot_ratios(panels(figures), options.plot)


if __name__ == "__main__":
    main()
