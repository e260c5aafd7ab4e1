"""The header of an encoded carrier, made to say what its coefficients mean."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.codec import Coefficients
from jpegpre_tf.jpeg.files.frame import Frame, StoredTable, frame_of, stored_tables
from jpegpre_tf.jpeg.files.markers import MarkerSegment, marker_segments
from jpegpre_tf.jpeg.files.progressive import rewrite_scans
from jpegpre_tf.jpeg.files.read_coefficients import read_coefficients
from jpegpre_tf.jpeg.tables import NATURAL_FROM_ZIGZAG

Tables = Sequence[npt.NDArray[np.integer]]

_SOS = 0xDA
_LARGEST_SIDE = 65535
_BLOCK, _MCU = 8, 16


def finish(jpeg: bytes, encoder_tables: Tables, target_tables: Tables, height: int, width: int) -> bytes:
    """Returns an encoded carrier with the tables and the size that the file shall have.

    Only entries of quantization tables and the two numbers of the frame header change: entropy-coded bytes and
    metadata stay as the encoder wrote them. What follows the picture's end is kept too. Except in progressive files of
    an odd number of blocks each way: scans of luma alone hold blocks there that the picture has not, and are written
    anew without them.

    Args:
        jpeg: The carrier, as an encoder wrote it: baseline or progressive, 4:2:0 or one component.
        encoder_tables: (luma, chroma) tables that the carrier was made for, each (8, 8), natural order, 1..255.
        target_tables: (luma, chroma) tables that the file shall have, likewise.
        height, width: True size in pixels, 1..65535; the carrier is larger by less than an MCU.

    Raises:
        ValueError: If `jpeg` is not that file: one line that says what was expected and what came.
    """
    old, new = _checked(encoder_tables, "encoder_tables"), _checked(target_tables, "target_tables")
    for name, side in (("height", height), ("width", width)):
        if not 1 <= side <= _LARGEST_SIDE:
            raise ValueError(f"`{name}` must be from 1 to {_LARGEST_SIDE}. Received: {name}={side!r}")
    segments = marker_segments(jpeg)
    frame = frame_of(segments)
    has_odd_scan = _check_size(frame, segments, height, width)
    result = bytearray(jpeg)
    for table, kinds in _tables_in_use(frame, stored_tables(segments)):
        for kind in kinds:
            if table.entry_bytes != 1:
                raise ValueError("the JPEG file must have 8-bit quantization tables. Received: 16-bit ones")
            if (table.values != old[kind]).any():
                raise ValueError(
                    f"the JPEG file must have the {_NAMES[kind]} table that its carrier was made for. "
                    f"Received: another, which begins {table.values[0, :3].tolist()}, not {old[kind][0, :3].tolist()}"
                )
            if (new[kind] != new[kinds[0]]).any():
                raise ValueError(
                    "`target_tables` must be one table twice, because luma and chroma share a table in the JPEG file"
                )
        entries = new[kinds[0]].reshape(64)[NATURAL_FROM_ZIGZAG]
        result[table.start : table.start + 64] = entries.astype(np.uint8).tobytes()
    result[frame.start + 1 : frame.start + 5] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    if has_odd_scan:
        return rewrite_scans(bytes(result), _cut(read_coefficients(jpeg), height, width))
    return bytes(result)


def _cut(whole: Coefficients, height: int, width: int) -> Coefficients:
    """Drops blocks of luma that complete MCUs only."""
    luma, *chroma = whole.planes
    luma = luma[: -(-height // _BLOCK), : -(-width // _BLOCK)]
    return replace(whole, planes=(luma, *chroma), height=height, width=width)


_NAMES = ("luma", "chroma")


def _checked(tables: Tables, name: str) -> list[npt.NDArray[np.integer]]:
    result = [np.asarray(table) for table in tables]
    for table in result:
        fits = table.shape == (8, 8) and np.issubdtype(table.dtype, np.integer)
        if not fits or table.min() < 1 or table.max() > 255:
            break
    else:
        if len(result) == 2:
            return result
    raise ValueError(f"`{name}` must be two integer tables of shape (8, 8), entries 1..255")


def _tables_in_use(frame: Frame, tables: dict[int, StoredTable]) -> list[tuple[StoredTable, list[int]]]:
    """Returns each table that components refer to, and whether for luma (0), chroma (1) or both."""
    kinds: dict[int, list[int]] = {}
    for index, component in enumerate(frame.components):
        if component.table not in tables:
            raise ValueError(f"the JPEG file has no quantization table {component.table}")
        known = kinds.setdefault(component.table, [])
        if min(index, 1) not in known:
            known.append(min(index, 1))
    return [(tables[number], kind) for number, kind in kinds.items()]


def _check_size(frame: Frame, segments: Sequence[MarkerSegment], height: int, width: int) -> bool:
    """Returns whether scans of luma alone have other blocks than they must have for that size."""
    is_gray = len(frame.components) == 1
    if not is_gray and frame.subsampling != "4:2:0":
        raise ValueError(f"the JPEG file must be 4:2:0. Received: {frame.subsampling}")
    unit = _BLOCK if is_gray else _MCU
    expected = -(-height // unit) * unit, -(-width // unit) * unit
    if (frame.height, frame.width) != expected:
        raise ValueError(
            f"the JPEG file must be {expected[1]} pixels wide and {expected[0]} high, as the carrier of "
            f"{width}x{height} is. Received: {frame.width}x{frame.height}"
        )
    scans = [segment.payload for segment in segments if segment.marker == _SOS]
    if not scans or not all(scans):
        raise ValueError(
            "the JPEG file has no scan" if not scans else "the JPEG file has a damaged scan header"
        )
    # A scan of luma alone has the blocks that hold the picture, not those that complete an MCU.
    luma_alone = any(scan[0] == 1 and scan[1:2] == bytes([frame.components[0].identifier]) for scan in scans)
    return not is_gray and luma_alone and bool(-(-height // _BLOCK) % 2 or -(-width // _BLOCK) % 2)
