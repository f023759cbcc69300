"""Failing saves: after errors, a full disk or a kill there is the old file or the new one."""

import os
import subprocess
import sys
import textwrap

import pytest

import sknn
from tests.faults import Calls, some_calls, watched
from tests.persistence.test_archives import saved, small

posix = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")


def test_error_in_any_function_keeps_the_old_file(tmp_path):
    """Of the package."""
    path = tmp_path / "model.sknn"
    old, _ = small("real of a table")
    new, _ = small("real of a table", alpha=0.5)
    files = saved(old), saved(new)
    for i, place in enumerate(some_calls(lambda: new.save(path), 60)):
        path.write_bytes(files[0])
        error = [MemoryError, KeyboardInterrupt, OSError][i % 3]
        with pytest.raises(error), watched(Calls(error, place)):
            new.save(path)
        assert path.read_bytes() in files


#: What all scripts begin with: two models whose files are larger than one write.
TWO_MODELS = """
import io, os, random, resource, signal, sys, time, warnings
import numpy as np
import sknn

warnings.simplefilter("ignore")
X = np.random.RandomState(0).normal(size=(20, 300)).astype("float32")
few = {"hidden_layer_sizes": (300,), "max_iter": 1}
models = [sknn.MLPRegressor(random_state=i, **few).fit(X, X[:, 0]) for i in range(2)]

def saved(model):
    file = io.BytesIO()
    model.save(file)
    return file.getvalue()

files = [saved(model) for model in models]
path = sys.argv[1]
models[0].save(path)
whole = lambda: open(path, "rb").read()
"""

TOO_LARGE = """
for limit in range(0, len(files[1]), len(files[1]) // 20):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        models[1].save(path)
    except OSError as error:
        assert "large" in str(error), error
    else:
        raise SystemExit("the limit was not felt")
    assert whole() == files[0]
    assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
models[1].save(path)
assert whole() == files[1]
"""

KILLED = """
generator = random.Random(0)
readable = 0
for _ in range(50):
    child = os.fork()
    if child == 0:
        while True:
            for model in models:
                model.save(path)
    time.sleep(generator.random() / 20)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    sknn.load(path)
    readable += whole() in files
print(readable, "of 50;", len(os.listdir(os.path.dirname(path))) - 1, "left halfway")
assert readable == 50
"""


def run(script, path):
    """Run a script in a process of its own; return what it prints."""
    code = textwrap.dedent(TWO_MODELS + script)
    root = os.path.dirname(os.path.dirname(sknn.__file__))
    found = os.environ.get("PYTHONPATH", "")
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [root, found]))},
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@posix
def test_size_limit_keeps_the_old_file(tmp_path):
    """At any number of bytes; no temporary file is left."""
    run(TOO_LARGE, tmp_path / "model.sknn")


@pytest.mark.slow
@posix
def test_killed_save_leaves_a_complete_file(tmp_path):
    """Fifty times, at random moments."""
    assert run(KILLED, tmp_path / "model.sknn").startswith("50 of 50")
