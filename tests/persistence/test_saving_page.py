"""docs/saving.md agrees with the code."""

import re
from pathlib import Path

import sknn
from sknn._version import STATE_FORMAT
from sknn.archives.contents import KEYS
from sknn.persistence.models import CLASSES

PAGE = (Path(__file__).parents[2] / "docs" / "saving.md").read_text(encoding="utf-8")


def test_page_lists_the_keys_of_the_manifest():
    """All of them, and no others."""
    table = PAGE.split("key of the manifest")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)) == KEYS


def test_page_names_the_trusted_types():
    """Each class, by the module path that skops uses."""
    for cls in (*CLASSES.values(), sknn.TableEncoder):
        assert f"`{cls.__module__}.{cls.__qualname__}`" in PAGE


def test_page_has_a_row_for_every_format():
    """With the first version that wrote it."""
    rows = re.findall(r"^\| (\d+) \|", PAGE, flags=re.MULTILINE)
    assert list(map(int, rows)) == list(range(STATE_FORMAT + 1))
