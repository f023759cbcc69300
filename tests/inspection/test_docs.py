"""docs/inspection.md: its code runs and it is complete."""

import re
from pathlib import Path

import numpy as np
import pytest

from sknn import inspection

PAGE = Path(__file__).parent.parent.parent / "docs" / "inspection.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.fixture
def names(tmp_path, monkeypatch):
    """Return what the snippets leave behind, run one after the other in an empty folder."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("Agg")
    monkeypatch.chdir(tmp_path)
    names = {}
    for code in SNIPPETS:
        exec(compile(code, PAGE.name, "exec"), names)
    pyplot.close("all")
    return names


def test_snippets_show_what_the_page_says(names):
    """The network is accurate, easily attacked, and ignores image borders."""
    model, X, y = names["model"], names["X"][1500:], names["y"][1500:]
    assert model.score(X, y) > 0.85
    assert model.score(names["worse"], y) <= model.score(names["fooled"], y) < model.score(X, y)
    assert np.mean(model.predict(names["near"]) == 3) > 0.5
    assert names["neighbours"].score(X, y) > 0.85
    assert names["middle"].mean() > names["importance"].importances_mean.mean()
    assert Path("fooled.png").stat().st_size > 1000


def test_page_mentions_every_public_name():
    """But the tuples, whose fields are on it."""
    text = PAGE.read_text(encoding="utf-8")
    for name in {*inspection.__all__} - {"LayerGradients", "LayerOutput"}:
        assert name in text
    for part in inspection.LayerGradients._fields[1:]:
        assert f"| `{part}` |" in text
