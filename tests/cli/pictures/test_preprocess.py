import json

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.cli.main import main


def test_writes_the_sessions_pixels_lossless(photo, tmp_path, capsys):
    target = tmp_path / "x.png"
    assert main(["preprocess", str(photo), "-o", str(target), "--quality", "40", "--json"]) == 0
    described = json.loads(capsys.readouterr().out)
    assert (described["width"], described["height"], described["quality"]) == (576, 576, 40)
    expected = runtime.load("balanced")(runtime.open_picture(photo).pixels, 40)
    np.testing.assert_array_equal(np.asarray(Image.open(target)), expected)


def test_strength_0_writes_the_input(photo, tmp_path):
    target = tmp_path / "x.png"
    assert main(["preprocess", str(photo), "-o", str(target), "--quality", "40", "--strength", "0"]) == 0
    np.testing.assert_array_equal(np.asarray(Image.open(target)), runtime.open_picture(photo).pixels)


def test_carries_orientation_and_profile_and_stays_grey(photo, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(photo).convert("L").save(tmp_path / "in.jpg", exif=exif, icc_profile=b"profile")
    assert (
        main(["preprocess", str(tmp_path / "in.jpg"), "-o", str(tmp_path / "x.png"), "--quality", "75"]) == 0
    )
    image = Image.open(tmp_path / "x.png")
    assert image.mode == "L" and image.size == (576, 576)
    assert image.getexif()[0x0112] == 6 and image.info["icc_profile"] == b"profile"


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["missing.png", "-o", "x.png", "--quality", "75"], 1, "No such file"),
        (["in.png", "-o", "x.jpg", "--quality", "75"], 2, "PNG"),
        (["in.png", "-o", "in.png", "--quality", "75"], 2, "overwritten"),
        (["in.png", "-o", "x.png", "--quality", "0"], 2, "--quality"),
        (["in.png", "-o", "x.png", "--quality", "75", "--profile", "nope"], 2, "nope"),
        (["in.png", "-o", "in.png/x.png", "--quality", "75"], 1, "cannot write"),
    ],
)
def test_errors_are_one_line(tmp_path, monkeypatch, capsys, arguments, code, reason):
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 8)).save("in.png")
    assert main(["preprocess", *arguments]) == code
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and reason in error
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]
