"""Decodes TIFF files of 2 to 16 bits per sample in every layout; of those of 8 bits Pillow knows nearly all.

Pillow takes many such files for something else: 12-bit grey for 16-bit, planes for pixels, white for black. Here
libtiff, through Pillow, only decompresses: strips and tiles are handed to it as grey bytes.
"""

import io
import os
import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from jpegpre_tf.runtime.pictures.formats.opened import RefusedError
from jpegpre_tf.runtime.pictures.formats.tiff_directory import Directory
from jpegpre_tf.runtime.pictures.formats.tiff_strips import _tiff

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _CMYK = 0, 1, 2, 5
_COLORS = {_WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _CMYK: 4}
_MODES = {(1, False): "L", (1, True): "LA", (3, False): "RGB", (3, True): "RGBA", (4, False): "CMYK"}
_NONE = 1
# None, LZW, both numbers of Deflate, PackBits, LZMA, Zstandard.
_COMPRESSIONS = frozenset((_NONE, 5, 8, 32946, 32773, 34925, 50000))
# Samples of a kind that is not stated: unsigned numbers to readers, says TIFF 6.0.
_UNDEFINED = 4
_ASSOCIATED, _UNASSOCIATED = 1, 2
_ROWS_AT_ONCE = 64
# Of 255: where 12-bit numbers in 16-bit samples end. A sixteenth of the range, and of the levels, is used.
_FAINTEST_LEVEL = 16
# libtiff's own bound is as large; a damaged header must not ask for more.
_MOST_PIECE_BYTES = 1 << 31


@dataclass(frozen=True)
class _Layout:
    bits: int
    samples: int  # of a pixel in one piece
    planes: int
    size: tuple[int, int]  # of a strip or tile
    grid: tuple[int, int]
    offsets: list[int]
    sizes: list[int]
    compression: int
    predictor: int
    fill_order: int


def is_deep(directory: Directory) -> bool:
    """Whether a directory's picture is one for `decode_deep`."""
    bits = {int(value) for value in directory.numbers(258)}
    formats = {int(value) for value in directory.numbers(339)} or {1}
    is_undefined = formats == {_UNDEFINED}  # refused by Pillow, of 8 bits too
    photometric, samples = directory.integer(262, -1), directory.integer(277, 1)
    if len(bits) != 1 or not (is_undefined or formats == {1}) or photometric not in _COLORS:
        return False
    (depth,) = bits
    if depth in (2, 4) and samples == 1:
        return False
    return 2 <= depth <= 16 and (depth != 8 or is_undefined or _is_beyond_pillow(directory))


def _is_beyond_pillow(directory: Directory) -> bool:
    """Whether Pillow refuses a picture of 8 bits per sample for its layout."""
    photometric, samples = directory.integer(262, -1), directory.integer(277, 1)
    is_premultiplied_gray = samples == 2 and directory.numbers(338)[:1] == [_ASSOCIATED]
    has_reversed_bits = directory.integer(266, 1) == 2 and photometric != _BLACK_IS_ZERO
    has_more_than_inks = photometric == _CMYK and samples > 4
    return directory.integer(259, _NONE) in _COMPRESSIONS and (
        is_premultiplied_gray or has_reversed_bits or has_more_than_inks
    )


