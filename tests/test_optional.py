"""Optional dependencies: the table of extras and the error about a missing package."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from sknn._optional import EXTRAS, import_optional

PROJECT = Path(__file__).parent.parent / "pyproject.toml"

every_package = pytest.mark.parametrize("package", EXTRAS)


@every_package
def test_extra_installs_package(package):
    """EXTRAS agrees with pyproject.toml."""
    extras = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert package in [re.split(r"\W", one)[0] for one in extras[EXTRAS[package]]]


@every_package
@pytest.mark.parametrize("inner", ["", ".a.b"])
def test_missing_package_error_names_extra(package, inner, monkeypatch):
    """Also for a submodule of the package."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError) as error:
        import_optional(package + inner, "this")
    extra = EXTRAS[package]
    assert str(error.value) == f'this needs the package {package}: pip install "sknn[{extra}]".'


def test_import_optional_returns_module():
    """Also a submodule."""
    assert import_optional("os.path", "this") is sys.modules["os.path"]
