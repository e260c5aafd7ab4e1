"""Decodes a compressed TIFF file a band of rows at a time, so that neither picture nor file is ever held whole.

For Pillow libtiff maps the whole file, and fills the whole picture. Strips and tiles are compressed each on its own:
those of a band, with a small directory around them, are a TIFF file that it decodes alike.
"""

import io
import os
import struct
import weakref
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from jpegpre_tf.errors import PictureError

_WIDTH, _HEIGHT, _COMPRESSION, _ORIENTATION = 256, 257, 259, 274
_STRIP_OFFSETS, _SAMPLES, _STRIP_ROWS, _STRIP_BYTES, _PLANES = 273, 277, 278, 279, 284
_TILE_WIDTH, _TILE_ROWS, _TILE_OFFSETS, _TILE_BYTES = 322, 323, 324, 325
# Bits, compression, photometric interpretation, fill order, samples, planes, predictor, extra samples, format:
# all that decides how a strip of these compressions is read.
_LAYOUT = (258, _COMPRESSION, 262, 266, _SAMPLES, _PLANES, 317, 338, 339)
# LZW, both numbers of Deflate, PackBits, Zstandard. Not JPEG and fax, whose files are small.
_COMPRESSIONS = frozenset((5, 8, 32946, 32773, 50000))
_MODES = frozenset(("L", "LA", "RGB", "RGBA", "RGBX", "CMYK", "I;16", "I;16B"))
_SHORT, _LONG = (3, "H"), (4, "I")
# Bands are about as large, and of one strip at least; a strip above the limit is a picture almost.
_BAND_PIXELS = 1 << 20
_MOST_STRIP_PIXELS = 1 << 22
_BANDS_HELD = 4


@dataclass(frozen=True)
class _Layout:
    """Where the strips or tiles of a picture are.

    Attributes:
        is_tiled: Tiles, not strips.
        size: Width and height of each in pixels.
        grid: How many there are, across and down.
        planes: 1, or how many samples a pixel has if each has strips of its own.
        places: (offset, size) in bytes of each, plane by plane, row by row.
    """

    is_tiled: bool
    size: tuple[int, int]
    grid: tuple[int, int]
    planes: int
    places: list[tuple[int, int]]


