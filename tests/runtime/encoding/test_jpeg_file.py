import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from jpegpre_tf import runtime
from jpegpre_tf._padded import empty_pixels
from jpegpre_tf.codecs import get_encoder


@pytest.mark.parametrize(("subsampling", "number"), [("4:4:4", 0), ("4:2:2", 1), ("4:2:0", 2)])
def test_is_what_pillow_writes(photos, subsampling, number):
    file = io.BytesIO()
    Image.fromarray(photos[0]).save(file, "JPEG", quality=75, subsampling=number, optimize=True)
    assert runtime.encode_jpeg(photos[0], 75, subsampling=subsampling) == file.getvalue()


@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 100), st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_size_and_quality_decodes(height, width, quality, gray):
    noise = np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)
    image = Image.open(io.BytesIO(runtime.encode_jpeg(noise, quality, is_gray=gray)))
    image.load()
    assert image.size == (width, height) and image.mode == ("L" if gray else "RGB")


@pytest.mark.parametrize("quality", [90, 94, 95, 100])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
def test_noise_fits_pillows_buffer(quality, subsampling):
    # By itself Pillow fails here with "broken data stream when writing image file".
    noise = np.random.default_rng(0).integers(0, 2, (600, 800, 3), np.uint8) * 255
    before = ImageFile.MAXBLOCK
    jpeg = runtime.encode_jpeg(noise, quality, subsampling=subsampling)
    Image.open(io.BytesIO(jpeg)).load()
    assert before == ImageFile.MAXBLOCK


def test_grey_pixels_come_back_as_they_were():
    ramp = np.tile(np.arange(256, dtype=np.uint8)[:, np.newaxis, np.newaxis], (1, 8, 3))
    decoded = np.asarray(Image.open(io.BytesIO(runtime.encode_jpeg(ramp, 100, is_gray=True))))
    # Quality 100 divides by 1: what is left is the rounding of the DCT, at most 1 level.
    assert np.abs(decoded.astype(int) - ramp[..., 0]).max() <= 1


def test_density_is_written(photos):
    jpeg = runtime.encode_jpeg(photos[0], 75, density=(300, 240))
    assert Image.open(io.BytesIO(jpeg)).info["dpi"] == (300, 240)


@pytest.mark.parametrize("options", [{"quality": 0}, {"quality": 101}, {"subsampling": "4:1:1"}])
def test_wrong_options_are_named(photos, options):
    with pytest.raises(ValueError, match=f"`{next(iter(options))}`.*Received"):
        runtime.encode_jpeg(photos[0], **{"quality": 75} | options)


@pytest.mark.parametrize("scan", ["baseline", "progressive"])
@pytest.mark.parametrize("gray", [False, True])
def test_padded_pixels_make_the_same_file(photos, scan, gray):
    height, width = photos[0].shape[:2]
    padded = empty_pixels(height, width, padded=True)
    padded[:] = photos[0]
    wanted = runtime.encode_jpeg(photos[0], 62.5, scan=scan, is_gray=gray)
    assert runtime.encode_jpeg(padded, 62.5, scan=scan, is_gray=gray) == wanted
    assert get_encoder("libjpeg-turbo").encode_bytes(padded, 60) == runtime.encode_jpeg(photos[0], 60)


def test_parts_of_padded_pixels_are_copied(photos):
    padded = empty_pixels(*photos[0].shape[:2], padded=True)
    padded[:] = photos[0]
    for part in (np.s_[8:], np.s_[:-8], np.s_[:, 8:], np.s_[:, :-8], np.s_[::2], np.s_[..., ::-1]):
        wanted = runtime.encode_jpeg(np.ascontiguousarray(photos[0][part]), 75)
        assert runtime.encode_jpeg(padded[part], 75) == wanted
