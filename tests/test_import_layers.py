"""The house: which file may use what. Source code is parsed, not run."""

import ast
import sys
from pathlib import Path

import pytest

import sknn

pytestmark = pytest.mark.thread_unsafe(reason="Python 3.11 cannot parse in several threads")

ROOT = Path(sknn.__file__).parent
FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))

#: What is on each floor, by the first part of its path. A file uses its own floor and those below.
FLOORS = [
    {"engine"},
    {"targets", "features", "archives", "_version", "_optional", "exceptions"},
    {"estimators"},
    {"callbacks", "inspection", "persistence"},
    {"search", "dask"},
    {"__init__", "__main__"},
]

#: What the two lowest floors may use besides the standard library.
ARRAYS = {"numpy", "scipy"}

#: What some of their files may use too. The encoder is a transformer for scikit-learn's pipelines,
#: and its subject is frames, which narwhals reads, whatever their library; both end at that folder.
ALSO = {
    "features/encoder.py": {"sklearn"},
    "features/compact.py": {"sklearn"},
    "features/encoder_settings.py": {"sklearn"},
    "features/columns.py": {"narwhals"},
    "features/containers.py": {"narwhals"},
}

SKLEARN_COMPAT = {"estimators/_sklearn_compat.py", "search/_sklearn_compat.py"}

#: What `numpy.random` offers that has a state of its own.
OWN_STATE = {"RandomState", "Generator", "SeedSequence", "BitGenerator", "default_rng", "PCG64"}


def leaks(file, source):
    """Return what a file of the package uses and should not, one sentence each."""
    found = []
    for name in sorted(names_used(ast.parse(source), f"sknn/{file}")):
        found += [f"{file}: {rule}: {name}" for rule, broken in RULES.items() if broken(file, name)]
    return found


def breaks_the_floor(file, name):
    """Return whether a name of this package is from a higher floor."""
    package, *inner = name.split(".")
    return package == "sknn" and floor_of(inner[0] if inner else "__init__") > floor_of(file)


def needs_more_than_arrays(file, name):
    """Return whether a low floor uses another library than NumPy and SciPy."""
    library = name.split(".")[0]
    allowed = {*sys.stdlib_module_names, *ARRAYS, *ALSO.get(file, ()), "sknn"}
    return floor_of(file) < 2 and library not in allowed


def is_private(file, name):
    """Return whether a name is private to scikit-learn, outside the one file for those."""
    library, *inner = name.split(".")
    return library == "sklearn" and file not in SKLEARN_COMPAT and any(map(is_underscored, inner))


def is_underscored(name):
    """Return whether a name is private by its spelling; `__version__` is not."""
    return name.startswith("_") and not name.endswith("__")


def draws_globally(file, name):
    """Return whether a name is a function of a generator that everybody shares."""
    library, *inner = name.split(".")
    if library == "numpy" and inner[:1] == ["random"]:
        return len(inner) > 1 and inner[1] not in OWN_STATE
    return library == "random"


def draws_pictures(file, name):
    """Return whether matplotlib is used outside the one folder for that."""
    return name.split(".")[0] == "matplotlib" and not file.startswith("inspection/displays/")


RULES = {
    "uses a higher floor": breaks_the_floor,
    "uses more than NumPy and SciPy": needs_more_than_arrays,
    "uses what is private to scikit-learn": is_private,
    "draws from a global generator": draws_globally,
    "draws pictures": draws_pictures,
}


def floor_of(file):
    """Return the floor of a file or module of the package."""
    part = file.split("/")[0].removesuffix(".py")
    return next((floor for floor, parts in enumerate(FLOORS) if part in parts), len(FLOORS))


def names_used(tree, file):
    """Return the full dotted names that are imported, or reached through what is imported."""
    names, bound = set(), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            source = absolute(node, file) if isinstance(node, ast.ImportFrom) else []
            for alias in node.names:
                name = ".".join([*source, alias.name])
                names.add(name)
                if alias.asname or source:
                    bound[alias.asname or alias.name] = name
                else:  # `import a.b` makes a known
                    bound[alias.name.split(".")[0]] = alias.name.split(".")[0]
    for node in ast.walk(tree):
        root, *attributes = chain(node)
        if attributes and root in bound:
            names.add(".".join([bound[root], *attributes]))
    return names


def absolute(node, file):
    """Return the parts of the module that is imported from, also where it is written with dots."""
    package = file.split("/")[: -node.level] if node.level else []
    return [*package, *filter(None, [node.module])]


def chain(node):
    """Return a, b and c for the expression ``a.b.c``; for any other, a single None."""
    attributes = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return [node.id, *reversed(attributes)] if isinstance(node, ast.Name) else [None]