class TiffStrips:
    """An opened TIFF picture that is decoded as its rows are asked for.

    Args:
        image: The picture, not loaded.
        file: Where it is read from: a `BytesIO`, or a file on disk, which may be closed afterwards.

    Raises:
        ValueError: If the file is of a kind that is not decoded in bands.
        OSError: If a band does not decode: all are tried. Damaged files may raise whatever Pillow does.
    """

    def __init__(self, image: Image.Image, file: BinaryIO) -> None:
        self._layout = _layout_of(image)
        self._tags = image.tag_v2
        self._mode = image.mode
        self.size: tuple[int, int] = image.size
        rows = self._layout.size[1]
        self._band_rows = max(1, _BAND_PIXELS // (self.size[0] * rows)) * rows
        self._held: OrderedDict[int, Image.Image] = OrderedDict()
        self._file = file
        if not isinstance(file, io.BytesIO):
            self._file = _opened_again(file)
            weakref.finalize(self, self._file.close)
        for top in range(0, self.size[1], self._band_rows):
            self._decoded(top)

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """Returns part of the picture, as `PIL.Image.Image.crop` does; the box must lie within it.

        Raises:
            PictureError: If the file is no more what it was.
        """
        left, top, right, bottom = box
        result = Image.new(self._mode, (right - left, bottom - top))
        for start in range(top // self._band_rows * self._band_rows, bottom, self._band_rows):
            band = self._band(start)
            first, last = max(top, start), min(bottom, start + band.height)
            result.paste(band.crop((left, first - start, right, last - start)), (0, first - top))
        return result

    def _band(self, top: int) -> Image.Image:
        if top not in self._held:
            try:
                self._held[top] = self._decoded(top)
            except Exception as error:  # as when it was opened, but it decoded then
                raise PictureError("the file changed while it was read") from error
            if len(self._held) > _BANDS_HELD:
                self._held.popitem(last=False)
        return self._held[top]

    def _decoded(self, top: int) -> Image.Image:
        """Returns the band from row `top`, a multiple of `_band_rows`."""
        band = Image.open(io.BytesIO(self._band_file(top)), formats=("TIFF",))
        if band.mode != self._mode:
            raise ValueError(f"a band of mode {band.mode} is not one of a picture of mode {self._mode}")
        band.load()
        return band

    def _band_file(self, top: int) -> bytes:
        layout = self._layout
        height = min(self._band_rows, self.size[1] - top)
        across, down = layout.grid
        first, last = top // layout.size[1] * across, -(-(top + height) // layout.size[1]) * across
        offsets, sizes, data = [], [], []
        end = 8
        for plane in range(layout.planes):
            start = plane * across * down
            for offset, size_bytes in layout.places[start + first : start + last]:
                self._file.seek(offset)
                data.append(self._file.read(size_bytes))
                offsets.append(end)
                sizes.append(size_bytes)
                end += size_bytes
        fields = {tag: (_SHORT, _numbers(self._tags[tag])) for tag in _LAYOUT if tag in self._tags}
        fields |= {_WIDTH: (_LONG, [self.size[0]]), _HEIGHT: (_LONG, [height])}
        if layout.is_tiled:
            fields |= {_TILE_WIDTH: (_LONG, [layout.size[0]]), _TILE_ROWS: (_LONG, [layout.size[1]])}
            fields |= {_TILE_OFFSETS: (_LONG, offsets), _TILE_BYTES: (_LONG, sizes)}
        else:
            fields |= {_STRIP_ROWS: (_LONG, [layout.size[1]])}
            fields |= {_STRIP_OFFSETS: (_LONG, offsets), _STRIP_BYTES: (_LONG, sizes)}
        return _tiff(self._tags.prefix, b"".join(data), fields)


def _layout_of(image: Image.Image) -> _Layout:
    tags = image.tag_v2
    # By its EXIF or XMP; Pillow turns what it loads.
    if tags.get(_COMPRESSION) not in _COMPRESSIONS or image.getexif().get(_ORIENTATION, 1) != 1:
        raise ValueError("not a TIFF file that is decoded in bands")
    width, height = image.size
    is_tiled = _TILE_OFFSETS in tags
    if is_tiled:
        size = tags.get(_TILE_WIDTH, 0), tags.get(_TILE_ROWS, 0)
        offsets, sizes = tags.get(_TILE_OFFSETS, ()), tags.get(_TILE_BYTES, ())
    else:
        size = width, min(tags.get(_STRIP_ROWS, height), height)
        offsets, sizes = tags.get(_STRIP_OFFSETS, ()), tags.get(_STRIP_BYTES, ())
    if image.mode not in _MODES or size[0] < 1 or size[1] < 1:
        raise ValueError("not a TIFF file that is decoded in bands")
    grid = -(-width // size[0]), -(-height // size[1])
    planes = tags.get(_SAMPLES, 1) if tags.get(_PLANES) == 2 else 1
    places = list(zip(offsets, sizes, strict=True))
    # Of strips that lie over each other a small file may have more than memory holds.
    is_whole = len(places) == planes * grid[0] * grid[1] and sum(sizes) <= _size_bytes(image.fp)
    if not is_whole or min(sizes) < 1 or width * size[1] > _MOST_STRIP_PIXELS:
        raise ValueError("not a TIFF file that is decoded in bands")
    return _Layout(is_tiled, size, grid, planes, places)


def _opened_again(file: BinaryIO) -> BinaryIO:
    again = Path(file.name).open("rb")  # noqa: SIM115  a duplicated descriptor would share its position
    if not os.path.samestat(os.fstat(file.fileno()), os.fstat(again.fileno())):
        again.close()
        raise OSError("the file was replaced while it was read")
    return again


def _size_bytes(file: BinaryIO) -> int:
    return file.seek(0, os.SEEK_END)


def _numbers(value: Any) -> list[int]:
    return list(value) if isinstance(value, tuple) else [value]


def _tiff(byte_order: bytes, data: bytes, fields: dict[int, tuple[tuple[int, str], list[int]]]) -> bytes:
    """Returns a TIFF file of `data`, which comes after its 8 bytes of header, and a directory behind it."""
    order = "<" if byte_order == b"II" else ">"
    data += bytes(len(data) % 2)  # the directory begins at an even offset
    start = 8 + len(data)
    after = start + 2 + 12 * len(fields) + 4
    directory, values = struct.pack(order + "H", len(fields)), b""
    for tag, ((kind, letter), numbers) in sorted(fields.items()):
        value = struct.pack(f"{order}{len(numbers)}{letter}", *numbers)
        if len(value) > 4:
            pointer = struct.pack(order + "I", after + len(values))
            values += value
        else:
            pointer = value.ljust(4, b"\0")
        directory += struct.pack(order + "HHI", tag, kind, len(numbers)) + pointer
    header = byte_order + struct.pack(order + "HI", 42, start)
    return header + data + directory + bytes(4) + values
