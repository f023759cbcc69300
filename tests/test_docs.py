"""The documentation tells the truth: its code runs, and it knows every public name."""

import ast
import doctest
import importlib
import inspect
import re
import sys
import warnings
from importlib.util import find_spec
from pathlib import Path

import pytest

import sknn
import sknn.callbacks
import sknn.dask
import sknn.engine
import sknn.inspection
from sknn.engine import initializers
from sknn.estimators import many_fits

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
ESTIMATORS = {
    "classification": (sknn.MLPClassifier, sknn.TabularMLPClassifier),
    "regression": (sknn.MLPRegressor, sknn.TabularMLPRegressor),
}
#: Pages whose code is run elsewhere: in tests/inspection, which looks at what comes of it, too.
ELSEWHERE = [DOCS / "inspection.md"]
#: Pages about other tools, some of which are large and none of which is otherwise needed.
TOOLS = [DOCS / "howto/serving.md", DOCS / "howto/tracking.md"]
FILES = [page for page in sorted(DOCS.rglob("*.md")) if "_build" not in page.parts]
PAGES = [
    pytest.param(page, marks=pytest.mark.slow) if page in TOOLS else page
    for page in FILES
    if page not in ELSEWHERE
]
BLOCK = re.compile(r"^```(python|pycon)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)

#: Packages that the code of a page needs, beside those that all tests need.
NEEDS = {
    "deploy.md": ["onnxruntime", "skl2onnx"],
    "howto/callbacks.md": ["sklearn.callback"],
    "howto/calibration.md": ["matplotlib"],
    "howto/cluster.md": ["distributed", "dask.dataframe"],
    "howto/data.md": ["polars", "pyarrow", "duckdb"],
    "howto/dates.md": ["skrub"],
    "howto/large.md": ["pyarrow"],
    "howto/progress.md": ["sklearn.callback", "rich"],
    "howto/pruning.md": ["sklearn.callback", "optuna"],
    "howto/resume.md": ["sklearn.callback"],
    "howto/serving.md": ["fastapi", "httpx2", "onnxruntime", "skl2onnx"],
    "howto/tracking.md": ["sklearn.callback"],
    "saving.md": ["skops"],
}

#: Packages without which the sections of a page that import them are left out.
SECTIONS = {"howto/tracking.md": ["tensorboardX", "wandb", "mlflow"]}

#: What keeps the tools from the network and from the terminal.
ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
}

OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:The inputs look unscaled:UserWarning")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_blocks_run(page, tmp_path, monkeypatch):
    """Those of a page one after the other, in an empty folder; answers are as printed.

    A block that begins with the name of a module, as "# name.py", is one for the others to import.
    """
    name = str(page.relative_to(DOCS))
    for package in NEEDS.get(name, []):
        pytest.importorskip(package)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    names, left_out = {}, []
    if page in TOOLS:  # they warn of each other
        monkeypatch.setattr(warnings, "filters", warnings.filters.copy())
        warnings.simplefilter("ignore")
        for variable, value in ENVIRONMENT.items():
            monkeypatch.setenv(variable, value)
    for section in sections(page):
        missing = [p for p in SECTIONS.get(name, []) if imports(section, p) and not find_spec(p)]
        left_out += missing
        for kind, code in [] if missing else BLOCK.findall(section):
            if module := re.match(r"# (\w+)\.py\n", code):
                monkeypatch.delitem(sys.modules, module[1], raising=False)  # of another page
                Path(f"{module[1]}.py").write_text(code, encoding="utf-8")
                importlib.invalidate_caches()
            elif kind == "python":
                exec(compile(code, page.name, "exec"), names)
            else:
                run_session(code, names, page.name)
    if left_out:
        pytest.skip(f"all but the sections that import {', '.join(left_out)} have run")


def sections(page):
    """Return the text of a page, cut before the headings of the second level."""
    return re.split(r"^(?=## )", page.read_text(encoding="utf-8"), flags=re.MULTILINE)


def imports(section, package):
    """Return whether the code of a section imports a package."""
    return re.search(rf"^(import|from) {package}\b", section, flags=re.MULTILINE) is not None


def run_session(code, names, page):
    """Run a session of the interpreter with these names, which it may add to."""
    session = doctest.DocTestParser().get_doctest(code, names, page, page, 0)
    session.globs = names  # not a copy: later blocks see what this one defines
    reports = []
    runner = doctest.DocTestRunner(optionflags=OPTIONS)
    runner.run(session, out=reports.append, clear_globs=False)
    assert not runner.summarize(verbose=False).failed, "".join(reports)


def public():
    """Return every public name with what it stands for."""
    found = {f"sknn.{name}": getattr(sknn, name) for name in sknn.__all__ if name[0] != "_"}
    for module in (
        sknn.callbacks,
        sknn.engine,
        sknn.inspection,
        sknn.search,
        sknn.dask,
        many_fits,
    ):
        found |= {f"{module.__name__}.{name}": getattr(module, name) for name in module.__all__}
    for name, value in vars(initializers).items():
        if inspect.isfunction(value) and name[0] != "_":
            found[f"sknn.engine.initializers.{name}"] = value
    return {name: value for name, value in found.items() if not inspect.ismodule(value)}


def test_the_reference_has_every_public_name():
    """Each once, on some page of docs/reference."""
    listed = []
    for page in (DOCS / "reference").glob("*.md"):
        module = ""
        for line in page.read_text(encoding="utf-8").splitlines():
            if line.startswith(".. currentmodule::"):
                module = line.split()[-1]
            elif re.fullmatch(r"   \w+", line):
                listed.append(f"{module}.{line.strip()}")
    assert sorted(listed) == sorted(public())


