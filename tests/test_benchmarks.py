"""The benchmarks of tables run on a folder of data, and their figures say what they should."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).parent.parent / "examples" / "benchmarks" / "tables.py"

#: Where trials are written.
OUT = ("--out", "out.jsonl")

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
    return run_program(folder, "tables", "--data", ".", *arguments)


def run_program(folder, name, *arguments):
    """Run a program in the folder, with warnings as errors, and return what it did."""
    command = [sys.executable, "-W", "error", PROGRAM.with_name(f"{name}.py"), *arguments]
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
    assert "lines, seed 0, sknn-members: 0." in done.stdout
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


def test_folds(folder):
    """Metrics are of all rows together, others may be recorded, and nothing is run twice."""
    records = [
        {"name": "lines", "learner": "other", "metrics": {"rmse": 0.5, "r2": 0.75}, "cpu_s": 2.0},
        {"name": "fruit", "learner": "other", "metrics": {"accuracy": 0.9, "log_loss": 0.4}},
    ]
    (folder / "others.json").write_text(json.dumps(records))
    arguments = (
        *("--folds", "3", "--learners", "sknn,linear,other", "--best-of", "linear,other"),
        *("--recorded", "others.json", "--out", "trials.jsonl"),
    )
    done = run(folder, *arguments)
    assert done.returncode == 0, done.stderr
    lines = (folder / "trials.jsonl").read_text().splitlines()
    trials = {(row["set"], row["learner"]): row for row in map(json.loads, lines)}
    assert len(trials) == len(lines) == 4
    for learner in ("sknn", "linear"):
        metrics = trials["fruit", learner]["metrics"]
        assert 350 * metrics["accuracy"] == pytest.approx(round(350 * metrics["accuracy"]))
        assert 0.7 < metrics["roc_auc"] <= 1
        assert metrics["log_loss"] < 1
        assert trials["lines", learner]["metrics"]["r2"] > 0.9
    ratio = trials["lines", "linear"]["metrics"]["rmse"] / 0.5
    assert f"{ratio:.3f} lines" in done.stdout
    assert "0.750 lines" in done.stdout
    again = run(folder, *arguments)
    assert (folder / "trials.jsonl").read_text().splitlines() == lines
    assert report_of(again) == report_of(done)
    split = run(folder, "--learners", "linear", "--sets", "lines", "--recorded", "trials.jsonl")
    assert "measured elsewhere" not in split.stdout


def report_of(done):
    """Return what is printed after the trials."""
    return done.stdout[done.stdout.index("\n\n") :]


def test_a_failure_is_tried_again(folder):
    """It is in the file, but not finished."""
    for _ in range(2):
        done = run(folder, *("--sets", "fruit", "--seeds", "0", "--learners", "hgb"), *OUT)
        assert "fruit, seed 0, hgb: failed (1 of 1)" in done.stdout
        assert done.stdout.count("note: hgb failed on fruit") == 1


def test_half_out(folder):
    """A refused candidate is named, the others are compared; a changed one is fitted again."""
    (folder / "some.py").write_text(
        "CANDIDATES = {'none': {}, 'odd': {'cv': 'odd'}, 'short': {'max_iter': 3}}"
    )
    arguments = ("--data", ".", "--candidates", "some.py", "--seeds", "0,1", *OUT)
    done = run_program(folder, "half_out", *arguments)
    assert done.returncode == 0, done.stderr
    assert "note: odd is left out, it is refused: InvalidParameterError" in done.stdout
    assert "2 candidates tried on 2 sets" in done.stdout
    assert done.stdout.splitlines()[-2:] == [f"{'none':<20}  100.0 %", f"{'short':<20}    0.0 %"]
    assert "mean 0.00 %, worst 0.00 %" in done.stdout
    (folder / "some.py").write_text("CANDIDATES = {'none': {}, 'short': {'max_iter': 4}}")
    again = run_program(folder, "half_out", *arguments)
    assert "seed 1, short: " in again.stdout
    assert "seed 1, none: " not in again.stdout
    assert len((folder / "out.jsonl").read_text().splitlines()) == 12


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


def test_fixed_cost_of_fits(folder):
    """It is that of a fit of one epoch, less an epoch; all estimators are fitted."""
    code = """
import stopwatch
from first import EPOCHS, timed_fits
now = [0.0]
stopwatch.CLOCKS["steps"] = lambda: now[0]
def fit(epochs):
    now[0] += 3 + 2 * epochs
print(*timed_fits({"a": fit}, 2, "steps")["a"])
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=PROGRAM.parent, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[5.", "5.]", "[2.", "2.]"]
    chosen = ("--what", "first", "--quick", "--repeats", "1", "--threads", "1")
    done = run_program(folder, "run", *chosen, "--json", "figures.json")
    assert done.returncode == 0, done.stderr
    rows = json.loads((folder / "figures.json").read_text())["first"]
    assert [row["rows"] for row in rows] == [150] * 5
    assert len({row["estimator"] for row in rows}) == 5
    for row in rows:
        assert row["fixed"] == pytest.approx(row["first"] - row["epoch"])
    assert rows[-1]["ratio"]["median"] == 1


