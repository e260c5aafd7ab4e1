"""What decoders do not check or know of a PNG file's pixels: whether all are there, and samples of narrow range."""

import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from jpegpre_tf.runtime.pictures.formats.png_source import PngSource

Levels = npt.NDArray[np.int64]

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# First column and row, and steps between columns and rows, of the seven passes of Adam7.
_PASSES = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
_READ_BYTES = 1 << 16
_INFLATED_BYTES = 1 << 20
_ROWS_AT_ONCE = 128


def count_bytes(size: tuple[int, int], bit_depth: int, color_type: int, *, is_interlaced: bool) -> int:
    """Returns how many bytes a PNG picture's rows are before they are compressed, each with its filter."""
    bits = bit_depth * _CHANNELS.get(color_type, 1)

    def rows(width: int, height: int) -> int:
        return height * (1 + -(-width * bits // 8)) if width > 0 and height > 0 else 0

    width, height = size
    if not is_interlaced:
        return rows(width, height)
    return sum(rows(-(-(width - x) // dx), -(-(height - y) // dy)) for x, y, dx, dy in _PASSES)


def check_pixels(file: BinaryIO, pieces: list[tuple[int, int]], expected_bytes: int) -> None:
    """Raises ValueError if compressed pixels are missing, which decoders leave black, or were changed.

    Pixels whose own checksum alone is wrong are the decoder's to tell, as is what is no compressed data at all.

    Args:
        file: The PNG file.
        pieces: Offset and size of the data of each IDAT chunk.
        expected_bytes: See `count_bytes`.
    """
    inflater = zlib.decompressobj()
    count, is_whole = 0, True
    try:
        for part in _parts(file, pieces):
            rest = part
            while rest and not inflater.eof and count <= expected_bytes:  # decoders do not look at more
                count += len(inflater.decompress(rest, _INFLATED_BYTES))
                rest = inflater.unconsumed_tail
        if count <= expected_bytes:
            count += len(inflater.flush())
    except zlib.error:
        is_whole = False
    if is_whole and count < expected_bytes:
        raise ValueError(f"truncated: {100 * count / expected_bytes:.3g} % of its pixels are there")
    if not (is_whole and inflater.eof) and not all(_has_right_checksum(file, *piece) for piece in pieces):
        raise ValueError("its pixels do not end where their codes do, and have a wrong checksum")


def _has_right_checksum(file: BinaryIO, offset: int, size: int) -> bool:
    """Whether an IDAT chunk is as it was written."""
    checksum = zlib.crc32(b"IDAT")
    for part in _parts(file, [(offset, size)]):
        checksum = zlib.crc32(part, checksum)
    file.seek(offset + size)
    return file.read(4) == checksum.to_bytes(4, "big")


def _parts(file: BinaryIO, pieces: list[tuple[int, int]]) -> Iterator[bytes]:
    for offset, size in pieces:
        for start in range(0, size, _READ_BYTES):
            file.seek(offset + start)
            yield file.read(min(_READ_BYTES, size - start))


def stretch_range(image: Image.Image) -> Image.Image:
    """Returns a picture whose samples are of narrow range (16..235 of 255, ITU-R BT.2100) with those of full range.

    Args:
        image: A PNG picture of any mode; alpha stays.
    """
    image.load()
    if image.mode in ("1", "P", "PA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if not image.mode.startswith("I"):
        levels = _stretched(np.arange(256), 16, 219, 255).tolist()
        with_alpha = image.mode in ("LA", "RGBA")
        tables = levels * (len(image.getbands()) - with_alpha) + list(range(256)) * with_alpha
        return image.point(tables)
    result = np.empty((image.height, image.width), np.uint16)
    for top in range(0, image.height, _ROWS_AT_ONCE):
        box = (0, top, image.width, min(top + _ROWS_AT_ONCE, image.height))
        result[top : box[3]] = _stretched(np.asarray(image.crop(box)).astype(np.int64), 4096, 56064, 65535)
    return Image.fromarray(result)


def _stretched(samples: Levels, black: int, span: int, most: int) -> Levels:
    return np.asarray(np.clip(((samples - black) * most + span // 2) // span, 0, most))


def scale_key(source: PngSource) -> tuple[int, ...] | None:
    """Returns transparent samples as Pillow scales samples: of fewer than 8 bits to 8, of 16 bits not at all."""
    if source.transparent is None or source.bit_depth >= 8:
        return source.transparent
    most = (1 << source.bit_depth) - 1
    return tuple(value * 255 // most for value in source.transparent)


def read_sixteen_bits_with_key(source: PngSource, high: Image.Image) -> Image.Image:
    """Returns RGBA of a 16-bit RGB picture, of which Pillow decodes the upper bytes, and then the lower ones."""
    high.load()
    source.picture.seek(0)
    low: Any = Image.open(source.picture, formats=("PNG",))
    low.info.pop("transparency", None)
    low.tile = [tile._replace(args="RGB;16L") for tile in low.tile]
    low.load()
    key = source.transparent or ()
    result = np.empty((high.height, high.width, 4), np.uint8)
    for top in range(0, high.height, 64):
        box = (0, top, high.width, min(top + 64, high.height))
        values = np.asarray(high.crop(box)).astype(np.uint32) << 8 | np.asarray(low.crop(box))
        rows = result[top : box[3]]
        rows[..., :3] = (values * 255 + 32767) // 65535
        rows[..., 3] = np.where((values == np.array(key)).all(axis=-1), 0, 255)
    image = Image.fromarray(result)
    image.format = "PNG"
    return image
