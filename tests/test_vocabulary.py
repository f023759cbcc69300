"""Old names and private habits do not come back: source files and pages are read, not run."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]

#: Identifiers that were renamed before 0.1. Plain English words are not among them.
OLD = {
    "Blueprint",
    "CrammerSinger",
    "EpochBatches",
    "FunctionOfStep",
    "Intake",
    "KeptCourse",
    "KnownOnly",
    "LayerFlow",
    "NoImprovement",
    "OneThread",
    "Opened",
    "RandomDraws",
    "SideBySide",
    "Stamped",
    "_memory",
    "_plan",
    "activate_backward",
    "blaming_file",
    "bound_backward",
    "bound_forward",
    "bound_weight_grad",
    "course_of",
    "decay_by_loss",
    "edges_",
    "every_epochs",
    "every_seconds",
    "in_place",
    "is_random",
    "joined_backward",
    "keep_best",
    "kinds_",
    "largest_norm",
    "levels_",
    "log_activate",
    "max_evaluations",
    "max_one_hot",
    "may_miss_",
    "mean_known_loss",
    "mean_of_known",
    "member_predictions",
    "n_embedded_",
    "n_rows_",
    "piece_columns",
    "piece_height",
    "r2_of_known",
    "raw_outputs",
    "read_checked",
    "reads_output",
    "scipy_private",
    "share_right",
    "sklearn_private",
    "takes_out",
    "unseen_",
    "unseen_rows_",
    "warm_up",
    "with_entries_of",
    "within_reach",
}

#: Files that tell what the old names became, or that read what was saved under them.
MIGRATION = {
    "sknn/_version.py",
    "CHANGELOG.md",
    "docs/decisions/0011-standard-names.md",
    "tests/persistence/test_formats.py",
    "tests/test_vocabulary.py",
}


def sources(*suffixes):
    """Return all files of the project with one of these suffixes, relative to its root."""
    folders = ("sknn", "tests", "docs", "examples")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    found += list(ROOT.glob("*.md"))
    return sorted(
        path.relative_to(ROOT).as_posix()
        for path in found
        if path.suffix in suffixes and "_build" not in path.parts and "generated" not in path.parts
    )


def text_of(file):
    """Return the text of a file, given relative to the root."""
    return (ROOT / file).read_text(encoding="utf-8")


def test_no_old_name_is_left():
    """In code, tests, pages and examples, but for the migration tables."""
    files = [file for file in sources(".py", ".md", ".rst") if file not in MIGRATION]
    assert len(files) > 300
    found = {file: set(re.findall(r"\w+", text_of(file))) & OLD for file in files}
    assert {file: names for file, names in found.items() if names} == {}


def test_estimators_are_not_any():
    """Signatures name the estimator's class, so that editors and type checkers can follow it."""
    files = [file for file in sources(".py") if file.startswith("sknn/")]
    assert [file for file in files if re.search(r"\bmlp: Any\b", text_of(file))] == []


def test_a_fit_writes_the_estimator_once():
    """`__dict__` is replaced in one place; elsewhere objects are only made around attributes."""
    writes = [
        (file, line.strip())
        for file in sources(".py")
        if file.startswith("sknn/")
        for line in text_of(file).splitlines()
        if re.search(r"__dict__ = |__dict__\.(update|clear|pop)", line)
    ]
    assert [write for write in writes if "self.__dict__ =" in write[1]] == [
        ("sknn/estimators/base.py", "self.__dict__ = vars(self._with_attributes(fitted))")
    ]
