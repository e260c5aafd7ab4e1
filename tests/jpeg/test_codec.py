"""The NumPy reference equals Pillow: no sample, no byte differs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jpegpre_tf import jpeg
from jpegpre_tf.jpeg.codec import _STRIP_LINES

KINDS = ("noise", "smooth", "black", "white", "one colour", "binary", "grey", "edge")
SIZES = st.integers(1, 70)
SUBSAMPLINGS = ("4:2:0", "4:2:2", "4:4:4")


def assert_equal(real_jpeg, image, quality, subsampling, huffman, tables=None):
    content = real_jpeg.encode(image, quality, subsampling, huffman, tables)
    coefficients = jpeg.encode_coefficients(image, quality, subsampling, tables=tables)
    np.testing.assert_array_equal(jpeg.decode(coefficients), real_jpeg.decode(content))
    assert jpeg.file_size(coefficients, huffman) == len(content)


PICTURES = {
    "kind": st.sampled_from(KINDS),
    "height": SIZES,
    "width": SIZES,
    "seed": st.integers(0, 2**32 - 1),
    "quality": st.integers(1, 100),
    "subsampling": st.sampled_from(SUBSAMPLINGS),
    "huffman": st.sampled_from(("optimized", "standard")),
}


@settings(max_examples=150, deadline=None)
@given(**PICTURES)
def test_equals_pillow(real_jpeg, picture, kind, height, width, seed, quality, subsampling, huffman):
    assert_equal(real_jpeg, picture(kind, height, width, seed), quality, subsampling, huffman)


@pytest.mark.slow
@settings(max_examples=5000, deadline=None)
@given(**PICTURES)
def test_equals_pillow_often(real_jpeg, picture, kind, height, width, seed, quality, subsampling, huffman):
    assert_equal(real_jpeg, picture(kind, height, width, seed), quality, subsampling, huffman)


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(KINDS),
    height=SIZES,
    width=SIZES,
    seed=st.integers(0, 2**32 - 1),
    quality=st.integers(1, 100),
    huffman=st.sampled_from(("optimized", "standard")),
)
def test_grey_files_equal_pillow(real_jpeg, picture, kind, height, width, seed, quality, huffman):
    assert_equal(real_jpeg, picture(kind, height, width, seed)[..., 0], quality, "4:2:0", huffman)


@settings(max_examples=40, deadline=None)
@given(
    entries=st.lists(st.integers(1, 255), min_size=128, max_size=128),
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 2**32 - 1),
    subsampling=st.sampled_from(SUBSAMPLINGS),
)
def test_explicit_tables_equal_pillow(real_jpeg, picture, entries, kind, seed, subsampling):
    luma, chroma = np.array(entries, np.uint16).reshape(2, 8, 8)
    assert_equal(real_jpeg, picture(kind, 33, 41, seed), None, subsampling, "optimized", (luma, chroma))


@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
@pytest.mark.parametrize("quality", [1, 30, 75, 100])
def test_photos_equal_pillow(real_jpeg, photos, quality, subsampling):
    for photo in photos:
        assert_equal(real_jpeg, photo, quality, subsampling, "optimized")


@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
@pytest.mark.parametrize("extra", [-9, -1, 0, 1, 17])
def test_strips_leave_no_seam(real_jpeg, picture, extra, subsampling):
    image = picture("smooth", 2 * _STRIP_LINES + extra, 23, 1)
    assert_equal(real_jpeg, image, 60, subsampling, "optimized")


def test_a_picture_of_many_codes(real_jpeg, picture):
    # More blocks and codes than are worked on at a time.
    assert_equal(real_jpeg, picture("noise", 600, 1100, 2), 100, "4:2:0", "optimized")


def test_file_size_refuses_an_unknown_mode(photos):
    with pytest.raises(ValueError, match=r"`huffman_tables` must be one of .* Received: 'fast'"):
        jpeg.file_size(jpeg.encode_coefficients(photos[0], 50), "fast")


@pytest.mark.parametrize(
    ("image", "received"),
    [
        (np.zeros((4, 4, 4), np.uint8), r"shape=\(4, 4, 4\)"),
        (np.zeros((4, 4, 3), np.float32), "dtype=float32"),
        (np.zeros((0, 4, 3), np.uint8), r"shape=\(0, 4, 3\)"),
        (np.zeros((1, 4, 4, 3), np.uint8), r"shape=\(1, 4, 4, 3\)"),
    ],
)
def test_refuses_other_images(image, received):
    with pytest.raises(ValueError, match=f"`image` must be uint8 .* Received: .*{received}"):
        jpeg.encode_coefficients(image, 50)


TABLE = np.ones((8, 8), np.uint16)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"quality": 0}, "`quality` must be an integer from 1 to 100. Received: quality=0"),
        ({"quality": 50.5}, "`quality` must be an integer from 1 to 100. Received: quality=50.5"),
        ({"quality": 50, "subsampling": "4:1:1"}, "`subsampling` must be one of .* Received: .*4:1:1"),
        ({}, "Give either `quality` or `tables`. Received: neither"),
        ({"quality": 50, "tables": (TABLE, TABLE)}, "Give either `quality` or `tables`. Received: both"),
        ({"tables": (TABLE, TABLE * 0)}, "`tables` must be two integer tables"),
        ({"tables": (TABLE, TABLE[:4])}, "`tables` must be two integer tables"),
        ({"tables": (TABLE, TABLE * 0.5)}, "`tables` must be two integer tables"),
        ({"tables": (TABLE,)}, "`tables` must be two integer tables"),
    ],
)
def test_refuses_other_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        jpeg.encode_coefficients(np.zeros((4, 4, 3), np.uint8), **arguments)
