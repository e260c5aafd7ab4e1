import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from jpegpre_tf.cli.main import main

PICTURE = Path(__file__).parents[2] / "pictures/gb82_girl.webp"
MODEL = Path(__file__).parents[2] / "evaluation/data/averaging.tflite"


@pytest.mark.parametrize(
    "options", [["--profile", str(MODEL)], ["--filter", "guided", "--strength", "0.3"], ["--against", "webp"]]
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
        (["--against", "webp", "--quality", "0"], 2, "quality"),
        (["--filter", "guided", "--strength", "-1"], 2, "strength"),
        (["--filter", "sharpen"], 2, "sharpen"),
        (["--profile", "nosuch"], 2, "nosuch"),
    ],
)
def test_errors_are_one_line(options, code, message, tmp_path, capsys):
    assert main(["compare", str(PICTURE), "-o", str(tmp_path / "page.html"), *options]) == code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and message in lines[0]
    assert not (tmp_path / "page.html").exists()


def test_an_input_is_never_overwritten(tmp_path, capsys):
    source = tmp_path / "in.html"
    source.write_bytes(PICTURE.read_bytes())
    for target in (source, tmp_path / "page.png"):
        assert main(["compare", str(source), "-o", str(target), "--against", "webp"]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert source.read_bytes() == PICTURE.read_bytes() and not (tmp_path / "page.png").exists()


@pytest.mark.parametrize("size", [(1, 1), (9, 30), (101, 67)])
def test_any_size(size, tmp_path, capsys):
    Image.open(PICTURE).convert("RGB").resize(size).save(tmp_path / "in.png")
    arguments = ["compare", str(tmp_path / "in.png"), "-o", str(tmp_path / "page.html"), "--json"]
    assert main([*arguments, "--filter", "guided"]) == 0
    scores = json.loads(capsys.readouterr().out)["edited"]["scores"]
    assert (scores["psnr_hvs_m"] is None) == (min(size) < 8)


def test_picture_that_cannot_be_read(tmp_path, capsys):
    (tmp_path / "broken.png").write_bytes(b"nothing")
    page = tmp_path / "page.html"
    assert main(["compare", str(tmp_path / "broken.png"), "-o", str(page), "--against", "webp"]) == 1
    assert "broken.png" in capsys.readouterr().err


def test_from_stdin_to_stdout_with_the_options_of_encode(tmp_path, monkeypatch, capfdbinary):
    clear = Image.new("RGBA", (48, 32), (0, 0, 0, 0))
    clear.save(tmp_path / "clear.png")
    with (tmp_path / "clear.png").open("rb") as file:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(file))
        assert main(["compare", "-", "-o", "-", "--against", "webp", "--metrics", "psnr_y"]) == 0
    out, err = capfdbinary.readouterr()
    assert out.startswith(b"<!doctype html>")
    assert b"at quality 75" in err and b"put on white" in err
    source = str(tmp_path / "clear.png")
    assert main(["compare", source, "-o", str(tmp_path / "p.html"), "--max-pixels", "100"]) == 1
