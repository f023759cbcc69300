"""The page on deployment tells the truth: its code runs."""

import re
from pathlib import Path

import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("skl2onnx")

PAGE = (Path(__file__).parents[2] / "docs/deploy.md").read_text(encoding="utf-8")


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning")
def test_the_page_runs(tmp_path, monkeypatch):
    """From top to bottom, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL))
    exec(compile(code, "deploy.md", "exec"), {})
