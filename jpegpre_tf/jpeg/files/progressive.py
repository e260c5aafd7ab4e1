"""Progressive files of given coefficients, in the scans that libjpeg writes (T.81, annex G; libjpeg's jcphuff.c).

A scan of one component holds the blocks that show something of the picture, an interleaved one whole MCUs. So a file
whose size was changed afterwards can't be progressive, unless its scans are written for that size: which is done here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.codec import Coefficients
from jpegpre_tf.jpeg.entropy.bits import pack_bits, stuffed
from jpegpre_tf.jpeg.entropy.huffman import HuffmanTable, optimal_table
from jpegpre_tf.jpeg.entropy.progressive_ac import Items, ac_items
from jpegpre_tf.jpeg.entropy.scan import extra_value, magnitude_category, scan_blocks
from jpegpre_tf.jpeg.files.frame import PROGRESSIVE, frame_of
from jpegpre_tf.jpeg.files.markers import marker_segments
from jpegpre_tf.jpeg.files.read_coefficients import read_coefficients
from jpegpre_tf.jpeg.files.segments import segment
from jpegpre_tf.jpeg.tables import NATURAL_FROM_ZIGZAG
from jpegpre_tf.jpeg.transform.resample import subsampling_factors

Int16 = npt.NDArray[np.int16]

_DHT, _SOS, _DRI = 0xC4, 0xDA, 0xDD
# Items that are packed at a time: bounds the memory of int64 intermediates.
_ITEMS_AT_ONCE = 1 << 18


@dataclass(frozen=True)
class _Scan:
    """Components, first and last coefficient in zig-zag order, and bits: of the scan before (0: none), of this one."""

    components: tuple[int, ...]
    first: int
    last: int
    high: int
    low: int


# `jpeg_simple_progression` of libjpeg.
_COLOR_SCANS = (
    _Scan((0, 1, 2), 0, 0, 0, 1),
    _Scan((0,), 1, 5, 0, 2),
    _Scan((2,), 1, 63, 0, 1),
    _Scan((1,), 1, 63, 0, 1),
    _Scan((0,), 6, 63, 0, 2),
    _Scan((0,), 1, 63, 2, 1),
    _Scan((0, 1, 2), 0, 0, 1, 0),
    _Scan((2,), 1, 63, 1, 0),
    _Scan((1,), 1, 63, 1, 0),
    _Scan((0,), 1, 63, 1, 0),
)
_GRAY_SCANS = (
    _Scan((0,), 0, 0, 0, 1),
    _Scan((0,), 1, 5, 0, 2),
    _Scan((0,), 6, 63, 0, 2),
    _Scan((0,), 1, 63, 2, 1),
    _Scan((0,), 0, 0, 1, 0),
    _Scan((0,), 1, 63, 1, 0),
)


def to_progressive(content: bytes) -> bytes:
    """Returns a JPEG file as a progressive one: the same coefficients, tables and metadata.

    For a file of libjpeg the result is, to the byte, what libjpeg writes as progressive.

    Args:
        content: Baseline or progressive, gray or 4:2:0, 4:2:2 or 4:4:4. What follows the picture's end is kept.

    Raises:
        ValueError: If the file is another one, or damaged.
    """
    return rewrite_scans(content, read_coefficients(content))


def rewrite_scans(content: bytes, coefficients: Coefficients) -> bytes:
    """Returns a JPEG file with progressive scans of given coefficients in place of its own.

    Args:
        content: The file; its size, components and tables are kept, whatever the coefficients'.
        coefficients: What the file shall hold.

    Raises:
        ValueError: If the file is damaged.
    """
    segments = marker_segments(content)
    frame = frame_of(segments)
    identifiers = [component.identifier for component in frame.components]
    parts, end = [content[:2]], 2
    for item in segments:
        end = item.end
        if item.marker == frame.marker:
            parts.append(segment(PROGRESSIVE, item.payload))
        elif item.marker not in (_DHT, _SOS, _DRI):
            parts.append(segment(item.marker, item.payload))
    return b"".join((*parts, *_scans(coefficients, identifiers), content[end:]))


def _scans(coefficients: Coefficients, identifiers: Sequence[int]) -> Iterator[bytes]:
    """Segments and entropy-coded data of all scans."""
    planes = [plane.reshape(-1, 64)[:, NATURAL_FROM_ZIGZAG] for plane in coefficients.planes]
    for scan in _GRAY_SCANS if len(planes) == 1 else _COLOR_SCANS:
        if scan.first == 0:
            items, owners = _dc_items(coefficients, scan)
        else:
            owner = scan.components[0]
            items = ac_items(planes[owner], (scan.first, scan.last), scan.high, scan.low)
            owners = np.full(1, min(owner, 1), np.int8)
        has_codes = scan.first > 0 or scan.high == 0
        tables = _fit_tables(items, owners) if has_codes else {}
        for number, table in tables.items():
            yield segment(_DHT, bytes([(scan.first > 0) << 4 | number, *table.bits, *table.values]))
        header = [len(scan.components)]
        for component in scan.components:
            number = min(component, 1) if has_codes else 0
            header += [identifiers[component], number if scan.first > 0 else number << 4]
        header += [scan.first, scan.last, scan.high << 4 | scan.low]
        yield segment(_SOS, bytes(header))
        yield from _entropy_coded(items, owners, tables)


def _dc_items(coefficients: Coefficients, scan: _Scan) -> tuple[Items, npt.NDArray[np.int8]]:
    """Items of an interleaved scan, and the number of the table, 0 or 1, of each."""
    is_gray = len(coefficients.planes) == 1
    factors = (1, 1) if is_gray else subsampling_factors(coefficients.subsampling)
    mcus = -(-coefficients.height // (8 * factors[1])), -(-coefficients.width // (8 * factors[0]))
    blocks, owners = scan_blocks(list(coefficients.planes), factors, mcus)
    values = blocks[:, 0].astype(np.int64) >> scan.low
    numbers = np.minimum(owners, 1).astype(np.int8)
    if scan.high:
        return Items(np.full(len(values), -1, np.int16), values & 1, np.ones(len(values), np.int8)), numbers
    for component in range(len(coefficients.planes)):
        mine = owners == component
        values[mine] = np.diff(values[mine], prepend=0)
    sizes = magnitude_category(values)
    return Items(sizes.astype(np.int16), extra_value(values, sizes), sizes.astype(np.int8)), numbers


def _fit_tables(items: Items, owners: npt.NDArray[np.int8]) -> dict[int, HuffmanTable]:
    has_code = items.symbol >= 0
    numbers = np.broadcast_to(owners, items.symbol.shape)[has_code]
    symbols = items.symbol[has_code]
    return {
        int(number): optimal_table(np.bincount(symbols[numbers == number], minlength=256))
        for number in np.unique(numbers)
    }


def _entropy_coded(
    items: Items, owners: npt.NDArray[np.int8], tables: dict[int, HuffmanTable]
) -> Iterator[bytes]:
    """Yields the scan's bytes, stuffed, padded with ones at the end."""
    # One row a table, and a last column for items without a code.
    codes, lengths = np.zeros((2, 257), np.int64), np.zeros((2, 257), np.int64)
    for number, table in tables.items():
        codes[number, :256], lengths[number, :256] = table.codes(), table.lengths()
    numbers = np.broadcast_to(owners, items.symbol.shape)
    held, held_bits = 0, 0
    for start in range(0, len(items.symbol), _ITEMS_AT_ONCE):
        part = slice(start, start + _ITEMS_AT_ONCE)
        which = numbers[part], items.symbol[part]
        bits = items.bits[part].astype(np.int64)
        stream, held, held_bits = pack_bits(
            codes[which] << bits | items.extra[part], lengths[which] + bits, held, held_bits
        )
        yield stuffed(stream)
    if held_bits:
        yield stuffed(bytes([held << (8 - held_bits) | 0xFF >> held_bits]))
