"""BMP files whose pixels are bit fields of any width, and the profile of version 5: Pillow reads neither."""

import os
import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image

_FILE_HEADER_BYTES = 14
_MASKS_AT = _FILE_HEADER_BYTES + 40
# BI_BITFIELDS and BI_ALPHABITFIELDS.
_FIELDS, _ALPHA_FIELDS = 3, 6
_HELD_FILES = {4: "JPEG", 5: "PNG"}
_EMBEDDED_PROFILE = b"DEBM"
_ROWS_AT_ONCE = 64
_MOST_PROFILE_BYTES = 1 << 24


@dataclass(frozen=True)
class Bitmap:
    """What the header of a BMP file says.

    Attributes:
        size: Width and height in pixels.
        bits: Bits of a pixel.
        masks: Bits of red, green, blue and alpha in a pixel, 0 for none; empty where pixels are no bit fields.
        is_top_down: The first row is the top one.
        pixels_at: Offset of the pixels.
        held_file: Kind of file that the BMP file holds instead of pixels, "" for none.
        icc: Embedded color profile, b"" if there is none.
        density: Dots per inch across and down, None if none are stated.
    """

    size: tuple[int, int]
    bits: int
    masks: tuple[int, ...]
    is_top_down: bool
    pixels_at: int
    held_file: str
    icc: bytes
    density: tuple[int, int] | None


def read_bitmap(file: BinaryIO) -> Bitmap | None:
    """Returns what the header of a BMP file says, None for headers of the old form, which have no bit fields.

    Raises:
        struct.error: If the file is cut in its header.
    """
    size_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    start = file.read(_FILE_HEADER_BYTES + 124)
    (pixels_at, header_bytes) = struct.unpack_from("<II", start, 10)
    if header_bytes < 40:
        return None
    width, height, _, bits, compression = struct.unpack_from("<iiHHI", start, 18)
    masks: tuple[int, ...] = ()
    # OS/2's header of 64 bytes has another meaning of 3.
    if compression in (_FIELDS, _ALPHA_FIELDS) and bits in (16, 32) and header_bytes != 64:
        has_alpha = compression == _ALPHA_FIELDS or header_bytes >= 56
        masks = struct.unpack_from("<4I" if has_alpha else "<3I", start, _MASKS_AT)
        masks = (*masks, 0)[:4]
    icc = b""
    if header_bytes >= 124 and start[70:74] == _EMBEDDED_PROFILE:
        at, amount = struct.unpack_from("<II", start, 126)
        at += _FILE_HEADER_BYTES
        if 128 <= amount <= _MOST_PROFILE_BYTES and at + amount <= size_bytes:
            file.seek(at)
            icc = file.read(amount)
    file.seek(0)
    across, down = (round(value * 0.0254) for value in struct.unpack_from("<ii", start, 38))
    return Bitmap(
        size=(width, abs(height)),
        bits=bits,
        masks=masks,
        is_top_down=height < 0,
        pixels_at=pixels_at,
        held_file=_HELD_FILES.get(compression, ""),
        icc=icc,
        density=(across, down) if 0 < across < 65536 and 0 < down < 65536 else None,
    )


def decode_fields(file: BinaryIO, bitmap: Bitmap) -> Image.Image:
    """Returns the picture of a BMP file whose pixels are bit fields: RGB, or RGBA if any pixel is not transparent.

    Raises:
        ValueError: If a mask has gaps or bits beside the pixel, or masks overlap.
        OSError: If pixels are missing.
    """
    width, height = bitmap.size
    if width <= 0 or height <= 0:
        raise ValueError(f"a picture of {width}x{height} pixels")
    _check_masks(bitmap)
    row_bytes = -(-width * bitmap.bits // 32) * 4
    channels = 4 if bitmap.masks[3] else 3
    pixels = np.empty((height, width, channels), np.uint8)
    file.seek(bitmap.pixels_at)
    for top in range(0, height, _ROWS_AT_ONCE):
        rows = min(_ROWS_AT_ONCE, height - top)
        data = file.read(rows * row_bytes)
        # Of the last row the bytes that fill it up may be missing.
        if len(data) < (rows - 1) * row_bytes + width * bitmap.bits // 8:
            raise OSError("image file is truncated")
        data = data.ljust(rows * row_bytes, b"\0")
        values = np.frombuffer(data, f"<u{bitmap.bits // 8}").reshape(rows, -1)[:, :width]
        for channel in range(channels):
            pixels[top : top + rows, :, channel] = _levels(values, bitmap.masks[channel])
    if not bitmap.is_top_down:
        pixels = pixels[::-1]
    # Programs that know no alpha write zeros there.
    if channels == 4 and not pixels[..., 3].any():
        pixels = pixels[..., :3]
    return Image.fromarray(np.ascontiguousarray(pixels))


def _check_masks(bitmap: Bitmap) -> None:
    seen = 0
    for mask in bitmap.masks:
        ones = mask // (mask & -mask) if mask else 0
        if ones & (ones + 1) or mask & seen or mask >> bitmap.bits:
            raise ValueError("its bit fields have gaps or overlap")
        seen |= mask
    if not any(bitmap.masks[:3]):
        raise ValueError("its bit fields hold no color")


def _levels(values: npt.NDArray[np.unsignedinteger], mask: int) -> npt.NDArray[np.uint8]:
    if not mask:
        return np.zeros(values.shape, np.uint8)
    lowest = (mask & -mask).bit_length() - 1
    most = mask >> lowest
    samples = (values.astype(np.uint64) >> np.uint64(lowest)) & np.uint64(most)
    return ((samples * np.uint64(255) + np.uint64(most // 2)) // np.uint64(most)).astype(np.uint8)