def decode_deep(file: BinaryIO, directory: Directory) -> Image.Image:
    """Returns the picture of a directory that `is_deep`, 8 bits per sample: L, LA, RGB, RGBA or CMYK, not turned.

    Raises:
        RefusedError: If it is compressed in a way that is not for such samples, or uses so little of their
            range that nearly nothing of it would be left.
        ValueError, OSError: If it is damaged.
    """
    layout = _layout(directory)
    width, height = directory.integer(256, 0), directory.integer(257, 0)
    photometric = directory.integer(262, -1)
    colors = _COLORS[photometric]
    samples = directory.integer(277, 1)
    extra = [int(value) for value in directory.numbers(338)]
    has_alpha = samples > colors and colors < 4 and bool(extra) and extra[0] in (_ASSOCIATED, _UNASSOCIATED)
    channels = colors + has_alpha
    result = np.empty((height, width, channels), np.uint8)
    size_bytes = file.seek(0, os.SEEK_END)
    across, down = layout.grid
    for number, (offset, size) in enumerate(zip(layout.offsets, layout.sizes, strict=True)):
        plane, place = divmod(number, across * down)
        if plane and plane >= channels:
            break
        row, column = divmod(place, across)
        top, left = row * layout.size[1], column * layout.size[0]
        if offset + size > size_bytes:
            raise OSError("image file is truncated")
        file.seek(offset)
        rows = layout.size[1] if 322 in directory.values else min(layout.size[1], height - top)
        data = _decompressed(file.read(size), layout, rows, directory.order)
        part = result[top : top + rows, left : left + layout.size[0]]
        wanted = slice(plane, plane + 1) if layout.planes > 1 else slice(0, channels)
        taken = slice(0, 1) if layout.planes > 1 else slice(0, channels)
        for start in range(0, part.shape[0], _ROWS_AT_ONCE):
            values = _samples(data[start : start + _ROWS_AT_ONCE], layout, directory.order)
            target = part[start : start + _ROWS_AT_ONCE, :, wanted]
            target[:] = _levels(values, layout.bits)[: target.shape[0], : target.shape[1], taken]
    if colors < 4:
        _check_range(result[..., :colors], layout.bits)
    if photometric == _WHITE_IS_ZERO:
        result[..., :1] = 255 - result[..., :1]
    if has_alpha and extra[0] == _ASSOCIATED:
        _divide_by_alpha(result)
    mode = _MODES[colors, has_alpha]
    return Image.fromarray(result[..., 0] if channels == 1 else result, mode)


def _check_range(levels: npt.NDArray[np.uint8], bits: int) -> None:
    """Refuses what would become a black picture (white, where white is zero) with 17 levels or fewer.

    Instruments write 10- and 12-bit numbers into 16-bit samples, and TIFF has no way to say so. A picture without any
    light, all zero, is one.
    """
    largest = int(levels.max())
    if bits > 8 and 0 < largest <= _FAINTEST_LEVEL:
        raise RefusedError(
            f"{bits}-bit TIFF whose samples use less than a fifteenth of their range: at most {largest + 1} of 256 "
            "levels would be left of it; stretch them first"
        )


