"""The examples run, from any folder, without a warning, and say what they should."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parent.parent / "examples"
PICTURES = sorted(FOLDER.glob("*/plot_*.py"))
EXAMPLES = sorted(FOLDER.glob("*.py"))

#: What an example is called with, and a word that its output must have.
CALLS = {
    "quickstart.py": ([], "bit for bit"),
    "raw_table.py": ([], "same predictions"),
    "descent_by_hand.py": ([], "100% correct"),
    "handwritten_digits.py": (["--data", "digits.npz", "--epochs", "2"], "test accuracy"),
    "own_parts.py": ([], "agree with finite differences"),
}

#: Pictures are drawn to nowhere, whether there is a screen or not.
NO_SCREEN = {name: value for name, value in os.environ.items() if name != "DISPLAY"}


@pytest.fixture
def folder(tmp_path):
    """Return an empty folder but for small digits in the form of MNIST."""
    X, y = load_digits(return_X_y=True)
    parts = {"X_train": X[:1500] * 15, "y_train": y[:1500], "X_test": X[1500:] * 15}
    np.savez(tmp_path / "digits.npz", **parts, y_test=y[1500:])
    return tmp_path


def run(example, arguments, folder):
    """Run an example in this folder, and return what it prints."""
    command = [sys.executable, "-W", "error", example, *arguments]
    done = subprocess.run(
        command,
        cwd=folder,
        env=NO_SCREEN | {"MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_example(example, folder):
    """Every file of the examples folder; a new one needs an entry in the table above."""
    arguments, expected = CALLS[example.name]
    assert expected in run(example, arguments, folder)


def test_the_quickstart_ends_with_what_to_do_next(folder):
    """Its last line names files that exist."""
    last = run(FOLDER / "quickstart.py", [], folder).splitlines()[-1]
    assert last.startswith("Next: ")
    files = re.findall(r"\w+/\w+\.\w+", last)
    assert files
    assert all((FOLDER.parent / file).exists() for file in files)


@pytest.mark.parametrize("example", PICTURES, ids=lambda path: path.name)
def test_picture(example, tmp_path):
    """Every example of the gallery; the build of the documentation shows what they draw."""
    pytest.importorskip("matplotlib")
    run(example, [], tmp_path)
