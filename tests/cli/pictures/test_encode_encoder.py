"""`jpegpre encode --encoder`: MozJPEG and jpegli in the place of the plain encoder."""

import io
import json
import sys

import numpy as np
import pytest
from PIL import Image, ImageCms

from jpegpre_tf import runtime
from jpegpre_tf.cli.main import main
from jpegpre_tf.codecs import get_encoder
from jpegpre_tf.errors import PictureError

OTHERS = ("mozjpeg", "jpegli")


@pytest.fixture
def source(photo, tmp_path):
    """A PNG of 160x120, with fine detail, EXIF, a colour profile and a resolution."""
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = tmp_path / "in.png"
    crop = Image.open(photo.with_name("gb82_city.webp")).convert("RGB").crop((200, 200, 360, 320))
    crop.save(path, exif=exif, icc_profile=profile, dpi=(300, 240))
    return path


def encoded(source, target, capsys, *options: str) -> dict:
    capsys.readouterr()
    assert main(["encode", str(source), "-o", str(target), "--json", *options]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize("name", OTHERS)
def test_files_are_the_other_encoders(source, tmp_path, capsys, name):
    target = tmp_path / "x.jpg"
    row = encoded(source, target, capsys, "--encoder", name, "--quality", "60", "--strength", "0")
    pixels = np.asarray(Image.open(source))
    expected = get_encoder(name).encode(pixels, 60)
    with Image.open(target) as image:
        np.testing.assert_array_equal(np.asarray(image), expected.decoded)
        assert image.quantization == Image.open(io.BytesIO(expected.data)).quantization
        assert image.getexif()[0x010F] == "Maker" and image.info["icc_profile"]
        assert (image.info["jfif_unit"], image.info["dpi"]) == (1, (300, 240))
    assert row["encoder"] == name and row["size_bytes"] == row["size_bytes_plain"] == target.stat().st_size
    # The network's pixels, and the same encoder without them to compare with.
    edited = encoded(source, target, capsys, "--encoder", name, "--quality", "60")
    assert edited["size_bytes_plain"] == row["size_bytes"] > edited["size_bytes"]
    session = runtime.load("balanced")
    np.testing.assert_array_equal(
        np.asarray(Image.open(target)), get_encoder(name).encode(session(pixels, 60), 60).decoded
    )


def test_the_plain_encoder_can_be_named(source, tmp_path, capsys):
    rows = [encoded(source, tmp_path / "a.jpg", capsys)]
    rows.append(encoded(source, tmp_path / "b.jpg", capsys, "--encoder", "libjpeg-turbo"))
    assert rows[0]["encoder"] == rows[1]["encoder"] == "libjpeg-turbo"
    assert (tmp_path / "a.jpg").read_bytes() == (tmp_path / "b.jpg").read_bytes()


def test_grey_stays_grey_where_the_encoder_can(photo, tmp_path, capsys):
    gray = Image.open(photo).convert("L").crop((100, 100, 260, 220))
    gray.save(tmp_path / "in.png")
    for name, mode in (("mozjpeg", "L"), ("jpegli", "RGB")):
        row = encoded(tmp_path / "in.png", tmp_path / "x.jpg", capsys, "--encoder", name, "--quality", "90")
        with Image.open(tmp_path / "x.jpg") as image:
            assert image.mode == mode
            # 40 dB: a mean squared error of 6.5.
            assert np.mean((np.asarray(image.convert("L"), float) - np.asarray(gray)) ** 2) < 6.5
        assert any("takes no grey" in note for note in row["notes"]) == (mode == "RGB")


@pytest.mark.parametrize("name", OTHERS)
def test_a_target_size_is_met_with_whole_qualities(source, tmp_path, capsys, name):
    options = ["--encoder", name, "--target-size", "5kB", "--metadata", "strip"]
    row = encoded(source, tmp_path / "x.jpg", capsys, *options)
    assert row["size_bytes"] <= 5000 and isinstance(row["quality"], int)
    # No step of quality here is as large as a fifth of the file.
    assert row["size_bytes"] > 4000


@pytest.mark.parametrize("name", OTHERS)
def test_an_input_never_grows(source, tmp_path, capsys, name):
    Image.open(source).save(tmp_path / "in.jpg", quality=30, optimize=True)
    row = encoded(tmp_path / "in.jpg", tmp_path / "x.jpg", capsys, "--encoder", name, "--quality", "95")
    assert row["size_bytes"] <= row["size_bytes_input"] and row["quality"] <= 30


def test_jobs_and_resume_know_the_encoder(source, tmp_path, capsys):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for number in range(4):
        Image.open(source).crop((number, 0, 120, 80)).save(folder / f"{number}.png")
    files = []
    for options in (["--jobs", "1"], ["--jobs", "2"], ["--resume"]):
        assert main(["encode", str(folder), "-o", str(out), "--encoder", "mozjpeg", *options]) == 0
        files.append([path.read_bytes() for path in sorted(out.glob("*.jpg"))])
    assert files[0] == files[1] == files[2] and "4 of 4 pictures" in capsys.readouterr().err
    assert main(["encode", str(folder), "-o", str(out), "--encoder", "jpegli", "--resume"]) == 0
    assert "nothing had been done" in capsys.readouterr().err
    assert [path.read_bytes() for path in sorted(out.glob("*.jpg"))] != files[0]


@pytest.mark.parametrize(
    "options",
    [
        ["--encoder", "guetzli"],
        ["--encoder", "webp"],
        ["--encoder", "mozjpeg", "--subsampling", "4:2:2"],
        ["--encoder", "jpegli", "--subsampling", "4:4:4"],
    ],
)
def test_wrong_encoders_are_one_line(source, tmp_path, capsys, options):
    assert main(["encode", str(source), "-o", str(tmp_path / "x.jpg"), *options]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "--encoder" in error and not (tmp_path / "x.jpg").exists()


@pytest.mark.parametrize(("name", "package"), [("mozjpeg", "pyvips"), ("jpegli", "pyjpegli")])
def test_a_missing_extra_is_one_line(source, tmp_path, capsys, monkeypatch, name, package):
    monkeypatch.setitem(sys.modules, package, None)
    assert main(["encode", str(source), "-o", str(tmp_path / "x.jpg"), "--encoder", name]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and package in error and "pip install 'jpegpre-tf[evaluate]'" in error


def test_an_encoder_that_fails_names_the_picture(source, tmp_path):
    class Failing:
        name, takes_gray = "failing", False

        def encode_bytes(self, image, quality):
            raise RuntimeError("no luck\nat all")

    with pytest.raises(PictureError, match=r"in.png': encoder failing failed: no luck$"):
        runtime.encode_file(source, tmp_path / "x.jpg", runtime.load("balanced"), encoder=Failing())
    assert not (tmp_path / "x.jpg").exists()
