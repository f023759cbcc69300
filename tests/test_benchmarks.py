"""The benchmark of tables runs on a folder of data, and its figures say what they should."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).parent.parent / "examples" / "benchmarks" / "tables.py"

#: What the folder holds, as its meta.json says.
ENTRIES = [
    {"name": "fruit", "file": "fruit.csv.gz", "rows": 350, "features": 3, "task": "binary"},
    {"name": "lines", "file": "lines.npz", "rows": 80, "features": 2, "task": "regression"},
    {"name": "tags", "file": "tags.npz", "rows": 80, "features": 2, "task": "multilabel 3"},
]


@pytest.fixture
def folder(tmp_path):
    """Return a folder of two tiny sets: one with categories and holes, one with two outputs."""
    rng = np.random.default_rng(0)
    colour = rng.choice(["red", "blue", None], 350)
    size = np.where(rng.random(350) < 0.1, np.nan, rng.normal(size=350))
    fruit = pd.DataFrame({"colour": colour, "farm[number]": np.arange(350), "size": size})
    fruit["target"] = np.where((colour == "red") | (size > 1), "apple", "plum")
    fruit.to_csv(tmp_path / "fruit.csv.gz", index=False)
    X = rng.normal(size=(80, 2))
    y = np.column_stack([X @ [1, 2], 1000 * X[:, 0]])
    np.savez(tmp_path / "lines.npz", X=X, y=y, feature_names=np.array(["a", "b"]))
    categorical = {"fruit": ["colour", "farm[number]"]}
    entries = [{**one, "categorical": categorical.get(one["name"], [])} for one in ENTRIES]
    (tmp_path / "meta.json").write_text(json.dumps(entries))
    return tmp_path


def run(folder, *arguments):
    """Run the program in the folder, with warnings as errors, and return what it did."""
    command = [sys.executable, "-W", "error", PROGRAM, "--data", ".", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_tables(folder):
    """Learners that are always there learn, but hgb fails where a column has over 255 levels."""
    records = [
        {"name": "fruit", "seed": 0, "learner": "other", "metrics": {"accuracy": 0.9}, "fit_s": 1},
        {"name": "lines", "seed": 0, "learner": "other", "metrics": {"rmse": 0.25}},
        {"name": "lines", "seed": 0, "learner": "mlp", "metrics": {"rmse": 0.25}},
    ]
    (folder / "others.json").write_text(json.dumps(records))
    done = run(
        folder,
        *("--learners", "sknn,mlp,hgb,other", "--seeds", "0", "--intervals"),
        *("--recorded", "others.json", "--json", "figures.json"),
    )
    assert done.returncode == 0, done.stderr
    assert "note: tags is left out, its task is multilabel" in done.stdout
    assert "note: hgb failed on fruit, seed 0: ValueError" in done.stdout
    assert "note: mlp of others.json left out" in done.stdout
    figures = json.loads((folder / "figures.json").read_text())
    trials = {(trial["name"], trial["learner"]): trial for trial in figures["trials"]}
    assert len(trials) == 8
    assert trials["fruit", "other"]["error"] == pytest.approx(0.11)
    assert trials["lines", "other"]["error"] == 0.25
    assert trials["fruit", "hgb"]["error"] is None
    for learner in ("sknn", "mlp"):
        assert trials["fruit", learner]["error"] < 0.3
        assert trials["lines", learner]["error"] < 0.3
        assert trials["fruit", learner]["metrics"]["log_loss"] < 1
    (interval,) = figures["intervals"]
    assert 0 <= interval["metrics"]["covered"] <= 1


def test_chosen_parts(folder):
    """One set, one learner of those that must be asked for, and seed 0 because of --quick."""
    chosen = ("--quick", "--sets", "lines", "--learners", "sknn-members", "--members", "2")
    done = run(folder, *chosen, "--json", "figures.json")
    assert done.returncode == 0, done.stderr
    assert "lines, seed 0:  sknn-members 0." in done.stdout
    assert "seed 1" not in done.stdout
    assert "one of them (1 fits)" in done.stdout
    (trial,) = json.loads((folder / "figures.json").read_text())["trials"]
    assert trial["error"] <= trial["alone"]["error"] * (1 + 1e-9)


def test_members_one_by_one(folder):
    """Of labels too; a network alone has none."""
    done = run(
        folder,
        *("--sets", "fruit", "--seeds", "0", "--learners", "sknn,sknn-members"),
        *("--members", "2", "--json", "figures.json"),
    )
    assert done.returncode == 0, done.stderr
    one, several = json.loads((folder / "figures.json").read_text())["trials"]
    assert one["alone"] == {}
    assert 0.01 <= several["alone"]["error"] < 0.3
    assert several["alone"]["log_loss"] >= several["metrics"]["log_loss"]


def test_a_folder_that_is_none(folder):
    """The error says what is needed, without a traceback."""
    for name in ("nowhere", "fruit.csv.gz"):
        done = run(folder, "--data", name)
        assert done.returncode == 1
        assert done.stderr.startswith("--data needs a folder with a meta.json")


def test_a_busy_machine_is_noticed():
    """By repeats that are far apart, and by fits that are faster than their products."""
    code = """
from stopwatch import Ratio
from training import doubts
def row(case, ratio, floor):
    return {"case": case, "ratios": {"sklearn": Ratio(*ratio)}, "to_floor": Ratio(*floor)}
good = row("good", (2, 1.9, 2.1), (1.3, 1.2, 1.4))
print(doubts([good]))
for note in doubts([good, row("a", (2, 1, 3), (1.3, 1.2, 1.4)), row("b", (2, 2, 2), (0.9,) * 3)]):
    print(note)
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=PROGRAM.parent, capture_output=True, text=True, check=True)
    silence, wide, below, busy = done.stdout.splitlines()
    assert silence == "[]"
    assert wide.endswith("far apart in a")
    assert below.endswith("in b")
    assert busy.startswith("this machine is busy")


def test_unknown_names(folder):
    """A name that is not known is an error that tells which are."""
    assert "no such sets: flowers; there are lines, tags" in run(folder, "--sets", "flowers").stderr
