import json
import re
from pathlib import Path

import pytest

from jpegpre_tf.cli.main import main

PICTURE = Path(__file__).parents[1] / "pictures/gb82_girl.webp"
MODEL = Path(__file__).parents[1] / "evaluation/data/averaging.tflite"


@pytest.mark.parametrize(
    "options", [["--profile", str(MODEL)], ["--filter", "guided", "--strength", "0.3"], ["--encoder", "webp"]]
)
def test_writes_a_self_contained_page(options, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert main(["compare", str(PICTURE), "-o", str(page), "--quality", "40", "--json", *options]) == 0
    result = json.loads(capsys.readouterr().out)
    edited, equal, same = (result[key] for key in ("edited", "plain_equal_size", "plain_equal_quality"))
    assert equal["size_bytes"] >= edited["size_bytes"]
    assert equal["encoder"] == same["encoder"] == "libjpeg-turbo"
    assert edited["quality"] == same["quality"] == 40
    assert result["saved_percent"] == pytest.approx(
        100 * (1 - edited["size_bytes"] / same["size_bytes"]), abs=1e-3
    )
    assert all(score is not None for score in edited["scores"].values())
    text = page.read_text()
    assert not re.search(r"""(src|href)\s*=\s*["'](?!data:)|url\(|https?://""", text)
    assert "{{" not in text
    assert text.count("data:image/") == 4  # edited, plain twice, original
    assert "gb82_girl.webp" in text


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--encoder", "webp", "--quality", "0"], 2, "quality"),
        (["--filter", "guided", "--strength", "-1"], 2, "strength"),
        (["--filter", "sharpen"], 2, "sharpen"),
        (["--profile", "nosuch"], 1, "nosuch"),
    ],
)
def test_errors_are_one_line(options, code, message, tmp_path, capsys):
    assert main(["compare", str(PICTURE), "-o", str(tmp_path / "page.html"), *options]) == code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and message in lines[0]
    assert not (tmp_path / "page.html").exists()


def test_picture_that_cannot_be_read(tmp_path, capsys):
    (tmp_path / "broken.png").write_bytes(b"nothing")
    page = tmp_path / "page.html"
    assert main(["compare", str(tmp_path / "broken.png"), "-o", str(page), "--encoder", "webp"]) == 1
    assert "broken.png" in capsys.readouterr().err
