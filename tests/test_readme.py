"""The README tells the truth: its code runs, and its first shell lines are the set-up."""

import re
import runpy
import tomllib
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sknn.engine.network import ACTIVATIONS
from sknn.estimators import _parameters
from sknn.targets.losses import BINARY, REAL

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)


@pytest.mark.parametrize("code", SNIPPETS)
def test_python_snippets_run(code, tmp_path, monkeypatch):
    """Each by itself, in an empty folder, with warnings as errors."""
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})


def test_numbers_in_comments():
    """The worked example's comments give the numbers that it computes."""
    names = {}
    code = next(code for code in SNIPPETS if "trace" in code)
    exec(compile(code, "README.md", "exec"), names)
    computed = [names[name].ravel() for name in ("z", "a", "da", "dW", "dW0")]
    comments = "".join(re.findall(r"#.*", code))
    stated = [float(number) for number in re.findall(r"0\.\d+", comments)]
    assert_allclose(np.concatenate(computed), stated, atol=6e-4)


def test_the_first_two_shell_lines_set_up_a_fresh_machine():
    """One line each: environment, installation and quickstart; environment and tests."""
    lines = [
        line
        for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
        for line in block.splitlines()
    ]
    for line, then in zip(lines, ("examples/quickstart.py", "pytest"), strict=False):
        assert line.startswith("python3 -m venv .venv && .venv/bin/python -m pip install ")
        assert then in line


def test_the_first_minute_is_short():
    """Eight lines for a table, eight for the replacement of scikit-learn's networks."""
    for name, code in zip(("TabularMLPRegressor", "MLPClassifier"), SNIPPETS[:2], strict=True):
        assert name in code
        assert len([line for line in code.splitlines() if line]) == 8


def dependencies():
    """Return the names of the packages that an installation needs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [re.match(r"[\w-]+", line).group() for line in project["dependencies"]]


COUNTS = {
    "losses": lambda: len({*BINARY, *REAL}),
    "activations": lambda: len(ACTIVATIONS),
    "solvers": lambda: len(get_args(_parameters.SolverName)),
    "learning rate schedules": lambda: len(get_args(get_args(_parameters.LearningRate)[0])),
    "dependencies": lambda: len(dependencies()),
}


@pytest.mark.parametrize("things", COUNTS)
@pytest.mark.parametrize("page", ["README.md", "docs/index.md", "docs/choosing.md"])
def test_counts(page, things):
    """Wherever a page tells how many there are, it is how many there are."""
    text = (ROOT / page).read_text(encoding="utf-8")
    stated = [int(number) for number in re.findall(rf"\b(\d+) {things}", text)]
    assert stated or page != "README.md"
    assert set(stated) <= {COUNTS[things]()}


def test_dependencies_are_named():
    """All of them, where the README tells how many there are."""
    line = next(line for line in README.splitlines() if "dependencies**" in line)
    names = re.split(r", | and ", line.split("**: ")[1].rstrip("."))
    assert sorted(name.lower() for name in names) == sorted(dependencies())


def test_badges():
    """They are drawn from pyproject.toml and .ci/run as these are, and described so."""
    if not (ROOT / ".ci").exists():
        pytest.skip("a source distribution has no .ci")
    make = runpy.run_path(str(ROOT / "docs" / "badges" / "make.py"))
    for name, (label, text) in make["facts"]().items():
        drawn = (ROOT / "docs" / "badges" / f"{name}.svg").read_text(encoding="utf-8")
        assert drawn == make["draw"](label, text)
        assert f"![{label.capitalize()}: {text}](docs/badges/{name}.svg)" in README


def figures(text):
    """Return the figures of a text that have decimals."""
    return set(re.findall(r"\b\d+\.\d+\b", text))


COMPARISONS = {
    "README.md": ("## Comparison", "## Features"),
    "docs/choosing.md": ("# Which library", "## Feature comparison"),
}


@pytest.mark.parametrize("page", COMPARISONS)
def test_figures_are_in_the_docs(page):
    """Those of comparisons and benchmarks are (rounded) those of the pages of results."""
    pages = "".join(
        (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
        for page in ("tables", "performance")
    )
    known = figures(pages)
    rounded = {f"{float(figure):.{digits}f}" for figure in known for digits in (1, 2)}
    text = (ROOT / page).read_text(encoding="utf-8")
    start, end = map(text.index, COMPARISONS[page])
    assert figures(text[start:end])
    assert figures(text[start:end]) <= known | rounded


def test_programs_exist():
    """Those whose commands the README gives."""
    programs = re.findall(r"examples/[\w/]+\.py", README)
    assert programs
    assert all((ROOT / program).exists() for program in programs)
