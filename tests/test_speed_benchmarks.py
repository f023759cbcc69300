"""The benchmarks of speed: fits at the defaults, a busy machine, and the page of the figures."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from sknn.engine import has_compiled_kernels

pytestmark = pytest.mark.slow

DOCS = Path(__file__).parent.parent / "docs"
PROGRAMS = DOCS.parent / "examples" / "benchmarks"

#: All that a run needs to be short.
SHORT = ("--threads", "1", "--repeats", "2", "--json", "figures.json")


def run(folder, *arguments, name="run"):
    """Run a program in the folder, with warnings as errors, and return what it did."""
    command = [sys.executable, "-W", "error", PROGRAMS / f"{name}.py", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def figures_of(folder, *arguments):
    """Run the benchmarks, and return what they printed and wrote."""
    done = run(folder, *arguments, *SHORT)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads((folder / "figures.json").read_text())


def run_code(code):
    """Run code beside the programs, and return what it printed."""
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=PROGRAMS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path):
    """Return a folder with pixels, which have test rows of their own, and with a table."""
    rng = np.random.default_rng(0)
    X = rng.integers(256, size=(130, 6), dtype=np.uint8)
    y = X[:, 0] // 86
    parts = {"X_train": X[:100], "y_train": y[:100], "X_test": X[100:], "y_test": y[100:]}
    np.savez(tmp_path / "mnist.npz", **parts)
    X = 1000 + 50 * rng.standard_normal((80, 3))
    columns = np.array(["a", "b", "c"])
    np.savez(tmp_path / "satimage.npz", X=X, y=2.0 * (X[:, 0] > 1000), feature_names=columns)
    return tmp_path


def test_default_fits(folder):
    """Both libraries fit each set with every seed, to their own end, and are scored."""
    printed, figures = figures_of(
        folder, "--what", "default", "--data", ".", *("--set", "mnist", "--set", "satimage")
    )
    head = next(line for line in printed.splitlines() if line.startswith("set"))
    assert " ".join(head.split()) == "set rows sknn s sklearn s ratio epochs accuracy log loss"
    pixels, rows = figures["default"]
    assert (pixels["set"], pixels["shape"], pixels["test"]) == ("mnist", [100, 6], 30)
    assert (rows["set"], rows["shape"], rows["test"]) == ("satimage", [60, 3], 20)
    for row in figures["default"]:
        assert row["busy"] is None
        for library in ("sknn", "sklearn"):
            assert len(row["seconds"][library]) == len(row["epochs"][library]) == 2
            assert all(150 < epochs <= 200 for epochs in row["epochs"][library])
            assert row["accuracy"][library] > 0.65
            assert 0 < row["log_loss"][library] < 0.9
        quotients = np.divide(row["seconds"]["sklearn"], row["seconds"]["sknn"])
        assert row["ratios"]["sklearn"]["median"] == pytest.approx(np.median(quotients))
        loss = row["log_loss"]
        expected = (loss["sknn"] - loss["sklearn"]) / loss["standard_error"]
        assert loss["difference"] == pytest.approx(expected)


def test_sets_are_chosen(folder):
    """Of a folder, those that are there; a name that is unknown is refused."""
    code = f"""
from default_sets import chosen_sets, load_set
print(chosen_sets([], None), chosen_sets(["wine"], None))
print(chosen_sets([], {str(folder)!r}))
pixels, rows = (load_set(name, {str(folder)!r}) for name in ("mnist", "satimage"))
print(pixels.X.min() >= 0, 0.9 < pixels.X.max() <= 1, abs(rows.X.mean()) < 1e-9, rows.X.std())
"""
    first, *notes, names, scaled = run_code(code).splitlines()
    assert first == "['digits', 'breast_cancer'] ['wine']"
    assert [note.split()[1] for note in notes] == ["mammography", "spambase"]
    assert names == "['digits', 'breast_cancer', 'mnist', 'satimage']"
    *flags, deviation = scaled.split()
    assert flags == ["True"] * 3
    assert float(deviation) == pytest.approx(1)
    done = run(folder, "--what", "default", "--data", ".", "--set", "flowers")
    assert done.returncode == 2
    assert "no such set: flowers; . has no flowers.npz; there are digits" in done.stderr
    assert "--data, a folder, is needed" in run(folder, "--what", "default", "--set", "x").stderr


def test_scores_of_rows():
    """The standard error is that of a mean over the test rows, not over the seeds."""
    code = """
