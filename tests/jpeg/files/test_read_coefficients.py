"""Coefficients read from files are those that the encoder computed, whatever the file's scans look like."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from jpegpre_tf import jpeg
from jpegpre_tf.jpeg.files.read_coefficients import read_coefficients

SUBSAMPLINGS = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2}
SCANS = (
    {},
    {"optimize": True},
    {"progressive": True},
    {"restart_marker_blocks": 3},
    {"restart_marker_rows": 1, "progressive": True},
)


def file_of(image, quality, subsampling="4:2:0", **options) -> bytes:
    if image.ndim == 3:
        options["subsampling"] = SUBSAMPLINGS[subsampling]
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality, **options)
    return file.getvalue()


def assert_same(received, expected):
    assert (received.height, received.width) == (expected.height, expected.width)
    assert len(received.planes) == len(expected.planes)
    for got, wanted in zip(received.planes, expected.planes, strict=True):
        np.testing.assert_array_equal(got, wanted)


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(("noise", "smooth", "black", "binary", "edge")),
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    seed=st.integers(0, 99),
    quality=st.integers(1, 100),
    subsampling=st.sampled_from(sorted(SUBSAMPLINGS)),
    scans=st.sampled_from(SCANS),
    is_gray=st.booleans(),
)
def test_what_the_encoder_computed_is_read(
    picture, kind, height, width, seed, quality, subsampling, scans, is_gray
):
    image = picture(kind, height, width, seed)
    image = image[..., 0].copy() if is_gray else image
    received = read_coefficients(file_of(image, quality, subsampling, **scans))
    expected = jpeg.encode_coefficients(image, quality, subsampling)
    assert_same(received, expected)
    np.testing.assert_array_equal(received.tables[0], expected.tables[0])
    if not is_gray:
        np.testing.assert_array_equal(received.tables[1], expected.tables[1])
        assert received.subsampling == subsampling


@pytest.mark.parametrize("scans", SCANS)
def test_photos_are_read(photos, scans):
    for photo in photos:
        assert_same(read_coefficients(file_of(photo, 97, **scans)), jpeg.encode_coefficients(photo, 97))


def test_a_scan_of_more_bytes_than_are_read_at_a_time(picture):
    image = picture("noise", 300, 400, 0)
    for scans in SCANS:
        content = file_of(image, 100, **scans)
        assert len(content) > 2 << 16
        assert_same(read_coefficients(content), jpeg.encode_coefficients(image, 100))


def test_damaged_files_are_refused_or_read(photos):
    """Whatever bytes are changed, nothing but a ValueError of one line comes."""
    chance = np.random.default_rng(0)
    refused = 0
    for number in range(200):
        content = bytearray(file_of(photos[number % 3][:64, :64], 50, **SCANS[number % 5]))
        for _ in range(chance.integers(1, 4)):
            content[chance.integers(len(content))] = chance.integers(256)
        # A size that the file can't hold would only cost memory.
        start = content.find(b"\xff\xc2" if b"\xff\xc2" in content else b"\xff\xc0")
        content[start + 5 : start + 9] = bytes((0, 64, 0, 64))
        try:
            read_coefficients(bytes(content))
        except ValueError as error:
            assert "\n" not in str(error)
            refused += 1
    assert 50 < refused < 200


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: b"GIF89a" + content, "not a JPEG file"),
        (lambda content: content[:-2], "truncated: it has no EOI"),
        (lambda content: content[:200], "truncated"),
        (lambda content: content.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc9\x00\x11\x08"), "arithmetic"),
        (lambda content: content.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc1\x00\x11\x0c"), "12 bits"),
        (lambda content: content.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc3\x00\x11\x08"), "lossless"),
        (lambda content: content[:-500] + b"\xff\xd9", "shorter"),
    ],
)
def test_other_files_are_refused(photos, change, message):
    with pytest.raises(ValueError, match=message):
        read_coefficients(change(file_of(photos[0], 75)))
