"""PNG files: transparency by colour, damaged and long chunks, EXIF in older forms, colour spaces, texts."""

import io
import struct
import subprocess
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from jpegpre_tf.errors import PictureError
from jpegpre_tf.runtime.pictures.metadata.metadata import insert_metadata
from jpegpre_tf.runtime.pictures.picture import open_content
from tests.runtime.pictures.made_files import (
    by_imagemagick,
    chunk,
    pack,
    photo,
    png,
    saved,
    tags,
    with_chunks,
)

HALF = np.arange(96) < 48
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def keyed(depth: int, is_gray: bool) -> tuple[bytes, np.ndarray]:
    """A PNG file whose left half has the transparent colour, and that colour's samples."""
    most = (1 << depth) - 1
    pixels = photo().astype(float)
    samples = np.rint((pixels.mean(-1, keepdims=True) if is_gray else pixels) * most / 255).astype(np.uint16)
    key = np.array([most // 3] if is_gray else [most // 3, most // 2, most // 5], np.uint16)
    samples[samples == key[0]] += 1
    samples[:, HALF] = key
    rows = pack(samples.reshape(64, -1), depth, ">")
    return png(96, 64, depth, 0 if is_gray else 2, rows, chunk(b"tRNS", key.astype(">u2").tobytes())), samples


@pytest.mark.codec
@pytest.mark.parametrize(
    ("depth", "is_gray"), [(1, True), (2, True), (4, True), (8, True), (16, True), (8, False), (16, False)]
)
def test_the_transparent_color_is_put_on_the_background(depth, is_gray):
    content, samples = keyed(depth, is_gray)
    picture = open_content(content)
    assert picture.notes == ("transparency was put on white",)
    shown = np.where(HALF[:, np.newaxis], 255, samples.astype(float) * 255 / ((1 << depth) - 1))
    # Pillow drops the lower byte where there is no transparent colour; here 16 bits are rounded.
    assert np.abs(picture.pixels - shown).max() <= 0.51
    expected = by_imagemagick(content, "png", "-background", "white", "-alpha", "remove")
    assert np.abs(picture.pixels.astype(int) - expected).max() <= 1


def test_nearly_the_transparent_color_is_opaque():
    rows = np.array([[0x1234, 0x1235]], ">u2").tobytes()
    picture = open_content(png(2, 1, 16, 0, rows, chunk(b"tRNS", b"\x12\x34")))
    assert picture.pixels[0, :, 0].tolist() == [255, round(0x1235 / 257)]


@pytest.mark.parametrize("kind", [b"tEXt", b"pHYs", b"gAMA", b"tIME", b"zzZz"])
def test_a_wrong_checksum_beside_the_pixels_is_no_reason_to_refuse(kind):
    bad = bytearray(chunk(kind, b"Comment\0hello there, you"))
    bad[-1] ^= 1
    picture = open_content(with_chunks(saved(photo(), "PNG"), bytes(bad)))
    np.testing.assert_array_equal(picture.pixels[0, 0], photo()[0, 0])
    assert any("wrong checksum" in note for note in picture.notes)


def test_a_wrong_checksum_of_pixels_is_refused():
    content = bytearray(saved(photo(), "PNG"))
    content[content.index(b"IDAT") + 10] ^= 1
    with pytest.raises(PictureError):
        open_content(bytes(content))


def test_a_long_text_and_a_long_profile_are_read():
    text = chunk(b"zTXt", b"Notes\0\0" + zlib.compress(b"x" * 3_000_000))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes().ljust(2_000_000, b"\1")
    content = with_chunks(saved(photo(), "PNG"), text, chunk(b"iCCP", b"p\0\0" + zlib.compress(profile)))
    picture = open_content(content)
    assert picture.metadata.icc == profile and "do not fit" in picture.notes[0]


def exif_with(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274], exif[315] = orientation, "Artist"
    return exif.tobytes().removeprefix(b"Exif\0\0")


def raw_profile(kind: str, content: bytes) -> bytes:
    text = f"\n{kind}\n{len(content):8}\n".encode() + content.hex().encode() + b"\n"
    return chunk(b"zTXt", f"Raw profile type {kind}\0\0".encode() + zlib.compress(text))


@pytest.mark.codec
@pytest.mark.parametrize(
    "form",
    [
        lambda exif: chunk(b"eXIf", exif),
        lambda exif: chunk(b"eXIf", b"Exif\0\0" + exif),
        lambda exif: raw_profile("exif", b"Exif\0\0" + exif),
        lambda exif: raw_profile("APP1", b"Exif\0\0" + exif),
        lambda exif: raw_profile("exif", exif).replace(b"zTXt", b"zTXt"),
    ],
)
@pytest.mark.parametrize("is_last", [False, True])
def test_exif_in_every_form(form, is_last):
    content = saved(photo(), "PNG")
    made = form(exif_with(6))
    content = content[:-12] + made + content[-12:] if is_last else with_chunks(content, made)
    metadata = open_content(content).metadata
    assert metadata.orientation == 6
    written = insert_metadata(saved(photo(), "JPEG"), metadata)
    assert tags(written, "-n", "-s3", "-Orientation", "-Artist").split() == ["6", "Artist"]


@pytest.mark.codec
def test_texts_become_exif_and_a_comment():
    texts = {"Author": "Zo\u00eb", "Copyright": "C", "Comment": "hello", "Source": "camera"}
    chunks = [chunk(b"iTXt", key.encode() + b"\0\0\0\0\0" + text.encode()) for key, text in texts.items()]
    written = insert_metadata(
        saved(photo(), "JPEG"), open_content(with_chunks(saved(photo(), "PNG"), *chunks)).metadata
    )
    assert tags(written, "-s3", "-Artist", "-Copyright").splitlines() == ["Zo\u00eb", "C"]
    assert "hello" in tags(written, "-s3", "-Comment") and "Source: camera" in tags(
        written, "-s3", "-Comment"
    )


@pytest.mark.codec
def test_xmp_and_iptc_in_raw_profiles():
    iptc = b"\x1c\x02\x50\x00\x05Maker"
    resources = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc
    content = with_chunks(saved(photo(), "PNG"), raw_profile("iptc", resources), raw_profile("xmp", b"<x/>"))
    metadata = open_content(content).metadata
    assert metadata.xmp == b"<x/>"
    assert tags(insert_metadata(saved(photo(), "JPEG"), metadata), "-s3", "-By-line") == "Maker"


def test_pixel_aspect_and_resolution():
    content = saved(photo(), "PNG")
    picture = open_content(with_chunks(content, chunk(b"pHYs", struct.pack(">IIB", 2, 1, 0))))
    assert picture.metadata.aspect == (2, 1) and picture.density is None
    assert insert_metadata(saved(photo(), "JPEG"), picture.metadata)[13:18] == b"\0\0\2\0\1"
    picture = open_content(with_chunks(content, chunk(b"pHYs", struct.pack(">IIB", 11811, 11811, 1))))
    assert picture.metadata.aspect is None and picture.density == (300, 300)


@pytest.mark.parametrize("level", [0, 6])
def test_changed_pixels_are_refused_and_a_wrong_checksum_of_their_chunk_alone_is_not(level):
    content = saved(photo(), "PNG", compress_level=level)
    at = content.index(b"IDAT")
    end = at + 4 + int.from_bytes(content[at - 4 : at], "big")
    assert open_content(content).notes == ()
    # In the last row: all codes before are whole, and decoders stop before the checksum.
    damaged = content[: end - 9] + bytes((content[end - 9] ^ 1,)) + content[end - 8 :]
    with pytest.raises(PictureError, match=r"wrong checksum|broken data stream"):
        open_content(damaged)
    only_chunk = content[:end] + bytes(4) + content[end + 4 :]
    np.testing.assert_array_equal(open_content(only_chunk).pixels, photo())


@pytest.mark.parametrize("numbers", [(200, 13), (12, 9), (10, 8)])
def test_a_color_space_that_is_not_known_is_said(numbers):
    picture = open_content(with_chunks(saved(photo(), "PNG"), chunk(b"cICP", bytes((*numbers, 0, 1)))))
    assert picture.notes == (
        f"its colour space (primaries {numbers[0]}, transfer {numbers[1]} of H.273) is not known: "
        "its samples are taken for sRGB's",
    )
    assert not picture.metadata.icc


@pytest.mark.parametrize("numbers", [(2, 2), (1, 1), (1, 7)])
def test_of_srgb_and_of_nothing_stated_nothing_is_said(numbers):
    picture = open_content(with_chunks(saved(photo(), "PNG"), chunk(b"cICP", bytes((*numbers, 0, 1)))))
    assert picture.notes == () and not picture.metadata.icc


def test_cicp_of_p3_becomes_a_profile_and_converts_as_one():
    content = with_chunks(saved(photo(), "PNG"), chunk(b"cICP", bytes((12, 13, 0, 1))))
    kept = open_content(content)
    np.testing.assert_array_equal(kept.pixels, photo())
    profile = ImageCms.ImageCmsProfile(io.BytesIO(kept.metadata.icc))
    # Display P3's red in XYZ for D50: Apple's profile has Y 0.2412.
    assert abs(profile.profile.red_colorant[0][1] - 0.2412) < 0.002


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_is_converted_and_named(transfer):
    content = with_chunks(saved(photo(), "PNG"), chunk(b"cICP", bytes((9, transfer, 0, 1))))
    picture = open_content(content)
    assert "HDR" in picture.notes[0] and picture.metadata.icc == b""
    # White paper, 203 nits, is 0.58 in PQ (0.75 in HLG), and near white here; more light is no darker.
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[np.newaxis, :, np.newaxis], 3, axis=2)
    shown = open_content(with_chunks(saved(ramp, "PNG"), chunk(b"cICP", bytes((9, transfer, 0, 1))))).pixels[
        0, :, 1
    ]
    assert (np.diff(shown.astype(int)) >= 0).all() and shown[0] == 0
    assert shown[148 if transfer == 16 else 191] > 225 and shown[255] >= 250


def test_primaries_of_chrm_become_a_profile():
    p3 = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    content = with_chunks(saved(photo(), "PNG"), chunk(b"gAMA", struct.pack(">I", 45455)), chunk(b"cHRM", p3))
    assert open_content(content).metadata.icc[16:20] == b"RGB "
    srgb = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
    content = with_chunks(saved(photo(), "PNG"), chunk(b"cHRM", srgb))
    assert open_content(content).metadata.icc == b""


@pytest.mark.parametrize("first", [(1, 13), (12, 13)])
@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "16"])
def test_narrow_range_is_stretched(first, mode):
    wide = Image.fromarray(photo())
    wide = wide.quantize(32) if mode == "P" else wide.convert("L" if mode == "16" else mode)
    narrow = np.rint(np.asarray(wide, float) * 219 / 255 + 16).astype(np.uint8)
    if mode == "16":
        samples = np.rint(np.asarray(wide, float) / 255 * 56064 + 4096).astype(">u2")
        content = png(96, 64, 16, 0, samples.tobytes())
    elif mode == "P":
        colors = np.rint(np.array(wide.getpalette(), float) * 219 / 255 + 16).astype(np.uint8)
        image = wide.copy()
        image.putpalette(colors.tobytes())
        content = saved(image, "PNG")
    else:
        if mode == "RGBA":
            narrow[..., 3] = 255
        content = saved(narrow, "PNG")
    picture = open_content(with_chunks(content, chunk(b"cICP", bytes((*first, 0, 0)))))
    # 219 steps for 255: one level is rounded away at most.
    assert np.abs(picture.pixels.astype(int) - np.asarray(wide.convert("RGB"))).max() <= 1
    assert "narrow range" in picture.notes[0]
    assert bool(picture.metadata.icc) == (first[0] == 12 and mode not in ("L", "16"))