def test_the_gallery_has_a_place_for_every_example():
    """In docs/pictures.py, which says in what order the sections and their examples are shown."""
    tree = ast.parse((DOCS / "pictures.py").read_text(encoding="utf-8"))
    sections = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "SECTIONS"
    )
    files = (ROOT / "examples").rglob("plot_*.py")
    found = sorted((path.parent.name, path.stem.removeprefix("plot_")) for path in files)
    placed = [(folder, name) for folder, names in sections.items() for name in names]
    assert sorted(placed) == found
    assert all((ROOT / "examples" / folder / "GALLERY_HEADER.rst").exists() for folder in sections)


@pytest.fixture
def extensions(monkeypatch):
    """Return a function that imports a module of docs/extensions."""
    monkeypatch.syspath_prepend(str(DOCS))
    yield lambda name: importlib.import_module(f"extensions.{name}")
    for name in [name for name in sys.modules if name.split(".")[0] == "extensions"]:
        del sys.modules[name]


def test_every_parameter_is_in_one_group(extensions):
    """As the reference shows them; a group has no other names."""
    groups = extensions("parameter_groups").GROUPS
    grouped = [name for names in groups.values() for name in names]
    classes = [*sum(ESTIMATORS.values(), ()), sknn.dask.DaskTabularMLPRegressor]
    parameters = {name for one in classes for name in inspect.signature(one).parameters}
    assert sorted(grouped) == sorted(parameters)


def test_names_of_scikit_learn(extensions):
    """Those that become links are where the table says, in this version."""
    pytest.importorskip("sphinx")
    links = extensions("links")
    for module, names in links.SKLEARN.items():
        if module == "sklearn.model_selection":
            importlib.import_module("sklearn.experimental.enable_halving_search_cv")
        for name in names:
            found = getattr(importlib.import_module(module), name)
            assert inspect.isclass(found) == (links.kind(name) == "class")


def table_after(page, heading):
    """Return the cells of the table below a heading of a page, without its first two lines."""
    lines = page.split(f"## {heading}\n")[1].split("\n## ")[0].splitlines()
    rows = [line.strip("|").split("|") for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def differences(task):
    """Return the parameters that `TabularMLP*` add, and those whose defaults differ."""
    plain, tabular = (inspect.signature(one).parameters for one in ESTIMATORS[task])
    common = [name for name in tabular if name in plain]
    changed = {name for name in common if plain[name].default != tabular[name].default}
    return set(tabular) - set(plain), changed, plain, tabular


@pytest.mark.parametrize("task", ESTIMATORS)
def test_what_tabular_estimators_add(task):
    """docs/reference/tabular.md has the parameters and defaults of the code."""
    page = (DOCS / "reference" / "tabular.md").read_text(encoding="utf-8")
    added, changed, plain, tabular = differences(task)
    assert {row[0].strip("`") for row in table_after(page, "More parameters")} == added
    listed = set()
    for name, *defaults in table_after(page, "Other defaults"):
        parameter, *only = re.findall(r"[a-z]\w+", name)
        if only in ([], [task]):
            listed.add(parameter)
            for text, signature in zip(defaults, (plain, tabular), strict=True):
                assert ast.literal_eval(text.split("`")[1]) == signature[parameter].default
    assert listed == changed


#: Characters that a line of code has room for beside a sidebar, and on a screen of 700 pixels.
LINE = 82


@pytest.mark.parametrize("page", FILES, ids=lambda page: str(page.relative_to(DOCS)))
def test_code_fits_its_column(page):
    """Longer lines go on in the next one, which is hard to read."""
    blocks = re.findall(r"^```.*\n(.*?)^```$", page.read_text(encoding="utf-8"), re.S | re.M)
    assert not [line for code in blocks for line in code.splitlines() if len(line) > LINE]


#: What is asked of the docstring of every public name, in numpydoc's words: a summary of one line
#: that begins with a capital letter and ends with a period, sections in order, and parameters that
#: are those of the signature, each with a type and a description.
CHECKS = {
    "GL03", "GL05", "GL06", "GL07", "GL08", "GL09", "GL10",
    "SS01", "SS02", "SS03", "SS04", "SS06",
    "PR01", "PR02", "PR03", "PR04", "PR05", "PR06", "PR07", "PR08", "PR09", "PR10",
    "RT04", "RT05", "YD01", "SA02", "SA03", "SA04",
}  # fmt: skip


#: What scikit-learn calls of a callback, and the reference leaves out.
HOOKS = {"setup", "teardown", "on_fit_task_begin", "on_fit_task_end"}


def documented():
    """Return all public names, and those of the methods that a class does not inherit.

    What overrides a method does what is said there, so that a line that tells how is enough.
    """
    names = []
    for name, value in public().items():
        names.append(name)
        for method, function in vars(value).items() if inspect.isclass(value) else ():
            inherited = any(hasattr(base, method) for base in value.__bases__)
            own = method[0] != "_" and not inherited and method not in HOOKS
            if inspect.isfunction(function) and own:
                names.append(f"{name}.{method}")
    return sorted(names)


@pytest.mark.parametrize("name", documented())
def test_docstring(name):
    """As numpydoc has it."""
    validate = pytest.importorskip("numpydoc.validate")
    errors = {code: text for code, text in validate.validate(name)["errors"] if code in CHECKS}
    if issubclass(getattr(public().get(name), "__base__", object), tuple):
        errors.pop("PR01", None)  # nobody builds these; their fields are their attributes
    assert not errors
