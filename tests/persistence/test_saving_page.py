"""What `docs/saving.md` says of saved models is so."""

import re
from pathlib import Path

import sknn
from sknn._version import STATE_FORMAT
from sknn.archives.contents import KEYS
from sknn.persistence.models import CLASSES

PAGE = (Path(__file__).parents[2] / "docs" / "saving.md").read_text(encoding="utf-8")


def test_the_manifest_has_the_keys_of_the_table():
    """All of them, and no other."""
    table = PAGE.split("key of the manifest")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)) == KEYS


def test_the_types_to_trust_are_named_as_they_are():
    """Each class, by the place that skops knows it by."""
    for cls in (*CLASSES.values(), sknn.TableEncoder):
        assert f"`{cls.__module__}.{cls.__qualname__}`" in PAGE


def test_every_format_has_a_row():
    """With the version that wrote it first."""
    rows = re.findall(r"^\| (\d+) \|", PAGE, flags=re.MULTILINE)
    assert list(map(int, rows)) == list(range(STATE_FORMAT + 1))