@pytest.mark.codec
@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("rows", [0, 1, 63])
def test_pixels_that_end_early_are_refused(rows, interlaced):
    full = photo()
    parts = [full[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [full]
    raw = b"".join(b"\0" + row.tobytes() for part in parts for row in part)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 96, 64, 8, 2, 0, 0, interlaced))

    def content(data: bytes) -> bytes:
        pieces = [data[i : i + 700] for i in range(0, len(data), 700)]
        chunks = b"".join(chunk(b"IDAT", piece) for piece in pieces)
        return b"\x89PNG\r\n\x1a\n" + header + chunks + chunk(b"IEND", b"")

    np.testing.assert_array_equal(open_content(content(zlib.compress(raw))).pixels, full)
    np.testing.assert_array_equal(open_content(content(zlib.compress(raw + b"more"))).pixels, full)
    short = content(zlib.compress(raw[: len(raw) * rows // 64]))
    with pytest.raises(PictureError, match="pixels are there"):
        open_content(short)
    with pytest.raises(subprocess.CalledProcessError):
        by_imagemagick(short, "png")
    with pytest.raises(PictureError, match="pixels are there"):
        open_content(content(zlib.compress(raw)[:-400]))


def test_an_animation_is_named():
    content = with_chunks(
        saved(photo(), "PNG"), chunk(b"acTL", struct.pack(">II", 3, 0)), chunk(b"fcTL", bytes(26))
    )
    assert open_content(content).notes == ("holds 3 pictures: only the first is used",)


@pytest.mark.codec
def test_a_picture_beside_the_animation_is_the_picture():
    file = io.BytesIO()
    frames = [Image.fromarray(photo(seed=number)) for number in (2, 3)]
    Image.fromarray(photo()).save(file, "PNG", save_all=True, append_images=frames, default_image=True)
    picture = open_content(file.getvalue())
    np.testing.assert_array_equal(picture.pixels, photo())
    np.testing.assert_array_equal(picture.pixels, by_imagemagick(file.getvalue(), "png"))
    assert picture.notes == ("its animation of 2 frames is not used: only the picture beside it is",)
