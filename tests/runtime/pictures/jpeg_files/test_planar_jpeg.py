"""Large progressive JPEG files, decoded by planes: the samples that Pillow decodes in one go."""

import io

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf.errors import PictureError
from jpegpre_tf.runtime import open_picture
from jpegpre_tf.runtime.pictures import load_pixels as load_module
from jpegpre_tf.runtime.pictures.decode import open_decoded
from jpegpre_tf.runtime.pictures.jpeg_files.planar_jpeg import (
    PlanarJpeg,
    decode_halved,
    decode_planes,
    planar_factors,
)
from tests.corpus.case import cjpeg


def file_of(image: Image.Image, **options) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    file.seek(0)
    return file


@pytest.mark.usefixtures("large_buffer")
@pytest.mark.parametrize("quality", [30, 95])
@pytest.mark.parametrize(
    ("way", "subsampling"), [("components", 0), ("components", 1), ("components", 2), ("halved", 2)]
)
@pytest.mark.parametrize(("height", "width"), [(2, 2), (3, 5), (17, 300), (300, 17), (211, 318)])
def test_samples_are_libjpegs(picture, quality, way, subsampling, height, width):
    file = file_of(
        Image.fromarray(picture("noise", height, width, seed=height)),
        quality=quality,
        progressive=True,
        subsampling=subsampling,
    )
    whole = Image.open(io.BytesIO(file.getvalue()))
    expected = np.asarray(whole)
    planes = decode_halved(file) if way == "halved" else decode_planes(file, planar_factors(whole))
    assert planes.size == (width, height)
    chance = np.random.default_rng(width)
    boxes = [(0, 0, width, height)]
    boxes += [(0, top, width, height) for top in chance.integers(0, height, 8)]
    boxes += [(width // 2, height // 2, width, height), (0, height // 3, width, height // 3 + 1)]
    for left, top, right, bottom in boxes:
        received = np.asarray(planes.crop((left, top, right, bottom)))
        np.testing.assert_array_equal(received, expected[top:bottom, left:right])


@pytest.mark.parametrize("marker", ["jfif", "adobe", "neither"])
def test_only_what_is_surely_ycc_is_taken_apart(photos, marker):
    image = Image.fromarray(photos[0][:64, :64])
    content = file_of(image, progressive=True).getvalue()
    assert content[2:4] == b"\xff\xe0" and content[4:6] == b"\x00\x10"
    # 0: the three components are stored as they are (RGB). libjpeg believes JFIF first.
    header = {
        "jfif": content[2:20],
        "adobe": b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00",
        "neither": b"",
    }[marker]
    file = io.BytesIO(content[:2] + header + content[20:])
    opened = Image.open(file)
    assert planar_factors(opened) == (None if marker == "adobe" else (2, 2))
    if marker != "adobe":
        expected = np.asarray(opened)
        for planes in (decode_planes(file, (2, 2)), decode_halved(file)):
            np.testing.assert_array_equal(np.asarray(planes.crop((0, 0, 64, 64))), expected)
    assert planar_factors(Image.open(file_of(image, subsampling=0))) == (1, 1)
    assert planar_factors(Image.open(file_of(image, subsampling=1))) == (2, 1)
    for sampling in ("1x2", "4x1", "2x2,2x1,1x2"):
        assert planar_factors(Image.open(io.BytesIO(cjpeg("-sample", sampling, image=image)))) is None
    assert planar_factors(Image.open(file_of(image.convert("L")))) is None
    assert planar_factors(Image.open(file_of(image.convert("CMYK")))) is None


@pytest.fixture
def everything_is_large(monkeypatch):
    monkeypatch.setattr(load_module, "WHOLE_PIXELS", 100)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_open_picture_takes_large_progressive_files_apart(
    photos, everything_is_large, tmp_path, monkeypatch, subsampling
):
    source = tmp_path / "in.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(photos[0][:300, :211]).save(
        source, progressive=True, quality=80, exif=exif, dpi=(300, 300), subsampling=subsampling
    )
    assert isinstance(open_decoded(source).raster._image, PlanarJpeg)
    apart = open_picture(source)
    monkeypatch.setattr(load_module, "WHOLE_PIXELS", 1_000_000)
    whole = open_picture(source)
    np.testing.assert_array_equal(apart.pixels, whole.pixels)
    assert (apart.metadata, apart.density, apart.notes) == (whole.metadata, whole.density, whole.notes)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_truncated_large_progressive_files_are_refused(photos, everything_is_large, tmp_path, subsampling):
    image = Image.fromarray(photos[0][:300, :211])
    content = file_of(image, progressive=True, quality=80, subsampling=subsampling).getvalue()
    (tmp_path / "in.jpg").write_bytes(content[: len(content) // 2])
    with pytest.raises(PictureError, match="truncated"):
        open_picture(tmp_path / "in.jpg")


@pytest.mark.parametrize("sampling", ["1x1", "2x1", "2x2"])
def test_large_files_that_are_not_taken_apart_are_decoded_all_the_same(
    photos, everything_is_large, tmp_path, sampling
):
    content = cjpeg("-sample", sampling, "-progressive", "-arithmetic", image=Image.fromarray(photos[0]))
    (tmp_path / "in.jpg").write_bytes(content)
    expected = np.asarray(Image.open(io.BytesIO(content)))
    np.testing.assert_array_equal(open_picture(tmp_path / "in.jpg").pixels, expected)
