"""Type checkers and editors: a user's script is checked as its author would expect."""

import re
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import sknn
from sknn.engine import network
from sknn.estimators import _builders
from sknn.estimators import _parameters as types
from sknn.targets import BinaryTarget, RealTarget

ROOT = Path(sknn.__file__).parents[1]

GOOD = """
from sknn import MLPClassifier, TabularMLPRegressor

X, y = [[0.0], [1.0]], [0, 1]
model = MLPClassifier((10,), ["relu"], solver="adam", loss="log_loss", random_state=0)
reveal_type(model.fit(X, y))  # MLPClassifier
reveal_type(model.partial_fit(X, y))  # MLPClassifier
reveal_type(model.alpha)  # float
reveal_type(model.n_iter_)  # int
reveal_type(model.score(X, y))  # float
table = TabularMLPRegressor(loss="quantile", quantile=[0.1, 0.9], max_iter="auto")
reveal_type(table.fit(X, y).predict(X))  # ndarray
reveal_type(table.predict(X, return_std=True))  # tuple
"""

BAD = {
    "model.fit()": "Missing positional arguments",
    "model.fitt(X, y)": 'has no attribute "fitt"',
    "model.set_params(alpha=1).alphaa": 'has no attribute "alphaa"',
    'MLPClassifier(solver="adamm")': "incompatible type",
    'MLPClassifier(loss="huber")': "incompatible type",
    "MLPClassifier(alpah=1.0)": "Unexpected keyword argument",
}


def checked(source, folder):
    """Return what mypy says of a script, line by line."""
    pytest.importorskip("mypy")
    script = folder / "script.py"
    script.write_text(source)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", str(script)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={"MYPYPATH": str(ROOT), "PATH": ""},
        timeout=300,
    )
    return [line for line in done.stdout.splitlines() if line.startswith("script.py")]


@pytest.mark.slow
def test_mypy_knows_the_types_of_results(tmp_path):
    """`fit` returns the estimator's own type; attributes and predictions have theirs."""
    expected = re.findall(r"# (\w+)$", GOOD, re.MULTILINE)
    found = checked(GOOD, tmp_path)
    assert len(found) == len(expected)
    for line, name in zip(found, expected, strict=True):
        assert re.search(rf'Revealed type is "(\w+\.)*{name}\b', line), line


@pytest.mark.slow
def test_mypy_refuses_mistakes(tmp_path):
    """Each of them, and nothing else."""
    setup = "from sknn import MLPClassifier\nX, y = [[0.0]], [0]\nmodel = MLPClassifier()\n"
    output = checked(setup + "\n".join(BAD), tmp_path)
    found = [line for line in output if ": error: " in line]
    assert len(found) == len(BAD)
    for line, message in zip(found, BAD.values(), strict=True):
        assert message in line


def test_string_choices_are_those_of_the_tables():
    """A `Literal` for each table: a new activation, loss or solver cannot be forgotten."""
    for literal, table in [
        (types.ActivationName, network.ACTIVATIONS),
        (types.SolverName, {"lbfgs", *_builders.OPTIMIZERS}),
        (typing.get_args(types.LearningRate)[0], _builders.LEARNING_RATES),
        (typing.get_args(types.Initialization)[0], {"auto", *network.INITIALIZATIONS}),
        (types.ClassificationLoss, {"auto", *BinaryTarget.losses}),
        (types.RegressionLoss, {"auto", *RealTarget.losses}),
    ]:
        assert set(typing.get_args(literal)) == set(table)


@pytest.mark.parametrize("cls", sknn.estimators.__all__)
def test_parameters_and_fitted_attributes_are_declared(cls):
    """Editors complete `model.alpha` and `model.coefs_`; what is declared exists."""
    estimator = getattr(sknn, cls)
    declared = {
        name for base in estimator.__mro__ for name in vars(base).get("__annotations__", {})
    }
    assert declared >= set(estimator().get_params())
    X, y = [[0.0], [1.0], [2.0]], [0, 1, 0]
    model = estimator((2,), max_iter=3, tol=1e9, n_iter_no_change=1).fit(X, y)
    assert declared >= set(vars(model))


def test_editors_complete_names():
    """As jedi does, which completes in IPython and Jupyter."""
    jedi = pytest.importorskip("jedi")
    source = "import sknn\nmodel = sknn.MLPClassifier()\nmodel."
    names = {one.name for one in jedi.Script(source).complete()}
    assert {"alpha", "classes_", "fit", "predict_proba", "partial_fit"} <= names
    modules = {path.stem for path in Path(sknn.__file__).parent.iterdir()}
    public = {one.name for one in jedi.Script("import sknn\nsknn.").complete()}
    public = {name for name in public if not name.startswith("_")}
    assert public - modules <= set(sknn.__all__) <= public | {"__version__"}


def test_only_public_names_are_offered():
    """By `dir`, which interactive shells ask."""
    assert dir(sknn) == sorted(sknn.__all__)
    for name in sknn.__all__:
        assert getattr(sknn, name) is not None