import numpy as np
from default_fits import compare_scores
class Fits:
    def __init__(self, rows): self.rows = np.array(rows, dtype=float)
    def scores(self, score): return self.rows
found = compare_scores({"sknn": Fits([[1, 0, 1, 1]] * 3), "sklearn": Fits([[1, 0, 0, 1]] * 3)}, "")
print(*found.values())
"""
    ours, theirs, error, difference = map(float, run_code(code).split())
    assert (ours, theirs) == (0.75, 0.5)
    assert error == pytest.approx(np.sqrt((0.1875 + 0.25) / 2 / 4))
    assert difference == pytest.approx(0.25 / error)


@pytest.mark.parametrize("what", ["training", "default"])
def test_beside_busy_processes(tmp_path, what):
    """Each fit is timed alone and beside them, and both are reported."""
    chosen = {
        "training": ("--quick", "--peers", "sklearn", "--case", "small"),
        "default": ("--set", "wine"),
    }
    printed, figures = figures_of(tmp_path, "--what", what, "--busy", *chosen[what])
    assert figures["busy"] is True
    (row,) = figures[what]
    if what == "default":
        assert len(row["epochs"]["sknn"]) == 2  # one of each seed, fitted twice
    there = row["busy"]
    assert set(there["seconds"]) == {"sknn", "sklearn"}
    for library, slowdown in there["slowdown"].items():
        assert len(there["seconds"][library]) == 2
        quotients = np.divide(there["seconds"][library], row["seconds"][library])
        assert slowdown["median"] == pytest.approx(np.median(quotients))
    quotients = np.divide(there["seconds"]["sklearn"], there["seconds"]["sknn"])
    assert there["ratios"]["sklearn"]["median"] == pytest.approx(np.median(quotients))
    *_, head, line, mean = printed.splitlines()
    assert " ".join(head.split()) == "idle s busy s busy / idle sklearn"
    assert line.split()[0] == {"training": "small", "default": "wine"}[what]
    assert mean.startswith("mean")


def test_parts_of_a_step(tmp_path):
    """Each part takes time, and all together no more than the whole fit."""
    case = ("--quick", "--case", "small", "--case", "single")
    _, figures = figures_of(tmp_path, "--what", "step", *case)
    assert [row["case"] for row in figures["step"]] == ["small", "single"]
    for row in figures["step"]:
        taken = row["microseconds"]
        parts = [taken[part] for part in taken if part not in ("products", "in all")]
        assert len(parts) == 7
        assert min(parts) > 0
        assert sum(parts) == pytest.approx(taken["in all"])


def test_turns_idle_and_busy():
    """Conditions and tasks change their order from round to round, and loops are there or not."""
    code = """
import busy
from contextlib import contextmanager
there = []
@contextmanager
def loops():
    there.append(1)
    yield
    there.pop()
busy.busy_loops = loops
tasks = {name: lambda name=name: print(name + "+" * len(there), end=" ") for name in "abc"}
idle, beside, results = busy.take_turns_idle_and_busy(tasks, 2, idle_only="c")
print(*(len(times) for each in (idle, beside) for times in each.values()), *sorted(results))
"""
    assert run_code(code) == "a b c a+ b+ b+ a+ c b a 2 2 2 2 2 a b c\n"


def test_busy_processes_end():
    """After the block, and after an exception inside of it; until then they are busy."""
    code = """
from contextlib import suppress
from busy import busy_loops
for error in (None, RuntimeError, KeyboardInterrupt):
    with suppress(RuntimeError, KeyboardInterrupt), busy_loops() as loops:
        print([loop.poll() for loop in loops], end=" ")
        if error:
            raise error
    print([loop.poll() is not None for loop in loops])
"""
    assert run_code(code).splitlines() == ["[None, None] [True, True]"] * 3


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is nothing like it")
def test_busy_processes_end_with_a_program_that_is_killed():
    """Though nothing of it runs any more."""
    code = """
import time
from busy import busy_loops
with busy_loops() as loops:
    print(*(loop.pid for loop in loops), flush=True)
    time.sleep(600)