def test_prediction_of_rows_of_frames():
    """A line for one row and for all rows of each table."""
    code = """
import frame_prediction as it
it.TABLES, it.CALLS, it.N_TRAIN, it.MAX_CELLS = {"a": (3, 0), "b": (1, 8)}, {1: 2, 300: 1}, 200, 900
for row in it.compare_frame_prediction(2):
    print(row["table"], row["rows"], row["share"].least > 0)
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=PROGRAM.parent, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-4:] == ["a 1 True", "a 300 True", "b 1 True", "b 100 True"]


def test_unknown_names(folder):
    """A name that is not known is an error that tells which are."""
    assert "no such sets: flowers; there are lines, tags" in run(folder, "--sets", "flowers").stderr


def run_cross_fitting(folder, name, *arguments):
    """Run a benchmark of cross-fitting on a few rows, and return its output and its results."""
    command = [sys.executable, "-W", "error", PROGRAM.with_name(f"{name}.py"), *arguments]
    command += ["--rows", "60", "--splits", "1", "--out", "results.jsonl"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "failed" not in done.stdout
    lines = (folder / "results.jsonl").read_text().splitlines()
    return done.stdout, [json.loads(line) for line in lines]


def test_intervals(folder):
    """Of two outputs, and of the bundled set; a second run fits nothing again."""
    arguments = ("--data", ".", "--sets", "lines,diabetes", "--learners", "cv,cqr,cv-es")
    printed, results = run_cross_fitting(folder, "intervals", *arguments)
    assert len(results) == 6
    for one in results:
        assert 0.5 <= one["coverage"] <= 1
        assert one["width"] > 0
    assert "cv: mean coverage" in printed
    again, same = run_cross_fitting(folder, "intervals", *arguments)
    assert same == results
    assert "seed 0" not in again


def test_sets(folder):
    """Sets of labels, and those that have a level for each class."""
    printed, (one,) = run_cross_fitting(
        folder, "sets", *("--data", ".", "--sets", "fruit", "--below", "1.1", "--processes", "2")
    )
    for kind in ("all", "by_class"):
        assert 0.7 <= one[f"{kind}: coverage"] <= 1
        assert 0 <= one[f"{kind}: size"] <= 2
        assert f"{kind}: 1 sets with an accuracy below 1.1" in printed


def test_out_of_fold_scores(folder):
    """In a classification and in a regression; a set of 80 rows is too small."""
    printed, results = run_cross_fitting(folder, "oof", "--data", ".")
    errors = {one["set"]: one["error"] for one in results}
    assert set(errors) == {"fruit", "diabetes"}
    assert errors["diabetes"] > 0
    assert "split 0: within 2 joint standard errors on" in printed


def test_diabetes(folder):
    """The learners asked for return an R2 for each of five folds."""
    printed, results = run_cross_fitting(folder, "diabetes", "--learners", "cv,ridge")
    assert {one["learner"] for one in results} == {"cv", "ridge"}
    assert all(len(one["r2"]) == 5 for one in results)
    assert "[wanted 0.46: " in printed


def test_cost_of_cross_fitting(folder):
    """A case in a process of its own; both fits learn."""
    command = [sys.executable, "-W", "error", PROGRAM.with_name("cross_fitting_cost.py"), "--quick"]
    command += ["--case", "small", "--threads", "1", "--repeats", "1", "--json", "figures.json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads((folder / "figures.json").read_text())
    assert row["ratio"] > 0
    assert min(row["scores"].values()) > 0.8
    assert done.stdout.splitlines()[-1].startswith("as wanted: ")


def test_searches_of_tables(folder):
    """They end in time, and are compared with the default fit."""
    chosen = ("--sets", "fruit", "--learners", "sknn,search", "--seconds", "8", "--jobs", "1")
    done = run_program(folder, "search_tables", "--data", ".", *chosen)
    assert done.returncode == 0, done.stderr
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()[-2:]}
    assert rows["sknn"] == ["1.000", "1.000", "1"]
    assert float(rows["search"][0]) < 2


def test_searches_against_those_of_scikit_learn(folder):
    """The scores are equal."""
    chosen = ("--cases", "iris 32", "--max-iter", "3", "--repeats", "1", "--jobs", "1")
    done = run_program(folder, "search", *chosen)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[-1]) < 1e-6


def test_rungs_of_searches(folder):
    """Losses at a rung are compared with those at the end."""
    few = ("--candidates", "3", "--epochs", "4")
    done = run_program(folder, "search_rungs", *few)
    assert done.returncode == 0, done.stderr
    rows = [line.split()[1:] for line in done.stdout.splitlines()[1:]]
    assert [row[0] for row in rows] == ["constant", "cut", "whole"]
    for _, *cells in rows[:1] + rows[2:]:  # all rungs are the end here
        assert [float(cell.rstrip(",")) for cell in cells] == [1] * 6


@pytest.mark.parametrize("chosen", [["--data", ".", "--sets", "fruit"], ["--sets", "diabetes"]])
def test_optimism_of_searches(folder, chosen):
    """Scores are divided by losses of test rows, which are not far from them."""
    few = ("--seeds", "0", "--rows", "60", "--candidates", "2", *OUT)
    done = run_program(folder, "search_optimism", *chosen, *few)
    assert done.returncode == 0, done.stderr
    (one,) = map(json.loads, (folder / "out.jsonl").read_text().splitlines())
    assert one["n_test"] == {"fruit": 290, "diabetes": 382}[one["set"]]
    for reported, measured in (("oof", "ensemble_folds"), ("best", "best_folds")):
        assert 0 < one[reported] / one[measured] < 3  # nearly no loss is left on fruit
    assert 0 < one["ensemble"] / one["ensemble_folds"] < 2
    *_, users, folds, paired, _, _, _ = map(float, done.stdout.splitlines()[-1].split()[-6:])
    assert users == pytest.approx(one["oof"] / one["ensemble"], abs=1e-3)
    assert folds == pytest.approx(one["oof"] / one["ensemble_folds"], abs=1e-3)
    assert paired == pytest.approx(folds / one["default"] * one["default_folds"], abs=3e-3)