@pytest.mark.parametrize("file", FILES)
def test_no_floor_leaks(file):
    """A file uses its own floor and lower ones, and those use nothing but arrays."""
    assert leaks(file, (ROOT / file).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("file", FILES)
def test_every_file_has_its_floor(file):
    """A new file or folder is put on a floor, in the list above."""
    assert floor_of(file) < len(FLOORS)


def test_the_whole_package_is_read():
    """The walk finds files of every floor that exists."""
    assert {"engine/modules.py", "targets/base.py", "_optional.py", *SKLEARN_COMPAT} <= set(FILES)


LEAKS = {
    "uses a higher floor": [
        ("engine/a.py", "from sknn.targets import Target"),
        ("engine/a.py", "from sknn import targets"),
        ("engine/a.py", "from .. import targets"),
        ("engine/a.py", "def f():\n    from ..targets import Target"),
        ("engine/a.py", "import sknn"),
        ("targets/a.py", "from sknn.estimators import MLPClassifier"),
        ("targets/a.py", "from sknn import MLPClassifier"),
        ("targets/a.py", "import sknn.engine\nsknn.estimators.MLPClassifier"),
        ("estimators/a.py", "import sknn.persistence as p"),
        ("estimators/a.py", "def f():\n    from sknn.inspection import saliency"),
    ],
    "uses more than NumPy and SciPy": [
        ("engine/a.py", "import sklearn"),
        ("engine/a.py", "def f():\n    from pandas import DataFrame"),
        ("_optional.py", "from sklearn.utils import check_array"),
        ("features/columns.py", "import pandas"),
        ("features/columns.py", "from sklearn.utils import check_array"),
        ("features/encoder.py", "import narwhals"),
        ("engine/frames.py", "import narwhals"),
    ],
    "uses what is private to scikit-learn": [
        ("estimators/a.py", "from sklearn.utils._param_validation import Interval"),
        ("features/encoder.py", "from sklearn.base import _fit_context"),
        ("estimators/a.py", "from sklearn.base import _fit_context as f"),
        ("estimators/a.py", "import sklearn.base as b\nb._fit_context"),
        ("estimators/a.py", "import sklearn.base\nsklearn.utils._show_versions()"),
        ("persistence/a.py", "from sklearn import utils\nutils._param_validation.Interval"),
    ],
    "draws from a global generator": [
        ("estimators/a.py", "import numpy as np\nnp.random.seed(0)"),
        ("engine/a.py", "import numpy as np\ndef f(n):\n    return np.random.normal(size=n)"),
        ("engine/a.py", "from numpy.random import shuffle"),
        ("engine/a.py", "from numpy import random\nrandom.rand"),
        ("engine/a.py", "from random import choice"),
    ],
    "draws pictures": [
        ("estimators/a.py", "def f():\n    from matplotlib import pyplot"),
        ("inspection/gradients.py", "import matplotlib"),
    ],
}


@pytest.mark.parametrize(
    ("rule", "file", "source"),
    [(rule, file, source) for rule, sources in LEAKS.items() for file, source in sources],
)
def test_a_leak_is_found(rule, file, source):
    """By its own rule, in any spelling, at any depth, used or only imported."""
    found = leaks(file, source)
    assert found
    assert all(rule in leak for leak in found)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("engine/a.py", "import math, numpy as np\nfrom scipy.special import expit\nexpit(np.pi)"),
        ("engine/a.py", "from sknn.engine.modules import Module\nfrom .losses import Loss"),
        ("engine/a.py", "import numpy as np\nnp.random.Generator\nnp.random.RandomState(0)"),
        ("engine/a.py", "def f(rng):\n    return rng.random.normal(), rng._private"),
        (
            "targets/a.py",
            "from sknn.engine import network\nfrom sknn.engine import Loss",
        ),
        ("features/encoder.py", "from sklearn.base import BaseEstimator"),
        ("features/columns.py", "def f():\n    import narwhals.stable.v2 as nw"),
        (
            "estimators/a.py",
            "import sklearn as s\ns.__version__\ns.f(self._x)\nfrom sknn import targets",
        ),
        ("estimators/a.py", "from sknn.estimators._sklearn_compat import Interval"),
        ("estimators/_sklearn_compat.py", "from sklearn.base import _fit_context"),
        ("__init__.py", "from sknn.estimators import MLPClassifier"),
        ("inspection/a.py", "from sknn.estimators import door\nfrom sknn.engine import Linear"),
        ("inspection/displays/a.py", "def f():\n    from matplotlib import pyplot"),
    ],
)
def test_what_is_allowed_is_no_leak(file, source):
    """Lower floors, arrays, generators that are passed in, and the one door."""
    assert leaks(file, source) == []
