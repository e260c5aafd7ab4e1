"""DC scans of progressive JPEG files, read and written (T.81, G.1.2.1).

They alone may interleave components: read here, and written anew for one, they let each be decoded on its own.
"""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jpegpre_tf.jpeg.entropy.bits import pack_bits, stuffed, windows
from jpegpre_tf.jpeg.entropy.huffman import HuffmanTable
from jpegpre_tf.jpeg.entropy.scan import extra_value, magnitude_category

Int = npt.NDArray[np.int64]

_RESTART = re.compile(rb"\xff([\xd0-\xd7])")
# Bytes whose bits are looked up at a time: bounds tables of some 100 bytes per byte.
_BYTES_AT_ONCE = 1 << 16
_LARGEST_CATEGORY = 15
_MOST_BITS = np.uint8(16 + _LARGEST_CATEGORY)
# An MCU has at most 10 blocks; looking up takes 2 bytes more.
_MOST_MCU_BYTES = 42
# All that `write_first` needs, in codes of one length; the last code, of ones alone, must not be used.
TABLE = HuffmanTable((0, 0, 0, 0, 16) + 11 * (0,), tuple(range(16)))


def restart_parts(data: bytes, mcus: int, interval: int) -> tuple[list[bytes], Int]:
    """Splits entropy-coded data at its restart markers.

    Args:
        data: What follows the scan's header, up to the next marker.
        mcus: How many the scan has.
        interval: MCUs between restarts, 0 for none.

    Returns:
        The parts without stuffed bytes, and `(parts,)` how many MCUs each has.

    Raises:
        ValueError: If there are other markers than there must be.
    """
    counts = np.full(-(-mcus // interval) if interval else 1, interval or mcus, np.int64)
    counts[-1] = mcus - counts[:-1].sum()
    pieces = _RESTART.split(data)
    numbers = b"".join(pieces[1::2])
    if numbers != bytes(0xD0 + number % 8 for number in range(len(counts) - 1)):
        raise ValueError("restart markers are missing or out of order")
    if data.count(b"\xff") != data.count(b"\xff\0") + len(numbers):
        raise ValueError("a byte is not stuffed")
    return [piece.replace(b"\xff\0", b"\xff") for piece in pieces[::2]], counts


def read_first(
    parts: list[bytes], counts: Int, tables: Sequence[HuffmanTable], sizes: Sequence[int]
) -> list[Int]:
    """Decodes a first DC scan.

    Args:
        parts, counts: Results of `restart_parts`.
        tables: Huffman table of each component of the scan.
        sizes: Blocks that an MCU has of each.

    Returns:
        For each component `(MCUs, blocks of an MCU)` DC values, without the low bits that are to come.

    Raises:
        ValueError: If the data has other codes, or more or fewer, than it must have.
    """
    distinct = list(dict.fromkeys(tables))
    order = [distinct.index(table) for table, size in zip(tables, sizes, strict=True) for _ in range(size)]
    result = []
    for differences in _by_component(_read_differences(parts, counts, distinct, order), sizes):
        size = differences.shape[1]
        sums = np.cumsum(np.append(0, differences))
        # A restart begins from zero.
        starts = size * (np.cumsum(counts) - counts)
        result.append((sums[1:] - np.repeat(sums[starts], size * counts)).reshape(-1, size))
    return result


def _by_component(mcus: Int, sizes: Sequence[int]) -> list[Int]:
    return np.split(mcus, np.cumsum(sizes)[:-1], axis=1)


def _read_differences(parts: list[bytes], counts: Int, distinct: list[HuffmanTable], order: list[int]) -> Int:
    """Returns `(MCUs, blocks of an MCU)` what the data says; `order` tells the table of each block."""
    known = [_lookup(table) for table in distinct]
    stream = b"".join(parts) + bytes(_MOST_MCU_BYTES)
    ends = 8 * np.cumsum([len(part) for part in parts])
    found = []
    position = part = 0
    left = int(counts[0])
    while part < len(parts):
        first = position // 8
        bits = windows(stream[first : first + _BYTES_AT_ONCE + _MOST_MCU_BYTES])
        # Code and extra bits of a symbol that starts at each bit; where none does, as many as one may have.
        lengths = [np.where(code, code + category, _MOST_BITS)[bits].tobytes() for code, category in known]
        chain = [lengths[number] for number in order]
        limit = min(8 * _BYTES_AT_ONCE, 8 * (len(stream) - first - _MOST_MCU_BYTES))
        at = position - 8 * first
        starts: list[int] = []
        while True:
            if left == 0:
                if not 0 <= ends[part] - 8 * first - at < 8:
                    raise ValueError("a part of the scan is longer or shorter than its MCUs")
                part += 1
                if part == len(parts):
                    break
                at, left = int(ends[part - 1]) - 8 * first, int(counts[part])
            if at >= limit:
                break
            for length in chain:
                starts.append(at)
                at += length[at]
            left -= 1
        position = 8 * first + at
        if part < len(parts) and position >= ends[part]:
            raise ValueError("a part of the scan is shorter than its MCUs")
        found.append(_differences(np.array(starts, np.int64).reshape(-1, len(order)), bits, known, order))
    return np.concatenate(found)


def _differences(
    starts: Int,
    bits: npt.NDArray[np.uint16],
    known: Sequence[tuple[npt.NDArray[np.uint8], ...]],
    order: list[int],
) -> Int:
    """Returns the values of symbols that start at these bits."""
    result = np.empty(starts.shape, np.int64)
    for column, number in enumerate(order):
        code, category = (table[bits[starts[:, column]]].astype(np.int64) for table in known[number])
        if not code.all():
            raise ValueError("the scan has a code that its table has not")
        extra = bits[starts[:, column] + code].astype(np.int64) >> (16 - category)
        is_negative = extra < (1 << category) >> 1
        result[:, column] = extra - np.where(is_negative, (1 << category) - 1, 0)
    return result


def _lookup(table: HuffmanTable) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Returns code length and category by the next 16 bits, both 0 where no code is."""
    if sum(table.bits) != len(table.values) or max(table.values, default=0) > _LARGEST_CATEGORY:
        raise ValueError("the Huffman table is not one of DC")
    code, category = np.zeros(1 << 16, np.uint8), np.zeros(1 << 16, np.uint8)
    start = 0
    lengths = np.repeat(np.arange(1, 17), table.bits)
    for length, value in zip(lengths.tolist(), table.values, strict=True):
        end = start + (1 << (16 - length))
        # The code of ones alone is not allowed, so that padding is no code.
        if end >= 1 << 16:
            raise ValueError("the Huffman table has too many codes")
        code[start:end], category[start:end] = length, value
        start = end
    return code, category


def read_refinement(parts: list[bytes], counts: Int, sizes: Sequence[int]) -> list[Int]:
    """Decodes a DC refinement scan: for each component `(MCUs, blocks of an MCU)` bits.

    Args:
        parts, counts, sizes: As for `read_first`.

    Raises:
        ValueError: If there are more or fewer bits.
    """
    blocks = sum(sizes)
    bits = []
    for part, count in zip(parts, counts.tolist(), strict=True):
        if len(part) != -(-count * blocks // 8):
            raise ValueError("a part of the scan is longer or shorter than its MCUs")
        bits.append(np.unpackbits(np.frombuffer(part, np.uint8), count=count * blocks))
    return _by_component(np.concatenate(bits).reshape(-1, blocks).astype(np.int64), sizes)


def write_first(values: Int) -> bytes:
    """Returns the entropy-coded data of a first DC scan of one component, without restarts, coded by `TABLE`.

    Args:
        values: `(blocks,)` in raster order.

    Raises:
        ValueError: If a difference has no code.
    """
    differences = np.diff(values, prepend=0)
    categories = magnitude_category(differences)
    if categories.max() > _LARGEST_CATEGORY:
        raise ValueError("the blocks differ by more than can be coded")
    codes, lengths = TABLE.codes()[categories], TABLE.lengths()[categories]
    stream, held, held_bits = pack_bits(
        codes << categories | extra_value(differences, categories), lengths + categories, 0, 0
    )
    rest = bytes([held << (8 - held_bits) | 0xFF >> held_bits]) if held_bits else b""
    return stuffed(stream + rest)


def write_refinement(bits: Int) -> bytes:
    """Returns the entropy-coded data of a DC refinement scan of one component, without restarts."""
    return stuffed(np.packbits(bits).tobytes())
