"""Large compressed TIFF files, decoded in bands: the pixels that Pillow decodes in one go."""

import io
import os
import random

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.errors import PictureError
from jpegpre_tf.runtime.pictures import load_pixels as load_module
from jpegpre_tf.runtime.pictures.decode import open_decoded
from jpegpre_tf.runtime.pictures.formats import tiff_strips
from jpegpre_tf.runtime.pictures.formats.tiff_strips import TiffStrips
from tests.corpus.case import package
from tools.check.fuzz_files import mutated


@pytest.fixture(autouse=True)
def small_bands(monkeypatch):
    monkeypatch.setattr(load_module, "WHOLE_PIXELS", 100)
    monkeypatch.setattr(tiff_strips, "_BAND_PIXELS", 5000)


def by_pillow(image: Image.Image, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, "TIFF", **options)
    return file.getvalue()


def by_tifffile(pixels: np.ndarray, **options) -> bytes:
    file = io.BytesIO()
    package("tifffile").imwrite(file, pixels, **options)
    return file.getvalue()


def assert_same_pixels(content: bytes, *, in_bands: bool = True) -> None:
    whole = Image.open(io.BytesIO(content))
    opened = Image.open(io.BytesIO(content))
    if not in_bands:
        with pytest.raises(ValueError, match="not a TIFF file that is decoded in bands"):
            TiffStrips(opened, io.BytesIO(content))
        return
    strips = TiffStrips(opened, io.BytesIO(content))
    assert strips.size == whole.size
    width, height = whole.size
    chance = np.random.default_rng(width)
    boxes = [(0, 0, width, height), (3, 5, width - 4, height - 6)]
    boxes += [(0, top, width, height) for top in chance.integers(0, height, 8).tolist()]
    boxes += [(1, top, width, top + 1) for top in chance.integers(0, height - 1, 8).tolist()]
    for box in boxes:
        received, expected = strips.crop(box), whole.crop(box)
        assert received.mode == expected.mode and received.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    "compression", ["tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "zstd"]
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "CMYK", "I;16"])
def test_pixels_are_pillows(photos, compression, mode):
    pixels = photos[0][:301, :211]
    if mode == "I;16":
        image = Image.fromarray(pixels[..., 0].astype(np.uint16) * 257 + 3)
    else:
        image = Image.fromarray(pixels).convert(mode)
    if mode in ("RGBA", "LA"):
        image.putalpha(Image.fromarray(pixels[..., 1]))
    for rows in (1, 16, 300):
        assert_same_pixels(by_pillow(image, compression=compression, strip_size=rows * 211 * 4))


@pytest.mark.parametrize(("byteorder", "bigtiff"), [("<", False), (">", False), ("<", True)])
@pytest.mark.parametrize("predictor", [False, True])
@pytest.mark.parametrize("tile", [None, (32, 48)])
@pytest.mark.parametrize(("planes", "bits"), [("contig", 8), ("contig", 16), ("separate", 8)])
def test_layouts(photos, byteorder, bigtiff, predictor, tile, planes, bits):
    pixels = photos[1][:301, :211]
    if bits == 16:
        pixels = pixels.astype(np.uint16) * 255
    if planes == "separate":
        pixels = np.moveaxis(pixels, 2, 0)
    content = by_tifffile(
        pixels,
        photometric="rgb",
        planarconfig=planes,
        byteorder=byteorder,
        bigtiff=bigtiff,
        predictor=predictor,
        compression="zlib",
        **({"tile": tile} if tile else {"rowsperstrip": 20}),
    )
    assert_same_pixels(content)


def test_other_files_are_not_decoded_in_bands(photos):
    image = Image.fromarray(photos[0][:301, :211])
    exif = Image.Exif()
    exif[0x0112] = 6
    for content in (
        by_pillow(image),
        by_pillow(image, compression="jpeg"),
        by_pillow(image.convert("1"), compression="group4"),
        by_pillow(image.quantize(17), compression="tiff_lzw"),
        by_pillow(image, compression="tiff_lzw", exif=exif),
    ):
        assert_same_pixels(content, in_bands=False)