def _layout(directory: Directory) -> _Layout:
    width, height = directory.integer(256, 0), directory.integer(257, 0)
    is_tiled = 324 in directory.values
    size = (directory.integer(322, 0), directory.integer(323, 0))
    if not is_tiled:
        size = (width, min(directory.integer(278, height), height))
    if min(*size, width, height) < 1:
        raise ValueError("its size or its strips are damaged")
    grid = -(-width // size[0]), -(-height // size[1])
    samples = directory.integer(277, 1)
    planes = samples if directory.integer(284, 1) == 2 else 1
    compression = directory.integer(259, _NONE)
    bits = directory.integer(258, 1)
    if compression not in _COMPRESSIONS:
        raise RefusedError(f"{bits}-bit TIFF of compression {compression} is not supported")
    predictor = directory.integer(317, 1)
    if predictor not in (1, 2) or (predictor == 2 and bits != 16):
        raise RefusedError(f"{bits}-bit TIFF of predictor {predictor} is not supported")
    offsets = [int(value) for value in directory.numbers(324 if is_tiled else 273)]
    sizes = [int(value) for value in directory.numbers(325 if is_tiled else 279)]
    per_piece = samples // planes
    row_bytes = -(-size[0] * per_piece * bits // 8)
    if not sizes and len(offsets) == 1 and compression == _NONE:
        sizes = [row_bytes * height]
    if len(offsets) != len(sizes) or len(offsets) < planes * grid[0] * grid[1]:
        raise ValueError("its list of strips is damaged")
    if row_bytes * size[1] > _MOST_PIECE_BYTES:
        raise ValueError("its strips are too large")
    amount = planes * grid[0] * grid[1]
    return _Layout(
        bits,
        per_piece,
        planes,
        size,
        grid,
        offsets[:amount],
        sizes[:amount],
        compression,
        predictor,
        directory.integer(266, 1),
    )


def _decompressed(data: bytes, layout: _Layout, rows: int, order: str) -> npt.NDArray[np.uint8]:
    """Returns the bytes of a strip or tile, `(rows, bytes of a row)`."""
    row_bytes = -(-layout.size[0] * layout.samples * layout.bits // 8)
    if layout.compression == _NONE and layout.fill_order == 1:
        if len(data) < rows * row_bytes:
            raise OSError("image file is truncated")
        return np.frombuffer(data, np.uint8, rows * row_bytes).reshape(rows, row_bytes)
    short, long = (3, "H"), (4, "I")
    fields = {
        256: (long, [row_bytes]),
        257: (long, [rows]),
        258: (short, [8]),
        259: (short, [layout.compression]),
        262: (short, [_BLACK_IS_ZERO]),
        266: (short, [layout.fill_order]),
        273: (long, [8]),
        277: (short, [1]),
        278: (long, [rows]),
        279: (long, [len(data)]),
    }
    with Image.open(
        io.BytesIO(_tiff(b"II" if order == "<" else b"MM", data, fields)), formats=("TIFF",)
    ) as piece:
        return np.asarray(piece.convert("L"))


def _samples(rows: npt.NDArray[np.uint8], layout: _Layout, order: str) -> npt.NDArray[np.uint16]:
    """Returns the samples of rows of bytes, `(rows, W, samples of a pixel)`."""
    width, bits = layout.size[0] * layout.samples, layout.bits
    if bits == 16:
        values = np.ascontiguousarray(rows).view(f"{order}u2").astype(np.uint16)
    elif bits == 12 and rows.shape[1] * 2 == width * 3:
        first, second, third = (rows[:, i::3].astype(np.uint16) for i in range(3))
        values = np.empty((len(rows), width), np.uint16)
        values[:, ::2] = first << 4 | second >> 4
        values[:, 1::2] = (second & 15) << 8 | third
    else:
        single = np.unpackbits(rows, axis=1)[:, : width * bits].reshape(len(rows), width, bits)
        values = (single.astype(np.uint16) << np.arange(bits - 1, -1, -1, dtype=np.uint16)).sum(
            -1, dtype=np.uint16
        )
    values = values.reshape(len(rows), layout.size[0], layout.samples)
    if layout.predictor == 2:
        values = np.cumsum(values, axis=1, dtype=np.uint16)
    return values


def _levels(values: npt.NDArray[np.uint16], bits: int) -> npt.NDArray[np.uint8]:
    most = (1 << bits) - 1
    return ((values.astype(np.uint32) * 255 + most // 2) // most).astype(np.uint8)


def _divide_by_alpha(pixels: npt.NDArray[np.uint8]) -> None:
    """Undoes the multiplication by alpha, in place."""
    for start in range(0, len(pixels), _ROWS_AT_ONCE):
        rows = pixels[start : start + _ROWS_AT_ONCE]
        alpha = np.maximum(rows[..., -1:], 1).astype(np.uint32)
        rows[..., :-1] = np.minimum((rows[..., :-1].astype(np.uint32) * 255 + alpha // 2) // alpha, 255)


def find_raw(file: BinaryIO, directory: Directory) -> tuple[int, int] | None:
    """Returns the size of a camera's raw picture that the file holds, None if it holds none."""
    from jpegpre_tf.runtime.pictures.formats.tiff_directory import read_directory

    candidates = [directory]
    for offset in directory.numbers(330)[:16]:
        try:
            candidates.append(read_directory(file, int(offset)))
        except (ValueError, struct.error, KeyError):
            continue
    raw = [item for item in candidates if item.integer(262, -1) in (32803, 34892)]
    # DNG's version: even where its raw picture is hidden otherwise, the first one is a preview.
    if not raw and 50706 in directory.values and directory.integer(254, 0) & 1:
        raw = candidates[-1:]
    return (raw[0].integer(256, 0), raw[0].integer(257, 0)) if raw else None
