"""BMP of bit fields and with profiles, PAM and PFM, against ImageMagick and exiftool."""

import struct

import numpy as np
import pytest

from jpegpre_tf.errors import PictureError
from jpegpre_tf.runtime.pictures.metadata.metadata import insert_metadata
from jpegpre_tf.runtime.pictures.picture import open_content
from jpegpre_tf.runtime.pictures.pixels.color_description import ColorDescription
from tests.runtime.pictures.made_files import by_imagemagick, photo, saved, tags

PIXELS = photo(53, 40)  # an odd width: rows are filled up to four bytes


def bitmap(
    masks: tuple[int, ...],
    bits: int,
    *,
    alpha: int = 255,
    header_bytes: int = 40,
    is_top_down: bool = False,
    icc: bytes = b"",
    density: int = 0,
) -> bytes:
    """A BMP file of bit fields; three masks or, with alpha, four."""
    height, width = PIXELS.shape[:2]
    samples = [*np.moveaxis(PIXELS, -1, 0).astype(np.uint64), np.full((height, width), alpha, np.uint64)]
    values = np.zeros((height, -(-width * bits // 32) * 32 // bits), np.uint64)
    for mask, plane in zip(masks, samples, strict=False):
        if mask:
            low = (mask & -mask).bit_length() - 1
            most = mask >> low
            values[:, :width] |= (plane * most + 127) // 255 << low
    rows = values if is_top_down else values[::-1]
    data = rows.astype(f"<u{bits // 8}").tobytes()
    compression = 6 if header_bytes == 40 and len(masks) == 4 else 3
    header = struct.pack(
        "<IiiHHIIiiII",
        header_bytes,
        width,
        -height if is_top_down else height,
        1,
        bits,
        compression,
        len(data),
        density,
        density,
        0,
        0,
    )
    header += struct.pack(f"<{len(masks)}I", *masks)
    if header_bytes > 40:
        header = header.ljust(header_bytes, b"\0")
    at = 14 + len(header)
    if icc:
        end = header_bytes + len(data)
        header = header[:56] + b"DEBM" + header[60:112] + struct.pack("<II", end, len(icc)) + header[120:]
    return b"BM" + struct.pack("<IHHI", at + len(data) + len(icc), 0, 0, at) + header + data + icc


@pytest.mark.codec
@pytest.mark.parametrize(
    ("masks", "bits", "options"),
    [
        ((0x3FF00000, 0xFFC00, 0x3FF), 32, {}),
        ((0xFF00, 0xFF0000, 0xFF000000), 32, {"is_top_down": True}),
        ((0xFF, 0xFF00, 0xFF0000), 32, {"header_bytes": 108}),
        ((0xF800, 0x7E0, 0x1F), 16, {}),
        ((0x7C00, 0x3E0, 0x1F), 16, {"header_bytes": 56}),
        ((0x1F, 0x7E0, 0xF800), 16, {}),
    ],
)
def test_bit_fields_are_what_imagemagick_reads(masks, bits, options):
    content = bitmap(masks, bits, **options)
    # ImageMagick fills five bits up by copying the upper ones, up to three levels off from rounding.
    difference = np.abs(open_content(content).pixels.astype(int) - by_imagemagick(content, "bmp"))
    assert difference.max() <= (3 if bits == 16 else 1)


def test_four_bits_a_color_are_rounded():
    content = bitmap((0xF00, 0xF0, 0xF), 16)
    expected = (PIXELS.astype(int) * 15 + 127) // 255 * 17
    np.testing.assert_array_equal(open_content(content).pixels, expected)


@pytest.mark.parametrize("header_bytes", [40, 56, 124])
def test_alpha_counts_unless_it_is_zero_everywhere(header_bytes):
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    options = {"bits": 32, "header_bytes": header_bytes}
    for alpha in (0, 255):
        picture = open_content(bitmap(masks, alpha=alpha, **options))
        np.testing.assert_array_equal(picture.pixels, PIXELS)
        assert picture.notes == ()
    half = open_content(bitmap(masks, alpha=51, **options))
    assert "transparency" in half.notes[0]
    expected = np.rint(255 + (PIXELS.astype(float) - 255) * 0.2)
    assert np.abs(half.pixels - expected).max() <= 1


@pytest.mark.codec
def test_the_profile_of_version_5_and_the_resolution_are_carried():
    icc = ColorDescription(12, 13).profile()
    content = bitmap((0xFF0000, 0xFF00, 0xFF), 32, header_bytes=124, icc=icc, density=11811)
    picture = open_content(content)
    assert picture.metadata.icc == icc and picture.density == (300, 300)
    names = ("-s3", "-ProfileDescription", "-RedMatrixColumn")
    assert (
        tags(insert_metadata(saved(PIXELS, "JPEG"), picture.metadata), *names) == tags(content, *names) != ""
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (bitmap((0xF0F, 0xF0, 0xF000), 16), "gaps or overlap"),
        (bitmap((0xFF, 0x1FF, 0xFF0000), 32), "gaps or overlap"),
        (bitmap((0, 0, 0), 32), "no color"),
        (bitmap((0xF00, 0xF0, 0xF), 16)[:-500], "truncated"),
        (b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 9, 9, 1, 0, 4) + bytes(99), "holds a JPEG file"),
    ],
)
def test_other_bit_fields_are_refused(content, reason):
    with pytest.raises(PictureError, match=reason):
        open_content(content)


def pam(pixels: np.ndarray, most: int, kind: str, *, comment: str = "") -> bytes:
    height, width, depth = pixels.shape
    values = (pixels.astype(np.uint32) * most + 127) // 255
    header = f"P7\n{comment}WIDTH {width}\nHEIGHT {height}\nDEPTH {depth}\nMAXVAL {most}\n{kind}ENDHDR\n"
    return header.encode() + values.astype(">u2" if most > 255 else "u1").tobytes()


@pytest.mark.codec
@pytest.mark.parametrize(
    ("pixels", "most", "kind"),
    [
        (PIXELS, 255, "TUPLTYPE RGB\n"),
        (PIXELS, 1023, "TUPLTYPE RGB\n"),
        (PIXELS, 65535, ""),
        (PIXELS[..., :1], 255, "TUPLTYPE GRAYSCALE\n"),
        (PIXELS[..., :1], 1, "TUPLTYPE BLACKANDWHITE\n"),
        (PIXELS[..., :1], 15, "TUPLTYPE GRAYSCALE\n"),
    ],
)
def test_pam_is_what_imagemagick_reads(pixels, most, kind):
    content = pam(pixels, most, kind, comment="# by a test\n")
    picture = open_content(content)
    assert picture.is_gray == (pixels.shape[2] == 1)
    assert np.abs(picture.pixels.astype(int) - by_imagemagick(content, "pam")).max() <= 1


@pytest.mark.parametrize("channels", [2, 4])
def test_alpha_of_pam_is_put_on_the_background(channels):
    kind = "TUPLTYPE GRAYSCALE_ALPHA\n" if channels == 2 else "TUPLTYPE RGB_ALPHA\n"
    alpha = np.full((*PIXELS.shape[:2], 1), 255, np.uint8)
    alpha[:20] = 0
    content = pam(np.concatenate([PIXELS[..., : channels - 1], alpha], -1), 255, kind)
    picture = open_content(content)
    assert "transparency" in picture.notes[0] and (picture.pixels[:20] == 255).all()
    np.testing.assert_array_equal(picture.pixels[20:, :, 0], PIXELS[20:, :, 0])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (pam(PIXELS, 255, "TUPLTYPE RGB\n")[:-9], "truncated"),
        (
            pam(np.concatenate([PIXELS, PIXELS[..., :1]], -1), 255, "TUPLTYPE CMYK\n"),
            "4 samples of type CMYK",
        ),
        (pam(PIXELS[..., :2], 255, ""), "2 samples of type unknown"),
        (b"P7\nWIDTH 4\nHEIGHT 4\n", "no end"),
        (b"P7\nWIDTH x\nENDHDR\n", "no size"),
        (b"P7\nWIDTH 99999\nHEIGHT 99999\nENDHDR\n", "more than"),
        (b"P7\nWIDTH 2\nHEIGHT 2\nDEPTH 1\nMAXVAL 70000\nENDHDR\n", "up to 70000"),
        (b"PF\n2 2\n-1.0\n" + bytes(48), "PFM of floating-point samples"),
        (b"Pf\n2 2\n-1.0\n" + bytes(16), "PFM of floating-point samples"),
    ],
)
def test_other_pam_and_pfm_are_refused_in_a_line(content, reason):
    with pytest.raises(PictureError, match=reason):
        open_content(content)
