"""The README tells the truth: its code runs, and its first shell lines are the set-up."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
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