"""
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=PROGRAMS, stdout=subprocess.PIPE, text=True) as program:
        pids = [int(pid) for pid in program.stdout.readline().split()]
        assert all(is_running(pid) for pid in pids)
        program.kill()
    until = time.monotonic() + 60
    while any(is_running(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(is_running(pid) for pid in pids)


def is_running(pid):
    """Tell whether there is such a process, and it has not ended."""
    with suppress(FileNotFoundError, ProcessLookupError):  # it may end while its file is read
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path("/proc").is_dir()


#: Figures in the form of run.py's files.
FLOOR = {"to_floor": {"median": 8.0, "least": 7.0, "greatest": 9.0}}
FIT = {
    **FLOOR,
    "case": "small",
    "ratios": {"sklearn": {"median": 4.0, "least": 3.5, "greatest": 4.5}},
}
SLOW = {"case": "wide", "ratios": {"sklearn": {"median": 0.25, "least": 0.2, "greatest": 0.3}}}
BESIDE = {
    "slowdown": {"sknn": {"median": 2.0, "least": 2.0, "greatest": 2.0}},
    "ratios": {"sklearn": {"median": 9.0, "least": 8.0, "greatest": 10.0}},
}
PREDICTION = {
    "network": "small",
    "rows": 1,
    "share": {"median": 0.5, "least": 0.4, "greatest": 0.8},
}


def test_page(tmp_path):
    """The generated parts are replaced, from all files; what is missing is marked."""
    files = {
        "idle": {"precision": "float32", "training": [FIT, SLOW], "prediction": [PREDICTION]},
        "busy": {"precision": "float32", "busy": True, "training": [{**FIT, "busy": BESIDE}]},
    }
    parts = ("products", "rows", "forward", "loss", "backward", "penalty", "optimizer", "all else")
    step = {"case": "small", "microseconds": dict.fromkeys((*parts, "in all"), 1.25)}
    files["idle"]["step"] = [step]
    for name, figures in files.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({"machine": {}, **figures}))
    page = tmp_path / "page.md"
    page.write_text(
        "A\n<!-- made: summary -->\nold\n<!-- end -->\nB\n<!-- made: fits -->\n<!-- end -->\n"
        "<!-- made: steps -->\n<!-- end -->\n"
    )
    arguments = ("idle.json", "busy.json", "--page", "page.md", "--plot", "page.png")
    for _ in range(2):
        done = run(tmp_path, *arguments, name="performance_page")
        assert done.returncode == 0, done.stderr
    text = page.read_text()
    assert text.startswith("A\n<!-- made: summary -->\n\n| what |")
    assert "old" not in text
    for line in (
        f"small {'| 1.2 ' * 9}| 8.00",
        "fit, equal settings and epochs, float32 data | scikit-learn | 1.00 | 0.25 to 4.00",
        "`predict` of 1 row | scikit-learn | 2.00 | ",
        "fit, equal settings and epochs, beside two busy processes | scikit-learn | 9.00 | ",
        "fit, equal settings and epochs, beside two busy processes | sknn alone | **0.50** | ",
        "small | 20-32-1 | 5000 | 32 | 4.00 (3.50-4.50) | ",
        "wide | 784-1024-1024-10 | 20000 | 512 | **0.25 (0.20-0.30)** | ",
    ):
        assert f"| {line} |\n" in text
    assert "float64 data" not in text  # not measured
    assert (tmp_path / "page.png").read_bytes().startswith(b"\x89PNG")


def test_the_pages_of_the_documentation_can_be_made():
    """They have every generated part, each once."""
    pages = ["performance.md", "decisions/0020-speed-of-a-step.md"]
    text = "".join((DOCS / page).read_text(encoding="utf-8") for page in pages)
    made = [line.split()[2] for line in text.splitlines() if line.startswith("<!-- made")]
    assert made == run_code("from performance_page import PARTS; print(*PARTS)").split()


def test_compiled_kernels(folder):
    """Fits with and without them have the same weights; without any, the program says so."""
    arguments = ("--what", "compiled", "--case", "small", "--quick", *SHORT)
    done = run(folder, *arguments)
    if not has_compiled_kernels():
        assert done.returncode == 1
        assert "docs/howto/compiled.md" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    rows = json.loads((folder / "figures.json").read_text())["compiled"]
    assert [row["case"] for row in rows] == ["small", "table of 300 rows", "table of 1000 rows"]
    assert all(row["seconds"]["with"] > 0 for row in rows)
