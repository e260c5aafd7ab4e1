"""Levels read back from files, against the coefficients that the NumPy reference says libjpeg-turbo wrote."""

import io

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf import jpeg
from jpegpre_tf.errors import JpegpreError
from jpegpre_tf.jpeg.tables import quantization_tables
from jpegpre_tf.training.neural.quantized_file import read_quantized, read_tables


@pytest.mark.parametrize(("height", "width"), [(128, 160), (121, 150), (16, 16), (40, 17)])
@pytest.mark.parametrize("quality", [5, 50, 80, 90])
@pytest.mark.parametrize("progressive", [False, True])
def test_levels_are_the_files(photos, height, width, quality, progressive):
    for photo in photos:
        image = np.ascontiguousarray(photo[:height, :width])
        file = io.BytesIO()
        Image.fromarray(image).save(
            file, "JPEG", quality=quality, subsampling="4:2:0", progressive=progressive
        )
        read = read_quantized(file.getvalue())
        written = jpeg.encode_coefficients(image, quality)
        luma, chroma = quantization_tables(quality)
        np.testing.assert_array_equal(read.tables, np.stack([luma, chroma, chroma]).reshape(3, 64))
        for quantized, known, plane in zip(read.quantized, read.known, written.planes, strict=True):
            expected = plane.reshape(*plane.shape[:2], 64)
            assert quantized.shape == expected.shape
            off = np.append(np.abs(quantized - expected)[known], 0)
            assert off.max() <= 1 and np.mean(off > 0) <= (0.0 if quality <= 50 else 0.001)
            if min(height, width) > 40:
                assert known.mean() > 0.1


def test_steps_of_one_level_are_not_trusted(photos):
    file = io.BytesIO()
    Image.fromarray(photos[0]).save(file, "JPEG", quality=97, subsampling="4:2:0")
    read = read_quantized(file.getvalue())
    assert (read.tables[0] == 1).any() and not read.known[0][..., read.tables[0] == 1].any()
    assert read.known[0][..., read.tables[0] > 4].mean() > 0.5


def test_blocks_that_cannot_be_told_are_marked(picture):
    image = picture("binary", 40, 24, seed=0)  # clipped everywhere
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=95, subsampling="4:2:0")
    assert not read_quantized(file.getvalue()).known[0].any()
    soft = np.full((20, 20, 3), 128, np.uint8)
    soft += np.arange(20, dtype=np.uint8)[:, None, None]
    file = io.BytesIO()
    Image.fromarray(soft).save(file, "JPEG", quality=50, subsampling="4:2:0")
    known = read_quantized(file.getvalue()).known
    # 20 pixels: the third luma block and the second chroma block are partly outside.
    np.testing.assert_array_equal(known[0][..., 0], np.outer([1, 1, 0], [1, 1, 0]))
    np.testing.assert_array_equal(known[1][..., 0], np.outer([1, 0], [1, 0]))


@pytest.mark.parametrize(
    ("mode", "options", "message"),
    [("RGB", {"subsampling": "4:4:4"}, "4:2:0"), ("L", {}, "4:2:0"), ("CMYK", {}, "CMYK")],
)
def test_other_files_are_refused(mode, options, message):
    file = io.BytesIO()
    Image.new(mode, (32, 32)).save(file, "JPEG", **options)
    for reader in (read_quantized, read_tables):
        with pytest.raises(JpegpreError, match=message):
            reader(file.getvalue())


def test_what_is_no_picture_is_refused():
    with pytest.raises(JpegpreError, match="not a JPEG"):
        read_tables(b"nothing of the kind")
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    with pytest.raises(JpegpreError, match="PNG"):
        read_tables(file.getvalue())
