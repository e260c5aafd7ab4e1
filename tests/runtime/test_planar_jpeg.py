"""Large progressive JPEG files, decoded by planes: the samples that Pillow decodes in one go."""

import io

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf.errors import PictureError
from jpegpre_tf.runtime import decoded as decoded_module
from jpegpre_tf.runtime import open_picture
from jpegpre_tf.runtime.planar_jpeg import decode_planes, is_planar


def file_of(image: Image.Image, **options) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    file.seek(0)
    return file


@pytest.mark.parametrize("quality", [30, 95])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize(("height", "width"), [(2, 2), (3, 5), (17, 300), (300, 17), (211, 318)])
def test_samples_are_libjpegs(picture, quality, progressive, height, width):
    file = file_of(
        Image.fromarray(picture("noise", height, width, seed=height)),
        quality=quality,
        progressive=progressive,
    )
    expected = np.asarray(Image.open(io.BytesIO(file.getvalue())))
    planes = decode_planes(file)
    assert planes.size == (width, height)
    chance = np.random.default_rng(width)
    boxes = [(0, 0, width, height)]
    boxes += [(0, top, width, height) for top in chance.integers(0, height, 8)]
    boxes += [(width // 2, height // 2, width, height), (0, height // 3, width, height // 3 + 1)]
    for left, top, right, bottom in boxes:
        received = np.asarray(planes.crop((left, top, right, bottom)))
        np.testing.assert_array_equal(received, expected[top:bottom, left:right])


@pytest.mark.parametrize("marker", ["jfif", "adobe", "neither"])
def test_only_what_is_surely_ycc_and_420_is_taken_apart(photos, marker):
    image = Image.fromarray(photos[0][:64, :64])
    content = file_of(image).getvalue()
    assert content[2:4] == b"\xff\xe0" and content[4:6] == b"\x00\x10"
    # 0: the three components are stored as they are (RGB). libjpeg believes JFIF first.
    header = {
        "jfif": content[2:20],
        "adobe": b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00",
        "neither": b"",
    }[marker]
    file = io.BytesIO(content[:2] + header + content[20:])
    opened = Image.open(file)
    assert is_planar(opened) == (marker != "adobe")
    if marker != "adobe":
        expected = np.asarray(opened)
        np.testing.assert_array_equal(np.asarray(decode_planes(file).crop((0, 0, 64, 64))), expected)
    for options in ({"subsampling": 0}, {"subsampling": 1}):
        assert not is_planar(Image.open(file_of(image, **options)))
    assert not is_planar(Image.open(file_of(image.convert("L"))))
    assert not is_planar(Image.open(file_of(image.convert("CMYK"))))


@pytest.fixture
def everything_is_large(monkeypatch):
    monkeypatch.setattr(decoded_module, "WHOLE_PIXELS", 100)


def test_open_picture_takes_large_progressive_files_apart(photos, everything_is_large, tmp_path, monkeypatch):
    source = tmp_path / "in.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(photos[0][:300, :211]).save(
        source, progressive=True, quality=80, exif=exif, dpi=(300, 300)
    )
    apart = open_picture(source)
    monkeypatch.setattr(decoded_module, "WHOLE_PIXELS", 1_000_000)
    whole = open_picture(source)
    np.testing.assert_array_equal(apart.pixels, whole.pixels)
    assert (apart.metadata, apart.density, apart.notes) == (whole.metadata, whole.density, whole.notes)


def test_truncated_large_progressive_files_are_refused(photos, everything_is_large, tmp_path):
    content = file_of(Image.fromarray(photos[0][:300, :211]), progressive=True, quality=80).getvalue()
    (tmp_path / "in.jpg").write_bytes(content[: len(content) // 2])
    with pytest.raises(PictureError, match="truncated"):
        open_picture(tmp_path / "in.jpg")
