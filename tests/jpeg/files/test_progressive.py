"""Progressive files are libjpeg's to the byte, and a carrier's is the one that its picture itself would have."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jpegpre_tf import jpeg
from jpegpre_tf.jpeg.carriers.carrier import carrier_pixels
from jpegpre_tf.jpeg.entropy import progressive_ac


def encoded(pixels, quality, **options) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, **options)
    return file.getvalue()


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    kind=st.sampled_from(("smooth", "noise", "edge", "black")),
    seed=st.integers(0, 99),
    quality=st.integers(1, 100),
    subsampling=st.integers(0, 2),
    is_gray=st.booleans(),
    options=st.sampled_from(({}, {"optimize": True}, {"progressive": True}, {"restart_marker_blocks": 2})),
)
def test_it_is_what_libjpeg_writes(
    picture, height, width, kind, seed, quality, subsampling, is_gray, options
):
    image = picture(kind, height, width, seed)
    chosen = {} if is_gray else {"subsampling": subsampling}
    image = image[..., 0].copy() if is_gray else image
    content = encoded(image, quality, **chosen, **options, comment=b"kept")
    wanted = encoded(image, quality, **chosen, progressive=True, comment=b"kept")
    assert jpeg.to_progressive(content) == wanted


@pytest.mark.parametrize("blocks_at_once", [4099, 8192])
def test_long_runs_end_where_libjpeg_ends_them(monkeypatch, blocks_at_once):
    """Runs of more than 32,767 ended blocks, and of more correction bits than libjpeg keeps."""
    monkeypatch.setattr(progressive_ac, "_BLOCKS_AT_ONCE", blocks_at_once)
    empty = np.full((1456, 1456), 128, np.uint8)
    # Coefficients that all scans but the first ones only correct.
    chance = np.random.default_rng(0)
    plane = np.zeros((20, 20, 64), np.int16)
    plane[..., 1:24:2] = chance.choice([-5, 5], (20, 20, 12))
    tables = jpeg.quantization_tables(90)
    large = jpeg.Coefficients((plane.reshape(20, 20, 8, 8),), tables, 160, 160, "4:2:0")
    for image, quality in ((empty, 50), (carrier_pixels(large, tables), 90)):
        assert jpeg.to_progressive(encoded(image, quality)) == encoded(image, quality, progressive=True)


@pytest.mark.parametrize(("height", "width"), [(8, 8), (77, 93), (75, 112), (96, 41)])
def test_a_carrier_of_an_odd_number_of_blocks(photos, height, width):
    """Finished, it is the file that Pillow writes for the picture itself with the same tables."""
    image = photos[0][:height, :width]
    target, own = jpeg.quantization_tables(50), jpeg.quantization_tables(80)
    coefficients = jpeg.encode_coefficients(image, tables=target)
    content = encoded(carrier_pixels(coefficients, own), 80, subsampling=2, progressive=True)
    finished = jpeg.finish(content, own, target, height, width)
    assert finished == encoded(image, 50, subsampling=2, progressive=True)


def test_what_follows_the_picture_is_kept(photos):
    content = encoded(photos[0][:40, :40], 70)
    assert jpeg.to_progressive(content + b"more") == jpeg.to_progressive(content) + b"more"
    with pytest.raises(ValueError, match="truncated"):
        jpeg.to_progressive(content[:-40])
