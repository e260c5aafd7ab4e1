"""`jpegpre optimize`: files as promised, errors in one line before the work."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf.cli.main import main


@pytest.fixture
def photo(tmp_path: Path, city: np.ndarray) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(city).save(path)
    return path


@pytest.mark.slow
def test_quality_and_size(photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.jpg"
    arguments = ["optimize", str(photo), "-o", str(out), "--rounds", "4", "--json"]
    assert main([*arguments, "--quality", "40"]) == 0
    described = json.loads(capsys.readouterr().out)
    assert described["size_bytes"] == out.stat().st_size < described["size_bytes_plain"]
    assert described["gain_percent"] > 0 and described["quality"] == 40
    limit = described["size_bytes"] + 200
    assert main([*arguments, "--target-size", str(limit)]) == 0
    described = json.loads(capsys.readouterr().out)
    assert 0.85 * limit < out.stat().st_size <= limit
    assert described["quality"] >= 40


def test_mistakes_are_one_line(photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*arguments: str) -> tuple[int, str]:
        code = main(["optimize", *arguments])
        return code, capsys.readouterr().err

    out = str(tmp_path / "out.jpg")
    code, line = said(str(photo), "-o", str(tmp_path / "out.png"), "--quality", "50")
    assert code == 2 and "expected a .jpg" in line and line.count("\n") == 1
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder.jpg").mkdir()
    for taken in (tmp_path / "file" / "out.jpg", tmp_path / "folder.jpg"):
        code, line = said(str(photo), "-o", str(taken), "--quality", "50")
        assert code == 1 and "cannot write" in line and line.count("\n") == 1
    code, line = said(str(photo), "-o", out, "--quality", "0")
    assert code == 2 and "--quality" in line
    code, line = said(str(tmp_path / "none.png"), "-o", out, "--quality", "50")
    assert code == 1 and "none.png" in line and line.count("\n") == 1
    code, line = said(str(photo), "-o", out, "--quality", "50", "--profile", "no-such")
    assert code == 2 and "no-such" in line
    assert not Path(out).exists()
