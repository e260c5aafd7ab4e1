"""Examples run on tiny data, cell by cell as their notebooks do, which are the scripts."""

import json
import linecache
import sys
from pathlib import Path

import pytest

from tools.docs.notebooks import notebook_of, text_of

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))
# What each leaves behind.
MADE = {
    "custom_encoder": ["simulator/model.keras", "rate/model.keras", "model.keras"],
    "custom_metric": ["model.keras"],
    "export_and_run": ["mine/tflite/int8.tflite", "mine/model.json", "gb82_city.jpg"],
    "keras_layers_in_my_model": ["restore.keras"],
    "learn_tables": ["tables.json"],
    "train_preprocessor": ["model.keras", "tables.json"],
}


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
def test_the_example_runs(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process, which has TensorFlow already: six imports of it would take longer than the examples."""
    pytest.importorskip("tensorflow", reason="needs the extra [train]")
    out = tmp_path / "out"
    monkeypatch.setattr(sys, "argv", [str(script), str(ROOT / "tests/pictures"), str(out), "2"])
    notebook = json.loads(script.with_suffix(".ipynb").read_text(encoding="utf-8"))
    namespace = {"__name__": "__main__"}
    for number, cell in enumerate(cell for cell in notebook["cells"] if cell["cell_type"] == "code"):
        name, source = f"<{script.stem} {number}>", "".join(cell["source"])
        # AutoGraph reads the source of what it compiles, as in Jupyter.
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        exec(compile(source, name, "exec"), namespace)
    assert [made for made in MADE[script.stem] if not (out / made).is_file()] == []
    assert capsys.readouterr().out.strip()
