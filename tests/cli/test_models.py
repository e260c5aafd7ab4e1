import json
import shutil

import pytest

from jpegpre_tf import runtime
from jpegpre_tf.cli.main import main


def test_lists_what_is_shipped(capsys):
    assert main(["models"]) == 0
    assert "balanced" in capsys.readouterr().out


def test_json_is_one_object(capsys):
    assert main(["models", "--json"]) == 0
    described = json.loads(capsys.readouterr().out)
    balanced = next(model for model in described["models"] if model["name"] == "balanced")
    assert balanced["problem"] is None and balanced["files"] and balanced["licence"]


@pytest.fixture
def damaged(tmp_path, monkeypatch):
    shutil.copytree(runtime.find_model("balanced").path, tmp_path / "balanced")
    file = next((tmp_path / "balanced").rglob("*.tflite"))
    file.write_bytes(file.read_bytes()[:-1])
    monkeypatch.setattr("jpegpre_tf.runtime.inference.models.model_folder._shipped_root", lambda: tmp_path)


def test_a_damaged_model_is_reported(damaged, capsys):
    assert main(["models"]) == 1
    output = capsys.readouterr().out
    assert "damaged" in output and "sha256" in output


def test_no_models(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("jpegpre_tf.runtime.inference.models.model_folder._shipped_root", lambda: None)
    assert main(["models"]) == 0
    assert "no models" in capsys.readouterr().out
    assert main(["encode", "x.png", "-o", str(tmp_path)]) == 2


def test_details_are_broken_between_words_on_a_terminal(capsys, monkeypatch):
    assert main(["models", "--details"]) == 0
    whole = capsys.readouterr().out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    assert main(["models", "--details"]) == 0
    broken = capsys.readouterr().out
    start = whole.index("balanced, files:")
    assert broken[broken.index("balanced, files:") :].split() == whole[start:].split()
    assert max(map(len, broken.splitlines())) <= 60 < max(map(len, whole.splitlines()))
