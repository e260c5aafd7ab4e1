"""Examples run on tiny data, and their notebooks are the scripts."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.docs.notebooks import notebook_of, text_of

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_the_notebook_is_current(script: Path) -> None:
    """After a change: python tools/docs/notebooks.py."""
    assert script.with_suffix(".ipynb").read_text(encoding="utf-8") == text_of(script)


def test_cells_of_a_script() -> None:
    cells = notebook_of("# %% [markdown]\n# # A\n#\n# b\n\n# %%\nx = 1\n\n\ny = 2\n")["cells"]
    assert [cell["cell_type"] for cell in cells] == ["markdown", "code"]
    assert ["".join(cell["source"]) for cell in cells] == ["# A\n\nb", "x = 1\n\n\ny = 2"]


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_the_example_runs(script: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow", reason="needs the extra [train]")
    words = [sys.executable, str(script), str(ROOT / "tests/pictures"), str(tmp_path / "out"), "2"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, env=None)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "out").glob("*.keras")) and done.stdout.strip()
