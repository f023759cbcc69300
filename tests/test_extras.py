"""Extras: the table knows what brings a package, and the error says so."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from sknn._optional import EXTRAS, import_optional

PROJECT = Path(__file__).parent.parent / "pyproject.toml"

every_package = pytest.mark.parametrize("package", EXTRAS)


@every_package
def test_the_extra_brings_the_package(package):
    """As pyproject.toml says."""
    extras = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert package in [re.split(r"\W", one)[0] for one in extras[EXTRAS[package]]]


@every_package
@pytest.mark.parametrize("inner", ["", ".a.b"])
def test_what_is_not_installed(package, inner, monkeypatch):
    """The package is named, whichever of its modules is wanted."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError) as error:
        import_optional(package + inner, "this")
    extra = EXTRAS[package]
    assert str(error.value) == f'this needs the package {package}: pip install "sknn[{extra}]".'


def test_what_is_installed():
    """It is returned, also from within a package."""
    assert import_optional("os.path", "this") is sys.modules["os.path"]
