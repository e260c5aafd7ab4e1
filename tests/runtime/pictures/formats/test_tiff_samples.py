"""TIFF files of more than 8 bits per sample in every layout, against ImageMagick."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf.errors import PictureError
from jpegpre_tf.runtime.pictures.picture import open_content
from tests.runtime.pictures.made_files import by_imagemagick, deep_tiff, pack, photo, saved, tiff

pytestmark = pytest.mark.filterwarnings("ignore")


def deep(bits: int, channels: int) -> np.ndarray:
    pixels = photo().astype(float)
    most = (1 << bits) - 1
    gray = pixels.mean(axis=-1, keepdims=True)
    values = gray if channels < 3 else pixels
    if channels in (2, 4):
        ramp = np.broadcast_to(np.linspace(60, 255, pixels.shape[1])[np.newaxis, :, np.newaxis], gray.shape)
        values = np.concatenate((values, ramp), axis=-1)
    return np.rint(values * most / 255).astype(np.uint16)


def with_entry(content: bytes, tag: int, values) -> bytes:
    """A TIFF file made by `tiff`, with one more entry of 16-bit numbers, in a directory at its end."""
    (start,) = struct.unpack_from("<I", content, 4)
    (count,) = struct.unpack_from("<H", content, start)
    entries = [content[start + 2 + 12 * i : start + 14 + 12 * i] for i in range(count)]
    raw = np.atleast_1d(values).astype("<u2").tobytes()
    content += bytes(len(content) % 2)
    place = raw.ljust(4, b"\0") if len(raw) <= 4 else struct.pack("<I", len(content))
    entries.append(struct.pack("<HHI", tag, 3, len(raw) // 2) + place)
    entries.sort(key=lambda entry: struct.unpack_from("<H", entry))
    end = len(content) + len(raw)
    directory = struct.pack("<H", count + 1) + b"".join(entries) + bytes(4)
    return content[:4] + struct.pack("<I", end) + content[8:] + raw + directory


@pytest.mark.codec
@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize(
    ("channels", "photometric"), [(1, 1), (1, 0), (3, 2)], ids=["black-is-zero", "white-is-zero", "rgb"]
)
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"order": ">"},
        {"is_planar": True, "rows": 16},
        {"deflate": True, "rows": 10},
    ],
    ids=["plain", "big-endian", "planes", "deflate"],
)
def test_deep_samples_are_what_imagemagick_reads(bits, channels, photometric, options):
    values = deep(bits, channels)
    content = deep_tiff(values, bits, photometric, **options)
    picture = open_content(content)
    if photometric == 0 and bits < 16:
        # ImageMagick 6 shows these as negatives.
        expected = 255 - np.repeat(photo().mean(axis=-1, keepdims=True), 3, axis=2)
    else:
        expected = by_imagemagick(content, "tiff").astype(float)
    assert picture.is_gray == (channels == 1)
    # Both round to 8 bits, perhaps the other way at a half.
    assert np.abs(picture.pixels.astype(int) - expected).max() <= 1


@pytest.mark.codec
@pytest.mark.parametrize("is_planar", [False, True])
def test_horizontal_differences_are_summed(is_planar):
    content = deep_tiff(deep(16, 3), 16, 2, deflate=True, predictor=2, is_planar=is_planar, rows=16)
    assert np.abs(open_content(content).pixels.astype(int) - by_imagemagick(content, "tiff")).max() <= 1


@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("extra", [1, 2])
def test_alpha_is_put_on_the_background(channels, extra):
    values = deep(16, channels)
    color, alpha = values[..., :-1].astype(float) / 65535, values[..., -1:].astype(float) / 65535
    stored = np.rint((color * alpha if extra == 1 else color) * 65535)
    content = deep_tiff(
        np.concatenate((stored, values[..., -1:]), -1), 16, 2 if channels == 4 else 1, extra=extra
    )
    picture = open_content(content)
    expected = np.broadcast_to(255 * (color * alpha + 1 - alpha), picture.pixels.shape)
    assert any("transparency" in note for note in picture.notes)
    # Colour and alpha are each rounded to 8 bits before they are put on white.
    assert np.abs(picture.pixels - expected).max() <= 2


@pytest.mark.parametrize("kind", ["premultiplied gray", "CMYK and alpha", "reversed bits"])
def test_layouts_of_8_bits_that_pillow_refuses_are_decoded(kind):
    pixels = photo()
    gray = np.asarray(Image.fromarray(pixels).convert("L")).astype(np.uint16)[..., np.newaxis]
    inks = np.asarray(Image.fromarray(pixels).convert("CMYK")).astype(np.uint16)
    if kind == "premultiplied gray":
        content = deep_tiff(np.concatenate((gray // 2, gray * 0 + 128), -1), 8, 1, extra=1)
        expected = np.repeat(gray / 2 + 127, 3, -1)
    elif kind == "CMYK and alpha":
        content = deep_tiff(np.concatenate((inks, inks[..., :1]), -1), 8, 5, extra=2)
        expected = np.asarray(Image.fromarray(pixels).convert("CMYK").convert("RGB"))
    else:
        backwards = np.packbits(np.unpackbits((255 - gray).astype(np.uint8), axis=-1)[..., ::-1], axis=-1)
        content = with_entry(deep_tiff(backwards.astype(np.uint16), 8, 0), 266, 2)
        expected = np.repeat(gray, 3, -1)
    # Twice rounded: the division by alpha, and what is put on white.
    assert np.abs(open_content(content).pixels.astype(float) - expected).max() <= 2


def test_a_strip_that_is_not_there_is_refused():
    content = deep_tiff(deep(16, 3), 16, 2)
    size = struct.pack("<HHII", 279, 4, 1, deep(16, 3).nbytes)
    assert size in content
    with pytest.raises(PictureError, match="truncated"):
        open_content(content.replace(size, struct.pack("<HHII", 279, 4, 1, 1 << 20)))


def test_deep_samples_in_jpeg_compression_are_refused():
    content = deep_tiff(deep(12, 1), 12, 1)
    at = content.index(struct.pack("<HHIH", 259, 3, 1, 1)) + 8
    with pytest.raises(PictureError, match="12-bit TIFF of compression 7"):
        open_content(content[:at] + b"\x07" + content[at + 1 :])


@pytest.mark.parametrize(("bits", "photometric", "channels"), [(12, 1, 1), (16, 0, 1), (16, 2, 3)])
def test_numbers_of_fewer_bits_than_their_samples_are_refused_not_black(bits, photometric, channels):
    values = deep(bits, channels) >> 4
    with pytest.raises(PictureError, match=rf"': {bits}-bit TIFF .* less than a fifteenth of their range"):
        open_content(deep_tiff(values, bits, photometric))


def test_a_dark_picture_and_one_without_light_are_pictures():
    dark = open_content(deep_tiff(deep(16, 1) >> 3, 16, 1))
    assert 17 < dark.pixels.max() < 32
    assert open_content(deep_tiff(deep(16, 1) * 0, 16, 1)).pixels.max() == 0


def test_other_kinds_are_named():
    content = deep_tiff(deep(16, 1), 16, 1)
    kinds = {"WebP": {259: (3, [50001])}, "32-bit floating-point": {258: (3, [32] * 3), 339: (3, [3] * 3)}}
    for name, entries in kinds.items():
        layout = {
            256: (4, [8]),
            257: (4, [8]),
            258: (3, [8] * 3),
            262: (3, [2]),
            273: (4, [8]),
            277: (3, [3]),
        }
        layout |= {259: (3, [1]), 278: (4, [8]), 279: (4, [768])} | entries
        with pytest.raises(PictureError, match=f"TIFF .*{name}.* is not supported"):
            open_content(tiff(layout, bytes(768)))
    assert open_content(content).is_gray


def test_of_a_raw_file_the_preview_is_named():
    small = photo(32, 24)
    preview = saved(small, "TIFF")
    raw = tiff({254: (4, [0]), 256: (4, [400]), 257: (4, [300]), 262: (3, [32803])})
    (start,) = struct.unpack_from("<I", raw, 4)
    entries = {
        254: (4, [1]),
        256: (4, [32]),
        257: (4, [24]),
        258: (3, [8, 8, 8]),
        259: (3, [1]),
        262: (3, [2]),
        273: (4, [8]),
        277: (3, [3]),
        278: (4, [24]),
        279: (4, [small.nbytes]),
        330: (4, [8 + small.nbytes]),
        50706: (1, [1, 4, 0, 0]),
    }
    content = tiff(entries, small.tobytes() + raw[start:])
    assert preview and "RAW file of 400x300" in open_content(content).notes[0]


def test_a_preview_in_front_is_not_taken_for_the_picture():
    large, small = Image.fromarray(photo()), Image.fromarray(photo(24, 16))
    file = io.BytesIO()
    small.save(file, "TIFF", save_all=True, append_images=[large], tiffinfo={254: 1})
    content = bytearray(file.getvalue())
    # Pillow gives the flag to both: it is taken off the second one.
    second = content.rindex(struct.pack("<HHII", 254, 4, 1, 1))
    content[second + 8] = 0
    picture = open_content(bytes(content))
    np.testing.assert_array_equal(picture.pixels, photo())
    assert "preview" in picture.notes[0]


@pytest.mark.parametrize(
    ("bits", "kind", "name"),
    [
        (8, 2, "signed"),
        (16, 2, "signed"),
        (8, 5, "complex"),
        (16, 3, "floating-point"),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_samples_that_are_no_levels_are_refused(bits, kind, name, channels):
    content = deep_tiff(deep(bits, channels), bits, 2 if channels == 3 else 1)
    assert open_content(content).pixels.mean() > 100
    with pytest.raises(PictureError, match=f"{bits}-bit {name} samples is not supported"):
        open_content(with_entry(content, 339, kind))


@pytest.mark.codec
@pytest.mark.parametrize("bits", [8, 16])
def test_samples_of_a_kind_that_is_not_stated_are_levels(bits):
    content = with_entry(deep_tiff(deep(bits, 1), bits, 1), 339, 4)
    picture = open_content(content)
    assert np.abs(picture.pixels.astype(int) - by_imagemagick(content, "tif")).max() <= 1


@pytest.mark.parametrize("bits", [4, 8])
def test_a_palette_of_8_bits_is_not_black(bits):
    image = Image.fromarray(photo()).quantize(1 << bits)
    colors = np.array(image.getpalette()[: 3 << bits]).reshape(-1, 3)
    colors = np.pad(colors, ((0, (1 << bits) - len(colors)), (0, 0)))
    data = pack(np.asarray(image), bits, "<")
    for factor in (1, 257):
        content = with_entry(
            deep_tiff(np.asarray(image)[..., np.newaxis], bits, 3), 320, (colors.T * factor).ravel()
        )
        assert data in content
        np.testing.assert_array_equal(open_content(content).pixels, np.asarray(image.convert("RGB")))


@pytest.mark.parametrize(
    ("photometric", "name"), [(8, "CIE L"), (9, "ICC L"), (10, "ITU L"), (32845, "LogLuv")]
)
@pytest.mark.parametrize("bits", [8, 16])
def test_colors_that_are_no_rgb_are_refused_by_name(photometric, name, bits):
    content = deep_tiff(deep(bits, 3), bits, photometric)
    with pytest.raises(PictureError, match=f"TIFF in {name}.* colors is not supported"):
        open_content(with_entry(content, 339, 2))


@pytest.mark.parametrize("factors", [(2, 2), (2, 1), (1, 2), (4, 1)])
def test_subsampled_ycbcr_is_decoded_by_libtiff_or_refused(factors):
    across, down = factors
    colors = np.asarray(Image.fromarray(photo()).convert("YCbCr")).astype(float)
    height, width = colors.shape[:2]
    shape = (height // down, down, width // across, across)
    luma = colors[..., 0].reshape(shape).swapaxes(1, 2).reshape(*shape[::2], -1)
    chroma = colors[..., 1:].reshape(*shape, 2).mean((1, 3))
    data = np.rint(np.concatenate([luma, chroma], -1)).astype(np.uint8).tobytes()
    layout = {
        256: (4, [width]),
        257: (4, [height]),
        258: (3, [8, 8, 8]),
        262: (3, [6]),
        273: (4, [8]),
        277: (3, [3]),
        278: (4, [height]),
        530: (3, list(factors)),
    }
    packed = zlib.compress(data)
    picture = open_content(tiff(layout | {259: (3, [8]), 279: (4, [len(packed)])}, packed))
    # Chroma of several pixels is one; without it, or in another order, 20 levels and more would be lost.
    assert np.abs(picture.pixels.astype(int) - photo()).mean() < 4
    with pytest.raises(PictureError, match="uncompressed TIFF in subsampled YCbCr is not supported"):
        open_content(tiff(layout | {259: (3, [1]), 279: (4, [len(data)])}, data))