def test_a_picture_in_one_strip_is_not_decoded_in_bands(photos, monkeypatch):
    monkeypatch.setattr(tiff_strips, "_MOST_STRIP_PIXELS", 60_000)
    content = by_pillow(Image.fromarray(photos[0][:301, :211]), compression="tiff_lzw", strip_size=1 << 30)
    assert_same_pixels(content, in_bands=False)


def test_strips_that_lie_over_each_other_are_not_multiplied(photos):
    pixels = photos[0][:301, :211]
    content = bytearray(by_pillow(Image.fromarray(pixels), compression="tiff_lzw", strip_size=211 * 3))
    sizes = Image.open(io.BytesIO(content)).tag_v2[279]
    table = content.index(b"".join(size.to_bytes(2, "little") for size in sizes))
    content[table : table + 2 * len(sizes)] = 2 * len(sizes) * b"\xff"
    assert_same_pixels(bytes(content), in_bands=False)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_open_picture_decodes_large_files_in_bands(photos, tmp_path, monkeypatch, mode):
    image = Image.fromarray(photos[0][:301, :211]).convert(mode)
    if mode == "RGBA":
        image.putpixel((200, 290), (0, 0, 0, 0))
    exif = Image.Exif()
    exif[0x010F] = "x" * 9000  # more than a file's buffer holds
    exif.get_ifd(0x8769)[0x9003] = "2020:01:01 00:00:00"
    exif.get_ifd(0x8825)[2] = (1.0, 2.0, 3.0)
    source = tmp_path / "in.tif"
    image.save(source, compression="tiff_lzw", exif=exif, dpi=(300, 300), icc_profile=b"no profile")
    assert isinstance(open_decoded(source).raster._image, TiffStrips)
    in_bands = runtime.open_picture(source)
    monkeypatch.setattr(load_module, "WHOLE_PIXELS", 1_000_000)
    whole = runtime.open_picture(source)
    np.testing.assert_array_equal(in_bands.pixels, whole.pixels)
    assert (in_bands.metadata, in_bands.density, in_bands.notes) == (
        whole.metadata,
        whole.density,
        whole.notes,
    )
    assert len(whole.metadata.exif) > 9000 and len(whole.notes) == (mode == "RGBA")


def test_a_file_that_changes_meanwhile_is_refused(photos, tmp_path):
    source = tmp_path / "in.tif"
    Image.fromarray(photos[0]).save(source, compression="tiff_lzw")
    raster = open_decoded(source).raster
    raster.rows(0, 10)
    os.truncate(source, 1000)
    with pytest.raises(PictureError, match="changed while it was read"):
        raster.rows(400, 500)


def test_no_handle_is_left_open(photos, tmp_path):
    source = tmp_path / "in.tif"
    Image.fromarray(photos[0]).save(source, compression="tiff_lzw")
    raster = open_decoded(source).raster
    held = raster._image._file
    raster.close()
    assert held.closed


def test_damaged_files_have_the_outcome_of_the_whole(photos, tmp_path, monkeypatch):
    image = Image.fromarray(photos[0][:61, :51])
    seeds = [
        by_pillow(image, compression=name, strip_size=51 * 3 * 8)
        for name in ("tiff_lzw", "tiff_adobe_deflate")
    ]
    monkeypatch.setattr(tiff_strips, "_BAND_PIXELS", 500)
    source = tmp_path / "in.tif"
    outcomes: dict[str, int] = {}
    for number in range(400):
        chance = random.Random(number)
        source.write_bytes(mutated(chance.choice(seeds), chance, seeds))
        received = []
        for limit in (100, 10_000_000):
            monkeypatch.setattr(load_module, "WHOLE_PIXELS", limit)
            try:
                received.append(runtime.open_picture(source, max_pixels=100_000).pixels.tobytes())
            except PictureError as error:
                received.append(str(error))
        assert received[0] == received[1], number
        kind = type(received[0]).__name__
        outcomes[kind] = outcomes.get(kind, 0) + 1
    assert min(outcomes.values()) > 50
