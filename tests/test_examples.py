"""The examples run, from any folder, without a warning, and say what they should."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))

#: What an example is called with, and a word that its output must have.
CALLS = {
    "quickstart.py": ([], "bit for bit"),
    "raw_table.py": ([], "it says the same"),
    "descent_by_hand.py": ([], "100% right"),
    "handwritten_digits.py": (["--data", "digits.npz", "--epochs", "2"], "test accuracy"),
}


@pytest.fixture
def folder(tmp_path):
    """Return an empty folder but for small digits in the form of MNIST."""
    X, y = load_digits(return_X_y=True)
    parts = {"X_train": X[:1500] * 15, "y_train": y[:1500], "X_test": X[1500:] * 15}
    np.savez(tmp_path / "digits.npz", **parts, y_test=y[1500:])
    return tmp_path


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_example(example, folder):
    """Every file of the examples folder; a new one needs an entry in the table above."""
    arguments, expected = CALLS[example.name]
    command = [sys.executable, "-W", "error", example, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert expected in done.stdout
